"""The one-step risk of a setting in exact arithmetic: by fractions, or by long decimal numbers.

The matrices come from the parameters of the covariances, so that nothing is rounded but what the
arithmetic itself rounds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import Number, ObjectArray, exactly
from ttt_theory.linear.closed_form import pretraining
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.random_task import GaussianTasks, random_task_curve
from ttt_theory.linear.setting.random_task import RandomTask
from ttt_theory.structured.base import StructuredMatrix, dense

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance
    from ttt_theory.linear.exact.context_moments import PowerForms
    from ttt_theory.linear.exact.curve import Curve
    from ttt_theory.linear.setting.setting import Setting

__all__ = [
    "ExactNumbers",
    "InexactCovarianceError",
    "exact_curve",
    "exact_parts",
    "exact_weights",
]


class InexactCovarianceError(Exception):
    """A covariance is known in float64 alone."""


@dataclass(frozen=True)
class ExactNumbers:
    """All numbers of a setting, of one kind.

    Attributes
    ----------
    context_length, test_samples, source_context_length : number
        n and k, and n at pretraining.
    noise_variance, source_noise_variance : number
        σ², and σ² at pretraining.
    features, prior, source_features : ndarray of object, shape (d, d)
        Σ_x, Σ_β, and Σ_x at pretraining.
    task : ndarray of object, shape (d, 1)
        β, or its mean where it is random.
    task_spread : ndarray of object, shape (d, d), or None
        The covariance of the task, where it is random.
    factor : number
        The start's multiple of W*.
    weights : ndarray of object, shape (d, d), or None
        The weights themselves, if they are given.
    """

    context_length: Any
    test_samples: Any
    source_context_length: Any
    noise_variance: Any
    source_noise_variance: Any
    features: ObjectArray
    prior: ObjectArray
    source_features: ObjectArray
    task: ObjectArray
    task_spread: ObjectArray | None
    factor: Any
    weights: ObjectArray | None

    @classmethod
    def of(cls, setting: Setting, number: Number) -> ExactNumbers:
        """Read the numbers off a setting.

        Parameters
        ----------
        setting : Setting
        number : callable
            Turns an int or a float into a number of the kind wanted.

        Raises
        ------
        InexactCovarianceError
            If a covariance is known in float64 alone.
        """
        source, start = setting.pretraining, setting.initialization
        covariances = {
            "feature_covariance": setting.feature_covariance,
            "task_covariance": setting.task_covariance,
            "pretraining.feature_covariance": source.feature_covariance,
        }
        random = setting.task if isinstance(setting.task, RandomTask) else None
        if random is not None:
            covariances["task.covariance"] = random.covariance
        known: dict[int, ObjectArray] = {}
        for name, covariance in covariances.items():
            if id(covariance) not in known:
                known[id(covariance)] = _exact_matrix(name, covariance, number)
        features, prior, source_features, *spreads = (
            known[id(each)] for each in covariances.values()
        )
        task = setting.fixed_task if random is None else random.mean
        return cls(
            context_length=number(setting.context_length),
            test_samples=number(setting.test_samples),
            source_context_length=number(source.context_length),
            noise_variance=number(setting.noise_variance),
            source_noise_variance=number(source.noise_variance),
            features=features,
            prior=prior,
            source_features=source_features,
            task=exactly(task, number)[:, None],
            task_spread=spreads[0] if spreads else None,
            factor=number(start.factor),
            weights=None if start.matrix is None else exactly(start.matrix, number),
        )


def _exact_matrix(name: str, covariance: Covariance, number: Number) -> ObjectArray:
    matrix = covariance.exact_matrix(number)
    if matrix is not None:
        return matrix
    entries = covariance.matrix()
    if not isinstance(entries, StructuredMatrix):
        array = dense(entries)
        if all(map(_is_short, array.ravel().tolist())):
            return exactly(array, number)
    kind = type(covariance).__name__
    raise InexactCovarianceError(f"{name}: the entries of {kind} are known in float64 alone")


def _is_short(value: float) -> bool:
    """Whether a float was written rather than computed, as far as its digits tell.

    Any decimal of 15 digits is the shortest one that denotes its float; what was rounded, such as
    1/3 or 0.1 + 0.2, takes 16 or 17, but for chance.
    """
    return len(Decimal(repr(value)).normalize().as_tuple().digits) <= sys.float_info.dig


def exact_parts(
    numbers: ExactNumbers,
    matrix: Callable[[ObjectArray], Any],
    scalar: Callable[[Any], Any],
    factor: Any = None,
) -> tuple[Assembly, PowerForms]:
    """Return the parts of the risk of a fixed task, and the forms that it depends on.

    The parameters are those of `exact_curve`.
    """
    n, k = scalar(numbers.context_length), scalar(numbers.test_samples)
    noise = scalar(numbers.noise_variance)
    weights = exact_weights(numbers, matrix, scalar, factor)
    forms = MatrixForms(n, noise, matrix(numbers.features), matrix(numbers.task), weights)
    return Assembly(n, k, noise, forms), forms


def exact_curve(
    numbers: ExactNumbers,
    matrix: Callable[[ObjectArray], Any],
    scalar: Callable[[Any], Any],
    factor: Any = None,
) -> Curve:
    """Return R(η) = c0 − c1η + c2η² of a setting's numbers.

    Parameters
    ----------
    numbers : ExactNumbers
    matrix : callable
        Makes of an array a matrix as python-flint's are: it knows ``+ *``, products with numbers,
        `transpose`, `solve` and `entries`.
    scalar : callable
        Turns one of the numbers into one by which such a matrix can be multiplied.
    factor : number, optional
        The multiple of W* to start from; the setting's own start without it.
    """
    if numbers.task_spread is None:
        return exact_parts(numbers, matrix, scalar, factor)[0].curve
    n, k = scalar(numbers.context_length), scalar(numbers.test_samples)
    noise = scalar(numbers.noise_variance)
    features, task = matrix(numbers.features), matrix(numbers.task)
    weights = exact_weights(numbers, matrix, scalar, factor)
    spread, moment = _Entries.of(matrix(numbers.task_spread)), _Entries.of(features)
    start = _Entries.of(weights)
    error = (start @ moment * -n).shifted(1)
    mean = np.array(task.entries(), dtype=object)
    return random_task_curve(n, k, noise, GaussianTasks(moment, start, error, mean, spread))


def exact_weights(
    numbers: ExactNumbers,
    matrix: Callable[[ObjectArray], Any],
    scalar: Callable[[Any], Any],
    factor: Any = None,
) -> Any:
    """Return a multiple of W* = Σ_β[(n+1)Σ_xΣ_β + (tr Σ_xΣ_β + σ²)I]⁻¹, or the weights given.

    The parameters are those of `exact_curve`.
    """
    if factor is None and numbers.weights is not None:
        return matrix(numbers.weights)
    multiple = scalar(numbers.factor if factor is None else factor)
    prior, features = matrix(numbers.prior), matrix(numbers.source_features)
    ridge = pretraining.ridge(_inner(features, prior), scalar(numbers.source_noise_variance))
    if ridge == 0 or multiple == 0:
        return prior * (multiple - multiple)
    gram_factor = pretraining.gram_factor(scalar(numbers.source_context_length))
    gram = features * prior * gram_factor + matrix(np.eye(len(numbers.task), dtype=object)) * ridge
    # W(gram) = Σ_β, solved through its transpose.
    return gram.transpose().solve(prior.transpose()).transpose() * multiple


def _inner(left: Any, right: Any) -> Any:
    """tr(leftᵀ right)."""
    products = [one * other for one, other in zip(left.entries(), right.entries(), strict=True)]
    return sum(products[1:], products[0])


@dataclass(frozen=True)
class _Entries:
    """A square matrix by its entries, with the operations of `BlockMatrix`."""

    array: ObjectArray

    @classmethod
    def of(cls, matrix: Any) -> _Entries:
        entries = matrix.entries()
        size = math.isqrt(len(entries))
        return cls(np.array(entries, dtype=object).reshape(size, size))

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, _Entries):
            return _Entries(self.array @ other.array)
        return self.array @ other

    def __add__(self, other: _Entries) -> _Entries:
        return _Entries(self.array + other.array)

    def __mul__(self, factor: Any) -> _Entries:
        return _Entries(self.array * factor)

    def shifted(self, value: Any) -> _Entries:
        return _Entries(self.array + value * np.eye(len(self.array), dtype=object))

    @property
    def T(self) -> _Entries:  # noqa: N802
        return _Entries(self.array.T)

    def inner(self, other: _Entries) -> Any:
        return (self.array * other.array).sum()


class MatrixForms:
    """Forms and traces of matrices; see `ttt_theory.linear.exact.context_moments.PowerForms`."""

    def __init__(self, n: Any, noise: Any, features: Any, task: Any, weights: Any) -> None:
        mean = features * task
        self._task, self._weights, self._mean = task, weights, mean
        self._bias = task - weights * mean * n
        self._powers = {1: features}
        self._spreads: dict[int, Any] = {}
        self.label_variance = _inner(task, mean) + noise
        self.mean_square = _inner(mean, mean)
        self.mean_energy = self.mean_form(1)
        self.feature_square_trace = self.feature_trace(2)

    def mean_form(self, power: int) -> Any:
        """Return qᵀΣ_x^power q, which is βᵀΣ_x^(power + 2) β."""
        return _inner(self._mean, self._power(power + 1) * self._task)

    def feature_trace(self, power: int) -> Any:
        if power == 1:
            first, *others = self._power(1).entries()[:: len(self._task.entries()) + 1]
            return sum(others, first)
        return _inner(self._power(1), self._power(power - 1))

    def form(self, left: str, power: int, right: str) -> Any:
        return _inner(self._vector(left), self._power(power) * self._vector(right))

    def spread(self, power: int, inner: int) -> Any:
        if inner not in self._spreads:
            self._spreads[inner] = self._weights * self._power(inner) * self._weights.transpose()
        return _inner(self._power(power), self._spreads[inner])

    def _vector(self, name: str) -> Any:
        if name == "bias":
            return self._bias
        return self._weights * (self._power(int(name.removeprefix("shift_")) + 1) * self._task)

    def _power(self, power: int) -> Any:
        if power not in self._powers:
            self._powers[power] = self._power(power - 1) * self._powers[1]
        return self._powers[power]
