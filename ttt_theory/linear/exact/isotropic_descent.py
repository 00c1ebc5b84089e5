"""The risk after several steps for Σ_x = I and W = wI, in any numbers that add and multiply.

Averaged over S = X_tᵀX_t, which is independent of u and whose law no rotation changes, the moments
of `Descent` are those of u alone: with μ_m = E[tr S^m] / d

    linear_m = μ_m E[U^(m−1) uᵀPe],
    quadratic_ml = μ_p E[U^(p−2) uᵀMu ‖e‖²] + dσ² μ_(p−1) E[U^(p−2) uᵀMu],    p = m + l,

on a fresh context, and on the same one with U‖e‖² for uᵀPe and U² for uᵀMu.  Every moment is a sum
of terms that are not negative, but for those in which an error e and the context meet.

Source: ours (theory.md, section 2, "Several steps").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from ttt_theory.linear.closed_form import isotropic_squares, isotropic_steps
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.wishart import mean_eigenvalue_power

__all__ = ["IsotropicContext", "isotropic_descent"]

_Moment = Callable[[int, int], Any]


@dataclass(frozen=True, eq=False)
class IsotropicContext:
    """Moments of u and e = β − wu for Σ_x = I: b along β, U_2 the square of what is across.

    Numbers are of one kind: fractions, integers, floats, arrays or symbols.

    Attributes
    ----------
    context_length, dim : number
        n and d.
    task_square, noise_variance : number
        ‖β‖² and σ².
    weight, bias, gradient : number
        w, r = 1 − nw and g = ‖β‖²(r − 2w) − σ²w, each times `unit`.
    unit : number
        Errors are in this unit: with the denominator of w, everything is an integer where the
        other numbers are.
    """

    context_length: Any
    dim: Any
    task_square: Any
    noise_variance: Any
    weight: Any
    bias: Any
    gradient: Any
    unit: Any = 1

    @property
    def label_variance(self) -> Any:
        """The variance s = ‖β‖² + σ² of a label."""
        return self.task_square + self.noise_variance

    @property
    def constant(self) -> Any:
        """The risk before any step, times the unit's square."""
        return isotropic_squares.constant(
            self.context_length,
            self.dim,
            self.task_square,
            self.noise_variance * self.unit**2,
            self.label_variance,
            self.weight,
            self.bias,
        )

    def power(self, exponent: int) -> Any:
        """E[U^j]."""
        return self._mixed(self._plain, exponent)

    def error(self, exponent: int) -> Any:
        """E[U^j ‖e‖²], times the unit's square."""
        return self._mixed(self._squared, exponent) + self.weight**2 * self._mixed(
            self._plain, exponent, across=1
        )

    def overlap(self, exponent: int) -> Any:
        """E[U^j uᵀMu]."""
        return self._context_form(
            self._mixed(self._plain, exponent, along=1),
            self._mixed(self._plain, exponent, across=1),
        )

    def error_overlap(self, exponent: int) -> Any:
        """E[U^j uᵀMu ‖e‖²], times the unit's square."""
        aligned, across = (
            self._mixed(self._squared, exponent, *each)
            + self.weight**2 * self._mixed(self._plain, exponent, each[0], each[1] + 1)
            for each in ((1, 0), (0, 1))
        )
        return self._context_form(aligned, across)

    def gradient_overlap(self, exponent: int) -> Any:
        """E[U^j uᵀPe], times the unit's square."""
        return isotropic_steps.gradient_form(
            self.context_length,
            self.label_variance,
            self.weight,
            self.gradient,
            self._mixed(self._plain, exponent, across=1),
            self._mixed(self._product, exponent),
        )

    def _context_form(self, aligned: Any, across: Any) -> Any:
        return isotropic_steps.context_form(
            self.context_length, self.task_square, self.label_variance, aligned, across
        )

    def _mixed(self, moment: _Moment, exponent: int, along: int = 0, across: int = 0) -> Any:
        """E[U^j b^(2·along) U_2^across X], where the moment gives E[T^l b^(2p) X]."""
        total: Any = 0
        for r in range(exponent + 1):
            total = total + math.comb(exponent, r) * self._across(r + across) * moment(
                r + across, exponent - r + along
            )
        return total

    @cached_property
    def _across(self) -> Callable[[int], Any]:
        """E[(sχ²_(d−1))^r]."""
        return cache(lambda r: self._rising(self.dim - 1, self.label_variance, r))

    @cached_property
    def _length(self) -> Callable[[int], Any]:
        """E[T^l]."""
        return cache(lambda order: self._rising(self.context_length, 1, order))

    @staticmethod
    def _rising(degrees: Any, scale: Any, count: int) -> Any:
        total: Any = 1
        for i in range(count):
            total = total * (scale * (degrees + 2 * i))
        return total

    @cached_property
    def _square_parts(self) -> Callable[[int], tuple[Any, Any, Any]]:
        """E[T^l e_1²], in the parts of its terms."""

        def parts(order: int) -> tuple[Any, Any, Any]:
            n, noise, weight = self.context_length, self.noise_variance, self.weight
            kept = isotropic_steps.kept(weight, self.bias, order)
            square = isotropic_steps.kept_square(n, weight, order, kept)
            length = self._length(order)
            return (
                length * isotropic_steps.signal_square(self.task_square, square),
                length * isotropic_steps.noise_square(n, noise, weight, order),
                length * isotropic_steps.cross_square(noise, weight, kept),
            )

        return cache(parts)

    @cached_property
    def _product_parts(self) -> Callable[[int], tuple[Any, Any]]:
        """E[T^l b e_1], in the parts of its terms."""

        def parts(order: int) -> tuple[Any, Any]:
            kept = isotropic_steps.kept(self.weight, self.bias, order)
            length = self._length(order)
            return (
                length * isotropic_steps.signal_product(self.task_square, kept),
                length * isotropic_steps.noise_product(self.noise_variance, self.weight),
            )

        return cache(parts)

    @cached_property
    def _scale(self) -> Callable[[int, int], Any]:
        """(2h−1)!! ‖β‖^(2p−2h) σ^(2h)."""

        def scale(p: int, h: int) -> Any:
            if h:
                return (2 * h - 1) * (self.noise_variance * self._scale(p - 1, h - 1))
            # One product each, where an array's power would take many.
            return self.task_square * self._scale(p - 1, 0) if p else 1

        return cache(scale)

    @cached_property
    def _plain(self) -> _Moment:
        """E[T^l b^(2p)]."""
        return cache(
            lambda order, p: sum(
                math.comb(2 * p, 2 * h) * self._scale(p, h) * self._length(order + 2 * p - h)
                for h in range(p + 1)
            )
        )

    @cached_property
    def _squared(self) -> _Moment:
        """E[T^l b^(2p) e_1²]."""

        def term(order: int, p: int, h: int) -> Any:
            binomials = math.comb(2 * p, 2 * h), math.comb(2 * p, 2 * h + 1)
            parts = self._square_parts(order + 2 * p - h)
            return self._scale(p, h) * isotropic_steps.square_term(h, *binomials, *parts)

        return cache(lambda order, p: sum(term(order, p, h) for h in range(p + 1)))

    @cached_property
    def _product(self) -> _Moment:
        """E[T^l b^(2p+1) e_1]."""

        def term(order: int, p: int, h: int) -> Any:
            binomials = math.comb(2 * p + 1, 2 * h), math.comb(2 * p + 1, 2 * h + 1)
            parts = self._product_parts(order + 2 * p + 1 - h)
            return self._scale(p, h) * isotropic_steps.product_term(h, *binomials, *parts)

        return cache(lambda order, p: sum(term(order, p, h) for h in range(p + 1)))


def isotropic_descent(
    context: IsotropicContext, test_samples: Any, steps: int, evaluation: str
) -> Descent:
    """Return the risk after up to so many steps, times the square of the context's unit.

    Parameters
    ----------
    context : IsotropicContext
    test_samples : number
        k.
    steps : int
        t.
    evaluation : str
        ``"fresh"`` or ``"same"``.

    Examples
    --------
    >>> cold = IsotropicContext(20, 40, 1, 0, weight=0, bias=1, gradient=1)
    >>> descent = isotropic_descent(cold, 40, 2, "fresh")
    >>> descent.curve.linear, descent.quadratic[0][1] == descent.quadratic[1][0]
    (64000, True)
    """
    k, d, noise = test_samples, context.dim, context.noise_variance * context.unit**2
    shift = 2 if evaluation == "same" else 0
    error = context.error if evaluation == "same" else context.error_overlap
    plain = context.power if evaluation == "same" else context.overlap

    def linear(m: int) -> Any:
        moment = context.error(m) if evaluation == "same" else context.gradient_overlap(m - 1)
        return mean_eigenvalue_power(m, k, d) * moment

    def quadratic(p: int) -> Any:
        j = p - 2 + shift
        signal = mean_eigenvalue_power(p, k, d) * error(j)
        return signal + d * noise * (mean_eigenvalue_power(p - 1, k, d) * plain(j))

    by_sum = [quadratic(p) for p in range(2, 2 * steps + 1)]
    return Descent(
        context.constant,
        [linear(m) for m in range(1, steps + 1)],
        [by_sum[m : m + steps] for m in range(steps)],
    )
