"""Block diagonal matrices, multiplied block by block: what the formulas calculate with.

All matrices of a problem are cut into the same blocks, and blocks that meet are of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.coordinates.blocks import IsotropicBlock, sum_of_others

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["BlockMatrix", "joined"]


@dataclass(frozen=True, eq=False)
class BlockMatrix:
    """Blocks along the diagonal, zero elsewhere.

    Parameters
    ----------
    blocks : sequence of Block
        One at least.

    Examples
    --------
    >>> from ttt_theory.coordinates.blocks import DenseBlock, DiagonalBlock
    >>> matrix = BlockMatrix([DiagonalBlock(np.ones(2)), DenseBlock(np.array([[3.0]]))])
    >>> matrix @ np.array([1.0, 2.0, 3.0])
    array([1., 2., 9.])
    >>> (matrix @ matrix).diagonal()
    array([1., 1., 9.])
    """

    blocks: Sequence[Any]

    @cached_property
    def _cuts(self) -> list[int]:
        return [int(end) for end in np.cumsum([len(block) for block in self.blocks])[:-1]]

    def __len__(self) -> int:
        """Return how many entries of a vector it multiplies."""
        return sum(len(block) for block in self.blocks)

    def split(self, vector: FloatArray) -> list[FloatArray]:
        """Return the stretches of a vector, or of columns, that belong to the blocks."""
        return np.split(vector, self._cuts) if self._cuts else [vector]

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, BlockMatrix):
            return self._with(other, lambda mine, theirs: mine @ theirs)
        pairs = zip(self.blocks, self.split(other), strict=True)
        return joined([block.times(part) for block, part in pairs])

    def __add__(self, other: BlockMatrix) -> BlockMatrix:
        return self._with(other, lambda mine, theirs: mine + theirs)

    def __sub__(self, other: BlockMatrix) -> BlockMatrix:
        return self._with(other, lambda mine, theirs: mine - theirs)

    def __mul__(self, factor: float) -> BlockMatrix:
        return BlockMatrix([block * factor for block in self.blocks])

    __rmul__ = __mul__
    __array_ufunc__ = None

    def _with(self, other: BlockMatrix, operation: Callable[[Any, Any], Any]) -> BlockMatrix:
        pairs = zip(self.blocks, other.blocks, strict=True)
        return BlockMatrix([operation(mine, theirs) for mine, theirs in pairs])

    def shifted(self, value: float) -> BlockMatrix:
        """Return the matrix plus a multiple of the identity."""
        return BlockMatrix([block.shifted(value) for block in self.blocks])

    @property
    def T(self) -> BlockMatrix:  # noqa: N802
        """The transposed matrix."""
        return BlockMatrix([block.T for block in self.blocks])

    def inner(self, other: BlockMatrix) -> float:
        """Return tr(selfᵀ other)."""
        pairs = zip(self.blocks, other.blocks, strict=True)
        return float(sum(mine.inner(theirs) for mine, theirs in pairs))

    def trace(self) -> float:
        """Return the trace."""
        return float(sum(block.trace() for block in self.blocks))

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,), but for isotropic blocks one value each."""
        return joined([block.diagonal() for block in self.blocks])

    def expanded(self) -> BlockMatrix:
        """Return the matrix as one that multiplies vectors of all its coordinates."""
        return BlockMatrix(
            [b.expanded() if isinstance(b, IsotropicBlock) else b for b in self.blocks]
        )

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        from scipy.linalg import block_diag

        return np.asarray(block_diag(*(block.toarray() for block in self.blocks)))

    def across_square(self, vector: FloatArray) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F² of this matrix X, for a vector along q̂ that is not zero."""
        square = float(vector @ vector)
        parts = self.split(vector / np.sqrt(square))
        elsewhere = sum_of_others(np.array([float(part @ part) for part in parts]))
        triples = zip(self.blocks, parts, elsewhere, strict=True)
        return float(sum(block.across_square(part, other) for block, part, other in triples))


def joined(parts: Iterable[FloatArray]) -> FloatArray:
    """Return arrays one after another; a single one as it is."""
    listed = list(parts)
    return listed[0] if len(listed) == 1 else np.concatenate(listed)
