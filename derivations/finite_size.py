"""Where the cold start overtakes and where more context starts to help, at finite size.

Symbols: Σ_x = Σ_β = I, no noise.  Both places are roots of polynomials with integer coefficients;
that of the first is of degree one in k.

Source: exact counterparts (ours) of [G25], Corollary 4.6 and the non-monotonicity in α.
"""

import sympy

from derivations.formula import Formula
from derivations.isotropic import STARTS
from derivations.symbols import d, k, n, noise, norm2

_warm = STARTS["warm_risk_after"].subs({noise: 0, norm2: 1})
_cold = STARTS["cold_risk_after"].subs({noise: 0, norm2: 1})


def _coefficients(expression: sympy.Expr, variable: sympy.Symbol) -> tuple[sympy.Expr, ...]:
    """Coefficients of the numerator; the denominator is positive wherever it occurs here."""
    numerator = sympy.numer(sympy.factor(expression))
    return tuple(sympy.factor(each) for each in sympy.Poly(numerator, variable).all_coeffs())


COLD_ADVANTAGE_SLOPE, COLD_ADVANTAGE_AT_ZERO = _coefficients(_warm - _cold, k)

FORMULAS = (
    Formula(
        "cold_advantage_slope",
        {n: "context_length", d: "dim"},
        COLD_ADVANTAGE_SLOPE,
        "The sign of (warm − cold) risk as k → ∞; if not positive, the warm start always wins.",
        "exact counterpart, ours, of [G25], Corollary 4.6.",
    ),
    Formula(
        "cold_start_samples",
        {n: "context_length", d: "dim"},
        -COLD_ADVANTAGE_AT_ZERO / COLD_ADVANTAGE_SLOPE,
        "k beyond which the cold start wins, where cold_advantage_slope is positive.",
        "exact counterpart, ours, of [G25], Corollary 4.6; k/d corresponds to γ*.",
    ),
    Formula(
        "slope_coefficients",
        {k: "test_samples", d: "dim"},
        _coefficients(sympy.diff(_warm, n), n),
        "Coefficients in n, highest first, of a polynomial with the sign of ∂(warm risk after)/∂n.",
        "exact counterpart, ours, of [G25], non-monotonicity.",
    ),
)
