"""How the linear theory states its formulas: the mistakes to plant, and how its sizes grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ttt_theory.claims import claim
from ttt_theory.claims.claim import Slip, StatedFormula
from ttt_theory.evidence.algebra import indeterminates

__all__ = ["exactly", "in_proportion", "to_leading_order"]


def _off_by_one(kind: str, size: str, sign: str) -> Slip:
    return Slip(kind, {size: f"{{{size}}} {sign} 1"})


_SLIPS = (
    _off_by_one("n + 1 for n", "context_length", "+"),
    _off_by_one("n − 1 for n", "context_length", "-"),
    _off_by_one("k ± 1 for k", "test_samples", "+"),
    _off_by_one("k ± 1 for k", "test_samples", "-"),
    _off_by_one("d ± 1 for d", "dim", "+"),
    _off_by_one("d ± 1 for d", "dim", "-"),
    Slip(
        "n and k swapped",
        {"context_length": "{test_samples}", "test_samples": "{context_length}"},
    ),
    Slip("noise missing", {"noise_variance": "0 * {noise_variance}"}),
)


def in_proportion() -> tuple[Mapping[str, Any], Any]:
    """Return n = αd, k = γd with d → ∞, for the arguments of leading terms."""
    alpha, gamma, d, norm2, bias, variance, radius_2 = indeterminates("alpha gamma d beta2 A B r2")
    growing = {
        "context_length": alpha * d,
        "test_samples": gamma * d,
        "dim": d,
        "task_square": norm2,
        "bias": bias,
        "variance": variance,
        "radius_2": radius_2,
    }
    return growing, d


def exactly(*functions: Callable[..., Any]) -> tuple[StatedFormula, ...]:
    """State functions as they stand."""
    return claim.exactly(*functions, slips=_SLIPS)


def to_leading_order(*functions: Callable[..., Any]) -> tuple[StatedFormula, ...]:
    """State functions as leading terms for large n, k and d in proportion."""
    return claim.to_leading_order(*functions, growth=in_proportion, slips=_SLIPS)
