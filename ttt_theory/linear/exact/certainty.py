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
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.structured import BlockDiagonal, Kronecker, LowRankUpdate, as_structured
from ttt_theory.structured.last_bits import MOVE, Moved

if TYPE_CHECKING:
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = [
    "DOUBT",
    "GOOD",
    "VANISHING",
    "certain",
    "is_sound_alone",
    "largest_change",
    "relative_change",
]

# By how much a result may change when the setting is moved by its last six bits, which does some
# forty times what round-off does: where there are longer numbers to turn to, and where not.
_SURE, GOOD = 1e-11, 5e-10

VANISHING = 1e-14
"""The share of the bound on c1 below which half of its digits may be lost."""

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
        return max(lost(result), largest_change(setting, in_float64, numbers, result, round_off))

    try:
        result = in_float64(problem, start)
    except OutOfRangeError:
        longer = exact()
        if longer is None:
            raise
        return longer
    # What counts as round-off is kept, where longer numbers can tell whether it is that.
    if change(result, 0.0 if is_small else MOVE) <= (_SURE if is_small else GOOD):
        return result
    longer = exact()
    if longer is not None:
        return longer
    error = change(result, MOVE)
    if not error <= GOOD:
        raise LostPrecisionError(error, largest_dim(setting))
    return result


def largest_change(
    setting: Setting,
    in_float64: Callable[[Problem, StartingWeights], _Result],
    numbers: Callable[[_Result], Sequence[float]],
    result: _Result,
    round_off: float,
) -> float:
    """Return the largest relative change of a number when a setting is moved by its last bits."""
    others = (_moved(setting, in_float64, moved, round_off) for moved in _ways(setting))
    return max(relative_change(numbers, result, other) for other in others)


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


def relative_change(
    numbers: Callable[[_Result], Sequence[float]], result: _Result, other: _Result | None
) -> float:
    """Return the largest relative change of a number."""
    if other is None:
        return math.inf
    pairs = zip(numbers(result), numbers(other), strict=True)
    return max(
        abs(one - two) / max(abs(one), abs(two)) if one != two else 0.0 for one, two in pairs
    )
