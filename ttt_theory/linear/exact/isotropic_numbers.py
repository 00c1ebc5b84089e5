"""The settings in which Σ_x and W are multiples of the identity, in exact fractions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.linear.closed_form import pretraining
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.structured.base import StructuredMatrix

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["MOST_STEPS", "IsotropicNumbers", "pretrained_weight"]

MOST_STEPS = 16
"""Most steps; the moments of degree 4t take a second then."""

# Of a structured matrix the array is looked at, which a dense one is already.
_LARGEST_EXPANDED_DIM = 64


@dataclass(frozen=True)
class IsotropicNumbers:
    """What the risk depends on for Σ_x = aI and W = wI; floats stand for what their bits denote.

    Attributes
    ----------
    context_length, test_samples, dim : int
        n, k and d.
    task_square, noise_variance, feature_variance, weight : Fraction
        ‖β‖², σ², a and w.
    evaluation : str
        ``"fresh"`` or ``"same"``.
    """

    context_length: int
    test_samples: int
    dim: int
    task_square: Fraction
    noise_variance: Fraction
    feature_variance: Fraction
    weight: Fraction
    evaluation: str

    @classmethod
    def of(cls, setting: Setting) -> IsotropicNumbers | None:
        """Read them off a setting with a fixed task; None where Σ_x or W is another matrix."""
        features = _multiple_of_identity(setting.feature_covariance.matrix())
        weight = None if features is None else _weight(setting)
        if features is None or weight is None:
            return None
        return cls(
            setting.context_length,
            setting.test_samples,
            setting.dim,
            _square(setting.fixed_task),
            Fraction(setting.noise_variance),
            features,
            weight,
            setting.evaluation,
        )

    def descent(self, steps: int) -> Descent:
        """Return the risk after up to so many steps, in fractions."""
        a = self.feature_variance
        signal, noise, weight = a * self.task_square, self.noise_variance, a * self.weight
        n, q = self.context_length, weight.denominator
        # In units in which all is integer, where fractions would have to be shortened at every sum.
        label = math.lcm(signal.denominator, noise.denominator)
        context = ContextMoments(n, self.dim, int(signal * label), int(noise * label))
        errors = ErrorMoments.of(context, int(weight * q), q)
        scaled = isotropic_descent(errors, self.test_samples, steps, self.evaluation)
        step, risk = a * a / label, Fraction(1, label * q * q)
        return scaled.scaled([risk * step**degree for degree in range(2 * steps + 1)])


def pretrained_weight(
    source_context_length: int | Fraction,
    dim: int | Fraction,
    source_features: Fraction,
    prior: Fraction,
    source_noise: Fraction,
) -> Fraction:
    """Return w of W* = wI, where Σ_x and Σ_β of pretraining are multiples of the identity."""
    ridge = pretraining.ridge(dim * source_features * prior, source_noise)
    if ridge == 0:
        return Fraction(0)
    gram = pretraining.gram_factor(source_context_length) * source_features * prior
    return Fraction(prior / (gram + ridge))


def _weight(setting: Setting) -> Fraction | None:
    start, source = setting.initialization, setting.pretraining
    if start.matrix is not None:
        return _multiple_of_identity(start.matrix)
    if start.factor == 0.0:
        return Fraction(0)
    features = _multiple_of_identity(source.feature_covariance.matrix())
    prior = _multiple_of_identity(setting.task_covariance.matrix())
    if features is None or prior is None:
        return None
    noise = Fraction(source.noise_variance)
    weight = pretrained_weight(source.context_length, setting.dim, features, prior, noise)
    return Fraction(start.factor) * weight


def _multiple_of_identity(matrix: Any) -> Fraction | None:
    """Return the factor of a matrix that is a multiple of the identity."""
    if isinstance(matrix, StructuredMatrix):
        if matrix.shape[0] > _LARGEST_EXPANDED_DIM:
            return None
        matrix = matrix.toarray()
    diagonal = np.asarray(matrix.diagonal())
    if np.any(diagonal != diagonal[0]):
        return None
    if isinstance(matrix, np.ndarray) and np.count_nonzero(matrix) > np.count_nonzero(diagonal):
        return None
    return Fraction(float(diagonal[0]))


def _square(vector: FloatArray) -> Fraction:
    """Return the squared length, exactly."""
    mantissas, exponents = np.frexp(vector)
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    total = Fraction(0)
    for exponent in np.unique(exponents).tolist():
        chosen = integers[exponents == exponent].tolist()
        total += sum(each * each for each in chosen) * Fraction(4) ** (exponent - 53)
    return total
