"""Putting other expressions, or numbers, for what an expression is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ttt_theory.errors import MISSING, InvalidSettingError
from ttt_theory.wick.matrices import Expression, trace
from ttt_theory.wick.scalars import Number, Scalar, as_scalar
from ttt_theory.wick.words import Factor, Letter, Word, text, transposed

__all__ = ["evaluate", "substitute"]

_Rewritten = TypeVar("_Rewritten", Scalar, Expression)


def substitute(
    expression: _Rewritten,
    replacements: Mapping[Scalar | Expression, Scalar | Expression | Number],
) -> _Rewritten:
    """Put expressions for letters, for products of letters and for variables.

    Every occurrence is replaced at once, the transposed ones by the transposed expression; what is
    put in is not searched again.  Where two products overlap, the one that begins first is
    replaced, and of those that begin together the one named first.

    Parameters
    ----------
    expression : Scalar or Expression
    replacements : mapping
        From a `Matrix`, a `Vector` or a product of them to an `Expression` of the same shape, and
        from a named scalar, a trace or a form to a `Scalar` or a rational number.

    Returns
    -------
    Scalar or Expression
        Of the same shape.

    Raises
    ------
    InvalidSettingError
        If a key is a combination, or its replacement is of another shape, no exact number, or not
        symmetric where the key is.

    Examples
    --------
    >>> from ttt_theory.wick import Matrix, Scalar, Vector
    >>> P, Sigma, beta, q = (
    ...     Matrix("P"),
    ...     Matrix("Sigma", symmetric=True),
    ...     Vector("beta"),
    ...     Vector("q"),
    ... )
    >>> substitute(beta.T @ Sigma @ P.T @ P @ Sigma @ beta, {P @ Sigma @ beta: q})
    (q.T @ q)
    >>> n = Scalar("n")
    >>> substitute(n * trace(P @ Sigma), {P: Sigma + P, n: n - 1})
    n*trace(P @ Sigma) + n*trace(Sigma @ Sigma) - trace(P @ Sigma) - trace(Sigma @ Sigma)
    """
    rewritten: _Rewritten = _Substitution(replacements).of(expression)
    return rewritten


class _Substitution:
    def __init__(self, replacements: Mapping[Any, Any]) -> None:
        self._factors: dict[Factor, Any] = {}
        self._words: dict[Word, Expression] = {}
        for key, value in replacements.items():
            if isinstance(key, Scalar):
                self._factors[key.factor()] = as_scalar(value)
                if self._factors[key.factor()] is NotImplemented:
                    remedy = "give a Scalar or a rational number"
                    raise InvalidSettingError(f"replacement of {key}", value, remedy)
                continue
            if not isinstance(value, Expression) or value.shape != key.shape:
                raise InvalidSettingError(f"replacement of {key}", value, f"give a {key.shape}")
            if key == key.T and value != value.T:
                remedy = "give a matrix that is its own transpose"
                raise InvalidSettingError(f"replacement of {key}", value, remedy)
            self._words.setdefault(key.word(), value)
            self._words.setdefault(transposed(key.word()), value.T)

    def of(self, expression: Any) -> Any:
        if isinstance(expression, Scalar):
            return self._scalar(expression)
        total = 0 * expression
        for word, value in expression.terms.items():
            total = total + self._product(word) * self._scalar(value)
        return total

    def _scalar(self, scalar: Scalar) -> Scalar:
        total = Scalar.from_terms({})
        values: dict[Factor, Any] = {}
        for monomial, number in scalar.terms.items():
            product = Scalar.from_terms({(): number})
            for factor in monomial:
                if factor not in values:
                    values[factor] = self._factor(factor)
                product = product * values[factor]
            total = total + product
        return total

    def _factor(self, factor: Factor) -> Any:
        if factor in self._factors:
            return self._factors[factor]
        if factor.kind == "named":
            return Scalar.from_terms({(factor,): 1})
        if factor.kind == "form":
            return self._product(factor.word)
        return trace(self._product(self._turned(factor.word)))

    def _turned(self, word: Word) -> Word:
        """Rotate a trace until no product to be replaced runs over its end."""
        for cut in range(len(word)):
            rotation = word[cut:] + word[:cut]
            if self._match(rotation):
                return rotation
        return word

    def _match(self, word: Word) -> Word:
        for key in self._words:
            if word[: len(key)] == key:
                return key
        return ()

    def _product(self, word: Word) -> Any:
        key = self._match(word)
        head = self._words[key] if key else _letter(word[0])
        rest = word[max(1, len(key)) :]
        return head @ self._product(rest) if rest else head


def _letter(letter: Letter) -> Expression:
    vector = letter.kind == "vector"
    one = Scalar.from_terms({(): 1})
    return Expression(
        {(letter,): one}, row=vector and letter.transposed, column=vector and not letter.transposed
    )


def evaluate(expression: Scalar | Expression, values: Mapping[Scalar | Expression, Any]) -> Any:
    """Compute the value at given numbers, vectors and matrices.

    Parameters
    ----------
    expression : Scalar or Expression
    values : mapping
        Gives every named `Scalar` a number, every `Vector` an array of one axis, every `Matrix` an
        array of two, with floats, or with exact numbers and ``dtype=object``.

    Returns
    -------
    number or ndarray
        Of the kind of the values: exact for exact numbers.

    Raises
    ------
    InvalidSettingError
        If a value is missing, sizes do not fit, or a symmetric matrix's value is not symmetric.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from ttt_theory.wick import Matrix, Scalar, Vector
    >>> n, A, a = Scalar("n"), Matrix("A"), Vector("a")
    >>> half = Fraction(1, 2)
    >>> values = {n: 3, A: np.array([[half, 1], [0, half]], dtype=object), a: np.array([1, 2])}
    >>> evaluate(n * trace(A) + a.T @ A @ a / 3, values)
    Fraction(9, 2)
    >>> evaluate(A @ a, values)
    array([Fraction(5, 2), Fraction(1, 1)], dtype=object)
    """
    return _Evaluation(values).of(expression)


class _Evaluation:
    def __init__(self, values: Mapping[Any, Any]) -> None:
        self._numbers: dict[Factor, Any] = {}
        self._products: dict[Word, Any] = {}
        for key, value in values.items():
            if isinstance(key, Scalar):
                self._numbers[key.factor()] = value
            else:
                array = _checked_array(key, value)
                self._products[key.word()] = array
                self._products[transposed(key.word())] = array.T

    def of(self, expression: Scalar | Expression) -> Any:
        if isinstance(expression, Scalar):
            return sum(
                number * math.prod(self._factor(factor) for factor in monomial)
                for monomial, number in expression.terms.items()
            )
        total = sum(
            self.of(value) * self._product(word) for word, value in expression.terms.items()
        )
        return total if expression.shape == "matrix" else np.ravel(total)

    def _factor(self, factor: Factor) -> Any:
        if factor not in self._numbers:
            if factor.kind == "named":
                raise InvalidSettingError(f"value of {factor}", MISSING, "give a number")
            value = self._product(factor.word)
            if value.shape[0] != value.shape[1]:
                raise InvalidSettingError(str(factor), value, "give values of fitting sizes")
            value = value.trace()
            self._numbers[factor] = value
        return self._numbers[factor]

    def _product(self, word: Word) -> Any:
        if word not in self._products:
            if len(word) == 1:
                name = word[0].name
                raise InvalidSettingError(f"value of {name}", MISSING, "give an array")
            left, right = self._product(word[:1]), self._product(word[1:])
            if left.shape[1] != right.shape[0]:
                sizes = f"{left.shape} and {right.shape}"
                raise InvalidSettingError(text(word), sizes, "give values of fitting sizes")
            self._products[word] = left @ right
        return self._products[word]


def _checked_array(key: Expression, value: Any) -> npt.NDArray[Any]:
    word, array = key.word(), np.asarray(value)
    if len(word) != 1:
        raise InvalidSettingError("key", key, "give values for single letters")
    symmetric = word[0].kind == "symmetric"
    axes = 2 if key.shape == "matrix" else 1
    if array.ndim != axes or (symmetric and not np.array_equal(array, array.T)):
        kind = "an array of one axis" if axes == 1 else "an array of two axes"
        raise InvalidSettingError(
            f"value of {key}", value, f"give {kind}{' that is symmetric' * symmetric}"
        )
    # Python's integers do not overflow.
    exact = array.astype(object) if array.dtype.kind in "iu" else array
    return exact.reshape(len(array), -1)
