"""Both sides of a statement as rational functions, one pair for each way the cases fall."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint

from ttt_theory.statements.domain import FINITE, LIMIT, Case, Constraint, Domain, constraint, solve
from ttt_theory.statements.evaluation import UndefinedError, evaluate
from ttt_theory.statements.rational import (
    GENERATORS,
    NAMES,
    Polynomial,
    Ratio,
    TooLargeError,
    coefficients,
    factored,
    has_nonnegative_terms,
    has_only_names,
    polynomial,
)
from ttt_theory.statements.syntax import Comparison, ParsedStatement
from ttt_theory.statements.vocabulary import quantity

__all__ = ["Branch", "branches", "cases", "without_squares"]

_MOST_BRANCHES = 64
_LARGEST_PRIME = 1000


@dataclass
class Branch:
    """Both sides of a comparison where every choice among min, max and abs is made.

    Attributes
    ----------
    left, right : Ratio
    constraints : list of Constraint
        Where this branch applies.
    roots : dict of int to fmpz_mpoly
        Indeterminates that stand for square roots, with what they are the roots of.
    domain : Domain
        What is known of all indeterminates.
    divisors : list of fmpz_mpoly
        What must not be zero for the sides to be defined.
    domains : list of Constraint
        What roots and logarithms need to be defined.
    is_defined : bool
        False if a side is defined nowhere in this branch; then both are left at 0.
    """

    left: Ratio
    right: Ratio
    constraints: list[Constraint]
    roots: dict[int, Polynomial]
    domain: Domain
    divisors: list[Polynomial]
    domains: list[Constraint]
    is_defined: bool = True


def without_squares(of: Polynomial, roots: dict[int, Polynomial]) -> Polynomial:
    """Replace the squares of the roots by what they are roots of."""
    for slot in sorted(roots, reverse=True):
        parts = coefficients(of, slot)
        of = polynomial(0)
        for exponent, part in parts.items():
            of += part * roots[slot] ** (exponent // 2) * GENERATORS[slot] ** (exponent % 2)
    return of


def cases(statement: ParsedStatement, *, in_limit: bool) -> list[Case]:
    """Return the parts of the domain that the equalities among the conditions leave.

    Parameters
    ----------
    statement : ParsedStatement
    in_limit : bool
        Whether for n = alpha d and k = gamma d with fixed alpha and gamma, as d grows.

    Returns
    -------
    list of Case
        Empty if no point satisfies them.

    Raises
    ------
    UndefinedError
        If a side of one is defined nowhere.
    TooLargeError
        If there are too many branches, or too many terms.
    """
    domain = LIMIT if in_limit else FINITE
    found = [Case()]
    for condition in statement.conditions:
        if condition.relation != "==":
            continue
        parts = [
            (case, branch)
            for case in found
            for branch in branches(condition, (), case, in_limit=in_limit)
        ]
        if parts and not any(branch.is_defined for _, branch in parts):
            raise UndefinedError
        found = [
            new
            for case, branch in parts
            if branch.is_defined
            for new in _solutions(domain, case, branch, in_limit)
        ]
    return found


def _solutions(domain: Domain, case: Case, branch: Branch, in_limit: bool) -> list[Case]:
    equation = (branch.left - branch.right).numer
    if not _is_rational(Ratio(equation)):
        return [case]
    # An indeterminate that stands for a root means something in its own branch only.
    kept = [each for each in branch.constraints if _is_rational(Ratio(each[0]))]
    parent = Case(case.solved, tuple(kept))
    found = [parent]
    # For all large d at once each power of d vanishes by itself.
    equations = coefficients(equation, 2).values() if in_limit else [equation]
    for each in equations:
        found = [new for old in found for new in solve(domain, old, old.reduced(Ratio(each)).numer)]
    return found


def branches(
    claim: Comparison, conditions: tuple[Comparison, ...], case: Case, *, in_limit: bool
) -> Iterator[Branch]:
    """Iterate over the branches of a comparison in a case.

    Conditions other than equalities become constraints, unless they hold roots, exponentials or
    logarithms; a branch may then be larger than it need be.

    Yields
    ------
    Branch

    Raises
    ------
    TooLargeError
        If there are too many branches, or too many terms.
    """
    pending: list[tuple[bool, ...]] = [()]
    for _ in range(_MOST_BRANCHES):
        if not pending:
            return
        choices = pending.pop()
        arithmetic = _Symbolic(case, in_limit, choices)
        branch = _branch(claim, conditions, arithmetic)
        taken = arithmetic.taken
        pending += [(*taken[:index], False) for index in range(len(choices), len(taken))]
        if branch is not None:
            yield branch
    if pending:
        raise TooLargeError


def _branch(
    claim: Comparison, conditions: tuple[Comparison, ...], arithmetic: _Symbolic
) -> Branch | None:
    """Return the branch that the choices lead to, or None where a condition has no value."""
    try:
        for condition in conditions:
            arithmetic.require(condition)
    except UndefinedError:
        return None
    # A point where a condition has no value is outside them all.
    arithmetic.divisors, arithmetic.domains = [], []
    left = right = Ratio.of(0)
    is_defined = True
    try:
        left, right = (evaluate(side, arithmetic) for side in (claim.left, claim.right))
    except UndefinedError:
        is_defined = False
    return Branch(
        left,
        right,
        [*arithmetic.case.constraints, *arithmetic.constraints],
        arithmetic.roots,
        arithmetic.extended_domain(),
        arithmetic.divisors,
        arithmetic.domains,
        is_defined,
    )


def _is_rational(ratio: Ratio) -> bool:
    return has_only_names(ratio.numer) and has_only_names(ratio.denom)


@dataclass
class _Symbolic:
    """Arithmetic of ratios; `choices` says which way the unclear signs fall, the first ones."""

    case: Case
    in_limit: bool
    choices: tuple[bool, ...]
    taken: tuple[bool, ...] = ()
    constraints: list[Constraint] = field(default_factory=list)
    roots: dict[int, Polynomial] = field(default_factory=dict)
    exponentials: dict[tuple[str, str], int] = field(default_factory=dict)
    logarithms: dict[tuple[str, str], int] = field(default_factory=dict)
    divisors: list[Polynomial] = field(default_factory=list)
    domains: list[Constraint] = field(default_factory=list)
    signs: dict[str, bool] = field(default_factory=dict)
    used: int = len(NAMES)

    @property
    def domain(self) -> Domain:
        return LIMIT if self.in_limit else FINITE

    def extended_domain(self) -> Domain:
        """Return the domain with the exponentials and those roots that are seen to be positive."""
        roots = {slot for slot, of in self.roots.items() if self.domain.sign(of) > 0}
        positive = self.domain.positive | roots | set(self.exponentials.values())
        return dataclasses.replace(self.domain, positive=positive)

    def require(self, condition: Comparison) -> None:
        if condition.relation == "==":
            return
        difference = evaluate(condition.right, self) - evaluate(condition.left, self)
        if condition.relation in (">", ">="):
            difference = -difference
        if _is_rational(difference):
            self._constrain(difference, strict=condition.relation in "<>")

    def number(self, value: Fraction) -> Ratio:
        return Ratio(polynomial(value.numerator), polynomial(value.denominator))

    def symbol(self, name: str) -> Ratio:
        if name in ("alpha", "gamma"):
            of = self.symbol("n" if name == "alpha" else "k")
            return of / self.symbol("d")
        slot = NAMES.index(name)
        value = self.case.value(slot)
        if not self.in_limit or slot > 2:
            return value
        root = Ratio(GENERATORS[2])
        return root**2 if name == "d" else value * root**2

    def quantity(self, name: str, start: str | None) -> Ratio:
        ratio = quantity(name, start)
        if self.in_limit:
            square = Ratio(GENERATORS[2] ** 2)
            ratio = ratio.replaced(2, square)
            for slot in (0, 1):
                ratio = ratio.replaced(slot, Ratio(GENERATORS[slot]) * square)
        ratio = self.case.reduced(ratio)
        self.divisors.append(ratio.denom)
        return ratio

    def inverse(self, value: Ratio) -> Ratio:
        numer = without_squares(value.numer, self.roots)
        if numer.is_zero():
            raise UndefinedError
        self.divisors.append(numer)
        return Ratio(value.denom, numer)

    def call(self, function: str, arguments: list[Ratio]) -> Any:
        first = arguments[0]
        if function in ("min", "max"):
            for other in arguments[1:]:
                first_is_larger = self._is_nonnegative(first - other)
                first = first if first_is_larger == (function == "max") else other
            return first
        if function == "abs":
            return first if self._is_nonnegative(first) else -first
        if function == "sqrt":
            return self._root(first)
        if function == "log":
            self.domains.append(constraint(self.domain, first, strict=True))
            if first == 1:
                return Ratio.of(0)
            # A logarithm of either sign is the difference of two numbers that are not negative.
            slot = self._slot(self.logarithms, first, 2)
            plus, minus = (Ratio(each) for each in GENERATORS[slot : slot + 2])
            sign = self._evident_sign(first - 1)
            return {1: plus, -1: -minus, 0: plus - minus}[sign]
        if first == 0:
            return Ratio.of(1)
        if first.numer.leading_coefficient() < 0:
            return self.call("exp", [-first]).inverse()
        exponential = Ratio(GENERATORS[self._slot(self.exponentials, first, 1)])
        if sign := self._evident_sign(first):
            self._constrain((exponential - 1) * sign, strict=False)
        return exponential

    def _slot(self, table: dict[tuple[str, str], int], of: Ratio, width: int) -> int:
        key = (str(of.numer), str(of.denom))
        if key not in table:
            table[key] = self.used
            self.used += width
            if self.used > len(GENERATORS):
                raise TooLargeError
        return table[key]

    def _constrain(self, ratio: Ratio, *, strict: bool) -> None:
        bound, strict = constraint(self.domain, ratio, strict=strict)
        if self.in_limit:
            if not has_only_names(bound):
                # A root, exponential or logarithm may grow with d in its own way.
                return
            parts = coefficients(bound, 2)
            # Where the leading term is zero the next, if there is one, may have either sign.
            bound = parts[max(parts)] if parts else bound
            strict = strict and len(parts) < 2
        self.constraints.append((bound, strict))

    def _is_nonnegative(self, ratio: Ratio) -> bool:
        """Whether a ratio is ≥ 0 in this branch, by its terms or else by the next choice."""
        numer = without_squares(ratio.numer, self.roots)
        bound, _ = constraint(self.domain, Ratio(numer, ratio.denom), strict=False)
        sign = self._evident_sign(Ratio(bound))
        if sign:
            return sign > 0
        key = str(bound)
        if key not in self.signs:
            index = len(self.taken)
            choice = self.choices[index] if index < len(self.choices) else True
            self.taken = (*self.taken, choice)
            self.signs[key], self.signs[str(-bound)] = choice, not choice
            self._constrain(ratio if choice else -ratio, strict=not choice)
        return self.signs[key]

    def _evident_sign(self, ratio: Ratio) -> int:
        """Return 1 or −1 if a ratio is seen to be ≥ 0 or ≤ 0 by its terms, else 0."""
        shifted = self.domain.shifted(constraint(self.domain, ratio, strict=False)[0])
        return int(has_nonnegative_terms(shifted)) or -int(has_nonnegative_terms(-shifted))

    def _root(self, ratio: Ratio) -> Ratio:
        """Return a square root with one indeterminate for each irreducible factor.

        A factor that may have either sign goes, with the others of its kind, into one radicand.
        Where that is negative the root is 0 if the square of another factor vanishes, or undefined.
        """
        radicand = without_squares(ratio.numer * ratio.denom, self.roots)
        if radicand.is_zero():
            return Ratio.of(0)
        content, factors = factored(radicand)
        rest, outside, prime_factors = polynomial(1), Ratio.of(1), []
        square_may_vanish = False
        for factor, multiplicity in factors:
            sign = self.domain.sign(factor)
            if sign < 0:
                content *= (-1) ** multiplicity
            size = Ratio(factor * (sign or 1))
            if multiplicity > 1:
                outside *= (size if self._is_nonnegative(size) else -size) ** (multiplicity // 2)
            if multiplicity % 2 and sign:
                prime_factors.append(size.numer)
            elif multiplicity % 2:
                rest *= factor
            square_may_vanish |= not sign and multiplicity % 2 == 0
        rest *= 1 if content > 0 else -1
        if square_may_vanish:
            if not self._is_nonnegative(Ratio(rest)):
                self.domains.append((radicand, False))
                return Ratio.of(0)
        elif (-rest).is_one():
            raise UndefinedError
        elif not rest.is_one():
            self.domains.append((rest, False))
        left = abs(int(content))
        for prime in range(2, _LARGEST_PRIME):
            while left % prime**2 == 0:
                left //= prime**2
                outside *= prime
            if left % prime == 0:
                left //= prime
                prime_factors.append(polynomial(prime))
        # What is left has no small factor: it may still be the square of a large prime.
        root = int(flint.fmpz(left).isqrt())
        if root**2 == left:
            outside *= root
        else:
            prime_factors.append(polynomial(left))
        if not rest.is_constant():
            prime_factors.append(rest)
        for each in prime_factors:
            outside *= self._root_symbol(each)
        sign_of_divisor = self._is_nonnegative(Ratio(ratio.denom))
        return outside / Ratio(ratio.denom if sign_of_divisor else -ratio.denom)

    def _root_symbol(self, radicand: Polynomial) -> Ratio:
        for slot, known in self.roots.items():
            if known == radicand:
                return Ratio(GENERATORS[slot])
        slot = self.used
        self.used += 1
        if self.used > len(GENERATORS):
            raise TooLargeError
        self.roots[slot] = radicand
        return Ratio(GENERATORS[slot])
