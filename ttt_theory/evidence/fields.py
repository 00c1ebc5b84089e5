"""SymPy's fields of rational functions, with fractions that FLINT reduces."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

import flint
import sympy
from sympy.polys.fields import FracField

__all__ = ["rational_functions"]


def rational_functions(names: Iterable[str]) -> tuple[Any, ...]:
    """Return the field of rational functions with rational coefficients, and its generators.

    Its elements are those of `sympy.field`.  Only their greatest common divisors are found by
    FLINT, as these take most of the time of a proof.

    Examples
    --------
    >>> _, x, y = rational_functions(["x", "y"])
    >>> (x**2 - y**2) / (2 * x + 2 * y)
    (x - y)/2
    """
    made = _Field([sympy.Symbol(name) for name in names], sympy.QQ)
    # SymPy makes every element from another one or, before 1.14, from a class of the field's own.
    kind = type(made.zero)
    made.zero.__class__ = type(kind.__name__, (kind,), {"new": _new})
    made.dtype = type(made.zero) if isinstance(made.dtype, type) else made.zero.raw_new
    made.one, made.gens = made.dtype(made.ring.one), made._gens()
    return (made, *made.gens)


def _new(element: Any, numer: Any, denom: Any) -> Any:
    return element.raw_new(*_reduced(numer, denom))


class _Field(FracField):  # type: ignore[misc]
    def new(self, numer: Any, denom: Any = None) -> Any:
        return self.raw_new(*_reduced(numer, self.ring.one if denom is None else denom))


def _reduced(numer: Any, denom: Any) -> tuple[Any, Any]:
    """Return what `numer.cancel(denom)` does: coprime polynomials with coprime integers in them."""
    ring = numer.ring
    if not numer:
        return numer, ring.one
    (top_scale, top), (bottom_scale, bottom) = _integral(numer), _integral(denom)
    if denom == ring.one and top_scale == 1:
        return numer, denom
    context = _context(ring.ngens)
    over, under = context.from_dict(top), context.from_dict(bottom)
    common = over.gcd(under)
    if under.leading_coefficient() < 0:
        common = -common
    shared = math.gcd(top_scale, bottom_scale)
    return (
        _polynomial(ring, over / common, bottom_scale // shared),
        _polynomial(ring, under / common, top_scale // shared),
    )


@functools.cache
def _context(size: int) -> flint.fmpz_mpoly_ctx:
    return flint.fmpz_mpoly_ctx.get([f"x{index}" for index in range(size)], flint.Ordering.lex)


def _integral(polynomial: Any) -> tuple[int, dict[tuple[int, ...], int]]:
    """Return the least multiple that has integer coefficients, and these by their exponents."""
    scale = math.lcm(*{int(value.denominator) for value in polynomial.values()})
    return scale, {
        exponents: int(value.numerator) * (scale // int(value.denominator))
        for exponents, value in polynomial.items()
    }


def _polynomial(ring: Any, integral: flint.fmpz_mpoly, scale: int) -> Any:
    return ring.from_dict(
        {
            tuple(map(int, exponents)): sympy.QQ(scale * int(value))
            for exponents, value in integral.to_dict().items()
        }
    )
