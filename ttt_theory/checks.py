"""Array types, and checks of single values that raise the package's exceptions."""

from __future__ import annotations

import contextlib
import math
import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from ttt_theory.errors import InvalidSettingError

__all__ = ["FloatArray", "checked_array", "checked_integer", "checked_number", "holds_only_numbers"]

FloatArray = npt.NDArray[np.float64]
"""A NumPy array of float64."""


def checked_integer(field: str, value: Any, minimum: int, maximum: int) -> int:
    """Return `value` as an int, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : object
        An int or NumPy integer scalar; a bool is not a number.
    minimum, maximum : int
        Smallest and largest valid value.

    Returns
    -------
    int

    Raises
    ------
    InvalidSettingError
        If it is no integer or out of range.

    Examples
    --------
    >>> checked_integer("dim", np.int64(3), 1, 10)
    3
    """
    is_integer = not isinstance(value, bool) and isinstance(value, numbers.Integral)
    if not is_integer or not minimum <= value <= maximum:
        raise InvalidSettingError(field, value, f"give an integer from {minimum} to {maximum}")
    return int(value)


def checked_number(
    field: str,
    value: Any,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    above_minimum: bool = False,
) -> float:
    """Return `value` as a finite float, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : object
        A real Python or NumPy scalar; a bool is not a number.
    minimum, maximum : float
        Smallest and largest valid value.
    above_minimum : bool
        Whether `minimum` itself is invalid.

    Returns
    -------
    float

    Raises
    ------
    InvalidSettingError
        If it is no number, not finite, too large for a float, or out of range.

    Examples
    --------
    >>> checked_number("scale", 2, 0.0)
    2.0
    """
    number = math.nan
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        with contextlib.suppress(OverflowError):
            number = float(value)
    in_range = minimum <= number <= maximum and not (above_minimum and number == minimum)
    if not (in_range and math.isfinite(number)):
        raise InvalidSettingError(field, value, _range_remedy(minimum, maximum, above_minimum))
    return number


def _range_remedy(minimum: float, maximum: float, above_minimum: bool) -> str:
    if math.isfinite(minimum) and math.isfinite(maximum):
        return f"give a number between {minimum:.17g} and {maximum:.17g}"
    if math.isfinite(minimum):
        relation = "above" if above_minimum else "of at least"
        return f"give a finite number {relation} {minimum:.17g}"
    return "give a finite number"


def checked_array(field: str, value: Any, ndim: int) -> FloatArray:
    """Return a read-only float64 copy of an array of finite real numbers, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : array_like
        Nested sequences of numbers, or an array of integers or floats.
    ndim : int
        Number of axes, 1 or 2.

    Returns
    -------
    ndarray of float64
        A copy with at least one entry, not writeable.

    Raises
    ------
    InvalidSettingError
        If it is empty, ragged, of another number of axes, or holds anything but finite numbers.

    Examples
    --------
    >>> checked_array("values", [1, 2.5], 1)
    array([1. , 2.5])
    """
    remedy = {1: "give a list of finite numbers", 2: "give a matrix of finite numbers"}[ndim]
    if not hasattr(value, "__array__") and not holds_only_numbers(value):
        raise InvalidSettingError(field, value, remedy)
    try:
        # Without the second test NumPy would read text and truth values as numbers.
        if hasattr(value, "__array__") and np.asarray(value).dtype.kind not in "iuf":
            raise InvalidSettingError(field, value, f"{remedy}, not of {np.asarray(value).dtype}")
        with np.errstate(all="ignore"):
            array = np.array(value, dtype=np.float64)
    except InvalidSettingError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidSettingError(field, value, f"{remedy}, all rows of one length") from error
    if array.ndim != ndim or array.size == 0:
        raise InvalidSettingError(field, array, f"{remedy}, at least one")
    finite = np.isfinite(array)
    if not finite.all():
        position = np.unravel_index(np.argmin(finite), array.shape)
        place = ", ".join(str(int(index)) for index in position)
        raise InvalidSettingError(field, array[position], f"{remedy} (see entry {place})")
    array.flags.writeable = False
    return array


def holds_only_numbers(value: Any) -> bool:
    """Whether nested lists or tuples hold real numbers alone, no truth values and no text.

    Examples
    --------
    >>> holds_only_numbers([1, [2.5]]), holds_only_numbers([1, True])
    (True, False)
    """
    if isinstance(value, list | tuple):
        return all(holds_only_numbers(entry) for entry in value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf"
    return not isinstance(value, bool) and isinstance(value, numbers.Real)
