"""What is said of wrong statements: the right one, word for word, or what is allowed instead."""

import math
import operator
import random
import re
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory.errors import StatementError
from ttt_theory.statements.syntax import (
    QUANTITIES,
    SYMBOLS,
    Number,
    Operation,
    Power,
    Quantity,
    Symbol,
    parse,
)

MARKER = "right would be: "
RELATIONS = {
    "==": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "!=": operator.ne,
}


def said_of(text):
    with pytest.raises(StatementError) as caught:
        parse(text)
    assert str(caught.value).isprintable()
    return str(caught.value)


def corrections(text):
    """Return the statements that a message ends with, one or two readings."""
    _, marker, found = said_of(text).partition(MARKER)
    assert marker
    return found.split(" or ")


def value(node, point):
    """Evaluate a tree by its definition; a quantity is a number of its own here."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Symbol | Quantity):
        return point[node.name, getattr(node, "start", None)]
    if isinstance(node, Power):
        return value(node.base, point) ** node.exponent
    assert isinstance(node, Operation)
    arguments = [value(each, point) for each in node.arguments]
    functions = {
        "+": sum,
        "*": math.prod,
        "neg": lambda each: -each[0],
        "inverse": lambda each: Fraction(1) / each[0],
        "abs": lambda each: abs(each[0]),
        "min": min,
        "max": max,
        "sqrt": lambda each: math.sqrt(each[0]),
        "log": lambda each: math.log(each[0]),
        "exp": lambda each: math.exp(each[0]),
    }
    return functions[node.name](arguments)


def holds(comparison, point):
    sides = (value(side, point) for side in (comparison.left, comparison.right))
    return RELATIONS[comparison.relation](*sides)


def is_true(statement, point):
    given_all = all(holds(each, point) for each in statement.conditions)
    return not given_all or holds(statement.comparison, point)


def points(draw_value, count):
    names = [(name, None) for name in SYMBOLS]
    names += [(name, start) for name in QUANTITIES for start in (None, "warm", "cold")]
    return [{name: draw_value() for name in names} for _ in range(count)]


ONE_READING = {
    "ln(n) <= d": "log(n) <= d",
    "ln n <= d": "log(n) <= d",
    "log10(n) <= d": "(log(n)/log(10)) <= d",
    "1/log2(n) <= d": "1/(log(n)/log(2)) <= d",
    "sigma <= 1": "sqrt(noise) <= 1",
    "sigma**2 <= 1": "noise <= 1",
    "σ² n <= 1": "noise*n <= 1",
    "||beta||^2 <= 1": "norm2 <= 1",
    "‖β‖ <= 1": "sqrt(norm2) <= 1",
    "eta > 0": "step_size > 0",
    "α <= γ": "alpha <= gamma",
    "N <= D": "n <= d",
    "Risk_After <= RISK_BEFORE": "risk_after <= risk_before",
    "risk after <= risk-before": "risk_after <= risk_before",
    "cold_improvement <= 1": "improvement(cold) <= 1",
    "improvement(COLD) <= 1": "improvement(cold) <= 1",
    "improvment <= 1": "improvement <= 1",
    "np.sqrt(n) <= d": "sqrt(n) <= d",
    "e^(-alpha) <= 1": "exp(-alpha) <= 1",
    "n => k": "n >= k",
    "n =< k": "n <= k",
    "n ≤ k": "n <= k",
    "n ≥ k": "n >= k",
    "n = k": "n == k",
    "n === k": "n == k",
    "n ≠ k": "abs(n - k) > 0",
    "n != k + 1": "abs(n - (k + 1)) > 0",
    "n <> k": "abs(n - k) > 0",
    r"\sqrt{n} \leq \alpha": "sqrt(n) <= alpha",
    "n <= k when d == 1 && n > 2": "n <= k when d == 1, n > 2",
    "n <= k when d == 1 and n > 2": "n <= k when d == 1, n > 2",
    "n <= k when d = 1 ∧ n > 2": "n <= k when d == 1, n > 2",
    "n <= k when d == 1; n > 2": "n <= k when d == 1, n > 2",
    "n <= k when d == 1 when n > 2": "n <= k when d == 1, n > 2",
    "n <= k when n == 1 or k == 1": "n <= k when min(abs(n - 1), abs(k - 1)) == 0",
    "n <= k when not n > 3": "n <= k when n <= 3",
    "n <= k if d == 1": "n <= k when d == 1",
    "n <= k where d == 1": "n <= k when d == 1",
    "n <= k, when d == 1": "n <= k when d == 1",
    "n <= k for all d >= 2": "n <= k when d >= 2",
    "n <= k for all n, k, d": "n <= k",
    "n <= k when n, k >= 2": "n <= k when n >= 2, k >= 2",
    "if d == 1 then n <= k": "n <= k when d == 1",
    "if d == 1, k > 2, n <= k": "n <= k when d == 1, k > 2",
    "d == 1 => n <= k": "n <= k when d == 1",
    "n <= k when": "n <= k",
    "n <= k when d == 1,": "n <= k when d == 1",
    "n <= k always": "n <= k",
    "n <= k?": "n <= k",
    "0 <= improvement <= norm2": "min(improvement, norm2 - improvement) >= 0",
    "n < k < d": "min(k - n, d - k) > 0",
    "n > k > d": "min(n - k, k - d) > 0",
    "n == k == d": "max(abs(n - k), abs(k - d)) == 0",
    "n <= k when 1 < d <= 9": "n <= k when 1 < d, d <= 9",
    "n < k or n > k": "max(k - n, n - k) > 0",
    "n^2 == 1": "n**2 == 1",
    "n² == 1": "n**2 == 1",
    "n⁻¹⁰ == 1": "n**-10 == 1",
    "√n <= d": "sqrt(n) <= d",
    "√(n + 1) <= d": "sqrt(n + 1) <= d",
    "|n - k| <= d": "abs(n - k) <= d",
    "|n - |k - d|| <= d": "abs(n - abs(k - d)) <= d",
    "2|n| <= d": "2*abs(n) <= d",
    "abs n <= d": "abs(n) <= d",
    "2n <= d": "2*n <= d",
    "n k <= d": "n*k <= d",
    "nk <= d": "n*k <= d",
    "n(n+1) <= d": "n*(n+1) <= d",
    "norm2(d+1) <= n": "norm2*(d+1) <= n",
    "2n/d <= k": "2*n/d <= k",
    "n**2 d <= k": "n**2*d <= k",
    "[n + 1]*{k} <= d": "(n + 1)*(k) <= d",
    "(n + 1 <= d": "(n + 1) <= d",
    "sqrt(n <= d": "sqrt(n) <= d",
    "n) <= d": "n <= d",
    "improvement(cold <= d": "improvement(cold) <= d",
    "noise <= 0,5": "noise <= 0.5",
    "n <= k when noise <= 2,25, d == 1": "n <= k when noise <= 2.25, d == 1",
    "n <= k when noise <= 2,d ≥ 1": "n <= k when noise <= 2, d >= 1",
    "n <= 1,000,000": "n <= 1000000",
    "n <= 1_000": "n <= 1000",
    "1e3 n <= d": "1e3*n <= d",
    "½ n <= d": "(1/2)*n <= d",
    "n <= 50%": "n <= (50/100)",
    "n == １": "n == 1",
    "'n = 1'": "n == 1",
}


ONE_READING |= {
    f"n <= k when not d {relation} 3": f"n <= k when {opposite}"
    for relation, opposite in (
        *(("<", "d >= 3"), ("<=", "d > 3"), (">", "d <= 3"), (">=", "d < 3")),
        *(("==", "abs(d - 3) > 0"), ("!=", "d == 3")),
    )
}


@pytest.mark.parametrize("text", ONE_READING)
def test_what_would_be_right(text):
    assert corrections(text) == [ONE_READING[text]]
    assert str(parse(ONE_READING[text]).text) == ONE_READING[text]


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1/2d == k", ["1/2*d == k", "1/(2*d) == k"]),
        ("n/k d <= 1", ["n/k*d <= 1", "n/(k*d) <= 1"]),
        ("n^3/2 <= d", ["n**3/2 <= d", "n**(3/2) <= d"]),
        ("n <= 1,000", ["n <= 1.000", "n <= 1000"]),
    ],
)
def test_two_readings_are_both_given(text, readings):
    assert corrections(text) == readings
    assert all(parse(each) for each in readings)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("inf > n", r"nothing is infinite here; write left ~ right for a limit as d grows$"),
        ("n <= ∞", r"nothing is infinite here"),
        ("risk <= 1", r"write risk_before or risk_after$"),
        ("R <= 1", r"write risk_before or risk_after$"),
        ("beta <= 1", r"norm2, its squared norm$"),
        ("lg n <= 1", r"log is the natural logarithm$"),
        ("improvement(hot) <= 1", r"warm or cold"),
        ("improvement(n+1) <= 1", r"\(warm\) or \(cold\), or by \*$"),
        ("n <= k and d == 1", r"one at a time, or conditions after 'when': n <= k; d == 1$"),
        ("n <= k, d == 1", r"conditions follow 'when', with commas between them$"),
        ("0 < n <= k", r"one comparison at a time: 0 < n; n <= k$"),
        ("n ~ k ~ d", r"one comparison at a time: n ~ k; k ~ d$"),
        ("not n <= k", r"opposite relation in place of 'not'$"),
        ("n >= 1 => k", r"conditions after 'when'$"),
        ("√n d <= 1", r"argument of a function in parentheses$"),
        ("sqrt n/d <= 1", r"argument of a function in parentheses$"),
        ("n^2(d+1) <= 1", r"end an exponent with an operator or a space$"),
        ("(n + 2*k <= 1", r"expected '\)' to close the parenthesis; close the parenthesis"),
        ("2*n + 1) <= 1", r"open a parenthesis for each that is closed$"),
        ("1/2n + 1/3k <= 1", r"every product with \* and every denominator in parentheses$"),
        ("n <= 1.2.3", r"one operator between two numbers$"),
        ("N <= n", r"names are in small letters$"),
        ("foo <= 1", r"known are n, k, d, alpha"),
        ("n == 1 when n", r"a relation of its own$"),
        ("n ≈ k", r"the ratio tends to 1 as d grows$"),
        ("abs(n - k <= d", r"close the parenthesis that opens before 'n'$"),
        ("pi <= n", r"numbers as decimals or fractions$"),
    ],
)
def test_where_nothing_is_certain_nothing_is_guessed(text, allowed):
    message = said_of(text)
    assert MARKER not in message
    assert re.search(allowed, message), message


# Expressions as one may write them, beside what they mean.

WRITTEN = {
    "n": ["n", "n"],
    "alpha": ["alpha", "α", "Alpha", r"\alpha"],
    "gamma": ["gamma", "γ"],
    "noise": ["noise", "σ²", "sigma**2", "σ^2", "sigma2", "noise_variance"],
    "norm2": ["norm2", "‖β‖²", "|beta|^2", "task_square"],
    "risk_after(cold)": ["risk_after(cold)", "risk_after[cold]", "cold_risk_after"],
    "improvement": ["improvement", "Improvement", "improvment"],
    "risk_before": ["risk_before", "risk before", "risk-before"],
    "step_size": ["step_size", "eta", "η"],
    "0.5": ["0.5", "½", "0,5"],
    "3": ["3", "３"],
    "1.25e1": ["1.25e1"],
}


class Writer:
    """Draws pairs of texts: in the grammar, and as one may write the same."""

    def __init__(self, draw):
        self.draw = draw

    def pick(self, choices):
        return self.draw(st.sampled_from(choices))

    def atom(self, in_call):
        right = self.pick(list(WRITTEN))
        # In a list of arguments a comma separates; bars and spaces are for whole operands.
        choices = [each for each in WRITTEN[right] if not (in_call and "," in each)]
        return right, self.pick(choices)

    def operand(self, depth, in_call):
        kind = self.pick(["atom", "atom", "call", "group", "power"]) if depth else "atom"
        if kind == "atom":
            return self.atom(in_call)
        if kind == "power":
            # What is raised is in brackets, so that it is clear what.
            right, written = self.sum(depth - 1, False)
            return f"({right})**2", f"({written}){self.pick(['**2', '^2', '²'])}"
        if kind == "group":
            right, written = self.sum(depth - 1, False)
            return f"({right})", self.pick([f"({written})", f"[{written}]", f"{{{written}}}"])
        function = self.pick(["sqrt", "log", "log10", "abs", "exp", "min"])
        right, written = self.sum(depth - 1, function == "min")
        return {
            "sqrt": (f"sqrt({right})", self.pick([f"√({written})", f"np.sqrt({written})"])),
            "log": (f"log({right})", f"ln({written})"),
            "log10": (f"(log({right})/log(10))", f"log10({written})"),
            # Bars within bars that touch could be those of a norm.
            "abs": (f"abs({right})", f"ABS({written})" if "|" in written else f"|{written}|"),
            "exp": (f"exp({right})", f"e^({written})"),
            "min": (f"min({right}, n)", f"minimum({written}, n)"),
        }[function]

    def product(self, depth, in_call):
        right, written = self.operand(depth, in_call)
        for _ in range(self.draw(st.integers(0, 2))):
            other_right, other_written = self.operand(depth, in_call)
            sign = self.pick(["*", "*", "/"])
            signs = {"*": ["*", "·", " × ", " "], "/": [" / ", " ÷ "]}[sign]
            joint = self.pick(signs)
            if joint == " " and not self.clear(written, other_written):
                joint = "*"
            right += sign + other_right
            written += joint + other_written
        return right, written

    @staticmethod
    def clear(before, after):
        """Whether operands side by side are a product and nothing else."""
        denominator = any(sign in before for sign in "/÷")
        word = after[0].isalpha() and before[-1] not in "dk"
        starts = not before.endswith(("e", "t", "r", "E")) or after[0].isalpha()
        return not denominator and (word or after[0] in "αγση√") and starts

    def sum(self, depth, in_call):
        right, written = self.product(depth, in_call)
        for _ in range(self.draw(st.integers(0, 2))):
            other_right, other_written = self.product(depth, in_call)
            sign = self.pick("+-")
            right += sign + other_right
            written += {"+": " + ", "-": self.pick([" - ", " − "])}[sign] + other_written
        return right, written


@st.composite
def pairs(draw):
    writer = Writer(draw)
    left, right = writer.sum(1, False), writer.sum(1, False)
    relation, written = writer.pick(
        [("<=", "≤"), ("<=", "=<"), (">=", "≥"), (">=", "=>"), ("==", "="), ("<", "<"), ("~", "∼")]
    )
    return (
        f"{left[0]} {relation} {right[0]}",
        f"{left[1]}{writer.pick(['', ' '])}{written} {right[1]}",
    )


def close(left, right):
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


@hypothesis_settings(max_examples=500, deadline=None)
@given(pairs())
@example(("n/alpha*gamma <= 1", "n/alpha γ ≤ 1"))
def test_expressions_keep_their_meaning(pair):
    right, written = pair
    intended = parse(right)
    try:
        found = [parse(written)]
    except StatementError:
        found = list(map(parse, corrections(written)))
    rng = random.Random(0)
    # As far as values go: operations may be undefined at a point.
    for point in points(lambda: rng.uniform(0.5, 3.0), 3):
        try:
            expected = [value(side, point) for side in sides(intended)]
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        assert any(
            all(map(close, expected, (value(side, point) for side in sides(each))))
            for each in found
        ), (right, written, [each.text for each in found])
    assert {each.comparison.relation for each in found} == {intended.comparison.relation}


def sides(statement):
    return statement.comparison.left, statement.comparison.right


# Statements of several comparisons, beside their truth at a point.

OPERANDS = {
    "n": lambda p: p["n"],
    "k": lambda p: p["k"],
    "2": lambda p: 2,
    "d + 1": lambda p: p["d"] + 1,
    "n - k": lambda p: p["n"] - p["k"],
}
SIGNS = {
    "==": ["==", "=", "==="],
    "<=": ["<=", "≤", "=<"],
    ">=": [">=", "≥"],
    "<": ["<"],
    ">": [">"],
    "!=": ["!=", "≠", "<>"],
}


@st.composite
def logic(draw):
    """Draw a text of claims and conditions, and a function that tells whether it is true."""

    def comparison(chained):
        count = draw(st.integers(2, 3)) if chained else 2
        names = [draw(st.sampled_from(list(OPERANDS))) for _ in range(count)]
        relations = [draw(st.sampled_from(list(SIGNS))) for _ in range(count - 1)]
        text = names[0]
        for relation, name in zip(relations, names[1:], strict=True):
            text += f" {draw(st.sampled_from(SIGNS[relation]))} {name}"

        def truth(point):
            values = [OPERANDS[name](point) for name in names]
            return all(
                RELATIONS[relation](*each)
                for relation, *each in zip(relations, values, values[1:], strict=False)
            )

        return text, truth

    claim, claimed = comparison(chained=True)
    conditions = [comparison(chained=True) for _ in range(draw(st.integers(0, 2)))]
    either = [comparison(chained=False) for _ in range(draw(st.sampled_from([0, 0, 2])))]
    texts = [text for text, _ in conditions]
    if either:
        texts.append(draw(st.sampled_from([" or ", " || ", " ∨ "])).join(t for t, _ in either))
    between = "; " if either else draw(st.sampled_from([", ", " and ", " && ", " ∧ ", "; "]))
    given_text = between.join(texts)

    def truth(point):
        met = all(each(point) for _, each in conditions)
        met = met and (not either or any(each(point) for _, each in either))
        return not met or claimed(point)

    if not texts:
        return draw(st.sampled_from([claim, f"{claim} always", f"{claim}."])), truth
    word = draw(st.sampled_from([" when ", " if ", ", where ", " given that ", " for all "]))
    shapes = [f"{claim}{word}{given_text}", f"if {given_text} then {claim}"]
    return draw(st.sampled_from([*shapes, f"{given_text} ⇒ {claim}"])), truth


@hypothesis_settings(max_examples=500, deadline=None)
@given(logic())
def test_statements_keep_their_meaning(pair):
    text, truth = pair
    try:
        statement = parse(text)
    except StatementError as error:
        _, marker, found = str(error).partition(MARKER)
        # Strict and other relations have no single one in common, and say so.
        assume(marker)
        statement = parse(found)
    rng = random.Random(0)
    for point in points(lambda: Fraction(rng.randint(1, 4)), 30):
        named = {name: point[name, None] for name in SYMBOLS}
        assert is_true(statement, point) == truth(named), (text, statement.text)


def test_a_long_statement_is_written_out():
    sum_of_many = " + ".join(["n"] * 240)
    assert corrections(f"{sum_of_many} ≤ d") == [f"{sum_of_many} <= d"]


PIECES = [
    *("≤", "≥", "=>", "==>", "&&", "||", "|", "√", "σ", "²", "½", "∞", "for all", "if", "then"),
    *("ln", "log10", "beta", "norm", "e", "np.", "[", "]", "{", "}", "(", ")", ",", ";", ":", "%"),
    *("n", "k", "2", "0,5", "1,000", "risk", "after", "-", "+", "*", "/", "^", "**", "not", "or"),
    *("when", "improvement", "(cold)", "warm", "min", "=", "n=", "~", "<", " "),
]


@hypothesis_settings(max_examples=1500)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("(" * 999)
@example("2^" * 400)
@example("|" * 999)
@example("n when " * 140)
@example("-" * 999 + "ln")
def test_any_text_gets_one_line_and_every_correction_is_a_statement(text):
    try:
        parse(text)
        return
    except StatementError as error:
        message = str(error)
    assert message.isprintable()
    _, marker, found = message.partition(MARKER)
    for reading in found.split(" or ") if marker else ():
        assert parse(reading).text != text
