"""The exact coefficients of the risk, tested against the literal simulator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import InvalidSettingError
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict
from ttt_theory.evidence.simulated_means import equivalence
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.risk import risk_of
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.monte_carlo import literal_of, rescaled
from ttt_theory.linear.simulation.literal import QUERIES
from ttt_theory.linear.witnesses.second_moments import second_moments

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.evidence.effort import Effort
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.linear.simulation.literal import LiteralSimulator

__all__ = ["COEFFICIENTS", "coefficients_are_simulated", "risk_is_simulated"]

COEFFICIENTS = ("constant", "linear", "quadratic")
"""The coefficients of R(η), each the subject of one test."""

_DRAWS_PER_MEAN = 128
_LARGEST_DIM = 300


def risk_is_simulated(setting: Setting, effort: Effort) -> list[Evidence]:
    """Test the exact risk of a setting, in natural units: moments of degree 36 fit in float64."""
    problem = Problem.of(setting)
    start = starting_weights(problem)
    try:
        simulator = literal_of(problem, start)
    except InvalidSettingError as error:
        statement = f"the simulated coefficients are the exact ones: not tested, {error}"
        return [Evidence(EvidenceKind.EQUIVALENCE, Verdict.UNDECIDED, statement)]
    risk = risk_of(problem, start)
    label, step = problem.label_exponent, problem.step_exponent
    exact = [
        math.ldexp(risk.constant, -label),
        math.ldexp(risk.linear, -label - step),
        math.ldexp(risk.quadratic, -label - 2 * step),
    ]
    return coefficients_are_simulated(rescaled(simulator, problem), np.array(exact), effort)


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
        Margins are relative to c0, 2√(c0c2) and c2: c1 is at most 2√(c0c2), and it counts in the
        risk by its ratio to that.

    Returns
    -------
    list of Evidence
        One for each coefficient.
    """
    statements = [
        f"the simulated {name} coefficient of R(η) is the exact one" for name in COEFFICIENTS
    ]
    if len(simulator.task) > _LARGEST_DIM:
        reason = f"the exact variances that size the sample are for dim ≤ {_LARGEST_DIM}"
        return [
            Evidence(
                EvidenceKind.EQUIVALENCE, Verdict.UNDECIDED, f"{each}: not tested, since {reason}"
            )
            for each in statements
        ]
    constant, _, quadratic = exact
    statements[1] += ", to a margin relative to 2√(c0c2)"
    return equivalence(
        statements,
        simulator.coefficients,
        exact,
        second_moments(simulator, QUERIES),
        effort,
        scales=[constant, 2.0 * math.sqrt(abs(constant * quadratic)), quadratic],
        numbers_per_draw=simulator.numbers_per_prompt,
        draws_per_mean=min(_DRAWS_PER_MEAN, simulator.prompts_per_chunk),
    )
