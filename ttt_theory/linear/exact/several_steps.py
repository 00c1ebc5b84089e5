"""The exact risk after several test-time training steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ttt_theory.checks import checked_array
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.exact.isotropic_numbers import MOST_STEPS, IsotropicNumbers
from ttt_theory.linear.exact.results import SeveralStepsRisk, rescaled
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.setting.setting import checked_setting, departures

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ttt_theory.linear.exact.descent import Descent
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["exact_descent", "held", "risks_of", "several_steps_risk"]


def several_steps_risk(setting: Setting, step_sizes: ArrayLike) -> SeveralStepsRisk:
    """Compute the risk after several test-time training steps, exactly.

    All steps are taken on the same k test samples and the same context.  The expectation is over
    all data; the step sizes are numbers that do not depend on it.  It exists for every number of
    steps, and at any fixed step it diverges with that number: ‖u‖² has no bound.

    Parameters
    ----------
    setting : Setting
    step_sizes : array_like of float, shape (t,)
        The t steps in order, at most 16; any finite numbers.  More than one needs features and
        weights that are multiples of the identity.

    Returns
    -------
    SeveralStepsRisk

    Raises
    ------
    InvalidSettingError
        If it is no setting, a step size is no finite number, or no exact risk is known.
    OutOfRangeError
        If a result is too large or too small for float64.

    Notes
    -----
    Evaluated in exact fractions of what the floats denote, and rounded once.  Source: ours
    (theory.md, section 2, facts 7 and 8).

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=20,
    ...     test_samples=40,
    ...     feature_covariance=ttt.Isotropic(40),
    ...     task_covariance=ttt.Isotropic(40),
    ...     task=[40**-0.5] * 40,
    ...     initialization=ttt.ZeroWeights(),
    ... )
    >>> step = ttt.one_step_risk(setting).step_size
    >>> ttt.several_steps_risk(setting, [step, step]).risks
    (1.0, 0.622311923140..., 4.369858396977...)
    """
    setting = checked_setting(setting)
    steps = checked_array("step_sizes", step_sizes, 1).tolist()
    descent = exact_descent(setting, len(steps))
    if descent is None:
        one_step = one_step_risk(setting)
        risks: tuple[float, ...] = (one_step.risk_before, one_step.at(steps[0]))
    else:
        risks = risks_of(descent, steps)
    return SeveralStepsRisk(
        tuple(steps), risks, setting.dim, setting.context_length, setting.test_samples
    )


def exact_descent(setting: Setting, steps: int) -> Descent | None:
    """Return the risk after up to so many steps in fractions; None for the one-step risk's alone.

    Raises
    ------
    InvalidSettingError
        If no exact risk is known.
    """
    if steps > MOST_STEPS:
        remedy = f"the exact risk takes 1 to {MOST_STEPS}: simulate --step-sizes takes more"
        raise InvalidSettingError("steps", steps, remedy)
    found = {name: each for name, each in departures(setting).items() if name != "evaluation"}
    numbers = None if found else IsotropicNumbers.of(setting)
    if numbers is not None:
        return numbers.descent(steps)
    if steps == 1:
        return None
    field = next(iter(found), "feature_covariance")
    value = found.get(field, setting.feature_covariance)
    remedy = (
        "the exact risk after several plain steps takes a fixed task, Gaussian features, and "
        "Σ_x and W that are multiples of the identity: simulate --step-sizes takes all others"
    )
    raise InvalidSettingError(field, value, remedy)


def risks_of(descent: Descent, steps: Sequence[float]) -> tuple[float, ...]:
    """Return the risks after 0, 1, … of the steps."""
    exact = [Fraction(each) for each in steps]
    return held("risks", (descent.risk(exact[:count]) for count in range(len(exact) + 1)))


def held(name: str, values: Iterable[Any]) -> tuple[float, ...]:
    """Round fractions to floats.

    Raises
    ------
    OutOfRangeError
        If float64 cannot hold one.
    """
    return tuple(
        rescaled(name, value, 0) if value >= 0 else -rescaled(name, -value, 0) for value in values
    )
