"""Monte Carlo of the one-step risk over the context alone, all else averaged exactly.

Given the context's vector u, the other draws enter the coefficients through first and second
moments, so that their averages are closed (Rao-Blackwell).  With e = β − Wu, s_e = eᵀΣ_xe + σ²,
q = Σ_xβ, s = βᵀq + σ²:

    E[v | u] = kΣ_xe,   E[vvᵀ | u] = k(k+1)Σ_xeeᵀΣ_x + k s_e Σ_x,
    M := E[uuᵀ] = n(n+1)qqᵀ + nsΣ_x,   Pᵀ := E[euᵀ] = nβqᵀ − WM,

by the law of such vectors (`data_vector`) with E[T] = ns and E[T²] = n(n+2)s².  A fresh query x
with error xᵀe' + ξ, changed by −2(uᵀu')xᵀv for a unit of the gradient, then has

    c1(u) = 4k eᵀΣ_x²Pᵀu,
    c2(u) = 4k[(k+1)eᵀΣ_x³e + tr(Σ_x²)s_e] uᵀMu,
    c0    = σ² + E[eᵀΣ_xe] = σ² + bᵀΣ_xb + n(Wq)ᵀΣ_xWq + ns tr(WΣ_xWᵀΣ_x),   b = β − nWq.

These are derived here once more, and share no code with the exact risk, whose expectation they do
not take: the average over u is left to the draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.linear.simulation.data_vector import SimulatorInLaw, rows_times

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = [
    "ConditionalSimulator",
    "context_overlap",
    "descent_given_context",
    "linear_given_context",
    "quadratic_given_context",
]

_ISOTROPIC_SLICE = 2**12
_ISOTROPIC_CHUNK = 2**17
_LARGEST_TRACED_DIM = 1024


def context_overlap(context_length: Any, label_variance: Any, projection: Any, spread: Any) -> Any:
    """E[(uᵀu')² | u] = uᵀMu, from qᵀu and uᵀΣ_xu."""
    n, s = context_length, label_variance
    return n * (n + 1) * projection**2 + n * s * spread


def descent_given_context(
    context_length: Any, label_variance: Any, projection: Any, alignment: Any, shrinkage: Any
) -> Any:
    """eᵀΣ_x²Pᵀu, from qᵀu, eᵀΣ_x²(β − (n+1)Wq) and eᵀΣ_x²WΣ_xu."""
    n, s = context_length, label_variance
    return n * (projection * alignment - s * shrinkage)


def linear_given_context(test_samples: Any, descent: Any) -> Any:
    """c1(u), the expectation of c1 given the context."""
    k = test_samples
    return 4 * k * descent


def quadratic_given_context(
    test_samples: Any, energy: Any, square_trace: Any, variance: Any, overlap: Any
) -> Any:
    """c2(u), the expectation of c2 given the context."""
    k = test_samples
    return 4 * k * ((k + 1) * energy + square_trace * variance) * overlap


@dataclass(frozen=True)
class _Forms:
    """The forms in u that the coefficients depend on, one of each for every u.

    Attributes
    ----------
    variance : ndarray
        s_e = eᵀΣ_xe + σ².
    energy : ndarray
        eᵀΣ_x³e.
    descent : ndarray
        eᵀΣ_x²Pᵀu.
    overlap : ndarray
        uᵀMu.
    """

    variance: FloatArray
    energy: FloatArray
    descent: FloatArray
    overlap: FloatArray


class ConditionalSimulator(SimulatorInLaw):
    """Prompts of which only the context is drawn.

    Beyond 1024 dimensions, unless Σ_x and W are diagonal, the two traces are left to draws as well,
    so that nothing costs more than a few products with Σ_x and W: s_e stands for c0, its mean, and
    zᵀΣ_xz with z ~ N(0, Σ_x) for tr(Σ_x²).  That leaves more variance, though little where many
    directions matter.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> subject = ConditionalSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
    >>> subject.coefficients(5, np.random.default_rng(0)).shape
    (5, 3)
    """

    @property
    def prompts_per_chunk(self) -> int:
        """Prompts whose statistics are kept together."""
        return super().prompts_per_chunk if self._scalars is None else _ISOTROPIC_CHUNK

    def _simulate(self, count: int, rng: np.random.Generator) -> FloatArray:
        if self._scalars is None:
            return self.given(self.contexts(count, rng), rng)
        return self._averages(self._isotropic_forms(*self._scalars, count, rng), rng)

    def given(self, context: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the expectation of the coefficients for given contexts.

        Parameters
        ----------
        context : ndarray, shape (count, d)
            u.
        rng : numpy.random.Generator
            For the traces, where these are drawn.

        Returns
        -------
        ndarray, shape (count, 3)
        """
        return self._averages(self._forms(context), rng)

    def _averages(self, forms: _Forms, rng: np.random.Generator) -> FloatArray:
        constant: float | FloatArray
        square_trace: float | FloatArray
        if self._traces is None:
            features = self.feature_covariance.sample(rng, len(forms.variance))
            square_trace = np.vecdot(features, rows_times(self.features, features))
            constant = forms.variance
        else:
            square_trace, constant = self._traces
        linear = linear_given_context(float(self.test_samples), forms.descent)
        quadratic = quadratic_given_context(
            float(self.test_samples), forms.energy, square_trace, forms.variance, forms.overlap
        )
        return np.stack(np.broadcast_arrays(constant, linear, quadratic)).T

    def _forms(self, context: FloatArray) -> _Forms:
        n, s = float(self.context_length), self.label_variance
        projection = context @ self.mean_direction
        image = rows_times(self.features, context)
        _, error_image, variance = self.misfit(context)
        error_square = rows_times(self.features, error_image)
        shrinkage = np.vecdot(error_square, rows_times(self.start, image))
        alignment = error_square @ self._aligned_error
        return _Forms(
            variance=variance,
            energy=np.vecdot(error_image, error_square),
            descent=descent_given_context(n, s, projection, alignment, shrinkage),
            overlap=context_overlap(n, s, projection, np.vecdot(context, image)),
        )

    def _isotropic_forms(
        self, scale: float, weight: float, count: int, rng: np.random.Generator
    ) -> _Forms:
        """Do as `_forms` does for Σ_x = cI and W = wI, from u's part along β and its length across.

        Along β, g has the variance c − c²‖β‖²/s = cσ²/s; across, c in each of d − 1 directions.
        """
        n, s, noise = float(self.context_length), self.label_variance, self.noise_variance
        length = float(np.linalg.norm(self.task))
        square = rng.chisquare(n, count)
        along = scale * length * square
        if noise > 0.0:
            along += math.sqrt(scale * noise) * np.sqrt(square) * rng.standard_normal(count)
        across = 0.0 * square
        if len(self.task) > 1:
            across = s * scale * square * rng.chisquare(len(self.task) - 1, count)
        error_along = length - weight * along
        error_square = error_along**2 + weight**2 * across
        projection = scale * length * along
        aligned_error = length * (1.0 - (n + 1.0) * weight * scale)
        alignment = scale**2 * aligned_error * error_along
        shrinkage = scale**3 * weight * (error_along * along - weight * across)
        return _Forms(
            variance=scale * error_square + noise,
            energy=scale**3 * error_square,
            descent=descent_given_context(n, s, projection, alignment, shrinkage),
            overlap=context_overlap(n, s, projection, scale * (along**2 + across)),
        )

    @property
    def _prompts_per_slice(self) -> int:
        return super()._prompts_per_slice if self._scalars is None else _ISOTROPIC_SLICE

    @cached_property
    def _scalars(self) -> tuple[float, float] | None:
        """The factors c and w, if Σ_x = cI and W = wI."""
        for each in (self.features, self.start):
            if each.ndim != 1 or np.any(each != each[0]):
                return None
        return float(self.features[0]), float(self.start[0])

    @cached_property
    def _aligned_error(self) -> FloatArray:
        """β − (n+1)Wq, so that Pᵀu = n(qᵀu)(β − (n+1)Wq) − nsWΣ_xu."""
        return self.task - (self.context_length + 1.0) * self._shift

    @cached_property
    def _shift(self) -> FloatArray:
        """Wq."""
        return rows_times(self.start, self.mean_direction)

    @cached_property
    def _traces(self) -> tuple[float, float] | None:
        """tr(Σ_x²) and c0, unless they are left to draws."""
        features, start, dim = self.features, self.start, len(self.task)
        if features.ndim == start.ndim == 1:
            square_trace = float(features @ features)
            spread_trace = float(np.sum((start * features) ** 2))
        elif dim <= _LARGEST_TRACED_DIM:
            square_trace = spread_trace = 0.0
            size = self._prompts_per_slice
            for first in range(0, dim, size):
                unit = np.eye(min(size, dim - first), dim, first)
                image = rows_times(features, unit)
                square_trace += float(np.vdot(image, image))
                shift = rows_times(features, rows_times(start, unit))
                spread_trace += float(np.vdot(rows_times(start, image), shift))
        else:
            return None
        n, mean_shift = self.context_length, self._shift
        mean_error = self.task - n * mean_shift
        constant = (
            float(mean_error @ rows_times(features, mean_error))
            + n * float(mean_shift @ rows_times(features, mean_shift))
            + n * self.label_variance * spread_trace
            + self.noise_variance
        )
        return square_trace, constant
