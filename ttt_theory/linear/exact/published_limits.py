"""The published asymptotics of a setting, where the theorems speak of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.closed_form import limits
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import PretrainedWeights, ZeroWeights
from ttt_theory.sweeps.columns import ASYMPTOTIC

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.structured.base import Matrix

__all__ = ["published_asymptotics"]

_NAMES = tuple(column.name for column in ASYMPTOTIC)


def published_asymptotics(setting: Setting) -> dict[str, float]:
    """Evaluate the leading terms of [G25] at the sizes of a setting.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    dict
        By the names of the columns `ASYMPTOTIC`: Theorem 4.2's where Σ_β is isotropic or the start
        is zero, else Theorem 5.3's.  NaN where neither applies: features
        that are not isotropic, noise, a start that is neither zero nor pretrained, or pretraining
        on another distribution; or where the result is outside the range of float64.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(40, 20, ttt.Isotropic(20), ttt.Isotropic(20), [1] * 20)
    >>> published_asymptotics(setting)["asymptotic_improvement"]  # ‖β‖²·k/(k+d)·d³/(n+d)³
    0.370370
    """
    scale = _isotropic_scale(setting.feature_covariance)
    if scale is None or not _covered(setting):
        return dict.fromkeys(_NAMES, math.nan)
    with np.errstate(all="ignore"):
        values = _leading_terms(setting, scale)
        # The theorems have Σ_x = I; with √a·x for x, a step is that of a²η (see Problem).
        values["asymptotic_step_size"] = values["asymptotic_step_size"] / scale / scale
    return {
        name: float(value) if math.isfinite(value) else math.nan for name, value in values.items()
    }


def _leading_terms(setting: Setting, scale: float) -> dict[str, float]:
    # NumPy's floats, unlike Python's, neither raise on division by zero nor on overflow.
    n, k, d = map(np.float64, (setting.context_length, setting.test_samples, setting.dim))
    task = setting.task * math.sqrt(scale)
    norm2 = np.sum(task**2)
    if isinstance(setting.initialization, ZeroWeights):
        return _terms(
            norm2, limits.cold_improvement(k, d, norm2), limits.cold_step_size(n, k, d, norm2)
        )
    if _isotropic_scale(setting.task_covariance) is not None:
        return _terms(
            limits.warm_risk_before(n, d, norm2),
            limits.warm_improvement(n, k, d, norm2),
            limits.warm_step_size(n, k, d, norm2),
        )
    bias, variance = _bias_and_variance(setting, n, norm2, scale)
    return _terms(
        limits.aligned_risk_before(bias, variance),
        limits.aligned_improvement(k, d, bias, variance),
        limits.aligned_step_size(n, k, d, norm2, bias, variance),
    )


def _bias_and_variance(
    setting: Setting, n: float, norm2: float, scale: float
) -> tuple[float, float]:
    """Return A = βᵀ(I − nW*)²β and B = n‖β‖² tr(W*²) of Theorem 5.3, with √a·x for x."""
    problem = Problem.of(setting)
    start = starting_weights(problem)
    error = start.mean_error * math.sqrt(problem.features.diagonal()[0])
    bias = float(np.ldexp(error @ error, problem.label_exponent))
    unit = scale / problem.feature_scale
    return bias, n * norm2 * unit**2 * start.matrix.inner(start.matrix)


def _terms(risk_before: float, improvement: float, step_size: float) -> dict[str, float]:
    values = (step_size, risk_before, risk_before - improvement, improvement)
    return dict(zip(_NAMES, values, strict=True))


def _covered(setting: Setting) -> bool:
    """Whether the theorems have this start, and the pretraining that it needs; both noise-free."""
    if setting.noise_variance != 0.0:
        return False
    start, source = setting.initialization, setting.pretraining
    return isinstance(start, ZeroWeights) or (
        isinstance(start, PretrainedWeights)
        and start.factor == 1.0
        and source.context_length == setting.context_length
        and source.noise_variance == 0.0
        and _isotropic_scale(source.feature_covariance)
        == _isotropic_scale(setting.feature_covariance)
    )


def _isotropic_scale(covariance: Covariance) -> float | None:
    """Return a where the matrix is aI with a > 0, by its diagonal and one product."""
    matrix: Matrix = covariance.matrix()
    diagonal = np.asarray(matrix.diagonal())
    scale = float(diagonal[0])
    if not scale > 0.0 or np.any(diagonal != scale):
        return None
    # No vector that a covariance is made of is likely to be orthogonal to this one.
    probe = np.sin(np.arange(1.0, len(diagonal) + 1.0))
    return scale if np.array_equal(matrix @ probe, scale * probe) else None
