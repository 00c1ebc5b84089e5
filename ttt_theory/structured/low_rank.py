"""A diagonal matrix plus few directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from ttt_theory.checks import ROUND_OFF_PER_DIM, as_array, checked_array
from ttt_theory.errors import InvalidSettingError
from ttt_theory.structured.base import StructuredMatrix, unchecked
from ttt_theory.structured.frames import HouseholderFrame

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray


@dataclass(frozen=True, eq=False)
class LowRankUpdate(StructuredMatrix):
    """A matrix diag(δ) + Σ_j s_j v_j v_jᵀ, stored in O(dr): spikes, factor models.

    Parameters
    ----------
    diagonal_part : array_like of float, shape (d,)
        δ, each at least 0.
    directions : array_like of float, shape (d, r)
        The v_j as columns, of any length and not necessarily orthogonal.
    strengths : array_like of float, shape (r,)
        The s_j.  Negative ones are allowed where δ is constant, if the matrix stays positive
        semi-definite, up to round-off.

    Raises
    ------
    InvalidSettingError
        If the matrix is not finite or not positive semi-definite, or the shapes do not fit.

    Examples
    --------
    >>> LowRankUpdate([1.0, 1.0], [[1.0], [1.0]], [2.0]).toarray()
    array([[3., 2.],
           [2., 3.]])
    """

    diagonal_part: FloatArray
    directions: FloatArray
    strengths: FloatArray

    def __post_init__(self) -> None:
        values = checked_array("diagonal_part", self.diagonal_part, 1)
        directions = _checked_directions(self.directions)
        strengths = checked_array("strengths", self.strengths, 1)
        if directions.shape != (len(values), len(strengths)):
            raise InvalidSettingError(
                "directions",
                directions,
                f"give {len(values)} x {len(strengths)} numbers: a column for each strength",
            )
        if values.min() < 0.0:
            raise InvalidSettingError("diagonal_part", values.min(), "give numbers of at least 0")
        for name, value in (
            ("diagonal_part", values),
            ("directions", directions),
            ("strengths", strengths),
        ):
            object.__setattr__(self, name, value)
        with np.errstate(over="ignore", invalid="ignore"):
            largest = float(np.max(np.abs(strengths) * np.einsum("ij,ij->j", *[directions] * 2)))
        if not np.isfinite(largest + values.max()):
            raise InvalidSettingError(
                "strengths", strengths, "the matrix must be finite; give smaller numbers"
            )
        if strengths.min() < 0.0:
            self._check_eigenvalues()

    def _check_eigenvalues(self) -> None:
        if np.ptp(self.diagonal_part) > 0.0:
            raise InvalidSettingError(
                "strengths",
                self.strengths.min(),
                "give numbers of at least 0, or a constant diagonal",
            )
        eigenvalues = self._eigenvalues_in_span
        tolerance = ROUND_OFF_PER_DIM * self.dim * max(eigenvalues[-1], self.diagonal_part[0])
        if eigenvalues[0] < -tolerance:
            raise InvalidSettingError(
                "strengths",
                self.strengths,
                "give a positive semi-definite matrix, not one with the eigenvalue "
                f"{eigenvalues[0]:.6g}",
            )

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return len(self.diagonal_part)

    def _times(self, columns: FloatArray) -> FloatArray:
        inner = self.strengths[:, np.newaxis] * (self.directions.T @ columns)
        return np.asarray(self.diagonal_part[:, np.newaxis] * columns + self.directions @ inner)

    def _scaled(self, factor: float) -> Self:
        return unchecked(  # type: ignore[no-any-return]
            self, diagonal_part=self.diagonal_part * factor, strengths=self.strengths * factor
        )

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        squares = np.einsum("ij,j,ij->i", self.directions, self.strengths, self.directions)
        return np.asarray(self.diagonal_part + squares)

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw takes: at most d + r."""
        if self.strengths.min() < 0.0:
            return self.dim
        return (self.dim if self._has_diagonal else 0) + len(self.strengths)

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        if self.strengths.min() < 0.0:
            return self._symmetric_root_times(standard)
        rank = len(self.strengths)
        spikes = (standard[..., :rank] * np.sqrt(self.strengths)) @ self.directions.T
        if self._has_diagonal:
            spikes += standard[..., rank:] * np.sqrt(self.diagonal_part)
        return np.asarray(spikes)

    @cached_property
    def _has_diagonal(self) -> bool:
        return bool(self.diagonal_part.any())

    def _symmetric_root_times(self, standard: FloatArray) -> FloatArray:
        frame, eigenvectors = self._frame, self._spectrum_in_span[1]
        rank = len(eigenvectors)
        inner = frame.forward(standard)
        root = eigenvectors * np.sqrt(np.clip(self._eigenvalues_in_span, 0.0, None))
        inner[..., rank:] *= np.sqrt(self.diagonal_part[0])
        inner[..., :rank] = inner[..., :rank] @ root.T
        return frame.backward(inner)

    @cached_property
    def _frame(self) -> HouseholderFrame:
        return HouseholderFrame(self.directions)

    @cached_property
    def _spectrum_in_span(self) -> tuple[FloatArray, FloatArray]:
        """Eigenvalues of the update in the span of the directions, and their eigenvectors."""
        triangle = self._frame.triangle
        values, vectors = np.linalg.eigh((triangle * self.strengths) @ triangle.T)
        return values, vectors

    @property
    def _eigenvalues_in_span(self) -> FloatArray:
        return np.asarray(self._spectrum_in_span[0] + self.diagonal_part[0])


def _checked_directions(directions: FloatArray) -> FloatArray:
    """Check the directions, and copy them unless nobody can write to them."""
    remedy = "give a matrix of finite numbers"
    if isinstance(directions, np.ndarray) and not directions.flags.writeable:
        plain = as_array("directions", directions, remedy)
        if plain.dtype == np.float64 and plain.ndim == 2 and plain.size:
            if not np.isfinite(plain.sum()) and not np.isfinite(plain).all():
                raise InvalidSettingError("directions", directions, remedy)
            return plain
    return checked_array("directions", directions, 2)
