"""The step gains more the further the task leaves the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy

from ttt_theory.claims.claim import Claim
from ttt_theory.evidence.algebra import identity, indeterminates, positive
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import limits, pretraining
from ttt_theory.linear.exact.spectrum import Spectrum, curve

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]

LENGTH, DIM, GAMMA, BIAS, VARIANCE, X, Y, Z = indeterminates("n d gamma A B x y z")


def _along_a_path_in_the_limit(_: Effort) -> list[Evidence]:
    """On the path B stays, and A is a mean of (1−nw)² that moves to the weaker eigenvalue."""
    strong, weak, ridge = X + Y, X, Z
    improvement = limits.aligned_improvement(GAMMA * DIM, DIM, BIAS, VARIANCE)
    slope = limits.aligned_improvement_slope(GAMMA, BIAS, VARIANCE)
    weights = [pretraining.optimal_eigenvalue(LENGTH, 1, each, ridge, 0) for each in (strong, weak)]
    return [
        identity(
            "the compiled slope in A is the derivative of the limit of the improvement",
            slope,
            improvement.diff(BIAS),
        ),
        positive("that slope is positive: the limit grows with A", slope),
        positive(
            "1 − nw is positive, and larger for a weaker eigenvalue: A grows along the path",
            1 - LENGTH * weights[0],
            weights[0] - weights[1],
        ),
    ]


def _along_a_path(_: Effort) -> list[Evidence]:
    """Rotate the task from the prior's strong directions into its weak ones.

    With a share x of the squared norm in the weak directions the exact improvement is a rational
    function of x; it grows on [0, 1] if its slope has no zero there and is positive at one point.
    """
    evidence = []
    share = sympy.Symbol("x")
    for n, k, d, strong, ratio in (
        (20, 40, 20, 4, 4),
        (10, 20, 40, 8, 9),
        (60, 20, 20, 10, 2),
        (40, 5, 20, 1, 25),
    ):
        spectrum = Spectrum.pretrained(
            [strong, d - strong],
            [sympy.Integer(ratio), sympy.Integer(1)],
            [1 - share, share],
            sympy.Integer(n),
        )
        improvement = sympy.cancel(curve(spectrum, n, k).improvement)
        slope = sympy.numer(sympy.together(sympy.diff(improvement, share)))
        zeros = sympy.Poly(slope, share, domain="QQ").count_roots(0, 1)
        values = [improvement.subs(share, x) for x in (0, sympy.Rational(1, 2), 1)]
        rises = values[0] < values[1] < values[2]
        evidence.append(
            Evidence(
                EvidenceKind.IDENTITY,
                Verdict.CONFIRMED if zeros == 0 and rises else Verdict.REFUTED,
                f"n = {n}, k = {k}, d = {d}, {strong} directions {ratio} times as strong: the "
                "exact improvement grows all the way as the task leaves them",
                {
                    "along": float(values[0]),
                    "halfway": float(values[1]),
                    "off": float(values[2]),
                    "zeros_of_slope": int(zeros),
                },
            )
        )
    return evidence


CLAIMS = (
    Claim(
        id="shift",
        title="The step gains more the further the task leaves the prior",
        source="[G25]",
        statement=(
            "The improvement grows along a path from the dominant directions of a two-level prior "
            "into the others: in the limit always, exactly at four sizes."
        ),
        formulas=exactly(limits.aligned_improvement_slope),
        evidence=(_along_a_path_in_the_limit, _along_a_path),
    ),
)
