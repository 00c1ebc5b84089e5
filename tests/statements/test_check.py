"""Verdicts on statements: every one is compared with Python's own arithmetic at exact points."""

import dataclasses
import functools
import itertools
import json
import math
import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import flint
import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import ttt_theory as ttt
from tests.reference import entry
from ttt_theory import cli
from ttt_theory.errors import InvalidSettingError, StatementError
from ttt_theory.linear.closed_form import isotropic
from ttt_theory.statements import checking, deciding, evaluation, search
from ttt_theory.statements.given_setting import NotExactError, setting_values
from ttt_theory.statements.proofs import Proof
from ttt_theory.statements.syntax import Quantity
from ttt_theory.testing import settings as any_setting

EXAMPLES = Path(__file__).parents[2] / "examples"

COUNTS = (1, 2, 3, 40)
POINTS = [
    {"n": n, "k": k, "d": d, "norm2": norm2, "noise": noise}
    for (n, k, d), (norm2, noise) in zip(
        itertools.product(COUNTS, repeat=3),
        itertools.cycle(
            itertools.product(
                map(Fraction, ("1", "1/3", "10")), map(Fraction, ("0", "1", "1/7", "20"))
            )
        ),
        strict=False,
    )
]
NOISELESS = [{**point, "noise": Fraction(0)} for point in POINTS]


def decimal(value):
    """The shortest decimal that denotes a float."""
    return Fraction(repr(value))


def rational(value):
    return flint.fmpq(*Fraction(value).as_integer_ratio())


class Names(dict):
    """The names of a statement at a point; quantities are computed when they are asked for."""

    def __init__(self, point):
        super().__init__({name: rational(value) for name, value in point.items()})
        self.arguments = [self[name] for name in ("n", "k", "d", "norm2", "noise")]
        self |= {"alpha": self["n"] / self["d"], "gamma": self["k"] / self["d"]}
        self |= {"min": min, "max": max, "abs": abs, "F": flint.fmpq}

    def __missing__(self, name):
        quantity, _, start = name.rpartition("_")
        if start not in ("warm", "cold"):
            quantity, start = name, "warm"
        self[name] = getattr(isotropic, f"{start}_{quantity}")(*self.arguments)
        return self[name]


def python_value(text, point):
    """Evaluate an expression by Python: nothing of the package but the formulas."""
    text = re.sub(r"\((warm|cold)\)", r"_\1", text)
    # Exponents stay integers.
    text = re.sub(r"(?<![\w.])(?<!\*\*)(\d+)(?![\w.])", r"F(\1)", text)
    return eval(text, {"__builtins__": {}}, Names(point))


def violations(statement, points):
    """Return the points that satisfy the conditions and not the claim."""
    claim, _, conditions = statement.partition(" when ")
    parts = conditions.split(", ") if conditions else []
    found = []
    for point in points:
        try:
            if all(python_value(part, point) for part in parts) and not python_value(claim, point):
                found.append(point)
        except ZeroDivisionError:
            continue
    return found


def confirm(statement, answer):
    """Fail unless a verdict agrees with evaluation by Python."""
    if answer["verdict"] == "proved":
        assert not violations(statement, [*POINTS, *NOISELESS])
    elif answer["verdict"] == "refuted":
        point = {name: Fraction(answer["counterexample"][name]) for name in POINTS[0]}
        assert min(point.values()) >= 0
        assert point["norm2"] > 0
        assert all(point[name] >= 1 and point[name].denominator == 1 for name in "nkd")
        assert violations(statement, [point])
        left, right = re.split("==|<=|>=|<|>", statement.partition(" when ")[0])
        assert python_value(left, point) == rational(answer["counterexample"]["left"])
        assert python_value(right, point) == rational(answer["counterexample"]["right"])
    else:
        assert answer["verdict"] == "undecided"


@pytest.fixture(autouse=True, scope="module")
def computed_once():
    """Compute a formula once at a point: most searches go through the same ones."""
    formula = evaluation.formula_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            evaluation,
            "formula_of",
            functools.cache(lambda name, start: functools.cache(formula(name, start))),
        )
        yield


@pytest.fixture
def hasty(monkeypatch):
    """Decide without long searches and without shrinking: what is found out must be as true."""
    monkeypatch.setattr(deciding, "_MORE_POINTS", 1000)
    monkeypatch.setattr(search, "_shrink", lambda *_: None)


TRUE = [
    "improvement(cold) == norm2*k*n**2/((d+k+1)*(n**2+4*n+d+3)) when noise == 0",
    "risk_before == norm2*(d+1)/(n+d+1) when noise == 0",
    "risk_before(cold) == norm2 + noise",
    "risk_before - risk_after == improvement",
    "risk_after(cold) == risk_before(cold) - improvement(cold)",
    "risk_after <= risk_before",
    "risk_after(cold) < risk_before(cold)",
    "risk_after > 0",
    "noise <= risk_after(cold)",
    "improvement <= norm2*k/(k+d)*d**3/(n+d)**3 when noise == 0",
    "improvement(cold) < norm2*k/(k+d)",
    "risk_after(warm) <= risk_after(cold) when gamma <= (alpha+1)**2/(alpha+2), noise == 0",
    "risk_after(cold) >= risk_after(warm) when noise == 0, k <= n, n >= d",
    "risk_after(warm) <= norm2 + noise when noise <= norm2",
    "improvement == 0 when d == 1, noise == 0",
    "n*k >= n + k - 1",
    "n**2 - 600*n + 90001 > 0",
    "(n-3)*(n-4) >= 0",
    "(n-1)*(k-1)*(d-1) >= 0",
    "4*n*k <= (n+k)**2",
    "noise*(1-noise) <= 1/4",
    "norm2 + 1/norm2 >= 2",
    "n*d == 2*n**2 when alpha == 1/2",
    "n*k == 12 when n == 3, k == 4",
    "k*d <= n when n == d**2, k <= d",
    "n >= 2 when n > d",
    "n**2 >= 4 when k == n**2 - 3",
    "n**2 + k**2 >= 2*d**2 when n >= d, k >= d",
    "noise**2 <= noise when noise <= 1",
    "noise**2 < 2 when noise < 1",
    "n**3 <= 1000 when n <= 10",
    "abs(n-k) <= n+k",
    "abs(abs(abs(n-k)-d)-n) <= n+k+d",
    "max(n,d) == n when n >= d",
    "min(n,k,d)*3 <= n+k+d",
    "min(n,k) + max(n,k) == n + k",
    "1/(n-d) == (n+d)/(n**2-d**2)",
    "n <= k when n**2 <= k**2 + 2",
    "risk_after(cold) < risk_after(warm) when d >= 10**6, alpha == 1/2, gamma >= 2, noise == 0",
    "min(risk_after(warm), risk_after(cold)) <= risk_before(warm)",
    "max(risk_after, noise) <= max(risk_before, noise)",
]
FALSE = {
    "risk_after < risk_before": {"n": "1", "k": "1", "d": "1", "norm2": "1", "noise": "0"},
    "risk_after(cold) <= risk_after(warm) when gamma >= (alpha+1)**2/(alpha+2), noise == 0": {
        "n": "1", "k": "2", "d": "1", "norm2": "1", "noise": "0",
    },
    "improvement == norm2*k/(k+d)*d**3/(n+d)**3 when noise == 0": {},
    "risk_before(warm) <= risk_before(cold)": {},
    "improvement(cold) >= improvement(warm)": {},
    "n**2 - 600*n + 90000 > 0": {"n": "300", "k": "1", "d": "1"},
    "n < 10**7": {"n": "10000000"},
    "d*n < 30 when n == 3, d > 10": {"d": "11"},
    "n*d == 2*n**2 when alpha == 1/3": {"n": "1", "d": "3"},
    "3*n == 2*d + 1 when alpha == 2/3": {"n": "2", "d": "3"},
    "noise <= 2*noise**2": {},
    "norm2 >= 1/1000": {},
    "n <= k when n**2 <= k**2 + 3": {"n": "2", "k": "1"},
    "noise <= risk_after(warm) - improvement": {},
    "norm2 <= 10**9": {},
    "noise < 123456789": {"noise": "123456789"},
    "risk_after >= risk_before/20": {},
    "improvement <= 7/8*risk_after": {},
    "n**2 < 10**20": {},
}  # fmt: skip


@pytest.mark.parametrize("statement", TRUE)
def test_true_statements_are_proved(statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "proved", answer["tried"]
    confirm(statement, answer)


@pytest.mark.parametrize("statement", FALSE)
def test_false_statements_are_refuted(statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "refuted", answer["tried"]
    assert FALSE[statement].items() <= answer["counterexample"].items()
    confirm(statement, answer)


def mutants(statement):
    """Return the statement with one number, name or relation changed, each in turn."""
    swaps = {"n": "k", "k": "d", "d": "n", "<=": "<", ">=": ">", "+": "-", "-": "+", "**": "*"}
    swaps |= {"<": ">", ">": "<", "==": "<", "cold": "warm", "warm": "cold", "norm2": "noise"}
    claim, when, conditions = statement.partition(" when ")
    tokens = re.findall(r"\w+|\*\*|[<>=]=|.", claim)
    for index, token in enumerate(tokens):
        new = str(int(token) + 1) if token.isdigit() else swaps.get(token)
        if new is not None:
            yield "".join([*tokens[:index], new, *tokens[index + 1 :]]) + when + conditions


@pytest.mark.parametrize("statement", [*TRUE[:10], *TRUE[15:18]])
def test_mutants_of_true_statements(hasty, statement):
    verdicts = []
    for mutant in mutants(statement):
        try:
            answer = deciding.decided(mutant, None)
        except StatementError:
            continue
        confirm(mutant, answer)
        verdicts.append(answer["verdict"])
        if violations(mutant, [*POINTS, *NOISELESS]):
            assert answer["verdict"] == "refuted", mutant
    assert verdicts


LEAVES = st.sampled_from(["n", "k", "d", "norm2", "noise", "alpha", "gamma", "1", "2", "3", "7"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({''.join(parts)})"),
        inner.map(lambda base: f"({base})**2"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda parts: f"{parts[0]}({parts[1]},{parts[2]})"
        ),
        inner.map(lambda argument: f"abs({argument})"),
    ),
    max_leaves=5,
)
COMPARISONS = st.tuples(
    EXPRESSIONS, st.sampled_from(["==", "<=", ">=", "<", ">"]), EXPRESSIONS
).map(" ".join)
STATEMENTS = st.tuples(COMPARISONS, st.lists(COMPARISONS, max_size=2)).map(
    lambda parts: parts[0] + (f" when {', '.join(parts[1])}" if parts[1] else "")
)


@given(STATEMENTS)
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.nested_given],
)
def test_random_statements(hasty, statement):
    try:
        answer = deciding.decided(statement, None)
    except StatementError:
        assert not violations(f"0 == 1 when {statement.partition(' when ')[2]}", POINTS)
        return
    confirm(statement, answer)
    if answer["verdict"] == "undecided":
        assert answer["tried"]


LIMITS = {
    "improvement ~ norm2*k/(k+d)*d**3/(n+d)**3 when noise == 0": "1",
    "improvement(cold) ~ norm2*k/(k+d) when noise == 0": "1",
    "step_size ~ d/(2*(k+d)*n**2*(n+d)*norm2) when noise == 0": "1",
    "n + 1 ~ n": "1",
    "sqrt(d) + 1 ~ sqrt(d)": "1/2",
    "d**2 + d + n ~ d**2 when alpha == 1": "1",
    "n - d + 1 ~ n - d when n > d": "1",
    "max(n, d) ~ n when n >= d": None,
    "sqrt(n*d) ~ sqrt(alpha)*d": None,
    "(n**2 - d**2)/(n + d) ~ n - d when alpha > 1": None,
}


@pytest.mark.parametrize("statement", LIMITS)
def test_limits_are_proved(statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "asymptotic", answer["tried"]
    order = answer["order"]
    assert (order and order["exponent"]) == LIMITS[statement]
    if order is None:
        return
    # At d = 10^12 the error is its leading term but for one part in a thousand.
    claim = statement.partition(" when ")[0]
    d = Fraction(10**12)
    point = {"n": 3 * d, "k": d / 2, "d": d, "norm2": Fraction(2), "noise": Fraction(0)}
    if "alpha == 1" in statement:
        point["n"] = d
    left, right = (
        python_value(each.replace("sqrt(d)", "10**6"), point) for each in claim.split("~")
    )
    coefficient = python_value(order["coefficient"], point)
    scale = 10**12 if order["exponent"] == "1" else 10**6
    assert abs((left / right - 1) * scale / coefficient - 1) < flint.fmpq(1, 1000)


@pytest.mark.parametrize(
    ("statement", "order"),
    [
        ("noise*d**2 + d + 1 ~ noise*d**2 + d", {"exponent": "1", "coefficient": None}),
        ("noise*d**2 + d + noise ~ noise*d**2 + d", {"exponent": "2", "coefficient": None}),
        ("abs(n-d) + 1 ~ abs(n-d) + 1 + 1/d", {"exponent": "1", "coefficient": None}),
        ("max(n,k) + 1 ~ max(n,k)", {"exponent": "1", "coefficient": None}),
        ("(noise*d+1)*(d+1) ~ (noise*d+1)*d", {"exponent": "1", "coefficient": "1"}),
        ("d**2 + sqrt(alpha)*d ~ (d**2*sqrt(alpha)+alpha*d)/sqrt(alpha)", None),
        (
            "d + 1/(alpha-1) ~ d when alpha > 1",
            {"exponent": "1", "coefficient": "1/(alpha - 1)"},
        ),
        (
            "sqrt(alpha+1)*n + 1 ~ sqrt(alpha+1)*n",
            {"exponent": "1", "coefficient": "1/(sqrt(alpha + 1)*alpha)"},
        ),
        ("d + log(d) ~ d", {"exponent": "1", "coefficient": "log(d)"}),
        ("log(n) ~ log(d)", {"exponent": "0", "coefficient": "(log(alpha))/log(d)"}),
        ("log(n*k) ~ log(n) + log(k)", None),
        ("log(1+1/d)*d ~ 1", {"exponent": "1", "coefficient": "-1/2"}),
        ("d + exp(-d) ~ d", {"exponent": "infinity", "coefficient": None}),
        ("min(n, k) ~ n when alpha <= gamma", None),
        ("max(sqrt(n), sqrt(k)) ~ sqrt(n) when alpha == gamma", None),
        (
            "sqrt(risk_before) ~ sqrt(norm2/(1+alpha)) when noise == 0",
            {"exponent": "1", "coefficient": "alpha/(2*(alpha + 1))"},
        ),
        (
            "risk_before ~ norm2/(1+alpha) when noise <= 1/d",
            {"exponent": "1", "coefficient": "alpha/(alpha + 1)"},
        ),
        ("sqrt(d + sqrt(d + sqrt(d))) ~ sqrt(d)", {"exponent": "1/2", "coefficient": "1/2"}),
        ("d + sqrt(sqrt(d)) ~ d", {"exponent": "3/4", "coefficient": "1"}),
        (
            "sqrt(n+1) - sqrt(n) ~ 1/(2*sqrt(n))",
            {"exponent": "1", "coefficient": "-1/(4*alpha)"},
        ),
        (
            "d**2 + sqrt(sqrt((alpha-1)**4*d**4 + d)) ~ d**2",
            {"exponent": "1", "coefficient": None},
        ),
        ("log(1 + exp(d)) ~ d", {"exponent": "infinity", "coefficient": None}),
    ],
)
def test_orders_that_hold_everywhere(statement, order):
    answer = deciding.decided(statement, None)
    assert (answer["verdict"], answer["order"]) == ("asymptotic", order)
    said = any("no one expression" in step for step in answer["tried"])
    several = order is not None and order["coefficient"] is None
    assert said == (several and order["exponent"] != "infinity")


@pytest.mark.parametrize(
    ("statement", "point"),
    [
        ("sqrt((n-2*d)**2*(k-d)) + k >= d", {"k": "1"}),
        ("(n-5)*(k-5)*(d-5) == (n-5)*(k-5)*(d-5) + 1 when (n-4)*(k-6) == 0", {}),
        ("sqrt((n-2*d)**2*(k-d)) + k >= d when n == 2*d", {"n": "4", "k": "1", "d": "2"}),
        ("n*alpha ~ n when alpha < 3/4", {"alpha": "1/2"}),
        ("(n + noise*d)/n ~ 1 when alpha == 1/2", {"alpha": "1/2"}),
    ],
)
def test_a_wrong_proof_is_caught_at_small_points(monkeypatch, statement, point):
    monkeypatch.setattr(deciding, "_FIRST_POINTS", 0)
    monkeypatch.setattr(deciding, "_FIRST_LIMITS", 0)
    monkeypatch.setattr(deciding, "_MORE_POINTS", 0)
    monkeypatch.setattr(deciding, "_proof", lambda *_: (Proof(True, ()), None))
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "refuted"
    assert point.items() <= answer["counterexample"].items()


def test_a_counterexample_is_locally_smallest():
    statement = (
        "risk_after(cold) <= risk_after(warm) when alpha == 1/2, gamma == 1, d >= 50, noise == 0"
    )
    found = deciding.decided(statement, None)["counterexample"]
    assert [found[name] for name in "nkd"] == ["25", "50", "50"]


@pytest.mark.parametrize(
    "statement",
    ["n*k < 5000", "n + k*d < 300 when d >= 7", "n**2 + k**2 < 90*d when n > k", "norm2*n < 777"],
)
def test_no_count_of_a_counterexample_can_be_lowered(statement):
    answer = deciding.decided(statement, None)
    confirm(statement, answer)
    point = {name: Fraction(answer["counterexample"][name]) for name in POINTS[0]}
    for name in "nkd":
        smaller = [{**point, name: Fraction(value)} for value in range(1, int(point[name]))]
        assert not violations(statement, smaller[-64:])


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("1/0 == 1/0", "a side is defined nowhere"),
        ("exp(d)*exp(d**2) ~ exp(d**2+d)", "could be evaluated"),
        ("sqrt(2) == 1.4142135623730950488016887242", "evaluated with certainty"),
    ],
)
def test_messages(statement, message):
    assert any(message in line for line in deciding.decided(statement, None)["tried"])


def test_what_stays_fixed_in_a_limit():
    with pytest.raises(StatementError, match="norm2 and noise as d grows"):
        deciding.decided("n ~ d when norm2 == d", None)


@pytest.mark.parametrize(
    ("statement", "limit"),
    [
        ("improvement ~ norm2*k/(k+d)*d**2/(n+d)**2 when noise == 0", "1/2"),
        ("improvement ~ norm2*k/(k+d)*d**3/(n+d)**3", None),
        ("improvement(cold) ~ norm2*n/(k+d) when noise == 0", None),
        ("improvement(cold) ~ norm2*k/(k+d) when noise == 1", "2/3"),
        ("n - d + 1 ~ n - d", "none, as the right side is 0"),
        ("n - 17/13*d ~ n - 17/13*d", "none, as the right side is 0"),
        ("n**2 ~ n", "infinity"),
        ("n ~ n**2", "0"),
        ("max(n, d) ~ n", None),
        ("sqrt(n*d) ~ d", None),
        ("d + sqrt(sqrt(1 + (alpha-1)**2*d**20)) ~ d", "infinity"),
        ("d + sqrt(sqrt(1 + (gamma-3)**2*d**20)) ~ d when gamma >= 2", "infinity"),
        ("sqrt(1 + abs(alpha - gamma)*d) ~ 1", "infinity"),
        ("d - sqrt(sqrt(1 + (noise-2)**4*d**20)) ~ d", "-infinity"),
        ("sqrt(d + sqrt(sqrt(d**4 + d**9))) ~ sqrt(d)", "infinity"),
        ("max(sqrt(1 + (alpha-1)**2*d), 2) ~ 2", "infinity"),
        ("log(d + sqrt(d**6)) ~ log(d)", "3"),
        ("log(1 + (alpha-1)*d) ~ log(d) when alpha >= 1", "0"),
        ("log(alpha)*d + 1 ~ log(alpha)*d", "none, as the right side is 0"),
        ("exp(1/d + alpha) ~ exp(alpha)*(1 + noise)", None),
        ("exp(d) ~ exp(d + 1)", None),
        ("sqrt(n) - sqrt(k) + 1 ~ sqrt(n) - sqrt(k)", "none, as the right side is 0"),
    ],
)
def test_wrong_limits_are_refuted(hasty, statement, limit):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "refuted", answer["tried"]
    found = answer["counterexample"]
    assert found["limit"] != "1"
    assert limit is None or found["limit"] == limit
    claim = statement.partition(" when ")[0]
    if re.search("sqrt|log|exp|inf|none", claim + found["limit"]):
        return
    d = 10**12 * math.lcm(*(Fraction(found[name]).denominator for name in ("alpha", "gamma")))
    point = {name: Fraction(found[name]) for name in ("norm2", "noise")}
    point |= {"n": Fraction(found["alpha"]) * d, "k": Fraction(found["gamma"]) * d, "d": d}
    left, right = (python_value(each, point) for each in claim.split("~"))
    assert abs(left / right - rational(found["limit"])) < flint.fmpq(1, 10**6)


@pytest.mark.parametrize(
    "statement",
    [
        "n == n when d < 1",
        "n == n when k == d, k > d",
        "n == n when n == 1.5",
        "n == n when sqrt(-n) < 1",
        "n ~ n when k == 10",
        "n ~ n when n == d**2",
        "n ~ n when n > 2*d, n < d",
        "n == n when sqrt(n) < 0",
    ],
)
def test_contradictory_conditions_are_no_statement(statement):
    with pytest.raises(StatementError, match="condition"):
        deciding.decided(statement, None)


@pytest.mark.parametrize(
    "statement",
    [
        "1/(n-n) == 1/(n-n)",
        "sqrt(-n) == sqrt(-n)",
        "log(-1) < 0",
        "1/(sqrt(n)*sqrt(k)-sqrt(n*k)) == 1/(sqrt(n)*sqrt(k)-sqrt(n*k))",
        "sqrt(2) == 1.4142135623730950488016887242",
        "exp(log(n)) == n",
        "exp(d)*exp(d**2) ~ exp(d**2+d)",
        "n == n when n**2 == 2",
        "n == n when 1/(n-n) == 1",
        "max(exp(d), n) ~ n",
        "max(sqrt(n**2+3*d+1), n/2) ~ n/2",
    ],
)
def test_what_is_said_of_no_point_is_not_proved(hasty, statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] in ("undecided", "refuted")
    assert answer["tried"]


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("sqrt(norm2)**2 == norm2", "proved"),
        ("sqrt(norm2*n**2) == n*sqrt(norm2)", "proved"),
        ("sqrt(n)*sqrt(k) == sqrt(n*k)", "proved"),
        ("sqrt((n-d)**2) == abs(n-d)", "proved"),
        ("sqrt((n-d)**2) == n-d", "refuted"),
        ("sqrt(8) == 2*sqrt(2)", "proved"),
        ("sqrt(n*k) <= (n+k)/2", "proved"),
        ("sqrt(n*k) < (n+k)/2", "refuted"),
        ("sqrt(n+k) < sqrt(n) + sqrt(k)", "proved"),
        ("sqrt(n) + sqrt(k) <= sqrt(n+k)", "refuted"),
        ("exp(noise) > 0", "proved"),
        ("exp(noise) >= 1", "proved"),
        ("exp(noise) > 1", "refuted"),
        ("exp(1-n) <= 1", "proved"),
        ("exp(-risk_before) <= 1", "proved"),
        ("exp(n-d) >= 1", "refuted"),
        ("exp(-noise)*exp(noise) == 1", "proved"),
        ("log(n) >= 0", "proved"),
        ("log(n) > 0", "refuted"),
        ("log(norm2) >= 0", "refuted"),
        ("exp(1) < 2.71828182845904523536", "refuted"),
        ("(n**50)**7 > 1e-30", "proved"),
        ("exp(1) == 2.71828182845904523536", "refuted"),
        ("sqrt(risk_after) <= sqrt(risk_before)", "proved"),
        ("log(risk_before(cold)) >= log(noise) when noise > 0", "proved"),
        ("exp(-alpha) <= 1/(1+alpha)", "proved"),
        ("exp(-alpha) < 1/(2+alpha)", "refuted"),
        ("exp(alpha) <= 1/(1-alpha) when alpha < 1", "proved"),
        ("exp(alpha) >= 1 + alpha + alpha**2/2", "proved"),
        ("exp(alpha) >= 1 + 2*alpha", "refuted"),
        ("risk_before >= norm2*exp(-alpha) when noise == 0", "proved"),
        ("log(norm2) <= norm2 - 1", "proved"),
        ("log(norm2) < norm2 - 1", "refuted"),
        ("log(1 + alpha) <= alpha", "proved"),
        ("log(n*k) == log(n) + log(k)", "proved"),
        ("log(n+k) - log(n) <= k/n", "proved"),
        ("n <= d**2 when sqrt(n) <= d", "proved"),
        ("n < d**2 when sqrt(n) <= d", "refuted"),
        ("n == d**2 when sqrt(n) == d", "proved"),
        ("-1/(1 + sqrt(n)) <= -1/(1 + sqrt(n+k))", "proved"),
        ("(sqrt(n) - 2)*(sqrt(k) - 3) <= (sqrt(n+1) - 2)*(sqrt(k) - 3)", "refuted"),
        ("(sqrt(n) - 9)**2 <= (sqrt(n+k) - 9)**2", "refuted"),
        ("min(sqrt(n), log(k)) <= sqrt(n+d)", "proved"),
        ("exp(sqrt(n)/d) < exp(sqrt(n+1)/d) + noise", "proved"),
        ("abs(sqrt(n) - sqrt(k)) <= sqrt(n) + sqrt(k)", "proved"),
    ],
)
def test_roots_logarithms_and_exponentials(hasty, statement, verdict):
    assert deciding.decided(statement, None)["verdict"] == verdict


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("risk_before(n=n+1) < risk_before when noise == 0", "proved"),
        ("risk_before(n=n+1) < risk_before", "refuted"),
        ("risk_after(n=n+1) <= risk_after when noise == 0", "refuted"),
        ("risk_after(k=k+1) < risk_after when d >= 2, noise == 0", "proved"),
        ("risk_after(cold, n=n+1) < risk_after(cold) when noise == 0", "proved"),
        ("risk_after(cold, d=d+1) > risk_after(cold) when noise == 0", "proved"),
        ("risk_before(cold, noise=noise+1) == risk_before(cold) + 1", "proved"),
        ("risk_before(norm2=2*norm2) == 2*risk_before when noise == 0", "proved"),
        ("risk_before(n=k, k=n) == risk_before when n == k", "proved"),
        ("risk_before(n=2*n, d=2*d) <= risk_before when noise == 0", "proved"),
        ("risk_before(n=n-1) > risk_before when noise == 0", "proved"),
        ("risk_before(n=n/2) > risk_before when noise == 0", "proved"),
        ("risk_after(k=3) >= risk_after when k >= 3, noise == 0", "proved"),
        ("risk_after(k=3) >= risk_after when noise == 0, d == 2", "refuted"),
        ("risk_before(n=2*n, d=2*d) ~ risk_before", "asymptotic"),
        ("risk_before(n=2*n) ~ risk_before", "refuted"),
        ("risk_after(k=k+d) ~ risk_after(k=k+d+1)", "asymptotic"),
        ("risk_before(noise=0) ~ norm2/(1+alpha)", "asymptotic"),
    ],
)
def test_quantities_at_other_sizes(statement, verdict):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == verdict, answer["tried"]


@pytest.mark.parametrize("size", ["n=n-1", "n=(n+1)/2", "norm2=norm2-1", "noise=noise-1/2"])
def test_sizes_that_may_leave_the_domain_are_said_to(size):
    answer = deciding.decided(f"risk_before(cold, {size}) > 0", None)
    assert answer["verdict"] == "proved"
    assert any("only where these are in the domain" in line for line in answer["tried"])
    assert any("may not be everywhere" in line for line in answer["tried"])


def test_sizes_of_a_setting():
    setting = ttt.Setting.from_toml(EXAMPLES / "noncommuting.toml")
    longer = dataclasses.replace(
        setting, context_length=2 * setting.context_length, pretraining=ttt.Pretraining()
    )
    unshifted = dataclasses.replace(setting, pretraining=ttt.Pretraining())
    exact = ttt.one_step_risk(longer).risk_before
    for factor, verdict in ((0.999, "refuted"), (1.001, "proved")):
        statement = f"risk_before(n=2*n) <= {repr(exact * factor)[:20]}"
        assert deciding.decided(statement, unshifted)["verdict"] == verdict
    with pytest.raises(StatementError, match="give n or k only"):
        deciding.decided("risk_before(d=2) <= 1", unshifted)


@given(any_setting(3, max_count=5, extreme_scales=False))
@settings(max_examples=20)
def test_values_of_a_setting(setting):
    risk = ttt.one_step_risk(setting)
    try:
        values = setting_values(setting)
    except NotExactError:
        reject()
    for name in ("risk_before", "risk_after", "improvement", "step_size"):
        value = values.quantity(Quantity(name, None))
        exact = float(Fraction(int(value.p), int(value.q)))
        # A difference of nearly equal numbers is what floats may lose of an improvement.
        scale = abs(exact) if name == "step_size" else risk.risk_before
        assert abs(exact - getattr(risk, name)) <= 1e-10 * scale
    assert values.symbol("norm2") == rational(sum(Fraction(float(x)) ** 2 for x in setting.task))


EXACT_COVARIANCES = [
    ttt.Isotropic(4, scale=0.1),
    ttt.Diagonal([0.1, 0.0, 0.3, 7.0]),
    ttt.PowerLaw(4, 2.0, scale=0.1),
    ttt.Spiked(4, [0.1, -1.0]),
    ttt.Spiked(4, [-1.0], [[0.1, 0.2, 0.3, 0.4]]),
    ttt.FactorModel([0.0, 0.0, 0.1, 0.1], [[0.1], [0.2], [0.3], [0.4]]),
    ttt.AR1(4, -1.0),
    ttt.AR1(4, 0.1),
    ttt.Equicorrelated(6, -0.2),
    ttt.Equicorrelated(4, 0.1, scale=0.7),
    ttt.Dense([[0.1, 0.3], [0.3, 0.9]]),
    ttt.Empirical([[0.1, 0.2, 0.3], [0.4, 0.7, 0.1], [0.5, 0.9, 1.1]]),
    ttt.Kronecker([ttt.Equicorrelated(3, -0.5), ttt.Dense([[0.1, 0.3], [0.3, 0.9]])]),
    ttt.BlockDiagonal([ttt.Equicorrelated(3, -0.5), ttt.AR1(2, 0.3)]),
]


@pytest.mark.parametrize("features", EXACT_COVARIANCES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("start", [ttt.ZeroWeights(), ttt.PretrainedWeights()])
def test_a_structured_covariance_is_built_from_its_parameters(features, start):
    null = np.ones(features.dim)
    setting = ttt.Setting(5, 3, features, ttt.Isotropic(features.dim), null, initialization=start)
    entries = [
        [entry(features, i, j, decimal) for j in range(features.dim)] for i in range(features.dim)
    ]
    label = decimal(features.scale) * sum(map(sum, entries))
    [cold] = [ttt.Setting(5, 3, features, features, null, initialization=ttt.ZeroWeights())]
    assert ttt.check("risk_before >= 0", setting).verdict == "proved"
    assert ttt.check(f"risk_before == {label.numerator}/{label.denominator}", cold).verdict == (
        "proved"
    )


def test_a_matrix_that_is_a_covariance_only_up_to_rounding_is_undecided():
    third = 1 / 3
    rounded = ttt.Dense([[1.0, third], [third, 0.111111111111111]])
    setting = ttt.Setting(5, 3, rounded, rounded, [-third, 1.0], initialization=ttt.ZeroWeights())
    verdict = ttt.check("risk_before >= 0", setting)
    assert verdict.verdict == "undecided"
    assert "feature_covariance" in verdict.tried[0]


def test_covariances_without_exact_entries_are_undecided():
    @dataclasses.dataclass(frozen=True)
    class Own(ttt.Covariance):
        contrast: float
        dim: int = 2

        def matrix(self):
            return np.diag([0.1, self.contrast])

    written = ttt.Setting(5, 3, ttt.Isotropic(2), Own(0.3), [1.0, 2.0])
    assert ttt.check("risk_before >= 0", written).verdict == "proved"
    for covariance in (Own(0.1 + 0.2), ttt.PowerLaw(2, 0.5), ttt.Kronecker([Own(0.3)])):
        setting = ttt.Setting(5, 3, ttt.Isotropic(2), covariance, [1.0, 2.0])
        verdict = ttt.check("risk_before >= 0", setting)
        assert verdict.verdict == "undecided"
        assert "task_covariance" in verdict.tried[0]


def test_a_float_stands_for_the_decimal_that_python_prints():
    setting = ttt.Setting(
        5, 3, ttt.Isotropic(1), ttt.Isotropic(1), [1.0], 0.1, initialization=ttt.ZeroWeights()
    )
    assert ttt.check("noise == 1/10", setting).verdict == "proved"
    assert ttt.check("risk_before == 11/10", setting).verdict == "proved"


def test_a_setting_decides_a_statement():
    setting = ttt.Setting.from_toml(EXAMPLES / "noncommuting.toml")
    risk = ttt.one_step_risk(setting)
    below, above = (repr(risk.improvement * factor)[:20] for factor in (0.999, 1.001))
    assert ttt.check(f"{below} < improvement", setting).verdict == "proved"
    refuted = ttt.check(f"{above} < improvement", setting)
    assert refuted.verdict == "refuted"
    assert refuted.counterexample["d"] == str(setting.dim)
    assert ttt.check("improvement >= 0 when n > 10**16", setting).verdict == "undecided"
    with pytest.raises(StatementError, match="sizes are fixed"):
        ttt.check("n ~ d", setting)
    large = ttt.Setting(2, 2, ttt.Isotropic(10**6), ttt.Isotropic(10**6), np.ones(10**6))
    assert "too large" in ttt.check("n == 2", large).tried[0]


def test_the_starts_of_a_setting():
    arguments = (4, 3, ttt.AR1(2, 0.5), ttt.Diagonal([1.0, 2.0]), [1.0, 2.0])
    warm = ttt.Setting(*arguments)
    cold = ttt.Setting(*arguments, initialization=ttt.ZeroWeights())
    for statement in ("improvement == improvement(cold)", "improvement(warm) < improvement"):
        assert deciding.decided(statement, cold)["verdict"] == "proved"
        assert deciding.decided(statement, warm)["verdict"] == "refuted"


def test_it_stops_in_time(monkeypatch):
    monkeypatch.setattr(checking, "_LONGEST_SECONDS", 0.05)
    started = time.monotonic()
    verdict = ttt.check("risk_after <= risk_before")
    assert verdict.verdict == "undecided"
    assert "stopped" in verdict.tried[0]
    assert time.monotonic() - started < 5


def test_a_worker_that_is_left_alone_ends_by_itself():
    code = (
        "from resource import RLIMIT_AS, RLIMIT_CPU, getrlimit\n"
        "from ttt_theory.statements import worker\n"
        "worker._limit_resources()\n"
        "print(getrlimit(RLIMIT_CPU)[0], getrlimit(RLIMIT_AS)[0])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    seconds, memory = map(int, finished.stdout.split())
    assert 0 < seconds <= 20
    assert 0 < memory <= 2 * 1024**3


def test_a_setting_is_a_setting():
    with pytest.raises(InvalidSettingError, match="give a Setting"):
        ttt.check("n == n", "text")


def test_a_crash_is_no_verdict(monkeypatch):
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **options: run([sys.executable, "-c", "1/0"], **options)
    )
    verdict = ttt.check("n == n")
    assert verdict.verdict == "undecided"
    assert "ZeroDivisionError" in verdict.tried[0]


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ttt-theory", "check", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("statement", "verdict", "status"),
    [
        ("risk_after <= risk_before", "proved", 0),
        ("improvement(cold) ~ norm2*k/(k+d) when noise == 0", "asymptotic", 0),
        ("risk_after < risk_before", "refuted", 1),
        ("exp(log(n)) == n", "undecided", 3),
    ],
)
def test_command(command, statement, verdict, status):
    code, output, _ = command(statement, "--json")
    document = json.loads(output)
    assert (code, document["verdict"]) == (status, verdict)
    assert list(document) == [
        *("statement", "verdict", "counterexample", "order", "tried", "proof"),
    ]
    assert (document["proof"] is not None) == (verdict == "proved")
    assert (document["counterexample"] is not None) == (verdict == "refuted")
    assert (document["order"] is not None) == (verdict == "asymptotic")
    if verdict == "refuted":
        code, output, _ = command(statement)
        assert code == status
        assert output.splitlines()[0] == verdict


def test_command_takes_a_leading_minus(command):
    assert command("-n < 0")[0] == 0
    assert command("--json", "-n**2 == n")[0] == 1


def test_command_prints_no_coefficient_where_there_is_none(command):
    _, output, _ = command("max(n,k) + 1 ~ max(n,k)")
    assert output.splitlines()[1] == "order: exponent = 1"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["improvment == 1"],
        ["--jsn"],
        ["n == n", "--jsn"],
        ["--jsn", "n == n"],
        ["n == n", "--setting"],
        ["n == 1 when d < 1"],
        ["n ~ d", "--setting", str(EXAMPLES / "isotropic.toml")],
        ["n == d", "--setting", "missing.toml"],
        ["__import__('os').system('true') == 0"],
    ],
)
def test_bad_input_is_one_line_and_status_2(command, arguments):
    status, output, error = command(*arguments)
    assert status == 2
    assert output == ""
    assert len([line for line in error.splitlines() if line.startswith("ttt-theory: ")]) == 1
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "statement",
    [
        "d + log(n-k) ~ 2*d when n < k",
        "abs(d*(alpha-1)) + log(alpha-1) ~ d*(alpha-1)",
        "2*d + log(alpha-1) - abs(alpha-1)*d/(alpha-1) ~ d",
        "2*d + sqrt(log(alpha)) - abs(alpha-1)*d/(alpha-1) ~ d",
        "2*d + log(log(n)-log(d)) - abs(alpha-1)*d/(alpha-1) ~ d",
        "2*d - abs(alpha-1)*d/(alpha-1) ~ d when log(alpha-1) < d",
    ],
)
def test_a_limit_is_not_refuted_where_a_side_is_undefined(statement):
    # Each is true wherever it is defined, or defined nowhere.
    assert deciding.decided(statement, None)["verdict"] in ("asymptotic", "undecided")


def test_a_limit_is_refuted_beside_a_logarithm_that_is_defined():
    found = deciding.decided("2*d + log(alpha-1) ~ d when alpha > 1", None)
    assert found["verdict"] == "refuted"
    assert found["counterexample"]["limit"] == "2"


def test_conditions_do_not_contradict_where_an_assumed_coefficient_vanishes():
    # They hold at alpha = 17/13 alone, where the logarithm does not grow.
    statement = "13*n + 1 ~ 17*d when log(1+(13*alpha-17)**2*d) <= 1"
    assert deciding.decided(statement, None)["verdict"] in ("asymptotic", "undecided")


@pytest.mark.parametrize(
    "statement",
    [
        "risk_before(n=d+1/2) ~ 2*risk_before",
        "risk_before(n=d+1/2) ~ risk_before(n=d)",
        "risk_before ~ 2*risk_before(k=n+(d*(d+1)+1)/2)",
        # d is even on one side and odd on the other.
        "risk_before(n=(d+1)/2) ~ risk_before(n=d/2)",
    ],
)
def test_a_limit_of_sizes_that_are_never_integers_is_not_decided(statement):
    assert ttt.check(statement).verdict == "undecided"


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("risk_before(n=d/2) ~ risk_before(n=(d+2)/2)", "asymptotic"),
        ("risk_before(n=d/2) ~ risk_before(n=(d+2)/3)", "refuted"),
        ("risk_before(norm2=d+1/2, noise=0) ~ d/(1+alpha)", "asymptotic"),
    ],
)
def test_a_limit_of_sizes_that_are_integers_for_some_d_is_decided(statement, verdict):
    assert ttt.check(statement).verdict == verdict


def test_a_size_at_which_a_denominator_vanishes_is_undefined():
    found = deciding.decided("risk_before(n=-d-1-noise) <= risk_before", None)
    assert found["verdict"] == "undecided"
