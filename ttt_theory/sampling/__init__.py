"""Runs of independent draws: seeded, cut in chunks, and merged."""
