"""The scalars that the one-step risk depends on, computed from a problem's matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.exact.weights import starting_weights

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray
    from ttt_theory.coordinates.block_matrix import BlockMatrix
    from ttt_theory.linear.exact.problem import Problem

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
        energy_direction = features @ mean
        shifts = [weights @ each for each in (mean, energy_direction, features @ energy_direction)]
        left, right = features @ weights, weights @ features
        both = left @ features
        both_left, both_right = features @ both, both @ features
        # By the weighting's power of Σ_x, then the spread's: tr(Σ_x^p W Σ_x^r Wᵀ), as W is
        # traced with Σ_x^pWΣ_x^r, whose factors are moved to where they are needed anyway.
        spreads = {
            1: {1: _inner(weights, both), 3: _inner(right, both_right)},
            3: {1: _inner(left, both_left), 3: _inner(both_left, both_right)},
        }
        context = {
            "context_length": n,
            "label_variance": label_variance,
            "mean_square": mean_square,
            "mean_energy": float(mean @ energy_direction),
            "feature_square_trace": _inner(features, features),
        }

        def weighted(power: int, *vectors: FloatArray) -> list[FloatArray]:
            columns = np.array(vectors).T
            for _ in range(power):
                columns = features @ columns
            return list(columns.T)

        def product_arguments(power: int) -> dict[str, float]:
            bias, shift_0, shift_1 = weighted(power, mean_error, *shifts[:2])
            return context | {
                "bias_bias": _dot(bias, mean_error),
                "bias_shift_0": _dot(bias, shifts[0]),
                "bias_shift_1": _dot(bias, shifts[1]),
                "bias_shift_2": _dot(bias, shifts[2]),
                "shift_00": _dot(shift_0, shifts[0]),
                "shift_01": _dot(shift_0, shifts[1]),
                "shift_02": _dot(shift_0, shifts[2]),
                "shift_11": _dot(shift_1, shifts[1]),
                "spread_1": spreads[power][1],
                "spread_3": spreads[power][3],
            }

        first, third = product_arguments(1), product_arguments(3)
        bias, shift = weighted(2, mean_error, shifts[0])
        return cls(
            mean_error=mean_error,
            mean_step=features @ (n**2 * start.mean_overlap),
            bias_bias=first["bias_bias"],
            error_variance=one_step.error_variance(
                n, label_variance, first["shift_00"], first["spread_1"]
            ),
            mean_gradient_square=_mean_gradient_square(
                features @ start.mean_overlap, both.T, mean, label_variance
            ),
            coupling=one_step.coupling(
                n,
                label_variance,
                mean_square,
                bias_shift_0=_dot(bias, shifts[0]),
                bias_shift_1=_dot(bias, shifts[1]),
                shift_00=_dot(shift, shifts[0]),
                shift_01=_dot(shift, shifts[1]),
                spread_2=_inner(both, both),
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


def _dot(left: FloatArray, right: FloatArray) -> float:
    return float(left @ right)


def _inner(left: BlockMatrix, right: BlockMatrix) -> float:
    """tr(leftᵀ right)."""
    return left.inner(right)


def _mean_gradient_square(
    parallel: FloatArray, weights: BlockMatrix, mean: FloatArray, label_variance: float
) -> float:
    """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², split into its parts along and across q.

    The part along q is Σ_x(‖q‖²(b − Wq) − sWΣ_xq)/‖q‖, given as `parallel` before the division; the
    part across is s(I − q̂q̂ᵀ)Σ_xWᵀΣ_x, with Σ_xWᵀΣ_x given as `weights`.  Expanding the square
    instead would cancel where one direction dominates; in one dimension all of it.
    """
    mean_square = float(mean @ mean)
    if mean_square == 0.0:
        return label_variance**2 * _inner(weights, weights)
    across = weights.across_square(mean)
    return float(parallel @ parallel) / mean_square + label_variance**2 * across
