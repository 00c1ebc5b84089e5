"""The exact risk after one test-time training step, of any setting."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import InvalidSettingError, LostPrecisionError, OutOfRangeError
from ttt_theory.linear.exact.exact_numbers import InexactCovarianceError
from ttt_theory.linear.exact.forms import assembled
from ttt_theory.linear.exact.kinds import risk_of_kind
from ttt_theory.linear.exact.long_decimals import largest_dim, long_decimal_risk
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.random_task import averaged
from ttt_theory.linear.exact.results import one_step_result
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import check_defaults, checked_setting, departures
from ttt_theory.structured import BlockDiagonal, Kronecker, LowRankUpdate, as_structured
from ttt_theory.structured.last_bits import MOVE, Moved

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["one_step_risk", "risk_of"]

# By how much a result may change when the setting is moved by its last six bits, which does some
# forty times what round-off does: where there are longer numbers to turn to, and where not.
_SURE, _GOOD = 1e-11, 5e-10
# Shares of the bound on c1, a square: below the first it may have lost four digits, and below the
# second half of them.
_CANCELLING, _VANISHING = 1e-8, 1e-14
_COMPARED = ("constant", "linear", "quadratic", "improvement", "risk_after")


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
    InvalidSettingError
        If it is no setting, such as the name of a file, or its matrices have too little structure
        in common for their size.
    OutOfRangeError
        If a result is too large or too small for float64.
    LostPrecisionError
        If fewer than nine digits of a result are certain: it changes by more than 5e-10 of itself
        when the setting is moved by its last bits, and has too many dimensions for longer numbers.

    Notes
    -----
    Floats of the setting are taken for the numbers that their 53 bits denote.  The calculation is
    done again with the matrices and the task moved by their last bits, in two ways.  Where
    the results differ, up to 64 dimensions (24 for a random task), it is done once more in decimal
    numbers of as many digits as it takes, from the parameters of the covariances
    (`Covariance.exact_matrix`).

    Where the task is random, the expectation is over it, too, and the best step is one number for
    all tasks.

    Source: theory.md, section 2, facts 2 and 3, and for random tasks the fact on them.

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
    if departures(checked_setting(setting)).keys() - {"task"}:
        return risk_of_kind(setting)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting)
        return risk_of(problem, starting_weights(problem))


def risk_of(problem: Problem, start: StartingWeights) -> OneStepRisk:
    """Compute `one_step_risk` of a setting that has been reduced to a problem already."""
    setting = problem.setting
    check_defaults(setting, "the exact one-step risk", "evaluation", "step_rule", "feature_law")
    is_small = setting.dim <= largest_dim(setting)
    try:
        risk = _in_float64(problem, start)
    except OutOfRangeError:
        exact = _in_long_decimals(setting)
        if exact is None:
            raise
        return exact
    if problem.is_diagonal and problem.task_spread is None:
        # In each coordinate nothing is rounded that cancels, but for c1 where one coordinate is all
        # there is, and but for what pretraining on other contexts is a difference of.
        alike = problem.is_pretrained_alike
        if not _linear_is_below(_CANCELLING, risk) if alike else not is_small:
            return risk
    # What counts as round-off is kept, where longer numbers can tell whether it is that.
    change = _change_when_moved(risk, setting, 0.0 if is_small else MOVE)
    if is_small and _linear_is_below(_VANISHING, risk):
        # Where large numbers cancel to the last bit, moving them does not show what is lost.
        change = math.inf
    if change <= (_SURE if is_small else _GOOD):
        return risk
    exact = _in_long_decimals(setting)
    if exact is not None:
        return exact
    change = _change_when_moved(risk, setting, MOVE)
    if not change <= _GOOD:
        raise LostPrecisionError(change, largest_dim(setting))
    return risk


def _linear_is_below(share: float, risk: OneStepRisk) -> bool:
    """Whether c1 is no more than a share of 2√(c0c2), by which R ≥ 0 bounds it."""
    return risk.linear <= share * 2.0 * math.sqrt(risk.constant) * math.sqrt(risk.quadratic)


def _in_long_decimals(setting: Setting) -> OneStepRisk | None:
    """Return the risk by longer numbers, if it is not too large and there are exact ones."""
    with contextlib.suppress(InexactCovarianceError):
        exact = long_decimal_risk(setting) if setting.dim <= largest_dim(setting) else None
        if exact is not None:
            curve, risk_after = exact
            return one_step_result(setting, curve, risk_after)
    return None


def _change_when_moved(risk: OneStepRisk, setting: Setting, round_off: float) -> float:
    """Return the largest relative change of a result when a setting is moved by its last bits."""
    prior = as_structured(setting.task_covariance.matrix(), checked=True)
    ways = [Moved.NUMBERS]
    if isinstance(prior, LowRankUpdate | BlockDiagonal | Kronecker):
        ways.append(Moved.PRIOR)
    return max(_change(risk, _moved(setting, moved, round_off)) for moved in ways)


def _moved(setting: Setting, moved: Moved, round_off: float) -> OneStepRisk | None:
    """Return the risk of a setting that is moved, if there is one."""
    with np.errstate(all="ignore"):
        try:
            problem = Problem.of(setting, moved=moved, round_off=round_off)
            return _in_float64(problem, starting_weights(problem))
        except (InvalidSettingError, OutOfRangeError):
            return None


def _change(risk: OneStepRisk, other: OneStepRisk | None) -> float:
    """Return the largest relative change of a result."""
    if other is None:
        return math.inf
    pairs = [(getattr(risk, name), getattr(other, name)) for name in _COMPARED]
    return max(abs(one - two) / max(one, two) if one != two else 0.0 for one, two in pairs)


def _in_float64(problem: Problem, start: StartingWeights) -> OneStepRisk:
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
