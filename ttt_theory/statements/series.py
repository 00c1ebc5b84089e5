"""Expansions for large d, whose coefficients are functions of what stays fixed.

A number depends on d through roots, logarithms and exponentials, one within another.  Each has an
expansion in products of powers of d, log d, log log d and at most one exponential that grows faster
than any power, at fixed alpha, gamma, norm2 and noise at which no leading coefficient that was used
is 0.  `Expander.assumed` lists those coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import flint

from ttt_theory.statements.rational import NAMES, RING, Polynomial, Ratio, variables

__all__ = [
    "CONSTANT",
    "ROOT_OF_DIM",
    "Coefficients",
    "Definition",
    "Expander",
    "Key",
    "NoSeriesError",
    "Series",
    "divided",
]

ROOT_OF_DIM = 2
_LEAST_TERMS, _MOST_TERMS = 1, 32

Key = tuple[Fraction, Fraction, Fraction, Fraction]
"""Powers of the growing exponential, d, log d and log log d; the larger key grows faster."""
_ZERO, _ONE = Fraction(0), Fraction(1)
CONSTANT: Key = (_ZERO, _ZERO, _ZERO, _ZERO)
_LOG: Key = (_ZERO, _ZERO, _ONE, _ZERO)


class NoSeriesError(Exception):
    """An expansion was not found; there may be one."""


@dataclass(frozen=True)
class Definition:
    """What an indeterminate stands for: the sqrt, log, -log, exp or expm1 of a ratio, or zero.

    A logarithm of either sign is a difference of two indeterminates, which occur in no other way:
    the first stands for it and the second for zero.
    """

    function: str
    argument: Ratio


class Coefficients(Protocol):
    """What an expansion needs of the arithmetic that its indeterminates come from."""

    definitions: dict[int, Definition]

    def simplified(self, ratio: Ratio) -> Ratio:
        """Return a ratio without squares of roots."""

    def of_coefficient(self, function: str, coefficient: Ratio) -> Ratio:
        """Return sqrt, log or exp of a coefficient that is not 0 under sqrt and log."""

    def is_nonnegative(self, ratio: Ratio) -> bool:
        """Whether a coefficient is ≥ 0, as far as this arithmetic goes."""

    def sign_of_constant(self, ratio: Ratio) -> int:
        """Return the sign of a number that no name occurs in, or 0 if it is not certain."""


def _times(left: Key, right: Key) -> Key:
    return (left[0] + right[0], left[1] + right[1], left[2] + right[2], left[3] + right[3])


def divided(left: Key, right: Key) -> Key:
    """Return the powers in a quotient."""
    return _times(left, _power(right, -_ONE))


def _power(key: Key, exponent: Fraction) -> Key:
    return (key[0] * exponent, key[1] * exponent, key[2] * exponent, key[3] * exponent)


@dataclass(frozen=True)
class Series:
    """A finite sum of coefficients times products of powers, and of O(rest) unless that is None."""

    terms: dict[Key, Ratio]
    rest: Key | None = None

    def leading(self) -> tuple[Key, Ratio] | None:
        """Return the leading term, or None for zero."""
        if self.terms:
            key = max(self.terms)
            return key, self.terms[key]
        if self.rest is not None:
            raise NoSeriesError
        return None


@dataclass
class Expander:
    """Expands polynomials in the indeterminates of an arithmetic.

    Attributes
    ----------
    coefficients : Coefficients
    assumed : list of Ratio
        Coefficients that must not be 0 where the expansions are used.
    """

    coefficients: Coefficients
    assumed: list[Ratio] = field(default_factory=list)
    _growing: Series | None = None
    _known: dict[tuple[int, int], Series] = field(default_factory=dict)

    def depends(self, slot: int) -> bool:
        """Whether an indeterminate depends on d."""
        if slot < len(NAMES):
            return slot == ROOT_OF_DIM
        of = self.coefficients.definitions[slot].argument
        return any(map(self.depends, {*variables(of.numer), *variables(of.denom)}))

    def leading(self, of: Polynomial) -> tuple[Key, Ratio] | None:
        """Return the leading term of a polynomial, or None for zero.

        Raises
        ------
        NoSeriesError
            If the terms that were computed cancel, or there is no expansion of this kind.
        UndefinedError
            If a root or logarithm in it is undefined wherever no assumed coefficient is 0.
        """
        if of.is_zero():
            return None
        terms = _LEAST_TERMS
        while True:
            try:
                return self.expanded(of, terms).leading()
            except NoSeriesError:
                terms *= 2
                if terms > _MOST_TERMS:
                    raise

    def leading_of_ratio(self, ratio: Ratio) -> tuple[Key, Ratio] | None:
        """Return the leading term of a ratio, or None for zero; see `leading`."""
        top, bottom = self.leading(ratio.numer), self.leading(ratio.denom)
        if bottom is None:
            raise NoSeriesError
        if top is None:
            return None
        self.assumed.append(bottom[1])
        return _times(top[0], _power(bottom[0], -_ONE)), self._simple(top[1] / bottom[1])

    def expanded(self, of: Polynomial, terms: int) -> Series:
        """Return an expansion with about so many terms."""
        total = Series({})
        for exponents, part in _grouped(of, self.depends):
            product = Series({CONSTANT: Ratio(part)})
            for slot, exponent in exponents:
                if slot == ROOT_OF_DIM:
                    key = (_ZERO, Fraction(exponent, 2), _ZERO, _ZERO)
                    product = self._product(product, Series({key: Ratio.of(1)}), terms)
                else:
                    for _ in range(exponent):
                        product = self._product(product, self._of_slot(slot, terms), terms)
            total = self._sum(total, product)
        return total

    def _simple(self, ratio: Ratio) -> Ratio:
        return self.coefficients.simplified(ratio)

    def _sum(self, left: Series, right: Series) -> Series:
        found = dict(left.terms)
        for key, value in right.terms.items():
            found[key] = self._simple(found[key] + value) if key in found else self._simple(value)
        rests = [each.rest for each in (left, right) if each.rest is not None]
        return _cut(found, max(rests, default=None), None)

    def _product(self, left: Series, right: Series, terms: int) -> Series:
        found: dict[Key, Ratio] = {}
        for key, value in left.terms.items():
            for other, factor in right.terms.items():
                place = _times(key, other)
                product = value * factor
                found[place] = found[place] + product if place in found else product
        rests = [
            _times(one.rest, other_key)
            for one, other in ((left, right), (right, left))
            if one.rest is not None
            for other_key in (*other.terms, *filter(None, [other.rest]))
        ]
        simple = {key: self._simple(value) for key, value in found.items()}
        return _cut(simple, max(rests, default=None), terms)

    def _scaled(self, series: Series, key: Key, factor: Ratio) -> Series:
        return Series(
            {
                _times(key, each): self._simple(value * factor)
                for each, value in series.terms.items()
            },
            None if series.rest is None else _times(key, series.rest),
        )

    def _of_slot(self, slot: int, terms: int) -> Series:
        definition = self.coefficients.definitions[slot]
        if definition.function == "zero":
            return Series({})
        if (slot, terms) not in self._known:
            argument = self._of_ratio(definition.argument, terms)
            if definition.function == "sqrt":
                found = self._root(argument, terms)
            elif definition.function == "exp":
                found = self._exponential(argument, terms)
            else:
                found = self._logarithm(argument, terms)
                if definition.function == "-log":
                    found = self._scaled(found, CONSTANT, Ratio.of(-1))
            self._known[slot, terms] = found
        return self._known[slot, terms]

    def _of_ratio(self, ratio: Ratio, terms: int) -> Series:
        top, bottom = self.expanded(ratio.numer, terms), self.expanded(ratio.denom, terms)
        key, leading, rest = self._normalised(bottom)
        inverse = self._composed(rest, lambda index: Fraction((-1) ** index), terms)
        scaled = self._scaled(inverse, _power(key, -_ONE), leading.inverse())
        return self._product(top, scaled, terms)

    def _normalised(self, series: Series) -> tuple[Key, Ratio, Series]:
        """Return the leading term and r, where the series is that term times 1 + r."""
        found = series.leading()
        if found is None:
            raise NoSeriesError
        key, leading = found
        self.assumed.append(leading)
        others = {each: value for each, value in series.terms.items() if each != key}
        small = self._scaled(Series(others, series.rest), _power(key, -_ONE), leading.inverse())
        return key, leading, small

    def _composed(
        self, small: Series, coefficient: Callable[[int], Fraction], terms: int
    ) -> Series:
        """Return the power series with these coefficients at a series that tends to 0."""
        total, power = Series({CONSTANT: _number(coefficient(0))}), Series({CONSTANT: Ratio.of(1)})
        if not small.terms and small.rest is None:
            return total
        for index in range(1, terms):
            power = self._product(power, small, terms)
            total = self._sum(total, self._scaled(power, CONSTANT, _number(coefficient(index))))
        # The next power bounds what is left out.
        bound = max((*small.terms, *filter(None, [small.rest])))
        return self._sum(total, Series({}, _power(bound, Fraction(terms))))

    def _root(self, argument: Series, terms: int) -> Series:
        if argument.leading() is None:
            return argument
        key, leading, small = self._normalised(argument)
        root = self._simple(self.coefficients.of_coefficient("sqrt", leading))
        series = self._composed(small, _binomial_half, terms)
        return self._scaled(series, _power(key, Fraction(1, 2)), root)

    def _logarithm(self, argument: Series, terms: int) -> Series:
        key, leading, small = self._normalised(argument)
        growing, power, log_power, log_log_power = key
        if log_log_power:
            raise NoSeriesError
        series = self._composed(
            small, lambda index: Fraction(-((-1) ** index), index or 1) * (index > 0), terms
        )
        parts = {
            CONSTANT: self.coefficients.of_coefficient("log", leading),
            _LOG: _number(power),
            (_ZERO, _ZERO, _ZERO, _ONE): _number(log_power),
        }
        total = self._sum(series, _cut(parts, None, None))
        if growing:
            assert self._growing is not None
            total = self._sum(total, self._scaled(self._growing, CONSTANT, _number(growing)))
        return total

    def _exponential(self, argument: Series, terms: int) -> Series:
        if argument.rest is not None and argument.rest >= CONSTANT:
            raise NoSeriesError
        large = {key: value for key, value in argument.terms.items() if key > CONSTANT}
        small = {key: value for key, value in argument.terms.items() if key < CONSTANT}
        finite = argument.terms.get(CONSTANT, Ratio.of(0))
        constant = self.coefficients.of_coefficient("exp", finite)
        key = self._exponential_key(large)
        factorials = [_ONE]

        def coefficient(index: int) -> Fraction:
            while len(factorials) <= index:
                factorials.append(factorials[-1] / len(factorials))
            return factorials[index]

        series = self._composed(Series(small, argument.rest), coefficient, terms)
        return self._scaled(series, key, constant)

    def _exponential_key(self, large: dict[Key, Ratio]) -> Key:
        if not large:
            return CONSTANT
        if max(large) <= _LOG:
            power = _as_number(large.pop(_LOG, Ratio.of(0)))
            if large or power is None:
                raise NoSeriesError
            return (_ZERO, power, _ZERO, _ZERO)
        leading = large[max(large)]
        self.assumed.append(leading)
        if self._growing is None:
            if max(large)[0]:
                raise NoSeriesError
            sign = 1 if self.coefficients.is_nonnegative(leading) else -1
            self._growing = self._scaled(Series(large), CONSTANT, Ratio.of(sign))
        multiple = _as_number(self._simple(leading / self._growing.terms[max(self._growing.terms)]))
        if multiple is None:
            raise NoSeriesError
        gap = self._sum(Series(large), self._scaled(self._growing, CONSTANT, _number(-multiple)))
        if gap.terms:
            raise NoSeriesError
        return (multiple, _ZERO, _ZERO, _ZERO)


def _cut(terms: dict[Key, Ratio], rest: Key | None, most: int | None) -> Series:
    """Leave out zeros, what the rest hides, and all but the first terms."""
    kept = sorted(
        (key for key, value in terms.items() if value != 0 and (rest is None or key > rest)),
        reverse=True,
    )
    if most is not None and len(kept) > most:
        rest = kept[most]
        kept = kept[:most]
    return Series({key: terms[key] for key in kept}, rest)


def _number(value: Fraction) -> Ratio:
    return Ratio.of(value.numerator) / value.denominator


def _as_number(ratio: Ratio) -> Fraction | None:
    if not (ratio.numer.is_constant() and ratio.denom.is_constant()):
        return None
    if ratio.numer.is_zero():
        return _ZERO
    return Fraction(int(ratio.numer.leading_coefficient()), int(ratio.denom.leading_coefficient()))


def _binomial_half(index: int) -> Fraction:
    """Return the binomial coefficient of 1/2."""
    found = _ONE
    for each in range(index):
        found *= (Fraction(1, 2) - each) / (each + 1)
    return found


def _grouped(
    of: Polynomial, depends: Callable[[int], bool]
) -> Iterator[tuple[list[tuple[int, int]], Polynomial]]:
    """Iterate over the products of the indeterminates that depend on d, with their coefficients."""
    slots = [slot for slot in variables(of) if depends(slot)]
    groups: dict[tuple[int, ...], dict[tuple[int, ...], flint.fmpz]] = {}
    for exponents, coefficient in of.to_dict().items():
        key = tuple(int(exponents[slot]) for slot in slots)
        rest = list(exponents)
        for slot in slots:
            rest[slot] = 0
        groups.setdefault(key, {})[tuple(rest)] = coefficient
    for key, part in groups.items():
        yield [(s, e) for s, e in zip(slots, key, strict=True) if e], RING.from_dict(part)
