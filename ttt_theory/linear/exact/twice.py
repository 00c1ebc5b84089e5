"""A one-step risk computed twice, to know how many of its digits are certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.errors import InvalidSettingError, LostPrecisionError, OutOfRangeError
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import OneStepRisk, one_step_result
from ttt_theory.linear.exact.weights import StartingWeights, starting_weights
from ttt_theory.structured.last_bits import MOVE

if TYPE_CHECKING:
    from ttt_theory.linear.exact.curve import Curve
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["computed_twice"]

_GOOD = 5e-10
"""By how much a result may change when the setting is moved by its last bits."""
_COMPARED = ("constant", "linear", "quadratic", "improvement", "risk_after")


def computed_twice(
    setting: Setting, curve_of: Callable[[Problem, StartingWeights], Curve]
) -> OneStepRisk:
    """Return the results of a calculation in float64, if moving the setting hardly changes them.

    Parameters
    ----------
    setting : Setting
    curve_of : callable
        Returns R(η) of a problem and its starting weights, in the problem's units.

    Raises
    ------
    LostPrecisionError
        If fewer than nine digits of a result are certain: it changes by more than 5e-10 of itself
        when the matrices and the task are moved by their last bits.
    OutOfRangeError
        If a result is too large or too small for float64.
    """
    try:
        risk = _risk(setting, curve_of)
    except OutOfRangeError as error:
        # No result is negative but by rounding.
        if error.value < 0.0:
            raise LostPrecisionError(np.inf, 0) from error
        raise
    try:
        moved = _risk(setting, curve_of, moved=True, round_off=MOVE)
    except (InvalidSettingError, OutOfRangeError) as error:
        raise LostPrecisionError(np.inf, 0) from error
    pairs = [(getattr(risk, name), getattr(moved, name)) for name in _COMPARED]
    change = max(abs(one - two) / max(one, two) if one != two else 0.0 for one, two in pairs)
    if not change <= _GOOD:
        raise LostPrecisionError(change, 0)
    return risk


def _risk(
    setting: Setting, curve_of: Callable[[Problem, StartingWeights], Curve], **moved: Any
) -> OneStepRisk:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting, **moved)
        curve = curve_of(problem, starting_weights(problem))
        return one_step_result(
            setting, curve, curve.risk_after, problem.label_exponent, problem.step_exponent
        )
