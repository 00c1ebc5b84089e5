"""Statements with ~: the limit of left/right as d grows, with n = alpha·d and k = gamma·d."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import flint

from ttt_theory.statements.domain import LIMIT, Case, Constraint, solve
from ttt_theory.statements.evaluation import (
    HOLDS,
    UndefinedError,
    UnresolvedError,
    evaluate,
    shown,
)
from ttt_theory.statements.positivity import goal, proves
from ttt_theory.statements.proofs import Proof, is_empty, is_nonnegative
from ttt_theory.statements.rational import (
    GENERATORS,
    NAMES,
    RING,
    Polynomial,
    Ratio,
    TooLargeError,
    factored,
    has_only_names,
    polynomial,
    variables,
)
from ttt_theory.statements.series import (
    CONSTANT,
    ROOT_OF_DIM,
    Definition,
    Key,
    NoSeriesError,
    divided,
)
from ttt_theory.statements.symbolic import (
    Branch,
    Symbolic,
    branches,
    without_roots,
    without_squares,
)
from ttt_theory.statements.syntax import ParsedStatement

__all__ = ["Order", "limit_at", "prove_limit"]

# The places of n, k and d hold alpha, gamma and √d.
_NAMED_RING = flint.fmpz_mpoly_ctx.get(
    ("alpha", "gamma", "sqrt_d", *RING.names()[3:]), flint.Ordering.lex
)
_AUXILIARY = re.compile(r"\bx(\d+)")


@dataclass(frozen=True)
class Order:
    """The error of an asymptotic statement: left/right = 1 + coefficient·d^−exponent + ….

    Attributes
    ----------
    exponent : str
        A rational number, or infinity where the error falls faster than any power of d.
    coefficient : str or None
        In alpha, gamma, norm2 and noise, and in log(d) where powers of d alone do not tell the
        order; it may be 0 at some of them.  None if no one expression holds everywhere: then the
        exponent is the smallest of those found.
    """

    exponent: str
    coefficient: str | None


_Term = tuple[Key, Ratio]
"""A leading term."""


class _NotProvedError(Exception):
    """Why a ratio may not tend to 1."""


@dataclass(frozen=True)
class _Error:
    """The leading term of left/right − 1 in a case, None where the sides are equal."""

    case: Case
    key: Key | None
    coefficient: Ratio | None = None
    text: str | None = None


_LARGEST_MULTIPLE = 12
_UNKNOWN = "the order of the error was not found"


def prove_limit(
    statement: ParsedStatement, cases: list[Case], deadline: float
) -> tuple[Proof, Order | None]:
    """Try to prove that the ratio of the sides tends to 1.

    Both sides are expanded for large d at fixed alpha, gamma, norm2 and noise.  Each coefficient
    that leads somewhere in them is either seen not to be 0, or the places where it is are solved
    for and looked at by themselves, so that the leading terms hold for each of the others.

    Returns
    -------
    proof : Proof
    order : Order or None
        None if the sides are equal everywhere, nothing was proved, or the order was not found.
    """
    found: list[_Error] = []
    try:
        for case in cases:
            found += _errors(statement, case, deadline)
    except _NotProvedError as reason:
        return Proof(False, (str(reason),)), None
    if not found:
        return Proof(False, ("a side is defined nowhere",)), None
    step = "both sides have the same leading term in d, wherever the conditions hold"
    keys = {error.key for error in found if error.key is not None}
    if not keys and not any(error.text for error in found):
        return Proof(True, (step, "the sides are equal")), None
    if any(error.text == _UNKNOWN for error in found):
        return Proof(True, (step, _UNKNOWN)), None
    first = found[0]
    if all(_agree(first, other) for other in found[1:]):
        return Proof(True, (step,)), _order(first)
    several = "no one expression holds everywhere for the error's leading coefficient"
    largest = max(keys)
    return Proof(True, (step, several)), Order(_exponent(largest), None)


def _exponent(key: Key) -> str:
    return "infinity" if key[0] < 0 else str(-key[1])


def _order(error: _Error) -> Order:
    assert error.key is not None
    if error.key[0] < 0:
        return Order("infinity", None)
    text = str(error.text)
    for name, power in zip(("log(d)", "log(log(d))"), error.key[2:], strict=True):
        factor = name if abs(power) == 1 else f"{name}**({abs(power)})"
        if power > 0:
            text = factor if text == "1" else f"{factor}*({text})"
        elif power < 0:
            text = f"({text})/{factor}"
    return Order(_exponent(error.key), text)


def _agree(general: _Error, special: _Error) -> bool:
    """Whether an error's leading term holds in a case too."""
    if general.key != special.key or general.key is None:
        return general.key == special.key
    if general.text == special.text:
        return True
    assert general.coefficient is not None
    assert special.coefficient is not None
    parts = (special.coefficient.numer, special.coefficient.denom)
    if not all(map(has_only_names, parts)):
        return False
    try:
        return special.coefficient == special.case.reduced(general.coefficient)
    except ZeroDivisionError:
        return False


def _errors(
    statement: ParsedStatement, case: Case, deadline: float, depth: int = 5
) -> list[_Error]:
    """Return the leading terms of the error in all parts of a case; none if it is empty.

    Raises
    ------
    _NotProvedError
        If the ratio was not seen to tend to 1 in one of them.
    """
    found: list[_Error] = []
    for branch in branches(statement.comparison, statement.conditions, case, in_limit=True):
        if time.monotonic() > deadline:
            raise _NotProvedError("the time for a proof ran out")
        equation = _forced_equation(branch, deadline)
        if equation is not None:
            parts = solve(LIMIT, case, equation)
            if depth and all(part is not case for part in parts):
                for part in parts:
                    found += _errors(statement, part, deadline, depth - 1)
                continue
        if branch.is_defined and not is_empty(branch.domain, branch.constraints, deadline):
            # Where a side is undefined, unless a coefficient vanishes, nothing is said.
            with contextlib.suppress(UndefinedError):
                found.append(_error(branch, case))
        for index, coefficient in enumerate(branch.expander.assumed):
            known = [
                bound
                for bound, count in zip(branch.constraints, branch.assumptions, strict=True)
                if count <= index
            ]
            for part in _vanishing(branch, case, coefficient, known, deadline):
                if depth == 0:
                    raise _NotProvedError("too many leading coefficients may vanish")
                try:
                    found += _errors(statement, part, deadline, depth - 1)
                except _NotProvedError as reason:
                    place = _named(Ratio(coefficient.numer), branch)
                    raise _NotProvedError(f"{reason} where {place} = 0") from None
    return found


def _error(branch: Branch, case: Case) -> _Error:
    """Return the leading term of left/right − 1 where no assumed coefficient vanishes."""
    expander = branch.expander
    left, right = (_reduced(side, branch.roots) for side in (branch.left, branch.right))
    if right == 0:
        raise _NotProvedError("the right side is zero")
    ratio = _reduced(left / right, branch.roots)
    try:
        # The parts of the right side may have gone from the ratio.
        for part in (right.numer, right.denom, left.denom, ratio.denom):
            found = expander.leading(part)
            if found is None:
                raise _NotProvedError("a side is zero or infinite")
            expander.assumed.append(found[1])
        top, bottom = expander.leading(ratio.numer), expander.leading(ratio.denom)
    except NoSeriesError:
        raise _NotProvedError("a side has no expansion for large d that was found") from None
    if top is None or bottom is None or top[0] != bottom[0] or top[1] != bottom[1]:
        raise _NotProvedError("the leading coefficients of the sides differ")
    gap = without_squares(ratio.numer - ratio.denom, branch.roots)
    try:
        leading = expander.leading(gap)
    except NoSeriesError:
        return _Error(case, None, text=_UNKNOWN)
    if leading is None:
        return _Error(case, None)
    key = divided(leading[0], bottom[0])
    coefficient = _reduced(leading[1] / bottom[1], branch.roots)
    return _Error(case, key, coefficient, _named(coefficient, branch))


def _forced_equation(branch: Branch, deadline: float) -> Polynomial | None:
    """Return a polynomial in names that is ≥ 0 in a branch, and seen to be ≤ 0 as well."""
    known = [each for each in branch.unconditional if has_only_names(each[0])]
    for index, (bound, strict) in enumerate(known):
        if strict or bound.is_zero() or bound.is_constant():
            continue
        others = known[:index] + known[index + 1 :]
        soon = min(deadline, time.monotonic() + 0.2)
        if proves(goal(LIMIT, -bound, others, strict=False), soon, 3):
            return bound
    return None


def _vanishing(
    branch: Branch, case: Case, coefficient: Ratio, known: list[Constraint], deadline: float
) -> Iterator[Case]:
    """Iterate over the parts of a case where a coefficient may vanish.

    Raises
    ------
    _NotProvedError
        If they cannot be solved for.
    """
    for factor, _ in factored(without_squares(coefficient.numer, branch.roots))[1]:
        if branch.expander.coefficients.sign_of_constant(Ratio(factor)):
            continue
        within = dataclasses.replace(branch, constraints=known, domains=[])
        soon = min(deadline, time.monotonic() + 1.0)
        if any(is_nonnegative(within, sign * factor, soon, strict=True) for sign in (1, -1)):
            continue
        place = f"the leading coefficient may vanish, where {_named(Ratio(factor), branch)} = 0"
        equation = without_roots(_without_logarithm(factor, branch), branch.roots)
        if not has_only_names(equation) or equation.is_zero():
            raise _NotProvedError(place)
        for part, _ in factored(equation)[1]:
            for each in solve(LIMIT, case, part):
                if each is case:
                    both = [*known, (part, False), (-part, False)]
                    if is_empty(branch.domain, both, deadline):
                        continue
                    raise _NotProvedError(place)
                yield each


def _without_logarithm(factor: Polynomial, branch: Branch) -> Polynomial:
    """Return what vanishes where a sum of logarithms does, in its place; all else as it is."""
    definitions = branch.expander.coefficients.definitions
    slots = variables(factor)
    functions = {definitions[slot].function for slot in slots if slot in definitions}
    if not slots or min(slots) < len(NAMES) or not functions <= {"log", "-log", "zero"}:
        return factor
    product = Ratio.of(1)
    for exponents, coefficient in factor.to_dict().items():
        if sum(map(int, exponents)) != 1 or abs(int(coefficient)) > _LARGEST_MULTIPLE:
            return factor
        definition = definitions[next(slot for slot in slots if exponents[slot])]
        power = {"log": 1, "-log": -1, "zero": 0}[definition.function] * int(coefficient)
        product *= definition.argument**power
    return product.numer - product.denom


def _reduced(ratio: Ratio, roots: dict[int, Polynomial]) -> Ratio:
    parts = [without_squares(part, roots) for part in (ratio.numer, ratio.denom)]
    if parts[1].is_zero():
        raise _NotProvedError("a divisor is zero")
    return Ratio(*parts)


def _named(ratio: Ratio, branch: Branch) -> str:
    """Return a ratio in factors, with the names of the limit."""
    (top, _), (bottom, count) = (_product(part, branch) for part in (ratio.numer, ratio.denom))
    if bottom == "1":
        return top
    return f"{top}/{bottom}" if count == 1 else f"{top}/({bottom})"


def _product(of: Polynomial, branch: Branch) -> tuple[str, int]:
    """Return a product as text, and how many factors it has."""
    definitions = branch.expander.coefficients.definitions
    for slot in variables(of):
        if slot in definitions and definitions[slot].function == "zero":
            of = of.compose(*GENERATORS[:slot], polynomial(0), *GENERATORS[slot + 1 :])
    content, factors = factored(_NAMED_RING.from_dict(of.to_dict()))
    texts = [str(abs(content))] if abs(content) != 1 or not factors else []
    for factor, multiplicity in factors:
        text = str(factor).replace("^", "**")
        text = f"({text})" if len(factor) > 1 else text
        texts.append(text if multiplicity == 1 else f"{text}**{multiplicity}")
    product = ("-" if content < 0 else "") + "*".join(texts)
    named = _AUXILIARY.sub(
        lambda found: _slot_named(definitions[int(found[1]) + len(NAMES)], branch), product
    )
    return named, len(texts)


def _slot_named(definition: Definition, branch: Branch) -> str:
    argument, function = definition.argument, definition.function
    text = _named(argument, branch)
    is_one = argument.denom.is_one() and len(factored(argument.numer)[1]) == 1
    call = f"{function.lstrip('-')}{text if is_one and text.startswith('(') else f'({text})'}"
    return f"(-{call})" if function == "-log" else call


def limit_at(statement: ParsedStatement, point: Mapping[str, Fraction]) -> str | None:
    """Return the limit of left/right for one alpha, gamma, norm2 and noise.

    Parameters
    ----------
    statement : ParsedStatement
    point : mapping of str to Fraction
        Here n and k are alpha and gamma, and d plays no part.

    Returns
    -------
    str or None
        A number, infinity, or that there is none; None if the conditions exclude the point, or if
        no expansion was found there.

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> at = dict.fromkeys(("n", "k", "d", "norm2", "noise"), Fraction(2))
    >>> limit_at(parse("n + d ~ d"), at), limit_at(parse("n + d ~ d when k < n"), at)
    ('3', None)
    """
    solved = {
        slot: Ratio(polynomial(point[name].numerator), polynomial(point[name].denominator))
        for slot, name in enumerate(NAMES)
        if slot != ROOT_OF_DIM
    }
    arithmetic = Symbolic(Case(solved=solved), in_limit=True, choices=None)
    try:
        for condition in statement.conditions:
            left, right = (evaluate(s, arithmetic) for s in (condition.left, condition.right))
            leading = arithmetic.expander.leading_of_ratio(arithmetic.simplified(left - right))
            if not HOLDS[condition.relation](0 if leading is None else _sign(arithmetic, leading)):
                return None
        claim = statement.comparison
        left, right = (evaluate(s, arithmetic) for s in (claim.left, claim.right))
        sides = [
            arithmetic.expander.leading_of_ratio(arithmetic.simplified(side))
            for side in (left, right)
        ]
        _require_values(arithmetic)
        if all(_sign(arithmetic, (CONSTANT, each)) for each in arithmetic.expander.assumed):
            return _limit(arithmetic, *sides)
    except (ZeroDivisionError, UnresolvedError, UndefinedError, NoSeriesError, TooLargeError):
        pass
    return None


def _require_values(arithmetic: Symbolic) -> None:
    """Raise UndefinedError unless all that was evaluated has a value for all large d."""
    expander = arithmetic.expander
    # An expansion may need more logarithms and roots, and adds to both lists.
    for divisor in arithmetic.divisors:
        if (leading := expander.leading(divisor)) is None:
            raise UndefinedError
        _sign(arithmetic, leading)
    for bound, strict in arithmetic.domains:
        leading = expander.leading(bound)
        sign = 0 if leading is None else _sign(arithmetic, leading)
        if sign < 0 or (strict and sign == 0):
            raise UndefinedError


def _limit(arithmetic: Symbolic, left: _Term | None, right: _Term | None) -> str:
    if right is None:
        return "none, as the right side is 0"
    if left is None:
        return "0"
    sign = _sign(arithmetic, left) * _sign(arithmetic, right)
    key = divided(left[0], right[0])
    if key != CONSTANT:
        return "0" if key < CONSTANT else "infinity" if sign > 0 else "-infinity"
    ratio = arithmetic.simplified(left[1] / right[1])
    if ratio.numer.is_constant() and ratio.denom.is_constant():
        return str(ratio.at({}))
    limit = arithmetic.enclosure(ratio)
    if not limit != 1:
        raise UnresolvedError
    return shown(limit)


def _sign(arithmetic: Symbolic, term: _Term) -> int:
    """Return the sign of a leading term that is not zero."""
    sign = arithmetic.sign_of_constant(term[1])
    if not sign:
        raise UnresolvedError
    return sign
