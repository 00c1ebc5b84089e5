"""The exact one-step risk for elliptical features x = √ρ Σ_x^½ g.

Source: ours (theory.md, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ttt_theory.linear.closed_form import elliptical, one_step
from ttt_theory.linear.exact.assembly import Forms, weighted_forms
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.forms import ProblemForms
from ttt_theory.linear.exact.results import OneStepRisk, one_step_result
from ttt_theory.linear.exact.twice import computed_twice
from ttt_theory.linear.setting.feature_laws import EllipticalFeatures

if TYPE_CHECKING:
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["EllipticalAssembly", "elliptical_risk"]


def elliptical_risk(setting: Setting) -> OneStepRisk:
    """Compute `one_step_risk` for elliptical features: any Σ_x, W, β and σ².

    Raises
    ------
    LostPrecisionError
        If float64 holds fewer than nine digits of a result.
    """
    law = setting.feature_law
    assert isinstance(law, EllipticalFeatures)
    radii = law.radius_moment(2), law.radius_moment(3), law.radius_moment(4)

    def risk(problem: Problem, start: StartingWeights) -> OneStepRisk:
        curve = EllipticalAssembly(
            problem.context_length,
            problem.test_samples,
            problem.noise_variance,
            radii,
            ProblemForms(problem, start),
        ).curve
        label, step = problem.label_exponent, problem.step_exponent
        return one_step_result(setting, curve, curve.risk_after, label, step)

    return computed_twice(setting, risk)


@dataclass(frozen=True)
class EllipticalAssembly:
    """c0, c1 and c2 put together from the forms that the Gaussian ones have, too.

    Parameters
    ----------
    context_length, test_samples, noise_variance : number or element of a field
        n, k and σ².
    radii : tuple of three numbers
        E[ρ²], E[ρ³] and E[ρ⁴].
    forms : Forms
    """

    context_length: Any
    test_samples: Any
    noise_variance: Any
    radii: tuple[Any, Any, Any]
    forms: Forms

    @property
    def curve(self) -> Curve:
        """R(η) = c0 − c1η + c2η²."""
        n, k, noise = self.context_length, self.test_samples, self.noise_variance
        forms, cumulants = self.forms, self._cumulants
        spread = {name: cumulants[name] for name in ("second_0", "second_1")}
        squares = {
            "mean_square": forms.mean_square,
            "mean_energy": forms.mean_energy,
            "feature_square_trace": forms.feature_square_trace,
        }
        overlap = elliptical.overlap_moment(context_length=n, **spread, **squares)
        products = {
            f"product_moment_{power}": elliptical.product_moment(
                context_length=n,
                overlap=overlap,
                **cumulants,
                **squares,
                **weighted_forms(forms, power, *_OF_PRODUCT_MOMENT),
            )
            for power in (1, 3)
        }
        first = weighted_forms(forms, 1, "bias_bias", "shift_00", "spread_1")
        gradient = elliptical.mean_gradient_square(
            **spread,
            mean_square=forms.mean_square,
            **weighted_forms(forms, 2, *_OF_MEAN_GRADIENT),
        )
        return Curve(
            one_step.constant(
                noise,
                first.pop("bias_bias"),
                elliptical.error_variance(context_length=n, **spread, **first),
            ),
            one_step.linear(n, k, gradient),
            elliptical.quadratic(
                test_samples=k,
                radius_2=self.radii[0],
                overlap=overlap,
                feature_square_trace=forms.feature_square_trace,
                noise_variance=noise,
                **products,
            ),
        )

    @cached_property
    def _cumulants(self) -> dict[str, Any]:
        """The factors in the cumulants of one sample xy, by parameter."""
        two, three, four = self.radii
        levels = (self.forms.label_variance - self.noise_variance, self.noise_variance)
        return {
            "second_0": elliptical.second_0_factor(*levels, two),
            "second_1": elliptical.second_1_factor(two),
            "third_0": elliptical.third_0_factor(*levels, two, three),
            "third_1": elliptical.third_1_factor(two, three),
            "fourth_0": elliptical.fourth_0_factor(*levels, two, three, four),
            "fourth_1": elliptical.fourth_1_factor(*levels, two, three, four),
            "fourth_2": elliptical.fourth_2_factor(two, three, four),
        }


_OF_PRODUCT_MOMENT = (
    "bias_bias",
    "bias_shift_0",
    "bias_shift_1",
    "bias_shift_2",
    "shift_00",
    "shift_01",
    "shift_02",
    "shift_11",
    "spread_1",
    "spread_3",
)
_OF_MEAN_GRADIENT = (
    "bias_bias",
    "bias_shift_0",
    "bias_shift_1",
    "shift_00",
    "shift_01",
    "spread_2",
)
