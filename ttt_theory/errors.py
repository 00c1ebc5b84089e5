"""The exceptions of this package, and what a failed import means."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import math
import re
import reprlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

_LONGEST_FIELD = 120
_LONGEST_VALUE = 80
_LONGEST_REASON = 400
# What is said of a statement ends with all of it, corrected, perhaps in two ways.
_LONGEST_ADVICE = 3000

# Named in this order where a package comes with several.
_EXTRAS = ("cli", "verify", "sweep", "distributed")


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


class LostPrecisionError(TTTTheoryError, ArithmeticError):
    """Float64 keeps too few digits of a result.

    Parameters
    ----------
    change : float
        The relative change of a result when the setting is moved by its last bits.
    largest_exact_dim : int
        Up to which dimension longer numbers are used instead; 0 where there are none.

    Examples
    --------
    >>> print(LostPrecisionError(1e-4, 64))
    setting: its results change by 0.0001 of themselves when its last bits do, so that float64 holds
    too few of their digits; give covariances further from singular, a smaller context length, or a
    covariance class with exact_matrix and at most 64 dimensions
    """

    def __init__(self, change: float, largest_exact_dim: int) -> None:
        super().__init__(change, largest_exact_dim)
        self.change = change
        self.largest_exact_dim = largest_exact_dim

    def __str__(self) -> str:
        longer = (
            " or a covariance class with exact_matrix and at most "
            f"{self.largest_exact_dim} dimensions"
        )
        return (
            f"setting: its results change by {self.change:.1g} of themselves when its last bits "
            "do, so that float64 holds too few of their digits; give covariances further from "
            f"singular, {'' if self.largest_exact_dim else 'or '}a smaller context length"
            f"{',' + longer if self.largest_exact_dim else ''}"
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


class MissingPackageError(TTTTheoryError, ImportError):
    """A package that only some of this one needs is not installed.

    Parameters
    ----------
    package : str
        What is not there.
    extra : str
        The extra of this package that brings it; empty if none does.

    Examples
    --------
    >>> print(MissingPackageError("sympy", "verify"))
    sympy is not installed: pip install 'ttt-theory[verify]'
    """

    def __init__(self, package: str, extra: str = "") -> None:
        super().__init__(package, extra)
        self.package = package
        self.extra = extra

    def __str__(self) -> str:
        remedy = f"pip install 'ttt-theory[{self.extra}]'" if self.extra else "install it"
        return _one_line(f"{_shortened(self.package, _LONGEST_FIELD)} is not installed: {remedy}")


class BrokenPackageError(TTTTheoryError, ImportError):
    """A package is installed, but cannot be imported.

    Parameters
    ----------
    package : str
        What cannot be imported.
    reason : str
        What its import says.

    Examples
    --------
    >>> print(BrokenPackageError("h5py", "libhdf5.so: cannot open shared object file"))
    h5py is installed, but cannot be imported: libhdf5.so: cannot open shared object file;
    reinstall it
    """

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(package, reason)
        self.package = package
        self.reason = reason

    def __str__(self) -> str:
        package = _shortened(self.package, _LONGEST_FIELD)
        reason = _shortened(self.reason, _LONGEST_REASON)
        return _one_line(f"{package} is installed, but cannot be imported: {reason}; reinstall it")


class WorkerImportError(TTTTheoryError, ImportError):
    """The workers of a cluster cannot import what they are asked to compute with.

    Parameters
    ----------
    reason : str
        What they cannot import, and what might help.

    Examples
    --------
    >>> print(WorkerImportError("No module named 'sympy'; install it there"))
    workers: No module named 'sympy'; install it there
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return _one_line(f"workers: {_shortened(self.reason, _LONGEST_REASON)}")


class MixedVersionsError(TTTTheoryError, RuntimeError):
    """Parts of one result were computed by different versions of the same packages.

    Parameters
    ----------
    reason : str
        Which versions met, and what to do.

    Examples
    --------
    >>> print(MixedVersionsError("numpy 2.3.0 and 2.4.0; install one"))
    versions: numpy 2.3.0 and 2.4.0; install one
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return _one_line(f"versions: {_shortened(self.reason, _LONGEST_REASON)}")


class UnknownClaimError(TTTTheoryError, KeyError):
    """No registered claim has this id, or it does not apply.

    Parameters
    ----------
    claim : str
        The id or pattern asked for.
    known : list of str
        The ids that would be valid.
    closest : tuple of str
        All that may have been meant.

    Examples
    --------
    >>> print(UnknownClaimError("noise2", ["noise", "shift"], ("noise",)))
    claim: 'noise2' is not one of noise, shift; did you mean noise?
    """

    def __init__(self, claim: str, known: list[str], closest: tuple[str, ...] = ()) -> None:
        super().__init__(claim, known, closest)
        self.claim = claim
        self.known = known
        self.closest = closest

    def __str__(self) -> str:
        *others, last = self.closest or ("",)
        listed = f"{', '.join(others)} or {last}" if others else last
        hint = f"; did you mean {listed}?" if self.closest else ""
        return f"claim: {describe(self.claim)} is not one of {', '.join(self.known)}{hint}"


class InvalidClaimError(TTTTheoryError, ValueError):
    """A claim cannot be registered.

    Parameters
    ----------
    claim : str
        Its id.
    reason : str
        What is wrong and what would be valid.

    Examples
    --------
    >>> print(InvalidClaimError("noise", "this id is taken; give another"))
    claim noise: this id is taken; give another
    """

    def __init__(self, claim: str, reason: str) -> None:
        super().__init__(claim, reason)
        self.claim = claim
        self.reason = reason

    def __str__(self) -> str:
        claim = _shortened(self.claim, _LONGEST_FIELD)
        return _one_line(f"claim {claim}: {_shortened(self.reason, _LONGEST_REASON)}")


class ExtensionError(TTTTheoryError):
    """A file given by ``--with``, or an installed package of claims, cannot be loaded.

    Parameters
    ----------
    extension : str
        The file, or the name of the package's entry point.
    reason : str
        What went wrong.

    Examples
    --------
    >>> print(ExtensionError("my_theorem.py", "no such file"))
    my_theorem.py: no such file
    """

    def __init__(self, extension: str, reason: str) -> None:
        super().__init__(extension, reason)
        self.extension = extension
        self.reason = reason

    def __str__(self) -> str:
        parts = (self.extension, self.reason)
        return _one_line(": ".join(_shortened(part, _LONGEST_REASON) for part in parts))


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
        return _one_line(place + _shortened(self.reason, _LONGEST_ADVICE))


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
    except (Exception, SystemExit) as error:
        if (fault := broken_import(error)) is None:
            raise
        raise fault from error


def broken_import(error: BaseException) -> BrokenPackageError | None:
    """Return what any error means that a package raises while it is imported; None for others.

    One that was built for another NumPy raises a ValueError, one that was installed in part a
    SyntaxError.

    Parameters
    ----------
    error : BaseException
        With its traceback.

    Examples
    --------
    >>> broken_import(ValueError("numpy.dtype size changed"))
    """
    needed = _extras_by_package()
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    packages = [
        frame.f_globals.get("__name__", "").partition(".")[0]
        for frame in frames
        if frame.f_code.co_name == "<module>"
    ]
    if isinstance(error, SyntaxError):
        packages += Path(error.filename or "").with_suffix("").parts
    broken = [package for package in packages if package in needed]
    return BrokenPackageError(broken[-1], f"{type(error).__name__}: {error}") if broken else None


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
    """Return which extras bring each package that this one needs; none, if it always does."""
    extras: dict[str, list[str]] = {}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for needed in importlib.metadata.requires("ttt-theory") or []:
            found = re.match(r"([\w.-]+)[^;]*(?:; *extra == ['\"](\w+)['\"])?$", needed)
            if found and found[2] in (None, *_EXTRAS):
                package = {"python-flint": "flint"}.get(found[1], found[1])
                extras.setdefault(package, []).extend(filter(None, [found[2]]))
    return {package: sorted(each, key=_EXTRAS.index) for package, each in extras.items()}


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
    except ValueError:  # It is imported already, by other means.
        return True


class _Missing:
    """The value of a key that is required and absent."""

    def __repr__(self) -> str:
        return "a missing value"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands in an error for a value that was not given at all."""


class _Unshown:
    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return self.kind


def unshown(value: object) -> object:
    """Return a number as it is, and in place of anything else what an error may say of it.

    A setting file may be a link to another file, which an error must not tell.

    Examples
    --------
    >>> unshown(4), unshown("hunter2"), unshown({"token": "hunter2"})
    (4, a text, a table)
    """
    if isinstance(value, int | float):
        return value
    kinds: dict[type, str] = {str: "a text", list: "a list", dict: "a table"}
    return _Unshown(kinds.get(type(value), "a value"))


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
    if isinstance(value, np.generic | np.ndarray) and value is not np.ma.masked:
        value = value.item()
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of about {int(value.bit_length() * math.log10(2))} digits"
    try:
        text = repr(value) if isinstance(value, float) else reprlib.repr(value)
    except Exception:  # noqa: BLE001  (a foreign __repr__, or an integer too long to print inside a list)
        text = f"a value of type {type(value).__name__}"
    return _one_line(_shortened(text, _LONGEST_VALUE))


def told_apart(*values: object, digits: int = 6) -> list[str]:
    """Write numbers with as many significant digits as show which of them differ.

    Parameters
    ----------
    *values : number
        What a message contrasts.
    digits : int
        The fewest significant digits.

    Returns
    -------
    list of str

    Examples
    --------
    >>> told_apart(0.5, 0.25), told_apart(0.0950353, 0.0950353 + 1e-12)
    (['0.5', '0.25'], ['0.0950353', '0.095035300001'])
    """
    exact = [value.item() if isinstance(value, np.generic) else value for value in values]
    if all(isinstance(value, int | float | complex) for value in exact):
        for count in range(digits, 17):
            texts = [f"{value:.{count}g}" for value in exact]
            if len(set(texts)) == len(set(exact)):
                return texts
    return [str(value) for value in exact]
