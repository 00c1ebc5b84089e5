"""The exact one-step risk for features of independent entries."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import ttt_theory as ttt
from ttt_theory.errors import InvalidSettingError, LostPrecisionError
from ttt_theory.linear.exact.entry_moments import cumulants
from ttt_theory.linear.exact.independent_entries import IndependentEntriesCurve
from ttt_theory.linear.setting.feature_laws import (
    IndependentEntries,
    RademacherFeatures,
    StudentTFeatures,
    UniformFeatures,
)
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.witnesses.every_outcome import (
    NOISE,
    exact_array,
    risk_of_all_outcomes,
    sparse_entries,
    vectors,
)

NO_NOISE = ((0, Fraction(1)),)
SIGNS = ((-1, Fraction(1, 2)), (1, Fraction(1, 2)))


def curve_of(entries, noise, n, k, root, weights, task):
    """Return the compiled c0, c1 and c2 in fractions."""
    moments = {order: sum(p * value**order for value, p in entries) for order in (2, 4, 6, 8)}
    mean = root @ root @ task
    curve = IndependentEntriesCurve(
        cumulants(moments.get, 8),
        root=root,
        weights=weights,
        task=task,
        mean_error=task - n * weights @ mean,
        noise_variance=sum(p * value**2 for value, p in noise),
        context_length=n,
        test_samples=k,
    ).curve
    return curve.constant, curve.linear, curve.quadratic


ROOT = exact_array([[2, 1], [1, 3]])
UNEVEN = exact_array([[1, 2], [-1, 3]])


@pytest.mark.parametrize(
    ("entries", "noise", "n", "k", "root", "weights", "task"),
    [
        (SIGNS, NO_NOISE, 1, 1, [[2]], [[Fraction(1, 7)]], [3]),
        (SIGNS, NOISE, 2, 2, [[2]], [[Fraction(1, 7)]], [3]),
        (SIGNS, NO_NOISE, 2, 2, ROOT, UNEVEN / 50, [2, -1]),
        (SIGNS, NOISE, 2, 1, ROOT, UNEVEN / 50, [2, -1]),
        (SIGNS, NOISE, 1, 2, [[1, 0], [0, 0]], UNEVEN / 9, [3, 1]),
        (SIGNS, NO_NOISE, 2, 2, ROOT, 0 * UNEVEN, [2, -1]),
        (SIGNS, NOISE, 1, 2, ROOT, UNEVEN / 50, [0, 0]),
        (sparse_entries(2), NO_NOISE, 2, 2, [[3]], [[Fraction(1, 5)]], [2]),
        (sparse_entries(2), NOISE, 3, 1, [[3]], [[Fraction(1, 5)]], [2]),
        (sparse_entries(3), NO_NOISE, 2, 1, ROOT, UNEVEN / 30, [1, 3]),
        (sparse_entries(2), NOISE, 1, 1, ROOT, UNEVEN / 30, [1, 3]),
    ],
)
def test_every_outcome_added_up_gives_the_same_fractions(entries, noise, n, k, root, weights, task):
    root, weights, task = exact_array(root), exact_array(weights), exact_array(task)
    features = [(root @ z, p) for z, p in vectors(entries, len(task))]
    expected = risk_of_all_outcomes(features, noise, n, k, weights, task)
    assert curve_of(entries, noise, n, k, root, weights, task) == expected


@hypothesis_settings(max_examples=12, deadline=None)
@given(
    entries=st.sampled_from([SIGNS, sparse_entries(2), sparse_entries(3)]),
    sizes=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    root=st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    weights=st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    task=st.lists(st.integers(-3, 3), min_size=2, max_size=2),
)
def test_any_matrices_give_the_same_fractions(entries, sizes, root, weights, task):
    n, k = sizes
    root = exact_array([[root[0], root[1]], [root[1], root[2]]])
    weights, task = exact_array([weights[:2], weights[2:]]) / 11, exact_array(task)
    features = [(root @ z, p) for z, p in vectors(entries, 2)]
    expected = risk_of_all_outcomes(features, NO_NOISE, n, k, weights, task)
    assert curve_of(entries, NO_NOISE, n, k, root, weights, task) == expected


class GaussianEntries(IndependentEntries):
    """N(0, 1), as any other law of entries."""

    kind = "uniform"

    def entries(self, rng, shape):
        return rng.normal(size=shape)

    def moment(self, order):
        return float(np.prod(np.arange(1, order, 2)))


def general_setting(dim=5, seed=0, **fields):
    rng = np.random.default_rng(seed)
    features, prior = (rng.normal(size=(dim, dim)) for _ in range(2))
    given = {
        "context_length": 7,
        "test_samples": 4,
        "feature_covariance": ttt.Dense(features @ features.T),
        "task_covariance": ttt.Dense(prior @ prior.T),
        "task": rng.normal(size=dim),
        "noise_variance": 0.7,
    }
    return ttt.Setting(**(given | fields))


@pytest.mark.parametrize(
    "setting",
    [
        general_setting(),
        general_setting(initialization=ttt.ZeroWeights()),
        general_setting(dim=3, initialization=DenseWeights([[1, 2, 0], [0, 3, 1], [-1, 0, 1]])),
        general_setting(feature_covariance=ttt.PowerLaw(5, 1.5), task_covariance=ttt.Isotropic(5)),
        general_setting(
            feature_covariance=ttt.Isotropic(5),
            task_covariance=ttt.Isotropic(5),
            task=[0, 3, 0, 0, 1],
            noise_variance=0.0,
        ),
        general_setting(task=1e-40 * np.arange(5.0), noise_variance=1e-80),
    ],
)
def test_gaussian_entries_give_the_gaussian_risk(setting):
    expected = ttt.one_step_risk(setting)
    found = ttt.one_step_risk(replace(setting, feature_law=GaussianEntries()))
    for name in ("constant", "linear", "quadratic", "step_size", "risk_after", "improvement"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9)


@pytest.mark.parametrize("law", [RademacherFeatures(), UniformFeatures(), StudentTFeatures(20.0)])
def test_the_route_takes_the_laws_own_moments_and_the_symmetric_root(law):
    setting = general_setting(dim=4, seed=3, feature_law=law)
    covariance = setting.feature_covariance.matrix()
    weights = ttt.pretrained_weights(setting)
    root = setting.feature_covariance.symmetric_root
    curve = IndependentEntriesCurve(
        cumulants(law.moment, 8),
        root=root,
        weights=weights,
        task=setting.task,
        mean_error=setting.task - setting.context_length * weights @ covariance @ setting.task,
        noise_variance=setting.noise_variance,
        context_length=setting.context_length,
        test_samples=setting.test_samples,
    ).curve
    found = ttt.one_step_risk(setting)
    assert found.constant == pytest.approx(curve.constant, rel=1e-9)
    assert found.linear == pytest.approx(curve.linear, rel=1e-9)
    assert found.quadratic == pytest.approx(curve.quadratic, rel=1e-9)


def test_units_do_not_matter():
    setting = general_setting(feature_law=UniformFeatures())
    risk = ttt.one_step_risk(setting)
    other = replace(
        setting,
        feature_covariance=ttt.Dense(setting.feature_covariance.matrix() * 1e30),
        task=setting.task * 1e5,
        noise_variance=setting.noise_variance * 1e40,
        task_covariance=ttt.Dense(setting.task_covariance.matrix() * 1e10),
        pretraining=ttt.Pretraining(noise_variance=setting.noise_variance * 1e40),
    )
    found = ttt.one_step_risk(other)
    assert found.improvement == pytest.approx(risk.improvement * 1e40, rel=1e-9)
    assert found.step_size == pytest.approx(risk.step_size * 1e-100, rel=1e-9)


@pytest.mark.parametrize("degrees", [5.0, 8.0])
def test_a_warm_start_needs_eight_moments(degrees):
    setting = general_setting(feature_law=StudentTFeatures(degrees))
    with pytest.raises(InvalidSettingError, match=r"degrees_of_freedom.*infinite unless .*above 8"):
        ttt.one_step_risk(setting)
    with pytest.raises(InvalidSettingError, match="above 8"):
        ttt.one_step_risk(replace(setting, initialization=DenseWeights(np.eye(5))))
    cold = ttt.one_step_risk(replace(setting, initialization=ttt.ZeroWeights()))
    assert cold.improvement > 0.0
    without_task = ttt.one_step_risk(replace(setting, task=np.zeros(5)))
    assert without_task.quadratic > 0.0


def test_a_cold_start_needs_four_moments():
    setting = general_setting(initialization=ttt.ZeroWeights(), feature_law=StudentTFeatures(4.0))
    with pytest.raises(InvalidSettingError, match="above 4"):
        ttt.one_step_risk(setting)


@pytest.mark.parametrize(("start", "threshold"), [("warm", 8.0), ("cold", 4.0)])
def test_the_risk_grows_without_bound_as_the_moment_is_lost(start, threshold):
    initialization = ttt.ZeroWeights() if start == "cold" else ttt.PretrainedWeights()
    setting = general_setting(initialization=initialization)
    gaps = np.array([1e-2, 1e-4, 1e-6])
    quadratic = [
        ttt.one_step_risk(replace(setting, feature_law=StudentTFeatures(threshold + gap))).quadratic
        for gap in gaps
    ]
    # E[z⁸] has a simple pole at ν = 8; c2 is of degree three in E[z⁴], which has one at ν = 4.
    slope = np.log(quadratic[2] / quadratic[1]) / np.log(gaps[1] / gaps[2])
    assert slope == pytest.approx({"warm": 1.0, "cold": 3.0}[start], abs=0.02)


def test_lost_digits_are_refused():
    # Signs in one dimension leave nothing to chance: the optimal weight 1/n has no error at all.
    setting = ttt.Setting(
        context_length=3,
        test_samples=2,
        feature_covariance=ttt.Isotropic(1),
        task_covariance=ttt.Isotropic(1),
        task=[0.7],
        initialization=DenseWeights([[1 / 3]]),
        feature_law=RademacherFeatures(),
    )
    with pytest.raises(LostPrecisionError):
        ttt.one_step_risk(setting)
