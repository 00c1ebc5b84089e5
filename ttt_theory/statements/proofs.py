"""Proofs of statements by algebra, over the whole domain of their names."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from ttt_theory.statements.domain import Case, Constraint, Domain
from ttt_theory.statements.positivity import goal, proves
from ttt_theory.statements.rational import Polynomial, coefficients, factored, polynomial, variables
from ttt_theory.statements.symbolic import Branch, branches, without_squares
from ttt_theory.statements.syntax import ParsedStatement

__all__ = ["Proof", "is_empty", "is_nonnegative", "prove"]


@dataclass(frozen=True)
class Proof:
    """How far a proof came.

    Attributes
    ----------
    holds : bool
    steps : tuple of str
        What was shown, or what could not be.
    """

    holds: bool
    steps: tuple[str, ...]


def prove(statement: ParsedStatement, cases: list[Case], deadline: float) -> Proof:
    """Try to prove a statement that has any relation but ~.

    Parameters
    ----------
    statement : ParsedStatement
    cases : list of Case
        What the equalities among its conditions leave.
    deadline : float
        The time on the clock `time.monotonic` to stop at.

    Returns
    -------
    Proof
        If it does not hold, the statement may be true or false.
    """
    relation = statement.comparison.relation
    count, defined = 0, True
    for case in cases:
        for branch in branches(statement.comparison, statement.conditions, case, in_limit=False):
            if is_empty(branch.domain, branch.constraints, deadline):
                continue
            if not branch.is_defined:
                defined = False
                continue
            count += 1
            if not _holds(branch, relation, deadline):
                goal_name = "zero" if relation == "==" else "of one sign"
                return Proof(
                    False, (f"the difference of the sides was not seen to be {goal_name}",)
                )
            defined = defined and _is_defined(branch, deadline)
    if not count and not defined:
        return Proof(False, ("a side is defined nowhere",))
    how = "the difference of the sides "
    how += "is zero identically" if relation == "==" else "has the sign claimed, by its factors"
    steps = [how if count < 2 else f"{how}, in each of {count} cases"]
    steps.append(
        "both sides are defined wherever the conditions hold"
        if defined
        else "proved where both sides are defined, which may not be everywhere"
    )
    return Proof(True, tuple(steps))


def is_empty(domain: Domain, constraints: list[Constraint], deadline: float) -> bool:
    """Whether constraints are seen to contradict each other."""
    if not constraints:
        return False
    soon = min(deadline, time.monotonic() + 1.0)
    return proves(goal(domain, polynomial(-1), constraints, strict=False), soon, 6)


def _holds(branch: Branch, relation: str, deadline: float) -> bool:
    difference = branch.right - branch.left
    if relation in (">", ">="):
        difference = -difference
    numer = without_squares(difference.numer, branch.roots)
    if relation == "==" or numer.is_zero():
        return numer.is_zero() and relation in ("==", "<=", ">=")
    return _has_sign(branch, numer, difference.denom, relation in "<>", deadline)


def _has_sign(
    branch: Branch, numer: Polynomial, denom: Polynomial, strict: bool, deadline: float
) -> bool:
    """Whether numer/denom is seen to be ≥ 0, or > 0, wherever denom is not 0."""
    content, factors = factored(numer)
    divisor_content, divisors = factored(denom)
    positive = content * divisor_content > 0
    open_factors = polynomial(1)
    odd = [(factor, strict) for factor, multiplicity in factors if multiplicity % 2]
    odd += [(factor, False) for factor, multiplicity in divisors if multiplicity % 2]
    even = [factor for factor, multiplicity in factors if multiplicity % 2 == 0]
    if strict and not all(
        any(is_nonnegative(branch, sign * each, deadline, strict=True) for sign in (1, -1))
        for each in even
    ):
        return False
    for factor, is_strict in odd:
        for sign in (1, -1):
            # A sign that is not there takes long to look for in vain.
            soon = min(deadline, time.monotonic() + 2.0)
            if is_nonnegative(branch, sign * factor, soon, strict=is_strict):
                positive ^= sign < 0
                break
        else:
            open_factors *= factor
    if open_factors.is_one():
        return positive
    return is_nonnegative(
        branch, open_factors if positive else -open_factors, deadline, strict=strict
    )


def is_nonnegative(branch: Branch, claim: Polynomial, deadline: float, *, strict: bool) -> bool:
    """Whether a polynomial is seen to be ≥ 0, or > 0, in a branch.

    With a root s = √u, A + Bs ≥ 0 follows from A ≥ 0 and B ≥ 0, from A ≥ 0 and A² ≥ B²u, and from
    B ≥ 0 and B²u ≥ A².
    """
    claim = without_squares(claim, branch.roots)
    constraints = [*branch.constraints, *branch.domains]
    if proves(goal(branch.domain, claim, constraints, strict=strict), deadline):
        return True
    roots = [slot for slot in variables(claim) if slot in branch.roots]
    if not roots:
        return False
    slot = roots[-1]
    parts = coefficients(claim, slot)
    rest, factor = parts.get(0, polynomial(0)), parts[1]
    gap = rest**2 - factor**2 * branch.roots[slot]
    for first, second in ((rest, gap), (factor, -gap)):
        if is_nonnegative(branch, first, deadline, strict=False) and is_nonnegative(
            branch, second, deadline, strict=strict
        ):
            return True
    return False


def _is_defined(branch: Branch, deadline: float) -> bool:
    soon = min(deadline, time.monotonic() + 2.0)
    factors: dict[str, Polynomial] = {}
    for divisor in branch.divisors:
        factors |= {str(factor): factor for factor, _ in factored(divisor)[1]}
    # What the conditions tell is often not needed, and then in the way.
    without = dataclasses.replace(branch, domains=[])
    attempts = (dataclasses.replace(without, constraints=[]), without)
    not_zero = all(
        any(
            is_nonnegative(attempt, sign * factor, soon, strict=True)
            for attempt in attempts
            for sign in (1, -1)
        )
        for factor in factors.values()
    )
    return not_zero and all(
        any(is_nonnegative(attempt, bound, soon, strict=strict) for attempt in attempts)
        for bound, strict in branch.domains
    )
