"""Covariances made of smaller ones, of any kind and of any other package."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory import structured
from ttt_theory.covariance.base import (
    LARGEST_DIM,
    BuiltinCovariance,
    Covariance,
    register_covariance,
)
from ttt_theory.errors import InvalidSettingError

if TYPE_CHECKING:
    from scipy.sparse import dia_array

    from ttt_theory.checks import FloatArray, Number, ObjectArray

DEEPEST_NESTING = 8
"""How deep covariances may be nested in one another."""

MOST_FACTORS = 32
"""Most factors of a Kronecker product; each is an axis of an array."""


@register_covariance("kronecker")
@dataclass(frozen=True, eq=False)
class Kronecker(BuiltinCovariance):
    """The Kronecker product of covariances, the last one varying fastest.

    Parameters
    ----------
    factors : sequence of Covariance
        From one to 32. The product of their dimensions is `dim`, at most 10,000,000.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If there are none or too many, one is not valid, `dim` is too large, an entry overflows, or
        a parameter is out of its range.

    Examples
    --------
    >>> from ttt_theory.covariance import Dense, Diagonal
    >>> Kronecker([Diagonal([1.0, 2.0]), Dense([[2.0, 1.0], [1.0, 2.0]])]).matrix().toarray()
    array([[2., 1., 0., 0.],
           [1., 2., 0., 0.],
           [0., 0., 4., 2.],
           [0., 0., 2., 4.]])
    """

    factors: tuple[Covariance, ...]
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        factors = _checked_parts("factors", self.factors)
        if len(factors) > MOST_FACTORS:
            raise InvalidSettingError("factors", factors, f"give at most {MOST_FACTORS} of them")
        object.__setattr__(self, "factors", factors)
        object.__setattr__(self, "dim", math.prod(factor.dim for factor in factors))
        _check_total("factors", factors, self.dim)
        with np.errstate(over="ignore"):
            largest = np.prod([_largest_variance(factor) for factor in factors])
        self._check_scale("factors", float(largest))

    def matrix(self) -> dia_array[Any] | structured.StructuredMatrix:
        """Return Sigma, shape (dim, dim); sparse if all factors are diagonal."""
        factors = [factor.matrix() for factor in self.factors]
        if all(map(_is_diagonal, factors)):
            variances = np.ones(1)
            for factor in factors:
                variances = np.kron(variances, factor.diagonal())
            return _diagonal(variances * self.scale)
        return structured.Kronecker(list(map(structured.as_structured, factors))) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray | None:
        product = np.full((1, 1), number(1), dtype=object)
        for factor in self.factors:
            matrix = factor.exact_matrix(number)
            if matrix is None:
                return None
            product = np.kron(product, matrix)
        return product


@register_covariance("block_diagonal")
@dataclass(frozen=True, eq=False)
class BlockDiagonal(BuiltinCovariance):
    """Independent groups of coordinates, each with a covariance of its own.

    Parameters
    ----------
    blocks : sequence of Covariance
        At least one. The sum of their dimensions is `dim`, at most 10,000,000.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If there is no block, one is not valid, `dim` is too large, an entry overflows, or a
        parameter is out of its range.

    Examples
    --------
    >>> from ttt_theory.covariance import Dense, Diagonal
    >>> BlockDiagonal([Diagonal([3.0]), Dense([[2.0, 1.0], [1.0, 2.0]])]).matrix().toarray()
    array([[3., 0., 0.],
           [0., 2., 1.],
           [0., 1., 2.]])
    """

    blocks: tuple[Covariance, ...]
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        blocks = _checked_parts("blocks", self.blocks)
        object.__setattr__(self, "blocks", blocks)
        object.__setattr__(self, "dim", sum(block.dim for block in blocks))
        _check_total("blocks", blocks, self.dim)
        self._check_scale("blocks", max(_largest_variance(block) for block in blocks))

    def matrix(self) -> dia_array[Any] | structured.StructuredMatrix:
        """Return Sigma, shape (dim, dim); sparse if all blocks are diagonal."""
        blocks = [block.matrix() for block in self.blocks]
        if all(map(_is_diagonal, blocks)):
            return _diagonal(np.concatenate([block.diagonal() for block in blocks]) * self.scale)
        return structured.BlockDiagonal(list(map(structured.as_structured, blocks))) * self.scale

    def _exact_unscaled(self, number: Number) -> ObjectArray | None:
        entries = np.full((self.dim, self.dim), number(0), dtype=object)
        start = 0
        for block in self.blocks:
            matrix = block.exact_matrix(number)
            if matrix is None:
                return None
            stop = start + block.dim
            entries[start:stop, start:stop] = matrix
            start = stop
        return entries


def _checked_parts(name: str, parts: Any) -> tuple[Covariance, ...]:
    if not isinstance(parts, list | tuple) or not parts:
        raise InvalidSettingError(name, parts, "give a list of covariances, at least one")
    for index, part in enumerate(parts):
        if not isinstance(part, Covariance):
            raise InvalidSettingError(f"{name}[{index}]", part, "give an instance of Covariance")
        try:
            part.check()
        except InvalidSettingError as error:
            raise error.within(f"{name}[{index}]") from None
    if 1 + max(map(_nesting, parts)) > DEEPEST_NESTING:
        raise InvalidSettingError(name, parts, f"nest covariances at most {DEEPEST_NESTING} deep")
    return tuple(parts)


def _nesting(covariance: Covariance) -> int:
    if isinstance(covariance, Kronecker | BlockDiagonal):
        parts = covariance.factors if isinstance(covariance, Kronecker) else covariance.blocks
        return 1 + max(map(_nesting, parts))
    return 0


def _check_total(name: str, parts: tuple[Covariance, ...], dim: int) -> None:
    if dim > LARGEST_DIM:
        raise InvalidSettingError(name, parts, f"give at most {LARGEST_DIM} dimensions in all")


def _largest_variance(covariance: Covariance) -> float:
    """Return an upper bound on the variances, close to the largest one."""
    matrix = covariance.matrix()
    if isinstance(matrix, structured.StructuredMatrix):
        return matrix.magnitude()
    return float(np.max(matrix.diagonal()))


def _is_diagonal(matrix: object) -> bool:
    return getattr(matrix, "format", "") == "dia"


def _diagonal(variances: FloatArray) -> dia_array[Any]:
    from scipy.sparse import diags_array

    return diags_array(variances)
