"""What one step, t steps and any filter of the same samples gain, as n, k, d grow in proportion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import as_real_array, common_shape, valid_entries
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import filters
from ttt_theory.linear.setting.starts import LARGEST_COUNT

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ProportionalLimit", "proportional_limit"]

_STARTS = ("warm", "cold")
_EVALUATIONS = ("fresh", "same")
_LARGEST_RATIO = float(LARGEST_COUNT)
_LARGEST_NOISE = 1e30


@dataclass(frozen=True, eq=False)
class ProportionalLimit:
    """Gains in units of ‖β‖², in the limit d → ∞ with n = αd and k = γd.

    A gain is the risk before the first step, less that after the last.  Steps are the best ones;
    in the limit those chosen for each prompt gain no more than deterministic ones.

    Attributes
    ----------
    one_step : float or ndarray
        Of the optimal step, in the shape that the arguments broadcast to.
    filter_bound : float or ndarray
        Of the best spectral filter, the most that any number of steps on these samples gains.
    share : float or ndarray
        one_step / filter_bound; at least 1/2.
    converged : float or ndarray
        Of gradient descent run to convergence, the least-squares fit of the test samples that is
        nearest to the start.  Negative where it does harm, and -inf for γ = 1 with noise.
    """

    one_step: Any
    filter_bound: Any
    share: Any
    converged: Any
    _root: Any
    _sample_ratio: Any

    def degree(self, steps: ArrayLike) -> Any:
        """Return the gain of the best polynomial of degree t, a bound on that of t steps.

        Parameters
        ----------
        steps : array_like of int
            t, from 0 to 10**15, broadcast against the other arguments.

        Raises
        ------
        InvalidSettingError
            If it is no such number, or its shape does not broadcast.

        Notes
        -----
        For t = 1 the two are the same.  For more, the steps of the best polynomial may be complex,
        and no real ones attain its gain.

        Examples
        --------
        >>> limit = proportional_limit(0.5, 1.0)
        >>> limit.degree([1, 2, 3]) / limit.filter_bound  # t/(t + 1) at γ = 1
        array([0.5       , 0.66666667, 0.75      ])
        """
        array = as_real_array("steps", steps, "give an integer or an array of integers")
        valid = (array >= 0) & (array <= LARGEST_COUNT) & (array == np.floor(array))
        valid_entries("steps", array, valid, f"give integers from 0 to {LARGEST_COUNT}")
        common_shape({"settings": np.asarray(self.filter_bound), "steps": array})
        t = array.astype(np.float64)
        # G_t = √γ sinh(tθ)/sinh((t+1)θ), and filter_bound has its limit √γ exp(−θ).
        angle = np.arcsinh(self._root / (2.0 * np.sqrt(self._sample_ratio)))
        with np.errstate(invalid="ignore"):
            share = np.expm1(-2.0 * t * angle) / np.expm1(-2.0 * (t + 1.0) * angle)
        return (self.filter_bound * np.where(angle == 0.0, t / (t + 1.0), share))[()]


def proportional_limit(
    alpha: ArrayLike,
    gamma: ArrayLike,
    start: str = "warm",
    noise: ArrayLike = 0.0,
    *,
    evaluation: str = "fresh",
) -> ProportionalLimit:
    """Compute what steps on the same samples gain for isotropic features, as n, k, d → ∞.

    Parameters
    ----------
    alpha, gamma : array_like of float
        n/d and k/d, each from 1e-15 to 1e15.
    start : {"warm", "cold"}
        The pretrained weights, of pretraining without noise at the same n, or zero.
    noise : array_like of float
        σ²/‖β‖² at test time, at most 1e30.
    evaluation : {"fresh", "same"}
        Whether the risk is that on a fresh context or on the one that the steps used.

    Returns
    -------
    ProportionalLimit
        Its fields are NumPy scalars where every argument is one.

    Raises
    ------
    InvalidSettingError
        If an argument is out of its range, or its shape does not broadcast.

    Notes
    -----
    A spectral filter moves W by h(S)S⁻¹X_tᵀ(y_t − X_tWu)uᵀ/‖u‖², S = X_tᵀX_t, with any function h
    that vanishes at 0; t steps have a polynomial of degree t.  With a = (1−ω)², ω = lim nw, and
    ε = a + ω²(1+σ²)/α, or a = ε on the same context, λ = σ²/ε and Π = 1 + γ + λ

        one_step = (a²/ε) γ/Π,    filter_bound = (a²/ε) [Π − √(Π² − 4γ)]/2,

    and without noise degree(t) = (a²/ε) γ(γᵗ − 1)/(γᵗ⁺¹ − 1).  Accurate to a few units in the last
    place, `converged` relative to the terms of which it is a difference.  The limit is that of d
    first: at every finite size the risk after t steps of a fixed size grows beyond all bounds with
    t.  Source: ours (theory.md, section 2, fact 10; derivations.linear.filters); one
    step without noise is [G25], Theorem 4.2.

    Examples
    --------
    >>> limit = proportional_limit(0.5, 2.0)
    >>> print(limit.one_step, limit.filter_bound, limit.share)
    0.197530... 0.296296... 0.666666...
    >>> print(limit.converged / limit.filter_bound)  # α(2 − α)
    0.75
    """
    for name, value, names in (
        ("start", start, _STARTS),
        ("evaluation", evaluation, _EVALUATIONS),
    ):
        if not (isinstance(value, str) and value in names):
            raise InvalidSettingError(name, value, f"give {' or '.join(names)}")
    arguments = {
        "alpha": _numbers("alpha", alpha, 1.0 / _LARGEST_RATIO, _LARGEST_RATIO),
        "gamma": _numbers("gamma", gamma, 1.0 / _LARGEST_RATIO, _LARGEST_RATIO),
        "noise": _numbers("noise", noise, 0.0, _LARGEST_NOISE),
    }
    shape = common_shape(arguments)
    ratio, samples, noise_ratio = (np.broadcast_to(each, shape) for each in arguments.values())

    is_warm = start == "warm"
    bias = filters.warm_bias(ratio) if is_warm else np.ones(shape)
    weight = filters.warm_weight(ratio) if is_warm else np.zeros(shape)
    error = filters.error_square(ratio, noise_ratio, weight, bias)
    overlap, attenuation = bias**2, filters.attenuation(ratio, noise_ratio)
    if evaluation == "same":
        overlap, attenuation = error, np.ones(shape)
    scale = filters.gain_scale(overlap, error)
    relative = noise_ratio / error
    root = np.sqrt(filters.discriminant(samples, relative))
    # Without noise there is none to amplify.
    gap = np.where(noise_ratio == 0.0, 1.0, np.abs(samples - 1.0))
    with np.errstate(divide="ignore"):
        converged = filters.converged_gain(
            np.minimum(samples, 1.0), attenuation, overlap, error, noise_ratio, gap
        )
    return ProportionalLimit(
        one_step=(scale * filters.one_step_fraction(samples, relative))[()],
        filter_bound=(scale * filters.filter_fraction(samples, relative, root))[()],
        share=filters.one_step_share(samples, relative, root)[()],
        converged=converged[()],
        _root=root[()],
        _sample_ratio=samples[()],
    )


def _numbers(name: str, values: ArrayLike, minimum: float, maximum: float) -> Any:
    array = as_real_array(name, values, "give a number or an array of numbers")
    with np.errstate(all="ignore"):
        array = array.astype(np.float64)
    remedy = f"give numbers from {minimum:g} to {maximum:g}"
    return valid_entries(name, array, (array >= minimum) & (array <= maximum), remedy)
