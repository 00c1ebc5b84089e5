"""Simulation and exact risk agree for every kind of covariance, at small and at large dimensions.

Every test is of a mean by `MeanTest`, whose error rates hold at any number of draws and for tails
of any weight, given an upper bound on the variance.  Up to a few hundred dimensions that is exact,
from the law of the context's vector: no formula under test enters.

At ten thousand dimensions no exact variance is at hand.  There the bound is 4 times the variance of
a pilot run with draws of its own, so that the error rates *assume* that 512 draws do not
underestimate a variance fourfold.  That is not proved, but the kurtosis of 4096 draws was below 31
for all coefficients, most of them between 3 and 10, except for 235 for the quadratic coefficient of
the spiked covariance along directions by the sufficient method.

Each of at most 500 means is refuted in error, or not confirmed within the margin that its draws can
decide, with a probability of at most 3e-9: for a correct theory all pass but for 2e-6.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Covariance,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
)
from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import pretrained_weights
from ttt_theory.linear.monte_carlo import METHODS, literal_simulator, rescaled
from ttt_theory.linear.setting.starts import DenseWeights, PretrainedWeights, ZeroWeights
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import (
    _context_laws,
    _Form,
    _moment,
    second_moments,
)
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.sampling.moments import chunk_sizes
from ttt_theory.structured.base import dense
from ttt_theory.testing import covariances, initializations, tasks

ERROR_RATE = 1e-9
"""Of each mean; the fewest draws that can decide are 172."""


def simulator(setting, method):
    """Return a simulator in units that make features and labels of order one."""
    if method == "literal":
        simulated = literal_simulator(setting)
    else:
        kind = SufficientSimulator if method == "sufficient" else ConditionalSimulator
        start = setting.initialization
        if isinstance(start, PretrainedWeights):
            weights = start.factor * pretrained_weights(setting)
        elif isinstance(start, DenseWeights):
            weights = start.matrix
        else:
            weights = Diagonal(np.zeros(setting.dim)).matrix()
        simulated = kind(
            setting.context_length,
            setting.test_samples,
            setting.feature_covariance,
            setting.task,
            setting.noise_variance,
            weights,
        )
    return rescaled(simulated, Problem.of(setting))


def exact_coefficients(setting):
    """Return the exact c0, c1, c2 in the units of `simulator`."""
    risk, problem = ttt.one_step_risk(setting), Problem.of(setting)
    label, step = problem.label_exponent, problem.step_exponent
    exponents = np.array([label, label + step, label + 2 * step])
    return np.ldexp([risk.constant, risk.linear, risk.quadratic], -exponents)


def variances(setting, method):
    """Return the exact variance of each coefficient of one draw, or an upper bound."""
    literal = simulator(setting, "literal")
    if method != "conditional":
        return second_moments(literal, QUERIES)
    n, k = setting.context_length, setting.test_samples
    weights, task, noise = literal.weights, literal.task, literal.noise_variance
    covariance = dense(literal.feature_covariance.matrix())
    mean = covariance @ task
    label_variance = float(task @ mean) + noise
    context_squares = n * (n + 1) * np.outer(mean, mean) + n * label_variance * covariance
    cross = n * np.outer(task, mean) - weights @ context_squares
    squares = covariance @ covariance
    moments = np.zeros((2, 2))
    for weight, shift, root in _context_laws(literal, covariance, mean, label_variance):
        context, error = (shift, root), (task - weights @ shift, -weights @ root)
        descent = bilinear(error, squares @ cross, context)
        overlap = bilinear(context, context_squares, context)
        step = bilinear(
            error,
            (k + 1) * covariance @ squares + np.trace(squares) * covariance,
            error,
            np.trace(squares) * noise,
        )
        for power in (1, 2):
            forms = [[descent] * power, [step, overlap] * power]
            moments[power - 1] += weight * np.array([_moment(each) for each in forms])
    means, mean_squares = np.array([[4 * k], [16 * k * k]]) * moments
    # The constant is constant.
    return np.array([0.0, *np.maximum(mean_squares - means**2, 1e-8 * mean_squares)])


def bilinear(left, matrix, right, constant=0.0):
    """(a + Az)ᵀ M (b + Bz) + c as a quadratic form in a standard normal z."""
    (a, root_a), (b, root_b) = left, right
    quadratic = root_a.T @ matrix @ root_b
    linear = root_a.T @ (matrix @ b) + root_b.T @ (matrix.T @ a)
    return _Form((quadratic + quadratic.T) / 2, linear / 2, float(a @ matrix @ b) + constant)


def judged(simulated, exact, bounds, draws, seed):
    """Return a verdict on each coefficient, and the margins relative to c0, 2√(c0c2) and c2."""
    constant, _, quadratic = exact
    scales = np.array([constant, 2.0 * np.sqrt(constant * quadratic), quadratic])
    # A bound may be larger: what varies by round-off alone is not to be refuted for that.
    bounds = np.maximum(bounds, (1e-7 * scales) ** 2)
    margins = reached_margin(bounds, draws, ERROR_RATE)
    test = MeanTest(exact, bounds, margins, draws, ERROR_RATE)
    coefficients = drawn_coefficients(simulated, draws, seed)
    relative = np.divide(margins, scales, out=np.zeros(3), where=scales > 0.0)
    return test.verdicts(test.scores(coefficients).sum(axis=0), draws), relative


def drawn_coefficients(simulated, draws, seed):
    rng = np.random.default_rng(seed)
    sizes = chunk_sizes(draws, simulated.prompts_per_chunk)
    return np.concatenate([simulated.coefficients(size, rng) for size in sizes])


def assert_agrees(simulated, exact, bounds, draws, seed):
    found, margins = judged(simulated, exact, bounds, draws, seed)
    assert list(found) == [Verdict.CONFIRMED] * 3, (found, margins)


@st.composite
def small_settings(draw):
    """Any covariances of up to 12 dimensions, with enough samples for moderate tails."""
    dim = draw(st.integers(1, 12))
    matrices = covariances(dim)
    counts = st.integers(6, 30)
    return ttt.Setting(
        context_length=draw(counts),
        test_samples=draw(counts),
        feature_covariance=draw(matrices),
        task_covariance=draw(matrices),
        task=draw(tasks(dim)),
        noise_variance=draw(st.sampled_from([0.0, 1.0])),
        initialization=draw(initializations(dim)),
    )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25)
@given(setting=small_settings(), seed=st.integers(0, 2**32))
def test_small_settings_agree(method, setting, seed):
    exact, bounds = exact_coefficients(setting), variances(setting, method)
    assert_agrees(simulator(setting, method), exact, bounds, 8192, seed)


class Misdrawn(Covariance):
    """One covariance by its matrix, another by its samples."""

    def __init__(self, stated, drawn):
        self.dim, self._stated, self._drawn = stated.dim, stated, drawn

    def matrix(self):
        return self._stated.matrix()

    def sample(self, rng, shape):
        return self._drawn.sample(rng, shape)


ROWS = np.array([[1.0, 2.0, -1.0, 0.5], [0.0, 1.0, 1.0, 3.0], [-2.0, 0.5, 0.0, 1.0]])
SQUARE = np.array([[6.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("stated", "drawn"),
    [
        (PowerLaw(4, 1.0), PowerLaw(4, 1.0, scale=1.3)),
        (Diagonal([4.0, 1.0, 0.0, 1.0]), Diagonal([1.0, 4.0, 0.0, 1.0])),
        (Spiked(4, [3.0]), Spiked(4, [8.0])),
        (Spiked(4, [3.0], ROWS[:1]), Spiked(4, [3.0], ROWS[1:2])),
        (FactorModel([4.0] * 4, ROWS.T), FactorModel([0.0] * 4, ROWS.T)),
        (AR1(4, 0.6), AR1(4, -0.6)),
        (Equicorrelated(4, 0.6), Equicorrelated(4, 0.3)),
        (Empirical(ROWS), Empirical(ROWS, scale=3 / 2)),
        (Kronecker([Dense(SQUARE), AR1(2, 0.9)]), Kronecker([Dense(SQUARE), AR1(2, -0.9)])),
        (
            BlockDiagonal([Dense(SQUARE), AR1(2, 0.5)]),
            BlockDiagonal([AR1(2, 0.5), Dense(SQUARE)]),
        ),
    ],
    ids=lambda covariance: type(covariance).__name__,
)
def test_a_wrong_sampler_is_refuted(method, stated, drawn):
    # Noise makes the context's vector depend on more than its mean, which the matrix decides.
    setting = ttt.Setting(10, 20, stated, Isotropic(4), [1.0, 0.5, -0.5, 1.0], 30.0)
    wrong = dataclasses.replace(setting, feature_covariance=Misdrawn(stated, drawn))
    simulated = dataclasses.replace(
        simulator(setting, method),
        feature_covariance=simulator(wrong, method).feature_covariance,
    )
    exact, bounds = exact_coefficients(setting), variances(setting, method)
    found, _ = judged(simulated, exact, bounds, 32_768, 0)
    assert Verdict.REFUTED in found


def gram_matrix(rng, dim):
    root = rng.standard_normal((dim, dim))
    return Dense(root @ root.T / dim)


LARGE_KINDS = {
    "isotropic": lambda dim, rng: Isotropic(dim, scale=rng.uniform(0.5, 2.0)),
    "diagonal": lambda dim, rng: Diagonal(rng.uniform(0.0, 2.0, dim) * (rng.random(dim) < 0.7)),
    "power_law": lambda dim, rng: PowerLaw(dim, rng.uniform(0.3, 1.5)),
    "spiked": lambda dim, rng: Spiked(dim, [rng.uniform(1.0, dim / 20.0), -1.0]),
    "spiked along directions": lambda dim, rng: Spiked(
        dim, [rng.uniform(1.0, dim / 20.0), -0.5, 9.0], rng.standard_normal((3, dim))
    ),
    "factor_model": lambda dim, rng: FactorModel(
        rng.uniform(0.0, 2.0, dim), 0.3 * rng.standard_normal((dim, 3))
    ),
    "ar1": lambda dim, rng: AR1(dim, rng.uniform(-0.95, 0.95)),
    "equicorrelated": lambda dim, rng: Equicorrelated(dim, rng.uniform(0.01, 0.3)),
    "empirical": lambda dim, rng: Empirical(rng.standard_normal((20, dim))),
    "kronecker": lambda dim, rng: Kronecker(
        [gram_matrix(rng, 100), Equicorrelated(dim // 100, rng.uniform(0.0, 0.5))]
    ),
    "block_diagonal": lambda dim, rng: BlockDiagonal(
        [
            gram_matrix(rng, 50),
            Spiked(dim // 2, [9.0, 4.0], rng.standard_normal((2, dim // 2))),
            Isotropic(dim // 2 - 50),
        ]
    ),
}
# Kinds whose eigenvectors have little in common would need dense weights.
LOW_RANK_KINDS = ("isotropic", "power_law", "spiked along directions", "factor_model")


def large_setting(kind, dim, seed):
    rng = np.random.default_rng(seed)
    features = LARGE_KINDS[kind](dim, rng)
    alone = kind in ("ar1", "kronecker", "block_diagonal")
    prior = "isotropic" if alone else LOW_RANK_KINDS[rng.integers(len(LOW_RANK_KINDS))]
    # The eigenvectors of an autoregression take O(dim^2) for every product with the weights.
    cold = rng.random() < 0.3 or (kind == "ar1" and dim > 1000)
    return ttt.Setting(
        context_length=int(rng.integers(20, 2 * dim)),
        test_samples=int(rng.integers(20, 2 * dim)),
        feature_covariance=features,
        task_covariance=LARGE_KINDS[prior](dim, rng),
        task=rng.standard_normal(dim) / np.sqrt(dim),
        noise_variance=float(rng.choice([0.0, 1.0])),
        initialization=ZeroWeights() if cold else PretrainedWeights(),
    )


@pytest.mark.parametrize("method", ["sufficient", "conditional"])
@pytest.mark.parametrize("kind", LARGE_KINDS)
def test_settings_of_200_dimensions_agree(kind, method):
    setting = large_setting(kind, 200, 0)
    exact, bounds = exact_coefficients(setting), variances(setting, method)
    assert_agrees(simulator(setting, method), exact, bounds, 4096, 1)


PILOT = 512


@pytest.mark.parametrize("method", ["sufficient", "conditional"])
@pytest.mark.parametrize("kind", LARGE_KINDS)
def test_settings_of_10_000_dimensions_agree(kind, method):
    setting = large_setting(kind, 10_000, 0)
    simulated = simulator(setting, method)
    pilot = drawn_coefficients(simulated, PILOT, 1)
    bounds = 4.0 * np.var(pilot, axis=0)
    assert_agrees(simulated, exact_coefficients(setting), bounds, 1024, 2)
