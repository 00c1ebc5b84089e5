"""Equivalence tests of simulated means, with stated error rates.

The exact value is confirmed when the confidence interval of the simulated mean covers it and lies
within a margin of it, and refuted when the interval leaves it out.  Variances come from exact
moments and the interval from a confidence sequence, so that the error rates hold for every sample
size and tail, and for looking after every chunk as for looking once.

The margin is that of the interval that came out: how far it reaches from the exact value, relative
to that.  Since the interval covers the simulated mean but for the error rate, whatever came out,
the mean is off by more than this margin with no larger probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin, samples_for_margin
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, joint_verdict
from ttt_theory.sampling.runner import run

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.sampling.moments import Sampler

__all__ = ["equivalence", "judged_interval"]

_DRAWS_PER_MEAN = 128
# The interval that comes out reaches about half as far as what is planned for nearly all seeds.
_PLANNED_MARGINS = 1.5


def equivalence(
    statements: Sequence[str],
    sampler: Sampler,
    exact: ArrayLike,
    second_moments: ArrayLike,
    effort: Effort,
    *,
    scales: ArrayLike | None = None,
    numbers_per_draw: int = 1,
    draws_per_mean: int = _DRAWS_PER_MEAN,
    quantities: Sequence[str] | None = None,
) -> list[Evidence]:
    """Test exact means against a sampler of independent draws.

    Parameters
    ----------
    statements : sequence of m str
        What each of the means says, in one line.
    sampler : callable
        ``sampler(count, rng)`` returns independent draws as an array of shape (count, m), or a
        single row in place of their mean.  It must not share formulas with `exact`.
    exact : array_like, shape (m,)
        The means to confirm.
    second_moments : array_like, shape (m,)
        E[x²] of one draw, exactly or an upper bound: of them come sample sizes and intervals, so
        that heavy tails do no harm.  Its variance will do, and so will, where draws are averaged,
        the variance of such a mean times their number.
    effort : Effort
        Margins, budget, error rate and seed.
    scales : array_like, shape (m,), optional
        What a margin is relative to; the size of the means by default.
    numbers_per_draw : int
        Array entries that one draw takes, for the budget.
    draws_per_mean : int
        Draws that are averaged before they are tested, where tails are heavy.
    quantities : sequence of m str, optional
        Short names of the means, for reports to say the margin of each.

    Returns
    -------
    list of m Evidence
        The sample size is that of the most demanding mean, or what the budget allows; the margin
        reached is stated either way, and a mean whose margin is too wide is left undecided.  A mean
        of zero has no margin relative to it, unless it has no variance.

    Examples
    --------
    >>> from ttt_theory.evidence import Effort
    >>> def squares(count, rng):
    ...     return rng.standard_normal((count, 1)) ** 2
    >>> effort = Effort(quick=True, seed=0)
    >>> for stated in (1.0, 1.2):
    ...     [evidence] = equivalence(["E[z²]"], squares, [stated], [3.0], effort)
    ...     print(evidence.verdict)
    confirmed
    refuted
    """
    means_stated = np.asarray(exact, dtype=np.float64)
    sizes = np.abs(means_stated) if scales is None else np.asarray(scales, dtype=np.float64)
    variances = np.asarray(second_moments, dtype=np.float64) / draws_per_mean
    error_rate = effort.error_rate
    affordable = max(1, effort.numbers // (numbers_per_draw * draws_per_mean))
    planned = _PLANNED_MARGINS * effort.margin * sizes
    aims = np.maximum(planned, reached_margin(variances, affordable, error_rate))
    wanted = max(
        samples_for_margin(variance, aim, error_rate) if variance > 0.0 < size else 1
        for variance, aim, size in zip(variances, aims, sizes, strict=True)
    )
    count = min(wanted, affordable)
    # Within these a simulation may stop before its time.
    margins = reached_margin(variances, count, error_rate) / _PLANNED_MARGINS
    narrow = margins <= effort.widest_margin * sizes
    test = MeanTest(means_stated, variances, np.where(narrow, margins, np.inf), count, error_rate)

    means: list[FloatArray] = []
    totals = np.zeros((len(means_stated), 3))
    for chunk in run(sampler, count * draws_per_mean, effort.seed, draws_per_mean):
        means.append(chunk.mean)
        totals += test.scores(chunk.mean)
        if effort.sequential:
            verdicts = test.verdicts(totals, len(means))
            if joint_verdict(list(verdicts)) is not Verdict.UNDECIDED:
                break

    verdicts = test.verdicts(totals, len(means))
    return [
        judged_interval(
            statement,
            float(means_stated[index]),
            (low, high),
            float(sizes[index]),
            effort,
            is_refuted=verdicts[index] is Verdict.REFUTED,
            **({} if quantities is None else {"quantity": quantities[index]}),
            draws=len(means) * draws_per_mean,
            planned_draws=count * draws_per_mean,
            false_alarm_rate=error_rate,
            false_pass_rate=error_rate,
        )
        for index, (statement, (low, high)) in enumerate(
            zip(statements, test.intervals(np.array(means)).tolist(), strict=True)
        )
    ]


def judged_interval(
    statement: str,
    exact: float,
    interval: tuple[float, float],
    size: float,
    effort: Effort,
    *,
    is_refuted: bool,
    **measured: Any,
) -> Evidence:
    """Judge an exact value by an interval that covers the true one.

    Parameters
    ----------
    statement : str
    exact : float
    interval : pair of float
    size : float
        What its margin is relative to.
    effort : Effort
    is_refuted : bool
        Whether the interval leaves the exact value out.
    **measured
        Further figures.
    """
    reach = max(interval[1] - exact, exact - interval[0])
    # An interval of no width, where all is zero, needs no scale.
    margin = 0.0 if reach == 0.0 else reach / size if size > 0.0 else math.inf
    verdict = Verdict.CONFIRMED if margin <= effort.widest_margin else Verdict.UNDECIDED
    return Evidence(
        EvidenceKind.EQUIVALENCE,
        Verdict.REFUTED if is_refuted else verdict,
        statement,
        {
            "exact": exact,
            "interval": list(interval),
            "margin": margin if math.isfinite(margin) else None,
            **measured,
        },
    )
