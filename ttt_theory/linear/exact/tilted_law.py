"""Moments of the context vector u with ‖u‖² below the line, by an integral over one variable.

The weight e^(−θ‖u‖²), integrated over θ, tilts the law of u into one of its own kind (theory.md,
section 2, fact 14).  The integrand is analytic in log φ and falls off exponentially on both sides,
so that the trapezoidal rule is good to round-off.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.coordinates.blocks import DiagonalBlock, IsotropicBlock
from ttt_theory.covariance import LARGEST_DENSE_DIM
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import normalized, one_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.weights import StartingWeights
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["Spectrum", "label_scaled_moments", "normalized_moments"]

# The integrand is analytic for |Im log φ| < π/2, where the rule errs by exp(−π²/h).
_SPACING = 0.25
# At either end it falls at least as φ or as 1/√φ: what is left out is e^−40 of it.
_BELOW, _ABOVE = 40.0, 80.0
# Where the determinant has taken more than that off, nothing is left either.
_NOTHING = 1000.0
_CHUNK = 2**20


@dataclass(frozen=True)
class Spectrum:
    """Σ_x, β and W in an eigenbasis of Σ_x.

    Attributes
    ----------
    values, multiplicities, task, bias : ndarray, shape (m,)
        The eigenvalues; how many coordinates each stands for, which hold no entry of any vector
        where they are not one; and the entries of β and b = β − nWq.
    weights : list of (slice, ndarray)
        The blocks of W, shape (m, m), or their diagonals, shape (m,).
    noise_variance : float
        σ².
    """

    values: FloatArray
    multiplicities: FloatArray
    task: FloatArray
    bias: FloatArray
    weights: list[tuple[slice, FloatArray]]
    noise_variance: float

    @classmethod
    def of(cls, problem: Problem, start: StartingWeights) -> Spectrum:
        """Diagonalise Σ_x of a problem, block by block."""
        columns: list[list[FloatArray]] = [[], [], [], []]
        weights: list[tuple[slice, FloatArray]] = []
        features, count = problem.features, 0
        for block, matrix, task, bias in zip(
            features.blocks,
            start.matrix.blocks,
            features.split(problem.task),
            features.split(start.mean_error),
            strict=True,
        ):
            if isinstance(block, IsotropicBlock):
                none = np.zeros(1)
                parts = [np.array([block.value]), np.array([float(block.dim)]), none, none]
                given = np.array([matrix.value])
            elif isinstance(block, DiagonalBlock):
                *parts, given = _merged(block.values, matrix.values, task, bias)
            else:
                values, vectors = _eigenbasis(problem.setting, block)
                parts = [values, np.ones(len(block)), vectors.T @ task, vectors.T @ bias]
                given = vectors.T @ (matrix.times(vectors))
            for column, part in zip(columns, parts, strict=True):
                column.append(part)
            weights.append((slice(count, count + len(parts[0])), given))
            count += len(parts[0])
        values, multiplicities, task, bias = map(np.concatenate, columns)
        return cls(values, multiplicities, task, bias, weights, problem.noise_variance)

    @property
    def mean(self) -> FloatArray:
        """The mean direction q = Σ_xβ."""
        return self.values * self.task

    @property
    def label_variance(self) -> float:
        """The variance s of a label."""
        return float(self.task @ self.mean) + self.noise_variance

    @property
    def rank(self) -> int:
        """The rank of Σ_x."""
        return int(self.multiplicities[self.values > 0.0].sum())

    def weighted(self, rows: FloatArray) -> FloatArray:
        """Return W times each row, shape (…, m)."""
        parts = [
            rows[..., place] * block if block.ndim == 1 else rows[..., place] @ block.T
            for place, block in self.weights
        ]
        return np.concatenate(parts, axis=-1)

    def gram_diagonal(self, power: int) -> FloatArray:
        """Return the diagonal of WᵀΣ_x^power W."""
        powers = self.values**power
        parts = [
            powers[place] * block**2 if block.ndim == 1 else powers[place] @ block**2
            for place, block in self.weights
        ]
        return np.concatenate(parts)


def _merged(
    values: FloatArray, weights: FloatArray, task: FloatArray, bias: FloatArray
) -> list[FloatArray]:
    """Return eigenvalues, multiplicities, β, b and the weights, equal coordinates taken together.

    Where eigenvalues and weights are equal, b is a multiple of β.  A rotation makes one coordinate
    hold all of both, and the others, which are nothing but their number, count as one more.
    """
    pairs = np.stack([values, weights], axis=1)
    levels, places, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    places = places.ravel()
    if len(levels) > len(values) // 2:
        return [values, np.ones(len(values)), task, bias, weights]
    length = np.sqrt(np.bincount(places, task**2))
    # No division: b = rβ has the length of |r| that of β, and the sign of βᵀb.
    along = np.copysign(np.sqrt(np.bincount(places, bias**2)), np.bincount(places, task * bias))
    none = np.zeros(len(levels))
    return [
        np.tile(levels[:, 0], 2),
        np.concatenate([np.ones(len(levels)), counts - 1.0]),
        np.concatenate([length, none]),
        np.concatenate([along, none]),
        np.tile(levels[:, 1], 2),
    ]


def _eigenbasis(setting: Setting, block: Any) -> tuple[FloatArray, FloatArray]:
    if len(block) > LARGEST_DENSE_DIM:
        remedy = f"normalized steps need its eigenvectors: give at most {LARGEST_DENSE_DIM}"
        raise InvalidSettingError("feature_covariance.dim", setting.dim, remedy)
    values, vectors = np.linalg.eigh(block.toarray())
    # What is nothing but round-off would let an infinite moment pass for a finite one.
    negligible = len(values) * float(np.finfo(np.float64).eps) * values[-1]
    return np.where(values > negligible, values, 0.0), vectors


def normalized_moments(problem: Problem, spectrum: Spectrum, shift: float) -> tuple[float, float]:
    """Return c1 and c2 of a step that is divided by ‖u‖², on a fresh context.

    Parameters
    ----------
    problem : Problem
    spectrum : Spectrum
    shift : float
        By how much of their spacing to move the nodes: what the results change by shows how good
        the rule is.
    """
    n, k = problem.context_length, problem.test_samples
    linear = quadratic = 0.0
    for phi in _nodes(problem, spectrum, shift):
        law = _TiltedLaw(spectrum, n, phi)
        linear += float(np.sum(law.weight * law.kappa * phi * law.gradient()))
        quadratic += float(np.sum(law.weight * phi**2 * law.curvature(k)))
    return 2.0 * k * n * _SPACING * linear, _SPACING * quadratic


def label_scaled_moments(problem: Problem, spectrum: Spectrum) -> tuple[float, float]:
    """Return c1 and c2 of a step that is divided by Σ_i y_i² = st, on a fresh context.

    Nothing is tilted at φ = 0, and there the law has t below the line all the same.
    """
    n, k, s = problem.context_length, problem.test_samples, spectrum.label_variance
    law = _TiltedLaw(spectrum, n, np.zeros(1))
    return float(4.0 * k * n / s * law.gradient()[0]), float(4.0 / s**2 * law.curvature(k)[0])


def _nodes(problem: Problem, spectrum: Spectrum, shift: float) -> Iterator[FloatArray]:
    """Yield the nodes φ, as many at a time as memory allows."""
    values, s = spectrum.values, spectrum.label_variance
    trace = float(spectrum.multiplicities @ values)
    largest = max(trace, problem.context_length * float(values.max()))
    smallest = float(values[values > 0.0].min())
    below, above = -math.log(s * largest) - _BELOW, -math.log(s * smallest) + _ABOVE
    nodes = np.exp(np.arange(below, above, _SPACING) + shift * _SPACING)
    count = bisect.bisect(
        nodes,
        _NOTHING,
        key=lambda phi: 0.5 * float(np.log1p(phi * s * values) @ spectrum.multiplicities),
    )
    size = max(1, _CHUNK // len(values))
    for first in range(0, count, size):
        yield nodes[first : min(first + size, count)]


class _TiltedLaw:
    """The law of u under the weight e^(−θ‖u‖²), for an array of φ = 2θt.

    Rows are values of φ, columns are coordinates; letters as in theory.md, section 2, fact 14.

    Attributes
    ----------
    weight, kappa : ndarray, shape (phi,)
        det(D)^(−1/2) κ^((n−5)/2), and κ.
    """

    def __init__(self, spectrum: Spectrum, n: float, phi: FloatArray) -> None:
        self._spectrum, self._n = spectrum, n
        values, mean, s = spectrum.values, spectrum.mean, spectrum.label_variance
        scaled = phi[:, np.newaxis] * (s * values)
        damping = 1.0 / (1.0 + scaled)
        tilted = damping * mean  # q̃
        self._along = tilted @ mean
        self.kappa = (spectrum.noise_variance + damping @ (mean * spectrum.task)) / s
        # κ is 1 − φ qᵀq̃, which keeps its digits near 1.
        fall = phi * self._along
        log_kappa = np.where(fall < 0.5, np.log1p(-np.minimum(fall, 0.5)), np.log(self.kappa))
        log_weight = -0.5 * (np.log1p(scaled) @ spectrum.multiplicities)
        self.weight = np.exp(log_weight + 0.5 * (n - 5.0) * log_kappa)
        # C̃ = diag(spread) − q̃q̃ᵀ, and M = outer·qqᵀ + inner·Σ_x.
        self._spread = (self.kappa * s)[:, np.newaxis] * values * damping
        outer, inner = n * (n + 1.0), n * s
        self._shifted = spectrum.weighted(mean)
        self._first = spectrum.weighted(tilted)
        self._drifted = spectrum.weighted(values * tilted)
        self._drift = (phi * s)[:, np.newaxis] * self._drifted  # W(q − q̃)
        self._turned = spectrum.weighted(self._spread * mean)
        self._twisted = spectrum.weighted(self._spread * values * tilted)
        self._energy = np.sum(values * tilted**2, axis=1)
        # q̃ᵀMq̃ and tr(MC̃).
        self._context_mean = outer * self._along**2 + inner * self._energy
        self._context_spread = outer * (self._spread @ mean**2 - self._along**2) + inner * (
            self._spread @ (spectrum.multiplicities * values) - self._energy
        )
        self._outer, self._inner = outer, inner

    def gradient(self) -> FloatArray:
        """Return E[τ⁻¹ uᵀPΣ_x²e]/n."""
        spectrum = self._spectrum
        values, s = spectrum.values, spectrum.label_variance
        overlap = values**2 * (spectrum.bias - self._shifted)  # Σ_x²(b − Wq)
        error = spectrum.bias + self._shifted + (self._n - 1.0) * self._drift
        spread = spectrum.multiplicities * values * spectrum.gram_diagonal(2)
        return np.asarray(
            self._along * (error @ overlap)
            - s * np.sum(values**2 * self._drifted * error, axis=1)
            - self._turned @ overlap
            + s * (self._spread @ spread)
        )

    def curvature(self, test_samples: float) -> FloatArray:
        """Return c2 with (2τ)² for the square of what divides the step."""
        spectrum = self._spectrum
        return np.asarray(
            one_step.quadratic(
                test_samples,
                self.product_moment(1),
                self.product_moment(3),
                self.overlap_moment(),
                float(spectrum.multiplicities @ spectrum.values**2),
                spectrum.noise_variance,
            )
        )

    def overlap_moment(self) -> FloatArray:
        """Return E[(2τ)⁻² uᵀMu]."""
        return np.asarray(
            normalized.tilted_overlap_moment(self._n, self._context_mean, self._context_spread)
        )

    def product_moment(self, power: int) -> FloatArray:
        """Return E[(2τ)⁻² eᵀAe · uᵀMu] for A = Σ_x^power."""
        spectrum, along, first = self._spectrum, self._along[:, np.newaxis], self._first
        weighting = spectrum.values**power
        gram = spectrum.multiplicities * spectrum.gram_diagonal(power)

        def form(left: FloatArray, right: FloatArray) -> FloatArray:
            return np.asarray(np.sum(weighting * left * right, axis=1))

        bias = spectrum.bias + 2.0 * self._shifted + (self._n - 2.0) * self._drift
        across = self._turned - along * first  # WC̃q
        crossed = self._outer * along * self._turned + self._inner * self._twisted
        crossed = crossed - self._context_mean[:, np.newaxis] * first  # WC̃Mq̃
        length = form(first, first)
        # tr(WᵀAW C̃Σ_xC̃)
        through = self._spread**2 @ (gram * spectrum.values) + self._energy * length
        through = through - 2.0 * form(first, self._twisted)
        return np.asarray(
            normalized.tilted_product_moment(
                context_length=self._n,
                bias_bias=form(bias, bias),
                bias_shift=form(bias, first),
                shift_shift=length,
                error_spread=self._spread @ gram - length,
                context_mean=self._context_mean,
                context_spread=self._context_spread,
                bias_crossed=form(bias, crossed),
                shift_crossed=form(first, crossed),
                crossed_spread=self._outer * form(across, across) + self._inner * through,
            )
        )
