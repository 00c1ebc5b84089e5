"""The settings that general claims are checked on where the user names none.

All parameters are ours.  The small ones are within reach of the exact average, the others of a
Monte Carlo with tame variance.
"""

from __future__ import annotations

import numpy as np

from ttt_theory.covariance import AR1, Dense, Diagonal, Equicorrelated, Isotropic, PowerLaw
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import (
    DenseWeights,
    PretrainedWeights,
    Pretraining,
    ZeroWeights,
)

__all__ = ["COLD", "DENSE_START", "SHIFTED", "TINY", "TINY_PRIORS"]

SHIFTED = Setting(
    context_length=24,
    test_samples=6,
    feature_covariance=AR1(4, 0.5),
    task_covariance=PowerLaw(4, 1.0),
    task=np.array([1.0, 0.5, -0.5, 1.0]),
    noise_variance=0.3,
    pretraining=Pretraining(60, 1.0, Equicorrelated(4, 0.3)),
)
"""Pretrained on another covariance, length and noise; Σ_x and Σ_β do not commute."""

DENSE_START = Setting(
    context_length=30,
    test_samples=8,
    feature_covariance=Diagonal(np.array([2.0, 1.0, 0.0])),
    task_covariance=PowerLaw(3, 1.0),
    task=np.array([1.0, 0.5, -0.5]),
    noise_variance=0.2,
    initialization=DenseWeights(
        np.array([[0.02, 0.005, 0.0], [-0.004, 0.015, 0.003], [0.002, 0.0, 0.01]])
    ),
)
"""Singular features, weights that are neither symmetric nor commute with them."""

COLD = Setting(
    context_length=30,
    test_samples=1,
    feature_covariance=Isotropic(3),
    task_covariance=Isotropic(3),
    task=np.array([1.0, 0.5, -0.5]),
    noise_variance=0.2,
    initialization=ZeroWeights(),
)
"""A cold start with a single test sample."""


def _tiny(
    n: int, k: int, features: list[list[float]], weights: list[list[float]], noise: float
) -> Setting:
    dim = len(features)
    return Setting(
        context_length=n,
        test_samples=k,
        feature_covariance=Dense(np.array(features)),
        task_covariance=Isotropic(dim),
        task=np.array([1.0, -0.5][:dim]),
        noise_variance=noise,
        initialization=DenseWeights(np.array(weights)),
    )


_PLANE = [[2.0, 0.6], [0.6, 1.0]]
_LINE = [[1.5]]
_SINGULAR = [[1.0, 1.0], [1.0, 1.0]]
_SKEW = [[0.3, -0.1], [0.2, 0.15]]

TINY = {
    "n = k = d = 1, noise": _tiny(1, 1, _LINE, [[0.2]], 0.7),
    "n = 2, k = 2, d = 1, noise": _tiny(2, 2, _LINE, [[0.2]], 0.7),
    "n = 1, k = 3, d = 1, noise": _tiny(1, 3, _LINE, [[-0.3]], 0.4),
    "n = 5, k = 1, d = 1": _tiny(5, 1, _LINE, [[0.1]], 0.0),
    "n = k = 1, d = 2, dense, noise": _tiny(1, 1, _PLANE, _SKEW, 0.7),
    "n = 1, k = 2, d = 2, singular": _tiny(1, 2, _SINGULAR, _SKEW, 0.0),
    "n = 2, k = 1, d = 2, dense": _tiny(2, 1, _PLANE, _SKEW, 0.0),
}
"""Settings small enough to average the literal simulator exactly."""

TINY_PRIORS = {
    f"n = {n}, {label}": Setting(
        context_length=7,
        test_samples=1,
        feature_covariance=Isotropic(2),
        task_covariance=prior,
        task=np.zeros(2),
        initialization=PretrainedWeights(),
        pretraining=Pretraining(n, noise, features),
    )
    for n, noise, features, prior, label in (
        (1, 0.5, Dense(np.array(_PLANE)), Diagonal(np.array([1.0, 0.2])), "non-commuting, noise"),
        (
            2,
            0.0,
            Dense(np.array(_PLANE)),
            Dense(np.array([[1.0, -0.4], [-0.4, 0.5]])),
            "non-commuting",
        ),
        (2, 0.3, Dense(np.array(_SINGULAR)), Diagonal(np.array([1.0, 0.2])), "singular, noise"),
    )
}
"""Pretraining distributions small enough to average the literal gradient exactly."""
