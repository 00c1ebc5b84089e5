"""The one-step risk by adding up all outcomes, for features and noise of finitely many values.

Contexts, test samples, the gradient of the loss and the squared error of a fresh prompt are taken
from their definitions, in floats or in exact fractions.  It knows no formula of the theory.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

__all__ = [
    "NOISE",
    "RADII",
    "all_contexts",
    "elliptical_vectors",
    "exact_array",
    "gaussian_atoms",
    "risk_of_all_outcomes",
    "sparse_entries",
    "vectors",
]

Atoms = Sequence[tuple[Any, Any]]
"""Values, numbers or vectors, with their probabilities."""

NOISE: Atoms = ((-3, Fraction(1, 6)), (0, Fraction(2, 3)), (3, Fraction(1, 6)))
"""A noise with the variance 3 and N(0, 3)'s moments up to the fifth."""

RADII: Atoms = ((Fraction(1, 4), Fraction(4, 5)), (Fraction(4), Fraction(1, 5)))
"""An elliptical radius ρ with E ρ = 1 and rational √ρ."""

_ROOTS = {Fraction(1, 4): Fraction(1, 2), Fraction(4): Fraction(2)}


def sparse_entries(scale: int) -> Atoms:
    """Return entries that are 0 or ±scale, of variance 1: κ_4, κ_6 and κ_8 are not zero."""
    chance = Fraction(1, 2 * scale**2)
    return ((-scale, chance), (0, 1 - 2 * chance), (scale, chance))


def gaussian_atoms() -> Atoms:
    """Return nine values whose weights, some negative, give N(0, 1)'s moments up to the eighth."""
    import sympy

    powers = sympy.Matrix(5, 5, lambda row, value: (2 if value else 1) * value ** (2 * row))
    found = powers.LUsolve(sympy.Matrix([1, 1, 3, 15, 105]))
    weights = [Fraction(int(each.p), int(each.q)) for each in found]
    return [(sign * v, weights[v]) for v in range(5) for sign in ((1, -1) if v else (1,))]


def vectors(entries: Atoms, dim: int) -> Iterator[tuple[Any, Any]]:
    """Yield the vectors of independent entries with their probabilities."""
    for outcome in itertools.product(entries, repeat=dim):
        values = np.array([value for value, _ in outcome])
        yield values, prod(probability for _, probability in outcome)


def elliptical_vectors(root: Any, entries: Atoms, radii: Atoms) -> Iterator[tuple[Any, Any]]:
    """Yield √ρ·root·z with its probability, for z of independent entries."""
    for rho, chance in radii:
        for z, probability in vectors(entries, len(root)):
            yield _ROOTS.get(rho, rho**0.5) * (root @ z), chance * probability


def exact_array(numbers: Any) -> Any:
    """Return an array of fractions."""
    return np.vectorize(Fraction, otypes=[object])(np.array(numbers))


def all_contexts(
    features: Atoms, noise: Atoms, context_length: int, task: Any
) -> tuple[Atoms, Callable[[Any], Any]]:
    """Return the context vectors with their probabilities, and the risk as a function of weights.

    The risk is the mean of (y − xᵀWu')² over a fresh prompt, for one W or many at once.
    """
    samples = _all_samples(features, noise, task)
    sums: defaultdict[tuple[Any, ...], Any] = defaultdict(int)
    for outcome in itertools.product(samples, repeat=context_length):
        vector: Any = sum(x * y for x, y, _ in outcome)
        sums[tuple(vector)] += prod(p for _, _, p in outcome)
    contexts = [(np.array(vector), p) for vector, p in sums.items()]
    mean = sum(p * u for u, p in contexts)
    second = sum(p * np.outer(u, u) for u, p in contexts)
    label = sum(p * y**2 for _, y, p in samples)
    cross = sum(p * y * x for x, y, p in samples)
    covariance = sum(p * np.outer(x, x) for x, _, p in samples)

    def risk(weights: Any) -> Any:
        spread = np.sum((covariance @ weights @ second) * weights, axis=(-2, -1))
        return label - 2 * (weights @ mean) @ cross + spread

    return contexts, risk


def _all_samples(features: Atoms, noise: Atoms, task: Any) -> list[tuple[Any, Any, Any]]:
    return [(x, x @ task + error, p * q) for x, p in features for error, q in noise]


def risk_of_all_outcomes(
    features: Atoms,
    noise: Atoms,
    context_length: int,
    test_samples: int,
    weights: Any,
    task: Any,
    step: Any = 1,
) -> tuple[Any, Any, Any]:
    """Return c0, c1 and c2 of R(η) = c0 − c1η + c2η², from R(0), R(step) and R(−step).

    Parameters
    ----------
    features, noise : sequence of pairs
        Their values with their probabilities; features have shape (d,).
    context_length, test_samples : int
        n and k, both small: all outcomes of both are run through.
    weights : ndarray, shape (d, d)
        W, of floats or of exact numbers.
    task : ndarray, shape (d,)
        β.
    step : number
        In floats, one of the size of c1/c2 keeps their digits.

    Examples
    --------
    >>> signs = ((-1, Fraction(1, 2)), (1, Fraction(1, 2)))
    >>> features = list(vectors(signs, 1))
    >>> [
    ...     *map(
    ...         str,
    ...         risk_of_all_outcomes(
    ...             features, ((0, 1),), 1, 2, exact_array([[0]]), exact_array([3])
    ...         ),
    ...     )
    ... ]
    ['9', '648', '11664']
    """
    contexts, risk = all_contexts(features, noise, context_length, task)
    risks = np.array([0, 0, 0], dtype=weights.dtype)
    tests = [
        (np.array([x for x, _, _ in outcome]), np.array([y for _, y, _ in outcome]), p)
        for outcome in itertools.product(_all_samples(features, noise, task), repeat=test_samples)
        for p in [prod(p for _, _, p in outcome)]
    ]
    inputs = np.array([x for x, _, _ in tests])
    labels = np.array([y for _, y, _ in tests])
    chances = np.array([p for _, _, p in tests])
    for u, p in contexts:
        # ∇L̂(W) = −2 Σ_j (y_j − x_jᵀWu) x_juᵀ
        pulls = np.sum((labels - inputs @ (weights @ u))[:, :, np.newaxis] * inputs, axis=1)
        gradients = -2 * np.multiply.outer(pulls, u)
        for place, size in enumerate((0, step, -step)):
            risks[place] += p * (chances @ risk(weights - size * gradients))
    constant, after, before = risks
    return constant, (before - after) / (2 * step), ((after + before) / 2 - constant) / step**2
