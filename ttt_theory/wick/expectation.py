"""Expectations over Gaussian data matrices, by pairing their factors."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, TypeVar

from ttt_theory.errors import InvalidSettingError
from ttt_theory.wick.matrices import Expression, Matrix
from ttt_theory.wick.scalars import Monomial, Number, Scalar, as_scalar
from ttt_theory.wick.words import Letter, Word, check_names, form, split, traced, transposed

__all__ = ["MAXIMAL_DEGREE", "ScatterMatrix", "expectation"]

MAXIMAL_DEGREE = 6
"""Highest degree in S unless another is asked for; its 10,395 pairings take about a second where
all of them are distinct."""

# The ends of an open product while it is averaged; no identifier, and first in every order.
_ROW, _COLUMN = Letter(" ", "vector", True), Letter("  ", "vector")

_Averaged = TypeVar("_Averaged", Scalar, Expression)


class ScatterMatrix(Matrix):
    """S = XᵀX of a data matrix X whose rows are independent N(0, Σ).

    Parameters
    ----------
    name : str
        An identifier; scatter matrices of one name, covariance and number of samples are the same.
    covariance : Matrix
        Σ, of one row; a single symmetric letter, which may be a scatter matrix itself.
    samples : Scalar or int
        Number of rows of X: a polynomial in named scalars, or an integer of at least 1.

    Raises
    ------
    InvalidSettingError
        If the name is no identifier, the covariance no symmetric letter, the number of samples
        neither of these, or if the covariance or a scalar has the name of S.

    Examples
    --------
    >>> Sigma, n = Matrix("Sigma", symmetric=True), Scalar("n")
    >>> expectation(ScatterMatrix("S", Sigma, n), ScatterMatrix("S", Sigma, n))
    n*Sigma
    """

    def __init__(self, name: str, covariance: Expression, samples: Scalar | int) -> None:
        super().__init__(name, symmetric=True)
        word = covariance.word() if isinstance(covariance, Expression) else ()
        if [(each.kind, each.name == name) for each in word] != [("symmetric", False)]:
            remedy = f"give one symmetric Matrix that is not named {name}"
            raise InvalidSettingError("covariance", covariance, remedy)
        [self.covariance] = word
        self.samples = _checked_samples(name, samples)
        law = f"({self.covariance.name}{self.covariance.law}, {self.samples})"
        self._terms = {(Letter(name, "symmetric", law=law),): Scalar.from_terms({(): 1})}


def _checked_samples(name: str, samples: Any) -> Scalar:
    scalar = as_scalar(samples)
    if isinstance(scalar, Scalar):
        constant = scalar.terms.get((), 0)
        named = all(each.kind == "named" for each in scalar.factors())
        other = name not in {letter.name for letter in scalar.letters()}
        if scalar.factors() and named and other:
            return scalar
        if not scalar.factors() and isinstance(constant, Integral) and constant >= 1:
            return scalar
    remedy = f"give an integer of at least 1, or a polynomial in named scalars other than {name}"
    raise InvalidSettingError("samples", samples, remedy)


def expectation(
    expression: _Averaged, scatter: ScatterMatrix, maximal_degree: int = MAXIMAL_DEGREE
) -> _Averaged:
    """Return the exact expectation over S = XᵀX, with everything else held fixed.

    Everything else includes other scatter matrices: one whose covariance is S is averaged before S.

    For X with independent rows N(0, Σ), every product of traces and bilinear forms in S is a
    polynomial in the entries of X; its expectation is the sum over all pairings of the factors X
    (Isserlis, Wick), of which there are (2p − 1)!! at degree p in S.  They are summed by pairing
    one factor at a time and averaging what is left only once where pairings leave the same, by
    transposition, rotation and order.

    Several independent data matrices are averaged one after the other.

    Parameters
    ----------
    expression : Scalar or Expression
        A polynomial in traces and forms, or a matrix, column or row.
    scatter : ScatterMatrix
    maximal_degree : int
        Highest degree in S.  A higher one takes seconds where factors repeat, so that most pairings
        leave the same, and else hours.

    Returns
    -------
    Scalar or Expression
        Of the same shape, without S: a polynomial in the number of samples and the traces and
        forms of words in Σ and the fixed letters.

    Raises
    ------
    InvalidSettingError
        If a term is of degree above `maximal_degree` in S, or one name stands for two letters, as
        for scatter matrices of two laws.

    Notes
    -----
    L. Isserlis, "On a formula for the product-moment coefficient", Biometrika 12 (1918); the rule
    for one pairing is Stein's identity for the entries of X.  Source: theory.md, section 2, fact 5.

    Examples
    --------
    >>> from ttt_theory.wick import Matrix, Scalar, Vector, trace
    >>> Sigma, A, a, n = Matrix("Sigma", symmetric=True), Matrix("A"), Vector("a"), Scalar("n")
    >>> S = ScatterMatrix("S", Sigma, n)
    >>> expectation(S @ A @ S, S)
    n*trace(A @ Sigma)*Sigma + n**2*Sigma @ A @ Sigma + n*Sigma @ A.T @ Sigma
    >>> expectation(trace(S @ A) * (a.T @ S @ a), S)
    n**2*(a.T @ Sigma @ a)*trace(A @ Sigma) + 2*n*(a.T @ Sigma @ A @ Sigma @ a)
    """
    law = {scatter.covariance, *scatter.samples.letters()}
    check_names(expression.letters() | scatter.letters() | law)
    pairings = _Pairings(scatter, maximal_degree)
    if isinstance(expression, Scalar):
        return pairings.mean(expression)
    return pairings.expression_mean(expression)


class _Pairings:
    """Sums over the pairings of one data matrix, each product of factors averaged once."""

    def __init__(self, scatter: ScatterMatrix, maximal_degree: int) -> None:
        self._maximal_degree = maximal_degree
        [self._letter] = scatter.word()
        self._between: Word = (scatter.covariance,)
        self._samples = scatter.samples
        self._known: dict[Monomial, Scalar] = {(): Scalar.from_terms({(): 1})}

    def mean(self, scalar: Scalar) -> Scalar:
        total: dict[Monomial, Number] = {}
        for monomial, value in scalar.terms.items():
            degree = sum(factor.word.count(self._letter) for factor in monomial)
            if degree > self._maximal_degree:
                remedy = f"give a moment of degree at most {self._maximal_degree}"
                raise InvalidSettingError(f"degree in {self._letter.name}", degree, remedy)
            self._add(total, monomial, Scalar.from_terms({(): value}))
        return Scalar.from_terms(total)

    def expression_mean(self, expression: Expression) -> Expression:
        if expression.shape == "row":
            return self.expression_mean(expression.T).T
        end: Word = () if expression.shape == "column" else (_COLUMN,)
        total: dict[Word, Scalar] = {}
        for word, value in expression.terms.items():
            _, forms = split((_ROW, *word, *end))
            closed = Scalar.from_terms({forms: 1})
            for monomial, number in self.mean(value * closed).terms.items():
                rest = tuple(factor for factor in monomial if not factor.word[0].name.isspace())
                # From the row's end on, and back to the column's where a pairing parted the two.
                ends = sorted(factor.word for factor in monomial if factor not in rest)
                kept = sum((ends[0][1:], *map(transposed, ends[1:])), ())
                kept = kept[: len(kept) - len(end)]
                total[kept] = total.get(kept, 0) + Scalar.from_terms({rest: number})
        return Expression(total, row=False, column=expression.shape == "column")

    def _add(self, total: dict[Monomial, Number], factors: Monomial, weight: Scalar) -> None:
        """Add a weighted product's mean to a total."""
        random = tuple(sorted(factor for factor in factors if self._letter in factor.word))
        fixed = tuple(factor for factor in factors if self._letter not in factor.word)
        if random not in self._known:
            terms: dict[Monomial, Number] = {}
            for count, left in self._paired(random):
                self._add(terms, left, count)
            self._known[random] = Scalar.from_terms(terms)
        for own, number in weight.terms.items():
            for monomial, value in self._known[random].terms.items():
                product = tuple(sorted(own + fixed + monomial))
                total[product] = total.get(product, 0) + number * value

    def _paired(self, factors: Monomial) -> Iterator[tuple[Scalar, Monomial]]:
        """Pair the first factor x of the first S = Σ x xᵀ with every other, one at a time.

        Pairing S_ab's x_a with its own x_b leaves nΣ_ab.  Pairing it with S_kl leaves Σ_ak S_bl or
        Σ_al S_bk.
        """
        one = Scalar.from_terms({(): 1})
        # Forms come before traces: the first S stands in a form if any does.
        (kind, word), others = factors[0], factors[1:]
        close = form if kind == "form" else traced
        cut = word.index(self._letter)
        if kind == "trace":
            word, cut = word[cut:] + word[:cut], 0
        before, letter, after = word[:cut], word[cut : cut + 1], word[cut + 1 :]
        across = before + self._between
        yield self._samples, (close(across + after), *others)
        for second in self._places(after):
            middle, rest = after[:second], after[second + 1 :]
            yield one, (close(across + transposed(middle) + letter + rest), *others)
            yield one, (close(across + rest), traced(letter + middle), *others)
        for index, other in enumerate(others):
            spared = (*others[:index], *others[index + 1 :])
            for second in self._places(other.word):
                left, right = other.word[:second], other.word[second + 1 :]
                if other.kind == "trace":
                    loop = right + left
                    yield one, (close(across + transposed(loop) + letter + after), *spared)
                    yield one, (close(across + loop + letter + after), *spared)
                else:
                    ends = form(transposed(after) + letter + right)
                    yield one, (form(across + transposed(left)), ends, *spared)
                    yield one, (form(across + right), form(left + letter + after), *spared)

    def _places(self, word: Word) -> list[int]:
        return [place for place, letter in enumerate(word) if letter == self._letter]
