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

Setting files then know `kind = "two_blocks"` with the keys `dim` and `contrast`.
`ttt_theory.testing.check_covariance` proves that such a class conforms.
"""

from ttt_theory.covariance.base import (
    FROM_FILE,
    Covariance,
    check_covariance_matrix,
    covariance_kinds,
    register_covariance,
)
from ttt_theory.covariance.dense import AR1, LARGEST_DENSE_DIM, Dense, Empirical, Equicorrelated
from ttt_theory.covariance.diagonal import (
    LARGEST_DIAGONAL_DIM,
    Diagonal,
    Isotropic,
    PowerLaw,
    Spiked,
)

__all__ = [
    "AR1",
    "FROM_FILE",
    "LARGEST_DENSE_DIM",
    "LARGEST_DIAGONAL_DIM",
    "Covariance",
    "Dense",
    "Diagonal",
    "Empirical",
    "Equicorrelated",
    "Isotropic",
    "PowerLaw",
    "Spiked",
    "check_covariance_matrix",
    "covariance_kinds",
    "register_covariance",
]
