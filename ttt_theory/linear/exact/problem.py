"""A setting as plain arrays, in coordinates and units that make them simple and of order one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.coordinates.block_matrix import BlockMatrix, joined
from ttt_theory.coordinates.common_frame import is_diagonal
from ttt_theory.coordinates.reduction import ROUND_OFF, reduced
from ttt_theory.errors import OutOfRangeError
from ttt_theory.linear.setting.random_task import RandomTask
from ttt_theory.linear.setting.setting import checked_setting
from ttt_theory.structured import Frame, as_structured
from ttt_theory.structured.last_bits import Moved, moved_matrix, moved_vector

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """The arrays of a setting in a frame, features divided by √a and labels by √c.

    The risk is homogeneous: with Σ_x/a, β√(a/c), σ²/c and weights aW it is R/c at the step size
    a²cη.  In these units the moments of degree eight neither overflow nor underflow before the
    result does.  Both a and c are powers of four, so scaling is exact.  The frame is one in which
    the matrices are block diagonal, which does not change the risk either.

    Attributes
    ----------
    context_length, test_samples, source_context_length : float
        n and k, and n at pretraining.
    frame : Frame
        The coordinates: Q stands for β as Qᵀβ, and so on.
    features, prior, source_features : BlockMatrix, shape (d, d)
        Σ_x, Σ_β, and Σ_x at pretraining, the same object as Σ_x if it is the same.
    task : ndarray, shape (d,)
        β, or its mean μ where it is random, without the coordinates of isotropic blocks, where it
        is zero.
    noise_variance, source_noise_variance : float
        σ², and σ² at pretraining.
    setting : Setting
        What it is the problem of.
    feature_exponent, label_exponent : int
        The powers of two that a and c are, both even.
    is_diagonal : bool
        Whether all matrices are stored by their diagonals.
    task_spread : BlockMatrix of shape (d, d), or None
        The covariance Γ of the task; None where it is fixed.
    """

    context_length: float
    test_samples: float
    frame: Frame
    features: BlockMatrix
    task: FloatArray
    noise_variance: float
    prior: BlockMatrix
    source_context_length: float
    source_features: BlockMatrix
    source_noise_variance: float
    setting: Setting
    feature_exponent: int
    label_exponent: int
    is_diagonal: bool
    task_spread: BlockMatrix | None

    @property
    def is_pretrained_alike(self) -> bool:
        """Whether W is a multiple of weights pretrained on contexts as at test time."""
        return (
            self.setting.initialization.matrix is None
            and self.source_features is self.features
            and self.source_context_length == self.context_length
            and self.source_noise_variance == self.noise_variance
        )

    @property
    def feature_scale(self) -> float:
        """The scale a: weights times this are the weights in these units."""
        return math.ldexp(1.0, self.feature_exponent)

    @property
    def step_exponent(self) -> int:
        """The power of two a²c, by which a step size is multiplied in these units."""
        return 2 * self.feature_exponent + self.label_exponent

    @classmethod
    def of(
        cls, setting: Setting, *, moved: Moved | None = None, round_off: float = ROUND_OFF
    ) -> Problem:
        """Read the arrays off a setting, rotate and scale them.

        Parameters
        ----------
        setting : Setting
        moved : Moved, optional
            What to move by its last bits.
        round_off : float
            What a number may be off by, relative to its size: what may be nothing else is set to
            zero.

        Raises
        ------
        InvalidSettingError
            If it is no setting, or the matrices have too little structure in common for their size.
        OutOfRangeError
            If the setting mixes scales so far apart that float64 cannot hold them together.
        """
        source = checked_setting(setting).pretraining
        random = setting.task if isinstance(setting.task, RandomTask) else None
        covariances = (
            setting.feature_covariance,
            setting.task_covariance,
            source.feature_covariance,
            *([] if random is None else [random.covariance]),
        )
        matrices = {
            key: as_structured(each.matrix(), checked=True)
            for key, each in {id(each): each for each in covariances}.items()
        }
        task = setting.fixed_task if random is None else random.mean
        if moved is Moved.NUMBERS:
            matrices = {key: moved_matrix(matrix) for key, matrix in matrices.items()}
            task = moved_vector(task)
        reduction = reduced(
            [matrices[id(each)] for each in covariances],
            task,
            as_dense=setting.initialization.matrix is not None,
            moved=moved,
            round_off=round_off,
        )
        features, prior, source_features, *spreads = reduction.matrices
        feature_exponent = _even_exponent(float(np.max(features.diagonal())))
        feature_scale = math.ldexp(1.0, feature_exponent)
        source_is_features = source_features is features
        features = features * (1.0 / feature_scale)
        task = reduction.task
        if round_off:
            task = _visible_task(task, features, round_off)
        largest_entry = float(np.max(np.abs(task)))
        unit = task / largest_entry if largest_entry > 0.0 else task
        # Scale by scale, since the square of either alone may overflow.
        signal = float(unit @ (features @ unit)) * feature_scale * largest_entry * largest_entry
        for spread in spreads:
            largest_variance = float(np.max(spread.diagonal())) or 1.0
            in_units = spread * (1.0 / largest_variance)
            signal += float(features.inner(in_units)) * feature_scale * largest_variance
        if not math.isfinite(signal):
            raise OutOfRangeError("the variance of a label", signal)
        label_exponent = _even_exponent(signal + setting.noise_variance)
        label_scale = math.ldexp(1.0, label_exponent)
        task_scale = math.sqrt(feature_scale) / math.sqrt(label_scale)
        problem = cls(
            # NumPy's floats overflow to infinity, where Python's raise.
            context_length=np.float64(setting.context_length),
            test_samples=np.float64(setting.test_samples),
            frame=reduction.frame,
            features=features,
            task=task * task_scale,
            noise_variance=np.float64(setting.noise_variance) / label_scale,
            prior=prior * task_scale * task_scale,
            source_context_length=np.float64(source.context_length),
            source_features=(
                features if source_is_features else source_features * (1.0 / feature_scale)
            ),
            source_noise_variance=np.float64(source.noise_variance) / label_scale,
            setting=setting,
            feature_exponent=feature_exponent,
            label_exponent=label_exponent,
            is_diagonal=all(map(is_diagonal, matrices.values())),
            task_spread=spreads[0] * task_scale * task_scale if spreads else None,
        )
        largest = {
            "task": np.max(np.abs(problem.task)),
            "task_covariance": np.max(problem.prior.diagonal()),
            "pretraining.feature_covariance": np.max(problem.source_features.diagonal()),
            "pretraining.noise_variance": problem.source_noise_variance,
        }
        if problem.task_spread is not None:
            largest["task.covariance"] = np.max(problem.task_spread.diagonal())
        for name, value in largest.items():
            if not np.isfinite(value):
                raise OutOfRangeError(f"{name} in units of the features and labels", float(value))
        return problem


def _visible_task(task: FloatArray, features: BlockMatrix, round_off: float) -> FloatArray:
    """Return the task, zero in blocks where βᵀΣ_xβ is nothing but round-off.

    A task in the null space of a dense Σ_x leaves a quadratic form of the size of its own rounding
    error, which would then set the scale of everything.  With Σ_xβ = 0 the task has no effect, so
    that zero stands for it.
    """
    pairs = zip(features.blocks, features.split(task), strict=True)
    return joined(
        [part if block.shows(part, round_off) else np.zeros_like(part) for block, part in pairs]
    )


def _even_exponent(value: float) -> int:
    """Return the even exponent next below the binary exponent of a value, and 0 for zero."""
    return 2 * ((math.frexp(value)[1] - 1) // 2) if value > 0.0 else 0
