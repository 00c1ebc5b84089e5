"""Sweeps: the exact, asymptotic and simulated risk on a grid of settings, as one dataset."""
