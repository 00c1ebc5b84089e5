"""The exact risk after several steps: against brute force, quadrature, one step and simulation."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.linear.exact.literal_steps import LiteralSteps
from tests.linear.exact.test_wishart import by_parts
from ttt_theory import (
    AR1,
    DenseWeights,
    Diagonal,
    InvalidSettingError,
    Isotropic,
    OutOfRangeError,
    PretrainedWeights,
    Pretraining,
    RandomTask,
    Setting,
    ZeroWeights,
    one_step_risk,
    several_steps_risk,
)
from ttt_theory.evidence.quadrature import chi_square_rule
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers

EVALUATIONS = ("fresh", "same")
ROOT, DEVIATION = Fraction(2, 3), Fraction(1, 2)
STEPS = [Fraction(1, 7), Fraction(-1, 3), Fraction(2, 5)]


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize(
    ("n", "k", "task", "count"),
    [
        (1, 1, [Fraction(3, 2)], 3),
        (2, 1, [Fraction(3, 2)], 2),
        (1, 2, [Fraction(3, 2)], 2),
        (2, 2, [Fraction(3, 2)], 2),
        (1, 1, [Fraction(3, 2), Fraction(1, 3)], 2),
        (1, 2, [Fraction(3, 2), Fraction(1, 3)], 1),
        (2, 1, [Fraction(3, 2), Fraction(1, 3)], 1),
    ],
)
def test_brute_force_gives_the_same_fractions(n, k, task, count, evaluation):
    weight, size = Fraction(1, 5), range(len(task))
    literal = LiteralSteps(n, k, task, ROOT, DEVIATION)
    weights = [[weight if i == j else Fraction(0) for j in size] for i in size]
    risks = literal.risks(weights, STEPS[:count], evaluation)
    square = sum(each**2 for each in task)
    numbers = IsotropicNumbers(n, k, len(task), square, DEVIATION**2, ROOT**2, weight, evaluation)
    descent = numbers.descent(count)
    assert risks == [descent.risk(STEPS[:used]) for used in range(count + 1)]


def context_mean(n, d, signal, noise, function):
    """Average a function of (b, U_2) over the law of u, by nodes in T, z and χ²_(d−1)."""
    times, time_weights = chi_square_rule(n, 24)
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(24)
    spread, spread_weights = chi_square_rule(d - 1, 24)
    node_weights = node_weights / node_weights.sum()
    t, z, x = np.meshgrid(times, nodes, spread, indexing="ij")
    b = math.sqrt(signal) * t + np.sqrt(noise * t) * z
    weights = np.einsum("i,j,l->ijl", time_weights, node_weights, spread_weights)
    return float(np.sum(weights * function(b, (signal + noise) * t * x)))


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize(
    ("n", "k", "d", "signal", "noise", "weight"),
    [(7, 5, 4, 1.25, 0.5, 0.0625), (30, 3, 11, 0.75, 0.0, 0.03125), (2, 40, 60, 0.0, 1.5, 0.25)],
)
def test_every_coefficient_up_to_eight_steps(n, k, d, signal, noise, weight, evaluation):
    """Against quadrature over the law of the context and integration by parts over the samples."""
    count = 8
    w = weight
    start = (w, 1 - n * w, signal * (1 - n * w - 2 * w) - noise * w)
    errors = ErrorMoments(ContextMoments(n, d, signal, noise), *start)
    descent = isotropic_descent(errors, k, count, evaluation)
    s, norm = signal + noise, math.sqrt(signal)
    outer, plain = n * (n + 1), n * s

    def error_square(b, across):
        return (norm - w * b) ** 2 + w**2 * across

    def context_form(b, across):
        return outer * signal * b**2 + plain * (b**2 + across)

    def gradient_form(b, across):
        # uᵀPe, P = nββᵀ − wM.
        aligned = (n * signal - w * (outer * signal + plain)) * b * (norm - w * b)
        return aligned + w * plain * w * across

    def mean(power, *factors):
        return context_mean(
            n,
            d,
            signal,
            noise,
            lambda b, across: (
                (b**2 + across) ** power * math.prod(factor(b, across) for factor in factors)
            ),
        )

    same = evaluation == "same"
    for m in range(1, count + 1):
        moment = mean(m, error_square) if same else mean(m - 1, gradient_form)
        expected = by_parts((m,), k, d) / d * moment
        assert descent.linear[m - 1] == pytest.approx(expected, rel=1e-9)
    for p in (2, 3, 7, 12, 16):
        power, form = (p, ()) if same else (p - 2, (context_form,))
        expected = by_parts((p,), k, d) / d * mean(power, error_square, *form) + (
            noise * by_parts((p - 1,), k, d) * mean(power, *form)
        )
        for m in range(max(1, p - count), min(count, p - 1) + 1):
            assert descent.quadratic[m - 1][p - m - 1] == pytest.approx(expected, rel=1e-9)


SIZES = st.one_of(st.integers(1, 5), st.integers(1, 10**4), st.integers(1, 10**15))
SCALES = st.one_of(st.just(1.0), st.floats(1e-3, 1e3))


@st.composite
def isotropic_settings(draw):
    d = draw(st.integers(1, 30))
    task = draw(st.lists(st.floats(-2.0, 2.0, width=16), min_size=d, max_size=d))
    start = draw(
        st.sampled_from(
            [ZeroWeights(), PretrainedWeights(), PretrainedWeights(0.625), PretrainedWeights(-1.5)]
        )
    )
    return Setting(
        draw(SIZES),
        draw(SIZES),
        Isotropic(d, scale=draw(SCALES)),
        Isotropic(d, scale=draw(SCALES)),
        task,
        draw(st.one_of(st.just(0.0), SCALES)),
        start,
        Pretraining(draw(SIZES), draw(SCALES)) if draw(st.booleans()) else Pretraining(),
    )


@hypothesis_settings(max_examples=200)
@given(isotropic_settings(), st.floats(-2.0, 3.0))
def test_one_step_is_the_one_step_risk(setting, multiple):
    expected = one_step_risk(setting)
    step = multiple * expected.step_size
    risks = several_steps_risk(setting, [step]).risks
    assert risks[0] == pytest.approx(expected.risk_before, rel=1e-11)
    assert risks[1] == pytest.approx(expected.at(step), rel=1e-9)


@hypothesis_settings(max_examples=50)
@given(isotropic_settings(), st.sampled_from(EVALUATIONS), st.permutations([0.25, 0.5, -0.125]))
def test_steps_may_change_places_and_be_left_out(setting, evaluation, multiples):
    size = one_step_risk(setting).step_size
    setting = dataclasses.replace(setting, evaluation=evaluation)
    steps = [each * size for each in multiples]
    risks = several_steps_risk(setting, steps)
    assert risks.step_sizes == tuple(steps)
    assert len(risks.risks) == 4
    assert risks.risks[-1] == several_steps_risk(setting, sorted(steps)).risks[-1]
    padded = several_steps_risk(setting, [0.0, steps[0], 0.0, *steps[1:]]).risks
    assert padded[0] == padded[1] == risks.risks[0]
    assert padded[2] == padded[3] == risks.risks[1]
    assert padded[-2:] == risks.risks[-2:]


def isotropic(n=20, k=40, d=40, noise=0.0, start=None, **changes):
    task = np.zeros(d)
    task[0] = 1.0
    return Setting(n, k, Isotropic(d), Isotropic(d), task, noise, start or ZeroWeights(), **changes)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize("start", [ZeroWeights(), PretrainedWeights()])
def test_at_any_fixed_step_further_steps_diverge(start, evaluation):
    """Exactly: heavy tails of ‖u‖² outgrow what typical prompts gain, at every step size."""
    setting = isotropic(3, 4, 5, start=start, evaluation=evaluation)
    size = one_step_risk(isotropic(3, 4, 5, start=start)).step_size
    worst = []
    for share in (1.0, 0.25, 0.05):
        risks = several_steps_risk(setting, [share * size] * 16).risks
        turn = int(np.argmin(risks))
        assert turn < 12
        assert all(np.diff(risks[turn:]) > 0.0)
        growth = [math.log(risks[t + 1] / risks[t]) for t in range(11, 16)]
        # Faster than any power of a number: the ratio itself grows.
        assert all(np.diff(growth[:-1]) > 0.0)
        worst.append(risks[-1])
    assert worst[0] > 1e8 * worst[1] > 1e8


def test_two_equal_best_steps_can_be_worse_than_one():
    setting = isotropic()
    one = one_step_risk(setting)
    size = one.step_size
    risks = [
        several_steps_risk(setting, [share * size] * 2).risks[2] for share in (0.3, 0.335, 0.4)
    ]
    assert one.risk_after == pytest.approx(0.6223119, abs=5e-8)
    assert min(risks) == risks[1] == pytest.approx(0.7646458, abs=5e-7)


def test_equal_matrices_of_other_kinds_count_as_isotropic():
    d, task = 4, [1.0, -0.5, 0.25, 2.0]
    start = PretrainedWeights(0.75)
    plain = Setting(6, 5, Isotropic(d, scale=0.5), Isotropic(d), task, 0.25, start)
    # More than two steps are exact for multiples of the identity alone.
    steps = [1e-3, 2e-3, 5e-4]
    expected = several_steps_risk(plain, steps)
    weight = 0.75 / (0.5 * (6 + 1 + d) + 0.25)
    for features, prior, other in (
        (Diagonal([0.5] * d), AR1(d, 0.0), start),
        (AR1(d, 0.0, scale=0.5), Isotropic(d), start),
        (Isotropic(d, scale=0.5), Isotropic(d), DenseWeights(weight * np.eye(d))),
    ):
        setting = Setting(6, 5, features, prior, task, 0.25, other)
        assert several_steps_risk(setting, steps).risks == pytest.approx(expected.risks, rel=1e-13)
    # The prior plays no part in a cold start.
    cold = Setting(6, 5, Isotropic(d), AR1(d, 0.5), task, 0.25, ZeroWeights())
    assert len(several_steps_risk(cold, steps).risks) == 4


def test_sizes_and_scales_of_any_order():
    setting = Setting(
        10**15,
        10**15 - 1,
        Isotropic(3, scale=1e-60),
        Isotropic(3, scale=1e80),
        [1e60, 3e-200, -2e58],
        1e-7,
    )
    step = one_step_risk(setting).step_size
    risks = several_steps_risk(setting, [step] * 8).risks
    assert risks[1] == pytest.approx(one_step_risk(setting).risk_after, rel=1e-9)
    with pytest.raises(OutOfRangeError, match=r"^risks: "):
        several_steps_risk(setting, [1e300] * 8)


def test_nothing_to_learn():
    nothing = Setting(3, 2, Isotropic(2), Isotropic(2), [0.0, 0.0])
    assert several_steps_risk(nothing, [0.5, 1.0]).risks == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("steps", [[], [[1.0]], ["a"], [math.nan], [math.inf], None, 1.0, [True]])
def test_no_step_sizes(steps):
    with pytest.raises(InvalidSettingError, match=r"^step_sizes: ") as caught:
        several_steps_risk(isotropic(), steps)
    assert "\n" not in str(caught.value)


def test_what_has_no_exact_risk_says_so():
    d, steps = 3, [1e-3, 1e-3]
    plain = {"context_length": 4, "test_samples": 2, "task": np.ones(d)}
    plain |= {"feature_covariance": Isotropic(d), "task_covariance": Isotropic(d)}
    for field, changes in {
        "task": {"task": RandomTask(covariance=Isotropic(d))},
        "step_rule": {"step_rule": "normalized"},
        "steps": {},
    }.items():
        setting = Setting(**(plain | changes))
        with pytest.raises(InvalidSettingError, match=rf"^{field}: .*simulate") as caught:
            several_steps_risk(setting, steps if changes else [1e-3] * 17)
        assert "\n" not in str(caught.value)
    with pytest.raises(InvalidSettingError, match=r"^setting: "):
        several_steps_risk("my.toml", steps)
