"""Equivalence tests of simulated means, with stated error rates.

The exact value is confirmed when the confidence interval of the simulated mean covers it and lies
within a margin of it, and refuted when the interval leaves it out.  Variances come from exact
moments and the interval from a confidence sequence, so that the error rates hold for every sample
size and tail, and for looking after every block as for looking once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.evidence.confidence_sequence import MeanTest, reached_margin, samples_for_margin
from ttt_theory.evidence.record import Evidence, Verdict, joint_verdict
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.witnesses.second_moments import second_moments
from ttt_theory.sampling.runner import run

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.simulation.literal import Experiment

__all__ = ["COEFFICIENTS", "equivalence"]

COEFFICIENTS = ("constant", "linear", "quadratic")
"""The coefficients of R(η) that one call tests."""

_BLOCK = 128
_LARGEST_DIM = 300


def equivalence(
    experiment: Experiment,
    exact: FloatArray,
    *,
    margin: float,
    widest_margin: float,
    numbers: int,
    error_rate: float,
    sequential: bool,
    seed: int,
) -> list[Evidence]:
    """Test the exact coefficients of the risk against the literal simulator.

    Parameters
    ----------
    experiment : Experiment
    exact : ndarray, shape (3,)
        The c0, c1, c2 to confirm.
    margin : float
        Margin to aim for, relative to c0, 2√(c0c2) and c2: c1 is at most 2√(c0c2), and it counts in
        the risk by its ratio to that.
    widest_margin : float
        Margin beyond which a coefficient is left undecided.
    numbers : int
        Budget: the largest number of array entries to simulate.
    error_rate : float
        False-alarm rate of each coefficient, and its false-pass rate for an error beyond the
        margin.
    sequential : bool
        Whether to look after every block and stop as soon as all coefficients are confirmed or one
        is refuted.
    seed : int

    Returns
    -------
    list of Evidence
        One for each coefficient.  The sample size is that of the most demanding coefficient, or
        what the budget allows; the margin reached is stated either way.
    """
    if len(experiment.task) > _LARGEST_DIM:
        return [_too_large(name) for name in COEFFICIENTS]
    constant, _, quadratic = exact
    scales = np.array([constant, 2.0 * np.sqrt(abs(constant * quadratic)), quadratic])
    size = min(_BLOCK, experiment.prompts_per_block)
    variances = second_moments(experiment, QUERIES) / size
    affordable = max(1, numbers // (experiment.numbers_per_prompt * size))
    aims = np.maximum(margin * scales, reached_margin(variances, affordable, error_rate))
    wanted = max(
        samples_for_margin(variance, aim, error_rate) if variance > 0.0 < scale else 1
        for variance, aim, scale in zip(variances, aims, scales, strict=True)
    )
    count = min(wanted, affordable)
    margins = reached_margin(variances, count, error_rate)
    narrow = margins <= widest_margin * scales
    test = MeanTest(exact, variances, np.where(narrow, margins, np.inf), count, error_rate)

    means: list[FloatArray] = []
    totals = np.zeros((len(exact), 3))
    for block in run(experiment, count * size, seed, prompts_per_block=size):
        means.append(block.mean)
        totals += test.scores(block.mean)
        if sequential:
            verdicts = test.verdicts(totals, len(means))
            if joint_verdict(list(verdicts)) is not Verdict.UNDECIDED:
                break

    verdicts = test.verdicts(totals, len(means))
    intervals = test.intervals(np.array(means))
    # An interval of no width, where all is zero, needs no scale.
    relative = [
        0.0 if margin == 0.0 else margin / scale if scale > 0.0 else math.inf
        for margin, scale in zip(margins.tolist(), scales.tolist(), strict=True)
    ]
    return [
        Evidence(
            kind="equivalence",
            verdict=verdicts[index],
            statement=f"the simulated {name} coefficient of R(η) is the exact one"
            + (", to a margin relative to 2√(c0c2)" if name == "linear" else ""),
            measured={
                "exact": float(exact[index]),
                "interval": intervals[index].tolist(),
                "margin": relative[index] if math.isfinite(relative[index]) else None,
                "prompts": len(means) * size,
                "planned_prompts": count * size,
                "false_alarm_rate": error_rate,
                "false_pass_rate": error_rate,
            },
        )
        for index, name in enumerate(COEFFICIENTS)
    ]


def _too_large(name: str) -> Evidence:
    return Evidence(
        "equivalence",
        Verdict.UNDECIDED,
        f"the simulated {name} coefficient of R(η) is the exact one: not tested, since the exact "
        f"variances that size the sample are for dim ≤ {_LARGEST_DIM}",
    )
