"""Statements about several steps and the same context."""

import dataclasses
import itertools
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttt_theory as ttt
from tests.random_statements.evaluation import Names, false_finite
from tests.random_statements.moments import after_steps
from tests.statements.verdicts import rational
from ttt_theory.errors import InvalidSettingError, StatementError
from ttt_theory.statements import deciding
from ttt_theory.statements.domain import Case
from ttt_theory.statements.evaluation import evaluate, isotropic_values
from ttt_theory.statements.given_setting import setting_values
from ttt_theory.statements.rational import Ratio
from ttt_theory.statements.symbolic import branches
from ttt_theory.statements.syntax import parse
from ttt_theory.statements.writing import written

NAMES = ("n", "k", "d", "norm2", "noise")
POINTS = st.fixed_dictionaries(
    {
        **{name: st.integers(1, 40).map(Fraction) for name in "nkd"},
        "norm2": st.fractions("1/9", 9, max_denominator=9),
        "noise": st.fractions(0, 9, max_denominator=9),
    }
)
STEPS = st.lists(st.fractions("-1/10", "1/10", max_denominator=1000), max_size=2)


def side(text):
    return parse(f"{text} == 1").comparison.left


def shown(name, start, evaluation, steps):
    listed = f", steps=[{', '.join(map(str, steps))}]" if steps else ""
    return f"{name}({start}, evaluation={evaluation}{listed})"


@given(
    POINTS,
    STEPS,
    st.sampled_from(["risk_before", "risk_after", "improvement", "step_size"]),
    st.sampled_from(["warm", "cold"]),
    st.sampled_from(["fresh", "same"]),
)
@settings(max_examples=100)
def test_a_value_is_that_of_an_independent_evaluation(point, steps, name, start, evaluation):
    if name in ("risk_before", "step_size"):
        steps = []
    weight = 1 / (point["n"] + point["d"] + 1 + point["noise"]) if start == "warm" else Fraction(0)
    numbers = [point[each] for each in NAMES]
    expected = after_steps(*numbers, weight, evaluation, steps or None)[name]
    tree = side(shown(name, start, evaluation, steps))
    assert isotropic_values(point).quantity(tree) == rational(expected)


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("evaluation", ["fresh", "same"])
def test_many_steps_are_those_of_the_numbers(start, evaluation):
    n, k, d, steps = 5, 4, 3, [1 / 128, 1 / 64, -1 / 256, 1 / 32]
    initial = ttt.PretrainedWeights() if start == "warm" else ttt.ZeroWeights()
    setting = ttt.Setting(
        *(n, k, ttt.Isotropic(d), ttt.Isotropic(d), [0.5, -1.0, 2.0], 0.75),
        initialization=initial,
        evaluation=evaluation,
    )
    point = dict(zip(NAMES, map(Fraction, (n, k, d, 5.25, 0.75)), strict=True))
    risks = ttt.several_steps_risk(setting, steps).risks
    for count in range(1, 5):
        given_steps = [Fraction(step) for step in steps[:count]]
        value = isotropic_values(point).quantity(
            side(shown("risk_after", start, evaluation, given_steps))
        )
        assert float(Fraction(int(value.p), int(value.q))) == pytest.approx(risks[count], 1e-14)


COLD_ON_THE_SAME = "k*n*(n+d+1)**2/((n+2)*(k+d+1)*(n+d+3)*(n+d+5))"
SAME = "evaluation=same"
AT_40 = "when n == 20, k == 40, d == 40, noise == 0"
PROVED = [
    # One step of the best size, by both formulas; before it the contexts do not differ.
    "risk_after(steps=[step_size]) == risk_after",
    "risk_after(cold, steps=[step_size(cold)]) == risk_after(cold)",
    f"risk_after({SAME}) == risk_after({SAME}, steps=[step_size({SAME})])",
    "risk_before(evaluation=same) == risk_before",
    "improvement(evaluation=same) == risk_before - risk_after(evaluation=same)",
    "improvement(steps=[1/n, 2/k]) == risk_before - risk_after(steps=[1/n, 2/k])",
    # The order does not matter (fact 7), nor does a step of zero.
    "risk_after(steps=[1/n, 2/d]) == risk_after(steps=[2/d, 1/n])",
    "risk_after(evaluation=same, steps=[1/n, 0, k]) == risk_after(evaluation=same, steps=[k, 1/n])",
    "risk_after(steps=[0, 0]) == risk_before",
    # No single step beats the best one.
    "risk_after <= risk_after(steps=[1/n])",
    "risk_after(cold, evaluation=same) <= risk_after(cold, steps=[norm2/k], evaluation=same)",
    # The same context, without noise (fact 13).
    "risk_after(evaluation=same) < risk_after(cold, evaluation=same) when noise == 0",
    "risk_after(n=n+1, evaluation=same) < risk_after(evaluation=same) when noise == 0",
    f"improvement(cold, evaluation=same) == norm2*{COLD_ON_THE_SAME} when noise == 0",
    # Two best steps are worse than one (fact 9), and a small further one is better.
    f"risk_after(cold, steps=[step_size(cold), step_size(cold)]) > risk_after(cold) {AT_40}",
    f"risk_after(cold, steps=[step_size(cold), step_size(cold)/100]) < risk_after(cold) {AT_40}",
    # A step is not worth its samples (fact 17).
    "risk_after >= norm2*(d+1)/(n+k+d+1) when noise == 0",
    # With noise the curvature and the risk less the noise have terms of either sign.
    "risk_after(evaluation=same) < risk_before",
    "risk_after(evaluation=same) > noise",
    "risk_after(steps=[1/n, 1/d]) > noise",
    "sqrt(risk_after(cold, steps=[1/n, 1/d])) > 0",
]


@pytest.mark.parametrize("statement", PROVED)
def test_what_is_true_is_proved(hasty, statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "proved", answer["tried"]


@pytest.mark.parametrize(
    "text",
    [
        "risk_after(evaluation=same)",
        "improvement(evaluation=same)",
        "step_size(n=n+k, evaluation=same)",
        "risk_after(steps=[1/n, -norm2/d])",
        "risk_after(cold, steps=[1/n, 2/d], evaluation=same)",
        "risk_after(cold, steps=[1/(n-d-1/2), noise], noise=1/2)",
    ],
)
@given(point=POINTS)
@settings(max_examples=20)
def test_what_is_known_without_algebra_holds(text, point):
    [branch] = branches(parse(f"{text} > 0").comparison, (), Case(), in_limit=False)
    assert branch.facts
    exact = isotropic_values(point)
    at = {slot: exact.symbol(name) for slot, name in enumerate(NAMES)}
    for bound, strict in branch.facts:
        assert strict
        assert Ratio(bound).at(at) > 0


REFUTED = {
    "risk_after(steps=[step_size, step_size]) >= risk_after when noise == 0": {},
    "risk_after(steps=[step_size, step_size]) <= risk_after when noise == 0": {},
    "risk_after(evaluation=same) == risk_after": {},
    # With noise the cold start can be better on the same context, too.
    "risk_after(evaluation=same) < risk_after(cold, evaluation=same)": {},
    "risk_after(evaluation=same) <= risk_after": {},
    "risk_after(steps=[1/n, 2/d]) == risk_after(steps=[2/n, 1/d])": {},
    "risk_after(cold, steps=[sqrt(2)/10000]) <= risk_after(cold)": {"n": "1", "k": "1", "d": "1"},
    "risk_after(cold, steps=[step_size, step_size/10]) <= risk_after(cold)": {"d": "1"},
    "risk_after(cold, n=n+1, evaluation=same) > risk_after(cold, evaluation=same)": {"n": "1"},
    f"risk_after(cold, steps=[step_size(cold), step_size(cold)]) < norm2 {AT_40}": {
        "n": "20",
        "k": "40",
        "d": "40",
    },
}


@pytest.mark.parametrize("statement", REFUTED)
def test_what_is_false_is_refuted(hasty, statement):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == "refuted", answer["tried"]
    assert REFUTED[statement].items() <= answer["counterexample"].items()
    assert false_finite(statement, answer, None, 0) is None


def test_the_sides_of_a_counterexample_are_exact():
    statement = (
        "risk_after(cold, steps=[step_size(cold), step_size(cold)]) <= risk_after(cold) "
        "when n == 20, k == 40, d == 40, noise == 0, norm2 == 1"
    )
    found = deciding.decided(statement, None)["counterexample"]
    names = Names(
        {
            "n": Fraction(20),
            "k": Fraction(40),
            "d": Fraction(40),
            "norm2": Fraction(1),
            "noise": Fraction(0),
        }
    )
    one = names["step_size"]("cold")
    assert Fraction(found["right"]) == names["risk_after"]("cold")
    assert Fraction(found["left"]) == names["risk_after"]("cold", steps=[one, one])
    assert float(Fraction(found["right"])) == pytest.approx(0.622311923140)
    assert float(Fraction(found["left"])) == pytest.approx(4.369858396977)


# The length of u tends to n(n+d), and the moments of S/d to those of Marchenko and Pastur's law, of
# which h = 1 - (1-x)(1-x/2) is averaged: 1 - 2r E[h] + r² E[h²] with r = alpha/(1+alpha).
TWO_STEPS = (
    "risk_after(cold, steps=[1/(2*d*n*(n+d)), 1/(4*d*n*(n+d))]) "
    "~ 1 - alpha/(1+alpha)*(3*gamma - gamma*(1+gamma)) "
    "+ (alpha/(1+alpha))**2*gamma*(9/4*(1+gamma) - 3/2*(1+3*gamma+gamma**2) "
    "+ 1/4*(1+{}*gamma+6*gamma**2+gamma**3)) when noise == 0, norm2 == 1"
)


@pytest.mark.parametrize(
    ("statement", "verdict", "order"),
    [
        ("improvement(evaluation=same) ~ norm2*k/(k+d)*d/(n+d) when noise == 0", "asymptotic", "1"),
        ("improvement(cold, evaluation=same) ~ norm2*k/(k+d) when noise == 0", "asymptotic", "1"),
        (
            "improvement(evaluation=same) ~ norm2*k/(k+d)*d**3/(n+d)**3 when noise == 0",
            "refuted",
            None,
        ),
        ("risk_after(evaluation=same) ~ risk_after(cold, evaluation=same)", "refuted", None),
        (TWO_STEPS.format(6), "asymptotic", "1"),
        (TWO_STEPS.format(5), "refuted", None),
        (
            "risk_after(steps=[step_size, step_size/d]) ~ risk_after when noise == 0",
            "asymptotic",
            "1",
        ),
    ],
)
def test_limits(hasty, statement, verdict, order):
    answer = deciding.decided(statement, None)
    assert answer["verdict"] == verdict, answer["tried"]
    if order is not None:
        assert answer["order"]["exponent"] == order


@pytest.mark.parametrize(
    "statement",
    [
        "risk_after(cold,evaluation=same,n=n+1,steps=[1/n,-step_size(cold)/sqrt(2)]) <= norm2",
        "improvement(steps=[risk_before(evaluation=fresh)]) < improvement(evaluation=same)",
    ],
)
def test_a_statement_reads_back(statement):
    parsed = parse(statement)
    assert parse(written(parsed.comparison)).comparison == parsed.comparison


def test_empty_parentheses_and_steps_speak_of_the_statements_own_names():
    assert side("risk_after()") == side("risk_after")
    cold = side("risk_after(cold, n=n+1, steps=[step_size(), n])")
    assert [name for name, _ in cold.sizes] == ["n"]
    point = dict(zip(NAMES, map(Fraction, (3, 2, 2, 1, 0)), strict=True))
    values = isotropic_values(point)
    step = values.quantity(side("step_size"))
    assert values.quantity(cold) == values.quantity(
        side(f"risk_after(cold, n=4, steps=[{step}, 3])")
    )


@pytest.mark.parametrize(
    ("statement", "position", "message"),
    [
        ("risk_after(steps=[]) > 0", 12, "give 1 to 16"),
        (f"risk_after(steps=[{', '.join('n' * 17)}]) > 0", 12, "17 steps; give 1 to 16"),
        ("risk_after(steps=1/n) > 0", 18, r"steps=\[1/n, 2/n\]"),
        ("risk_after(steps=[1/n, ]) > 0", 24, "expected a number"),
        ("risk_after(steps=[1/n) > 0", 22, r"expected '\]'"),
        ("risk_after(steps=[[1/n]]) > 0", 19, "a list stands in"),
        ("[n, k] == 1", 1, "a list stands in"),
        ("n == max([n, k])", 10, "a list stands in"),
        ("risk_after(n=[1]) > 0", 14, "a list stands in"),
        ("risk_after(steps=[1], steps=[2]) > 0", 23, "given twice"),
        ("risk_after(evaluation=old) > 0", 23, "fresh or same"),
        ("risk_after(evaluation=) > 0", 23, "fresh or same"),
        ("risk_after(evaluation=same, evaluation=fresh) > 0", 29, "given twice"),
        ("risk_after(evaluation='same') > 0", 23, "without quotes"),
        ("risk_after(evaluation=same, cold) > 0", 29, "expected a size"),
        ("risk_before(steps=[1]) > 0", 13, "takes no steps; risk_after and improvement do"),
        ("step_size(cold, steps=[1]) > 0", 17, "takes no steps"),
        ("risk_after(step=[1]) > 0", 12, r"or steps=\[...\]"),
        ("risk_before(step=[1]) > 0", 13, "or evaluation=same"),
        ("risk_after(n=risk_after(steps=[1])) > 0", 12, "expression in the names"),
        ("same == fresh", 1, "is unknown"),
        (
            f"risk_after(steps=[risk_after(steps=[{', '.join('n' * 16)}]), n])**4 > 0",
            94,
            "size of",
        ),
    ],
)
def test_wrong_steps(statement, position, message):
    with pytest.raises(StatementError, match=message) as raised:
        parse(statement)
    assert raised.value.position == position
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("risk_after(steps=[2n, ln k]) >= 0", "risk_after(steps=[2*n, log(k)]) >= 0"),
        ("risk_after(steps=(1/n, 2)) > 0", "risk_after(steps=[1/n, 2]) > 0"),
        ("Risk_after(evaluation=Same) > 0", "risk_after(evaluation=same) > 0"),
    ],
)
def test_what_was_meant_is_said(text, right):
    with pytest.raises(StatementError, match=re.escape(f"right would be: {right}")):
        parse(text)


def setting_of(**changes):
    standard = {
        "context_length": 6,
        "test_samples": 4,
        "feature_covariance": ttt.AR1(3, 0.5),
        "task_covariance": ttt.Diagonal([1.0, 2.0, 0.5]),
        "task": [1.0, 0.5, -0.25],
        "noise_variance": 0.25,
    }
    return ttt.Setting(**{**standard, **changes})


def value_in(setting, text):
    value = evaluate(side(text), setting_values(setting))
    return float(Fraction(int(value.p), int(value.q)))


STARTS = [
    ttt.PretrainedWeights(),
    ttt.PretrainedWeights(0.5),
    ttt.ZeroWeights(),
    ttt.DenseWeights([[0.125, 0.0, 0.25], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0625]]),
]


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize("start", STARTS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("features", [ttt.AR1(3, 0.5), ttt.Isotropic(3, scale=0.25)])
def test_a_setting_is_evaluated_as_it_says(features, start, evaluation):
    setting = setting_of(feature_covariance=features, initialization=start, evaluation=evaluation)
    risk = ttt.one_step_risk(setting)
    for name in ("risk_before", "risk_after", "improvement", "step_size"):
        assert value_in(setting, name) == pytest.approx(getattr(risk, name), 1e-12)
    risks = ttt.several_steps_risk(setting, [0.0078125, -0.25]).risks
    for text in ("steps=[1/128, -1/4]", f"steps=[1/128, -1/4], evaluation={evaluation}"):
        assert value_in(setting, f"risk_after({text})") == pytest.approx(risks[2], 1e-12)
    gain = value_in(setting, "improvement(steps=[1/128, -1/4])")
    assert gain == pytest.approx(risks[0] - risks[2], 1e-10)


def test_an_evaluation_and_a_start_of_ones_own_come_before_the_settings():
    setting = setting_of(evaluation="same", initialization=ttt.ZeroWeights())
    for evaluation, start in itertools.product(("fresh", "same"), ("warm", "cold")):
        initial = ttt.PretrainedWeights() if start == "warm" else ttt.ZeroWeights()
        other = dataclasses.replace(setting, evaluation=evaluation, initialization=initial)
        expected = ttt.one_step_risk(other).risk_after
        found = value_in(setting, f"risk_after({start}, evaluation={evaluation})")
        assert found == pytest.approx(expected, 1e-12)


@pytest.mark.parametrize("evaluation", ["fresh", "same"])
@pytest.mark.parametrize("start", [ttt.PretrainedWeights(), ttt.ZeroWeights()])
def test_many_steps_of_an_isotropic_setting(start, evaluation):
    isotropic = {"scale": 0.25}, {"scale": 2.0}
    features, prior = (ttt.Isotropic(3, **each) for each in isotropic)
    setting = setting_of(
        feature_covariance=features,
        task_covariance=prior,
        initialization=start,
        evaluation=evaluation,
    )
    steps = [1 / 128, 1 / 64, -1 / 256, 1 / 32]
    risks = ttt.several_steps_risk(setting, steps).risks
    assert value_in(setting, "risk_after(steps=[1/128, 1/64, -1/256, 1/32])") == pytest.approx(
        risks[4], 1e-12
    )
    # At another length of the prompts, which are those of pretraining, too.
    longer = dataclasses.replace(setting, context_length=9, pretraining=ttt.Pretraining())
    found = value_in(
        dataclasses.replace(setting, pretraining=ttt.Pretraining()),
        "risk_after(n=n+3, steps=[1/128, 1/64, -1/256])",
    )
    assert found == pytest.approx(ttt.several_steps_risk(longer, steps[:3]).risks[3], 1e-12)


def test_a_step_on_a_setting_need_not_be_rational():
    setting = setting_of()
    risk = ttt.several_steps_risk(setting, [2**0.5 / 100, 0.001]).risks[2]
    for factor, verdict in ((0.999, "refuted"), (1.001, "proved")):
        statement = f"risk_after(steps=[sqrt(2)/100, 1/1000]) < {risk * factor!r}"
        assert deciding.decided(statement, setting)["verdict"] == verdict


def test_what_is_not_known_of_a_setting_is_refused():
    three = "risk_after(steps=[1/n, 1/n, 1/n]) > 0"
    with pytest.raises(StatementError, match="give 2 at most"):
        ttt.check(three, setting_of())
    # A start that is no multiple of the identity.
    with pytest.raises(StatementError, match="give 2 at most"):
        ttt.check(three, setting_of(feature_covariance=ttt.Isotropic(3)))
    with pytest.raises(StatementError, match="give n or k only"):
        ttt.check("risk_after(steps=[step_size(d=2)]) > 0", setting_of())
    others = {
        "step_rule": "normalized",
        "task": ttt.RandomTask([1.0, 0.0, 0.0], ttt.Isotropic(3)),
        "feature_law": ttt.RademacherFeatures(),
    }
    for field, value in others.items():
        for statement in ("risk_after <= risk_before", "risk_after(steps=[1/n]) > 0"):
            with pytest.raises(InvalidSettingError, match=field):
                ttt.check(statement, setting_of(**{field: value}))
