"""Whether k samples are better spent on test-time training than on a longer context."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.claims.claim import Claim
from ttt_theory.covariance import Isotropic
from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive, proof
from ttt_theory.evidence.record import Evidence, EvidenceKind, Verdict
from ttt_theory.linear.claims.averages import context_average
from ttt_theory.linear.claims.stating import exactly
from ttt_theory.linear.closed_form import (
    filters,
    isotropic,
    isotropic_steps,
    normalized,
    pretraining,
    step_or_context,
)
from ttt_theory.linear.exact.best_steps import best_steps
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import ZeroWeights

if TYPE_CHECKING:
    from ttt_theory.evidence.effort import Effort

__all__ = ["CLAIMS"]


def _matched(n: Any, d: Any, noise: Any) -> Any:
    """Return the weight pretrained on tasks of the test task's length, ‖β‖ = 1: Σ_β = I/d."""
    return pretraining.isotropic_weight(n, d, d * noise)


def _mismatched(n: Any, k: Any, d: Any, noise: Any, ratio: Any) -> tuple[Any, Any, Any]:
    """Return w for a prior of ratio times the square, and the risks at n and at n + k."""
    ridge = d * noise / ratio
    weight, more = (pretraining.isotropic_weight(each, d, ridge) for each in (n, n + k))
    return (
        weight,
        isotropic.constant(n, d, 1, noise, weight),
        isotropic.constant(n + k, d, 1, noise, more),
    )


def _gain(linear: Any, quadratic: Any) -> Any:
    return linear**2 / (4 * quadratic)


def _same_gain(error: Any, k: Any, d: Any, noise: Any) -> Any:
    """Return what a step divided by ‖u‖² gains on its own context, of E‖e‖² before it."""
    linear = normalized.same_linear(k, error)
    return _gain(linear, normalized.same_quadratic(k, error, error, d, noise))


def _on_the_same_context(_: Effort) -> list[Evidence]:
    n, k, d, square, noise = indeterminates("n k d m v")
    ratio = noise / square
    error = isotropic.constant(n, d, square, noise, _matched(n, d, ratio)) - noise
    longer = step_or_context.longer_context_risk(n, k, d, square, noise)
    advantage = step_or_context.same_warm_advantage(n, k, d, square, noise)
    return [
        identity(
            "k more samples in the context leave σ² + ‖β‖²D/(n+k+D), D = d + 1 + dσ²/‖β‖²",
            isotropic.constant(n + k, d, square, noise, _matched(n + k, d, ratio)),
            longer,
        ),
        identity(
            "on the same context, divided by ‖u‖², warm: a step leaves less by the advantage",
            error + noise - _same_gain(error, k, d, noise),
            longer - advantage,
        ),
        positive("which is positive at every size and noise", advantage),
        identity(
            "cold: it leaves exactly what a context of its k samples alone would",
            square + noise - _same_gain(square, k, d, noise),
            step_or_context.longer_context_risk(0 * n, k, d, square, noise),
        ),
    ]


def _several_in_the_limit(_: Effort) -> list[Evidence]:
    alpha, gamma, noise, before, d = indeterminates("alpha gamma v G d")
    label = 1 + noise
    longer = label / (label + alpha + gamma)
    gain = filters.convergent(gamma, noise, before)
    cold = step_or_context.cold_context_ratio(gain, before)
    # With a prior of the right length lim nw is what it takes off the mean of u, too.
    weight = filters.attenuation(alpha, noise)
    bias = 1 - weight
    error = filters.error_square(alpha, noise, weight, bias)
    scale = filters.gain_scale(bias**2, error)
    needed = step_or_context.warm_fraction(alpha, gamma, noise)
    noiseless = step_or_context.warm_fraction(alpha, gamma, 0)
    one = filters.one_step_fraction(gamma, noise / error)
    size = alpha * d, gamma * d, d
    return [
        limit(
            "the longer context leaves c/(c + α + γ) + σ², c = 1 + σ²",
            step_or_context.longer_context_risk(*size, 1, noise),
            longer + noise,
            variable=d,
        ),
        limit("nw tends to α/(α + c)", size[0] * _matched(size[0], d, noise), weight, variable=d),
        identity(
            "cold, on either context: after t steps more is left than by the longer context by "
            "(1−G_t)(α − G_tG_(t−1)/(1−G_t)) over its denominator",
            1 - gain - longer,
            (1 - gain) * (alpha - cold) / (label + alpha + gamma),
        ),
        identity("for one step that is never less", _cold_ratio(gamma, noise, 1), 0),
        identity(
            "for two less iff α < γ²/[(1+σ²)² + σ²γ]",
            _cold_ratio(gamma, noise, 2),
            gamma**2 / (label**2 + noise * gamma),
        ),
        identity(
            "without noise α < γ² + … + γᵗ, here for t = 5",
            _cold_ratio(gamma, 0 * noise, 5),
            sum(gamma**power for power in range(2, 6)),
        ),
        identity(
            "and for the best filter at γ < 1 α < γ²/(1−γ)",
            step_or_context.cold_context_ratio(gamma, gamma),
            gamma**2 / (1 - gamma),
        ),
        identity(
            "warm, on a fresh context: more by the same scale times what G_t lacks",
            error - scale * gain - longer,
            scale * (needed - gain),
        ),
        positive("for one step that is never less", needed - one),
        identity(
            "without noise, best filter: less iff α(1+α) < γ for γ ≤ 1",
            noiseless - gamma,
            gamma * (alpha * (1 + alpha) - gamma) / (1 + alpha + gamma),
        ),
        identity(
            "and γ < (1+α)/(α(2+α)) for γ ≥ 1",
            noiseless - 1,
            (gamma * alpha * (2 + alpha) - 1 - alpha) / (1 + alpha + gamma),
        ),
        positive("warm, on the same context: one step leaves less", longer - error * (1 - one)),
    ]


def _cold_ratio(gamma: Any, noise: Any, steps: int) -> Any:
    before, gain = gamma.field(0), filters.one_step_fraction(gamma, noise)
    for _ in range(steps - 1):
        before, gain = gain, filters.convergent(gamma, noise, gain)
    return step_or_context.cold_context_ratio(gain, before)


def _from_the_cold_start(_: Effort) -> list[Evidence]:
    n, d, length, across, rank = indeterminates("n d T p r")
    share = length / (length + across)
    # What ‖Pᵀu‖²/uᵀMu is, whose mean times min(k,d)/d bounds every method's gain.
    direction = filters.prompt_direction(n, 0, length, length * across)
    overlap = isotropic_steps.context_form(n, 1, 1, length**2, length * across)
    mean = n / (n + d - 1)
    height = n * mean / ((n + 1) * mean + 1)
    slope = n / ((n + 1) * mean + 1) ** 2
    square = n * (n + 1) * (share - mean) ** 2 / ((n + 1) * mean + 1) ** 2 / ((n + 1) * share + 1)
    samples = step_or_context.cold_samples(n, d)
    at = step_or_context.cold_span_risk(n, d, d)
    a, b, more = indeterminates("a b x")
    return [
        identity(
            "cold, no noise: ‖Pᵀu‖²/uᵀMu is concave in p = T/(T + χ²_(d−1)), below its tangent at "
            "E p = n/(n+d−1) by a square",
            height + slope * (share - mean) - direction / overlap,
            square,
        ),
        identity(
            "so that no number of steps leaves less than 1 − r/d·n²/(n²+2n+d−1), r = min(k,d)",
            step_or_context.cold_span_risk(n, d, rank),
            1 - rank / d * height,
        ),
        identity(
            "which a longer context leaves at k = n(n−1)(d−1)/(2n+d−1)",
            at,
            step_or_context.longer_context_risk(n, samples, d, 1, 0),
        ),
        positive(
            "and less for every larger k",
            step_or_context.cold_span_risk(1 + a, 1 + b, 1 + b)
            - step_or_context.longer_context_risk(
                1 + a, step_or_context.cold_samples(1 + a, 1 + b) + more, 1 + b, 1, 0
            ),
        ),
    ]


def _plain_on_the_same_context(_: Effort) -> list[Evidence]:
    n, k, d, length, across = indeterminates("a b c T p")
    n, k, d = 1 + n, 1 + k, 1 + d
    weight = _matched(n, d, 0)
    error = filters.prompt_error(weight, length, length * across)
    square = length**2 + length * across
    first, second = (
        context_average(square**power * error, n, d, length, across) for power in (1, 2)
    )
    before = isotropic.constant(n, d, 1, 0, weight)
    most = step_or_context.same_plain_samples(n, d)

    def advantage(k: Any) -> Any:
        step = before - k / (k + d + 1) * first**2 / second
        return step_or_context.longer_context_risk(n, k, d, 1, 0) - step

    return [
        identity(
            "a plain step on the same context, warm and without noise, leaves as much as the "
            "longer context at k = k₀(n, d)",
            advantage(most),
            0,
        ),
        positive("and less by a positive multiple of k₀ − k", advantage(k) / (most - k)),
    ]


def _excess(n: Any, k: Any, d: Any, noise: Any, weight: Any) -> Any:
    """Return 4c2 times the risk after a step on k samples less that of k more in the context."""
    linear = isotropic.linear(n, k, d, 1, noise, weight)
    quadratic = isotropic.quadratic(n, k, d, 1, noise, weight)
    more = step_or_context.longer_context_risk(n, k, d, 1, noise)
    return 4 * quadratic * (isotropic.constant(n, d, 1, noise, weight) - more) - linear**2


def _one_step_on_a_fresh_context(_: Effort) -> list[Evidence]:
    a, b, c, noise = indeterminates("a b c v")
    n, k, d = 1 + a, 1 + b, 1 + c
    without = 0 * noise
    return [
        positive(
            "a fresh context, no noise, warm and cold: one step leaves more than the longer "
            "context",
            _excess(n, k, d, without, _matched(n, d, without)),
            _excess(n, k, d, without, without),
        ),
        positive(
            "and with any noise, where the prior has tasks of the right length",
            _excess(n, k, d, noise, _matched(n, d, noise)),
            _excess(n, k, d, noise, without),
        ),
    ]


def _with_a_wrong_prior(_: Effort) -> list[Evidence]:
    noise = Fraction(1, 10)
    n, k, d = map(Fraction, (40, 100, 40))
    weight, before, longer = _mismatched(n, k, d, noise, Fraction(1, 100))
    arguments = n, k, d, 1, noise, weight
    fresh = before - _gain(isotropic.linear(*arguments), isotropic.quadratic(*arguments))
    evidence = [
        proof(
            "n, k, d = 40, 100, 40, σ² = ‖β‖²/10, a prior of tasks of a tenth of the length: one "
            "step on a fresh context leaves less",
            fresh < longer,
            step=float(fresh),
            more_context=float(longer),
        )
    ]
    n, k, d, noise = map(Fraction, (5, 10**4, 5, 4))
    _, before, longer = _mismatched(n, k, d, noise, Fraction(100))
    same = before - _same_gain(before - noise, k, d, noise)
    evidence.append(
        proof(
            "n, k, d = 5, 10⁴, 5, σ² = 4‖β‖², a prior of tasks of ten times the length: a step on "
            "the same context, divided by ‖u‖², leaves more",
            same > longer,
            step=float(same),
            more_context=float(longer),
        )
    )
    return evidence


# α = 1/2 and γ = 1: the number of steps, and a d at which the longer context leaves less than any
# polynomial of that degree, while at d + 2 real steps leave less.
_TURNS = ((2, 162), (3, 70))


def _several_at_these_sizes(_: Effort) -> list[Evidence]:
    evidence = []
    for steps, dim in _TURNS:
        found, longer = [], []
        for d in (dim, dim + 2):
            prior, task = Isotropic(d), np.eye(1, d)[0]
            cold = Setting(d // 2, d, prior, prior, task, initialization=ZeroWeights())
            found.append(best_steps(cold, steps))
            sizes = map(Fraction, (d // 2, d, d, 1, 0))
            longer.append(float(step_or_context.longer_context_risk(*sizes)))
        turns = found[0].polynomial_risk > longer[0] and found[1].risks[-1] < longer[1]
        evidence.append(
            Evidence(
                EvidenceKind.EXACT_VALUE,
                Verdict.CONFIRMED if turns else Verdict.REFUTED,
                f"cold, no noise, α = 1/2, γ = 1: the best {steps} steps leave less at d = "
                f"{dim + 2}, and not at d = {dim}",
                {"before": found[0].risks[-1] / longer[0], "after": found[1].risks[-1] / longer[1]},
            )
        )
    return evidence


CLAIMS = (
    Claim(
        id="step-or-context",
        title="When k samples are better spent on test-time training than on a longer context",
        source="ours",
        statement=(
            "Isotropic features, a prior of tasks of the test task's length, any noise; the longer "
            "context has n + k samples and a model pretrained at that length. On a fresh context "
            "one step never leaves less, from either start; the best polynomial of degree t does "
            "in the limit, from the cold start iff n/d < G_tG_(t−1)/(1−G_t), and no number of "
            "steps from there, at any size without noise, unless k < n(n−1)(d−1)/(2n+d−1). On the "
            "same context a step divided by ‖u‖² leaves less from the warm start always, from the "
            "cold one never; a plain one, warm and without noise, for k < k₀(n, d)."
        ),
        formulas=exactly(
            step_or_context.longer_context_risk,
            step_or_context.same_warm_advantage,
            step_or_context.same_plain_samples,
            step_or_context.cold_context_ratio,
            step_or_context.warm_fraction,
            step_or_context.cold_span_risk,
            step_or_context.cold_samples,
        ),
        evidence=(
            _on_the_same_context,
            _several_in_the_limit,
            _from_the_cold_start,
            _plain_on_the_same_context,
            _with_a_wrong_prior,
            _several_at_these_sizes,
            _one_step_on_a_fresh_context,
        ),
    ),
)
