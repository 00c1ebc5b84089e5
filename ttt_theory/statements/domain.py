"""Where the names live, and the parts of it that the equalities among the conditions leave."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from ttt_theory.statements.rational import (
    GENERATORS,
    NAMES,
    Polynomial,
    Ratio,
    coefficients,
    factored,
    has_only_names,
    is_positive_on,
    variables,
)

__all__ = ["FINITE", "LIMIT", "Case", "Constraint", "Domain", "constraint", "solve"]

_N, _K, _D, _NORM2, _NOISE = range(len(NAMES))

Constraint = tuple[Polynomial, bool]
"""A polynomial that is not negative, and whether it is not zero either."""


@dataclass(frozen=True)
class Domain:
    """What is known of the indeterminates.

    Attributes
    ----------
    at_least_one : frozenset of int
        Indeterminates that are at least 1; the others are at least 0.
    positive : frozenset of int
        Among the others, those that are not 0.
    integers : frozenset of int
        Indeterminates that are integers.
    """

    at_least_one: frozenset[int]
    positive: frozenset[int]
    integers: frozenset[int]

    def shifted(self, polynomial: Polynomial) -> Polynomial:
        """Return a polynomial in indeterminates that start at 0 in place of 1."""
        moved = [
            generator + 1 if slot in self.at_least_one else generator
            for slot, generator in enumerate(GENERATORS)
        ]
        return polynomial.compose(*moved)

    def sign(self, polynomial: Polynomial) -> int:
        """Return 1 or −1 if a polynomial is seen to have this sign everywhere, else 0.

        Examples
        --------
        >>> n, k = GENERATORS[:2]
        >>> FINITE.sign(n * k + n - 1), FINITE.sign(-k), FINITE.sign(n - k)
        (1, -1, 0)
        """
        shifted = self.shifted(polynomial)
        if is_positive_on(shifted, self.positive):
            return 1
        return -1 if is_positive_on(-shifted, self.positive) else 0


FINITE = Domain(frozenset({_N, _K, _D}), frozenset({_NORM2}), frozenset({_N, _K, _D}))
"""n, k and d are integers from 1, norm2 is positive, the noise is not negative."""
LIMIT = Domain(frozenset(), frozenset({_N, _K, _D, _NORM2}), frozenset())
"""The places of n, k and d hold alpha, gamma and √d, all positive."""


@dataclass(frozen=True)
class Case:
    """A part of the domain.

    Attributes
    ----------
    solved : dict of int to Ratio
        Indeterminates that the others determine.
    constraints : tuple of Constraint
        What holds in this part, in terms of the others.

    Raises
    ------
    ValueError
        If an indeterminate occurs that is no name: it has a meaning within one branch only.
    """

    solved: dict[int, Ratio] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        parts = [part for ratio in self.solved.values() for part in (ratio.numer, ratio.denom)]
        if not all(map(has_only_names, [*parts, *(bound for bound, _ in self.constraints)])):
            raise ValueError("a case holds an indeterminate of a branch")

    def value(self, slot: int) -> Ratio:
        """Return an indeterminate in terms of those that are free."""
        return self.solved.get(slot, Ratio(GENERATORS[slot]))

    def reduced(self, ratio: Ratio) -> Ratio:
        """Return a ratio in terms of the free indeterminates."""
        for slot, value in self.solved.items():
            ratio = ratio.replaced(slot, value)
        return ratio


def constraint(domain: Domain, ratio: Ratio, *, strict: bool) -> Constraint:
    """Return that a ratio is not negative, wherever it is defined."""
    sign = domain.sign(ratio.denom)
    return (ratio.numer * sign if sign else ratio.numer * ratio.denom, strict)


def solve(domain: Domain, case: Case, equation: Polynomial) -> list[Case]:
    """Split a case by an equation; no case is left where it has no solution.

    A factor of the equation that is linear in an indeterminate, with a coefficient that is not
    zero, is solved for it.  Any other is left out, so that the case may be larger than it need be.

    Examples
    --------
    >>> n, k, d = GENERATORS[:3]
    >>> for case in solve(FINITE, Case(), k * (k - d**2) * (2 * n - 3 * k)):
    ...     print({NAMES[slot]: value.numer for slot, value in case.solved.items()})
    {'k': d^2}
    {'n': 3*k}
    """
    if equation.is_zero():
        return [case]
    cases = []
    for factor, _ in factored(equation)[1]:
        if domain.sign(factor):
            continue
        options = []
        for slot in variables(factor) if has_only_names(factor) else []:
            parts = coefficients(factor, slot)
            leading = parts.get(1)
            if max(parts) > 1 or leading is None or not domain.sign(leading):
                continue
            # Without a quotient integers stay integers.
            rank = (not leading.is_constant(), abs(leading.leading_coefficient()), slot)
            options.append((rank, slot, Ratio(-parts.get(0, 0 * leading), leading)))
        if not options:
            return [case]
        _, slot, value = min(options, key=lambda option: option[0])
        is_constant = value.numer.is_constant() and value.denom.is_constant()
        if is_constant and slot in domain.integers and not value.denom.is_one():
            continue
        cases.append(_with(domain, case, slot, value))
    return cases


def _with(domain: Domain, case: Case, slot: int, value: Ratio) -> Case:
    solved = {other: old.replaced(slot, value) for other, old in case.solved.items()}
    kept = [
        constraint(domain, Ratio(old).replaced(slot, value), strict=strict)
        for old, strict in case.constraints
    ]
    bound = value - 1 if slot in domain.at_least_one else value
    kept.append(constraint(domain, bound, strict=slot in domain.positive))
    return dataclasses.replace(case, solved={**solved, slot: value}, constraints=tuple(kept))
