"""The exceptions of this package, and the checks of single values that raise them."""

from __future__ import annotations

import contextlib
import math
import numbers
import reprlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
"""A NumPy array of float64."""

_LONGEST_FIELD = 120
_LONGEST_VALUE = 80
_LONGEST_REASON = 400


class TTTTheoryError(Exception):
    """Base of every exception that this package raises on purpose."""


class InvalidSettingError(TTTTheoryError, ValueError):
    """A value of a setting is not valid.

    Parameters
    ----------
    field : str
        Dotted path of the field, as in a setting file.
    value : object
        What was given, or `MISSING`.
    remedy : str
        What would be valid.

    Examples
    --------
    >>> error = InvalidSettingError("rho", 1.5, "give a number between -1 and 1")
    >>> print(error.within("feature_covariance"))
    feature_covariance.rho: 1.5 is not valid; give a number between -1 and 1
    """

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(field, value, remedy)
        self.field = field
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        field = _shortened(self.field, _LONGEST_FIELD)
        remedy = _shortened(self.remedy, _LONGEST_REASON)
        return _one_line(f"{field}: {describe(self.value)} is not valid; {remedy}")

    def within(self, prefix: str) -> InvalidSettingError:
        """Return the same error with `prefix` put before its field."""
        return InvalidSettingError(f"{prefix}.{self.field}", self.value, self.remedy)


class SettingFileError(TTTTheoryError):
    """A setting file, or a file it names, cannot be read.

    Parameters
    ----------
    file : str
        The file at fault.
    reason : str
        What is wrong with it and what would be valid.
    field : str
        Dotted path of the field that names the file; empty for the setting file itself.

    Examples
    --------
    >>> error = SettingFileError("sigma.csv", "no such file", "file")
    >>> print(error.within("feature_covariance"))
    feature_covariance.file: sigma.csv: no such file
    """

    def __init__(self, file: str, reason: str, field: str = "") -> None:
        super().__init__(file, reason, field)
        self.file = file
        self.reason = reason
        self.field = field

    def __str__(self) -> str:
        parts = [
            _shortened(self.field, _LONGEST_FIELD),
            _shortened(self.file, _LONGEST_REASON),
            _shortened(self.reason, _LONGEST_REASON),
        ]
        return _one_line(": ".join(part for part in parts if part))

    def within(self, prefix: str) -> SettingFileError:
        """Return the same error with `prefix` put before its field."""
        field = f"{prefix}.{self.field}" if self.field else prefix
        return SettingFileError(self.file, self.reason, field)


class OutOfRangeError(TTTTheoryError, ArithmeticError):
    """A result is too large or too small for float64.

    Parameters
    ----------
    quantity : str
        What could not be represented.
    value : float
        What came out instead.
    """

    def __init__(self, quantity: str, value: float) -> None:
        super().__init__(quantity, value)
        self.quantity = quantity
        self.value = value

    def __str__(self) -> str:
        return (
            f"{self.quantity}: {self.value} is outside the range of float64; rescale the "
            "covariances, the task or the noise"
        )


class LostWorkersError(TTTTheoryError, RuntimeError):
    """Processes that share the work were lost, and starting over did not help.

    Parameters
    ----------
    reason : str
        What was lost and what might help.

    Examples
    --------
    >>> print(LostWorkersError("killed 5 times"))
    workers: killed 5 times
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return _one_line(f"workers: {_shortened(self.reason, _LONGEST_REASON)}")


class UnknownClaimError(TTTTheoryError, KeyError):
    """No claim of the registry has this id, or it does not apply.

    Parameters
    ----------
    claim : str
        The id asked for.
    known : list of str
        The ids that would be valid.
    closest : str, optional
        The one that was probably meant.
    """

    def __init__(self, claim: str, known: list[str], closest: str | None = None) -> None:
        super().__init__(claim, known, closest)
        self.claim = claim
        self.known = known
        self.closest = closest

    def __str__(self) -> str:
        hint = f"; did you mean {self.closest}?" if self.closest else ""
        return f"claim: {describe(self.claim)} is not one of {', '.join(self.known)}{hint}"


class StatementError(TTTTheoryError, ValueError):
    """A statement cannot be read, or says nothing that could be true or false.

    Parameters
    ----------
    reason : str
        What is wrong and what would be valid.
    position : int, optional
        Which character is at fault, counted from 1.

    Examples
    --------
    >>> print(StatementError("'^' is not valid; write ** for powers", 3))
    position 3: '^' is not valid; write ** for powers
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason, position)
        self.reason = reason
        self.position = position

    def __str__(self) -> str:
        place = "" if self.position is None else f"position {self.position}: "
        return _one_line(place + _shortened(self.reason, _LONGEST_REASON))


class _Missing:
    """The value of a key that is required and absent."""

    def __repr__(self) -> str:
        return "a missing value"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands in an error for a value that was not given at all."""


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    half = (longest - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def _one_line(text: str) -> str:
    # File names and TOML keys may hold line breaks, terminal escapes and lone surrogates.
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def describe(value: object) -> str:
    """Describe any value in one short line, whatever it is.

    Examples
    --------
    >>> describe(np.zeros((3, 4)))
    'an array of shape (3, 4)'
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of about {int(value.bit_length() * math.log10(2))} digits"
    try:
        text = repr(value) if isinstance(value, float) else reprlib.repr(value)
    except Exception:  # noqa: BLE001  (a foreign __repr__, or an integer too long to print inside a list)
        text = f"a value of type {type(value).__name__}"
    return _one_line(_shortened(text, _LONGEST_VALUE))


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
