"""The exact one-step risk for elliptical features x = √ρ Σ_x^½ g at test time.

Symbols: r_j = E[ρ^j] with r_1 = 1, m = βᵀΣ_xβ; else as in `one_step` and `sample_sums`.  A sample
is t = x(xᵀβ + ξ), in which the noise has no radius.  For F of degree p in x, and g ~ N(0, Σ_x),

    E[F(x)(xᵀβ + ξ)^j] = Σ_i C(j, 2i)(2i−1)!! σ^(2i) r_((p+j)/2−i) E[F(g)(gᵀβ)^(j−2i)],
    E[F(g)(gᵀβ)^j] = j! [τ^j] exp(τ²m/2) E[F(g + τq)].

Given u, E[vvᵀ] = k(k − 1 + 2r_2) Σ_xeeᵀΣ_x + k(r_2 eᵀΣ_xe + σ²)Σ_x, so that

    c2 = 4k(k − 1 + 2r_2) E[eᵀΣ_x³e·uᵀMu] + 4k tr(Σ_x²) E[(r_2 eᵀΣ_xe + σ²) uᵀMu];

c0 = σ² + E[eᵀΣ_xe] and c1 = 4k tr(PΣ_x²Pᵀ) as ever.  With r_j = 1 this is `one_step`.

Source: ours (theory.md, section 2).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import one_step, sample_sums
from derivations.linear.symbols import d, k, n, noise, s
from derivations.linear.words import (
    A,
    S,
    V,
    W,
    b,
    bT,
    coefficients,
    invariant,
    q,
    qT,
    scalars,
    trace,
    transpose,
)

radius_2, radius_3, radius_4 = sympy.symbols("r2 r3 r4", positive=True)
signal = sympy.Symbol("m", nonnegative=True)
shift = sympy.Symbol("tau")
RADII = {1: sympy.Integer(1), 2: radius_2, 3: radius_3, 4: radius_4}
GAUSSIAN: dict[sympy.Symbol, sympy.Expr] = {radius_2: 1, radius_3: 1, radius_4: 1}


def sample_mean(shifted: sympy.Expr, degree: int, labels: int) -> sympy.Expr:
    """E[F(x)(xᵀβ + ξ)^labels], of E[F(g + τq)] for F of a degree in x."""
    factor = sum((shift**2 * signal / 2) ** i / sympy.factorial(i) for i in range(labels // 2 + 1))
    powers = sympy.collect(sympy.expand(factor * shifted), shift, evaluate=False)
    total = sympy.Integer(0)
    for noisy in range(0, labels + 1, 2):
        rest = labels - noisy
        gaussian = sympy.factorial(rest) * powers.get(shift**rest, 0)
        radius = RADII[(degree + rest) // 2]
        choices = sympy.binomial(labels, noisy) * sympy.factorial2(noisy - 1)
        total += choices * noise ** (noisy // 2) * radius * gaussian
    return sympy.expand(total)


def _line_mean(line: sympy.Expr, form: sympy.Expr) -> sympy.Expr:
    """E[gᵀt·tᵀBt] of a row gᵀ."""
    shifted = shift * scalars(line * q) * (
        shift**2 * scalars(qT * form * q) + trace(form * S)
    ) + 2 * shift * scalars(line * S * form * q)
    return sample_mean(shifted, 3, 3)


def _form_mean(form: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    """E[tᵀCt·tᵀBt]."""
    shifted = (
        (shift**2 * scalars(qT * form * q) + trace(form * S))
        * (shift**2 * scalars(qT * other * q) + trace(other * S))
        + 4 * shift**2 * scalars(qT * form * S * other * q)
        + 2 * trace(form * S * other * S)
    )
    return sample_mean(shifted, 4, 4)


# T = E[ttᵀ], where E[(g + τq)(g + τq)ᵀ] = Σ_x + τ²qqᵀ.
SAMPLE_SECOND_MOMENT = sample_mean(S + shift**2 * q * qT, 2, 2)
_T = SAMPLE_SECOND_MOMENT


def _third_cumulant(line: sympy.Expr, form: sympy.Expr) -> sympy.Expr:
    return sample_sums.THIRD_CUMULANT.subs(
        {
            sample_sums.line_moment: _line_mean(line, form),
            sample_sums.line_mean: scalars(line * q),
            sample_sums.line_cross: scalars(line * _T * form * q),
            sample_sums.form_2: trace(form * _T),
            sample_sums.mean_2: scalars(qT * form * q),
        },
        simultaneous=True,
    )


def _fourth_cumulant(form: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    return sample_sums.FOURTH_CUMULANT.subs(
        {
            sample_sums.moment: _form_mean(form, other),
            sample_sums.third_1: _line_mean(qT * form, other),
            sample_sums.third_2: _line_mean(qT * other, form),
            sample_sums.form_1: trace(form * _T),
            sample_sums.form_2: trace(other * _T),
            sample_sums.mean_1: scalars(qT * form * q),
            sample_sums.mean_2: scalars(qT * other * q),
            sample_sums.cross: scalars(qT * form * _T * other * q),
            sample_sums.product: trace(form * _T * other * _T),
        },
        simultaneous=True,
    )


# The cumulants of a sample are symmetric tensors made of Σ_x and q: `third_1` is the factor of
# q ⊗ q ⊗ q and `third_0` that of every Σ_x ⊗ q, and so on.
second_0, second_1, third_0, third_1, fourth_0, fourth_1, fourth_2 = sympy.symbols(
    "second_0 second_1 third_0 third_1 fourth_0 fourth_1 fourth_2"
)
SPREAD = second_0 * S + second_1 * q * qT


def third_cumulant(line: sympy.Expr, form: sympy.Expr) -> sympy.Expr:
    """The third cumulants of a sample, with a row gᵀ and a form."""
    mean = scalars(line * q)
    return third_1 * mean * scalars(qT * form * q) + third_0 * (
        mean * trace(form * S) + 2 * scalars(line * S * form * q)
    )


def fourth_cumulant(form: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    """The fourth cumulants of a sample, with two forms."""
    one, two = scalars(qT * form * q), scalars(qT * other * q)
    return (
        fourth_2 * one * two
        + fourth_1
        * (one * trace(other * S) + two * trace(form * S) + 4 * scalars(qT * form * S * other * q))
        + fourth_0 * (trace(form * S) * trace(other * S) + 2 * trace(form * S * other * S))
    )


def _cumulants() -> dict[sympy.Symbol, sympy.Expr]:
    """Read the factors off the leading term of each, and prove the rest."""
    line, form, other = bT, A, V * A * W
    third = sympy.expand(_third_cumulant(line, form))
    fourth = sympy.expand(_fourth_cumulant(form, other))
    mean, one = invariant((bT, q)), invariant((qT, A, q))
    two, wide = invariant((qT, V, A, W, q)), scalars(trace(form * S))
    values = {
        third_1: third.coeff(mean).coeff(one),
        third_0: third.coeff(mean).coeff(wide),
        fourth_2: fourth.coeff(one).coeff(two),
        fourth_1: fourth.coeff(two).coeff(wide),
        fourth_0: fourth.coeff(trace(other * S)).coeff(wide),
    }
    spread = coefficients(SAMPLE_SECOND_MOMENT - q * qT)
    values |= {second_0: spread[S,], second_1: spread[q, qT]}
    require(third_cumulant(line, form).subs(values) - third, "the third cumulants")
    require(fourth_cumulant(form, other).subs(values) - fourth, "the fourth cumulants")
    return values


CUMULANTS = _cumulants()

M = sympy.expand(n * SPREAD + n**2 * q * qT)
_C = V * A * W
_f = bT * A * W
PRODUCT = sympy.expand(
    sample_sums.PRODUCT.subs(
        {
            sample_sums.bias_form: invariant((bT, A, b)),
            sample_sums.spread: trace(_C * SPREAD),
            sample_sums.bias_cross: scalars(_f * SPREAD * M * q),
            sample_sums.bias_third: third_cumulant(_f, M),
            sample_sums.mean_third: third_cumulant(qT * M, _C),
            sample_sums.spread_product: trace(_C * SPREAD * M * SPREAD),
            sample_sums.fourth: fourth_cumulant(_C, M),
        },
        simultaneous=True,
    )
)
OVERLAP = trace(M * M)
ERROR_VARIANCE = n * trace(_C * SPREAD)
# P = E[ueᵀ] = n[q bᵀ − KWᵀ] with K = Cov(t).
_row = q * bT - SPREAD * V
MEAN_GRADIENT_SQUARE = trace(_row * A * transpose(_row))

product_1, product_3, overlap = one_step.product_1, one_step.product_3, one_step.overlap
_tau = invariant((S, S), trace=True)
QUADRATIC = 4 * k * (k - 1 + 2 * radius_2) * product_3 + 4 * k * _tau * (
    radius_2 * product_1 + noise * overlap
)

for _name, _ours, _gaussian in (
    ("c2", QUADRATIC, one_step.QUADRATIC),
    ("E[eᵀAe·uᵀMu]", PRODUCT, one_step.PRODUCT),
    ("E[(uᵀu')²]", OVERLAP, trace(one_step.M * one_step.M)),
    ("E[eᵀAe]", ERROR_VARIANCE, one_step.ERROR_VARIANCE),
    ("the mean gradient", MEAN_GRADIENT_SQUARE, one_step.MEAN_GRADIENT_SQUARE),
):
    in_full = _ours.subs(overlap, OVERLAP) if _ours is PRODUCT else _ours
    require(
        in_full.subs(CUMULANTS).subs(GAUSSIAN) - _gaussian.subs(s, signal + noise),
        f"{_name} is the Gaussian one where the radius is 1",
    )

# The prior's mean of qqᵀ is Σ_xΣ_βΣ_x and that of m is τ = tr(Σ_xΣ_β): the stationary W is
# Σ_β[gram_factor·Σ_xΣ_β + (r_2τ + σ²)I]⁻¹, as in `pretraining`.
GRAM_FACTOR = n - 1 + 2 * radius_2
require(
    M.subs(CUMULANTS) - n * GRAM_FACTOR * q * qT - n * (radius_2 * signal + noise) * S,
    "E[uuᵀ] = n[(n − 1 + 2r_2)qqᵀ + (r_2m + σ²)Σ_x]",
)
ISOTROPIC_WEIGHT = 1 / (GRAM_FACTOR + radius_2 * d + noise)

_NAMES = {
    n: "context_length",
    overlap: "overlap",
    signal: "signal_variance",
    noise: "noise_variance",
    radius_2: "radius_2",
    radius_3: "radius_3",
    radius_4: "radius_4",
    **{symbol: symbol.name for symbol in CUMULANTS},
    **one_step.INVARIANTS,
}
_SOURCE = "ours (theory.md, section 2)."


def _formula(name: str, expression: sympy.Expr, summary: str) -> Formula:
    used = {each: label for each, label in _NAMES.items() if each in expression.free_symbols}
    # It has no factors, which takes SymPy minutes to find out where it draws badly.
    return Formula(name, used, expression, summary, _SOURCE, as_written=expression is PRODUCT)


FORMULAS = (
    *(
        _formula(
            f"{symbol.name}_factor",
            expression,
            f"The factor in xy's {symbol.name[:-2]} cumulants of terms with {symbol.name[-1]} qqᵀ.",
        )
        for symbol, expression in CUMULANTS.items()
    ),
    _formula(
        "error_variance",
        ERROR_VARIANCE,
        "E[eᵀAe] − bᵀAb, from the invariants of the weighting A.",
    ),
    _formula(
        "overlap_moment",
        OVERLAP,
        "E[(uᵀu')²] = tr(M²) of two independent contexts of one task.",
    ),
    _formula("product_moment", PRODUCT, "E[eᵀAe·uᵀMu], from the invariants of the weighting A."),
    _formula(
        "mean_gradient_square",
        MEAN_GRADIENT_SQUARE,
        "‖q bᵀΣ_x − KWᵀΣ_x‖² with K = Cov(xy), from the invariants of A = Σ_x².",
    ),
    Formula(
        "quadratic",
        {
            k: "test_samples",
            radius_2: "radius_2",
            product_1: "product_moment_1",
            product_3: "product_moment_3",
            overlap: "overlap",
            _tau: "feature_square_trace",
            noise: "noise_variance",
        },
        QUADRATIC,
        "c2 from the product moments of A = Σ_x and A = Σ_x³.",
        _SOURCE,
    ),
    Formula(
        "gram_factor",
        {n: "context_length", radius_2: "radius_2"},
        GRAM_FACTOR,
        "The factor of Σ_xΣ_β in the W* pretrained on these features, [factor·Σ_xΣ_β + ρI]⁻¹.",
        _SOURCE,
    ),
    Formula(
        "isotropic_weight",
        {n: "context_length", d: "dim", noise: "noise_variance", radius_2: "radius_2"},
        ISOTROPIC_WEIGHT,
        "w in W* = wI of pretraining on these features, Σ_x = Σ_β = I.",
        _SOURCE,
    ),
)
