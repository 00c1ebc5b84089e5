"""The exact risk by structure against that of the same matrices given by their entries."""

import dataclasses
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from tests import reference
from tests.hard_settings import errors
from tests.structures import DIMS, FAMILIES, SEEDS, Given, HartleyFrame
from ttt_theory import (
    DenseWeights,
    Diagonal,
    InvalidSettingError,
    Isotropic,
    LostPrecisionError,
    PowerLaw,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
    one_step_risk,
    pretrained_weights,
)
from ttt_theory.coordinates import reduction
from ttt_theory.coordinates.block_matrix import BlockMatrix
from ttt_theory.coordinates.blocks import (
    DenseBlock,
    DiagonalBlock,
    IsotropicBlock,
    LowRankBlock,
    sum_of_others,
    sums_of_differences,
)
from ttt_theory.covariance import Dense, Equicorrelated, Spiked
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.structured import (
    Autoregressive,
    BlockDiagonal,
    HouseholderFrame,
    Kronecker,
    LowRankUpdate,
    Spectral,
    memory,
)
from ttt_theory.structured.base import dense

QUANTITIES = reference.QUANTITIES
STARTS = [ZeroWeights(), PretrainedWeights(), PretrainedWeights(0.7)]


@dataclasses.dataclass(frozen=True)
class Case:
    """A setting of structured covariances, and the same with all entries given."""

    structured: Setting
    entries: Setting


@st.composite
def cases(draw, families, dims=DIMS):
    """Draw settings whose covariances have something in common, the same object included."""
    rng = np.random.default_rng(draw(SEEDS))
    dim = draw(dims)
    pairs = families[draw(st.sampled_from(sorted(families)))](rng, dim)
    if rng.random() < 0.4:
        pairs[2] = pairs[0]
    if rng.random() < 0.2:
        pairs[1] = pairs[0]
    length = int(rng.choice([1, 5, 100]))
    start = draw(st.sampled_from(STARTS))
    task = rng.standard_normal(dim) * (rng.random(dim) < 0.8)

    def setting(wrap):
        wrapped = {id(pair): wrap(pair) for pair in pairs}
        features, prior, source = (wrapped[id(pair)] for pair in pairs)
        pretraining = Pretraining(length + int(rng.random() < 2.0), 0.2, source)
        return Setting(length, 3, features, prior, task, 0.3, start, pretraining)

    return Case(setting(lambda pair: Given(pair[0])), setting(lambda pair: Dense(pair[1])))


def assert_same(risk, expected, tolerance=1e-11):
    """Compare relative to each quantity's natural scale: R ≥ 0 bounds c1 by 2√(c0c2), and so on."""
    unit = math.sqrt(expected.constant / expected.quadratic) if expected.quadratic else 0.0
    scales = {
        "linear": math.sqrt(expected.constant) * math.sqrt(expected.quadratic),
        "quadratic": expected.quadratic,
        "step_size": unit,
    }
    for quantity in QUANTITIES:
        difference = abs(getattr(risk, quantity) - getattr(expected, quantity))
        assert difference <= tolerance * scales.get(quantity, expected.constant), quantity
    assert (risk.dim, risk.context_length) == (expected.dim, expected.context_length)


def assert_same_weights(case):
    expected = dense(pretrained_weights(case.entries))
    weights, task = pretrained_weights(case.structured), case.structured.task
    close = {"rtol": 1e-9, "atol": 1e-11 * np.abs(expected).max()}
    np.testing.assert_allclose(dense(weights), expected, **close)
    np.testing.assert_allclose(weights.diagonal(), expected.diagonal(), **close)
    np.testing.assert_allclose(weights @ task, expected @ task, **close)
    columns = np.eye(len(task))[:, ::-1]
    np.testing.assert_allclose(weights @ columns, expected @ columns, **close)


@hypothesis_settings(max_examples=250)
@given(cases(FAMILIES))
def test_structure_does_not_change_the_risk(case):
    assert_same(one_step_risk(case.structured), one_step_risk(case.entries))


LOW_RANK = {name: FAMILIES[name] for name in ("low rank", "low rank and diagonals", "same blocks")}


@hypothesis_settings(max_examples=80)
@given(cases(LOW_RANK, st.sampled_from([2, 7, 12, 30])))
def test_directions_in_spaces_that_are_larger(case):
    assert_same(one_step_risk(case.structured), one_step_risk(case.entries))
    assert_same_weights(case)


@hypothesis_settings(max_examples=100)
@given(cases(LOW_RANK))
def test_diagonals_plus_few_directions(case):
    # As for dimensions too large to be compressed to those that matter.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "LARGEST_SPAN", 0)
        kinds = {type(block) for block in Problem.of(case.structured).features.blocks}
        risk = one_step_risk(case.structured)
        assert_same_weights(case)
    assume(LowRankBlock in kinds)
    assert_same(risk, one_step_risk(case.entries))


@hypothesis_settings(max_examples=60)
@given(cases(FAMILIES))
def test_structure_does_not_change_the_pretrained_weights(case):
    assert_same_weights(case)


@hypothesis_settings(max_examples=40)
@given(cases(FAMILIES), SEEDS)
def test_given_weights_keep_the_coordinates(case, seed):
    dim = case.structured.dim
    start = DenseWeights(np.random.default_rng(seed).standard_normal((dim, dim)))
    structured, entries = (
        one_step_risk(dataclasses.replace(each, initialization=start))
        for each in (case.structured, case.entries)
    )
    assert_same(structured, entries, 1e-10)


@hypothesis_settings(max_examples=30)
@given(cases(FAMILIES), SEEDS)
def test_rotations_of_everything_do_not_matter(case, seed):
    dim = case.structured.dim
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))[0]

    def rotated(covariance):
        return Dense(rotation @ covariance.matrix() @ rotation.T)

    entries = case.entries
    turned = dataclasses.replace(
        entries,
        feature_covariance=rotated(entries.feature_covariance),
        task_covariance=rotated(entries.task_covariance),
        task=rotation @ entries.task,
        pretraining=dataclasses.replace(
            entries.pretraining, feature_covariance=rotated(entries.pretraining.feature_covariance)
        ),
    )
    assert_same(one_step_risk(case.structured), one_step_risk(turned), 1e-10)


def kinds_of_blocks(*matrices, dim=6):
    given_matrices = {id(matrix): Given(matrix) for matrix in matrices}
    features, prior = (given_matrices[id(matrix)] for matrix in matrices)
    problem = Problem.of(Setting(3, 2, features, prior, np.arange(1.0, dim + 1)))
    return [(type(block), block.toarray().shape[0]) for block in problem.features.blocks]


def test_what_each_structure_is_reduced_to():
    rng = np.random.default_rng(0)
    directions, others = rng.standard_normal((6, 1)), rng.standard_normal((6, 1))
    spiked = LowRankUpdate(np.ones(6), directions, [2.0])
    identity = Diagonal(np.ones(6)).matrix()
    two_by_two, three_by_three = np.diag([1.0, 2.0]) + 1.0, np.diag([1.0, 2.0, 3.0]) + 1.0
    diagonal = [(DiagonalBlock, 6)]
    assert kinds_of_blocks(Autoregressive(6, 0.5), Autoregressive(6, 0.5, 3.0)) == diagonal
    circulant = Spectral(HartleyFrame(6), [3.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert kinds_of_blocks(circulant, identity) == diagonal
    kronecker = Kronecker([two_by_two, three_by_three])
    assert kinds_of_blocks(kronecker, Kronecker([0.3 * two_by_two, three_by_three])) == diagonal
    assert kinds_of_blocks(kronecker, identity) == diagonal
    assert kinds_of_blocks(spiked, identity) == [(DenseBlock, 2), (IsotropicBlock, 4)]
    assert kinds_of_blocks(spiked, LowRankUpdate(np.ones(6), others, [1.0])) == [
        (DenseBlock, 3),
        (IsotropicBlock, 3),
    ]
    axis_spike = Diagonal([9.0, 1.0, 1.0, 1.0, 1.0, 1.0]).matrix()
    assert kinds_of_blocks(spiked, axis_spike) == [(DenseBlock, 3), (IsotropicBlock, 3)]
    powers = Diagonal(np.arange(1.0, 7.0)).matrix()
    blocks = BlockDiagonal([two_by_two, np.eye(1), three_by_three])
    expected = [(DenseBlock, 2), (DiagonalBlock, 1), (DenseBlock, 3)]
    assert kinds_of_blocks(blocks, powers) == expected
    assert kinds_of_blocks(Kronecker([np.eye(3), two_by_two]), powers) == [(DenseBlock, 2)] * 3
    # Blocks that overlap are joined; what shares nothing is dense.
    joined = BlockDiagonal([three_by_three, three_by_three])
    assert kinds_of_blocks(BlockDiagonal([two_by_two, np.eye(2), two_by_two]), joined) == [
        (DenseBlock, 6)
    ]
    assert kinds_of_blocks(Autoregressive(6, 0.5), powers) == [(DenseBlock, 6)]
    assert kinds_of_blocks(Autoregressive(6, 0.0), powers) == diagonal
    assert kinds_of_blocks(np.eye(6), identity) == [(DenseBlock, 6)]


def exact_matrix(matrix):
    """Return a low-rank update's entries, without the rounding of its own."""
    directions = reference.precise(matrix.directions)
    entries = (directions * reference.precise(matrix.strengths)) @ directions.T
    return entries + np.diag(reference.precise(matrix.diagonal_part))


def exact_risk(setting, features, prior):
    with mp.workdps(reference.DIGITS):
        features, prior = exact_matrix(features), exact_matrix(prior)
        weights = reference.pretrained_weights(setting.context_length, features, prior, mpf(0))
        law = reference.Law(
            setting.context_length,
            setting.test_samples,
            features,
            weights,
            reference.precise(setting.task),
            mpf(0),
        )
        constant, linear, quadratic = reference.coefficients(law)
        return {
            "constant": constant,
            "linear": linear,
            "quadratic": quadratic,
            "improvement": linear**2 / (4 * quadratic),
        }


@pytest.mark.parametrize("length", [10, 10**6, 10**9])
@pytest.mark.parametrize("strength", [1.0, 1e6, 1e12])
@pytest.mark.parametrize("dim", [2, 7])
def test_a_huge_spike_along_the_task_does_not_cancel(dim, strength, length):
    # Nearly all of Σ_x's trace and of the label variance lie along the task, and c1 nearly vanishes
    # there: what remains is 1e-60 of what it is a difference of.
    rng = np.random.default_rng(dim)
    task = rng.standard_normal(dim)
    features = LowRankUpdate(np.ones(dim), task[:, np.newaxis], [strength])
    prior = LowRankUpdate(np.ones(dim), rng.standard_normal((dim, 1)), [3.0])
    setting = Setting(length, 10, Given(features), Given(prior), task)
    expected = exact_risk(setting, features, prior)
    # c1 is a square of differences that the strength of the spike makes small.
    loss = 1e-13 + 2e-15 * strength * (1.0 if length > 10 else 0.1)
    try:
        risk = one_step_risk(setting)
    except LostPrecisionError:
        assert loss > 1e-10
        return
    for quantity in ("constant", "quadratic"):
        assert abs(mpf(getattr(risk, quantity)) / expected[quantity] - 1) < 1e-13, quantity
    for quantity in ("linear", "improvement"):
        assert abs(mpf(getattr(risk, quantity)) / expected[quantity] - 1) < min(loss, 1e-9)


@pytest.mark.parametrize("strength", [1e6, 1e12])
@pytest.mark.parametrize("span", [0, 1000])
def test_a_factor_model_with_a_huge_factor(strength, span, monkeypatch):
    # The stated bound: round-off times n + 2.
    monkeypatch.setattr(reduction, "LARGEST_SPAN", span)
    rng = np.random.default_rng(1)
    values, task = rng.uniform(0.5, 2.0, (2, 6)), rng.standard_normal(6)
    features = LowRankUpdate(values[0], task[:, np.newaxis], [strength])
    prior = LowRankUpdate(values[1], rng.standard_normal((6, 1)), [3.0])
    for length in (10, 10**3, 10**6):
        setting = Setting(length, 10, Given(features), Given(prior), task)
        expected = exact_risk(setting, features, prior)
        try:
            risk = one_step_risk(setting)
        except LostPrecisionError:
            assert strength * length >= 1e7
            continue
        for quantity in ("constant", "quadratic"):
            error = abs(mpf(getattr(risk, quantity)) / expected[quantity] - 1)
            assert error < 1e-14 * (length + 2), (quantity, length)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_scales_of_structured_covariances(scale):
    rng = np.random.default_rng(2)
    features = LowRankUpdate(np.ones(5), rng.standard_normal((5, 2)), [3.0, 1.0])
    prior = Autoregressive(5, 0.5)

    def setting(unit):
        # Exact only for powers of four.
        unit = 4.0 ** round(math.log(unit, 4.0))
        return Setting(
            4, 3, Given(features * unit), Given(prior * (1 / unit)), np.ones(5) / math.sqrt(unit)
        ), unit

    plain, (moved, unit) = one_step_risk(setting(1.0)[0]), setting(scale)
    risk = one_step_risk(moved)
    assert risk.constant == pytest.approx(plain.constant, rel=1e-12)
    assert risk.improvement == pytest.approx(plain.improvement, rel=1e-12)
    assert risk.step_size * unit**2 == pytest.approx(plain.step_size, rel=1e-12)


def test_a_task_that_no_structured_feature_shows():
    # In the null space up to round-off: no label says anything, and nothing is made of that.
    rng = np.random.default_rng(3)
    directions = rng.standard_normal((6, 2))
    task = rng.standard_normal(6)
    for _ in range(2):
        task = task - directions @ np.linalg.lstsq(directions, task, rcond=None)[0]
    zero = np.zeros(6)
    for features in (
        LowRankUpdate(zero, directions, [3.0, 1.0]),
        BlockDiagonal([LowRankUpdate(zero, directions, [1.0, 1.0])]),
        Spectral(HouseholderFrame(directions), [2.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        Autoregressive(6, 1.0),
    ):
        beta = task - task.mean() if isinstance(features, Autoregressive) else task
        for start in (ZeroWeights(), PretrainedWeights()):
            setting = Setting(3, 2, Given(features), Isotropic(6), beta, initialization=start)
            risk = one_step_risk(setting)
            assert risk.constant == risk.risk_after == risk.step_size == 0.0


@pytest.mark.parametrize("dim", [3, 6, 50])
@pytest.mark.parametrize("span", [0, 1000])
def test_a_task_that_a_negative_spike_hides(dim, span, monkeypatch):
    # The eigenvalue is a difference of numbers of order one, and the task its eigenvector.  It is
    # what the bits of rho leave of it, or zero where that is less.
    monkeypatch.setattr(reduction, "LARGEST_SPAN", span)
    direction = np.random.default_rng(dim).standard_normal(dim)
    hidden = [
        (Equicorrelated(dim, -1.0 / (dim - 1)), np.ones(dim)),
        (Spiked(dim, [-1.0], [direction]), direction),
    ]
    factor = [[2.0, 1.0], [1.0, 2.0]]
    hidden += [
        (Given(Kronecker([features.matrix(), factor])), np.kron(task, [1.0, 3.0]))
        for features, task in hidden
    ]
    for features, task in hidden:
        for prior in (Isotropic(len(task)), PowerLaw(len(task), 1.0)):
            for start in (ZeroWeights(), PretrainedWeights()):
                setting = Setting(10, 5, features, prior, task, initialization=start)
                if isinstance(features, Equicorrelated) and 1 + (dim - 1) * Fraction(features.rho):
                    assert_what_the_bits_leave(setting)
                    continue
                risk = one_step_risk(setting)
                assert risk.constant == risk.risk_after == risk.step_size == 0.0


def assert_what_the_bits_leave(setting):
    if 1 + (setting.dim - 1) * Fraction(setting.feature_covariance.rho) > 0:
        assert max(errors(setting).values()) < 1e-12
    else:
        assert one_step_risk(setting).constant == 0.0


BIG = 50_000


def big_settings():
    rng = np.random.default_rng(4)
    directions = rng.standard_normal((2, BIG, 2))
    tasks = rng.standard_normal(BIG)
    factors = [np.eye(50) + 0.5, Autoregressive(1000, 0.5)]
    spikes = [LowRankUpdate(np.ones(BIG), each, [3.0, 1.0]) for each in directions]
    factor_model = LowRankUpdate(PowerLaw(BIG, 0.5).matrix().diagonal(), directions[0], [1.0, 1e-3])
    blocks = BlockDiagonal([np.eye(20) + 0.1] * 100 + [Autoregressive(BIG - 2_000, 0.5)])
    pairs = {
        "diagonal": (PowerLaw(BIG, 1.0).matrix(), PowerLaw(BIG, 0.5).matrix()),
        "commuting spikes": (spikes[0], spikes[0]),
        "non-commuting spikes": (spikes[0], spikes[1]),
        "factor model": (factor_model, spikes[1]),
        "autoregression": (Autoregressive(BIG, 0.9), Isotropic(BIG).matrix()),
        "circulant": (
            Spectral(HartleyFrame(BIG), 1.0 + np.cos(2 * np.pi * np.arange(BIG) / BIG)),
            Isotropic(BIG).matrix(),
        ),
        "kronecker": (Kronecker(factors), Isotropic(BIG).matrix()),
        "blocks": (
            blocks,
            BlockDiagonal([np.eye(20) + 0.2] * 100 + [Isotropic(BIG - 2_000).matrix()]),
        ),
    }
    return {
        name: Setting(50, 20, Given(features), Given(prior), tasks)
        for name, (features, prior) in pairs.items()
    }


@pytest.fixture(scope="module")
def big():
    return big_settings()


@pytest.mark.parametrize(
    "name",
    [
        "diagonal",
        "commuting spikes",
        "non-commuting spikes",
        "factor model",
        "autoregression",
        "circulant",
        "kronecker",
        "blocks",
    ],
)
def test_no_array_is_quadratic_in_the_dimension(big, name):
    setting = big[name]
    tracemalloc.start()
    risk = one_step_risk(setting)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A d × d array would take 20 GB; the factor model's matrices are tens of columns.
    assert peak < (400e6 if name == "factor model" else 80e6)
    assert 0.0 < risk.risk_after <= risk.risk_before
    # Without weights the risk is the label variance: products are enough to know it.
    features = setting.feature_covariance.matrix()
    cold = one_step_risk(dataclasses.replace(setting, initialization=ZeroWeights()))
    assert cold.constant == pytest.approx(setting.task @ (features @ setting.task), rel=1e-9)


def test_the_pretrained_weights_of_large_settings_solve_their_equation(big):
    # W*[(n+1)Σ_xΣ_β + ρI] = Σ_β, tried on a vector from the right.
    rng = np.random.default_rng(5)
    probe = rng.standard_normal(BIG)
    for name in ("non-commuting spikes", "factor model", "autoregression", "kronecker", "blocks"):
        setting = big[name]
        features, prior = (
            covariance.matrix()
            for covariance in (setting.feature_covariance, setting.task_covariance)
        )
        weights = pretrained_weights(setting)
        images = weights @ np.column_stack([features @ (prior @ probe), probe])
        residual = prior @ probe - (setting.context_length + 1) * images[:, 0]
        # ρ = tr Σ_xΣ_β is what makes the residual a multiple of the second image.
        ridge = residual @ images[:, 1] / (images[:, 1] @ images[:, 1])
        np.testing.assert_allclose(residual, ridge * images[:, 1], atol=1e-7 * ridge)
        assert ridge > 0.0


def test_too_little_in_common_for_the_size_is_refused():
    dim = 20_000
    setting = Setting(3, 2, Given(Autoregressive(dim, 0.5)), PowerLaw(dim, 1.0), np.ones(dim))
    with pytest.raises(InvalidSettingError, match=r"^dim: 20000 .* structure in common"):
        one_step_risk(setting)


def test_dense_matrices_that_do_not_fit_in_memory_are_refused(monkeypatch):
    dim = 1500
    setting = Setting(3, 2, Given(Autoregressive(dim, 0.5)), PowerLaw(dim, 1.0), np.ones(dim))
    monkeypatch.setattr(memory, "available_memory", lambda: 1e8)
    with pytest.raises(InvalidSettingError, match=r"need 0\.18 GB, of which 0\.1 GB are free"):
        one_step_risk(setting)
    monkeypatch.undo()
    assert memory.available_memory() > 1e8


@given(st.integers(1, 6), st.integers(1, 4), SEEDS)
def test_blocks_multiply_like_their_entries(size, rank, seed):
    rng = np.random.default_rng(seed)

    def matrix():
        return BlockMatrix(
            [
                DiagonalBlock(rng.standard_normal(size)),
                DenseBlock(rng.standard_normal((size, size))),
                LowRankBlock(
                    rng.standard_normal(size),
                    rng.standard_normal((size, rank)),
                    rng.standard_normal((size, rank)),
                ),
            ]
        )

    left, right, vector = matrix(), matrix(), rng.standard_normal(3 * size)
    a, b = left.toarray(), right.toarray()
    np.testing.assert_allclose((left @ right).toarray(), a @ b, atol=1e-12)
    np.testing.assert_allclose((left - right).toarray(), a - b, atol=1e-12)
    np.testing.assert_allclose((2.0 * left.T).toarray(), 2.0 * a.T, atol=1e-12)
    np.testing.assert_allclose(left @ vector, a @ vector, atol=1e-12)
    np.testing.assert_allclose(left.diagonal(), a.diagonal(), atol=1e-12)
    assert left.inner(right) == pytest.approx(np.sum(a * b), abs=1e-11)
    projector = np.eye(3 * size) - np.outer(vector, vector) / (vector @ vector)
    assert left.across_square(vector) == pytest.approx(np.sum((projector @ a) ** 2), rel=1e-11)


def test_a_direction_that_dominates_does_not_cancel_across():
    # X = 1e15 q̂q̂ᵀ + D: what is across q̂ is that of D, and 1e-30 of the square of X.
    rng = np.random.default_rng(6)
    vector = rng.standard_normal(5)
    unit = (vector / np.linalg.norm(vector))[:, np.newaxis]
    small = np.diag(rng.uniform(1.0, 2.0, 5))
    block = BlockMatrix([LowRankBlock(small.diagonal(), 1e15 * unit, unit)])
    expected = np.sum(((np.eye(5) - unit @ unit.T) @ small) ** 2)
    assert block.across_square(vector) == pytest.approx(expected, rel=0.5)


@given(st.lists(st.floats(0.0, 1e300), min_size=1, max_size=5))
def test_sums_of_others(values):
    expected = [math.fsum(values[:i] + values[i + 1 :]) for i in range(len(values))]
    np.testing.assert_allclose(sum_of_others(np.array(values)), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        ([], []),
        ([5.0], [2.0]),
        ([1e12, 1.0, 1.0], [1.0, 3.0, 0.0]),
        ([0.0, 3.0, 1e300, 1e-300], [4.0] * 4),
    ],
)
def test_sums_of_differences(values, weights):
    values, weights = np.array(values), np.array(weights)
    expected = [
        float(sum(mpf(w) * (mpf(v) - mpf(value)) for v, w in zip(values, weights, strict=True)))
        for value in values
    ]
    np.testing.assert_allclose(sums_of_differences(values, weights), expected, rtol=1e-14)
