"""Benchmarks: ``make bench`` writes what they measure to ``build/bench``."""
