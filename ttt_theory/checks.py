"""Array types, and checks of values and packages that raise the package's exceptions."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import math
import numbers
import re
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ttt_theory.errors import (
    BrokenPackageError,
    InvalidSettingError,
    MissingPackageError,
)

__all__ = [
    "FloatArray",
    "checked_array",
    "checked_integer",
    "checked_number",
    "holds_only_numbers",
    "import_fault",
    "importing",
]

# Named in this order where a package comes with several.
_EXTRAS = ("cli", "verify", "sweep", "distributed")

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


@contextlib.contextmanager
def importing(extra: str, *packages: str) -> Iterator[None]:
    """Have packages that only some of this one needs, and import from them.

    Parameters
    ----------
    extra : str
        The extra of this package that brings them.
    *packages : str
        What must be there.

    Raises
    ------
    MissingPackageError
        If one of them, or what the imports within ask for, is not installed.
    BrokenPackageError
        If one is there and its import fails.

    Examples
    --------
    >>> with importing("verify", "sympy"):
    ...     import sympy
    >>> with importing("verify", "no_such_package"):
    ...     pass
    Traceback (most recent call last):
    ttt_theory.errors.MissingPackageError: no_such_package is not installed: pip install
    'ttt-theory[verify]'
    """
    for package in packages:
        if not _is_installed(package):
            raise MissingPackageError(package, extra)
    try:
        yield
    except ImportError as error:
        raise import_fault(error, extra) from error


def import_fault(error: ImportError, extra: str = "") -> MissingPackageError | BrokenPackageError:
    """Return what a failed import means: a package that is missing, or one that is broken.

    Parameters
    ----------
    error : ImportError
        Raised by the import.
    extra : str
        The extra of this package that was to bring it, where that is known.

    Examples
    --------
    >>> print(import_fault(ModuleNotFoundError("No module named 'flint'", name="no_such_package")))
    no_such_package is not installed: install it
    >>> print(import_fault(ImportError("cannot import name 'x' from 'numpy'", name="numpy")))
    numpy is installed, but cannot be imported: cannot import name 'x' from 'numpy'; reinstall it
    """
    if isinstance(error, MissingPackageError | BrokenPackageError):
        return error
    extras = _extras_by_package()
    said = re.search(r"No module named '?([\w.]+)", str(error))
    is_missing = said is not None or isinstance(error, ModuleNotFoundError)
    module = error.name or (said[1] if said else "")
    package = module.partition(".")[0]
    importers = [
        frame.f_globals.get("__name__", "").partition(".")[0]
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    ours = [importer for importer in importers if importer in extras]
    # What is missing inside of a package that is there, or for it, leaves that one broken.
    if (
        is_missing
        and (package in extras or not ours)
        and (module == package or not _is_installed(package))
    ):
        known = extras.get(package, [])
        return MissingPackageError(package, extra if extra in known else (*known, "")[0])
    return BrokenPackageError(ours[-1] if ours else package or "a package", str(error))


def _extras_by_package() -> dict[str, list[str]]:
    """Return which extras bring each package that only some of this one needs."""
    extras: dict[str, list[str]] = {}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for needed in importlib.metadata.requires("ttt-theory") or []:
            found = re.match(r"([\w.-]+).*; *extra == ['\"](\w+)['\"]", needed)
            if found and found[2] in _EXTRAS:
                package = {"python-flint": "flint"}.get(found[1], found[1])
                extras.setdefault(package, []).append(found[2])
    return {package: sorted(each, key=_EXTRAS.index) for package, each in extras.items()}


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
    except ValueError:  # It is imported already, by other means.
        return True
