"""What is a statement and what is not: nothing else gets past the parser."""

import string
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ttt_theory.errors import StatementError
from ttt_theory.statements.syntax import (
    FUNCTIONS,
    QUANTITIES,
    SYMBOLS,
    Number,
    Operation,
    Power,
    Quantity,
    Symbol,
    nodes,
    parse,
)

KNOWN = {*SYMBOLS, *QUANTITIES, *FUNCTIONS, "when", "warm", "cold"}


def side(text):
    return parse(f"{text} == 1").comparison.left


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("0.1", Number(Fraction(1, 10))),
        ("1e3", Number(Fraction(1000))),
        (".5", Number(Fraction(1, 2))),
        ("improvement", Quantity("improvement", None)),
        ("improvement ( cold )", Quantity("improvement", "cold")),
        ("-n**2", Operation("neg", (Power(Symbol("n"), 2),))),
        ("n**-2", Power(Symbol("n"), -2)),
        ("n**(1/2)", Power(Operation("sqrt", (Symbol("n"),)), 1)),
        ("n**-1.5", Power(Operation("sqrt", (Symbol("n"),)), -3)),
        ("--n", Symbol("n")),
        ("n-k-d", side("n+(-k)+(-d)")),
        (
            "n/k/d",
            Operation(
                "*",
                (
                    Symbol("n"),
                    Operation("inverse", (Symbol("k"),)),
                    Operation("inverse", (Symbol("d"),)),
                ),
            ),
        ),
    ],
)
def test_trees(text, tree):
    assert side(text) == tree


def test_conditions_may_hold_commas_of_their_own():
    statement = parse("n <= 1 when min(n, k) == 1, noise == 0")
    assert [each.relation for each in statement.conditions] == ["==", "=="]


HOSTILE = {
    "": "ends here",
    "n": "compare with",
    "n == ": "ends here",
    "n = 1": "write ==",
    "n^2 == 1": r"write \*\*",
    "n != 1": "only == and ~",
    "n == k == d": "two expressions only",
    "n == 1 when": "ends here",
    "n == 1 when n": "compare with",
    "n == 1 when n ~ d": "condition",
    "n == 1, k == 1": "'when'",
    "improvment == 1": "did you mean improvement",
    "improvement(hot) == 1": "warm or cold",
    "warm == 1": "expected a number",
    "n(1) == 1": "misplaced",
    "2 n == 1": "misplaced",
    "n**k == 1": "exponent must be a number",
    "n**51 == 1": "at most 50",
    "n**(1/3) == 1": "integer or a half",
    "n**(1/0) == 1": "exponent must be a number",
    "((n**50)**50)**50 == 1": "size of about",
    "2**2**2**2**2**2 == 1": "exponent must be a number",
    "n == 1e400": "too many digits",
    "n == 1e0000000000000000000000000000000009": "too many digits",
    "n == " + "9" * 31: "too many digits",
    "(" * 31 + "n" + ")" * 31 + " == 1": "nested more than",
    "n" + "**2" * 200 + " == 1": "powers of powers",
    "n" + "**-(1" * 40 + " == 1": "nested more than",
    "n" * 1001: "at most 1000",
    "sqrt(n, k) == 1": "one argument",
    "min(n) == 1": "two arguments",
    "sqrt == 1": r"expected '\('",
    "().__class__ == 1": "is not valid",
    "n.__class__ == 1": r"'\.' is not valid",
    "__import__('os').system('true') == 1": "is not valid|is unknown",
    "(lambda: 1)() == 1": "is not valid",
    "[n for n in k] == 1": "a list stands in steps",
    "min(n, [k]) == 1": "a list stands in steps",
    "n if k else d == 1": "misplaced",
    "f'{n}' == 1": "is not valid",
    "n == 1; k": "is not valid",
    "n == 1\nk": "U\\+000A",
    "n == \x00": "U\\+0000",
    "nоise == 0": "CYRILLIC SMALL LETTER O",
    "n ≤ k": "LESS-THAN OR EQUAL TO",
    "n == １": "FULLWIDTH DIGIT ONE",
    "n == 1\u202e": "RIGHT-TO-LEFT OVERRIDE",
    "\ud800 == 1": "U\\+D800",
}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_no_statement(text):
    with pytest.raises(StatementError, match=HOSTILE[text]) as raised:
        parse(text)
    message = str(raised.value)
    assert message.isprintable()
    assert len(message) < 500


def test_a_statement_is_text():
    with pytest.raises(StatementError, match="text"):
        parse(b"n == 1")


PIECES = [
    *KNOWN,
    *("==", "~", "<=", ">=", "<", ">", "+", "-", "*", "/", "**", "(", ")", ","),
    *("0", "1", "2", "0.5", "1e3", "(n+1)", "noise == 0"),
    *("__class__", "lambda", "ｎ", ".", "'", "\\", "\x00", "when when", "=", "^", ";", "import os"),
]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(string.printable, max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
)


@given(TEXTS)
@example("1" * 999)
@example("-" * 999)
@example("(" * 999)
@example("n+" * 499 + "n")
@settings(max_examples=1500)
def test_any_text_is_a_statement_or_one_line(text):
    try:
        statement = parse(text)
    except StatementError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    for comparison in (statement.comparison, *statement.conditions):
        for node in (*nodes(comparison.left), *nodes(comparison.right)):
            if isinstance(node, Symbol | Quantity):
                assert node.name in KNOWN
            if isinstance(node, Power):
                assert abs(node.exponent) <= 100


def test_quantities_at_other_sizes():
    left = parse("risk_after(cold, n=n+1, k=2) <= risk_before(noise=0)").comparison.left
    assert (left.name, left.start, [name for name, _ in left.sizes]) == (
        "risk_after",
        "cold",
        ["n", "k"],
    )


@pytest.mark.parametrize(
    ("statement", "position", "message"),
    [
        ("risk_after(n=0) > 0", 12, "integers from 1"),
        ("risk_after(k=1/2) > 0", 12, "k = 1/2 leaves the domain"),
        ("risk_after(norm2=0) > 0", 12, "norm2 is positive"),
        ("risk_after(noise=-1) > 0", 12, "noise is not negative"),
        ("risk_after(n=1, n=2) > 0", 17, "given twice"),
        ("risk_after(n=risk_before) > 0", 12, "expression in the names"),
        ("risk_after(alpha=1) > 0", 12, "a size such as n=n"),
        ("risk_after(warm n=1) > 0", 17, "after the start"),
        ("risk_after(n=1, warm) > 0", 17, "a size such as n=n"),
        ("risk_after(n=) > 0", 14, "expected a number"),
        ("n = 1", 3, "write == for equality"),
    ],
)
def test_wrong_sizes(statement, position, message):
    with pytest.raises(StatementError, match=message) as raised:
        parse(statement)
    assert raised.value.position == position
