"""How much of what any filter of the same samples gains one deterministic step has, without noise.

Given u, the eigenvectors of S = X_tᵀX_t are uniform and independent of its eigenvalues.  So what a
filter h(S), with h chosen anew for each prompt, gains on a fresh context is, averaged over them,

    2 m_1 uᵀPe/U − m_2 uᵀMu ‖e‖²/U²,    m_p = tr h(S)^p / d,

which a constant h on what the samples span makes as large as can be, r/d·(uᵀPe)²/(uᵀMu‖e‖²) with
r = min(k, d).  A step of U's own size has h(x) = cx and, with m_p averaged over S, k/(k+d+1) in
place of r/d.  A step that is the same for all prompts has less.

A method that adapts to the labels moves W by a uᵀ, a any vector in the span of the test features.
Then r/d·‖Pᵀu‖²/uᵀMu is the most it gains, given u.

Source: ours (theory.md, section 2, fact 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ttt_theory.checks import checked_integer
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.closed_form import filters, isotropic, isotropic_steps, pretraining
from ttt_theory.linear.exact.proportional import proportional_limit

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["FilterBound", "filter_bound", "share_grid"]

_SMALLEST_DIM, _LARGEST_SIZE = 10, 10**6
_NODES, _REACH = 240, 9.0


class FilterBound(NamedTuple):
    """Mean gains without noise, Σ_x = I, in units of ‖β‖².

    Attributes
    ----------
    one_step : float
        Of the best step of one size for all prompts.
    prompt_step : float
        Of the best step for each prompt.
    filter_bound : float
        Of the best filter of S and u for each prompt.
    span_bound : float
        What no method gains that moves W by a uᵀ, a in the span of the test features.
    """

    one_step: float
    prompt_step: float
    filter_bound: float
    span_bound: float

    @property
    def share(self) -> float:
        """one_step / filter_bound."""
        return self.one_step / self.filter_bound


def filter_bound(
    context_length: int, test_samples: int, dim: int, start: str = "warm"
) -> FilterBound:
    """Compute what one step and the best filter gain on a fresh context.

    Parameters
    ----------
    context_length, test_samples, dim : int
        n, k and d, at most 10**6; d at least 10, as below the quadrature over u is not accurate.
    start : {"warm", "cold"}
        The weights pretrained at the same n, or zero.

    Raises
    ------
    InvalidSettingError
        If an argument is out of its range.

    Examples
    --------
    >>> bound = filter_bound(20, 40, 40)
    >>> print(bound.share, bound.prompt_step / bound.filter_bound)  # The latter is 40/81.
    0.435961... 0.493827...
    """
    n = checked_integer("context_length", context_length, 1, _LARGEST_SIZE)
    k = checked_integer("test_samples", test_samples, 1, _LARGEST_SIZE)
    d = checked_integer("dim", dim, _SMALLEST_DIM, _LARGEST_SIZE)
    if start not in ("warm", "cold"):
        raise InvalidSettingError("start", start, "give warm or cold")
    is_warm = start == "warm"
    weight = pretraining.isotropic_weight(n, d, 0.0) if is_warm else 0.0
    filter_mean, span_mean = _means(n, d, weight)
    share = filters.step_share(k, d, min(k, d))
    improvement = isotropic.warm_improvement if is_warm else isotropic.cold_improvement
    bound = min(k, d) / d * filter_mean
    return FilterBound(
        one_step=float(improvement(float(n), float(k), float(d), 1.0, 0.0)),
        prompt_step=share * bound,
        filter_bound=bound,
        span_bound=min(k, d) / d * span_mean,
    )


def share_grid(
    alphas: Sequence[float], gammas: Sequence[float], dims: Sequence[int], start: str = "warm"
) -> FloatArray:
    """Return the share of one deterministic step in the filter bound, from finite d to the limit.

    Parameters
    ----------
    alphas, gammas : sequence of float
        n/d and k/d; n and k are rounded to integers of at least 1.
    dims : sequence of int
    start : {"warm", "cold"}

    Returns
    -------
    ndarray, shape (len(dims) + 1, len(alphas), len(gammas))
        By dimension, and last the limit.

    Examples
    --------
    >>> share_grid([0.5], [1.0, 4.0], [50, 200])[:, 0].round(3)
    array([[0.447, 0.72 ],
           [0.485, 0.778],
           [0.5  , 0.8  ]])
    """
    finite = [
        [
            [
                filter_bound(max(1, round(a * d)), max(1, round(g * d)), d, start).share
                for g in gammas
            ]
            for a in alphas
        ]
        for d in dims
    ]
    ratios = np.asarray(alphas, dtype=np.float64)[:, None]
    limit = proportional_limit(ratios, np.asarray(gammas, dtype=np.float64), start).share
    return np.array([*finite, limit])


@cache
def _means(n: int, d: int, weight: float) -> tuple[float, float]:
    """Return E[(uᵀPe)²/(uᵀMu‖e‖²)] and E[‖Pᵀu‖²/uᵀMu] for ‖β‖ = 1.

    Without noise u is T along β and √T g across, T ~ χ²_n and g ~ N(0, I) (theory.md, section 2,
    fact 2).
    """
    length, weights = _chi_square_rule(n)
    across, others = _chi_square_rule(d - 1)
    along = length[:, None]
    across = along * across
    overlap = isotropic_steps.context_form(float(n), 1.0, 1.0, along**2, across)
    error = filters.prompt_error(weight, along, across)
    gradient = isotropic_steps.gradient_form(
        float(n), 1.0, weight, 1.0 - (n + 2) * weight, across, along * (1.0 - weight * along)
    )
    direction = filters.prompt_direction(float(n), weight, along, across)
    return (
        float(weights @ (gradient**2 / (overlap * error)) @ others),
        float(weights @ (direction / overlap) @ others),
    )


@cache
def _chi_square_rule(degrees: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights for the mean of a smooth function of a χ² variable."""
    # Of its root, whose density falls faster than that of N(mode, 1) on both sides.
    mode = np.sqrt(degrees - 1.0)
    low, high = max(0.0, mode - _REACH), mode + _REACH
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    roots = low + (high - low) * (nodes + 1.0) / 2.0
    exponents = (degrees - 1.0) * np.log(roots / (mode or 1.0)) - (roots**2 - mode**2) / 2.0
    weights = weights * np.exp(exponents)
    return roots**2, weights / np.sum(weights)
