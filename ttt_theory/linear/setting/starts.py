"""Where the gradient step starts from, and the pretraining that it may come of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ttt_theory.checks import FloatArray, checked_array, checked_integer, checked_number
from ttt_theory.covariance import FROM_FILE, LARGEST_DENSE_DIM, Covariance
from ttt_theory.errors import InvalidSettingError

__all__ = [
    "AS_AT_TEST_TIME",
    "LARGEST_COUNT",
    "DenseWeights",
    "Initialization",
    "PretrainedWeights",
    "Pretraining",
    "ZeroWeights",
    "check_covariance",
    "check_type",
]

LARGEST_COUNT = 10**15
"""Largest context length and number of test samples; a float still holds it exactly."""

# None stands for "as at test time". Typed Any so that `setting.pretraining.context_length`, which
# Setting makes concrete, has the type int.
AS_AT_TEST_TIME: Any = None


class Initialization:
    """The weights W that the gradient step starts from: f·W*, or a matrix that is given.

    Attributes
    ----------
    factor : float
        The multiple f of the pretrained optimum W*; plays no part where a matrix is given.
    matrix : ndarray of shape (d, d), or None
        The weights themselves, if they are given.
    """

    factor: float = 0.0
    matrix: FloatArray | None = None


@dataclass(frozen=True)
class ZeroWeights(Initialization):
    """Start from W = 0, the cold start.

    Examples
    --------
    >>> ZeroWeights()
    ZeroWeights()
    """


@dataclass(frozen=True)
class PretrainedWeights(Initialization):
    """Start from a multiple of the pretrained optimum W*, the warm start.

    Parameters
    ----------
    factor : float
        Multiplies W*; any finite number.

    Raises
    ------
    InvalidSettingError
        If `factor` is not a finite number.

    Examples
    --------
    >>> PretrainedWeights()
    PretrainedWeights(factor=1.0)
    """

    factor: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", checked_number("factor", self.factor))


@dataclass(frozen=True, eq=False)
class DenseWeights(Initialization):
    """Start from given weights W.

    Parameters
    ----------
    matrix : array_like of float, shape (d, d)
        Any finite square matrix, not necessarily symmetric; d at most 10,000.

    Raises
    ------
    InvalidSettingError
        If `matrix` is not such a matrix.

    Examples
    --------
    >>> DenseWeights([[0.0, 1.0], [0.5, 0.0]]).matrix.shape
    (2, 2)
    """

    matrix: FloatArray = field(metadata=FROM_FILE)

    def __post_init__(self) -> None:
        matrix = checked_array("matrix", self.matrix, 2, longest=LARGEST_DENSE_DIM)
        rows, columns = matrix.shape
        if rows != columns:
            raise InvalidSettingError(
                "matrix", matrix, f"give a square matrix of at most {LARGEST_DENSE_DIM} rows"
            )
        object.__setattr__(self, "matrix", matrix)


@dataclass(frozen=True)
class Pretraining:
    """The distribution of the pretraining prompts, where it differs from the test-time one.

    `Setting` fills what is not given from its own fields.

    Parameters
    ----------
    context_length : int, optional
        Labelled examples in a pretraining prompt, from 1 to 10**15.
    noise_variance : float, optional
        Variance of the label noise, at least 0.
    feature_covariance : Covariance, optional
        Covariance of the features.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range.

    Examples
    --------
    >>> Pretraining(noise_variance=0.5).noise_variance
    0.5
    """

    context_length: int = AS_AT_TEST_TIME
    noise_variance: float = AS_AT_TEST_TIME
    feature_covariance: Covariance = AS_AT_TEST_TIME

    def __post_init__(self) -> None:
        if self.context_length is not AS_AT_TEST_TIME:
            length = checked_integer("context_length", self.context_length, 1, LARGEST_COUNT)
            object.__setattr__(self, "context_length", length)
        if self.noise_variance is not AS_AT_TEST_TIME:
            variance = checked_number("noise_variance", self.noise_variance, 0.0)
            object.__setattr__(self, "noise_variance", variance)
        if self.feature_covariance is not AS_AT_TEST_TIME:
            check_covariance("feature_covariance", self.feature_covariance)


def check_covariance(name: str, covariance: Covariance) -> None:
    """Raise unless a field holds a covariance that is one."""
    check_type(name, covariance, Covariance)
    try:
        covariance.check()
    except InvalidSettingError as error:
        raise error.within(name) from None


def check_type(name: str, value: object, expected: type) -> None:
    """Raise unless a field holds an instance of a class, or of one of its subclasses."""
    if not isinstance(value, expected):
        kinds: list[type] = expected.__subclasses__() or [expected]
        names = " | ".join(kind.__name__ for kind in kinds)
        raise InvalidSettingError(name, value, f"give an instance of {names}")
