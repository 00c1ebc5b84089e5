"""Statements with ~: the limit of left/right as d grows, with n = alpha·d and k = gamma·d."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import flint
from flint.utils.flint_exceptions import DomainError

from ttt_theory.statements.domain import Case, Constraint, solve
from ttt_theory.statements.evaluation import HOLDS, UnresolvedError, evaluate
from ttt_theory.statements.positivity import goal, proves
from ttt_theory.statements.proofs import Proof, is_empty
from ttt_theory.statements.rational import (
    GENERATORS,
    NAMES,
    RING,
    Polynomial,
    Ratio,
    coefficients,
    factored,
    polynomial,
    variables,
)
from ttt_theory.statements.symbolic import Branch, branches, without_squares
from ttt_theory.statements.syntax import ParsedStatement
from ttt_theory.statements.vocabulary import formula_of

__all__ = ["Order", "limit_at", "prove_limit"]

_ROOT_OF_DIM = 2
# The places of n, k and d hold alpha, gamma and √d.
_NAMED_RING = flint.fmpz_mpoly_ctx.get(
    ("alpha", "gamma", "sqrt_d", *RING.names()[3:]), flint.Ordering.lex
)
_ROOT = re.compile(r"\bx(\d+)")


@dataclass(frozen=True)
class Order:
    """The error of an asymptotic statement: left/right = 1 + coefficient·d^−exponent + ….

    Attributes
    ----------
    exponent : str
        An integer or a half.
    coefficient : str or None
        In alpha, gamma, norm2 and noise; it may be 0 at some of them.  None if no one expression
        holds everywhere: then the exponent is the smallest of those found.
    """

    exponent: str
    coefficient: str | None


class _NotProvedError(Exception):
    """Why a ratio may not tend to 1."""


_Term = tuple[Fraction, Ratio]
"""The exponent and the coefficient of the error's leading term."""


def prove_limit(
    statement: ParsedStatement, cases: list[Case], deadline: float
) -> tuple[Proof, Order | None]:
    """Try to prove that the ratio of the sides tends to 1.

    The ratio is rational in √d, so that its limit and the order of the error are read off the
    leading coefficients.  Where the denominator's may vanish the next terms lead; such places are
    solved for and looked at by themselves.

    Returns
    -------
    proof : Proof
    order : Order or None
        None if the sides are equal everywhere, or nothing was proved.
    """
    found: list[tuple[Fraction, str] | None] = []
    exponents: set[Fraction] = set()
    undefined = False
    for case in cases:
        for branch in branches(statement.comparison, statement.conditions, case, in_limit=True):
            if is_empty(branch.domain, branch.constraints, deadline):
                continue
            if not branch.is_defined:
                undefined = True
                continue
            if not _is_rational_in_dim(branch):
                step = "a side is not rational in sqrt(d); such limits are not decided"
                return Proof(False, (step,)), None
            try:
                terms = _terms(branch, branch.left, branch.right, branch.constraints, deadline)
            except _NotProvedError as reason:
                return Proof(False, (str(reason),)), None
            exponents.update(term[0] for term in terms if term)
            found += [term and (term[0], _named(term[1], branch.roots)) for term in terms]
    if undefined and not found:
        return Proof(False, ("a side is defined nowhere",)), None
    step = "both sides have the same leading term in d, wherever the conditions hold"
    if not exponents:
        return Proof(True, (step, "the sides are equal")), None
    if len(set(found)) == 1 and found[0]:
        exponent, coefficient = found[0]
        return Proof(True, (step,)), Order(str(exponent), coefficient)
    several = "no one expression holds everywhere for the error's leading coefficient"
    return Proof(True, (step, several)), Order(str(min(exponents)), None)


def _is_rational_in_dim(branch: Branch) -> bool:
    parts = [part for side in (branch.left, branch.right) for part in (side.numer, side.denom)]
    constant = {slot for slot, of in branch.roots.items() if _ROOT_OF_DIM not in variables(of)}
    return all(slot < len(NAMES) or slot in constant for part in parts for slot in variables(part))


def _leading(of: Polynomial) -> tuple[int, Polynomial]:
    parts = coefficients(of, _ROOT_OF_DIM)
    degree = max(parts)
    return degree, parts[degree]


def _terms(
    branch: Branch,
    left: Ratio,
    right: Ratio,
    constraints: list[Constraint],
    deadline: float,
    depth: int = 4,
) -> list[_Term | None]:
    """Return the error's leading term, None for no error, and those where it is another one."""
    left, right = _reduced(left, branch.roots), _reduced(right, branch.roots)
    if right == 0:
        raise _NotProvedError("the right side is zero")
    ratio = left / right
    numer, denom = (without_squares(part, branch.roots) for part in (ratio.numer, ratio.denom))
    if numer.is_zero() or denom.is_zero() or _leading(numer) != _leading(denom):
        raise _NotProvedError("the leading coefficients of the sides differ")
    degree, leading = _leading(denom)
    term = None
    if numer != denom:
        error_degree, error_leading = _leading(numer - denom)
        term = Fraction(degree - error_degree, 2), Ratio(error_leading, leading)
    found = [term]
    for factor, _ in factored(leading * _leading(right.numer)[1])[1]:
        if any(
            proves(goal(branch.domain, sign * factor, constraints, strict=True), deadline)
            for sign in (1, -1)
        ):
            continue
        # Where this factor vanishes the next terms lead.
        place = f"where {_named(Ratio(factor), branch.roots)} = 0"
        exceptions = solve(branch.domain, Case(constraints=tuple(constraints)), factor)
        if depth == 0 or any(not case.solved for case in exceptions):
            raise _NotProvedError(f"the leading coefficient may vanish, {place}")
        for case in exceptions:
            kept = list(case.constraints)
            if is_empty(branch.domain, kept, deadline):
                continue
            try:
                sides = case.reduced(left), case.reduced(right)
            except ZeroDivisionError:
                raise _NotProvedError(f"a side is not defined {place}") from None
            try:
                terms = _terms(branch, *sides, kept, deadline, depth - 1)
            except _NotProvedError as reason:
                raise _NotProvedError(f"{reason} {place}") from None
            found += [each for each in terms if not _agree(term, each, case)]
    return found


def _agree(general: _Term | None, special: _Term | None, case: Case) -> bool:
    """Whether an error's leading term holds in a case too."""
    if general is None or special is None:
        return general == special
    try:
        return special == (general[0], case.reduced(general[1]))
    except ZeroDivisionError:
        return False


def _reduced(ratio: Ratio, roots: dict[int, Polynomial]) -> Ratio:
    return Ratio(*(without_squares(part, roots) for part in (ratio.numer, ratio.denom)))


def _named(ratio: Ratio, roots: dict[int, Polynomial]) -> str:
    """Return a ratio in factors, with the names of the limit."""
    (top, _), (bottom, count) = _product(ratio.numer, roots), _product(ratio.denom, roots)
    if bottom == "1":
        return top
    return f"{top}/{bottom}" if count == 1 else f"{top}/({bottom})"


def _product(of: Polynomial, roots: dict[int, Polynomial]) -> tuple[str, int]:
    """Return a product as text, and how many factors it has."""
    content, factors = factored(_NAMED_RING.from_dict(of.to_dict()))
    texts = [str(abs(content))] if abs(content) != 1 or not factors else []
    for factor, multiplicity in factors:
        text = str(factor).replace("^", "**")
        text = f"({text})" if len(factor) > 1 else text
        texts.append(text if multiplicity == 1 else f"{text}**{multiplicity}")
    product = ("-" if content < 0 else "") + "*".join(texts)
    named = _ROOT.sub(lambda found: _root_named(int(found[1]) + len(NAMES), roots), product)
    return named, len(texts)


def _root_named(slot: int, roots: dict[int, Polynomial]) -> str:
    text, _ = _product(roots[slot], roots)
    is_enclosed = text.startswith("(") and len(factored(roots[slot])[1]) == 1
    return f"sqrt{text}" if is_enclosed else f"sqrt({text})"


class _Growth:
    """Arithmetic of rational functions of √d alone, in their order for large d."""

    def __init__(self, point: Mapping[str, Fraction]) -> None:
        self.values = {
            slot: self.number(point[name]) for slot, name in enumerate(NAMES) if slot != 2
        }
        dim = Ratio(GENERATORS[_ROOT_OF_DIM] ** 2)
        self.values[0], self.values[1] = self.values[0] * dim, self.values[1] * dim
        self.values[2] = dim

    def number(self, value: Fraction) -> Ratio:
        return Ratio(polynomial(value.numerator), polynomial(value.denominator))

    def symbol(self, name: str) -> Ratio:
        if name in ("alpha", "gamma"):
            return self.values[0 if name == "alpha" else 1] / self.values[2]
        return self.values[NAMES.index(name)]

    def quantity(self, name: str, start: str | None) -> Ratio:
        return Ratio.of(formula_of(name, start)(*(self.values[slot] for slot in range(len(NAMES)))))

    def inverse(self, value: Ratio) -> Ratio:
        return value.inverse()

    def call(self, function: str, arguments: list[Ratio]) -> Ratio:
        first = arguments[0]
        if function == "abs":
            return first if _growth_sign(first) >= 0 else -first
        if function in ("min", "max"):
            for other in arguments[1:]:
                is_larger = _growth_sign(first - other) >= 0
                first = first if is_larger == (function == "max") else other
            return first
        if function == "sqrt":
            numer, denom = (part.sqrt() for part in (first.numer, first.denom))
            root = Ratio(numer, denom)
            return root if _growth_sign(root) >= 0 else -root
        raise UnresolvedError


def _growth_sign(ratio: Ratio) -> int:
    """Return the sign of a rational function of √d for large d."""
    if ratio.numer.is_zero():
        return 0
    leading = _leading(ratio.numer)[1] * _leading(ratio.denom)[1]
    return 1 if leading.leading_coefficient() > 0 else -1


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
        An exact number, infinity, or that there is none; None if the conditions exclude the point,
        or if the ratio is not a rational function of √d there.

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> at = dict.fromkeys(("n", "k", "d", "norm2", "noise"), Fraction(2))
    >>> limit_at(parse("n + d ~ d"), at), limit_at(parse("n + d ~ d when k < n"), at)
    ('3', None)
    """
    arithmetic = _Growth(point)
    try:
        for condition in statement.conditions:
            left, right = (evaluate(s, arithmetic) for s in (condition.left, condition.right))
            if not HOLDS[condition.relation](_growth_sign(left - right)):
                return None
        claim = statement.comparison
        left, right = (evaluate(s, arithmetic) for s in (claim.left, claim.right))
        if right == 0:
            return "none, as the right side is 0"
        ratio = left / right
    except (ZeroDivisionError, UnresolvedError, DomainError):
        return None
    if ratio == 0:
        return "0"
    (degree, top), (other_degree, bottom) = _leading(ratio.numer), _leading(ratio.denom)
    if degree != other_degree:
        return "infinity" if degree > other_degree else "0"
    return str(flint.fmpq(top.leading_coefficient(), bottom.leading_coefficient()))
