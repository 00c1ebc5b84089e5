"""Rules that average polynomials of Gaussian and χ² variables exactly."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal

from ttt_theory.checks import FloatArray

__all__ = ["NodeGenerator", "chi_square_rule", "gaussian_rule"]


def gaussian_rule(nodes: list[int]) -> tuple[FloatArray, FloatArray]:
    """Return a product rule for independent standard normal variables.

    Parameters
    ----------
    nodes : list of int
        Number of nodes for each variable; m nodes are exact up to degree 2m − 1.

    Returns
    -------
    points : ndarray, shape (total, variables)
    weights : ndarray, shape (total,)
        Positive, of sum 1.

    Examples
    --------
    >>> points, weights = gaussian_rule([3, 2])
    >>> float(weights @ points[:, 0] ** 4)
    3.0
    """
    rules = [np.polynomial.hermite_e.hermegauss(count) for count in nodes]
    grid = np.meshgrid(*(points for points, _ in rules), indexing="ij")
    points = np.stack([each.ravel() for each in grid], axis=-1)
    weights = functools.reduce(np.multiply.outer, [each for _, each in rules]).ravel()
    return points, weights / (2.0 * math.pi) ** (len(nodes) / 2.0)


def chi_square_rule(degrees: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Return a rule for a χ² variable, by Golub and Welsch.

    Parameters
    ----------
    degrees : float
        Of freedom; with none the variable is zero.
    count : int
        Number of nodes; m nodes are exact up to degree 2m − 1.

    Returns
    -------
    points, weights : ndarray, shape (count,)
        The weights are positive, of sum 1.

    Examples
    --------
    >>> points, weights = chi_square_rule(3, 2)
    >>> round(float(weights @ points**2), 12)
    15.0
    """
    if degrees == 0:
        return np.zeros(count), np.full(count, 1.0 / count)
    order = np.arange(count)
    shape = degrees / 2.0
    nodes, vectors = eigh_tridiagonal(
        2.0 * order + shape, np.sqrt(order[1:] * (order[1:] + shape - 1.0))
    )
    return np.asarray(2.0 * nodes), np.asarray(vectors[0] ** 2)


class NodeGenerator(np.random.Generator):
    """A generator whose every random variable takes the nodes of a rule for its law.

    Whatever a sampler computes from standard normal and χ² numbers, it computes at every node; if
    the result is a polynomial in the normal numbers and in the squares of the χ² ones' roots, its
    weighted sum is the expectation.

    The variables are those of one draw, in the order in which they are asked for.  Draws are asked
    for in any number at a time, all variables of some before the next ones.

    Parameters
    ----------
    counts : sequence of int
        The number of nodes of each variable.

    Examples
    --------
    >>> rng = NodeGenerator([2, 2])
    >>> draws = rng.standard_normal(rng.draws) ** 2 * rng.chisquare(5, rng.draws)
    >>> round(float(rng.average(draws)), 12)
    5.0
    """

    def __init__(self, counts: Sequence[int]) -> None:
        super().__init__(np.random.PCG64(0))
        self.counts = list(counts)
        self.draws = math.prod(counts)
        self.indices = np.unravel_index(np.arange(self.draws), self.counts)
        self.weights = np.ones(self.draws)
        self.first = self.used = 0

    def average(self, values: FloatArray) -> Any:
        """Return the expectation of what was computed from the draws, one row for each."""
        if (self.first, self.used) != (self.draws, 0):
            raise ValueError("not all nodes were asked for")
        return self.weights @ values

    def standard_normal(self, size: Any) -> Any:  # type: ignore[override]
        """Return the next normal variables: one for each row, or a few for each."""
        rows, columns = size if isinstance(size, tuple) else (size, None)
        numbers = [self._next(rows, _normal_rule) for _ in range(columns or 1)]
        return np.stack(numbers, axis=-1) if columns else numbers[0]

    def chisquare(self, df: Any, size: Any) -> Any:  # type: ignore[override]
        """Return the next χ² variable."""
        return self._next(size, functools.partial(chi_square_rule, df))

    def _next(self, rows: int, rule: Any) -> FloatArray:
        part = slice(self.first, self.first + rows)
        nodes, weights = rule(self.counts[self.used])
        chosen = self.indices[self.used][part]
        self.weights[part] *= weights[chosen]
        self.used += 1
        if self.used == len(self.counts):
            self.used, self.first = 0, self.first + rows
        return np.asarray(nodes[chosen])


def _normal_rule(count: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / np.sum(weights)
