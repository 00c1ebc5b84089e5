"""A frame in which several matrices are diagonal, where their structure tells one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ttt_theory.structured.autoregressive import Autoregressive
from ttt_theory.structured.base import DenseMatrix, StructuredMatrix
from ttt_theory.structured.compound import BlockDiagonal, Kronecker
from ttt_theory.structured.frames import DenseFrame, Frame, IdentityFrame, KroneckerFrame
from ttt_theory.structured.low_rank import LowRankUpdate
from ttt_theory.structured.spectral import Spectral

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["Matrices", "common_frame", "diagonal_matrix", "is_diagonal", "mapped", "simplified"]

Matrices = Sequence[StructuredMatrix]
_EPS = float(np.finfo(np.float64).eps)
_Result = TypeVar("_Result")


def mapped(function: Callable[[StructuredMatrix], _Result], matrices: Matrices) -> list[_Result]:
    """Apply a function to each matrix, once where several are one object."""
    images = {id(matrix): function(matrix) for matrix in {id(m): m for m in matrices}.values()}
    return [images[id(matrix)] for matrix in matrices]


def simplified(matrix: StructuredMatrix) -> StructuredMatrix:
    """Return the simplest matrix equal to this one, above all one in the identity frame."""
    if isinstance(matrix, Kronecker):
        factors = [_simplified_part(factor) for factor in matrix.factors]
        if len(factors) == 1:
            return factors[0]
        if all(is_diagonal(factor) for factor in factors):
            return diagonal_matrix(matrix.diagonal())
        return Kronecker(factors)
    if isinstance(matrix, BlockDiagonal):
        blocks = [_simplified_part(block) for block in matrix.blocks]
        if len(blocks) == 1:
            return blocks[0]
        if all(is_diagonal(block) for block in blocks):
            return diagonal_matrix(np.concatenate([block.diagonal() for block in blocks]))
        return BlockDiagonal(blocks)
    if isinstance(matrix, LowRankUpdate):
        if not (matrix.strengths * np.abs(matrix.directions).max(axis=0)).any():
            return diagonal_matrix(matrix.diagonal_part)
    elif isinstance(matrix, Autoregressive) and matrix.rho == 0.0:
        return diagonal_matrix(matrix.diagonal())
    elif isinstance(matrix, Spectral) and np.ptp(matrix.eigenvalues) == 0.0:
        return diagonal_matrix(matrix.eigenvalues)
    return diagonal_matrix(matrix.diagonal()) if matrix.dim == 1 else matrix


def _simplified_part(matrix: StructuredMatrix) -> StructuredMatrix:
    if isinstance(matrix, DenseMatrix):
        diagonal = matrix.diagonal()
        if np.count_nonzero(matrix.entries) == np.count_nonzero(diagonal):
            return diagonal_matrix(diagonal)
    return simplified(matrix)


def diagonal_matrix(values: FloatArray) -> Spectral:
    """Return the diagonal matrix of some values."""
    return Spectral(IdentityFrame(len(values)), values)


def is_diagonal(matrix: StructuredMatrix) -> bool:
    """Whether a matrix is stored by its diagonal alone."""
    return isinstance(matrix, Spectral) and isinstance(matrix.frame, IdentityFrame)


def _constant(matrix: StructuredMatrix) -> float | None:
    """Return c of a simplified matrix cI, and None of any other."""
    if isinstance(matrix, Spectral) and np.ptp(matrix.eigenvalues) == 0.0:
        return float(matrix.eigenvalues[0])
    return None


def common_frame(matrices: Matrices, round_off: float) -> tuple[Frame, list[FloatArray]] | None:
    """Return a frame in which all matrices are diagonal, with their eigenvalues, if it is known.

    Parameters
    ----------
    matrices : sequence of StructuredMatrix
    round_off : float
        Computed eigenvalues of at most this, relative to the largest and to their number, are zero.
    """
    constants = mapped(_constant, matrices)
    others = [
        matrix for matrix, constant in zip(matrices, constants, strict=True) if constant is None
    ]
    if all(isinstance(matrix, Spectral | Autoregressive) for matrix in others):
        frames: list[Frame] = [matrix.frame for matrix in others]  # type: ignore[attr-defined]
        frame = frames[0] if frames else IdentityFrame(matrices[0].dim)
        if all(each == frame for each in frames):
            return frame, mapped(_eigenvalues, matrices)
        return None
    if all(isinstance(matrix, Kronecker) for matrix in others):
        return _kronecker_frame(matrices, constants, others, round_off)
    return None


def _eigenvalues(matrix: StructuredMatrix) -> FloatArray:
    values: FloatArray = matrix.eigenvalues  # type: ignore[attr-defined]
    return values


def _kronecker_frame(
    matrices: Matrices, constants: list[float | None], others: Matrices, round_off: float
) -> tuple[Frame, list[FloatArray]] | None:
    dims = [factor.dim for factor in others[0].factors]  # type: ignore[attr-defined]
    if any([factor.dim for factor in other.factors] != dims for other in others):  # type: ignore[attr-defined]
        return None

    def factors(matrix: StructuredMatrix, constant: float | None) -> Matrices:
        if constant is None:
            return matrix.factors  # type: ignore[attr-defined, no-any-return]
        return [diagonal_matrix(np.full(dim, 1.0 if i else constant)) for i, dim in enumerate(dims)]

    by_matrix = [factors(*pair) for pair in zip(matrices, constants, strict=True)]
    frames, eigenvalues = [], [np.ones(1) for _ in matrices]
    for column in zip(*by_matrix, strict=True):
        common = common_frame(column, round_off) or _eigenvectors(column, round_off)
        if common is None:
            return None
        frames.append(common[0])
        pairs = zip(eigenvalues, common[1], strict=True)
        eigenvalues = [np.asarray(np.kron(values, factor)) for values, factor in pairs]
    return KroneckerFrame(tuple(frames)), eigenvalues


def _eigenvectors(matrices: Matrices, round_off: float) -> tuple[Frame, list[FloatArray]] | None:
    """Diagonalise matrices that are multiples of a single one, or of the identity."""
    constants = [_constant(matrix) for matrix in matrices]
    arrays = [
        matrix.toarray() if constant is None else None
        for matrix, constant in zip(matrices, constants, strict=True)
    ]
    reference = next(array for array in arrays if array is not None)
    ratios = [None if array is None else _ratio(array, reference) for array in arrays]
    if any(math.isnan(ratio) for ratio in ratios if ratio is not None):
        return None
    values, axes = np.linalg.eigh(reference)
    # Smaller ones are round-off, by which a task in the null space would show in the labels.
    values = np.where(values > len(values) * round_off * values[-1], values, 0.0)
    return DenseFrame(axes), [
        np.full(len(values), constant) if ratio is None else ratio * values
        for ratio, constant in zip(ratios, constants, strict=True)
    ]


def _ratio(array: FloatArray, reference: FloatArray) -> float:
    """Return c if the array is c times the reference, to the last bits, and otherwise NaN."""
    size = float(np.trace(reference))
    ratio = float(np.trace(array)) / size if size > 0.0 else 0.0
    close = np.abs(array - ratio * reference) <= 8 * _EPS * ratio * np.abs(reference)
    return ratio if close.all() else math.nan
