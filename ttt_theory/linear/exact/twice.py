"""Results for which there are no longer numbers: computed twice, and gauged by others."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import LostPrecisionError, OutOfRangeError
from ttt_theory.linear.exact import fresh_context
from ttt_theory.linear.exact.certainty import GOOD, VANISHING, largest_change, relative_change
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import one_step_numbers
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.feature_laws import GaussianFeatures
from ttt_theory.structured.last_bits import MOVE

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["computed_twice"]


def computed_twice(
    setting: Setting,
    in_float64: Callable[[Problem, StartingWeights], OneStepRisk],
    again: Callable[[Problem, StartingWeights], OneStepRisk] | None = None,
) -> OneStepRisk:
    """Return the results of a calculation for which there are no longer numbers.

    Parameters
    ----------
    setting : Setting
    in_float64 : callable
        Computes the results of a problem and its starting weights.
    again : callable, optional
        Computes them for the setting that is moved, if that is to be done another way.

    Raises
    ------
    OutOfRangeError
        If a result is too large or too small for float64.
    LostPrecisionError
        If fewer than nine digits of a result are certain: it changes by more than 5e-10 of itself
        when the setting is moved by its last bits, or is below zero, which none is; or float64 is
        that far off the plain step on Gaussian features and a fresh context, which longer numbers
        know, since the same forms of the matrices enter both.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            problem = Problem.of(setting)
            risk = in_float64(problem, starting_weights(problem))
    except OutOfRangeError as error:
        if error.value < 0.0:
            raise LostPrecisionError(math.inf, 0) from error
        raise
    change = largest_change(setting, again or in_float64, one_step_numbers, risk, MOVE)
    if change <= GOOD:
        change = _gauge(setting, risk)
    if not change <= GOOD:
        raise LostPrecisionError(change, 0)
    return risk


def _is_round_off(risk: OneStepRisk) -> bool:
    """Whether c1 is too small a share of 2√(c0c2), by which R ≥ 0 bounds it, to be told from 0."""
    bound = 2.0 * math.sqrt(risk.constant) * math.sqrt(risk.quadratic)
    return 0.0 < abs(risk.linear) <= VANISHING * bound


def _gauge(setting: Setting, risk: OneStepRisk) -> float:
    """Return how far float64 is off results that are known for certain, or infinity.

    Infinity where the known c1 is zero and a result's own is too small to be told from it.
    """
    plain = dataclasses.replace(
        setting, evaluation="fresh", step_rule="plain", feature_law=GaussianFeatures()
    )
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(plain)
        start = starting_weights(problem)
        try:
            known = fresh_context.risk_of(problem, start)
        except OutOfRangeError:
            # The scale of a plain step's coefficients is another one.
            return 0.0
        found = None
        with contextlib.suppress(OutOfRangeError):
            found = fresh_context.in_float64(problem, start)
    if known.linear == 0.0 and _is_round_off(risk):
        return math.inf
    return relative_change(one_step_numbers, known, found)
