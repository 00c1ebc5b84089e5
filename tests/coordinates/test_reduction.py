"""The reduction against the entries of what it was given: QBQᵀ is the matrix, Qᵀβ the task.

What counts as round-off there is told apart from what is small: risks of tasks and eigenvalues that
are nearly, and not quite, zero.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.structures import DIMS, FAMILIES, SEEDS, Given, HartleyFrame
from ttt_theory import Isotropic, Setting, ZeroWeights, one_step_risk
from ttt_theory.coordinates import reduction
from ttt_theory.coordinates.blocks import DenseBlock, IsotropicBlock
from ttt_theory.coordinates.reduction import reduced
from ttt_theory.covariance import Dense, Equicorrelated, Spiked
from ttt_theory.linear.exact import fresh_context
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.structured import (
    Autoregressive,
    BlockDiagonal,
    HouseholderFrame,
    Kronecker,
    LowRankUpdate,
    Spectral,
    as_structured,
)


def assert_is_reduction(found, entries, task):
    """Compare with matrices' entries and a task, in the coordinates of the frame."""
    dim = len(task)
    rotation = found.frame.backward(np.eye(dim)).T
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(dim), atol=1e-13)
    for matrix, expected in zip(found.matrices, entries, strict=True):
        np.testing.assert_allclose(
            matrix.toarray(), rotation.T @ expected @ rotation, atol=3e-14 * np.abs(expected).sum()
        )
    held = [np.full(len(b.toarray()), not isinstance(b, IsotropicBlock)) for b in matrix.blocks]
    image, held = rotation.T @ task, np.concatenate(held)
    size = np.linalg.norm(task)
    np.testing.assert_allclose(found.task, image[held], atol=1e-13 * size)
    np.testing.assert_allclose(image[~held], 0.0, atol=1e-13 * size)


@pytest.mark.parametrize("family", FAMILIES)
@hypothesis_settings(max_examples=25)
@given(dim=DIMS, seed=SEEDS)
def test_a_reduction_is_what_it_was_made_of(family, dim, seed):
    rng = np.random.default_rng(seed)
    pairs = FAMILIES[family](rng, dim)
    if rng.random() < 0.4:
        pairs[2] = pairs[0]
    task = rng.standard_normal(dim) * (rng.random(dim) < 0.8) * 10.0 ** rng.integers(-100, 100)
    structured = {id(pair): as_structured(pair[0]) for pair in pairs}
    matrices = [structured[id(pair)] for pair in pairs]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "LARGEST_SPAN", rng.choice([0, 2, 1000]))
        found = reduced(matrices, task)
    assert_is_reduction(found, [entries for _, entries in pairs], task)
    for first in range(3):
        for second in range(3):
            same = found.matrices[first] is found.matrices[second]
            assert same == (matrices[first] is matrices[second])


@hypothesis_settings(max_examples=20)
@given(dim=DIMS, seed=SEEDS)
def test_dense_on_demand(dim, seed):
    rng = np.random.default_rng(seed)
    pairs = FAMILIES["anything"](rng, dim)
    task = rng.standard_normal(dim)
    found = reduced([as_structured(matrix) for matrix, _ in pairs], task, as_dense=True)
    assert np.array_equal(found.task, task)
    for matrix, (_, entries) in zip(found.matrices, pairs, strict=True):
        [block] = matrix.blocks
        assert isinstance(block, DenseBlock)
        np.testing.assert_allclose(block.entries, entries, rtol=1e-12, atol=1e-12)


TWO, OTHER_TWO = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -0.5], [-0.5, 4.0]])


def test_kronecker_products_that_share_a_diagonal_first_factor():
    # The second factors do not commute: what is left is a block for each entry of the diagonal.
    first, second, third = (
        np.diag([5.0, 1.0, 2.0]),
        np.diag([0.5, 3.0, 0.0]),
        np.diag([1.0, 7.0, 4.0, 2.0, 6.0, 3.0]),
    )
    matrices = [
        Kronecker([first, TWO]),
        Kronecker([second, OTHER_TWO]),
        as_structured(Kronecker([third, np.eye(1)])),
    ]
    task = np.array([1.0, -2.0, 3.0, 5.0, -7.0, 11.0])
    found = reduced(matrices, task)
    assert [len(block) for block in found.matrices[0].blocks] == [2, 2, 2]
    entries = [np.kron(first, TWO), np.kron(second, OTHER_TWO), third]
    for matrix, expected in zip(found.matrices, entries, strict=True):
        np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-15)
    assert np.array_equal(found.task, task)


def test_blocks_of_several_cuts():
    # Cut at 2 and 4 by one, at 2, 4 and 5 by another: their pieces between the cuts are joined.
    three = np.diag([1.0, 2.0, 3.0]) + 1.0
    matrices = [
        BlockDiagonal([TWO, OTHER_TWO, three]),
        BlockDiagonal([OTHER_TWO, TWO, np.diag([2.0]), TWO]),
        Kronecker([np.eye(7) * 2.0, np.eye(1)]),
    ]
    entries = [np.zeros((7, 7)), np.zeros((7, 7)), 2.0 * np.eye(7)]
    for place, (one, other) in ((0, (TWO, OTHER_TWO)), (2, (OTHER_TWO, TWO))):
        entries[0][place : place + 2, place : place + 2] = one
        entries[1][place : place + 2, place : place + 2] = other
    entries[0][4:, 4:] = three
    entries[1][4, 4] = 2.0
    entries[1][5:, 5:] = TWO
    found = reduced(matrices, np.arange(1.0, 8.0))
    assert [len(block) for block in found.matrices[0].blocks] == [2, 2, 3]
    for matrix, expected in zip(found.matrices, entries, strict=True):
        np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-15)


def test_products_of_unlike_factors_have_no_common_frame():
    three = np.diag([1.0, 2.0, 3.0]) + 1.0
    matrices = Kronecker([TWO, three]), Kronecker([three, TWO])
    found = reduced(matrices, np.arange(1.0, 7.0))
    for matrix, expected in zip(
        found.matrices, (np.kron(TWO, three), np.kron(three, TWO)), strict=True
    ):
        [block] = matrix.blocks
        np.testing.assert_allclose(block.entries, expected, rtol=1e-15)


@pytest.mark.parametrize("direction", [[-1.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, -3.0, 1.0]])
@pytest.mark.parametrize("strength", [-0.05, 0.0, 2.0])
def test_directions_along_axes_count(direction, strength):
    update = LowRankUpdate(np.ones(3), np.array(direction)[:, np.newaxis], [strength])
    entries = np.eye(3) + strength * np.outer(direction, direction)
    task = np.array([1.0, 2.0, 5.0])
    assert_is_reduction(reduced([update, update], task), [entries] * 2, task)


@given(SEEDS)
def test_a_symmetric_matrix_stays_so_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    directions, strengths = rng.standard_normal((2, 9, 3)), rng.uniform(0.1, 3.0, (2, 3))
    updates = [LowRankUpdate(np.ones(9), *each) for each in zip(directions, strengths, strict=True)]
    for matrix in reduced(updates, rng.standard_normal(9)).matrices:
        entries = matrix.blocks[0].entries
        assert entries.shape == (7, 7)
        assert np.array_equal(entries, entries.T)


def in_float64(setting):
    """The risk as float64 gives it, also where it is lost and longer numbers would be used."""
    problem = Problem.of(setting)
    return fresh_context.in_float64(problem, starting_weights(problem))


@pytest.mark.parametrize("share", [1e-12, 1e-10, 1e-7, 1e-3])
@pytest.mark.parametrize("span", [0, 1000])
def test_a_task_of_which_little_shows(share, span, monkeypatch):
    # Without weights and noise the risk is βᵀΣ_xβ: that of the share, however small.
    monkeypatch.setattr(reduction, "LARGEST_SPAN", span)
    direction = np.array([2.0, 1.0, -2.0])  # of length 3
    hidden = np.array([4.0, -4.0, 2.0])  # orthogonal to it
    features = {
        "spectral": Spectral(HouseholderFrame(direction), [5.0, 0.0, 0.0]),
        "low rank": LowRankUpdate(np.zeros(3), direction[:, np.newaxis] / 3.0, [5.0]),
    }
    task = hidden + share * direction / 3.0
    for name, matrix in features.items():
        found = in_float64(
            Setting(4, 3, Given(matrix), Isotropic(3), task, initialization=ZeroWeights())
        )
        # Its rounding is that of the hidden part, of length 6.
        expected, error = 5.0 * share**2, 1e-14 / share
        assert found.constant == pytest.approx(expected, rel=error, abs=0.0), name


@pytest.mark.parametrize("gap", [1e-12, 1e-10, 1e-8, 1e-5, 1e-2])
@pytest.mark.parametrize("span", [0, 1000])
def test_an_eigenvalue_that_is_small(gap, span, monkeypatch):
    # The task is its eigenvector, so that the risk without weights is gap·‖β‖².
    monkeypatch.setattr(reduction, "LARGEST_SPAN", span)
    dim, direction = 4, np.array([1.0, 2.0, -2.0, 4.0])
    pair = np.array([[1.0, gap - 1.0], [gap - 1.0, 1.0]])
    low_rank = {
        "equicorrelated": (Equicorrelated(dim, -(1.0 - gap) / (dim - 1)), np.ones(dim)),
        "spiked": (Spiked(dim, [gap - 1.0], [direction]), direction),
    }
    others = {
        "factor": (Given(Kronecker([pair, np.eye(2)])), np.array([1.0, 2.0, 1.0, 2.0])),
        "dense": (Dense(pair), np.ones(2)),
    }
    for name, (features, task) in (low_rank | others).items():
        setting = Setting(4, 3, features, Isotropic(len(task)), task, initialization=ZeroWeights())
        expected = gap * float(task @ task)
        assert in_float64(setting).constant == pytest.approx(expected, rel=2e-15 / gap, abs=0.0), (
            name
        )


@pytest.mark.parametrize("difference", [1e-14, 1e-12, 1e-9, 1e-6])
def test_factors_that_are_nearly_proportional_are_not_taken_for_it(difference):
    # As multiples of one matrix they would be reduced to diagonals, and the difference be lost.
    nearly = TWO + difference * np.array([[1.0, 0.0], [0.0, 0.0]])
    matrices = [Kronecker([TWO, OTHER_TWO]), Kronecker([nearly, OTHER_TWO])]
    found = reduced(matrices, np.arange(1.0, 5.0))
    assert [type(block) for block in found.matrices[0].blocks] == [DenseBlock]


@given(st.floats(1e-100, 1e100))
def test_multiples_of_a_factor_are_diagonal_together(scale):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3))
    factor = root @ root.T
    scaled = Kronecker([scale * factor, OTHER_TWO]), Kronecker([factor, OTHER_TWO / 3.0])
    found = reduced(scaled, np.ones(6))
    for matrix, given_matrix in zip(found.matrices, scaled, strict=True):
        [block] = matrix.blocks
        expected = np.linalg.eigvalsh(given_matrix.toarray())
        np.testing.assert_allclose(np.sort(block.values), expected, rtol=1e-11)


def test_one_step_risks_of_factors_in_another_order():
    # The same matrices with the factors, and so the coordinates, exchanged.
    first, second = np.diag([5.0, 1.0, 2.0]), np.diag([0.5, 3.0, 0.25])
    task = np.array([[1.0, -2.0], [3.0, 5.0], [-7.0, 11.0]])
    setting = Setting(
        7,
        4,
        Given(Kronecker([first, TWO])),
        Given(Kronecker([second, OTHER_TWO])),
        task.ravel(),
        0.3,
    )
    swapped = Setting(
        7, 4, Dense(np.kron(TWO, first)), Dense(np.kron(OTHER_TWO, second)), task.T.ravel(), 0.3
    )
    risk, expected = one_step_risk(setting), one_step_risk(swapped)
    for name in ("constant", "linear", "quadratic", "improvement"):
        assert getattr(risk, name) == pytest.approx(getattr(expected, name), rel=1e-11), name


def test_zero_tasks_and_single_dimensions():
    circulant = Spectral(HartleyFrame(4), [4.0, 1.0, 0.5, 1.0])
    for matrix in (circulant, Autoregressive(4, 0.5), Kronecker([TWO, OTHER_TWO])):
        found = reduced([matrix, matrix], np.zeros(4))
        assert found.task.tolist() == [0.0] * 4
        assert math.isclose(found.matrices[0].diagonal().sum(), np.trace(matrix.toarray()))
    single = reduced([Autoregressive(1, 0.5, 3.0), Kronecker([[[2.0]], [[3.0]]])], np.array([-2.0]))
    assert [matrix.toarray().tolist() for matrix in single.matrices] == [[[3.0]], [[6.0]]]
    assert single.task.tolist() == [-2.0]
