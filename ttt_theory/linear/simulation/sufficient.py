"""Monte Carlo of the one-step risk through the vectors that suffice for it, O(d) each.

The samples of a prompt enter the risk by three vectors alone: the context's u = Xᵀy, the gradient's
v = X_tᵀ(y_t − X_tWu), for the gradient is −2vuᵀ, and the fresh context's u'.  Their laws are exact
(`data_vector`), so that n and k cost nothing.  The coefficients have the same joint law as those of
the literal simulator.  A prompt that is tested on its own context has u for u', one whose step is
normalised has v/‖u‖² for v, and one that draws its task has laws of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.linear.simulation.data_vector import SimulatorInLaw, Tasks, rows_times
from ttt_theory.linear.simulation.literal import QUERIES

__all__ = ["SufficientSimulator", "linear_sum", "quadratic_sum", "residual_variance"]


def residual_variance(change_variance: Any, slope: Any) -> Any:
    """Return the variance of a query's change beside its part along the error."""
    return change_variance - slope**2


def linear_sum(errors: Any, changes: Any) -> Any:
    """Return c1 summed over queries, from their errors' norm and the changes along the errors."""
    return -2 * errors * changes


def quadratic_sum(changes: Any, rest: Any, square: Any) -> Any:
    """Return c2 summed over queries, from the changes along the errors and a χ² variable."""
    return changes**2 + rest * square


class SufficientSimulator(SimulatorInLaw):
    """Prompts drawn through their sufficient vectors.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> subject = SufficientSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
    >>> subject.coefficients(5, np.random.default_rng(0)).shape
    (5, 3)
    """

    def _simulate(self, count: int, rng: np.random.Generator) -> FloatArray:
        tasks = self.tasks(count, rng)
        context = self.contexts(tasks, count, rng)
        gradient = self.gradients(tasks, context, rng)
        tested = context if self.evaluation == "same" else self.contexts(tasks, count, rng)
        return self.errors(tasks, context, gradient, tested, rng)

    def gradients(self, tasks: Tasks, context: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw v = X_tᵀ(y_t − X_tWu), given u.

        Parameters
        ----------
        tasks : Tasks
        context : ndarray, shape (count, d)
            u.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, d)
        """
        error, image, variance = self.misfit(tasks, context)
        return self._data_vectors(len(context), self.test_samples, error, image, variance, rng)

    def errors(
        self,
        tasks: Tasks,
        context: FloatArray,
        gradient: FloatArray,
        tested: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Draw the queries, given all the vectors, and return the coefficients.

        A query's error before the step, xᵀ(β − Wu') + ξ, and its change by a unit of the gradient,
        −2(uᵀu')xᵀv, are jointly normal.  The sums of their squares and products over the queries
        are a Wishart matrix, drawn by Bartlett's decomposition.

        Parameters
        ----------
        tasks : Tasks
        context, gradient, tested : ndarray, shape (count, d)
            u, v and u'.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, 3)
            c0, c1, c2 of the mean squared error over `QUERIES` queries.
        """
        count = len(context)
        _, image, variance = self.misfit(tasks, tested)
        overlap = -2.0 * np.vecdot(context, tested) / self.step_divisors(context)
        covariance = overlap * np.vecdot(image, gradient)
        change_variance = overlap**2 * np.vecdot(rows_times(self.features, gradient), gradient)

        scale = np.sqrt(variance)
        slope = np.divide(covariance, scale, out=np.zeros(count), where=scale > 0.0)
        # Rounding may make a residual variance of zero negative.
        rest = np.maximum(residual_variance(change_variance, slope), 0.0)
        along = np.sqrt(rng.chisquare(QUERIES, count))
        changes = slope * along + np.sqrt(rest) * rng.standard_normal(count)
        errors = scale * along
        sums = (
            errors**2,
            linear_sum(errors, changes),
            quadratic_sum(changes, rest, rng.chisquare(QUERIES - 1, count)),
        )
        return np.stack(sums, axis=-1) / QUERIES
