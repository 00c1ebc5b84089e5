"""Coordinates in which the matrices of a setting are block diagonal, all with the same blocks.

The risk does not change under an orthogonal change of coordinates.  So commuting matrices are
treated as diagonal ones; directions that no diagonal tells apart, as a few dimensions; and only
what is left of each block as a dense matrix, or as a diagonal one plus few directions.

How exact the result is: to round-off where the blocks are diagonal.  In the other blocks the error
is round-off times the condition of pretraining's matrix K: about n + 2 at most where Σ_x and Σ_β
commute, times up to the ratio of their strongest direction to the others where they do not.  There
c1, which one direction alone does not leave anything of but the noise, loses as much as that ratio.
An eigenvalue or a task's share of Σ_x that is no more than round-off counts as zero.  Whoever uses
the result finds out how much was lost by moving the matrices by their last bits
(`ttt_theory.linear.exact.risk`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.coordinates.block_matrix import BlockMatrix
from ttt_theory.coordinates.blocks import (
    Block,
    DenseBlock,
    DiagonalBlock,
    IsotropicBlock,
    LowRankBlock,
)
from ttt_theory.coordinates.common_frame import (
    Matrices,
    common_frame,
    diagonal_matrix,
    is_diagonal,
    mapped,
    simplified,
)
from ttt_theory.structured.base import StructuredMatrix
from ttt_theory.structured.compound import BlockDiagonal, Kronecker
from ttt_theory.structured.frames import (
    BlockFrame,
    ChainedFrame,
    Frame,
    HouseholderFrame,
    IdentityFrame,
    PermutedFrame,
)
from ttt_theory.structured.last_bits import Moved, moved_entries
from ttt_theory.structured.low_rank import LowRankUpdate
from ttt_theory.structured.memory import check_dense_memory

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["ROUND_OFF", "Reduction", "reduced"]

LARGEST_SPAN = 1000
"""Largest dimension to which low-rank matrices are compressed, as dense ones."""

_DENSE_ARRAYS = 10
"""How many d × d arrays the exact risk of dense matrices holds at once, at most."""

ROUND_OFF = float(np.finfo(np.float64).eps)
"""What a number of float64 may be off by, relative to its size, after one operation or two."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Matrices and a task in a frame where the matrices are block diagonal.

    Attributes
    ----------
    frame : Frame
        Q: a matrix here stands for Q B Qᵀ.
    matrices : list of BlockMatrix
        The B, all with the same blocks.  What was one object still is.
    task : ndarray, shape (d,)
        Qᵀβ, without the coordinates of isotropic blocks, where it is zero.
    """

    frame: Frame
    matrices: list[BlockMatrix]
    task: FloatArray


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Some of the coordinates: a block or two of every matrix."""

    frame: Frame
    blocks: list[list[Block]]
    task: FloatArray


def reduced(
    matrices: Matrices,
    task: FloatArray,
    *,
    as_dense: bool = False,
    moved: Moved | None = None,
    round_off: float = ROUND_OFF,
) -> Reduction:
    """Find coordinates in which matrices are block diagonal.

    Parameters
    ----------
    matrices : sequence of StructuredMatrix
        All of one dimension d.
    task : ndarray, shape (d,)
        Rotated along.
    as_dense : bool
        Whether to keep the coordinates and to store every matrix by its entries.
    moved : Moved, optional
        What is moved by its last bits: all entries that stand for those of a formula, or those of
        the second matrix that stand for a few directions.
    round_off : float
        What a number may be off by, relative to its size: what may be nothing else is set to zero.

    Returns
    -------
    Reduction

    Raises
    ------
    InvalidSettingError
        If the matrices have too little structure in common for their size.

    Examples
    --------
    >>> spiked = LowRankUpdate(np.ones(1000), np.ones((1000, 1)), [0.5])
    >>> found = reduced([spiked, spiked], np.arange(1000.0))
    >>> [block.toarray().shape for block in found.matrices[0].blocks]
    [(2, 2), (998, 998)]
    """
    if as_dense:
        stretches = [_dense(matrices, task, moved)]
    else:
        stretches = _stretches(matrices, task, moved, round_off)
    frames = [stretch.frame for stretch in stretches]
    by_id = {
        id(matrix): BlockMatrix([block for each in stretches for block in each.blocks[index]])
        for index, matrix in enumerate(matrices)
    }
    return Reduction(
        _side_by_side(frames),
        [by_id[id(matrix)] for matrix in matrices],
        np.concatenate([stretch.task for stretch in stretches]),
    )


def _side_by_side(frames: Sequence[Frame]) -> Frame:
    if all(isinstance(frame, IdentityFrame) for frame in frames):
        return IdentityFrame(sum(frame.dim for frame in frames))
    return frames[0] if len(frames) == 1 else BlockFrame(tuple(frames))


def _stretches(
    matrices: Matrices, task: FloatArray, moved: Moved | None, round_off: float
) -> list[_Stretch]:
    matrices = mapped(simplified, matrices)
    common = common_frame(matrices, round_off)
    if common is not None:
        frame, eigenvalues = common
        blocks: list[list[Block]] = [[DiagonalBlock(values)] for values in eigenvalues]
        return [_Stretch(frame, blocks, _rotated(frame, task, round_off))]
    cuts = _cuts(matrices)
    if cuts:
        pieces = mapped(lambda matrix: _split(matrix, cuts), matrices)
        parts = zip(*pieces, np.split(task, cuts), strict=True)
        return [
            each for *piece, part in parts for each in _stretches(piece, part, moved, round_off)
        ]
    if all(is_diagonal(matrix) or isinstance(matrix, LowRankUpdate) for matrix in matrices):
        return [_low_rank(matrices, task, moved, round_off)]
    return [_dense(matrices, task, moved)]


def _dense(matrices: Matrices, task: FloatArray, moved: Moved | None) -> _Stretch:
    dim = len(task)
    check_dense_memory(dim, _DENSE_ARRAYS)

    def block(matrix: StructuredMatrix) -> DenseBlock:
        entries = matrix.toarray()
        return DenseBlock(moved_entries(entries) if moved is Moved.NUMBERS else entries)

    arrays = mapped(block, matrices)
    return _Stretch(IdentityFrame(dim), [[array] for array in arrays], task)


def _rotated(frame: Frame, task: FloatArray, round_off: float) -> FloatArray:
    if isinstance(frame, IdentityFrame):
        return task
    unit, exponent = _unit(task)
    return np.ldexp(_without_round_off(frame.forward(unit), round_off), exponent)


def _without_round_off(image: FloatArray, round_off: float) -> FloatArray:
    """Return a rotated vector, entries that only round-off made set to zero.

    They would otherwise decide whether a task in the null space of Σ_x shows in the labels.
    """
    return np.where(np.abs(image) <= 64 * round_off * np.sqrt(image @ image), 0.0, image)


def _unit(vector: FloatArray) -> tuple[FloatArray, int]:
    """Return a vector divided by a power of two near its largest entry, and the exponent."""
    exponent = math.frexp(float(np.max(np.abs(vector))))[1]
    return np.ldexp(vector, -exponent), exponent


def _cuts(matrices: Matrices) -> list[int]:
    """Return where all matrices fall apart into blocks."""
    common: set[int] | None = None
    for matrix in matrices:
        if not is_diagonal(matrix):
            own = set(_own_cuts(matrix))
            common = own if common is None else common & own
    return sorted(common or ())


def _own_cuts(matrix: StructuredMatrix) -> Sequence[int]:
    if isinstance(matrix, BlockDiagonal):
        return matrix.ends[:-1]
    if isinstance(matrix, Kronecker) and is_diagonal(matrix.factors[0]):
        step = matrix.dim // matrix.factors[0].dim
        return range(step, matrix.dim, step)
    return ()


def _split(matrix: StructuredMatrix, cuts: list[int]) -> list[StructuredMatrix]:
    """Return the blocks between the cuts."""
    if is_diagonal(matrix):
        return [diagonal_matrix(values) for values in np.split(matrix.diagonal(), cuts)]
    if isinstance(matrix, Kronecker):
        first, *rest = matrix.factors
        step = matrix.dim // first.dim
        block = Kronecker(rest)
        pieces: list[StructuredMatrix] = [block * value for value in first.diagonal()]
        ends = range(step, matrix.dim + 1, step)
    elif isinstance(matrix, BlockDiagonal):
        pieces, ends = list(matrix.blocks), matrix.ends  # type: ignore[assignment]
    groups: list[list[StructuredMatrix]] = [[]]
    wanted = set(cuts)
    for piece, end in zip(pieces, ends, strict=True):
        groups[-1].append(piece)
        if end in wanted:
            groups.append([])
    return [BlockDiagonal(group) for group in groups]


def _low_rank(
    matrices: Matrices, task: FloatArray, moved: Moved | None, round_off: float
) -> _Stretch:
    """Reduce diagonal matrices plus few directions each.

    Coordinates with the same entries in every diagonal form a group.  Within it, whatever is
    orthogonal to all directions and to the task is an eigenvector of every matrix, and the task
    has no part in it: only the span of the rest is dense.
    """
    diagonals = mapped(_diagonal_part, matrices)
    updates = {id(each): each for each in matrices if isinstance(each, LowRankUpdate)}
    unit, exponent = _unit(task)
    labels = _groups(diagonals)
    _, representatives, sizes = np.unique(labels, return_index=True, return_counts=True)
    rank = sum(len(update.strengths) for update in updates.values())
    spans = np.minimum(sizes, rank + 1)
    if spans.sum() > LARGEST_SPAN:
        return _low_rank_blocks(matrices, task)
    if len(sizes) == len(task):
        return _dense(matrices, task, moved)
    rows = np.concatenate([*(update.directions.T for update in updates.values()), [unit]])
    if len(sizes) == 1:
        frames = [HouseholderFrame.overwriting(rows.T)]
    else:
        order = np.argsort(labels, kind="stable")
        groups = np.split(order, np.cumsum(sizes)[:-1])
        frames = [HouseholderFrame.overwriting(rows[:, group].T) for group in groups]
    triangle = np.concatenate([frame.triangle for frame in frames])
    frame: Frame = frames[0]
    if len(frames) > 1:
        in_span = np.concatenate(
            [np.arange(size) < span for size, span in zip(sizes, spans, strict=True)]
        )
        gathered = PermutedFrame(np.argsort(~in_span, kind="stable"))
        frame = ChainedFrame(
            ChainedFrame(PermutedFrame(order), BlockFrame(tuple(frames))), gathered
        )
    starts = np.cumsum([0, *(len(update.strengths) for update in updates.values())])
    directions = dict(zip(updates, np.split(triangle, starts[1:], axis=1), strict=False))

    def blocks(matrix: StructuredMatrix) -> list[Block]:
        values = _diagonal_part(matrix)[representatives]
        entries = np.diag(np.repeat(values, spans))
        if isinstance(matrix, LowRankUpdate):
            own = directions[id(matrix)]
            update = (own * matrix.strengths) @ own.T
            entries += 0.5 * (update + update.T)
            if matrix.strengths.min() < 0.0:
                # An eigenvalue that a negative strength makes zero is so, not round-off.
                size = np.abs(own) * np.abs(matrix.strengths) @ np.abs(own).T
                entries[np.abs(entries) <= 64 * round_off * size] = 0.0
        rest = zip(values, sizes - spans, strict=True)
        is_moved = moved is Moved.PRIOR and matrix is matrices[1]
        spanned = DenseBlock(moved_entries(entries) if is_moved else entries)
        return [spanned, *(IsotropicBlock(*each) for each in rest if each[1])]

    reduced_task = np.ldexp(_without_round_off(triangle[:, -1], round_off), exponent)
    return _Stretch(frame, mapped(blocks, matrices), reduced_task)


def _diagonal_part(matrix: StructuredMatrix) -> FloatArray:
    return matrix.diagonal_part if isinstance(matrix, LowRankUpdate) else matrix.diagonal()


def _groups(diagonals: Sequence[FloatArray]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return for each coordinate the number of the group of those with the same entries."""
    labels = np.zeros(len(diagonals[0]), dtype=np.intp)
    for values in {id(each): each for each in diagonals}.values():
        if np.ptp(values) > 0.0:
            _, own = np.unique(values, return_inverse=True)
            _, labels = np.unique(labels * (own.max() + 1) + own, return_inverse=True)
    return labels


def _low_rank_blocks(matrices: Matrices, task: FloatArray) -> _Stretch:
    def block(matrix: StructuredMatrix) -> list[Block]:
        right = np.zeros((matrix.dim, 0))
        if isinstance(matrix, LowRankUpdate):
            # Their signs are all positive here, but for a constant diagonal.
            right = matrix.directions * np.sqrt(np.abs(matrix.strengths))
            return [LowRankBlock(matrix.diagonal_part, right * np.sign(matrix.strengths), right)]
        return [LowRankBlock(matrix.diagonal(), right, right)]

    return _Stretch(IdentityFrame(len(task)), mapped(block, matrices), task)
