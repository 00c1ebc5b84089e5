"""Literal prompts averaged exactly, and the exact risk after several isotropic steps to compare."""

import math
from fractions import Fraction

import numpy as np

from ttt_theory.evidence.quadrature import NodeGenerator, gaussian_rule
from ttt_theory.linear.simulation import literal


class PromptNodes(NodeGenerator):
    """Nodes for arrays of any shape, of all draws at once, and for laws that are not Gaussian."""

    def _array(self, size, rule):
        numbers = [self._next(self.draws, rule) for _ in range(math.prod(size) // self.draws)]
        return np.stack(numbers, axis=-1).reshape(size)

    def standard_normal(self, size):
        def rule(count):
            points, weights = gaussian_rule([count])
            return points[:, 0], weights

        return self._array(size, rule)

    def uniform(self, low, high, size):
        def rule(count):
            points, weights = np.polynomial.legendre.leggauss(count)
            return (low + high + (high - low) * points) / 2.0, weights / 2.0

        return self._array(size, rule)

    def choice(self, values, size, p=None):
        def rule(count):
            assert count == len(values)
            return values, np.full(count, 1.0 / count) if p is None else p

        return self._array(size, rule)


def nodes_of(n, k, d, noisy, steps, is_same):
    """Numbers of nodes for a prompt with one query.

    Degrees after t steps: 4t of u, and 4t + 2 where it is tested on, hence twice that of a feature
    in the context and once of its noise; 4t of a test feature, 2 of its noise; 4 and 2 on the fresh
    context; m nodes are exact up to 2m − 1.
    """
    context = [4 * steps + 1 + 2 * is_same] * (n * d) + [2 * steps + 1 + is_same] * (n * noisy)
    test = [2 * steps + 1] * (k * d) + [2] * (k * noisy)
    fresh = [] if is_same else [3] * (n * d) + [2] * (n * noisy)
    return [*context, *test, *fresh, *([2] * (d + noisy))]


def averaged(sampler, nodes, monkeypatch):
    """Return the exact expectation of what a literal simulator returns, with one query a prompt.

    Parameters
    ----------
    sampler : callable
        Takes a number of prompts and a generator.
    nodes : list of int
    """
    rng = PromptNodes(nodes)
    monkeypatch.setattr(literal, "QUERIES", 1)
    monkeypatch.setattr(literal, "_LARGEST_SLICE", 2**12 * rng.draws)
    return rng.average(sampler(rng.draws, rng))


def trace_moments(k, d):
    """E tr S^m for m = 0, …, 4, S = XᵀX with k × d independent standard normal entries."""
    return [
        d,
        k * d,
        k * d * (k + d + 1),
        k * d * (k**2 + d**2 + 3 * k * d + 3 * k + 3 * d + 4),
        k
        * d
        * (k**3 + d**3 + 6 * k * d * (k + d) + 6 * (k**2 + d**2) + 17 * k * d + 21 * (k + d) + 20),
    ]


def rising(start, count):
    """n(n+2)⋯(n+2j−2) = E[(χ²_n)^j]."""
    return math.prod((start + 2 * i for i in range(count)), start=Fraction(1))


def context_moment(n, d, norm2, noise, i, j):
    """E[(βᵀu)^i ‖u‖^(2j)] for Σ_x = I and ‖β‖² = norm2, in fractions.

    Given t ~ χ²_n, βᵀu is N(t·norm2, t·noise·norm2), and across β ‖u‖² is t(norm2 + noise)χ²_{d−1}.
    """
    variance = norm2 + noise
    total = Fraction(0)
    for across in range(j + 1):
        power = i + 2 * (j - across)
        for pairs in range(0, power + 1, 2):
            odd = math.prod(range(1, pairs, 2))
            term = math.comb(power, pairs) * odd * (noise * norm2) ** (pairs // 2)
            term *= norm2 ** (power - pairs) * rising(n, across + power - pairs // 2)
            term *= math.comb(j, across) * variance**across * rising(d - 1, across)
            total += term / norm2 ** (j - across)
    return total


def isotropic_risks(n, k, d, norm2, noise, weight, step_sizes, evaluation):
    """The risks after 0, 1, …, t ≤ 2 steps for Σ_x = I and W = weight·I, in fractions.

    With a = Σ_m c_m U^(m−1) S^(m−1) v the change of W is a uᵀ; each moment from its definition.
    """
    mean = [Fraction(each, d) for each in trace_moments(k, d)]

    def moment(i, j):
        return context_moment(n, d, norm2, noise, i, j)

    def error_square(i, j):
        """E[(βᵀu)^i U^j ‖β − wu‖²]."""
        return norm2 * moment(i, j) - 2 * weight * moment(i + 1, j) + weight**2 * moment(i, j + 1)

    def descent(j):
        """E[U^j uᵀP(β − wu)], P = E[u eᵀ]."""
        error = norm2 * moment(1, j) - weight * moment(2, j)
        across = moment(1, j) - weight * moment(0, j + 1)
        label = norm2 + noise
        return (n - weight * n * (n + 1)) * error - weight * n * label * across

    def overlap(function, j):
        """E[U^j uᵀMu · function]."""
        return n * (n + 1) * function(2, j) + n * (norm2 + noise) * function(0, j + 1)

    is_same = evaluation == "same"
    constant = noise + error_square(0, 0)
    risks = []
    for count in range(len(step_sizes) + 1):
        rest = [Fraction(1)]
        for step in step_sizes[:count]:
            longer = [*rest, Fraction(0)]
            rest = [
                each - (2 * step * rest[index - 1] if index else 0)
                for index, each in enumerate(longer)
            ]
        method = [-each for each in rest]
        risk = constant
        for m in range(1, count + 1):
            linear = mean[m] * (error_square(0, m) if is_same else descent(m - 1))
            risk -= 2 * method[m] * linear
            for o in range(1, count + 1):
                power = m + o
                noisy = noise * d * mean[power - 1]
                if is_same:
                    square = mean[power] * error_square(0, power) + noisy * moment(0, power)
                else:
                    square = mean[power] * overlap(error_square, power - 2)
                    square += noisy * overlap(moment, power - 2)
                risk += method[m] * method[o] * square
        risks.append(risk)
    return risks
