"""Features that are not Gaussian in the limit, and how it is reached."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import ttt_theory as ttt
from tests.linear.exact.test_elliptical import LAW
from ttt_theory.linear.closed_form import feature_law_limits, independent_entries
from ttt_theory.linear.exact.independent_entries import IndependentEntriesCurve
from ttt_theory.linear.setting.starts import DenseWeights
from ttt_theory.linear.witnesses.every_outcome import exact_array

NUMBERS = st.fractions(-3, 3, max_denominator=5)
STARTS = ("transferred", "matched", "cold")


@hypothesis_settings(max_examples=20, deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    task=st.lists(NUMBERS, min_size=1, max_size=3),
    weight=NUMBERS,
    noise=st.fractions(0, 2, max_denominator=5),
    beyond=st.tuples(NUMBERS, NUMBERS, NUMBERS),
)
def test_the_isotropic_polynomials_are_the_general_form(sizes, task, weight, noise, beyond):
    (n, k), d = sizes, len(task)
    entries = {"cumulant_4": beyond[0], "cumulant_6": beyond[1], "cumulant_8": beyond[2]}
    powers = {name: sum(b**j for b in task) for name, j in _POWERS.items()}
    given_values = {"context_length": n, "dim": d, "noise_variance": noise, **powers}
    sixth = given_values.pop("task_sixth")
    overlap = independent_entries.overlap_moment(**given_values, cumulant_4=beyond[0])
    product = independent_entries.product_moment(
        **given_values, task_sixth=sixth, weight=weight, **entries
    )
    expected = (
        independent_entries.constant(
            **{name: each for name, each in given_values.items() if name != "task_fourth"},
            weight=weight,
            cumulant_4=beyond[0],
        ),
        independent_entries.linear(
            **given_values, test_samples=k, weight=weight, cumulant_4=beyond[0]
        ),
        independent_entries.quadratic(k, d, noise, beyond[0], product, overlap),
    )
    identity = exact_array(np.eye(d))
    curve = IndependentEntriesCurve(
        {2: 1, **dict(zip((4, 6, 8), beyond, strict=True))},
        root=identity,
        weights=weight * identity,
        task=exact_array(task),
        mean_error=(1 - n * weight) * exact_array(task),
        noise_variance=noise,
        context_length=n,
        test_samples=k,
    ).curve
    assert (curve.constant, curve.linear, curve.quadratic) == expected


_POWERS = {"task_square": 2, "task_fourth": 4, "task_sixth": 6}


def setting_of(d, alpha, gamma, law, start, task):
    setting = ttt.Setting(
        context_length=int(alpha * d),
        test_samples=int(gamma * d),
        feature_covariance=ttt.Isotropic(d),
        task_covariance=ttt.Isotropic(d),
        task=task,
        feature_law=law,
        initialization=ttt.ZeroWeights() if start == "cold" else ttt.PretrainedWeights(),
    )
    if start == "matched":
        setting = replace(setting, initialization=DenseWeights(ttt.matched_weights(setting)))
    return setting


def deviation(d, alpha, gamma, law, start, task):
    """d·(gain/Gaussian gain − 1)."""
    gain = ttt.one_step_risk(setting_of(d, alpha, gamma, law, start, task)).improvement
    gaussian = setting_of(d, alpha, gamma, ttt.GaussianFeatures(), start, task)
    return d * (gain / ttt.one_step_risk(gaussian).improvement - 1)


@pytest.mark.parametrize("alpha", [0.5, 2.0])
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "law", [ttt.RademacherFeatures(), ttt.UniformFeatures(), ttt.StudentTFeatures(20.0)]
)
def test_the_first_deviation_from_the_gaussian_gain(law, start, alpha):
    slope = getattr(feature_law_limits, f"{start}_excess_slope")
    kurtosis = law.moment(4) - 3.0
    ones = slope(alpha, 1.0, kurtosis, 0)
    axis = slope(alpha, 1.0, kurtosis, 1)
    assert deviation(80, alpha, 1.0, law, start, np.ones(80)) == pytest.approx(ones, abs=1.0)
    assert deviation(80, alpha, 1.0, law, start, np.eye(80)[1]) == pytest.approx(axis, rel=0.1)
    # Another task, and the distance to the coefficient, which must vanish like 1/d.
    mixed = [slope(alpha, 2.0, kurtosis, Fraction(17, 25))] * 2
    gaps = [
        deviation(d, alpha, 2.0, law, start, [2.0, 0.0, 1.0] + [0.0] * (d - 3)) - each
        for d, each in zip((100, 200), mixed, strict=True)
    ]
    assert abs(gaps[1]) < abs(gaps[0]) / 1.6
    assert abs(gaps[1]) < 0.1 * abs(mixed[0])


def test_two_coefficients_by_number():
    slope = feature_law_limits.transferred_excess_slope
    assert slope(Fraction(1, 2), 1, -2, 0) == Fraction(5, 3)
    assert slope(Fraction(1, 2), 1, -2, 1) == 15


def test_matched_weights_turn_the_sign_for_a_task_of_ones_beyond_a_shortest_context():
    """Only there, and only for a task without large entries."""
    matched, transferred = (
        getattr(feature_law_limits, f"{name}_excess_slope") for name in ("matched", "transferred")
    )
    edge = Fraction(1, 5)  # 1/(3γ + 2)
    assert matched(edge, 1, -2, 0) == 0
    assert matched(edge / 2, 1, -2, 0) > 0 < transferred(edge / 2, 1, -2, 0)
    assert matched(2 * edge, 1, -2, 0) < 0 < transferred(2 * edge, 1, -2, 0)
    assert matched(Fraction(1, 2), 1, -2, 1) > 0


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("alpha", "gamma"), [(0.5, 1.0), (2.0, 1.0), (2.0, 0.25)])
def test_elliptical_features_tend_to_limits_of_their_own(start, alpha, gamma):
    radius_2 = LAW.radius_moment(2)
    values = {"context_ratio": alpha, "sample_ratio": gamma, "task_square": 1.0}
    if start == "cold":
        del values["context_ratio"]
    limit = getattr(feature_law_limits, f"{start}_elliptical_improvement")
    gaps = []
    for d in (100, 200, 400, 800):
        setting = setting_of(d, alpha, gamma, LAW, start, np.eye(d)[0])
        gaps.append(
            abs(ttt.one_step_risk(setting).improvement - limit(**values, radius_2=radius_2))
        )
    assert np.all(np.array(gaps[:-1]) / gaps[1:] > 1.6)
    # The Gaussian limit is another one, by more than what is left of the gap.
    assert abs(limit(**values, radius_2=1) - limit(**values, radius_2=radius_2)) > 2 * gaps[-1]
