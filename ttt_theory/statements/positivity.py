"""Proofs that a polynomial is not negative where its indeterminates and some constraints are not.

A polynomial without negative coefficients is not negative.  One with them is split: an integer x
is 0 or 1 + x', of two indeterminates one is the other plus a rest, a real x is 1 + s or 1/(1 + s),
and a constraint that is linear in an indeterminate is solved for it.  Every part is again in
indeterminates that are not negative, until all coefficients are, or the budget is spent: such a
proof is found or not, and proves nothing when it is not.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ttt_theory.statements.domain import Constraint, Domain
from ttt_theory.statements.rational import (
    GENERATORS,
    RING,
    Polynomial,
    TooLargeError,
    coefficients,
    has_nonnegative_terms,
    is_positive_on,
    polynomial,
    substituted,
    text_of,
    variables,
)

__all__ = ["Certificate", "Goal", "certificate", "goal", "proves"]

Certificate = dict[str, Any]
"""A proof as plain data: how, in `by`, and the certificates of its parts; docs/evidence.md."""

_DEEPEST = 14
_MOST_TERMS = 20_000
_NAMES = RING.names()
_LONGEST_LIST = 4096


@dataclass(frozen=True)
class Goal:
    """That a polynomial is not negative, or, if strict, positive.

    Attributes
    ----------
    claim : fmpz_mpoly
        In indeterminates that are not negative.
    strict : bool
    constraints : tuple of Constraint
        Those from which an indeterminate can still be solved.
    bounds : tuple of Constraint
        Further ones, that only tell where nothing is left to prove.
    integers, positive : frozenset of int
        Indeterminates that are integers, and that are not 0.
    """

    claim: Polynomial
    strict: bool
    constraints: tuple[Constraint, ...]
    bounds: tuple[Constraint, ...]
    integers: frozenset[int]
    positive: frozenset[int]

    def mapped(self, slot: int, top: Polynomial, bottom: Polynomial) -> Goal:
        """Put top/bottom, with a positive bottom, in place of an indeterminate."""

        def new(old: Polynomial) -> Polynomial:
            if slot not in variables(old):
                return old
            if bottom.is_one():
                found = old.compose(*GENERATORS[:slot], top, *GENERATORS[slot + 1 :])
            else:
                found, _ = substituted(old, slot, top, bottom)
            if len(found) > _MOST_TERMS:
                raise TooLargeError
            return found

        return replace(
            self,
            claim=new(self.claim),
            constraints=tuple((new(bound), strict) for bound, strict in self.constraints),
            bounds=tuple((new(bound), strict) for bound, strict in self.bounds),
        )


def goal(domain: Domain, claim: Polynomial, constraints: list[Constraint], *, strict: bool) -> Goal:
    """Return the goal of a proof over a domain and constraints."""
    moved = tuple((domain.shifted(bound), strict_bound) for bound, strict_bound in constraints)
    return Goal(domain.shifted(claim), strict, moved, (), domain.integers, domain.positive)


def proves(target: Goal, deadline: float, depth: int = _DEEPEST) -> bool:
    """Try to prove a goal.

    Parameters
    ----------
    target : Goal
    deadline : float
        The time on the clock `time.monotonic` to stop at.
    depth : int
        How many splits one may lie within another.

    Returns
    -------
    bool
        True if it is proved; False says nothing.

    Examples
    --------
    >>> from ttt_theory.statements.domain import FINITE
    >>> n, k = GENERATORS[:2]
    >>> square = goal(FINITE, n**2 - 2 * n * k + k**2, [], strict=False)
    >>> proves(square, time.monotonic() + 1)
    True
    >>> proves(replace(square, strict=True), time.monotonic() + 1)
    False
    """
    return certificate(target, deadline, depth) is not None


def certificate(target: Goal, deadline: float, depth: int = _DEEPEST) -> Certificate | None:
    """Return a proof of a goal that others can check step by step, or None; see `proves`."""
    found = _evident(target)
    if found is not None:
        return found
    if _fails_at_a_corner(target) or depth == 0 or time.monotonic() > deadline:
        return None
    found = _at_integers(target)
    if found is not None:
        return found
    solved = _solve_constraint(target)
    if solved is not None:
        return _by_parts(*solved, deadline, depth)
    best: tuple[tuple[int, int], Certificate, list[Goal]] | None = None
    for step, parts in _splits(target):
        left = [part for part in parts if _evident(part) is None]
        if not left:
            return _by_parts(step, parts, deadline, depth)
        badness = (
            sum(_negative_terms(part.claim) for part in left),
            sum(len(part.claim) for part in left),
        )
        if best is None or badness < best[0]:
            best = (badness, step, parts)
        if time.monotonic() > deadline:
            return None
    return None if best is None else _by_parts(best[1], best[2], deadline, depth)


def _by_parts(
    step: Certificate, parts: list[Goal], deadline: float, depth: int
) -> Certificate | None:
    proofs = []
    for part in parts:
        proof = certificate(part, deadline, depth - 1)
        if proof is None:
            return None
        proofs.append(proof)
    return {**step, "parts": proofs}


def _negative_terms(of: Polynomial) -> int:
    return sum(coefficient < 0 for coefficient in of.coeffs())


def _evident(target: Goal) -> Certificate | None:
    """Whether the terms alone show the claim, or that the constraints leave nothing to prove."""
    if _holds(target.claim, target.strict, target.positive):
        return {"by": "terms"}
    for index, (bound, strict) in enumerate((*target.constraints, *target.bounds)):
        if _holds(-bound, not strict, target.positive):
            return {"by": "contradiction", "constraint": index}
        if not bound.is_zero() and has_nonnegative_terms(bound):
            continue
        if not bound.is_zero():
            quotient, rest = divmod(target.claim, bound)
            is_positive = strict and is_positive_on(quotient, target.positive)
            if has_nonnegative_terms(quotient) and _holds(
                rest, target.strict and not is_positive, target.positive
            ):
                return {"by": "multiple", "constraint": index, "factor": text_of(quotient)}
    return None


def _holds(claim: Polynomial, strict: bool, positive: frozenset[int]) -> bool:
    return is_positive_on(claim, positive) if strict else has_nonnegative_terms(claim)


def _at_integers(target: Goal) -> Certificate | None:
    """Whether a claim about one integer holds from some size on by its terms, and below it too."""
    slots = variables(target.claim)
    if len(slots) != 1 or slots[0] not in target.integers:
        return None
    size = 1
    while size <= _LONGEST_LIST:
        top = GENERATORS[slots[0]] + size
        if _holds(target.mapped(slots[0], top, polynomial(1)).claim, target.strict, frozenset()):
            values = (target.claim(*[value] * len(GENERATORS)) for value in range(size))
            if all(value >= int(target.strict) for value in values):
                return {"by": "integers", "name": _NAMES[slots[0]], "from": size}
            return None
        size *= 2
    return None


def _fails_at_a_corner(target: Goal) -> bool:
    """Whether the claim is false where all indeterminates are 1, or 0 if they may be."""
    slots = range(len(GENERATORS))
    for point in ([int(slot in target.positive) for slot in slots], [1 for _ in slots]):
        within = all(
            bound(*point) >= int(strict) for bound, strict in (*target.constraints, *target.bounds)
        )
        if within and target.claim(*point) < target.strict:
            return True
    return False


def _solve_constraint(target: Goal) -> tuple[Certificate, list[Goal]] | None:
    """Solve a constraint c·x + b ≥ 0 or b − c·x ≥ 0, with a positive c, for x."""
    for index, (bound, strict) in enumerate(target.constraints):
        rest = replace(
            target, constraints=target.constraints[:index] + target.constraints[index + 1 :]
        )
        step: Certificate = {"constraint": index}
        if _holds(bound, strict, target.positive):
            return {"by": "redundant", **step}, [rest]
        options: list[tuple[int, int]] = []
        for slot in variables(bound):
            parts = coefficients(bound, slot)
            if max(parts) > 1:
                continue
            # Between constants an integer is better split than relaxed to a real number.
            is_listed = slot in target.integers and len(variables(bound)) == 1
            if is_positive_on(parts[1], target.positive):
                # That x is positive is lost where its bound need not be.
                options.append((2 if slot in target.positive else 0, slot))
            elif is_positive_on(-parts[1], target.positive) and not is_listed:
                options.append((1, slot))
        if options:
            kind, slot = min(options)
            step["name"] = _NAMES[slot]
            if kind == 1:
                return {"by": "at most", **step}, _with_upper_bound(rest, slot, bound, strict)
            return {"by": "at least", **step}, [_with_lower_bound(rest, slot, bound, strict)]
    return None


def _with_lower_bound(target: Goal, slot: int, bound: Polynomial, strict: bool) -> Goal:
    """Put the rest t = c·x + b ≥ 0 in place of x."""
    is_integer = target.integers.issuperset(variables(bound))
    if strict and is_integer:
        bound, strict = bound - 1, False
    parts = coefficients(bound, slot)
    top = GENERATORS[slot] - parts.get(0, polynomial(0))
    mapped = target.mapped(slot, top, parts[1])
    single = frozenset({slot})
    return replace(
        mapped,
        bounds=(*mapped.bounds, (top, slot in target.positive)),
        integers=target.integers | single if is_integer else target.integers - single,
        positive=target.positive | single if strict else target.positive - single,
    )


def _with_upper_bound(target: Goal, slot: int, bound: Polynomial, strict: bool) -> list[Goal]:
    """Put b/(c(1 + s)) in place of x ≤ b/c, and 0 where it may be."""
    parts = coefficients(bound, slot)
    top = parts.get(0, polynomial(0))
    below = target.mapped(slot, top, -parts[1] * (1 + GENERATORS[slot]))
    single = frozenset({slot})
    found = [
        replace(
            below,
            bounds=(*below.bounds, (top, True)),
            integers=target.integers - single,
            # Only s = 0 attains the bound.
            positive=target.positive | single if strict else target.positive - single,
        )
    ]
    return found + _at_zero(replace(target, constraints=(*target.constraints, (top, False))), slot)


def _at_zero(target: Goal, slot: int) -> list[Goal]:
    if slot in target.positive:
        return []
    return [target.mapped(slot, polynomial(0), polynomial(1))]


def _splits(target: Goal) -> Iterator[tuple[Certificate, list[Goal]]]:
    """Iterate over ways to split a goal into parts that together imply it."""
    involved = {
        slot
        for exponents, coefficient in target.claim.terms()
        if coefficient < 0
        for slot, exponent in enumerate(exponents)
        if exponent
    }
    if target.claim(*[0] * len(GENERATORS)) < 0:
        involved.update(variables(target.claim))
    if not variables(target.claim):
        involved = {slot for bound, _ in target.constraints for slot in variables(bound)}
    one = polynomial(1)
    for slot in sorted(involved):
        rest = replace(target, positive=target.positive - {slot})
        above = rest.mapped(slot, GENERATORS[slot] + 1, one)
        step: Certificate = {"name": _NAMES[slot]}
        if slot in target.integers:
            yield {"by": "0 or more", **step}, [*_at_zero(target, slot), above]
        else:
            below = rest.mapped(slot, one, GENERATORS[slot] + 1)
            yield {"by": "0, below 1 or above", **step}, [*_at_zero(target, slot), below, above]
    slots = sorted(set(variables(target.claim)) | involved)
    for larger, smaller in itertools.combinations(slots, 2):
        if larger in involved or smaller in involved:
            step = {"by": "the larger of two", "names": [_NAMES[larger], _NAMES[smaller]]}
            pair = (larger, smaller), (smaller, larger)
            yield step, [_with_rest(target, *each) for each in pair]


def _with_rest(target: Goal, larger: int, smaller: int) -> Goal:
    """Put smaller + rest in place of the larger of two indeterminates."""
    both = {larger, smaller} <= target.integers
    mapped = target.mapped(larger, GENERATORS[larger] + GENERATORS[smaller], polynomial(1))
    return replace(
        mapped,
        integers=target.integers if both else target.integers - {larger},
        positive=target.positive - {larger},
    )
