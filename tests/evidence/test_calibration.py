"""The stated error rates against simulated verdicts, by the function that forms them in a run.

Samples are single prompts, or polynomials as heavy-tailed; a run's are means of a hundred prompts,
which are tamer.  The bounds are those of `MeanTest`: a false alarm at any time with probability at
most ε, a false pass of what is off by the margin with at most ε/2.
"""

import functools
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin, samples_for_margin
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.examples import TINY
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import second_moments
from ttt_theory.linear.witnesses.exact_average import exact_coefficients

VERDICTS = 10_000
RATES = (0.05, 0.01)
SIMULATOR = literal_simulator(TINY["n = 1, k = 3, d = 1, noise"])


def polynomials(rng):
    """Draw squares of products of four normal variables: of degree 8, with kurtosis 6561/6.4."""
    return np.prod(rng.standard_normal((VERDICTS, 1, 4)), axis=-1) ** 2


def prompts(rng):
    """Draw c0, c1 and c2 of a prompt of the literal simulator, c2 of degree 8 in its context."""
    return SIMULATOR.coefficients(VERDICTS, rng)


# The mean is 1 and the mean square 3⁴; the simulator's are averages over quadrature nodes and the
# second moments that a run takes for its variances.
SOURCES = {
    "polynomials": (polynomials, np.array([1.0]), np.array([80.0])),
    "prompts": (prompts, exact_coefficients(SIMULATOR), second_moments(SIMULATOR, QUERIES)),
}


@functools.cache
def drawn(source):
    """Return samples of a source, shape (samples, VERDICTS, 1, means), enough for every test."""
    draw, _, _ = SOURCES[source]
    rng = np.random.default_rng(np.random.SeedSequence(2026))
    return np.array([draw(rng) for _ in range(planned(min(RATES)))])[:, :, None]


def planned(rate):
    """Return the number of samples for a margin of half a standard deviation."""
    return samples_for_margin(1.0, 0.5, rate)


@dataclass(frozen=True)
class Counts:
    """How many of the verdicts came out how, in arrays of shape (offsets, means).

    `fixed` are the verdicts at the planned number of samples, `first` the first ones that are not
    undecided at a look after every sample; `ever` counts what was the verdict at any time at all,
    and `normal` the alarms of the interval mean ± zs/√N at the same error rate.
    """

    fixed: dict
    first: dict
    ever: dict
    normal: np.ndarray


@functools.cache
def counted(source, rate):
    """Judge the mean, and what is a margin less and a margin more, VERDICTS times each."""
    _, mean, variance = SOURCES[source]
    samples = drawn(source)[: planned(rate)]
    count = len(samples)
    margin = reached_margin(variance, count, rate)
    stated = mean + np.array([[0.0], [-1.0], [1.0]]) * margin
    test = MeanTest(stated, variance, margin, count, rate)
    totals = np.zeros((VERDICTS, *stated.shape, 3))
    first = np.full(totals.shape[:-1], Verdict.UNDECIDED, dtype=object)
    ever = {verdict: np.zeros(first.shape, bool) for verdict in Verdict}
    for time, each in enumerate(samples, start=1):
        totals += test.scores(each)
        verdicts = test.verdicts(totals, time)
        first = np.where(first == Verdict.UNDECIDED, verdicts, first)
        for verdict, seen in ever.items():
            seen |= verdicts == verdict
    average, error = samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(count)
    return Counts(
        {verdict: np.sum(verdicts == verdict, axis=0) for verdict in Verdict},
        {verdict: np.sum(first == verdict, axis=0) for verdict in Verdict},
        {verdict: np.sum(seen, axis=0) for verdict, seen in ever.items()},
        np.sum(np.abs(average - stated) > norm.isf(rate / 2.0) * error, axis=0),
    )


def interval(count):
    """Return the exact (Clopper–Pearson) 99.9 % interval of a rate."""
    return binomtest(int(count), VERDICTS).proportion_ci(0.999, "exact")


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("source", SOURCES)
def test_false_alarms_keep_to_the_stated_rate_where_a_normal_interval_does_not(source, rate):
    counts = counted(source, rate)
    for alarms in (*counts.fixed[Verdict.REFUTED][0], *counts.ever[Verdict.REFUTED][0]):
        assert interval(alarms).low <= rate
    for alarms in counts.normal[0]:
        assert binomtest(int(alarms), VERDICTS, rate, "greater").pvalue < 1e-6
    # What is true is confirmed, but for a probability of 2ε.
    for confirmed in (*counts.fixed[Verdict.CONFIRMED][0], *counts.first[Verdict.CONFIRMED][0]):
        assert interval(confirmed).high >= 1.0 - 2.0 * rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_off_by_the_margin_does_not_pass(source, rate):
    counts = counted(source, rate)
    for passes in (counts.fixed[Verdict.CONFIRMED][1:], counts.ever[Verdict.CONFIRMED][1:]):
        assert all(interval(each).low <= rate / 2.0 for each in passes.flat)
    # Not only does it not pass, it is refuted: by the plan but for 2ε, and at 1 % nearly always.
    for refuted in (counts.fixed[Verdict.REFUTED][1:], counts.first[Verdict.REFUTED][1:]):
        assert all(interval(each).high >= 1.0 - 2.0 * rate for each in refuted.flat)
        assert rate > 0.01 or np.all(refuted >= 0.999 * VERDICTS)
