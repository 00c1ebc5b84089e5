"""The scalars that the one-step risk depends on, computed from a problem's matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.closed_form import one_step
from ttt_theory.problem import is_diagonal
from ttt_theory.weights import starting_weights, sum_of_others

if TYPE_CHECKING:
    from ttt_theory.errors import FloatArray
    from ttt_theory.problem import Matrix, Problem

__all__ = ["Invariants"]


@dataclass(frozen=True)
class Invariants:
    """What `one_step`'s formulas take, in the units of the problem.

    Attributes
    ----------
    mean_error : ndarray, shape (d,)
        b = E[e] = β − nWΣ_xβ.
    mean_step : ndarray, shape (d,)
        What the step takes off the mean error, per unit of κ = 2kη.
    bias_bias, error_variance : float
        bᵀΣ_xb and E[eᵀΣ_xe] − bᵀΣ_xb.
    mean_gradient_square : float
        ‖E[gradient]Σ_x^½‖² without its factors in n and k.
    coupling, centred_product_moment_3 : float
        The step's cross term and second-order term about its mean.
    pieces : dict
        The remaining moments, by the names of the formulas' parameters.
    """

    mean_error: FloatArray
    mean_step: FloatArray
    bias_bias: float
    error_variance: float
    mean_gradient_square: float
    coupling: float
    centred_product_moment_3: float
    pieces: dict[str, float]

    @classmethod
    def of(cls, problem: Problem) -> Invariants:
        """Compute the invariants: O(d) for diagonal matrices, O(d³) for dense ones."""
        n, features = problem.context_length, problem.features
        start = starting_weights(problem)
        weights = start.matrix
        mean = features @ problem.task
        mean_error = start.mean_error
        label_variance = float(problem.task @ mean) + problem.noise_variance
        mean_square = float(mean @ mean)
        square = features @ features
        cube = square @ features
        powers = {1: features, 2: square, 3: cube}
        shifts = [weights @ mean, weights @ (features @ mean), weights @ (square @ mean)]
        spreads = {power: weights @ matrix @ weights.T for power, matrix in powers.items()}
        context = {
            "context_length": n,
            "label_variance": label_variance,
            "mean_square": mean_square,
            "mean_energy": float(mean @ (features @ mean)),
            "feature_square_trace": _inner(features, features),
        }

        def product_arguments(weighting: Matrix) -> dict[str, float]:
            return context | {
                "bias_bias": _form(mean_error, weighting, mean_error),
                "bias_shift_0": _form(mean_error, weighting, shifts[0]),
                "bias_shift_1": _form(mean_error, weighting, shifts[1]),
                "bias_shift_2": _form(mean_error, weighting, shifts[2]),
                "shift_00": _form(shifts[0], weighting, shifts[0]),
                "shift_01": _form(shifts[0], weighting, shifts[1]),
                "shift_02": _form(shifts[0], weighting, shifts[2]),
                "shift_11": _form(shifts[1], weighting, shifts[1]),
                "spread_1": _inner(weighting, spreads[1]),
                "spread_3": _inner(weighting, spreads[3]),
            }

        first, third = product_arguments(features), product_arguments(cube)
        return cls(
            mean_error=mean_error,
            mean_step=features @ (n**2 * start.mean_overlap),
            bias_bias=first["bias_bias"],
            error_variance=one_step.error_variance(
                n, label_variance, first["shift_00"], first["spread_1"]
            ),
            mean_gradient_square=_mean_gradient_square(
                features @ start.mean_overlap, features @ weights.T @ features, mean, label_variance
            ),
            coupling=one_step.coupling(
                n,
                label_variance,
                mean_square,
                bias_shift_0=_form(mean_error, square, shifts[0]),
                bias_shift_1=_form(mean_error, square, shifts[1]),
                shift_00=_form(shifts[0], square, shifts[0]),
                shift_01=_form(shifts[0], square, shifts[1]),
                spread_2=_inner(square, spreads[2]),
            ),
            centred_product_moment_3=one_step.centred_product_moment(**third),
            pieces={
                "product_moment_1": one_step.product_moment(**first),
                "product_moment_3": one_step.product_moment(**third),
                "overlap_moment": one_step.overlap_moment(**context),
                "feature_square_trace": context["feature_square_trace"],
                "noise_variance": problem.noise_variance,
            },
        )


def _form(left: FloatArray, matrix: Matrix, right: FloatArray) -> float:
    return float(left @ (matrix @ right))


def _inner(left: Matrix, right: Matrix) -> float:
    """tr(leftᵀ right)."""
    return float((left * right).sum())


def _mean_gradient_square(
    parallel: FloatArray, weights: Matrix, mean: FloatArray, label_variance: float
) -> float:
    """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², split into its parts along and across q.

    The part along q is Σ_x(‖q‖²(b − Wq) − sWΣ_xq)/‖q‖, given as `parallel` before the division; the
    part across is s(I − q̂q̂ᵀ)Σ_xWᵀΣ_x, with Σ_xWᵀΣ_x given as `weights`.  Expanding the square
    instead would cancel where one direction dominates; in one dimension all of it.
    """
    mean_square = float(mean @ mean)
    if mean_square == 0.0:
        return label_variance**2 * _inner(weights, weights)
    if is_diagonal(weights):
        # 1 − q̂_i² is the share of the other coordinates.
        across = float(weights.diagonal() ** 2 @ (sum_of_others(mean**2) / mean_square))
    else:
        direction = mean / math.sqrt(mean_square)
        rest = weights - np.outer(direction, direction @ weights)
        across = float(np.sum(rest * rest))
    return float(parallel @ parallel) / mean_square + label_variance**2 * across
