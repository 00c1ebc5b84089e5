"""Statements with ~: the limit of left/right as d grows, with n = alpha·d and k = gamma·d."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import flint
from flint.utils.flint_exceptions import DomainError

from ttt_theory.closed_form import isotropic
from ttt_theory.statements.domain import Case, Constraint, Domain, solve
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
from ttt_theory.statements.syntax import Statement

__all__ = ["Order", "limit_at", "prove_limit"]

_ROOT_OF_DIM = 2
# The places of n, k and d hold alpha, gamma and √d.
_NAMED_RING = flint.fmpz_mpoly_ctx.get(
    ("alpha", "gamma", "sqrt_d", *RING.names()[3:]), flint.Ordering.lex
)


@dataclass(frozen=True)
class Order:
    """The error of an asymptotic statement: left/right = 1 + coefficient·d^−exponent + ….

    Attributes
    ----------
    exponent : str
        An integer or a half.
    coefficient : str
        In alpha, gamma, norm2 and noise.
    """

    exponent: str
    coefficient: str


def prove_limit(
    statement: Statement, cases: list[Case], deadline: float
) -> tuple[Proof, Order | None]:
    """Try to prove that the ratio of the sides tends to 1.

    The ratio is rational in √d, so that its limit and the order of the error are read off the
    leading coefficients; these must not be zero anywhere.

    Returns
    -------
    proof : Proof
    order : Order or None
        None if the sides are equal, or nothing was proved.
    """
    orders: list[tuple[Fraction, str]] = []
    for case in cases:
        for branch in branches(statement.claim, statement.conditions, case, in_limit=True):
            if is_empty(branch.domain, branch.constraints, deadline):
                continue
            if not _is_rational_in_dim(branch):
                step = "a side is not rational in sqrt(d); such limits are not decided"
                return Proof(False, (step,)), None
            left, right = (
                Ratio(*(without_squares(part, branch.roots) for part in (side.numer, side.denom)))
                for side in (branch.left, branch.right)
            )
            problem = _differ(left, right, branch.domain, branch.constraints, deadline)
            if problem:
                return Proof(False, (problem,)), None
            ratio = left / right
            orders += _order(ratio)
    steps = ("the leading coefficients of both sides in d are equal and nowhere zero",)
    if not orders:
        return Proof(True, (*steps, "the sides are equal")), None
    exponent, coefficient = min(orders)
    return Proof(True, steps), Order(str(exponent), coefficient)


def _is_rational_in_dim(branch: Branch) -> bool:
    parts = [part for side in (branch.left, branch.right) for part in (side.numer, side.denom)]
    constant = {slot for slot, of in branch.roots.items() if _ROOT_OF_DIM not in variables(of)}
    return all(slot < len(NAMES) or slot in constant for part in parts for slot in variables(part))


def _leading(of: Polynomial) -> tuple[int, Polynomial]:
    parts = coefficients(of, _ROOT_OF_DIM)
    degree = max(parts)
    return degree, parts[degree]


def _differ(
    left: Ratio,
    right: Ratio,
    domain: Domain,
    constraints: list[Constraint],
    deadline: float,
    depth: int = 4,
) -> str | None:
    """Return why left/right may not tend to 1 everywhere, or None if it is seen to."""
    if right == 0:
        return "the right side is zero"
    ratio = left / right
    if ratio == 0 or _leading(ratio.numer) != _leading(ratio.denom):
        return "the leading coefficients of the sides differ"
    leading = _leading(ratio.denom)[1] * _leading(right.numer)[1]
    for factor, _ in factored(leading)[1]:
        if any(
            proves(goal(domain, sign * factor, constraints, strict=True), deadline)
            for sign in (1, -1)
        ):
            continue
        # Where this factor vanishes the next terms lead.
        place = f"where {_named(Ratio(factor))} = 0"
        exceptions = solve(domain, Case(constraints=tuple(constraints)), factor)
        if depth == 0 or any(not case.solved for case in exceptions):
            return f"the leading coefficient may vanish, {place}"
        for case in exceptions:
            kept = list(case.constraints)
            if is_empty(domain, kept, deadline):
                continue
            try:
                sides = case.reduced(left), case.reduced(right)
            except ZeroDivisionError:
                return f"a side is not defined {place}"
            problem = _differ(*sides, domain, kept, deadline, depth - 1)
            if problem:
                return f"{problem} {place}"
    return None


def _order(ratio: Ratio) -> list[tuple[Fraction, str]]:
    error = ratio.numer - ratio.denom
    if error.is_zero():
        return []
    degree, leading = _leading(ratio.denom)
    error_degree, error_leading = _leading(error)
    return [(Fraction(degree - error_degree, 2), _named(Ratio(error_leading, leading)))]


def _named(ratio: Ratio) -> str:
    """Return a ratio in factors, with the names of the limit."""
    top, bottom = _product(ratio.numer), _product(ratio.denom)
    return top if bottom == "1" else f"{top}/({bottom})"


def _product(of: Polynomial) -> str:
    content, factors = factored(_NAMED_RING.from_dict(of.to_dict()))
    texts = [str(abs(content))] if abs(content) != 1 or not factors else []
    for factor, multiplicity in factors:
        text = str(factor).replace("^", "**")
        text = f"({text})" if len(factor) > 1 else text
        texts.append(text if multiplicity == 1 else f"{text}**{multiplicity}")
    return ("-" if content < 0 else "") + "*".join(texts)


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
        formula = getattr(isotropic, f"{start or 'warm'}_{name}")
        return Ratio.of(formula(*(self.values[slot] for slot in range(len(NAMES)))))

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


def limit_at(statement: Statement, point: Mapping[str, Fraction]) -> str | None:
    """Return the limit of left/right for one alpha, gamma, norm2 and noise.

    Parameters
    ----------
    statement : Statement
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
        claim = statement.claim
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
