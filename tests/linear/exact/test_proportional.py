"""Limits of one step, several and all of them, by quadrature and as limits of exact gains."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from ttt_theory import InvalidSettingError, proportional_limit
from ttt_theory.linear.closed_form import filters, isotropic
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers
from ttt_theory.linear.witnesses import marchenko_pastur

RATIOS = st.floats(0.02, 50.0)
NOISES = st.one_of(st.just(0.0), st.floats(1e-3, 20.0))
STARTS = st.sampled_from(["warm", "cold"])
EVALUATIONS = st.sampled_from(["fresh", "same"])


def functional(alpha, gamma, start, noise, evaluation):
    """Return the gain of a filter and the best factor of 1/(x + λ), from the law of the context.

    With ‖β‖ = 1 and labels of variance s = 1 + σ², u has the square n² + nds, along β the part n².
    """
    label = 1.0 + noise
    omega = alpha / (1.0 + alpha) if start == "warm" else 0.0
    kept = (1.0 - omega) ** 2
    error = kept + omega**2 * label / alpha
    rho = 1.0 / (1.0 + label / alpha)

    def gain(h, x, weights):
        """Return R before − R after of the filter h on the eigenvalues x."""
        signal, energy = np.sum(weights * h), np.sum(weights * h**2) * error
        energy += noise * np.sum(weights[x > 0.0] * h[x > 0.0] ** 2 / x[x > 0.0])
        if evaluation == "same":
            return 2.0 * error * signal - energy
        return 2.0 * rho * kept * signal - rho**2 * energy

    factor = 1.0 if evaluation == "same" else kept / (rho * error)
    return gain, factor, noise / error


@given(RATIOS, RATIOS, STARTS, NOISES, EVALUATIONS)
def test_the_gains_of_filters_are_those_of_the_functional(alpha, gamma, start, noise, evaluation):
    limit = proportional_limit(alpha, gamma, start, noise, evaluation=evaluation)
    gain, factor, relative = functional(alpha, gamma, start, noise, evaluation)
    x, weights = marchenko_pastur.rule(gamma)
    # Near x = 0 the quadrature needs more nodes than it has.
    assume(abs(math.sqrt(gamma) - 1.0) > 0.03 or relative > 1e-3)
    ridge = np.where(x > 0.0, factor * x / (x + relative + (x == 0.0)), 0.0)
    assert limit.filter_bound == pytest.approx(gain(ridge, x, weights), rel=1e-10)
    # A quadratic c1 η − c2 η² by its values at two steps.
    one, two = gain(x, x, weights), gain(2.0 * x, x, weights)
    linear, quadratic = 2.0 * one - two / 2.0, one - two / 2.0
    assert limit.one_step == pytest.approx(linear**2 / (4.0 * quadratic), rel=1e-9)
    assert limit.share == pytest.approx(limit.one_step / limit.filter_bound, rel=1e-13)
    assert 0.5 <= limit.share <= 1.0
    if noise == 0.0 or abs(gamma - 1.0) > 0.2:
        fit = gain((x > 0.0).astype(float), x, weights)
        assert limit.converged == pytest.approx(fit, rel=1e-9, abs=1e-10 * limit.filter_bound)
        assert limit.converged <= limit.filter_bound * (1 + 1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("gamma", [0.05, 0.5, 0.9, 1.0, 1.2, 3.0, 40.0])
def test_polynomials_are_those_of_least_squares_on_the_law(gamma, noise):
    limit = proportional_limit(0.7, gamma, "cold", noise)
    for degree in (1, 2, 3, 4, 8, 15):
        expected = marchenko_pastur.polynomial_fraction(gamma, noise, degree)
        assert limit.degree(degree) == pytest.approx(expected, rel=1e-10)


@given(RATIOS, RATIOS, STARTS, NOISES, EVALUATIONS)
def test_degrees_rise_from_one_step_to_the_bound(alpha, gamma, start, noise, evaluation):
    limit = proportional_limit(alpha, gamma, start, noise, evaluation=evaluation)
    degrees = limit.degree(np.arange(0, 60))
    assert degrees[0] == 0.0
    assert degrees[1] == pytest.approx(limit.one_step, rel=1e-13)
    assert np.all(np.diff(degrees) >= -1e-13 * limit.filter_bound)
    # The recursion of the convergents.
    omega = alpha / (1.0 + alpha) if start == "warm" else 0.0
    error = (1.0 - omega) ** 2 + omega**2 * (1.0 + noise) / alpha
    scale = (error if evaluation == "same" else (1.0 - omega) ** 2) ** 2 / error
    fraction = 0.0
    for t in range(1, 60):
        fraction = filters.convergent(gamma, noise / error, fraction)
        assert degrees[t] == pytest.approx(scale * fraction, rel=1e-11)
    assert limit.degree(10**15) == pytest.approx(limit.filter_bound, rel=1e-12)


@pytest.mark.parametrize("distance", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
def test_nothing_is_lost_near_as_many_samples_as_features(distance):
    gamma = 1.0 + distance
    limit = proportional_limit(0.7, gamma, "cold")
    exact = Fraction(gamma)
    for t in (1, 5, 100):
        total = sum(exact**i for i in range(t))
        expected = float(exact * total / (total + exact**t))
        assert limit.degree(t) == pytest.approx(expected, rel=1e-14)
    with mpmath.workdps(60):
        for t in (10**6, 10**12):
            ratio = mpmath.mpf(gamma)
            expected = t / (t + 1.0)
            if distance:
                expected = float((1 - ratio**-t) / (1 - ratio ** -(t + 1)))
            assert limit.degree(t) == pytest.approx(expected, rel=1e-14)


def test_the_formulas_of_the_text_without_noise():
    for alpha, gamma in itertools.product((0.3, 1.0, 4.0), (0.2, 0.8, 1.5, 7.0)):
        warm = proportional_limit(alpha, gamma)
        bound = min(gamma, 1.0) / (1.0 + alpha) ** 3
        assert warm.one_step == pytest.approx(gamma / (1.0 + gamma) / (1.0 + alpha) ** 3, rel=1e-14)
        assert warm.filter_bound == pytest.approx(bound, rel=1e-14)
        assert warm.share == pytest.approx(max(1.0, gamma) / (1.0 + gamma), rel=1e-14)
        assert warm.converged == pytest.approx(alpha * (2.0 - alpha) * bound, rel=1e-14)
        for t in (1, 2, 5):
            closed = gamma * (gamma**t - 1.0) / (gamma ** (t + 1) - 1.0) / (1.0 + alpha) ** 3
            assert warm.degree(t) == pytest.approx(closed, rel=1e-13)
        same = proportional_limit(alpha, gamma, evaluation="same")
        assert same.one_step == pytest.approx(gamma / (1.0 + gamma) / (1.0 + alpha), rel=1e-14)
        assert same.converged == pytest.approx(same.filter_bound, rel=1e-14)


def test_convergence_does_harm_where_it_must():
    assert proportional_limit(2.0, 3.0).converged == pytest.approx(0.0, abs=1e-17)
    assert proportional_limit(2.5, 3.0).converged < 0.0 < proportional_limit(1.5, 3.0).converged
    assert proportional_limit(1.0, 1.0, noise=0.1).converged == -math.inf
    assert proportional_limit(1.0, 1.0).converged == pytest.approx(1.0 / 8.0)


def exact_one_step(alpha, gamma, start, noise, d):
    n, k, d = Fraction(alpha) * d, Fraction(gamma) * d, Fraction(d)
    weight = 1 / (n + d + 1) if start == "warm" else Fraction(0)
    arguments = (n, d, 1, Fraction(noise), weight)
    linear = isotropic.linear(n, k, d, 1, Fraction(noise), weight)
    quadratic = isotropic.quadratic(n, k, d, 1, Fraction(noise), weight)
    assert isotropic.constant(*arguments) > 0
    return linear**2 / (4 * quadratic)


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize(("alpha", "gamma", "noise"), [(0.5, 1.0, 0.0), (1.5, 0.5, 0.75)])
def test_one_step_is_the_limit_of_the_exact_gain(alpha, gamma, noise, start):
    limit = proportional_limit(alpha, gamma, start, noise).one_step
    gains = [exact_one_step(alpha, gamma, start, noise, 200 * 2**i) for i in range(7)]
    for order in range(1, len(gains)):
        gains = [(2**order * b - a) / (2**order - 1) for a, b in itertools.pairwise(gains)]
    assert float(gains[0]) == pytest.approx(limit, rel=1e-8)


def test_arrays_broadcast():
    limit = proportional_limit([[0.5], [2.0]], [0.3, 1.0, 4.0], noise=0.2)
    assert limit.share.shape == limit.one_step.shape == limit.converged.shape == (2, 3)
    single = proportional_limit(2.0, 4.0, noise=0.2)
    assert limit.degree([[[1]], [[2]]]).shape == (2, 2, 3)
    for name in ("one_step", "filter_bound", "share", "converged"):
        assert np.ndim(getattr(single, name)) == 0
        assert getattr(limit, name)[1, 2] == getattr(single, name)
    assert limit.degree(7)[1, 2] == single.degree(7)


def test_extreme_ratios_have_their_own_limits():
    for start, evaluation in itertools.product(("warm", "cold"), ("fresh", "same")):
        for alpha, gamma in itertools.product((1e-15, 1.0, 1e15), repeat=2):
            for noise in (0.0, 1e-30, 1e30):
                limit = proportional_limit(alpha, gamma, start, noise, evaluation=evaluation)
                assert 0.0 < limit.one_step <= limit.filter_bound * (1 + 1e-15)
                assert 0.5 <= limit.share <= 1.0
                assert limit.degree(3) <= limit.filter_bound * (1 + 1e-15)
    many = proportional_limit(1e15, 1e15)
    assert many.filter_bound == pytest.approx(1e-45, rel=1e-12)
    assert proportional_limit(0.5, 1.0, "cold", 1e30).one_step == pytest.approx(1e-30, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": [1.0, math.nan]}, "alpha"),
        ({"alpha": "1"}, "alpha"),
        ({"gamma": -1.0}, "gamma"),
        ({"gamma": math.inf}, "gamma"),
        ({"gamma": True}, "gamma"),
        ({"noise": -0.1}, "noise"),
        ({"noise": 1e31}, "noise"),
        ({"alpha": [1.0, 2.0], "gamma": [1.0, 2.0, 3.0]}, "gamma"),
        ({"start": "hot"}, "start"),
        ({"start": ["warm"]}, "start"),
        ({"evaluation": "other"}, "evaluation"),
    ],
)
def test_invalid_arguments_are_named(arguments, field):
    with pytest.raises(InvalidSettingError) as raised:
        proportional_limit(**({"alpha": 1.0, "gamma": 1.0} | arguments))
    assert raised.value.field == field


@pytest.mark.parametrize("steps", [-1, 1.5, math.nan, "2", [[1, 2, 3]] * 2])
def test_invalid_degrees_are_named(steps):
    with pytest.raises(InvalidSettingError) as raised:
        proportional_limit([1.0, 2.0], 1.0).degree(steps)
    assert raised.value.field == "steps"


def exact_gain(alpha, gamma, start, noise, evaluation, degree, d):
    """Return the gain of the best polynomial of degree t at finite size, exactly."""
    n, k = Fraction(alpha) * d, Fraction(gamma) * d
    weight = Fraction(1, int(n) + d + 1) if start == "warm" else Fraction(0)
    numbers = IsotropicNumbers(
        int(n), int(k), d, Fraction(1), Fraction(noise), Fraction(1), weight, evaluation
    )
    descent = numbers.descent(degree)
    matrix = sympy.Matrix(descent.quadratic).applyfunc(sympy.Rational)
    right = sympy.Matrix(descent.linear).applyfunc(sympy.Rational)
    return Fraction(str((right.T * matrix.LUsolve(right))[0]))


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize(("alpha", "gamma", "noise"), [(0.5, 1, 0), (2, 0.5, 0), (1, 2, 0.25)])
def test_degrees_are_the_limits_of_exact_gains(alpha, gamma, noise, start, evaluation, degree):
    limit = proportional_limit(alpha, gamma, start, noise, evaluation=evaluation).degree(degree)
    sizes = [100 * 2**i for i in range(9)]
    gains = [exact_gain(alpha, gamma, start, noise, evaluation, degree, d) for d in sizes]
    deviations = [d * (float(gain) - limit) for d, gain in zip(sizes, gains, strict=True)]
    # Of order 1/d, with a coefficient that has settled.
    assert deviations[0] < 0.0
    assert deviations[-3:-1] == pytest.approx(deviations[-2:], rel=0.02)
    if degree == 1:
        assert deviations[1] == pytest.approx(deviations[2], rel=0.03)
    for order in range(1, len(gains)):
        gains = [(2**order * b - a) / (2**order - 1) for a, b in itertools.pairwise(gains)]
    assert float(gains[0]) == pytest.approx(limit, rel=1e-8)
