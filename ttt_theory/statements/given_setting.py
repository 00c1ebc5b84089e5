"""The exact values of all names for one setting, whose floats are rational numbers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import flint

from ttt_theory.linear.closed_form import pretraining
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.curve import Curve
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

    features = _matrix(arrays["features"])

    @cache
    def curve(start: str | None, n: flint.fmpq, k: flint.fmpq) -> Curve:
        # A model that is pretrained at the length of its prompts is so at any.
        same = arrays["source_n"] == arrays["n"]
        given = {**arrays, "source_n": n if same else arrays["source_n"]}
        forms = _FractionForms(n, noise, features, task, _weights(given, start))
        return Assembly(n, k, noise, forms).curve

    def quantity(name: str, start: str | None, sizes: Mapping[str, flint.fmpq]) -> flint.fmpq:
        found = curve(start, sizes.get("n", n), sizes.get("k", k))
        return flint.fmpq(getattr(found, name))

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


class _FractionForms:
    """Forms and traces in fractions; see `ttt_theory.linear.exact.assembly.Forms`."""

    def __init__(
        self, n: flint.fmpq, noise: flint.fmpq, features: Matrix, task: Matrix, weights: Matrix
    ) -> None:
        square = features * features
        mean = features * task
        self._weights = weights
        self._powers = {1: features, 2: square, 3: square * features}
        self._vectors = {
            "bias": task - weights * mean * n,
            "shift_0": weights * mean,
            "shift_1": weights * (features * mean),
            "shift_2": weights * (square * mean),
        }
        self.label_variance = _inner(task, mean) + noise
        self.mean_square = _inner(mean, mean)
        self.mean_energy = _inner(mean, features * mean)
        self.feature_square_trace = _inner(features, features)

    def form(self, left: str, power: int, right: str) -> flint.fmpq:
        return _inner(self._vectors[left], self._powers[power] * self._vectors[right])

    def spread(self, power: int, inner: int) -> flint.fmpq:
        return _inner(self._powers[power], self._spread[inner])

    @cached_property
    def _spread(self) -> dict[int, Matrix]:
        transposed = self._weights.transpose()
        return {each: self._weights * self._powers[each] * transposed for each in self._powers}
