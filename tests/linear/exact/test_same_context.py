"""One step on its own context: printed and compiled formulas, and what a fresh context changes."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttt_theory import Isotropic, PretrainedWeights, Setting, ZeroWeights, one_step_risk
from ttt_theory.linear.closed_form import same_context

SIZES = [(1, 1, 1), (20, 40, 40), (3, 7, 2), (1, 100, 5)]
STARTS = {"warm": PretrainedWeights(), "cold": ZeroWeights()}


def printed(n, k, d):
    """The improvements of theory.md, section 2, fact 13, with ‖β‖ = 1."""
    top = (d + 1) * n**2 + (2 * d**2 + 2 * d + 12) * n + d**3 + d**2 + 3 * d + 19
    bottom = (d + 1) * n**2 + (2 * d**2 + 2 * d + 56) * n + d**3 + d**2 + 7 * d + 199
    common = k * n / ((n + 2) * (k + d + 1) * (n + d + 5))
    return {
        "warm": common * top**2 / ((n + d + 1) ** 2 * bottom),
        "cold": common * (n + d + 1) ** 2 / (n + d + 3),
    }


def isotropic(n, k, d, start, noise=0.0, prior=1.0, evaluation="same"):
    return Setting(
        n,
        k,
        Isotropic(d),
        Isotropic(d, scale=prior),
        np.eye(d)[0],
        noise,
        STARTS[start],
        evaluation=evaluation,
    )


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("start", STARTS)
def test_the_formulas_in_print(sizes, start):
    expected = printed(*sizes)[start]
    assert one_step_risk(isotropic(*sizes, start)).improvement == pytest.approx(expected, rel=1e-12)
    compiled = getattr(same_context, f"{start}_improvement")(*sizes, 1)
    assert compiled == pytest.approx(expected, rel=1e-12)


@given(
    st.integers(1, 300),
    st.integers(1, 10**6),
    st.integers(1, 64),
    st.just(0.0) | st.floats(1e-4, 1e4),
)
def test_neither_effect_with_noise_and_tasks_of_the_right_length(n, k, d, noise):
    warm, longer = (
        one_step_risk(isotropic(length, k, d, "warm", noise, 1 / d)).risk_after
        for length in (n, n + 1)
    )
    cold = one_step_risk(isotropic(n, k, d, "cold", noise)).risk_after
    # They may agree in all but their last digits, where noise is all there is.
    assert longer <= warm * (1 + 1e-12)
    assert warm <= cold * (1 + 1e-12)


def test_a_fresh_context_has_both_effects_and_so_has_a_prior_of_longer_tasks():
    def risks(n, k, d, evaluation="same", noise=0.0):
        settings = [(n, "warm"), (n, "cold"), (n + 1, "warm")]
        return [
            one_step_risk(isotropic(length, k, d, start, noise, evaluation=evaluation)).risk_after
            for length, start in settings
        ]

    warm, cold, _ = risks(25, 2000, 50, "fresh")
    assert cold < warm
    warm, _, longer = risks(400, 10000, 1000, "fresh")
    assert longer > warm
    warm, cold, longer = risks(20, 40, 40, noise=5.0)
    assert cold < warm < longer


def test_the_limit_on_the_same_context():
    alpha, gamma = 0.5, 1.5
    errors = []
    for d in (200, 400, 800):
        exact = same_context.warm_improvement(alpha * d, gamma * d, d, 1.0)
        errors.append(1.0 - exact / (gamma / ((1 + gamma) * (1 + alpha))))
    for one, other in itertools.pairwise(errors):
        assert one / other == pytest.approx(2.0, rel=0.03)


def test_only_the_evaluation_differs():
    setting = isotropic(12, 5, 3, "warm", 0.5)
    fresh = dataclasses.replace(setting, evaluation="fresh")
    same, other = one_step_risk(setting), one_step_risk(fresh)
    assert same.risk_before == pytest.approx(other.risk_before, rel=1e-14)
    assert same.risk_after < other.risk_after
