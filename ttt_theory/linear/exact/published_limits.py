"""The published asymptotics of a setting, where the theorems speak of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.closed_form import limits
from ttt_theory.linear.exact.assembly import bias_and_variance
from ttt_theory.linear.exact.forms import ProblemForms
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.setting.setting import departures

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.linear.setting.starts import Initialization
    from ttt_theory.structured.base import Matrix

__all__ = ["alignment", "published_limits"]

_NAMES = ("step_size", "risk_before", "risk_after", "improvement")


def published_limits(problem: Problem, start: StartingWeights) -> dict[str, float]:
    """Evaluate the leading terms of [G25] at the sizes of a setting.

    Parameters
    ----------
    problem : Problem
        Of the setting.
    start : StartingWeights
        Of the problem.

    Returns
    -------
    dict
        ``step_size``, ``risk_before``, ``risk_after`` and ``improvement``: Theorem 4.2's where Σ_β
        is isotropic or the start is zero, else Theorem 5.3's.  NaN where neither applies: features
        that are not isotropic, noise, a start that is neither zero nor pretrained, or pretraining
        on another distribution; or where the result is outside the range of float64.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> from ttt_theory.linear.exact.weights import starting_weights
    >>> setting = ttt.Setting(40, 20, ttt.Isotropic(20), ttt.Isotropic(20), [1] * 20)
    >>> problem = Problem.of(setting)
    >>> values = published_limits(problem, starting_weights(problem))
    >>> values["improvement"]  # ‖β‖²·k/(k+d)·d³/(n+d)³
    0.370370
    """
    scale = _isotropic_scale(problem.setting.feature_covariance)
    if scale is None or not _covered(problem.setting):
        return dict.fromkeys(_NAMES, math.nan)
    with np.errstate(all="ignore"):
        values = _leading_terms(problem, start, scale)
        # The theorems have Σ_x = I; with √a·x for x, a step is that of a²η (see Problem).
        values["step_size"] = values["step_size"] / scale / scale
    return {
        name: float(value) if math.isfinite(value) else math.nan for name, value in values.items()
    }


def alignment(problem: Problem, start: StartingWeights) -> tuple[float, float]:
    """Return A and B of Theorem 5.3 for a setting with Σ_x = aI, the features divided by √a."""
    in_units = bias_and_variance(problem.context_length, ProblemForms(problem, start))
    bias, variance = (np.ldexp(each, problem.label_exponent) for each in in_units)
    return bias, variance


def _leading_terms(problem: Problem, start: StartingWeights, scale: float) -> dict[str, float]:
    setting = problem.setting
    # NumPy's floats, unlike Python's, neither raise on division by zero nor on overflow.
    n, k, d = map(np.float64, (setting.context_length, setting.test_samples, setting.dim))
    task = setting.fixed_task * math.sqrt(scale)
    norm2 = np.sum(task**2)
    if _is_zero(setting.initialization):
        return _terms(
            norm2, limits.cold_improvement(k, d, norm2), limits.cold_step_size(n, k, d, norm2)
        )
    if _isotropic_scale(setting.task_covariance) is not None:
        return _terms(
            limits.warm_risk_before(n, d, norm2),
            limits.warm_improvement(n, k, d, norm2),
            limits.warm_step_size(n, k, d, norm2),
        )
    bias, variance = alignment(problem, start)
    return _terms(
        limits.aligned_risk_before(bias, variance),
        limits.aligned_improvement(k, d, bias, variance),
        limits.aligned_step_size(n, k, d, norm2, bias, variance),
    )


def _terms(risk_before: float, improvement: float, step_size: float) -> dict[str, float]:
    values = (step_size, risk_before, risk_before - improvement, improvement)
    return dict(zip(_NAMES, values, strict=True))


def _is_zero(start: Initialization) -> bool:
    return start.matrix is None and start.factor == 0.0


def _covered(setting: Setting) -> bool:
    """Whether the theorems have this start, and the pretraining that it needs; both noise-free."""
    if setting.noise_variance != 0.0 or departures(setting):
        return False
    start, source = setting.initialization, setting.pretraining
    return _is_zero(start) or (
        start.matrix is None
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
