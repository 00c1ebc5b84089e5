"""The exact risk, tested against the literal simulator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import InvalidSettingError
from ttt_theory.evidence.record import ROUND_OFF, Evidence, EvidenceKind, Verdict
from ttt_theory.evidence.simulated_means import equivalence, judged_interval
from ttt_theory.linear.exact.fresh_context import risk_of
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.monte_carlo import literal_of, rescaled
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.simulation.second_moments import block_variances
from ttt_theory.linear.witnesses.exact_average import exact_coefficients, rule_points

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.linear.simulation.literal import LiteralSimulator

__all__ = [
    "COEFFICIENTS",
    "LARGEST_DIM",
    "coefficients_are_averaged",
    "coefficients_are_simulated",
    "in_units_of",
    "is_averaged",
    "minimum_is_simulated",
    "risk_is_simulated",
]

COEFFICIENTS = ("constant", "linear", "quadratic")
"""The coefficients of R(η), each the subject of one test."""

LARGEST_DIM = 300
"""Largest dimension with exact variances."""

_DRAWS_PER_MEAN = 128
_MOST_POINTS = 2**21
_WIDEST_ERROR = 1e-3


def risk_is_simulated(setting: Setting, effort: Effort) -> list[Evidence]:
    """Test the exact risk of a setting, in natural units: moments of degree 36 fit in float64."""
    problem = Problem.of(setting)
    start = starting_weights(problem)
    try:
        simulator = rescaled(literal_of(problem, start), problem)
    except InvalidSettingError as error:
        statement = f"the simulated coefficients are the exact ones: not tested, {error}"
        return [Evidence(EvidenceKind.EQUIVALENCE, Verdict.UNDECIDED, statement)]
    exact, minimum = in_units_of(problem, risk_of(problem, start))
    if is_averaged(simulator):
        averages = exact_coefficients(simulator)
        return coefficients_are_averaged("literal simulator", averages, exact)
    evidence = coefficients_are_simulated(simulator, exact, effort)
    return [*evidence, *minimum_is_simulated(evidence, *minimum, effort)]


def in_units_of(problem: Problem, risk: OneStepRisk) -> tuple[FloatArray, tuple[float, float]]:
    """Return c0, c1 and c2, and the step size and the improvement, in the units of a problem."""
    label, step = problem.label_exponent, problem.step_exponent
    coefficients = [
        math.ldexp(risk.constant, -label),
        math.ldexp(risk.linear, -label - step),
        math.ldexp(risk.quadratic, -label - 2 * step),
    ]
    minimum = math.ldexp(risk.step_size, step), math.ldexp(risk.improvement, -label)
    return np.array(coefficients), minimum


def is_averaged(simulator: LiteralSimulator) -> bool:
    """Whether a simulator is so small that it is averaged exactly, in a second or two.

    No number of prompts would do for some of these, so heavy are their tails.
    """
    return rule_points(simulator) <= _MOST_POINTS


def coefficients_are_averaged(
    subject: str, averages: FloatArray, exact: FloatArray
) -> list[Evidence]:
    """Compare coefficients of the risk with those of a simulator, averaged exactly.

    Parameters
    ----------
    subject : str
        Which simulator.
    averages : ndarray, shape (3,)
        Its expectation.
    exact : ndarray, shape (3,)
        The c0, c1, c2 to confirm.

    Returns
    -------
    list of Evidence
        One for each coefficient.  One that is small beside what cancels in it, in c1 up to
        2√(c0c2), is left undecided where rounding hides it.
    """
    constant, _, quadratic = averages
    bounds = [constant, 2.0 * math.sqrt(abs(constant * quadratic)), quadratic]
    evidence = []
    for name, stated, average, bound in zip(COEFFICIENTS, exact, averages, bounds, strict=True):
        error = abs(float(stated) - float(average))
        relative = 0.0 if error == 0.0 else error / abs(stated) if stated else math.inf
        if not error <= ROUND_OFF * abs(bound):
            verdict = Verdict.REFUTED
        else:
            verdict = Verdict.CONFIRMED if relative <= _WIDEST_ERROR else Verdict.UNDECIDED
        evidence.append(
            Evidence(
                EvidenceKind.EXACT_AVERAGE,
                verdict,
                f"the {subject}'s {name} coefficient of R(η), averaged exactly, is the exact one",
                {"quantity": name, "exact": float(stated), "relative_error": relative},
            )
        )
    return evidence


def coefficients_are_simulated(
    simulator: LiteralSimulator, exact: FloatArray, effort: Effort
) -> list[Evidence]:
    """Test coefficients of the risk against the literal simulator.

    Parameters
    ----------
    simulator : LiteralSimulator
    exact : ndarray, shape (3,)
        The c0, c1, c2 to confirm.
    effort : Effort
        Margins are relative to the coefficients themselves.

    Returns
    -------
    list of Evidence
        One for each coefficient.
    """
    statements = [
        f"the simulated {name} coefficient of R(η) is the exact one" for name in COEFFICIENTS
    ]
    if len(simulator.task) > LARGEST_DIM:
        reason = f"the exact variances that size the sample are for dim ≤ {LARGEST_DIM}"
        return [
            Evidence(
                EvidenceKind.EQUIVALENCE, Verdict.UNDECIDED, f"{each}: not tested, since {reason}"
            )
            for each in statements
        ]
    prompts = min(_DRAWS_PER_MEAN, simulator.prompts_per_chunk)
    return equivalence(
        statements,
        simulator.averages,
        exact,
        block_variances(simulator, QUERIES, prompts),
        effort,
        numbers_per_draw=simulator.numbers_per_prompt,
        draws_per_mean=prompts,
        quantities=COEFFICIENTS,
    )


def minimum_is_simulated(
    coefficients: list[Evidence], step_size: float, improvement: float, effort: Effort
) -> list[Evidence]:
    """Judge the step size c1/(2c2) and the improvement c1²/(4c2) by the intervals of c1 and c2.

    These hold together, so that this takes no test and no error rate of its own.  What they are too
    wide to pin is left to the pairings at the setting's own matrices.

    Parameters
    ----------
    coefficients : list of Evidence
        What was found for c1 and c2, which come last; without intervals nothing is added.
    step_size, improvement : float
        What is to be confirmed, in the simulator's units.
    effort : Effort
    """
    *_, linear, quadratic = coefficients
    if not (linear.measured and quadratic.measured):
        return []
    (low, high), (lowest, highest) = (each.measured["interval"] for each in (linear, quadratic))
    # c1 and c2 are means of squares.
    low, lowest = max(low, 0.0), max(lowest, 0.0)
    found = {
        "step_size": (
            step_size,
            (_ratio(low, 2.0 * highest), _ratio(high, 2.0 * lowest)),
            "the step size c1/(2c2) is that of the simulated coefficients",
        ),
        "improvement": (
            improvement,
            (_ratio(low**2, 4.0 * highest), _ratio(high**2, 4.0 * lowest)),
            "the improvement c1²/(4c2) is that of the simulated coefficients",
        ),
    }
    judged = [
        judged_interval(
            statement,
            exact,
            interval,
            abs(exact),
            effort,
            is_refuted=not interval[0] <= exact <= interval[1],
            quantity=name,
        )
        for name, (exact, interval, statement) in found.items()
    ]
    return [each for each in judged if each.verdict is not Verdict.UNDECIDED]


def _ratio(top: float, bottom: float) -> float:
    if top == 0.0:
        return 0.0
    return top / bottom if bottom > 0.0 else math.inf
