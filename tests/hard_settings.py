"""Settings on which float64 loses digits: near-singular matrices, mixed scales, n and k to 1e15.

`python -m tests.hard_settings` evaluates many of them to 150 digits from the definitions, and says
how far off the results of `one_step_risk` are.
"""

import argparse
import collections
import sys

import numpy as np
from mpmath import mp

from tests import reference
from ttt_theory import one_step_risk
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
)
from ttt_theory.errors import LostPrecisionError, OutOfRangeError
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import (
    DenseWeights,
    PretrainedWeights,
    Pretraining,
    ZeroWeights,
)


class HardSettings:
    """Draws settings of every kind."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def setting(self):
        dim = int(self.rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12]))
        features = self.covariance(dim)
        return Setting(
            context_length=self.count(),
            test_samples=self.count(),
            feature_covariance=features,
            task_covariance=features if self.chance(0.2) else self.covariance(dim),
            task=self.task(features),
            noise_variance=self.noise(),
            initialization=self.start(dim),
            pretraining=self.pretraining(features),
        )

    def chance(self, probability):
        return self.rng.random() < probability

    def one_of(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def ten_to(self, low, high, size=None):
        return 10.0 ** self.rng.uniform(low, high, size)

    def signs(self, *shape):
        return self.rng.choice([-1.0, 1.0], shape)

    def count(self):
        return int(self.ten_to(0, self.one_of(2, 6, 15)))

    def noise(self):
        return self.one_of(0.0, 0.0, 1.0, float(self.ten_to(-12, 6)))

    def near(self, limit):
        """A number a little above or below a limit, in its direction from zero."""
        return limit * (1.0 - float(self.ten_to(-15, -1)))

    def task(self, features):
        dim = features.dim
        matrix = features.matrix()
        array = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        kind = self.rng.integers(6)
        if kind == 0:
            return np.ones(dim)
        if kind == 1:
            return np.eye(dim)[self.rng.integers(dim)]
        if kind == 2 and array.any():
            return np.linalg.eigh(array / np.abs(array).max())[1][:, 0]
        if kind == 3:
            return self.ten_to(-6, 6, dim) * self.signs(dim)
        if kind == 4:
            return (-1.0) ** np.arange(dim)
        return self.rng.standard_normal(dim)

    def start(self, dim):
        kind = self.rng.integers(8)
        if kind < 4:
            return PretrainedWeights()
        if kind < 6:
            return ZeroWeights()
        if kind == 6:
            return PretrainedWeights(self.factor())
        return DenseWeights(self.rng.standard_normal((dim, dim)) * self.ten_to(-8, 0))

    def factor(self):
        """A multiple of about one, or one of either sign that is far from it."""
        drawn = float(self.rng.standard_normal())
        size = abs(drawn)
        return (
            1.0 + 0.5 * drawn
            if size < 0.7
            else float(np.sign(drawn)) * 10.0 ** (8.0 * (size - 0.7))
        )

    def pretraining(self, features):
        kind = self.rng.integers(5)
        if kind < 3:
            return Pretraining()
        if kind == 3:
            return Pretraining(context_length=self.count(), noise_variance=self.noise())
        return Pretraining(feature_covariance=self.covariance(features.dim))

    def covariance(self, dim, deep=True):
        kinds = [
            self.isotropic,
            self.diagonal,
            self.power_law,
            self.spiked,
            self.spiked_along,
            self.factor_model,
            self.ar1,
            self.equicorrelated,
            self.dense,
            self.empirical,
        ]
        if deep:
            kinds += [self.kronecker, self.block_diagonal]
        return self.one_of(*kinds)(dim)

    def scale(self):
        return self.one_of(1.0, 1.0, float(self.ten_to(-6, 6)))

    def isotropic(self, dim):
        return Isotropic(dim, scale=self.scale())

    def diagonal(self, dim):
        return Diagonal(self.ten_to(-9, 3, dim) * (self.rng.random(dim) > 0.1), scale=self.scale())

    def power_law(self, dim):
        return PowerLaw(dim, float(self.rng.uniform(-8, 8)), scale=self.scale())

    def spiked(self, dim):
        spikes = [self.one_of(self.near(-1.0), float(self.ten_to(-3, 9)))]
        return Spiked(dim, spikes, scale=self.scale())

    def spiked_along(self, dim):
        spikes = [self.near(-1.0), *self.ten_to(-3, 6, self.rng.integers(dim))]
        directions = self.rng.standard_normal((len(spikes), dim))
        return Spiked(dim, spikes, directions, scale=self.scale())

    def factor_model(self, dim):
        loadings = self.rng.standard_normal((dim, self.rng.integers(1, 4)))
        values = self.ten_to(-12, 1, dim)
        return FactorModel(
            self.one_of(values, np.full(dim, values[0])), loadings * self.one_of(1.0, 1e3)
        )

    def ar1(self, dim):
        return AR1(dim, self.one_of(self.near(1.0), self.near(-1.0), 0.3, -0.7), scale=self.scale())

    def equicorrelated(self, dim):
        lowest = -1.0 / max(dim - 1, 1)
        rho = self.one_of(self.near(lowest), self.near(lowest), self.near(1.0), 0.4)
        return Equicorrelated(dim, rho, scale=self.scale())

    def dense(self, dim):
        axes = np.linalg.qr(self.rng.standard_normal((dim, dim)))[0]
        root = axes * self.ten_to(-6.5, 0, dim)
        units = self.one_of(1.0, 1.0, self.ten_to(-3, 3, (dim, 1)))
        return Dense(units * (root @ root.T) * np.transpose(units))

    def empirical(self, dim):
        rows = int(self.rng.integers(2, 2 * dim + 3))
        offset = self.rng.standard_normal(dim) * self.ten_to(0, 15)
        spread = self.one_of(1.0, float(self.ten_to(-12, 0)))
        samples = offset + spread * self.rng.standard_normal((rows, dim))
        if np.ptp(samples, axis=0).max() == 0.0:
            samples[0, 0] = np.nextafter(samples[0, 0], np.inf)
        return Empirical(samples)

    def kronecker(self, dim):
        first = self.one_of(*[size for size in range(1, dim + 1) if dim % size == 0])
        return Kronecker([self.covariance(first, False), self.covariance(dim // first, False)])

    def block_diagonal(self, dim):
        if dim == 1:
            return BlockDiagonal([self.covariance(1, False)])
        cut = int(self.rng.integers(1, dim))
        return BlockDiagonal([self.covariance(cut, False), self.covariance(dim - cut, False)])


def errors(setting):
    """Return the relative error of every result.

    A result that is zero but for 1e-30 of what R ≥ 0 allows, given the others, has the error that
    it has relative to that.
    """
    risk = one_step_risk(setting)
    exact = reference.one_step_risk(setting, dense=reference.defined)
    with mp.workdps(reference.DIGITS):
        constant, quadratic = exact["constant"], exact["quadratic"]
        bounds = {
            "linear": 2 * mp.sqrt(constant * quadratic),
            "step_size": mp.sqrt(constant / quadratic) if quadratic else mp.mpf(1),
            "risk_after": constant,
            "improvement": constant,
        }
        result = {}
        for name, value in exact.items():
            size = max(abs(value), bounds.get(name, abs(value)) * mp.mpf("1e-30"))
            difference = abs(mp.mpf(getattr(risk, name)) - value)
            result[name] = float(difference / size) if difference else 0.0
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    source, outcomes, worst = HardSettings(arguments.seed), collections.Counter(), (0.0, None)
    for number in range(1, arguments.settings + 1):
        setting = source.setting()
        try:
            error = max(errors(setting).values())
        except LostPrecisionError:
            outcomes["refused"] += 1
        except OutOfRangeError:
            outcomes["beyond float64"] += 1
        else:
            outcomes["within 1e-9" if error <= 1e-9 else "off"] += 1
            worst = max(worst, (error, number), key=lambda pair: pair[0])
        if number % 50 == 0:
            print(number, dict(outcomes), f"worst {worst[0]:.1e}", file=sys.stderr)
    print(dict(outcomes), f"worst {worst[0]:.1e}, of setting {worst[1]}")
    sys.exit(bool(outcomes["off"]))


if __name__ == "__main__":
    main()
