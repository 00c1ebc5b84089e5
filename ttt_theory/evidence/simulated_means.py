"""Equivalence tests of simulated means, with stated error rates.

The exact value is confirmed when the confidence interval of the simulated mean covers it and lies
within a margin of it, and refuted when the interval leaves it out.  Variances come from exact
moments and the interval from a confidence sequence, so that the error rates hold for every sample
size and tail, and for looking after every chunk as for looking once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin, samples_for_margin
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, joint_verdict
from ttt_theory.sampling.runner import run

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.sampling.moments import Sampler

__all__ = ["equivalence"]

_DRAWS_PER_MEAN = 128


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
) -> list[Evidence]:
    """Test exact means against a sampler of independent draws.

    Parameters
    ----------
    statements : sequence of m str
        What each of the means says, in one line.
    sampler : callable
        ``sampler(count, rng)`` returns independent draws as an array of shape (count, m).  It must
        not share formulas with `exact`.
    exact : array_like, shape (m,)
        The means to confirm.
    second_moments : array_like, shape (m,)
        E[x²] of one draw, exactly or an upper bound: of them come sample sizes and intervals, so
        that heavy tails do no harm.
    effort : Effort
        Margins, budget, error rate and seed.
    scales : array_like, shape (m,), optional
        What a margin is relative to; the size of the means by default.
    numbers_per_draw : int
        Array entries that one draw takes, for the budget.
    draws_per_mean : int
        Draws that are averaged before they are tested, where tails are heavy.

    Returns
    -------
    list of m Evidence
        The sample size is that of the most demanding mean, or what the budget allows; the margin
        reached is stated either way, and a mean whose margin is too wide is left undecided.

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
    aims = np.maximum(effort.margin * sizes, reached_margin(variances, affordable, error_rate))
    wanted = max(
        samples_for_margin(variance, aim, error_rate) if variance > 0.0 < size else 1
        for variance, aim, size in zip(variances, aims, sizes, strict=True)
    )
    count = min(wanted, affordable)
    margins = reached_margin(variances, count, error_rate)
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
    intervals = test.intervals(np.array(means))
    # An interval of no width, where all is zero, needs no scale.
    relative = [
        0.0 if margin == 0.0 else margin / size if size > 0.0 else math.inf
        for margin, size in zip(margins.tolist(), sizes.tolist(), strict=True)
    ]
    return [
        Evidence(
            EvidenceKind.EQUIVALENCE,
            verdicts[index],
            statement,
            {
                "exact": float(means_stated[index]),
                "interval": intervals[index].tolist(),
                "margin": relative[index] if math.isfinite(relative[index]) else None,
                "draws": len(means) * draws_per_mean,
                "planned_draws": count * draws_per_mean,
                "false_alarm_rate": error_rate,
                "false_pass_rate": error_rate,
            },
        )
        for index, statement in enumerate(statements)
    ]
