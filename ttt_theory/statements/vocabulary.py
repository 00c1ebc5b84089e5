"""What the names of quantities in a statement stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from ttt_theory.linear.closed_form import isotropic, pretraining
from ttt_theory.linear.exact.descent import Descent
from ttt_theory.linear.exact.isotropic_descent import (
    ContextMoments,
    ErrorMoments,
    isotropic_descent,
)
from ttt_theory.statements.rational import GENERATORS, NAMES, Ratio, common_multiple
from ttt_theory.statements.syntax import Quantity

__all__ = ["curvature_of", "formula_of", "of_descent", "ratio_after_steps", "ratio_of"]


def formula_of(quantity: Quantity) -> Callable[..., Any]:
    """Return the formula of a quantity in n, k, d, norm2 and noise, and then its steps.

    Warm is the default start, and fresh the default evaluation.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from ttt_theory.statements.syntax import parse
    >>> quantity = parse("risk_after(cold, steps=[1/n]) < 1").comparison.left
    >>> formula_of(quantity)(20, 40, 40, Fraction(1), Fraction(0), Fraction(1, 100000))
    Fraction(98613, 156250)
    """
    if quantity.steps or quantity.evaluation == "same":
        return partial(_value, quantity)
    found: Callable[..., Any] = getattr(isotropic, f"{quantity.start or 'warm'}_{quantity.name}")
    return found


@cache
def ratio_of(quantity: Quantity) -> Ratio:
    """Return a quantity without steps or sizes as a ratio in n, k, d, norm2 and noise."""
    return Ratio.of(formula_of(quantity)(*map(Ratio, GENERATORS[: len(NAMES)])))


def ratio_after_steps(quantity: Quantity, sizes: Sequence[Ratio], steps: Sequence[Ratio]) -> Ratio:
    """Return a quantity with steps as a ratio.

    With the steps over a common denominator there is one quotient to reduce, not one in each sum.
    """
    unit = Ratio(common_multiple([step.denom for step in steps]))
    descent, square = _descent(quantity, len(steps), *sizes)
    degree = 2 * len(steps)
    whole = descent.scaled([unit ** (degree - power) for power in range(degree + 1)])
    found = of_descent(quantity.name, whole, [step * unit for step in steps])
    quotient: Ratio = found / (unit**degree * square)
    return quotient


def curvature_of(quantity: Quantity, sizes: Sequence[Ratio]) -> Ratio:
    """Return a positive multiple of c2, by which the best step of a quantity is a quotient."""
    descent, _ = _descent(quantity, 1, *sizes)
    found: Ratio = descent.curve.quadratic
    return found


def of_descent(name: str, descent: Descent, steps: Sequence[Any]) -> Any:
    """Return a quantity of a descent, after the steps given or else the best single one."""
    if not steps:
        return getattr(descent.curve, name)
    risk = descent.risk(steps)
    return risk if name == "risk_after" else descent.constant - risk


def _value(quantity: Quantity, *numbers: Any) -> Any:
    sizes, steps = numbers[: len(NAMES)], numbers[len(NAMES) :]
    descent, square = _descent(quantity, max(1, len(steps)), *sizes)
    found = of_descent(quantity.name, descent, steps)
    return found if quantity.name == "step_size" else found / square


def _descent(
    quantity: Quantity, steps: int, n: Any, k: Any, d: Any, norm2: Any, noise: Any
) -> tuple[Descent, Any]:
    """Return a number times the risk after up to so many steps, and that number.

    It makes everything integers or polynomials, where the other numbers are.
    """
    weight, unit = 0, 1
    if quantity.start != "cold":
        weight, unit = 1, pretraining.gram_factor(n) + pretraining.ridge(d, noise)
    errors = ErrorMoments.of(ContextMoments(n, d, norm2, noise), weight, unit)
    return isotropic_descent(errors, k, steps, quantity.evaluation or "fresh"), unit**2
