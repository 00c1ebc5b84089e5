"""Simpler comparisons from which a comparison follows, by the shape of its sides alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from ttt_theory.statements.syntax import Comparison, Node, Number, Operation, Power

__all__ = ["reductions"]

_MOST_PAIRED = 3
_ZERO, _ONE = Number(Fraction(0)), Number(Fraction(1))


def reductions(comparison: Comparison) -> Iterator[list[Comparison]]:
    """Iterate over lists of comparisons, each of which implies the comparison given.

    They are to be true where the sides of the one given are defined, and then all of their own
    sides are defined, too.

    Examples
    --------
    >>> from ttt_theory.statements.syntax import parse
    >>> [[found]] = reductions(parse("sqrt(n) <= sqrt(n*k)").comparison)
    >>> found == parse("n <= n*k").comparison
    True
    """
    left, relation, right = comparison.left, comparison.relation, comparison.right
    if relation in (">", ">="):
        left, relation, right = right, "<" if relation == ">" else "<=", left
    if relation == "~":
        return
    if relation != "==":
        yield from _of_extremes(left, relation, right)
    yield from _of_functions(left, relation, right)
    yield from _of_logarithms(left, relation, right)
    yield from _of_sums(left, relation, right)
    yield from _of_products(left, relation, right)


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Operation) and node.name == name


def _arguments(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Operation)
    return node.arguments


def _of_extremes(left: Node, relation: str, right: Node) -> Iterator[list[Comparison]]:
    if _is(left, "max"):
        yield [Comparison(each, relation, right) for each in _arguments(left)]
    elif _is(right, "min"):
        yield [Comparison(left, relation, each) for each in _arguments(right)]
    elif _is(left, "abs"):
        (inner,) = _arguments(left)
        yield [Comparison(inner, relation, right), Comparison(_negated(inner), relation, right)]
    else:
        if _is(left, "min"):
            yield from ([Comparison(each, relation, right)] for each in _arguments(left))
        if _is(right, "max"):
            yield from ([Comparison(left, relation, each)] for each in _arguments(right))
        if _is(right, "abs"):
            (inner,) = _arguments(right)
            yield [Comparison(left, relation, inner)]
            yield [Comparison(left, relation, _negated(inner))]


def _of_functions(left: Node, relation: str, right: Node) -> Iterator[list[Comparison]]:
    for name, constant, argument in (("log", _ZERO, _ONE), ("exp", _ONE, _ZERO)):
        # log(1) is 0, and exp(0) is 1.
        if left == constant and _is(right, name):
            left = Operation(name, (argument,))
        elif right == constant and _is(left, name):
            right = Operation(name, (argument,))
    if isinstance(left, Operation) and isinstance(right, Operation) and left.name == right.name:
        one, other = left.arguments[0], right.arguments[0]
        if left.name in ("sqrt", "log", "exp"):
            yield [Comparison(one, relation, other)]
        elif left.name == "neg":
            yield [Comparison(other, relation, one)]
        elif left.name == "inverse":
            yield [Comparison(other, relation, one), Comparison(_ZERO, "<", other)]
            yield [Comparison(other, relation, one), Comparison(one, "<", _ZERO)]
    if isinstance(left, Power) and isinstance(right, Power) and left.exponent == right.exponent:
        one, other = left.base, right.base
        if left.exponent < 0:
            yield [Comparison(other, relation, one), Comparison(_ZERO, "<", other)]
        elif left.exponent % 2:
            yield [Comparison(one, relation, other)]
        elif left.exponent:
            yield [Comparison(one, relation, other), Comparison(_ZERO, "<=", one)]


def _of_logarithms(left: Node, relation: str, right: Node) -> Iterator[list[Comparison]]:
    """Write several logarithms as one."""
    ones, others = _positive_terms(left, right)
    tops, bottoms = ([_arguments(t)[0] for t in side if _is(t, "log")] for side in (ones, others))
    if len(tops) + len(bottoms) < 2 or min(len(ones), len(others)) == 0:
        return
    rests = [[term for term in side if not _is(term, "log")] for side in (ones, others)]
    if not any(rests):
        yield [Comparison(_product(tops), relation, _product(bottoms))]
        return
    inverses: list[Node] = [Operation("inverse", (each,)) for each in bottoms]
    logarithm = Operation("log", (_product([*tops, *inverses]),))
    yield [Comparison(_sum([logarithm, *rests[0]]), relation, _sum(rests[1]))]


def _positive_terms(left: Node, right: Node) -> tuple[list[Node], list[Node]]:
    """Return the terms of both sides, those with a minus moved to the other side."""
    sides: tuple[list[Node], list[Node]] = ([], [])
    for index, side in enumerate((left, right)):
        for term in _terms(side):
            if _is(term, "neg"):
                sides[1 - index].extend(_arguments(term))
            else:
                sides[index].append(term)
    return sides


def _of_sums(left: Node, relation: str, right: Node) -> Iterator[list[Comparison]]:
    if not (_is(left, "+") or _is(right, "+") or _is(left, "neg") or _is(right, "neg")):
        return
    ones, others = _without_common(*_positive_terms(left, right))
    if (len(ones), len(others)) != (len(_terms(left)), len(_terms(right))) or any(
        _is(term, "neg") for side in (left, right) for term in _terms(side)
    ):
        yield [Comparison(_sum(ones), relation, _sum(others))]
    yield from _paired(ones, relation, others)
    if relation != "==" and ones and others:
        # What is added on one side need not be there.
        zero: list[Node] = [_ZERO]
        if len(ones) < len(others):
            yield from _paired([*ones, *zero], relation, others)
        elif len(ones) > len(others):
            yield from _paired(ones, relation, [*others, *zero])


def _paired(ones: list[Node], relation: str, others: list[Node]) -> Iterator[list[Comparison]]:
    """Compare each term of the shorter sum with some of the longer one."""
    if not 1 < min(len(ones), len(others)) <= max(len(ones), len(others)) <= _MOST_PAIRED:
        return
    few, many = sorted((ones, others), key=len)
    for places in itertools.product(range(len(few)), repeat=len(many)):
        groups = [
            [term for term, place in zip(many, places, strict=True) if place == index]
            for index in range(len(few))
        ]
        if not all(groups):
            continue
        found = []
        for one, group in zip(few, groups, strict=True):
            left, right = (one, _sum(group)) if few is ones else (_sum(group), one)
            found.append(Comparison(left, relation, right))
        if relation != "<":
            yield found
            continue
        # One strict inequality makes that of the sums strict.
        for strict in found:
            yield [
                each if each is strict else Comparison(each.left, "<=", each.right)
                for each in found
            ]


def _of_products(left: Node, relation: str, right: Node) -> Iterator[list[Comparison]]:
    if not (_is(left, "*") or _is(right, "*")):
        return
    signs = [_is_negative(side) for side in (left, right)]
    if any(signs):
        left, right = (_product(_factors(side)) for side in (left, right))
        if all(signs):
            left, right = right, left
        elif signs[0]:
            left = Operation("neg", (left,))
        else:
            right = Operation("neg", (right,))
        yield [Comparison(left, relation, right)]
        return
    ones, others = _without_common(_factors(left), _factors(right))
    common, _ = _without_common(_factors(left), ones)
    strict = "<=" if relation == "<=" else "<"
    if common:
        rest = Comparison(_product(ones), relation, _product(others))
        yield (
            [rest]
            if relation == "=="
            else [
                rest,
                *(Comparison(_ZERO, strict, each) for each in common),
            ]
        )
    if 1 < len(ones) == len(others) <= _MOST_PAIRED and relation == "<=":
        for order in itertools.permutations(others):
            pairs = list(zip(ones, order, strict=True))
            yield [
                *(Comparison(one, "<=", other) for one, other in pairs),
                *(Comparison(_ZERO, "<=", one) for one in ones),
            ]


def _without_common(ones: list[Node], others: list[Node]) -> tuple[list[Node], list[Node]]:
    """Leave out what occurs on both sides, each as often as it does on both."""
    rest = list(others)
    kept = []
    for each in ones:
        if each in rest:
            rest.remove(each)
        else:
            kept.append(each)
    return kept, rest


def _terms(node: Node) -> list[Node]:
    return (
        [term for each in _arguments(node) for term in _terms(each)] if _is(node, "+") else [node]
    )


def _factors(node: Node) -> list[Node]:
    """Return the factors of a product, without the signs before them."""
    if _is(node, "*") or _is(node, "neg"):
        return [factor for each in _arguments(node) for factor in _factors(each)]
    return [node]


def _is_negative(node: Node) -> bool:
    """Whether an odd number of factors of a product have a minus before them."""
    if _is(node, "neg"):
        return not _is_negative(_arguments(node)[0])
    return _is(node, "*") and sum(map(_is_negative, _arguments(node))) % 2 == 1


def _sum(terms: list[Node]) -> Node:
    return Operation("+", tuple(terms)) if len(terms) > 1 else terms[0] if terms else _ZERO


def _product(factors: list[Node]) -> Node:
    return Operation("*", tuple(factors)) if len(factors) > 1 else factors[0] if factors else _ONE


def _negated(node: Node) -> Node:
    return _arguments(node)[0] if _is(node, "neg") else Operation("neg", (node,))
