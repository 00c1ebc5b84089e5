"""Rules that average polynomials of Gaussian variables exactly."""

from __future__ import annotations

import functools
import math

import numpy as np

from ttt_theory.checks import FloatArray

__all__ = ["gaussian_rule"]


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
