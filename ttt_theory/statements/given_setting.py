"""The exact values of all names for one setting, whose floats are rational numbers."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import flint

from ttt_theory.linear.closed_form import one_step, pretraining
from ttt_theory.statements.evaluation import Values

__all__ = ["setting_values"]

Matrix = flint.fmpq_mat


def setting_values(arrays: dict[str, Any]) -> Values:
    """Return the values of all names.

    Parameters
    ----------
    arrays : dict
        `n`, `k` and the arrays of a setting, as `check` passes them on.

    Returns
    -------
    Values
        A quantity without a start has the setting's own; warm is its pretrained weights and cold is
        zero.  All are exact, by theory.md, section 2.
    """
    task = _matrix(arrays["task"].reshape(-1, 1))
    n, k = flint.fmpq(int(arrays["n"])), flint.fmpq(int(arrays["k"]))
    d, noise = flint.fmpq(task.nrows()), _exact(arrays["noise"])
    symbols = {"n": n, "k": k, "d": d, "norm2": _inner(task, task), "noise": noise}
    symbols |= {"alpha": n / d, "gamma": k / d}

    @cache
    def coefficients(start: str | None) -> tuple[flint.fmpq, flint.fmpq, flint.fmpq]:
        return _risk_coefficients(arrays, task, _weights(arrays, start), symbols)

    def quantity(name: str, start: str | None) -> flint.fmpq:
        constant, linear, quadratic = coefficients(start)
        if name == "risk_before":
            return constant
        if linear == 0:
            # Then the risk does not depend on the step.
            return constant if name == "risk_after" else flint.fmpq(0)
        if name == "step_size":
            return flint.fmpq(one_step.step_size(linear, quadratic))
        improvement: flint.fmpq = one_step.improvement(linear, quadratic)
        return improvement if name == "improvement" else constant - improvement

    return Values(symbols, quantity)


def _exact(value: float) -> flint.fmpq:
    return flint.fmpq(*Fraction(float(value)).as_integer_ratio())


def _matrix(array: Any) -> Matrix:
    rows, columns = array.shape
    return Matrix(rows, columns, [_exact(value) for value in array.ravel()])


def _inner(left: Matrix, right: Matrix) -> flint.fmpq:
    """tr(leftᵀ right)."""
    pairs = zip(left.entries(), right.entries(), strict=True)
    return sum((one * other for one, other in pairs), flint.fmpq(0))


def _form(left: Matrix, matrix: Matrix, right: Matrix) -> flint.fmpq:
    return _inner(left, matrix * right)


def _weights(arrays: dict[str, Any], start: str | None) -> Matrix:
    """Return a multiple of W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹, or the weights given."""
    dim = len(arrays["task"])
    if start is None and arrays["weights"] is not None:
        return _matrix(arrays["weights"])
    factor = _exact(arrays["factor"]) if start is None else flint.fmpq(int(start == "warm"))
    prior, features = _matrix(arrays["prior"]), _matrix(arrays["source_features"])
    ridge = pretraining.ridge(_inner(features, prior), _exact(arrays["source_noise"]))
    if ridge == 0 or factor == 0:
        return Matrix(dim, dim)
    identity = Matrix(dim, dim, [int(i == j) for i in range(dim) for j in range(dim)])
    gram_factor = pretraining.gram_factor(flint.fmpq(int(arrays["source_n"])))
    gram = features * prior * gram_factor + identity * ridge
    # W(gram) = Σ_β, solved through its transpose.
    solution: Matrix = gram.transpose().solve(prior.transpose()).transpose()
    return solution * factor


def _risk_coefficients(
    arrays: dict[str, Any], task: Matrix, weights: Matrix, symbols: dict[str, flint.fmpq]
) -> tuple[flint.fmpq, flint.fmpq, flint.fmpq]:
    n, k, noise = symbols["n"], symbols["k"], symbols["noise"]
    features = _matrix(arrays["features"])
    square = features * features
    cube = square * features
    mean = features * task
    mean_error = task - weights * mean * n
    label_variance = _inner(task, mean) + noise
    shifts = [weights * mean, weights * (features * mean), weights * (square * mean)]
    spreads = {1: weights * features * weights.transpose()}
    spreads[3] = weights * cube * weights.transpose()
    context = {
        "context_length": n,
        "label_variance": label_variance,
        "mean_square": _inner(mean, mean),
        "mean_energy": _form(mean, features, mean),
        "feature_square_trace": _inner(features, features),
    }

    def arguments(weighting: Matrix) -> dict[str, flint.fmpq]:
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

    first, third = arguments(features), arguments(cube)
    gradient = mean * (mean_error - weights * mean).transpose() * features
    gradient = gradient - features * weights.transpose() * features * label_variance
    error_variance = one_step.error_variance(
        n, label_variance, first["shift_00"], first["spread_1"]
    )
    constant = one_step.constant(noise, first["bias_bias"], error_variance)
    linear = one_step.linear(n, k, _inner(gradient, gradient))
    quadratic = one_step.quadratic(
        test_samples=k,
        product_moment_1=one_step.product_moment(**first),
        product_moment_3=one_step.product_moment(**third),
        overlap_moment=one_step.overlap_moment(**context),
        feature_square_trace=context["feature_square_trace"],
        noise_variance=noise,
    )
    return constant, linear, quadratic
