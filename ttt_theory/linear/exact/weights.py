"""The weights that a setting starts from, and the mean error that they leave.

The mean error β − nWΣ_xβ is a small difference of large numbers exactly where the start is good, so
every start computes it in a form of its own that does not cancel.
"""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.coordinates.block_matrix import BlockMatrix, joined
from ttt_theory.coordinates.blocks import (
    DenseBlock,
    DiagonalBlock,
    IsotropicBlock,
    LowRankBlock,
    sum_of_others,
    sums_of_differences,
)
from ttt_theory.errors import OutOfRangeError
from ttt_theory.linear.closed_form import pretraining
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.setting.setting import checked_setting
from ttt_theory.linear.setting.starts import PretrainedWeights
from ttt_theory.structured import IdentityFrame, RotatedMatrix
from ttt_theory.structured.base import Matrix

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.linear.setting.setting import Setting

__all__ = [
    "StartingWeights",
    "error_matrix",
    "original_weights",
    "pretrained_weights",
    "starting_weights",
]


@dataclass(frozen=True)
class StartingWeights:
    """Weights W and the two differences that must not cancel, in the units of their problem.

    Attributes
    ----------
    matrix : BlockMatrix, shape (d, d)
        W.
    mean_error : ndarray, shape (d,)
        b = β − nWq, where q = Σ_xβ.
    mean_overlap : ndarray, shape (d,)
        ‖q‖²(β − (n+1)Wq) − sWΣ_xq, which is E[e uᵀ]q / n.
    """

    matrix: BlockMatrix
    mean_error: FloatArray
    mean_overlap: FloatArray


def pretrained_weights(setting: Setting) -> Matrix:
    """Return the minimiser W* of the pretraining loss E[(y − xᵀWu)²].

    The expectation is over contexts of ``setting.pretraining`` and tasks β ~ N(0, Σ_β).  Where no
    context tells of any task of the prior (tr Σ_xΣ_β = σ² = 0) every W minimises it, and W* = 0.

    Parameters
    ----------
    setting : Setting
        Its initialization plays no part.

    Returns
    -------
    ndarray, dia_array or RotatedMatrix, shape (d, d)
        W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹ ([G25], Section 3), which is symmetric.
        Diagonal covariances give a sparse diagonal matrix, dense ones an ndarray, and structured
        ones a matrix that has ``@``, ``diagonal()`` and ``toarray()``.

    Raises
    ------
    InvalidSettingError
        If it is no setting, or the covariances have too little structure in common for their size.
    OutOfRangeError
        If float64 cannot hold the result.

    Examples
    --------
    >>> import ttt_theory as ttt
    >>> setting = ttt.Setting(
    ...     context_length=4,
    ...     test_samples=1,
    ...     feature_covariance=ttt.Isotropic(2),
    ...     task_covariance=ttt.Isotropic(2),
    ...     task=[1, 1],
    ... )
    >>> ttt.pretrained_weights(setting).toarray() * (4 + 2 + 1)
    array([[1., 0.],
           [0., 1.]])
    """
    started = dataclasses.replace(checked_setting(setting), initialization=PretrainedWeights())
    problem = Problem.of(started)
    return original_weights(problem, starting_weights(problem))


def original_weights(problem: Problem, start: StartingWeights) -> Matrix:
    """Return the weights that a problem starts from in the setting's own coordinates and units.

    Returns
    -------
    ndarray, dia_array or RotatedMatrix, shape (d, d)
        W, as `pretrained_weights` returns it.
    """
    from scipy import sparse

    given = problem.setting.initialization.matrix
    if given is not None:
        return given
    weights = start.matrix.expanded() * (1.0 / problem.feature_scale)
    if isinstance(problem.frame, IdentityFrame) and len(weights.blocks) == 1:
        [block] = weights.blocks
        if isinstance(block, DiagonalBlock):
            return sparse.diags_array(block.values)
        if isinstance(block, DenseBlock):
            return block.entries
    return RotatedMatrix(problem.frame, weights)


def starting_weights(problem: Problem) -> StartingWeights:
    """Return the weights that a problem starts from."""
    start = problem.setting.initialization
    if start.matrix is not None:
        return _given(problem, start.matrix * problem.feature_scale)
    return _pretrained(problem, start.factor) if start.factor else _zero(problem)


def error_matrix(problem: Problem, start: StartingWeights) -> BlockMatrix:
    """Return B = I − nWΣ_x, by which a start makes the mean error b = Bβ of any task β.

    Like the mean error of one task it is a small difference of large numbers where W is good.
    """
    given, factor = problem.setting.initialization, problem.setting.initialization.factor
    n, features = problem.context_length, problem.features
    if given.matrix is not None:
        [weights], [block] = start.matrix.blocks, features.blocks
        product = weights.entries.astype(np.longdouble) @ block.entries.astype(np.longdouble)
        entries = np.eye(len(product)) - n * product
        return BlockMatrix([DenseBlock(entries.astype(np.float64))])
    nothing = features * 0.0
    gram_factor, ridge = _pretraining(problem)
    if factor == 0.0 or ridge == 0.0:
        return nothing.shifted(1.0)
    source = problem.source_features
    mismatch = _excess(
        gram_factor,
        n,
        source,
        features,
        nothing if source is features else source - features,
    )
    images = (problem.prior @ mismatch).shifted(ridge).blocks
    parts = zip(problem.prior.blocks, source.blocks, images, strict=True)
    solved = BlockMatrix(
        [_solution(_gram(gram_factor, ridge, *pair), image) for *pair, image in parts]
    )
    return (factor * solved).shifted(1.0 - factor)


def _zero(problem: Problem) -> StartingWeights:
    mean = problem.features @ problem.task
    return StartingWeights(problem.features * 0.0, problem.task, float(mean @ mean) * problem.task)


def _given(problem: Problem, matrix: FloatArray) -> StartingWeights:
    # Given weights have no analytic residual; extended precision keeps what they hold of it.
    task = problem.task.astype(np.longdouble)
    features = problem.features.toarray().astype(np.longdouble)
    weights = matrix.astype(np.longdouble)
    mean = features @ task
    n, label_variance = problem.context_length, task @ mean + problem.noise_variance
    mean_error = task - n * (weights @ mean)
    overlap = (mean @ mean) * (task - (n + 1) * (weights @ mean)) - label_variance * (
        weights @ (features @ mean)
    )
    return StartingWeights(
        BlockMatrix([DenseBlock(matrix)]), mean_error.astype(np.float64), overlap.astype(np.float64)
    )


def _pretrained(problem: Problem, factor: float) -> StartingWeights:
    prior, source_features = problem.prior, problem.source_features
    task, n = problem.task, problem.context_length
    gram_factor, ridge = _pretraining(problem)
    if ridge == 0.0:
        return _zero(problem)
    # W* = Σ_β(gΣ'Σ_β + ridge·I)⁻¹ = K⁻¹Σ_β with K = gΣ_βΣ' + ridge·I, Σ' being Σ_x at pretraining.
    # Then Kb = ridge·β + Σ_β(gΣ' − nΣ_x)β.
    image, source_image = problem.features @ task, source_features @ task
    difference = 0.0 * image
    if source_features is not problem.features:
        difference = (source_features - problem.features) @ task
    rotated = _excess(gram_factor, n, source_image, image, difference)
    error_image = ridge * task + prior @ rotated
    grams = [
        _gram(gram_factor, ridge, *pair)
        for pair in zip(prior.blocks, source_features.blocks, strict=True)
    ]
    triples = zip(grams, prior.blocks, prior.split(error_image), strict=True)
    solutions = [_solved(*triple) for triple in triples]
    weights = BlockMatrix([block for block, _ in solutions])
    mean_error = joined([error for _, error in solutions])
    overlap = _overlap(problem, gram_factor, ridge, weights, mean_error)
    mean = problem.features @ task
    square, prediction = float(mean @ mean), weights @ mean
    label_variance = _label_variance(problem)
    turned = label_variance * (weights @ (problem.features @ mean))
    return StartingWeights(
        factor * weights,
        _mixed(factor, task, mean_error, n * prediction),
        _mixed(factor, square * task, overlap, square * (n + 1.0) * prediction + turned),
    )


def _mixed(factor: float, cold: FloatArray, warm: FloatArray, fall: FloatArray) -> FloatArray:
    """Return (1 − f)·cold + f·warm, where warm is cold − fall: the sum with the smaller terms.

    Where W* is good the fall is nearly all of it, and where W* is small and f large, next to none.
    """
    rest = 1.0 - factor
    larger = abs(rest) * np.abs(cold) + abs(factor) * np.abs(warm)
    return np.where(
        np.abs(cold) + abs(factor) * np.abs(fall) < larger,
        cold - factor * fall,
        rest * cold + factor * warm,
    )


def _pretraining(problem: Problem) -> tuple[float, float]:
    """Return g = n + 1 and the ridge ρ of pretraining."""
    gram_factor = pretraining.gram_factor(problem.source_context_length)
    signal = problem.source_features.inner(problem.prior)
    return gram_factor, pretraining.ridge(signal, problem.source_noise_variance)


def _excess(gram_factor: float, count: float, source: Any, target: Any, difference: Any) -> Any:
    """Return g·source − m·target, given source − target, in terms that are no larger.

    It cancels neither where the two are the same nor where one, or its factor, is much larger.
    """
    larger = source if gram_factor > count else target
    return (gram_factor - count) * larger + min(gram_factor, count) * difference


def _gram(gram_factor: float, ridge: float, prior: Any, source_features: Any) -> Any:
    """Return K, for one block."""
    return ((prior @ source_features) * gram_factor).shifted(ridge)


def _solved(gram: Any, prior: Any, error_image: FloatArray) -> tuple[Any, FloatArray]:
    """Return K⁻¹Σ_β and K⁻¹ of a vector, for one block."""
    if isinstance(gram, DenseBlock):
        solution = _solve(gram.entries, np.column_stack([prior.entries, error_image]))
        return DenseBlock(solution[:, :-1]), solution[:, -1]
    if isinstance(gram, LowRankBlock):
        inverse = _woodbury(gram)
        return inverse @ prior, inverse.times(error_image)
    return _solution(gram, prior), error_image / gram.diagonal()[: len(gram)]


def _solution(gram: Any, image: Any) -> Any:
    """Return K⁻¹ times another block."""
    if isinstance(gram, DiagonalBlock):
        return DiagonalBlock(image.values / gram.values)
    if isinstance(gram, IsotropicBlock):
        return IsotropicBlock(image.value / gram.value, gram.dim)
    if isinstance(gram, DenseBlock):
        return DenseBlock(_solve(gram.entries, image.entries))
    return _woodbury(gram) @ image


def _solve(gram: FloatArray, right_hand_sides: FloatArray) -> FloatArray:
    from scipy import linalg

    with warnings.catch_warnings():
        warnings.simplefilter("error", linalg.LinAlgWarning)
        try:
            return np.asarray(linalg.solve(gram, right_hand_sides))
        except (ValueError, linalg.LinAlgError, linalg.LinAlgWarning):
            condition = "(n+1)Σ_βΣ_x + ρI of pretraining, to be inverted"
            raise OutOfRangeError(condition, float(np.max(np.abs(gram)))) from None


def _woodbury(matrix: LowRankBlock) -> LowRankBlock:
    """Return (D + LRᵀ)⁻¹ = D⁻¹ − D⁻¹L(I + RᵀD⁻¹L)⁻¹RᵀD⁻¹."""
    inverse = 1.0 / matrix.values
    left, right = (inverse[:, np.newaxis] * each for each in (matrix.left, matrix.right))
    core = np.eye(left.shape[1]) + matrix.right.T @ left
    # Strong and weak directions side by side: only their units make this ill-conditioned.
    units = 1.0 / np.abs(core).max(axis=0, initial=0.0)
    rows = 1.0 / np.abs(core * units).max(axis=1, initial=0.0, keepdims=True)
    return LowRankBlock(inverse, -left * units, _solve(rows * core * units, rows * right.T).T)


def _overlap(
    problem: Problem,
    gram_factor: float,
    ridge: float,
    weights: BlockMatrix,
    mean_error: FloatArray,
) -> FloatArray:
    """Return the mean overlap of the pretrained weights.

    In diagonal blocks, with eigenvalues λ, λ' and μ, the i-th entry of K times it is β_i times
    ‖q‖²(ridge + μ_i[(g − m)λ'_i + m(λ'_i − λ_i)]) − sμ_iλ_i², m = n+1.  The term λ'_iμ_i of the
    ridge and that of s cancel, in one dimension all but the noise, so they are taken out:
    ‖q‖² − λ_iβᵀΣ_xβ = Σ_l λ_lβ_l²(λ_l − λ_i).
    """
    features, prior, source_features = problem.features, problem.prior, problem.source_features
    mean = features @ problem.task
    mean_square, label_variance = float(mean @ mean), _label_variance(problem)
    overlap = mean_square * (mean_error - weights @ mean) - label_variance * (
        weights @ (features @ mean)
    )
    tasks, overlaps = features.split(problem.task), features.split(overlap)
    pairs = zip(source_features.blocks, prior.blocks, strict=True)
    ridges = sum_of_others(np.array([a.inner(b) for a, b in pairs]))
    gaps = _gaps(problem, mean)
    m = problem.context_length + 1.0
    for index, block in enumerate(features.blocks):
        if not isinstance(block, DiagonalBlock):
            continue
        values, task = block.values, tasks[index]
        source, variances = source_features.blocks[index].values, prior.blocks[index].values
        ridge_of_others = sum_of_others(source * variances) + (
            ridges[index] + problem.source_noise_variance
        )
        difference = source - values
        mismatch = _excess(gram_factor, m, source, values, difference) + difference
        gap = variances * values * gaps[index]
        image = mean_square * (ridge_of_others + variances * mismatch) + gap
        overlaps[index] = task * image / (gram_factor * (variances * source) + ridge)
    return joined(overlaps)


def _gaps(problem: Problem, mean: FloatArray) -> dict[int, FloatArray]:
    """Return ‖q‖² − λ_is for every eigenvalue, by the number of its diagonal block."""
    features = problem.features
    parts = zip(features.blocks, features.split(problem.task), features.split(mean), strict=True)
    values, energies, square, energy = {}, {}, 0.0, problem.noise_variance
    for index, (block, task, part) in enumerate(parts):
        if isinstance(block, DiagonalBlock):
            values[index], energies[index] = block.values, part * task
        else:
            square += float(part @ part)
            energy += float(part @ task)
    if not values:
        return {}
    together = joined(values.values())
    gaps = sums_of_differences(together, joined(energies.values())) + (square - together * energy)
    ends = np.cumsum([len(each) for each in values.values()])
    return dict(zip(values, np.split(gaps, ends[:-1]), strict=True))


def _label_variance(problem: Problem) -> float:
    return float(problem.task @ (problem.features @ problem.task)) + problem.noise_variance
