"""The exact risk after at most two steps, of any Σ_x, W, β and σ², on a fresh or the same context.

Source: theory.md, section 2, fact 13; ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.errors import OutOfRangeError
from ttt_theory.linear.closed_form import scatter_moments
from ttt_theory.linear.exact.arguments import evaluated
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.certainty import certain
from ttt_theory.linear.exact.context_moments import ContextMoments, PowerForms
from ttt_theory.linear.exact.descent import Descent, method_coefficients
from ttt_theory.linear.exact.forms import assembled
from ttt_theory.linear.exact.long_decimals import decimal_parts, in_long_decimals
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.weights import starting_weights
from ttt_theory.linear.setting.setting import check_defaults

if TYPE_CHECKING:
    from ttt_theory.linear.exact.exact_numbers import ExactNumbers
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["MOST_STEPS", "Estimate", "Evaluate", "descent", "of_two_steps", "size_of_terms"]

MOST_STEPS = 2
"""Further steps need moments of a higher degree than have been derived for any Σ_x."""


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


@dataclass(frozen=True)
class Estimate:
    """A number, and how far off it may be because of what cancels in it."""

    value: Fraction
    error: Fraction | float

    @classmethod
    def of_risk(
        cls, found: Descent, step_sizes: Sequence[Fraction], round_off: Fraction
    ) -> Estimate:
        """Evaluate R, whose coefficients have a relative error."""
        method = method_coefficients([abs(step) for step in step_sizes])
        return cls(found.risk(step_sizes), round_off * size_of_terms(found, method))

    @property
    def relative_error(self) -> float:
        """The error beside the number; infinite where nothing of it is certain."""
        if not self.error:
            return 0.0
        return float(self.error / abs(self.value)) if self.value else math.inf


def size_of_terms(found: Descent, method: Sequence[Fraction]) -> Fraction:
    """Return the sum of the sizes of R's terms, by the coefficients of the polynomial."""
    sizes = [abs(each) for each in method]
    total: Fraction = found.constant
    for m, one in enumerate(sizes):
        total += 2 * one * abs(found.linear[m])
        for j, other in enumerate(sizes):
            total += one * other * abs(found.quadratic[m][j])
    return total


Evaluate = Callable[[Descent, Fraction], Sequence[Estimate]]
"""Takes the risk in fractions, and the relative error of its coefficients."""


def of_two_steps(setting: Setting, evaluate: Evaluate) -> list[Fraction]:
    """Return what a function makes of the risk after at most two steps, of any Σ_x, W, β and σ².

    Parameters
    ----------
    setting : Setting
        With plain steps, a fixed task and Gaussian features; evaluated on a fresh or the same
        context.
    evaluate : Evaluate

    Returns
    -------
    list of Fraction
        With nine digits that are certain.

    Raises
    ------
    InvalidSettingError
        If the setting is of another kind.
    OutOfRangeError
        If a coefficient is too large for float64.
    LostPrecisionError
        If fewer than nine digits of a number are certain.

    Notes
    -----
    Source: theory.md, section 2, fact 13; ours.
    """
    check_defaults(setting, "the risk after two steps", "step_rule", "task", "feature_law")

    def in_float64(problem: Problem, start: StartingWeights) -> Sequence[Estimate]:
        found = descent(setting.evaluation, *assembled(problem, start))
        label, step = problem.label_exponent, problem.step_exponent
        return evaluate(_in_fractions(found, label, step), _ROUNDED * Fraction(2) ** -52)

    def in_longer(setting: Setting) -> Sequence[Estimate] | None:
        exact = in_long_decimals(setting, in_decimals)
        return None if exact is None else [Estimate(value, 0) for value in exact]

    def in_decimals(numbers: ExactNumbers, negligible: Decimal, _: Decimal) -> list[Decimal]:
        found = descent(setting.evaluation, *decimal_parts(numbers))
        estimates = evaluate(_in_fractions(found), _ROUNDED * Fraction(negligible))
        return [_decimal(each) for each in estimates]

    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        problem = Problem.of(setting)
        estimates = certain(
            problem,
            starting_weights(problem),
            in_float64,
            in_longer,
            lambda result: [float(each.value) for each in result],
            # Differences are taken of what each coordinate has digits enough of.
            sound=lambda _: False,
            lost=lambda result: max(each.relative_error for each in result),
        )
    return [each.value for each in estimates]


_ROUNDED = 64
"""What rounding leaves of a sum, in last bits of its terms."""


def _in_fractions(found: Descent, label: int = 0, step: int = 0) -> Descent:
    """Return a descent in fractions, given in units of 2^label for risks and 2^-step for steps."""

    def fraction(value: Any, steps: int) -> Fraction:
        if not math.isfinite(value):
            raise OutOfRangeError("risks", float(value))
        return Fraction(value) * Fraction(2) ** (label + steps * step)

    return Descent(
        fraction(found.constant, 0),
        [fraction(each, m) for m, each in enumerate(found.linear, start=1)],
        [
            [fraction(each, m + j) for j, each in enumerate(row, start=1)]
            for m, row in enumerate(found.quadratic, start=1)
        ],
    )


def _decimal(estimate: Estimate) -> Decimal:
    """Return a number in the current precision, or zero where it is no more than its error."""
    value = estimate.value
    if abs(value) <= estimate.error:
        return Decimal(0)
    return Decimal(value.numerator) / Decimal(value.denominator)


class _Scatter:
    """Averages over the test samples."""

    def __init__(self, parts: Assembly, forms: PowerForms) -> None:
        self._noise_variance, self._forms = parts.noise_variance, forms
        self._test_samples = parts.test_samples

    def gradient(self, m: int, moments: Mapping[int, Sequence[Any]], a: int) -> Any:
        """Return E[‖u‖^(2a) aᵀΣ_xS^m e] from the moments of ‖u‖^(2a) aᵀΣ_x^j e."""
        return self._evaluated(f"gradient_{m}", moments, a)

    def curvature(
        self, m: int, j: int, moments: Mapping[int, Sequence[Any]], plain: Sequence[Any], a: int
    ) -> Any:
        """Return E[vᵀS^(m−1)Σ_xS^(j−1)v · Q] from E[eᵀΣ_x^i e · Q] and E[Q], for a-th ones."""
        low, high = sorted((m, j))
        of_errors = self._evaluated(f"curvature_{low}{high}", moments, a)
        of_noise = self._evaluated(f"noise_{m + j - 1}", moments, a)
        return of_errors + self._noise_variance * of_noise * plain[a]

    def _evaluated(self, name: str, moments: Mapping[int, Sequence[Any]], a: int) -> Any:
        formula = getattr(scatter_moments, name)
        return evaluated(formula, lambda parameter: self._argument(parameter, moments, a))

    def _argument(self, name: str, moments: Mapping[int, Sequence[Any]], a: int) -> Any:
        kind, _, index = name.rpartition("_")
        match kind:
            case "form":
                return moments[int(index)][a]
            case "trace":
                return self._forms.feature_trace(int(index))
        return self._test_samples
