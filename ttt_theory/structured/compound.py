"""Matrices composed of smaller ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from ttt_theory.errors import InvalidSettingError
from ttt_theory.structured.base import StructuredMatrix, unchecked
from ttt_theory.structured.spectral import as_structured

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray


@dataclass(frozen=True, eq=False)
class Kronecker(StructuredMatrix):
    """The Kronecker product A_1 ⊗ A_2 ⊗ ... of matrices.

    Parameters
    ----------
    factors : sequence of ndarray, dia_array or StructuredMatrix
        One at least; d is the product of their dimensions.

    Raises
    ------
    InvalidSettingError
        If a factor is not positive semi-definite, or the product is not finite.

    Examples
    --------
    >>> Kronecker([np.eye(2), [[2.0, 1.0], [1.0, 2.0]]]).toarray()
    array([[2., 1., 0., 0.],
           [1., 2., 0., 0.],
           [0., 0., 2., 1.],
           [0., 0., 1., 2.]])
    """

    factors: Sequence[StructuredMatrix]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", _checked_parts("factors", self.factors))
        if not math.isfinite(self.magnitude()):
            raise InvalidSettingError(
                "factors", self.magnitude(), "the matrix must be finite; give smaller factors"
            )

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return math.prod(factor.dim for factor in self.factors)

    def _times(self, columns: FloatArray) -> FloatArray:
        return _on_each_axis(
            columns.T,
            [factor.dim for factor in self.factors],
            [_row_product(factor) for factor in self.factors],
        ).T

    def _scaled(self, factor: float) -> Self:
        first, *others = self.factors
        return unchecked(self, factors=(first * factor, *others))  # type: ignore[no-any-return]

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        diagonal: FloatArray = np.ones(1)
        for factor in self.factors:
            diagonal = np.asarray(np.kron(diagonal, factor.diagonal()))
        return diagonal

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw takes: the product of those of the factors."""
        return math.prod(factor.colour_dim for factor in self.factors)

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        rows = np.reshape(standard, (-1, self.colour_dim))
        coloured = _on_each_axis(
            rows,
            [factor.colour_dim for factor in self.factors],
            [factor.colour for factor in self.factors],
        )
        return coloured.reshape(*np.shape(standard)[:-1], self.dim)

    def magnitude(self) -> float:
        """Return the order of magnitude of the largest entry."""
        return math.prod(factor.magnitude() for factor in self.factors)


@dataclass(frozen=True, eq=False)
class BlockDiagonal(StructuredMatrix):
    """Matrices along the diagonal, zero elsewhere.

    Parameters
    ----------
    blocks : sequence of ndarray, dia_array or StructuredMatrix
        One at least; d is the sum of their dimensions.

    Raises
    ------
    InvalidSettingError
        If a block is not positive semi-definite.

    Examples
    --------
    >>> BlockDiagonal([[[3.0]], np.eye(2)]).toarray()
    array([[3., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    blocks: Sequence[StructuredMatrix]

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", _checked_parts("blocks", self.blocks))

    @cached_property
    def ends(self) -> list[int]:
        """Where each block ends."""
        return [int(end) for end in np.cumsum([block.dim for block in self.blocks])]

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of rows and columns, d."""
        return self.ends[-1]

    def _times(self, columns: FloatArray) -> FloatArray:
        parts = np.split(columns, self.ends[:-1])
        pairs = zip(self.blocks, parts, strict=True)
        return np.concatenate([block @ part for block, part in pairs])

    def _scaled(self, factor: float) -> Self:
        blocks = tuple(block * factor for block in self.blocks)
        return unchecked(self, blocks=blocks)  # type: ignore[no-any-return]

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return np.concatenate([block.diagonal() for block in self.blocks])

    @property
    def colour_dim(self) -> int:
        """How many standard normal numbers a draw takes: the sum of those of the blocks."""
        return sum(block.colour_dim for block in self.blocks)

    def colour(self, standard: FloatArray) -> FloatArray:
        """Turn standard normal numbers into draws from N(0, A); see the base class."""
        ends = np.cumsum([block.colour_dim for block in self.blocks])
        parts = np.split(standard, ends[:-1], axis=-1)
        pairs = zip(self.blocks, parts, strict=True)
        return np.concatenate([block.colour(part) for block, part in pairs], axis=-1)

    def magnitude(self) -> float:
        """Return the order of magnitude of the largest entry."""
        return max(block.magnitude() for block in self.blocks)


def _checked_parts(name: str, parts: object) -> tuple[StructuredMatrix, ...]:
    try:
        listed = list(parts)  # type: ignore[call-overload]
    except TypeError:
        listed = []
    if not listed:
        raise InvalidSettingError(name, parts, "give a sequence of one or more matrices")
    checked = []
    for index, part in enumerate(listed):
        try:
            checked.append(as_structured(part))
        except InvalidSettingError as error:
            raise error.within(f"{name}[{index}]") from None
    return tuple(checked)


def _row_product(matrix: StructuredMatrix) -> Callable[[FloatArray], FloatArray]:
    return lambda rows: (matrix @ rows.T).T


def _on_each_axis(
    rows: FloatArray, dims: list[int], functions: list[Callable[[FloatArray], FloatArray]]
) -> FloatArray:
    """Apply a linear function of rows to each axis of the rows, reshaped to `dims`."""
    result = np.reshape(rows, (-1, *dims))
    for axis, function in enumerate(functions, start=1):
        moved = np.moveaxis(result, axis, -1)
        image = function(moved.reshape(-1, moved.shape[-1]))
        result = np.moveaxis(image.reshape(*moved.shape[:-1], image.shape[-1]), -1, axis)
    return result.reshape(len(rows), math.prod(result.shape[1:]))
