"""The exact risk after one test-time training step, of any setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.exact.fresh_context import risk_of
from ttt_theory.linear.exact.kinds import risk_of_kind
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import checked_setting, departures

if TYPE_CHECKING:
    from ttt_theory.linear.exact.results import OneStepRisk
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["one_step_risk"]


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
