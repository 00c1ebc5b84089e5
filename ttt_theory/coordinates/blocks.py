"""The kinds of blocks that matrices are made of where the formulas calculate with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = [
    "Block",
    "DenseBlock",
    "DiagonalBlock",
    "IsotropicBlock",
    "LowRankBlock",
    "sum_of_others",
    "sums_of_differences",
]


class Block(ABC):
    """A square matrix of one kind; it multiplies vectors, columns and blocks of its kind."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many entries of a vector it multiplies."""

    @abstractmethod
    def times(self, columns: FloatArray) -> FloatArray:
        """Return the product with a vector, shape (d,), or columns, shape (d, m)."""

    @abstractmethod
    def __matmul__(self, other: Self) -> Self: ...

    @abstractmethod
    def __add__(self, other: Self) -> Self: ...

    @abstractmethod
    def __sub__(self, other: Self) -> Self: ...

    @abstractmethod
    def __mul__(self, factor: float) -> Self: ...

    @abstractmethod
    def shifted(self, value: float) -> Self:
        """Return the matrix plus a multiple of the identity."""

    @property
    @abstractmethod
    def T(self) -> Self:  # noqa: N802  (as arrays call it)
        """The transposed matrix."""

    @abstractmethod
    def inner(self, other: Self) -> float:
        """Return tr(selfᵀ other)."""

    @abstractmethod
    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,), or its one value."""

    def trace(self) -> float:
        """Return the trace."""
        return float(self.diagonal().sum())

    @abstractmethod
    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""

    @abstractmethod
    def shows(self, vector: FloatArray, round_off: float) -> bool:
        """Whether vᵀAv is more than round-off, A being positive semi-definite, or v is zero.

        Parameters
        ----------
        vector : ndarray, shape (d,)
            v.
        round_off : float
            What a number may be off by, relative to its size: 2^-52 unless it was moved.
        """

    @abstractmethod
    def across_square(self, part: FloatArray, square_elsewhere: float) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F² for the columns of X that this block holds.

        Parameters
        ----------
        part : ndarray, shape (d,)
            The entries of q̂ at this block's rows.
        square_elsewhere : float
            ‖q̂‖² of its other entries; 1 in all, but 1 − ‖part‖² would cancel.
        """


@dataclass(frozen=True, eq=False)
class DiagonalBlock(Block):
    """A diagonal matrix, shape (d, d).

    Parameters
    ----------
    values : ndarray, shape (d,)
        The diagonal.

    Examples
    --------
    >>> DiagonalBlock(np.array([1.0, 2.0])).inner(DiagonalBlock(np.array([3.0, 4.0])))
    11.0
    """

    values: FloatArray

    def __len__(self) -> int:
        return len(self.values)

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the product with a vector or columns."""
        return np.asarray((self.values * columns.T).T)

    def __matmul__(self, other: Self) -> Self:
        return type(self)(self.values * other.values)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.values + other.values)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.values - other.values)

    def __mul__(self, factor: float) -> Self:
        return type(self)(self.values * factor)

    def shifted(self, value: float) -> Self:
        """Return the matrix plus a multiple of the identity."""
        return type(self)(self.values + value)

    @property
    def T(self) -> Self:  # noqa: N802
        """The matrix itself."""
        return self

    def inner(self, other: Self) -> float:
        """Return tr(selfᵀ other)."""
        return float((self.values * other.values).sum())

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return self.values

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        return np.diag(self.values)

    def shows(self, vector: FloatArray, round_off: float) -> bool:
        """Whether vᵀAv is more than round-off: its terms have one sign."""
        return True

    def across_square(self, part: FloatArray, square_elsewhere: float) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F²; 1 − q̂_i² is the share of the other coordinates."""
        return float(self.values**2 @ (sum_of_others(part**2) + square_elsewhere))


@dataclass(frozen=True, eq=False)
class IsotropicBlock(Block):
    """A multiple of the identity, on coordinates where the task and so all vectors are zero.

    It holds no entries of vectors.

    Parameters
    ----------
    value : float
        The multiple.
    dim : int
        d.

    Examples
    --------
    >>> IsotropicBlock(2.0, 10**6).inner(IsotropicBlock(0.5, 10**6))
    1000000.0
    """

    value: float
    dim: int

    def __len__(self) -> int:
        return 0

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the product with no entries."""
        return columns

    def __matmul__(self, other: Self) -> Self:
        return type(self)(self.value * other.value, self.dim)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.value + other.value, self.dim)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.value - other.value, self.dim)

    def __mul__(self, factor: float) -> Self:
        return type(self)(self.value * factor, self.dim)

    def shifted(self, value: float) -> Self:
        """Return the matrix plus a multiple of the identity."""
        return type(self)(self.value + value, self.dim)

    @property
    def T(self) -> Self:  # noqa: N802
        """The matrix itself."""
        return self

    def inner(self, other: Self) -> float:
        """Return tr(selfᵀ other)."""
        return self.dim * (self.value * other.value)

    def diagonal(self) -> FloatArray:
        """Return the multiple."""
        return np.array([self.value])

    def trace(self) -> float:
        """Return the trace."""
        return self.dim * self.value

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        return self.value * np.eye(self.dim)

    def expanded(self) -> DiagonalBlock:
        """Return the matrix as one that multiplies vectors of all its coordinates."""
        return DiagonalBlock(np.full(self.dim, self.value))

    def shows(self, vector: FloatArray, round_off: float) -> bool:
        """Whether vᵀAv is more than round-off, or v is zero, as it is here."""
        return True

    def across_square(self, part: FloatArray, square_elsewhere: float) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F²; all of q̂ is elsewhere."""
        return square_elsewhere * self.inner(self)


@dataclass(frozen=True, eq=False)
class DenseBlock(Block):
    """A matrix stored by its entries.

    Parameters
    ----------
    entries : ndarray, shape (d, d)
        Any numbers.

    Examples
    --------
    >>> DenseBlock(np.eye(2)).inner(DenseBlock(np.ones((2, 2))))
    2.0
    """

    entries: FloatArray

    def __len__(self) -> int:
        return len(self.entries)

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the product with a vector or columns."""
        return np.asarray(self.entries @ columns)

    def __matmul__(self, other: Self) -> Self:
        return type(self)(self.entries @ other.entries)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.entries + other.entries)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.entries - other.entries)

    def __mul__(self, factor: float) -> Self:
        return type(self)(self.entries * factor)

    def shifted(self, value: float) -> Self:
        """Return the matrix plus a multiple of the identity."""
        entries = self.entries.copy()
        entries[np.diag_indices_from(entries)] += value
        return type(self)(entries)

    @property
    def T(self) -> Self:  # noqa: N802
        """The transposed matrix."""
        return type(self)(self.entries.T)

    def inner(self, other: Self) -> float:
        """Return tr(selfᵀ other)."""
        return float(np.einsum("ij,ij->", self.entries, other.entries))

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return self.entries.diagonal()

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        return self.entries

    def shows(self, vector: FloatArray, round_off: float) -> bool:
        """Whether vᵀAv is more than round-off."""
        if not vector.any():
            return True
        unit = vector / np.max(np.abs(vector))
        magnitude = np.abs(unit)
        bound = magnitude @ (np.abs(self.entries) @ magnitude)
        return bool(unit @ (self.entries @ unit) > len(unit) * round_off * bound)

    def across_square(self, part: FloatArray, square_elsewhere: float) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F²; see the base class."""
        along = part @ self.entries
        rest = self.entries - np.outer(part, along)
        return float(np.einsum("ij,ij->", rest, rest) + square_elsewhere * (along @ along))


@dataclass(frozen=True, eq=False)
class LowRankBlock(Block):
    """A matrix diag(δ) + LRᵀ, stored and multiplied in O(dr).

    Parameters
    ----------
    values : ndarray, shape (d,)
        δ.
    left, right : ndarray, shape (d, r)
        L and R.

    Examples
    --------
    >>> block = LowRankBlock(np.ones(2), np.ones((2, 1)), np.ones((2, 1)))
    >>> (block @ block).toarray()
    array([[5., 4.],
           [4., 5.]])
    """

    values: FloatArray
    left: FloatArray
    right: FloatArray

    def __len__(self) -> int:
        return len(self.values)

    def times(self, columns: FloatArray) -> FloatArray:
        """Return the product with a vector or columns."""
        diagonal = (self.values * columns.T).T
        return np.asarray(diagonal + self.left @ (self.right.T @ columns))

    def __matmul__(self, other: Self) -> Self:
        through = self.times(other.left)
        passed = self.right * other.values[:, np.newaxis]
        return type(self)(
            self.values * other.values,
            np.hstack([through, self.left]),
            np.hstack([other.right, passed]),
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.values + other.values,
            np.hstack([self.left, other.left]),
            np.hstack([self.right, other.right]),
        )

    def __sub__(self, other: Self) -> Self:
        return self + other * -1.0

    def __mul__(self, factor: float) -> Self:
        return type(self)(self.values * factor, self.left * factor, self.right)

    def shifted(self, value: float) -> Self:
        """Return the matrix plus a multiple of the identity."""
        return type(self)(self.values + value, self.left, self.right)

    @property
    def T(self) -> Self:  # noqa: N802
        """The transposed matrix."""
        return type(self)(self.values, self.right, self.left)

    def inner(self, other: Self) -> float:
        """Return tr(selfᵀ other)."""
        crossed = np.einsum("i,ij,ij->", self.values, other.left, other.right)
        crossed += np.einsum("i,ij,ij->", other.values, self.left, self.right)
        both = np.sum((self.left.T @ other.left) * (self.right.T @ other.right))
        return float(self.values @ other.values + crossed + both)

    def diagonal(self) -> FloatArray:
        """Return the diagonal, shape (d,)."""
        return np.asarray(self.values + np.einsum("ij,ij->i", self.left, self.right))

    def toarray(self) -> FloatArray:
        """Return the entries, shape (d, d)."""
        return np.asarray(np.diag(self.values) + self.left @ self.right.T)

    def shows(self, vector: FloatArray, round_off: float) -> bool:
        """Whether vᵀAv is more than round-off."""
        if not vector.any():
            return True
        unit = vector / np.max(np.abs(vector))
        along, bound = self.right.T @ unit, np.abs(self.right).T @ np.abs(unit)
        if np.array_equal(self.left, self.right):
            # A sum of squares, of which each shows by itself.
            shown = np.abs(along) > len(unit) * round_off * bound
            return bool((self.values * np.abs(vector)).any() or shown.any())
        own = self.values @ unit**2
        form = own + (self.left.T @ unit) @ along
        return bool(
            form > len(unit) * round_off * (own + (np.abs(self.left).T @ np.abs(unit)) @ bound)
        )

    def across_square(self, part: FloatArray, square_elsewhere: float) -> float:
        """Return ‖(I − q̂q̂ᵀ)X‖_F²; L is projected before a norm is taken, as norms cancel."""
        along = self.T.times(part)
        rest = type(self)(
            self.values,
            np.hstack([self.left - np.outer(part, part @ self.left), -part[:, np.newaxis]]),
            np.hstack([self.right, (self.values * part)[:, np.newaxis]]),
        )
        return rest.inner(rest) + square_elsewhere * float(along @ along)


def sum_of_others(values: FloatArray) -> FloatArray:
    """Return Σ_{j≠i} v_j for every i, without subtracting v_i from the total.

    Examples
    --------
    >>> sum_of_others(np.array([1e20, 1.0, 2.0]))
    array([3.e+00, 1.e+20, 1.e+20])
    """
    before = np.concatenate([[0.0], np.cumsum(values[:-1])])
    after = np.concatenate([np.cumsum(values[:0:-1])[::-1], [0.0]])
    return np.asarray(before + after)


def sums_of_differences(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Σ_j w_j(v_j − v_i) for every i, with weights of at least 0.

    Differences of one sign are added up, where Σ_j w_jv_j − v_iΣ_j w_j would cancel.

    Examples
    --------
    >>> sums_of_differences(np.array([1e20, 1.0, 2.0]), np.array([1.0, 3.0, 0.0]))
    array([-3.e+20,  1.e+20,  1.e+20])
    """
    order = np.argsort(values)
    steps, ordered = np.diff(values[order]), weights[order]
    below = np.concatenate([[0.0], np.cumsum(steps * np.cumsum(ordered[:-1]))])
    after = np.cumsum(ordered[:0:-1])[::-1]
    above = np.concatenate([np.cumsum((steps * after)[::-1])[::-1], [0.0]])
    result = np.empty_like(values)
    result[order] = above - below
    return result
