"""Linear transformers in NumPy, simulated from their definition without any formula."""
