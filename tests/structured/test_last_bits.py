"""Matrices that are moved by their last bits."""

import numpy as np

from ttt_theory.structured.last_bits import MOVE, moved_entries


def test_moved_entries_stay_symmetric_and_all_of_them_move():
    rng = np.random.default_rng(4)
    entries = rng.standard_normal((5, 5))
    entries += entries.T
    moved = moved_entries(entries)
    assert np.array_equal(moved, moved.T)
    change = np.abs(moved / entries - 1.0)
    assert 0.0 < change.min() <= change.max() <= 1.001 * MOVE
