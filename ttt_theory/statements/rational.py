"""Rational functions with integer coefficients, and what is asked of their polynomials."""

from __future__ import annotations

from collections.abc import Sequence

import flint

__all__ = [
    "GENERATORS",
    "NAMES",
    "RING",
    "Polynomial",
    "Ratio",
    "TooLargeError",
    "coefficients",
    "common_multiple",
    "factored",
    "has_nonnegative_terms",
    "has_only_names",
    "is_positive_on",
    "polynomial",
    "substituted",
    "text_of",
    "variables",
]

Polynomial = flint.fmpz_mpoly

NAMES = ("n", "k", "d", "norm2", "noise")
"""The indeterminates; further ones stand for roots, exponentials and logarithms."""
_AUXILIARY = 14
RING = flint.fmpz_mpoly_ctx.get(
    (*NAMES, *(f"x{index}" for index in range(_AUXILIARY))), flint.Ordering.lex
)
GENERATORS: tuple[Polynomial, ...] = tuple(RING.gens())

_MOST_PRODUCTS = 3_000_000


class TooLargeError(Exception):
    """An expression has too many terms to expand."""


def polynomial(value: int) -> Polynomial:
    """Return a constant polynomial."""
    return RING.constant(value)


def text_of(of: Polynomial) -> str:
    """Return a polynomial as Python writes it."""
    return str(of).replace("^", "**")


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > _MOST_PRODUCTS:
        raise TooLargeError
    return left * right


class Ratio:
    """A quotient of two polynomials in lowest terms.

    Parameters
    ----------
    numer, denom : fmpz_mpoly
        The denominator is not zero.

    Examples
    --------
    >>> n, k = Ratio(GENERATORS[0]), Ratio(GENERATORS[1])
    >>> (n**2 - k**2) / (n + k) == n - k
    True
    """

    __slots__ = ("denom", "numer")

    def __init__(self, numer: Polynomial, denom: Polynomial | None = None) -> None:
        if denom is None or denom.is_one():
            self.numer, self.denom = numer, polynomial(1)
            return
        common = numer.gcd(denom)
        if denom.leading_coefficient() < 0:
            common = -common
        self.numer, self.denom = numer / common, denom / common

    @staticmethod
    def of(value: Ratio | int) -> Ratio:
        """Return an integer as a ratio, and a ratio as it is."""
        return value if isinstance(value, Ratio) else Ratio(polynomial(value))

    def __add__(self, other: Ratio | int) -> Ratio:
        right = Ratio.of(other)
        if self.denom == right.denom:
            return Ratio(self.numer + right.numer, self.denom)
        return Ratio(
            _product(self.numer, right.denom) + _product(right.numer, self.denom),
            _product(self.denom, right.denom),
        )

    __radd__ = __add__

    def __neg__(self) -> Ratio:
        return Ratio(-self.numer, self.denom)

    def __sub__(self, other: Ratio | int) -> Ratio:
        return self + -Ratio.of(other)

    def __rsub__(self, other: int) -> Ratio:
        return -self + other

    def __mul__(self, other: Ratio | int) -> Ratio:
        right = Ratio.of(other)
        return Ratio(_product(self.numer, right.numer), _product(self.denom, right.denom))

    __rmul__ = __mul__

    def __truediv__(self, other: Ratio | int) -> Ratio:
        return self * Ratio.of(other).inverse()

    def __rtruediv__(self, other: int) -> Ratio:
        return self.inverse() * other

    def inverse(self) -> Ratio:
        """Return 1 over this; ZeroDivisionError for zero."""
        if self.numer.is_zero():
            raise ZeroDivisionError
        return Ratio(self.denom, self.numer)

    def __pow__(self, exponent: int) -> Ratio:
        base = self if exponent >= 0 else self.inverse()
        result = Ratio.of(1)
        for _ in range(abs(exponent)):
            result = result * base
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ratio | int) and (self - other).numer.is_zero()

    def __str__(self) -> str:
        if self.denom.is_one():
            return text_of(self.numer)
        return f"({text_of(self.numer)})/({text_of(self.denom)})"

    __hash__ = None  # type: ignore[assignment]

    def replaced(self, slot: int, value: Ratio) -> Ratio:
        """Return this with a ratio put in place of an indeterminate."""
        numer, numer_degree = substituted(self.numer, slot, value.numer, value.denom)
        denom, denom_degree = substituted(self.denom, slot, value.numer, value.denom)
        if denom.is_zero():
            raise ZeroDivisionError
        scale = Ratio(value.denom) ** (denom_degree - numer_degree)
        return Ratio(numer, denom) * scale

    def composed(self, values: Sequence[Ratio]) -> Ratio:
        """Return this, which has names alone, with ratios put in place of all of them at once."""
        new = {
            slot: value
            for slot, value in enumerate(values)
            if value.numer != GENERATORS[slot] or not value.denom.is_one()
        }
        # Under other names first, since what is put in place may hold any of them.
        parts = [part for value in values for part in (value.numer, value.denom)]
        used = {slot for part in parts for slot in variables(part)}
        unused = [slot for slot in range(len(NAMES), len(GENERATORS)) if slot not in used]
        if len(unused) < len(new):
            raise TooLargeError
        places = dict(zip(new, unused, strict=False))
        renamed = [GENERATORS[places.get(slot, slot)] for slot in range(len(GENERATORS))]
        found = Ratio(self.numer.compose(*renamed), self.denom.compose(*renamed))
        for slot, place in places.items():
            found = found.replaced(place, new[slot])
        return found

    def at(self, values: dict[int, flint.fmpq]) -> flint.fmpq:
        """Return the value where the indeterminates that occur have the values given."""
        return _value(self.numer, values) / _value(self.denom, values)


def _value(of: Polynomial, values: dict[int, flint.fmpq]) -> flint.fmpq:
    total = flint.fmpq(0)
    for exponents, coefficient in of.to_dict().items():
        term = flint.fmpq(int(coefficient))
        for slot, exponent in enumerate(exponents):
            if exponent:
                term *= values[slot] ** int(exponent)
        total += term
    return total


def coefficients(of: Polynomial, slot: int) -> dict[int, Polynomial]:
    """Return the coefficients of the powers of one indeterminate; those that are zero are left out.

    Examples
    --------
    >>> n, k = GENERATORS[:2]
    >>> coefficients(n**2 * k + 3 * n**2 + k, 0)
    {2: k + 3, 0: k}
    """
    parts: dict[int, dict[tuple[int, ...], flint.fmpz]] = {}
    for exponents, coefficient in of.to_dict().items():
        rest = (*exponents[:slot], 0, *exponents[slot + 1 :])
        parts.setdefault(int(exponents[slot]), {})[rest] = coefficient
    return {degree: RING.from_dict(part) for degree, part in parts.items()}


def common_multiple(of: Sequence[Polynomial]) -> Polynomial:
    """Return the least polynomial that all of these divide.

    Examples
    --------
    >>> n, k = GENERATORS[:2]
    >>> common_multiple([2 * n, n * k, 3 * k])
    6*n*k
    """
    found = polynomial(1)
    for each in of:
        found = _product(found, each / found.gcd(each))
    return found


def substituted(
    of: Polynomial, slot: int, top: Polynomial, bottom: Polynomial
) -> tuple[Polynomial, int]:
    """Return bottom**degree times a polynomial at top/bottom, and the degree.

    Examples
    --------
    >>> n, k, d = GENERATORS[:3]
    >>> substituted(n**2 + 1, 0, k, d)
    (k^2 + d^2, 2)
    """
    parts = coefficients(of, slot)
    degree = max(parts, default=0)
    total, power = polynomial(0), polynomial(1)
    for exponent in range(degree, -1, -1):
        total = _product(total, top)
        if exponent in parts:
            total = total + _product(parts[exponent], power)
        if exponent:
            power = _product(power, bottom)
    return total, degree


def factored(of: Polynomial) -> tuple[flint.fmpz, list[tuple[Polynomial, int]]]:
    """Return the content and the irreducible factors of a polynomial, with their multiplicities.

    Examples
    --------
    >>> n, k = GENERATORS[:2]
    >>> factored(2 * n**2 - 2 * k**2)
    (2, [(n - k, 1), (n + k, 1)])
    """
    try:
        content, factors = of.factor()
    except OverflowError:
        # python-flint sorts the factors, and fails to where coefficients exceed a machine integer.
        return flint.fmpz(1), [(of, 1)]
    return content, list(factors)


def variables(of: Polynomial) -> list[int]:
    """Return the indeterminates that occur in a polynomial."""
    return [slot for slot, degree in enumerate(of.degrees()) if degree > 0]


def has_only_names(of: Polynomial) -> bool:
    """Whether no indeterminate occurs that stands for a root, exponential or logarithm."""
    return all(slot < len(NAMES) for slot in variables(of))


def has_nonnegative_terms(of: Polynomial) -> bool:
    """Whether no coefficient is negative, so that no value at non-negative arguments is."""
    return all(coefficient >= 0 for coefficient in of.coeffs())


def is_positive_on(of: Polynomial, positive: frozenset[int]) -> bool:
    """Whether no coefficient is negative and a term has none but these, positive, indeterminates.

    The other indeterminates may be zero.
    """
    return has_nonnegative_terms(of) and any(
        all(exponent == 0 or slot in positive for slot, exponent in enumerate(exponents))
        for exponents in of.monoms()
    )
