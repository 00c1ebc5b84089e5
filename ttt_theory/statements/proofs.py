"""Proofs of statements by algebra, over the whole domain of their names."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ttt_theory.statements.domain import Case, Constraint, Domain
from ttt_theory.statements.positivity import Certificate, certificate, goal
from ttt_theory.statements.rational import (
    NAMES,
    RING,
    Polynomial,
    TooLargeError,
    coefficients,
    factored,
    polynomial,
    text_of,
    variables,
)
from ttt_theory.statements.reductions import reductions
from ttt_theory.statements.symbolic import Branch, branches, without_squares
from ttt_theory.statements.syntax import (
    FUNCTIONS,
    Comparison,
    Node,
    Number,
    Operation,
    ParsedStatement,
    Power,
    Quantity,
    nodes,
)
from ttt_theory.statements.writing import written

__all__ = ["Proof", "is_empty", "is_nonnegative", "nonnegative", "prove"]

_DEEPEST = 8
_ALGEBRA_SECONDS = 2.5
_UNCONDITIONAL_SECONDS = 0.25
# Terms of a polynomial whose square is worth looking at.
_MOST_SQUARED = 400
_ZERO = Number(Fraction(0))
_NOWHERE = "a side is defined nowhere"


@dataclass(frozen=True)
class Proof:
    """How far a proof came.

    Attributes
    ----------
    holds : bool
    steps : tuple of str
        What was shown, or what could not be.
    claims : tuple of dict
        What the statement follows from, each with its cases and their certificates, as plain data.
    """

    holds: bool
    steps: tuple[str, ...]
    claims: tuple[dict[str, Any], ...] = ()


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
    prover = _Prover(statement.conditions, cases, deadline)
    claims = prover.shown(statement.comparison)
    if claims is not None and prover.is_defined_nowhere(statement.comparison):
        claims, prover.reason = None, _NOWHERE
    if claims is None:
        return Proof(False, (prover.reason,))
    if len(claims) == 1 and claims[0].comparison == statement.comparison:
        defined = claims[0].is_defined
    else:
        sides = (statement.comparison.left, statement.comparison.right)
        defined = all(map(prover.is_defined, sides))
    steps = [claim.step() for claim in claims]
    if len(claims) > 1 or claims[0].comparison != statement.comparison:
        steps = [f"{written(claim.comparison)}: {claim.step()}" for claim in claims]
        steps.insert(0, "it follows, as functions and sums keep an order, from what is shown next")
    steps.append(
        "both sides are defined wherever the conditions hold"
        if defined
        else "proved where both sides are defined, which may not be everywhere"
    )
    return Proof(True, tuple(steps), tuple(claim.as_dict() for claim in claims))


@dataclass(frozen=True)
class _Claim:
    """A comparison that was shown by algebra, case by case."""

    comparison: Comparison
    cases: list[dict[str, Any]]
    is_defined: bool

    def step(self) -> str:
        how = "the difference of the sides "
        is_equation = self.comparison.relation == "=="
        how += "is zero identically" if is_equation else "has the sign claimed, by its factors"
        count = sum("empty" not in case for case in self.cases)
        return how if count < 2 else f"{how}, in each of {count} cases"

    def as_dict(self) -> dict[str, Any]:
        return {"claim": written(self.comparison), "cases": self.cases}


_Found = list[_Claim] | None


@dataclass
class _Prover:
    """Shows comparisons under the same conditions, by their shape or by algebra."""

    conditions: tuple[Comparison, ...]
    cases: list[Case]
    deadline: float
    reason: str = ""
    known: dict[Comparison, _Found] = field(default_factory=dict)

    def shown(self, claim: Comparison, depth: int = _DEEPEST) -> _Found:
        """Return claims that were shown by algebra and imply this one, or None."""
        if claim not in self.known:
            # Unless it turns out otherwise, also where this claim would be used for itself.
            self.known[claim] = None
            self.known[claim] = self._shown(claim, depth)
        return self.known[claim]

    def _shown(self, claim: Comparison, depth: int) -> _Found:
        ways = [self._by_algebra, self._by_shape]
        if _has_functions(claim):
            ways.reverse()
        for way in ways:
            if time.monotonic() > self.deadline:
                self.reason = self.reason or "the time for a proof ran out"
                return None
            found = way(claim, depth)
            if found is not None:
                return found
        return None

    def _by_shape(self, claim: Comparison, depth: int) -> _Found:
        for parts in reductions(claim) if depth else ():
            found: list[_Claim] = []
            for part in parts:
                shown = self.shown(part, depth - 1)
                if shown is None:
                    break
                found += [each for each in shown if each not in found]
            else:
                return found
        return None

    def _by_algebra(self, claim: Comparison, _: int) -> _Found:
        found: list[dict[str, Any]] = []
        # What is not found soon may be found in other ways, if there are any.
        deadline = self.deadline
        if _has_functions(claim):
            deadline = min(deadline, time.monotonic() + _ALGEBRA_SECONDS)
        try:
            defined = True
            for case in self.cases:
                for branch in branches(claim, self.conditions, case, in_limit=False):
                    known = _described(branch, case)
                    empty = _emptiness(branch.domain, branch.constraints, deadline)
                    if empty is not None:
                        found.append({**known, "empty": empty})
                    elif not branch.is_defined:
                        defined = False
                    else:
                        shown = _shown(branch, claim.relation, deadline)
                        if shown is None:
                            goal_name = "zero" if claim.relation == "==" else "of one sign"
                            self.reason = (
                                f"the difference of the sides was not seen to be {goal_name}"
                            )
                            return None
                        found.append({**known, **shown})
                        defined = defined and _is_defined(branch, deadline)
        except TooLargeError:
            self.reason = "an expression has too many terms or cases to expand"
            return None
        if not defined and all("empty" in case for case in found):
            self.reason = _NOWHERE
            return None
        return [_Claim(claim, found, defined)]

    def is_defined_nowhere(self, claim: Comparison) -> bool:
        """Whether a side is seen to be defined at no point where the conditions hold."""
        try:
            return not any(
                branch.is_defined
                for case in self.cases
                for branch in branches(claim, self.conditions, case, in_limit=False)
            )
        except TooLargeError:
            return False

    def is_defined(self, node: Node) -> bool:
        """Whether an expression is seen to be defined wherever the conditions hold."""
        if time.monotonic() > self.deadline:
            return False
        match node:
            case Quantity():
                found = self._by_algebra(Comparison(node, "==", node), 0)
                return found is not None and found[0].is_defined
            case Power(base, exponent):
                return self.is_defined(base) and (exponent >= 0 or self._is_not_zero(base))
            case Operation(name, arguments):
                if not all(map(self.is_defined, arguments)):
                    return False
                if name == "inverse":
                    return self._is_not_zero(arguments[0])
                if name in ("sqrt", "log"):
                    relation = "<=" if name == "sqrt" else "<"
                    return self.shown(Comparison(_ZERO, relation, arguments[0])) is not None
        return True

    def _is_not_zero(self, node: Node) -> bool:
        pair = (_ZERO, node), (node, _ZERO)
        return any(self.shown(Comparison(one, "<", other)) is not None for one, other in pair)


def _has_functions(claim: Comparison) -> bool:
    return any(
        isinstance(node, Operation) and node.name in FUNCTIONS
        for side in (claim.left, claim.right)
        for node in nodes(side)
    )


def _described(branch: Branch, case: Case) -> dict[str, Any]:
    """Return what a branch is, as plain data."""
    return {
        "solved": {NAMES[slot]: str(value) for slot, value in case.solved.items()},
        "where": _listed(branch.constraints),
        "defined_where": _listed(branch.domains),
        "known": _listed(branch.facts),
        "symbols": {
            RING.names()[slot]: f"{definition.function}({definition.argument})"
            for slot, definition in branch.expander.coefficients.definitions.items()
        },
        "at_least_1": _named_slots(branch.domain.at_least_one),
        "positive": _named_slots(branch.domain.positive),
        "integers": _named_slots(branch.domain.integers),
    }


def _listed(constraints: list[Constraint]) -> list[dict[str, Any]]:
    return [{"polynomial": text_of(bound), "strict": strict} for bound, strict in constraints]


def _named_slots(slots: frozenset[int]) -> list[str]:
    return [RING.names()[slot] for slot in sorted(slots)]


def is_empty(domain: Domain, constraints: list[Constraint], deadline: float) -> bool:
    """Whether constraints are seen to contradict each other."""
    return _emptiness(domain, constraints, deadline) is not None


def _emptiness(
    domain: Domain, constraints: list[Constraint], deadline: float
) -> Certificate | None:
    if not constraints:
        return None
    soon = min(deadline, time.monotonic() + 1.0)
    return certificate(goal(domain, polynomial(-1), constraints, strict=False), soon, 6)


def _shown(branch: Branch, relation: str, deadline: float) -> dict[str, Any] | None:
    """Return the factored difference with the certificates of its sign, or None."""
    difference = branch.right - branch.left
    if relation in (">", ">="):
        difference = -difference
    numer = without_squares(difference.numer, branch.roots)
    order = "left - right" if relation in (">", ">=") else "right - left"
    parts = {"numerator": numer, "denominator": difference.denom}
    described = {
        "difference_of": order,
        "difference": _factored_text(numer, difference.denom),
        **{name: _factored(part) for name, part in parts.items()},
        "signs": [],
    }
    if relation == "==" or numer.is_zero():
        return described if numer.is_zero() and relation in ("==", "<=", ">=") else None
    factors = _signs(branch, numer, difference.denom, relation in "<>", deadline)
    return None if factors is None else {**described, "signs": factors}


def _factored(of: Polynomial) -> dict[str, Any]:
    content, factors = factored(of)
    return {
        "expanded": text_of(of),
        "content": str(content),
        "factors": [[text_of(factor), multiplicity] for factor, multiplicity in factors],
    }


def _factored_text(numer: Polynomial, denom: Polynomial) -> str:
    texts = []
    for part in (numer, denom):
        content, factors = factored(part)
        product = [str(content)] if content != 1 or not factors else []
        product += [
            f"({text_of(factor)})" + (f"**{multiplicity}" if multiplicity > 1 else "")
            for factor, multiplicity in factors
        ]
        texts.append("*".join(product))
    return texts[0] if texts[1] == "1" else f"{texts[0]}/({texts[1]})"


def _signs(
    branch: Branch, numer: Polynomial, denom: Polynomial, strict: bool, deadline: float
) -> list[dict[str, Any]] | None:
    """Return certificates that numer/denom is ≥ 0, or > 0, wherever denom is not 0, or None."""
    content, factors = factored(numer)
    divisor_content, divisors = factored(denom)
    positive = content * divisor_content > 0
    open_factors = polynomial(1)
    odd = [(factor, strict) for factor, multiplicity in factors if multiplicity % 2]
    odd += [(factor, False) for factor, multiplicity in divisors if multiplicity % 2]
    even = [factor for factor, multiplicity in factors if multiplicity % 2 == 0]
    found = []
    for each in even if strict else ():
        shown = _sign(branch, each, deadline, strict=True)
        if shown is None:
            return None
        found.append(shown)
    for factor, is_strict in odd:
        # A sign that is not there takes long to look for in vain.
        soon = min(deadline, time.monotonic() + 2.0)
        shown = _sign(branch, factor, soon, strict=is_strict)
        if shown is None:
            open_factors *= factor
        else:
            found.append(shown)
            positive ^= shown["sign"] < 0
    if open_factors.is_one():
        return found if positive else None
    claim = open_factors if positive else -open_factors
    proof = nonnegative(branch, claim, deadline, strict=strict)
    if proof is None:
        return None
    return [*found, _factor(claim, 1, strict, proof)]


def _sign(
    branch: Branch, factor: Polynomial, deadline: float, *, strict: bool
) -> dict[str, Any] | None:
    for sign in (1, -1):
        proof = nonnegative(branch, sign * factor, deadline, strict=strict)
        if proof is not None:
            return _factor(factor, sign, strict, proof)
    return None


def _factor(factor: Polynomial, sign: int, strict: bool, proof: Certificate) -> dict[str, Any]:
    return {"factor": text_of(factor), "sign": sign, "strict": strict, "certificate": proof}


def is_nonnegative(branch: Branch, claim: Polynomial, deadline: float, *, strict: bool) -> bool:
    """Whether a polynomial is seen to be ≥ 0, or > 0, in a branch; see `nonnegative`."""
    return nonnegative(branch, claim, deadline, strict=strict) is not None


def nonnegative(
    branch: Branch, claim: Polynomial, deadline: float, *, strict: bool
) -> Certificate | None:
    """Return a certificate that a polynomial is ≥ 0, or > 0, in a branch, or None.

    With a root s = √u, A + Bs ≥ 0 follows from A ≥ 0 and B ≥ 0, from A ≥ 0 and A² ≥ B²u, and from
    B ≥ 0 and B²u ≥ A².
    """
    claim = without_squares(claim, branch.roots)
    constraints = [*branch.constraints, *branch.domains, *branch.facts]
    found = None
    if branch.facts:
        found = certificate(goal(branch.domain, claim, constraints, strict=strict), deadline, 0)
    if found is None and constraints:
        # What the conditions tell is often not needed, and then in the way.
        soon = min(deadline, time.monotonic() + _UNCONDITIONAL_SECONDS)
        found = certificate(goal(branch.domain, claim, [], strict=strict), soon)
        found = found and {"by": "no condition", "parts": [found]}
    if found is None:
        found = certificate(goal(branch.domain, claim, constraints, strict=strict), deadline)
    roots = [slot for slot in variables(claim) if slot in branch.roots]
    if found is not None or not roots:
        return found
    slot = roots[-1]
    parts = coefficients(claim, slot)
    rest, factor = parts.get(0, polynomial(0)), parts[1]
    if time.monotonic() > deadline or max(len(rest), len(factor)) > _MOST_SQUARED:
        return None
    gap = rest**2 - factor**2 * branch.roots[slot]
    for name, first, second in (("rest", rest, gap), ("factor", factor, -gap)):
        one = nonnegative(branch, first, deadline, strict=False)
        other = None if one is None else nonnegative(branch, second, deadline, strict=strict)
        if other is not None:
            return {"by": f"root and {name}", "name": RING.names()[slot], "parts": [one, other]}
    return None


def _is_defined(branch: Branch, deadline: float) -> bool:
    if branch.has_doubtful_sizes:
        return False
    soon = min(deadline, time.monotonic() + 2.0)
    factors: dict[str, Polynomial] = {}
    for divisor in branch.divisors:
        factors |= {str(factor): factor for factor, _ in factored(divisor)[1]}
    # What the conditions tell is often not needed, and then in the way.
    without = dataclasses.replace(branch, domains=[], facts=[])
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
