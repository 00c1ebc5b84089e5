"""The literal simulator averaged exactly, over Gauss-Hermite nodes in place of random draws.

For a few samples in a few dimensions, everything the simulator returns is a polynomial of low
degree in a few standard normal variables.  A product rule with enough nodes integrates it exactly,
so its expectation by the definition is known to round-off, with no formula of the theory and no
sampling error.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.evidence.quadrature import gaussian_rule
from ttt_theory.linear.setting.random_task import fixed_task
from ttt_theory.linear.simulation.linear_attention import gradient
from ttt_theory.linear.simulation.literal import risk_coefficients
from ttt_theory.structured.base import dense

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.linear.simulation.literal import LiteralSimulator

__all__ = ["exact_coefficients", "pretraining_gradient", "rule_points"]

_LARGEST_CHUNK = 2**18

# Nodes per variable, from its degree in c2: degree 2m − 1 is exact with m nodes.
_CONTEXT_FEATURE, _CONTEXT_NOISE = 5, 3
_TEST_FEATURE, _TEST_NOISE = 3, 2
_FRESH_FEATURE, _FRESH_NOISE = 3, 2
_QUERY_FEATURE, _QUERY_NOISE = 2, 2


class _Samples:
    """Labelled samples at the nodes of a rule."""

    def __init__(
        self,
        count: int,
        root: FloatArray,
        noise_variance: float,
        feature_nodes: int,
        noise_nodes: int,
    ) -> None:
        self.count, self.root, self.noise_variance = count, root, noise_variance
        noises = count if noise_variance > 0.0 else 0
        self.nodes = [feature_nodes] * (count * root.shape[0]) + [noise_nodes] * noises

    def at(self, points: FloatArray, task: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return features, shape (points, count, d), and labels, shape (points, count).

        The task is of shape (d,), or (points, d) to go with the points.
        """
        dim = self.root.shape[0]
        standard = points[:, : self.count * dim].reshape(len(points), self.count, dim)
        features = standard @ self.root.T
        labels = (features @ task[..., None])[..., 0]
        if self.noise_variance > 0.0:
            labels = labels + math.sqrt(self.noise_variance) * points[:, self.count * dim :]
        return features, labels


def _root(covariance: FloatArray) -> FloatArray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.clip(eigenvalues, 0.0, None)))


def rule_points(simulator: LiteralSimulator) -> int:
    """Return the number of points that `exact_coefficients` takes.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> from ttt_theory.linear.simulation.literal import LiteralSimulator
    >>> rule_points(LiteralSimulator(1, 1, ttt.Isotropic(1), np.ones(1), 0.0, np.zeros((1, 1))))
    90
    """
    return math.prod(itertools.chain(*(each.nodes for each in _samples(simulator))))


def _samples(simulator: LiteralSimulator) -> tuple[_Samples, _Samples, _Samples, _Samples]:
    """Return the context, the test samples, the fresh context and a query."""
    root = _root(dense(simulator.feature_covariance.matrix()))
    noise = simulator.noise_variance
    n, k = simulator.context_length, simulator.test_samples
    return (
        _Samples(n, root, noise, _CONTEXT_FEATURE, _CONTEXT_NOISE),
        _Samples(k, root, noise, _TEST_FEATURE, _TEST_NOISE),
        _Samples(n, root, noise, _FRESH_FEATURE, _FRESH_NOISE),
        _Samples(1, root, noise, _QUERY_FEATURE, _QUERY_NOISE),
    )


def exact_coefficients(simulator: LiteralSimulator) -> FloatArray:
    """Return the expectation of the literal simulator's c0, c1, c2.

    Parameters
    ----------
    simulator : LiteralSimulator
        A tiny one: the rule has 5^(nd) 3^(kd) 3^(nd) … points.

    Returns
    -------
    ndarray, shape (3,)
        Exact up to rounding.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> from ttt_theory.linear.simulation.literal import LiteralSimulator
    >>> simulator = LiteralSimulator(1, 1, ttt.Isotropic(1), np.ones(1), 0.0, np.zeros((1, 1)))
    >>> exact_coefficients(simulator)
    array([  1.,   4., 108.])
    """
    task = fixed_task(simulator.task)
    context, test, fresh, query = _samples(simulator)
    trained_points, trained_weights = gaussian_rule(context.nodes + test.nodes)
    tested_points, tested_weights = gaussian_rule(fresh.nodes + query.nodes)
    tested = (
        fresh.at(tested_points[:, : len(fresh.nodes)], task),
        query.at(tested_points[:, len(fresh.nodes) :], task),
    )
    total = np.zeros(3)
    size = max(1, _LARGEST_CHUNK // len(tested_points))
    for start in range(0, len(trained_points), size):
        points = trained_points[start : start + size]
        trained = (
            context.at(points[:, : len(context.nodes)], task),
            test.at(points[:, len(context.nodes) :], task),
        )
        # Every trained prompt meets every test: an axis for each.
        coefficients = risk_coefficients(
            simulator.weights,
            *((features[:, None], labels[:, None]) for features, labels in trained),
            *((features[None], labels[None]) for features, labels in tested),
        )
        total += np.einsum(
            "p,q,pqc->c", trained_weights[start : start + size], tested_weights, coefficients
        )
    return total


def pretraining_gradient(setting: Setting, weights: FloatArray) -> FloatArray:
    """Return the gradient of the pretraining loss E[(y − SM(Z, W))²], from its definition.

    The average is over tasks of the prior, contexts and queries of ``setting.pretraining``.

    Parameters
    ----------
    setting : Setting
        A tiny one: the rule has 3^(nd) 2^(2d) … points.
    weights : ndarray, shape (d, d)
        W.

    Returns
    -------
    ndarray, shape (d, d)
        Exact up to rounding.
    """
    source, dim = setting.pretraining, setting.dim
    root = _root(dense(source.feature_covariance.matrix()))
    prior_root = _root(dense(setting.task_covariance.matrix()))
    # The gradient is of degree four in the context's features, two in everything else.
    context = _Samples(source.context_length, root, source.noise_variance, 3, 2)
    query = _Samples(1, root, source.noise_variance, 2, 2)
    points, point_weights = gaussian_rule([2] * dim + context.nodes + query.nodes)
    tasks = points[:, :dim] @ prior_root.T
    split = dim + len(context.nodes)
    gradients = gradient(
        weights, *context.at(points[:, dim:split], tasks), *query.at(points[:, split:], tasks)
    )
    return np.asarray(np.einsum("p,pab->ab", point_weights, gradients))
