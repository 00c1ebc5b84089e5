"""Formulas and their compilation to NumPy source.

A derivation module lists what it has derived as `Formula` objects.  `render` turns them into the
source of a module of plain functions: integer coefficients, the four operations and powers only.
Such a function takes floats and arrays, but just as well exact fractions and SymPy symbols, which
is how the claims prove statements about the very code that users run.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2, s, w

WIDTH = 98
# These keep their letter in the body of a compiled function, as in the paper.
PAPER_LETTERS = {n, k, d, s, w, norm2, noise, alpha, gamma}


@dataclass(frozen=True)
class Formula:
    """One compiled function.

    `parameters` maps the symbols of `expression` to the names that the function uses for them, in
    the order of its signature; `summary` is one line.  An expression is compiled in factored form,
    or `as_written` where its form is what keeps it accurate.
    """

    name: str
    parameters: Mapping[sympy.Symbol, str]
    expression: sympy.Expr
    summary: str
    source: str
    as_written: bool = False

    def __post_init__(self) -> None:
        unknown = self.expression.free_symbols - self.parameters.keys()
        if unknown:
            raise ValueError(f"{self.name} has no parameter for {sorted(map(str, unknown))}")
        if len(self.summary) > WIDTH - 7:
            raise ValueError(f"the summary of {self.name} does not fit on a line")


def require(difference: sympy.Expr, what: str) -> None:
    """Stop the derivation unless an expression is identically zero."""
    expanded = sympy.expand(difference)
    if expanded == 0:
        return
    # A fraction is zero if its numerator is: there is no need to cancel.
    if not expanded.is_commutative or sympy.expand(sympy.numer(sympy.together(difference))) != 0:
        raise ArithmeticError(f"the derivation fails at: {what}")


class _IntegerPrinter(PythonCodePrinter):  # type: ignore[misc]
    """Print without rational constants, which Python would turn into floats."""

    def _print_Rational(self, expr: sympy.Rational) -> str:
        if expr.q != 1:
            raise ValueError(f"{expr} would be compiled to a float")
        return str(expr.p)

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        if expr.exp == sympy.Rational(1, 2):
            return f"{self.parenthesize(expr.base, PRECEDENCE['Pow'])}**0.5"
        return super()._print_Pow(expr, rational=rational)


def render(derivation: ModuleType) -> str:
    """Return the source of the module that holds a derivation's formulas."""
    docstring = (derivation.__doc__ or "").strip().splitlines()[0]
    functions = [_function(formula) for formula in derivation.FORMULAS]
    sorted_formulas = sorted(derivation.FORMULAS, key=lambda formula: formula.name)
    exports = "".join(f'    "{formula.name}",\n' for formula in sorted_formulas)
    return (
        f'"""{docstring}\n\n'
        f"Compiled from {derivation.__name__} by `make derive`; never edited by hand.\n"
        '"""\n\n'
        "from typing import Any\n\n"
        f"__all__ = [\n{exports}]\n\n\n" + "\n\n".join(functions)
    )


def _function(formula: Formula) -> str:
    expression, parameters = formula.expression, formula.parameters
    names = {
        symbol: sympy.Symbol(name)
        for symbol, name in parameters.items()
        if symbol not in PAPER_LETTERS
    }
    signature = ", ".join(f"{name}: Any" for name in parameters.values())
    lines = [_wrapped("", f"def {formula.name}(", signature, ") -> Any:"), *_docstring(formula)]
    letters = [
        (symbol.name, name)
        for symbol, name in parameters.items()
        if symbol in PAPER_LETTERS & expression.free_symbols
    ]
    for group in (letters[:3], letters[3:]):
        if group:
            assigned, given = (", ".join(each) for each in zip(*group, strict=True))
            lines.append(f"    {assigned} = {given}")
    expression = expression.subs(names, simultaneous=True)
    if formula.as_written:
        code = _bracketed(_print(expression), always=False)
    else:
        code = _expression(expression)
    lines.append(f"    return {code}")
    return "\n".join(lines) + "\n"


def _docstring(formula: Formula) -> list[str]:
    source = textwrap.wrap(f"Source: {formula.source}", WIDTH - 4, break_on_hyphens=False)
    return [f'    """{formula.summary}', "", *(f"    {line}" for line in source), '    """']


def _expression(expression: sympy.Expr) -> str:
    """Print an expression as numerator / denominator, each factored with integer coefficients."""
    if any(not power.exp.is_integer for power in expression.atoms(sympy.Pow)):
        return _print(expression)
    numerator, denominator = sympy.fraction(sympy.factor(sympy.together(expression)))
    content, primitive = numerator.as_coeff_Mul()
    numerator, denominator = content.p * primitive, content.q * denominator
    if denominator == 1:
        return _bracketed(_print(numerator), always=False)
    top = _bracketed(_print(numerator), always=numerator.is_Add)
    quotient = f"{top} / {_bracketed(_print(denominator), always=not denominator.is_Atom)}"
    # Short lines by themselves may be a long one together.
    is_long = "\n" not in quotient and len("    return ") + len(quotient) > WIDTH
    return _wrapped("    ", "(", quotient, ")") if is_long else quotient


def _print(expression: sympy.Expr) -> str:
    return _IntegerPrinter().doprint(expression).replace("*", " * ").replace(" *  * ", "**")


def _bracketed(code: str, *, always: bool) -> str:
    if always or len(code) > WIDTH - 30:
        return _wrapped("    ", "(", code, ")")
    return code


def _wrapped(indent: str, opening: str, content: str, closing: str) -> str:
    """Put content between brackets, on lines of its own where it is long."""
    if len(content) <= WIDTH - 30 and len(opening) + len(content) + len(closing) <= WIDTH:
        return f"{opening}{content}{closing}"
    lines = textwrap.wrap(
        content, WIDTH - len(indent) - 4, break_long_words=False, break_on_hyphens=False
    )
    inner = "".join(f"{indent}    {line}\n" for line in lines)
    return f"{opening}\n{inner}{indent}{closing}"
