"""Verdicts on statements: every one is compared with Python's own arithmetic at exact points."""

import re
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.statements.verdicts import NOISELESS, POINTS, confirm, violations
from ttt_theory.errors import StatementError
from ttt_theory.statements import deciding
from ttt_theory.statements.proofs import Proof

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


def test_a_size_at_which_a_denominator_vanishes_is_undefined():
    found = deciding.decided("risk_before(n=-d-1-noise) <= risk_before", None)
    assert found["verdict"] == "undecided"
