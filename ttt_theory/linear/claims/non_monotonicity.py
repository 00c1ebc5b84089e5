"""After the step, more context can hurt: in the limit, and at which sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy

from ttt_theory.claims.claim import Claim, Published
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, agreement
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import finite_size, isotropic, limits

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, SAMPLES, DIM, ALPHA, GAMMA, TASK_SQUARE, X, Y = indeterminates(
    "n k d alpha gamma beta2 x y"
)
_PROPORTIONAL = (ALPHA * DIM, GAMMA * DIM, DIM)


def _slope_in_the_limit(_: Effort) -> list[Evidence]:
    n, k, d = _PROPORTIONAL
    risk = limits.warm_risk_after(ALPHA, GAMMA, TASK_SQUARE)
    published = TASK_SQUARE * (1 / (1 + ALPHA) - GAMMA / ((1 + GAMMA) * (1 + ALPHA) ** 3))
    # γ = r²/(3 − r²) makes (1+α)² = r² there.
    gamma = X**2 / (3 - X**2)
    roots = np.linspace(0.1, 1.7, 33)
    turning_points = limits.turning_point(roots**2 / (3.0 - roots**2))
    return [
        limit(
            "the exact risk after the step tends to ‖β‖²[1/(1+α) − γ/((1+γ)(1+α)³)]",
            isotropic.warm_risk_after(n, k, d, TASK_SQUARE, 0),
            risk,
            variable=DIM,
        ),
        identity("the compiled limit is the published one", risk, published),
        identity(
            "its slope in α, times a positive factor, is 2γ − 1 − (1+γ)α(2+α): never positive for "
            "γ ≤ 1/2, positive from α = 0 on for γ > 1/2",
            risk.diff(ALPHA) * (1 + ALPHA) ** 4 * (1 + GAMMA) / TASK_SQUARE,
            2 * GAMMA - 1 - (1 + GAMMA) * ALPHA * (2 + ALPHA),
        ),
        identity(
            "the slope of the compiled limit vanishes where (1+α)² = 3γ/(1+γ)",
            limits.warm_risk_after(X - 1 + Y, gamma, TASK_SQUARE).diff(Y).subs(Y, 0),
            0,
        ),
        agreement(
            EvidenceKind.EXACT_VALUE,
            "the compiled turning point is α = √(3γ/(γ+1)) − 1",
            (turning_points - (roots - 1.0)) / roots,
            points=len(roots),
        ),
    ]


def _slope_at_finite_size(_: Effort) -> list[Evidence]:
    risk = isotropic.warm_risk_after(LENGTH, SAMPLES, DIM, 1, 0)
    return [
        identity(
            "the compiled exact slope in n is the derivative of the exact risk",
            finite_size.warm_risk_slope(LENGTH, SAMPLES, DIM),
            risk.diff(LENGTH),
        ),
        positive(
            "ours: for every n, k, d with k ≤ d/2 the exact risk falls with n",
            # With k = 1 + x and d = 2 + 2x + y; all terms being positive, so is the sum for x = 0
            # or y = 0 too, since there is a term without either.
            -finite_size.warm_risk_slope(LENGTH, 1 + X, 2 + 2 * X + Y),
            -finite_size.warm_risk_slope(LENGTH, 1, 2),
        ),
    ]


def _turning_points_at_finite_size(_: Effort) -> list[Evidence]:
    return [
        _turning_points(2, monotone=(50, 400), turning=(600, 1000, 10**4, 10**5, 10**6)),
        _turning_points(4, monotone=(50, 200), turning=(300, 1000, 10**4, 10**5, 10**6)),
    ]


def _turning_points(gamma: int, monotone: tuple[int, ...], turning: tuple[int, ...]) -> Evidence:
    """Isolate the zeros of the exact slope, and follow the outer one to its limit."""
    found = {dim: _zeros_of_the_slope(gamma, dim) for dim in monotone + turning}
    published = float(limits.turning_point(gamma))
    dim_1, dim_2 = turning[-2:]
    errors = [abs(max(found[dim], default=0.0) - published) for dim in (dim_1, dim_2)]
    order = float(np.log(errors[0] / errors[1]) / np.log(dim_2 / dim_1)) if all(errors) else 0.0
    holds = (
        all(not found[dim] for dim in monotone)
        and all(len(found[dim]) == 2 for dim in turning)
        and order >= 0.95
    )
    low = " and ".join(map(str, monotone))
    return Evidence(
        EvidenceKind.DECAY,
        Verdict.CONFIRMED if holds else Verdict.REFUTED,
        f"ours: at γ = {gamma} the exact risk turns nowhere at d = {low}, "
        f"twice from d = {turning[0]} on, and its maximum tends to √(3γ/(γ+1)) − 1 at order 1/d",
        {
            "turning_points": {str(dim): zeros for dim, zeros in found.items()},
            "asymptotic": published,
            "order": order,
        },
    )


def _zeros_of_the_slope(gamma: int, dim: int) -> list[float]:
    """Return every α > 0 where the exact slope in n vanishes, isolated exactly."""
    variable = sympy.Symbol("n")
    slope = finite_size.warm_risk_slope(variable, gamma * dim, dim)
    polynomial = sympy.Poly(sympy.numer(sympy.together(slope)), variable, domain="QQ")
    return [float(root.evalf(20)) / dim for root in polynomial.real_roots() if root > 0]


def _published_rise(_: Effort) -> list[Evidence]:
    """Look for the rise at a size that people use, where the exact slope may vanish."""
    gamma, dim = 2, 50
    zeros = _zeros_of_the_slope(gamma, dim)
    return [
        proof(
            f"γ = {gamma}, d = {dim}: the exact risk after the step turns where a rise would end",
            bool(zeros),
            turning_points=zeros,
            asymptotic=float(limits.turning_point(gamma)),
        )
    ]


CLAIMS = (
    Claim(
        id="non-monotonicity",
        title="After the step, more context can hurt",
        source="[G25], after Theorem 4.2",
        statement=(
            "In the limit the risk after the step falls with α iff γ ≤ 1/2; else it rises until "
            "α = √(3γ/(γ+1)) − 1. At finite size: where the exact risk turns."
        ),
        formulas=exactly(limits.warm_risk_after, limits.turning_point, finite_size.warm_risk_slope),
        evidence=(_slope_in_the_limit, _slope_at_finite_size, _turning_points_at_finite_size),
        published=Published(
            sentence=(
                "For γ > 1/2 more context raises the risk after the step, until "
                "α = √(3γ/(γ+1)) − 1."
            ),
            reason=(
                "Transcribed by us. True of the limit d → ∞, which the claim proves, and meant so; "
                "at γ = 2 the exact risk falls all the way at d = 50 and 400, and turns twice from "
                "d = 600 on."
            ),
            evidence=(_published_rise,),
        ),
    ),
)
