"""The prover by itself, with no search to hide its faults."""

import itertools
import math
import time
from fractions import Fraction

import flint
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ttt_theory.statements.asymptotics import prove_limit
from ttt_theory.statements.domain import FINITE, LIMIT, Case, solve
from ttt_theory.statements.evaluation import evaluate, isotropic_values
from ttt_theory.statements.positivity import goal, proves
from ttt_theory.statements.proofs import prove
from ttt_theory.statements.rational import GENERATORS, NAMES, Ratio, polynomial, quantity
from ttt_theory.statements.symbolic import branches, cases
from ttt_theory.statements.syntax import parse

N, K, D, NORM2, NOISE = GENERATORS[: len(NAMES)]
COUNTS = (1, 2, 7, 100)
SMALL = tuple(flint.fmpq(*pair) for pair in ((1, 100), (1, 3), (1, 1), (3, 2), (50, 1)))
GRID = [
    (*counts, norm2, noise)
    for counts in itertools.product(COUNTS, repeat=2)
    for norm2, noise in itertools.product(SMALL, (flint.fmpq(0), *SMALL))
]


def proved(claim, constraints=(), *, strict=False, domain=FINITE):
    return proves(goal(domain, claim, list(constraints), strict=strict), time.monotonic() + 5)


def value(of, point):
    n, d, norm2, noise = point
    at = dict(enumerate((n, flint.fmpq(1), d, norm2, noise)))
    return Ratio(of).at({slot: flint.fmpq(each) for slot, each in at.items()})


MONOMIALS = st.tuples(*[st.integers(0, 2)] * 4).filter(lambda exponents: sum(exponents) <= 3)
POLYNOMIALS = st.dictionaries(MONOMIALS, st.integers(-4, 4).filter(bool), max_size=4).map(
    lambda terms: sum(
        (
            coefficient
            * math.prod(base**e for base, e in zip((N, D, NORM2, NOISE), powers, strict=True))
            for powers, coefficient in terms.items()
        ),
        polynomial(0),
    )
)


@given(POLYNOMIALS, st.lists(st.tuples(POLYNOMIALS, st.booleans()), max_size=2), st.booleans())
@example(NOISE**2 - NOISE, [], False)
@example(NORM2 - 1, [], False)
@example(2 * (N - 1) * (D - 1) + N - D, [], False)
@example(N - 2, [(NOISE**2 - 5, False)], False)
@example(N - D - 1, [(N - D, False), (NOISE**2 - 5, False)], False)
@example(NOISE, [], True)
@example(NORM2 - NOISE, [(NORM2 - NOISE, False)], True)
@example(NOISE, [(N - NOISE, False)], True)
@example(2 * NOISE - 1, [(1 - NOISE, False), (D - NOISE, True)], False)
@example(N - D, [(N * D - 4, False)], False)
@settings(max_examples=150)
def test_what_is_proved_holds_everywhere(claim, constraints, strict):
    if not proved(claim, constraints, strict=strict):
        return
    for point in GRID:
        if all(value(bound, point) >= 0 for bound, _ in constraints) and all(
            value(bound, point) != 0 for bound, is_strict in constraints if is_strict
        ):
            assert value(claim, point) >= 0
            assert not strict or value(claim, point) != 0


@pytest.mark.parametrize(
    ("claim", "constraints", "strict"),
    [
        ((N - K) ** 2, (), False),
        ((N - 3) * (N - 4), (), False),
        (N**2 - 600 * N + 90001, (), True),
        (4 - N**2, ((2 - N, False),), False),
        (N - D - 1, ((N - D, True),), False),
        (2 * K - D, ((2 * K - D, False),), False),
        (1 - NOISE**2, ((1 - NOISE, False),), False),
        (2 - NOISE - NOISE**2, ((1 - NOISE, True),), True),
        (NORM2**2 + NOISE**2 - 2 * NORM2 * NOISE, (), False),
        (NORM2**3 + 2 - 3 * NORM2, (), False),
        (polynomial(-1), ((K - D, True), (D - K, False)), False),
        (N + K - D, ((N - D, False), (D - N, False)), True),
    ],
)
def test_what_can_be_proved(claim, constraints, strict):
    assert proved(claim, constraints, strict=strict)


def test_a_limit_has_no_integers():
    assert proved((N - 3) * (N - 4))
    assert not proved((N - 3) * (N - 4), domain=LIMIT)
    assert proved(N, strict=True, domain=LIMIT)
    assert not proved(N - 1, domain=LIMIT)


@pytest.mark.parametrize(
    "statement",
    [
        "n - 1 > 0",
        "(n-1)**2 > 0",
        "(n-1)*(k-1) > 0",
        "1 - n >= 0",
        "1/(1-n) >= 0",
        "-1/n >= 0",
        "noise > 0",
        "risk_after < risk_before",
        "risk_before - risk_after > 0",
        "n >= 2 when n >= d",
        "n >= 2 when k >= 5",
        "noise < 1 when noise <= 1",
        "max(n, d) == n",
        "min(n, d) == n when n >= d",
        "abs(n - d) <= n - d",
        "sqrt((n-d)**2) == n - d",
        "sqrt(n) <= sqrt(k)",
        "sqrt(n*k) >= (n+k)/2",
        "exp(noise) <= 0",
        "log(n) > 0",
        "log(norm2) >= 0",
        "n == k when n**2 == k*d",
        "norm2 == 1 when norm2**2 == noise",
        "noise == norm2 when noise*norm2 == norm2**2*n",
        "n*d == k when (n-k)*(k-d) == 0",
    ],
)
def test_false_statements_are_never_proved(statement):
    parsed = parse(statement)
    assert not prove(parsed, cases(parsed, in_limit=False), time.monotonic() + 5).holds


@pytest.mark.parametrize(
    "statement",
    [
        "n - d + 1 ~ n - d",
        "n - 17/13*d + 1 ~ n - 17/13*d",
        "(n-k)*d ~ (n-k)*(d+1)",
        "n + d ~ d",
        "n**2 ~ n",
        "max(n, d) ~ n",
        "sqrt(n*d) ~ d",
        "noise*d + 1 ~ noise*d",
        "improvement(cold) ~ norm2*k/(k+d)",
        "n ~ n - n",
        "n - d + 1 ~ n - d + 2 when n + 1 > d",
    ],
)
def test_false_limits_are_never_proved(statement):
    parsed = parse(statement)
    proof, order = prove_limit(parsed, cases(parsed, in_limit=True), time.monotonic() + 5)
    assert not proof.holds
    assert order is None


@pytest.mark.parametrize(
    ("equation", "solutions"),
    [
        (NOISE, 1),
        (K - D, 1),
        (N - D**2, 1),
        (2 * N - 3, 0),
        (N * D - 1, 2),
        ((N - K) * (K - D), 2),
        (N + K, 0),
        (NORM2 * (N - 1), 1),
        (N**2 - K * D, 1),
        (polynomial(1), 0),
        (polynomial(0), 1),
    ],
)
def test_solving_loses_no_solution(equation, solutions):
    found = solve(FINITE, Case(), equation)
    assert len(found) <= solutions
    for point in itertools.product((1, 2, 3, 4), repeat=3):
        values = dict(enumerate(map(flint.fmpq, (*point, 1, 0))))
        if Ratio(equation).at(values) == 0:
            assert any(
                all(ratio.at(values) == values[slot] for slot, ratio in case.solved.items())
                and all(Ratio(bound).at(values) >= 0 for bound, _ in case.constraints)
                for case in found
            )


@given(
    st.tuples(*[st.integers(1, 9)] * 3, st.fractions("1/9", 9), st.fractions(0, 9)),
    st.sampled_from(["risk_before", "risk_after", "improvement", "step_size"]),
    st.sampled_from(["warm", "cold", None]),
)
@settings(max_examples=50)
def test_the_algebra_and_the_numbers_agree(values, name, start):
    point = dict(zip(NAMES, map(Fraction, values), strict=True))
    exact = isotropic_values(point)
    at = {slot: exact.symbol(each) for slot, each in enumerate(NAMES)}
    assert quantity(name, start).at(at) == exact.quantity(name, start)
    text = f"{name}{f'({start})' if start else ''}*alpha - gamma**2/noise**0 == abs(n-k)*min(d, 3)"
    parsed = parse(text)
    sides = [
        (branch.left.at(at), branch.right.at(at))
        for branch in branches(parsed.claim, (), Case(), in_limit=False)
        if all(Ratio(bound).at(at) >= strict for bound, strict in branch.constraints)
    ]
    assert sides
    assert set(map(str, sides)) == {
        str(tuple(evaluate(side, exact) for side in (parsed.claim.left, parsed.claim.right)))
    }
