"""The exact one-step risk for elliptical features."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import ttt_theory as ttt
from tests.linear.exact.test_independent_entries import general_setting
from ttt_theory.linear.exact.elliptical import EllipticalAssembly
from ttt_theory.linear.exact.exact_numbers import MatrixForms
from ttt_theory.linear.setting.feature_laws import EllipticalFeatures
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.witnesses.every_outcome import (
    NOISE,
    RADII,
    elliptical_vectors,
    exact_array,
    gaussian_atoms,
    risk_of_all_outcomes,
)

NO_NOISE = ((0, Fraction(1)),)


class _Matrix:
    """An array as `exact_numbers` wants matrices."""

    def __init__(self, array):
        self.array = array

    def __mul__(self, other):
        other = getattr(other, "array", None) if isinstance(other, _Matrix) else other
        return _Matrix(self.array @ other if isinstance(other, np.ndarray) else self.array * other)

    def __sub__(self, other):
        return _Matrix(self.array - other.array)

    def transpose(self):
        return _Matrix(self.array.T)

    def entries(self):
        return list(self.array.ravel())


def curve_of(noise, n, k, root, weights, task, radii=RADII):
    variance = sum(p * value**2 for value, p in noise)
    matrices = [_Matrix(each) for each in (root @ root, task[:, np.newaxis], weights)]
    moments = tuple(sum(p * rho**order for rho, p in radii) for order in (2, 3, 4))
    curve = EllipticalAssembly(n, k, variance, moments, MatrixForms(n, variance, *matrices)).curve
    return curve.constant, curve.linear, curve.quadratic


@pytest.mark.parametrize(
    ("noise", "n", "k", "root", "weights", "task"),
    [
        (NO_NOISE, 1, 1, [[2]], [[Fraction(1, 7)]], [3]),
        (NO_NOISE, 2, 2, [[2]], [[Fraction(1, 7)]], [3]),
        (NOISE, 2, 1, [[2]], [[Fraction(1, 7)]], [3]),
        (NO_NOISE, 1, 2, [[3]], [[Fraction(-1, 7)]], [2]),
        (NO_NOISE, 1, 1, [[1, 1], [1, 3]], [[1, 2], [-1, 3]], [2, -1]),
    ],
)
def test_every_outcome_added_up_gives_the_same_fractions(noise, n, k, root, weights, task):
    root, weights, task = exact_array(root), exact_array(weights), exact_array(task)
    features = list(elliptical_vectors(root, gaussian_atoms(), RADII))
    expected = risk_of_all_outcomes(features, noise, n, k, weights, task)
    assert curve_of(noise, n, k, root, weights, task) == expected


HERMITE = [
    (float(node), float(weight / np.sqrt(2 * np.pi)))
    for node, weight in zip(*np.polynomial.hermite_e.hermegauss(5), strict=True)
]


@pytest.mark.parametrize(
    ("dim", "n", "k", "noise"), [(2, 2, 1, NOISE), (2, 1, 2, NO_NOISE), (3, 1, 1, NOISE)]
)
def test_the_mean_over_gauss_hermite_nodes_and_radii(dim, n, k, noise):
    rng = np.random.default_rng(dim)
    root = rng.normal(size=(dim, dim))
    root = root @ root.T
    weights, task = 0.1 * rng.normal(size=(dim, dim)), rng.normal(size=dim)
    radii = ((0.5, 0.8), (3.0, 0.2))
    features = list(elliptical_vectors(root, HERMITE, radii))
    noise = [(float(value), float(p)) for value, p in noise]
    found = curve_of(noise, n, k, root, weights, task, radii)
    near_best = found[1] / found[2]  # Another step would lose digits of c1.
    expected = risk_of_all_outcomes(features, noise, n, k, weights, task, near_best)
    assert np.array(found) == pytest.approx(np.array(expected), rel=1e-10)


LAW = EllipticalFeatures([0.5, 3.0], [0.8, 0.2])


@pytest.mark.parametrize(
    "setting",
    [
        general_setting(),
        general_setting(initialization=ttt.ZeroWeights()),
        general_setting(dim=3, initialization=DenseWeights([[1, 2, 0], [0, 3, 1], [-1, 0, 1]])),
        general_setting(feature_covariance=ttt.PowerLaw(5, 1.5), task_covariance=ttt.AR1(5, 0.4)),
    ],
)
def test_one_radius_gives_the_gaussian_risk_and_others_do_not(setting):
    expected = ttt.one_step_risk(setting)
    found = ttt.one_step_risk(replace(setting, feature_law=EllipticalFeatures([1.0], [1.0])))
    other = ttt.one_step_risk(replace(setting, feature_law=LAW))
    for name in ("constant", "linear", "quadratic", "step_size", "risk_after", "improvement"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-10)
    assert other.improvement != pytest.approx(expected.improvement, rel=1e-2)


def test_the_route_takes_the_laws_own_radii():
    setting = general_setting(dim=4, seed=3, feature_law=LAW)
    curve = curve_of(
        [(np.sqrt(0.35), 1.0), (-np.sqrt(0.35), 1.0)],
        setting.context_length,
        setting.test_samples,
        setting.feature_covariance.symmetric_root,
        ttt.pretrained_weights(setting),
        setting.task,
        ((0.5, 0.8), (3.0, 0.2)),
    )
    found = ttt.one_step_risk(setting)
    assert (found.constant, found.linear, found.quadratic) == pytest.approx(curve, rel=1e-9)


def test_it_is_cheap_where_the_matrices_have_structure():
    dim = 100_000
    setting = ttt.Setting(
        context_length=50_000,
        test_samples=100_000,
        feature_covariance=ttt.PowerLaw(dim, 1.0),
        task_covariance=ttt.Isotropic(dim),
        task=np.ones(dim),
        feature_law=LAW,
    )
    assert ttt.one_step_risk(setting).improvement > 0.0
