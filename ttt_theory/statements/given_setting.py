"""The exact values of all names for one setting, whose numbers are rational."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import flint
import numpy as np

from ttt_theory.errors import StatementError
from ttt_theory.linear.exact import two_steps
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.exact_numbers import (
    ExactNumbers,
    InexactCovarianceError,
    exact_parts,
    exact_weights,
)
from ttt_theory.linear.exact.isotropic_numbers import IsotropicNumbers
from ttt_theory.linear.setting.setting import check_defaults
from ttt_theory.statements.evaluation import Values
from ttt_theory.statements.vocabulary import of_descent

if TYPE_CHECKING:
    from ttt_theory.checks import ObjectArray
    from ttt_theory.linear.setting.setting import Setting
    from ttt_theory.statements.syntax import Quantity

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
        A quantity without a start or an evaluation has the setting's own; warm is its pretrained
        weights and cold is zero.  All are exact, by theory.md, section 2.

    Raises
    ------
    InvalidSettingError
        If its task is random, its steps are normalised or its features are not Gaussian.
    NotExactError
        If the entries of a covariance are known in float64 alone, or it has an eigenvalue below
        zero, however small: the risk might then be negative.
    """
    check_defaults(setting, "a statement on a setting", "step_rule", "task", "feature_law")
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
    def descent(
        start: str | None, evaluation: str, n: flint.fmpq, k: flint.fmpq, steps: int
    ) -> Descent:
        factor = None if start is None else Fraction(start == "warm")
        source = numbers.source_context_length
        resized = dataclasses.replace(
            numbers,
            context_length=n,
            test_samples=k,
            # A model that is pretrained at the length of its prompts is so at any.
            source_context_length=n if source == numbers.context_length else source,
        )
        if steps <= two_steps.MOST_STEPS:
            parts, forms = exact_parts(resized, _matrix, _number, factor)
            if (evaluation, steps) == ("fresh", 1):
                # The same by fewer powers of large matrices.
                return Descent.of_curve(parts.curve)
            return two_steps.descent(evaluation, parts, forms, steps)
        return _isotropic_descent(resized, factor, evaluation, steps)

    def quantity(of: Quantity, sizes: Mapping[str, flint.fmpq], steps: Sequence[Any]) -> Any:
        evaluation = of.evaluation or setting.evaluation
        sized = (sizes.get("n", n), sizes.get("k", k))
        found = descent(of.start, evaluation, *sized, max(1, len(steps)))
        return of_descent(of.name, found, steps)

    return Values(symbols, quantity)


def _isotropic_descent(
    numbers: ExactNumbers, factor: Fraction | None, evaluation: str, steps: int
) -> Descent:
    """Return the risk after any number of steps, for multiples of the identity."""
    features, weights = _matrix(numbers.features), exact_weights(numbers, _matrix, _number, factor)
    identity = _matrix(np.eye(len(numbers.task), dtype=object))
    if any(each != identity * each[0, 0] for each in (features, weights)):
        raise StatementError(
            f"the risk after {steps} steps is known where the features' covariance and the weights "
            f"are multiples of the identity; in this setting give {two_steps.MOST_STEPS} at most"
        )
    found = IsotropicNumbers(
        int(numbers.context_length),
        int(numbers.test_samples),
        len(numbers.task),
        sum((value**2 for value in numbers.task.ravel()), Fraction(0)),
        numbers.noise_variance,
        _fraction(features[0, 0]),
        _fraction(weights[0, 0]),
        evaluation,
    ).descent(steps)
    return Descent(
        _number(found.constant),
        [_number(each) for each in found.linear],
        [[_number(each) for each in row] for row in found.quadratic],
    )


def _number(value: Fraction | int | flint.fmpq) -> flint.fmpq:
    if isinstance(value, flint.fmpq):
        return value
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: flint.fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


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
