"""What a user would write instead: the literal simulation in batched PyTorch, and in a NumPy loop.

Both simulate what `ttt_theory.linear.simulation.literal` does: a context, k test samples and the
gradient there, then a fresh context with 8 fresh queries.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ttt_theory import Setting, one_step_risk, pretrained_weights
from ttt_theory.linear.simulation.literal import QUERIES


@dataclass(frozen=True)
class Estimate:
    """A mean squared error over prompts, and the variance of one prompt's."""

    mean: float
    variance: float
    prompts: int


@dataclass(frozen=True, eq=False)
class Arrays:
    """A setting as dense arrays; `root` is None where Σ_x = I."""

    context_length: int
    test_samples: int
    root: np.ndarray | None
    task: np.ndarray
    noise: float
    weights: np.ndarray
    step_size: float

    @classmethod
    def of(cls, setting: Setting) -> "Arrays":
        features, weights = (
            each if isinstance(each, np.ndarray) else each.toarray()
            for each in (setting.feature_covariance.matrix(), pretrained_weights(setting))
        )
        identity = np.array_equal(features, np.eye(setting.dim))
        return cls(
            setting.context_length,
            setting.test_samples,
            None if identity else np.linalg.cholesky(features),
            setting.task,
            math.sqrt(setting.noise_variance),
            weights,
            one_step_risk(setting).step_size,
        )


def _estimate(squares: Iterator[float]) -> Estimate:
    values = np.fromiter(squares, dtype=np.float64)
    return Estimate(float(values.mean()), float(values.var(ddof=1)), len(values))


def numpy_loop(arrays: Arrays, prompts: int, seed: int) -> Estimate:
    """Simulate one prompt at a time, as the definition reads."""
    rng = np.random.default_rng(seed)
    n, k = arrays.context_length, arrays.test_samples

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        features = rng.standard_normal((count, len(arrays.task)))
        if arrays.root is not None:
            features = features @ arrays.root.T
        return features, features @ arrays.task + arrays.noise * rng.standard_normal(count)

    def squared_error() -> float:
        (context, labels), (test, test_labels) = draw(n), draw(k)
        context_vector = context.T @ labels
        errors = test_labels - test @ (arrays.weights @ context_vector)
        gradient = -2.0 * np.outer(test.T @ errors, context_vector)
        trained = arrays.weights - arrays.step_size * gradient
        (fresh, fresh_labels), (queries, query_labels) = draw(n), draw(QUERIES)
        predictions = queries @ (trained @ (fresh.T @ fresh_labels))
        return float(np.mean((query_labels - predictions) ** 2))

    return _estimate(squared_error() for _ in range(prompts))


def torch_batches(arrays: Arrays, prompts: int, seed: int, batch: int, threads: int) -> Estimate:
    """Simulate batches of prompts; the update is of rank one, so that no W per prompt is formed."""
    import torch

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(seed)
    task, weights = torch.from_numpy(arrays.task.copy()), torch.from_numpy(arrays.weights)
    root = None if arrays.root is None else torch.from_numpy(arrays.root)

    def draw(size: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        shape = (size, count, len(task))
        features = torch.randn(shape, dtype=torch.float64, generator=generator)
        if root is not None:
            features = features @ root.T
        labels = features @ task
        if arrays.noise > 0.0:
            noise = torch.randn(labels.shape, dtype=torch.float64, generator=generator)
            labels += arrays.noise * noise
        return features, labels

    def context_vector(size: int) -> torch.Tensor:
        return torch.einsum("bnd,bn->bd", *draw(size, arrays.context_length))

    def squared_errors(size: int) -> torch.Tensor:
        context, (test, test_labels) = context_vector(size), draw(size, arrays.test_samples)
        errors = test_labels - torch.einsum("bkd,bd->bk", test, context @ weights.T)
        direction = 2.0 * torch.einsum("bkd,bk->bd", test, errors)
        fresh, (queries, query_labels) = context_vector(size), draw(size, QUERIES)
        overlap = torch.sum(context * fresh, dim=-1, keepdim=True)
        trained = fresh @ weights.T + arrays.step_size * overlap * direction
        predictions = torch.einsum("bqd,bd->bq", queries, trained)
        return torch.mean((query_labels - predictions) ** 2, dim=-1)

    sizes = [min(batch, prompts - done) for done in range(0, prompts, batch)]
    with torch.inference_mode():
        squares = torch.cat([squared_errors(size) for size in sizes])
    return Estimate(float(squares.mean()), float(squares.var()), prompts)
