"""The exact risk after at most two steps, of any Σ_x, W, β and σ², on a fresh or the same context.

Source: theory.md, section 2, fact 13; ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import checked_array
from ttt_theory.errors import InvalidSettingError, OutOfRangeError
from ttt_theory.linear.closed_form import scatter_moments
from ttt_theory.linear.exact.arguments import evaluated
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.certainty import certain, is_sound_alone
from ttt_theory.linear.exact.context_moments import ContextMoments, PowerForms
from ttt_theory.linear.exact.descent import Descent, method_coefficients
from ttt_theory.linear.exact.forms import assembled
from ttt_theory.linear.exact.long_decimals import decimal_parts, in_long_decimals
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.results import SeveralStepsRisk, rescaled
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import check_defaults, checked_setting

if TYPE_CHECKING:
    from ttt_theory.linear.exact.exact_numbers import ExactNumbers
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["MOST_STEPS", "descent", "two_step_risks"]

MOST_STEPS = 2
"""Further steps need moments of a higher degree than have been derived for any Σ_x."""

# By the powers of S on the right of Σ_x and, where there are two, on its left.
_GRADIENTS: dict[int, Callable[..., Any]] = {
    1: scatter_moments.gradient_1,
    2: scatter_moments.gradient_2,
}
_CURVATURES: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 1): scatter_moments.curvature_11,
    (1, 2): scatter_moments.curvature_12,
    (2, 1): scatter_moments.curvature_12,
    (2, 2): scatter_moments.curvature_22,
}
_NOISES: dict[int, Callable[..., Any]] = {
    1: scatter_moments.noise_1,
    2: scatter_moments.noise_2,
    3: scatter_moments.noise_3,
}


def descent(
    evaluation: str, parts: Assembly, forms: PowerForms, most_steps: int = MOST_STEPS
) -> Descent:
    """Put the risk after several steps together, in floats, fractions or symbols alike.

    Parameters
    ----------
    evaluation : str
        ``"fresh"`` or ``"same"``.
    parts : Assembly
        Of the one-step risk on a fresh context, with the same forms.
    forms : PowerForms
    most_steps : int
        1 or 2.

    Returns
    -------
    Descent
    """
    steps = range(1, most_steps + 1)
    moments = ContextMoments(parts.context_length, forms)
    curve, powers = parts.curve, range(1, 2 * most_steps + 2)
    scatter = _Scatter(parts, forms)
    if evaluation == "same":
        errors = {j: moments.errors(2 * most_steps, j) for j in powers}
        sizes = moments.sizes(2 * most_steps)
        linear = [scatter.gradient(m, errors, m) for m in steps]
        quadratic = [[scatter.curvature(m, j, errors, sizes, m + j) for j in steps] for m in steps]
        return Descent(curve.constant, linear, quadratic)
    gradients = {j: moments.gradients(most_steps - 1, j) for j in powers}
    products = {j: moments.products(2 * most_steps - 2, j) for j in powers}
    overlaps = moments.overlaps(2 * most_steps - 2)
    # The first is a square: not as the sum of what may cancel.
    linear = [curve.linear / 4, *(scatter.gradient(m, gradients, m - 1) for m in steps[1:])]
    quadratic = [
        [scatter.curvature(m, j, products, overlaps, m + j - 2) for j in steps] for m in steps
    ]
    return Descent(curve.constant, linear, quadratic)


def two_step_risks(setting: Setting, step_sizes: Sequence[float]) -> SeveralStepsRisk:
    """Compute the risk after each of at most two steps, exactly, of any Σ_x, W, β and σ².

    Parameters
    ----------
    setting : Setting
        With plain steps, a fixed task and Gaussian features; evaluated on a fresh or the same
        context.
    step_sizes : array_like of float, shape (t,)
        η_1, …, η_t with t = 1 or 2, of either sign.

    Returns
    -------
    SeveralStepsRisk

    Raises
    ------
    InvalidSettingError
        If there are more steps, or the setting is of another kind.
    OutOfRangeError
        If a risk is too large or too small for float64.
    LostPrecisionError
        If fewer than nine digits of a risk are certain.

    Notes
    -----
    Source: theory.md, section 2, fact 13; ours.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=20,
    ...     test_samples=40,
    ...     feature_covariance=ttt.PowerLaw(40, 1.0),
    ...     task_covariance=ttt.Isotropic(40),
    ...     task=[1] * 40,
    ... )
    >>> one_step = ttt.one_step_risk(setting)
    >>> risks = two_step_risks(setting, [one_step.step_size, one_step.step_size]).risks
    >>> len(risks), abs(risks[1] / one_step.risk_after - 1) < 1e-12
    (3, True)
    """
    check_defaults(
        checked_setting(setting), "the risk after two steps", "step_rule", "task", "feature_law"
    )
    steps = [float(step) for step in checked_array("step_sizes", step_sizes, 1)]
    if len(steps) > MOST_STEPS:
        remedy = "more than two steps are exact for isotropic features alone: simulate them"
        raise InvalidSettingError("step_sizes", step_sizes, remedy)

    def in_float64(problem: Problem, start: StartingWeights) -> list[_Estimate]:
        found = descent(setting.evaluation, *assembled(problem, start))
        scaled = np.ldexp(np.array(steps), problem.step_exponent)
        estimates = [_Estimate.of(found, scaled[:t], 2.0**-52) for t in range(len(steps) + 1)]
        for each in estimates:
            if not np.isfinite(each.risk):
                raise OutOfRangeError("risks", each.risk)
        return [each.times(problem.label_exponent) for each in estimates]

    def in_longer(setting: Setting) -> list[_Estimate] | None:
        exact = in_long_decimals(setting, in_decimals)
        return None if exact is None else [_Estimate(value, 0.0) for value in exact]

    def in_decimals(numbers: ExactNumbers, negligible: Decimal, _: Decimal) -> list[Decimal]:
        found = descent(setting.evaluation, *decimal_parts(numbers))
        exact = [Decimal(step) for step in steps]
        estimates = [_Estimate.of(found, exact[:t], negligible) for t in range(len(exact) + 1)]
        return [each.risk if each.risk > each.error else Decimal(0) for each in estimates]

    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting)
        estimates = certain(
            problem,
            starting_weights(problem),
            in_float64,
            in_longer,
            lambda result: [each.risk for each in result],
            sound=lambda _: is_sound_alone(problem),
            lost=lambda result: max(each.relative_error for each in result),
        )
    risks = [rescaled("risks", each.risk, 0) for each in estimates]
    return SeveralStepsRisk(
        tuple(steps), tuple(risks), setting.dim, setting.context_length, setting.test_samples
    )


# What rounding leaves of a sum, in last bits of its terms.
_ROUNDED = 64


@dataclass(frozen=True)
class _Estimate:
    """A risk, and how far off it may be because the terms of R cancel."""

    risk: Any
    error: Any

    @classmethod
    def of(cls, found: Descent, step_sizes: Sequence[Any], round_off: Any) -> _Estimate:
        """Evaluate R, and the sum of its terms' sizes."""
        sizes = [abs(c) for c in method_coefficients([abs(step) for step in step_sizes])]
        largest = found.constant
        for m, one in enumerate(sizes):
            largest = largest + 2 * one * abs(found.linear[m])
            for j, other in enumerate(sizes):
                largest = largest + one * other * abs(found.quadratic[m][j])
        return cls(found.risk(step_sizes), _ROUNDED * round_off * largest)

    @property
    def relative_error(self) -> float:
        """The error beside the risk; infinite where nothing of it is certain."""
        if not self.error:
            return 0.0
        return float(self.error / self.risk) if self.risk > 0 else math.inf

    def times(self, exponent: int) -> _Estimate:
        """Return it in another unit, 2^exponent times as large a number."""
        return _Estimate(*np.ldexp([self.risk, self.error], exponent))


class _Scatter:
    """Averages over the test samples."""

    def __init__(self, parts: Assembly, forms: PowerForms) -> None:
        self._noise_variance, self._forms = parts.noise_variance, forms
        self._test_samples = parts.test_samples

    def gradient(self, m: int, moments: Mapping[int, Sequence[Any]], a: int) -> Any:
        """Return E[‖u‖^(2a) aᵀΣ_xS^m e] from the moments of ‖u‖^(2a) aᵀΣ_x^j e."""
        return evaluated(_GRADIENTS[m], lambda name: self._argument(name, moments, a))

    def curvature(
        self, m: int, j: int, moments: Mapping[int, Sequence[Any]], plain: Sequence[Any], a: int
    ) -> Any:
        """Return E[vᵀS^(m−1)Σ_xS^(j−1)v · Q] from E[eᵀΣ_x^i e · Q] and E[Q], for a-th ones."""
        of_errors = evaluated(_CURVATURES[m, j], lambda name: self._argument(name, moments, a))
        of_noise = evaluated(_NOISES[m + j - 1], lambda name: self._argument(name, moments, a))
        return of_errors + self._noise_variance * of_noise * plain[a]

    def _argument(self, name: str, moments: Mapping[int, Sequence[Any]], a: int) -> Any:
        kind, _, index = name.rpartition("_")
        match kind:
            case "form":
                return moments[int(index)][a]
            case "trace":
                return self._forms.feature_trace(int(index))
        return self._test_samples
