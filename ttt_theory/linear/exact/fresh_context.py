"""The exact risk after one plain step on a fresh context, of Gaussian features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.exact.certainty import DOUBT, VANISHING, certain, is_sound_alone
from ttt_theory.linear.exact.forms import assembled
from ttt_theory.linear.exact.long_decimals import best_step, decimal_curve, in_long_decimals
from ttt_theory.linear.exact.random_task import averaged
from ttt_theory.linear.exact.results import (
    exact_one_step_result,
    one_step_numbers,
    one_step_result,
)
from ttt_theory.linear.setting.setting import check_defaults

if TYPE_CHECKING:
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["in_float64", "risk_of"]

# The share of the bound on c1, a square, below which it may have lost four digits.
_CANCELLING = 1e-8


def risk_of(problem: Problem, start: StartingWeights) -> OneStepRisk:
    """Compute `one_step_risk` of a setting that has been reduced to a problem already."""
    check_defaults(
        problem.setting, "the exact one-step risk", "evaluation", "step_rule", "feature_law"
    )
    # In each coordinate nothing is rounded that cancels, but for c1 where one coordinate is all
    # there is.
    is_sound = is_sound_alone(problem)
    return certain(
        problem,
        start,
        in_float64,
        _in_long_decimals,
        one_step_numbers,
        sound=lambda risk: (
            is_sound and not (problem.is_pretrained_alike and _linear_is_below(_CANCELLING, risk))
        ),
        # Where large numbers cancel to the last bit, moving them does not show what is lost.
        lost=lambda risk: DOUBT if _linear_is_below(VANISHING, risk) else 0.0,
    )


def _linear_is_below(share: float, risk: OneStepRisk) -> bool:
    """Whether c1 is no more than a share of 2√(c0c2), by which R ≥ 0 bounds it."""
    return risk.linear <= share * 2.0 * math.sqrt(risk.constant) * math.sqrt(risk.quadratic)


def _in_long_decimals(setting: Setting) -> OneStepRisk | None:
    """Return the risk by longer numbers, if there are exact ones."""
    exact = in_long_decimals(
        setting,
        lambda numbers, negligible, largest: best_step(decimal_curve(numbers), negligible, largest),
    )
    return None if exact is None else exact_one_step_result(setting, exact)


def in_float64(problem: Problem, start: StartingWeights) -> OneStepRisk:
    """Compute it in float64 alone, which may have too few digits."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if problem.task_spread is not None:
            curve = averaged(problem, start)
            risk_after = curve.risk_after
        else:
            parts, forms = assembled(problem, start)
            curve = parts.curve
            scaled_step = 2.0 * problem.test_samples * curve.step_size
            # Not c0 − improvement, which cancels where the risk after the step is small.
            risk_after = parts.risk(scaled_step, forms.misfit(scaled_step))
    return one_step_result(
        problem.setting, curve, risk_after, problem.label_exponent, problem.step_exponent
    )
