"""Array types, and checks of single values that raise the package's exceptions."""

from __future__ import annotations

import contextlib
import math
import numbers
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ttt_theory.errors import InvalidSettingError, told_apart

__all__ = [
    "LARGEST_SIZE",
    "ROUND_OFF_PER_DIM",
    "FloatArray",
    "Number",
    "ObjectArray",
    "as_array",
    "as_real_array",
    "check_symmetric",
    "checked_array",
    "checked_integer",
    "checked_number",
    "common_shape",
    "exactly",
    "valid_entries",
]

FloatArray = npt.NDArray[np.float64]
"""A NumPy array of float64."""

ObjectArray = npt.NDArray[np.object_]
"""A NumPy array of numbers of another kind, such as fractions."""

Number = Callable[[float], Any]
"""Turns an int or a float into a number of another kind, such as `fractions.Fraction`."""
LARGEST_SIZE = 10**9
"""Most entries of an array: 8 GB of float64."""

ROUND_OFF_PER_DIM = 1e-14
"""What is forgiven per unit of dimension, relative to the largest entry or eigenvalue.

An asymmetry of entries that should be the same, or the size of a negative eigenvalue.
"""

_INEXACT = (float, complex, np.inexact)
# NumPy's own limit.
_MOST_AXES = 64


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
        # OverflowError of a long integer, and whatever a foreign type raises.
        with contextlib.suppress(Exception):
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


def checked_array(field: str, value: Any, ndim: int, *, longest: int = LARGEST_SIZE) -> FloatArray:
    """Return a read-only float64 copy of an array of finite real numbers, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : array_like
        Nested sequences of numbers, or an array of integers or floats.
    ndim : int
        Number of axes, 1 or 2.
    longest : int
        Most entries along an axis.

    Returns
    -------
    ndarray of float64
        A copy with at least one entry, not writeable.

    Raises
    ------
    InvalidSettingError
        If it is empty, ragged, of another number of axes, too large, masked anywhere, or holds
        anything but finite numbers.

    Examples
    --------
    >>> checked_array("values", [1, 2.5], 1)
    array([1. , 2.5])
    """
    remedy = {1: "give a list of finite numbers", 2: "give a matrix of finite numbers"}[ndim]
    given = as_real_array(field, value, remedy)
    if given.ndim != ndim or given.size == 0:
        raise InvalidSettingError(field, given, f"{remedy}, at least one")
    if max(given.shape) > longest:
        where = "numbers" if ndim == 1 else "rows and columns"
        raise InvalidSettingError(field, given, f"give at most {longest} {where}")
    with np.errstate(all="ignore"):
        array = np.array(given, dtype=np.float64)
    infinite = ~np.isfinite(array)
    if infinite.any():
        raise InvalidSettingError(field, array[infinite][0], f"{remedy}{_see(infinite)}")
    array.flags.writeable = False
    return array


def as_real_array(field: str, value: Any, remedy: str) -> npt.NDArray[Any]:
    """Return an array of integers or floats, the same one if it is one, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : array_like
        Numbers as nested lists or tuples of them, or an array.  Truth values, text and numbers as
        objects are none.
    remedy : str
        What to give, for the error.

    Returns
    -------
    ndarray

    Raises
    ------
    InvalidSettingError
        As `as_array`, and if it holds anything else.

    Examples
    --------
    >>> as_real_array("values", [[1, 2], [3, 4]], "give numbers").shape
    (2, 2)
    """
    array = as_array(field, value, remedy)
    # NumPy reads truth values among numbers as numbers.
    if not _has_array(value) and not all(map(_is_real, _leaves(value))):
        raise InvalidSettingError(field, value, remedy)
    if array.dtype.kind not in "iuf":
        raise InvalidSettingError(field, value, f"{remedy}, not of {array.dtype}")
    return array


def as_array(field: str, value: Any, remedy: str) -> npt.NDArray[Any]:
    """Return any value as a plain array, the same one if it is one, or raise.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    value : array_like
        What NumPy makes an array of.
    remedy : str
        What to give, for the error.

    Returns
    -------
    ndarray
        Of at most `LARGEST_SIZE` entries.

    Raises
    ------
    InvalidSettingError
        If it is ragged or too large, if an entry is masked, or if it does not let itself be read.

    Examples
    --------
    >>> as_array("values", np.ma.array([1.0, 2.0], mask=[False, True]), "give numbers")
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: values: an array of shape (2,) is not valid; give
    numbers, none of them masked (see entry 1)
    """
    if (size := _claimed_size(value)) > LARGEST_SIZE:
        remedy = f"{remedy}, at most {LARGEST_SIZE} of them in all, not {size}"
        raise InvalidSettingError(field, value, remedy)
    # NumPy drops the masks of what it makes an array of.
    for leaf in _leaves(value):
        _check_unmasked(field, value, leaf, remedy)
        # Dask drops them, too, when it computes, and has an example of its blocks.
        if type(leaf).__module__.startswith("dask.") and np.ma.isMA(getattr(leaf, "_meta", None)):
            raise InvalidSettingError(field, value, f"{remedy}, computed and without masks")
    try:
        array = np.asanyarray(value)
    except ValueError as error:
        if isinstance(value, list | tuple):
            remedy = f"{remedy}, all rows of one length"
            raise InvalidSettingError(field, value, remedy) from error
        raise _unreadable(field, value, remedy, error) from error
    # Arrays of other libraries raise anything: one on another device, or one of a lazy computation.
    except Exception as error:
        raise _unreadable(field, value, remedy, error) from error
    # What another class makes an array of may be masked, too.
    _check_unmasked(field, value, array, remedy)
    return np.asarray(array)


def _check_unmasked(field: str, value: Any, array: Any, remedy: str) -> None:
    if isinstance(array, np.ma.MaskedArray) and array.dtype.names is None:
        mask = np.ma.getmaskarray(array)
        if mask.any():
            remedy = f"{remedy}, none of them masked{_see(mask)}"
            raise InvalidSettingError(field, value, remedy)


def _unreadable(field: str, value: Any, remedy: str, error: Exception) -> InvalidSettingError:
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return InvalidSettingError(field, value, f"{remedy}; NumPy cannot read this one ({reason})")


def check_symmetric(field: str, matrix: npt.NDArray[Any]) -> None:
    """Check that a matrix equals its transpose: up to round-off in floats, else exactly.

    Parameters
    ----------
    field : str
        Name of the field, for the error.
    matrix : ndarray, shape (d, d)
        Of numbers of any type.

    Raises
    ------
    InvalidSettingError
        If it is not square, not finite or not symmetric.

    Examples
    --------
    >>> check_symmetric("entries", np.array([[1.0, 0.5 + 1e-17], [0.5, 1.0]]))
    >>> check_symmetric("entries", np.array([[1.0, 0.25], [0.250000001, 1.0]]))
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: entries: an array of shape (2, 2) is not valid; give a
    symmetric matrix: entry (0, 1) is 0.25 but (1, 0) is 0.250000001
    """
    if matrix.shape[0] != matrix.shape[1]:
        raise InvalidSettingError(field, matrix, "give a symmetric matrix, which is square")
    if np.array_equal(matrix, matrix.T):
        return
    inexact = matrix.dtype != object or any(isinstance(each, _INEXACT) for each in matrix.flat)
    tolerance = ROUND_OFF_PER_DIM * len(matrix) if inexact else 0
    with np.errstate(all="ignore"):
        asymmetry = abs(matrix - matrix.T)
        if asymmetry.max() <= tolerance * abs(matrix).max():
            return
    row, column = _place(np.argmax(asymmetry), matrix.shape)
    here, there = told_apart(matrix[row, column], matrix[column, row])
    raise InvalidSettingError(
        field,
        matrix,
        f"give a symmetric matrix: entry ({row}, {column}) is {here} but ({column}, {row}) is "
        f"{there}",
    )


def _leaves(value: Any) -> Iterator[Any]:
    """Iterate over what nested lists and tuples hold, each list once however often it occurs."""
    pending, seen = [value], set()
    while pending:
        entry = pending.pop()
        if not isinstance(entry, list | tuple):
            yield entry
        elif id(entry) not in seen:
            seen.add(id(entry))
            pending.extend(entry)


def _is_real(value: Any) -> bool:
    if type(value) in (float, int):  # The test below takes ten times as long.
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf"
    return not isinstance(value, bool) and isinstance(value, numbers.Real)


def exactly(array: FloatArray, number: Number) -> ObjectArray:
    """Return an array of the same numbers of another kind.

    Examples
    --------
    >>> from fractions import Fraction
    >>> print(exactly(np.array([0.5]), Fraction)[0])
    1/2
    """
    flat = np.empty(array.size, dtype=object)
    flat[:] = [number(value) for value in array.ravel().tolist()]
    return flat.reshape(array.shape)


def _claimed_size(value: Any) -> int:
    """Return how many entries a value says it has, or nested lists seem to have, in no time."""
    shape: list[int] = []
    while isinstance(value, list | tuple) and len(shape) < _MOST_AXES:
        shape.append(len(value))
        value = value[0] if value else None
    own = getattr(value, "shape", ()) if _has_array(value) else ()
    if isinstance(own, tuple) and all(isinstance(each, int) for each in own):
        shape.extend(own)
    return math.prod(shape)


def _has_array(value: Any) -> bool:
    try:
        return hasattr(value, "__array__")
    except Exception:  # noqa: BLE001  (whatever a foreign class raises)
        return False


def _place(index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(each) for each in np.unravel_index(index, shape))


def _see(condition: npt.NDArray[np.bool_]) -> str:
    """Point to the first entry for which a condition holds; a single number needs no pointing."""
    place = _place(np.argmax(condition), condition.shape)
    return f" (see entry {', '.join(map(str, place))})" if place else ""


def valid_entries(field: str, array: Any, valid: Any, remedy: str) -> Any:
    """Return an array whose entries are all valid.

    Parameters
    ----------
    field : str
        What the array is, for the message.
    array : array
    valid : array of bool
        Which entries are.
    remedy : str
        What would be valid, for the message.

    Raises
    ------
    InvalidSettingError
        If one is not; the first of them is named.

    Examples
    --------
    >>> valid_entries("n", np.array([1, 2]), np.array([True, True]), "give positive numbers")
    array([1, 2])
    """
    if not np.all(valid):
        raise InvalidSettingError(field, array.flat[np.argmin(valid)], remedy)
    return array


def common_shape(arrays: dict[str, Any]) -> tuple[int, ...]:
    """Return the shape to which arrays broadcast, of at most `LARGEST_SIZE` entries.

    Parameters
    ----------
    arrays : dict of str to array
        By their names, for the message.

    Raises
    ------
    InvalidSettingError
        If they do not broadcast, or to more entries than that.

    Examples
    --------
    >>> common_shape({"n": np.ones((3, 1)), "k": np.ones(2)})
    (3, 2)
    """
    shape: tuple[int, ...] = ()
    for name, array in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            remedy = f"give a shape that broadcasts with {shape}, that of the arguments before"
            raise InvalidSettingError(name, array, remedy) from None
        if math.prod(shape) > LARGEST_SIZE:
            size = " x ".join(map(str, shape))
            remedy = f"give at most {LARGEST_SIZE} settings at a time, not {size}"
            raise InvalidSettingError(name, array, remedy)
    return shape
