"""The exact risk after several test-time training steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ttt_theory.checks import checked_array
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.exact import two_steps
from ttt_theory.linear.exact.isotropic_numbers import MOST_STEPS, IsotropicNumbers
from ttt_theory.linear.exact.results import SeveralStepsRisk, rescaled
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.exact.two_steps import Estimate, of_two_steps
from ttt_theory.linear.setting.setting import checked_setting, departures

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ttt_theory.linear.exact.descent import Descent
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["held", "isotropic_descent_of", "risks_of", "several_steps_risk"]


def several_steps_risk(setting: Setting, step_sizes: ArrayLike) -> SeveralStepsRisk:
    """Compute the risk after several test-time training steps, exactly.

    All steps are taken on the same k test samples and the same context.  The expectation is over
    all data; the step sizes are numbers that do not depend on it.  It exists for every number of
    steps, and at any fixed step it diverges with that number: ‖u‖² has no bound.

    Parameters
    ----------
    setting : Setting
    step_sizes : array_like of float, shape (t,)
        The t steps in order; any finite numbers.  At most 16 where Σ_x and W are multiples of the
        identity, else at most two.

    Returns
    -------
    SeveralStepsRisk

    Raises
    ------
    InvalidSettingError
        If it is no setting, a step size is no finite number, or no exact risk is known.
    OutOfRangeError
        If a result is too large or too small for float64.

    LostPrecisionError
        If fewer than nine digits of a risk are certain; never for multiples of the identity.

    Notes
    -----
    For multiples of the identity evaluated in exact fractions of what the floats denote, and
    rounded once.  Source: ours (theory.md, section 2, facts 7, 8 and 13).

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
    risks = _risks(setting, steps)
    return SeveralStepsRisk(
        tuple(steps), risks, setting.dim, setting.context_length, setting.test_samples
    )


def _risks(setting: Setting, steps: Sequence[float]) -> tuple[float, ...]:
    exact = [Fraction(each) for each in steps]
    descent = isotropic_descent_of(setting, len(steps))
    if descent is not None:
        return held("risks", risks_of(descent, exact))
    if len(steps) == 1:
        one_step = one_step_risk(setting)
        return one_step.risk_before, one_step.at(steps[0])

    def evaluated(descent: Descent, round_off: Fraction) -> list[Estimate]:
        return [
            Estimate.of_risk(descent, exact[:count], round_off) for count in range(len(exact) + 1)
        ]

    return held("risks", of_two_steps(setting, evaluated))


def isotropic_descent_of(setting: Setting, steps: int) -> Descent | None:
    """Return the risk after up to so many steps in fractions, for multiples of the identity.

    Returns
    -------
    Descent or None
        None for other matrices, which have an exact risk after that many steps all the same.

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
    others = "simulate --step-sizes takes all others"
    if found:
        field, value = next(iter(found.items()))
        remedy = (
            "the exact risk after several steps takes plain ones, a fixed task and Gaussian "
            f"features: {others}"
        )
        raise InvalidSettingError(field, value, remedy)
    if steps > two_steps.MOST_STEPS:
        remedy = (
            f"the exact risk after more than {two_steps.MOST_STEPS} steps takes Σ_x and W that are "
            f"multiples of the identity: {others}"
        )
        raise InvalidSettingError("feature_covariance", setting.feature_covariance, remedy)
    return None


def risks_of(descent: Descent, steps: Sequence[Fraction]) -> list[Fraction]:
    """Return the risks after 0, 1, … of the steps."""
    return [descent.risk(steps[:count]) for count in range(len(steps) + 1)]


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
