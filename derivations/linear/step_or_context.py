"""Whether k samples are better spent on a step than on a longer context.

Symbols: Σ_x = I, u = Xᵀy, U = ‖u‖², e = β − Wu, t ~ χ²_n.  The other use of the k samples is a
context of n + k and a model pretrained at that length; its prior has tasks of the test task's
length, Σ_β = (‖β‖²/d) I, so that W* = I/(n + k + D) with D = d + 1 + dσ²/‖β‖².

In the limit n = αd, k = γd, d → ∞, with ‖β‖ = 1 and c = 1 + σ², the best polynomial of degree t
gains the multiple G_t of (a²/ε), with G_t(1 + γ + λ − G_(t−1)) = γ (`derivations.linear.filters`),
and the longer context leaves c/(c + α + γ).

Source: ours (theory.md, section 2, fact 17).
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear import filters, isotropic, normalized
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import alpha, d, gamma, k, n, noise, norm2, w

previous, rank = sympy.symbols("previous rank", nonnegative=True)

# Pretraining depends on σ² and the prior by their ratio alone.
MATCHED_WEIGHT = sympy.factor(ISOTROPIC_WEIGHT.subs(noise, d * noise / norm2))


def _warm(expression: sympy.Expr) -> sympy.Expr:
    return expression.subs(w, MATCHED_WEIGHT)


LONGER_CONTEXT_RISK = sympy.factor(_warm(isotropic.CONSTANT).subs(n, n + k))

# On the same context, divided by ‖u‖², every moment is one of ‖e‖².
_error = sympy.Symbol("epsilon", positive=True)
_left = _error - _error**2 * k / ((k + d + 1) * _error + d * noise)
_warm_error = sympy.factor(_warm(isotropic.CONSTANT) - noise)
SAME_WARM_RISK_AFTER = sympy.factor(noise + _left.subs(_error, _warm_error))
SAME_WARM_ADVANTAGE = sympy.factor(LONGER_CONTEXT_RISK - SAME_WARM_RISK_AFTER)
_ridge = d + 1 + d * noise / norm2
require(
    SAME_WARM_ADVANTAGE
    - norm2
    * (n * k * (d + 1) * _ridge)
    / ((n + _ridge) * (n + k + _ridge) * ((k + d + 1) * _ridge + d * noise / norm2 * (n + _ridge))),
    "the advantage is a product of positive factors",
)

# A plain step on the same context, without noise: c1 = 4k E[U‖e‖²], c2 = 4k(k+d+1) E[U²‖e‖²].
_square, _error_form = normalized.u_square, normalized.any_error
_moments = [
    sympy.factor(
        normalized.label_scaled_mean((_square**power * _error_form).subs(noise, 0), 0)
        .subs(noise, 0)
        .subs(w, MATCHED_WEIGHT.subs(noise, 0))
    )
    for power in (1, 2)
]
_improvement = k * _moments[0] ** 2 / ((k + d + 1) * _moments[1])
_needed = (norm2 * (d + 1) / (n + d + 1)) - LONGER_CONTEXT_RISK.subs(noise, 0)
_numerator = sympy.fraction(sympy.factor(_improvement - _needed))[0]
[SAME_PLAIN_SAMPLES] = [root for root in sympy.roots(_numerator, k) if root != 0]
SAME_PLAIN_SAMPLES = sympy.factor(SAME_PLAIN_SAMPLES)

# The limits.  G_t[1 + γ + λ − G_(t−1)] = γ makes (1−G_t)(α+1+γ+λ) − (1+λ) = α(1−G_t) − G_tG_(t−1).
_fraction = filters.fraction
COLD_CONTEXT_RATIO = _fraction * previous / (1 - _fraction)
_label = 1 + noise
_context = _label / (_label + alpha + gamma)
_gain = filters.CONVERGENT.subs({_fraction: previous, filters.lam: noise})
require(
    (1 - _gain - _context) * (_label + alpha + gamma)
    - (1 - _gain) * (alpha - COLD_CONTEXT_RATIO.subs(_fraction, _gain)),
    "the cold start on either context",
)
MATCHED_LIMIT = alpha / (alpha + _label)
_bias = 1 - MATCHED_LIMIT
_warm_limit = filters.ERROR.subs({filters.omega: MATCHED_LIMIT, filters.r: _bias})
_scale = filters.GAIN_SCALE.subs({filters.a: _bias**2, filters.epsilon: _warm_limit})
WARM_FRACTION = sympy.factor((_warm_limit - _context) / _scale)

# No method whose a is in the span of the test features gains more than min(k,d)/d·‖Pᵀu‖²/uᵀMu.
# Cold and without noise that is np/((n+1)p + 1), p = t/(t + χ²_(d−1)), concave, and E p is this:
_mean = n / (n + d - 1)
COLD_SPAN_RISK = sympy.factor(1 - rank / d * (n * _mean / ((n + 1) * _mean + 1)))
# From so many samples on that is more than the longer context leaves.
_equal = sympy.factor(COLD_SPAN_RISK.subs(rank, d) - (LONGER_CONTEXT_RISK / norm2).subs(noise, 0))
[COLD_SAMPLES] = map(sympy.factor, sympy.roots(sympy.fraction(_equal)[0], k))

_SIZES = {n: "context_length", k: "test_samples", d: "dim"}
_NOISY = _SIZES | {norm2: "task_square", noise: "noise_variance"}
_SOURCE = "ours; theory.md, section 2, fact 17."

FORMULAS = (
    Formula(
        "longer_context_risk",
        _NOISY,
        LONGER_CONTEXT_RISK,
        "The risk of k more samples in the context, with a model pretrained at n + k.",
        _SOURCE,
    ),
    Formula(
        "same_warm_advantage",
        _NOISY,
        SAME_WARM_ADVANTAGE,
        "By how much less the best step on the same context leaves: divided by ‖u‖², warm.",
        _SOURCE,
    ),
    Formula(
        "same_plain_samples",
        {n: "context_length", d: "dim"},
        SAME_PLAIN_SAMPLES,
        "The k below which a plain step on the same context leaves less: warm, no noise.",
        _SOURCE,
    ),
    Formula(
        "cold_context_ratio",
        {_fraction: "fraction", previous: "previous"},
        COLD_CONTEXT_RATIO,
        "The α below which t steps from the cold start leave less, from G_t and G_(t−1).",
        _SOURCE,
    ),
    Formula(
        "warm_fraction",
        {alpha: "context_ratio", gamma: "sample_ratio", noise: "noise_ratio"},
        WARM_FRACTION,
        "The G_t above which t steps from the warm start leave less, on a fresh context.",
        _SOURCE,
    ),
    Formula(
        "cold_span_risk",
        {n: "context_length", d: "dim", rank: "rank"},
        COLD_SPAN_RISK,
        "What steps from the cold start leave at least, ‖β‖ = 1; rank is min(k, d).",
        _SOURCE,
    ),
    Formula(
        "cold_samples",
        {n: "context_length", d: "dim"},
        COLD_SAMPLES,
        "The k from which on a longer context leaves less than any of them.",
        _SOURCE,
    ),
)
