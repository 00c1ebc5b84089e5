"""A tree of the grammar as text that the grammar reads back."""

from __future__ import annotations

from ttt_theory.statements.syntax import (
    Comparison,
    Node,
    Number,
    Operation,
    Power,
    Quantity,
    Symbol,
)

__all__ = ["written"]

_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def written(comparison: Comparison) -> str:
    """Return a comparison as text.

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> written(parse("2*(n - k)/d**2 <= sqrt(risk_after(cold, n=n+1))").comparison)
    '2*(n - k)/d**2 <= sqrt(risk_after(cold, n=n + 1))'
    >>> written(parse("0 < risk_after(evaluation=same,steps=[1/n,2/n])").comparison)
    '0 < risk_after(steps=[1/n, 2/n], evaluation=same)'
    """
    return f"{_text(comparison.left)} {comparison.relation} {_text(comparison.right)}"


def _text(node: Node, least: int = _SUM) -> str:
    text, binding = _bound(node)
    return text if binding >= least else f"({text})"


def _bound(node: Node) -> tuple[str, int]:
    """Return a text and how tightly it binds."""
    match node:
        case Number(value):
            is_atom = value >= 0 and value.denominator == 1
            return str(value), _ATOM if is_atom else _SUM if value < 0 else _PRODUCT
        case Symbol(name):
            return name, _ATOM
        case Quantity(name, start, sizes, steps, evaluation):
            given = [start] if start else []
            given += [f"{each}={_text(size)}" for each, size in sizes]
            given += [f"steps=[{', '.join(map(_text, steps))}]"] if steps else []
            given += [f"evaluation={evaluation}"] if evaluation else []
            return f"{name}({', '.join(given)})" if given else name, _ATOM
        case Power(base, exponent):
            shown = str(exponent) if exponent >= 0 else f"({exponent})"
            return f"{_text(base, _ATOM)}**{shown}", _POWER
        case Operation("+", arguments):
            text = "".join(map(_term, arguments))
            return text[3:] if text.startswith(" + ") else f"-{text[3:]}", _SUM
        case Operation("neg", (inner,)):
            return f"-{_text(inner, _PRODUCT)}", _SUM
        case Operation("inverse", (inner,)):
            return f"1/{_text(inner, _POWER)}", _PRODUCT
        case Operation("*", arguments):
            text = "".join(map(_factor, arguments))
            return text[1:] if text.startswith("*") else f"1{text}", _PRODUCT
        case Operation(name, arguments):
            return f"{name}({', '.join(map(_text, arguments))})", _ATOM


def _term(node: Node) -> str:
    if isinstance(node, Operation) and node.name == "neg":
        return f" - {_text(node.arguments[0], _PRODUCT)}"
    return f" + {_text(node, _PRODUCT)}"


def _factor(node: Node) -> str:
    if isinstance(node, Operation) and node.name == "inverse":
        return f"/{_text(node.arguments[0], _POWER)}"
    return f"*{_text(node, _POWER)}"
