"""The value of an expression: by one walk over its tree, in whatever arithmetic is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol

import flint

from ttt_theory.statements.syntax import (
    SIZES,
    Comparison,
    Node,
    Number,
    Operation,
    Power,
    Quantity,
    Symbol,
    is_size,
)
from ttt_theory.statements.vocabulary import formula_of

__all__ = [
    "HOLDS",
    "Arithmetic",
    "Point",
    "UndefinedError",
    "UnresolvedError",
    "Values",
    "decide",
    "evaluate",
    "isotropic_values",
    "shown",
    "slack",
]

Point = Mapping[str, Fraction]
"""Exact values of n, k, d, norm2 and noise."""

_PRECISIONS = (64, 256, 1024)
_DIGITS = 12
_ROUND_OFF = 1e-12
_LONGEST_SHOWN = 400

HOLDS = {
    "==": lambda sign: sign == 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
}
"""Whether a relation holds, given the sign of left − right."""


class UndefinedError(ArithmeticError):
    """An expression has no value here: a quotient by zero, or a root or logarithm out of domain."""


class UnresolvedError(ArithmeticError):
    """The value is not a rational number, or not enclosed well enough to decide."""


class Arithmetic(Protocol):
    """What `evaluate` needs of numbers, besides their own +, * and **."""

    def number(self, value: Fraction) -> Any:
        """Return a constant."""

    def symbol(self, name: str) -> Any:
        """Return the value of a symbol."""

    def quantity(self, quantity: Quantity) -> Any:
        """Return the value of a quantity."""

    def inverse(self, value: Any) -> Any:
        """Return one over a value."""

    def call(self, function: str, arguments: list[Any]) -> Any:
        """Return sqrt, log, exp, abs, min or max."""


def evaluate(node: Node, arithmetic: Arithmetic) -> Any:
    """Return the value of an expression."""
    match node:
        case Number(value):
            return arithmetic.number(value)
        case Symbol(name):
            return arithmetic.symbol(name)
        case Quantity():
            return arithmetic.quantity(node)
        case Power(base, exponent):
            value = evaluate(base, arithmetic)
            if exponent < 0:
                value = arithmetic.inverse(value)
            return value ** abs(exponent)
        case Operation(name, arguments):
            values = [evaluate(argument, arithmetic) for argument in arguments]
            if name == "+":
                return sum(values[1:], values[0])
            if name == "*":
                return math.prod(values[1:], start=values[0])
            if name == "neg":
                return -values[0]
            if name == "inverse":
                return arithmetic.inverse(values[0])
            return arithmetic.call(name, values)


class Values:
    """Exact values of all names; as an arithmetic, that of rational numbers.

    Parameters
    ----------
    symbols : mapping of str to fmpq
        Values of `SYMBOLS`.
    quantity : callable
        Gives the value of a `Quantity` from its own sizes, by their names, and its steps.
    """

    def __init__(self, symbols: Mapping[str, flint.fmpq], quantity: Any) -> None:
        self.symbols = symbols
        self._quantity = quantity
        self._known: dict[Quantity, flint.fmpq] = {}

    def number(self, value: Fraction) -> flint.fmpq:
        """Return a constant."""
        return flint.fmpq(value.numerator, value.denominator)

    def symbol(self, name: str) -> flint.fmpq:
        """Return the value of a symbol."""
        return self.symbols[name]

    def quantity(self, quantity: Quantity) -> flint.fmpq:
        """Return the value of a quantity; it has none where its sizes leave the domain."""
        if quantity not in self._known:
            steps = [evaluate(step, self) for step in quantity.steps]
            self._known[quantity] = flint.fmpq(self.after(quantity, steps))
        return self._known[quantity]

    def after(self, quantity: Quantity, steps: Sequence[Any]) -> Any:
        """Return the value of a quantity after steps in any numbers."""
        sizes = {name: evaluate(size, self) for name, size in quantity.sizes}
        if not all(
            is_size(name, Fraction(int(value.p), int(value.q))) for name, value in sizes.items()
        ):
            raise UndefinedError
        return self._quantity(quantity, sizes, steps)

    def inverse(self, value: flint.fmpq) -> flint.fmpq:
        """Return one over a value."""
        if value == 0:
            raise UndefinedError
        return 1 / value

    def call(self, function: str, arguments: list[flint.fmpq]) -> flint.fmpq:
        """Return the function where its value is known to be rational."""
        first = arguments[0]
        if function == "abs":
            return abs(first)
        if function in ("min", "max"):
            return min(arguments) if function == "min" else max(arguments)
        if first < 0 and function != "exp":
            raise UndefinedError
        if function == "sqrt":
            top, bottom = (math.isqrt(int(part)) for part in (first.p, first.q))
            if top**2 == first.p and bottom**2 == first.q:
                return flint.fmpq(top, bottom)
        elif function == "log":
            if first == 0:
                raise UndefinedError
            if first == 1:
                return flint.fmpq(0)
        elif first == 0:
            return flint.fmpq(1)
        raise UnresolvedError


class _Balls:
    """Intervals that are certain to hold the value."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def number(self, value: Fraction) -> flint.arb:
        return flint.arb(self.values.number(value))

    def symbol(self, name: str) -> flint.arb:
        return flint.arb(self.values.symbol(name))

    def quantity(self, quantity: Quantity) -> flint.arb:
        try:
            return flint.arb(self.values.quantity(quantity))
        except UnresolvedError:
            # Steps need not be rational, as sizes are.
            steps = [evaluate(step, self) for step in quantity.steps]
            return _finite(flint.arb(self.values.after(quantity, steps)))

    def inverse(self, value: flint.arb) -> flint.arb:
        if value == 0:
            raise UndefinedError
        if not value != 0:
            raise UnresolvedError
        return _finite(1 / value)

    def call(self, function: str, arguments: list[flint.arb]) -> flint.arb:
        first = arguments[0]
        if function in ("sqrt", "log"):
            if first < 0 or (function == "log" and first == 0):
                raise UndefinedError
            if not (first > 0 or first == 0):
                raise UnresolvedError
        if function in ("min", "max"):
            for other in arguments[1:]:
                first = first.min(other) if function == "min" else first.max(other)
            return first
        return _finite(abs(first) if function == "abs" else getattr(first, function)())


class Floats:
    """Floats, which tell what is likely and nothing more."""

    def __init__(self, point: Point) -> None:
        self.values = {name: float(value) for name, value in point.items()}
        self.values["alpha"] = self.values["n"] / self.values["d"]
        self.values["gamma"] = self.values["k"] / self.values["d"]

    def number(self, value: Fraction) -> float:
        """Return a constant."""
        return float(value)

    def symbol(self, name: str) -> float:
        """Return the value of a symbol."""
        return self.values[name]

    def quantity(self, quantity: Quantity) -> float:
        """Return the value of a quantity."""
        sizes = {name: evaluate(size, self) for name, size in quantity.sizes}
        arguments = [sizes.get(name, self.values[name]) for name in SIZES]
        arguments += [evaluate(step, self) for step in quantity.steps]
        return float(formula_of(quantity)(*arguments))

    def inverse(self, value: float) -> float:
        """Return one over a value."""
        return 1 / value

    def call(self, function: str, arguments: list[float]) -> float:
        """Return sqrt, log, exp, abs, min or max."""
        if function in ("min", "max"):
            return min(arguments) if function == "min" else max(arguments)
        first = arguments[0]
        return abs(first) if function == "abs" else float(getattr(math, function)(first))


def slack(comparison: Comparison, point: Point, scale: Fraction | None = None) -> float:
    """Return how far an inequality is from being false, beside a scale; NaN if unknown.

    The scale is that of its sides unless it is given.
    """
    arithmetic = Floats(point)
    try:
        left, right = (
            float(evaluate(side, arithmetic)) for side in (comparison.left, comparison.right)
        )
    except (ArithmeticError, ValueError):
        return math.nan
    size = abs(left) + abs(right)
    if abs(right - left) <= _ROUND_OFF * size:
        return 0.0 if left == right else math.nan
    gap = (right - left) / (size if scale is None else float(scale))
    return -gap if comparison.relation in (">", ">=") else gap


def _finite(ball: flint.arb) -> flint.arb:
    if not ball.is_finite():
        raise UnresolvedError
    return ball


def isotropic_values(point: Point) -> Values:
    """Return the values of all names at a point, the quantities from their compiled formulas."""
    exact = {name: flint.fmpq(value.numerator, value.denominator) for name, value in point.items()}
    exact["alpha"], exact["gamma"] = exact["n"] / exact["d"], exact["k"] / exact["d"]

    def quantity(of: Quantity, sizes: Mapping[str, flint.fmpq], steps: Sequence[Any]) -> Any:
        arguments = [sizes.get(each, exact[each]) for each in SIZES]
        try:
            return formula_of(of)(*arguments, *steps)
        except ZeroDivisionError:
            raise UndefinedError from None

    return Values(exact, quantity)


def decide(comparison: Comparison, values: Values) -> tuple[bool | None, Any, Any]:
    """Decide a comparison of numbers.

    Parameters
    ----------
    comparison : Comparison
        With any relation but ~.
    values : Values
        Exact values of all names.

    Returns
    -------
    holds : bool or None
        None if the two sides cannot be told apart, nor be seen to be equal.
    left, right : fmpq or arb
        The values of the sides, as rational numbers where both are.

    Raises
    ------
    UndefinedError
        If a side has no value.
    """
    arithmetics: list[tuple[Arithmetic, int]] = [(values, _PRECISIONS[0])]
    arithmetics += [(_Balls(values), precision) for precision in _PRECISIONS]
    left = right = None
    for arithmetic, precision in arithmetics:
        with flint.ctx.workprec(precision):
            try:
                left = evaluate(comparison.left, arithmetic)
                right = evaluate(comparison.right, arithmetic)
            except UnresolvedError:
                continue
            difference = left - right
            for sign, found in ((-1, difference < 0), (0, difference == 0), (1, difference > 0)):
                if found:
                    return HOLDS[comparison.relation](sign), left, right
    return None, left, right


def shown(value: Any) -> str:
    """Return a rational number as p/q, and others, or a very long one, by digits that are certain.

    Examples
    --------
    >>> shown(flint.fmpq(2, 6)), shown(flint.arb(2).sqrt())
    ('1/3', '1.41421356237')
    """
    if isinstance(value, flint.fmpq) and value.height_bits() > _LONGEST_SHOWN:
        value = flint.arb(value)
    if isinstance(value, flint.arb):
        if abs(value) > flint.arb(10) ** 1000:
            return "beyond 10**1000"
        return str(value.str(_DIGITS, radius=False))
    return str(value)
