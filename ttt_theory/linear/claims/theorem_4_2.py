"""Isotropic features and prior: Theorem 4.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates, limit
from ttt_theory.evidence.record import Evidence
from ttt_theory.linear.claims.isotropic import literal_average
from ttt_theory.linear.claims.stating import to_leading_order
from ttt_theory.linear.closed_form import isotropic, limits

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, SAMPLES, DIM, ALPHA, GAMMA, TASK_SQUARE = indeterminates("n k d alpha gamma beta2")
_PROPORTIONAL = (ALPHA * DIM, GAMMA * DIM, DIM)


def _step_limit(_: Effort) -> list[Evidence]:
    n, k, d = _PROPORTIONAL
    norm2 = TASK_SQUARE
    return [
        limit(
            "warm start: η* → d/[2(k+d)n²(n+d)‖β‖²]",
            isotropic.warm_step_size(n, k, d, norm2, 0),
            limits.warm_step_size(n, k, d, norm2),
            variable=DIM,
        ),
        limit(
            "cold start: η* → 1/[2(k+d)n²‖β‖²]",
            isotropic.cold_step_size(n, k, d, norm2, 0),
            limits.cold_step_size(n, k, d, norm2),
            variable=DIM,
        ),
        identity(
            "the compiled warm limit is the published one",
            limits.warm_step_size(LENGTH, SAMPLES, DIM, norm2),
            DIM / (2 * (SAMPLES + DIM) * LENGTH**2 * (LENGTH + DIM) * norm2),
        ),
        identity(
            "the compiled cold limit is the published one",
            limits.cold_step_size(LENGTH, SAMPLES, DIM, norm2),
            1 / (2 * (SAMPLES + DIM) * LENGTH**2 * norm2),
        ),
    ]


def _step_average(_: Effort) -> list[Evidence]:
    return literal_average("step_size")


def _improvement_limit(_: Effort) -> list[Evidence]:
    n, k, d = _PROPORTIONAL
    norm2 = TASK_SQUARE
    return [
        limit(
            "warm start: improvement → ‖β‖²·k/(k+d)·d³/(n+d)³",
            isotropic.warm_improvement(n, k, d, norm2, 0),
            limits.warm_improvement(n, k, d, norm2),
            variable=DIM,
        ),
        limit(
            "cold start: improvement → ‖β‖²·k/(k+d)",
            isotropic.cold_improvement(n, k, d, norm2, 0),
            limits.cold_improvement(k, d, norm2),
            variable=DIM,
        ),
        identity(
            "the compiled warm limit is the published one",
            limits.warm_improvement(LENGTH, SAMPLES, DIM, norm2),
            norm2 * SAMPLES / (SAMPLES + DIM) * DIM**3 / (LENGTH + DIM) ** 3,
        ),
        identity(
            "the compiled cold limit is the published one",
            limits.cold_improvement(SAMPLES, DIM, norm2),
            norm2 * SAMPLES / (SAMPLES + DIM),
        ),
    ]


def _improvement_average(_: Effort) -> list[Evidence]:
    return literal_average("improvement")


CLAIMS = (
    Claim(
        id="thm-4.2-step",
        title="The optimal step size, isotropic",
        source="[G25], Theorem 4.2",
        statement=(
            "η* → d/[2(k+d)n²(n+d)‖β‖²] from the warm start and 1/[2(k+d)n²‖β‖²] from the cold "
            "one, as n, k, d grow in proportion."
        ),
        formulas=to_leading_order(limits.warm_step_size, limits.cold_step_size),
        evidence=(_step_limit, _step_average),
    ),
    Claim(
        id="thm-4.2-improvement",
        title="The improvement of one step, isotropic",
        source="[G25], Theorem 4.2",
        statement=(
            "The improvement → ‖β‖²·k/(k+d)·d³/(n+d)³ from the warm start and ‖β‖²·k/(k+d) from "
            "the cold one, as n, k, d grow in proportion."
        ),
        formulas=to_leading_order(limits.warm_improvement, limits.cold_improvement),
        evidence=(_improvement_limit, _improvement_average),
    ),
)
