"""Random numbers replaced by the nodes of a product rule, so that averages are exact.

Whatever a sampler computes from standard normal and χ² numbers, it computes at every node; if the
result is a polynomial in the normal numbers and in the squares of the χ² ones' roots, its weighted
sum is the expectation.
"""

import math

import numpy as np
from scipy.linalg import eigh_tridiagonal

from ttt_theory import one_step_risk


class NodeGenerator(np.random.Generator):
    """A generator whose every random variable takes the nodes of a rule for its law.

    The variables are those of one draw, in the order in which they are asked for; `counts` has the
    number of nodes of each.  Draws are asked for in any number at a time, all variables of some
    before the next ones.
    """

    def __init__(self, counts):
        super().__init__(np.random.PCG64(0))
        self.counts = list(counts)
        self.draws = math.prod(counts)
        self.indices = np.unravel_index(np.arange(self.draws), self.counts)
        self.weights = np.ones(self.draws)
        self.first = self.used = 0

    def average(self, values):
        """Return the expectation of what was computed from the draws, one row for each."""
        assert (self.first, self.used) == (self.draws, 0), "not all nodes were asked for"
        return self.weights @ values

    def standard_normal(self, size):
        rows, columns = size if isinstance(size, tuple) else (size, None)
        numbers = [self._next(rows, normal_rule) for _ in range(columns or 1)]
        return np.stack(numbers, axis=-1) if columns else numbers[0]

    def chisquare(self, df, size):
        return self._next(size, lambda count: chi_square_rule(df, count))

    def _next(self, rows, rule):
        part = slice(self.first, self.first + rows)
        nodes, weights = rule(self.counts[self.used])
        chosen = self.indices[self.used][part]
        self.weights[part] *= weights[chosen]
        self.used += 1
        if self.used == len(self.counts):
            self.used, self.first = 0, self.first + rows
        return nodes[chosen]


def normal_rule(count):
    """Return nodes and weights that are exact up to degree 2·count − 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / np.sum(weights)


def chi_square_rule(df, count):
    """Return nodes and weights, by Golub and Welsch; no degrees of freedom are a zero."""
    if df == 0:
        return np.zeros(count), np.full(count, 1.0 / count)
    order = np.arange(count)
    shape = df / 2.0
    nodes, vectors = eigh_tridiagonal(
        2.0 * order + shape, np.sqrt(order[1:] * (order[1:] + shape - 1.0))
    )
    return 2.0 * nodes, vectors[0] ** 2


class Counting(np.random.Generator):
    """Counts the normal numbers of a sample, which a structured covariance decides on."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))
        self.asked = 0

    def standard_normal(self, size):
        self.asked += math.prod(size)
        return np.zeros(size)


def nodes_of_vectors(subject, normal, chi_square):
    """Return the numbers of nodes for one data vector."""
    counting = Counting()
    subject.feature_covariance.sample(counting, 1)
    noise = 1 if subject.noise_variance > 0.0 else 0
    return [normal] * (counting.asked + noise) + [chi_square]


def curve(setting):
    risk = one_step_risk(setting)
    return np.array([risk.constant, risk.linear, risk.quadratic])


def assert_curve(values, expected):
    """Compare coefficients; |c1| ≤ 2√(c0c2) sets the scale of its rounding error."""
    constant, _, quadratic = expected
    scales = np.array([constant, math.sqrt(constant * quadratic), quadratic])
    assert np.all(np.abs(values - expected) <= 1e-10 * scales + 1e-290), values / expected - 1.0
