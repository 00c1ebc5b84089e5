"""Risks in decimal numbers of as many digits as it takes."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.linear.exact.exact_numbers import ExactNumbers, exact_curve, exact_parts
from ttt_theory.linear.setting.random_task import RandomTask

if TYPE_CHECKING:
    from ttt_theory.checks import ObjectArray
    from ttt_theory.linear.exact.assembly import Assembly
    from ttt_theory.linear.exact.context_moments import PowerForms
    from ttt_theory.linear.exact.curve import Curve
    from ttt_theory.linear.setting.setting import Setting

__all__ = [
    "LARGEST_DIM",
    "Evaluate",
    "best_step",
    "decimal_curve",
    "decimal_parts",
    "in_long_decimals",
    "largest_dim",
]

LARGEST_DIM = 64
"""Largest dimension; it takes about a second, and eight times as long at twice the size."""

_LARGEST_RANDOM_DIM = 24
"""The same for a random task, which takes some twenty times as many products of matrices."""

_DIGITS = (80, 160, 320, 640, 1280)
_AGREEMENT = Decimal("1e-20")


def largest_dim(setting: Setting) -> int:
    """Return the largest dimension at which longer numbers are used for settings like one."""
    return _LARGEST_RANDOM_DIM if isinstance(setting.task, RandomTask) else LARGEST_DIM


Evaluate = Callable[[ExactNumbers, Decimal, Decimal], list[Decimal]]
"""Takes a setting's numbers, what share of one is negligible, and the largest that c0 could be."""


def in_long_decimals(setting: Setting, evaluate: Evaluate) -> list[Fraction] | None:
    """Return what a function makes of a setting's risk, correct to float64.

    Every float of the setting is taken for the number that its 53 bits denote.

    Parameters
    ----------
    setting : Setting
        Of at most `largest_dim` dimensions.
    evaluate : Evaluate

    Returns
    -------
    list of Fraction, or None
        In fractions, so that whoever uses it needs no such precision.  None where Σ_x, Σ_β or Σ_x
        at pretraining is positive semi-definite only up to the rounding of its parameters, or where
        no number of digits is enough.

    Raises
    ------
    InexactCovarianceError
        If a covariance is known in float64 alone.
    """
    before = None
    for digits in _DIGITS:
        with decimal.localcontext(_context(digits)):
            negligible = Decimal(10) ** (-digits // 2)
            numbers = ExactNumbers.of(setting, Decimal)
            spread = numbers.task_spread
            for matrix in (numbers.features, numbers.prior, numbers.source_features, spread):
                if matrix is not None and not _is_positive_semidefinite(matrix, negligible):
                    return None
            # What cancels in the signal: coordinates without a task may be on another scale.
            signal = numbers.features.diagonal() @ numbers.task.ravel() ** 2
            if spread is not None:
                signal += numbers.features.diagonal() @ spread.diagonal()
            values = evaluate(numbers, negligible, signal + numbers.noise_variance)
            if before and _agree(before, values):
                return [Fraction(value) for value in values]
            before = values
    return None


def decimal_curve(numbers: ExactNumbers) -> Curve:
    """Return the one-step risk on a fresh context, in the current precision."""
    return exact_curve(numbers, _DecimalMatrix, Decimal)


def decimal_parts(numbers: ExactNumbers) -> tuple[Assembly, PowerForms]:
    """Return the parts of the risk of a fixed task, and its forms, in the current precision."""
    return exact_parts(numbers, _DecimalMatrix, Decimal)


def best_step(curve: Curve, negligible: Decimal, largest: Decimal) -> list[Decimal]:
    """Return c0, c1, c2 and the risk after the best step, as an `Evaluate` of them does."""
    if curve.constant <= negligible * largest:
        # No error is left, so that no step changes anything.
        return [Decimal(0)] * 4
    bound = 2 * (curve.constant * curve.quadratic).sqrt()  # of c1, as no risk is negative
    linear = curve.linear if abs(curve.linear) > negligible * bound else Decimal(0)
    improvement = linear**2 / (4 * curve.quadratic) if linear else linear
    risk_after = curve.constant - improvement
    if risk_after <= negligible * curve.constant:
        risk_after = Decimal(0)
    return [curve.constant, linear, curve.quadratic, risk_after]


def _context(digits: int) -> decimal.Context:
    return decimal.Context(
        prec=digits,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=decimal.MIN_EMIN,
        Emax=decimal.MAX_EMAX,
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
    )


def _agree(values: list[Decimal], others: list[Decimal]) -> bool:
    pairs = zip(values, others, strict=True)
    return all(abs(one - other) <= _AGREEMENT * abs(other) for one, other in pairs)


def _is_positive_semidefinite(matrix: ObjectArray, negligible: Decimal) -> bool:
    """Whether no pivot of the symmetric elimination is negative, the largest coming first."""
    rest = matrix.copy()
    least = -negligible * max(rest.diagonal())
    while len(rest):
        diagonal = rest.diagonal()
        index = int(np.argmax(diagonal))
        pivot = diagonal[index]
        if min(diagonal) < least:
            return False
        if pivot <= -least:
            return bool(np.all(np.abs(rest) <= -least))
        column = np.delete(rest[:, index], index)
        rest = np.delete(np.delete(rest, index, axis=0), index, axis=1)
        rest = rest - np.outer(column, column / pivot)
    return True


@dataclass(frozen=True)
class _DecimalMatrix:
    """A matrix of decimal numbers, as `exact_curve` wants one."""

    array: ObjectArray

    def __mul__(self, other: Any) -> _DecimalMatrix:
        if isinstance(other, _DecimalMatrix):
            return _DecimalMatrix(self.array @ other.array)
        return _DecimalMatrix(self.array * other)

    def __add__(self, other: _DecimalMatrix) -> _DecimalMatrix:
        return _DecimalMatrix(self.array + other.array)

    def __sub__(self, other: _DecimalMatrix) -> _DecimalMatrix:
        return _DecimalMatrix(self.array - other.array)

    def transpose(self) -> _DecimalMatrix:
        return _DecimalMatrix(self.array.T)

    def entries(self) -> list[Decimal]:
        return list(self.array.ravel())

    def solve(self, right: _DecimalMatrix) -> _DecimalMatrix:
        """Return self⁻¹ right, by elimination with pivots."""
        size = len(self.array)
        table = np.concatenate([self.array, right.array], axis=1)
        for column in range(size):
            pivot = column + int(np.argmax(np.abs(table[column:, column])))
            table[[column, pivot]] = table[[pivot, column]]
            table[column, column:] = table[column, column:] / table[column, column]
            others = np.arange(size) != column
            factors = table[others, column]
            table[others, column:] = table[others, column:] - np.outer(
                factors, table[column, column:]
            )
        return _DecimalMatrix(table[:, size:])
