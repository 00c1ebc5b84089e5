"""Covariances that are diagonal, stored in O(d)."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import FloatArray, Number, ObjectArray, checked_array, exactly
from ttt_theory.covariance.base import LARGEST_DIM, BuiltinCovariance, register_covariance
from ttt_theory.errors import InvalidSettingError

if TYPE_CHECKING:
    from scipy.sparse import dia_array

_LARGEST_EXACT_EXPONENT = 1000
"""A fraction to a power has digits in proportion to the exponent."""


@dataclass(frozen=True, eq=False)
class _DiagonalCovariance(BuiltinCovariance):
    @abstractmethod
    def _variances(self) -> FloatArray:
        """Return the diagonal of Sigma, before scaling."""

    def matrix(self) -> dia_array[Any]:
        """Return Sigma, shape (dim, dim)."""
        from scipy.sparse import diags_array

        return diags_array(self._variances() * self.scale)

    def _exact_unscaled(self, number: Number) -> ObjectArray | None:
        variances = self._exact_variances(number)
        if variances is None:
            return None
        entries = np.full((self.dim, self.dim), number(0), dtype=object)
        np.fill_diagonal(entries, variances)
        return entries

    def _exact_variances(self, number: Number) -> ObjectArray | None:
        """Return the diagonal of Sigma before scaling, in an arithmetic of the caller's."""
        return exactly(self._variances(), number)


@register_covariance("isotropic")
@dataclass(frozen=True)
class Isotropic(_DiagonalCovariance):
    """The identity.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000,000.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> Isotropic(2, scale=3.0).matrix().toarray()
    array([[3., 0.],
           [0., 3.]])
    """

    dim: int

    def __post_init__(self) -> None:
        self._check_dim()
        self._check_scale("dim", 1.0)

    def _variances(self) -> FloatArray:
        return np.ones(self.dim)

    def sample(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> FloatArray:
        """Draw independent vectors x ~ N(0, scale I); see the base class."""
        leading = (shape,) if isinstance(shape, int) else shape
        standard = rng.standard_normal((*leading, self.dim))
        if self.scale != 1.0:
            standard *= math.sqrt(self.scale)
        return standard


@register_covariance("diagonal")
@dataclass(frozen=True, eq=False)
class Diagonal(_DiagonalCovariance):
    """A diagonal matrix with given variances.

    Parameters
    ----------
    values : array_like of float, shape (dim,)
        The variances, each at least 0; at most 10,000,000 of them.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a value is negative or not finite, or a parameter is out of its range.

    Examples
    --------
    >>> Diagonal([1.0, 0.0, 2.0]).matrix().diagonal()
    array([1., 0., 2.])
    """

    values: FloatArray
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        values = checked_array("values", self.values, 1)
        if values.size > LARGEST_DIM:
            raise InvalidSettingError("values", values, f"give at most {LARGEST_DIM}")
        if values.min() < 0.0:
            raise InvalidSettingError("values", values.min(), "give numbers of at least 0")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "dim", values.size)
        self._check_scale("values", float(values.max()))

    def _variances(self) -> FloatArray:
        return self.values


@register_covariance("power_law")
@dataclass(frozen=True)
class PowerLaw(_DiagonalCovariance):
    """A diagonal matrix whose i-th variance is i ** -exponent, i = 1, ..., dim.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000,000.
    exponent : float
        Any number for which the variances are finite.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range or a variance overflows.

    Examples
    --------
    >>> PowerLaw(3, 1.0).matrix().diagonal()
    array([1.        , 0.5       , 0.33333333])
    """

    dim: int
    exponent: float

    def __post_init__(self) -> None:
        self._check_dim()
        self._check_number("exponent")
        with np.errstate(over="ignore"):
            largest = max(1.0, float(np.float64(self.dim) ** -self.exponent))
        self._check_scale("exponent", largest)

    def _variances(self) -> FloatArray:
        variances: FloatArray = np.arange(1.0, self.dim + 1.0) ** -self.exponent
        return variances

    def _exact_variances(self, number: Number) -> ObjectArray | None:
        if abs(self.exponent) > _LARGEST_EXACT_EXPONENT:
            return None
        exponent = number(-self.exponent)
        variances = np.array([number(i) ** exponent for i in range(1, self.dim + 1)], dtype=object)
        # A fraction to the power of another is a float.
        return variances if isinstance(variances[-1], type(exponent)) else None
