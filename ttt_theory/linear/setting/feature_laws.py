"""The laws of the features at test time: Gaussian, or another with the same covariance."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ttt_theory.checks import FloatArray, checked_array, checked_number
from ttt_theory.errors import InvalidSettingError

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance

__all__ = [
    "EllipticalFeatures",
    "FeatureLaw",
    "GaussianFeatures",
    "IndependentEntries",
    "RademacherFeatures",
    "StudentTFeatures",
    "UniformFeatures",
]

_SUM_TOLERANCE = 1e-9


class FeatureLaw(ABC):
    """A law of features x with mean zero and covariance Sigma_x.

    Attributes
    ----------
    kind : str
        What it is called in a setting file.
    """

    kind: ClassVar[str]

    @abstractmethod
    def sample(
        self, covariance: Covariance, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> FloatArray:
        """Draw independent features.

        Parameters
        ----------
        covariance : Covariance
            Sigma_x, of dimension d.
        rng : numpy.random.Generator
        shape : tuple of int
            How many, as an array shape.

        Returns
        -------
        ndarray, shape (*shape, d)
        """


@dataclass(frozen=True)
class GaussianFeatures(FeatureLaw):
    """Features x ~ N(0, Sigma_x), the papers' law.

    Examples
    --------
    >>> GaussianFeatures()
    GaussianFeatures()
    """

    kind = "gaussian"

    def sample(
        self, covariance: Covariance, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> FloatArray:
        """Draw features as the covariance does."""
        return covariance.sample(rng, shape)


class IndependentEntries(FeatureLaw):
    """Features x = Sigma_x^(1/2) z with the symmetric root, z of independent entries.

    The entries have one symmetric law, with variance 1.
    """

    @abstractmethod
    def entries(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw entries of z."""

    @abstractmethod
    def moment(self, order: int) -> float:
        """Return E[z^order] of an entry, infinite where there is none.

        Parameters
        ----------
        order : int
            Even, at least 2.
        """

    def sample(
        self, covariance: Covariance, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> FloatArray:
        """Draw z, and colour it by the symmetric root."""
        root = covariance.symmetric_root
        entries = self.entries(rng, (math.prod(shape), covariance.dim))
        vectors = entries * root if root.ndim == 1 else entries @ root
        return vectors.reshape(*shape, covariance.dim)


@dataclass(frozen=True)
class RademacherFeatures(IndependentEntries):
    """Entries of z are 1 or -1, with equal probability.

    Examples
    --------
    >>> RademacherFeatures().moment(4)
    1.0
    """

    kind = "rademacher"

    def entries(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw signs."""
        return rng.choice(np.array([-1.0, 1.0]), shape)

    def moment(self, order: int) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True)
class UniformFeatures(IndependentEntries):
    """Entries of z are uniform between -√3 and √3.

    Examples
    --------
    >>> UniformFeatures().moment(4)
    1.8
    """

    kind = "uniform"

    def entries(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw from the interval."""
        return rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), shape)

    def moment(self, order: int) -> float:
        """Return 3^(order/2) / (order + 1)."""
        return float(3 ** (order // 2)) / (order + 1)


@dataclass(frozen=True)
class StudentTFeatures(IndependentEntries):
    """Entries of z have Student's t law, divided by its standard deviation.

    Parameters
    ----------
    degrees_of_freedom : float
        ν, above 2, or there would be no variance.  A moment of an even order exists where it is
        below ν.

    Raises
    ------
    InvalidSettingError
        If `degrees_of_freedom` is not above 2.

    Examples
    --------
    >>> StudentTFeatures(10.0).moment(4), StudentTFeatures(4.0).moment(4)
    (4.0, inf)
    """

    kind = "student_t"

    degrees_of_freedom: float

    def __post_init__(self) -> None:
        degrees = checked_number(
            "degrees_of_freedom", self.degrees_of_freedom, 2.0, above_minimum=True
        )
        object.__setattr__(self, "degrees_of_freedom", degrees)

    def entries(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draw from Student's law, standardised."""
        degrees = self.degrees_of_freedom
        return math.sqrt(1.0 - 2.0 / degrees) * rng.standard_t(degrees, shape)

    def moment(self, order: int) -> float:
        """Return E[z^order] = Π_{1 ≤ j ≤ order/2} (2j − 1)(ν − 2)/(ν − 2j)."""
        degrees = self.degrees_of_freedom
        if order >= degrees:
            return math.inf
        halves = range(1, order // 2 + 1)
        return math.prod((2 * j - 1) * (degrees - 2.0) / (degrees - 2 * j) for j in halves)


@dataclass(frozen=True, eq=False)
class EllipticalFeatures(FeatureLaw):
    """Features x = √ρ Sigma_x^(1/2) g with g ~ N(0, I) and an independent ρ of few values.

    Parameters
    ----------
    values : array_like of float, shape (m,)
        The values of ρ, none negative.
    probabilities : array_like of float, shape (m,)
        Their probabilities, none negative.  They sum to 1 and give ρ the mean 1, both within 1e-9;
        what is left of that is divided out.

    Raises
    ------
    InvalidSettingError
        If they are not such numbers.

    Examples
    --------
    >>> law = EllipticalFeatures([0.5, 3.0], [0.8, 0.2])
    >>> law.radius_moment(1), law.radius_moment(2)
    (1.0, 2.0)
    >>> EllipticalFeatures([1.0, 3.0], [0.5, 0.5])
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: values: 2.0 is not valid; it is their mean by the
    probabilities: divide them by it
    """

    kind = "elliptical"

    values: FloatArray
    probabilities: FloatArray

    def __post_init__(self) -> None:
        values = checked_array("values", self.values, 1)
        probabilities = checked_array("probabilities", self.probabilities, 1)
        if len(values) != len(probabilities):
            remedy = f"give {len(values)}, one for each of the values"
            raise InvalidSettingError("probabilities", probabilities, remedy)
        for name, numbers in (("values", values), ("probabilities", probabilities)):
            if np.any(numbers < 0.0):
                raise InvalidSettingError(name, numbers.min(), "give numbers of at least 0")
        total = math.fsum(probabilities)
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise InvalidSettingError("probabilities", total, "it is their sum: give a sum of 1")
        probabilities = probabilities / total
        mean = math.fsum(values * probabilities)
        if abs(mean - 1.0) > _SUM_TOLERANCE:
            remedy = "it is their mean by the probabilities: divide them by it"
            raise InvalidSettingError("values", mean, remedy)
        for name, numbers in (("values", values / mean), ("probabilities", probabilities)):
            numbers.flags.writeable = False
            object.__setattr__(self, name, numbers)

    def radius_moment(self, order: int) -> float:
        """Return E[ρ^order]."""
        return math.fsum(self.values**order * self.probabilities)

    def sample(
        self, covariance: Covariance, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> FloatArray:
        """Draw Gaussian features and their radii."""
        radii = rng.choice(self.values, size=shape, p=self.probabilities)
        vectors: FloatArray = np.sqrt(radii)[..., np.newaxis] * covariance.sample(rng, shape)
        return vectors
