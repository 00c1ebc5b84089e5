"""A covariance of one's own, the steps of fractional Brownian motion, and its verification."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import toeplitz

import ttt_theory as ttt
from ttt_theory.testing import check_covariance


@ttt.register_covariance("fractional_noise")
@dataclass(frozen=True)
class FractionalNoise(ttt.Covariance):
    dim: int
    hurst: float

    def matrix(self):
        return toeplitz(np.diff(np.abs(np.arange(-1.0, self.dim + 1.0)) ** (2 * self.hurst), 2) / 2)


if __name__ == "__main__":
    check_covariance(FractionalNoise(5, 0.8))
    setting = ttt.Setting(20, 10, FractionalNoise(5, 0.8), ttt.Isotropic(5), np.ones(5))
    print(ttt.verify(settings={"fractional noise": setting}, quick=True).verdict)
