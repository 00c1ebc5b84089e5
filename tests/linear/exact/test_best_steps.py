"""The best steps: known values, certainty, order, and what no other steps beat."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import optimize

from tests import documented
from ttt_theory import (
    AR1,
    InvalidSettingError,
    Isotropic,
    PretrainedWeights,
    Setting,
    SeveralStepsRisk,
    ZeroWeights,
    best_steps,
    one_step_risk,
    several_steps_risk,
)
from ttt_theory.linear.exact import best_steps as best_steps_module
from ttt_theory.linear.exact.descent import Descent

RULES = ("equal", "greedy", "joint", "decay:0.6")


def isotropic(n=20, k=40, d=40, noise=0.0, start=None, **changes):
    task = np.zeros(d)
    task[0] = 1.0
    return Setting(n, k, Isotropic(d), Isotropic(d), task, noise, start or ZeroWeights(), **changes)


COLD, WARM = isotropic(), isotropic(start=PretrainedWeights())


@pytest.mark.parametrize(
    ("setting", "count", "rule", "expected"),
    [
        (COLD, 1, "joint", 0.6223119),
        (COLD, 2, "equal", 0.7646458),
        (COLD, 2, "joint", 0.5284839),
        (WARM, 1, "greedy", 0.5675304),
        (WARM, 2, "joint", 0.5361980),
    ],
)
def test_known_risks(setting, count, rule, expected):
    """Found by another program, with other formulas."""
    best = best_steps(setting, count, rule)
    assert best.risks[-1] == pytest.approx(expected, abs=6e-8)
    assert isinstance(best, SeveralStepsRisk)
    assert (best.rule, len(best.step_sizes), len(best.risks)) == (rule, count, count + 1)
    assert (best.dim, best.context_length, best.test_samples) == (40, 20, 40)


def test_what_the_best_polynomial_gains_is_told_apart():
    best = best_steps(COLD, 8)
    assert best.polynomial_risk == pytest.approx(0.3856891, abs=6e-8)
    # Its steps are complex from four steps on: real ones then gain less, and two of them coincide.
    gaps = []
    for count in (3, 4):
        each = best_steps(COLD, count)
        gaps.append(min(np.diff(each.step_sizes)) / each.step_sizes[0])
        excess = each.risks[-1] / each.polynomial_risk - 1.0
        assert (excess < 1e-14) == (count == 3)
    assert gaps[0] > 0.1
    assert abs(gaps[1]) < 1e-12
    assert best.risks[-1] > 1.01 * best.polynomial_risk


def test_the_documented_risks():
    rows = documented.table("| t | cold: equal |")
    assert [row[0] for row in rows] == ["1", "2", "4", "8"]
    for count, *numbers in rows:
        expected = []
        for setting in (COLD, WARM):
            risks = [best_steps(setting, int(count), rule) for rule in RULES[:3]]
            expected += [each.risks[-1] for each in risks] + [risks[-1].polynomial_risk]
        assert numbers == [f"{each:.4f}" for each in expected]


SETTINGS = st.builds(
    isotropic,
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([0.0, 0.3, 2.0]),
    st.sampled_from([ZeroWeights(), PretrainedWeights(), PretrainedWeights(0.6)]),
    evaluation=st.sampled_from(["fresh", "same"]),
)


@hypothesis_settings(max_examples=40, deadline=None)
@given(SETTINGS, st.integers(1, 4))
def test_rules_are_nested(setting, count):
    by_rule = {rule: best_steps(setting, count, rule) for rule in RULES}
    joint = by_rule["joint"]
    assert list(joint.step_sizes) == sorted(joint.step_sizes)
    for rule, best in by_rule.items():
        again = several_steps_risk(setting, best.step_sizes)
        assert again.risks == best.risks
        assert best.polynomial_risk == joint.polynomial_risk
        assert best.risks[-1] >= joint.risks[-1] * (1 - 1e-13)
        assert joint.risks[-1] >= best.polynomial_risk * (1 - 1e-13)
        first, ratio = best.step_sizes[0], {"equal": 1.0, "decay:0.6": 0.6}.get(rule)
        if ratio:
            expected = [first * ratio**i for i in range(count)]
            assert best.step_sizes == pytest.approx(expected, rel=1e-15)
    greedy = by_rule["greedy"].risks
    assert all(np.diff(greedy) <= 1e-13 * greedy[0])
    fewer = best_steps(setting, count - 1) if count > 1 else None
    assert fewer is None or joint.risks[-1] <= fewer.risks[-1] * (1 + 1e-13)


@hypothesis_settings(max_examples=40, deadline=None)
@given(SETTINGS, st.integers(1, 3), st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3))
def test_no_steps_beat_the_joint_optimum(setting, count, multiples):
    best = best_steps(setting, count)
    size = max(map(abs, best.step_sizes))
    others = [each * size for each in multiples[:count]]
    assert several_steps_risk(setting, others).risks[-1] >= best.risks[-1] * (1 - 1e-13)
    # Nor does a search from there.
    found = optimize.minimize(
        lambda steps: several_steps_risk(setting, steps * size).risks[-1],
        np.array(multiples[:count]) / 3.0,
        method="Nelder-Mead",
        options={"maxfev": 150},
    )
    assert found.fun >= best.risks[-1] * (1 - 1e-13)


@hypothesis_settings(max_examples=40, deadline=None)
@given(SETTINGS, st.integers(1, 4), st.sampled_from(["equal", "decay:0.6", "decay:0.1"]))
def test_no_first_step_beats_the_best_under_a_decay(setting, count, rule):
    best = best_steps(setting, count, rule)
    ratio = 1.0 if rule == "equal" else float(rule[6:])
    size = best.step_sizes[0] or one_step_risk(isotropic()).step_size
    for share in [*np.linspace(-2.0, 4.0, 25), 0.999, 1.001]:
        steps = [share * size * ratio**i for i in range(count)]
        assert several_steps_risk(setting, steps).risks[-1] >= best.risks[-1] * (1 - 1e-13)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_minimum_of_two_is_the_global_one(sign):
    """16η⁴ − 8η² − 0.8·sign·η, which no setting is known to have; its minima are at about ±1/2."""
    one, gain = Fraction(1), Fraction(sign, 10)
    descent = Descent(Fraction(9), [gain, Fraction(-3)], [[one, 0 * one], [0 * one, one]])
    first, second = best_steps_module._decaying(descent, 2, one)
    assert first == second
    grid = [Fraction(i, 500) for i in range(-500, 501)]
    best = min(grid, key=lambda step: descent.risk([step, step]))
    assert first == pytest.approx(float(best), abs=2e-3)
    assert first * sign > 0.0


def test_four_steps_from_many_starts():
    """Where steps coincide, other starts lead to nothing better."""
    best = best_steps(COLD, 4)
    rng = np.random.default_rng(0)
    size = max(best.step_sizes)
    for _ in range(6):
        start = np.sort(10.0 ** rng.uniform(-2.0, 0.1, 4))
        found = optimize.minimize(
            lambda logs: several_steps_risk(COLD, size * np.exp(logs)).risks[-1],
            np.log(start),
            method="Nelder-Mead",
            options={"maxfev": 400},
        )
        assert found.fun >= best.risks[-1] * (1 - 1e-12)


def test_greedy_steps_solve_one_quadratic_after_the_other():
    best = best_steps(WARM, 3, "greedy")
    assert best.step_sizes[0] == pytest.approx(one_step_risk(WARM).step_size, rel=1e-14)
    for i in range(3):
        for share in (0.98, 1.02):
            steps = [*best.step_sizes[:i], share * best.step_sizes[i]]
            assert several_steps_risk(WARM, steps).risks[-1] > best.risks[i + 1]


def test_many_steps_gain_more():
    risks = [best_steps(WARM, count).risks[-1] for count in (1, 2, 4, 6)]
    assert all(np.diff(risks) < 0.0)


def test_units_do_not_matter():
    plain = isotropic(noise=0.25, start=PretrainedWeights(0.5))
    scaled = Setting(
        20,
        40,
        Isotropic(40, scale=2.0**40),
        Isotropic(40, scale=2.0**-120),
        plain.task * 2.0**-60,
        0.25 * 2.0**-80,
        PretrainedWeights(0.5),
    )
    for rule in RULES:
        one, other = best_steps(plain, 5, rule), best_steps(scaled, 5, rule)
        assert [each * 2.0**-80 for each in one.risks] == pytest.approx(other.risks, rel=1e-13)
        assert one.step_sizes == pytest.approx(other.step_sizes, rel=1e-9)


def test_nothing_to_learn_takes_no_step():
    nothing = Setting(3, 2, Isotropic(2), Isotropic(2), [0.0, 0.0])
    only_noise = dataclasses.replace(nothing, noise_variance=2.0, initialization=ZeroWeights())
    at_optimum = Setting(5, 4, Isotropic(1), Isotropic(1), [2.0])
    for rule in RULES:
        assert best_steps(nothing, 3, rule).step_sizes == (0.0,) * 3
        best = best_steps(only_noise, 3, rule)
        assert best.step_sizes == (0.0,) * 3
        assert best.risks == (2.0,) * 4
        # In one dimension the warm start cannot be improved on by one step, but by two.
        assert best_steps(at_optimum, 1, rule).step_sizes == (0.0,)
    assert best_steps(at_optimum, 2).risks[-1] <= one_step_risk(at_optimum).risk_before


def test_one_step_of_any_setting():
    setting = Setting(6, 5, AR1(3, 0.5), Isotropic(3), [1.0, -1.0, 0.5], 0.1)
    expected = one_step_risk(setting)
    for rule in RULES:
        best = best_steps(setting, 1, rule)
        assert best.step_sizes == (expected.step_size,)
        assert best.risks == (expected.risk_before, expected.risk_after)
        assert best.polynomial_risk == expected.risk_after


@pytest.mark.parametrize(
    "rule",
    ["", "Joint", "decay", "decay:", "decay:0", "decay:1.5", "decay:nan", "decay:a", 3, None],
)
def test_no_rules(rule):
    with pytest.raises(InvalidSettingError, match=r"^rule: .*decay:f"):
        best_steps(COLD, 2, rule)


@pytest.mark.parametrize("count", [0, 17, 2.0, True, "3", -1, math.nan])
def test_no_numbers_of_steps(count):
    with pytest.raises(InvalidSettingError, match=r"^steps: .*from 1 to 16"):
        best_steps(COLD, count)
