"""The law of Σ_j x_j y_j, the vector through which samples enter linear attention.

For m samples with features x ~ N(0, Σ_x) and labels y = xᵀa + ξ, ξ ~ N(0, σ²), let
s = aᵀΣ_xa + σ².  Given its label, x is N(Σ_xa y/s, Σ_x − Σ_xaaᵀΣ_x/s), independently of the other
samples, and the labels enter the sum by T = Σ_j y_j² alone:

    Σ_j x_j y_j = (T/s) Σ_xa + √T g,    T ~ s χ²_m,    g ~ N(0, Σ_x − Σ_xaaᵀΣ_x/s).

A vector g is what a fresh sample leaves once its label r is regressed out: g = z − Σ_xa r/s, with
z ~ N(0, Σ_x) and r = zᵀa + ξ.  No root of the difference of matrices is needed.  The context's
vector u = Xᵀy has a = β; given u, the gradient's v = X_tᵀ(y_t − X_tWu) has a = β − Wu.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.linear.setting.random_task import RandomTask, fixed_task
from ttt_theory.sampling.moments import chunk_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttt_theory.covariance import Covariance

__all__ = ["Matrix", "SimulatorInLaw", "Tasks", "dots", "mean_multiple", "rows_times"]

Matrix = Any
"""An ndarray of shape (d, d), or (d,) for a diagonal one, or a structured matrix."""

# Several arrays of this many numbers, for a few prompts, stay in a core's cache.
_SLICE = 2**15
# Structured matrices take longer for a product at all than for each of its columns.
_STRUCTURED_SLICE = 2**17
_LARGEST_CHUNK = 2**22
# Up to here products with all entries are faster than those by structure.
_LARGEST_DENSE_DIM = 512
_MOST_PROMPTS = 2**14


def mean_multiple(square: Any, length: Any, residual: Any) -> Any:
    """How much of Σ_xa is in Σ_j x_j y_j = (T/s) Σ_xa + √T g.

    Parameters
    ----------
    square, length : number or ndarray
        The χ² variable T/s and its root.
    residual : number or ndarray
        r/√s, by which Σ_xa is taken out of z in g.
    """
    return square - length * residual


def rows_times(matrix: Matrix, rows: FloatArray) -> FloatArray:
    """Multiply every row x by a matrix A: the rows Ax.

    Parameters
    ----------
    matrix : Matrix
    rows : ndarray, shape (..., d)
        With at most two axes.

    Returns
    -------
    ndarray, shape (..., d)

    Examples
    --------
    >>> rows_times(np.array([2.0, 3.0]), np.ones((1, 2)))
    array([[2., 3.]])
    >>> rows_times(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[5.0, 7.0]]))
    array([[7., 0.]])
    """
    if isinstance(matrix, np.ndarray):
        return rows * matrix if matrix.ndim == 1 else rows @ matrix.T
    return np.asarray((matrix @ rows.T).T)


def dots(rows: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return the inner products of rows with one vector, or with those of another array.

    Examples
    --------
    >>> dots(np.array([[2.0, 3.0]]), np.array([1.0, 1.0]))
    array([5.])
    """
    return np.asarray(rows @ vectors if vectors.ndim == 1 else np.vecdot(rows, vectors))


@dataclass(frozen=True, eq=False)
class Tasks:
    """The one task of all prompts, or those of some prompts.

    Attributes
    ----------
    coefficients : ndarray, shape (d,) or (count, d)
        β.
    image : ndarray, of the same shape
        q = Σ_xβ, the direction of E[u] = nq.
    label_variance : ndarray, shape () or (count,)
        s = βᵀΣ_xβ + σ².
    """

    coefficients: FloatArray
    image: FloatArray
    label_variance: FloatArray


@dataclass(frozen=True, eq=False)
class SimulatorInLaw(ABC):
    """What a simulator of the data vectors' exact laws needs to know.

    Attributes
    ----------
    context_length, test_samples : int
        n and k.
    feature_covariance : Covariance
        Of the features x ~ N(0, Σ_x), dimension d.
    task : ndarray, shape (d,), or RandomTask
        β, or the law that every prompt draws its own from.
    noise_variance : float
        σ².
    weights : ndarray, scipy.sparse.dia_array or structured matrix, shape (d, d)
        W before the step; a sparse one is diagonal.
    evaluation, step_rule : str
        As `Setting` has them.
    """

    context_length: int
    test_samples: int
    feature_covariance: Covariance
    task: FloatArray | RandomTask
    noise_variance: float
    weights: Matrix
    evaluation: str = "fresh"
    step_rule: str = "plain"

    @property
    def most_steps(self) -> int:
        """Steps of `squared_errors`, at most: the law of the gradient is that of one step."""
        return 1

    @property
    def prompts_per_chunk(self) -> int:
        """Prompts whose statistics are kept together."""
        return max(1, min(_MOST_PROMPTS, _LARGEST_CHUNK // len(self.task)))

    @property
    def _prompts_per_slice(self) -> int:
        stored = isinstance(self.features, np.ndarray) and isinstance(self.start, np.ndarray)
        return max(1, (_SLICE if stored else _STRUCTURED_SLICE) // len(self.task))

    def coefficients(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw prompts and return what each says of the risk as a quadratic in the step size.

        Parameters
        ----------
        count : int
            Number of prompts.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, 3)
            c0, c1, c2 of c0 − c1η + c2η², for a step of η.
        """
        slices = chunk_sizes(count, self._prompts_per_slice)
        return np.concatenate([self._simulate(size, rng) for size in slices])

    def squared_errors(
        self, step_sizes: Sequence[float], count: int, rng: np.random.Generator
    ) -> FloatArray:
        """Draw prompts and return what each says of the risk after 0, 1, …, t steps.

        Parameters
        ----------
        step_sizes : sequence of float
            The t steps, in their order; at most `most_steps`.
        count : int
            Number of prompts.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, t + 1)
        """
        [step_size] = step_sizes
        constant, linear, quadratic = self.coefficients(count, rng).T
        after = constant - linear * step_size + quadratic * step_size**2
        return np.stack([constant, after], axis=-1)

    @abstractmethod
    def _simulate(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Return the coefficients of a few prompts."""

    @cached_property
    def features(self) -> Matrix:
        """Σ_x."""
        return _stored(self.feature_covariance.matrix())

    @cached_property
    def start(self) -> Matrix:
        """W."""
        return _stored(self.weights)

    def tasks(self, count: int, rng: np.random.Generator) -> Tasks:
        """Return the fixed task, or draw one for each of some prompts."""
        if isinstance(self.task, RandomTask):
            return self._tasks_of(self.task.sample(rng, count))
        return self._fixed_task

    @property
    def _draws_tasks(self) -> bool:
        return isinstance(self.task, RandomTask)

    @cached_property
    def _fixed_task(self) -> Tasks:
        return self._tasks_of(fixed_task(self.task))

    def _tasks_of(self, coefficients: FloatArray) -> Tasks:
        image = rows_times(self.features, coefficients)
        signal = np.maximum(np.vecdot(coefficients, image), 0.0)
        return Tasks(coefficients, image, np.asarray(signal + self.noise_variance))

    def contexts(self, tasks: Tasks, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw context vectors u = Xᵀy.

        Parameters
        ----------
        tasks : Tasks
            Of all these prompts.
        count : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (count, d)
        """
        labels = tasks.coefficients, tasks.image, tasks.label_variance
        return self._data_vectors(count, self.context_length, *labels, rng)

    def step_divisors(self, context: FloatArray) -> FloatArray | float:
        """Return what the step of each context is divided by: 1, or ‖u‖² where the rule says so.

        Where u = 0 so is the gradient, and nothing need be divided.
        """
        if self.step_rule == "plain":
            return 1.0
        squares = np.vecdot(context, context)
        return np.where(squares == 0.0, 1.0, squares)

    def misfit(
        self, tasks: Tasks, context: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the errors e = β − Wu, the Σ_xe, and the eᵀΣ_xe + σ².

        Parameters
        ----------
        tasks : Tasks
        context : ndarray, shape (count, d)
            u.

        Returns
        -------
        error, image : ndarray, shape (count, d)
        variance : ndarray, shape (count,)
        """
        error = tasks.coefficients - rows_times(self.start, context)
        image = rows_times(self.features, error)
        variance = np.maximum(np.vecdot(error, image), 0.0) + self.noise_variance
        return error, image, variance

    def _data_vectors(
        self,
        count: int,
        samples: int,
        coefficients: FloatArray,
        image: FloatArray,
        variance: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Draw Σ_j x_j y_j over some samples with labels y = xᵀa + ξ.

        The coefficients a, their image Σ_xa and the labels' variance s are the same for all draws,
        or those of each draw.
        """
        vectors = self.feature_covariance.sample(rng, count)
        residuals = np.vecdot(vectors, coefficients)
        if self.noise_variance > 0.0:
            residuals += math.sqrt(self.noise_variance) * rng.standard_normal(count)
        square = rng.chisquare(samples, count)
        # Labels without variance are zero, and so is the sum.
        scale = np.sqrt(variance)
        inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0.0)
        length = np.sqrt(square)
        result: FloatArray = mean_multiple(square, length, inverse * residuals)[:, None] * image
        result += (scale * length)[:, None] * vectors
        return result


def _stored(matrix: Matrix) -> Matrix:
    """Return a diagonal matrix as its diagonal, and a small structured one by its entries."""
    if getattr(matrix, "format", "") == "dia":
        return matrix.diagonal()
    if not isinstance(matrix, np.ndarray) and matrix.shape[0] <= _LARGEST_DENSE_DIM:
        return matrix.toarray()
    return matrix
