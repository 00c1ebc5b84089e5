"""Sizes of quantities, such as that of risk_after(n=n/2), that can be no numbers of samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

from ttt_theory.statements.domain import Case
from ttt_theory.statements.evaluation import UndefinedError, UnresolvedError, evaluate
from ttt_theory.statements.rational import Ratio, TooLargeError
from ttt_theory.statements.series import NoSeriesError
from ttt_theory.statements.symbolic import Symbolic

__all__ = ["are_never_integers"]

_LARGEST_MODULUS = 40


def are_never_integers(sizes: Iterable[Any]) -> bool:
    """Whether sizes that are given to quantities are all integers for no n, k and d.

    Then what speaks of these quantities has a value nowhere, and no limit.  Only sizes that are
    polynomials in n, k and d with rational coefficients are told.

    Parameters
    ----------
    sizes : iterable of syntax tree

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> half, other = (parse(f"{size} ~ 1").comparison.left for size in ("d/2", "(d+1)/2"))
    >>> are_never_integers([half]), are_never_integers([half, other])
    (False, True)
    """
    found = [each for each in map(_terms, sizes) if each is not None]
    modulus = math.lcm(*(divisor for divisor, _ in found))
    if modulus > _LARGEST_MODULUS:
        return False
    return not any(
        all(
            sum(factor * n**i * k**j * d**m for i, j, m, factor in terms) % divisor == 0
            for divisor, terms in found
        )
        for n, k, d in itertools.product(range(modulus), repeat=3)
    )


def _terms(size: Any) -> tuple[int, list[tuple[int, int, int, int]]] | None:
    """Return a polynomial's common denominator, and the powers of n, k and d of its terms."""
    arithmetic = Symbolic(Case(), in_limit=True, choices=None)
    try:
        value = arithmetic.simplified(Ratio.of(evaluate(size, arithmetic)))
    except (ZeroDivisionError, UnresolvedError, UndefinedError, NoSeriesError, TooLargeError):
        return None
    if not value.denom.is_constant():
        return None
    terms = []
    for (alpha, gamma, root, *others), coefficient in value.numer.terms():
        # n and k are α and γ times d, the square of the indeterminate.
        power = root - 2 * (alpha + gamma)
        if any(others) or power < 0 or power % 2:
            return None
        terms.append((alpha, gamma, power // 2, int(coefficient)))
    return abs(int(value.denom.leading_coefficient())), terms
