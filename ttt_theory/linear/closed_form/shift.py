"""When a step repairs what pretraining on something else has cost, for isotropic features.

Compiled from derivations.linear.shift by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_threshold",
    "full_gain",
    "half_gain_samples",
    "limit_full_gain",
    "limit_half_gain_ratio",
    "pretraining_loss",
    "repair_threshold",
    "samples_needed",
    "surpassing_threshold",
    "weight_ratio",
]


def weight_ratio(
    context_length: Any, dim: Any, noise_share: Any, source_context_length: Any,
    source_noise_share: Any, feature_ratio: Any
) -> Any:
    """c, from both n, both σ²/(signal of a label) and test over source variance of features.

    Source: ours.
    """
    n, d = context_length, dim
    return (
        feature_ratio * (d * noise_share + d + n + 1) / (d * source_noise_share + d +
        source_context_length + 1)
    )


def pretraining_loss(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight_ratio: Any
) -> Any:
    """Risk before the step at c times the matched weights, less that at these.

    Source: ours.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2 = noise_variance
    return n * norm2**2 * (weight_ratio - 1)**2 / (d * norm2 + d * sigma2 + n * norm2 + norm2)


def full_gain(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any
) -> Any:
    """G in improvement = G·k/(k + K), Σ_x = I, W = wI.

    Source: ours; theory.md, section 2, fact 4.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        n**2 * (d * norm2**2 * w**2 + 2 * d * norm2 * sigma2 * w**2 + d * sigma2**2 * w**2 + n**2
        * norm2**2 * w**2 + 4 * n * norm2**2 * w**2 - 2 * n * norm2**2 * w + 2 * n * norm2 *
        sigma2 * w**2 + 3 * norm2**2 * w**2 - 4 * norm2**2 * w + norm2**2 + 2 * norm2 * sigma2 *
        w**2 - 2 * norm2 * sigma2 * w)**2/(d**2 * n * norm2**3 * w**2 + 3 * d**2 * n * norm2**2 *
        sigma2 * w**2 + 3 * d**2 * n * norm2 * sigma2**2 * w**2 + d**2 * n * sigma2**3 * w**2 + 2
        * d**2 * norm2**3 * w**2 + 6 * d**2 * norm2**2 * sigma2 * w**2 + 6 * d**2 * norm2 *
        sigma2**2 * w**2 + 2 * d**2 * sigma2**3 * w**2 + d * n**3 * norm2**3 * w**2 + d * n**3 *
        norm2**2 * sigma2 * w**2 + 9 * d * n**2 * norm2**3 * w**2 + 12 * d * n**2 * norm2**2 *
        sigma2 * w**2 + 3 * d * n**2 * norm2 * sigma2**2 * w**2 + 26 * d * n * norm2**3 * w**2 - 2
        * d * n * norm2**3 * w + 43 * d * n * norm2**2 * sigma2 * w**2 - 4 * d * n * norm2**2 *
        sigma2 * w + 19 * d * n * norm2 * sigma2**2 * w**2 - 2 * d * n * norm2 * sigma2**2 * w + 2
        * d * n * sigma2**3 * w**2 + 24 * d * norm2**3 * w**2 - 4 * d * norm2**3 * w + d *
        norm2**3 + 46 * d * norm2**2 * sigma2 * w**2 - 8 * d * norm2**2 * sigma2 * w + 2 * d *
        norm2**2 * sigma2 + 26 * d * norm2 * sigma2**2 * w**2 - 4 * d * norm2 * sigma2**2 * w + d
        * norm2 * sigma2**2 + 4 * d * sigma2**3 * w**2 + n**4 * norm2**3 * w**2 + 13 * n**3 *
        norm2**3 * w**2 - 2 * n**3 * norm2**3 * w + 6 * n**3 * norm2**2 * sigma2 * w**2 + 59 *
        n**2 * norm2**3 * w**2 - 16 * n**2 * norm2**3 * w + n**2 * norm2**3 + 48 * n**2 * norm2**2
        * sigma2 * w**2 - 8 * n**2 * norm2**2 * sigma2 * w + 6 * n**2 * norm2 * sigma2**2 * w**2 +
        109 * n * norm2**3 * w**2 - 38 * n * norm2**3 * w + 4 * n * norm2**3 + 118 * n * norm2**2
        * sigma2 * w**2 - 32 * n * norm2**2 * sigma2 * w + 2 * n * norm2**2 * sigma2 + 26 * n *
        norm2 * sigma2**2 * w**2 - 4 * n * norm2 * sigma2**2 * w + 70 * norm2**3 * w**2 - 28 *
        norm2**3 * w + 3 * norm2**3 + 92 * norm2**2 * sigma2 * w**2 - 32 * norm2**2 * sigma2 * w +
        2 * norm2**2 * sigma2 + 28 * norm2 * sigma2**2 * w**2 - 8 * norm2 * sigma2**2 * w)
    )


def half_gain_samples(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any
) -> Any:
    """K in improvement = G·k/(k + K), Σ_x = I, W = wI.

    Source: ours; theory.md, section 2, fact 4.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        d * sigma2 * (d * norm2**2 + 2 * d * norm2 * sigma2 + d * sigma2**2 + n**2 * norm2**2 + 4
        * n * norm2**2 + 2 * n * norm2 * sigma2 + 3 * norm2**2 + 2 * norm2 * sigma2)/(d**2 * n *
        norm2**3 * w**2 + 3 * d**2 * n * norm2**2 * sigma2 * w**2 + 3 * d**2 * n * norm2 *
        sigma2**2 * w**2 + d**2 * n * sigma2**3 * w**2 + 2 * d**2 * norm2**3 * w**2 + 6 * d**2 *
        norm2**2 * sigma2 * w**2 + 6 * d**2 * norm2 * sigma2**2 * w**2 + 2 * d**2 * sigma2**3 *
        w**2 + d * n**3 * norm2**3 * w**2 + d * n**3 * norm2**2 * sigma2 * w**2 + 9 * d * n**2 *
        norm2**3 * w**2 + 12 * d * n**2 * norm2**2 * sigma2 * w**2 + 3 * d * n**2 * norm2 *
        sigma2**2 * w**2 + 26 * d * n * norm2**3 * w**2 - 2 * d * n * norm2**3 * w + 43 * d * n *
        norm2**2 * sigma2 * w**2 - 4 * d * n * norm2**2 * sigma2 * w + 19 * d * n * norm2 *
        sigma2**2 * w**2 - 2 * d * n * norm2 * sigma2**2 * w + 2 * d * n * sigma2**3 * w**2 + 24 *
        d * norm2**3 * w**2 - 4 * d * norm2**3 * w + d * norm2**3 + 46 * d * norm2**2 * sigma2 *
        w**2 - 8 * d * norm2**2 * sigma2 * w + 2 * d * norm2**2 * sigma2 + 26 * d * norm2 *
        sigma2**2 * w**2 - 4 * d * norm2 * sigma2**2 * w + d * norm2 * sigma2**2 + 4 * d *
        sigma2**3 * w**2 + n**4 * norm2**3 * w**2 + 13 * n**3 * norm2**3 * w**2 - 2 * n**3 *
        norm2**3 * w + 6 * n**3 * norm2**2 * sigma2 * w**2 + 59 * n**2 * norm2**3 * w**2 - 16 *
        n**2 * norm2**3 * w + n**2 * norm2**3 + 48 * n**2 * norm2**2 * sigma2 * w**2 - 8 * n**2 *
        norm2**2 * sigma2 * w + 6 * n**2 * norm2 * sigma2**2 * w**2 + 109 * n * norm2**3 * w**2 -
        38 * n * norm2**3 * w + 4 * n * norm2**3 + 118 * n * norm2**2 * sigma2 * w**2 - 32 * n *
        norm2**2 * sigma2 * w + 2 * n * norm2**2 * sigma2 + 26 * n * norm2 * sigma2**2 * w**2 - 4
        * n * norm2 * sigma2**2 * w + 70 * norm2**3 * w**2 - 28 * norm2**3 * w + 3 * norm2**3 + 92
        * norm2**2 * sigma2 * w**2 - 32 * norm2**2 * sigma2 * w + 2 * norm2**2 * sigma2 + 28 *
        norm2 * sigma2**2 * w**2 - 8 * norm2 * sigma2**2 * w) + d + 1
    )


def samples_needed(half_gain_samples: Any, need: Any, full_gain: Any) -> Any:
    """The k with G·k/(k + K) = need; where G ≤ need there is none.

    Source: ours; any features and weights.
    """
    return half_gain_samples * need / (full_gain - need)


def limit_full_gain(bias: Any, variance: Any) -> Any:
    """Limit of G for Σ_x = I: A = βᵀ(I−nW)²β, B = n(‖β‖²+σ²)tr(W²).

    Source: ours; [G25], Theorem 5.3 without noise.
    """
    return bias**2 / (bias + variance)


def limit_half_gain_ratio(bias: Any, variance: Any, noise_variance: Any) -> Any:
    """Limit of K/d for Σ_x = I: A = βᵀ(I−nW)²β, B = n(‖β‖²+σ²)tr(W²).

    Source: ours; [G25], Theorem 5.3 without noise.
    """
    sigma2 = noise_variance
    return (bias + sigma2 + variance) / (bias + variance)


def repair_threshold(context_ratio: Any, weight_ratio: Any) -> Any:
    """γ from which on the step leaves no more than the matched weights without one.

    Source: ours; Σ_x = I, no noise, in the limit; where negative there is none.
    """
    alpha = context_ratio
    return (
        -alpha * (alpha + 1)**2 * (weight_ratio - 1)**2 * (alpha * weight_ratio**2 - 2 * alpha *
        weight_ratio + alpha + 1)
    ) / (
        2 * alpha**3 * weight_ratio**4 - 4 * alpha**3 * weight_ratio**3 + alpha**3 *
        weight_ratio**2 + 2 * alpha**3 * weight_ratio - alpha**3 + alpha**2 * weight_ratio**4 - 4
        * alpha**2 * weight_ratio**3 + 2 * alpha**2 * weight_ratio**2 + 4 * alpha**2 *
        weight_ratio - 3 * alpha**2 + alpha * weight_ratio**2 + 2 * alpha * weight_ratio - 3 *
        alpha - 1
    )


def surpassing_threshold(context_ratio: Any, weight_ratio: Any) -> Any:
    """γ from which on the step leaves no more than the matched weights with one.

    Source: ours; Σ_x = I, no noise, in the limit; where negative there is none.
    """
    alpha = context_ratio
    return (
        -(alpha + 1)**2 * (weight_ratio - 1) * (alpha * weight_ratio**2 - 2 * alpha * weight_ratio
        + alpha + 1)
    ) / (
        2 * alpha**2 * weight_ratio**3 - 2 * alpha**2 * weight_ratio**2 - alpha**2 * weight_ratio
        + alpha**2 + alpha * weight_ratio**3 - 3 * alpha * weight_ratio**2 - alpha * weight_ratio
        + 3 * alpha + 2 * weight_ratio + 2
    )


def cold_threshold(context_ratio: Any, weight_ratio: Any) -> Any:
    """γ beyond which the cold start wins; where negative, always or never.

    Source: ours; Σ_x = I, no noise, in the limit; [G25], Corollary 4.6 at c = 1.
    """
    alpha = context_ratio
    return (
        -(alpha + 1)**2 * (weight_ratio - 2) * (alpha * weight_ratio**2 - 2 * alpha * weight_ratio
        + alpha + 1)
    ) / (
        weight_ratio * (2 * alpha**2 * weight_ratio**2 - 4 * alpha**2 * weight_ratio + 2 *
        alpha**2 + alpha * weight_ratio**2 - 4 * alpha * weight_ratio + 4 * alpha + 2)
    )
