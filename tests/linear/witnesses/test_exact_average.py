"""The exact risk against the literal simulator, averaged exactly, over drawn settings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory import DenseWeights, Setting, one_step_risk
from ttt_theory.linear.exact.weights import pretrained_weights
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.witnesses.exact_average import (
    exact_coefficients,
    gaussian_rule,
    pretraining_gradient,
)
from ttt_theory.structured.base import dense
from ttt_theory.testing import covariances, settings

# (n, k, d, noise): all that a rule of at most a few hundred thousand points can average.
SIZES = [
    (1, 1, 1, True),
    (2, 1, 1, True),
    (1, 2, 1, True),
    (5, 1, 1, False),
    (1, 4, 1, False),
    (1, 1, 2, True),
    (1, 2, 2, False),
    (2, 1, 2, False),
    (1, 1, 3, False),
]
NUMBERS = st.sampled_from([0.0, 1.0, -0.5, 0.3, -2.0])


@st.composite
def tiny_settings(draw):
    n, k, d, noisy = draw(st.sampled_from(SIZES))
    weights = np.array(draw(st.lists(NUMBERS, min_size=d * d, max_size=d * d))).reshape(d, d)
    return Setting(
        context_length=n,
        test_samples=k,
        feature_covariance=draw(covariances(d, extreme_scales=False)),
        task_covariance=draw(covariances(d, extreme_scales=False)),
        task=draw(st.lists(NUMBERS, min_size=d, max_size=d)),
        noise_variance=draw(st.sampled_from([0.0, 0.2, 3.0])) if noisy else 0.0,
        initialization=DenseWeights(weights / n),
    )


@hypothesis_settings(max_examples=60)
@given(tiny_settings())
def test_the_literal_expectation_is_the_exact_risk(setting):
    constant, linear, quadratic = exact_coefficients(literal_simulator(setting))
    risk = one_step_risk(setting)
    assert risk.constant == pytest.approx(constant, rel=1e-10, abs=1e-290)
    assert risk.quadratic == pytest.approx(quadratic, rel=1e-10, abs=1e-290)
    # |c1| ≤ 2√(c0c2) sets the scale of its rounding error.
    assert risk.linear == pytest.approx(linear, abs=1e-11 * math.sqrt(constant * quadratic))
    for step in (0.0, 0.3, 1.0, 2.0):
        eta = step * risk.step_size
        literal = constant - linear * eta + quadratic * eta**2
        assert risk.at(eta) == pytest.approx(literal, abs=1e-10 * constant)


@hypothesis_settings(max_examples=40)
@given(settings(max_dim=2, max_count=2, extreme_scales=False))
def test_the_literal_pretraining_gradient_vanishes_at_the_optimum(setting):
    optimum = dense(pretrained_weights(setting))
    at_zero = pretraining_gradient(setting, np.zeros_like(optimum))
    at_optimum = pretraining_gradient(setting, optimum)
    assert np.max(np.abs(at_optimum)) <= 1e-10 * np.max(np.abs(at_zero))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_rule_is_exact_to_its_degree(nodes):
    points, weights = gaussian_rule(nodes)
    assert np.sum(weights) == pytest.approx(1.0, rel=1e-12)
    for variable, count in enumerate(nodes):
        for degree in range(2 * count):
            moment = math.prod(range(1, degree, 2)) if degree % 2 == 0 else 0
            assert weights @ points[:, variable] ** degree == pytest.approx(
                moment, rel=1e-11, abs=1e-9
            )
        wrong = weights @ points[:, variable] ** (2 * count)
        assert abs(wrong - math.prod(range(1, 2 * count, 2))) > 0.5
