"""Matrices and vectors moved by their last bits.

What a result changes by when it is computed from these instead shows what round-off does to it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.structured.base import DenseMatrix, StructuredMatrix, unchecked
from ttt_theory.structured.compound import BlockDiagonal, Kronecker
from ttt_theory.structured.low_rank import LowRankUpdate
from ttt_theory.structured.spectral import Spectral

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["MOVE", "Moved", "moved_entries", "moved_matrix", "moved_vector"]

MOVE = 64 * float(np.finfo(np.float64).eps)
"""How far a number moves at most, relative to its size.

More than one bit, as the rounding of the moved numbers would hide what a single one does.
"""


class Moved(Enum):
    """What of a setting is moved by its last bits."""

    NUMBERS = "the numbers that its matrices and its task are stored by"
    PRIOR = "the entries with which a prior of few directions is written out"
    """A singular one stays singular where its numbers are moved, but not where entries are."""


def moved_matrix(matrix: StructuredMatrix) -> StructuredMatrix:
    """Return a matrix with the numbers that it is stored by moved by their last bits.

    Numbers that are equal stay equal where a diagonal is concerned, and matrices that are multiples
    of one another stay so, up to round-off, where all entries are stored: what matrices have in
    common is no accident of rounding.  What is a formula of its parameters stays as it is.

    Parameters
    ----------
    matrix : StructuredMatrix

    Returns
    -------
    StructuredMatrix

    Examples
    --------
    >>> moved = moved_matrix(DenseMatrix(np.eye(2) + 1.0)).toarray()
    >>> bool(0.0 < np.abs(moved - np.eye(2) - 1.0).max() < 1e-13)
    True
    """
    if isinstance(matrix, DenseMatrix):
        return DenseMatrix.of_checked(moved_entries(matrix.entries))
    if isinstance(matrix, Spectral):
        return unchecked(matrix, eigenvalues=_moved_alike(matrix.eigenvalues))  # type: ignore[no-any-return]
    if isinstance(matrix, LowRankUpdate):
        return unchecked(  # type: ignore[no-any-return]
            matrix,
            diagonal_part=_moved_alike(matrix.diagonal_part),
            directions=moved_vector(matrix.directions),
            strengths=moved_vector(matrix.strengths),
        )
    if isinstance(matrix, Kronecker):
        return unchecked(matrix, factors=tuple(map(moved_matrix, matrix.factors)))  # type: ignore[no-any-return]
    if isinstance(matrix, BlockDiagonal):
        return unchecked(matrix, blocks=tuple(map(moved_matrix, matrix.blocks)))  # type: ignore[no-any-return]
    return matrix


def moved_entries(entries: FloatArray) -> FloatArray:
    """Return a symmetric array with every entry moved by its last bits, symmetric still."""
    noise = _noise(entries.shape)
    return np.asarray(entries * (1.0 + np.triu(noise) + np.triu(noise, 1).T))


def moved_vector(vector: FloatArray) -> FloatArray:
    """Return an array with every entry moved by its last bits, zeros excepted."""
    return np.asarray(vector * (1.0 + _noise(vector.shape)))


def _noise(shape: tuple[int, ...]) -> FloatArray:
    return np.random.default_rng(0).uniform(-MOVE, MOVE, shape)


def _moved_alike(values: FloatArray) -> FloatArray:
    """Move every entry by an amount that its value alone decides."""
    bits = values.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    noise = (bits >> np.uint64(11)) * 2.0**-53
    return np.asarray(values * (1.0 + MOVE * (2.0 * noise - 1.0)))
