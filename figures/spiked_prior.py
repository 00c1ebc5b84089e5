"""The prior and task of Figures 2a and 2b, and what [G25] says of them."""

from __future__ import annotations

import numpy as np

from figures.curves import unit_ones
from ttt_theory import (
    Isotropic,
    PretrainedWeights,
    Setting,
    Spiked,
    ZeroWeights,
    pretrained_weights,
)
from ttt_theory.linear.closed_form import limits

_SPIKE = 9.0
_AXES_PER_SPIKE = 5

PARAMETERS = {
    "feature_covariance": "isotropic",
    "task_covariance": "spiked: identity plus spike on the first dim / axes_per_spike axes",
    "spike": _SPIKE,
    "axes_per_spike": _AXES_PER_SPIKE,
    "task": "ones, norm 1",
    "noise_variance": 0.0,
}

OURS = r"$\Sigma_\beta=I+9P$ ($P$ projects onto $d/5$ axes), $\beta\propto\mathbf{1}$"


def spiked_setting(
    dim: int,
    context_length: int,
    test_samples: int,
    initialization: PretrainedWeights | ZeroWeights = PretrainedWeights(),  # noqa: B008
) -> Setting:
    """Σ_x = I; 71 % of the prior's variance lies where the task has 20 % of its square norm."""
    return Setting(
        context_length=context_length,
        test_samples=test_samples,
        feature_covariance=Isotropic(dim),
        task_covariance=Spiked(dim, [_SPIKE] * (dim // _AXES_PER_SPIKE)),
        task=unit_ones(dim),
        initialization=initialization,
    )


def bias_and_variance(setting: Setting) -> tuple[float, float]:
    """A = βᵀ(I − nW*)²β and B = n‖β‖² tr(W*²) of [G25], Theorem 5.3, for Σ_x = I, diagonal Σ_β."""
    weights = pretrained_weights(setting).diagonal()
    n, task = setting.context_length, setting.task
    bias = np.sum(((1.0 - n * weights) * task) ** 2)
    return float(bias), float(n * (task @ task) * np.sum(weights**2))


def asymptotic_risk_after(setting: Setting) -> float:
    """Risk after the step from the warm start by [G25], Theorem 5.3."""
    bias, variance = bias_and_variance(setting)
    improvement = limits.aligned_improvement(
        float(setting.test_samples), float(setting.dim), bias, variance
    )
    return limits.aligned_risk_before(bias, variance) - improvement
