"""The covariance stored as a d x d array."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ttt_theory.checks import FloatArray, Number, ObjectArray, checked_array, exactly
from ttt_theory.covariance.base import (
    FROM_FILE,
    BuiltinCovariance,
    check_covariance_matrix,
    register_covariance,
)
from ttt_theory.structured.base import LARGEST_DENSE_DIM


@register_covariance("dense")
@dataclass(frozen=True, eq=False)
class Dense(BuiltinCovariance):
    """Any symmetric positive semi-definite matrix.

    Parameters
    ----------
    entries : array_like of float, shape (dim, dim)
        Symmetric and positive semi-definite up to round-off; `dim` at most 10,000. The symmetric
        part is what is kept.
    scale : float
        Multiplies the matrix; positive.

    Raises
    ------
    InvalidSettingError
        If the matrix is not square, not finite, not symmetric or not positive semi-definite, or
        a parameter is out of its range.

    Examples
    --------
    >>> Dense([[2.0, 1.0], [1.0, 2.0]], scale=0.5).matrix()
    array([[1. , 0.5],
           [0.5, 1. ]])
    """

    entries: FloatArray = field(metadata=FROM_FILE)
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        entries = checked_array("entries", self.entries, 2, longest=LARGEST_DENSE_DIM)
        dim = len(entries)
        check_covariance_matrix("entries", entries, dim)
        # Halving first: the sum could overflow.
        entries = 0.5 * entries + 0.5 * entries.T
        entries.flags.writeable = False
        object.__setattr__(self, "entries", entries)
        object.__setattr__(self, "dim", dim)
        self._check_scale("entries", float(np.abs(entries).max()))

    def matrix(self) -> FloatArray:
        """Return Sigma, shape (dim, dim)."""
        return self.scale * self.entries

    def _exact_unscaled(self, number: Number) -> ObjectArray:
        return exactly(self.entries, number)
