"""Refutation and proof in turn, each within its share of the time."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from ttt_theory.errors import StatementError
from ttt_theory.statements.asymptotics import Order, limit_at, prove_limit
from ttt_theory.statements.checking import undecided
from ttt_theory.statements.domain import FINITE, LIMIT, Case
from ttt_theory.statements.evaluation import (
    UndefinedError,
    Values,
    decide,
    isotropic_values,
    shown,
    slack,
)
from ttt_theory.statements.proofs import Proof, is_empty, prove
from ttt_theory.statements.rational import TooLargeError
from ttt_theory.statements.search import (
    Finding,
    Point,
    Space,
    constants,
    drawn,
    followed,
    scattered,
    search,
)
from ttt_theory.statements.sizes import are_never_integers
from ttt_theory.statements.symbolic import branches, cases
from ttt_theory.statements.syntax import COUNTS, ParsedStatement, Quantity, nodes, parse
from ttt_theory.statements.writing import written

if TYPE_CHECKING:
    from ttt_theory.linear.setting.setting import Setting

__all__ = ["decided"]

_FIRST_POINTS, _FIRST_LIMITS, _FIRST_SECONDS = 300, 40, 3.0
_GRID_SECONDS = 1.0
_LIKELY_POINTS = 400
_MORE_POINTS, _MORE_SECONDS = 5000, 2.0
_FOLLOWED_SECONDS = 2.0
_PROOF_SECONDS = 6.0
_CONTRADICTION = (
    "the conditions contradict each other, or are defined nowhere; nothing is left to be true or "
    "false"
)
_NO_LIMIT = (
    "the conditions leave no fixed alpha = n/d, gamma = k/d, norm2 and noise as d grows; ~ speaks "
    "of those"
)


_SIZES = (
    "a quantity at other sizes has a value only where these are in the domain (n, k and d integers "
    "from 1, norm2 > 0, noise >= 0); the statement speaks of no other points"
)


def decided(text: str, setting: Setting | None) -> dict[str, Any]:
    """Return the verdict on a statement as plain data.

    Parameters
    ----------
    text : str
    setting : Setting, optional
        What the names refer to.

    Raises
    ------
    StatementError
        If the conditions contradict each other.
    """
    statement = parse(text)
    if setting is not None:
        return _of_setting(statement, setting)
    in_limit = statement.comparison.relation == "~"
    tried: list[str] = []
    try:
        found = cases(statement, in_limit=in_limit)
    except (TooLargeError, UndefinedError):
        found = [Case()]
        tried.append("the conditions have too many terms to solve, or are not defined everywhere")
    if not found:
        raise StatementError(_NO_LIMIT if in_limit else _CONTRADICTION)
    return _over(statement, found, tried, in_limit)


def _over(
    statement: ParsedStatement, found: list[Case], tried: list[str], in_limit: bool
) -> dict[str, Any]:
    counts, positive = ((), ("n", "k", "norm2")) if in_limit else (("n", "k", "d"), ("norm2",))
    spaces = [Space(case, counts, positive) for case in found]
    special = constants(statement)
    finding = Finding()
    sizes = _sizes(statement)
    notes = [_SIZES] if not in_limit and sizes else []
    tried = [*tried, *notes]
    if in_limit and are_never_integers(size for name, size in sizes if name in COUNTS):
        return undecided(*tried, "the sides are defined nowhere: not all sizes can be integers")

    def falsifies(point: Point) -> bool | None:
        if in_limit:
            limit = limit_at(statement, point)
            return None if limit is None else limit != "1"
        return _falsifies(statement, isotropic_values(point))

    def looked_for(candidates: Callable[[Space], Iterable[Point]], seconds: float) -> None:
        search(spaces, falsifies, special, candidates, seconds, finding)

    points = _FIRST_LIMITS if in_limit else _FIRST_POINTS
    looked_for(lambda space: scattered(space, special, points), _FIRST_SECONDS)
    margin = partial(_margin, statement)
    if finding.counterexample is None and not in_limit:
        looked_for(lambda space: _likely(space, margin), _FIRST_SECONDS)
    if finding.counterexample is None:
        proof, order = _proof(statement, found, in_limit)
        if proof.holds:
            looked_for(Space.grid, _GRID_SECONDS)
        elif not in_limit:
            looked_for(
                lambda space: followed(space, margin, special, _FOLLOWED_SECONDS),
                _FOLLOWED_SECONDS + 1.0,
            )
        if finding.counterexample is None and (not proof.holds or finding.witness is None):
            looked_for(lambda space: scattered(space, special, _MORE_POINTS), _MORE_SECONDS)
        if proof.holds and finding.witness is not None and finding.counterexample is None:
            return {
                "verdict": "asymptotic" if in_limit else "proved",
                "counterexample": None,
                "order": None if order is None else asdict(order),
                "tried": [*tried, *proof.steps],
                "proof": None if in_limit else _proof_shown(statement, proof),
            }
        tried += ["the algebra finds no fault"] if proof.holds else proof.steps
    if finding.counterexample is None:
        if finding.witness is None:
            _check_conditions(statement, found, in_limit)
            tried.append(
                "no point was found where the conditions hold and both sides could be evaluated"
            )
        return undecided(*tried, f"no counterexample among {finding.tried} points")
    return {
        "verdict": "refuted",
        "counterexample": _described(statement, finding.counterexample, in_limit),
        "order": None,
        "tried": [*notes, f"evaluated with certainty at {finding.tried} points"],
    }


def _likely(space: Space, margin: Callable[[Point, Fraction | None], float]) -> Iterator[Point]:
    """Iterate over a few points of all magnitudes where a statement looks false by floats."""
    for free in itertools.islice(drawn(space), _LIKELY_POINTS):
        point = space.complete(free)
        if point is not None and margin(point, None) < 0:
            yield free


def _sizes(statement: ParsedStatement) -> list[tuple[str, Any]]:
    """Return the sizes that are given to a quantity somewhere, by their names."""
    return [
        size
        for comparison in (statement.comparison, *statement.conditions)
        for node in (*nodes(comparison.left), *nodes(comparison.right))
        if isinstance(node, Quantity)
        for size in node.sizes
    ]


def _margin(statement: ParsedStatement, point: Point, scale: Fraction | None) -> float:
    """Return how far a statement is from being false, NaN where it says nothing."""
    holds = all(slack(each, point) >= 0 for each in statement.conditions if each.relation != "==")
    is_bound = statement.comparison.relation != "=="
    return slack(statement.comparison, point, scale) if holds and is_bound else math.nan


def _proof(
    statement: ParsedStatement, found: list[Case], in_limit: bool
) -> tuple[Proof, Order | None]:
    deadline = time.monotonic() + _PROOF_SECONDS
    try:
        if in_limit:
            return prove_limit(statement, found, deadline)
        return prove(statement, found, deadline), None
    except TooLargeError:
        return Proof(False, ("an expression has too many terms or cases to expand",)), None


def _proof_shown(statement: ParsedStatement, proof: Proof) -> dict[str, Any]:
    domain = ["n, k and d are integers from 1", "norm2 > 0", "noise >= 0"]
    return {
        "domain": [*domain, *map(written, statement.conditions)],
        "claims": list(proof.claims),
    }


def _check_conditions(statement: ParsedStatement, found: list[Case], in_limit: bool) -> None:
    """Raise if the conditions are seen to contradict each other."""
    deadline = time.monotonic() + 2.0
    domain = LIMIT if in_limit else FINITE
    unconditional = parse("1 == 1").comparison
    try:
        empty = all(
            is_empty(domain, branch.unconditional, deadline)
            for case in found
            for branch in branches(unconditional, statement.conditions, case, in_limit=in_limit)
        )
    except TooLargeError:
        return
    if empty:
        raise StatementError(_NO_LIMIT if in_limit else _CONTRADICTION)


def _falsifies(statement: ParsedStatement, values: Values) -> bool | None:
    try:
        if not all(decide(condition, values)[0] for condition in statement.conditions):
            return None
        holds, left, right = decide(statement.comparison, values)
    except UndefinedError:
        return None
    if holds is None:
        # Sides that are enclosed but not told apart are defined, and no counterexample.
        return None if left is None or right is None else False
    return not holds


def _described(statement: ParsedStatement, point: Point, in_limit: bool) -> dict[str, str]:
    if in_limit:
        return {
            "alpha": str(point["n"]),
            "gamma": str(point["k"]),
            "norm2": str(point["norm2"]),
            "noise": str(point["noise"]),
            "limit": str(limit_at(statement, point)),
        }
    values = isotropic_values(point)
    return _sides(statement, values)


def _sides(statement: ParsedStatement, values: Values) -> dict[str, str]:
    _, left, right = decide(statement.comparison, values)
    named = {name: shown(value) for name, value in values.symbols.items()}
    return {**named, "left": shown(left), "right": shown(right)}


def _of_setting(statement: ParsedStatement, setting: Setting) -> dict[str, Any]:
    from ttt_theory.statements.given_setting import NotExactError, setting_values

    if not {name for name, _ in _sizes(statement)} <= {"n", "k"}:
        raise StatementError(
            "a setting fixes d, norm2 and noise; of a quantity's sizes give n or k only"
        )
    try:
        values = setting_values(setting)
    except NotExactError as error:
        return undecided(str(error))
    try:
        for condition in statement.conditions:
            holds, _, _ = decide(condition, values)
            if not holds:
                what = "cannot be decided" if holds is None else "does not hold"
                return undecided(f"a condition {what} for this setting")
        holds, left, right = decide(statement.comparison, values)
    except UndefinedError:
        return undecided("a side or a condition has no value for this setting")
    if holds is None:
        return undecided("the sides agree in all digits that were computed")
    return {
        "verdict": "proved" if holds else "refuted",
        "counterexample": None if holds else _sides(statement, values),
        "order": None,
        "tried": ["both sides evaluated with certainty"],
        "proof": {"left": shown(left), "right": shown(right)} if holds else None,
    }
