"""Where the cold start overtakes, where more context helps, how much is needed: finite size.

Symbols: Σ_x = Σ_β = I, no noise, ‖β‖ = 1; n, k, d as everywhere.  Both risks after the step are
rational functions, and their difference has a numerator of degree one in k: a single k* separates
the two starts.

Source: exact counterparts (ours) of [G25], Corollary 4.6 and the non-monotonicity in α.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.isotropic import STARTS
from derivations.linear.symbols import d, k, n, noise, norm2

_warm = STARTS["warm_risk_after"].subs({noise: 0, norm2: 1})
_cold = STARTS["cold_risk_after"].subs({noise: 0, norm2: 1})
_difference = sympy.factor(_warm - _cold)
_numerator, _denominator = sympy.fraction(_difference)
_slope, _intercept = sympy.Poly(_numerator, k).all_coeffs()

COLD_START_SAMPLES = sympy.factor(-_intercept / _slope)
require(_numerator.subs(k, COLD_START_SAMPLES), "both starts tie at k*")
require(sympy.degree(_denominator, k) - 1, "numerator and denominator are both linear in k")
COLD_ADVANTAGE_LIMIT = sympy.factor(_slope / sympy.Poly(_denominator, k).coeff_monomial(k))
# In the field of rational functions, whose elements are small: `factor` would multiply all out.
_field, _element = sympy.sfield(_warm)
WARM_RISK_SLOPE = sympy.factor(_element.diff(_field.gens[_field.symbols.index(n)]).as_expr())

risk_share = sympy.Symbol("epsilon", positive=True)
_without_the_step = STARTS["warm_risk_before"].subs({noise: 0, norm2: 1})
(CONTEXT_NEEDED,) = sympy.solve(sympy.numer(sympy.together(_without_the_step - risk_share)), n)

FORMULAS = (
    Formula(
        "cold_start_samples",
        {n: "context_length", d: "dim"},
        COLD_START_SAMPLES,
        "The k beyond which the cold start wins, where cold_advantage_limit is positive.",
        "exact counterpart, ours, of [G25], Corollary 4.6; k/d corresponds to γ*.",
    ),
    Formula(
        "cold_advantage_limit",
        {n: "context_length", d: "dim"},
        COLD_ADVANTAGE_LIMIT,
        "Limit of (warm − cold) risk as k → ∞; if not positive, the warm start always wins.",
        "exact counterpart, ours, of [G25], Corollary 4.6.",
    ),
    Formula(
        "warm_risk_slope",
        {n: "context_length", k: "test_samples", d: "dim"},
        WARM_RISK_SLOPE,
        "The derivative by n of the warm start's risk after the step.",
        "exact counterpart, ours, of [G25], non-monotonicity.",
    ),
    Formula(
        "context_needed",
        {risk_share: "risk_share", d: "dim"},
        CONTEXT_NEEDED,
        "The n at which the warm start's risk before the step is a given share ε of ‖β‖².",
        "[G25], Section 4 (context requirement); the exact form is ours.",
    ),
)
