"""Putting other expressions, or numbers, for what an expression is made of."""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ttt_theory.checks import as_array, check_symmetric
from ttt_theory.errors import MISSING, InvalidSettingError
from ttt_theory.wick.matrices import Expression, trace
from ttt_theory.wick.scalars import Number, Scalar, as_scalar
from ttt_theory.wick.words import Factor, Letter, Word, check_names, text, transposed

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
        symmetric where the key is; if a product has two keys, itself and its transpose; or if one
        name stands for two letters, before or afterwards.

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
    substitution = _Substitution(replacements)
    check_names(expression.letters().union(*(key.letters() for key in replacements)))
    rewritten: _Rewritten = substitution.of(expression)
    check_names(rewritten.letters())
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
            word = _key_word(key)
            if not isinstance(value, Expression) or value.shape != key.shape:
                raise InvalidSettingError(f"replacement of {key}", value, f"give a {key.shape}")
            if key == key.T and value != value.T:
                remedy = "give a matrix that is its own transpose"
                raise InvalidSettingError(f"replacement of {key}", value, remedy)
            _add_key(self._words, key, {word: value, transposed(word): value.T})

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


def _key_word(key: Any) -> Word:
    if not isinstance(key, Expression):
        raise InvalidSettingError("key", key, "give Scalars, Matrices and Vectors")
    return key.word()


def _add_key(known: dict[Word, Any], key: Expression, values: dict[Word, Any]) -> None:
    if known.keys() & values.keys():
        raise InvalidSettingError("key", key, "give it or its transpose, not both")
    known |= values


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
        array of two, of floats, integers or truth values, or of exact numbers with
        ``dtype=object``.

    Returns
    -------
    number or ndarray
        Of the kind of the values: exact for exact numbers, of at least 64 bits for floats.  A
        scalar without terms is 0; a matrix, column or row without terms has no sizes and no value.

    Raises
    ------
    InvalidSettingError
        If a value is missing, empty, masked or not of numbers, sizes do not fit, or a symmetric
        matrix's value is not symmetric, up to round-off in floats; if a key is no letter, or a
        letter has two keys, itself and its transpose; if one name stands for two letters; or if a
        matrix, column or row is zero.

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
    evaluation = _Evaluation(values)
    check_names(expression.letters().union(*(key.letters() for key in values)))
    return evaluation.of(expression)


class _Evaluation:
    def __init__(self, values: Mapping[Any, Any]) -> None:
        self._numbers: dict[Factor, Any] = {}
        self._products: dict[Word, Any] = {}
        for key, value in values.items():
            if isinstance(key, Scalar) and key.factor().kind == "named":
                self._numbers[key.factor()] = _checked_number(f"value of {key}", value)
            elif not isinstance(key, Scalar) and len(word := _key_word(key)) == 1:
                array = _checked_array(key, value)
                _add_key(self._products, key, {word: array, transposed(word): array.T})
            else:
                raise InvalidSettingError("key", key, "give values for single letters")

    def of(self, expression: Scalar | Expression) -> Any:
        if isinstance(expression, Scalar):
            return sum(
                number * math.prod(self._factor(factor) for factor in monomial)
                for monomial, number in expression.terms.items()
            )
        if not expression.terms:
            raise InvalidSettingError("expression", expression, "give one whose sizes are known")
        terms = [
            _scaled(self.of(value), self._product(word)) for word, value in expression.terms.items()
        ]
        shapes = sorted({term.shape for term in terms})
        if len(shapes) > 1:
            sizes = " and ".join(map(str, shapes))
            raise InvalidSettingError(str(expression), sizes, "give values of fitting sizes")
        total = sum(terms)
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


def _scaled(number: Any, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # NumPy would make objects of floats that a Fraction multiplies.
    inexact = isinstance(number, Fraction) and array.dtype != object
    return array * (float(number) if inexact else number)


def _checked_number(field: str, value: Any) -> Any:
    """Return an integer as Python's, which does not overflow, and a float of at least 64 bits."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if not isinstance(value, numbers.Number):
        raise InvalidSettingError(field, value, "give a number")
    return _widened(value)[()] if isinstance(value, np.inexact) else value


def _checked_array(key: Expression, value: Any) -> npt.NDArray[Any]:
    """Return a value as an array of two axes: one column for a vector."""
    [letter] = key.word()
    kind = "an array of one axis" if letter.kind == "vector" else "an array of two axes"
    symmetric = letter.kind == "symmetric"
    field, remedy = f"value of {key}", f"give {kind}{' that is symmetric' * symmetric}"
    array = as_array(field, value, remedy)
    if array.ndim != (1 if letter.kind == "vector" else 2):
        raise InvalidSettingError(field, value, remedy)
    if array.size == 0 or array.dtype.kind not in "biufcO":
        raise InvalidSettingError(field, value, f"{remedy}, of at least one number")
    if array.dtype.kind in "fc":
        array = _widened(array)
    else:
        array = np.frompyfunc(functools.partial(_checked_number, field), 1, 1)(array)
    if symmetric:
        check_symmetric(field, array)
    column = array.reshape(len(array), -1)
    return column.T if key.shape == "row" else column


def _widened(value: Any) -> npt.NDArray[Any]:
    return np.asarray(value, np.result_type(value, np.float64))
