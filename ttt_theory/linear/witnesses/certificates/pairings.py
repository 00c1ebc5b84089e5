"""What the coefficients of the one-step risk can consist of, whatever the dimension.

c0, c1 and c2 are expectations of products of labels y and of forms x_aᵀx_b and x_aᵀWx_b in jointly
Gaussian (x, y).  All pairings of their factors are enumerated, and the product of covariances that
each pairing gives is written down as a monomial.  How often a monomial occurs is not asked.

Like `check_certificate`, this file uses the standard library alone, and no formula of the theory.
`python pairings.py` prints what it finds.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

__all__ = ["form", "spans", "trace"]

# What c0, c1 and c2 are made of.  A factor is a sum of alternatives; each is a list of edges, which
# are forms x_leftᵀ(matrix)x_right, and a list of labels y, all named by the independent group of
# samples that they belong to.  A context vector is an x and a y of its group.
_Edge = tuple[str, str, str]
_Factor = list[tuple[list[_Edge], list[str]]]
_End = tuple[int, int] | None


def _error(sample: str, context: str) -> _Factor:
    """Return y − xᵀWu."""
    return [([], [sample]), ([(sample, "W", context)], [context])]


_STEP: list[_Factor] = [
    [([("query", "", "test")], [])],
    _error("test", "context"),
    [([("context", "", "fresh")], ["context", "fresh"])],
]
_COEFFICIENTS = {
    "c0": [_error("query", "fresh"), _error("query", "fresh")],
    "c1": [_error("query", "fresh"), *_STEP],
    "c2": [*_STEP, *_STEP],
}


def spans() -> dict[str, dict[str, list[Any]]]:
    """Enumerate what the coefficients can consist of, by pairing Gaussian factors.

    Returns
    -------
    dict
        By coefficient its ``powers_of_n``, ``powers_of_k`` and ``monomials``.  These are products
        of ``s``, forms such as ``q' W' S W q`` and traces such as ``tr S S``, with S = Σ_x,
        q = Σ_xβ, s = βᵀΣ_xβ + σ² and W' the transpose of W.

    Examples
    --------
    >>> spans()["c0"]["monomials"]
    ["q' W q", "q' W' S W q", 's', "s * tr S W S W'"]
    """
    return {name: _span(factors) for name, factors in _COEFFICIENTS.items()}


def _span(factors: list[_Factor]) -> dict[str, list[Any]]:
    monomials, powers_of_n, powers_of_k = set(), set(), set()
    for terms in itertools.product(*factors):
        edges = [edge for term in terms for edge in term[0]]
        labels = [label for term in terms for label in term[1]]
        groups: dict[str, list[_End]] = {}
        for index, (left, _, right) in enumerate(edges):
            groups.setdefault(left, []).append((index, 0))
            groups.setdefault(right, []).append((index, 1))
        for label in labels:
            groups.setdefault(label, []).append(None)
        for pairing in itertools.product(*map(_pairings, groups.values())):
            monomials.add(_monomial(edges, list(itertools.chain(*pairing))))
        # Summed over n samples, a product of c context vectors of a group has powers 1 to c.
        contexts = [label for label in labels if label in ("context", "fresh")]
        powers_of_n |= set(range(len(set(contexts)), len(contexts) + 1))
        tests = edges.count(("query", "", "test"))
        powers_of_k |= set(range(min(1, tests), tests + 1))
    return {
        "powers_of_n": sorted(powers_of_n),
        "powers_of_k": sorted(powers_of_k),
        "monomials": sorted(monomials),
    }


def _pairings(ends: list[_End]) -> Iterator[list[tuple[_End, _End]]]:
    if not ends:
        yield []
    for index in range(1, len(ends)):
        for rest in _pairings(ends[1:index] + ends[index + 1 :]):
            yield [(ends[0], ends[index]), *rest]


def _monomial(edges: list[_Edge], pairs: list[tuple[_End, _End]]) -> str:
    """Multiply Cov(y, y) = s, Cov(x, y) = q and Cov(x, x) = S along the edges between them."""
    factors = ["s" for pair in pairs if pair == (None, None)]
    partner = dict(pairs) | {other: one for one, other in pairs}
    starts = [end for end in partner if end is not None and partner[end] is None]
    seen: set[int] = set()
    for start in starts + [(index, 0) for index in range(len(edges))]:
        if start[0] in seen:
            continue
        letters: list[str] = []
        end: _End = start
        while end is not None:
            index, side = end
            seen.add(index)
            end = partner[index, 1 - side]
            letters += [edges[index][1] + "'" * side] * bool(edges[index][1])
            letters += ["S"] * (end is not None)
            if end == start:
                break
        factors.append(trace(letters) if end == start else form(letters))
    return " * ".join(sorted(factors))


def form(letters: list[str]) -> str:
    """Return the word of a form in q, which equals its transpose's.

    Examples
    --------
    >>> form(["S", "W'"])
    "q' S W' q"
    """
    return " ".join(["q'", *min(letters, _transposed(letters)), "q"])


def trace(letters: list[str]) -> str:
    """Return the word of a trace, which equals its rotations' and its transpose's.

    Examples
    --------
    >>> trace(["W", "S", "W'", "S"])
    "tr S W S W'"
    """
    turns = [letters[turn:] + letters[:turn] for turn in range(len(letters))]
    return " ".join(["tr", *min(turns + [_transposed(turn) for turn in turns])])


def _transposed(letters: list[str]) -> list[str]:
    return [{"W": "W'", "W'": "W"}.get(letter, letter) for letter in reversed(letters)]


if __name__ == "__main__":
    print(json.dumps(spans(), indent=1))
