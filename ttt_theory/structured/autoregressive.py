"""Correlations of a first-order autoregression, in O(d)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from ttt_theory.checks import checked_integer, checked_number
from ttt_theory.errors import InvalidSettingError
from ttt_theory.structured.base import StructuredMatrix, check_dense_dim, unchecked
from ttt_theory.structured.frames import LARGEST_DIM, Frame

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

_TERMS = 19


@dataclass(frozen=True, eq=False)
class Autoregressive(StructuredMatrix):
    """The matrix of entries scale · rho^|i−j|; products and draws by recursions in O(d).

    Parameters
    ----------
    dim : int
        Number of rows and columns, d.
    rho : float
        Correlation of neighbours, between -1 and 1.
    scale : float
        The variances, at least 0.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> Autoregressive(3, 0.5, 4.0).toarray()
    array([[4., 2., 1.],
           [2., 4., 2.],
           [1., 2., 4.]])
    """

    dim: int
    rho: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", checked_integer("dim", self.dim, 1, LARGEST_DIM))
        object.__setattr__(self, "rho", checked_number("rho", self.rho, -1.0, 1.0))
        object.__setattr__(self, "scale", checked_number("scale", self.scale, 0.0))

    def _times(self, columns: FloatArray) -> FloatArray:
        from scipy.signal import lfilter

        recursion = [1.0, -self.rho]
        below = lfilter([1.0], recursion, columns, axis=0)
        above = lfilter([1.0], recursion, columns[::-1], axis=0)[::-1]
        return np.asarray(self.scale * (below + above - columns))

    def _scaled(self, factor: float) -> Self:
        return unchecked(self, scale=self.scale * factor)  # type: ignore[no-any-return]

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return np.full(self.dim, self.scale)

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d); refused if d exceeds `LARGEST_DENSE_DIM`."""
        from scipy.linalg import toeplitz

        check_dense_dim(self.dim)
        matrix: FloatArray = toeplitz(self.scale * self.rho ** np.arange(self.dim, dtype=float))
        return matrix

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw from N(0, A) takes: d."""
        return self.dim

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        from scipy.signal import lfilter

        innovations = standard * math.sqrt(self.scale * (1.0 - self.rho) * (1.0 + self.rho))
        # The first entry starts in the stationary law.
        innovations[..., 0] = standard[..., 0] * math.sqrt(self.scale)
        return np.asarray(lfilter([1.0], [1.0, -self.rho], innovations, axis=-1))

    def magnitude(self) -> float:
        """Return the variances."""
        return float(self.scale)

    @cached_property
    def frame(self) -> AutoregressiveFrame:
        """The eigenvectors."""
        return AutoregressiveFrame(self.dim, self.rho)

    @property
    def eigenvalues(self) -> FloatArray:
        """The eigenvalues, shape (d,), in the order of `frame`."""
        return self.scale * self.frame.eigenvalues


@dataclass(frozen=True)
class AutoregressiveFrame(Frame):
    """The eigenvectors of the matrix of entries rho^|i−j|, in O(d) memory.

    The j-th entry of the m-th is cos(jθ − χ), j = 1, ..., d, with (d+1)θ − 2χ = mπ and tan χ =
    (1 − ρcos θ)/(ρ sin θ), for m = 0, ..., d−1; a negative ρ flips the sign of every other entry.
    Its eigenvalue is (1 − ρ²)/(1 − 2ρcos θ + ρ²).  A transform takes O(d log d) time.

    Parameters
    ----------
    dim : int
        The dimension d.
    rho : float
        Correlation of neighbours, between -1 and 1.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> frame = AutoregressiveFrame(2, 0.5)
    >>> np.abs(frame.forward(np.array([1.0, 1.0]) / 2**0.5)), frame.eigenvalues
    (array([1., 0.]), array([1.5, 0.5]))
    """

    dim: int
    rho: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", checked_integer("dim", self.dim, 1, LARGEST_DIM))
        object.__setattr__(self, "rho", checked_number("rho", self.rho, -1.0, 1.0))

    @property
    def eigenvalues(self) -> FloatArray:
        """The eigenvalues for unit variances, shape (d,), in descending order for rho > 0."""
        rho = abs(self.rho)
        gap = (1.0 - rho) * (1.0 + rho)
        if gap == 0.0:
            return np.concatenate([[float(self.dim)], np.zeros(self.dim - 1)])
        return np.asarray(gap / ((1.0 - rho) ** 2 + 4.0 * rho * np.sin(self._angles / 2.0) ** 2))

    @property
    def _angles(self) -> FloatArray:
        return (np.arange(self.dim) * np.pi + self._offsets) / (self.dim + 1)

    @cached_property
    def _offsets(self) -> FloatArray:
        """2χ, in (0, π]: what (d+1)θ exceeds mπ by."""
        from scipy.optimize import elementwise

        rho, order = abs(self.rho), np.arange(self.dim)
        if rho == 1.0:
            return order * np.pi / self.dim

        def residual(offset: FloatArray, multiple: FloatArray) -> FloatArray:
            angle = (multiple + offset) / (self.dim + 1)
            along = (1.0 - rho) + 2.0 * rho * np.sin(angle / 2.0) ** 2
            return np.asarray(offset - 2.0 * np.arctan2(along, rho * np.sin(angle)))

        # At offset π the angle may be π, whose sine float64 does not know to be zero.
        bracket = (np.zeros(self.dim), np.full(self.dim, np.nextafter(np.pi, 4.0)))
        found = elementwise.find_root(residual, bracket, args=(order * np.pi,))
        if not np.all(found.success):
            raise InvalidSettingError("rho", self.rho, "give a number further from -1, 0 and 1")
        return np.asarray(found.x)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        rows = np.reshape(x, (-1, self.dim)) * self._signs
        return np.asarray(self._in_slices(self._sums_over_places, rows) / self._norms).reshape(
            np.shape(x)
        )

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        rows = np.reshape(x, (-1, self.dim)) / self._norms
        images = self._in_slices(self._sums_over_waves, rows) * self._signs
        return np.asarray(images).reshape(np.shape(x))

    def _in_slices(
        self, function: Callable[[FloatArray], FloatArray], rows: FloatArray
    ) -> FloatArray:
        step = max(1, 2**20 // self.dim)
        starts = range(0, max(len(rows), 1), step)
        return np.concatenate([function(rows[start : start + step]) for start in starts])

    # The angles are points 2πk/N of a grid, N being a length that suits the Fourier transform,
    # plus remainders r.  With places t_j = 2j/(d+1) − 1 and r' = r(d+1)/2, at most π/4,
    #     cos(jθ − χ) = Re exp(iφ) exp(2πijk/N) exp(ir't_j),
    # and of the last factor 19 terms of the Taylor series are exact to float64.

    @cached_property
    def _grid(
        self,
    ) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.intp]], FloatArray, FloatArray]:
        """N, and the k, r' and φ of every wave."""
        from scipy.fft import next_fast_len

        length = next_fast_len(2 * (self.dim + 1), real=True)
        order = np.arange(self.dim)
        nearest = np.rint((order + self._offsets / np.pi) * length / (2 * (self.dim + 1)))
        points = np.maximum.accumulate(nearest.astype(np.intp))
        # The angles themselves would not be exact enough: their multiples by j are what counts.
        excess = np.pi * (order * length - 2 * points * (self.dim + 1)) / length
        return length, points, (excess + self._offsets) / 2.0, excess / 2.0

    @property
    def _places(self) -> FloatArray:
        return 2.0 * np.arange(1, self.dim + 1) / (self.dim + 1) - 1.0

    def _sums_over_places(self, rows: FloatArray) -> FloatArray:
        """Return Σ_j x_j cos(jθ − χ) for every row x and every wave."""
        length, points, remainders, phases = self._grid
        padded = np.zeros((len(rows), self.dim + 1))
        sums = np.zeros(rows.shape, dtype=np.complex128)
        term, factor = rows, np.exp(1j * phases)
        for power in range(_TERMS):
            padded[:, 1:] = term
            sums += factor * np.fft.rfft(padded, length)[:, points].conj()
            term = term * self._places
            factor = factor * (1j * remainders / (power + 1))
        return sums.real

    def _sums_over_waves(self, rows: FloatArray) -> FloatArray:
        """Return Σ x cos(jθ − χ) over the waves for every row x and every j."""
        length, points, remainders, phases = self._grid
        starts = np.flatnonzero(np.diff(points, prepend=-1))
        # irfft adds the conjugates to all but the ends of the grid.
        own = np.where((points == 0) | (2 * points == length), length, 0.5 * length)
        term = rows * (own * np.exp(1j * phases))
        spectrum = np.zeros((len(rows), length // 2 + 1), dtype=np.complex128)
        sums = np.zeros(rows.shape)
        factor = np.ones(self.dim)
        for power in range(_TERMS):
            spectrum[:, points[starts]] = np.add.reduceat(term, starts, axis=1)
            sums += factor * np.fft.irfft(spectrum, length)[:, 1 : self.dim + 1]
            term = term * (1j * remainders)
            factor = factor * self._places / (power + 1)
        return sums

    @property
    def _signs(self) -> FloatArray:
        return np.asarray(math.copysign(1.0, self.rho) ** np.arange(self.dim))

    @property
    def _norms(self) -> FloatArray:
        """The lengths of the vectors of cosines: their squares are sums of a geometric series."""
        offsets, angles = self._offsets, self._angles
        flat = angles == 0.0
        sines = np.where(flat, 1.0, np.sin(angles))
        ratios = np.where(flat, self.dim, np.sin(offsets - angles) / sines)
        return np.sqrt((self.dim + ratios) / 2.0)
