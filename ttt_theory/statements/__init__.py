"""Proves or refutes statements that the user makes about the isotropic one-step risk."""
