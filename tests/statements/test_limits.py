"""Verdicts on limits, and the orders of their errors."""

import math
import re
from fractions import Fraction

import flint
import pytest

import ttt_theory as ttt
from tests.statements.verdicts import python_value, rational
from ttt_theory.errors import StatementError
from ttt_theory.statements import deciding

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
        # No square is 2 modulo 3.
        ("risk_before(n=(d+1)/3) ~ risk_before(n=(d+4)/3)", "asymptotic"),
        ("risk_before(norm2=d+1/2, noise=0) ~ d/(1+alpha)", "asymptotic"),
    ],
)
def test_a_limit_of_sizes_that_are_integers_for_some_d_is_decided(statement, verdict):
    assert ttt.check(statement).verdict == verdict
