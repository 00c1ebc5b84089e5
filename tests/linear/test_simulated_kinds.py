"""The literal simulator against the exact risk, for every kind of setting that has one.

Small prompts are averaged exactly at nodes.  What is no polynomial there is drawn, and compared by
intervals that hold for tails of any weight.
"""

import dataclasses
import functools
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from tests.nodes_of_prompts import averaged, nodes_of
from ttt_theory import (
    AR1,
    Dense,
    DenseWeights,
    Diagonal,
    EllipticalFeatures,
    GaussianFeatures,
    InvalidSettingError,
    Isotropic,
    PowerLaw,
    RademacherFeatures,
    RandomTask,
    Setting,
    StudentTFeatures,
    UniformFeatures,
    one_step_risk,
    several_steps_risk,
    simulate,
)
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.setting import EVALUATIONS, STEP_RULES

FEATURES = AR1(2, 0.5, scale=1.5)
SKEW = np.array([[0.05, -0.03], [0.08, 0.02]])
TASK = np.array([1.0, -0.5])
RANDOM = RandomTask(TASK, Dense([[0.5, -0.2], [-0.2, 1.25]]))
ELLIPTICAL = EllipticalFeatures([0.5, 3.0], [0.8, 0.2])


def small_setting(**changes):
    """A prompt of one sample each in two dimensions, of matrices that do not commute."""
    values = {
        "context_length": 1,
        "test_samples": 1,
        "feature_covariance": FEATURES,
        "task_covariance": Isotropic(2),
        "task": TASK,
        "initialization": DenseWeights(SKEW),
    }
    return Setting(**(values | changes))


def curve(setting):
    risk = one_step_risk(setting)
    return np.array([risk.constant, risk.linear, risk.quadratic])


def averaged_curve(setting, nodes, monkeypatch):
    return averaged(literal_simulator(setting).coefficients, nodes, monkeypatch)


def assert_another(found, exact):
    """That what would be the exact result of another setting is told apart."""
    assert np.max(np.abs(found / exact - 1.0)) > 1e-3


@pytest.mark.parametrize(("evaluation", "noise"), [("fresh", 0.0), ("same", 0.0), ("same", 0.25)])
def test_two_steps_of_matrices_that_do_not_commute(evaluation, noise, monkeypatch):
    setting = small_setting(evaluation=evaluation, noise_variance=noise)
    steps, is_same = [0.02, -0.01], evaluation == "same"
    found = averaged(
        functools.partial(literal_simulator(setting).squared_errors, steps),
        nodes_of(1, 1, 2, noise > 0.0, 2, is_same),
        monkeypatch,
    )
    assert_allclose(found, several_steps_risk(setting, steps).risks, rtol=1e-11)
    for change in (
        {"initialization": DenseWeights(SKEW.T)},
        {"evaluation": EVALUATIONS[not is_same]},
        {"feature_covariance": AR1(2, -0.5, scale=1.5)},
    ):
        wrong = dataclasses.replace(setting, **change)
        assert_another(found, several_steps_risk(wrong, steps).risks)


@pytest.mark.parametrize(
    ("n", "k", "noise"), [(1, 1, 0.25), (2, 1, 0.0), (1, 2, 0.0)], ids=["noise", "n = 2", "k = 2"]
)
def test_one_step_on_the_same_context(n, k, noise, monkeypatch):
    setting = small_setting(
        context_length=n, test_samples=k, noise_variance=noise, evaluation="same"
    )
    found = averaged_curve(setting, nodes_of(n, k, 2, noise > 0.0, 1, True), monkeypatch)
    assert_allclose(found, curve(setting), rtol=1e-11)
    assert_another(found, curve(dataclasses.replace(setting, evaluation="fresh")))


@pytest.mark.parametrize(("k", "noise"), [(1, 0.25), (2, 0.0)])
def test_a_normalized_step_on_the_same_context(k, noise, monkeypatch):
    setting = small_setting(
        context_length=2,
        test_samples=k,
        noise_variance=noise,
        evaluation="same",
        step_rule="normalized",
    )
    # e − 2ηv is of degree two in a feature of the context: three nodes, and no even number has one
    # at u = 0, where no step is taken.
    noisy = noise > 0.0
    nodes = [4] * 4 + [2] * (2 * noisy) + [3] * (2 * k) + [2] * (k * noisy) + [2] * (2 + noisy)
    found = averaged_curve(setting, nodes, monkeypatch)
    assert_allclose(found, curve(setting), rtol=1e-11)
    assert_another(found, curve(dataclasses.replace(setting, step_rule="plain")))


@pytest.mark.parametrize(
    ("law", "features", "n", "k", "noise"),
    [
        (RademacherFeatures(), FEATURES, 2, 2, 0.0),
        (RademacherFeatures(), Diagonal([1.5, 0.4]), 2, 1, 0.25),
        (UniformFeatures(), FEATURES, 1, 1, 0.25),
        (ELLIPTICAL, FEATURES, 1, 1, 0.0),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_one_step_of_another_feature_law(law, features, n, k, noise, monkeypatch):
    setting = small_setting(
        context_length=n,
        test_samples=k,
        noise_variance=noise,
        feature_covariance=features,
        feature_law=law,
    )
    noisy, nodes = noise > 0.0, []
    # Of features, noise and radii in the context, the test samples, the fresh context, the query.
    for count, feature, normal in ((n, 5, 3), (k, 3, 2), (n, 3, 2), (1, 2, 2)):
        entry = 2 if law.kind == "rademacher" else feature
        nodes += [2] * (count * (law.kind == "elliptical"))
        nodes += [entry] * (2 * count) + [normal] * (count * noisy)
    found = averaged_curve(setting, nodes, monkeypatch)
    assert_allclose(found, curve(setting), rtol=1e-11)
    assert_another(found, curve(dataclasses.replace(setting, feature_law=GaussianFeatures())))


@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_one_step_on_random_tasks(noise, monkeypatch):
    setting = small_setting(task=RANDOM, noise_variance=noise)
    if noise:
        setting = Setting(
            1,
            1,
            Isotropic(1, scale=1.5),
            Isotropic(1),
            RandomTask([0.75], Isotropic(1, scale=0.5)),
            noise,
            DenseWeights([[0.1]]),
        )
    # c2 is of degree 6 in the task.
    dim = setting.dim
    nodes = [4] * dim + nodes_of(1, 1, dim, noise > 0.0, 1, False)
    found = averaged_curve(setting, nodes, monkeypatch)
    assert_allclose(found, curve(setting), rtol=1e-11)
    assert_another(found, curve(dataclasses.replace(setting, task=setting.task.mean)))


LARGER = {
    "context_length": 20,
    "test_samples": 6,
    "feature_covariance": AR1(4, 0.5),
    "task_covariance": PowerLaw(4, 1.0),
    "task": np.array([1.0, -0.5, 0.25, 0.75]),
    "noise_variance": 0.25,
    "initialization": DenseWeights(0.03 * np.eye(4) + 0.01 * np.tri(4)),
}
DRAWN = {
    "two steps": ({}, {"evaluation": "same"}, 2),
    "two steps, same": ({"evaluation": "same"}, {}, 2),
    "normalized": (
        {"step_rule": "normalized"},
        {"step_rule": "normalized", "evaluation": "same"},
        1,
    ),
    "normalized, same": (
        {"step_rule": "normalized", "evaluation": "same"},
        {"step_rule": "normalized"},
        1,
    ),
    "student_t": ({"feature_law": StudentTFeatures(20.0)}, {"feature_covariance": AR1(4, 0.3)}, 1),
    "uniform": ({"feature_law": UniformFeatures()}, {}, 1),
    "elliptical": ({"feature_law": ELLIPTICAL}, {}, 1),
    "random": ({"task": RandomTask(LARGER["task"], AR1(4, 0.5, scale=0.1))}, {}, 1),
}


@pytest.mark.parametrize("name", DRAWN)
def test_larger_prompts_by_intervals_for_heavy_tails(name):
    # Medians of the means of 99 blocks leave their mean out with a probability of 1e-6 where it is
    # the median, too: blocks of 800 prompts are nearly symmetric.
    changes, others, count = DRAWN[name]
    setting, wrong = Setting(**(LARGER | changes)), Setting(**(LARGER | others))
    best = one_step_risk(setting).step_size
    steps = [best] if count == 1 else [0.6 * best, 0.4 * best]
    simulator = literal_simulator(setting)
    errors = simulator.squared_errors(steps, 99 * 800, np.random.Generator(np.random.SFC64(5)))
    means = np.sort(errors[:, -1].reshape(99, 800).mean(axis=1))
    rank = int(binom.isf(5e-7, 99, 0.5))
    low, high = means[99 - rank], means[rank - 1]
    exact, other = (
        one_step_risk(each).at(steps[0])
        if count == 1
        else several_steps_risk(each, steps).risks[-1]
        for each in (setting, wrong)
    )
    assert low < exact < high
    assert high - low < 0.12 * exact
    assert not low < other < high


LAWS = [
    GaussianFeatures(),
    RademacherFeatures(),
    UniformFeatures(),
    StudentTFeatures(20.0),
    StudentTFeatures(7.0),
    ELLIPTICAL,
]
KINDS = [
    Setting(
        **(
            LARGER
            | {
                "evaluation": evaluation,
                "step_rule": rule,
                "task": task,
                "feature_law": law,
            }
        )
    )
    for evaluation, rule, task, law in itertools.product(
        EVALUATIONS,
        STEP_RULES,
        (LARGER["task"], RandomTask(LARGER["task"], PowerLaw(4, 0.5))),
        LAWS,
    )
]


@pytest.mark.parametrize("setting", KINDS, ids=lambda setting: "-".join(setting.kind))
def test_the_step_is_the_best_one_where_that_is_known(setting):
    try:
        exact = one_step_risk(setting)
    except InvalidSettingError as error:
        unknown = rf"^step_size: None .* give one, --step-size .*since {error.field}: "
        with pytest.raises(InvalidSettingError, match=unknown):
            simulate(setting, 20)
        assert simulate(setting, 20, step_size=1e-4).mean > 0.0
        return
    assert simulate(setting, 20).step_size == exact.step_size


def test_most_kinds_with_one_departure_have_a_best_step():
    # So that the test above asks for something.
    known = set()
    for setting in KINDS:
        try:
            one_step_risk(setting)
        except InvalidSettingError:
            continue
        known.add(setting.kind)
    plain = ("fresh", "plain", "fixed")
    assert known == {
        ("fresh", "plain", "fixed", "gaussian"),
        ("same", "plain", "fixed", "gaussian"),
        ("fresh", "normalized", "fixed", "gaussian"),
        ("same", "normalized", "fixed", "gaussian"),
        ("fresh", "plain", "random", "gaussian"),
        *((*plain, law.kind) for law in LAWS),
    }
