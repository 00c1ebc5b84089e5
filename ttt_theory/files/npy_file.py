"""Arrays of numbers from .npy files that may hold anything."""

from __future__ import annotations

import io
import math
import os
import struct
from typing import Any, BinaryIO

import numpy as np

from ttt_theory.checks import FloatArray

_LARGEST_HEADER = 10_000
_MOST_COLUMNS = 10**7  # No covariance has more dimensions.
_ENTRIES_AT_ONCE = 2**20
_NO_NUMBERS = "not a .npy file of numbers"

_Header = tuple[tuple[int, ...], bool, np.dtype[Any]]
"""Shape, whether the data are in Fortran's order, and their type."""


def read_npy(stream: BinaryIO, ndim: int, largest: int) -> FloatArray:
    """Read an array of finite numbers, at least one.

    Parameters
    ----------
    stream : binary file
        At its start.
    ndim : int
        Number of axes.
    largest : int
        Bytes that the array may take once it is float64.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If the file is malformed, or holds anything else.
    """
    shape, in_fortran_order, dtype = _checked_header(stream, ndim, largest)
    if dtype.kind == "f":
        _check_finite(stream, shape, in_fortran_order, dtype)
    stream.seek(0)
    array = np.lib.format.read_array(stream, allow_pickle=False)
    numbers: FloatArray = array.astype(np.float64, copy=False)
    if dtype.itemsize > numbers.itemsize and not np.isfinite(numbers).all():
        raise ValueError("too large for float64; give finite numbers")
    return numbers


def _checked_header(stream: BinaryIO, ndim: int, largest: int) -> _Header:
    """Return what the header claims, checked before anything of that size is allocated."""
    shape, in_fortran_order, dtype = _header(stream)
    if dtype.kind not in "iuf":
        raise ValueError(f"give real numbers, not {dtype}")
    # Python takes a truth value for an integer.
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"{_NO_NUMBERS}; the shape in its header is none")
    if max(shape, default=0) > largest:
        raise ValueError("too large: the header claims more numbers than may be")
    if len(shape) != ndim:
        raise ValueError(f"give {ndim} axes, not the shape {shape}")
    if 0 in shape:
        raise ValueError(f"no numbers in the shape {shape}; give at least one")
    if shape[-1] > _MOST_COLUMNS:
        raise ValueError(f"too large: more than {_MOST_COLUMNS} columns")
    entries = math.prod(shape)
    if entries * 8 > largest:
        raise ValueError(f"too large: the header claims the shape {shape}")
    if entries * dtype.itemsize != os.fstat(stream.fileno()).st_size - stream.tell():
        raise ValueError(f"the file is not as long as its shape {shape} says")
    return shape, in_fortran_order, dtype


def _header(stream: BinaryIO) -> _Header:
    try:
        version = np.lib.format.read_magic(stream)
        # Version 3.0 is for the names of records only, later ones are not known.
        read, length_format = {
            (1, 0): (np.lib.format.read_array_header_1_0, "<H"),
            (2, 0): (np.lib.format.read_array_header_2_0, "<I"),
        }[version]
        length = stream.read(struct.calcsize(length_format))
        size = struct.unpack(length_format, length)[0]
        if size > _LARGEST_HEADER:
            raise ValueError("NumPy would read the header, whatever its size")
        return read(io.BytesIO(length + stream.read(size)))
    # NumPy parses the header as Python source, which fails in many ways.
    except Exception as error:
        raise ValueError(f"{_NO_NUMBERS}; write one by numpy.save") from error


def _check_finite(
    stream: BinaryIO, shape: tuple[int, ...], in_fortran_order: bool, dtype: np.dtype[Any]
) -> None:
    """Look for numbers that are not finite before there is an array of them all."""
    position = 0
    while content := stream.read(_ENTRIES_AT_ONCE * dtype.itemsize):
        finite = np.isfinite(np.frombuffer(content, dtype))
        if not finite.all():
            place = np.unravel_index(
                position + int(np.argmin(finite)), shape, order="F" if in_fortran_order else "C"
            )
            entry = ", ".join(str(int(index)) for index in place)
            raise ValueError(f"give finite numbers (see entry {entry})")
        position += finite.size
