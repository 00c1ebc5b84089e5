"""When a step repairs what pretraining on something else has cost, for isotropic features.

Symbols: in units in which the features of the test have the covariance I; W = wI and ‖β‖² = norm2.
Pretraining may differ in n, σ², the features' variance and the tasks' length.  All that it passes
on is w, hence the ratio c of w to the weight of pretraining on what the test has.  The improvement,
which is k/(pk + q), is written G·k/(k + K): all of G at k → ∞, half of it at k = K samples.

Source: ours; the limits of the risks are those of [G25], Theorems 4.2 and 5.3.
"""

import sympy

from derivations.formula import Formula, require
from derivations.linear.isotropic import CONSTANT, LINEAR, QUADRATIC
from derivations.linear.limits import A_, B_, THRESHOLD
from derivations.linear.pretraining import ISOTROPIC_WEIGHT
from derivations.linear.symbols import alpha, d, k, n, noise, norm2, w

_source_n, _share, _source_share, _features = sympy.symbols(
    "source_context_length noise_share source_noise_share feature_ratio", positive=True
)
ratio = sympy.Symbol("c", real=True)
_need, _gain, _half = sympy.symbols("need gain half", positive=True)


def _pretrained(length: sympy.Expr, share: sympy.Expr) -> sympy.Expr:
    """W* for tasks of the prior's length, from its noise as a share of the signal, in its units."""
    return ISOTROPIC_WEIGHT.subs(noise, d * share).subs(n, length)


_matched = _pretrained(n, _share)
WEIGHT_RATIO = sympy.factor(_features * _pretrained(_source_n, _source_share) / _matched)

(_best,) = sympy.solve(sympy.diff(CONSTANT, w), w)
require(_best - _matched.subs(_share, noise / norm2), "no weight is better than the matched one")
LOSS = sympy.factor(CONSTANT.subs(w, ratio * _best) - CONSTANT.subs(w, _best))

# c1/4k and c2/4k, of which the latter is linear in k.
_descent = sympy.expand(LINEAR / (4 * k))
_curvature = sympy.Poly(sympy.expand(QUADRATIC / (4 * k)), k)
_product, _rest = _curvature.all_coeffs()
FULL_GAIN = sympy.factor(_descent) ** 2 / sympy.expand(_product / n**2) / n**2
_noisy = sympy.factor(sympy.expand(_rest - (d + 1) * _product))
HALF_GAIN_SAMPLES = d + 1 + _noisy / n**2 / sympy.expand(_product / n**2)
(SAMPLES_NEEDED,) = sympy.solve(_gain * k / (k + _half) - _need, k)

# In proportion, with A = βᵀ(I − nW)²β and B = n(‖β‖² + σ²) tr(W²), whatever W of order 1/d.
LIMIT_GAIN = A_**2 / (A_ + B_)
LIMIT_HALF_GAIN = sympy.factor(1 + noise / (A_ + B_))

# Isotropic, without noise and ‖β‖ = 1: what the matched weights leave, and what c times them do.
_omega = ratio * alpha / (1 + alpha)
_at = {A_: (1 - _omega) ** 2, B_: _omega**2 / alpha}
_before, _all = sympy.factor((A_ + B_).subs(_at)), sympy.factor(LIMIT_GAIN.subs(_at))


def _threshold(need: sympy.Expr, gain: sympy.Expr) -> sympy.Expr:
    return sympy.factor(SAMPLES_NEEDED.subs({_half: 1, _need: need, _gain: gain}))


_lost = sympy.factor(_before - _before.subs(ratio, 1))
REPAIR_THRESHOLD = _threshold(_lost, _all)
SURPASSING_THRESHOLD = _threshold(_lost, _all - _all.subs(ratio, 1))
COLD_THRESHOLD = _threshold(1 - _before, 1 - _all)
require(COLD_THRESHOLD.subs(ratio, 1) - THRESHOLD, "without a shift it is that of Corollary 4.6")
require(SURPASSING_THRESHOLD.subs(ratio, 0) - THRESHOLD, "the cold start is a shift, too")
require(REPAIR_THRESHOLD.subs(ratio, 0) - alpha, "the cold start repairs for γ ≥ α")

_SIZES = {n: "context_length", d: "dim", norm2: "task_square", noise: "noise_variance"}
_PAIR = {alpha: "context_ratio", ratio: "weight_ratio"}

FORMULAS = (
    Formula(
        "weight_ratio",
        {
            n: "context_length",
            d: "dim",
            _share: "noise_share",
            _source_n: "source_context_length",
            _source_share: "source_noise_share",
            _features: "feature_ratio",
        },
        WEIGHT_RATIO,
        "c, from both n, both σ²/(signal of a label) and test over source variance of features.",
        "ours.",
    ),
    Formula(
        "pretraining_loss",
        _SIZES | {ratio: "weight_ratio"},
        LOSS,
        "Risk before the step at c times the matched weights, less that at these.",
        "ours.",
    ),
    Formula(
        "full_gain",
        _SIZES | {w: "weight"},
        FULL_GAIN,
        "G in improvement = G·k/(k + K), Σ_x = I, W = wI.",
        "ours; theory.md, section 2, fact 4.",
        as_written=True,
    ),
    Formula(
        "half_gain_samples",
        _SIZES | {w: "weight"},
        HALF_GAIN_SAMPLES,
        "K in improvement = G·k/(k + K), Σ_x = I, W = wI.",
        "ours; theory.md, section 2, fact 4.",
        as_written=True,
    ),
    Formula(
        "samples_needed",
        {_half: "half_gain_samples", _need: "need", _gain: "full_gain"},
        SAMPLES_NEEDED,
        "The k with G·k/(k + K) = need; where G ≤ need there is none.",
        "ours; any features and weights.",
    ),
    Formula(
        "limit_full_gain",
        {A_: "bias", B_: "variance"},
        LIMIT_GAIN,
        "Limit of G for Σ_x = I: A = βᵀ(I−nW)²β, B = n(‖β‖²+σ²)tr(W²).",
        "ours; [G25], Theorem 5.3 without noise.",
    ),
    Formula(
        "limit_half_gain_ratio",
        {A_: "bias", B_: "variance", noise: "noise_variance"},
        LIMIT_HALF_GAIN,
        "Limit of K/d for Σ_x = I: A = βᵀ(I−nW)²β, B = n(‖β‖²+σ²)tr(W²).",
        "ours; [G25], Theorem 5.3 without noise.",
    ),
    Formula(
        "repair_threshold",
        _PAIR,
        REPAIR_THRESHOLD,
        "γ from which on the step leaves no more than the matched weights without one.",
        "ours; Σ_x = I, no noise, in the limit; where negative there is none.",
    ),
    Formula(
        "surpassing_threshold",
        _PAIR,
        SURPASSING_THRESHOLD,
        "γ from which on the step leaves no more than the matched weights with one.",
        "ours; Σ_x = I, no noise, in the limit; where negative there is none.",
    ),
    Formula(
        "cold_threshold",
        _PAIR,
        COLD_THRESHOLD,
        "γ beyond which the cold start wins; where negative, always or never.",
        "ours; Σ_x = I, no noise, in the limit; [G25], Corollary 4.6 at c = 1.",
    ),
)
