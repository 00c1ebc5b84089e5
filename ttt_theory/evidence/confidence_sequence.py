"""A test of a mean whose verdict holds at every time at once, for tails of any weight.

Let X₁, X₂, … be independent with mean μ and variance at most v, and let λ > 0 be fixed beforehand.
Catoni's φ is odd, with φ(x) = log(1 + x + x²/2) for x ≥ 0; then φ(x) ≤ log(1 + x + x²/2) for x < 0
too, since (1 + x + x²/2)(1 − x + x²/2) = 1 + x⁴/4 ≥ 1.  Hence, at every m,

    E exp φ(λ(X − m)) ≤ 1 + λ(μ − m) + λ²(v + (μ − m)²)/2,                                       (1)

and likewise for −φ with μ − m reversed.  With S_t(m) = Σ_{i ≤ t} φ(λ(X_i − m)), m = μ makes
exp(±S_t(μ)) / (1 + λ²v/2)^t two non-negative supermartingales that start at 1.  By Ville's
inequality each of them ever reaches 2/ε with probability at most ε/2, so that

    P(|S_t(μ)| ≥ c_t for any t) ≤ ε,   c_t = L + t log(1 + λ²v/2),   L = log(2/ε).               (2)

S_t(m) falls with m: {m : |S_t(m)| < c_t} is an interval, and the sequence of these covers μ at all
times at once.  (Wang and Ramdas bound the logarithm in c_t by λ²v/2.)

The verdict at time t on a stated mean m and a margin δ: **refuted** if |S_t(m)| > c_t, else
**confirmed** if S_t(m − δ) ≥ c_t and S_t(m + δ) ≤ −c_t, that is, if the interval covers m and lies
within δ of it.  If μ = m it is ever refuted with probability at most ε.  If μ ≥ m + δ, confirming
takes S_t(μ) ≤ S_t(m + δ) ≤ −c_t, and likewise if μ ≤ m − δ: ever, with probability at most ε/2.

Sample size: with λ²v = 2L/N, (1) and Markov's inequality give S_N(μ + δ) < −c_N but for a
probability of ε/2, provided that N(λδ − λ²δ²/2) ≥ 4L.  With a = δ/√v this is

    N ≥ L(4 + a²)²/(2a²),   a ≤ 2,                                                               (3)

8Lv/δ² for small margins.  N samples then confirm a true mean, and refute one that is off by δ or
more, each but for a probability of 2ε.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ttt_theory.checks import FloatArray
from ttt_theory.evidence.record import Verdict

__all__ = ["MeanTest", "reached_margin", "samples_for_margin"]

_VERDICTS = np.array([Verdict.UNDECIDED, Verdict.CONFIRMED, Verdict.REFUTED], dtype=object)


def samples_for_margin(variance: float, margin: float, error_rate: float) -> int:
    """Return the number of samples that decide a mean within a margin, by (3).

    Parameters
    ----------
    variance : float
        An upper bound on the variance of one sample, positive.
    margin : float
        Positive, in units of the samples.
    error_rate : float

    Returns
    -------
    int

    Examples
    --------
    >>> samples_for_margin(1.0, 0.1, 1e-8)
    15368
    """
    ratio = min(margin / math.sqrt(variance), 2.0)
    return math.ceil(_log_rate(error_rate) * (4.0 + ratio**2) ** 2 / (2.0 * ratio**2))


def reached_margin(variance: FloatArray, samples: int, error_rate: float) -> FloatArray:
    """Return the margin within which a number of samples decide a mean, by (3).

    Parameters
    ----------
    variance : ndarray
        Upper bounds on the variance of one sample.
    samples : int
    error_rate : float

    Returns
    -------
    ndarray
        Infinite for fewer than 8 log(2/error_rate) samples; zero where the variance is.

    Examples
    --------
    >>> reached_margin(np.array([1.0, 0.0]), 15368, 1e-8)
    array([0.1, 0. ])
    """
    root = math.sqrt(2.0 * samples / _log_rate(error_rate))
    if root < 4.0:
        return np.where(variance > 0.0, math.inf, 0.0)
    return 8.0 / (root + math.sqrt(root**2 - 16.0)) * np.sqrt(variance)


@dataclass(frozen=True, eq=False)
class MeanTest:
    """Test whether means are what they are stated to be, up to a margin.

    Attributes
    ----------
    stated : ndarray
        The means to test.
    variance : ndarray
        Upper bounds on the variance of one sample.  Where zero, a single sample decides.
    margin : ndarray
        In units of the samples; what has an infinite margin is not confirmed.
    samples : int
        Number of samples that the interval is to be narrow at; it holds at any number.
    error_rate : float
        ε: false-alarm rate over all times at once, and false-pass rate beyond the margin.

    References
    ----------
    H. Wang and A. Ramdas, Catoni-style confidence sequences for heavy-tailed mean estimation,
    Stochastic Processes and their Applications 163 (2023).  O. Catoni, Challenging the empirical
    mean and empirical variance: a deviation study, Annales de l'Institut Henri Poincaré (B) 48
    (2012).

    Examples
    --------
    >>> samples = np.random.default_rng(0).lognormal(size=(2000, 1))
    >>> for stated in (1.6, 2.1):
    ...     test = MeanTest(np.array([stated]), np.array([4.7]), np.array([0.5]), 2000, 1e-6)
    ...     print(*test.verdicts(test.scores(samples).sum(axis=0), 2000))
    confirmed
    refuted
    """

    stated: FloatArray
    variance: FloatArray
    margin: FloatArray
    samples: int
    error_rate: float

    def scores(self, samples: FloatArray) -> FloatArray:
        """Return φ(λ(x − m)) of each sample, to be summed over the samples.

        Parameters
        ----------
        samples : ndarray
            Of a shape that goes with `stated`.

        Returns
        -------
        ndarray, shape (..., 3)
            For m the stated mean, and that less and plus the margin.
        """
        offsets = np.stack([np.zeros_like(self.margin), -self.margin, self.margin], axis=-1)
        # An infinite mean has no neighbours; it is refuted without them.
        with np.errstate(invalid="ignore"):
            centres = np.expand_dims(self.stated, -1) + offsets
        scaled = np.expand_dims(self._sharpness, -1) * (np.expand_dims(samples, -1) - centres)
        return _influence(scaled)

    def verdicts(self, totals: FloatArray, count: int) -> NDArray[np.object_]:
        """Judge the stated means by the summed scores of some samples.

        Parameters
        ----------
        totals : ndarray, shape (..., 3)
        count : int
            Number of samples summed.

        Returns
        -------
        ndarray of Verdict
        """
        threshold = self._threshold(count)
        at_stated, below, above = np.moveaxis(totals, -1, 0)
        # A stated mean that is not a number is refuted.
        refuted = ~(np.abs(at_stated) <= threshold)
        within = np.isfinite(self.margin) & (below >= threshold) & (above <= -threshold)
        return _VERDICTS[np.where(refuted, 2, np.where(within, 1, 0))]

    def intervals(self, samples: FloatArray) -> FloatArray:
        """Return the intervals of the confidence sequence after some samples.

        Parameters
        ----------
        samples : ndarray, shape (t, m)
            For m stated means.

        Returns
        -------
        ndarray, shape (m, 2)
        """
        scaled = zip((self._sharpness * samples).T, self._threshold(len(samples)), strict=True)
        return np.array([_interval(*each) for each in scaled]) / self._sharpness[:, None]

    @property
    def _sharpness(self) -> FloatArray:
        """λ; any will do for a variance of zero."""
        spread = np.sqrt(np.where(self.variance > 0.0, self.variance, 1.0))
        return math.sqrt(2.0 * _log_rate(self.error_rate) / self.samples) / spread

    def _threshold(self, count: int) -> FloatArray:
        """c_t with λ²v/2 = L/N; where the variance is zero, no sample may be off at all."""
        log_rate = _log_rate(self.error_rate)
        level = log_rate + count * math.log1p(log_rate / self.samples)
        return np.where(self.variance > 0.0, level, 0.0)


def _log_rate(error_rate: float) -> float:
    return math.log(2.0 / error_rate)


def _influence(x: FloatArray) -> FloatArray:
    size = np.abs(x)
    with np.errstate(over="ignore"):
        return np.copysign(np.log1p(size + size * size / 2.0), x)


def _interval(samples: FloatArray, threshold: float) -> tuple[float, float]:
    """Where the scores of samples in units of 1/λ add up to c_t and to −c_t."""
    # Beyond the extreme samples by φ⁻¹(c/t) all scores exceed c/t; twice that, despite rounding.
    reach = 2.0 * (math.sqrt(2.0 * math.exp(threshold / len(samples)) - 1.0) - 1.0)
    lowest, highest = float(np.min(samples)) - reach, float(np.max(samples)) + reach
    if lowest == highest:
        return lowest, highest

    def excess(centre: float, level: float) -> float:
        return float(np.sum(_influence(samples - centre))) - level

    return (
        optimize.brentq(excess, lowest, highest, args=(threshold,)),
        optimize.brentq(excess, lowest, highest, args=(-threshold,)),
    )
