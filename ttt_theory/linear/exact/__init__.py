"""Exact risks of the linear theory, computed from the compiled formulas."""
