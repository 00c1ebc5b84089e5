"""Priors with a few levels of eigenvalues, which claims follow to d → ∞."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ttt_theory.linear.exact.spectrum import Spectrum

__all__ = ["PRIORS", "Prior"]


@dataclass(frozen=True)
class Prior:
    """Eigenvalues of Σ_β on shares of the dimensions, and the task's squared norm on each."""

    shares: tuple[Fraction, ...]
    eigenvalues: tuple[Fraction, ...]
    masses: tuple[Fraction, ...]

    def at(self, dim: Any, context_length: Any) -> Spectrum:
        """Return the spectrum with pretrained weights, in the numbers that the dimension is."""

        def number(value: Fraction) -> Any:
            return dim * 0 + value.numerator / (dim * 0 + value.denominator)

        return Spectrum.pretrained(
            [dim * share.numerator / share.denominator for share in self.shares],
            [number(value) for value in self.eigenvalues],
            [number(mass) for mass in self.masses],
            context_length,
        )


def _prior(*blocks: tuple[tuple[int, int], int, tuple[int, int]]) -> Prior:
    shares, eigenvalues, masses = zip(*blocks, strict=True)
    return Prior(
        tuple(Fraction(*share) for share in shares),
        tuple(Fraction(value) for value in eigenvalues),
        tuple(Fraction(*mass) for mass in masses),
    )


PRIORS = {
    "a few strong directions, task along them": _prior(((1, 5), 9, (1, 1)), ((4, 5), 1, (0, 1))),
    "a few strong directions, task off them": _prior(((1, 5), 9, (0, 1)), ((4, 5), 1, (1, 1))),
    "a few strong directions, task across": _prior(((1, 5), 9, (1, 3)), ((4, 5), 1, (2, 3))),
    "a singular prior, task partly outside it": _prior(((1, 2), 2, (1, 2)), ((1, 2), 0, (1, 2))),
    "three levels": _prior(((1, 3), 4, (1, 4)), ((1, 3), 2, (1, 4)), ((1, 3), 1, (1, 2))),
}
"""By what is special about them."""
