"""The exact risk after one test-time training step, of any setting."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import OutOfRangeError
from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.exact.invariants import Invariants
from ttt_theory.linear.exact.problem import Problem

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["OneStepRisk", "one_step_risk"]


@dataclass(frozen=True)
class OneStepRisk:
    """The risk R(η) = constant − linear·η + quadratic·η² after one gradient step of size η.

    Attributes
    ----------
    constant, linear, quadratic : float
        Coefficients of R.
    step_size : float
        The minimiser η* = linear / (2 quadratic); 0 where the risk does not depend on η.
    risk_before, risk_after, improvement : float
        R(0), R(η*) and their difference.
    dim, context_length, test_samples : int
        d, n and k of the setting.
    """

    constant: float
    linear: float
    quadratic: float
    step_size: float
    risk_before: float
    risk_after: float
    improvement: float
    dim: int
    context_length: int
    test_samples: int

    def at(self, step_size: float) -> float:
        """Return R(step_size).

        Examples
        --------
        >>> import ttt_theory as ttt
        >>> setting = ttt.Setting(
        ...     context_length=40,
        ...     test_samples=20,
        ...     feature_covariance=ttt.Isotropic(20),
        ...     task_covariance=ttt.Isotropic(20),
        ...     task=[1] * 20,
        ... )
        >>> risk = ttt.one_step_risk(setting)
        >>> risk.at(0.0) - risk.risk_before, risk.at(risk.step_size) - risk.risk_after
        (0.0, 0.0)
        """
        if step_size == 0.0:
            return self.risk_before
        # About the minimum nothing cancels, while constant − linear·η does near η*.
        with np.errstate(over="ignore"):
            risk = self.risk_after + self.quadratic * np.float64(step_size - self.step_size) ** 2
        if not math.isfinite(risk):
            raise OutOfRangeError("the risk at this step size", float(risk))
        return float(risk)


def one_step_risk(setting: Setting) -> OneStepRisk:
    """Compute the risk after one test-time training step, exactly.

    The risk is E[(y − xᵀW_TT u')²] for a fresh context u' and query of the same task, with
    W_TT = W − η∇L̂(W) after one step on the sum of squared errors of k test samples; the
    expectation is over all data.  Nothing is asymptotic or approximate: it holds for every n, k,
    d ≥ 1, every Σ_x, W, β and σ² (theory.md, section 2; [G25] gives the isotropic limit).

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    OneStepRisk

    Raises
    ------
    OutOfRangeError
        If a result is too large or too small for float64.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=20,
    ...     test_samples=40,
    ...     feature_covariance=ttt.Isotropic(40),
    ...     task_covariance=ttt.Isotropic(40),
    ...     task=[1] * 40,
    ...     initialization=ttt.ZeroWeights(),
    ... )
    >>> n, k, d = 20, 40, 40
    >>> expected = d * k * n**2 / ((d + k + 1) * (n**2 + 4 * n + d + 3))
    >>> abs(ttt.one_step_risk(setting).improvement / expected - 1) < 1e-14
    True
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting)
        invariants = Invariants.of(problem)
        curve = _curve(problem, invariants)
        step_size, improvement = 0.0, 0.0
        if curve["linear"] > 0.0:
            step_size = one_step.step_size(curve["linear"], curve["quadratic"])
            improvement = one_step.improvement(curve["linear"], curve["quadratic"])
        risk_after = _risk_at(problem, invariants, step_size)
    label, step = problem.label_exponent, problem.step_exponent
    scaled = {
        "constant": (curve["constant"], label),
        "linear": (curve["linear"], label + step),
        "quadratic": (curve["quadratic"], label + 2 * step),
        "step_size": (step_size, -step),
        "risk_before": (curve["constant"], label),
        "risk_after": (risk_after, label),
        "improvement": (improvement, label),
    }
    values = {name: _rescaled(name, *each) for name, each in scaled.items()}
    return OneStepRisk(
        **values,
        dim=setting.dim,
        context_length=setting.context_length,
        test_samples=setting.test_samples,
    )


def _rescaled(name: str, value: float, exponent: int) -> float:
    """Return value·2^exponent, unless float64 cannot hold it; none of the results is negative."""
    try:
        result = math.ldexp(float(value), exponent)
    except OverflowError:
        result = math.inf
    if not 0.0 <= result < math.inf or (value != 0.0 and abs(result) < sys.float_info.min):
        raise OutOfRangeError(name, result)
    return result


def _curve(problem: Problem, invariants: Invariants) -> dict[str, float]:
    pieces = invariants.pieces
    return {
        "constant": one_step.constant(
            problem.noise_variance, invariants.bias_bias, invariants.error_variance
        ),
        "linear": one_step.linear(
            problem.context_length, problem.test_samples, invariants.mean_gradient_square
        ),
        "quadratic": one_step.quadratic(problem.test_samples, **pieces),
    }


def _risk_at(problem: Problem, invariants: Invariants, step_size: float) -> float:
    scaled_step = 2.0 * problem.test_samples * step_size
    error = invariants.mean_error - scaled_step * invariants.mean_step
    return float(
        one_step.bias_variance_risk(
            test_samples=problem.test_samples,
            scaled_step=scaled_step,
            misfit=float(error @ (problem.features @ error)),
            coupling=invariants.coupling,
            centred_product_moment_3=invariants.centred_product_moment_3,
            error_variance=invariants.error_variance,
            **invariants.pieces,
        )
    )
