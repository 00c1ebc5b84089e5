"""Orthogonal changes of coordinates that are applied without being stored."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from ttt_theory.checks import as_real_array, checked_integer
from ttt_theory.errors import InvalidSettingError

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

LARGEST_DIM = 10**9
"""Largest dimension of anything here; memory sets the limit long before."""


class Frame(ABC):
    """An orthogonal matrix Q, known by its products.

    A frame of one's own is a frozen dataclass of `dim` and the two transforms.  Covariances that
    share a frame (equal by ``==``) commute, and the exact risk then costs no more than that of
    diagonal ones.  One that holds arrays has ``eq=False``, and is shared as one object.

    Examples
    --------
    The Hartley transform turns every circulant covariance diagonal:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from ttt_theory.structured import Frame, Spectral
    >>> @dataclass(frozen=True)
    ... class HartleyFrame(Frame):
    ...     dim: int
    ...
    ...     def forward(self, x):
    ...         transform = np.fft.fft(x)
    ...         return (transform.real - transform.imag) / np.sqrt(self.dim)
    ...
    ...     backward = forward
    >>> correlations = np.array([1.0, 0.5, 0.25, 0.5])
    >>> circulant = Spectral(HartleyFrame(4), np.fft.fft(correlations).real)
    >>> circulant.toarray()
    array([[1.  , 0.5 , 0.25, 0.5 ],
           [0.5 , 1.  , 0.5 , 0.25],
           [0.25, 0.5 , 1.  , 0.5 ],
           [0.5 , 0.25, 0.5 , 1.  ]])
    """

    dim: int

    @abstractmethod
    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""

    @abstractmethod
    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""


@dataclass(frozen=True)
class IdentityFrame(Frame):
    """The coordinates as they are.

    Examples
    --------
    >>> IdentityFrame(2).forward(np.array([1.0, 2.0]))
    array([1., 2.])
    """

    dim: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", checked_integer("dim", self.dim, 1, LARGEST_DIM))

    def forward(self, x: FloatArray) -> FloatArray:
        """Return the rows themselves."""
        return x

    def backward(self, x: FloatArray) -> FloatArray:
        """Return the rows themselves."""
        return x


class HouseholderFrame(Frame):
    """A frame whose first axes span given vectors: r reflections, applied in O(dr).

    Parameters
    ----------
    vectors : array_like of float, shape (d,) or (d, r)
        Any finite vectors, also dependent or zero ones; the first min(d, r) axes span them.

    Raises
    ------
    InvalidSettingError
        If they are no finite numbers.

    Examples
    --------
    >>> frame = HouseholderFrame(np.array([3.0, 4.0]))
    >>> np.abs(frame.forward(np.array([3.0, 4.0])))
    array([5., 0.])
    """

    def __init__(self, vectors: FloatArray) -> None:
        remedy = "give one or more finite vectors"
        columns = as_real_array("vectors", vectors, remedy)
        if columns.ndim == 1:
            columns = columns[:, np.newaxis]
        if columns.ndim != 2 or columns.size == 0 or not np.isfinite(columns).all():
            raise InvalidSettingError("vectors", vectors, remedy)
        self._factorise(np.array(columns, dtype=np.float64, order="F"))

    @classmethod
    def overwriting(cls, columns: FloatArray) -> Self:
        """Return the frame of the finite columns of an array, which it takes over.

        Parameters
        ----------
        columns : ndarray, shape (d, r)
            In Fortran order, so that nothing is copied.
        """
        frame = object.__new__(cls)
        frame._factorise(columns)
        return frame

    def _factorise(self, columns: FloatArray) -> None:
        from scipy.linalg import lapack

        self.dim = len(columns)
        factors, self._scales, _, _ = lapack.dgeqrf(columns, overwrite_a=True)
        self.triangle = np.triu(factors[: len(self._scales)])
        """Qᵀ times the vectors, its rows past the first min(d, r) left out, as they are zero."""
        self._reflections = factors[:, : len(self._scales)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HouseholderFrame) and np.array_equal(
            self._reflections, other._reflections
        )

    __hash__ = None  # type: ignore[assignment]

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        return self._reflected(x, "T")

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        return self._reflected(x, "N")

    def _reflected(self, x: FloatArray, direction: str) -> FloatArray:
        from scipy.linalg import lapack

        columns = np.reshape(x, (-1, self.dim)).T
        # LAPACK writes ones into them for a while, which other threads would see, and which memory
        # shared by processes refuses.
        reflections = ("L", direction, self._reflections.copy(order="F"), self._scales)
        _, work, _ = lapack.dormqr(*reflections, columns[:, :1], -1)
        image, _, _ = lapack.dormqr(*reflections, columns, max(1, int(work[0]), len(columns.T)))
        return np.asarray(image.T).reshape(np.shape(x))


@dataclass(frozen=True, eq=False)
class DenseFrame(Frame):
    """A frame stored by its entries, as a factor or block of larger ones.

    Parameters
    ----------
    axes : ndarray, shape (d, d)
        Q, orthogonal.

    Examples
    --------
    >>> DenseFrame(np.array([[0.0, -1.0], [1.0, 0.0]])).forward(np.array([1.0, 2.0]))
    array([ 2., -1.])
    """

    axes: FloatArray

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return len(self.axes)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        return np.asarray(x @ self.axes)

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        return np.asarray(x @ self.axes.T)


@dataclass(frozen=True)
class KroneckerFrame(Frame):
    """The Kronecker product of frames: each transforms its own axis of the reshaped vector.

    Parameters
    ----------
    frames : sequence of Frame

    Raises
    ------
    InvalidSettingError
        If there is none.

    Examples
    --------
    >>> KroneckerFrame([IdentityFrame(2), IdentityFrame(3)]).dim
    6
    """

    frames: tuple[Frame, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _checked_frames(self.frames))

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The product of the frames' dimensions."""
        return math.prod(frame.dim for frame in self.frames)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        return self._on_each_axis(x, "forward")

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        return self._on_each_axis(x, "backward")

    def _on_each_axis(self, x: FloatArray, direction: str) -> FloatArray:
        result = np.reshape(x, (-1, *(frame.dim for frame in self.frames)))
        for axis, frame in enumerate(self.frames, start=1):
            if isinstance(frame, IdentityFrame):
                continue
            rows = np.moveaxis(result, axis, -1)
            result = np.moveaxis(getattr(frame, direction)(rows), -1, axis)
        return result.reshape(np.shape(x))


@dataclass(frozen=True)
class BlockFrame(Frame):
    """Frames side by side: each transforms its own stretch of the coordinates.

    Parameters
    ----------
    frames : sequence of Frame

    Raises
    ------
    InvalidSettingError
        If there is none.

    Examples
    --------
    >>> BlockFrame([IdentityFrame(2), IdentityFrame(3)]).dim
    5
    """

    frames: tuple[Frame, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _checked_frames(self.frames))

    @cached_property
    def _ends(self) -> list[int]:
        return [int(end) for end in np.cumsum([frame.dim for frame in self.frames])]

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The sum of the frames' dimensions."""
        return self._ends[-1]

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        parts = np.split(x, self._ends[:-1], axis=-1)
        pairs = zip(self.frames, parts, strict=True)
        return np.concatenate([frame.forward(part) for frame, part in pairs], axis=-1)

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        parts = np.split(x, self._ends[:-1], axis=-1)
        pairs = zip(self.frames, parts, strict=True)
        return np.concatenate([frame.backward(part) for frame, part in pairs], axis=-1)


@dataclass(frozen=True, eq=False)
class PermutedFrame(Frame):
    """The coordinates in another order.

    Parameters
    ----------
    order : array_like of int, shape (d,)
        A permutation: entry i of Qᵀx is ``x[order[i]]``.

    Examples
    --------
    >>> PermutedFrame(np.array([2, 0, 1])).forward(np.array([10.0, 20.0, 30.0]))
    array([30., 10., 20.])
    """

    order: np.ndarray[tuple[int, ...], np.dtype[np.intp]]

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return len(self.order)

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        return np.asarray(x[..., self.order])

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        result = np.empty_like(x)
        result[..., self.order] = x
        return result


@dataclass(frozen=True)
class ChainedFrame(Frame):
    """One change of coordinates after another.

    Parameters
    ----------
    first, second : Frame
        Q = Q₁Q₂.

    Examples
    --------
    >>> order = PermutedFrame(np.array([1, 2, 0]))
    >>> ChainedFrame(order, order).forward(np.array([10.0, 20.0, 30.0]))
    array([30., 10., 20.])
    """

    first: Frame
    second: Frame

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return self.first.dim

    def forward(self, x: FloatArray) -> FloatArray:
        """Return Qᵀx for every row x of an array of shape (..., dim)."""
        return self.second.forward(self.first.forward(x))

    def backward(self, x: FloatArray) -> FloatArray:
        """Return Qx for every row x of an array of shape (..., dim)."""
        return self.first.backward(self.second.backward(x))


def _checked_frames(frames: object) -> tuple[Frame, ...]:
    checked: tuple[Frame, ...] = ()
    with contextlib.suppress(TypeError):
        checked = tuple(frames)  # type: ignore[arg-type]
    if not checked or not all(isinstance(frame, Frame) for frame in checked):
        raise InvalidSettingError("frames", frames, "give a sequence of one or more frames")
    return checked
