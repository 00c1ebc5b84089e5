"""Proofs about the compiled formulas, run on indeterminates in place of numbers.

The compiled functions are arithmetic, so they run on elements of a field of rational functions.
There two formulas are the same exactly when they are equal, at once and with nothing to simplify.
"""

from __future__ import annotations

from typing import Any

import sympy

from ttt_theory.evidence.record import Evidence, Verdict

__all__ = [
    "ALPHA",
    "BIAS",
    "DIM",
    "GAMMA",
    "LENGTH",
    "NOISE",
    "SAMPLES",
    "TASK_SQUARE",
    "VARIANCE",
    "WEIGHT",
    "X",
    "Y",
    "Z",
    "all_positive",
    "identity",
    "limit",
    "proof",
]

_NAMES = "n k d alpha gamma beta2 sigma2 w A B x y z"
_FIELD, *_GENERATORS = sympy.field(_NAMES.split(), sympy.QQ)
LENGTH, SAMPLES, DIM, ALPHA, GAMMA, TASK_SQUARE, NOISE, WEIGHT, BIAS, VARIANCE = _GENERATORS[:10]
"""Indeterminates n, k, d, α, γ, ‖β‖², σ², w, A and B of one field of rational functions."""
X, Y, Z = _GENERATORS[10:]
"""Further indeterminates, for whatever an argument needs."""


def proof(statement: str, holds: bool, **measured: Any) -> Evidence:
    """Return the evidence of an argument that has been carried through, or has failed."""
    verdict = Verdict.CONFIRMED if holds else Verdict.REFUTED
    return Evidence("identity", verdict, statement, measured)


def identity(statement: str, left: Any, right: Any) -> Evidence:
    """Prove that two rational functions are the same.

    Examples
    --------
    >>> str(identity("1/n + 1/k", 1 / LENGTH + 1 / SAMPLES, (LENGTH + SAMPLES) / LENGTH).verdict)
    'refuted'
    """
    left, right = _FIELD(left), _FIELD(right)
    # Elements are reduced fractions, the same if their parts are; a difference is slow to reduce.
    if left == right:
        return proof(statement, True)
    used = sorted(_indices(left) | _indices(right))
    for first in range(2, 12):
        point = [sympy.QQ(first + i) for i in range(len(_GENERATORS))]
        values = [_at(each, point) for each in (left, right)]
        if None not in values and values[0] != values[1]:
            return proof(
                statement,
                False,
                counterexample={str(_GENERATORS[i]): int(point[i]) for i in used},
                difference=str(values[0] - values[1]),
            )
    return proof(statement, left - right == 0)


def _indices(element: Any) -> set[int]:
    """Return the positions of the generators that occur."""
    exponents = [each for part in (element.numer, element.denom) for each in part.itermonoms()]
    return {i for each in exponents for i, exponent in enumerate(each) if exponent}


def _at(element: Any, point: list[Any]) -> Any:
    """Evaluate an element, or return None where it is not defined."""
    numerator, denominator = element.numer(*point), element.denom(*point)
    return numerator / denominator if denominator else None


def limit(statement: str, exact: Any, asymptotic: Any, variable: Any = DIM) -> Evidence:
    """Prove that exact/asymptotic tends to 1 as a variable grows.

    Both are rational in the variable, so the limit is read off the leading coefficients; the order
    of the error and its leading coefficient are reported.

    Examples
    --------
    >>> limit("d + 1 is d", DIM + 1, DIM).measured
    {'error_order': 1, 'error_coefficient': '1'}
    """
    ratio = _FIELD(exact) / _FIELD(asymptotic)
    symbol = variable.as_expr()
    top = sympy.Poly(ratio.numer.as_expr(), symbol)
    bottom = sympy.Poly(ratio.denom.as_expr(), symbol)
    if top.degree() != bottom.degree() or sympy.expand(top.LC() - bottom.LC()) != 0:
        order = top.degree() - bottom.degree()
        leading = sympy.factor(top.LC() / bottom.LC()) * symbol**order
        return Evidence(
            "limit", Verdict.REFUTED, statement, {"leading_term_of_ratio": str(leading)}
        )
    error = top - bottom
    measured: dict[str, Any] = {"error_order": None, "error_coefficient": "0"}
    if not error.is_zero:
        measured = {
            "error_order": bottom.degree() - error.degree(),
            "error_coefficient": str(sympy.factor(error.LC() / bottom.LC())),
        }
    return Evidence("limit", Verdict.CONFIRMED, statement, measured)


def all_positive(element: Any) -> bool:
    """Whether a rational function is positive for positive arguments because its terms are.

    Examples
    --------
    >>> all_positive((LENGTH + 1) / DIM), all_positive(LENGTH - 1)
    (True, False)
    """
    function = _FIELD(element)
    return all(
        coefficient > 0
        for polynomial in (function.numer, function.denom)
        for coefficient in polynomial.coeffs()
    )
