"""Equivalence tests of simulated means, with stated error rates.

The exact value is confirmed when the interval of the simulated mean covers it and lies within a
margin of it, refuted when the interval leaves it out.  The interval is Catoni's (`robust_mean`),
with variances from exact moments, so its error rate holds for every sample size and tail.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.evidence.record import Evidence, Verdict
from ttt_theory.evidence.robust_mean import interval_radius, robust_mean, samples_for_radius
from ttt_theory.evidence.second_moments import second_moments
from ttt_theory.simulation.literal import QUERIES, blocks
from ttt_theory.simulation.runner import run

if TYPE_CHECKING:
    from ttt_theory.errors import FloatArray
    from ttt_theory.simulation.literal import Experiment

__all__ = ["ERROR_RATE", "equivalence"]

ERROR_RATE = 1e-9
"""False-alarm rate of one test, and its false-pass rate for an error beyond the margin.

A run makes fewer than a thousand tests, so that its family-wise false-alarm rate is below 1e-6.
"""

_BLOCK = 128
_LARGEST_DIM = 300
_NAMES = ("constant", "linear", "quadratic")


def equivalence(
    experiment: Experiment,
    exact: FloatArray,
    *,
    margin: float,
    widest_margin: float,
    numbers: int,
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
        the risk by its ratio to that. The interval's radius is half of the margin.
    widest_margin : float
        Margin beyond which a coefficient is left undecided.
    numbers : int
        Budget: the largest number of array entries to simulate.
    seed : int

    Returns
    -------
    list of Evidence
        One for each coefficient.  The sample size is that of the most demanding coefficient, or
        what the budget allows; the margin reached is stated either way.
    """
    if len(experiment.task) > _LARGEST_DIM:
        return [_too_large(name) for name in _NAMES]
    moments = second_moments(experiment, QUERIES)
    constant, _, quadratic = exact
    scales = np.array([constant, 2.0 * np.sqrt(abs(constant * quadratic)), quadratic])
    wanted = max(
        samples_for_radius(moment, margin / 2.0 * scale, ERROR_RATE) if scale > 0.0 else 0
        for moment, scale in zip(moments, scales, strict=True)
    )
    affordable = max(1, numbers // experiment.numbers_per_prompt)
    # Catoni's bound needs many samples: a thousand blocks lose 4 % of the interval to it.
    prompts = max(1, min(wanted + _BLOCK, affordable) // _BLOCK) * _BLOCK
    size = next(blocks(experiment, prompts, _BLOCK))
    means = np.array([b.mean for b in run(experiment, prompts, seed, 1, size) if b.prompts == size])
    return [
        _evidence(
            name,
            float(exact[index]),
            float(scales[index]),
            float(moments[index]) / size,
            means[:, index],
            size,
            widest_margin,
        )
        for index, name in enumerate(_NAMES)
    ]


def _too_large(name: str) -> Evidence:
    return Evidence(
        "equivalence",
        Verdict.UNDECIDED,
        f"the simulated {name} coefficient of R(η) is the exact one: not tested, since the exact "
        f"variances that size the sample are for dim ≤ {_LARGEST_DIM}",
    )


def _evidence(
    name: str,
    exact: float,
    scale: float,
    variance: float,
    means: FloatArray,
    block: int,
    widest_margin: float,
) -> Evidence:
    radius = interval_radius(variance, len(means), ERROR_RATE)
    measured: dict[str, Any] = {"exact": exact, "prompts": len(means) * block}
    verdict = Verdict.UNDECIDED
    if np.isfinite(radius):
        estimate = robust_mean(means, variance, ERROR_RATE)
        measured |= {"estimate": estimate, "radius": radius}
        # An interval of no width, where all is zero, needs no scale.
        diameter = 2.0 * radius
        margin = 0.0 if diameter == 0.0 else diameter / scale if scale > 0.0 else math.inf
        measured["margin"] = margin if np.isfinite(margin) else None
        if not abs(estimate - exact) <= radius:
            verdict = Verdict.REFUTED
        elif margin <= widest_margin:
            verdict = Verdict.CONFIRMED
    return Evidence(
        kind="equivalence",
        verdict=verdict,
        statement=f"the simulated {name} coefficient of R(η) is the exact one"
        + (", to a margin relative to 2√(c0c2)" if name == "linear" else ""),
        measured=measured | {"false_alarm_rate": ERROR_RATE, "false_pass_rate": ERROR_RATE},
    )
