"""Moments of a context's ‖u‖², uᵀMu, uᵀPAe and eᵀAe, put together from their cumulants.

Given the labels, u is Gaussian, and the compiled joint cumulants give the mean of every product of
these forms.  What is left is the average over t ~ χ²_n, of polynomials in τ = t − n: powers of t
would cancel against n.

Source: theory.md, section 2, fact 13; ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.polynomial import Polynomial

from ttt_theory.linear.closed_form import context_cumulants
from ttt_theory.linear.exact.arguments import evaluated
from ttt_theory.linear.exact.assembly import Forms

__all__ = ["ContextMoments", "PowerForms"]


class PowerForms(Forms, Protocol):
    """What several steps depend on: `Forms` to higher powers, and two more.

    A vector ``"shift_j"`` may have j ≤ 4, a weighting the powers of Σ_x up to 5, and a spread
    inner powers up to 5.
    """

    def feature_trace(self, power: int) -> Any:
        """Return tr Σ_x^power, of a power from 1 to 4."""

    def mean_form(self, power: int) -> Any:
        """Return qᵀΣ_x^power q, of a power from 0 to 3."""


class ContextMoments:
    """Moments of the context vector, in floats, fractions or symbols alike.

    Every method returns a list: the mean of its form times ‖u‖^(2a), for a from 0 to `most`.

    Parameters
    ----------
    context_length : number or element of a field
        n.
    forms : PowerForms
    """

    def __init__(self, context_length: Any, forms: PowerForms) -> None:
        self._forms = forms
        zero = 0 * context_length
        deviation = np.array([zero, zero + 1])
        self._labels = {
            "context_length": context_length,
            "label_variance": forms.label_variance,
            "deviation": Polynomial(deviation),
            "chi_squared": Polynomial(deviation + np.array([context_length, zero])),
        }
        self._one = Polynomial(deviation[1:])
        self._central = [zero + 1, zero]

    def sizes(self, most: int) -> list[Any]:
        """Return E[‖u‖^(2a)]."""
        return self._means(self._given_labels[: most + 1])

    def overlaps(self, most: int) -> list[Any]:
        """Return E[‖u‖^(2a) uᵀMu], for at most 2."""
        return self._means(
            _product(self._given_labels, self._cumulants("overlap", range(most + 1)))
        )

    def errors(self, most: int, weighting: int) -> list[Any]:
        """Return E[‖u‖^(2a) eᵀΣ_x^weighting e], for at most 4."""
        errors = self._cumulants("error", range(most + 1), weighting)
        return self._means(_product(self._given_labels, errors))

    def products(self, most: int, weighting: int) -> list[Any]:
        """Return E[‖u‖^(2a) uᵀMu eᵀΣ_x^weighting e], for at most 2."""
        overlaps = self._cumulants("overlap", range(most + 1))
        apart = _product(overlaps, self._cumulants("error", range(most + 1), weighting))
        joint = self._cumulants("product", range(most + 1), weighting)
        connected = [one + other for one, other in zip(apart, joint, strict=True)]
        return self._means(_product(self._given_labels, connected))

    def gradients(self, most: int, weighting: int) -> list[Any]:
        """Return E[‖u‖^(2a) uᵀPΣ_x^weighting e], for at most 1."""
        gradients = self._cumulants("gradient", range(most + 1), weighting)
        return self._means(_product(self._given_labels, gradients))

    @cached_property
    def _given_labels(self) -> list[Any]:
        """E[‖u‖^(2a)] given t, from m_a = Σ_i C(a−1, i) κ_(a−i) m_i."""
        cumulants = self._cumulants("size", range(1, 5))
        moments = [self._one]
        for a in range(len(cumulants)):
            terms = [math.comb(a, i) * cumulants[a - i] * moments[i] for i in range(a + 1)]
            moments.append(sum(terms[1:], terms[0]))
        return moments

    def _cumulants(self, form: str, powers: Iterable[int], weighting: int = 0) -> list[Polynomial]:
        """Return the compiled cumulants of a form and so many factors ‖u‖²."""
        formulas = [getattr(context_cumulants, f"{form}_{power}") for power in powers]
        return [
            evaluated(formula, lambda name: self._argument(name, weighting)) for formula in formulas
        ]

    def _argument(self, name: str, weighting: int) -> Any:
        """Return what a compiled formula's parameter stands for, with Σ_x^weighting for A."""
        if name in self._labels:
            return self._labels[name]
        kind, _, index = name.rpartition("_")
        match kind:
            case "trace":
                return self._forms.feature_trace(int(index))
            case "mean_form":
                return self._forms.mean_form(int(index))
            case "spread":
                return self._forms.spread(weighting, int(index))
            case "bias":
                return self._forms.form("bias", weighting, "bias")
            case "bias_shift":
                return self._forms.form("bias", weighting, f"shift_{index}")
        return self._forms.form(f"shift_{index[0]}", weighting, f"shift_{index[1]}")

    def _means(self, polynomials: Sequence[Polynomial]) -> list[Any]:
        """Average polynomials in τ over the labels."""
        return [
            sum(c * self._central_moment(power) for power, c in enumerate(each.coef))
            for each in polynomials
        ]

    def _central_moment(self, power: int) -> Any:
        """E[τ^power]."""
        for order in range(len(self._central) - 1, power):
            *_, before, last = self._central
            self._central.append(
                context_cumulants.next_central_moment(
                    order, self._labels["context_length"], last, before
                )
            )
        return self._central[power]


def _product(left: Sequence[Polynomial], right: Sequence[Polynomial]) -> list[Polynomial]:
    """Return the a-th derivatives of the product of two generating functions, given theirs."""
    result = []
    for a, _ in enumerate(right):
        terms = [math.comb(a, i) * left[i] * right[a - i] for i in range(a + 1)]
        result.append(sum(terms[1:], terms[0]))
    return result
