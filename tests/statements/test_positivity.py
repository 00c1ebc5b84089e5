"""The prover by itself, with no search to hide its faults."""

import itertools
import math
import time
from fractions import Fraction

import flint
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ttt_theory.statements.asymptotics import limit_at, prove_limit
from ttt_theory.statements.domain import FINITE, LIMIT, Case, solve
from ttt_theory.statements.evaluation import (
    UndefinedError,
    decide,
    evaluate,
    isotropic_values,
)
from ttt_theory.statements.positivity import goal, proves
from ttt_theory.statements.proofs import prove
from ttt_theory.statements.rational import (
    GENERATORS,
    NAMES,
    Ratio,
    TooLargeError,
    polynomial,
)
from ttt_theory.statements.symbolic import branches, cases
from ttt_theory.statements.syntax import Quantity, parse
from ttt_theory.statements.vocabulary import ratio_of

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
        "exp(noise) > 1",
        "exp(n-2) >= 1",
        "log(n) > 0",
        "log(norm2) >= 0",
        "n == k when n**2 == k*d",
        "norm2 == 1 when norm2**2 == noise",
        "noise == norm2 when noise*norm2 == norm2**2*n",
        "n*d == k when (n-k)*(k-d) == 0",
        "sqrt((n-2*d)**2*(k-d)) + k >= d",
        "sqrt((n-5)**2*(k-7)) + k >= 7",
        "sqrt((n-5)**2*(k-7))*0 + k >= 7",
        "sqrt((n-3*d**2-17*k*d-5)**2*(k-7)) + k >= 7",
        "sqrt((k-3)**2*(n-7)) + n >= 7 when k > 2",
        "sqrt((n-k)**2*(alpha-1)) + alpha >= 1",
        "sqrt(noise**2*(k-7)) + k >= 7",
        "sqrt((n-5)**2*(7-k)*(k-9)) + k >= 7",
        "sqrt((n-5)**2*(k-7)) > 0 when k < 7",
        "sqrt((n-5)**4*(k-7)**3) + k >= 7",
        "k >= 7 when sqrt((n-5)**2*(k-7)) >= 0",
        "k >= 7 when sqrt((n-3*d**2-17*k*d-5)**2*(k-7)) == 0",
        "log(sqrt((n-5)**2*(k-7))+1) + k >= 7",
        "((n-5)**2*(k-7))**(1/2) + k >= 7",
        "sqrt(-(n-5)**2) == 1",
        "sqrt(-(n-5)**2) + 1 == n",
        "sqrt(d) > k - 10**7 when abs(sqrt(n)-k)/(sqrt(n)-k) == 1",
        "d >= 10**8 when min(sqrt(n),k)/k == 1, n < 10**8",
        "sqrt(d) >= k when max(sqrt(n),k)/sqrt(n) == 1",
        "exp(d) >= k when max(exp(n),k)/exp(n) == 1",
        "log(d) >= k when abs(log(n)-k)/(log(n)-k) == 1",
        "(sqrt(n) - 9)**2 <= (sqrt(n+k) - 9)**2",
        "(sqrt(n) - 9)**2*(sqrt(k) - 9) <= (sqrt(n+1) - 9)**2*(sqrt(k) - 9)",
        "sqrt(n)*(k-5) <= sqrt(n+1)*(k-5)",
        "(k-5)*(k-5)*sqrt(n) < (k-5)*(k-5)*sqrt(n+1)",
        "(sqrt(k)-5)*(sqrt(k)-5)*d <= (sqrt(k)-5)*(sqrt(k)-3)*d",
        "1/(sqrt(n)-3) >= 1/(sqrt(n+k)-3)",
        "(sqrt(n)-3)**(-2) >= (sqrt(n+k)-3)**(-2)",
        "sqrt(n) + noise < sqrt(n) + noise*2",
        "sqrt(n) + log(k) <= sqrt(n+k) + log(d)",
        "abs(sqrt(n) - 3) <= sqrt(n) - 3",
        "min(sqrt(n), k) >= sqrt(n)",
        "max(sqrt(n), k) <= sqrt(n)",
        "log(n) - log(k) <= log(d)",
        "exp(alpha) >= 1 + 2*alpha",
        "exp(alpha) >= 1 + alpha + alpha**2",
        "exp(noise) > 1 + noise",
        "exp(n-d) <= 1 + n - d",
        "log(norm2) < norm2 - 1",
        "log(norm2) <= norm2 - 2",
        "log(1 + alpha) >= alpha",
        "log(1 + alpha) >= alpha - alpha**2/9",
        "exp(-alpha) >= 1/(1+alpha)",
        "log(2) >= 0.7",
        "exp(1) > 2.719",
        "n < d**2 when sqrt(n) <= d",
        "n >= d**2 when sqrt(n) >= d - 1",
        "risk_before(n=n+1) <= risk_before",
        "risk_after(n=n+1) <= risk_after when noise == 0",
        "risk_before(n=n-1) > norm2 when noise == 0",
    ],
)
def test_false_statements_are_never_proved(statement):
    parsed = parse(statement)
    assert not prove(parsed, cases(parsed, in_limit=False), time.monotonic() + 5).holds


@pytest.mark.parametrize(
    ("statement", "defined"),
    [
        ("sqrt(-(n-5)**2) == 0", "which may not be everywhere"),
        ("sqrt((n-5)**2*(k-7)) >= 0", "which may not be everywhere"),
        ("sqrt((n-5)**2*(k-7)) == 0 when k <= 6", "which may not be everywhere"),
        ("sqrt((n-5)**2*k) == abs(n-5)*sqrt(k)", "are defined wherever"),
        ("sqrt(noise**2*(k-7)) == noise*sqrt(k-7) when k >= 7", "are defined wherever"),
        ("1/(abs(n-d)-(n-d)) > 0", "which may not be everywhere"),
    ],
)
def test_a_root_of_a_square_that_may_vanish(statement, defined):
    parsed = parse(statement)
    proof = prove(parsed, cases(parsed, in_limit=False), time.monotonic() + 5)
    assert proof.holds
    assert defined in proof.steps[-1]


@pytest.mark.parametrize("statement", ["sqrt(-n) == sqrt(-n)", "1/0 == 1/0"])
def test_a_side_that_is_defined_nowhere(statement):
    parsed = parse(statement)
    proof = prove(parsed, cases(parsed, in_limit=False), time.monotonic() + 5)
    assert not proof.holds
    assert proof.steps == ("a side is defined nowhere",)


def test_a_case_holds_nothing_of_a_branch():
    root = GENERATORS[len(NAMES)]
    for parts in (
        {"constraints": ((root - K, False),)},
        {"solved": {0: Ratio(root)}},
        {"solved": {0: Ratio(K, root)}},
    ):
        with pytest.raises(ValueError, match="of a branch"):
            Case(**parts)
    assert not any(case.solved for case in solve(FINITE, Case(), N - root))


ATOMS = ("n", "k", "d", "noise", "norm2", "alpha", "2", "n-2", "k-3", "d-2", "n-d", "noise-1")
CHOICES = {
    "sqrt(({0})**2*({1}))": 2,
    "sqrt({0})": 1,
    "abs({0})": 1,
    "min({0}, {1})": 2,
    "max({0}, {1})": 2,
    "exp({0})": 1,
    "log({0})": 1,
    "({0})**(3/2)": 1,
    "({0})**(-1/2)": 1,
    "({0})*({1})": 2,
    "({0})/({1})": 2,
    "({0}) - ({1})": 2,
    "({0}) + ({1})": 2,
}


def templates(inner):
    return st.sampled_from(list(CHOICES)).flatmap(
        lambda text: st.tuples(*[inner] * CHOICES[text]).map(lambda parts: text.format(*parts))
    )


EXPRESSIONS = st.sampled_from(ATOMS) | st.recursive(st.sampled_from(ATOMS), templates, max_leaves=4)
# Such a claim is often true, and sometimes only where an expression is defined, or is not 0.
CLAIMS = (
    "{0} >= {1}",
    "{0} + abs({1}) >= {0}",
    "{0} > {0} - sqrt({1})",
    "sqrt(({0})**2*({1})) + {1} >= 0",
    "sqrt({0}) >= {1}",
    "({0})*({1}) == ({1})*({0})",
)
CONDITIONS = (
    "abs(sqrt({2})-({1}))/(sqrt({2})-({1})) == 1",
    "max({2}, {1})/({1}) == 1",
    "{2} == {1}",
    "{0} < 5",
    "sqrt(({0})**2*({2})) == 0",
)
STATEMENTS = st.builds(
    lambda claim, conditions, parts: " when ".join(
        filter(None, (claim.format(*parts), ", ".join(conditions).format(*parts)))
    ),
    st.sampled_from(CLAIMS),
    st.lists(st.sampled_from(CONDITIONS), max_size=2),
    st.tuples(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
)
DENSE = [
    dict(zip(NAMES, map(Fraction, (*counts, *reals)), strict=True))
    for counts in itertools.product((1, 2, 3, 4, 5, 9), (1, 2, 3, 4, 6), (1, 2, 3))
    for reals in ((1, 0), ("1/2", 1), (3, "1/3"))
]


def decided(comparison, values):
    """Whether a comparison holds; None where it is undefined or not told."""
    try:
        return decide(comparison, values)[0]
    except UndefinedError:
        return None


@given(STATEMENTS)
@settings(max_examples=500)
def test_random_statements_that_are_proved_hold(statement):
    parsed = parse(statement)
    try:
        found = cases(parsed, in_limit=False)
        holds = prove(parsed, found, time.monotonic() + 0.3).holds
    except (TooLargeError, UndefinedError):
        return
    if not holds:
        return
    for point in DENSE:
        values = isotropic_values(point)
        if all(decided(condition, values) for condition in parsed.conditions):
            assert found
            assert decided(parsed.comparison, values) is not False, point


LIMIT_TERMS = st.sampled_from(
    [
        *("n", "k", "d", "n+d", "n-d", "noise*d", "(noise-1)*d + 1", "max(n, k)", "abs(n-d)"),
        *("sqrt(n*k)", "d*sqrt(alpha)", "sqrt(d)", "sqrt((alpha-1)**2*(gamma-2))*d", "min(n, d)"),
        *("sqrt(alpha-1)*d", "noise*d**2 + d", "abs(noise-1)*d + 1", "n**(3/2)", "d**2*(1-alpha)"),
        *("1", "alpha", "sqrt(gamma)", "1/d", "noise", "norm2 - 1"),
    ]
)
LIMIT_CONDITIONS = st.sampled_from(
    ["alpha > 1", "n > d", "noise == 0", "alpha*gamma == 1", "abs(n-k) == d", "n*(k-d) == 0"]
)
LIMIT_STATEMENTS = st.builds(
    lambda claim, parts, conditions: " when ".join(
        filter(None, (claim.format(*parts), ", ".join(conditions)))
    ),
    st.sampled_from(("({0})*({1}) + {2} ~ ({0})*({1})", "({0}) + {1} ~ {2}", "{0} ~ {1} + {2}")),
    st.tuples(LIMIT_TERMS, LIMIT_TERMS, LIMIT_TERMS),
    st.lists(LIMIT_CONDITIONS, max_size=2),
)
RATIOS = [Fraction(text) for text in ("1/4", "1/2", "1", "9/4", "2", "4")]
LIMIT_POINTS = [
    {"n": alpha, "k": gamma, "d": Fraction(1), "norm2": norm2, "noise": noise}
    for alpha, gamma in itertools.product(RATIOS, repeat=2)
    for norm2, noise in ((Fraction(1), Fraction(0)), (Fraction(2), Fraction(1)))
]


@given(LIMIT_STATEMENTS)
@settings(max_examples=250)
def test_random_limits_that_are_proved_hold(statement):
    parsed = parse(statement)
    try:
        proof, order = prove_limit(parsed, cases(parsed, in_limit=True), time.monotonic() + 0.3)
    except (TooLargeError, UndefinedError):
        return
    if not proof.holds:
        assert order is None
        return
    for point in LIMIT_POINTS:
        assert limit_at(parsed, point) in (None, "1"), point
        if order is not None:
            check_order(parsed, order, point)


def check_order(statement, order, point):
    """Compare the error at d = 10^40 with its order."""
    large = {name: value * (10**40 if name in "nkd" else 1) for name, value in point.items()}
    values = isotropic_values(large)
    if limit_at(statement, point) is None or not all(
        decided(condition, values) for condition in statement.conditions
    ):
        return
    left, right = statement.text.partition(" when ")[0].split("~")
    scaled = f"d**({order.exponent})*(({left})/({right}) - 1)"
    bound = f"abs({scaled}) < 10**18"
    if order.coefficient is not None:
        known = order.coefficient
        bound = f"abs({scaled} - ({known})) < (1 + abs({known}))/10**15"
    assert decided(parse(bound).comparison, values), (point, order)


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
        "d + sqrt(sqrt(1 + (alpha-1)**2*d**20)) ~ d",
        "d + sqrt(sqrt(1 + (alpha-1)**2*(gamma-2)**2*d**20)) ~ d when alpha >= 1",
        "d + sqrt((alpha-1)**2*d**4) ~ d",
        "sqrt(1 + sqrt((alpha-gamma)**2*d)) ~ 1",
        "log(d + sqrt(d**6)) ~ log(d)",
        "log(1 + (alpha-1)*d) ~ log(d) when alpha >= 1",
        "log(alpha)*d + 1 ~ log(alpha)*d",
        "log(alpha*gamma)*d + 1 ~ log(alpha*gamma)*d + 2",
        "max(sqrt(1 + (alpha-1)**2*d), 2) ~ 2",
        "min(1 + (alpha-gamma)*d, 1 + 1/d) ~ 1 when alpha <= gamma",
        "exp(1/d + alpha) ~ exp(gamma)",
        "exp(d) ~ exp(d + 1)",
        "sqrt(n) - sqrt(k) + 1 ~ sqrt(n) - sqrt(k)",
        "d + noise*log(d)*d ~ d",
        "risk_before(n=2*n) ~ risk_before",
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
    st.sampled_from(["fresh", "same", None]),
)
@settings(max_examples=50)
def test_the_algebra_and_the_numbers_agree(values, name, start, evaluation):
    point = dict(zip(NAMES, map(Fraction, values), strict=True))
    exact = isotropic_values(point)
    at = {slot: exact.symbol(each) for slot, each in enumerate(NAMES)}
    quantity = Quantity(name, start, evaluation=evaluation)
    assert ratio_of(quantity).at(at) == exact.quantity(quantity)
    given_ = [*filter(None, [start]), *(f"evaluation={each}" for each in [evaluation] if each)]
    text = f"{name}({', '.join(given_)})*alpha - gamma**2/noise**0 == abs(n-k)*min(d, 3)"
    parsed = parse(text)
    sides = [
        (branch.left.at(at), branch.right.at(at))
        for branch in branches(parsed.comparison, (), Case(), in_limit=False)
        if all(Ratio(bound).at(at) >= strict for bound, strict in branch.constraints)
    ]
    assert sides
    assert set(map(str, sides)) == {
        str(
            tuple(
                evaluate(side, exact) for side in (parsed.comparison.left, parsed.comparison.right)
            )
        )
    }


MANY_ROOTS = "+".join(f"sqrt({prime})" for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23))


@pytest.mark.parametrize(("root", "holds"), [("sqrt(29)", True), ("1", False)])
def test_many_roots_and_several_sizes_are_kept_apart(root, holds):
    size = f"norm2={MANY_ROOTS}+sqrt(29), noise=1"
    statement = parse(f"risk_before(cold, {size}) == {MANY_ROOTS}+{root}+1")
    found = cases(statement, in_limit=False)
    assert prove(statement, found, time.monotonic() + 5).holds is holds


@pytest.mark.parametrize("strict", [True, False])
def test_a_multiple_of_a_bound_is_positive_where_the_bound_is(strict):
    bound = N**2 - K * D
    target = goal(FINITE, (K + 1) * bound, [(bound, strict)], strict=True)
    assert proves(target, time.monotonic() + 10, 0) == strict
