"""One step, t steps and any filter of the same samples, as n, k and d grow in proportion.

Symbols: Σ_x = I, W = wI, ‖β‖ = 1; α = n/d, γ = k/d, ω = lim nw and r = 1 − ω; u = Xᵀy, U = ‖u‖²,
e = β − Wu, S = X_tᵀX_t, z = X_tᵀξ_t.

Steps on the same samples move W by a uᵀ, a = [h(S)e + h(S)S⁻¹z]/U, where h is a polynomial without
constant term; a spectral filter has any function h with h(0) = 0.  As d → ∞, U/n², ‖e‖² and the
law of the eigenvalues of S/d settle, the last at the Marchenko-Pastur law μ.  With
ε = lim ‖e‖², ρ = lim n²/U and ν = σ², averaging over the fresh context leaves

    gain = 2ρr² μ(h) − ρ² [ε μ(h²) + ν μ(h²/x)],

the most of which is (r⁴/ε) μ(x/(x+λ)), λ = ν/ε, at ρh = (r²/ε) x/(x+λ), a ridge.  On the same
context r² and ρ are replaced by ε and 1.

The resolvent of μ (its mean m of 1/(x+λ) solves m = 1/(λ + γ/(1+m))) makes G := μ(x/(x+λ)) solve
G = γ/(1 + γ + λ − G).  So x dμ/γ has the Jacobi matrix J with 1 + γ on the diagonal and √γ beside
it (a semicircle), and the best polynomial of degree t has G_t = γ [(J_t + λ)⁻¹]_11, the t-th
convergent: G_0 = 0, G_t = γ/(1 + γ + λ − G_(t−1)).

Source: ours; one step without noise is [G25], Theorem 4.2.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.isotropic import CONSTANT, LINEAR, QUADRATIC
from derivations.linear.limits import leading_term
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2, w

omega, r, rho = sympy.symbols("omega r rho", real=True)
lam, gap = sympy.symbols("lambda gap", positive=True)
a, epsilon, rank, fraction, root = sympy.symbols("a epsilon rank G root", positive=True)


def proportional(expression: sympy.Expr) -> sympy.Expr:
    """The leading term of an isotropic expression, with ‖β‖ = 1 and w = ω/n."""
    return leading_term(expression.subs({w: omega / n, norm2: 1}))


WARM_WEIGHT = sympy.factor(leading_term(n * ISOTROPIC_WEIGHT.subs(noise, 0)))
WARM_BIAS = sympy.factor(1 - WARM_WEIGHT)

ERROR = r**2 + omega**2 * (1 + noise) / alpha
ATTENUATION = alpha / (1 + alpha + noise)
_error = ERROR.subs(r, 1 - omega)
require(proportional(CONSTANT) - noise - _error, "ε + σ² is the risk before the step")

GAIN_SCALE = a**2 / epsilon
CONVERGENT = gamma / (1 + gamma + lam - fraction)
ONE_STEP_FRACTION = CONVERGENT.subs(fraction, 0)
require(
    proportional(LINEAR) ** 2 / (4 * proportional(QUADRATIC))
    - (GAIN_SCALE * ONE_STEP_FRACTION)
    .subs(lam, noise / epsilon)
    .subs({a: (1 - omega) ** 2, epsilon: _error}),
    "the optimal step gains the first convergent",
)

# The smaller root of G² − (1+γ+λ)G + γ, where nothing cancels.
_width = 1 + gamma + lam
DISCRIMINANT = (gamma - 1) ** 2 + lam * (2 * gamma + lam + 2)
require(DISCRIMINANT - (_width**2 - 4 * gamma), "the discriminant")
FILTER_FRACTION = 2 * gamma / (_width + root)
_limit = FILTER_FRACTION.subs(root, sympy.sqrt(DISCRIMINANT))
require(_limit**2 - _width * _limit + gamma, "the limit of the convergents")
ONE_STEP_SHARE = (_width + root) / (2 * _width)
require(ONE_STEP_FRACTION / FILTER_FRACTION - ONE_STEP_SHARE, "the share of one step")

# With √γ(y + 1/y) = 1 + γ + λ the convergents are √γ sinh(tθ)/sinh((t+1)θ), θ = log y.  So
# 2√γ cosh θ = 1 + γ + λ, and 4γ sinh² θ is the discriminant.
_y, _power = sympy.symbols("y Y", positive=True)
_sqrt = sympy.sqrt(gamma)


def _convergent(power: sympy.Expr) -> sympy.Expr:
    return _sqrt * (power - 1 / power) / (power * _y - 1 / (power * _y))


require(
    _convergent(_power * _y)
    - CONVERGENT.subs(lam, _sqrt * (_y + 1 / _y) - 1 - gamma).subs(fraction, _convergent(_power)),
    "the convergents in closed form",
)


# Where steps converge, h = 1 on what the samples span: μ(h) is the rank, G at λ = 0, and μ(h/x) is
# −dG/dλ there.
CONVERGED_GAIN = rank * rho * (2 * a - rho * (epsilon + noise / gap))
_equation = fraction**2 - _width * fraction + gamma
_inverse_mean = (sympy.diff(_equation, lam) / sympy.diff(_equation, fraction)).subs(lam, 0)
require(_inverse_mean.subs(fraction, 1) - 1 / (gamma - 1), "the mean of 1/x for γ > 1")
require(_inverse_mean.subs(fraction, gamma) - gamma / (1 - gamma), "the mean of 1/x for γ < 1")

# At finite size, without noise.  The eigenvectors of S are uniform and independent of u and of the
# eigenvalues, so that a filter acts on β and e as the mean of h over the eigenvalues does.  The
# best h for a given u is constant on what the samples span, and the best step has the first two
# moments of the eigenvalues.
TRACE, TRACE_SQUARE = k * d, k * d * (k + d + 1)
require(
    sympy.diff(QUADRATIC.subs(noise, 0) / TRACE_SQUARE, k),
    "c2 has the second moment of S as factor",
)
STEP_SHARE = sympy.factor((TRACE / d) ** 2 / (TRACE_SQUARE / d) / (rank / d))

# Given u = (B, u_2), B along β and A = ‖u_2‖², with ‖β‖ = 1: e = (1 − wB, −w u_2) and Pᵀu is this.
_along, _across = sympy.symbols("B A", positive=True)
_rate = n * (1 - (n + 2) * w)
PROMPT_ERROR = (1 - w * _along) ** 2 + w**2 * _across
PROMPT_DIRECTION = _rate**2 * _along**2 + (n * w) ** 2 * _across
# As Pᵀ = nββᵀ − WM and M = n(n+1)ββᵀ + nI.
_moment = sympy.diag(n * (n + 1) + n, n)
_context = sympy.Matrix([_along, sympy.sqrt(_across)])
_direction = (n * sympy.diag(1, 0) - w * _moment) * _context
_error = sympy.Matrix([1, 0]) - w * _context
require(PROMPT_ERROR - _error.dot(_error), "‖e‖²")
require(PROMPT_DIRECTION - _direction.dot(_direction), "‖Pᵀu‖²")

_PROMPT = {_along: "along", _across: "across"}
_FILTER = {gamma: "sample_ratio", lam: "relative_noise"}
_ROOT = {**_FILTER, root: "root"}
_LIMIT = "ours; without noise one step is [G25], Theorem 4.2."

FORMULAS = (
    Formula(
        "warm_weight",
        {alpha: "context_ratio"},
        WARM_WEIGHT,
        "ω = lim nw of the warm start, pretrained without noise.",
        "[G25], Section 3.",
    ),
    Formula(
        "warm_bias", {alpha: "context_ratio"}, WARM_BIAS, "r = 1 − ω of it.", "[G25], Section 3."
    ),
    Formula(
        "error_square",
        {alpha: "context_ratio", noise: "noise_ratio", omega: "weight", r: "bias"},
        ERROR,
        "ε = lim ‖e‖²/‖β‖² before any step; the noise ratio is σ²/‖β‖².",
        "ours.",
        as_written=True,
    ),
    Formula(
        "attenuation",
        {alpha: "context_ratio", noise: "noise_ratio"},
        ATTENUATION,
        "ρ = lim n²‖β‖²/‖u‖².",
        "ours.",
    ),
    Formula(
        "gain_scale",
        {a: "overlap", epsilon: "error_square"},
        GAIN_SCALE,
        "What a gain is a fraction of; the overlap is r², or ε on the same context.",
        _LIMIT,
    ),
    Formula(
        "one_step_fraction",
        _FILTER,
        ONE_STEP_FRACTION,
        "The fraction that the optimal step gains; the relative noise is λ = σ²/(ε‖β‖²).",
        _LIMIT,
        as_written=True,
    ),
    Formula(
        "convergent",
        {**_FILTER, fraction: "previous"},
        CONVERGENT,
        "G_t of the best polynomial of degree t, from G_(t−1).",
        "ours.",
        as_written=True,
    ),
    Formula(
        "filter_fraction",
        _ROOT,
        FILTER_FRACTION,
        "The limit of G_t: what the best filter, a ridge, gains; root is that of the discriminant.",
        "ours.",
    ),
    Formula(
        "one_step_share",
        _ROOT,
        ONE_STEP_SHARE,
        "The gain of one optimal step divided by that of the best spectral filter.",
        "ours.",
    ),
    Formula(
        "discriminant",
        _FILTER,
        DISCRIMINANT,
        "(1+γ+λ)² − 4γ = 4γ sinh² θ; G_t = √γ sinh(tθ)/sinh((t+1)θ).",
        "ours.",
        as_written=True,
    ),
    Formula(
        "converged_gain",
        {
            rank: "rank",
            rho: "attenuation",
            a: "overlap",
            epsilon: "error_square",
            noise: "noise_ratio",
            gap: "gap",
        },
        CONVERGED_GAIN,
        "The gain of least squares on the test samples; rank is min(1, γ), gap |γ − 1|.",
        "ours.",
        as_written=True,
    ),
    Formula(
        "step_share",
        {k: "test_samples", d: "dim", rank: "rank"},
        STEP_SHARE,
        "The share of a step of each prompt in its best filter: no noise, rank min(k, d).",
        "ours.",
    ),
    Formula(
        "prompt_error",
        {w: "weight", **_PROMPT},
        PROMPT_ERROR,
        "‖e‖², Σ_x = I, W = wI, ‖β‖ = 1, no noise; u is βᵀu along β and has a square across.",
        "ours.",
        as_written=True,
    ),
    Formula(
        "prompt_direction",
        {n: "context_length", w: "weight", **_PROMPT},
        PROMPT_DIRECTION,
        "‖Pᵀu‖² for the same.",
        "ours.",
        as_written=True,
    ),
)
