"""What a user would write instead: the literal simulation in batched PyTorch, and in a NumPy loop.

Both simulate what `ttt_theory.linear.simulation.literal` does: a context, k test samples and the
gradient there, one step or several, then a fresh context with 8 fresh queries.
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
    step_sizes: tuple[float, ...]

    @classmethod
    def of(cls, setting: Setting, *step_sizes: float) -> "Arrays":
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
            step_sizes or (one_step_risk(setting).step_size,),
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
        trained = arrays.weights
        for step_size in arrays.step_sizes:
            errors = test_labels - test @ (trained @ context_vector)
            gradient = -2.0 * np.outer(test.T @ errors, context_vector)
            trained = trained - step_size * gradient
        (fresh, fresh_labels), (queries, query_labels) = draw(n), draw(QUERIES)
        predictions = queries @ (trained @ (fresh.T @ fresh_labels))
        return float(np.mean((query_labels - predictions) ** 2))

    return _estimate(squared_error() for _ in range(prompts))


def torch_batches(
    arrays: Arrays,
    prompts: int,
    seed: int,
    batch: int,
    threads: int,
    *,
    rank_one: bool = True,
) -> Estimate:
    """Simulate batches of prompts, with W's change by its rank-one form or with a W per prompt."""
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

    def with_change(
        context: torch.Tensor, test: torch.Tensor, labels: torch.Tensor, fresh: torch.Tensor
    ) -> torch.Tensor:
        # The steps add a uᵀ to W.
        errors = labels - torch.einsum("bkd,bd->bk", test, context @ weights.T)
        square = torch.sum(context * context, dim=-1, keepdim=True)
        change = torch.zeros_like(context)
        for number, step_size in enumerate(arrays.step_sizes):
            left = errors
            if number:
                left = errors - square * torch.einsum("bkd,bd->bk", test, change)
            change = change + 2.0 * step_size * torch.einsum("bkd,bk->bd", test, left)
        overlap = torch.sum(context * fresh, dim=-1, keepdim=True)
        return fresh @ weights.T + overlap * change

    def with_weights(
        context: torch.Tensor, test: torch.Tensor, labels: torch.Tensor, fresh: torch.Tensor
    ) -> torch.Tensor:
        matrix = weights.expand(len(context), *weights.shape)
        for step_size in arrays.step_sizes:
            predicted = torch.einsum("bij,bj->bi", matrix, context)
            errors = labels - torch.einsum("bkd,bd->bk", test, predicted)
            direction = 2.0 * step_size * torch.einsum("bkd,bk->bd", test, errors)
            matrix = matrix + torch.einsum("bi,bj->bij", direction, context)
        return torch.einsum("bij,bj->bi", matrix, fresh)

    def squared_errors(size: int) -> torch.Tensor:
        context, (test, test_labels) = context_vector(size), draw(size, arrays.test_samples)
        fresh, (queries, query_labels) = context_vector(size), draw(size, QUERIES)
        train = with_change if rank_one else with_weights
        trained = train(context, test, test_labels, fresh)
        predictions = torch.einsum("bqd,bd->bq", queries, trained)
        return torch.mean((query_labels - predictions) ** 2, dim=-1)

    sizes = [min(batch, prompts - done) for done in range(0, prompts, batch)]
    with torch.inference_mode():
        squares = torch.cat([squared_errors(size) for size in sizes])
    return Estimate(float(squares.mean()), float(squares.var()), prompts)
