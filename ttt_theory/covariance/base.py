"""The base of all covariances, what they must satisfy, and their registry."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from ttt_theory.checks import (
    ROUND_OFF_PER_DIM,
    FloatArray,
    Number,
    ObjectArray,
    check_symmetric,
    checked_integer,
    checked_number,
)
from ttt_theory.errors import MISSING, InvalidSettingError, told_apart
from ttt_theory.structured.base import StructuredMatrix, dense

if TYPE_CHECKING:
    from scipy.sparse import dia_array

LARGEST_DIM = 10_000_000
"""Largest dimension of a covariance that is stored in O(dim)."""

FROM_FILE = MappingProxyType({"from_file": True})
"""Dataclass field metadata: a setting file gives this matrix by the key `file`."""


class Covariance(ABC):
    """A positive semi-definite matrix Sigma of shape (dim, dim), possibly singular.

    Subclasses provide `dim` (a dataclass field or a property) and `matrix`.
    """

    dim: int
    """Number of rows and columns."""

    _valid_by_construction: ClassVar[bool] = False

    @abstractmethod
    def matrix(self) -> FloatArray | dia_array[Any] | StructuredMatrix:
        """Return Sigma.

        Returns
        -------
        ndarray of float64, dia_array or StructuredMatrix, shape (dim, dim)
            A scipy.sparse.dia_array if Sigma is diagonal, and one of `ttt_theory.structured` if it
            has another structure by which nothing of size dim x dim need be stored.
        """

    def exact_matrix(self, number: Number) -> ObjectArray | None:
        """Return Sigma, computed from the parameters in an arithmetic of the caller's.

        `matrix` is rounded, so that it may miss a small eigenvalue, or have a negative one.  Proofs
        need this one, and risks that float64 loses.

        Parameters
        ----------
        number : callable
            Turns an int or a float into a number that knows ``+ - * /`` and integer powers, such as
            a fraction.

        Returns
        -------
        ndarray of object, shape (dim, dim), or None
            None where Sigma is known in float64 alone: so it is for classes that do not define
            this method, and for parameters that leave that arithmetic.  An array that `matrix`
            returns is then taken for exact if no entry takes more than 15 digits, as those that
            were rounded do.

        Examples
        --------
        >>> from fractions import Fraction
        >>> from ttt_theory.covariance import Equicorrelated
        >>> print(Equicorrelated(2, 0.5).exact_matrix(Fraction)[0, 1])
        1/2
        """
        return None

    def check(self) -> None:
        """Check that `matrix` is a covariance of dimension `dim`.

        Raises
        ------
        InvalidSettingError
            If there is no `dim`, or the matrix is not of shape (dim, dim), finite, symmetric and
            positive semi-definite.
        """
        if not self._valid_by_construction:
            checked_integer("dim", getattr(self, "dim", MISSING), 1, LARGEST_DIM)
            check_covariance_matrix("matrix", self.matrix(), self.dim)

    @cached_property
    def _root(self) -> FloatArray | StructuredMatrix:
        """F with F F^T = Sigma, lower triangular; its diagonal alone if Sigma is diagonal.

        A structured Sigma knows how to apply such a root, and stands for it.
        """
        matrix = self.matrix()
        if isinstance(matrix, StructuredMatrix):
            return matrix
        if not isinstance(matrix, np.ndarray):
            return np.sqrt(np.asarray(matrix.diagonal(), dtype=np.float64))
        from scipy.linalg import eigh, qr

        # Unlike Cholesky's algorithm, this one finds the factor of a singular Sigma too.
        eigenvalues, eigenvectors = eigh(matrix.astype(np.float64))
        root = eigenvectors * np.sqrt(np.clip(eigenvalues, 0.0, None))
        (triangle,) = qr(root.T, mode="r")
        return np.asarray(triangle.T)

    @cached_property
    def symmetric_root(self) -> FloatArray:
        """The symmetric positive semi-definite root of Sigma; its diagonal alone if Sigma is so.

        Raises
        ------
        InvalidSettingError
            If Sigma is not diagonal, and too large for a dim x dim array.
        """
        matrix = self.matrix()
        if not isinstance(matrix, np.ndarray | StructuredMatrix):
            return np.sqrt(np.asarray(matrix.diagonal(), dtype=np.float64))
        from scipy.linalg import eigh

        eigenvalues, eigenvectors = eigh(dense(matrix))
        root = (eigenvectors * np.sqrt(np.clip(eigenvalues, 0.0, None))) @ eigenvectors.T
        return np.asarray(root)

    def sample(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> FloatArray:
        """Draw independent vectors x ~ N(0, Sigma).

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of random numbers.
        shape : int or tuple of int
            How many vectors, as an array shape.

        Returns
        -------
        ndarray of float64, shape (*shape, dim)

        Examples
        --------
        >>> from ttt_theory.covariance import Isotropic
        >>> Isotropic(3).sample(np.random.default_rng(0), (5, 2)).shape
        (5, 2, 3)
        """
        leading = (shape,) if isinstance(shape, int) else shape
        root = self._root
        colours = root.colour_dim if isinstance(root, StructuredMatrix) else self.dim
        # One product of two matrices is much faster than one for every leading index.
        standard = rng.standard_normal((math.prod(leading), colours))
        if isinstance(root, StructuredMatrix):
            vectors = root.colour(standard)
        elif root.ndim == 2:
            from scipy.linalg.blas import dtrmm

            # A triangle takes half of the operations of a square, and no second array.
            vectors = dtrmm(1.0, root, standard.T, lower=True, overwrite_b=True).T
        else:
            vectors = np.multiply(standard, root, out=standard)
        return vectors.reshape(*leading, self.dim)


_registry: dict[str, type[Covariance]] = {}
_CovarianceType = TypeVar("_CovarianceType", bound=type[Covariance])


def register_covariance(kind: str) -> Callable[[_CovarianceType], _CovarianceType]:
    """Make a covariance class known to setting files.

    Parameters
    ----------
    kind : str
        The value of the key `kind`.

    Returns
    -------
    callable
        Class decorator, put above ``@dataclass(frozen=True)``. The class's fields become the keys
        of the table; a field of NumPy array type is a list of numbers there, or, with metadata
        `FROM_FILE`, the key `file`; one of type ``tuple[Covariance, ...]`` is a list of tables.

    Raises
    ------
    ValueError
        If another class has that kind.
    TypeError
        If the class is no `Covariance`.

    Examples
    --------
    >>> from ttt_theory.covariance import Diagonal
    >>> register_covariance("isotropic")(Diagonal)
    Traceback (most recent call last):
    ValueError: the covariance kind 'isotropic' is taken by Isotropic
    """

    def register(covariance_class: _CovarianceType) -> _CovarianceType:
        if not issubclass(covariance_class, Covariance):
            raise TypeError(f"{covariance_class!r} is not a subclass of Covariance")
        if kind in _registry:
            raise ValueError(f"the covariance kind {kind!r} is taken by {_registry[kind].__name__}")
        _registry[kind] = covariance_class
        return covariance_class

    return register


def covariance_kinds() -> dict[str, type[Covariance]]:
    """Return the registered covariance classes by kind.

    Returns
    -------
    dict from str to type
        A copy, in order of registration.

    Examples
    --------
    >>> covariance_kinds()["ar1"].__name__
    'AR1'
    """
    return dict(_registry)


def check_covariance_matrix(
    name: str, matrix: FloatArray | dia_array[Any] | StructuredMatrix, dim: int
) -> None:
    """Check that a matrix is a covariance of dimension `dim`, up to round-off.

    A `StructuredMatrix` is positive semi-definite by construction; only its shape and its range are
    left to check.

    Parameters
    ----------
    name : str
        Name of the field, for the error.
    matrix : ndarray, scipy.sparse.dia_array or StructuredMatrix
        The matrix.
    dim : int
        Its required number of rows and columns.

    Raises
    ------
    InvalidSettingError
        If it is not of shape (dim, dim), finite, symmetric and positive semi-definite.

    Examples
    --------
    >>> check_covariance_matrix("entries", np.array([[1.0, 2.0], [2.0, 1.0]]), 2)
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: entries: an array of shape (2, 2) is not valid; give a
    positive semi-definite matrix, not one with eigenvalues from -1 to 3
    """
    is_structured = isinstance(matrix, StructuredMatrix)
    is_sparse = getattr(matrix, "format", "") == "dia"
    # Of these, `*` is not what it is of other arrays, or leaves entries out.
    is_odd = isinstance(matrix, np.matrix | np.ma.MaskedArray)
    if is_odd or not (isinstance(matrix, np.ndarray) or is_sparse or is_structured):
        raise InvalidSettingError(
            name, matrix, "give a NumPy array, a scipy.sparse.dia_array or a StructuredMatrix"
        )
    # LAPACK knows no other floats.
    if matrix.dtype.kind not in "iu" and matrix.dtype not in (np.float32, np.float64):
        raise InvalidSettingError(name, matrix, f"give real numbers as float64, not {matrix.dtype}")
    if matrix.shape != (dim, dim):
        shape = " x ".join(map(str, matrix.shape))
        raise InvalidSettingError(name, matrix, f"give a {dim} x {dim} matrix, not {shape}")
    if isinstance(matrix, StructuredMatrix):
        _check_multiple(name, matrix)
        return
    if not isinstance(matrix, np.ndarray):
        if np.count_nonzero(matrix.offsets):
            raise InvalidSettingError(name, matrix, "give a sparse matrix only if it is diagonal")
        _check_eigenvalues(name, matrix.diagonal(), matrix)
        return
    largest = np.abs(matrix).max()
    if not np.isfinite(largest):
        raise InvalidSettingError(name, matrix, "give a matrix of finite numbers")
    check_symmetric(name, matrix)
    if largest == 0.0:
        return
    # Dividing by the largest entry first keeps extreme scales from overflowing below.
    unit = matrix / largest
    _check_eigenvalues(name, np.linalg.eigvalsh(unit), matrix, float(largest))


def _check_multiple(name: str, matrix: StructuredMatrix) -> None:
    """Check what the constructors leave open: the numbers that a matrix was multiplied by."""
    probe = np.random.default_rng(0).standard_normal(matrix.dim)
    with np.errstate(all="ignore"):
        form = float(probe @ (matrix @ probe))
        largest = matrix.magnitude()
    if not (np.isfinite(form) and np.isfinite(largest)):
        raise InvalidSettingError(name, matrix, "give a matrix of finite numbers")


def _check_eigenvalues(name: str, eigenvalues: Any, matrix: object, unit: float = 1.0) -> None:
    lowest, highest = float(np.min(eigenvalues)), float(np.max(eigenvalues))
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise InvalidSettingError(name, matrix, "give a matrix of finite numbers")
    if lowest < -ROUND_OFF_PER_DIM * len(eigenvalues) * max(highest, 0.0):
        from_, to = told_apart(lowest * unit, highest * unit)
        raise InvalidSettingError(
            name,
            matrix,
            f"give a positive semi-definite matrix, not one with eigenvalues from {from_} to {to}",
        )


@dataclass(frozen=True, eq=False)
class BuiltinCovariance(Covariance):
    """What the built-in covariances share: checked fields, and a factor `scale`.

    Their matrices are valid whenever their fields are, so `check` has nothing left to do.
    """

    scale: float = field(default=1.0, kw_only=True)

    _valid_by_construction: ClassVar[bool] = True

    def exact_matrix(self, number: Number) -> ObjectArray | None:
        """Return Sigma in an arithmetic of the caller's; see the base class."""
        unscaled = self._exact_unscaled(number)
        return None if unscaled is None else unscaled * number(self.scale)

    @abstractmethod
    def _exact_unscaled(self, number: Number) -> ObjectArray | None:
        """Return `exact_matrix` for a scale of 1."""

    def _check_number(self, name: str, *limits: float, above_minimum: bool = False) -> None:
        number = checked_number(name, getattr(self, name), *limits, above_minimum=above_minimum)
        object.__setattr__(self, name, number)

    def _check_dim(self) -> None:
        object.__setattr__(self, "dim", checked_integer("dim", self.dim, 1, LARGEST_DIM))

    def _check_scale(self, name: str, largest: float) -> None:
        """Check `scale`, and that no entry overflows; field `name` decides the largest one."""
        self._check_number("scale", 0.0, above_minimum=True)
        if not np.isfinite(largest):
            raise InvalidSettingError(
                name, getattr(self, name), "the matrix must be finite; give a smaller number"
            )
        if not np.isfinite(largest * self.scale):
            raise InvalidSettingError(
                "scale", self.scale, "the matrix must be finite; give a smaller scale"
            )
