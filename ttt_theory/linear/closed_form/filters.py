"""One step, t steps and any filter of the same samples, as n, k and d grow in proportion.

Compiled from derivations.linear.filters by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "attenuation",
    "converged_gain",
    "convergent",
    "discriminant",
    "error_square",
    "filter_fraction",
    "gain_scale",
    "one_step_fraction",
    "one_step_share",
    "prompt_direction",
    "prompt_error",
    "step_share",
    "warm_bias",
    "warm_weight",
]


def warm_weight(context_ratio: Any) -> Any:
    """ω = lim nw of the warm start, pretrained without noise.

    Source: [G25], Section 3.
    """
    alpha = context_ratio
    return alpha / (alpha + 1)


def warm_bias(context_ratio: Any) -> Any:
    """r = 1 − ω of it.

    Source: [G25], Section 3.
    """
    alpha = context_ratio
    return 1 / (alpha + 1)


def error_square(context_ratio: Any, noise_ratio: Any, weight: Any, bias: Any) -> Any:
    """ε = lim ‖e‖²/‖β‖² before any step; the noise ratio is σ²/‖β‖².

    Source: ours.
    """
    alpha, sigma2 = context_ratio, noise_ratio
    return bias**2 + weight**2 * (sigma2 + 1)/alpha


def attenuation(context_ratio: Any, noise_ratio: Any) -> Any:
    """ρ = lim n²‖β‖²/‖u‖².

    Source: ours.
    """
    alpha, sigma2 = context_ratio, noise_ratio
    return alpha / (alpha + sigma2 + 1)


def gain_scale(overlap: Any, error_square: Any) -> Any:
    """What a gain is a fraction of; the overlap is r², or ε on the same context.

    Source: ours; without noise one step is [G25], Theorem 4.2.
    """
    return overlap**2 / error_square


def one_step_fraction(sample_ratio: Any, relative_noise: Any) -> Any:
    """The fraction that the optimal step gains; the relative noise is λ = σ²/(ε‖β‖²).

    Source: ours; without noise one step is [G25], Theorem 4.2.
    """
    gamma = sample_ratio
    return gamma/(gamma + relative_noise + 1)


def convergent(sample_ratio: Any, relative_noise: Any, previous: Any) -> Any:
    """G_t of the best polynomial of degree t, from G_(t−1).

    Source: ours.
    """
    gamma = sample_ratio
    return gamma/(gamma - previous + relative_noise + 1)


def filter_fraction(sample_ratio: Any, relative_noise: Any, root: Any) -> Any:
    """The limit of G_t: what the best filter, a ridge, gains; root is that of the discriminant.

    Source: ours.
    """
    gamma = sample_ratio
    return 2 * gamma / (gamma + relative_noise + root + 1)


def one_step_share(sample_ratio: Any, relative_noise: Any, root: Any) -> Any:
    """The gain of one optimal step divided by that of the best spectral filter.

    Source: ours.
    """
    gamma = sample_ratio
    return (gamma + relative_noise + root + 1) / (2 * gamma + 2 * relative_noise + 2)


def discriminant(sample_ratio: Any, relative_noise: Any) -> Any:
    """(1+γ+λ)² − 4γ = 4γ sinh² θ; G_t = √γ sinh(tθ)/sinh((t+1)θ).

    Source: ours.
    """
    gamma = sample_ratio
    return relative_noise * (2 * gamma + relative_noise + 2) + (gamma - 1)**2


def converged_gain(
    rank: Any, attenuation: Any, overlap: Any, error_square: Any, noise_ratio: Any, gap: Any
) -> Any:
    """The gain of least squares on the test samples; rank is min(1, γ), gap |γ − 1|.

    Source: ours.
    """
    sigma2 = noise_ratio
    return (
        attenuation * rank * (-attenuation * (error_square + sigma2/gap) + 2 * overlap)
    )


def step_share(test_samples: Any, dim: Any, rank: Any) -> Any:
    """The share of a step of each prompt in its best filter: no noise, rank min(k, d).

    Source: ours.
    """
    k, d = test_samples, dim
    return d * k / (rank * (d + k + 1))


def prompt_error(weight: Any, along: Any, across: Any) -> Any:
    """‖e‖², Σ_x = I, W = wI, ‖β‖ = 1, no noise; u is βᵀu along β and has a square across.

    Source: ours.
    """
    w = weight
    return across * w**2 + (-along * w + 1)**2


def prompt_direction(context_length: Any, weight: Any, along: Any, across: Any) -> Any:
    """‖Pᵀu‖² for the same.

    Source: ours.
    """
    n, w = context_length, weight
    return across * n**2 * w**2 + along**2 * n**2 * (-w * (n + 2) + 1)**2
