"""Arrays of numbers from .npy and .csv files that may hold anything."""

from __future__ import annotations

import csv
import math
import stat
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np

from ttt_theory.checks import FloatArray, checked_array
from ttt_theory.errors import InvalidSettingError, SettingFileError

LARGEST_ARRAY_FILE = 2**30
"""Largest array file, and largest array once it is float64, in bytes."""


def read_array(file: Path, ndim: int, largest: int = LARGEST_ARRAY_FILE) -> FloatArray:
    r"""Read an array of finite real numbers.

    Parameters
    ----------
    file : pathlib.Path
        A NumPy file (.npy), or comma separated numbers with one optional header line (.csv).
    ndim : int
        Number of axes, 1 or 2; a .csv file for 1 has one row or one column.
    largest : int
        Bytes that the file, and the array once it is float64, may take.

    Returns
    -------
    ndarray of float64
        Read-only, with at least one entry.

    Raises
    ------
    SettingFileError
        If the file is missing, unreadable, not of these two types, too large, malformed,
        or holds anything but such an array.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "table.csv"
    ...     _ = file.write_text("height,width\n1,2\n3,4\n")
    ...     read_array(file, 2)
    array([[1., 2.],
           [3., 4.]])
    """
    readers = {".npy": _read_npy, ".csv": _read_csv}
    try:
        reader = readers.get(file.suffix.lower())
        if reader is None:
            raise ValueError("give a .npy or a .csv file")
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size > largest:
            raise ValueError(f"too large; give at most {largest} bytes")
        with warnings.catch_warnings():
            # NumPy warns of what is reported here as an error, or of old but sound files.
            warnings.simplefilter("ignore")
            array = reader(file, ndim, largest)
        return checked_array("array", array, ndim)
    except FileNotFoundError as error:
        raise SettingFileError(str(file), "no such file") from error
    except InvalidSettingError as error:
        raise SettingFileError(str(file), error.remedy) from error
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise SettingFileError(str(file), reason) from error
    except (ValueError, csv.Error) as error:
        raise SettingFileError(str(file), str(error)) from error
    except MemoryError as error:
        raise SettingFileError(str(file), "too large for the memory") from error


def _read_npy(file: Path, ndim: int, largest: int) -> Any:
    with file.open("rb") as stream:
        _check_npy_header(stream, file.stat().st_size, ndim, largest)
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def _check_npy_header(stream: IO[bytes], file_size: int, ndim: int, largest: int) -> None:
    """Check what the header claims before anything of that size is allocated."""
    try:
        version = np.lib.format.read_magic(stream)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, _, dtype = readers[version](stream)
    # NumPy parses the header as Python source, which fails in many ways. KeyError: version 3.0 is
    # for records only.
    except Exception as error:
        raise ValueError(f"not a .npy file of numbers ({type(error).__name__})") from error
    if dtype.kind not in "iuf":
        raise ValueError(f"give real numbers, not {dtype}")
    if len(shape) != ndim:
        raise ValueError(f"give {ndim} axes, not the shape {shape}")
    entries = math.prod(shape)
    if entries * 8 > largest:
        raise ValueError(f"too large: the header claims the shape {shape}")
    if min(shape) < 0 or entries * dtype.itemsize != file_size - stream.tell():
        raise ValueError(f"the file is not as long as its shape {shape} says")


def _read_csv(file: Path, ndim: int, largest: int) -> Any:
    with file.open(encoding="utf-8-sig") as stream:
        names = _read_header(stream)
        array = np.loadtxt(stream, delimiter=",", comments=None, quotechar='"', ndmin=2)
    if array.nbytes > largest:
        raise ValueError(f"too large; give at most {largest} bytes of numbers")
    if array.size and names and len(names) != array.shape[1]:
        raise ValueError(f"the header has {len(names)} names for {array.shape[1]} columns")
    if ndim == 1 and 1 in array.shape:
        return array.ravel()
    return array


def _read_header(stream: IO[str]) -> list[str]:
    """Return the names in the header line, which is then read; without one, read nothing."""
    names = next(csv.reader([stream.readline()]), [])
    number_count = sum(map(_is_number, names))
    if names and number_count == 0:
        return names
    if number_count < len(names):
        raise ValueError("the first line mixes names and numbers")
    stream.seek(0)
    return []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
