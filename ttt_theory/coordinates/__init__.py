"""Coordinates in which several matrices are block diagonal together."""
