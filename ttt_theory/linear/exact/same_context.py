"""The exact risk after one step where the system answers on the prompt that it was trained on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.exact.certainty import certain, is_sound_alone
from ttt_theory.linear.exact.forms import assembled
from ttt_theory.linear.exact.long_decimals import best_step, decimal_parts, in_long_decimals
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import (
    exact_one_step_result,
    one_step_numbers,
    one_step_result,
)
from ttt_theory.linear.exact.two_steps import descent
from ttt_theory.linear.exact.weights import starting_weights

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["same_context_risk"]

# What rounding leaves of c0 less the improvement, in units of c0's last bit.
_ROUNDED = 64.0


def same_context_risk(setting: Setting) -> OneStepRisk:
    """Compute the risk after one step, evaluated on the context of the step.

    The risk is E[(y − xᵀW_TT u)²] for a query of the task and the u that the step was taken with:

        c1 = 4k E[‖u‖² eᵀΣ_x²e],    c2 = 4E[‖u‖⁴ {k(k+1) eᵀΣ_x³e + k tr Σ_x² (eᵀΣ_xe + σ²)}].

    Parameters
    ----------
    setting : Setting
        With ``evaluation="same"``.

    Returns
    -------
    OneStepRisk

    Raises
    ------
    InvalidSettingError, OutOfRangeError, LostPrecisionError
        As `one_step_risk` does; float64 is enough unless almost nothing is left of the risk.

    Notes
    -----
    Source: theory.md, section 2, fact 13; ours.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=3,
    ...     test_samples=2,
    ...     feature_covariance=ttt.Isotropic(1),
    ...     task_covariance=ttt.Isotropic(1),
    ...     task=[1],
    ...     initialization=ttt.ZeroWeights(),
    ...     evaluation="same",
    ... )
    >>> risk = same_context_risk(setting)
    >>> risk.linear / (4 * 2 * (3 * 5)), risk.quadratic / (4 * 2 * 4 * (3 * 5 * 7 * 9))
    (1.0, 1.0)
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting)
        return certain(
            problem,
            starting_weights(problem),
            _in_float64,
            _in_long_decimals,
            one_step_numbers,
            sound=lambda _: is_sound_alone(problem),
            lost=_lost,
        )


def _in_float64(problem: Problem, start: StartingWeights) -> OneStepRisk:
    parts, forms = assembled(problem, start)
    curve = descent("same", parts, forms, 1).curve
    # A risk is no less than zero, but what is left of it may be round-off.
    risk_after = max(curve.risk_after, 0.0 * curve.constant)
    return one_step_result(
        problem.setting, curve, risk_after, problem.label_exponent, problem.step_exponent
    )


def _in_long_decimals(setting: Setting) -> OneStepRisk | None:
    exact = in_long_decimals(
        setting,
        lambda numbers, negligible, largest: best_step(
            descent("same", *decimal_parts(numbers), 1).curve, negligible, largest
        ),
    )
    return None if exact is None else exact_one_step_result(setting, exact)


def _lost(risk: OneStepRisk) -> float:
    """Return the relative error of the risk after the step, a difference of large numbers."""
    error = _ROUNDED * sys.float_info.epsilon * risk.constant
    return error and float(np.float64(error) / risk.risk_after)
