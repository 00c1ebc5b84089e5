"""With the step, a context of the order of √d is enough."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates, limit
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import finite_size, isotropic, limits

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, SAMPLES, DIM, ALPHA, GAMMA, TASK_SQUARE, X = indeterminates("n k d alpha gamma beta2 x")


def _in_context_learning_alone(_: Effort) -> list[Evidence]:
    n, d = LENGTH, DIM
    target = ALPHA
    risk = isotropic.warm_risk_before(n, SAMPLES, d, TASK_SQUARE, 0)
    needed = finite_size.context_needed(target, d)
    evidence = [
        identity(
            "without the step a risk of ε‖β‖² takes n ≥ (d+1)(1−ε)/ε, of the order of d",
            target * TASK_SQUARE - risk,
            TASK_SQUARE * target * (n - needed) / (n + d + 1),
        ),
        identity(
            "the compiled context that is needed is (d+1)(1−ε)/ε",
            needed,
            (d + 1) * (1 - target) / target,
        ),
    ]
    # d = t^b and n = t^a, in the indeterminate t.
    for a, b in ((1, 2), (2, 3), (3, 4), (9, 10)):
        evidence.append(
            limit(
                f"without the step the risk tends to ‖β‖² along n = d^{Fraction(a, b)}",
                isotropic.warm_risk_before(n**a, SAMPLES, n**b, TASK_SQUARE, 0),
                TASK_SQUARE,
                variable=n,
            )
        )
    return evidence


def _with_the_step(_: Effort) -> list[Evidence]:
    t = LENGTH
    share = X**2 / (1 + X**2)
    short_context = limits.short_context_risk_after(X, GAMMA, TASK_SQUARE)
    evidence = [
        identity(
            "the compiled limit along n = x√d is ‖β‖²[1 − γ/(1+γ)·x²/(1+x²)]",
            short_context,
            TASK_SQUARE * (1 - GAMMA / (1 + GAMMA) * share),
        )
    ]
    for start in ("warm", "cold"):
        risk_after = getattr(isotropic, f"{start}_risk_after")
        evidence.append(
            limit(
                f"{start} start, ours: after the step the risk tends to ‖β‖²[1 − γ/(1+γ)·x²/(1+x²)]"
                " along n = x√d, k = γd",
                risk_after(X * t, GAMMA * t**2, t**2, TASK_SQUARE, 0),
                short_context,
                variable=t,
            )
        )
        for a, b, value, label in (
            (3, 5, TASK_SQUARE / (1 + GAMMA), "‖β‖²/(1+γ)"),
            (3, 4, TASK_SQUARE / (1 + GAMMA), "‖β‖²/(1+γ)"),
            (9, 10, TASK_SQUARE / (1 + GAMMA), "‖β‖²/(1+γ)"),
            (1, 3, TASK_SQUARE, "‖β‖²: the step gains nothing (ours)"),
        ):
            evidence.append(
                limit(
                    f"{start} start: after the step the risk tends to {label} along "
                    f"n = d^{Fraction(a, b)}, k = γd",
                    risk_after(t**a, GAMMA * t**b, t**b, TASK_SQUARE, 0),
                    value,
                    variable=t,
                )
            )
    return evidence


CLAIMS = (
    Claim(
        id="context-requirement",
        title="Test-time training needs less context",
        source="[G25], Section 4",
        statement=(
            "In-context learning alone needs n = Ω(d); with the step n = o(d) suffices (ours: "
            "n ≫ √d)."
        ),
        formulas=exactly(finite_size.context_needed, limits.short_context_risk_after),
        evidence=(_in_context_learning_alone, _with_the_step),
    ),
)
