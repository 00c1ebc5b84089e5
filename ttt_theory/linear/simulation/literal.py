"""Monte Carlo of the one-step risk by its definition.

Every prompt draws a context and k test samples, takes the gradient of the loss there, and meets a
fresh context with fresh queries.  The squared error is a quadratic in the step size, so one prompt
gives three coefficients and one run the whole curve.

A prompt takes O((2n + k)d + d²) operations and numbers, whatever the structure of Σ_x: weights and
gradient are the d × d matrices of the definition, of whose structure nothing is taken for known.
Drawing from a dense Σ_x takes O((2n + k)d²).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.errors import InvalidSettingError, told_apart
from ttt_theory.linear.simulation.linear_attention import gradient, predict
from ttt_theory.sampling.moments import chunk_sizes

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance

__all__ = ["QUERIES", "LiteralSimulator", "prompt_size", "risk_coefficients"]

Samples = tuple[FloatArray, FloatArray]

QUERIES = 8
"""Fresh queries that every trained prompt is tested on."""

_LARGEST_PROMPT = 2**27
_LARGEST_CHUNK = 2**24
_MOST_PROMPTS = 4096

# Prompts are simulated a few at a time, so that what is drawn for them is still in a core's cache
# when it is used.
_LARGEST_SLICE = 2**18


def prompt_size(context_length: int, test_samples: int, dim: int) -> int:
    """Return the number of floats that one literal prompt needs at once.

    Raises
    ------
    InvalidSettingError
        If that is too large to simulate.

    Examples
    --------
    >>> prompt_size(4, 2, 3)
    192
    """
    samples = 2 * context_length + test_samples + QUERIES
    size = 2 * samples * (dim + 1) + 3 * (dim + 1) ** 2
    if size > _LARGEST_PROMPT:
        counts = {"context_length": context_length, "test_samples": test_samples, "dim": dim}
        largest = max(counts, key=lambda name: counts[name])
        taken, most = told_apart(size * 8 / 2**30, _LARGEST_PROMPT * 8 / 2**30, digits=3)
        raise InvalidSettingError(
            largest,
            counts[largest],
            f"lower it until one literal prompt, now {taken} GiB, takes at most {most} GiB",
        )
    return size


@dataclass(frozen=True, eq=False)
class LiteralSimulator:
    """What the simulator needs to know.

    Attributes
    ----------
    context_length, test_samples : int
        n and k.
    feature_covariance : Covariance
        Of the features x ~ N(0, Σ_x), dimension d.
    task : ndarray, shape (d,)
        β.
    noise_variance : float
        σ².
    weights : ndarray, shape (d, d)
        W before the step.
    """

    context_length: int
    test_samples: int
    feature_covariance: Covariance
    task: FloatArray
    noise_variance: float
    weights: FloatArray

    @property
    def numbers_per_prompt(self) -> int:
        """Floats that one prompt needs at once."""
        return prompt_size(self.context_length, self.test_samples, len(self.task))

    @property
    def prompts_per_chunk(self) -> int:
        """Prompts whose statistics are kept together."""
        return min(_MOST_PROMPTS, max(1, _LARGEST_CHUNK // self.numbers_per_prompt))

    def coefficients(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw prompts and return `risk_coefficients` of each.

        Parameters
        ----------
        count : int
            Number of prompts.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, 3)

        Examples
        --------
        >>> import ttt_theory as ttt
        >>> simulator = LiteralSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
        >>> simulator.coefficients(5, np.random.default_rng(0)).shape
        (5, 3)
        """
        slices = chunk_sizes(count, max(1, _LARGEST_SLICE // self.numbers_per_prompt))
        return np.concatenate([self._simulate(size, rng) for size in slices])

    def averages(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw prompts and return the means of `coefficients`, with less variance in c1.

        c1 is the inner product of two gradients, that of the test-time loss and that of the squared
        error on the fresh queries, which are independent: every one of the first meets every one of
        the second.

        Parameters
        ----------
        count : int
            Number of prompts.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (1, 3)

        Examples
        --------
        >>> import ttt_theory as ttt
        >>> simulator = LiteralSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
        >>> one, same = np.random.default_rng(0), np.random.default_rng(0)
        >>> bool(np.allclose(simulator.averages(1, one), simulator.coefficients(1, same)))
        True
        """
        totals = np.zeros(3)
        trained, tested = np.zeros((2, *self.weights.shape))
        for size in chunk_sizes(count, max(1, _LARGEST_SLICE // self.numbers_per_prompt)):
            samples = self._draw(size, rng)
            totals += risk_coefficients(self.weights, *samples).sum(axis=0)
            context, test, fresh, queries = samples
            trained += gradient(self.weights, *context, *test).sum(axis=0)
            tested += gradient(self.weights, *fresh, *queries).sum(axis=0) / QUERIES
        constant, _, quadratic = totals / count
        return np.array([[constant, np.vdot(trained / count, tested / count), quadratic]])

    def _simulate(self, count: int, rng: np.random.Generator) -> FloatArray:
        return risk_coefficients(self.weights, *self._draw(count, rng))

    def _draw(
        self, count: int, rng: np.random.Generator
    ) -> tuple[Samples, Samples, Samples, Samples]:
        """Draw contexts, test samples, fresh contexts and queries."""

        def draw(samples: int) -> Samples:
            features = self.feature_covariance.sample(rng, (count, samples))
            labels = features @ self.task
            if self.noise_variance > 0.0:
                labels += math.sqrt(self.noise_variance) * rng.standard_normal(labels.shape)
            return features, labels

        n, k = self.context_length, self.test_samples
        return draw(n), draw(k), draw(n), draw(QUERIES)


def risk_coefficients(
    weights: FloatArray, context: Samples, test: Samples, fresh: Samples, queries: Samples
) -> FloatArray:
    """Return the squared error after one step as a quadratic in the step size, per prompt.

    Parameters
    ----------
    weights : ndarray, shape (d, d)
        W before the step.
    context, test, fresh, queries : pair of ndarray, shapes (..., m, d) and (..., m)
        Features and labels of the context and the samples that the gradient is taken at, and of
        the fresh context and the queries that the result is tested on.

    Returns
    -------
    ndarray, shape (..., 3)
        c0, c1, c2 of c0 − c1η + c2η², the mean squared error over the queries after a step of η.
    """
    direction = gradient(weights, *context, *test)
    query_features, query_labels = queries
    errors = query_labels - predict(weights, *fresh, query_features)
    # The prediction is linear in the weights: W − ηG predicts SM(Z, W) − η SM(Z, G).
    changes = predict(direction, *fresh, query_features)
    squares = (errors * errors, -2 * errors * changes, changes * changes)
    return np.stack(np.broadcast_arrays(*(np.mean(each, axis=-1) for each in squares)), axis=-1)
