"""The weights that a setting starts from, and the mean error that they leave.

The mean error β − nWΣ_xβ is a small difference of large numbers exactly where the start is good, so
every start computes it in a form of its own that does not cancel.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.closed_form import pretraining
from ttt_theory.errors import OutOfRangeError
from ttt_theory.problem import Matrix, Problem, dense, is_diagonal
from ttt_theory.setting import DenseWeights, PretrainedWeights

if TYPE_CHECKING:
    from ttt_theory.errors import FloatArray
    from ttt_theory.setting import Setting

__all__ = ["StartingWeights", "pretrained_weights", "starting_weights", "sum_of_others"]


@dataclass(frozen=True)
class StartingWeights:
    """Weights W and the two differences that must not cancel, in the units of their problem.

    Attributes
    ----------
    matrix : ndarray or dia_array, shape (d, d)
        W; a diagonal one is sparse.
    mean_error : ndarray, shape (d,)
        b = β − nWq, where q = Σ_xβ.
    mean_overlap : ndarray, shape (d,)
        ‖q‖²(β − (n+1)Wq) − sWΣ_xq, which is E[e uᵀ]q / n.
    """

    matrix: Matrix
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
    ndarray or dia_array, shape (d, d)
        W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹ ([G25], Section 3); in general not symmetric.
        Diagonal covariances give a sparse diagonal matrix.

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
    problem = Problem.of(setting)
    return _pretrained(problem, 1.0).matrix / problem.feature_scale


def starting_weights(problem: Problem) -> StartingWeights:
    """Return the weights that a problem starts from."""
    start = problem.initialization
    if isinstance(start, PretrainedWeights):
        return _pretrained(problem, start.factor)
    if isinstance(start, DenseWeights):
        return _given(problem, start.matrix * problem.feature_scale)
    return _zero(problem)


def _zero(problem: Problem) -> StartingWeights:
    from scipy import sparse

    matrix = sparse.diags_array(np.zeros(len(problem.task)))
    mean = problem.features @ problem.task
    return StartingWeights(matrix, problem.task, float(mean @ mean) * problem.task)


def _given(problem: Problem, matrix: FloatArray) -> StartingWeights:
    # Given weights have no analytic residual; extended precision keeps what they hold of it.
    task = problem.task.astype(np.longdouble)
    features = problem.features.astype(np.longdouble)
    weights = matrix.astype(np.longdouble)
    mean = features @ task
    n, label_variance = problem.context_length, task @ mean + problem.noise_variance
    mean_error = task - n * (weights @ mean)
    overlap = (mean @ mean) * (task - (n + 1) * (weights @ mean)) - label_variance * (
        weights @ (features @ mean)
    )
    return StartingWeights(matrix, mean_error.astype(np.float64), overlap.astype(np.float64))


def _pretrained(problem: Problem, factor: float) -> StartingWeights:
    from scipy import sparse

    prior, features, source_features = problem.prior, problem.features, problem.source_features
    task, n = problem.task, problem.context_length
    gram_factor = pretraining.gram_factor(problem.source_context_length)
    trace = float((source_features * prior).sum())
    ridge = pretraining.ridge(trace, problem.source_noise_variance)
    if ridge == 0.0:
        return _zero(problem)
    # W* = Σ_β(gΣ'Σ_β + ridge·I)⁻¹ = K⁻¹Σ_β with K = gΣ_βΣ' + ridge·I, Σ' being Σ_x at pretraining.
    # Then Kb = ridge·β + Σ_β[(g − n)Σ' + n(Σ' − Σ_x)]β, where nothing cancels if Σ' is Σ_x.
    mean, label_variance = features @ task, _label_variance(problem)
    source_mean, shift = source_features @ task, (source_features - features) @ task
    error_image = ridge * task + prior @ ((gram_factor - n) * source_mean + n * shift)
    if all(is_diagonal(matrix) for matrix in (prior, source_features, features)):
        diagonal = gram_factor * (prior * source_features).diagonal() + ridge
        weights: Matrix = sparse.diags_array(prior.diagonal() / diagonal)
        mean_error = error_image / diagonal
        overlap = _diagonal_overlap_image(problem, gram_factor) / diagonal
    else:
        gram = gram_factor * dense(prior @ source_features) + ridge * np.eye(len(task))
        solution = _solve(gram, np.column_stack([dense(prior), error_image]))
        weights, mean_error = solution[:, :-1], solution[:, -1]
        overlap = float(mean @ mean) * (mean_error - weights @ mean) - label_variance * (
            weights @ (features @ mean)
        )
    rest = 1.0 - factor
    return StartingWeights(
        factor * weights,
        rest * task + factor * mean_error,
        rest * float(mean @ mean) * task + factor * overlap,
    )


def _solve(gram: FloatArray, right_hand_sides: FloatArray) -> FloatArray:
    from scipy import linalg

    with warnings.catch_warnings():
        warnings.simplefilter("error", linalg.LinAlgWarning)
        try:
            return np.asarray(linalg.solve(gram, right_hand_sides))
        except (ValueError, linalg.LinAlgError, linalg.LinAlgWarning):
            condition = "(n+1)Σ_βΣ_x + ρI of pretraining, to be inverted"
            raise OutOfRangeError(condition, float(np.max(np.abs(gram)))) from None


def _diagonal_overlap_image(problem: Problem, gram_factor: float) -> FloatArray:
    """Return K times the mean overlap for diagonal matrices, with eigenvalues λ, λ' and μ.

    Its i-th entry is β_i times ‖q‖²(ridge + μ_i[(g − m)λ'_i + m(λ'_i − λ_i)]) − sμ_iλ_i², m = n+1.
    The term λ'_iμ_i of the ridge and that of s cancel, in one dimension all but the noise, so they
    are taken out: ‖q‖² − λ_iβᵀΣ_xβ = Σ_l λ_lβ_l²(λ_l − λ_i).
    """
    features, prior, source = (
        matrix.diagonal() for matrix in (problem.features, problem.prior, problem.source_features)
    )
    m = problem.context_length + 1.0
    energies = features * problem.task**2
    mean_square, energy = float(energies @ features), float(np.sum(energies))
    ridge_of_others = sum_of_others(source * prior) + problem.source_noise_variance
    mismatch = (gram_factor - m) * source + (m + 1.0) * (source - features)
    spectral_gap = mean_square - features * energy - features * problem.noise_variance
    return np.asarray(
        problem.task
        * (mean_square * (ridge_of_others + prior * mismatch) + prior * features * spectral_gap)
    )


def sum_of_others(values: FloatArray) -> FloatArray:
    """Return Σ_{j≠i} v_j for every i, without subtracting v_i from the total."""
    before = np.concatenate([[0.0], np.cumsum(values[:-1])])
    after = np.concatenate([np.cumsum(values[:0:-1])[::-1], [0.0]])
    return np.asarray(before + after)


def _label_variance(problem: Problem) -> float:
    return float(problem.task @ (problem.features @ problem.task)) + problem.noise_variance
