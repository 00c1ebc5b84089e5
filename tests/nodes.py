"""Samplers averaged exactly, over the nodes of a rule in place of random numbers."""

import dataclasses
import math

import numpy as np

from ttt_theory import one_step_risk


class Counting(np.random.Generator):
    """Counts the normal numbers of a sample, which a structured covariance decides on."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))
        self.asked = 0

    def standard_normal(self, size):
        self.asked += math.prod(size)
        return np.zeros(size)


def in_law(kind, literal, **changes):
    """Return a sampler of data vectors of what a literal simulator simulates."""
    fields = {field.name: getattr(literal, field.name) for field in dataclasses.fields(kind)}
    return kind(**(fields | changes))


def fixed_tasks(subject):
    """Return the one task of all prompts."""
    return subject.tasks(1, np.random.default_rng(0))


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
