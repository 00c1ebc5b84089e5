"""The exact one-step risk for every feature covariance, weight matrix, task and noise.

Symbols: n context length, k test samples, s = βᵀΣ_xβ + σ² the label variance, q = Σ_xβ,
e = β − Wu, b = E[e] = β − nWq, M = E[uuᵀ], P = E[u eᵀ].  Bilinear invariants in a weighting
A ∈ {Σ_x, Σ_x², Σ_x³} carry the names

    bias_bias = bᵀAb,  bias_shift_j = bᵀA h_j,  shift_ij = h_iᵀA h_j,  h_j = W Σ_x^j q,
    spread_j = tr(A W Σ_x^j Wᵀ).

The gradient step (Proposition 3.1 of [G25]) makes the error on a fresh context u' equal to
e' − 2η (uᵀu') v with v = X_tᵀ(X_t e + ξ_t), so that R(η) = σ² + E‖e' − 2η (uᵀu') v‖² in the norm
of Σ_x.  Given u, Isserlis gives E[v] = kΣ_xe and
E[vvᵀ] = k (eᵀΣ_xe + σ²) Σ_x + k(k+1) Σ_x e eᵀ Σ_x, hence

    c0 = σ² + E[eᵀΣ_xe],    c1 = 4k tr(P Σ_x² Pᵀ),
    c2 = 4k(k+1) E[eᵀΣ_x³e · uᵀMu] + 4k tr(Σ_x²) E[(eᵀΣ_xe + σ²) uᵀMu].

Source: [G25], Section 4 (there for Σ_x = I and as a limit); the general exact form is ours.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.context_vector import (
    cross_moment,
    error_moment,
    product_moment,
    second_moment,
)
from derivations.linear.symbols import k, n, noise, s, step
from derivations.linear.words import (
    A,
    S,
    V,
    W,
    b,
    bT,
    invariant,
    q,
    qT,
    scalars,
    trace,
    transpose,
    weighted,
)

curvature_step = sympy.Symbol("kappa", nonnegative=True)
gradient, misfit, gain, loss = sympy.symbols("gradient misfit c1 c2", nonnegative=True)
error_1, error_variance, product_1, product_3, centred_3, coupling, overlap = sympy.symbols(
    "error_1 error_variance product_1 product_3 centred_3 coupling overlap"
)

M = second_moment()
P = cross_moment()

# c1 = 4kn² ‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖_F²: the mean gradient, without its factor n.
MEAN_GRADIENT = q * (bT - qT * V) * S - s * S * V * S
require(
    trace(MEAN_GRADIENT * transpose(MEAN_GRADIENT)) * n**2 - trace(P * S * S * transpose(P)),
    "the gradient's mean is P Σ_x",
)
# The same from forms in A = Σ_x², as Wq = h_0 and WΣ_xq = h_1.
MEAN_GRADIENT_SQUARE = sympy.expand(
    invariant((qT, q))
    * (invariant((bT, A, b)) - 2 * invariant((bT, A, W, q)) + invariant((qT, V, A, W, q)))
    - 2 * s * (invariant((bT, A, W, S, q)) - invariant((qT, V, A, W, S, q)))
    + s**2 * invariant((A, W, S, S, V), trace=True)
)
require(
    weighted(MEAN_GRADIENT_SQUARE, 2) - trace(MEAN_GRADIENT * transpose(MEAN_GRADIENT)),
    "the square of the mean gradient, multiplied out",
)
ERROR_VARIANCE = sympy.expand(error_moment(A) - invariant((bT, A, b)))
CONSTANT = noise + invariant((bT, A, b)) + error_variance
LINEAR = 4 * k * n**2 * gradient
QUADRATIC = 4 * k * (k + 1) * product_3 + 4 * k * invariant((S, S), trace=True) * (
    product_1 + noise * overlap
)

# R(η) again, as bias plus variance: nothing cancels in it where the risk after the step is small.
# With κ = 2kη, the step moves the error by κ(uᵀu')Σ_xe on average over the test samples, and its
# mean over both contexts is b − κΣ_xp with p := nPᵀq.  About that mean,
#   R = σ² + ‖b − κΣ_xp‖² + tr(WᵀΣ_xWC) + κ · 2 tr(C WᵀΣ_x²Pᵀ)
#       + κ² {E[eᵀΣ_x³e · uᵀMu] − ‖Σ_xp‖²} + (κ²/k) {the variance of v},
# where C = Cov(u) and every norm is that of Σ_x.
COVARIANCE = sympy.expand(M - n**2 * q * qT)
MEAN_OVERLAP = sympy.expand(n * transpose(P) * q)
PRODUCT = product_moment(A, M)
CENTRED_PRODUCT = sympy.expand(PRODUCT - scalars(transpose(MEAN_OVERLAP) * A * MEAN_OVERLAP))
COUPLING = 2 * trace(COVARIANCE * V * A * transpose(P))
BIAS_VARIANCE = (
    noise
    + misfit
    + error_variance
    + curvature_step * coupling
    + curvature_step**2 * centred_3
    + curvature_step**2
    / k
    * (product_3 + invariant((S, S), trace=True) * (product_1 + noise * overlap))
)


def _difference_of_the_two_forms() -> sympy.Expr:
    pieces = {
        error_variance: weighted(ERROR_VARIANCE, 1),
        product_1: weighted(PRODUCT, 1),
        product_3: weighted(PRODUCT, 3),
        overlap: trace(M * M),
    }
    mean_error = b - curvature_step * S * MEAN_OVERLAP
    bias_variance = weighted(BIAS_VARIANCE, 1).subs(
        pieces
        | {
            centred_3: weighted(CENTRED_PRODUCT, 3),
            coupling: weighted(COUPLING, 2),
            misfit: scalars(transpose(mean_error) * S * mean_error),
        }
    )
    risk = (weighted(CONSTANT, 1) - LINEAR * step + QUADRATIC * step**2).subs(
        pieces | {gradient: trace(MEAN_GRADIENT * transpose(MEAN_GRADIENT))}
    )
    return bias_variance.subs(curvature_step, 2 * k * step) - risk


require(_difference_of_the_two_forms(), "bias plus variance is c0 − c1η + c2η²")

_SIZES = {n: "context_length", k: "test_samples"}
_SETTING = {
    s: "label_variance",
    invariant((qT, q)): "mean_square",
    invariant((qT, S, q)): "mean_energy",
    invariant((S, S), trace=True): "feature_square_trace",
}
_WEIGHTED = {
    invariant((bT, A, b)): "bias_bias",
    invariant((bT, A, W, q)): "bias_shift_0",
    invariant((bT, A, W, S, q)): "bias_shift_1",
    invariant((bT, A, W, S, S, q)): "bias_shift_2",
    invariant((qT, V, A, W, q)): "shift_00",
    invariant((qT, V, A, W, S, q)): "shift_01",
    invariant((qT, V, A, W, S, S, q)): "shift_02",
    invariant((qT, S, V, A, W, S, q)): "shift_11",
    invariant((A, W, S, V), trace=True): "spread_1",
    invariant((A, W, S, S, V), trace=True): "spread_2",
    invariant((A, W, S, S, S, V), trace=True): "spread_3",
}


INVARIANTS = _SETTING | _WEIGHTED


def _used(expression: sympy.Expr) -> dict[sympy.Symbol, str]:
    names = _SIZES | INVARIANTS
    return {symbol: name for symbol, name in names.items() if symbol in expression.free_symbols}


_PIECES = {
    product_1: "product_moment_1",
    product_3: "product_moment_3",
    overlap: "overlap_moment",
    invariant((S, S), trace=True): "feature_square_trace",
    noise: "noise_variance",
}

FORMULAS = (
    Formula(
        "error_variance",
        _used(ERROR_VARIANCE),
        ERROR_VARIANCE,
        "E[eᵀAe] − bᵀAb, from the invariants of the weighting A.",
        "theory.md, section 2, facts 2 and 3.",
    ),
    Formula(
        "overlap_moment",
        _used(trace(M * M)),
        trace(M * M),
        "E[(uᵀu')²] = tr(M²) of two independent contexts of one task.",
        "theory.md, section 2, fact 3.",
    ),
    Formula(
        "product_moment",
        _used(PRODUCT),
        PRODUCT,
        "E[eᵀAe · uᵀMu], from the invariants of the weighting A.",
        "theory.md, section 2, facts 2 and 3.",
    ),
    Formula(
        "centred_product_moment",
        _used(CENTRED_PRODUCT),
        CENTRED_PRODUCT,
        "E[eᵀAe · uᵀMu] − pᵀAp with p = n E[e uᵀ]q: the product moment less its mean part.",
        "theory.md, section 2, facts 2 and 3; rearranged here.",
    ),
    Formula(
        "coupling",
        _used(COUPLING),
        COUPLING,
        "2 E[uᵀ Cov(u) WᵀAe], from the invariants of A = Σ_x².",
        "theory.md, section 2, facts 2 and 3; rearranged here.",
    ),
    Formula(
        "constant",
        {
            noise: "noise_variance",
            invariant((bT, A, b)): "bias_bias",
            error_variance: "error_variance",
        },
        CONSTANT,
        "c0, the risk before the step, from the error's two parts for A = Σ_x.",
        "theory.md, section 2, fact 3; [G25], Section 3.",
    ),
    Formula(
        "mean_gradient_square",
        _used(MEAN_GRADIENT_SQUARE),
        MEAN_GRADIENT_SQUARE,
        "‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², from the invariants of A = Σ_x².",
        "theory.md, section 2, fact 3.",
    ),
    Formula(
        "linear",
        {n: "context_length", k: "test_samples", gradient: "mean_gradient_square"},
        LINEAR,
        "c1 from ‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖² in the Frobenius norm.",
        "theory.md, section 2, fact 3; Proposition 3.1 of [G25] gives the step.",
    ),
    Formula(
        "quadratic",
        {k: "test_samples"} | _PIECES,
        QUADRATIC,
        "c2 from the product moments of A = Σ_x and A = Σ_x³.",
        "theory.md, section 2, fact 3; Proposition 3.1 of [G25] gives the step.",
    ),
    Formula(
        "step_size",
        {gain: "linear", loss: "quadratic"},
        gain / (2 * loss),
        "η* = c1/(2 c2), the minimiser of c0 − c1 η + c2 η².",
        "theory.md, section 2, fact 1.",
    ),
    Formula(
        "improvement",
        {gain: "linear", loss: "quadratic"},
        gain**2 / (4 * loss),
        "c1²/(4 c2), the fall of the risk at the optimal step.",
        "theory.md, section 2, fact 1.",
    ),
    Formula(
        "bias_variance_risk",
        {
            k: "test_samples",
            curvature_step: "scaled_step",
            misfit: "misfit",
            error_variance: "error_variance",
            coupling: "coupling",
            centred_3: "centred_product_moment_3",
        }
        | _PIECES,
        BIAS_VARIANCE,
        "R(η) with κ = 2kη as bias plus variance; misfit is ‖b − κΣ_xp‖² in the norm of Σ_x.",
        "Equal to c0 − c1η + c2η², without its cancellation; ours.",
    ),
)
