"""The exact values of all names for one setting, whose numbers are rational."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import flint

from ttt_theory.linear.exact.exact_numbers import (
    ExactNumbers,
    InexactCovarianceError,
    exact_curve,
)
from ttt_theory.linear.setting.setting import check_defaults
from ttt_theory.statements.evaluation import Values

if TYPE_CHECKING:
    from ttt_theory.checks import ObjectArray
    from ttt_theory.linear.exact.curve import Curve
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["NotExactError", "setting_values"]


class NotExactError(Exception):
    """A covariance is not known exactly, or is one only up to the rounding of its numbers."""


def setting_values(setting: Setting) -> Values:
    """Return the values of all names.

    Parameters
    ----------
    setting : Setting
        Each of its floats stands for the shortest decimal that denotes it.

    Returns
    -------
    Values
        A quantity without a start has the setting's own; warm is its pretrained weights and cold is
        zero.  All are exact, by theory.md, section 2.

    Raises
    ------
    NotExactError
        If the entries of a covariance are known in float64 alone, or it has an eigenvalue below
        zero, however small: the risk might then be negative.
    """
    fields = ("evaluation", "step_rule", "task", "feature_law")
    check_defaults(setting, "a statement on a setting", *fields)
    try:
        numbers = ExactNumbers.of(setting, lambda value: Fraction(repr(value)))
    except InexactCovarianceError as error:
        reason = f"{error}, which proves nothing; see Covariance.exact_matrix"
        raise NotExactError(reason) from None
    covariances = {
        "feature_covariance": numbers.features,
        "task_covariance": numbers.prior,
        "pretraining.feature_covariance": numbers.source_features,
    }
    for name, matrix in covariances.items():
        if not _is_positive_semidefinite(_matrix(matrix)):
            raise NotExactError(f"{name}: its decimals, as exact ones, give a negative eigenvalue")
    task = [_number(value) for value in numbers.task.ravel()]
    n, k = _number(numbers.context_length), _number(numbers.test_samples)
    d = flint.fmpq(len(task))
    square = sum((value**2 for value in task), flint.fmpq(0))
    noise = _number(numbers.noise_variance)
    symbols = {"n": n, "k": k, "d": d, "norm2": square, "noise": noise}
    symbols |= {"alpha": n / d, "gamma": k / d}

    @cache
    def curve(start: str | None, n: flint.fmpq, k: flint.fmpq) -> Curve:
        factor = None if start is None else Fraction(start == "warm")
        source = numbers.source_context_length
        resized = dataclasses.replace(
            numbers,
            context_length=n,
            test_samples=k,
            # A model that is pretrained at the length of its prompts is so at any.
            source_context_length=n if source == numbers.context_length else source,
        )
        return exact_curve(resized, _matrix, _number, factor)

    def quantity(name: str, start: str | None, sizes: Mapping[str, flint.fmpq]) -> flint.fmpq:
        found = curve(start, sizes.get("n", n), sizes.get("k", k))
        return flint.fmpq(getattr(found, name))

    return Values(symbols, quantity)


def _number(value: Fraction | int | flint.fmpq) -> flint.fmpq:
    if isinstance(value, flint.fmpq):
        return value
    return flint.fmpq(value.numerator, value.denominator)


def _matrix(array: ObjectArray) -> flint.fmpq_mat:
    rows, columns = array.shape
    entries = [_number(value) for value in array.ravel()]
    matrix: flint.fmpq_mat = flint.fmpq_mat(rows, columns, entries)
    return matrix


def _is_positive_semidefinite(matrix: flint.fmpq_mat) -> bool:
    """Whether the coefficients of the characteristic polynomial alternate in sign.

    They are the elementary symmetric polynomials of the eigenvalues, all real, which are not
    negative if and only if no eigenvalue is.
    """
    ascending = matrix.charpoly().coeffs()
    return all((-1) ** index * value >= 0 for index, value in enumerate(reversed(ascending)))
