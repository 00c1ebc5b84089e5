"""Evaluations, step rules, random tasks and feature laws, in Python and in files."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, stats

import ttt_theory as ttt
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.exact.descent import Descent, method_coefficients
from ttt_theory.linear.setting.setting import check_defaults, departures

FILE = """
context_length = 4
test_samples = 2
feature_covariance = { kind = "isotropic", dim = 3 }
task_covariance = { kind = "isotropic", dim = 3 }
initialization = { kind = "zero" }
"""
LAWS = [
    ttt.GaussianFeatures(),
    ttt.RademacherFeatures(),
    ttt.UniformFeatures(),
    ttt.StudentTFeatures(12.0),
    ttt.EllipticalFeatures([0.25, 4.0], [0.8, 0.2]),
]


def setting(**changes):
    values = {"task": [1.0, 2.0, 3.0]} | changes
    return ttt.Setting(4, 2, ttt.Isotropic(3), ttt.Isotropic(3), **values)


def read(tmp_path, text):
    file = tmp_path / "setting.toml"
    file.write_text(FILE + text)
    return ttt.Setting.from_toml(file)


def test_defaults_are_the_papers():
    assert setting().kind == ("fresh", "plain", "fixed", "gaussian")
    assert departures(setting()) == {}
    check_defaults(setting(), "nothing", "evaluation", "step_rule", "task", "feature_law")


@pytest.mark.parametrize(
    ("changes", "field", "kind"),
    [
        ({"evaluation": "same"}, "evaluation", ("same", "plain", "fixed", "gaussian")),
        ({"step_rule": "normalized"}, "step_rule", ("fresh", "normalized", "fixed", "gaussian")),
        (
            {"task": ttt.RandomTask(covariance=ttt.Isotropic(3))},
            "task",
            ("fresh", "plain", "random", "gaussian"),
        ),
        (
            {"feature_law": ttt.UniformFeatures()},
            "feature_law",
            ("fresh", "plain", "fixed", "uniform"),
        ),
    ],
)
def test_what_leaves_the_paper_is_told_apart(changes, field, kind):
    other = setting(**changes)
    assert other.kind == kind
    assert list(departures(other)) == [field]
    fields = {"evaluation", "step_rule", "task", "feature_law"}
    check_defaults(other, "a proof", *(fields - {field}))
    with pytest.raises(InvalidSettingError, match=f"{field}: .* a proof knows .* alone"):
        check_defaults(other, "a proof", field)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation": "Same"}, "evaluation: 'Same' is not valid; give one of fresh, same"),
        ({"evaluation": ["same"]}, "evaluation: "),
        ({"step_rule": None}, "step_rule: None is not valid; give one of plain, normalized"),
        ({"feature_law": "uniform"}, "feature_law: 'uniform' is not valid; give an instance"),
        ({"task": ttt.RandomTask([1.0, 2.0], ttt.Isotropic(2))}, "task.mean: .* 3 numbers"),
    ],
)
def test_what_is_none_is_named(changes, message):
    with pytest.raises(InvalidSettingError, match=message):
        setting(**changes)


def test_a_fixed_task_is_asked_for_where_it_is_needed():
    assert list(setting().fixed_task) == [1.0, 2.0, 3.0]
    random = setting(task=ttt.RandomTask(covariance=ttt.Isotropic(3)))
    with pytest.raises(InvalidSettingError, match=r"task: .* a fixed task is needed"):
        _ = random.fixed_task


def test_random_tasks_are_drawn_about_their_mean():
    task = ttt.RandomTask([1.0, -2.0], ttt.Dense([[2.0, 0.5], [0.5, 1.0]]))
    drawn = task.sample(np.random.default_rng(0), 40_000)
    assert drawn.mean(axis=0) == pytest.approx([1.0, -2.0], abs=0.05)
    assert np.cov(drawn.T).ravel() == pytest.approx([2.0, 0.5, 0.5, 1.0], abs=0.08)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, None), "covariance: None is not valid"),
        (([1.0], ttt.Isotropic(2)), "mean: .* give 2 numbers"),
        (([1.0, math.nan], ttt.Isotropic(2)), "mean: nan"),
    ],
)
def test_random_tasks_say_what_is_wrong(arguments, message):
    with pytest.raises(InvalidSettingError, match=message):
        ttt.RandomTask(*arguments)


def test_files_have_all_of_it(tmp_path):
    text = """
    evaluation = "same"
    step_rule = "normalized"
    feature_law = { kind = "elliptical", values = [0.25, 4.0], probabilities = [0.8, 0.2] }
    [task]
    kind = "random"
    mean = [1.0, 0.5, 0.0]
    covariance = { kind = "ar1", dim = 3, rho = 0.5 }
    """
    found = read(tmp_path, text)
    assert found.kind == ("same", "normalized", "random", "elliptical")
    assert list(found.task.mean) == [1.0, 0.5, 0.0]
    assert found.task.covariance == ttt.AR1(3, 0.5)
    assert list(found.feature_law.values) == [0.25, 4.0]
    default = 'task = { kind = "random", covariance = { kind = "isotropic", dim = 3 } }'
    assert list(read(tmp_path, default).task.mean) == [0.0] * 3
    student = (
        'task = { kind = "ones" }\nfeature_law = { kind = "student_t", degrees_of_freedom = 9 }'
    )
    assert read(tmp_path, student).feature_law == ttt.StudentTFeatures(9.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('evaluation = "both"', "evaluation: 'both' is not valid; give one of fresh, same"),
        ("evaluation = 1", "evaluation: 1 is not valid"),
        ('feature_law = { kind = "cauchy" }', "feature_law.kind: 'cauchy' is not valid"),
        ('feature_law = { kind = "uniform", width = 2 }', "feature_law.width: 2 is not valid"),
        (
            'feature_law = { kind = "student_t", degrees_of_freedom = 2 }',
            "feature_law.degrees_of_freedom: 2.0 is not valid; give a finite number above 2",
        ),
        (
            'feature_law = { kind = "elliptical", values = [1.0], probabilities = [0.5] }',
            "feature_law.probabilities: 0.5 is not valid; it is their sum",
        ),
        (
            'feature_law = { kind = "elliptical", values = [2, -1], probabilities = [0.7, 0.3] }',
            "feature_law.values: -1.0 is not valid",
        ),
    ],
)
def test_files_say_what_is_wrong(tmp_path, text, message):
    with pytest.raises(InvalidSettingError, match=message):
        read(tmp_path, 'task = { kind = "ones" }\n' + text)


def test_a_random_task_of_a_file_says_what_is_wrong(tmp_path):
    table = '{ kind = "isotropic", dim = 2 }'
    for text, message in [
        (f'{{ kind = "random", mean = [1.0], covariance = {table} }}', "task.mean: .* 2 numbers"),
        (f'{{ kind = "random", covariance = {table} }}', "task.mean: .* give 3 numbers"),
        ('{ kind = "random" }', "task.covariance: a missing value"),
    ]:
        with pytest.raises(InvalidSettingError, match=message):
            read(tmp_path, f"task = {text}")


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.kind)
def test_every_law_has_the_covariance_that_is_asked_for(law):
    covariance = ttt.Dense([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
    drawn = law.sample(covariance, np.random.default_rng(1), (200, 400))
    assert drawn.shape == (200, 400, 3)
    rows = drawn.reshape(-1, 3)
    assert np.abs(rows.mean(axis=0)).max() < 0.03
    np.testing.assert_allclose(rows.T @ rows / len(rows), covariance.matrix(), atol=0.06)


@pytest.mark.parametrize("law", LAWS[1:4], ids=lambda law: law.kind)
def test_independent_entries_come_through_the_symmetric_root(law):
    entries = [[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]]
    covariance = ttt.Dense(entries)
    drawn = law.sample(covariance, np.random.default_rng(2), (5,))
    root = covariance.symmetric_root
    np.testing.assert_allclose(root, root.T)
    np.testing.assert_allclose(root @ root, entries, atol=1e-14)
    assert np.linalg.eigvalsh(root).min() > 0.0
    z = np.linalg.solve(root, drawn.T).T
    expected = law.entries(np.random.default_rng(2), (5, 3))
    np.testing.assert_allclose(z, expected, atol=1e-12)


def test_the_root_of_a_diagonal_covariance_is_its_diagonal():
    assert list(ttt.Diagonal([4.0, 9.0]).symmetric_root) == [2.0, 3.0]


def test_moments_of_entries_are_those_of_their_densities():
    root = math.sqrt(3.0)
    for order in (2, 4, 6, 8):
        uniform = Fraction(3) ** (order // 2) / (order + 1)
        assert ttt.UniformFeatures().moment(order) == pytest.approx(float(uniform), rel=1e-15)
        value, _ = integrate.quad(lambda z, p=order: z**p * stats.t.pdf(z, 11.0), -np.inf, np.inf)
        value *= (9.0 / 11.0) ** (order // 2)
        assert ttt.StudentTFeatures(11.0).moment(order) == pytest.approx(value, rel=1e-7)
    assert ttt.StudentTFeatures(6.0).moment(6) == math.inf
    drawn = ttt.UniformFeatures().entries(np.random.default_rng(0), (1000,))
    assert -root < drawn.min() < -0.98 * root
    assert 0.98 * root < drawn.max() < root
    assert set(ttt.RademacherFeatures().entries(np.random.default_rng(0), (100,))) == {-1.0, 1.0}
    student = ttt.StudentTFeatures(30.0).entries(np.random.default_rng(0), (200_000,))
    assert student.var() == pytest.approx(1.0, rel=0.02)


def test_radii_have_the_mean_one():
    law = ttt.EllipticalFeatures([0.5, 3.0], [0.8, 0.2])
    assert law.radius_moment(1) == 1.0
    assert law.radius_moment(3) == pytest.approx(0.8 * 0.125 + 0.2 * 27.0)
    drawn = law.sample(ttt.Isotropic(50), np.random.default_rng(3), (20_000,))
    squares = np.mean(drawn**2, axis=1)
    # 50 entries tell the two radii apart.
    assert np.mean(squares > 1.5) == pytest.approx(0.2, abs=0.01)
    assert squares[squares > 1.5].mean() == pytest.approx(3.0, rel=0.02)


def test_several_steps_as_a_quadratic_form():
    half, third, fifth = Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)
    method = method_coefficients([half, third])
    for x in (Fraction(1, 7), Fraction(-2), Fraction(5)):
        polynomial = 1 - (1 - 2 * half * x) * (1 - 2 * third * x)
        assert method[0] * x + method[1] * x**2 == polynomial
    descent = Descent(Fraction(7), [Fraction(2), fifth], [[Fraction(3), third], [third, half]])
    c, e = method
    expected = 7 - 2 * (2 * c + fifth * e) + 3 * c**2 + 2 * third * c * e + half * e**2
    assert descent.risk([half, third]) == descent.risk([third, half]) == expected
    assert descent.risk([]) == 7
    # After a first step alone nothing of the second enters.
    assert descent.risk([half]) == descent.risk([half, 0]) == descent.curve.at(half)


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluation": "same", "feature_law": ttt.UniformFeatures()},
        {"step_rule": "normalized", "feature_law": ttt.UniformFeatures()},
    ],
)
def test_combinations_without_an_exact_risk_are_refused(changes):
    other = setting(**changes)
    with pytest.raises(InvalidSettingError, match=f"^{next(iter(changes))}: "):
        ttt.one_step_risk(other)
