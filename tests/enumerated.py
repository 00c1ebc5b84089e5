"""The one-step risk by adding up all outcomes, for features and noise of finitely many values.

Independent of `ttt_theory`: contexts, test samples, the loss's gradient and the squared error of a
fresh prompt are taken from their definitions, in floats or in exact fractions.
"""

import itertools
from collections import defaultdict
from fractions import Fraction
from math import prod

import numpy as np

NOISE = ((-3, Fraction(1, 6)), (0, Fraction(2, 3)), (3, Fraction(1, 6)))
"""Values and probabilities of a noise with the variance 3 and N(0, 3)'s moments up to the fifth."""


def vectors(entries, dim):
    """Return the vectors of independent entries with their probabilities."""
    for outcome in itertools.product(entries, repeat=dim):
        yield (
            np.array([value for value, _ in outcome]),
            prod(probability for _, probability in outcome),
        )


def all_contexts(features, noise, context_length, task):
    """Return the context vectors with their probabilities, and the risk as a function of weights.

    The risk is the mean of (y − xᵀWu')² over a fresh prompt, for one W or many at once.
    """
    samples = all_samples(features, noise, task)
    contexts = defaultdict(int)
    for outcome in itertools.product(samples, repeat=context_length):
        vector = sum(x * y for x, y, _ in outcome)
        contexts[tuple(vector)] += prod(p for _, _, p in outcome)
    contexts = [(np.array(vector), p) for vector, p in contexts.items()]
    mean = sum(p * u for u, p in contexts)
    second = sum(p * np.outer(u, u) for u, p in contexts)
    label = sum(p * y**2 for _, y, p in samples)
    cross = sum(p * y * x for x, y, p in samples)
    covariance = sum(p * np.outer(x, x) for x, _, p in samples)

    def risk(weights):
        spread = np.sum((covariance @ weights @ second) * weights, axis=(-2, -1))
        return label - 2 * (weights @ mean) @ cross + spread

    return contexts, risk


def all_samples(features, noise, task):
    """Return all (x, y) with their probabilities."""
    return [(x, x @ task + error, p * q) for x, p in features for error, q in noise]


def enumerated_curve(features, noise, context_length, test_samples, weights, task, step=1):
    """Return c0, c1 and c2 of R(η) = c0 − c1η + c2η², from R(0), R(step) and R(−step).

    `features` and `noise` are lists of values with their probabilities.
    """
    contexts, risk = all_contexts(features, noise, context_length, task)
    risks = np.array([0, 0, 0], dtype=weights.dtype)
    tests = [
        (np.array([x for x, _, _ in outcome]), np.array([y for _, y, _ in outcome]), p)
        for outcome in itertools.product(all_samples(features, noise, task), repeat=test_samples)
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
