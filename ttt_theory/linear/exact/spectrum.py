"""The compiled theory on commuting matrices with few distinct eigenvalues, exactly.

Eigenvalues come with multiplicities, which may be symbols: this is how a claim follows a spectrum
to d → ∞ with rational functions of d, where the package itself works with arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ttt_theory.linear.closed_form import pretraining
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.curve import Curve

__all__ = ["Spectrum", "SpectrumForms", "curve", "isotropic_spectrum"]


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
class SpectrumForms:
    """Forms and traces of a spectrum; see `ttt_theory.linear.exact.assembly.Forms`."""

    spectrum: Spectrum
    context_length: Any
    noise_variance: Any = 0

    @property
    def label_variance(self) -> Any:
        """The variance s of a label."""
        return self.spectrum.form(self.spectrum.features) + self.noise_variance

    @property
    def mean_square(self) -> Any:
        """‖q‖²."""
        return self.spectrum.form([x**2 for x in self.spectrum.features])

    @property
    def mean_energy(self) -> Any:
        """qᵀΣ_xq."""
        return self.spectrum.form([x**3 for x in self.spectrum.features])

    @property
    def feature_square_trace(self) -> Any:
        """The trace of Σ_x²."""
        return self.spectrum.total([x**2 for x in self.spectrum.features])

    @cached_property
    def _vectors(self) -> dict[str, list[Any]]:
        """Every vector is a multiple of β in a block: q = λβ, b = (1 − nwλ)β, h_j = wλ^(j+1)β."""
        pairs = list(zip(self.spectrum.features, self.spectrum.weights, strict=True))
        return {
            "bias": [1 - self.context_length * w * x for x, w in pairs],
            **{f"shift_{j}": [w * x ** (j + 1) for x, w in pairs] for j in range(3)},
        }

    def form(self, left: str, power: int, right: str) -> Any:
        """Return leftᵀ Σ_x^power right."""
        triples = zip(
            self.spectrum.features, self._vectors[left], self._vectors[right], strict=True
        )
        return self.spectrum.form([x**power * a * b for x, a, b in triples])

    def spread(self, power: int, inner: int) -> Any:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""
        pairs = zip(self.spectrum.features, self.spectrum.weights, strict=True)
        return self.spectrum.total([x ** (power + inner) * w**2 for x, w in pairs])


def curve(spectrum: Spectrum, n: Any, k: Any, noise_variance: Any = 0) -> Curve:
    """Evaluate the compiled coefficients on a spectrum, in whatever numbers it holds."""
    return Assembly(n, k, noise_variance, SpectrumForms(spectrum, n, noise_variance)).curve


def isotropic_spectrum(dim: Any, weight: Any, task_square: Any) -> Spectrum:
    """Return Σ_x = I, W = wI as a spectrum of one block."""
    return Spectrum([dim], [1], [weight], [task_square])
