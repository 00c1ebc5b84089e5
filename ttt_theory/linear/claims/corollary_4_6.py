"""When the cold start beats the warm one, with an isotropic prior: Corollary 4.6."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from ttt_theory.claims.claim import Claim, Published
from ttt_theory.evidence.algebra import identity, indeterminates, limit, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict
from ttt_theory.linear.claims.isotropic import STARTS, isotropic_setting, literal_average
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import finite_size, isotropic, limits
from ttt_theory.linear.exact.risk import one_step_risk

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, SAMPLES, DIM, ALPHA, GAMMA, TASK_SQUARE = indeterminates("n k d alpha gamma beta2")
_PROPORTIONAL = (ALPHA * DIM, GAMMA * DIM, DIM)


def _threshold_in_the_limit(_: Effort) -> list[Evidence]:
    n, k, d = _PROPORTIONAL
    cold = TASK_SQUARE / (1 + GAMMA)
    threshold = limits.cold_start_threshold(ALPHA)
    return [
        limit(
            "the cold start's exact risk after the step tends to ‖β‖²/(1+γ)",
            isotropic.cold_risk_after(n, k, d, TASK_SQUARE, 0),
            cold,
            variable=DIM,
        ),
        identity(
            "warm minus cold limit is γ − γ*(α), times a positive factor",
            limits.warm_risk_after(ALPHA, GAMMA, TASK_SQUARE) - cold,
            TASK_SQUARE
            * ALPHA
            * (2 + ALPHA)
            / ((1 + GAMMA) * (1 + ALPHA) ** 3)
            * (GAMMA - threshold),
        ),
        identity("the compiled γ* is (α+1)²/(α+2)", threshold, (ALPHA + 1) ** 2 / (ALPHA + 2)),
        limit(
            "the exact threshold k*/d tends to γ*",
            finite_size.cold_start_samples(ALPHA * DIM, DIM) / DIM,
            threshold,
            variable=DIM,
        ),
    ]


def _threshold_at_finite_size(_: Effort) -> list[Evidence]:
    n, k, d = LENGTH, SAMPLES, DIM
    difference = isotropic.warm_risk_after(n, k, d, 1, 0) - isotropic.cold_risk_after(n, k, d, 1, 0)
    advantage = finite_size.cold_advantage_limit(n, d)
    samples = finite_size.cold_start_samples(n, d)
    at_50 = finite_size.cold_start_samples(Fraction(25), Fraction(50)) / 50
    asymptotic = limits.cold_start_threshold(Fraction(1, 2))
    # An independent look: which start wins on both sides of k*, by the risk of the two settings.
    below, above = math.floor(at_50 * 50), math.ceil(at_50 * 50)
    warm_below, cold_below = _risks_after(25, below, 50)
    warm_above, cold_above = _risks_after(25, above, 50)
    warm_always, cold_always = _risks_after(5, 10**12, 39)
    return [
        identity(
            "ours: warm minus cold exact risk is its limit for large k, times (k − k*)/(k + d + 1)",
            difference,
            advantage * (k - samples) / (k + d + 1),
        ),
        Evidence(
            EvidenceKind.EXACT_VALUE,
            Verdict.CONFIRMED
            if warm_below < cold_below and cold_above < warm_above
            else Verdict.REFUTED,
            f"d = 50, n = 25: the warm start wins at k = {below} and the cold one at k = {above}",
            {"exact_threshold": float(at_50), "asymptotic_threshold": float(asymptotic)},
        ),
        Evidence(
            EvidenceKind.EXACT_VALUE,
            Verdict.CONFIRMED
            if finite_size.cold_advantage_limit(5, 39) < 0 and warm_always < cold_always
            else Verdict.REFUTED,
            "d = 39, n = 5: the advantage's limit is negative, and the warm start wins even at "
            "k = 10¹²",
            {"warm": warm_always, "cold": cold_always},
        ),
    ]


def _risks_after(n: int, k: int, d: int) -> tuple[float, float]:
    """Return the warm and the cold start's exact risk after the step, by the general route."""
    warm, cold = (
        one_step_risk(isotropic_setting(n, k, d, start)).risk_after for start in STARTS.values()
    )
    return warm, cold


def _risk_after(_: Effort) -> list[Evidence]:
    return literal_average("risk_after")


def _published_threshold(_: Effort) -> list[Evidence]:
    """Read the threshold as a statement about sizes that people use."""
    n, k, d = Fraction(25), Fraction(50), Fraction(50)
    warm, cold = isotropic.warm_risk_after(n, k, d, 1, 0), isotropic.cold_risk_after(n, k, d, 1, 0)
    threshold = limits.cold_start_threshold(n / d)
    return [
        proof(
            f"n = {n}, k = {k}, d = {d}: the cold start wins, as γ = {k / d} > γ* = {threshold}",
            cold < warm and k / d > threshold,
            warm=str(warm),
            cold=str(cold),
        )
    ]


CLAIMS = (
    Claim(
        id="cor-4.6",
        title="When the cold start beats the warm start",
        source="[G25], Corollary 4.6",
        statement=(
            "In the limit iff γ > γ* = (α+1)²/(α+2). At finite size iff k > k*(n, d), exact, where "
            "the advantage has a positive limit for k → ∞; else never."
        ),
        formulas=exactly(
            limits.cold_start_threshold,
            finite_size.cold_start_samples,
            finite_size.cold_advantage_limit,
        ),
        evidence=(_threshold_in_the_limit, _threshold_at_finite_size, _risk_after),
        published=Published(
            sentence="The cold start beats the warm one iff γ > (α+1)²/(α+2).",
            reason=(
                "Transcribed by us. True of the limit d → ∞, which the claim proves, and meant so; "
                "read at finite sizes it is not: at d = 50, n = 25 the starts tie at k/d = 1.35, "
                "not at 0.9."
            ),
            evidence=(_published_threshold,),
        ),
    ),
)
