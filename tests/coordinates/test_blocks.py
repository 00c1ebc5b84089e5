"""Every kind of block against its entries, written out with Python's numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.structures import SEEDS
from ttt_theory.coordinates.block_matrix import BlockMatrix, joined
from ttt_theory.coordinates.blocks import (
    DenseBlock,
    DiagonalBlock,
    IsotropicBlock,
    LowRankBlock,
    sum_of_others,
)
from ttt_theory.coordinates.reduction import ROUND_OFF

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def diagonal(rng, dim):
    values = rng.standard_normal(dim)
    return DiagonalBlock(values), np.diag(values)


def isotropic(rng, dim):
    value = float(rng.standard_normal())
    return IsotropicBlock(value, dim), np.diag([value] * dim)


def dense(rng, dim):
    entries = rng.standard_normal((dim, dim))
    return DenseBlock(entries.copy()), entries


def low_rank(rng, dim):
    values, rank = rng.standard_normal(dim), rng.integers(0, 4)
    left, right = rng.standard_normal((2, dim, rank))
    entries = np.diag(values)
    for one, other in zip(left.T, right.T, strict=True):
        entries = entries + np.array([[a * b for b in other] for a in one])
    return LowRankBlock(values, left, right), entries


KINDS = {"diagonal": diagonal, "isotropic": isotropic, "dense": dense, "low rank": low_rank}


def side_by_side(parts):
    size = sum(len(part) for part in parts)
    entries, start = np.zeros((size, size)), 0
    for part in parts:
        entries[start : start + len(part), start : start + len(part)] = part
        start += len(part)
    return entries


def assert_behaves(matrix, entries, other, other_entries, rng, held=None):
    """Compare all operations; `held` says which coordinates vectors have entries for."""
    held = np.ones(len(entries), dtype=bool) if held is None else held
    inside = entries[np.ix_(held, held)]
    assert len(matrix) == len(inside)
    np.testing.assert_allclose(matrix.toarray(), entries, **CLOSE)
    np.testing.assert_allclose((matrix @ other).toarray(), entries @ other_entries, **CLOSE)
    np.testing.assert_allclose((matrix - other).toarray(), entries - other_entries, **CLOSE)
    np.testing.assert_allclose((matrix * -3.0).toarray(), -3.0 * entries, **CLOSE)
    np.testing.assert_allclose(matrix.T.toarray(), entries.transpose(), **CLOSE)
    trace = sum(a * b for a, b in zip(entries.flat, other_entries.flat, strict=True))
    assert matrix.inner(other) == pytest.approx(trace, rel=1e-11, abs=1e-11)
    times = matrix.__matmul__ if isinstance(matrix, BlockMatrix) else matrix.times
    for shape in ((), (1,), (3,)):
        columns = rng.standard_normal((len(inside), *shape))
        np.testing.assert_allclose(times(columns), inside @ columns, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
@given(dim=st.integers(1, 5), seed=SEEDS)
def test_a_block_is_its_entries(kind, dim, seed):
    rng = np.random.default_rng(seed)
    (block, entries), (other, other_entries) = (KINDS[kind](rng, dim) for _ in range(2))
    held = np.full(dim, kind != "isotropic")
    assert_behaves(block, entries, other, other_entries, rng, held)
    diagonal = np.broadcast_to(block.diagonal(), dim)
    np.testing.assert_allclose(diagonal, [entries[i, i] for i in range(dim)], **CLOSE)
    # The norm across a direction of which this block holds a part.
    direction = rng.standard_normal(dim + 2)
    direction[:dim] *= held
    direction /= np.sqrt(np.sum(direction**2))
    projector = np.eye(dim + 2) - np.outer(direction, direction)
    expected = np.sum((projector[:, :dim] @ entries) ** 2)
    across = block.across_square(direction[:dim][held], float(np.sum(direction[dim:] ** 2)))
    if kind == "isotropic":
        across = block.across_square(direction[:0], 1.0)
    assert across == pytest.approx(expected, rel=1e-11)


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4), SEEDS)
def test_blocks_side_by_side_are_their_entries(kinds, seed):
    rng = np.random.default_rng(seed)
    dims = [int(dim) for dim in rng.integers(1, 4, len(kinds))]
    drawn = [[KINDS[kind](rng, dim) for kind, dim in zip(kinds, dims, strict=True)] for _ in "ab"]
    (matrix, entries), (other, other_entries) = (
        (BlockMatrix([block for block, _ in pairs]), side_by_side([each for _, each in pairs]))
        for pairs in drawn
    )
    held = np.repeat([kind != "isotropic" for kind in kinds], dims)
    assert_behaves(matrix, entries, other, other_entries, rng, held)
    np.testing.assert_allclose((2.5 * matrix).toarray(), 2.5 * entries, **CLOSE)
    expected = [
        entries[i, i]
        for i in range(len(entries))
        # An isotropic block has one value for all of its coordinates.
        if held[i] or i == 0 or i in np.cumsum(dims)
    ]
    np.testing.assert_allclose(matrix.diagonal(), expected, **CLOSE)
    vector = rng.standard_normal(int(held.sum()))
    assert [len(part) for part in matrix.split(vector)] == [len(block) for block in matrix.blocks]
    assert np.array_equal(joined(matrix.split(vector)), vector)
    whole = rng.standard_normal(len(entries))
    np.testing.assert_allclose(matrix.expanded() @ whole, entries @ whole, **CLOSE)
    if held.any():
        direction = np.zeros(len(entries))
        direction[held] = vector / np.sqrt(np.sum(vector**2))
        across = (np.eye(len(entries)) - np.outer(direction, direction)) @ entries
        assert matrix.across_square(1e3 * vector) == pytest.approx(np.sum(across**2), rel=1e-11)


def test_what_is_across_a_direction_does_not_cancel():
    # The part along q̂ is 1e16 times the other in each case, and the direction nearly an axis.
    tiny = 1e-8
    direction = np.array([1.0, tiny]) / np.sqrt(1.0 + tiny**2)
    block = DiagonalBlock(np.array([3.0, 0.0]))
    assert block.across_square(direction, 0.0) == pytest.approx(9.0 * tiny**2, rel=1e-12, abs=0.0)
    along = LowRankBlock(np.zeros(2), 1e8 * np.array([[1.0], [0.0]]), np.array([[2.0], [5.0]]))
    axis = np.array([1.0, 0.0])
    assert along.across_square(axis, 0.0) == 0.0
    assert along.across_square(0.6 * axis, 0.64) == pytest.approx(0.64 * 29e16, rel=1e-12)


@given(st.integers(1, 4), st.integers(0, 2), SEEDS)
def test_a_form_shows_unless_it_is_round_off(dim, rank, seed):
    # Whole numbers, so that Python knows whether the form is zero.
    rng = np.random.default_rng(seed)
    root = rng.integers(-3, 4, (dim, rank)) * 10 ** int(rng.integers(0, 3))
    vector = rng.integers(-3, 4, dim)
    values = rng.integers(0, 2, dim) * rng.integers(0, 2)
    form = sum(int(v) * int(x) ** 2 for v, x in zip(values, vector, strict=True)) + sum(
        sum(int(r) * int(x) for r, x in zip(column, vector, strict=True)) ** 2 for column in root.T
    )
    expected = form > 0 or not vector.any()
    floats, columns = values.astype(float), root.astype(float)
    scaled = vector * 2.0 ** rng.integers(-400, 400)
    assert DenseBlock(np.diag(floats) + columns @ columns.T).shows(scaled, ROUND_OFF) is expected
    assert LowRankBlock(floats, columns, columns).shows(scaled, ROUND_OFF) is expected
    # The same matrix with its two sides unlike, as where strengths are negative.
    assert LowRankBlock(floats, 2.0 * columns, 0.5 * columns).shows(scaled, ROUND_OFF) is expected
    assert DiagonalBlock(floats).shows(scaled, ROUND_OFF)
    assert IsotropicBlock(1.0, dim).shows(scaled[:0], ROUND_OFF)


@pytest.mark.parametrize("gap", [2.0**-10, 2.0**-16, 2.0**-22])
def test_a_form_that_is_small_shows(gap):
    # vᵀβ = gap, of terms of size one: a form of gap², above the rounding of its terms.
    right, vector = np.array([[1.0], [1.0]]), np.array([1.0, gap - 1.0])
    none = np.zeros(2)
    assert DenseBlock(right @ right.T).shows(vector, ROUND_OFF)
    assert LowRankBlock(none, 2.0 * right, 0.5 * right).shows(vector, ROUND_OFF)
    # Next to it terms that are larger and do not show.
    large = np.hstack([right, 2.0**10 * np.array([[gap - 1.0], [-1.0]])])
    assert LowRankBlock(none, large, large).shows(vector, ROUND_OFF)


@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-35, 2.0**-48])
def test_a_square_shows_as_soon_as_its_root_does(gap):
    right, vector = np.array([[1.0], [1.0]]), np.array([1.0, gap - 1.0])
    assert LowRankBlock(np.zeros(2), right, right).shows(vector, ROUND_OFF)


@pytest.mark.parametrize("dim", [2, 5, 30])
def test_round_off_does_not_show(dim):
    rng = np.random.default_rng(dim)
    for _ in range(20):
        right = rng.standard_normal((dim, 1))
        vector = rng.standard_normal(dim)
        for _ in range(2):
            vector = vector - right[:, 0] * (right[:, 0] @ vector) / (right[:, 0] @ right[:, 0])
        none = np.zeros(dim)
        assert not DenseBlock(right @ right.T).shows(vector, ROUND_OFF)
        assert not LowRankBlock(none, right, right).shows(vector, ROUND_OFF)
        assert not LowRankBlock(none, -2.0 * right, -0.5 * right).shows(vector, ROUND_OFF)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_sums_of_others_of_whole_numbers(values):
    expected = [sum(values) - value for value in values]
    assert sum_of_others(np.array(values, dtype=float)).tolist() == expected
