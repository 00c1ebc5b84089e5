"""Monte Carlo of the risk over the context alone, all else averaged exactly.

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

On the same context u' = u, so that e for Pᵀu and ‖u‖² for uᵀu' leave ‖u‖²eᵀΣ_x²e for eᵀΣ_x²Pᵀu and
‖u‖⁴ for uᵀMu.  A normalised step divides c1(u) by ‖u‖² and c2(u) by its square.  A random task is
drawn as well, and all of this holds given it.

Several steps on one context add a uᵀ to W, where each step moves a by 2ηr(v − ‖u‖²Sa), with
S = X_tᵀX_t and r = 1, or 1/‖u‖² for a normalised one.  So a = g(S)v, with one polynomial g for all
directions.  For Σ_x = cI the law of S = cS₀ knows none of these: E[p(S₀)] = I·Σ_i w_i p(x_i) for a
quadrature rule (`wishart_spectrum`) that is exact for the degrees there are, and with
v = Se + X_tᵀξ_t the risk given u is

    c0 − 2 eᵀΣ_x²Pᵀu ⟨xg⟩ + uᵀMu [eᵀΣ_x³e ⟨x²g²⟩ + σ² tr(Σ_x²) ⟨xg²⟩],    ⟨f⟩ = Σ_i w_i f_i,

where g_i takes the steps at the eigenvalue cx_i: g ← g + 2ηr(1 − ‖u‖² c x_i g).

These are derived here once more, and share no code with the exact risk, whose expectation they do
not take: the average over u is left to the draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.linear.simulation.data_vector import SimulatorInLaw, Tasks, dots, rows_times
from ttt_theory.linear.simulation.wishart_spectrum import spectrum_rule
from ttt_theory.sampling.moments import chunk_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_MOST_STEPS = 16


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
    """What the coefficients depend on, one of each for every u.

    Attributes
    ----------
    constant : float or ndarray
        c0, given the task.
    square_trace : float or ndarray
        tr(Σ_x²).
    variance : ndarray
        s_e = eᵀΣ_xe + σ².
    energy : ndarray
        eᵀΣ_x³e.
    descent, overlap : ndarray
        eᵀΣ_x²Pᵀu and uᵀMu, or what takes their place on the same context.
    square : ndarray
        ‖u‖².
    """

    constant: float | FloatArray
    square_trace: float | FloatArray
    variance: FloatArray
    energy: FloatArray
    descent: FloatArray
    overlap: FloatArray
    square: FloatArray


class ConditionalSimulator(SimulatorInLaw):
    """Prompts of which only the context is drawn, and the task where it is random.

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
    >>> subject = ConditionalSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.ones(3) / 8)
    >>> subject.squared_errors([0.01, 0.005], 5, np.random.default_rng(0)).shape
    (5, 3)
    """

    @property
    def prompts_per_chunk(self) -> int:
        """Prompts whose statistics are kept together."""
        return super().prompts_per_chunk if self._scalars is None else _ISOTROPIC_CHUNK

    @property
    def most_steps(self) -> int:
        """Steps of `squared_errors`, at most: one, unless Σ_x and W are multiples of I."""
        return 1 if self._scalars is None else _MOST_STEPS

    def squared_errors(
        self, step_sizes: Sequence[float], count: int, rng: np.random.Generator
    ) -> FloatArray:
        """Draw prompts and return their expected squared errors, given what was drawn."""
        if self._scalars is None:
            return super().squared_errors(step_sizes, count, rng)
        scale, weight = self._scalars
        rule = spectrum_rule(self.test_samples, len(self.task), len(step_sizes) + 1)
        slices = chunk_sizes(count, self._prompts_per_slice)
        return np.concatenate(
            [
                self._after_steps(
                    self._isotropic_forms(scale, weight, size, rng), scale, *rule, step_sizes
                )
                for size in slices
            ]
        )

    def _after_steps(
        self,
        forms: _Forms,
        scale: float,
        eigenvalues: FloatArray,
        weights: FloatArray,
        step_sizes: Sequence[float],
    ) -> FloatArray:
        """Take the steps at every node of the rule for S₀."""
        square = forms.square[:, np.newaxis]
        rate = 2.0 * self._step_scale(square)
        first, second = weights * eigenvalues, weights * eigenvalues**2
        taken = np.zeros((len(square), len(eigenvalues)))
        risks = [np.broadcast_to(forms.constant, len(square))]
        for step_size in step_sizes:
            taken = taken + step_size * rate * (1.0 - square * (scale * eigenvalues) * taken)
            spread = forms.energy * (taken**2 @ second)
            noise = self.noise_variance * forms.square_trace * (taken**2 @ first)
            risks.append(
                forms.constant
                - 2.0 * forms.descent * (taken @ first)
                + forms.overlap * (spread + noise)
            )
        return np.stack(risks, axis=-1)

    def _step_scale(self, square: FloatArray) -> FloatArray | float:
        """Return r: 1, or 1/‖u‖² where steps are normalised; where u = 0 there is no step."""
        if self.step_rule == "plain":
            return 1.0
        return np.divide(1.0, square, out=np.zeros_like(square), where=square > 0.0)

    def _simulate(self, count: int, rng: np.random.Generator) -> FloatArray:
        if self._scalars is None:
            tasks = self.tasks(count, rng)
            return self.given(tasks, self.contexts(tasks, count, rng), rng)
        return self._averages(self._isotropic_forms(*self._scalars, count, rng))

    def given(self, tasks: Tasks, context: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return the expectation of the coefficients for given tasks and contexts.

        Parameters
        ----------
        tasks : Tasks
        context : ndarray, shape (count, d)
            u.
        rng : numpy.random.Generator
            For the traces, where these are drawn.

        Returns
        -------
        ndarray, shape (count, 3)
        """
        return self._averages(self._forms(tasks, context, rng))

    def _averages(self, forms: _Forms) -> FloatArray:
        rate = self._step_scale(forms.square)
        linear = linear_given_context(float(self.test_samples), forms.descent)
        quadratic = quadratic_given_context(
            float(self.test_samples),
            forms.energy,
            forms.square_trace,
            forms.variance,
            forms.overlap,
        )
        coefficients = forms.constant, rate * linear, rate**2 * quadratic
        return np.stack(np.broadcast_arrays(*coefficients)).T

    def _forms(self, tasks: Tasks, context: FloatArray, rng: np.random.Generator) -> _Forms:
        _, error_image, variance = self.misfit(tasks, context)
        error_square = rows_times(self.features, error_image)
        square = np.vecdot(context, context)
        constant: FloatArray
        square_trace: float | FloatArray
        if self._traces is None:
            features = self.feature_covariance.sample(rng, len(context))
            square_trace = np.vecdot(features, rows_times(self.features, features))
            constant = variance
        else:
            square_trace, _ = self._traces
            constant = self._constant(tasks) if self._draws_tasks else self._fixed_constant
        if self.evaluation == "same":
            descent = square * np.vecdot(error_image, error_image)
            overlap = square**2
        else:
            descent, overlap = self._on_fresh_context(tasks, context, error_square)
        return _Forms(
            constant=constant,
            square_trace=square_trace,
            variance=variance,
            energy=np.vecdot(error_image, error_square),
            descent=descent,
            overlap=overlap,
            square=square,
        )

    def _on_fresh_context(
        self, tasks: Tasks, context: FloatArray, error_square: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return eᵀΣ_x²Pᵀu and uᵀMu, from Σ_x²e."""
        n, s = float(self.context_length), tasks.label_variance
        projection = dots(context, tasks.image)
        image = rows_times(self.features, context)
        draws = self._draws_tasks
        aligned_error = self._aligned_error(tasks) if draws else self._fixed_aligned_error
        alignment = dots(error_square, aligned_error)
        shrinkage = np.vecdot(error_square, rows_times(self.start, image))
        return (
            descent_given_context(n, s, projection, alignment, shrinkage),
            context_overlap(n, s, projection, np.vecdot(context, image)),
        )

    def _aligned_error(self, tasks: Tasks) -> FloatArray:
        """Return β − (n+1)Wq, so that Pᵀu = n(qᵀu)(β − (n+1)Wq) − nsWΣ_xu."""
        shift = rows_times(self.start, tasks.image)
        return tasks.coefficients - (self.context_length + 1.0) * shift

    def _constant(self, tasks: Tasks) -> FloatArray:
        """Return c0 given the tasks."""
        assert self._traces is not None
        n, shift = self.context_length, rows_times(self.start, tasks.image)
        error = tasks.coefficients - n * shift
        constant: FloatArray = (
            np.vecdot(error, rows_times(self.features, error))
            + n * np.vecdot(shift, rows_times(self.features, shift))
            + n * tasks.label_variance * self._traces[1]
            + self.noise_variance
        )
        return constant

    # What all prompts have in common is computed once.
    @cached_property
    def _fixed_aligned_error(self) -> FloatArray:
        return self._aligned_error(self._fixed_task)

    @cached_property
    def _fixed_constant(self) -> FloatArray:
        return self._constant(self._fixed_task)

    def _isotropic_forms(
        self, scale: float, weight: float, count: int, rng: np.random.Generator
    ) -> _Forms:
        """Do as `_forms` does for Σ_x = cI and W = wI, from u's part along β and its length across.

        Along β, g has the variance c − c²‖β‖²/s = cσ²/s; across, c in each of d − 1 directions.
        """
        tasks, dim = self.tasks(count, rng), len(self.task)
        n, s, noise = float(self.context_length), tasks.label_variance, self.noise_variance
        length = np.sqrt(np.vecdot(tasks.coefficients, tasks.coefficients))
        square = rng.chisquare(n, count)
        along = scale * length * square
        if noise > 0.0:
            along += math.sqrt(scale * noise) * np.sqrt(square) * rng.standard_normal(count)
        across = 0.0 * square
        if dim > 1:
            across = s * scale * square * rng.chisquare(dim - 1, count)
        error_along = length - weight * along
        error_square = error_along**2 + weight**2 * across
        context_square = along**2 + across
        if self.evaluation == "same":
            descent = scale**2 * context_square * error_square
            overlap = context_square**2
        else:
            projection = scale * length * along
            aligned_error = length * (1.0 - (n + 1.0) * weight * scale)
            alignment = scale**2 * aligned_error * error_along
            shrinkage = scale**3 * weight * (error_along * along - weight * across)
            descent = descent_given_context(n, s, projection, alignment, shrinkage)
            overlap = context_overlap(n, s, projection, scale * context_square)
        mean_error = length * (1.0 - n * weight * scale)
        mean_shift = weight * scale * length
        constant = (
            scale * (mean_error**2 + n * mean_shift**2)
            + n * s * dim * (weight * scale) ** 2
            + noise
        )
        return _Forms(
            constant=constant,
            square_trace=dim * scale**2,
            variance=scale * error_square + noise,
            energy=scale**3 * error_square,
            descent=descent,
            overlap=overlap,
            square=context_square,
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
    def _traces(self) -> tuple[float, float] | None:
        """tr(Σ_x²) and tr(WΣ_xWᵀΣ_x), unless they are left to draws."""
        features, start, dim = self.features, self.start, len(self.task)
        if features.ndim == start.ndim == 1:
            return float(features @ features), float(np.sum((start * features) ** 2))
        if dim > _LARGEST_TRACED_DIM:
            return None
        square_trace = spread_trace = 0.0
        size = self._prompts_per_slice
        for first in range(0, dim, size):
            unit = np.eye(min(size, dim - first), dim, first)
            image = rows_times(features, unit)
            square_trace += float(np.vdot(image, image))
            shift = rows_times(features, rows_times(start, unit))
            spread_trace += float(np.vdot(rows_times(start, image), shift))
        return square_trace, spread_trace
