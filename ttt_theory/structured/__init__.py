"""Matrices stored in less than d × d numbers, and the few operations that everything needs.

Formulas need products with vectors and a frame in which the matrices of a setting are simple;
samplers need a linear map from standard normal numbers (`StructuredMatrix.colour`).  A covariance
of one's own returns a matrix composed of the constructors here, or a `Spectral` one in a `Frame`
of its own (see there for an example):

>>> import numpy as np
>>> direction = np.ones((4, 1)) / 2
>>> LowRankUpdate(np.ones(4), direction, [8.0]) @ np.ones(4)
array([9., 9., 9., 9.])
"""

from ttt_theory.structured.autoregressive import Autoregressive, AutoregressiveFrame
from ttt_theory.structured.base import (
    LARGEST_DENSE_DIM,
    DenseMatrix,
    MatrixOperator,
    StructuredMatrix,
)
from ttt_theory.structured.compound import BlockDiagonal, Kronecker
from ttt_theory.structured.frames import (
    BlockFrame,
    Frame,
    HouseholderFrame,
    IdentityFrame,
    KroneckerFrame,
)
from ttt_theory.structured.low_rank import LowRankUpdate
from ttt_theory.structured.spectral import RotatedMatrix, Spectral, as_structured

__all__ = [
    "LARGEST_DENSE_DIM",
    "Autoregressive",
    "AutoregressiveFrame",
    "BlockDiagonal",
    "BlockFrame",
    "DenseMatrix",
    "Frame",
    "HouseholderFrame",
    "IdentityFrame",
    "Kronecker",
    "KroneckerFrame",
    "LowRankUpdate",
    "MatrixOperator",
    "RotatedMatrix",
    "Spectral",
    "StructuredMatrix",
    "as_structured",
]
