"""What is lost by a step of which a system could know the size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttt_theory.linear.exact.normalized import label_scaled_risk, normalized_risk
from ttt_theory.linear.exact.results import OneStepRisk
from ttt_theory.linear.exact.risk import one_step_risk
from ttt_theory.linear.setting.setting import check_defaults, checked_setting

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["StepRules", "step_rules"]


@dataclass(frozen=True)
class StepRules:
    """The risk under three rules for one step, each with its best constant.

    Of each the `step_size` is that constant, and `at` gives the risk at any other one.

    Attributes
    ----------
    plain : OneStepRisk
        The step is one number for all prompts.  Its best value is an oracle's: it takes ‖β‖² and σ²
        to know.
    normalized : OneStepRisk
        The step is divided by ‖u‖² of its prompt.
    label_scaled : OneStepRisk
        The step is divided by Σ_i y_i² of its prompt, n times the labels' second moment.
    """

    plain: OneStepRisk
    normalized: OneStepRisk
    label_scaled: OneStepRisk

    def tuned_for(self, other: StepRules) -> dict[str, float]:
        """Return the risk under each rule with the constant that is the best elsewhere.

        Parameters
        ----------
        other : StepRules
            Of what the constants were chosen for: another task or noise, say.

        Returns
        -------
        dict
            By the name of the rule.

        Examples
        --------
        >>> import dataclasses
        >>> import ttt_theory as ttt
        >>> setting = ttt.Setting(20, 40, ttt.Isotropic(40), ttt.Isotropic(40), [0.5] * 40)
        >>> guess = dataclasses.replace(setting, task=[0.25] * 40)
        >>> rules = ttt.step_rules(setting)
        >>> risks = rules.tuned_for(ttt.step_rules(guess))
        >>> for name, risk in risks.items():  # beside 6.72 before the step
        ...     print(f"{name} {risk:.3f}, not {getattr(rules, name).risk_after:.3f}")
        plain 15.089, not 5.675
        normalized 5.558, not 5.558
        label_scaled 5.548, not 5.548
        """
        return {
            name: getattr(self, name).at(getattr(other, name).step_size)
            for name in ("plain", "normalized", "label_scaled")
        }


def step_rules(setting: Setting) -> StepRules:
    """Compute the exact risk after one step whose size is a constant, or depends on the prompt.

    Parameters
    ----------
    setting : Setting
        On a fresh context, with plain steps, a fixed task and Gaussian features; any Σ_x, W, β and
        σ².  Its n is 3 at least.

    Returns
    -------
    StepRules

    Raises
    ------
    InvalidSettingError
        If it is another setting, or the risk after a divided step is infinite: it takes n ≥ 3, and
        for ‖u‖² a Σ_x of rank 3 with noise, of rank 6 − n without.
    OutOfRangeError, LostPrecisionError
        As `one_step_risk` raises them.

    Notes
    -----
    Under every rule the risk is a parabola in the constant, so that c times the best one leaves
    risk_after + (c − 1)²·improvement: one that is twice as large gains nothing, and a larger one
    does harm.  For isotropic features and without noise the best constants of the divided steps
    depend on n, k, d and W alone, while that of the plain step falls with 1/‖β‖².  Source: ours
    (theory.md, section 2, facts 3, 14 and 15).

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(20, 40, ttt.Isotropic(40), ttt.Isotropic(40), [40**-0.5] * 40)
    >>> rules = ttt.step_rules(setting)
    >>> risks = [rules.plain.risk_before, rules.plain.risk_after]
    >>> risks += [rules.normalized.risk_after, rules.label_scaled.risk_after]
    >>> [round(risk, 4) for risk in risks]
    [0.6721, 0.5675, 0.5558, 0.5548]
    """
    names = "evaluation", "step_rule", "task", "feature_law"
    check_defaults(checked_setting(setting), "a comparison of step rules", *names)
    return StepRules(one_step_risk(setting), normalized_risk(setting), label_scaled_risk(setting))
