"""A setting as plain arrays, in units that make its labels and features of order one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.errors import FloatArray, OutOfRangeError

if TYPE_CHECKING:
    from ttt_theory.setting import Initialization, Setting

__all__ = ["Problem", "dense", "is_diagonal"]

# An ndarray, or a SciPy sparse array where diagonal: both know `@`, `*`, `.T` and `.sum()`, but no
# common type says so.
Matrix = Any


def is_diagonal(matrix: Matrix) -> bool:
    """Whether a matrix is stored by its diagonal alone."""
    return not isinstance(matrix, np.ndarray)


def dense(matrix: Matrix) -> FloatArray:
    """Return a matrix as an ndarray, a copy if it was stored by its diagonal."""
    return np.asarray(matrix.toarray() if is_diagonal(matrix) else matrix)


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
    feature_exponent, label_exponent : int
        The powers of two that a and c are, both even.
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
    feature_exponent: int
    label_exponent: int

    @property
    def feature_scale(self) -> float:
        """The scale a: weights times this are the weights in these units."""
        return math.ldexp(1.0, self.feature_exponent)

    @property
    def step_exponent(self) -> int:
        """The power of two a²c, by which a step size is multiplied in these units."""
        return 2 * self.feature_exponent + self.label_exponent

    @classmethod
    def of(cls, setting: Setting) -> Problem:
        """Read the arrays off a setting and scale them.

        Raises
        ------
        OutOfRangeError
            If the setting mixes scales so far apart that float64 cannot hold them together.
        """
        features: Matrix = setting.feature_covariance.matrix()
        source = setting.pretraining
        source_features = (
            features
            if source.feature_covariance is setting.feature_covariance
            else source.feature_covariance.matrix()
        )
        feature_exponent = _even_exponent(float(np.max(features.diagonal())))
        feature_scale = math.ldexp(1.0, feature_exponent)
        features = features / feature_scale
        task = _visible_task(setting.task, features)
        largest_entry = float(np.max(np.abs(task)))
        unit = task / largest_entry if largest_entry > 0.0 else task
        # Scale by scale, since the square of either alone may overflow.
        signal = float(unit @ (features @ unit)) * feature_scale * largest_entry * largest_entry
        if not math.isfinite(signal):
            raise OutOfRangeError("the variance of a label", signal)
        label_exponent = _even_exponent(signal + setting.noise_variance)
        label_scale = math.ldexp(1.0, label_exponent)
        task_scale = math.sqrt(feature_scale) / math.sqrt(label_scale)
        problem = cls(
            # NumPy's floats overflow to infinity, where Python's raise.
            context_length=np.float64(setting.context_length),
            test_samples=np.float64(setting.test_samples),
            features=features,
            task=task * task_scale,
            noise_variance=np.float64(setting.noise_variance) / label_scale,
            prior=setting.task_covariance.matrix() * task_scale * task_scale,
            source_context_length=np.float64(source.context_length),
            source_features=source_features / feature_scale,
            source_noise_variance=np.float64(source.noise_variance) / label_scale,
            initialization=setting.initialization,
            feature_exponent=feature_exponent,
            label_exponent=label_exponent,
        )
        largest = {
            "task": np.max(np.abs(problem.task)),
            "task_covariance": np.max(problem.prior.diagonal()),
            "pretraining.feature_covariance": np.max(problem.source_features.diagonal()),
            "pretraining.noise_variance": problem.source_noise_variance,
        }
        for name, value in largest.items():
            if not np.isfinite(value):
                raise OutOfRangeError(f"{name} in units of the features and labels", float(value))
        return problem


def _visible_task(task: FloatArray, features: Matrix) -> FloatArray:
    """Return the task, or zero where βᵀΣ_xβ is nothing but round-off.

    A task in the null space of a dense Σ_x leaves a quadratic form of the size of its own rounding
    error, which would then set the scale of everything.  With Σ_xβ = 0 the task has no effect, so
    that zero stands for it.
    """
    if is_diagonal(features) or not task.any():
        return task
    unit = task / np.max(np.abs(task))
    form = float(unit @ (features @ unit))
    magnitude = np.abs(unit)
    bound = float(magnitude @ (np.abs(features) @ magnitude))
    return task if form > len(task) * np.finfo(np.float64).eps * bound else np.zeros_like(task)


def _even_exponent(value: float) -> int:
    """Return the even exponent next below the binary exponent of a value, and 0 for zero."""
    return 2 * ((math.frexp(value)[1] - 1) // 2) if value > 0.0 else 0
