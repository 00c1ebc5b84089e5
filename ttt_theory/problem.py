"""A setting as plain arrays, in units that make its labels and features of order one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.errors import FloatArray, OutOfRangeError

if TYPE_CHECKING:
    from ttt_theory.setting import Initialization, Setting

# An ndarray, or a SciPy sparse array where diagonal: both know `@`, `*`, `.T` and `.sum()`, but no
# common type says so.
Matrix = Any


def is_diagonal(matrix: Matrix) -> bool:
    """Whether a matrix is stored by its diagonal alone."""
    return not isinstance(matrix, np.ndarray)


def dense(matrix: Matrix) -> FloatArray:
    """Return a matrix as an ndarray, a copy if it was stored by its diagonal."""
    return np.asarray(matrix.toarray() if is_diagonal(matrix) else matrix)


__all__ = ["Problem", "dense", "is_diagonal"]


@dataclass(frozen=True)
class Problem:
    """The arrays of a setting, features divided by √a and labels by √c.

    The risk is homogeneous: with Σ_x/a, β√(a/c), σ²/c and weights aW it is R/c at the step size
    a²cη.  In these units the moments of degree eight neither overflow nor underflow before the
    result does.  Both a and c are powers of four, so scaling is exact.

    Attributes
    ----------
    context_length, test_samples, source_context_length : float
        n and k, and n at pretraining.
    features, prior, source_features : ndarray or dia_array, shape (d, d)
        Σ_x, Σ_β, and Σ_x at pretraining; sparse where diagonal.
    task : ndarray, shape (d,)
        β.
    noise_variance, source_noise_variance : float
        σ², and σ² at pretraining.
    initialization : ZeroWeights, PretrainedWeights or DenseWeights
        Where the step starts.
    feature_scale, label_scale : float
        a and c.
    """

    context_length: float
    test_samples: float
    features: Matrix
    task: FloatArray
    noise_variance: float
    prior: Matrix
    source_context_length: float
    source_features: Matrix
    source_noise_variance: float
    initialization: Initialization
    feature_scale: float
    label_scale: float

    @property
    def step_scale(self) -> float:
        """a²c: a step size times this is the step size in these units."""
        return self.feature_scale**2 * self.label_scale

    @classmethod
    def of(cls, setting: Setting) -> Problem:
        """Read the arrays off a setting and scale them.

        Raises
        ------
        OutOfRangeError
            If the variance of a label is too large for float64.
        """
        features: Matrix = setting.feature_covariance.matrix()
        source = setting.pretraining
        source_features = (
            features
            if source.feature_covariance is setting.feature_covariance
            else source.feature_covariance.matrix()
        )
        feature_scale = _power_of_four(float(np.max(features.diagonal())))
        features = features / feature_scale
        largest = float(np.max(np.abs(setting.task)))
        unit_task = setting.task / largest if largest > 0.0 else setting.task
        signal = float(unit_task @ (features @ unit_task)) * feature_scale * largest * largest
        if not math.isfinite(signal + setting.noise_variance):
            raise OutOfRangeError("the label variance", signal)
        label_scale = _power_of_four(signal + setting.noise_variance)
        task_scale = math.sqrt(feature_scale) / math.sqrt(label_scale)
        return cls(
            context_length=float(setting.context_length),
            test_samples=float(setting.test_samples),
            features=features,
            task=setting.task * task_scale,
            noise_variance=setting.noise_variance / label_scale,
            prior=setting.task_covariance.matrix() * task_scale * task_scale,
            source_context_length=float(source.context_length),
            source_features=source_features / feature_scale,
            source_noise_variance=source.noise_variance / label_scale,
            initialization=setting.initialization,
            feature_scale=feature_scale,
            label_scale=label_scale,
        )


def _power_of_four(value: float) -> float:
    """Return the power of four next to a value, and 1 for zero."""
    return math.ldexp(1.0, 2 * (math.frexp(value)[1] // 2)) if value > 0.0 else 1.0
