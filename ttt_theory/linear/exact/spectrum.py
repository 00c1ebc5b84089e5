"""The compiled theory on commuting matrices with few distinct eigenvalues, exactly.

Eigenvalues come with multiplicities, which may be symbols: this is how a claim follows a spectrum
to d → ∞ with rational functions of d, where the package itself works with arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttt_theory.linear.closed_form import one_step, pretraining

__all__ = ["Curve", "Spectrum", "curve", "isotropic_spectrum"]


@dataclass(frozen=True)
class Spectrum:
    """Commuting Σ_x, W and a task, in blocks of equal eigenvalues.

    Attributes
    ----------
    multiplicities, features, weights : sequence
        Per block its dimension, and the eigenvalues of Σ_x and W.
    masses : sequence
        Per block the squared norm of the task's part in it.
    """

    multiplicities: Sequence[Any]
    features: Sequence[Any]
    weights: Sequence[Any]
    masses: Sequence[Any]

    @classmethod
    def pretrained(
        cls,
        multiplicities: Sequence[Any],
        prior: Sequence[Any],
        masses: Sequence[Any],
        context_length: Any,
        noise_variance: Any = 0,
    ) -> Spectrum:
        """Take Σ_x = I and the weights that pretraining finds for the prior's eigenvalues."""
        trace = sum(m * mu for m, mu in zip(multiplicities, prior, strict=True))
        weights = [
            pretraining.optimal_eigenvalue(context_length, 1, mu, trace, noise_variance)
            for mu in prior
        ]
        return cls(multiplicities, [1] * len(prior), weights, masses)

    def with_zero_weights(self) -> Spectrum:
        """Return the same with the cold start."""
        return Spectrum(
            self.multiplicities, self.features, [0 * weight for weight in self.weights], self.masses
        )

    def total(self, values: Sequence[Any]) -> Any:
        """Sum per-eigenvalue values with their multiplicities: a trace."""
        return sum(m * value for m, value in zip(self.multiplicities, values, strict=True))

    def form(self, values: Sequence[Any]) -> Any:
        """Sum per-eigenvalue values with the task's masses: a form in β."""
        return sum(mass * value for mass, value in zip(self.masses, values, strict=True))


@dataclass(frozen=True)
class Curve:
    """The compiled R(η) = c0 − c1η + c2η², and its minimum."""

    constant: Any
    linear: Any
    quadratic: Any

    @property
    def step_size(self) -> Any:
        """η*."""
        return one_step.step_size(self.linear, self.quadratic)

    @property
    def improvement(self) -> Any:
        """R(0) − R(η*)."""
        return one_step.improvement(self.linear, self.quadratic)


def curve(spectrum: Spectrum, n: Any, k: Any, noise_variance: Any = 0) -> Curve:
    """Evaluate the compiled coefficients on a spectrum, in whatever numbers it holds."""
    lam, w = spectrum.features, spectrum.weights
    blocks = range(len(lam))
    # Every vector is a multiple of β in a block: q = λβ, b = (1 − nwλ)β, h_j = wλ^(j+1)β.
    bias = [1 - n * w[i] * lam[i] for i in blocks]
    shift = [[w[i] * lam[i] ** (j + 1) for i in blocks] for j in range(3)]
    label_variance = spectrum.form(lam) + noise_variance
    mean_square = spectrum.form([x**2 for x in lam])
    context = {
        "context_length": n,
        "label_variance": label_variance,
        "mean_square": mean_square,
        "mean_energy": spectrum.form([x**3 for x in lam]),
        "feature_square_trace": spectrum.total([x**2 for x in lam]),
    }

    def weighted(power: int) -> dict[str, Any]:
        def form(left: Sequence[Any], right: Sequence[Any]) -> Any:
            return spectrum.form([lam[i] ** power * left[i] * right[i] for i in blocks])

        def spread(extra: int) -> Any:
            return spectrum.total([lam[i] ** (power + extra) * w[i] ** 2 for i in blocks])

        return {
            "bias_bias": form(bias, bias),
            **{f"bias_shift_{j}": form(bias, shift[j]) for j in range(3)},
            "shift_00": form(shift[0], shift[0]),
            "shift_01": form(shift[0], shift[1]),
            "shift_02": form(shift[0], shift[2]),
            "shift_11": form(shift[1], shift[1]),
            "spread_1": spread(1),
            "spread_3": spread(3),
        }

    first, third = weighted(1), weighted(3)
    # ‖q zᵀ − sY‖_F² with z = Σ_x(b − Wq) and Y = Σ_xWΣ_x.
    z = [lam[i] * (bias[i] - shift[0][i]) for i in blocks]
    y = [lam[i] ** 2 * w[i] for i in blocks]
    gradient = (
        mean_square * spectrum.form([x**2 for x in z])
        - 2 * label_variance * spectrum.form([lam[i] * y[i] * z[i] for i in blocks])
        + label_variance**2 * spectrum.total([x**2 for x in y])
    )
    variance = one_step.error_variance(n, label_variance, first["shift_00"], first["spread_1"])
    return Curve(
        one_step.constant(noise_variance, first["bias_bias"], variance),
        one_step.linear(n, k, gradient),
        one_step.quadratic(
            k,
            product_moment_1=one_step.product_moment(**context, **first),
            product_moment_3=one_step.product_moment(**context, **third),
            overlap_moment=one_step.overlap_moment(**context),
            feature_square_trace=context["feature_square_trace"],
            noise_variance=noise_variance,
        ),
    )


def isotropic_spectrum(dim: Any, weight: Any, task_square: Any) -> Spectrum:
    """Return Σ_x = I, W = wI as a spectrum of one block."""
    return Spectrum([dim], [1], [weight], [task_square])
