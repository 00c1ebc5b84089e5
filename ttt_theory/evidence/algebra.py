"""Proofs about the compiled formulas, run on indeterminates in place of numbers.

The compiled functions are arithmetic, so they run on elements of a field of rational functions.
There two formulas are the same exactly when they are equal, at once and with nothing to simplify.
"""

from __future__ import annotations

import copyreg
import functools
from typing import Any

import numpy as np
import sympy

from ttt_theory.evidence.fields import rational_functions
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict, joint_verdict

__all__ = ["identity", "indeterminates", "limit", "positive", "proof"]

_POINTS, _LARGEST_PART = 200, 9


def indeterminates(names: str) -> list[Any]:
    """Return indeterminates of one field of rational functions, for the formulas to run on.

    Parameters
    ----------
    names : str
        With blanks between them.

    Returns
    -------
    list
        Elements of ``sympy.field(names, sympy.QQ)``.  Fewer make for faster proofs.

    Examples
    --------
    >>> n, k = indeterminates("n k")
    >>> (n**2 - k**2) / (n + k)
    n - k
    """
    return list(_rational_functions(tuple(names.split())).gens)


@functools.cache
def _rational_functions(names: tuple[str, ...]) -> Any:
    made, *_ = rational_functions(names)
    # SymPy's own way to pickle an element fails, and a theorem with indeterminates is sent to
    # processes.
    copyreg.pickle(type(made.zero), _reduced)
    return made


def _rebuilt(names: tuple[str, ...], top: dict[Any, Any], bottom: dict[Any, Any]) -> Any:
    made = _rational_functions(names)
    return made.zero.raw_new(made.ring.from_dict(top), made.ring.from_dict(bottom))


def _reduced(element: Any) -> tuple[Any, ...]:
    names = tuple(map(str, element.field.symbols))
    return _rebuilt, (names, dict(element.numer), dict(element.denom))


def _field(*elements: Any) -> Any:
    """Return the field that some elements belong to; None if all are plain numbers."""
    return next((each.field for each in elements if hasattr(each, "field")), None)


def proof(statement: str, holds: bool, **measured: Any) -> Evidence:
    """Return the evidence of an argument that has been carried through, or has failed."""
    verdict = Verdict.CONFIRMED if holds else Verdict.REFUTED
    return Evidence(EvidenceKind.IDENTITY, verdict, statement, measured)


def identity(statement: str, left: Any, right: Any) -> Evidence:
    """Prove that two rational functions of one field, or exact numbers, are the same.

    Examples
    --------
    >>> n, k = indeterminates("n k")
    >>> print(identity("the sum of 1/n and 1/k", 1 / n + 1 / k, (n + k) / n).verdict)
    refuted
    """
    field = _field(left, right)
    if field is None:
        return proof(statement, bool(left == right))
    left, right = field(left), field(right)
    # Elements are reduced fractions, the same if their parts are; a difference is slow to reduce.
    if left == right:
        return proof(statement, True)
    used = sorted(_indices(left) | _indices(right))
    for first in range(2, 12):
        point = [sympy.QQ(first + i) for i in range(len(field.gens))]
        values = [_at(each, point) for each in (left, right)]
        if None not in values and values[0] != values[1]:
            return proof(
                statement,
                False,
                counterexample={str(field.gens[i]): int(point[i]) for i in used},
                difference=str(values[0] - values[1]),
            )
    return proof(statement, not (left - right).numer)


def _indices(element: Any) -> set[int]:
    """Return the positions of the generators that occur."""
    exponents = [each for part in (element.numer, element.denom) for each in part.itermonoms()]
    return {i for each in exponents for i, exponent in enumerate(each) if exponent}


def _at(element: Any, point: list[Any]) -> Any:
    """Evaluate an element, or return None where it is not defined."""
    numerator, denominator = element.numer(*point), element.denom(*point)
    return numerator / denominator if denominator else None


def limit(statement: str, exact: Any, asymptotic: Any, variable: Any) -> Evidence:
    """Prove that exact/asymptotic tends to 1 as a variable grows.

    Both are rational in the variable, so the limit is read off the leading coefficients; the order
    of the error and its leading coefficient are reported.

    Examples
    --------
    >>> [d] = indeterminates("d")
    >>> limit("d + 1 is d", d + 1, d, d).measured
    {'error_order': 1, 'error_coefficient': '1'}
    """
    field = variable.field
    ratio = field(exact) / field(asymptotic)
    place = field.gens.index(variable)
    (top, top_degree), (bottom, bottom_degree) = (
        _leading(part, place) for part in (ratio.numer, ratio.denom)
    )
    if top_degree != bottom_degree or top != bottom:
        leading = sympy.factor((field(top) / bottom).as_expr())
        leading *= variable.as_expr() ** (top_degree - bottom_degree)
        return Evidence(
            EvidenceKind.LIMIT, Verdict.REFUTED, statement, {"leading_term_of_ratio": str(leading)}
        )
    error = ratio.numer - ratio.denom
    measured: dict[str, Any] = {"error_order": None, "error_coefficient": "0"}
    if error:
        leading_error, degree = _leading(error, place)
        measured = {
            "error_order": bottom_degree - degree,
            "error_coefficient": str(sympy.factor((field(leading_error) / bottom).as_expr())),
        }
    return Evidence(EvidenceKind.LIMIT, Verdict.CONFIRMED, statement, measured)


def _leading(polynomial: Any, place: int) -> tuple[Any, int]:
    """Return the leading coefficient in one of the generators, and the degree; 0 and −1 for 0."""
    degree = max((exponents[place] for exponents in polynomial.itermonoms()), default=-1)
    terms = {
        (*exponents[:place], 0, *exponents[place + 1 :]): coefficient
        for exponents, coefficient in polynomial.iterterms()
        if exponents[place] == degree
    }
    return polynomial.ring.from_dict(terms), degree


def positive(statement: str, *elements: Any) -> Evidence:
    """Prove that rational functions are positive wherever their arguments are.

    A function is where all its terms are.  Failing that, it is evaluated at ratios of small
    integers, and refuted by a point where it is not positive or not defined; if there is none
    among them, the statement is left undecided.

    Parameters
    ----------
    statement : str
    *elements
        The functions.

    Returns
    -------
    Evidence

    Examples
    --------
    >>> n, d = indeterminates("n d")
    >>> for each in (n + 1) / d, n - 1, n**2 - n + 1:
    ...     print(positive("", each).verdict)
    confirmed
    refuted
    undecided
    """
    verdicts = []
    field = _field(*elements)
    for function in map(field, elements):
        if _has_positive_terms(function):
            verdicts.append(Verdict.CONFIRMED)
            continue
        point = _nonpositive_point(function)
        if point is not None:
            return proof(statement, False, counterexample=point)
        verdicts.append(Verdict.UNDECIDED)
    return Evidence(EvidenceKind.IDENTITY, joint_verdict(verdicts), statement)


def _has_positive_terms(function: Any) -> bool:
    """Whether all terms are of one sign: a fraction may have both of its parts negative."""
    signs = {
        coefficient > 0
        for polynomial in (function.numer, function.denom)
        for coefficient in polynomial.coeffs()
    }
    return bool(function.numer) and len(signs) == 1


def _nonpositive_point(function: Any) -> dict[str, str] | None:
    """Return arguments at which a function is zero, negative or not defined, if they are found."""
    generators = function.field.gens
    parts = np.random.default_rng(0).integers(
        1, _LARGEST_PART, size=(_POINTS, len(generators), 2), endpoint=True
    )
    for ratios in parts.tolist():
        point = [sympy.QQ(*ratio) for ratio in ratios]
        value = _at(function, point)
        if value is None or value <= 0:
            return {str(generators[i]): str(point[i]) for i in sorted(_indices(function))}
    return None
