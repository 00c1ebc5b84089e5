"""The weights pretrained on features of the test's own law."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import ttt_theory as ttt
from tests.linear.exact.test_elliptical import HERMITE, LAW
from tests.linear.exact.test_independent_entries import general_setting
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import elliptical, independent_entries
from ttt_theory.linear.witnesses.every_outcome import (
    NOISE,
    all_contexts,
    elliptical_vectors,
    vectors,
)

SIGNS = ((-1.0, 0.5), (1.0, 0.5))
ROOT = np.array([[2.0, 1.0], [1.0, 3.0]])
TASKS = np.array([[1.0, 2.0], [-2.0, 0.5], [0.5, -1.0]])
ATOMS = {
    "signs": (ttt.RademacherFeatures(), [(ROOT @ z, p) for z, p in vectors(SIGNS, 2)]),
    "radii": (LAW, list(elliptical_vectors(ROOT, HERMITE, ((0.5, 0.8), (3.0, 0.2))))),
}


@pytest.mark.parametrize("name", ATOMS)
def test_the_loss_is_stationary_over_all_outcomes(name):
    law, features = ATOMS[name]
    noise = [(float(value), float(p)) for value, p in NOISE]
    setting = ttt.Setting(
        context_length=2,
        test_samples=1,
        feature_covariance=ttt.Dense(ROOT @ ROOT),
        task_covariance=ttt.Dense(TASKS.T @ TASKS / len(TASKS)),
        task=[1.0, 1.0],
        noise_variance=3.0,
        feature_law=law,
    )
    losses = [all_contexts(features, noise, 2, task)[1] for task in TASKS]

    def loss(weights):
        return sum(risk(weights) for risk in losses) / len(TASKS)

    best = ttt.matched_weights(setting)
    least = loss(best)
    for place in itertools.product(range(2), repeat=2):
        change = np.zeros((2, 2))
        change[place] = 0.01
        above, below = loss(best + change), loss(best - change)
        assert above - below == pytest.approx(0.0, abs=1e-9 * (above + below - 2 * least))
        assert above > least


def test_other_features_have_the_stated_multiples_of_the_identity():
    n, d = 7, 5
    isotropic = general_setting(
        feature_covariance=ttt.Isotropic(d), task_covariance=ttt.Isotropic(d)
    )
    noise = isotropic.noise_variance
    for law, weight in (
        (ttt.GaussianFeatures(), 1 / (n + 1 + d + noise)),
        (ttt.UniformFeatures(), independent_entries.isotropic_weight(n, d, noise, -1.2)),
        (LAW, elliptical.isotropic_weight(n, d, noise, LAW.radius_moment(2))),
    ):
        found = ttt.matched_weights(replace(isotropic, feature_law=law))
        assert found == pytest.approx(weight * np.eye(d), rel=1e-12)


def test_gaussian_features_give_what_pretraining_finds():
    for setting in (general_setting(), general_setting(feature_covariance=ttt.PowerLaw(5, 2.0))):
        expected = ttt.pretrained_weights(setting)
        assert ttt.matched_weights(setting) == pytest.approx(expected, rel=1e-8)


def test_directions_without_features_have_no_weights():
    setting = general_setting(
        dim=3,
        feature_covariance=ttt.Diagonal([2.0, 0.0, 1.0]),
        feature_law=ttt.UniformFeatures(),
    )
    found = ttt.matched_weights(setting)
    assert np.all(found[:, 1] == 0.0)
    assert np.all(np.diag(found)[[0, 2]] > 0.0)


def test_the_loss_needs_four_moments():
    setting = general_setting(feature_law=ttt.StudentTFeatures(4.0))
    with pytest.raises(InvalidSettingError, match="the pretraining loss is infinite unless"):
        ttt.matched_weights(setting)


def test_its_own_pretraining_is_read():
    setting = general_setting(dim=3, feature_law=ttt.RademacherFeatures())
    source = ttt.Pretraining(
        context_length=20,
        feature_covariance=ttt.Diagonal([1.0, 2.0, 3.0]),
        noise_variance=0.1,
    )
    expected = ttt.matched_weights(
        replace(
            setting,
            context_length=20,
            feature_covariance=ttt.Diagonal([1.0, 2.0, 3.0]),
            noise_variance=0.1,
            pretraining=ttt.Pretraining(),
        )
    )
    assert np.array_equal(ttt.matched_weights(replace(setting, pretraining=source)), expected)
