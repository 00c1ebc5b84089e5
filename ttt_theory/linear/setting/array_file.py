"""Arrays of numbers from .npy and .csv files that may hold anything."""

from __future__ import annotations

import warnings
from pathlib import Path

from ttt_theory.checks import FloatArray
from ttt_theory.errors import SettingFileError
from ttt_theory.files.csv_file import read_csv
from ttt_theory.files.npy_file import read_npy
from ttt_theory.files.opening import open_regular

LARGEST_ARRAY_FILE = 2**30
"""Largest array file, and largest array once it is float64, in bytes."""


def read_array(
    file: Path,
    ndim: int,
    largest: int = LARGEST_ARRAY_FILE,
    header: bool | None = None,
    entries: int | None = None,
) -> FloatArray:
    r"""Read an array of finite real numbers.

    What is wrong is said by line, column and kind; no content of the file is quoted but the names
    of the columns of what is a table, since the file may be a link to something else.

    Parameters
    ----------
    file : pathlib.Path
        A NumPy file (.npy), or comma separated numbers with one optional header line (.csv).
    ndim : int
        Number of axes, 1 or 2; a .csv file for 1 has one row or one column.
    largest : int
        Bytes that the file, and the array once it is float64, may take.
    header : bool, optional
        Whether the first line of a .csv file names the columns; if not given, the line tells, or
        the file is refused.
    entries : int, optional
        How many numbers there should be, where that is known: a .csv file with one number a line
        and as many lines has no header.

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
    suffix = file.suffix.lower()
    if suffix not in {".npy", ".csv"}:
        raise SettingFileError(str(file), "give a .npy or a .csv file")
    with open_regular(file, largest) as stream:
        try:
            if suffix == ".csv":
                array = read_csv(stream, ndim, largest, header, entries)
            elif header:
                raise ValueError("a .npy file has no header; leave the key header out")
            else:
                with warnings.catch_warnings():
                    # NumPy warns of what is reported here as an error, or of old but sound files.
                    warnings.simplefilter("ignore")
                    array = read_npy(stream, ndim, largest)
            array.flags.writeable = False
            return array
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            raise SettingFileError(str(file), reason) from error
        except ValueError as error:
            raise SettingFileError(str(file), str(error)) from error
        except MemoryError as error:
            raise SettingFileError(str(file), "too large for the memory") from error
