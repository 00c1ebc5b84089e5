"""Covariances of features and of tasks, and the registry that names them in setting files.

A new covariance is one frozen dataclass with `dim` and `matrix`:

>>> from dataclasses import dataclass
>>> import numpy as np
>>> @register_covariance("two_blocks")
... @dataclass(frozen=True)
... class TwoBlocks(Covariance):
...     dim: int
...     contrast: float
...
...     def matrix(self):
...         half = self.dim // 2
...         return np.diag([1.0] * half + [self.contrast] * (self.dim - half))
>>> TwoBlocks(dim=3, contrast=2.0).matrix().diagonal()
array([1., 2., 2.])

Setting files then know `kind = "two_blocks"` with the keys `dim` and `contrast`; a field of type
``tuple[Covariance, ...]`` is a list of tables there.  A large one returns a matrix composed of
the constructors of `ttt_theory.structured`, so that nothing of size dim x dim is stored.
`ttt_theory.testing.check_covariance` proves that such a class conforms.
"""

from ttt_theory.covariance.base import (
    FROM_FILE,
    LARGEST_DIM,
    Covariance,
    check_covariance_matrix,
    covariance_kinds,
    register_covariance,
)
from ttt_theory.covariance.composite import BlockDiagonal, Kronecker
from ttt_theory.covariance.correlated import AR1, Equicorrelated
from ttt_theory.covariance.dense import Dense
from ttt_theory.covariance.diagonal import Diagonal, Isotropic, PowerLaw
from ttt_theory.covariance.low_rank import Empirical, FactorModel, Spiked
from ttt_theory.structured import LARGEST_DENSE_DIM

__all__ = [
    "AR1",
    "FROM_FILE",
    "LARGEST_DENSE_DIM",
    "LARGEST_DIM",
    "BlockDiagonal",
    "Covariance",
    "Dense",
    "Diagonal",
    "Empirical",
    "Equicorrelated",
    "FactorModel",
    "Isotropic",
    "Kronecker",
    "PowerLaw",
    "Spiked",
    "check_covariance_matrix",
    "covariance_kinds",
    "register_covariance",
]
