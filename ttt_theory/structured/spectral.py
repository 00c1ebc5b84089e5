"""Matrices that are simple in a frame: there diagonal, or there made of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ttt_theory.checks import ROUND_OFF_PER_DIM, checked_array
from ttt_theory.errors import InvalidSettingError
from ttt_theory.structured.base import (
    DenseMatrix,
    MatrixOperator,
    StructuredMatrix,
    unchecked,
)
from ttt_theory.structured.frames import Frame, IdentityFrame

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray


@dataclass(frozen=True, eq=False)
class Spectral(StructuredMatrix):
    """A matrix Q diag(λ) Qᵀ, with a frame Q of eigenvectors.

    Parameters
    ----------
    frame : Frame
        Q.
    eigenvalues : array_like of float, shape (d,)
        λ, each at least 0 up to round-off.

    Raises
    ------
    InvalidSettingError
        If an eigenvalue is negative or not finite, their number is not the frame's dimension, or
        the frame is not orthogonal.

    Examples
    --------
    >>> from ttt_theory.structured import HouseholderFrame
    >>> matrix = Spectral(HouseholderFrame(np.array([1.0, 1.0])), [3.0, 1.0])
    >>> matrix.toarray()
    array([[2., 1.],
           [1., 2.]])
    """

    frame: Frame
    eigenvalues: FloatArray

    def __post_init__(self) -> None:
        if not isinstance(self.frame, Frame):
            raise InvalidSettingError("frame", self.frame, "give an instance of Frame")
        values = checked_array("eigenvalues", self.eigenvalues, 1)
        if len(values) != self.frame.dim:
            raise InvalidSettingError(
                "eigenvalues", values, f"give {self.frame.dim} of them, the dimension of the frame"
            )
        if values.min() < -ROUND_OFF_PER_DIM * len(values) * values.max():
            raise InvalidSettingError("eigenvalues", values.min(), "give numbers of at least 0")
        object.__setattr__(self, "eigenvalues", np.maximum(values, 0.0))
        if not isinstance(self.frame, IdentityFrame) and not _is_orthogonal(self.frame):
            raise InvalidSettingError(
                "frame", self.frame, "give an orthogonal one, whose transforms undo each other"
            )

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return len(self.eigenvalues)

    def _times(self, columns: FloatArray) -> FloatArray:
        return self.frame.backward(self.frame.forward(columns.T) * self.eigenvalues).T

    def _scaled(self, factor: float) -> Self:
        return unchecked(self, eigenvalues=self.eigenvalues * factor)  # type: ignore[no-any-return]

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,); d transforms unless the frame is the identity."""
        if isinstance(self.frame, IdentityFrame):
            return self.eigenvalues
        return super().diagonal()

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw from N(0, A) takes: d."""
        return self.dim

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        return self.frame.backward(standard * np.sqrt(self.eigenvalues))

    def magnitude(self) -> float:
        """Return the largest eigenvalue."""
        return float(np.max(self.eigenvalues))


def _is_orthogonal(frame: Frame) -> bool:
    """Whether a frame keeps the length of a random vector and leads back to it; no other does."""
    probe = np.random.default_rng(0).standard_normal(frame.dim)
    image = np.asarray(frame.forward(probe))
    length = np.linalg.norm(probe)
    if image.shape != probe.shape or not np.isrealobj(image):
        return False
    if not np.isclose(np.linalg.norm(image), length, rtol=1e-8):
        return False
    return bool(np.linalg.norm(frame.backward(image) - probe) <= 1e-8 * length)


@dataclass(frozen=True, eq=False)
class RotatedMatrix(MatrixOperator):
    """Any matrix Q B Qᵀ, given by B in the coordinates of a frame; not always symmetric.

    Parameters
    ----------
    frame : Frame
        Q.
    matrix : MatrixOperator
        B.

    Examples
    --------
    >>> from ttt_theory.structured.frames import PermutedFrame
    >>> swap = PermutedFrame(np.array([1, 0]))
    >>> RotatedMatrix(swap, Spectral(IdentityFrame(2), [1.0, 2.0])).toarray()
    array([[2., 0.],
           [0., 1.]])
    """

    frame: Frame
    matrix: Any

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return self.frame.dim

    def _times(self, columns: FloatArray) -> FloatArray:
        return self.frame.backward((self.matrix @ self.frame.forward(columns.T).T).T).T

    def _scaled(self, factor: float) -> Self:
        return unchecked(self, matrix=self.matrix * factor)  # type: ignore[no-any-return]


def as_structured(matrix: Any, *, checked: bool = False) -> StructuredMatrix:
    """Return any matrix of a covariance as one of this package's.

    Parameters
    ----------
    matrix : ndarray, dia_array or StructuredMatrix
        Symmetric and positive semi-definite, and diagonal if it is a dia_array.
    checked : bool
        Whether an ndarray is known to be so.

    Returns
    -------
    StructuredMatrix

    Raises
    ------
    InvalidSettingError
        If it is something else.

    Examples
    --------
    >>> as_structured(np.eye(2)).dim
    2
    """
    if isinstance(matrix, StructuredMatrix):
        return matrix
    if getattr(matrix, "format", "") == "dia" and not np.count_nonzero(matrix.offsets):
        values = np.asarray(matrix.diagonal())
        return Spectral(IdentityFrame(len(values)), values)
    if isinstance(matrix, np.ndarray | list | tuple):
        entries = np.asarray(matrix)
        return DenseMatrix.of_checked(entries) if checked else DenseMatrix(entries)
    raise InvalidSettingError(
        "matrix", matrix, "give an array, a diagonal dia_array or a structured matrix"
    )
