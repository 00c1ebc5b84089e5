import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttt_theory.evidence.robust_mean import interval_radius, robust_mean, samples_for_radius

RATE = 1e-9


@given(st.floats(1e-6, 1e6), st.integers(50, 10**7))
def test_the_radius_is_catonis(variance, samples):
    radius = interval_radius(variance, samples, RATE)
    log_rate = math.log(2 / RATE)
    assert radius == pytest.approx(
        math.sqrt(2 * variance * log_rate / (samples * (1 - 2 * log_rate / samples))), rel=1e-12
    )


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1.0))
def test_planned_samples_reach_the_radius_and_no_more_than_that(variance, radius):
    samples = samples_for_radius(variance, radius, RATE)
    assert interval_radius(variance, samples, RATE) <= radius * (1 + 1e-12)
    assert interval_radius(variance, samples - 1, RATE) > radius * (1 - 1e-9)


def test_too_few_samples_say_nothing():
    assert interval_radius(1.0, 42, RATE) == math.inf


def test_one_sample_without_variance_says_all():
    assert interval_radius(0.0, 1, RATE) == 0.0


def test_the_interval_of_a_heavy_tailed_mean_holds_where_a_normal_one_does_not():
    # Squares of products of Gaussians, as in the simulated coefficients: kurtosis in the thousands.
    # At a rate of 1 % Catoni's interval may fail 20 times in 2000 runs; a binomial with that mean
    # exceeds 45 with probability below 1e-6. The normal interval fails far more often.
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2000, 400, 3))
    samples = np.prod(factors, axis=-1) ** 2
    variance, rate = 27.0 - 1.0, 0.01
    radius = interval_radius(variance, 400, rate)
    robust = sum(abs(robust_mean(row, variance, rate) - 1.0) > radius for row in samples)
    means, errors = samples.mean(axis=1), samples.std(axis=1, ddof=1) / 20.0
    normal = int(np.sum(abs(means - 1.0) > 2.5758 * errors))
    assert robust <= 45
    assert normal > 100


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_shift_and_scale(shift, scale):
    samples = np.random.default_rng(1).standard_exponential(200)
    plain = robust_mean(samples, 1.0, RATE)
    moved = robust_mean(shift + scale * samples, scale**2, RATE)
    assert moved == pytest.approx(shift + scale * plain, abs=1e-8 * (abs(shift) + scale))


def test_constant_samples():
    assert robust_mean(np.full(100, 3.0), 0.0, RATE) == 3.0
    assert robust_mean(np.full(100, 3.0), 1.0, RATE) == 3.0
