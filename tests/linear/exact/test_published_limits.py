"""The published leading terms, as the papers write them, and where they do not apply."""

import dataclasses
import math

import numpy as np
import pytest

from ttt_theory import (
    DenseWeights,
    Diagonal,
    Equicorrelated,
    Isotropic,
    PowerLaw,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
)
from ttt_theory.covariance import Dense
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.published_limits import alignment, published_limits
from ttt_theory.linear.exact.weights import starting_weights

N, K, D = 7, 5, 3
TASK = np.array([1.0, -2.0, 0.5])
SPECTRUM = np.array([3.0, 1.0, 0.25])


def limits_of(setting):
    problem = Problem.of(setting)
    return published_limits(problem, starting_weights(problem))


def setting_of(prior, scale=1.0, start=None, **fields):
    return Setting(
        N,
        K,
        Isotropic(D, scale=scale),
        prior,
        TASK,
        initialization=start or PretrainedWeights(),
        **fields,
    )


def assert_limits(values, step_size, risk_before, improvement):
    assert set(values) == {"step_size", "risk_before", "risk_after", "improvement"}
    assert values["step_size"] == pytest.approx(step_size, rel=1e-13)
    assert values["risk_before"] == pytest.approx(risk_before, rel=1e-13)
    assert values["improvement"] == pytest.approx(improvement, rel=1e-13)
    assert values["risk_after"] == pytest.approx(risk_before - improvement, rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.3, 7.0])
def test_theorem_4_2(scale):
    # Features √a·x with labels (√a·β)ᵀx: the task is √a·β, and a step that of a²η.
    norm2 = scale * (TASK @ TASK)
    assert_limits(
        limits_of(setting_of(Isotropic(D, scale=2.5), scale)),
        D / (2 * (K + D) * N**2 * (N + D) * norm2) / scale**2,
        norm2 * D / (N + D),
        norm2 * K / (K + D) * D**3 / (N + D) ** 3,
    )
    assert_limits(
        limits_of(setting_of(PowerLaw(D, 1.0), scale, ZeroWeights())),
        1 / (2 * (K + D) * N**2 * norm2) / scale**2,
        norm2,
        norm2 * K / (K + D),
    )


@pytest.mark.parametrize("scale", [1.0, 0.3, 7.0])
@pytest.mark.parametrize("dense", [False, True])
def test_theorem_5_3(scale, dense):
    # A = βᵀ(I − nW)²β, B = n‖β‖² tr(W²), in the eigenvectors of Σ_β.
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.standard_normal((D, D)))[0] if dense else np.eye(D)
    prior = Dense(axes @ np.diag(SPECTRUM) @ axes.T) if dense else Diagonal(SPECTRUM)
    variances, task = scale * SPECTRUM, math.sqrt(scale) * (axes.T @ TASK)
    weights = [mu / ((N + 1) * mu + sum(variances)) for mu in variances]
    norm2 = sum(beta**2 for beta in task)
    bias = sum(beta**2 * (1 - N * w) ** 2 for beta, w in zip(task, weights, strict=True))
    variance = N * norm2 * sum(w**2 for w in weights)
    setting = setting_of(prior, scale)
    problem = Problem.of(setting)
    found = alignment(problem, starting_weights(problem))
    assert found == pytest.approx((bias, variance), rel=1e-12)
    assert_limits(
        limits_of(setting),
        bias / (2 * (K + D) * N**2 * norm2 * (bias + variance)) / scale**2,
        bias + variance,
        K / (K + D) * bias**2 / (bias + variance),
    )


def source(**changes):
    return Pretraining(
        **(
            {"context_length": N, "noise_variance": 0.0, "feature_covariance": Isotropic(D)}
            | changes
        )
    )


@pytest.mark.parametrize(
    "setting",
    [
        dataclasses.replace(setting_of(Isotropic(D)), noise_variance=0.1),
        dataclasses.replace(setting_of(Isotropic(D)), initialization=PretrainedWeights(0.5)),
        dataclasses.replace(
            setting_of(Isotropic(D)), initialization=DenseWeights(np.zeros((D, D)))
        ),
        setting_of(Isotropic(D), pretraining=source(context_length=N + 1)),
        setting_of(Isotropic(D), pretraining=source(noise_variance=0.1)),
        setting_of(Isotropic(D), pretraining=source(feature_covariance=Isotropic(D, scale=2.0))),
        setting_of(Isotropic(D), pretraining=source(feature_covariance=PowerLaw(D, 1.0))),
        Setting(N, K, PowerLaw(D, 1.0), Isotropic(D), TASK),
        Setting(N, K, Equicorrelated(D, 0.3), Isotropic(D), TASK),
        Setting(N, K, Diagonal(np.zeros(D)), Isotropic(D), TASK, initialization=ZeroWeights()),
    ],
)
def test_where_no_theorem_applies_there_is_no_number(setting):
    assert all(math.isnan(value) for value in limits_of(setting).values())


def test_pretraining_does_not_matter_to_a_zero_start():
    start = ZeroWeights()
    plain, other = (
        setting_of(Isotropic(D), start=start, pretraining=pretraining)
        for pretraining in (source(), source(context_length=N + 1, noise_variance=0.3))
    )
    assert limits_of(plain) == limits_of(other)
    assert limits_of(plain)["improvement"] > 0.0


def test_isotropy_given_by_entries_is_seen():
    given = Setting(N, K, Dense(2.0 * np.eye(D)), Dense(np.eye(D)), TASK)
    expected = limits_of(setting_of(Isotropic(D), 2.0))
    assert limits_of(given) == pytest.approx(expected, rel=1e-13)
