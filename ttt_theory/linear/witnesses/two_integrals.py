"""Steps divided by ‖u‖², averaged over the law of u by two integrals.

Given t ~ χ²_n the vector u is Gaussian (theory.md, section 2, fact 2), and so it is with the weight
e^(−θ‖u‖²) of 1/‖u‖^(2j) = ∫θ^(j−1)e^(−θ‖u‖²)dθ/Γ(j).  What is left is summed over t and θ as it
stands: no second average is done in closed form, and no eigenvalue is taken.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["normalized_averages"]


def normalized_averages(setting: Setting, weights: FloatArray) -> FloatArray:
    """Return c1 and c2 of a step divided by ‖u‖² that meets a fresh context.

    Parameters
    ----------
    setting : Setting
        Its n, k, Σ_x, β and σ² are looked at.
    weights : ndarray, shape (d, d)
        W before the step.

    Returns
    -------
    ndarray, shape (2,)

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(9, 3, ttt.Isotropic(4), ttt.Isotropic(4), [1.0, 0.0, 0.0, 0.0])
    >>> n, k, d = 9, 3, 4
    >>> linear, _ = normalized_averages(setting, np.zeros((4, 4)))
    >>> expected = 4 * k * n / (n + d - 3)
    >>> bool(abs(linear / expected - 1) < 1e-9)
    True
    """
    from scipy import stats

    features, task = dense(setting.feature_covariance.matrix()), setting.fixed_task
    n, k, noise = setting.context_length, setting.test_samples, setting.noise_variance
    mean = features @ task
    variance = task @ mean + noise
    second = n * (n + 1) * np.outer(mean, mean) + n * variance * features
    cross = n * np.outer(mean, task) - second @ weights.T
    # Trapezoidal rules in log t and in log φ = log 2θt.
    t = np.exp(np.arange(-25.0, 6.0, 0.2))
    centre = variance * features - np.outer(mean, mean)
    # Without noise the integrand falls fast, and 1 + φC is singular but for round-off for large φ.
    phi = np.exp(np.arange(-45.0, 75.0 if noise else 20.0, 0.25))
    density = stats.chi2(n).pdf(t) * t * 0.2
    resolvent = np.linalg.inv(np.eye(len(mean)) + phi[:, None, None] * centre)
    decay = np.exp(-0.5 * np.outer(t, phi * (resolvent @ mean @ mean)))
    weight = 0.25 * density[:, None] * np.sqrt(np.linalg.det(resolvent)) * decay
    theta = phi / (2.0 * t[:, None])
    spread = t[:, None, None, None] * (resolvent @ centre)
    location = t[:, None, None] * (resolvent @ mean)

    def trace(*factors: Any) -> Any:
        return np.trace(functools.reduce(np.matmul, factors), axis1=-2, axis2=-1)

    def form(left: Any, matrix: Any, right: Any) -> Any:
        return np.einsum("...i,...ij,...j->...", left, matrix, right)

    error = task - location @ weights.T
    crossed = -weights @ spread  # Cov(e, u)
    context = form(location, second, location) + trace(second, spread)
    square = features @ features
    first, third = (
        (form(error, weighting, error) - trace(weighting, crossed, weights.T)) * context
        + 4.0 * form(error, weighting @ crossed @ second, location)
        + 2.0 * trace(weighting, crossed, second, np.swapaxes(crossed, -1, -2))
        for weighting in (features, features @ square)
    )
    linear = form(location, cross @ square, error) + trace(cross @ square, crossed)
    quadratic = (k + 1) * third + np.trace(square) * (first + noise * context)
    sums = [np.sum(weight * theta * linear), np.sum(weight * theta**2 * quadratic)]
    return np.asarray(4.0 * k * np.array(sums))
