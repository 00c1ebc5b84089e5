"""The grammar of statements: text in, a tree of a few kinds of nodes out, nothing evaluated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ttt_theory.errors import StatementError
from ttt_theory.linear.exact.isotropic_numbers import MOST_STEPS
from ttt_theory.statements.advice import readings
from ttt_theory.statements.spelling import Vocabulary, remark

__all__ = [
    "COUNTS",
    "EVALUATIONS",
    "FUNCTIONS",
    "QUANTITIES",
    "SIZES",
    "STARTS",
    "SYMBOLS",
    "Comparison",
    "Node",
    "Number",
    "Operation",
    "ParsedStatement",
    "Power",
    "Quantity",
    "Symbol",
    "is_size",
    "nodes",
    "parse",
]

SYMBOLS = ("n", "k", "d", "alpha", "gamma", "norm2", "noise")
QUANTITIES = ("risk_before", "risk_after", "improvement", "step_size")
_STEPPED = ("risk_after", "improvement")
STARTS = ("warm", "cold")
EVALUATIONS = ("fresh", "same")
COUNTS = ("n", "k", "d")
SIZES = (*COUNTS, "norm2", "noise")
"""What a quantity depends on; those of `COUNTS` are integers from 1."""
FUNCTIONS = {"sqrt": 1, "log": 1, "exp": 1, "abs": 1, "min": 2, "max": 2}
"""Functions with the number of their arguments, which for min and max is the least."""
RELATIONS = ("==", "~", "<=", ">=", "<", ">")
_VOCABULARY = Vocabulary(SYMBOLS, QUANTITIES, STARTS, tuple(FUNCTIONS), EVALUATIONS)

_LONGEST = 1000
_DEEPEST = 30
_LONGEST_NUMBER = 30
_LARGEST_EXPONENT = 50
# Bounds the degree and the size of the constants of what a statement expands to; a quantity's
# numerator and denominator have degrees up to about this, for each of its steps.
_HEAVIEST = 800
_QUANTITY_WEIGHT = 16
_BITS_PER_WEIGHT = 16

_LIST_REMEDY = f"a list stands in steps=[...] of {' and '.join(_STEPPED)} alone"

_TOKEN = re.compile(
    r" *(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<operator>\*\*|==|<=|>=|[-+*/(),~<>=\[\]])|(?P<end>$))",
    re.ASCII,
)
_HINTS = {
    "^": "write ** for powers",
    "=": "write == for equality",
    "=>": "write >= for at least",
    "=<": "write <= for at most",
    "!": "only == and ~ compare",
    "&": "write commas between conditions",
    "|": "write abs(...) for an absolute value",
    '"': "write words without quotes",
    "'": "write words without quotes",
}


@dataclass(frozen=True)
class Number:
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True)
class Symbol:
    """One of `SYMBOLS`."""

    name: str


@dataclass(frozen=True)
class Quantity:
    """One of `QUANTITIES`.

    Attributes
    ----------
    name : str
    start : str or None
        warm, cold, or None where the statement names neither.
    sizes : tuple of (str, Node)
        Those of `SIZES` that have another value here than elsewhere in the statement.
    steps : tuple of Node
        The step sizes; empty for the best single step.
    evaluation : str or None
        One of `EVALUATIONS`, or None where the statement names neither.
    """

    name: str
    start: str | None
    sizes: tuple[tuple[str, Node], ...] = ()
    steps: tuple[Node, ...] = ()
    evaluation: str | None = None


@dataclass(frozen=True)
class Operation:
    """A function of `FUNCTIONS`, or +, *, neg or inverse; sums and products have many arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Power:
    """An integer power, at most 50 in size."""

    base: Node
    exponent: int


Node = Number | Symbol | Quantity | Operation | Power


@dataclass(frozen=True)
class Comparison:
    """Two expressions and the relation between them."""

    left: Node
    relation: str
    right: Node


@dataclass(frozen=True)
class ParsedStatement:
    """A comparison that is claimed to hold wherever all conditions do."""

    text: str
    comparison: Comparison
    conditions: tuple[Comparison, ...]


def is_size(name: str, value: Any) -> bool:
    """Whether one of `SIZES` may have a rational value."""
    if name in COUNTS:
        return bool(value >= 1 and value.denominator == 1)
    return bool(value > 0 if name == "norm2" else value >= 0)


def nodes(node: Node) -> Iterator[Node]:
    """Iterate over a tree."""
    yield node
    children: tuple[Node, ...] = ()
    if isinstance(node, Operation):
        children = node.arguments
    elif isinstance(node, Power):
        children = (node.base,)
    elif isinstance(node, Quantity):
        children = (*(size for _, size in node.sizes), *node.steps)
    for child in children:
        yield from nodes(child)


def parse(text: str) -> ParsedStatement:
    """Read a statement.

    Parameters
    ----------
    text : str
        Two expressions with ==, ~, <=, >=, < or > between, and conditions after ``when``.

    Returns
    -------
    ParsedStatement

    Raises
    ------
    StatementError
        If the text is anything else, or too long, too deep or too large to expand.

    Examples
    --------
    >>> parse("risk_after <= risk_before").comparison.relation
    '<='
    >>> parse("improvment == 1")
    Traceback (most recent call last):
    ttt_theory.errors.StatementError: position 1: the name 'improvment' is unknown; did you mean
    improvement? right would be: improvement == 1
    """
    if not isinstance(text, str):
        raise StatementError("give the statement as text")
    if len(text) > _LONGEST:
        raise StatementError(f"{len(text)} characters; give at most {_LONGEST}")
    try:
        return _Parser(text).statement()
    except StatementError as error:
        raise _advised(error, text) from None


def _advised(error: StatementError, text: str) -> StatementError:
    """Say also what would be right, if it is a statement."""
    found, advice = readings(text, _VOCABULARY)
    if found:
        advice = f"right would be: {' or '.join(found)}" if all(map(_is_statement, found)) else ""
    if not advice or advice in error.reason:
        return error
    separator = " " if error.reason.endswith("?") else "; "
    return StatementError(f"{error.reason}{separator}{advice}", error.position)


def _is_statement(text: str) -> bool:
    try:
        _Parser(text).statement()
    except StatementError:
        return False
    return len(text) <= _LONGEST


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> Iterator[_Token]:
    for index, letter in enumerate(text):
        if not " " <= letter <= "~":
            name = unicodedata.name(letter, "a control character")
            raise StatementError(
                f"the character U+{ord(letter):04X} ({name}) is not ASCII text; "
                "write names and operators in plain ASCII",
                index + 1,
            )
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            place = position + len(text[position:]) - len(text[position:].lstrip(" "))
            hint = _HINTS.get(text[place : place + 2]) or _HINTS.get(
                text[place], "see the names and operators that are allowed"
            )
            raise StatementError(f"the character {text[place]!r} is not valid; {hint}", place + 1)
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind) + 1)
        if kind == "end":
            return
        position = match.end()


class _Parser:
    """Recursive descent over the tokens; each method reads what it is named after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.index = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.index]

    def accept(self, *texts: str) -> str | None:
        if self.next.text in texts and self.next.kind != "end":
            self.index += 1
            return self.tokens[self.index - 1].text
        return None

    def expect(self, text: str, where: str) -> None:
        if not self.accept(text):
            raise self.unexpected(f"expected {text!r} {where}")

    def unexpected(self, remedy: str) -> StatementError:
        token = self.next
        what = "the statement ends here" if token.kind == "end" else f"{token.text!r} is misplaced"
        return StatementError(f"{what}; {remedy}", token.position)

    def statement(self) -> ParsedStatement:
        comparison = self.comparison()
        conditions: list[Comparison] = []
        if self.accept("when"):
            conditions.append(self.comparison(is_condition=True))
            while self.accept(","):
                conditions.append(self.comparison(is_condition=True))
        if self.next.kind != "end":
            if self.next.text in RELATIONS:
                raise self.unexpected("compare two expressions only")
            raise self.unexpected("expected an operator, 'when' or the end")
        return ParsedStatement(self.text, comparison, tuple(conditions))

    def comparison(self, *, is_condition: bool = False) -> Comparison:
        left = self.sum()
        position = self.next.position
        relation = self.accept(*RELATIONS)
        if relation is None:
            if self.next.text == "=":
                message = f"the character '=' is not valid; {_HINTS['=']}"
                raise StatementError(message, position)
            raise self.unexpected(f"compare with one of {' '.join(RELATIONS)}")
        if is_condition and relation == "~":
            raise StatementError("~ cannot stand in a condition; compare sizes there", position)
        right = self.sum()
        for side in (left, right):
            weight = _weight(side)
            if weight > _HEAVIEST:
                raise StatementError(
                    f"a side expands to a size of about {weight}; shorten it below {_HEAVIEST}",
                    position,
                )
        return Comparison(left, relation, right)

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise StatementError(
                f"nested more than {_DEEPEST} deep; write it flatter", self.next.position
            )
        terms = [self.product()]
        while sign := self.accept("+", "-"):
            term = self.product()
            terms.append(term if sign == "+" else Operation("neg", (term,)))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Operation("+", tuple(terms))

    def product(self) -> Node:
        factors = [self.signed()]
        while operator := self.accept("*", "/"):
            factor = self.signed()
            factors.append(factor if operator == "*" else Operation("inverse", (factor,)))
        return factors[0] if len(factors) == 1 else Operation("*", tuple(factors))

    def signed(self) -> Node:
        negative = False
        while sign := self.accept("+", "-"):
            negative ^= sign == "-"
        power = self.power()
        return Operation("neg", (power,)) if negative else power

    def power(self) -> Node:
        base = self.atom()
        position = self.next.position
        if not self.accept("**"):
            return base
        self.depth += 1
        if self.depth > _DEEPEST:
            raise StatementError(f"more than {_DEEPEST} powers of powers", position)
        exponent = _constant(self.signed())
        self.depth -= 1
        if exponent is None:
            raise StatementError("an exponent must be a number, such as 2 or 1/2", position)
        if abs(exponent) > _LARGEST_EXPONENT or exponent.denominator > 2:
            raise StatementError(
                f"an exponent must be an integer or a half, at most {_LARGEST_EXPONENT} in size",
                position,
            )
        if exponent.denominator == 2:
            return Power(Operation("sqrt", (base,)), int(2 * exponent))
        return Power(base, int(exponent))

    def atom(self) -> Node:
        token = self.next
        if self.accept("("):
            inner = self.sum()
            self.expect(")", "to close the parenthesis")
            return inner
        if token.text == "[":
            raise self.unexpected(_LIST_REMEDY)
        if token.kind not in ("number", "name") or token.text in ("when", *STARTS):
            raise self.unexpected("expected a number, a name or a parenthesis")
        self.index += 1
        if token.kind == "number":
            return Number(_number(token))
        if token.text in QUANTITIES:
            return self.quantity(token)
        if token.text in FUNCTIONS:
            return self.call(token)
        if token.text in SYMBOLS:
            return Symbol(token.text)
        remedy = remark(token.text, _VOCABULARY)
        shown = token.text if len(token.text) <= 40 else f"{token.text[:40]}..."
        raise StatementError(f"the name {shown!r} is unknown; {remedy}", token.position)

    def quantity(self, token: _Token) -> Node:
        if not self.accept("("):
            return Quantity(token.text, None)
        start = self.accept(*STARTS)
        given: dict[str, Any] = {}
        if self.next.text != ")" and (start is None or self.accept(",")):
            self.keyword(token.text, start, given)
            while self.accept(","):
                self.keyword(token.text, start, given)
        self.expect(")", "after what is given" if given else "after the start")
        steps, evaluation = given.pop("steps", ()), given.pop("evaluation", None)
        return Quantity(token.text, start, tuple(given.items()), steps, evaluation)

    def keyword(self, quantity: str, start: str | None, given: dict[str, Any]) -> None:
        token = self.next
        known = (*SIZES, "steps", "evaluation")
        if token.text not in known or self.tokens[self.index + 1].text != "=":
            remedy = f"a size such as n=n+1, of {', '.join(SIZES)}, or evaluation=same"
            if quantity in _STEPPED:
                remedy += ", or steps=[...]"
            if start is None and not given:
                remedy = f"warm or cold, or {remedy}"
            raise self.unexpected(f"expected {remedy}")
        if token.text in given:
            raise StatementError(f"{token.text} is given twice", token.position)
        self.index += 2
        if token.text == "steps":
            given["steps"] = self.steps(quantity, token)
        elif token.text == "evaluation":
            given["evaluation"] = self.accept(*EVALUATIONS)
            if given["evaluation"] is None:
                raise self.unexpected(f"an evaluation is {' or '.join(EVALUATIONS)}")
        else:
            given[token.text] = self.size(token)

    def steps(self, quantity: str, token: _Token) -> tuple[Node, ...]:
        if quantity not in _STEPPED:
            raise StatementError(
                f"{quantity} takes no steps; {' and '.join(_STEPPED)} do", token.position
            )
        self.expect("[", "before the steps, as in steps=[1/n, 2/n]")
        if self.next.text == "]":
            raise StatementError(f"no step is given; give 1 to {MOST_STEPS}", token.position)
        found = [self.sum()]
        while self.accept(","):
            found.append(self.sum())
        self.expect("]", "after the steps")
        if len(found) > MOST_STEPS:
            raise StatementError(f"{len(found)} steps; give 1 to {MOST_STEPS}", token.position)
        return tuple(found)

    def size(self, token: _Token) -> Node:
        size = self.sum()
        if any(isinstance(node, Quantity) for node in nodes(size)):
            raise StatementError("a size is an expression in the names", token.position)
        value = _constant(size)
        if value is not None and not is_size(token.text, value):
            raise StatementError(
                f"{token.text} = {value} leaves the domain; n, k and d are integers from 1, norm2 "
                "is positive, noise is not negative",
                token.position,
            )
        return size

    def call(self, function: _Token) -> Node:
        self.expect("(", f"after {function.text}")
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.expect(")", f"after the arguments of {function.text}")
        count = FUNCTIONS[function.text]
        if len(arguments) < count or (count == 1 and len(arguments) > 1):
            wanted = "one argument" if count == 1 else "two arguments or more"
            raise StatementError(f"{function.text} takes {wanted}", function.position)
        return Operation(function.text, tuple(arguments))


def _number(token: _Token) -> Fraction:
    mantissa, _, exponent = token.text.lower().partition("e")
    too_long = len(mantissa) > _LONGEST_NUMBER or len(exponent) > _LONGEST_NUMBER
    if too_long or abs(int(exponent or 0)) > _LONGEST_NUMBER:
        raise StatementError(
            f"the number has too many digits; give at most {_LONGEST_NUMBER}", token.position
        )
    return Fraction(token.text)


def _constant(node: Node) -> Fraction | None:
    """Return the value of a number, its negative or a quotient, and None for all else."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Operation) and node.name in ("neg", "inverse", "*"):
        values = [_constant(argument) for argument in node.arguments]
        result = Fraction(-1 if node.name == "neg" else 1)
        for value in values:
            if value is None or (value == 0 and node.name == "inverse"):
                return None
            result = result / value if node.name == "inverse" else result * value
        return result
    return None


def _weight(node: Node) -> int:
    """Bound the degree and the constants of an expression written as one fraction."""
    if isinstance(node, Number):
        bits = node.value.numerator.bit_length() + node.value.denominator.bit_length()
        return bits // _BITS_PER_WEIGHT + 1
    if isinstance(node, Symbol):
        return 1
    if isinstance(node, Quantity):
        moments = _QUANTITY_WEIGHT * max((_weight(size) for _, size in node.sizes), default=1)
        return moments * max(1, len(node.steps)) + 2 * sum(map(_weight, node.steps))
    if isinstance(node, Power):
        return _weight(node.base) * abs(node.exponent)
    return sum(_weight(argument) for argument in node.arguments)
