"""Polynomials in quadratic forms of a task, and their means over random tasks.

The coefficients of the risk of one task are such polynomials, of degree one, two and three.  The
compiled formulas run on them as on numbers, and the mean is taken at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FormPolynomial", "Monomial", "mean_of_product"]

Monomial = tuple[Any, ...]
"""The forms of a product, by keys that can be sorted, in order."""


@dataclass(frozen=True, eq=False)
class FormPolynomial:
    """A polynomial in forms that are known by keys alone.

    Parameters
    ----------
    terms : mapping from Monomial to number
        The coefficients.

    Examples
    --------
    >>> x, y = FormPolynomial.form("x"), FormPolynomial.form("y")
    >>> ((x + 2) * (3 * y - x)).terms
    {('x', 'y'): 3, ('x', 'x'): -1, ('y',): 6, ('x',): -2}
    """

    terms: Mapping[Monomial, Any]

    # Else NumPy's numbers would make arrays of it.
    __array_ufunc__ = None

    @classmethod
    def form(cls, key: Any) -> FormPolynomial:
        """Return a form by itself."""
        return cls({(key,): 1})

    def __add__(self, other: Any) -> FormPolynomial:
        added = other.terms if isinstance(other, FormPolynomial) else {(): other}
        terms = dict(self.terms)
        for monomial, coefficient in added.items():
            terms[monomial] = terms[monomial] + coefficient if monomial in terms else coefficient
        return FormPolynomial(terms)

    __radd__ = __add__

    def __sub__(self, other: Any) -> FormPolynomial:
        difference: FormPolynomial = self + -1 * other
        return difference

    def __mul__(self, other: Any) -> FormPolynomial:
        if not isinstance(other, FormPolynomial):
            return FormPolynomial({key: value * other for key, value in self.terms.items()})
        terms: dict[Monomial, Any] = {}
        for left, one in self.terms.items():
            for right, two in other.terms.items():
                monomial = tuple(sorted(left + right))
                product = one * two
                terms[monomial] = terms[monomial] + product if monomial in terms else product
        return FormPolynomial(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> FormPolynomial:
        power = self
        for _ in range(exponent - 1):
            power = power * self
        return power

    def mean(self, moments: Mapping[Monomial, Any]) -> Any:
        """Return the mean, from those of its monomials."""
        return sum(coefficient * moments[key] for key, coefficient in self.terms.items())


def mean_of_product(monomial: Monomial, cumulant: Callable[..., Any]) -> Any:
    """Return the mean of a product of at most three random numbers, from their joint cumulants.

    It is the sum over all ways to part the factors of the product of the parts' cumulants.

    Parameters
    ----------
    monomial : tuple
        The numbers, by key.
    cumulant : callable
        Takes one, two or three keys.

    Examples
    --------
    >>> mean_of_product(("x", "y"), lambda *keys: {1: 3, 2: 5}[len(keys)])
    14
    """
    if not monomial:
        return 1
    first, *rest = monomial
    if not rest:
        return cumulant(first)
    if len(rest) == 1:
        return cumulant(first) * cumulant(*rest) + cumulant(first, *rest)
    second, third = rest
    return (
        cumulant(first) * mean_of_product((second, third), cumulant)
        + cumulant(first, second) * cumulant(third)
        + cumulant(first, third) * cumulant(second)
        + cumulant(first, second, third)
    )
