"""Rules for the step: divided by Σy² against averages over prompts; the cost of a wrong guess."""

import dataclasses
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import ttt_theory as ttt
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import isotropic as rational
from ttt_theory.linear.closed_form import normalized
from ttt_theory.linear.exact.normalized import label_scaled_risk

SIGMA = np.array([[2.0, 0.5], [0.5, 0.7]])
SKEW = np.array([[0.05, 0.03], [-0.02, 0.08]])
RULES = ("plain", "normalized", "label_scaled")


def isotropic(n, k, d, square=1.0, noise=0.0, factor=1.0):
    task = [square**0.5, *[0.0] * (d - 1)]
    start = ttt.PretrainedWeights(factor)
    return ttt.Setting(n, k, ttt.Isotropic(d), ttt.Isotropic(d), task, noise, initialization=start)


def hermite(degree):
    nodes, weights = special.roots_hermitenorm(degree)
    return nodes, weights / weights.sum()


def moments_of_coefficients(u, task, weights, features, n, noise):
    """Return uᵀPΣ_x²e and the two parts of c2's mean at context vectors u, from the definitions."""
    mean = features @ task
    variance = task @ mean + noise
    second = n * (n + 1) * np.outer(mean, mean) + n * variance * features
    cross = n * np.outer(mean, task) - second @ weights.T
    error = task - u @ weights.T
    square = features @ features

    def form(left, matrix, right):
        return np.einsum("...i,ij,...j->...", left, matrix, right)

    overlap = form(u, second, u)
    first = form(error, features, error)
    third = form(error, square @ features, error)
    return form(u, cross @ square, error), overlap * third, overlap * (first + noise)


def coefficients(k, features, linear, third, first):
    square = np.trace(features @ features)
    return 4 * k * linear, 4 * k * ((k + 1) * third + square * first)


@pytest.mark.parametrize("noise", [0.0, 0.6])
def test_over_all_prompts_of_three_tokens(noise):
    # 1/Y = ∫exp(−θY)dθ, and the weight exp(−θy²) leaves the (x, ξ) of each token Gaussian.
    n, k, variance, task, weight = 3, 2, 1.7, 0.8, 0.11
    given_setting = ttt.Setting(
        n,
        k,
        ttt.Isotropic(1, scale=variance),
        ttt.Isotropic(1),
        [task],
        noise,
        initialization=ttt.DenseWeights([[weight]]),
    )
    label = task**2 * variance + noise
    nodes, shares = hermite(5)
    grid = np.stack(np.meshgrid(*[nodes] * 6, indexing="ij"), -1).reshape(-1, n, 2)
    share = np.prod(np.stack(np.meshgrid(*[shares] * 6, indexing="ij"), -1), axis=-1).ravel()
    direction = np.array([task * variance**0.5, noise**0.5])
    totals = np.zeros(3)
    for log in np.arange(-40.0, 60.0, 0.25):
        theta = np.exp(log)
        # (x, ξ) = (√Σ g_1, σ g_2) with precision I + 2θ direction directionᵀ of g.
        root = np.eye(2) + np.outer(direction, direction) / label * (
            (1.0 + 2.0 * theta * label) ** -0.5 - 1.0
        )
        g = grid @ root
        x, y = variance**0.5 * g[..., 0], g @ direction
        u = np.sum(x * y, axis=1)[:, np.newaxis]
        parts = moments_of_coefficients(
            u, np.array([task]), np.array([[weight]]), np.array([[variance]]), n, noise
        )
        mass = 0.25 * (1.0 + 2.0 * theta * label) ** (-n / 2) * share
        totals += [
            theta * (mass @ parts[0]),
            theta**2 * (mass @ parts[1]),
            theta**2 * (mass @ parts[2]),
        ]
    expected = coefficients(k, np.array([[variance]]), *totals)
    risk = label_scaled_risk(given_setting)
    np.testing.assert_allclose((risk.linear, risk.quadratic), expected, rtol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.6])
@pytest.mark.parametrize("n", [5, 8])
def test_any_matrices_over_the_law_of_the_context(n, noise):
    k, task = 4, np.array([0.8, -1.3])
    given_setting = ttt.Setting(
        n,
        k,
        ttt.Dense(SIGMA),
        ttt.Isotropic(2),
        task,
        noise,
        initialization=ttt.DenseWeights(SKEW),
    )
    mean = SIGMA @ task
    variance = task @ mean + noise
    # Y = variance·t exactly; all that is averaged has two powers of t less than its density.
    t, t_shares = special.roots_genlaguerre(12, n / 2 - 3)
    t, t_shares = 2.0 * t, t_shares / special.gamma(n / 2) / 4.0  # Of E[t⁻² f(t)].
    nodes, shares = hermite(10)
    pairs = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), -1).reshape(-1, 2)
    root = np.linalg.eigh(variance * SIGMA - np.outer(mean, mean))
    root = root[1] * np.sqrt(np.maximum(root[0], 0.0))
    share = np.outer(shares, shares).ravel()
    totals = np.zeros(3)
    for value, t_share in zip(t, t_shares, strict=True):
        u = value * mean + value**0.5 * pairs @ root.T
        parts = moments_of_coefficients(u, task, SKEW, SIGMA, n, noise)
        labels = np.array([variance * value, 1.0, 1.0])
        totals += t_share / variance**2 * labels * [share @ part for part in parts]
    expected = coefficients(k, SIGMA, *totals)
    found = label_scaled_risk(given_setting)
    np.testing.assert_allclose((found.linear, found.quadratic), expected, rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(6, 60),
    k=st.integers(1, 80),
    d=st.integers(1, 30),
    square=st.sampled_from([1e-6, 0.5, 1.0, 700.0]),
    noise=st.sampled_from([0.0, 0.3, 40.0]),
    factor=st.sampled_from([0.0, 0.4, 1.0]),
)
def test_isotropic_against_the_rational_forms(n, k, d, square, noise, factor):
    risk = label_scaled_risk(isotropic(n, k, d, square, noise, factor))
    w = factor / (n + d + 1 + noise)
    # The task's own square, as the root of one is rounded.
    square = (square**0.5) ** 2
    expected = [
        formula(n, k, d, square, noise, w)
        for formula in (normalized.label_scaled_linear, normalized.label_scaled_quadratic)
    ]
    # In one dimension c1 may all but vanish.
    scale = 2.0 * (risk.constant * expected[1]) ** 0.5
    assert risk.linear == pytest.approx(expected[0], rel=1e-11, abs=1e-14 * scale)
    assert risk.quadratic == pytest.approx(expected[1], rel=1e-11)


def test_the_three_rules_are_those_of_the_settings():
    given_setting = ttt.Setting(
        9, 4, ttt.AR1(4, 0.5), ttt.Diagonal([1.0, 2.0, 0.5, 3.0]), [1.0, -2.0, 0.5, 1.5], 0.4
    )
    rules = ttt.step_rules(given_setting)
    assert rules.plain == ttt.one_step_risk(given_setting)
    divided = dataclasses.replace(given_setting, step_rule="normalized")
    assert rules.normalized == ttt.one_step_risk(divided)
    assert rules.label_scaled == label_scaled_risk(given_setting)
    assert len({rules.plain.risk_after, rules.normalized.risk_after}) == 2
    befores = {getattr(rules, name).risk_before for name in RULES}
    np.testing.assert_allclose(list(befores), rules.plain.risk_before, rtol=1e-14)


def test_sizes_at_which_each_rule_wins():
    # Cold, without noise: over Σy² iff n² > d + 3; over ‖u‖² always less than over Σy².
    for n, beats in ((6, False), (7, True)):
        rules = ttt.step_rules(isotropic(n, 40, 40, factor=0.0))
        assert (rules.label_scaled.risk_after < rules.plain.risk_after) is beats
        assert rules.label_scaled.risk_after < rules.normalized.risk_after < 1.0


def rows_of_the_theory(count):
    text = (Path(__file__).parents[3] / "docs" / "theory.md").read_text(encoding="utf-8")
    section = text.partition("*What is lost without an oracle.*")[2].partition("*Where:*")[0]
    rows = re.findall(r"^ +\| ([\d. |]+) \|$", section, flags=re.MULTILINE)
    rows = [row.split(" | ") for row in rows]
    chosen = [row for row in rows if len(row) == count]
    assert len(chosen) >= 3
    return chosen


def shown(number):
    return f"{number:.4f}"


def test_the_table_of_risks_without_noise():
    for row in rows_of_the_theory(9):
        d, n = int(row[0]), int(row[1])
        warm, cold = (ttt.step_rules(isotropic(n, d, d, factor=start)) for start in (1.0, 0.0))
        expected = [warm.plain.risk_before]
        expected += [getattr(rules, name).risk_after for rules in (warm, cold) for name in RULES]
        assert row[2:] == [shown(each) for each in expected]


def test_the_table_of_where_divided_steps_win():
    for row in rows_of_the_theory(6):
        d = int(row[0])
        assert row[1] == f"{d**0.5:.1f}"
        columns = itertools.product((1.0, 0.0), ("normalized", "label_scaled"))
        for n, (start, name) in zip(map(int, row[2:]), columns, strict=True):
            for length, wins in ((n - 1, False), (n, True)):
                rules = ttt.step_rules(isotropic(length, d, d, factor=start))
                assert (getattr(rules, name).improvement > rules.plain.improvement) is wins
            assert not longer_contexts_at_which_they_tie(n, d, start, name)


def longer_contexts_at_which_they_tie(n, d, start, name):
    length = sympy.Symbol("n")
    sizes = length, d, d, 1
    weight = int(start) / (length + d + 1)
    divided = {
        "normalized": lambda formula: formula(*sizes, weight),
        "label_scaled": lambda formula: formula(*sizes, 0, weight),
    }[name]
    names = {"normalized": "isotropic", "label_scaled": "label_scaled"}
    linear, quadratic = (
        divided(getattr(normalized, f"{names[name]}_{part}")) for part in ("linear", "quadratic")
    )
    plain = [each(*sizes, 0, weight) for each in (rational.linear, rational.quadratic)]
    difference = linear**2 * plain[1] - plain[0] ** 2 * quadratic
    numerator = sympy.Poly(sympy.fraction(sympy.together(difference))[0], length)
    return numerator.count_roots(n, sympy.oo)


def test_the_table_of_noise():
    clean = isotropic(20, 40, 40)
    for row in rows_of_the_theory(8):
        rules = ttt.step_rules(dataclasses.replace(clean, noise_variance=float(row[0])))
        risks = rules.tuned_for(ttt.step_rules(clean))
        expected = [rules.plain.risk_before]
        for name in RULES:
            expected += [getattr(rules, name).risk_after, risks[name]]
        assert row[1:] == [shown(each) for each in expected]


def test_units():
    # Σ_x, β and σ² in other units: η/Σy² has the unit of 1/Σ_x² and no label's.
    cold = {"initialization": ttt.ZeroWeights()}
    one = ttt.Setting(9, 2, ttt.Diagonal([2.0, 1.0]), ttt.Isotropic(2), [1.0, 2.0], 0.5, **cold)
    other = ttt.Setting(
        9, 2, ttt.Diagonal([6.0, 3.0]), ttt.Isotropic(2), [10.0, 20.0], 150.0, **cold
    )
    risk, scaled = label_scaled_risk(one), label_scaled_risk(other)
    assert scaled.step_size == pytest.approx(risk.step_size / 9.0, rel=1e-12)
    assert scaled.improvement == pytest.approx(300.0 * risk.improvement, rel=1e-12)


@pytest.mark.parametrize("features", [ttt.Isotropic(4), ttt.Diagonal([2.0, 1.0, 0.5, 0.25])])
def test_a_wrong_guess_costs_a_square(features):
    true = ttt.Setting(
        12, 6, features, ttt.Isotropic(4), [0.3, -1.0, 0.7, 0.2], 0.4, ttt.PretrainedWeights(0.9)
    )
    believed = dataclasses.replace(true, task=[0.6, -2.0, 1.4, 0.4], noise_variance=0.1)
    rules, other = ttt.step_rules(true), ttt.step_rules(believed)
    risks = rules.tuned_for(other)
    assert set(risks) == set(RULES)
    for name, risk in risks.items():
        own = getattr(rules, name)
        ratio = getattr(other, name).step_size / own.step_size
        expected = own.risk_after + (ratio - 1.0) ** 2 * own.improvement
        assert risk == pytest.approx(expected, rel=1e-12)
        assert risk > own.risk_after
    assert rules.tuned_for(rules) == {name: getattr(rules, name).risk_after for name in RULES}


def test_divided_steps_need_not_know_the_task():
    # Isotropic, no noise: for half the task the plain step is four times too large.
    rules, other = (ttt.step_rules(isotropic(20, 40, 40, square)) for square in (4.0, 1.0))
    risks = rules.tuned_for(other)
    for name in ("normalized", "label_scaled"):
        assert risks[name] == pytest.approx(getattr(rules, name).risk_after, rel=1e-12)
    plain = rules.plain
    assert risks["plain"] == pytest.approx(plain.risk_after + 9.0 * plain.improvement, rel=1e-12)
    assert risks["plain"] > plain.risk_before


def test_silence_has_no_step():
    nothing = dataclasses.replace(isotropic(2, 3, 3), task=[0.0] * 3)
    for name in RULES:
        assert getattr(ttt.step_rules(nothing), name).step_size == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"context_length": 2}, "context_length: 2 is not valid; the risk of .* at least 3"),
        ({"evaluation": "same"}, "evaluation: 'same' .* knows fresh alone"),
        ({"step_rule": "normalized"}, "step_rule: 'normalized' .* knows plain alone"),
        ({"feature_law": ttt.UniformFeatures()}, "feature_law: .* knows gaussian alone"),
        ({"task": ttt.RandomTask(covariance=ttt.Isotropic(9))}, "task: .* knows fixed alone"),
    ],
)
def test_what_has_no_such_risk_is_refused_in_one_line(change, message):
    with pytest.raises(InvalidSettingError, match=message) as caught:
        ttt.step_rules(dataclasses.replace(isotropic(5, 3, 9), **change))
    assert "\n" not in str(caught.value)


def test_label_scaled_steps_say_what_they_need():
    with pytest.raises(InvalidSettingError, match=r"context_length: 2 .*Σy² is infinite"):
        label_scaled_risk(isotropic(2, 3, 9))
    # No rank is needed, as for ‖u‖².
    assert label_scaled_risk(isotropic(3, 3, 1, 1.0, 0.5, 0.0)).improvement > 0.0
    with pytest.raises(InvalidSettingError, match=r"setting: 'a\.toml'"):
        ttt.step_rules("a.toml")
