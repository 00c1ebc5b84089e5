"""All real roots of a polynomial with rational coefficients, isolated in exact arithmetic.

Bisection by Descartes' rule of signs (the Vincent-Collins-Akritas method): a polynomial has as many
roots in (0, 1) as (1+x)^n p(1/(1+x)) has changes of sign, or fewer by an even number.  None of it
is a root, and one is a single simple one; other intervals are halved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

__all__ = ["RealRoot", "real_roots"]

# Roots that no 2^-DEPTH of the largest tells apart are one for every purpose here.
_DEPTH = 256
_PRECISION = 96


class RealRoot(NamedTuple):
    """A root, to about 2^-96 of itself.

    Attributes
    ----------
    value : Fraction
    is_simple : bool
        Whether it is certainly one simple root; else it stands for two or more, or for complex ones
        next to the real axis, within 2^-256 of the largest root.
    """

    value: Fraction
    is_simple: bool


def real_roots(coefficients: Sequence[Fraction | int]) -> list[RealRoot]:
    """Return the real roots in ascending order; no other number is one.

    Parameters
    ----------
    coefficients : sequence of Fraction or int
        From the constant term on; not all zero.

    Examples
    --------
    >>> [float(root.value) for root in real_roots([6, -5, -2, 1])]  # (x−1)(x−3)(x+2)
    [-2.0, 1.0, 3.0]
    >>> real_roots([1, 0, 1])
    []
    """
    common = math.lcm(*(Fraction(each).denominator for each in coefficients))
    integers = _trimmed([int(each * common) for each in coefficients])
    roots = []
    zeros = next(i for i, each in enumerate(integers) if each)
    if zeros:
        roots.append(RealRoot(Fraction(0), zeros == 1))
    integers = integers[zeros:]
    mirrored = [-each if i % 2 else each for i, each in enumerate(integers)]
    roots += [RealRoot(-root.value, root.is_simple) for root in _positive_roots(mirrored)]
    return sorted([*roots, *_positive_roots(integers)])


def _trimmed(integers: list[int]) -> list[int]:
    while not integers[-1]:
        integers = integers[:-1]
    return integers


def _positive_roots(integers: list[int]) -> list[RealRoot]:
    """Return the roots above 0 of a polynomial that has none at 0."""
    if len(integers) == 1:
        return []
    exponent = _bound(integers)
    scaled = _stretched(integers, exponent)
    scale = Fraction(2) ** exponent
    roots = []
    pending = [(scaled, 0, 0)]
    while pending:
        local, place, depth = pending.pop()
        # The interval is (place, place+1)/2^depth of the bound, which `local` sees as (0, 1).
        changes = _changes(_shifted(local[::-1]))
        if changes == 0:
            continue
        if changes == 1 or depth == _DEPTH:
            where = _refined(local, place) if changes == 1 else place + Fraction(1, 2)
            roots.append(RealRoot(scale * where / 2**depth, changes == 1))
            continue
        left = _stretched(local, -1)
        right = _shifted(left)
        if right[0] == 0:
            multiplicity = next(i for i, each in enumerate(right) if each)
            middle = scale * Fraction(2 * place + 1, 2 ** (depth + 1))
            roots.append(RealRoot(middle, multiplicity == 1))
            right = right[multiplicity:]
        pending += [(left, 2 * place, depth + 1), (right, 2 * place + 1, depth + 1)]
    return roots


def _bound(integers: list[int]) -> int:
    """Return an exponent of two above all roots (Fujiwara's bound)."""
    leading = integers[-1].bit_length()
    exponents = [
        -((leading - 1 - each.bit_length()) // distance)
        for distance, each in enumerate(reversed(integers[:-1]), 1)
        if each
    ]
    return 1 + max(exponents)


def _stretched(integers: list[int], exponent: int) -> list[int]:
    """Return p(2^exponent x), times a power of two."""
    if exponent >= 0:
        return [each << (exponent * i) for i, each in enumerate(integers)]
    top = len(integers) - 1
    return [each << (-exponent * (top - i)) for i, each in enumerate(integers)]


def _shifted(integers: list[int], by: int = 1) -> list[int]:
    """Return p(x + by)."""
    result = list(integers)
    for start in range(len(result) - 1):
        for i in range(len(result) - 2, start - 1, -1):
            result[i] += by * result[i + 1]
    return result


def _changes(integers: list[int]) -> int:
    signs = [each > 0 for each in integers if each]
    return sum(one != other for one, other in itertools.pairwise(signs))


def _refined(local: list[int], place: int) -> Fraction:
    """Halve (0, 1), with a single root in it, until the place plus that root is precise."""
    low, bits = 0, 0
    is_positive_below = local[0] > 0
    while bits < _PRECISION or (place == 0 and low.bit_length() < _PRECISION):
        low, bits = 2 * low, bits + 1
        value = 0
        for i, each in enumerate(reversed(local)):
            value = value * (low + 1) + (each << (bits * i))
        if value == 0:
            return place + Fraction(low + 1, 2**bits)
        if (value > 0) == is_positive_below:
            low += 1
    return place + Fraction(2 * low + 1, 2 ** (bits + 1))
