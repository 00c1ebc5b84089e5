"""What the names of quantities in a statement stand for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ttt_theory.linear.closed_form import isotropic
from ttt_theory.statements.rational import GENERATORS, NAMES, Ratio

__all__ = ["formula_of", "ratio_of"]


def formula_of(name: str, start: str | None) -> Callable[..., Any]:
    """Return the formula of a quantity in n, k, d, norm2 and noise; warm is the default start."""
    found: Callable[..., Any] = getattr(isotropic, f"{start or 'warm'}_{name}")
    return found


@cache
def ratio_of(name: str, start: str | None) -> Ratio:
    """Return a quantity as a ratio in n, k, d, norm2 and noise."""
    return Ratio.of(formula_of(name, start)(*map(Ratio, GENERATORS[: len(NAMES)])))
