"""When the cold start beats the warm one, with any prior: Corollary 5.4."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import optimize

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates
from ttt_theory.evidence.error_order import decay
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.priors import PRIORS, Prior
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import limits
from ttt_theory.linear.exact.assembly import bias_and_variance
from ttt_theory.linear.exact.spectrum import SpectrumForms, curve

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

ALPHA, GAMMA, TASK_SQUARE, BIAS, VARIANCE = indeterminates("alpha gamma beta2 A B")


def _threshold_forms(_: Effort) -> list[Evidence]:
    total, norm2 = BIAS + VARIANCE, TASK_SQUARE
    threshold = limits.aligned_threshold(norm2, BIAS, VARIANCE)
    warm = total - GAMMA / (1 + GAMMA) * BIAS**2 / total
    cold = norm2 / (1 + GAMMA)
    factor = VARIANCE * (2 * BIAS + VARIANCE) / ((1 + GAMMA) * total)
    isotropic_bias = norm2 / (1 + ALPHA) ** 2
    return [
        identity(
            "the compiled threshold is (A+B)(‖β‖²−A−B)/[B(2A+B)]",
            threshold,
            total * (norm2 - total) / (VARIANCE * (2 * BIAS + VARIANCE)),
        ),
        identity(
            "warm minus cold limit is γ − γ*, times a positive factor",
            warm - cold,
            factor * (GAMMA - threshold),
        ),
        identity(
            "with ‖β‖² = A + B − x, x ≥ 0, the threshold is not positive: the cold start wins",
            limits.aligned_threshold(total - ALPHA, BIAS, VARIANCE),
            -total * ALPHA / (VARIANCE * (2 * BIAS + VARIANCE)),
        ),
        identity(
            "Σ_β = I gives back (α+1)²/(α+2)",
            limits.aligned_threshold(norm2, isotropic_bias, ALPHA * isotropic_bias),
            limits.cold_start_threshold(ALPHA),
        ),
    ]


def _exact_crossing(_: Effort) -> list[Evidence]:
    """Locate the exact crossing of both starts and follow it to its limit."""
    dims = (600, 1200, 2400, 4800)
    evidence = []
    for name in ("a few strong directions, task off them", "three levels"):
        crossings, limiting = zip(*(_crossing(PRIORS[name], dim) for dim in dims), strict=True)
        errors = [abs(x / y - 1.0) for x, y in zip(crossings, limiting, strict=True)]
        evidence.append(
            decay(
                f"{name}: the relative error of γ* against the exact crossing is O(1/d)",
                dims,
                errors,
                crossings=list(crossings),
                limits=list(limiting),
            )
        )
    return evidence


def _crossing(prior: Prior, dim: int) -> tuple[float, float]:
    """Return the exact γ at which both starts tie at n = d/2, and the published one."""
    n = dim // 2
    warm = prior.at(float(dim), float(n))
    cold = warm.with_zero_weights()
    published = limits.aligned_threshold(1.0, *bias_and_variance(n, SpectrumForms(warm, n)))

    def gap(ratio: float) -> float:
        after = [
            each.constant - each.improvement
            for each in (curve(warm, n, ratio * dim), curve(cold, n, ratio * dim))
        ]
        return float(after[0] - after[1])

    low, high = 1e-6, 1e6
    if not gap(low) * gap(high) < 0.0:
        return math.nan, published
    return float(optimize.brentq(gap, low, high, xtol=1e-12)), published


CLAIMS = (
    Claim(
        id="cor-5.4",
        title="When the cold start wins, with a non-isotropic prior",
        source="[G25], Corollary 5.4",
        statement=(
            "In the limit iff γ > (A+B)(‖β‖²−A−B)/[B(2A+B)], so always if A+B ≥ ‖β‖²; the exact "
            "crossing tends to it."
        ),
        formulas=exactly(limits.aligned_threshold),
        evidence=(_threshold_forms, _exact_crossing),
    ),
)
