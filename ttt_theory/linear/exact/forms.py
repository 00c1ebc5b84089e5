"""The forms and traces that the one-step risk depends on, computed from a problem's matrices."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

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
    """Forms and traces of a problem, in its units, each of them worked out once it is asked for.

    See `ttt_theory.linear.exact.context_moments.PowerForms`.
    """

    def __init__(self, problem: Problem, start: StartingWeights) -> None:
        self._problem, self._start = problem, start
        self._mean = problem.features @ problem.task
        self.label_variance = float(problem.task @ self._mean) + problem.noise_variance
        self._images: dict[tuple[str, int], FloatArray] = {
            ("mean", 0): self._mean,
            ("bias", 0): start.mean_error,
        }
        self._products = {(0, 0): start.matrix}

    @property
    def mean_square(self) -> float:
        """‖q‖²."""
        return self.mean_form(0)

    @property
    def mean_energy(self) -> float:
        """qᵀΣ_xq."""
        return self.mean_form(1)

    @property
    def feature_square_trace(self) -> float:
        """The trace of Σ_x²."""
        return self.feature_trace(2)

    def mean_form(self, power: int) -> float:
        """Return qᵀΣ_x^power q."""
        return self.form("mean", power, "mean")

    def feature_trace(self, power: int) -> float:
        """Return tr Σ_x^power."""
        features = self._problem.features
        if power == 1:
            return features.trace()
        return self._feature_power(power // 2).inner(self._feature_power(power - power // 2))

    def form(self, left: str, power: int, right: str) -> float:
        """Return leftᵀ Σ_x^power right."""
        # Halves, as squares of what may be small in one direction do not cancel.
        return float(self._image(left, power // 2) @ self._image(right, power - power // 2))

    def spread(self, power: int, inner: int) -> float:
        """Return tr(Σ_x^power W Σ_x^inner Wᵀ)."""
        half = self._product(power // 2, inner // 2)
        return half.inner(self._product(power - power // 2, inner - inner // 2))

    @cached_property
    def mean_gradient_square(self) -> float:
        """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², split into its parts along and across q.

        The part along q is Σ_x(‖q‖²(b − Wq) − sWΣ_xq)/‖q‖, and the part across it is
        s(I − q̂q̂ᵀ)Σ_xWᵀΣ_x.  Expanding the square instead would cancel where one direction
        dominates; in one dimension all of it.
        """
        weights = self._product(1, 1).T
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

    def _image(self, name: str, power: int) -> FloatArray:
        """Return Σ_x^power times a vector."""
        if (name, power) not in self._images:
            if power:
                image = self._problem.features @ self._image(name, power - 1)
            else:
                image = self._start.matrix @ self._image("mean", int(name.removeprefix("shift_")))
            self._images[name, power] = image
        return self._images[name, power]

    def _feature_power(self, power: int) -> BlockMatrix:
        features: BlockMatrix = self._problem.features
        return features if power == 1 else features @ self._feature_power(power - 1)

    def _product(self, left: int, right: int) -> BlockMatrix:
        """Return Σ_x^left W Σ_x^right."""
        if (left, right) not in self._products:
            features = self._problem.features
            self._products[left, right] = (
                features @ self._product(left - 1, right)
                if left
                else self._product(left, right - 1) @ features
            )
        return self._products[left, right]
