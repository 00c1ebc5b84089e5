"""The risk after several steps for Σ_x = I and W = wI, in any numbers that add and multiply.

Averaged over S = X_tᵀX_t, which is independent of u and whose law no rotation changes, the moments
of `Descent` are those of u alone: with μ_m = E[tr S^m] / d

    linear_m = μ_m E[U^(m−1) uᵀPe],
    quadratic_ml = μ_p E[U^(p−2) uᵀMu ‖e‖²] + dσ² μ_(p−1) E[U^(p−2) uᵀMu],    p = m + l,

on a fresh context, and on the same one with U‖e‖² for uᵀPe and U² for uᵀMu.  Every moment is a sum
of terms that are not negative, but for those in which an error e and the context meet.

Source: ours (theory.md, section 2, facts 7 and 8).
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

__all__ = ["ContextMoments", "ErrorMoments", "isotropic_descent"]

_Moment = Callable[[int, int], Any]


@dataclass(frozen=True, eq=False)
class ContextMoments:
    """Moments of u for Σ_x = I: b along β, U_2 the square of what is across, U = b² + U_2.

    Numbers are of one kind: fractions, integers, floats, arrays or symbols.

    Attributes
    ----------
    context_length, dim : number
        n and d.
    task_square, noise_variance : number
        ‖β‖² and σ².
    """

    context_length: Any
    dim: Any
    task_square: Any
    noise_variance: Any

    @property
    def label_variance(self) -> Any:
        """The variance s = ‖β‖² + σ² of a label."""
        return self.task_square + self.noise_variance

    def form(self, aligned: Any, across: Any) -> Any:
        """Return E[uᵀMu X] from E[b²X] and E[U_2 X]."""
        return isotropic_steps.context_form(
            self.context_length, self.task_square, self.label_variance, aligned, across
        )

    def mixed(self, moment: _Moment, exponent: int, along: int = 0, across: int = 0) -> Any:
        """E[U^j b^(2·along) U_2^across X], where the moment gives E[T^l b^(2p) X]."""
        total: Any = 0
        for r in range(exponent + 1):
            factor = math.comb(exponent, r) * self._across(r + across)
            total = total + factor * moment(r + across, exponent - r + along)
        return total

    @cached_property
    def plain(self) -> Callable[[int, int, int], Any]:
        """E[U^j b^(2·along) U_2^across]."""
        return cache(
            lambda exponent, along, across: self.mixed(self._plain, exponent, along, across)
        )

    @cached_property
    def length(self) -> Callable[[int], Any]:
        """E[T^l]."""
        return cache(lambda order: _rising(self.context_length, 1, order))

    @cached_property
    def scale(self) -> Callable[[int, int], Any]:
        """(2h−1)!! ‖β‖^(2p−2h) σ^(2h)."""

        def scale(p: int, h: int) -> Any:
            if h:
                return (2 * h - 1) * (self.noise_variance * self.scale(p - 1, h - 1))
            # One product each, where an array's power would take many.
            return self.task_square * self.scale(p - 1, 0) if p else 1

        return cache(scale)

    @cached_property
    def _across(self) -> Callable[[int], Any]:
        """E[(sχ²_(d−1))^r]."""
        return cache(lambda r: _rising(self.dim - 1, self.label_variance, r))

    @cached_property
    def _plain(self) -> _Moment:
        """E[T^l b^(2p)]."""
        return cache(
            lambda order, p: sum(
                math.comb(2 * p, 2 * h) * self.scale(p, h) * self.length(order + 2 * p - h)
                for h in range(p + 1)
            )
        )


def _rising(degrees: Any, scale: Any, count: int) -> Any:
    """Return the moment of a scaled χ² variable."""
    total: Any = 1
    for i in range(count):
        total = total * (scale * (degrees + 2 * i))
    return total


@dataclass(frozen=True, eq=False)
class ErrorMoments:
    """Moments of the context and of the error e = β − wu that it leaves.

    Attributes
    ----------
    context : ContextMoments
    weight, bias, gradient : number
        w, r = 1 − nw and g = ‖β‖²(r − 2w) − σ²w, each times `unit`.
    unit : number
        Errors are in this unit: with the denominator of w, everything is an integer where the
        other numbers are.
    """

    context: ContextMoments
    weight: Any
    bias: Any
    gradient: Any
    unit: Any = 1

    @classmethod
    def of(cls, context: ContextMoments, weight: Any, unit: Any = 1) -> ErrorMoments:
        """Return those of W = wI, from w times the unit."""
        bias = unit - context.context_length * weight
        gradient = context.task_square * (bias - 2 * weight) - context.noise_variance * weight
        return cls(context, weight, bias, gradient, unit)

    @property
    def constant(self) -> Any:
        """The risk before any step, times the unit's square."""
        context = self.context
        return isotropic_squares.constant(
            context.context_length,
            context.dim,
            context.task_square,
            context.noise_variance * self.unit**2,
            context.label_variance,
            self.weight,
            self.bias,
        )

    def square(self, exponent: int) -> Any:
        """E[U^j ‖e‖²], times the unit's square."""
        return self._square(exponent, 0, 0)

    def overlap(self, exponent: int) -> Any:
        """E[U^j uᵀMu ‖e‖²], times the unit's square."""
        return self.context.form(self._square(exponent, 1, 0), self._square(exponent, 0, 1))

    def gradient_overlap(self, exponent: int) -> Any:
        """E[U^j uᵀPe], times the unit's square."""
        return isotropic_steps.gradient_form(
            self.context.context_length,
            self.context.label_variance,
            self.weight,
            self.gradient,
            self.context.plain(exponent, 0, 1),
            self.context.mixed(self._product, exponent),
        )

    def _square(self, exponent: int, along: int, across: int) -> Any:
        """E[U^j b^(2·along) U_2^across ‖e‖²], times the unit's square."""
        aligned = self.context.mixed(self._squared, exponent, along, across)
        return aligned + self.weight**2 * self.context.plain(exponent, along, across + 1)

    @cached_property
    def _squared(self) -> _Moment:
        """E[T^l b^(2p) e_1²]."""

        def term(order: int, p: int, h: int) -> Any:
            binomials = math.comb(2 * p, 2 * h), math.comb(2 * p, 2 * h + 1)
            parts = self._square_parts(order + 2 * p - h)
            return self.context.scale(p, h) * isotropic_steps.square_term(h, *binomials, *parts)

        return cache(lambda order, p: sum(term(order, p, h) for h in range(p + 1)))

    @cached_property
    def _product(self) -> _Moment:
        """E[T^l b^(2p+1) e_1]."""

        def term(order: int, p: int, h: int) -> Any:
            binomials = math.comb(2 * p + 1, 2 * h), math.comb(2 * p + 1, 2 * h + 1)
            parts = self._product_parts(order + 2 * p + 1 - h)
            return self.context.scale(p, h) * isotropic_steps.product_term(h, *binomials, *parts)

        return cache(lambda order, p: sum(term(order, p, h) for h in range(p + 1)))

    @cached_property
    def _square_parts(self) -> Callable[[int], tuple[Any, Any, Any]]:
        """E[T^l e_1²], in the parts of its terms."""

        def parts(order: int) -> tuple[Any, Any, Any]:
            n, noise = self.context.context_length, self.context.noise_variance
            kept = isotropic_steps.kept(self.weight, self.bias, order)
            square = isotropic_steps.kept_square(n, self.weight, order, kept)
            length = self.context.length(order)
            return (
                length * isotropic_steps.signal_square(self.context.task_square, square),
                length * isotropic_steps.noise_square(n, noise, self.weight, order),
                length * isotropic_steps.cross_square(noise, self.weight, kept),
            )

        return cache(parts)

    @cached_property
    def _product_parts(self) -> Callable[[int], tuple[Any, Any]]:
        """E[T^l b e_1], in the parts of its terms."""

        def parts(order: int) -> tuple[Any, Any]:
            kept = isotropic_steps.kept(self.weight, self.bias, order)
            length = self.context.length(order)
            return (
                length * isotropic_steps.signal_product(self.context.task_square, kept),
                length * isotropic_steps.noise_product(self.context.noise_variance, self.weight),
            )

        return cache(parts)


def isotropic_descent(
    errors: ErrorMoments, test_samples: Any, steps: int, evaluation: str
) -> Descent:
    """Return the risk after up to so many steps, times the square of the errors' unit.

    Parameters
    ----------
    errors : ErrorMoments
    test_samples : number
        k.
    steps : int
        t.
    evaluation : str
        ``"fresh"`` or ``"same"``.

    Examples
    --------
    >>> cold = ErrorMoments(ContextMoments(20, 40, 1, 0), weight=0, bias=1, gradient=1)
    >>> descent = isotropic_descent(cold, 40, 2, "fresh")
    >>> descent.curve.linear, descent.quadratic[0][1] == descent.quadratic[1][0]
    (64000, True)
    """
    context = errors.context
    d, noise = context.dim, context.noise_variance * errors.unit**2
    powers = [mean_eigenvalue_power(p, test_samples, d) for p in range(1, 2 * steps + 1)]

    def linear(m: int) -> Any:
        if evaluation == "same":
            return powers[m - 1] * errors.square(m)
        return powers[m - 1] * errors.gradient_overlap(m - 1)

    def quadratic(p: int) -> Any:
        if evaluation == "same":
            signal, sampling = errors.square(p), context.plain(p, 0, 0)
        else:
            signal = errors.overlap(p - 2)
            sampling = context.form(context.plain(p - 2, 1, 0), context.plain(p - 2, 0, 1))
        return powers[p - 1] * signal + d * noise * (powers[p - 2] * sampling)

    sums = [quadratic(p) for p in range(2, 2 * steps + 1)]
    return Descent(
        errors.constant,
        [linear(m) for m in range(1, steps + 1)],
        [sums[m : m + steps] for m in range(steps)],
    )
