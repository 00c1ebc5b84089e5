"""Arrays of floats whose exponents are integers of their own: nothing overflows or underflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ttt_theory.checks import FloatArray

__all__ = ["WideRangeArray"]

# Of zero: below all others, so that it is the smaller term of every sum.
_LOWEST = -(2**20)
# Beyond this nothing is left of the smaller term of a sum.
_LARGEST_SHIFT = 2000


@dataclass(frozen=True, eq=False)
class WideRangeArray:
    """An array of mantissa·2^exponent with |mantissa| in [1/2, 1), or 0.

    ``+``, ``-``, ``*``, ``/`` and positive integer powers round as float64 does, but never leave
    its range: exponents are integers of up to about a million.

    Parameters
    ----------
    mantissa : ndarray of float64
    exponent : ndarray of int32

    Examples
    --------
    >>> tiny = WideRangeArray.of(np.array([3e-200]))
    >>> again = tiny**4 / tiny**3 * 2
    >>> np.ldexp(again.mantissa, again.exponent)
    array([6.e-200])
    """

    mantissa: FloatArray
    exponent: npt.NDArray[np.int32]

    # Else NumPy would make an array of objects of an array and one of these.
    __array_ufunc__ = None

    @classmethod
    def of(cls, value: Any, shift: Any = 0) -> WideRangeArray:
        """Take floats, times 2^shift."""
        mantissa, exponent = np.frexp(np.asarray(value, dtype=np.float64))
        exponent = np.where(mantissa == 0.0, _LOWEST, exponent + shift)
        return cls(mantissa, exponent.astype(np.int32))

    def where(self, condition: Any, otherwise: float) -> WideRangeArray:
        """Put a number where the condition does not hold."""
        other = WideRangeArray.of(otherwise)
        return WideRangeArray(
            np.where(condition, self.mantissa, other.mantissa),
            np.where(condition, self.exponent, other.exponent),
        )

    def __add__(self, other: Any) -> WideRangeArray:
        other = _as_wide(other)
        exponent = np.maximum(self.exponent, other.exponent)
        terms = [
            np.ldexp(each.mantissa, np.maximum(each.exponent - exponent, -_LARGEST_SHIFT))
            for each in (self, other)
        ]
        return WideRangeArray.of(terms[0] + terms[1], exponent)

    def __mul__(self, other: Any) -> WideRangeArray:
        other = _as_wide(other)
        return WideRangeArray.of(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def __truediv__(self, other: Any) -> WideRangeArray:
        other = _as_wide(other)
        return WideRangeArray.of(self.mantissa / other.mantissa, self.exponent - other.exponent)

    def __pow__(self, exponent: int) -> WideRangeArray:
        result = self
        for _ in range(exponent - 1):
            result = result * self
        return result

    def __neg__(self) -> WideRangeArray:
        return WideRangeArray(-self.mantissa, self.exponent)

    def __sub__(self, other: Any) -> WideRangeArray:
        return self + -_as_wide(other)

    def __rsub__(self, other: Any) -> WideRangeArray:
        return _as_wide(other) - self

    __radd__, __rmul__ = __add__, __mul__


def _as_wide(value: Any) -> WideRangeArray:
    return value if isinstance(value, WideRangeArray) else WideRangeArray.of(value)
