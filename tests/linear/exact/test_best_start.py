"""The best multiple of the pretrained weights: against scans, exact fractions and known numbers."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory.errors import InvalidSettingError, LostPrecisionError
from ttt_theory.linear.exact import best_start


def setting(n, k, features, task, noise=0.0, prior=None, **fields):
    prior = prior or ttt.Isotropic(features.dim)
    return ttt.Setting(n, k, features, prior, task, noise, **fields)


def isotropic(n, k, d, square=1.0, noise=0.0, **fields):
    return setting(n, k, ttt.Isotropic(d), [square**0.5, *[0.0] * (d - 1)], noise, **fields)


def risk_after(given, factor):
    start = ttt.PretrainedWeights(factor)
    return ttt.one_step_risk(dataclasses.replace(given, initialization=start)).risk_after


def scan(given, factors):
    return np.array([risk_after(given, factor) for factor in factors])


def test_between_cold_and_warm():
    best = ttt.best_start(isotropic(20, 40, 40))
    assert best.factor == pytest.approx(0.5548, abs=1e-4)
    risks = [
        best.risk,
        risk_after(isotropic(20, 40, 40), 1.0),
        risk_after(isotropic(20, 40, 40), 0.0),
    ]
    assert risks == pytest.approx([0.512, 0.568, 0.622], abs=1e-3)
    assert (best.dim, best.context_length, best.test_samples) == (40, 20, 40)


def test_of_two_minima_the_lower_one():
    given = isotropic(1000, 10**6, 10)
    factors = np.linspace(0.0, 1.2, 241)
    risks = scan(given, factors)
    inner = risks[1:-1]
    minima = factors[1:-1][(inner < risks[:-2]) & (inner < risks[2:])]
    assert len(minima) == 2
    best = ttt.best_start(given)
    assert abs(best.factor - minima[0]) < 0.01
    assert best.risk < risks.min()


def test_above_the_warm_start_with_noise():
    # n = k = d = 1: what the best factor is follows from the quadratics, in fractions.
    best = ttt.best_start(isotropic(1, 1, 1, 10.0, 1.0))
    assert best.factor == pytest.approx(1.29, abs=1e-3)
    assert best.risk < risk_after(isotropic(1, 1, 1, 10.0, 1.0), 1.0)


def test_one_dimension_without_noise_is_best_left_alone():
    best = ttt.best_start(isotropic(7, 3, 1, 2.0))
    assert (best.factor, best.step_size) == (1.0, 0.0)


@pytest.mark.parametrize(
    "fields", [{}, {"step_rule": "normalized"}, {"step_rule": "normalized", "evaluation": "same"}]
)
@settings(max_examples=6, deadline=None)
@given(
    n=st.integers(4, 60),
    k=st.integers(1, 80),
    noise=st.sampled_from([0.0, 0.5, 20.0]),
    square=st.sampled_from([0.25, 1.0, 30.0]),
    values=st.lists(st.sampled_from([0.5, 1.0, 2.0, 5.0]), min_size=3, max_size=5),
)
def test_no_other_factor_is_better(fields, n, k, noise, square, values):
    task = np.linspace(0.5, 1.0, len(values)) * square**0.5
    given = setting(n, k, ttt.Diagonal(values), task, noise, **fields)
    best = ttt.best_start(given)
    assert best.risk == risk_after(given, best.factor)
    ends = max(2.0, 2.0 * abs(best.factor))
    factors = np.linspace(-ends, ends, 61)
    assert best.risk <= scan(given, factors).min() * (1.0 + 1e-12)


@pytest.mark.parametrize("prior", [1e-12, 1.0, 1e9])
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("rule", ["plain", "normalized"])
def test_the_unit_of_the_prior_is_the_factors(prior, noise, rule):
    # Without noise W* does not know its prior's size; with noise, a small one makes W* small.
    task = [1.0, 2.0, 3.0]
    exact = setting(
        20, 10, ttt.Isotropic(3), task, noise, ttt.Isotropic(3, scale=prior), step_rule=rule
    )
    other = setting(
        20, 10, ttt.Diagonal([1.0] * 3), task, noise, ttt.Diagonal([prior] * 3), step_rule=rule
    )
    one, two = ttt.best_start(exact), ttt.best_start(other)
    assert two.factor == pytest.approx(one.factor, rel=1e-9)
    assert two.risk == pytest.approx(one.risk, rel=1e-11)


@pytest.mark.parametrize("rule", ["plain", "normalized"])
def test_large_sizes(rule):
    given = isotropic(10**15, 10**15, 3, step_rule=rule)
    best = ttt.best_start(given)
    assert best.factor == pytest.approx(1.0, abs=1e-9)
    assert best.risk <= risk_after(given, 1.0)


def test_lost_digits_are_refused(monkeypatch):
    # Better and better known coefficients of no use: they are taken for good to 1e-13 alone.
    monkeypatch.setattr(best_start, "_KNOWN", Fraction(1, 10**6))
    with pytest.raises(LostPrecisionError):
        ttt.best_start(isotropic(20, 40, 40))


def test_other_factors_cannot_matter():
    nothing = setting(5, 3, ttt.Isotropic(2), [1.0, 0.0], 0.5, ttt.Diagonal([0.0, 0.0]))
    assert ttt.best_start(nothing).factor == 0.0
    assert ttt.best_start(nothing).risk == risk_after(nothing, 0.0)
    silent = ttt.best_start(isotropic(5, 3, 2, 0.0))
    assert (silent.factor, silent.risk) == (0.0, 0.0)


def test_a_task_of_zero_wants_no_weights():
    best = ttt.best_start(isotropic(5, 3, 2, 0.0, 0.5))
    assert (best.factor, best.risk) == (0.0, 0.5)


def test_given_weights_have_no_multiple():
    given = isotropic(5, 3, 2, initialization=ttt.DenseWeights(np.eye(2)))
    with pytest.raises(InvalidSettingError, match="initialization"):
        ttt.best_start(given)


def test_what_has_no_risk_has_no_best_start():
    with pytest.raises(InvalidSettingError, match="infinite"):
        ttt.best_start(isotropic(2, 3, 9, step_rule="normalized"))
