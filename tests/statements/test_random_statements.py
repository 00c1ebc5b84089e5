"""A few of the random statements; ``python -m tests.random_statements`` puts thousands."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from tests.random_statements import evaluation, judging
from tests.random_statements.evaluation import Names, false_finite, false_limit, holds
from tests.random_statements.judging import judged, summary


def test_no_verdict_is_false(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 60)
    results = [judged(1, index, points=20) for index in range(40)]
    found = summary(results)
    assert found["false"] == found["crashed"] == []
    assert found["undecided"] < 0.2
    assert {result["kind"] for result in results} == {"finite", "limit", "setting"}


POINT = {
    name: Fraction(value) for name, value in zip(evaluation.SIZES, (5, 3, 2, 7, 1), strict=True)
}


@pytest.mark.parametrize(
    ("comparison", "value"),
    [
        ("risk_before(cold) == 8", True),
        ("risk_before(cold, norm2=n+k) == 9", True),
        ("sqrt(n**2 - 3*k) == 4", True),
        ("risk_after(cold, steps=[0, 0], evaluation=same) == risk_before", False),
        ("risk_after(steps=[0, 0], evaluation=same) == risk_before", True),
        ("risk_after(cold, steps=[step_size(cold)]) == risk_after(cold)", True),
        ("step_size(evaluation=same) < step_size", False),
        ("sqrt(n) < 2", False),
        ("log(n) + log(k) < 2.7", False),
        ("exp(log(n)) == n", None),
    ],
)
def test_the_evaluation(comparison, value):
    assert holds(comparison, Names(POINT)) is value


def counterexample(**changes):
    shown = {name: str(value) for name, value in (POINT | changes).items()}
    return {"verdict": "refuted", "counterexample": shown}


@pytest.mark.parametrize(
    ("statement", "answer", "why"),
    [
        ("n < 10**4", {"verdict": "proved"}, "false at"),
        ("sqrt(n) < k + 1000", {"verdict": "proved"}, "false at"),
        ("n < 5", counterexample(), None),
        ("n <= 5", counterexample(), "no counterexample"),
        ("n < 5 when k > 3", counterexample(), "a condition"),
        ("n < 5", counterexample(norm2=0), "outside the domain"),
    ],
)
def test_a_false_verdict_is_seen(statement, answer, why):
    with mpmath.workdps(evaluation.DIGITS):
        found = false_finite(statement, answer, np.random.default_rng(0), 200)
    assert found is None if why is None else why in found


def limit(verdict, **more):
    at = {"alpha": "2", "gamma": "3", "norm2": "1", "noise": "0"}
    return {"verdict": verdict, "counterexample": at, "order": None, **more}


@pytest.mark.parametrize(
    ("statement", "answer", "why"),
    [
        ("d + sqrt(sqrt(1 + (alpha-1)**2*d**20)) ~ d", limit("asymptotic"), "the ratio is"),
        ("d + 1/(alpha-2)**2 + log(d) ~ d", limit("asymptotic"), None),
        ("d + 1 ~ d", limit("refuted"), "tends to 1"),
        ("n + d ~ d", limit("refuted"), None),
        ("d*log(n + d)/log(d) + d/1000 ~ d", limit("refuted"), None),
        ("n ~ d when n < d", limit("refuted"), "a condition"),
        ("n + 1 ~ n", limit("asymptotic", order={"exponent": "1", "coefficient": "1"}), "order"),
        ("n + 1 ~ n", limit("asymptotic", order={"exponent": "1", "coefficient": "1/alpha"}), None),
    ],
)
def test_a_false_limit_is_seen(statement, answer, why):
    with mpmath.workdps(evaluation.LARGE_DIGITS):
        found = false_limit(statement, answer, np.random.default_rng(0), 30)
    assert found is None if why is None else why in found
