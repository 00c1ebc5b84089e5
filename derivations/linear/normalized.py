"""The one-step risk of a step that is divided by ‖u‖², and of its evaluation on the same context.

Symbols as in `derivations.linear.one_step`; U = ‖u‖².  The step W + 2η v uᵀ/U leaves the error
e' − 2η (uᵀu'/U) v on a fresh context u', and e − 2η v on the same one, so that

    fresh:  c1 = 4k E[uᵀPΣ_x²e/U],  c2 = 4k E[{(k+1) eᵀΣ_x³e + tr(Σ_x²)(eᵀΣ_xe + σ²)} uᵀMu/U²],
    same:   c1 = 4k E[eᵀΣ_x²e],     c2 = 4k E[(k+1) eᵀΣ_x³e + tr(Σ_x²)(eᵀΣ_xe + σ²)].

Without noise, for Σ_x = I and W = wI, u = tβ + √t‖β‖g with t ~ χ²_n and g ~ N(0, I) across β, so
that U = ‖β‖² t N with N = t + ‖g‖² ~ χ²_(n+d−1) independent of t/N, which is a beta variable.

In general 1/U^j = ∫θ^(j−1) e^(−θU) dθ/Γ(j), and the weight e^(−θU) tilts the law of u into one of
its own kind.  With θ = φ/(2t), D = I + φsΣ_x and κ = [σ² + βᵀΣ_xD⁻¹β]/s, for every f

    E[f(u)/U^j] = (1/Γ(j)) ∫ φ^(j−1) det(D)^(−1/2) κ^((n−1)/2−j) E[(2τ)^(−j) f(ũ)] dφ,

where τ ~ χ²_n and ũ given τ is N(τq̃, τC̃), q̃ = D⁻¹q, C̃ = κsΣ_xD⁻¹ − q̃q̃ᵀ: the law of a context
vector of features N(0, Σ_xD⁻¹).  Here is the inner expectation, about b̃ = β − (n−2)Wq̃.

Source: ours (theory.md, section 2, fact 14).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import one_step
from derivations.linear.context_vector import chi_squared_mean, t
from derivations.linear.symbols import d, k, n, noise, norm2, w
from derivations.linear.words import S, invariant

N = sympy.Symbol("N", positive=True)


def _inverse_chi_squared(power: int, degrees: sympy.Expr) -> sympy.Expr:
    """E[x^power] of x ~ χ² with some degrees of freedom, for powers of either sign."""
    rising = sympy.Mul(*(degrees + 2 * i for i in range(power)))
    return rising / sympy.Mul(*(degrees - 2 * i for i in range(1, 1 - power)))


def beta_mean(expression: sympy.Expr) -> sympy.Expr:
    """Average a Laurent polynomial in t ~ χ²_n and N = t + χ²_(d−1): t/N is independent of N."""
    total = sympy.Integer(0)
    degrees = n + d - 1
    for term in sympy.Add.make_args(sympy.expand(expression)):
        rest, powers = term.as_independent(t, N)
        exponents = powers.as_powers_dict()
        share, length = exponents.get(t, 0), exponents.get(N, 0)
        # t^i N^j = (t/N)^i N^(i+j), and E(t/N)^i = E[t^i] / E[N^i].
        ratio = _inverse_chi_squared(share, n) / _inverse_chi_squared(share, degrees)
        total += rest * ratio * _inverse_chi_squared(share + length, degrees)
    return sympy.factor(total)


# Isotropic, without noise: βᵀu = t‖β‖², ‖u‖² = ‖β‖²tN and M = n(n+1) ββᵀ + n‖β‖² I.
_overlap, _square = t * norm2, norm2 * t * N
_error_square = norm2 - 2 * w * _overlap + w**2 * _square
# P = nββᵀ − wM, so uᵀPe = {n − wn(n+1)} βᵀu βᵀe − wn‖β‖² uᵀe.
_gradient = (n - w * n * (n + 1)) * _overlap * (norm2 - w * _overlap) - w * n * norm2 * (
    _overlap - w * _square
)
_spread = n * (n + 1) * _overlap**2 + n * norm2 * _square
ISOTROPIC_LINEAR = sympy.factor(4 * k * beta_mean(sympy.expand(_gradient / _square)))
ISOTROPIC_QUADRATIC = sympy.factor(
    4 * k * (k + d + 1) * beta_mean(sympy.expand(_error_square * _spread / _square**2))
)

# A step that a system can take that sees no more than its prompt's labels: η/Σ_i y_i², with noise,
# too.  Σ_i y_i² = st, and given t the Gaussian part of u along β and the square of that across it,
# s times a χ²_(d−1) variable, are independent.
_g, _across, _r = sympy.symbols("g r rho")
_label = norm2 + noise
_beta_u = t * norm2 + _g * _r  # The root ρ of t‖β‖²σ² comes in even powers alone.
u_square = _beta_u**2 / norm2 + t * _label * _across
any_error = norm2 - 2 * w * _beta_u + w**2 * u_square
_any_gradient = (n - w * n * (n + 1)) * _beta_u * (norm2 - w * _beta_u) - w * n * _label * (
    _beta_u - w * u_square
)
_any_spread = n * (n + 1) * _beta_u**2 + n * _label * u_square


def label_scaled_mean(expression: sympy.Expr, power: int) -> sympy.Expr:
    """E of a polynomial in t, g ~ N(0, 1) and χ²_(d−1), divided by (st)^power."""
    total = sympy.Integer(0)
    for (along, normal, root, across), coefficient in sympy.Poly(
        sympy.expand(expression), t, _g, _r, _across
    ).terms():
        if normal % 2:
            continue
        term = coefficient * sympy.factorial2(normal - 1) * (norm2 * noise) ** (root // 2)
        term *= _inverse_chi_squared(across, d - 1)
        total += term * _inverse_chi_squared(along + root // 2 - power, n)
    return sympy.factor(total / _label**power)


LABEL_SCALED_LINEAR = sympy.factor(4 * k * label_scaled_mean(_any_gradient, 1))
LABEL_SCALED_QUADRATIC = sympy.factor(
    4 * k * label_scaled_mean(((k + d + 1) * any_error + d * noise) * _any_spread, 2)
)

# Given τ = t, the tilted error is N(b̃ − (t−n+2)Wq̃, tWC̃Wᵀ); by Isserlis as in `product_moment`.
_NAMES = (
    "bias_bias bias_shift shift_shift error_spread context_mean context_spread "
    "bias_crossed shift_crossed crossed_spread"
)
_bb, _bh, _hh, _es, _cm, _cs, _bc, _hc, _cc = _SYMBOLS = sympy.symbols(_NAMES)
_excess = t - n
_error_form = _bb - 2 * _excess * _bh + _excess**2 * _hh + t * _es
_context_form = t * _cm + _cs
_crossed = -4 * (_bc - _excess * _hc) + 2 * _cc


def _tilted(expression: sympy.Expr) -> sympy.Expr:
    """E[(2τ)^(−2) τ f(τ)] for τ ~ χ²_n is a mean over χ²_(n−2), here of f(t) with n−2 for n."""
    return sympy.factor(chi_squared_mean(expression).subs(n, n - 2) / (4 * (n - 2)))


TILTED_PRODUCT = _tilted(_error_form * _context_form + t * _crossed)
TILTED_OVERLAP = _tilted(_context_form)

_error_1, _error_2, _error_3 = sympy.symbols("error_moment_1 error_moment_2 error_moment_3")
SAME_LINEAR = 4 * k * _error_2
SAME_QUADRATIC = one_step.QUADRATIC.subs(
    {one_step.product_1: _error_1, one_step.product_3: _error_3, one_step.overlap: 1}
)
_misfit = sympy.Symbol("misfit", nonnegative=True)
SAME_RISK = (
    noise
    + _misfit
    + one_step.curvature_step**2
    / k
    * (_error_3 + invariant((S, S), trace=True) * (_error_1 + noise))
)
# E‖(I − κΣ_x)e‖² in the norm of Σ_x is the misfit.
require(
    (SAME_RISK - noise)
    .subs(
        _misfit,
        _error_1 - 2 * one_step.curvature_step * _error_2 + one_step.curvature_step**2 * _error_3,
    )
    .subs(one_step.curvature_step, 2 * k * sympy.Symbol("eta"))
    - (_error_1 - SAME_LINEAR * sympy.Symbol("eta") + SAME_QUADRATIC * sympy.Symbol("eta") ** 2),
    "the risk on the same context as bias plus variance",
)

_SIZES = {n: "context_length", k: "test_samples", d: "dim", norm2: "task_square", w: "weight"}
_NOISY = {n: "context_length", k: "test_samples", d: "dim", norm2: "task_square"} | {
    noise: "noise_variance",
    w: "weight",
}
_TILTED = {n: "context_length"} | {symbol: symbol.name for symbol in _SYMBOLS}
_SAME = {
    _error_1: "error_moment_1",
    _error_3: "error_moment_3",
    invariant((S, S), trace=True): "feature_square_trace",
    noise: "noise_variance",
}
_FACT = "ours; theory.md, section 2, fact 14."
_STEP_RULES = "ours; theory.md, section 2, fact 15."

FORMULAS = (
    Formula(
        "isotropic_linear",
        _SIZES,
        ISOTROPIC_LINEAR,
        "c1 on a fresh context, the step divided by ‖u‖², for Σ_x = I, W = wI and no noise.",
        _FACT,
    ),
    Formula(
        "isotropic_quadratic",
        _SIZES,
        ISOTROPIC_QUADRATIC,
        "c2 on a fresh context, the step divided by ‖u‖², for Σ_x = I, W = wI and no noise.",
        _FACT,
    ),
    Formula(
        "label_scaled_linear",
        _NOISY,
        LABEL_SCALED_LINEAR,
        "c1 on a fresh context, the step divided by Σ_i y_i², for Σ_x = I and W = wI.",
        _STEP_RULES,
    ),
    Formula(
        "label_scaled_quadratic",
        _NOISY,
        LABEL_SCALED_QUADRATIC,
        "c2 on a fresh context, the step divided by Σ_i y_i², for Σ_x = I and W = wI.",
        _STEP_RULES,
    ),
    Formula(
        "tilted_product_moment",
        _TILTED,
        TILTED_PRODUCT,
        "E[(2τ)⁻² eᵀAe · uᵀMu] under the tilted law.",
        _FACT,
    ),
    Formula(
        "tilted_overlap_moment",
        {symbol: name for symbol, name in _TILTED.items() if symbol in (n, _cm, _cs)},
        TILTED_OVERLAP,
        "E[(2τ)⁻² uᵀMu] under the tilted law.",
        _FACT,
    ),
    Formula(
        "same_linear",
        {k: "test_samples", _error_2: "error_moment_2"},
        SAME_LINEAR,
        "c1 on the same context, the step divided by ‖u‖², from E[eᵀΣ_x²e].",
        _FACT,
    ),
    Formula(
        "same_quadratic",
        {k: "test_samples"} | _SAME,
        SAME_QUADRATIC,
        "c2 on the same context, the step divided by ‖u‖², from E[eᵀΣ_xe] and E[eᵀΣ_x³e].",
        _FACT,
    ),
    Formula(
        "same_risk",
        {k: "test_samples", one_step.curvature_step: "scaled_step", _misfit: "misfit"} | _SAME,
        SAME_RISK,
        "R(η) on the same context with κ = 2kη; misfit is E‖(I − κΣ_x)e‖² in the norm of Σ_x.",
        _FACT,
    ),
)
