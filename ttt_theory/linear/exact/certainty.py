"""Results in float64 where that is certain enough, else in longer numbers, else none."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ttt_theory.errors import InvalidSettingError, LostPrecisionError, OutOfRangeError
from ttt_theory.linear.exact.exact_numbers import InexactCovarianceError
from ttt_theory.linear.exact.long_decimals import largest_dim
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import one_step_numbers
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.structured import BlockDiagonal, Kronecker, LowRankUpdate, as_structured
from ttt_theory.structured.last_bits import MOVE, Moved

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["DOUBT", "certain", "computed_twice", "is_sound_alone"]

# By how much a result may change when the setting is moved by its last six bits, which does some
# forty times what round-off does: where there are longer numbers to turn to, and where not.
_SURE, _GOOD = 1e-11, 5e-10

DOUBT = 2e-11
"""A loss that calls for longer numbers where there are any, and stands where there are none."""

_Result = TypeVar("_Result")


def is_sound_alone(problem: Problem) -> bool:
    """Whether float64 keeps the digits of all that the matrices have to do with.

    What pretraining on other contexts is a difference of is asked of longer numbers, where there
    are any.
    """
    is_small = problem.setting.dim <= largest_dim(problem.setting)
    alike = not is_small or problem.is_pretrained_alike
    return problem.is_diagonal and problem.task_spread is None and alike


def certain(
    problem: Problem,
    start: StartingWeights,
    in_float64: Callable[[Problem, StartingWeights], _Result],
    in_long_decimals: Callable[[Setting], _Result | None],
    numbers: Callable[[_Result], Sequence[float]],
    *,
    sound: Callable[[_Result], bool],
    lost: Callable[[_Result], float],
) -> _Result:
    """Compute a result of which at least nine digits are certain.

    Parameters
    ----------
    problem : Problem
    start : StartingWeights
    in_float64, in_long_decimals : callable
        Compute it; the second returns None where there are no longer numbers.
    numbers : callable
        Returns the numbers of a result that are to be certain.
    sound : callable
        Whether moving the setting would show nothing.
    lost : callable
        Returns the relative error of a result that is known of without another: moving the setting
        by its last bits does not show what cancels at every setting.

    Raises
    ------
    OutOfRangeError
        If it is too large or too small for float64.
    LostPrecisionError
        If fewer than nine digits are certain: it changes by more than 5e-10 of itself when the
        setting is moved by its last bits, and has too many dimensions for longer numbers.
    """
    setting = problem.setting
    is_small = setting.dim <= largest_dim(setting)

    def exact() -> _Result | None:
        with contextlib.suppress(InexactCovarianceError):
            return in_long_decimals(setting) if is_small else None
        return None

    def change(result: _Result, round_off: float) -> float:
        if sound(result):
            return lost(result)
        return max(lost(result), _largest_change(setting, in_float64, numbers, result, round_off))

    try:
        result = in_float64(problem, start)
    except OutOfRangeError:
        longer = exact()
        if longer is None:
            raise
        return longer
    # What counts as round-off is kept, where longer numbers can tell whether it is that.
    if change(result, 0.0 if is_small else MOVE) <= (_SURE if is_small else _GOOD):
        return result
    longer = exact()
    if longer is not None:
        return longer
    error = change(result, MOVE)
    if not error <= _GOOD:
        raise LostPrecisionError(error, largest_dim(setting))
    return result


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
        when the setting is moved by its last bits, or is below zero, which none is.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            problem = Problem.of(setting)
            risk = in_float64(problem, starting_weights(problem))
    except OutOfRangeError as error:
        if error.value < 0.0:
            raise LostPrecisionError(math.inf, 0) from error
        raise
    change = _largest_change(setting, again or in_float64, one_step_numbers, risk, MOVE)
    if not change <= _GOOD:
        raise LostPrecisionError(change, 0)
    return risk


def _largest_change(
    setting: Setting,
    in_float64: Callable[[Problem, StartingWeights], _Result],
    numbers: Callable[[_Result], Sequence[float]],
    result: _Result,
    round_off: float,
) -> float:
    """Return the largest relative change of a number when a setting is moved by its last bits."""
    others = (_moved(setting, in_float64, moved, round_off) for moved in _ways(setting))
    return max(_change(numbers, result, other) for other in others)


def _ways(setting: Setting) -> list[Moved]:
    """Return the ways to move a setting that can show a loss, the second in a written-out prior."""
    prior = as_structured(setting.task_covariance.matrix(), checked=True)
    is_written_out = isinstance(prior, LowRankUpdate | BlockDiagonal | Kronecker)
    return [Moved.NUMBERS, Moved.PRIOR] if is_written_out else [Moved.NUMBERS]


def _moved(
    setting: Setting,
    in_float64: Callable[[Problem, StartingWeights], _Result],
    moved: Moved,
    round_off: float,
) -> _Result | None:
    """Return the result with the setting moved by its last bits, if there is one."""
    with np.errstate(all="ignore"):
        try:
            problem = Problem.of(setting, moved=moved, round_off=round_off)
            return in_float64(problem, starting_weights(problem))
        except (InvalidSettingError, OutOfRangeError):
            return None


def _change(
    numbers: Callable[[_Result], Sequence[float]], result: _Result, other: _Result | None
) -> float:
    """Return the largest relative change of a number."""
    if other is None:
        return math.inf
    pairs = zip(numbers(result), numbers(other), strict=True)
    return max(
        abs(one - two) / max(abs(one), abs(two)) if one != two else 0.0 for one, two in pairs
    )
