"""The limits of Theorem 4.2 for features that are not Gaussian, and how fast they are reached.

Symbols: Σ_x = Σ_β = I, no noise, α = n/d and γ = k/d fixed, d → ∞.  Independent entries: κ_4 their
excess kurtosis, π = Σβ_i⁴/‖β‖⁴ the participation of the task, 1/d for a task of ones and 1 along
an axis; κ_6, κ_8 and the higher sums do not enter.  Elliptical: r = E[ρ²] = lim E‖x‖⁴/d².  Three
starts: ``transferred``, the W* pretrained on Gaussian features; ``matched``, the W* pretrained on
the same features as are met at the test; ``cold``, W = 0.

Source: ours; with κ_4 = 0 and r = 1 the limits are [G25], Theorem 4.2.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import elliptical, independent_entries, isotropic, one_step
from derivations.linear.independent_entries import K4, P4, P6
from derivations.linear.limits import in_sizes, leading_term
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2, w
from derivations.linear.words import A, b, bT, invariant

participation = sympy.Symbol("participation", positive=True)
_inverse = sympy.Symbol("x", positive=True)
_STARTS = {
    "transferred": (ISOTROPIC_WEIGHT, ISOTROPIC_WEIGHT),
    "matched": (independent_entries.ISOTROPIC_WEIGHT, elliptical.ISOTROPIC_WEIGHT),
    "cold": (sympy.Integer(0), sympy.Integer(0)),
}


def _expansion(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """The first two coefficients in 1/d of d^p times a rational function, n = αd and k = γd."""
    along = {n: alpha / _inverse, k: gamma / _inverse, d: 1 / _inverse}
    numerator, denominator = sympy.fraction(sympy.together(expression.subs(along)))
    (top, next_top), (bottom, next_bottom) = (
        [poly.coeff_monomial(_inverse ** (least + i)) for i in (0, 1)]
        for poly in (sympy.Poly(numerator, _inverse), sympy.Poly(denominator, _inverse))
        for least in [min(power for (power,) in poly.monoms())]
    )
    return top / bottom, (next_top * bottom - top * next_bottom) / bottom**2


def _excess_slope(weight: sympy.Expr) -> sympy.Expr:
    """lim d·(gain/Gaussian gain − 1), relative to the Gaussian exact gain at the same sizes."""
    values = {noise: 0, norm2: 1, P4: participation, w: weight}
    linear = independent_entries.LINEAR.subs(values)
    quadratic = independent_entries.QUADRATIC.subs(independent_entries.IN_FULL).subs(values)
    limits = [_expansion(each) for each in (linear, quadratic)]
    relative = [second / first for first, second in limits]
    slope = 2 * relative[0] - relative[1]
    require(limits[0][0] - limits[0][0].subs(K4, 0), "c1 has the Gaussian limit")
    require(limits[1][0] - limits[1][0].subs(K4, 0), "c2 has the Gaussian limit")
    slope = sympy.factor(sympy.cancel(slope - slope.subs(independent_entries.GAUSSIAN)))
    if slope.free_symbols & {P6, independent_entries.K6, independent_entries.K8}:
        raise ArithmeticError("higher moments enter the slope")
    return slope


EXCESS_SLOPES = {name: _excess_slope(weight) for name, (weight, _) in _STARTS.items()}


def _evaluated(expression: sympy.Expr) -> sympy.Expr:
    """Evaluate an elliptical formula at Σ_x = I, W = wI, without noise."""
    values = isotropic.isotropic(expression.subs(elliptical.CUMULANTS))
    return values.subs({elliptical.signal: norm2, noise: 0})


_product = _evaluated(elliptical.PRODUCT.subs(elliptical.overlap, elliptical.OVERLAP))
_constant = _evaluated(invariant((bT, A, b)) + elliptical.ERROR_VARIANCE)
_linear = 4 * k * n**2 * _evaluated(elliptical.MEAN_GRADIENT_SQUARE)
_quadratic = _evaluated(elliptical.QUADRATIC).subs(
    {one_step.product_1: _product, one_step.product_3: _product}
)


def _elliptical_limits(weight: sympy.Expr) -> dict[str, sympy.Expr]:
    constant, linear, quadratic = (
        leading_term(each.subs(w, weight)) for each in (_constant, _linear, _quadratic)
    )
    return {
        "risk_before": sympy.factor(constant),
        "step_size": in_sizes(linear / (2 * quadratic)),
        "improvement": sympy.factor(linear**2 / (4 * quadratic)),
    }


ELLIPTICAL = {name: _elliptical_limits(weight) for name, (_, weight) in _STARTS.items()}

_r = elliptical.radius_2
for _start, _gaussian in (("matched", "warm"), ("cold", "cold")):
    _shrunk = {d: _r * d, alpha: alpha / _r, gamma: gamma / _r}
    _limit = leading_term(isotropic.STARTS[f"{_gaussian}_improvement"].subs(noise, 0))
    require(
        ELLIPTICAL[_start]["improvement"] - _limit.subs(_shrunk, simultaneous=True),
        "a start of these features has the Gaussian limit with r·d for d",
    )

_NAMES = {
    n: "context_length",
    k: "test_samples",
    d: "dim",
    alpha: "context_ratio",
    gamma: "sample_ratio",
    norm2: "task_square",
    K4: "excess_kurtosis",
    participation: "participation",
    _r: "radius_2",
}
_WHICH = {
    "transferred": "W pretrained on Gaussian features",
    "matched": "W pretrained on these features",
    "cold": "cold start",
}


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    used = {each: label for each, label in _NAMES.items() if each in expression.free_symbols}
    return Formula(name, used, expression, summary, "ours (theory.md, section 2).")


FORMULAS = (
    *(
        _formula(
            f"{name}_excess_slope",
            slope,
            f"lim d·(gain/Gaussian gain − 1), independent entries; {_WHICH[name]}.",
        )
        for name, slope in EXCESS_SLOPES.items()
    ),
    *(
        _formula(
            f"{name}_elliptical_{what}",
            limit,
            f"Limit of the {what.replace('_', ' ')}, elliptical features; {_WHICH[name]}.",
        )
        for name, found in ELLIPTICAL.items()
        for what, limit in found.items()
        if limit.free_symbols - {norm2}
    ),
)
