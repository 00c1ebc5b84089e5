"""What a wrong pretraining costs and a step repairs: compiled formulas against exact risks."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import optimize

import ttt_theory as ttt
from tests import documented
from ttt_theory.evidence.algebra import indeterminates, positive
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.closed_form import isotropic, limits, pretraining, shift

SIZES = st.integers(1, 40)
SCALES = st.sampled_from([0.25, 0.5, 1.0, 3.0])


@st.composite
def shifted_settings(draw):
    """Return a setting whose pretraining differs in everything, and the matched one."""
    dim, entry, variance = draw(SIZES), draw(SCALES), draw(SCALES)
    noise = draw(st.sampled_from([0.0, 0.5, 4.0]))
    features = ttt.Isotropic(dim, scale=variance)
    matched = ttt.Setting(
        draw(SIZES),
        draw(SIZES),
        features,
        ttt.Isotropic(dim, scale=entry**2),
        np.full(dim, entry),
        noise,
    )
    source = ttt.Pretraining(
        draw(SIZES),
        draw(st.sampled_from([0.0, 1.0, 9.0])),
        ttt.Isotropic(dim, scale=draw(SCALES)),
    )
    prior = ttt.Isotropic(dim, scale=draw(SCALES))
    return dataclasses.replace(matched, pretraining=source, task_covariance=prior), matched


def in_units(setting):
    """Return n, d, ‖√aβ‖² and σ², of which the risk is that for Σ_x = I."""
    square = setting.feature_covariance.scale * (setting.task @ setting.task)
    return setting.context_length, setting.dim, square, setting.noise_variance


def ratio_of(setting):
    n, d, square, noise = in_units(setting)
    source, variance = setting.pretraining, setting.pretraining.feature_covariance.scale
    return shift.weight_ratio(
        n,
        d,
        noise / square,
        source.context_length,
        source.noise_variance / (d * variance * setting.task_covariance.scale),
        setting.feature_covariance.scale / variance,
    )


def best_weight(n, d, square, noise):
    return pretraining.isotropic_weight(n, d, d * noise / square)


@hypothesis_settings(max_examples=60)
@given(shifted_settings())
def test_every_isotropic_shift_is_one_number(pair):
    shifted, matched = pair
    ratio, sizes = ratio_of(shifted), in_units(matched)
    one, other = ttt.one_step_risk(shifted), ttt.one_step_risk(matched)
    loss = shift.pretraining_loss(*sizes, ratio)
    assert one.risk_before == pytest.approx(other.risk_before + loss, rel=1e-12)
    multiple = dataclasses.replace(matched, initialization=ttt.PretrainedWeights(ratio))
    again = ttt.one_step_risk(multiple)
    assert one.risk_after == pytest.approx(again.risk_after, rel=1e-11)
    weight = ratio * best_weight(*sizes)
    half = shift.half_gain_samples(*sizes, weight)
    gain = shift.full_gain(*sizes, weight)
    k = matched.test_samples
    # In one dimension the matched weights have nothing to gain.
    assert one.improvement == pytest.approx(
        gain * k / (k + half), rel=1e-8, abs=1e-13 * one.risk_before
    )


@hypothesis_settings(max_examples=40)
@given(shifted_settings())
def test_the_samples_that_repair(pair):
    shifted, matched = pair
    sizes, ratio = in_units(matched), ratio_of(shifted)
    target = ttt.one_step_risk(matched).risk_before
    loss = shift.pretraining_loss(*sizes, ratio)
    weight = ratio * best_weight(*sizes)
    gain = shift.full_gain(*sizes, weight)
    assume(loss > 1e-6 * target and abs(gain / loss - 1) > 1e-6)
    if gain < loss:
        endless = dataclasses.replace(shifted, test_samples=10**15)
        assert ttt.one_step_risk(endless).risk_after > target
        return
    samples = shift.samples_needed(shift.half_gain_samples(*sizes, weight), loss, gain)
    assume(abs(samples - round(samples)) > 1e-6)
    for k in {max(1, math.floor(samples)), math.ceil(samples)}:
        after = ttt.one_step_risk(dataclasses.replace(shifted, test_samples=k)).risk_after
        assert (after <= target) == (k >= samples)


def test_the_threshold_is_of_any_setting():
    # Nothing isotropic, nothing commutes: two risks give G and K, and these the k that repairs.
    features, prior = ttt.AR1(3, 0.6, scale=1.5), ttt.PowerLaw(3, 1.0)
    matched = ttt.Setting(2, 1, features, prior, [1.0, -0.5, 2.0], 0.25)
    source = ttt.Pretraining(9, 0.25, ttt.Equicorrelated(3, 0.3, scale=1.5))
    target = ttt.one_step_risk(matched).risk_before

    def risk(k):
        return ttt.one_step_risk(dataclasses.replace(matched, test_samples=k, pretraining=source))

    one, two = (1 / risk(k).improvement for k in (1, 2))
    half = 2 * (one - two) / (2 * two - one)
    gain = 1 / (2 * two - one)
    samples = shift.samples_needed(half, risk(1).risk_before - target, gain)
    assert samples > 1
    below, above = (risk(k).risk_after for k in (math.floor(samples), math.ceil(samples)))
    assert above <= target < below


def limit_risk(alpha, gamma, ratio):
    """Return the limit of the risk after the step, for ‖β‖ = 1 and without noise."""
    omega = ratio * alpha / (1 + alpha)
    before = (1 - omega) ** 2 + omega**2 / alpha
    return before - gamma / (1 + gamma) * (1 - omega) ** 4 / before


@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(9, 10), Fraction(11, 10)])
@pytest.mark.parametrize("alpha", [Fraction(1, 2), Fraction(1), Fraction(2)])
def test_thresholds_are_ties_in_the_limit(alpha, ratio):
    gamma = shift.repair_threshold(alpha, ratio)
    assert limit_risk(alpha, gamma, ratio) == 1 / (1 + alpha)
    gamma = shift.surpassing_threshold(alpha, ratio)
    assert limit_risk(alpha, gamma, ratio) == limit_risk(alpha, gamma, 1)
    gamma = shift.cold_threshold(alpha, ratio)
    assert limit_risk(alpha, gamma, ratio) == 1 / (1 + gamma)


@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(11, 10)])
def test_exact_thresholds_tend_to_them(ratio):
    alpha = Fraction(1, 2)

    def gain(n, d, c):
        return shift.full_gain(n, d, 1, 0, c / (n + d + 1))

    def errors(d):
        n = alpha * d
        loss = shift.pretraining_loss(n, d, 1, 0, ratio)
        behind = 1 - (d + 1) / (n + d + 1) - loss
        own = gain(n, d, ratio)
        exact = {
            shift.repair_threshold: (loss, own),
            shift.surpassing_threshold: (loss, own - gain(n, d, 1)),
            shift.cold_threshold: (behind, gain(n, d, 0) - own),
        }
        return [
            abs(shift.samples_needed(d + 1, *each) / d - threshold(alpha, ratio))
            for threshold, each in exact.items()
        ]

    for coarse, fine in zip(errors(Fraction(10**4)), errors(Fraction(4 * 10**4)), strict=True):
        assert 3.9 < coarse / fine < 4.1


def test_with_noise_a_cold_start_is_better_than_more_than_twice_the_weights():
    a, b, e, s, v = indeterminates("a b e s v")
    n, k, d = 1 + a, 1 + b, 1 + e
    matched = pretraining.isotropic_weight(n, d, d * v)

    def after(weight):
        linear = isotropic.linear(n, k, d, 1, v, weight)
        gain = linear**2 / (4 * isotropic.quadratic(n, k, d, 1, v, weight))
        return isotropic.constant(n, d, 1, v, weight) - gain

    excess = after((2 + s) * matched) - after(0 * s)
    assert positive("", excess).verdict is Verdict.CONFIRMED
    before = [isotropic.constant(n, d, 1, v, c * matched) for c in (2 + s, 0 * s)]
    assert positive("", before[0] - before[1]).verdict is Verdict.CONFIRMED


def test_without_a_shift_there_is_nothing_to_repair():
    assert shift.weight_ratio(30, 20, 0.5, 30, 0.5, 1) == 1
    assert shift.pretraining_loss(30, 20, 2.0, 1.0, 1) == 0
    assert shift.cold_threshold(Fraction(2), 1) == limits.cold_start_threshold(Fraction(2))


def number(text):
    return {"½": 0.5}.get(text) or float(text)


def crossing(function, low, high):
    return optimize.brentq(function, low, high, xtol=1e-12)


def boundaries(risk, matched):
    """Return the c between which a step repairs and surpasses, and that from which cold wins."""
    cold, surpassed = risk(0.0), risk(1.0)
    found = []
    for target, top in ((matched, 2.0), (surpassed, 1.0)):
        low = 0.0 if cold <= target else crossing(lambda c, t=target: risk(c) - t, 0.0, 0.9)
        high = top if top == 1.0 else crossing(lambda c, t=target: risk(c) - t, 1.0, top)
        found.append((low, high))
    return *found, crossing(lambda c: risk(c) - cold, 0.2, 2.0)


def test_the_documented_boundaries():
    rows = documented.table("| α, γ | step repairs |")
    assert len(rows) == 6
    for sizes, *cells in rows:
        alpha, gamma = (number(each) for each in sizes.split(", "))

        def risk(ratio, alpha=alpha, gamma=gamma):
            return limit_risk(alpha, gamma, ratio)

        *ranges, cold = boundaries(risk, 1 / (1 + alpha))
        assert cells[2] == f"{cold:.3f} and more"
        assert cells[:2] == [
            f"{'0' if low == 0.0 else f'{low:.3f}'} … {'1' if high == 1.0 else f'{high:.3f}'}"
            for low, high in ranges
        ]
    # And at (n, k, d) = (20, 40, 40), exactly.
    setting = ttt.Setting(20, 40, ttt.Isotropic(40), ttt.Isotropic(40), np.full(40, 40**-0.5))

    def exact(ratio):
        start = ttt.PretrainedWeights(ratio)
        return ttt.one_step_risk(dataclasses.replace(setting, initialization=start)).risk_after

    found = boundaries(exact, ttt.one_step_risk(setting).risk_before)
    assert found[0] == pytest.approx((0.0, 1.357), abs=5e-4)
    assert found[1] == pytest.approx((0.158, 1.0), abs=5e-4)
    assert found[2] == pytest.approx(1.206, abs=5e-4)
