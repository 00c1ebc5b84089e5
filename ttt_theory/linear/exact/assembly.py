"""c0, c1 and c2 put together from forms and traces: the one place where this is done.

The numbers that users get and the proofs about them run this same code, on floats, on fractions, on
rational functions and on polynomials with an indeterminate for each form.  What differs is where
the forms come from: a `Forms` for each kind of number.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.exact.curve import Curve

__all__ = ["Assembly", "Forms", "bias_and_variance", "weighted_forms"]


class Forms(Protocol):
    """The forms and traces of Σ_x, W and β that the risk depends on.

    Vectors have names: ``"bias"`` is b = β − nWq with q = Σ_xβ, ``"shift_j"`` is h_j = WΣ_x^j q.
    """

    @property
    def label_variance(self) -> Any:
        """The variance s = βᵀΣ_xβ + σ² of a label."""

    @property
    def mean_square(self) -> Any:
        """‖q‖²."""

    @property
    def mean_energy(self) -> Any:
        """qᵀΣ_xq."""

    @property
    def feature_square_trace(self) -> Any:
        """The trace of Σ_x²."""

    def form(self, left: str, power: int, right: str) -> Any:
        """Return leftᵀ Σ_x^power right."""

    def spread(self, power: int, inner: int) -> Any:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""


# What the compiled formulas call the forms in a weighting A, a power of Σ_x.
_VECTORS = {
    "bias_bias": ("bias", "bias"),
    "bias_shift_0": ("bias", "shift_0"),
    "bias_shift_1": ("bias", "shift_1"),
    "bias_shift_2": ("bias", "shift_2"),
    "shift_00": ("shift_0", "shift_0"),
    "shift_01": ("shift_0", "shift_1"),
    "shift_02": ("shift_0", "shift_2"),
    "shift_11": ("shift_1", "shift_1"),
}
_INNER_POWERS = {"spread_1": 1, "spread_2": 2, "spread_3": 3}

_OF_PRODUCT_MOMENTS = (*_VECTORS, "spread_1", "spread_3")
_OF_COUPLING = ("bias_shift_0", "bias_shift_1", "shift_00", "shift_01", "spread_2")


class Assembly:
    """The parts of the one-step risk, each put together when it is asked for.

    Parameters
    ----------
    context_length, test_samples, noise_variance : number or element of a field
        n, k and σ².
    forms : Forms
    mean_gradient_square : number, optional
        ‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², where it is known in a form that does not cancel; else it is
        multiplied out.
    """

    def __init__(
        self,
        context_length: Any,
        test_samples: Any,
        noise_variance: Any,
        forms: Forms,
        mean_gradient_square: Any = None,
    ) -> None:
        self.context_length, self.test_samples = context_length, test_samples
        self.noise_variance, self._forms = noise_variance, forms
        self._mean_gradient_square = mean_gradient_square

    @property
    def curve(self) -> Curve:
        """R(η) = c0 − c1η + c2η²."""
        return Curve(
            one_step.constant(self.noise_variance, self.bias_bias, self.error_variance),
            one_step.linear(self.context_length, self.test_samples, self.mean_gradient_square),
            one_step.quadratic(self.test_samples, **self._pieces),
        )

    def risk(self, scaled_step: Any, misfit: Any) -> Any:
        """Return R(η) as bias plus variance, in which nothing cancels.

        Parameters
        ----------
        scaled_step : number
            κ = 2kη.
        misfit : number
            The squared norm, in that of Σ_x, of the mean error after the step, b − κΣ_xp.
        """
        return one_step.bias_variance_risk(
            test_samples=self.test_samples,
            scaled_step=scaled_step,
            misfit=misfit,
            error_variance=self.error_variance,
            coupling=self.coupling,
            centred_product_moment_3=self.centred_product_moment_3,
            **self._pieces,
        )

    @property
    def bias_bias(self) -> Any:
        """bᵀΣ_xb."""
        return self._in_first["bias_bias"]

    @cached_property
    def error_variance(self) -> Any:
        """E[eᵀΣ_xe] − bᵀΣ_xb."""
        return one_step.error_variance(
            self.context_length,
            self._forms.label_variance,
            self._in_first["shift_00"],
            self._in_first["spread_1"],
        )

    @cached_property
    def mean_gradient_square(self) -> Any:
        """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², the mean gradient's square but for factors of n and k."""
        if self._mean_gradient_square is not None:
            return self._mean_gradient_square
        return one_step.mean_gradient_square(
            label_variance=self._forms.label_variance,
            mean_square=self._forms.mean_square,
            **self._weighted(2, "bias_bias", *_OF_COUPLING),
        )

    @cached_property
    def coupling(self) -> Any:
        """The step's cross term about its mean."""
        return one_step.coupling(
            self.context_length,
            self._forms.label_variance,
            self._forms.mean_square,
            **self._weighted(2, *_OF_COUPLING),
        )

    @cached_property
    def centred_product_moment_3(self) -> Any:
        """The step's second-order term about its mean."""
        return one_step.centred_product_moment(**self._context, **self._in_third)

    @cached_property
    def _pieces(self) -> dict[str, Any]:
        """The moments that `quadratic` and `bias_variance_risk` share, by parameter."""
        return {
            "product_moment_1": one_step.product_moment(**self._context, **self._in_first),
            "product_moment_3": one_step.product_moment(**self._context, **self._in_third),
            "overlap_moment": one_step.overlap_moment(**self._context),
            "feature_square_trace": self._context["feature_square_trace"],
            "noise_variance": self.noise_variance,
        }

    @cached_property
    def _context(self) -> dict[str, Any]:
        return {
            "context_length": self.context_length,
            "label_variance": self._forms.label_variance,
            "mean_square": self._forms.mean_square,
            "mean_energy": self._forms.mean_energy,
            "feature_square_trace": self._forms.feature_square_trace,
        }

    @cached_property
    def _in_first(self) -> dict[str, Any]:
        return self._weighted(1, *_OF_PRODUCT_MOMENTS)

    @cached_property
    def _in_third(self) -> dict[str, Any]:
        return self._weighted(3, *_OF_PRODUCT_MOMENTS)

    def _weighted(self, power: int, *names: str) -> dict[str, Any]:
        return weighted_forms(self._forms, power, *names)


def weighted_forms(forms: Forms, power: int, *names: str) -> dict[str, Any]:
    """Return forms and spreads in A = Σ_x^power, by the names of the formulas' parameters."""
    return {
        name: forms.form(_VECTORS[name][0], power, _VECTORS[name][1])
        if name in _VECTORS
        else forms.spread(power, _INNER_POWERS[name])
        for name in names
    }


def bias_and_variance(context_length: Any, forms: Forms) -> tuple[Any, Any]:
    """Return A = βᵀ(I − nW)²β and B = n‖β‖² tr(W²) of [G25], Theorem 5.3, for labels without noise.

    For Σ_x = I; with Σ_x = aI they are those of the features divided by √a, since
    A = bᵀΣ_xb and B = n·βᵀΣ_xβ·tr(Σ_xWΣ_xWᵀ) do not change with their unit.
    """
    bias = forms.form("bias", 1, "bias")
    return bias, context_length * forms.label_variance * forms.spread(1, 1)
