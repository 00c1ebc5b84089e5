import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin, samples_for_margin
from ttt_theory.evidence.record import Verdict

RATES = st.sampled_from([0.3, 0.05, 1e-3, 1e-9])
NUMBERS = st.floats(-1e3, 1e3)


def mean_test(stated, variance=1.0, margin=math.inf, samples=50, error_rate=0.05):
    fields = (np.atleast_1d(np.asarray(each, float)) for each in (stated, variance, margin))
    return MeanTest(*fields, samples, error_rate)


def verdicts_over_time(test, samples):
    """Return the verdict after each sample, shape (t, ...), from samples of shape (t, ...)."""
    totals = np.cumsum(test.scores(samples), axis=0)
    return np.array([test.verdicts(each, time + 1) for time, each in enumerate(totals)])


def ever(verdict, test, samples):
    return np.any(verdicts_over_time(test, samples) == verdict, axis=0)


def outcomes(values, length):
    """Return every sequence of some values, shape (length, number of sequences)."""
    return np.array(list(itertools.product(values, repeat=length))).T


@hypothesis_settings(max_examples=50)
@given(st.floats(0.02, 0.98), st.integers(1, 12), RATES, NUMBERS)
def test_false_alarms_over_every_sequence_of_a_skewed_coin(probability, samples, rate, mean):
    # The two values that make the mean right and the variance one, at every skewness.
    odds = math.sqrt((1.0 - probability) / probability)
    heads = outcomes([0, 1], 10)
    chance = np.prod(np.where(heads == 1, probability, 1.0 - probability), axis=0)
    drawn = mean + np.where(heads == 1, odds, -1.0 / odds)
    alarms = ever(Verdict.REFUTED, mean_test(mean, samples=samples, error_rate=rate), drawn)
    assert chance @ alarms <= rate
    # What is off by the margin is not confirmed either, here from both sides at once.
    for margin in (0.3, 2.0):
        for stated in (mean - margin, mean + margin):
            off = mean_test(stated, margin=margin, samples=samples, error_rate=rate)
            assert chance @ ever(Verdict.CONFIRMED, off, drawn) <= rate / 2.0


def test_the_bound_is_as_tight_as_it_is_stated():
    # Small steps waste nothing but the overshoot: in the long run the alarms come close to the
    # stated rate, which log(1/ε) in place of log(2/ε) would exceed, and λ²v in place of λ²v/2 stay
    # far below.
    rate, runs = 0.1, 10_000
    test = mean_test(0.0, samples=200, error_rate=rate)
    rng = np.random.default_rng(7)
    totals, alarmed = np.zeros((runs, 3)), np.zeros(runs, bool)
    for time in range(1, 2001):
        totals += test.scores(2.0 * rng.integers(0, 2, runs) - 1.0)
        alarmed |= test.verdicts(totals, time) == Verdict.REFUTED
    interval = binomtest(int(alarmed.sum()), runs).proportion_ci(0.999)
    assert interval.low <= rate
    assert interval.high < 1.5 * rate
    assert interval.low > 0.6 * rate


@given(NUMBERS)
def test_catonis_influence_lies_between_the_two_logarithms(x):
    # Sharpness 1: λ² = 2 log(2/ε)/(Nv).
    score = mean_test(0.0, 2.0 * math.log(40.0) / 50).scores(np.array([x]))[0, 0]
    assert score <= math.log(1.0 + x + x * x / 2.0) + 1e-12
    assert -score <= math.log(1.0 - x + x * x / 2.0) + 1e-12


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 3.0), RATES)
def test_planned_samples_reach_the_margin_and_no_fewer_do(variance, ratio, rate):
    margin = ratio * math.sqrt(variance)
    samples = samples_for_margin(variance, margin, rate)
    reached = reached_margin(np.array([variance]), samples, rate)[0]
    assert reached <= margin * (1.0 + 1e-9)
    assert reached_margin(np.array([variance]), samples - 1, rate)[0] > min(
        margin, 2.0 * math.sqrt(variance)
    ) * (1.0 - 1e-9)
    # The inequality behind it, with equality where N is not rounded up.
    log_rate = math.log(2.0 / rate)
    sharpness = math.sqrt(2.0 * log_rate / (samples * variance))
    gain = samples * (sharpness * reached - (sharpness * reached) ** 2 / 2.0)
    assert gain == pytest.approx(4.0 * log_rate, rel=1e-9)


def test_too_few_samples_reach_no_margin():
    enough = math.ceil(8.0 * math.log(2.0 / 0.01))
    variance = np.array([1.0, 0.0])
    assert reached_margin(variance, enough - 1, 0.01).tolist() == [math.inf, 0.0]
    assert reached_margin(variance, enough, 0.01)[0] < 2.0


@given(st.integers(0, 2**32), st.integers(1, 300), st.floats(-2.0, 2.0), st.floats(0.01, 3.0))
def test_the_verdict_is_that_of_the_interval(seed, count, stated, margin):
    samples = np.random.default_rng(seed).standard_exponential((count, 1)) - 1.0
    test = mean_test(stated, margin=margin)
    low, high = test.intervals(samples)[0]
    assert low < high
    ends = np.array([low - stated, high - stated])
    assume(np.min(np.abs([*ends, *(ends - margin), *(ends + margin)])) > 1e-6)
    verdict = test.verdicts(test.scores(samples).sum(axis=0), count)[0]
    if not low <= stated <= high:
        assert verdict is Verdict.REFUTED
    elif stated - margin <= low and high <= stated + margin:
        assert verdict is Verdict.CONFIRMED
    else:
        assert verdict is Verdict.UNDECIDED


def test_at_the_planned_number_the_interval_is_about_catonis():
    # Catoni's radius is √(2vL/(N − 2L)); the interval's ends may differ from it by the samples' own
    # spread, a few per cent here.
    rate, count = 1e-9, 20_000
    samples = np.random.default_rng(0).standard_normal((count, 1))
    low, high = mean_test(0.0, samples=count, error_rate=rate).intervals(samples)[0]
    log_rate = math.log(2.0 / rate)
    assert (high - low) / 2.0 == pytest.approx(
        math.sqrt(2.0 * log_rate / (count - 2.0 * log_rate)), rel=0.03
    )


@given(st.floats(-1e6, 1e6), st.floats(1e-12, 1e12))
def test_shift_and_scale(shift, scale):
    samples = np.random.default_rng(1).standard_exponential((200, 1))
    plain = mean_test(1.0).intervals(samples)
    moved = mean_test(shift + scale, scale**2).intervals(shift + scale * samples)
    assert moved == pytest.approx(shift + scale * plain, abs=1e-8 * (abs(shift) + scale))


def test_tests_of_several_means_are_those_of_each_alone():
    samples = np.random.default_rng(2).normal([0.0, 5.0, 0.0], [1.0, 2.0, 1.0], (400, 3))
    stated, variance, margin = [0.0, 5.0, 1.0], [1.0, 4.0, 1.0], [0.5, math.inf, 0.5]
    together = verdicts_over_time(mean_test(stated, variance, margin), samples)
    for index, alone in enumerate(zip(stated, variance, margin, strict=True)):
        separate = verdicts_over_time(mean_test(*alone), samples[:, [index]])
        assert together[:, index].tolist() == separate[:, 0].tolist()
    assert together[-1].tolist() == [Verdict.CONFIRMED, Verdict.UNDECIDED, Verdict.REFUTED]


def test_one_sample_without_variance_says_all():
    test = mean_test([3.0, 3.0], [0.0, 0.0], [0.0, 0.0])
    samples = np.array([[3.0, 3.0 + 1e-12]])
    assert verdicts_over_time(test, samples)[0].tolist() == [Verdict.CONFIRMED, Verdict.REFUTED]
    assert test.intervals(samples).tolist() == [[3.0, 3.0], [3.0 + 1e-12] * 2]


@pytest.mark.parametrize("stated", [math.nan, math.inf, -math.inf, 1e200])
def test_a_stated_mean_that_is_no_number_is_refuted(stated):
    samples = np.random.default_rng(3).standard_normal((100, 1))
    assert verdicts_over_time(mean_test(stated, margin=0.5), samples)[-1, 0] is Verdict.REFUTED
