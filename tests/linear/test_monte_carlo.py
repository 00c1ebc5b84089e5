"""Simulated risks by each method: their means, errors, units, seeds and limits."""

import dataclasses
import math
import time
from itertools import islice

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.stats import binom

from tests import hard_settings
from tests.nodes import in_law
from ttt_theory import (
    AR1,
    Covariance,
    Dense,
    DenseWeights,
    Diagonal,
    Equicorrelated,
    InvalidSettingError,
    Isotropic,
    OutOfRangeError,
    PowerLaw,
    PretrainedWeights,
    Pretraining,
    Setting,
    Spiked,
    ZeroWeights,
    one_step_risk,
)
from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear import monte_carlo
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.monte_carlo import METHODS, literal_simulator, simulate, simulation_steps
from ttt_theory.linear.simulation import data_vector
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.second_moments import second_moments
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.testing import settings

BY_METHOD = pytest.mark.parametrize("method", METHODS)
ROTATION = np.linalg.qr(np.random.default_rng(0).standard_normal((7, 7)))[0]
LARGER = {
    "non-commuting": Setting(
        context_length=60,
        test_samples=20,
        feature_covariance=AR1(7, 0.5),
        task_covariance=PowerLaw(7, 1.0),
        task=np.linspace(-1.0, 1.0, 7),
        noise_variance=0.3,
        pretraining=Pretraining(90, 1.0, Equicorrelated(7, 0.3)),
    ),
    "singular, skew weights": Setting(
        context_length=40,
        test_samples=30,
        feature_covariance=Dense((ROTATION * [2.0, 1.0, 1.0, 0.5, 0.1, 0.0, 0.0]) @ ROTATION.T),
        task_covariance=Isotropic(7),
        task=np.linspace(-1.0, 1.0, 7),
        initialization=DenseWeights(ROTATION / 80.0),
    ),
    "isotropic, half warm": Setting(
        60, 30, Isotropic(7), Isotropic(7), np.ones(7), 0.5, PretrainedWeights(0.5)
    ),
    "diagonal, cold": Setting(
        60, 30, PowerLaw(7, 0.5), Isotropic(7), np.ones(7), 0.5, ZeroWeights()
    ),
}


@pytest.mark.parametrize("kind", [SufficientSimulator, ConditionalSimulator])
@pytest.mark.parametrize("name", LARGER)
def test_coefficients_in_seven_dimensions(name, kind):
    # False-alarm rate 1e-7 a coefficient, whatever the tails; the variance of the sufficient draws,
    # which have the literal law, bounds that of their conditional expectation.
    setting = LARGER[name]
    literal, risk = literal_simulator(setting), one_step_risk(setting)
    exact = np.array([risk.constant, risk.linear, risk.quadratic])
    subject = in_law(kind, literal)
    size, count = 100, 2000
    variance = (second_moments(literal, 8) - exact**2) / size
    margin = reached_margin(variance, count, 1e-7)
    # |c1| ≤ 2√(c0c2), and it counts in the risk by its ratio to that.
    assert np.all(margin < 0.1 * np.array([exact[0], 2.0 * np.sqrt(exact[0] * exact[2]), exact[2]]))
    values = subject.coefficients(size * count, np.random.default_rng(0))
    means = values.reshape(count, size, 3).mean(axis=1)
    test = MeanTest(exact, variance, margin, count, 1e-7)
    assert_array_equal(test.verdicts(test.scores(means).sum(axis=0), count), Verdict.CONFIRMED)


def small_setting(**changes):
    values = {
        "context_length": 5,
        "test_samples": 4,
        "feature_covariance": AR1(3, 0.5),
        "task_covariance": PowerLaw(3, 1.0),
        "task": np.array([1.0, -0.5, 0.25]),
        "noise_variance": 0.25,
    }
    return Setting(**(values | changes))


@BY_METHOD
def test_the_mean_and_error_are_those_of_the_squared_errors(method):
    setting = small_setting()
    estimate = simulate(setting, 500, method=method, seed=5)
    assert (estimate.prompts, estimate.method, estimate.seed) == (500, method, 5)
    assert estimate.step_size == one_step_risk(setting).step_size
    literal = literal_simulator(setting)
    kinds = {"sufficient": SufficientSimulator, "conditional": ConditionalSimulator}
    subject = literal
    if method in kinds:
        subject = in_law(kinds[method], literal)
    assert subject.prompts_per_chunk >= 500
    child = np.random.SeedSequence(5).spawn(1)[0]
    values = subject.coefficients(500, np.random.Generator(np.random.SFC64(child)))
    errors = values @ [1.0, -estimate.step_size, estimate.step_size**2]
    assert estimate.mean == pytest.approx(errors.mean(), rel=1e-12)
    assert estimate.standard_error == pytest.approx(errors.std(ddof=1) / math.sqrt(500), rel=1e-9)


def test_each_method_has_less_work_or_less_variance_left():
    setting = small_setting()
    literal, sufficient, conditional = (simulate(setting, 20_000, method=m) for m in METHODS)
    exact = one_step_risk(setting).risk_after
    for each in (literal, sufficient, conditional):
        assert abs(each.mean - exact) < 5.0 * each.standard_error
    assert sufficient.standard_error == pytest.approx(literal.standard_error, rel=0.3)
    assert conditional.standard_error < 0.2 * literal.standard_error


@BY_METHOD
def test_workers_and_blocks_do_not_change_a_bit(method):
    setting = small_setting(
        feature_covariance=Dense([[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    )
    estimates = [
        list(simulation_steps(setting, 40_000, method=method, seed=1, workers=workers))[-1]
        for workers in (1, 2)
    ]
    first, second = (dataclasses.replace(each, seconds=0.0) for each in estimates)
    assert first == second


@pytest.mark.parametrize("method", METHODS[1:])
def test_workers_share_large_arrays_that_nobody_may_write_to(method):
    # Large enough for joblib to put them into memory that the workers only read.
    dim = 140_000
    direction = np.random.default_rng(0).standard_normal(dim)
    setting = Setting(
        context_length=100,
        test_samples=100,
        feature_covariance=Spiked(dim, [9.0], [direction]),
        task_covariance=Isotropic(dim),
        task=direction / np.linalg.norm(direction),
    )
    first, second = (
        dataclasses.replace(simulate(setting, 8, method=method, workers=workers), seconds=0.0)
        for workers in (1, 2)
    )
    assert first == second


@hypothesis_settings(max_examples=60)
@given(settings(max_dim=4, extreme_scales=False), st.sampled_from(METHODS[1:]))
def test_products_by_structure_are_those_by_entries(setting, method):
    by_entries = simulate(setting, 20, method=method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_vector, "_LARGEST_DENSE_DIM", 0)
        by_structure = simulate(setting, 20, method=method)
    assert by_structure.mean == pytest.approx(by_entries.mean, rel=1e-8)


def in_other_units(setting, features, labels):
    """Return the setting with features times 2^features and labels times 2^labels."""
    squares = {"features": 4.0**features, "prior": 4.0 ** (labels - features)}
    start = setting.initialization
    if isinstance(start, DenseWeights):
        start = DenseWeights(start.matrix / squares["features"])
    pretraining = setting.pretraining

    def scaled(covariance, factor):
        return dataclasses.replace(covariance, scale=covariance.scale * factor)

    covariance = scaled(setting.feature_covariance, squares["features"])
    return dataclasses.replace(
        setting,
        feature_covariance=covariance,
        task_covariance=scaled(setting.task_covariance, squares["prior"]),
        task=np.ldexp(setting.task, labels - features),
        noise_variance=math.ldexp(setting.noise_variance, 2 * labels),
        initialization=start,
        pretraining=Pretraining(
            pretraining.context_length,
            math.ldexp(pretraining.noise_variance, 2 * labels),
            covariance
            if pretraining.feature_covariance is setting.feature_covariance
            else scaled(pretraining.feature_covariance, squares["features"]),
        ),
    )


@hypothesis_settings(max_examples=30)
@given(settings(max_dim=3, extreme_scales=False), st.integers(-50, 50), st.integers(-50, 50))
def test_units_change_no_bit(setting, features, labels):
    # From 1e-30 to 1e30, where the coefficients' squares would leave the range of float64.
    risk = one_step_risk(setting)
    assume(risk.risk_after > 0.0)
    other = in_other_units(setting, features, labels)
    step = math.ldexp(risk.step_size, -4 * features - 2 * labels)
    for method in METHODS:
        plain = simulate(setting, 3, method=method, step_size=risk.step_size)
        scaled = simulate(other, 3, method=method, step_size=step)
        assert scaled.mean == math.ldexp(plain.mean, 2 * labels)
        assert scaled.standard_error == math.ldexp(plain.standard_error, 2 * labels)


@hypothesis_settings(max_examples=60)
@given(settings(), st.sampled_from(METHODS))
def test_any_setting_gives_a_finite_risk_or_says_why_not(setting, method):
    try:
        exact = one_step_risk(setting)
        estimate = simulate(setting, 3, method=method)
    except OutOfRangeError:
        return
    assert math.isfinite(estimate.mean + estimate.standard_error)
    assert estimate.mean >= 0.0
    if exact.risk_after == 0.0:
        assert estimate.mean == 0.0


@BY_METHOD
def test_a_task_that_shows_by_round_off_alone_is_none(method):
    direction = np.array([0.1, 0.7, 0.3])
    task = np.array([0.7, -0.1, 0.0])
    setting = small_setting(
        feature_covariance=Dense(np.outer(direction, direction)), task=task, noise_variance=0.0
    )
    assert task @ setting.feature_covariance.matrix() @ task != 0.0
    assert one_step_risk(setting).risk_after == 0.0
    assert simulate(setting, 10, method=method).mean == 0.0


@BY_METHOD
@pytest.mark.parametrize("step_size", [1e200, -1e300])
def test_a_risk_out_of_range_is_said_so(method, step_size):
    with pytest.raises(OutOfRangeError, match="risk at this step size"):
        simulate(small_setting(), 3, method=method, step_size=step_size)


@BY_METHOD
@pytest.mark.parametrize("weight", [1e120, 1e200])
def test_moments_out_of_range_are_no_zeros(method, weight):
    # With the smaller weight the mean is within the range, but not the squares behind its error.
    setting = small_setting(initialization=DenseWeights(weight * np.eye(3)))
    with pytest.raises(OutOfRangeError, match=r"the simulated risk|its standard error"):
        simulate(setting, 30_000, method=method, step_size=0.1)


def test_the_seconds_are_those_of_the_run():
    start = time.perf_counter()
    estimate = simulate(Setting(3, 2, Isotropic(2), Isotropic(2), [1.0, 2.0]), 50)
    assert 0.0 < estimate.seconds <= time.perf_counter() - start


def test_the_largest_seed_and_prompt():
    setting = Setting(3, 2, Isotropic(2), Isotropic(2), [1.0, 2.0])
    assert simulate(setting, 2, seed=2**128 - 1).seed == 2**128 - 1
    with pytest.raises(InvalidSettingError, match=r"^seed: "):
        simulate(setting, 2, seed=2**128)
    with pytest.raises(InvalidSettingError, match=r"^context_length: 1000000000 .* GiB"):
        literal_simulator(dataclasses.replace(setting, context_length=10**9))


def test_an_unknown_method_is_named():
    with pytest.raises(InvalidSettingError, match=r"^method: 'magic' .* literal, sufficient, cond"):
        simulate(small_setting(), 3, method="magic")


@pytest.mark.parametrize("method", ["sufficient", "conditional"])
def test_context_and_test_samples_may_be_any_number(method):
    setting = small_setting(context_length=10**15, test_samples=10**15)
    estimate = simulate(setting, 100, method=method)
    exact = one_step_risk(setting).risk_after
    assert abs(estimate.mean - exact) < 6.0 * estimate.standard_error + 1e-9 * exact


class Own(Covariance):
    """A user's covariance with nothing but a matrix and a sampler of its own."""

    dim = 2

    def matrix(self):
        return np.array([[2.0, 1.0], [1.0, 2.0]])

    def sample(self, rng, shape):
        leading = (shape,) if isinstance(shape, int) else shape
        factor = np.linalg.cholesky(self.matrix())
        sample = rng.standard_normal((*leading, 2)) @ factor.T
        sample.flags.writeable = False
        return sample


@BY_METHOD
def test_a_covariance_of_ones_own(method):
    setting = small_setting(
        feature_covariance=Own(), task_covariance=Diagonal([1.0, 2.0]), task=[1.0, 1.0]
    )
    estimate = simulate(setting, 5000, method=method)
    assert abs(estimate.mean - one_step_risk(setting).risk_after) < 5.0 * estimate.standard_error


SMALL = {
    "n = k = d = 1, cold": Setting(
        1, 1, Isotropic(1), Isotropic(1), [1.0], initialization=ZeroWeights()
    ),
    "n = k = d = 1, noise": Setting(1, 1, Isotropic(1), Isotropic(1), [1.0], 0.5),
    "n = 1, k = 3, d = 2": Setting(1, 3, Isotropic(2), Isotropic(2), [1.0, 0.5], 0.2),
    "n = 2, d = 3, cold": Setting(
        2, 2, AR1(3, 0.5), Isotropic(3), [1.0, 0.5, -1.0], initialization=ZeroWeights()
    ),
}
REPLICATES = 400


def coverage(setting, method, factor):
    """Return how often the interval, and the mean ± 1.96 standard errors, cover the exact risk."""
    problem = Problem.of(setting)
    start = starting_weights(problem)
    risk = one_step_risk(setting)
    step_size = factor * risk.step_size
    exact = risk.at(step_size)
    steps = monte_carlo.one_step(problem, start, step_size)
    spread = monte_carlo._prompt_spread(problem, start, method, steps)
    covered = np.zeros(2, int)
    for seed in range(REPLICATES):
        [found] = monte_carlo.estimates(
            problem, start, 100, method=method, steps=steps, seed=seed, spread=spread
        )
        low, high = found.interval
        covered += low <= exact <= high, abs(found.mean - exact) <= 1.96 * found.standard_error
    return covered


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SMALL)
def test_the_interval_covers_the_risk_at_the_stated_rate(name, method):
    # Were the rate 95 % and no more, so many misses would have a probability below 1e-9, so that
    # the twelve tests together are wrong once in 1e8 choices of the seeds.
    most_misses = int(binom.isf(1e-9, REPLICATES, 0.05))
    assert most_misses < 0.15 * REPLICATES
    covered, _ = coverage(SMALL[name], method, 4.0)
    assert REPLICATES - covered <= most_misses


def test_two_standard_errors_do_not():
    _, covered = coverage(SMALL["n = k = d = 1, cold"], "literal", 4.0)
    # As many misses have a probability below 1e-9 at a rate of 5 %.
    assert REPLICATES - covered > binom.isf(1e-9, REPLICATES, 0.05)


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_is_that_of_the_exact_variance(method):
    # Drawn often enough, a tame setting shows its variance.
    setting = Setting(40, 20, AR1(3, 0.5), Isotropic(3), [1.0, 0.5, -1.0], 0.2)
    found = simulate(setting, 20_000, method=method)
    low, high = found.interval
    assert (low + high) / 2 == pytest.approx(found.mean)
    assert (high - low) / 2 == pytest.approx(math.sqrt(20) * found.standard_error, rel=0.1)
    again = simulate(setting, 5_000, method=method)
    assert again.interval[1] - again.interval[0] == pytest.approx(2 * (high - low))


def test_the_interval_has_the_unit_of_the_risk_and_reaches_no_further_than_zero():
    setting, scaled = (
        Setting(
            1,
            3,
            Isotropic(2),
            Isotropic(2, scale=unit),
            [math.sqrt(unit), 0.5 * math.sqrt(unit)],
            0.2 * unit,
        )
        for unit in (1.0, 2.0**20)
    )
    for method in METHODS:
        found, larger = (simulate(each, 7, method=method) for each in (setting, scaled))
        assert larger.interval == pytest.approx(tuple(2.0**20 * end for end in found.interval))
    cold = SMALL["n = k = d = 1, cold"]
    assert simulate(cold, 2, step_size=one_step_risk(cold).step_size).interval[0] == 0.0


def test_a_mean_of_equal_numbers_has_an_interval_that_holds_its_rounding():
    # Without a task nothing varies, and nothing that is moved changes the mean: but the sum of as
    # many numbers 0.3 is rounded.
    silent = Setting(7, 3, Isotropic(2), Isotropic(2), [0.0, 0.0], 0.3, ZeroWeights())
    found = simulate(silent, 1000, step_size=0.0, method="conditional", seed=1)
    assert found.interval[0] < 0.3 < found.interval[1]
    assert found.interval[1] - found.interval[0] < 1e-11


def test_what_does_not_vary_has_an_interval_that_holds_its_rounding():
    # A step of zero, from a start at which no step helps.
    setting = SMALL["n = k = d = 1, noise"]
    found = simulate(setting, 1000, method="conditional", step_size=0.0)
    low, high = found.interval
    assert low < one_step_risk(setting).risk_before < high < (1.0 + 1e-11) * low


# Of a hard setting the closed averages are off by more than the prompts vary, which has to be in
# the interval; of the first one the task's part in the labels is lost altogether.
@pytest.mark.parametrize("number", [2, 12, 52, 126, 150, 154])
def test_the_interval_holds_what_rounding_does_to_the_mean(number):
    source = hard_settings.HardSettings(991)
    *_, setting = islice(iter(source.setting, None), number)
    exact = one_step_risk(setting).risk_after
    found = simulate(setting, 24, method="conditional", seed=number)
    if found.interval is None:
        assert number == 2
        assert exact > 0.0
    else:
        low, high = found.interval
        assert low <= exact <= high


def test_large_dimensions_have_no_interval():
    setting = Setting(5, 3, Isotropic(65), Isotropic(65), [1.0] * 65)
    assert simulate(setting, 5, method="conditional").interval is None
