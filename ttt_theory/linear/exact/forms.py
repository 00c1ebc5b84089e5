"""The forms and traces that the one-step risk depends on, computed from a problem's matrices."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.exact.assembly import Assembly

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.coordinates.block_matrix import BlockMatrix
    from ttt_theory.linear.exact.problem import Problem
    from ttt_theory.linear.exact.weights import StartingWeights

__all__ = ["ProblemForms", "assembled"]


def assembled(problem: Problem, start: StartingWeights) -> tuple[Assembly, ProblemForms]:
    """Return the parts of a problem's risk in its units: O(d) for diagonal matrices, else O(d³)."""
    forms = ProblemForms(problem, start)
    parts = Assembly(
        problem.context_length,
        problem.test_samples,
        problem.noise_variance,
        forms,
        forms.mean_gradient_square,
    )
    return parts, forms


class ProblemForms:
    """Forms and traces of a problem, in its units; see `ttt_theory.linear.exact.assembly.Forms`."""

    def __init__(self, problem: Problem, start: StartingWeights) -> None:
        self._problem, self._start = problem, start
        features, weights = problem.features, start.matrix
        mean = features @ problem.task
        self._mean = mean
        energy_direction = features @ mean
        self.label_variance = float(problem.task @ mean) + problem.noise_variance
        self.mean_square = float(mean @ mean)
        self.mean_energy = float(mean @ energy_direction)
        self.feature_square_trace = features.inner(features)
        self._vectors = {
            "bias": start.mean_error,
            "shift_0": weights @ mean,
            "shift_1": weights @ energy_direction,
            "shift_2": weights @ (features @ energy_direction),
        }
        self._images: dict[int, dict[str, FloatArray]] = {}

    def form(self, left: str, power: int, right: str) -> float:
        """Return leftᵀ Σ_x^power right; left is not shift_2."""
        if power not in self._images:
            names = ("bias", "shift_0", "shift_1")
            columns = np.array([self._vectors[name] for name in names]).T
            for _ in range(power):
                columns = self._problem.features @ columns
            self._images[power] = dict(zip(names, columns.T, strict=True))
        return float(self._images[power][left] @ self._vectors[right])

    def spread(self, power: int, inner: int) -> float:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""
        return self._spreads[power, inner]

    @cached_property
    def mean_gradient_square(self) -> float:
        """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², split into its parts along and across q.

        The part along q is Σ_x(‖q‖²(b − Wq) − sWΣ_xq)/‖q‖, and the part across it is
        s(I − q̂q̂ᵀ)Σ_xWᵀΣ_x.  Expanding the square instead would cancel where one direction
        dominates; in one dimension all of it.
        """
        weights = self._between.T
        if self.mean_square == 0.0:
            return self.label_variance**2 * weights.inner(weights)
        parallel = self._problem.features @ self._start.mean_overlap
        across = weights.across_square(self._mean)
        return float(parallel @ parallel) / self.mean_square + self.label_variance**2 * across

    def misfit(self, scaled_step: float) -> float:
        """Return the squared norm, in that of Σ_x, of the mean error after a step of κ = 2kη."""
        n, features = self._problem.context_length, self._problem.features
        error = self._start.mean_error - scaled_step * (
            features @ (n**2 * self._start.mean_overlap)
        )
        return float(error @ (features @ error))

    @cached_property
    def _between(self) -> BlockMatrix:
        """Σ_xWΣ_x."""
        product: BlockMatrix = self._left @ self._problem.features
        return product

    @cached_property
    def _left(self) -> BlockMatrix:
        """Σ_xW."""
        product: BlockMatrix = self._problem.features @ self._start.matrix
        return product

    @cached_property
    def _spreads(self) -> dict[tuple[int, int], float]:
        """By the weighting's power of Σ_x, then the spread's.

        W is traced with Σ_x^pWΣ_x^r, whose factors are moved to where they are needed anyway.
        """
        features, weights, between = self._problem.features, self._start.matrix, self._between
        left, right = self._left, weights @ features
        both_left, both_right = features @ between, between @ features
        return {
            (1, 1): weights.inner(between),
            (1, 3): right.inner(both_right),
            (2, 2): between.inner(between),
            (3, 1): left.inner(both_left),
            (3, 3): both_left.inner(both_right),
        }
