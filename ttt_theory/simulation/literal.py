"""Monte Carlo of the one-step risk by its definition.

Every prompt draws a context and k test samples, takes the gradient of the loss there, and meets a
fresh context with fresh queries.  The squared error is a quadratic in the step size, so one prompt
gives three coefficients and one run the whole curve.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.errors import FloatArray, InvalidSettingError
from ttt_theory.simulation.linear_attention import gradient, predict

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance

__all__ = [
    "QUERIES",
    "Block",
    "Experiment",
    "blocks",
    "prompt_size",
    "risk_coefficients",
    "simulate_block",
    "simulate_prompts",
]

Samples = tuple[FloatArray, FloatArray]

QUERIES = 8
"""Fresh queries that every trained prompt is tested on."""

_LARGEST_BLOCK = 2**22
_LARGEST_PROMPT = 2**27


def prompt_size(context_length: int, test_samples: int, dim: int) -> int:
    """Return the number of floats that one literal prompt needs at once.

    Raises
    ------
    InvalidSettingError
        If that is too large to simulate.

    Examples
    --------
    >>> prompt_size(4, 2, 3)
    496
    """
    samples = context_length + test_samples + QUERIES
    attention = context_length * max(test_samples, QUERIES)
    size = 6 * samples * (dim + 1) + 2 * attention + 6 * (dim + 1) ** 2
    if size > _LARGEST_PROMPT:
        counts = {"context_length": context_length, "test_samples": test_samples, "dim": dim}
        largest = max(counts, key=lambda name: counts[name])
        raise InvalidSettingError(
            largest,
            counts[largest],
            f"lower it until one literal prompt, now {size * 8 / 2**30:.3g} GiB, takes less than "
            "1 GiB",
        )
    return size


@dataclass(frozen=True, eq=False)
class Experiment:
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


def simulate_prompts(experiment: Experiment, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw prompts and return `risk_coefficients` of each.

    Parameters
    ----------
    experiment : Experiment
    count : int
        Number of prompts.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (count, 3)

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> experiment = Experiment(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
    >>> simulate_prompts(experiment, 5, np.random.default_rng(0)).shape
    (5, 3)
    """

    def draw(samples: int) -> Samples:
        features = experiment.feature_covariance.sample(rng, (count, samples))
        labels = features @ experiment.task
        if experiment.noise_variance > 0.0:
            labels += math.sqrt(experiment.noise_variance) * rng.standard_normal(labels.shape)
        return features, labels

    return risk_coefficients(
        experiment.weights,
        context=draw(experiment.context_length),
        test=draw(experiment.test_samples),
        fresh=draw(experiment.context_length),
        queries=draw(QUERIES),
    )


@dataclass(frozen=True, eq=False)
class Block:
    """The sufficient statistics of some prompts' coefficients (c0, c1, c2).

    Attributes
    ----------
    prompts : int
    mean : ndarray, shape (3,)
    scatter : ndarray, shape (3, 3)
        Σ (c − mean)(c − mean)ᵀ over the prompts.
    """

    prompts: int
    mean: FloatArray
    scatter: FloatArray

    def merged(self, other: Block) -> Block:
        """Return the statistics of both blocks' prompts together."""
        prompts = self.prompts + other.prompts
        difference = other.mean - self.mean
        weight = other.prompts / prompts
        return Block(
            prompts,
            self.mean + weight * difference,
            self.scatter + other.scatter + self.prompts * weight * np.outer(difference, difference),
        )


def blocks(experiment: Experiment, prompts: int, largest: int = 4096) -> Iterator[int]:
    """Cut a number of prompts into blocks that fit in memory.

    The cut depends on nothing but the arguments, so that results do not depend on who works.

    Parameters
    ----------
    experiment : Experiment
    prompts : int
    largest : int
        Largest block.

    Yields
    ------
    int
        Prompts in each block; all but the last are equal.
    """
    size = max(1, min(largest, _LARGEST_BLOCK // experiment.numbers_per_prompt))
    full, rest = divmod(prompts, size)
    yield from itertools.repeat(size, full)
    if rest:
        yield rest


def simulate_block(experiment: Experiment, count: int, seed: int, index: int) -> Block:
    """Simulate block number `index` of the run that starts from `seed`."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    values = simulate_prompts(experiment, count, rng)
    mean = values.mean(axis=0)
    centred = values - mean
    return Block(count, mean, centred.T @ centred)
