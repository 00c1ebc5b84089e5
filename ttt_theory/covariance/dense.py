"""Covariances stored as d x d arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ttt_theory.covariance.base import (
    FROM_FILE,
    BuiltinCovariance,
    check_covariance_matrix,
    register_covariance,
)
from ttt_theory.errors import FloatArray, InvalidSettingError, checked_array

LARGEST_DENSE_DIM = 10_000
"""Largest dimension of a covariance stored as a d x d array."""


@register_covariance("ar1")
@dataclass(frozen=True)
class AR1(BuiltinCovariance):
    """Correlations rho ** |i - j|, those of a first-order autoregression.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000.
    rho : float
        Correlation of neighbours, between -1 and 1; the matrix has rank one at both ends.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> AR1(3, 0.5).matrix()
    array([[1.  , 0.5 , 0.25],
           [0.5 , 1.  , 0.5 ],
           [0.25, 0.5 , 1.  ]])
    """

    dim: int
    rho: float

    def __post_init__(self) -> None:
        self._check_dim(LARGEST_DENSE_DIM)
        self._check_number("rho", -1.0, 1.0)
        self._check_scale("rho", 1.0)

    def matrix(self) -> FloatArray:
        """Return Sigma, shape (dim, dim)."""
        from scipy.linalg import toeplitz

        correlations = self.rho ** np.arange(self.dim, dtype=np.float64)
        matrix: FloatArray = toeplitz(self.scale * correlations)
        return matrix


@register_covariance("equicorrelated")
@dataclass(frozen=True)
class Equicorrelated(BuiltinCovariance):
    """Unit variances and one correlation: (1 - rho) I + rho 11^T.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000.
    rho : float
        Correlation of every pair, between -1 / (dim - 1) and 1 (-1 and 1 if `dim` is 1).
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> Equicorrelated(3, 0.25).matrix()
    array([[1.  , 0.25, 0.25],
           [0.25, 1.  , 0.25],
           [0.25, 0.25, 1.  ]])
    """

    dim: int
    rho: float

    def __post_init__(self) -> None:
        self._check_dim(LARGEST_DENSE_DIM)
        self._check_number("rho", -1.0 / max(self.dim - 1, 1), 1.0)
        self._check_scale("rho", 1.0)

    def matrix(self) -> FloatArray:
        """Return Sigma, shape (dim, dim)."""
        matrix = np.full((self.dim, self.dim), self.scale * self.rho)
        np.fill_diagonal(matrix, self.scale)
        return matrix


@register_covariance("dense")
@dataclass(frozen=True, eq=False)
class Dense(BuiltinCovariance):
    """Any symmetric positive semi-definite matrix.

    Parameters
    ----------
    entries : array_like of float, shape (dim, dim)
        Symmetric and positive semi-definite up to round-off; `dim` at most 10,000. The symmetric
        part is what is kept.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If the matrix is not square, not finite, not symmetric or not positive semi-definite, or
        a parameter is out of its range.

    Examples
    --------
    >>> Dense([[2.0, 1.0], [1.0, 2.0]], scale=0.5).matrix()
    array([[1. , 0.5],
           [0.5, 1. ]])
    """

    entries: FloatArray = field(metadata=FROM_FILE)
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        entries = checked_array("entries", self.entries, 2)
        dim = len(entries)
        if dim > LARGEST_DENSE_DIM:
            raise InvalidSettingError("entries", entries, f"give at most {LARGEST_DENSE_DIM} rows")
        check_covariance_matrix("entries", entries, dim)
        # Halving first: the sum could overflow.
        entries = 0.5 * entries + 0.5 * entries.T
        entries.flags.writeable = False
        object.__setattr__(self, "entries", entries)
        object.__setattr__(self, "dim", dim)
        self._check_scale("entries", float(np.abs(entries).max()))

    def matrix(self) -> FloatArray:
        """Return Sigma, shape (dim, dim)."""
        return self.scale * self.entries


@register_covariance("empirical")
@dataclass(frozen=True, eq=False)
class Empirical(BuiltinCovariance):
    """The sample covariance of the rows of a table, with the divisor (rows - 1).

    Parameters
    ----------
    samples : array_like of float, shape (rows, dim)
        One sample a row, two rows at least; `dim` at most 10,000. Each column is centred.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If there are fewer than two rows, a sample is not finite, the covariance overflows, or a
        parameter is out of its range.

    Examples
    --------
    >>> Empirical([[0.0, 0.0], [1.0, 2.0]]).matrix()
    array([[0.5, 1. ],
           [1. , 2. ]])
    """

    samples: FloatArray = field(metadata=FROM_FILE)
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        samples = checked_array("samples", self.samples, 2)
        rows, dim = samples.shape
        if rows < 2:
            raise InvalidSettingError("samples", samples, "give at least two rows")
        if dim > LARGEST_DENSE_DIM:
            raise InvalidSettingError(
                "samples", samples, f"give at most {LARGEST_DENSE_DIM} columns"
            )
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "dim", dim)
        # A variance bounds the covariances beside it, unless it overflows to inf or NaN.
        self._check_scale("samples", float(np.abs(self._sample_covariance).max()))

    @cached_property
    def _sample_covariance(self) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.atleast_2d(np.cov(self.samples, rowvar=False))

    def matrix(self) -> FloatArray:
        """Return Sigma, shape (dim, dim)."""
        return self.scale * self._sample_covariance
