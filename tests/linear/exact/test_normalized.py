"""Steps divided by ‖u‖²: exact risks against other integrals, and where none exist."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import ttt_theory as ttt
from ttt_theory.errors import InvalidSettingError, LostPrecisionError
from ttt_theory.linear.exact import normalized, tilted_law
from ttt_theory.linear.witnesses.two_integrals import normalized_averages

GOOD = 1e-9


def setting(n, k, features, task, noise=0.0, start=None, evaluation="fresh", prior=None):
    return ttt.Setting(
        n,
        k,
        features,
        prior or ttt.Isotropic(features.dim),
        task,
        noise,
        initialization=start or ttt.PretrainedWeights(),
        step_rule="normalized",
        evaluation=evaluation,
    )


def coefficients(given):
    risk = ttt.one_step_risk(given)
    return np.array([risk.constant, risk.linear, risk.quadratic])


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def parts(given):
    """Σ_x, W, β, q, s, M and P of a setting, dense and from the definitions."""
    features, task, n = (
        dense(given.feature_covariance.matrix()),
        given.fixed_task,
        given.context_length,
    )
    weights = given.initialization.matrix
    if weights is None:
        weights = given.initialization.factor * dense(ttt.pretrained_weights(given))
    mean = features @ task
    variance = task @ mean + given.noise_variance
    second = n * (n + 1) * np.outer(mean, mean) + n * variance * features
    cross = n * np.outer(mean, task) - second @ weights.T
    return features, weights, task, mean, variance, second, cross


MIXED = np.array(
    [[2.0, 0.3, 0.1, 0.0], [0.3, 1.0, -0.2, 0.1], [0.1, -0.2, 0.7, 0.0], [0, 0.1, 0, 0.5]]
)
SKEW = np.array(
    [[0.05, 0.02, 0, 0.01], [-0.01, 0.06, 0.03, 0], [0, 0.02, 0.04, -0.02], [0.01, 0, 0, 0.09]]
)
TASK = [1.0, -2.0, 0.5, 0.25]
PLANE = np.array([[0.7, 0.1], [0.3, -0.9], [1.1, 0.4], [-0.2, 0.3], [0.6, 0.6]])


@pytest.mark.parametrize(
    "given",
    [
        setting(9, 3, ttt.Dense(MIXED), TASK, 0.75, ttt.DenseWeights(SKEW)),
        setting(12, 2, ttt.Dense(MIXED), TASK, 0.0, ttt.DenseWeights(SKEW)),
        setting(8, 4, ttt.Dense(MIXED), TASK, 0.5, prior=ttt.Diagonal([1.0, 2.0, 3.0, 0.5])),
        setting(9, 5, ttt.Diagonal([2.0, 0.0, 0.5, 1.0]), TASK, 0.25),
        setting(9, 5, ttt.Diagonal([2.0, 0.0, 0.5, 0.5]), TASK),
        setting(10, 1, ttt.Isotropic(4, scale=3.0), TASK, 2.0, ttt.PretrainedWeights(1.5)),
        setting(10, 2, ttt.Dense(MIXED), [0.0] * 4, 0.5, ttt.DenseWeights(SKEW)),
    ],
)
def test_fresh_context_against_two_integrals(given):
    _, weights, *_ = parts(given)
    expected = normalized_averages(given, weights)
    np.testing.assert_allclose(coefficients(given)[1:], expected, rtol=1e-8)


@pytest.mark.parametrize("factor", [0.0, 1.0, 0.4, -1.0])
@pytest.mark.parametrize(("n", "k", "d"), [(9, 2, 8), (6, 3, 2), (7, 5, 3)])
def test_rational_against_the_densities(n, k, d, factor):
    m = 2.0
    risk = coefficients(
        setting(
            n, k, ttt.Isotropic(d), [m**0.5, *[0] * (d - 1)], 0.0, ttt.PretrainedWeights(factor)
        )
    )
    w = factor / (n + d + 1)
    # Trapezoidal rules in the logarithms, in which the densities fall off at both ends.
    t, r = np.exp(np.arange(-60.0, 7.0, 0.1))[:, None], np.exp(np.arange(-90.0, 7.0, 0.1))[None, :]
    density = 0.01 * (t * stats.chi2(n).pdf(t)) * (r * stats.chi2(d - 1).pdf(r))

    def mean(function):
        return np.sum(density * function(t * m, m * t * (t + r)))

    def linear(overlap, square):
        # uᵀPe with P = nββᵀ − wM and M = n(n+1)ββᵀ + nmI.
        along = (n - w * n * (n + 1)) * overlap * (m - w * overlap)
        return (along - w * n * m * (overlap - w * square)) / square

    def quadratic(overlap, square):
        error = m - 2 * w * overlap + w**2 * square
        return error * (n * (n + 1) * overlap**2 + n * m * square) / square**2

    expected = 4 * k * mean(linear), 4 * k * (k + d + 1) * mean(quadratic)
    np.testing.assert_allclose(risk[1:], expected, rtol=1e-11)


def test_noisy_isotropic_against_a_product_rule():
    n, k, d, m, noise = 16, 3, 15, 1.5, 0.75
    given = setting(n, k, ttt.Isotropic(d), [m**0.5, *[0] * (d - 1)], noise)
    w, s = 1 / (n + d + 1 + noise), m + noise
    t, t_shares = special.roots_genlaguerre(40, n / 2 - 1)
    r, r_shares = special.roots_genlaguerre(40, (d - 1) / 2 - 1)
    g, g_shares = special.roots_hermitenorm(40)
    t, r, g = 2 * t[:, None, None], 2 * r[None, :, None], g[None, None, :]
    shares = t_shares[:, None, None] * r_shares[None, :, None] * g_shares[None, None, :]
    shares = shares / shares.sum()
    overlap = t * m + np.sqrt(t * noise * m) * g
    square = overlap**2 / m + t * s * r
    error = m - 2 * w * overlap + w**2 * square
    spread = n * (n + 1) * overlap**2 + n * s * square
    along = (n - w * n * (n + 1)) * overlap * (m - w * overlap)
    gradient = along - w * n * s * (overlap - w * square)
    expected = [
        4 * k * np.sum(shares * gradient / square),
        4 * k * np.sum(shares * ((k + d + 1) * error + d * noise) * spread / square**2),
    ]
    np.testing.assert_allclose(coefficients(given)[1:], expected, rtol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.75])
@pytest.mark.parametrize("start", [None, ttt.ZeroWeights(), ttt.DenseWeights(SKEW)])
def test_same_context_from_second_moments(noise, start):
    given = setting(3, 2, ttt.Dense(MIXED), TASK, noise, start, "same")
    features, weights, task, mean, _, second, _ = parts(given)

    def error(form):
        crossed = given.context_length * task @ form @ weights @ mean
        return task @ form @ task - 2 * crossed + np.trace(form @ weights @ second @ weights.T)

    square = features @ features
    k, trace = given.test_samples, np.trace(square)
    first = error(features)
    expected = (
        noise + first,
        4 * k * error(square),
        4 * k * ((k + 1) * error(square @ features) + trace * (first + noise)),
    )
    risk = ttt.one_step_risk(given)
    np.testing.assert_allclose(coefficients(given), expected, rtol=1e-12)
    after = expected[0] - expected[1] ** 2 / (4 * expected[2])
    assert risk.risk_after == pytest.approx(after, rel=1e-12)


def test_same_context_keeps_a_small_risk():
    n = 10**12
    risk = ttt.one_step_risk(
        setting(n, 10**12, ttt.Isotropic(2), [1.0, 2.0], 0.0, evaluation="same")
    )
    # Isotropic, without noise: c1 = 4kE, c2 = 4k(k+d+1)E, so that E(d+1)/(k+d+1) is left.
    expected = risk.risk_before * 3 / (10**12 + 3)
    assert risk.risk_after == pytest.approx(expected, rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(5, 40),
    st.integers(1, 30),
    st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=3, max_size=6),
    st.sampled_from([0.0, 0.5]),
)
def test_coordinates_taken_together_change_nothing(n, k, variances, noise):
    # Equal coordinates are merged where the matrix is stored by its diagonal, and not elsewhere.
    task = np.linspace(-1.0, 2.0, len(variances))
    one = setting(n, k, ttt.Diagonal(variances), task, noise)
    rotation = np.linalg.qr(np.vander(task + 3.0))[0]
    matrix = rotation @ np.diag(variances) @ rotation.T
    other = setting(n, k, ttt.Dense((matrix + matrix.T) / 2), rotation @ task, noise)
    np.testing.assert_allclose(coefficients(one), coefficients(other), rtol=1e-9)


def test_units():
    features = ttt.Diagonal([2.0, 1.0, 0.5])
    scaled = setting(9, 2, ttt.Diagonal([6.0, 3.0, 1.5]), [10.0, 20.0, -10.0], 150.0)
    scaled = dataclasses.replace(
        scaled, pretraining=ttt.Pretraining(noise_variance=1.5), initialization=ttt.ZeroWeights()
    )
    one = ttt.one_step_risk(setting(9, 2, features, [1.0, 2.0, -1.0], 0.5, ttt.ZeroWeights()))
    other = ttt.one_step_risk(scaled)
    assert other.constant == pytest.approx(300.0 * one.constant, rel=1e-12)
    assert other.step_size == pytest.approx(one.step_size / 3.0, rel=1e-10)
    assert other.improvement == pytest.approx(300.0 * one.improvement, rel=1e-10)


@pytest.mark.parametrize(
    ("n", "features", "noise", "field"),
    [
        (2, ttt.Isotropic(9), 0.0, "context_length"),
        (2, ttt.Isotropic(9), 0.5, "context_length"),
        (3, ttt.Isotropic(2), 0.0, "context_length"),
        (4, ttt.Isotropic(1), 0.0, "context_length"),
        (4, ttt.Diagonal([2.0, 0.0, 0.0]), 0.0, "context_length"),
        (9, ttt.Isotropic(2), 0.5, "noise_variance"),
        (9, ttt.Diagonal([2.0, 1.0, 0.0]), 0.5, "noise_variance"),
        (9, ttt.Dense(np.outer([1.0, 2.0, 0.5], [1.0, 2.0, 0.5])), 0.5, "noise_variance"),
        # Of rank 2 but for round-off.
        (9, ttt.Dense(PLANE @ PLANE.T), 0.5, "noise_variance"),
        (3, ttt.Dense(PLANE @ PLANE.T), 0.0, "context_length"),
    ],
)
def test_infinite_moments_are_refused(n, features, noise, field):
    given = setting(n, 3, features, [1.0, *[0.0] * (features.dim - 1)], noise)
    with pytest.raises(InvalidSettingError, match="infinite") as caught:
        ttt.one_step_risk(given)
    assert caught.value.field == field
    # Nothing is below the line on the same context.
    same = dataclasses.replace(given, evaluation="same")
    assert ttt.one_step_risk(same).risk_after > 0.0


@pytest.mark.parametrize(
    ("n", "features", "noise"),
    [
        (3, ttt.Isotropic(3), 0.0),
        (4, ttt.Isotropic(2), 0.0),
        (5, ttt.Diagonal([2.0, 0.0]), 0.0),
        (3, ttt.Isotropic(3), 0.5),
        (3, ttt.Diagonal([3.0, 2.0, 1.0]), 0.0),
    ],
)
def test_moments_that_just_exist(n, features, noise):
    # Cold, as in one dimension the pretrained weights have c1 = 0.
    task = [1.0, *[0.0] * (features.dim - 1)]
    given = setting(n, 3, features, task, noise, ttt.ZeroWeights())
    assert ttt.one_step_risk(given).quadratic > 0.0


def test_little_noise_is_none():
    given = setting(5, 3, ttt.Isotropic(4), TASK)
    noisy = dataclasses.replace(given, noise_variance=1e-13)
    np.testing.assert_allclose(coefficients(noisy), coefficients(given), rtol=1e-11)


def test_step_can_be_negative():
    # d = 1: E[ue] < 0 < E[e/u] where 1/(n+2) < w < 1/(n−2).
    given = setting(9, 2, ttt.Isotropic(1), [2.0], 0.0, ttt.PretrainedWeights(1.2))
    risk = ttt.one_step_risk(given)
    w, m = 1.2 / 11, 4.0
    overlap = 9 - w * 9 * 11
    assert risk.linear == pytest.approx(8 * m * overlap * (1 / 7 - w), rel=1e-12)
    assert risk.linear < 0.0
    assert risk.step_size < 0.0 < risk.improvement
    assert risk.at(risk.step_size) == risk.risk_after < risk.at(0.0) < risk.at(-risk.step_size)
    plain = dataclasses.replace(given, step_rule="plain")
    assert ttt.one_step_risk(plain).step_size > 0.0


def test_without_labels_there_is_no_step():
    for features in (ttt.Isotropic(3), ttt.Diagonal([1.0, 0.0, 2.0])):
        risk = ttt.one_step_risk(setting(1, 1, features, [0.0, 0.0, 0.0]))
        assert (risk.linear, risk.quadratic, risk.step_size, risk.improvement) == (0, 0, 0, 0)


def test_task_out_of_sight_leaves_noise():
    features = ttt.Diagonal([2.0, 1.0, 0.5, 0.0])
    risk = ttt.one_step_risk(setting(9, 2, features, [0.0, 0.0, 0.0, 3.0], 0.5))
    blank = ttt.one_step_risk(setting(9, 2, features, [0.0] * 4, 0.5))
    assert risk.quadratic == pytest.approx(blank.quadratic, rel=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_extreme_sizes(noise):
    n, k, d = 10**15, 10**14, 10**6
    risk = ttt.one_step_risk(setting(n, k, ttt.Isotropic(d), [1.0] * d, noise))
    # For n ≫ d ‖u‖² is n²‖β‖² but for a share of d/n, and the step is the plain one times that.
    plain = ttt.one_step_risk(
        dataclasses.replace(setting(n, k, ttt.Isotropic(d), [1.0] * d, noise), step_rule="plain")
    )
    assert risk.improvement == pytest.approx(plain.improvement, rel=1e-6)
    assert risk.step_size == pytest.approx(plain.step_size * float(n) ** 2 * d, rel=1e-6)


def test_lost_digits_are_refused():
    # Balanced to the last bit: c1 is nothing but round-off.
    given = setting(9, 2, ttt.Diagonal([1.0, 1.0, 1.0]), [1.0, 0.0, 0.0], 0.5)
    root = zero_of_linear(given)
    with pytest.raises(LostPrecisionError):
        ttt.one_step_risk(dataclasses.replace(given, initialization=ttt.PretrainedWeights(root)))


def zero_of_linear(given):
    """The multiple of W* at which c1, a parabola, vanishes, if it does."""
    values = [
        coefficients(dataclasses.replace(given, initialization=ttt.PretrainedWeights(c)))[1]
        for c in (0.5, 1.25, 2.0)
    ]
    roots = np.roots(np.polyfit([0.5, 1.25, 2.0], values, 2))
    real = roots[np.abs(roots.imag) == 0.0].real
    assert len(real)
    return float(real[0])


@pytest.mark.parametrize("spacing", [0.9])
def test_a_coarse_rule_is_refused(monkeypatch, spacing):
    given = setting(9, 2, ttt.Isotropic(3), [1.0, 0.0, 0.0], 0.5)
    monkeypatch.setattr(tilted_law, "_SPACING", spacing)
    with pytest.raises(LostPrecisionError, match=r"or a smaller context length$"):
        normalized.normalized_risk(given)
