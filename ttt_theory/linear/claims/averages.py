"""Exact averages of polynomials over the law of the context vector."""

from __future__ import annotations

from typing import Any

__all__ = ["context_average"]


def context_average(element: Any, n: Any, d: Any, length: Any, across: Any) -> Any:
    """Average a polynomial in T ~ χ²_n and p ~ χ²_(d−1), exactly.

    Without noise, for Σ_x = I and ‖β‖ = 1, u is T along β, and ‖u‖² = T² + Tp.
    """
    field = element.field
    places = [field.gens.index(each) for each in (length, across)]
    total = field(0)
    for exponents, coefficient in element.numer.iterterms():
        rest = list(exponents)
        term = field(1)
        for place, degrees in zip(places, (n, d - 1), strict=True):
            for step in range(exponents[place]):
                term = term * (degrees + 2 * step)
            rest[place] = 0
        monomial = field(field.ring.from_dict({tuple(rest): coefficient}))
        total = total + monomial * term
    return total / field(element.denom)
