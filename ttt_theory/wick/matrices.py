"""Combinations of products of matrices and vectors that do not commute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttt_theory.errors import InvalidSettingError
from ttt_theory.wick.scalars import Scalar, as_scalar
from ttt_theory.wick.words import (
    Letter,
    Word,
    checked_name,
    split,
    text,
    traced,
    transposed,
)

__all__ = ["Expression", "Matrix", "Vector", "trace"]

_ONE = Scalar.from_terms({(): 1})


class Expression:
    """A combination of matrix products: a matrix, a column or a row.

    ``@`` multiplies, ``.T`` transposes; ``+``, ``-`` and ``*`` by scalars and rational numbers
    combine.  A row times a column is a `Scalar`, a column times a row a matrix of rank one.  Sizes
    are not known here.
    """

    __array_ufunc__ = None

    def __init__(self, terms: Mapping[Word, Scalar], *, row: bool, column: bool) -> None:
        self._terms = {word: value for word, value in terms.items() if value.terms}
        self._row = row
        self._column = column

    @property
    def terms(self) -> Mapping[Word, Scalar]:
        """Coefficients, by the product of letters that they multiply."""
        return self._terms

    @property
    def shape(self) -> str:
        """``"matrix"``, ``"column"`` or ``"row"``."""
        return "row" if self._row else "column" if self._column else "matrix"

    @property
    def T(self) -> Expression:  # noqa: N802  (as in NumPy)
        """The transpose."""
        flipped = {transposed(word): value for word, value in self._terms.items()}
        return Expression(flipped, row=self._column, column=self._row)

    def letters(self) -> set[Letter]:
        """Return the letters that it is made of, its coefficients' included."""
        own = {letter for word in self._terms for letter in word}
        return own.union(*(value.letters() for value in self._terms.values()))

    def word(self) -> Word:
        """Return the letters of an expression that is a plain product."""
        for word, value in self._terms.items():
            if len(self._terms) == 1 and value == 1:
                return word
        raise InvalidSettingError("product", self, "give one product of letters")

    def __matmul__(self, other: Any) -> Any:
        if not isinstance(other, Expression):
            return NotImplemented
        if self._column != other._row:
            remedy = f"a {self.shape} times a {other.shape} is nothing"
            raise InvalidSettingError("product", f"({self}) @ ({other})", remedy)
        words: dict[Word, Scalar] = {}
        for left, left_value in self._terms.items():
            for right, right_value in other._terms.items():
                word, forms = split(left + right)
                value = left_value * right_value * Scalar.from_terms({tuple(sorted(forms)): 1})
                words[word] = words.get(word, 0) + value
        if self._row and other._column:
            return words.get((), Scalar.from_terms({}))
        return Expression(words, row=self._row, column=other._column)

    def __add__(self, other: Any) -> Expression:
        if not isinstance(other, Expression):
            return NotImplemented
        if self.shape != other.shape:
            remedy = f"a {self.shape} and a {other.shape} have no sum"
            raise InvalidSettingError("sum", f"({self}) + ({other})", remedy)
        total = dict(self._terms)
        for word, value in other._terms.items():
            total[word] = total.get(word, 0) + value
        return Expression(total, row=self._row, column=self._column)

    def __mul__(self, other: Any) -> Expression:
        other = as_scalar(other)
        if other is NotImplemented:
            return NotImplemented
        scaled = {word: value * other for word, value in self._terms.items()}
        return Expression(scaled, row=self._row, column=self._column)

    __rmul__ = __mul__

    def __neg__(self) -> Expression:
        return self * -1

    def __sub__(self, other: Any) -> Expression:
        return self + -other if isinstance(other, Expression) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return self.shape == other.shape and self._terms == other._terms

    def __hash__(self) -> int:
        return hash((self.shape, frozenset(self._terms.items())))

    def __str__(self) -> str:
        return (
            " + ".join(
                text(word) if value == 1 else f"{_coefficient_text(value)}*{text(word)}"
                for word, value in sorted(self._terms.items(), key=lambda term: term[0])
            )
            or f"the zero {self.shape}"
        )

    __repr__ = __str__


class Matrix(Expression):
    """A matrix that is a single letter.

    Parameters
    ----------
    name : str
        An identifier; matrices of one name and symmetry are the same.
    symmetric : bool
        Whether it equals its transpose.

    Raises
    ------
    InvalidSettingError
        If the name is no identifier.

    Examples
    --------
    >>> A, B = Matrix("A"), Matrix("B", symmetric=True)
    >>> (A @ B).T
    B @ A.T
    """

    def __init__(self, name: str, *, symmetric: bool = False) -> None:
        letter = Letter(checked_name(name), "symmetric" if symmetric else "matrix")
        super().__init__({(letter,): _ONE}, row=False, column=False)


class Vector(Expression):
    """A column vector that is a single letter.

    Parameters
    ----------
    name : str
        An identifier.

    Raises
    ------
    InvalidSettingError
        If the name is no identifier.

    Examples
    --------
    >>> a, b, A = Vector("a"), Vector("b"), Matrix("A")
    >>> b.T @ A @ a == a.T @ A.T @ b
    True
    """

    def __init__(self, name: str) -> None:
        super().__init__({(Letter(checked_name(name), "vector"),): _ONE}, row=False, column=True)


def trace(expression: Expression) -> Scalar:
    """Return the trace of a matrix expression.

    Raises
    ------
    InvalidSettingError
        If the expression is a column or a row.

    Examples
    --------
    >>> A, B = Matrix("A"), Matrix("B")
    >>> trace(A @ B) - trace(B.T @ A.T)
    0
    >>> trace(A @ Vector("a") @ Vector("b").T)
    (a.T @ A.T @ b)
    """
    if expression.shape != "matrix":
        raise InvalidSettingError("trace", expression, "give a matrix")
    total = Scalar.from_terms({})
    for word, value in expression.terms.items():
        row = next((place for place, letter in enumerate(word) if letter.kind == "vector"), -1) + 1
        left, forms = split(word[row:] + word[:row]) if row else (word, ())
        total = total + value * Scalar.from_terms({forms or (traced(left),): 1})
    return total


def _coefficient_text(value: Scalar) -> str:
    return f"({value})" if len(value.terms) > 1 else str(value)
