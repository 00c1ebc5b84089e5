"""Moments of the test samples' scatter matrix S = X_tᵀX_t, summed over pairings a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy

from ttt_theory.evidence.algebra import identity, indeterminates
from ttt_theory.evidence.polynomials import Indeterminates, same
from ttt_theory.linear.closed_form import scatter_moments
from ttt_theory.linear.exact.arguments import evaluated
from ttt_theory.linear.exact.wishart import mean_eigenvalue_power
from ttt_theory.wick import Matrix, Scalar, ScatterMatrix, Vector, expectation, trace

if TYPE_CHECKING:
    from ttt_theory.evidence.record import Evidence

__all__ = ["scatter_moments_are_derived", "traces_are_derived"]

_FEATURES, _SAMPLES = Matrix("Sigma", symmetric=True), Scalar("k")
_SCATTER = ScatterMatrix("S", _FEATURES, _SAMPLES)


def scatter_moments_are_derived() -> list[Evidence]:
    """Prove the compiled moments of S that two steps need, for every k, d and Σ_x."""
    other, error = Vector("a"), Vector("e")
    powers = [_FEATURES]
    while len(powers) < 5:
        powers.append(powers[-1] @ _FEATURES)
    forms = {f"form_{j}": other.T @ power @ error for j, power in enumerate(powers, 1)}
    squares = {f"form_{j}": error.T @ power @ error for j, power in enumerate(powers, 1)}
    traces = {f"trace_{j}": trace(power) for j, power in enumerate(powers[:4], 1)}
    s = _SCATTER
    moments = {
        "gradient_1": (other.T @ _FEATURES @ s @ error, forms),
        "gradient_2": (other.T @ _FEATURES @ s @ s @ error, forms),
        "curvature_11": (error.T @ s @ _FEATURES @ s @ error, squares),
        "curvature_12": (error.T @ s @ _FEATURES @ s @ s @ error, squares),
        "curvature_22": (error.T @ s @ s @ _FEATURES @ s @ s @ error, squares),
        "noise_1": (trace(_FEATURES @ s), {}),
        "noise_2": (trace(_FEATURES @ s @ s), {}),
        "noise_3": (trace(_FEATURES @ s @ s @ s), {}),
    }

    def compared(name: str, product: Scalar, values: dict[str, Scalar]) -> Evidence:
        arguments = {"test_samples": _SAMPLES} | traces | values
        of = Indeterminates(*arguments.values())
        return same(
            f"{name}: the moment of S is the sum over pairings, for every k and Σ_x",
            evaluated(getattr(scatter_moments, name), lambda each: of(arguments[each])),
            of(expectation(product, s)),
        )

    return [compared(name, *each) for name, each in moments.items()]


def traces_are_derived() -> list[Evidence]:
    """Prove E tr S^m for Σ_x = I, as up to four steps need it, for every k and d."""
    k, d = indeterminates("k d")
    evidence = []
    product = _SCATTER
    for power in range(1, 9):
        # At Σ_x = I a trace is d, whatever the word.
        moment = expectation(trace(product), _SCATTER, power)
        total = 0 * k
        for exponent, coefficient in moment.coefficients(_SAMPLES).items():
            for factors, number in coefficient.terms.items():
                total = total + sympy.QQ(number) * k**exponent * d ** len(factors)
        evidence.append(
            identity(
                f"E tr S^{power} is the sum over pairings, for every k and d",
                d * mean_eigenvalue_power(power, k, d),
                total,
            )
        )
        product = product @ _SCATTER
    return evidence
