"""What every matrix stored in less than d × d numbers can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ttt_theory.checks import ROUND_OFF_PER_DIM, check_symmetric, checked_array
from ttt_theory.errors import InvalidSettingError, told_apart

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

LARGEST_DENSE_DIM = 10_000
"""Largest dimension of a matrix stored as a d × d array."""


Matrix = Any
"""An ndarray, a SciPy sparse array where diagonal, or a structured matrix.

All know ``@`` and ``*``, but no common type says so.
"""


def dense(matrix: Matrix) -> FloatArray:
    """Return a matrix as an ndarray, a copy unless it is one."""
    return np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())


def check_dense_dim(dim: int) -> None:
    """Refuse a d × d array that is too large.

    Raises
    ------
    InvalidSettingError
        If `dim` exceeds `LARGEST_DENSE_DIM`.

    Examples
    --------
    >>> check_dense_dim(10_001)
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: dim: 10001 is not valid; a dim x dim array is needed
    here: give at most 10000, or covariances with structure in common
    """
    if dim > LARGEST_DENSE_DIM:
        raise InvalidSettingError(
            "dim",
            dim,
            f"a dim x dim array is needed here: give at most {LARGEST_DENSE_DIM}, "
            "or covariances with structure in common",
        )


class MatrixOperator(ABC):
    """A square matrix that is known by its products with vectors."""

    ndim = 2
    dtype = np.dtype(np.float64)
    # NumPy's arrays and scalars then leave their products with such a matrix to it.
    __array_ufunc__ = None

    dim: int
    """Number of rows and columns, d; a field or a property of the subclass."""

    @property
    def shape(self) -> tuple[int, int]:
        """(d, d)."""
        return self.dim, self.dim

    @abstractmethod
    def _times(self, columns: FloatArray) -> FloatArray:
        """Return the product with columns, shape (d, m)."""

    @abstractmethod
    def _scaled(self, factor: float) -> Self:
        """Return the matrix times a number."""

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        entries = np.empty(self.dim)
        step = max(1, 2**20 // self.dim)
        for start in range(0, self.dim, step):
            stop = min(start + step, self.dim)
            unit = np.zeros((self.dim, stop - start))
            unit[np.arange(start, stop), np.arange(stop - start)] = 1.0
            entries[start:stop] = self._times(unit)[start:stop].diagonal()
        return entries

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d).

        Raises
        ------
        InvalidSettingError
            If `dim` exceeds `LARGEST_DENSE_DIM`.
        """
        check_dense_dim(self.dim)
        return self._times(np.eye(self.dim))

    def __matmul__(self, other: FloatArray) -> FloatArray:
        columns = np.asarray(other, dtype=np.float64)
        if columns.ndim not in (1, 2) or len(columns) != self.dim:
            raise ValueError(f"cannot multiply {self.shape} by {columns.shape}")
        if columns.ndim == 1:
            return self._times(columns[:, np.newaxis])[:, 0]
        return self._times(columns)

    def __mul__(self, factor: float) -> Self:
        return self._scaled(factor) if np.ndim(factor) == 0 else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Self:
        return self * (1.0 / divisor) if np.ndim(divisor) == 0 else NotImplemented


class StructuredMatrix(MatrixOperator):
    """A symmetric positive semi-definite matrix, and the law N(0, A) that it is the covariance of.

    Subclasses are the constructors of this package.  They check what they are given, so that one
    that exists is finite, symmetric and positive semi-definite; a product with a negative number is
    refused, though one with a number that is too large may overflow.
    """

    def __mul__(self, factor: float) -> Self:
        # Not `factor < 0.0`, which takes what is not a number.
        if np.ndim(factor) == 0 and not factor >= 0.0:
            raise InvalidSettingError("factor", factor, "give a number of at least 0")
        return super().__mul__(factor)

    __rmul__ = __mul__

    @property
    @abstractmethod
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw from N(0, A) takes."""

    @abstractmethod
    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A), linearly.

        Parameters
        ----------
        standard : ndarray, shape (..., colour_dim)

        Returns
        -------
        ndarray, shape (..., d)
        """

    def magnitude(self) -> float:
        """Return the order of magnitude of the largest entry, to choose units by."""
        return float(np.max(self.diagonal()))


def unchecked(original: Any, /, **changes: Any) -> Any:
    """Return a copy of a frozen dataclass with other fields, without checking them again.

    A product with a number may overflow: the caller says so in its own terms.
    """
    clone = object.__new__(type(original))
    for each in fields(original):
        value = changes.get(each.name, getattr(original, each.name))
        object.__setattr__(clone, each.name, value)
    return clone


@dataclass(frozen=True, eq=False)
class DenseMatrix(StructuredMatrix):
    """A matrix stored by all its entries, as a part of larger ones.

    Parameters
    ----------
    entries : array_like of float, shape (d, d)
        Symmetric and positive semi-definite, up to round-off; d at most `LARGEST_DENSE_DIM`.

    Raises
    ------
    InvalidSettingError
        If it is not.

    Examples
    --------
    >>> DenseMatrix([[2.0, 1.0], [1.0, 2.0]]) @ np.array([1.0, 0.0])
    array([2., 1.])
    """

    entries: FloatArray

    def __post_init__(self) -> None:
        entries = checked_array("entries", self.entries, 2, longest=LARGEST_DENSE_DIM)
        check_symmetric("entries", entries)
        largest = float(np.abs(entries).max())
        if largest > 0.0:
            eigenvalues = np.linalg.eigvalsh(entries / largest)
            if eigenvalues[0] < -ROUND_OFF_PER_DIM * len(entries) * eigenvalues[-1]:
                lowest, highest = told_apart(*(eigenvalues[[0, -1]] * largest))
                raise InvalidSettingError(
                    "entries",
                    entries,
                    "give a positive semi-definite matrix, not one with eigenvalues from "
                    f"{lowest} to {highest}",
                )
        object.__setattr__(self, "entries", entries)

    @classmethod
    def of_checked(cls, entries: FloatArray) -> Self:
        """Wrap an array that is known to be valid; checking it takes O(d³)."""
        matrix = object.__new__(cls)
        object.__setattr__(matrix, "entries", np.asarray(entries, dtype=np.float64))
        return matrix

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return len(self.entries)

    def _times(self, columns: FloatArray) -> FloatArray:
        return np.asarray(self.entries @ columns)

    def _scaled(self, factor: float) -> Self:
        return self.of_checked(self.entries * factor)

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return self.entries.diagonal()

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        return self.entries

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw from N(0, A) takes: d."""
        return self.dim

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        return np.asarray(standard @ self._root.T)

    @cached_property
    def _root(self) -> FloatArray:
        # Unlike Cholesky's, this factor exists where the matrix is singular.
        eigenvalues, eigenvectors = np.linalg.eigh(self.entries)
        root: FloatArray = eigenvectors * np.sqrt(np.clip(eigenvalues, 0.0, None))
        return root
