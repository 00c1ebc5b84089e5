"""Covariances of equal variances with correlations given by one number, stored in O(d)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ttt_theory import structured
from ttt_theory.checks import Number, ObjectArray
from ttt_theory.covariance.base import BuiltinCovariance, register_covariance


@register_covariance("ar1")
@dataclass(frozen=True)
class AR1(BuiltinCovariance):
    """Correlations rho ** |i - j|, those of a first-order autoregression.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000,000.
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
    >>> AR1(3, 0.5).matrix().toarray()
    array([[1.  , 0.5 , 0.25],
           [0.5 , 1.  , 0.5 ],
           [0.25, 0.5 , 1.  ]])
    """

    dim: int
    rho: float

    def __post_init__(self) -> None:
        self._check_dim()
        self._check_number("rho", -1.0, 1.0)
        self._check_scale("rho", 1.0)

    @cached_property
    def _matrix(self) -> structured.Autoregressive:
        # Kept, as it keeps its frame, which takes longer to find than to use.
        return structured.Autoregressive(self.dim, self.rho, self.scale)

    def matrix(self) -> structured.Autoregressive:
        """Return Sigma, shape (dim, dim)."""
        return self._matrix

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        rho, order = number(self.rho), np.arange(self.dim)
        powers = [number(1)]
        for _ in range(self.dim - 1):
            powers.append(powers[-1] * rho)
        entries: ObjectArray = np.array(powers, dtype=object)[np.abs(order[:, np.newaxis] - order)]
        return entries


@register_covariance("equicorrelated")
@dataclass(frozen=True)
class Equicorrelated(BuiltinCovariance):
    """Unit variances and one correlation: (1 - rho) I + rho 11^T.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000,000.
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
    >>> Equicorrelated(3, 0.25).matrix().toarray()
    array([[1.  , 0.25, 0.25],
           [0.25, 1.  , 0.25],
           [0.25, 0.25, 1.  ]])
    """

    dim: int
    rho: float

    def __post_init__(self) -> None:
        self._check_dim()
        self._check_number("rho", -1.0 / max(self.dim - 1, 1), 1.0)
        self._check_scale("rho", 1.0)

    def matrix(self) -> structured.LowRankUpdate:
        """Return Sigma, shape (dim, dim)."""
        variances = np.full(self.dim, 1.0 - self.rho)
        ones = np.ones((self.dim, 1))
        return structured.LowRankUpdate(variances, ones, np.array([self.rho])) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        entries = np.full((self.dim, self.dim), number(self.rho), dtype=object)
        np.fill_diagonal(entries, number(1))
        return entries
