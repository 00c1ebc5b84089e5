"""Proofs that a mutant says the same as the formula, in the sense that its claim states it."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from ttt_theory.evidence.algebra import limit
from ttt_theory.evidence.fields import rational_functions
from ttt_theory.evidence.record import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttt_theory.mutation.generation import Mutant

__all__ = ["proof_of_equivalence"]


def proof_of_equivalence(mutant: Mutant, original: Callable[..., Any]) -> str | None:
    """Return what has been proved if a mutant is no wrong theorem, or None.

    An exact formula has an equivalent mutant where both are one rational function of their
    arguments, or, with roots, where SymPy reduces their difference to zero; a leading term, where
    their ratio tends to 1 as the arguments grow in the way that the claim states.  For matrix
    expressions of every size there is no such proof, and their mutants have to be rejected, all of
    them.

    Parameters
    ----------
    mutant : Mutant
    original : callable
        The formula as it stands.

    Returns
    -------
    str or None
        None where the two are not the same, as where it could not be shown.

    Examples
    --------
    >>> from ttt_theory.claims.registration import find
    >>> from ttt_theory.linear.closed_form import limits
    >>> from ttt_theory.mutation.generation import mutants_of
    >>> (mutant, _) = (m for m in mutants_of(find("thm-4.2-step")) if m.change == "n → n + 1")
    >>> print(mutant.formula.label, "|", proof_of_equivalence(mutant, limits.warm_step_size))
    limits.warm_step_size | the ratio tends to 1; the error is of order d^-1
    """
    names = list(inspect.signature(original).parameters)
    planted = mutant.function()
    if "@" in mutant.source:
        return None
    try:
        if mutant.formula.growth is not None:
            growing, variable = mutant.formula.growth()
            arguments = [growing[name] for name in names]
            evidence = limit("", planted(*arguments), original(*arguments), variable)
            order = evidence.measured.get("error_order")
            rate = "it is 1" if order is None else f"the error is of order {variable}^-{order}"
            same = evidence.verdict is Verdict.CONFIRMED
            return f"the ratio tends to 1; {rate}" if same else None
        if mutant.has_roots:
            return _equal_with_roots(planted, original, names)
        return _equal_as_rational_functions(planted, original, names)
    except ZeroDivisionError:
        return None


def _equal_as_rational_functions(
    planted: Callable[..., Any], original: Callable[..., Any], names: list[str]
) -> str | None:
    point = [Fraction(sympy.prime(index + 5)) for index in range(len(names))]
    if planted(*point) != original(*point):
        return None
    _, *generators = rational_functions(names)
    if planted(*generators) != original(*generators):
        return None
    return "the same rational function"


def _equal_with_roots(
    planted: Callable[..., Any], original: Callable[..., Any], names: list[str]
) -> str | None:
    symbols = sympy.symbols(names, positive=True)
    # A power of 0.5 is a root: SymPy would compute with the number.
    difference = sympy.nsimplify(planted(*symbols) - original(*symbols), rational=True)
    if sympy.simplify(difference) != 0:
        return None
    return "the difference simplifies to zero for positive arguments"
