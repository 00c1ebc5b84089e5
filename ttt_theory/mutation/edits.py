"""Mistakes in an expression, as edits of its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Edit", "Kind", "edits"]

_LONGEST_PIECE = 64
_CONTEXT = 16


class Kind(StrEnum):
    """A kind of mistake that can be made in any formula; a theory adds its own as slips."""

    COEFFICIENT = "coefficient"
    SIGN = "sign"
    EXPONENT = "exponent"
    TERM_DROPPED = "term dropped"
    TERM_DOUBLED = "term doubled"
    FACTOR_DROPPED = "factor dropped"
    SCALE = "2 % off"
    SWAPPED = "arguments swapped"
    TRANSPOSE = "transpose"
    WRONG_FORMULA = "another formula"


@dataclass(frozen=True)
class Edit:
    """A stretch of an expression's text and what to put there."""

    kind: Kind
    change: str
    start: int
    end: int
    new: str


_SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


def edits(expression: ast.expr, text: str) -> Iterator[Edit]:
    """Yield every edit of an expression."""
    whole = (0, len(text))
    yield Edit(Kind.SCALE, "all → 51/50 of it", *whole, f"51 * ({text}) / 50")
    if not _is(expression, ast.Add, ast.Sub):
        yield Edit(Kind.TERM_DOUBLED, "all → twice it", *whole, f"2 * ({text})")
        yield Edit(Kind.SIGN, "all → minus it", *whole, f"-({text})")
    exponents = set()
    # Not by recursion: a sum of a thousand terms is a tree that is a thousand deep.
    for node in ast.walk(expression):
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Pow):
                exponents.add(node.right)
                yield from _edits_of_power(node, text)
            elif _is(node, ast.Add, ast.Sub):
                yield from _edits_of_sum(node, text)
            else:
                yield from _edits_of_product(node, text)
        elif isinstance(node, ast.UnaryOp):
            start, end = _span(node)
            yield Edit(Kind.SIGN, f"{_short(text[start:end])} → minus it", start, start + 1, "")
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node.value)
            yield Edit(Kind.TRANSPOSE, f"{name}.T → {name}", *_span(node), name)
        elif isinstance(node, ast.Constant) and node not in exponents:
            larger = str(_number(node) + 1)
            change = f"{_number(node)} → {larger}{_place(node, text)}"
            yield Edit(Kind.COEFFICIENT, change, *_span(node), larger)


def _edits_of_power(node: ast.BinOp, text: str) -> Iterator[Edit]:
    given = _number(node.right)
    for exponent in (given + 1, given - 1):
        change = f"**{given} → **{exponent}{_place(node.right, text)}"
        yield Edit(Kind.EXPONENT, change, *_span(node.right), str(exponent))


def _edits_of_sum(node: ast.BinOp, text: str) -> Iterator[Edit]:
    (start, at), (after, end), sign = _operands(node, text)
    other = "-" if sign == "+" else "+"
    left, right = _short(text[start:at]), _short(text[after:end])
    yield Edit(Kind.SIGN, f"{sign} {right} → {other}", at, after, other)
    yield Edit(Kind.TERM_DROPPED, f"without {sign} {right}", at, end, "")
    yield Edit(Kind.TERM_DOUBLED, f"{sign} {right} → twice it", after, after, " 2 *")
    if not _is(node.left, ast.Add, ast.Sub):
        yield Edit(Kind.TERM_DROPPED, f"without {left}", start, after, sign.strip("+"))
        yield Edit(Kind.TERM_DOUBLED, f"{left} → twice it", start, start, "2 * ")
        if not left.startswith("-"):
            yield Edit(Kind.SIGN, f"{left} → minus it", start, start, "-")
    yield from _squares(node, text)


def _edits_of_product(node: ast.BinOp, text: str) -> Iterator[Edit]:
    (start, at), (after, end), symbol = _operands(node, text)
    left, right = _short(text[start:at]), _short(text[after:end])
    place = _place(node, text)
    yield Edit(Kind.FACTOR_DROPPED, f"without {symbol} {right}{place}", at, end, "")
    if not _is(node.left, ast.Mult, ast.Div, ast.MatMult) and left != "1":
        rest = "1 /" if symbol == "/" else ""
        yield Edit(Kind.FACTOR_DROPPED, f"without {left}{place}", start, after, rest)
    if symbol != "@":
        yield from _squares(node, text)
        return
    for operand in (node.left, node.right):
        if isinstance(operand, ast.Name):
            _, end = _span(operand)
            yield Edit(Kind.TRANSPOSE, f"{operand.id} → {operand.id}.T", end, end, ".T")


def _squares(node: ast.BinOp, text: str) -> Iterator[Edit]:
    for operand in (node.left, node.right):
        if isinstance(operand, ast.Name):
            change = f"{operand.id} → {operand.id}**2{_place(operand, text)}"
            _, end = _span(operand)
            yield Edit(Kind.EXPONENT, change, end, end, "**2")


def _operands(node: ast.BinOp, text: str) -> tuple[tuple[int, int], tuple[int, int], str]:
    """Return the stretches left and right of an operator, brackets included, and its symbol."""
    symbol = _SYMBOLS[type(node.op)]
    (start, end), (_, left_end) = _span(node), _span(node.left)
    # Between the operands there are brackets and blanks besides the operator.
    at = text.index(symbol, left_end)
    return (start, at), (at + 1, end), symbol


def _number(node: ast.expr) -> float:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int | float)
    return node.value


def _span(node: ast.expr) -> tuple[int, int]:
    assert node.end_col_offset is not None
    return node.col_offset, node.end_col_offset


def _is(node: ast.expr, *operators: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, operators)


def _place(node: ast.expr, text: str) -> str:
    """Quote what surrounds a node, in a text that is too long to quote."""
    if len(text) <= _LONGEST_PIECE:
        return ""
    start, end = _span(node)
    return f" in ...{_short(text[max(0, start - _CONTEXT) : end + _CONTEXT])}..."


def _short(text: str) -> str:
    text, half = text.strip(), (_LONGEST_PIECE - 3) // 2
    return text if len(text) <= _LONGEST_PIECE else f"{text[:half]}...{text[-half:]}"
