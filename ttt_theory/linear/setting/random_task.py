"""A test task that is random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ttt_theory.checks import FloatArray, checked_array
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.setting.starts import check_covariance

__all__ = ["RandomTask", "fixed_task"]


@dataclass(frozen=True, eq=False)
class RandomTask:
    """A test task beta ~ N(mean, covariance), drawn anew for every prompt.

    Context, test samples, fresh context and queries of one prompt have one task in common.  The
    step is one number for all of them.

    Parameters
    ----------
    mean : array_like of float, shape (d,), optional
        Zero if not given.
    covariance : Covariance
        Of the test tasks, of dimension d; it may be another than that of the pretraining tasks.

    Raises
    ------
    InvalidSettingError
        If the covariance is none, or `mean` does not have its dimension.

    Examples
    --------
    >>> from ttt_theory.covariance import Isotropic
    >>> RandomTask([1.0, 0.0, 2.0], Isotropic(3)).mean
    array([1., 0., 2.])
    >>> RandomTask(covariance=Isotropic(3)).mean
    array([0., 0., 0.])
    """

    # Typed Any, since what is not given is neither; a random task that exists has both.
    mean: Any = None
    covariance: Any = None

    def __post_init__(self) -> None:
        check_covariance("covariance", self.covariance)
        given = np.zeros(self.covariance.dim) if self.mean is None else self.mean
        mean = checked_array("mean", given, 1)
        if len(mean) != self.covariance.dim:
            remedy = f"give {self.covariance.dim} numbers, the dim of the covariance"
            raise InvalidSettingError("mean", mean, remedy)
        object.__setattr__(self, "mean", mean)

    def __len__(self) -> int:
        """Return the dimension d."""
        return len(self.mean)

    def sample(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Draw tasks.

        Parameters
        ----------
        rng : numpy.random.Generator
        count : int

        Returns
        -------
        ndarray, shape (count, d)
        """
        tasks: FloatArray = self.mean + self.covariance.sample(rng, count)
        return tasks


def fixed_task(task: FloatArray | RandomTask) -> FloatArray:
    """Return a task that is one vector.

    Raises
    ------
    InvalidSettingError
        If it is random.

    Examples
    --------
    >>> fixed_task(np.ones(2))
    array([1., 1.])
    """
    if isinstance(task, RandomTask):
        raise InvalidSettingError("task", task, "a fixed task is needed here: give one")
    return task
