"""Monte Carlo of the risk after gradient steps, by its definition.

Every prompt has a task, draws a context and k test samples, takes gradient steps on the loss there,
and is tested on fresh queries: with a fresh context, or with the one that it was trained on.  After
one step the squared error is a quadratic in the step size, so one prompt gives three coefficients
and one run the whole curve; several steps are taken one after the other, at sizes that are given.

A prompt takes O((2n + k)d + d²) operations and numbers, whatever the structure of Σ_x: weights and
gradient are the d × d matrices of the definition, of whose structure nothing is taken for known.
Drawing from a dense Σ_x takes O((2n + k)d²).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.errors import InvalidSettingError, told_apart
from ttt_theory.linear.setting.feature_laws import FeatureLaw, GaussianFeatures
from ttt_theory.linear.setting.random_task import RandomTask
from ttt_theory.linear.simulation.linear_attention import Prompt, gradient
from ttt_theory.sampling.moments import chunk_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ttt_theory.covariance import Covariance

__all__ = [
    "QUERIES",
    "LiteralSimulator",
    "errors_after_steps",
    "prompt_size",
    "risk_coefficients",
]

Samples = tuple[FloatArray, FloatArray]
Prompts = tuple[Samples, Samples, Samples, Samples]

QUERIES = 8
"""Fresh queries that every trained prompt is tested on."""

_LARGEST_PROMPT = 2**27
_LARGEST_CHUNK = 2**24
_MOST_PROMPTS = 4096

# Prompts are simulated a few at a time, so that what is drawn for them is still in a core's cache
# when it is used.
_LARGEST_SLICE = 2**19


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
        Σ_x, that of the features x, dimension d.
    task : ndarray, shape (d,), or RandomTask
        β, or the law that every prompt draws its own from.
    noise_variance : float
        σ².
    weights : ndarray, shape (d, d)
        W before the steps.
    evaluation, step_rule : str
        As `Setting` has them.
    feature_law : FeatureLaw
        That of x.
    """

    context_length: int
    test_samples: int
    feature_covariance: Covariance
    task: FloatArray | RandomTask
    noise_variance: float
    weights: FloatArray
    evaluation: str = "fresh"
    step_rule: str = "plain"
    feature_law: FeatureLaw = field(default_factory=GaussianFeatures)

    most_steps: ClassVar[int] = 1000
    """Steps of `squared_errors`, at most."""

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
        return np.concatenate(
            [
                risk_coefficients(self.weights, *samples, step_rule=self.step_rule)
                for samples in self._draws(count, rng)
            ]
        )

    def squared_errors(
        self, step_sizes: Sequence[float], count: int, rng: np.random.Generator
    ) -> FloatArray:
        """Draw prompts and return `errors_after_steps` of each.

        Parameters
        ----------
        step_sizes : sequence of float
            The t steps, in their order.
        count : int
            Number of prompts.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, t + 1)

        Examples
        --------
        >>> import ttt_theory as ttt
        >>> simulator = LiteralSimulator(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
        >>> simulator.squared_errors([0.01, 0.005], 5, np.random.default_rng(0)).shape
        (5, 3)
        """
        return np.concatenate(
            [
                errors_after_steps(self.weights, *samples, step_sizes, step_rule=self.step_rule)
                for samples in self._draws(count, rng)
            ]
        )

    def averages(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw prompts and return the means of `coefficients`, with less variance in c1.

        c1 is the inner product of two gradients, that of the test-time loss and that of the squared
        error on the fresh queries.  Where these are independent, with a fresh context and a fixed
        task, every one of the first meets every one of the second.

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
        if self.evaluation == "same" or isinstance(self.task, RandomTask):
            return np.asarray(self.coefficients(count, rng).mean(axis=0, keepdims=True))
        totals = np.zeros(3)
        trained, tested = np.zeros((2, *self.weights.shape))
        for samples in self._draws(count, rng):
            coefficients = risk_coefficients(self.weights, *samples, step_rule=self.step_rule)
            totals += coefficients.sum(axis=0)
            context, test, fresh, queries = samples
            prompt = Prompt(*context)
            direction = prompt.gradient(self.weights, *test)
            trained += (direction / _step_divisors(prompt, self.step_rule)).sum(axis=0)
            tested += gradient(self.weights, *fresh, *queries).sum(axis=0) / QUERIES
        constant, _, quadratic = totals / count
        return np.array([[constant, np.vdot(trained / count, tested / count), quadratic]])

    def _draws(self, count: int, rng: np.random.Generator) -> Iterator[Prompts]:
        for size in chunk_sizes(count, max(1, _LARGEST_SLICE // self.numbers_per_prompt)):
            yield self._draw(size, rng)

    def _draw(self, count: int, rng: np.random.Generator) -> Prompts:
        """Draw contexts, test samples, the contexts to be tested on, and queries."""
        task = self.task
        tasks = task.sample(rng, count)[:, :, None] if isinstance(task, RandomTask) else task

        def draw(samples: int) -> Samples:
            features = self.feature_law.sample(self.feature_covariance, rng, (count, samples))
            labels = (features @ tasks).reshape(count, samples)
            if self.noise_variance > 0.0:
                labels += math.sqrt(self.noise_variance) * rng.standard_normal(labels.shape)
            return features, labels

        context, test = draw(self.context_length), draw(self.test_samples)
        tested = context if self.evaluation == "same" else draw(self.context_length)
        return context, test, tested, draw(QUERIES)


def errors_after_steps(
    weights: FloatArray,
    context: Samples,
    test: Samples,
    tested: Samples,
    queries: Samples,
    step_sizes: Sequence[float],
    *,
    step_rule: str = "plain",
) -> FloatArray:
    """Return the squared error before the first step and after each one, per prompt.

    Parameters
    ----------
    weights, context, test, tested, queries
        As for `risk_coefficients`.
    step_sizes : sequence of float
        The t steps, in their order.
    step_rule : str
        ``"plain"``: W ← W − η∇L̂(W).  ``"normalized"``: W ← W − η∇L̂(W)/‖u‖².

    Returns
    -------
    ndarray, shape (..., t + 1)
        Means over the queries.
    """
    prompt, tested_prompt = Prompt(*context), Prompt(*tested)
    divisors = _step_divisors(prompt, step_rule)
    trained, errors = weights, [_squared_error(tested_prompt, weights, *queries)]
    for step_size in step_sizes:
        step = prompt.gradient(trained, *test)
        step *= step_size / divisors
        trained = np.subtract(trained, step, out=step)
        errors.append(_squared_error(tested_prompt, trained, *queries))
    return np.stack(np.broadcast_arrays(*errors), axis=-1)


def _squared_error(
    prompt: Prompt, weights: FloatArray, features: FloatArray, labels: FloatArray
) -> FloatArray:
    """Return the mean over some queries of (y − SM(Z, W))²."""
    errors = labels - prompt.predict(weights, features)
    return np.asarray(np.mean(errors * errors, axis=-1))


def _step_divisors(prompt: Prompt, step_rule: str) -> FloatArray | int:
    """Return what the steps of each prompt are divided by, shape (..., 1, 1) to go with gradients.

    Where u = 0 so is the gradient, and nothing need be divided.
    """
    if step_rule == "plain":
        return 1
    squares = (prompt.vector * prompt.vector).sum(axis=-1, keepdims=True)[..., None]
    return np.where(squares == 0, 1, squares)


def risk_coefficients(
    weights: FloatArray,
    context: Samples,
    test: Samples,
    tested: Samples,
    queries: Samples,
    *,
    step_rule: str = "plain",
) -> FloatArray:
    """Return the squared error after one step as a quadratic in the step size, per prompt.

    Parameters
    ----------
    weights : ndarray, shape (d, d)
        W before the step.
    context, test, tested, queries : pair of ndarray, shapes (..., m, d) and (..., m)
        Features and labels of the context and the samples that the gradient is taken at, and of
        the context, fresh or the same, and the queries that the result is tested on.
    step_rule : str
        As for `errors_after_steps`.

    Returns
    -------
    ndarray, shape (..., 3)
        c0, c1, c2 of c0 − c1η + c2η², the mean squared error over the queries after a step of η.
    """
    prompt, tested_prompt = Prompt(*context), Prompt(*tested)
    direction = prompt.gradient(weights, *test) / _step_divisors(prompt, step_rule)
    query_features, query_labels = queries
    errors = query_labels - tested_prompt.predict(weights, query_features)
    # The prediction is linear in the weights: W − ηG predicts SM(Z, W) − η SM(Z, G).
    changes = tested_prompt.predict(direction, query_features)
    squares = (errors * errors, -2 * errors * changes, changes * changes)
    return np.stack(np.broadcast_arrays(*(np.mean(each, axis=-1) for each in squares)), axis=-1)
