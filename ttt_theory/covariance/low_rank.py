"""Covariances of low rank, alone or added to a diagonal matrix, stored in O(d r)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory import structured
from ttt_theory.checks import FloatArray, Number, ObjectArray, checked_array, exactly
from ttt_theory.covariance.base import (
    FROM_FILE,
    LARGEST_DIM,
    BuiltinCovariance,
    register_covariance,
)
from ttt_theory.errors import InvalidSettingError

if TYPE_CHECKING:
    from scipy.sparse import dia_array


@register_covariance("spiked")
@dataclass(frozen=True, eq=False)
class Spiked(BuiltinCovariance):
    """The identity plus rank-one spikes, along the first axes or along given directions.

    Parameters
    ----------
    dim : int
        Dimension d, from 1 to 10,000,000.
    spikes : array_like of float, shape (number of spikes,)
        What each spike adds along its direction, at least -1; at most `dim` of them.
    directions : array_like of float, shape (number of spikes, dim), optional
        Each row is the direction of a spike, of any length but zero. Without it they are the
        first axes. They need not be orthogonal, as long as negative spikes do not add up to less
        than -1 in any direction.
    scale : float
        Multiplies the matrix, spikes included; positive.

    Raises
    ------
    InvalidSettingError
        If there are more spikes than axes, the directions do not match, the matrix is not positive
        semi-definite, or a parameter is out of its range.

    Examples
    --------
    >>> Spiked(3, [4.0, -1.0]).matrix().diagonal()
    array([5., 0., 1.])
    >>> Spiked(2, [4.0], directions=[[1.0, 1.0]]).matrix().toarray().round(12)
    array([[3., 2.],
           [2., 3.]])
    """

    dim: int
    spikes: FloatArray
    directions: FloatArray | None = field(default=None, metadata=FROM_FILE)
    _given_directions: FloatArray | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._check_dim()
        spikes = checked_array("spikes", self.spikes, 1)
        if spikes.size > self.dim:
            raise InvalidSettingError("spikes", spikes, f"give at most dim = {self.dim} of them")
        if spikes.min() < -1.0:
            raise InvalidSettingError("spikes", spikes.min(), "give numbers of at least -1")
        object.__setattr__(self, "spikes", spikes)
        # Along directions of their own, the spikes may all point the same way.
        total = np.max if self.directions is None else np.sum
        with np.errstate(over="ignore"):
            self._check_scale("spikes", 1.0 + float(total(np.maximum(spikes, 0.0))))
        if self.directions is not None:
            object.__setattr__(self, "directions", self._unit_directions())
            try:
                self.matrix()
            except InvalidSettingError as error:
                raise InvalidSettingError("spikes", spikes, error.remedy) from None

    def _unit_directions(self) -> FloatArray:
        directions = checked_array("directions", self.directions, 2)
        if directions.shape != (self.spikes.size, self.dim):
            raise InvalidSettingError(
                "directions",
                directions,
                f"give {self.spikes.size} rows, one for each spike, of dim = {self.dim} numbers",
            )
        largest = np.abs(directions).max(axis=1, keepdims=True)
        if not largest.all():
            row = int(np.argmin(largest))
            raise InvalidSettingError("directions", directions, f"row {row} must not be zero")
        object.__setattr__(self, "_given_directions", directions)
        # Dividing by the largest entry first keeps the norm from overflowing or vanishing.
        unit: FloatArray = directions / largest
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        unit.flags.writeable = False
        return unit

    def matrix(self) -> dia_array[Any] | structured.StructuredMatrix:
        """Return Sigma, shape (dim, dim)."""
        variances = np.ones(self.dim)
        if self.directions is None:
            from scipy.sparse import diags_array

            variances[: self.spikes.size] += self.spikes
            return diags_array(variances * self.scale)
        return structured.LowRankUpdate(variances, self.directions.T, self.spikes) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        entries = _exact_diagonal(exactly(np.ones(self.dim), number))
        spikes = exactly(self.spikes, number)
        if self._given_directions is None:
            axes = np.arange(len(spikes))
            entries[axes, axes] += spikes
            return entries
        for spike, direction in zip(spikes, exactly(self._given_directions, number), strict=True):
            # In this order a spike along an axis is not rounded.
            entries = entries + np.outer(direction, direction) * spike / (direction @ direction)
        return entries


@register_covariance("factor_model")
@dataclass(frozen=True, eq=False)
class FactorModel(BuiltinCovariance):
    """Independent variances plus a few common factors: diag(values) + L L^T.

    Parameters
    ----------
    values : array_like of float, shape (dim,)
        The variance of each coordinate that no factor explains, at least 0; at most 10,000,000
        of them.
    loadings : array_like of float, shape (dim, number of factors)
        L; row i says how coordinate i depends on each factor.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If a value is negative, the loadings do not match, a variance overflows, or a parameter is
        out of its range.

    Examples
    --------
    >>> FactorModel([1.0, 0.0], [[1.0], [2.0]]).matrix().toarray()
    array([[2., 2.],
           [2., 4.]])
    """

    values: FloatArray
    loadings: FloatArray = field(metadata=FROM_FILE)
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        values = checked_array("values", self.values, 1)
        if values.size > LARGEST_DIM:
            raise InvalidSettingError("values", values, f"give at most {LARGEST_DIM}")
        if values.min() < 0.0:
            raise InvalidSettingError("values", values.min(), "give numbers of at least 0")
        loadings = checked_array("loadings", self.loadings, 2)
        if len(loadings) != values.size:
            raise InvalidSettingError(
                "loadings", loadings, f"give {values.size} rows, one for each of the values"
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "loadings", loadings)
        object.__setattr__(self, "dim", values.size)
        with np.errstate(over="ignore"):
            largest = float(np.max(values + np.sum(loadings * loadings, axis=1)))
        self._check_scale("loadings", largest)

    def matrix(self) -> structured.StructuredMatrix:
        """Return Sigma, shape (dim, dim)."""
        strengths = np.ones(self.loadings.shape[1])
        return structured.LowRankUpdate(self.values, self.loadings, strengths) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        loadings = exactly(self.loadings, number)
        entries: ObjectArray = _exact_diagonal(exactly(self.values, number)) + loadings @ loadings.T
        return entries


@register_covariance("empirical")
@dataclass(frozen=True, eq=False)
class Empirical(BuiltinCovariance):
    """The sample covariance of the rows of a table, with the divisor (rows - 1).

    Parameters
    ----------
    samples : array_like of float, shape (rows, dim)
        One sample a row, two rows at least; the smaller of `rows` and `dim` at most 10,000. Each
        column is centred.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If there are fewer than two rows, a sample is not finite, the covariance overflows, or a
        parameter is out of its range.

    Examples
    --------
    >>> Empirical([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]]).matrix()
    array([[1. , 0.5],
           [0.5, 1. ]])
    """

    samples: FloatArray = field(metadata=FROM_FILE)
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        samples = checked_array("samples", self.samples, 2)
        rows, dim = samples.shape
        if rows < 2:
            raise InvalidSettingError("samples", samples, "give at least two rows")
        if dim > LARGEST_DIM or min(rows, dim) > structured.LARGEST_DENSE_DIM:
            raise InvalidSettingError(
                "samples",
                samples,
                f"give at most {LARGEST_DIM} columns, and at most {structured.LARGEST_DENSE_DIM} "
                "of rows or of columns",
            )
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "dim", dim)
        # A variance bounds the covariances beside it, unless it overflows to inf or NaN.
        with np.errstate(over="ignore", invalid="ignore"):
            self._check_scale("samples", float(np.var(samples, axis=0, ddof=1).max()))

    @property
    def _centred(self) -> FloatArray:
        # The first row is subtracted first, as the mean of large numbers is not exact enough.
        shifted = self.samples - self.samples[0]
        return np.asarray(shifted - shifted.mean(axis=0))

    @cached_property
    def _sample_covariance(self) -> FloatArray:
        centred = self._centred
        return np.asarray(centred.T @ centred / (len(centred) - 1))

    def matrix(self) -> FloatArray | structured.StructuredMatrix:
        """Return Sigma, shape (dim, dim); of low rank if there are at most `dim` samples."""
        rows, dim = self.samples.shape
        if rows > dim:
            return self.scale * self._sample_covariance
        strengths = np.full(rows, 1.0 / (rows - 1))
        return structured.LowRankUpdate(np.zeros(dim), self._centred.T, strengths) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        samples = exactly(self.samples, number)
        rows = number(len(samples))
        centred = samples - samples.sum(axis=0) / rows
        entries: ObjectArray = centred.T @ centred / (rows - number(1))
        return entries


def _exact_diagonal(values: ObjectArray) -> ObjectArray:
    entries = np.full((len(values), len(values)), values[0] - values[0], dtype=object)
    np.fill_diagonal(entries, values)
    return entries
