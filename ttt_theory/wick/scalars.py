"""Polynomials with exact coefficients in named scalars, traces and bilinear forms."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ttt_theory.errors import InvalidSettingError
from ttt_theory.wick.words import Factor, Letter, checked_name, named

__all__ = ["Monomial", "Number", "Scalar", "as_scalar"]

Number = int | Fraction
Monomial = tuple[Factor, ...]
"""A product of factors, in ascending order."""


class Scalar:
    """A polynomial with rational coefficients in named scalars, traces and bilinear forms.

    Scalars add, subtract, multiply, divide by rational numbers and take powers.  They are equal
    exactly when they are the same polynomial, where traces that are equal by rotation or
    transposition, and forms that are equal by transposition, are one variable.  What a scalar
    prints is the Python expression that makes it.

    Parameters
    ----------
    name : str
        Of a new variable, such as the number of samples; an identifier.

    Raises
    ------
    InvalidSettingError
        If the name is no identifier.

    Examples
    --------
    >>> from ttt_theory.wick import Matrix, Vector, trace
    >>> n, A, a = Scalar("n"), Matrix("A"), Vector("a")
    >>> (n + trace(A)) * (n - trace(A.T)) + a.T @ A @ a
    n**2 - trace(A)**2 + (a.T @ A @ a)
    """

    # NumPy's own scalars leave arithmetic to this class.
    __array_ufunc__ = None

    def __init__(self, name: str) -> None:
        self._terms: dict[Monomial, Number] = {(named(checked_name(name)),): 1}

    @classmethod
    def from_terms(cls, terms: Mapping[Monomial, Number]) -> Scalar:
        """Return the polynomial with these coefficients."""
        self = cls.__new__(cls)
        self._terms = {monomial: value for monomial, value in terms.items() if value}
        return self

    @property
    def terms(self) -> Mapping[Monomial, Number]:
        """Coefficients, by the product of factors that they multiply."""
        return self._terms

    def coefficients(self, variable: Scalar) -> dict[int, Scalar]:
        """Return the polynomial as one in `variable`: its coefficients by their power.

        Raises
        ------
        InvalidSettingError
            If `variable` is not a single named scalar, trace or form.

        Examples
        --------
        >>> from ttt_theory.wick import Matrix, trace
        >>> n, A = Scalar("n"), Matrix("A")
        >>> (n**2 * trace(A) + 3 * n**2 + 1).coefficients(n)
        {2: trace(A) + 3, 0: 1}
        """
        factor = variable.factor()
        parts: dict[int, dict[Monomial, Number]] = {}
        for monomial, value in self._terms.items():
            rest = tuple(each for each in monomial if each != factor)
            parts.setdefault(len(monomial) - len(rest), {})[rest] = value
        return {power: Scalar.from_terms(parts[power]) for power in sorted(parts, reverse=True)}

    def factors(self) -> set[Factor]:
        """Return the variables of the polynomial."""
        return {factor for monomial in self._terms for factor in monomial}

    def letters(self) -> set[Letter]:
        """Return the letters that it is made of."""
        return {letter for factor in self.factors() for letter in factor.word}

    def factor(self) -> Factor:
        """Return the only factor of a scalar that is a single variable."""
        for monomial, value in self._terms.items():
            if len(self._terms) == len(monomial) == value == 1:
                return monomial[0]
        raise InvalidSettingError("variable", self, "give one named scalar, trace or form")

    def __add__(self, other: Any) -> Scalar:
        other = as_scalar(other)
        if other is NotImplemented:
            return NotImplemented
        total = dict(self._terms)
        for monomial, value in other._terms.items():
            total[monomial] = total.get(monomial, 0) + value
        return Scalar.from_terms(total)

    __radd__ = __add__

    def __neg__(self) -> Scalar:
        return Scalar.from_terms({monomial: -value for monomial, value in self._terms.items()})

    def __sub__(self, other: Any) -> Scalar:
        scalar = as_scalar(other)
        return NotImplemented if scalar is NotImplemented else self.__add__(-scalar)

    def __rsub__(self, other: Any) -> Scalar:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Any:
        other = as_scalar(other)
        if other is NotImplemented:
            return NotImplemented
        total: dict[Monomial, Number] = {}
        for left, left_value in self._terms.items():
            for right, right_value in other._terms.items():
                monomial = tuple(sorted(left + right))
                total[monomial] = total.get(monomial, 0) + left_value * right_value
        return Scalar.from_terms(total)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Scalar:
        if not isinstance(other, numbers.Rational):
            return NotImplemented
        inverse = 1 / Fraction(_exact(other))
        return Scalar.from_terms(
            {monomial: _exact(inverse * value) for monomial, value in self._terms.items()}
        )

    def __pow__(self, power: int) -> Scalar:
        if not isinstance(power, numbers.Integral) or power < 0:
            return NotImplemented
        result = Scalar.from_terms({(): 1})
        for _ in range(int(power)):
            result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        scalar = as_scalar(other)
        return NotImplemented if scalar is NotImplemented else bool(self._terms == scalar._terms)

    def __hash__(self) -> int:
        # A constant equals its number, so that it must hash like it.
        constant = self._terms.keys() <= {()}
        return hash(self._terms.get((), 0) if constant else frozenset(self._terms.items()))

    def __str__(self) -> str:
        ordered = sorted(self._terms.items(), key=lambda term: (-len(term[0]), term[0]))
        signed = [_term_text(*term) for term in ordered]
        head, *rest = signed or ["0"]
        return head + "".join(f" - {t[1:]}" if t[0] == "-" else f" + {t}" for t in rest)

    __repr__ = __str__


def _exact(number: numbers.Rational) -> Number:
    if number.denominator == 1:
        return int(number.numerator)
    return Fraction(int(number.numerator), int(number.denominator))


def as_scalar(value: Any) -> Any:
    """Return a scalar or an exact number as a scalar, and NotImplemented for anything else."""
    if isinstance(value, numbers.Rational):
        return Scalar.from_terms({(): _exact(value)})
    return value if isinstance(value, Scalar) else NotImplemented


def _term_text(monomial: Monomial, value: Number) -> str:
    named_first = sorted(dict.fromkeys(monomial), key=lambda factor: factor.kind != "named")
    powers = ((str(factor), monomial.count(factor)) for factor in named_first)
    factors = [name if power == 1 else f"{name}**{power}" for name, power in powers]
    numerator, denominator = value.numerator, value.denominator
    # Python shall read it without a float: the denominator goes behind a factor.
    if not factors and denominator != 1:
        return f"Fraction({numerator}, {denominator})"
    if not factors or abs(numerator) != 1:
        factors.insert(0, str(abs(numerator)))
    divided = "" if denominator == 1 else f"/{denominator}"
    return ("-" if value < 0 else "") + "*".join(factors) + divided
