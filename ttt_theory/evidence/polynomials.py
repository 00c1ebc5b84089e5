"""Identities between polynomials in traces and forms, proved with an indeterminate for each."""

from __future__ import annotations

from typing import Any

import sympy

from ttt_theory.evidence.algebra import proof
from ttt_theory.evidence.record import Evidence
from ttt_theory.wick import Scalar

__all__ = ["Indeterminates", "PolynomialFraction", "same"]


class Indeterminates:
    """One indeterminate for each variable of some scalars: named ones, traces and forms.

    Parameters
    ----------
    *scalars : Scalar
        Called with a scalar in the same variables, it returns the polynomial.

    Examples
    --------
    >>> n, k = Scalar("n"), Scalar("k")
    >>> of = Indeterminates(n, k)
    >>> same("1/n + 1/k", 1 / of(n) + 1 / of(k), of(n + k) / of(n * k)).verdict
    <Verdict.CONFIRMED: 'confirmed'>
    """

    def __init__(self, *scalars: Scalar) -> None:
        factors = sorted({each for s in scalars for monomial in s.terms for each in monomial})
        self._ring = sympy.ring([sympy.Symbol(str(factor)) for factor in factors], sympy.QQ)[0]
        self._place = {factor: place for place, factor in enumerate(factors)}

    def __call__(self, scalar: Scalar) -> PolynomialFraction:
        """Return a scalar with the indeterminates for its variables."""
        polynomial = {}
        for monomial, value in scalar.terms.items():
            exponents = [0] * len(self._place)
            for factor in monomial:
                exponents[self._place[factor]] += 1
            polynomial[tuple(exponents)] = sympy.QQ(value.numerator, value.denominator)
        return PolynomialFraction(self._ring.from_dict(polynomial), self._ring.one)


class PolynomialFraction:
    """A fraction of polynomials that compiled formulas run on.

    It is never reduced: in sixty variables finding a common divisor can take minutes, which the
    fields of `ttt_theory.evidence.algebra` do at every step.
    """

    def __init__(self, top: Any, bottom: Any) -> None:
        if not bottom:
            raise ZeroDivisionError("a fraction of polynomials whose denominator is zero")
        self.top, self.bottom = top, bottom

    def _of(self, value: Any) -> PolynomialFraction:
        if isinstance(value, PolynomialFraction):
            return value
        ring = self.top.ring
        return PolynomialFraction(ring(sympy.QQ.convert(value)), ring.one)

    def __add__(self, value: Any) -> PolynomialFraction:
        other = self._of(value)
        if self.bottom == other.bottom:
            return PolynomialFraction(self.top + other.top, self.bottom)
        return PolynomialFraction(
            self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom
        )

    __radd__ = __add__

    def __neg__(self) -> PolynomialFraction:
        return PolynomialFraction(-self.top, self.bottom)

    def __sub__(self, value: Any) -> PolynomialFraction:
        return self + -self._of(value)

    def __rsub__(self, value: Any) -> PolynomialFraction:
        return self._of(value) - self

    def __mul__(self, value: Any) -> PolynomialFraction:
        other = self._of(value)
        return PolynomialFraction(self.top * other.top, self.bottom * other.bottom)

    __rmul__ = __mul__

    def __truediv__(self, value: Any) -> PolynomialFraction:
        other = self._of(value)
        return PolynomialFraction(self.top * other.bottom, self.bottom * other.top)

    def __rtruediv__(self, value: Any) -> PolynomialFraction:
        return self._of(value) / self

    def __pow__(self, power: int) -> PolynomialFraction:
        return PolynomialFraction(self.top**power, self.bottom**power)


def same(statement: str, left: PolynomialFraction, right: PolynomialFraction) -> Evidence:
    """Prove that two fractions are the same, or say where and by how much they differ.

    Examples
    --------
    >>> n = Scalar("n")
    >>> of = Indeterminates(n)
    >>> same("n² + n", of(n * (n + 1)), of(n) ** 2).measured
    {'terms_of_the_difference': 1, 'leading_term': '(n)/(1)'}
    """
    difference = left - right
    top = difference.top
    if not top:
        return proof(statement, True)
    return proof(
        statement,
        False,
        terms_of_the_difference=len(top),
        leading_term=f"({top.leading_term()})/({difference.bottom})",
    )
