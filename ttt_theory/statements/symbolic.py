"""Both sides of a statement as rational functions, one pair for each way the cases fall."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint

from ttt_theory.statements.domain import FINITE, LIMIT, Case, Constraint, Domain, constraint, solve
from ttt_theory.statements.evaluation import UndefinedError, UnresolvedError, evaluate
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
    variables,
)
from ttt_theory.statements.series import Definition, Expander, NoSeriesError
from ttt_theory.statements.syntax import (
    COUNTS,
    SIZES,
    Comparison,
    ParsedStatement,
    Quantity,
    is_size,
)
from ttt_theory.statements.vocabulary import (
    curvature_of,
    formula_of,
    ratio_after_steps,
    ratio_of,
)

__all__ = ["Branch", "Symbolic", "branches", "cases", "without_roots", "without_squares"]

_MOST_BRANCHES = 64
_LARGEST_PRIME = 1000
_PRECISION = 256
_MANY_TERMS = 40
_PLACES, _LARGEST_BOUNDED = 1000, 10**12
# Terms of what is worth knowing to be positive.
_MOST_KNOWN = 10_000


@dataclass
class Branch:
    """Both sides of a comparison where every choice among min, max and abs is made.

    Attributes
    ----------
    left, right : Ratio
    constraints : list of Constraint
        Where this branch applies.
    assumptions : list of int
        For each constraint, how many of what the expander assumes it follows from.
    roots : dict of int to fmpz_mpoly
        Indeterminates that stand for square roots, with what they are the roots of.
    divisors : list of fmpz_mpoly
        What must not be zero for the sides to be defined.
    domains : list of Constraint
        What roots and logarithms need to be defined.
    facts : list of Constraint
        What holds everywhere, for a reason that is not in the terms: a curvature and a risk less
        the noise are means of squares.
    expander : Expander
        In a limit, gives expansions for large d.  They may need choices of their own, so that
        constraints, roots and domains are complete only when a branch has been worked on.
    has_doubtful_sizes : bool
        Whether a size of a quantity is not an integer wherever the names are.
    is_defined : bool
        False if a side is defined nowhere in this branch; then both are left at 0.
    """

    left: Ratio
    right: Ratio
    constraints: list[Constraint]
    assumptions: list[int]
    roots: dict[int, Polynomial]
    divisors: list[Polynomial]
    domains: list[Constraint]
    facts: list[Constraint]
    expander: Expander
    extended: Callable[[], Domain]
    has_doubtful_sizes: bool
    is_defined: bool = True

    @property
    def domain(self) -> Domain:
        """What is known of all indeterminates, those of an expansion included."""
        return self.extended()

    @property
    def unconditional(self) -> list[Constraint]:
        """The constraints that follow from no assumption of the expander."""
        return [
            constraint
            for constraint, count in zip(self.constraints, self.assumptions, strict=True)
            if count == 0
        ]


def without_squares(of: Polynomial, roots: dict[int, Polynomial]) -> Polynomial:
    """Replace the squares of the roots by what they are roots of."""
    for slot in sorted(roots, reverse=True):
        if of.degrees()[slot] < 2:
            continue
        parts = coefficients(of, slot)
        of = polynomial(0)
        for exponent, part in parts.items():
            of += part * roots[slot] ** (exponent // 2) * GENERATORS[slot] ** (exponent % 2)
    return of


def without_roots(of: Polynomial, roots: dict[int, Polynomial]) -> Polynomial:
    """Return a polynomial without roots that vanishes wherever this one does."""
    for slot in sorted(roots, reverse=True):
        of = without_squares(of, roots)
        parts = coefficients(of, slot)
        if 1 in parts:
            of = parts.get(0, polynomial(0)) ** 2 - parts[1] ** 2 * roots[slot]
    return without_squares(of, roots)


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
            if branch.is_defined or branch.expander.assumed
            for new in _solutions(domain, case, branch, in_limit)
        ]
    return found


def _solutions(domain: Domain, case: Case, branch: Branch, in_limit: bool) -> list[Case]:
    equation = (branch.left - branch.right).numer
    equation = without_roots(equation, branch.roots)
    if branch.expander.assumed or not _is_rational(Ratio(equation)):
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

    Conditions other than equalities become constraints.

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
        arithmetic = Symbolic(case, in_limit, choices)
        branch = _branch(claim, conditions, arithmetic)
        if branch is not None:
            yield branch
        # Whoever worked on the branch may have had to make further choices.
        taken = arithmetic.taken
        pending += [(*taken[:index], False) for index in range(len(choices), len(taken))]
    if pending:
        raise TooLargeError


def _branch(
    claim: Comparison, conditions: tuple[Comparison, ...], arithmetic: Symbolic
) -> Branch | None:
    """Return the branch that the choices lead to, or None where a condition has no value."""
    left = right = Ratio.of(0)
    is_defined = True
    try:
        for condition in conditions:
            arithmetic.require(condition)
    except UndefinedError:
        # It may have one where what an expansion assumed does not hold.
        if not arithmetic.expander.assumed:
            return None
        is_defined = False
    # A point where a condition has no value is outside them all.
    arithmetic.divisors, arithmetic.domains = [], []
    try:
        left, right = (evaluate(side, arithmetic) for side in (claim.left, claim.right))
    except UndefinedError:
        is_defined = False
    return Branch(
        left,
        right,
        arithmetic.constraints,
        arithmetic.assumptions,
        arithmetic.roots,
        arithmetic.divisors,
        arithmetic.domains,
        arithmetic.facts,
        arithmetic.expander,
        arithmetic.extended_domain,
        arithmetic.has_doubtful_sizes,
        is_defined,
    )


def _is_rational(ratio: Ratio) -> bool:
    return has_only_names(ratio.numer) and has_only_names(ratio.denom)


@dataclass
class Symbolic:
    """Arithmetic of ratios.

    Parameters
    ----------
    case : Case
    in_limit : bool
        Whether the places of n, k and d hold alpha, gamma and √d, and a sign is that for large d.
    choices : tuple of bool, optional
        Which way the unclear signs fall, the first ones.  Without it there must not be any.
    """

    case: Case
    in_limit: bool
    choices: tuple[bool, ...] | None
    taken: tuple[bool, ...] = ()
    constraints: list[Constraint] = field(default_factory=list)
    assumptions: list[int] = field(default_factory=list)
    roots: dict[int, Polynomial] = field(default_factory=dict)
    definitions: dict[int, Definition] = field(default_factory=dict)
    divisors: list[Polynomial] = field(default_factory=list)
    domains: list[Constraint] = field(default_factory=list)
    facts: list[Constraint] = field(default_factory=list)
    signs: dict[str, bool] = field(default_factory=dict)
    ordered: dict[str, list[tuple[Ratio, Ratio]]] = field(default_factory=dict)
    quantities: dict[Quantity, Ratio] = field(default_factory=dict)
    has_doubtful_sizes: bool = False
    used: int = len(NAMES)

    def __post_init__(self) -> None:
        self.constraints.extend(self.case.constraints)
        self.assumptions.extend(0 for _ in self.case.constraints)
        self.expander = Expander(self)

    @property
    def domain(self) -> Domain:
        """What is known of the names."""
        return LIMIT if self.in_limit else FINITE

    def extended_domain(self) -> Domain:
        """Return the domain with the exponentials and those roots that are seen to be positive."""
        found = self.domain
        for slot, definition in self.definitions.items():
            if definition.function == "exp" or (
                definition.function == "sqrt" and found.sign(definition.argument.numer) > 0
            ):
                found = dataclasses.replace(found, positive=found.positive | {slot})
        return found

    def require(self, condition: Comparison) -> None:
        """Constrain this branch by a condition, as far as the algebra goes."""
        if condition.relation == "==":
            return
        difference = evaluate(condition.right, self) - evaluate(condition.left, self)
        if condition.relation in (">", ">="):
            difference = -difference
        self._constrain(difference, strict=condition.relation in "<>")

    def simplified(self, ratio: Ratio) -> Ratio:
        """Return a ratio without squares of roots."""
        return Ratio(*(without_squares(part, self.roots) for part in (ratio.numer, ratio.denom)))

    def of_coefficient(self, function: str, coefficient: Ratio) -> Ratio:
        """Return a function of a coefficient; UndefinedError where it is not positive, but must."""
        found = Ratio.of(self.call(function, [coefficient]))
        if function in ("sqrt", "log"):
            self.constraints.append(constraint(self.extended_domain(), coefficient, strict=False))
            self.assumptions.append(len(self.expander.assumed))
        if function == "sqrt" and found == 0:
            raise UndefinedError
        return found

    def number(self, value: Fraction) -> Ratio:
        """Return a constant."""
        return Ratio(polynomial(value.numerator), polynomial(value.denominator))

    def symbol(self, name: str) -> Ratio:
        """Return a symbol in terms of the free names."""
        if name in ("alpha", "gamma"):
            of = self.symbol("n" if name == "alpha" else "k")
            return of / self.symbol("d")
        slot = NAMES.index(name)
        value = self.case.value(slot)
        if not self.in_limit or slot > 2:
            return value
        root = Ratio(GENERATORS[2])
        return root**2 if name == "d" else value * root**2

    def quantity(self, quantity: Quantity) -> Ratio:
        """Return a quantity in terms of the free names."""
        if quantity not in self.quantities:
            self.quantities[quantity] = self._quantity(quantity)
        return self.quantities[quantity]

    def _quantity(self, quantity: Quantity) -> Ratio:
        values = [self.symbol(name) for name in SIZES]
        for name, size in quantity.sizes:
            value = Ratio.of(evaluate(size, self))
            values[SIZES.index(name)] = value
            self._require_size(name, value)
        steps = [Ratio.of(evaluate(step, self)) for step in quantity.steps]
        if self.choices is None and not steps:
            return Ratio.of(formula_of(quantity)(*values))
        try:
            if steps:
                ratio = self.simplified(ratio_after_steps(quantity, values, steps))
            else:
                ratio = ratio_of(dataclasses.replace(quantity, sizes=())).composed(values)
        except ZeroDivisionError:
            raise UndefinedError from None
        if not self._is_known(quantity, values, ratio):
            self.divisors.append(ratio.denom)
        return ratio

    def _is_known(self, quantity: Quantity, values: list[Ratio], ratio: Ratio) -> bool:
        """Note what is positive of a quantity where its terms do not show it.

        Returns
        -------
        bool
            Whether that tells that the denominator is not zero.
        """
        is_evident = not quantity.steps and self.domain.sign(ratio.denom)
        if self.in_limit or is_evident or len(ratio.numer) > _MOST_KNOWN:
            return False
        found = [] if quantity.steps else [curvature_of(quantity, values)]
        if quantity.name == "risk_after":
            # That of the best step is a quotient by the curvature.
            found.append(math.prod(found, start=ratio - values[SIZES.index("noise")]))
        self.facts += [
            (each, True) for each in map(self._doubtful, found) if not each.is_constant()
        ]
        return not quantity.steps

    def _doubtful(self, positive: Ratio) -> Polynomial:
        """Return the part of a positive ratio that is positive, too, but not seen to be."""
        positive, rest = self.simplified(positive), polynomial(1)
        for part in (positive.numer, positive.denom):
            content, factors = factored(part)
            rest *= 1 if content > 0 else -1
            for factor, multiplicity in factors:
                if multiplicity % 2:
                    rest *= self.domain.sign(factor) or factor
        return rest

    def _require_size(self, name: str, value: Ratio) -> None:
        """Note what a size of a quantity must be for it to be defined, but for being an integer."""
        bound = value - 1 if name in COUNTS else value
        parts = (value.numer, value.denom)
        if all(part.is_constant() for part in parts) and not is_size(name, value.at({})):
            raise UndefinedError
        if self.choices is None:
            leading = self.expander.leading_of_ratio(self.simplified(bound))
            if leading is None and name == "norm2":
                raise UndefinedError
            if leading is not None and self.sign_of_constant(leading[1]) <= 0:
                raise UndefinedError
        self.domains.append(constraint(self.domain, bound, strict=name == "norm2"))
        is_polynomial = value.denom.is_one() and self.domain.integers.issuperset(
            variables(value.numer)
        )
        self.has_doubtful_sizes |= name in COUNTS and not is_polynomial

    def inverse(self, value: Ratio) -> Ratio:
        """Return one over a value."""
        numer = without_squares(value.numer, self.roots)
        if numer.is_zero():
            raise UndefinedError
        self.divisors.append(numer)
        return Ratio(value.denom, numer)

    def call(self, function: str, arguments: list[Ratio]) -> Any:
        """Return sqrt, log, exp, abs, min or max."""
        first = arguments[0]
        if function in ("min", "max"):
            for other in arguments[1:]:
                first_is_larger = self.is_nonnegative(first - other)
                first = first if first_is_larger == (function == "max") else other
            return first
        if function == "abs":
            return first if self.is_nonnegative(first) else -first
        if function == "sqrt":
            return self._root(first)
        if function == "log":
            self.domains.append(constraint(self.domain, first, strict=True))
            return self._logarithm(first)
        if first == 0:
            return Ratio.of(1)
        if first.numer.leading_coefficient() < 0:
            return self.call("exp", [-first]).inverse()
        if self.in_limit:
            return self._slot("exp", first)
        if self._evident_sign(first) > 0:
            exponential = 1 + self._slot("expm1", first)
        else:
            exponential = self._slot("exp", first)
        if len(first.numer) + len(first.denom) < _MANY_TERMS:
            self._bound_exponential(exponential, first)
        return exponential

    def _bound_exponential(self, exponential: Ratio, argument: Ratio) -> None:
        """Add 1 + u ≤ exp(u) and (1 − u)exp(u) ≤ 1, and 1 + u + u²/2 ≤ exp(u) for u ≥ 0."""
        square = argument**2 / 2 if self._evident_sign(argument) > 0 else 0
        strict = self._is_nowhere_zero(argument)
        self._constrain(exponential - 1 - argument - square, strict=strict)
        self._constrain(1 - exponential * (1 - argument), strict=strict)
        self._bound_constant(exponential)
        self._order("exp", exponential, argument)

    def _bound_logarithm(self, logarithm: Ratio, argument: Ratio) -> None:
        """Add 1 − 1/x ≤ log(x) ≤ x − 1 and, on its side of 1, 2(x − 1)/(x + 1)."""
        strict = self._is_nowhere_zero(argument - 1)
        self._constrain(argument - 1 - logarithm, strict=strict)
        sign = self._evident_sign(argument - 1)
        if sign > 0:
            self._constrain((argument + 1) * logarithm - 2 * (argument - 1), strict=strict)
        else:
            self._constrain(argument * logarithm - argument + 1, strict=strict)
        if sign < 0:
            self._constrain(2 * (argument - 1) - (argument + 1) * logarithm, strict=strict)
        self._bound_constant(logarithm)
        self._order("log", logarithm, argument)

    def _bound_constant(self, value: Ratio) -> None:
        """Add between which decimals of three places a number lies, if it is one."""
        with flint.ctx.workprec(_PRECISION):
            try:
                low = (self.enclosure(value) * _PLACES).floor().unique_fmpz()
            except UnresolvedError:
                return
        if low is not None and abs(low) < _LARGEST_BOUNDED:
            self._constrain(value * _PLACES - int(low), strict=False)
            self._constrain(int(low) + 1 - value * _PLACES, strict=False)

    def _is_nowhere_zero(self, ratio: Ratio) -> bool:
        return self.extended_domain().sign(ratio.numer) != 0

    def _order(self, function: str, value: Ratio, argument: Ratio) -> None:
        """Add the order of this value and others of the same function, where it is seen."""
        for known, other in self.ordered.setdefault(function, []):
            if sign := self._evident_sign(argument - known):
                self._constrain((value - other) * sign, strict=False)
        self.ordered[function].append((argument, value))

    def _logarithm(self, first: Ratio) -> Ratio:
        if first == 1:
            return Ratio.of(0)
        parts = self._positive_parts(first) if self.in_limit else []
        if len(parts) > 1:
            return sum((self._logarithm(part) * exponent for part, exponent in parts), Ratio.of(0))
        sign = self._evident_sign(first - 1)
        if sign < 0:
            logarithm = -self._slot("-log", first)
        else:
            # One of either sign is the difference of two numbers that are not negative.
            logarithm = self._slot("log", first) - (0 if sign else self._slot("zero", first))
        if not self.in_limit and len(first.numer) + len(first.denom) < _MANY_TERMS:
            self._bound_logarithm(logarithm, first)
        return logarithm

    def _positive_parts(self, ratio: Ratio) -> list[tuple[Ratio, int]]:
        """Return factors with exponents, all but the last seen to be positive, or nothing."""
        found: list[tuple[Ratio, int]] = []
        rest = Ratio.of(1)
        for of, direction in ((ratio.numer, 1), (ratio.denom, -1)):
            content, factors = factored(of)
            rest *= Ratio(polynomial(int(content))) ** direction
            for factor, multiplicity in factors:
                sign = self.domain.sign(factor)
                rest *= Ratio(polynomial(sign or 1)) ** multiplicity
                if sign:
                    found.append((Ratio(factor * sign), direction * multiplicity))
                else:
                    rest *= Ratio(factor) ** (direction * multiplicity)
        return found if rest == 1 else [*found, (rest, 1)]

    def _slot(self, function: str, argument: Ratio) -> Ratio:
        """Return the indeterminate that stands for a function of a ratio."""
        for slot, known in self.definitions.items():
            if known.function == function and known.argument == argument:
                return Ratio(GENERATORS[slot])
        slot = self.used
        self.used += 1
        if self.used > len(GENERATORS):
            raise TooLargeError
        self.definitions[slot] = Definition(function, argument)
        return Ratio(GENERATORS[slot])

    def _constrain(self, ratio: Ratio, *, strict: bool) -> None:
        bound, strict = constraint(self.domain, ratio, strict=strict)
        if self.in_limit:
            try:
                leading = self.expander.leading(bound)
            except (NoSeriesError, UndefinedError):
                return
            # Where the leading term is zero the next, if there is one, may have either sign.
            strict = strict and not any(map(self.expander.depends, variables(bound)))
            bound = polynomial(0) if leading is None else leading[1].numer * leading[1].denom
        for each in (bound, *self._squared(bound)):
            self.constraints.append((each, strict))
            self.assumptions.append(len(self.expander.assumed))

    def _squared(self, bound: Polynomial) -> list[Polynomial]:
        """Return what follows from A + B√u ≥ 0 for A and B of opposite signs, without the root."""
        roots = [slot for slot in variables(bound) if slot in self.roots]
        if not roots:
            return []
        parts = coefficients(without_squares(bound, self.roots), roots[-1])
        rest, factor = parts.get(0, polynomial(0)), parts.get(1, polynomial(0))
        gap = factor**2 * self.roots[roots[-1]] - rest**2
        signs = self._evident_sign(Ratio(rest)), self._evident_sign(Ratio(factor))
        if signs not in ((-1, 1), (1, -1)):
            return []
        gap = without_squares(gap if signs[1] > 0 else -gap, self.roots)
        return [gap, *self._squared(gap)]

    def is_nonnegative(self, ratio: Ratio) -> bool:
        """Whether a ratio is ≥ 0 in this branch, by its terms or else by the next choice."""
        numer = without_squares(ratio.numer, self.roots)
        bound, _ = constraint(self.domain, Ratio(numer, ratio.denom), strict=False)
        sign = self._evident_sign(Ratio(bound)) or self._sign_for_large_dim(bound)
        if sign:
            return sign > 0
        if self.choices is None:
            raise UnresolvedError
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

    def _sign_for_large_dim(self, bound: Polynomial) -> int:
        """Return 1 or −1 if a polynomial is seen to be positive or negative for all large d."""
        if not self.in_limit:
            return 0
        try:
            leading = self.expander.leading(bound)
        except (NoSeriesError, UndefinedError):
            return 0
        if leading is None:
            return 1
        coefficient = leading[1]
        return self.sign_of_constant(coefficient) or self.extended_domain().sign(
            coefficient.numer * coefficient.denom
        )

    def sign_of_constant(self, ratio: Ratio) -> int:
        """Return the sign of a number that no name occurs in, or 0 if it is not certain."""
        with flint.ctx.workprec(_PRECISION):
            try:
                number = self.enclosure(ratio)
            except UnresolvedError:
                return 0
            return int(number > 0) - int(number < 0)

    def enclosure(self, ratio: Ratio) -> flint.arb:
        """Return an interval that holds a number; UnresolvedError if names occur in it."""
        top, bottom = (self._enclosed(part) for part in (ratio.numer, ratio.denom))
        if not bottom != 0:
            raise UnresolvedError
        return top / bottom

    def _enclosed(self, of: Polynomial) -> flint.arb:
        values = {slot: self._enclosed_slot(slot) for slot in variables(of)}
        total = flint.arb(0)
        for exponents, coefficient in of.to_dict().items():
            term = flint.arb(coefficient)
            for slot, value in values.items():
                term *= value ** int(exponents[slot])
            total += term
        return total

    def _enclosed_slot(self, slot: int) -> flint.arb:
        if slot not in self.definitions:
            raise UnresolvedError
        definition = self.definitions[slot]
        if definition.function == "zero":
            return flint.arb(0)
        argument = self.enclosure(definition.argument)
        found: flint.arb = getattr(argument, definition.function.lstrip("-"))()
        if not found.is_finite():
            raise UnresolvedError
        return -found if definition.function == "-log" else found

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
        domain = self.extended_domain()
        for factor, multiplicity in factors:
            sign = domain.sign(factor)
            if sign < 0:
                content *= (-1) ** multiplicity
            size = Ratio(factor * (sign or 1))
            if multiplicity > 1:
                outside *= (size if self.is_nonnegative(size) else -size) ** (multiplicity // 2)
            if multiplicity % 2 and sign:
                prime_factors.append(size.numer)
            elif multiplicity % 2:
                rest *= factor
            square_may_vanish |= not sign and multiplicity % 2 == 0
        rest *= 1 if content > 0 else -1
        if square_may_vanish:
            if not self.is_nonnegative(Ratio(rest)):
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
        sign_of_divisor = self.is_nonnegative(Ratio(ratio.denom))
        return outside / Ratio(ratio.denom if sign_of_divisor else -ratio.denom)

    def _root_symbol(self, radicand: Polynomial) -> Ratio:
        symbol = self._slot("sqrt", Ratio(radicand))
        self.roots[variables(symbol.numer)[0]] = radicand
        return symbol
