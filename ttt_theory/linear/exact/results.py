"""What the exact calculations return, in the units of the setting."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.errors import OutOfRangeError
from ttt_theory.linear.exact.curve import Curve

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = [
    "OneStepRisk",
    "SeveralStepsRisk",
    "exact_one_step_result",
    "one_step_numbers",
    "one_step_result",
    "rescaled",
]


@dataclass(frozen=True)
class OneStepRisk:
    """The risk R(η) = constant − linear·η + quadratic·η² after one gradient step of size η.

    Attributes
    ----------
    constant, linear, quadratic : float
        Coefficients of R.
    step_size : float
        The minimiser η* = linear / (2 quadratic); 0 where the risk does not depend on η.  Like
        `linear` it can be negative where the steps are divided by what their prompt shows, and only
        there.
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


@dataclass(frozen=True)
class SeveralStepsRisk:
    """The risk after several gradient steps on the same test samples and the same context.

    Attributes
    ----------
    step_sizes : tuple of float
        The t steps, in the order in which they are taken.
    risks : tuple of float
        The t + 1 risks after 0, 1, …, t of them.
    dim, context_length, test_samples : int
        d, n and k of the setting.
    """

    step_sizes: tuple[float, ...]
    risks: tuple[float, ...]
    dim: int
    context_length: int
    test_samples: int


def one_step_result(
    setting: Setting,
    curve: Curve,
    risk_after: Any,
    label: int = 0,
    step: int = 0,
    *,
    is_plain: bool = True,
) -> OneStepRisk:
    """Return the results, given in units of 2^label for risks and 2^-step for step sizes."""
    scaled = {
        "constant": (curve.constant, label),
        "linear": (curve.linear, label + step),
        "quadratic": (curve.quadratic, label + 2 * step),
        "step_size": (curve.step_size, -step),
        "risk_before": (curve.constant, label),
        "risk_after": (risk_after, label),
        "improvement": (curve.improvement, label),
    }
    # A plain step's c1 is a square, or the like; that of a divided step has either sign.
    signed = () if is_plain else ("linear", "step_size")
    return OneStepRisk(
        **{name: rescaled(name, *each, signed=name in signed) for name, each in scaled.items()},
        dim=setting.dim,
        context_length=setting.context_length,
        test_samples=setting.test_samples,
    )


def exact_one_step_result(setting: Setting, numbers: Sequence[Fraction]) -> OneStepRisk:
    """Return the results from c0, c1, c2 and the risk after the best step, in exact fractions."""
    *coefficients, risk_after = numbers
    return one_step_result(setting, Curve(*coefficients), risk_after)


def one_step_numbers(risk: OneStepRisk) -> list[float]:
    """Return the results, but for those that are as certain as the others."""
    return [risk.constant, risk.linear, risk.quadratic, risk.improvement, risk.risk_after]


def rescaled(name: str, value: float, exponent: int, *, signed: bool = False) -> float:
    """Return value·2^exponent, unless float64 cannot hold it, or it is negative and must not be."""
    try:
        result = math.ldexp(float(value), exponent)
    except OverflowError:
        result = math.inf
    least = -math.inf if signed else 0.0
    if not (least <= result < math.inf and abs(result) < math.inf) or (
        value != 0.0 and abs(result) < sys.float_info.min
    ):
        raise OutOfRangeError(name, result)
    return result
