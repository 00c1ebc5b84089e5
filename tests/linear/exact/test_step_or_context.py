"""Test-time training against a longer context, by exact risks of otherwise equal settings."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory.linear.closed_form import step_or_context

THEORY = (Path(__file__).parents[3] / "docs" / "theory.md").read_text(encoding="utf-8")
FACT = THEORY.partition("17. **Is test-time training")[2].partition("### Conditional")[0]


def setting(n, k, d, noise=0.0, factor=1.0, square=1.0, **fields):
    """A prior of tasks of the test task's length."""
    return ttt.Setting(
        n,
        k,
        ttt.Isotropic(d),
        ttt.Isotropic(d, scale=square / d),
        np.eye(1, d)[0] * square**0.5,
        noise,
        initialization=ttt.PretrainedWeights(factor),
        **fields,
    )


def longer(given_setting):
    """The risk of the same samples in the context."""
    n, k = given_setting.context_length, given_setting.test_samples
    square, noise = float(given_setting.task[0] ** 2), given_setting.noise_variance
    return ttt.one_step_risk(setting(n + k, 1, given_setting.dim, noise, 1.0, square)).risk_before


SIZES = st.integers(1, 60)
NOISES = st.sampled_from([0.0, 0.2, 3.0, 50.0])


@settings(max_examples=60, deadline=None)
@given(n=SIZES, k=SIZES, d=SIZES, noise=NOISES, factor=st.sampled_from([0.0, 1.0]))
def test_one_step_on_a_fresh_context_never_leaves_less(n, k, d, noise, factor):
    one = setting(n, k, d, noise, factor)
    assert ttt.one_step_risk(one).risk_after > longer(one)


@settings(max_examples=25, deadline=None)
@given(n=SIZES, k=SIZES, d=st.integers(2, 60))
def test_nor_does_one_from_the_best_start_without_noise(n, k, d):
    one = setting(n, k, d)
    assert ttt.best_start(one).risk > longer(one)


@pytest.mark.parametrize(("start", "alpha"), [("cold", 0.3), ("cold", 4.0), ("warm", 0.2)])
def test_two_steps_of_the_limit_are_real(start, alpha):
    dim = 4000
    one = setting(int(alpha * dim), dim // 2, dim, 0.0, float(start == "warm"))
    best = ttt.best_steps(one, 2)
    assert best.risks[-1] == pytest.approx(best.polynomial_risk, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(n=SIZES, k=SIZES, d=SIZES, noise=NOISES, square=st.sampled_from([0.25, 1.0, 9.0]))
def test_a_normalized_step_on_the_same_context(n, k, d, noise, square):
    fields = {"evaluation": "same", "step_rule": "normalized"}
    one = setting(n, k, d, noise, 1.0, square, **fields)
    square = float(one.task[0] ** 2)
    advantage = step_or_context.same_warm_advantage(n, k, d, square, noise)
    assert advantage > 0.0
    after = ttt.one_step_risk(one).risk_after
    assert after == pytest.approx(longer(one) - advantage, rel=1e-11)
    cold = ttt.one_step_risk(setting(n, k, d, noise, 0.0, square, **fields)).risk_after
    alone = ttt.one_step_risk(setting(k, 1, d, noise, 1.0, square)).risk_before
    assert cold == pytest.approx(alone, rel=1e-11)


def test_a_plain_step_on_the_same_context_up_to_the_samples_that_are_shown():
    sizes, shown = re.findall(r"^ +\| (?:n, d|k₀) \| (.*) \|$", FACT, flags=re.MULTILINE)
    cells = [each.split(" | ") for each in (sizes, shown)]
    assert len(cells[0]) == len(cells[1]) == 6
    for size, most in zip(*cells, strict=True):
        n, d = map(int, size.split(", "))
        exact = step_or_context.same_plain_samples(Fraction(n), Fraction(d))
        assert most == f"{float(exact):.1f}".replace("-", "−")
        for k, wins in ((int(exact), True), (int(exact) + 1, False)):
            if k >= 1:
                one = setting(n, k, d, evaluation="same")
                assert (ttt.one_step_risk(one).risk_after < longer(one)) is wins
    least = [n for n in range(1, 20) if step_or_context.same_plain_samples(n, 40) > 1.0]
    assert least[0] == 13


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("gamma", [0.3, 0.9, 1.0, 2.5])
@pytest.mark.parametrize("noise", [0.0, 0.4])
@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_several_steps_from_the_cold_start_in_the_limit(steps, gamma, noise, evaluation):
    limit = ttt.proportional_limit(1.0, gamma, "cold", noise, evaluation=evaluation)
    most = step_or_context.cold_context_ratio(limit.degree(steps), limit.degree(steps - 1))
    if noise == 0.0:
        assert most == pytest.approx(sum(gamma**t for t in range(2, steps + 1)), rel=1e-9)
    for alpha, wins in ((0.999 * most, True), (1.001 * most + 1e-3, False)):
        context = (1.0 + noise) / (1.0 + noise + alpha + gamma)
        # The cold start's gain does not depend on α.
        if alpha:
            assert bool(1.0 - limit.degree(steps) < context) is wins


@pytest.mark.parametrize(
    ("alpha", "gamma", "any_filter"),
    [
        (0.2, 0.22, False),
        (0.2, 0.26, True),
        (0.2, 2.6, True),
        (0.2, 2.8, False),
        (0.7, 1.0, False),
        (0.6, 1.0, True),
    ],
)
def test_several_steps_from_the_warm_start_in_the_limit(alpha, gamma, any_filter):
    limit = ttt.proportional_limit(alpha, gamma)
    before, context = 1.0 / (1.0 + alpha), 1.0 / (1.0 + alpha + gamma)
    assert bool(before - limit.filter_bound < context) is any_filter
    two = alpha * (1 + alpha) * (1 + gamma) + alpha * (2 + alpha) * gamma**2 < gamma
    assert bool(before - limit.degree(2) < context) is two
    needed = step_or_context.warm_fraction(alpha, gamma, 0.0)
    assert bool(limit.degree(2) * (1.0 + alpha) ** 3 > needed) is two
    assert before - limit.one_step > context


@settings(max_examples=30, deadline=None)
@given(n=SIZES, k=SIZES, d=SIZES, steps=st.integers(1, 4))
def test_no_number_of_cold_steps_passes_the_bound(n, k, d, steps):
    one = setting(n, k, d, 0.0, 0.0)
    least = ttt.best_steps(one, steps).polynomial_risk
    assert least > step_or_context.cold_span_risk(n, d, min(k, d)) * (1.0 - 1e-12)
    if k >= step_or_context.cold_samples(n, d):
        assert least > longer(one)


def test_the_sizes_from_which_several_cold_steps_leave_less():
    steps, dims = re.findall(r"^ +\| (?:steps|d) \| (.*) \|$", FACT, flags=re.MULTILINE)
    pairs = list(zip(steps.split(" | "), dims.split(" | "), strict=True))
    assert pairs[0] == ("1", "none")
    assert len(pairs) == 6
    for count, dim in pairs[1:]:
        for d, wins in ((int(dim) - 2, False), (int(dim), True)):
            one = setting(d // 2, d, d, 0.0, 0.0)
            assert (ttt.best_steps(one, int(count)).risks[-1] < longer(one)) is wins
    for d, wins in ((1150, False), (1160, True)):
        one = setting(d // 10, d // 2, d)
        assert (ttt.best_steps(one, 2).risks[-1] < longer(one)) is wins
