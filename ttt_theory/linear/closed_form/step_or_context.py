"""Whether k samples are better spent on a step than on a longer context.

Compiled from derivations.linear.step_or_context by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_context_ratio",
    "cold_samples",
    "cold_span_risk",
    "longer_context_risk",
    "same_plain_samples",
    "same_warm_advantage",
    "warm_fraction",
]


def longer_context_risk(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The risk of k more samples in the context, with a model pretrained at n + k.

    Source: ours; theory.md, section 2, fact 17.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return (
        d * norm2**2 + 2 * d * norm2 * sigma2 + d * sigma2**2 + k * norm2 * sigma2 + n * norm2 *
        sigma2 + norm2**2 + norm2 * sigma2
    ) / (d * norm2 + d * sigma2 + k * norm2 + n * norm2 + norm2)


def same_warm_advantage(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """By how much less the best step on the same context leaves: divided by ‖u‖², warm.

    Source: ours; theory.md, section 2, fact 17.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return k * n * norm2**4 * (d + 1) * (d * norm2 + d * sigma2 + norm2) / (
        (d * norm2 + d * sigma2 + n * norm2 + norm2) * (d * norm2 + d * sigma2 + k * norm2 + n *
        norm2 + norm2) * (d**2 * norm2**2 + 2 * d**2 * norm2 * sigma2 + d**2 * sigma2**2 + d * k *
        norm2**2 + d * k * norm2 * sigma2 + d * n * norm2 * sigma2 + 2 * d * norm2**2 + 2 * d *
        norm2 * sigma2 + k * norm2**2 + norm2**2)
    )


def same_plain_samples(context_length: Any, dim: Any) -> Any:
    """The k below which a plain step on the same context leaves less: warm, no noise.

    Source: ours; theory.md, section 2, fact 17.
    """
    n, d = context_length, dim
    return (
        -(d + n + 1) * (2 * d**6 - d**5 * n**2 + 12 * d**5 * n + 16 * d**5 - 3 * d**4 * n**3 + 17
        * d**4 * n**2 + 56 * d**4 * n + 50 * d**4 - 3 * d**3 * n**4 + 4 * d**3 * n**3 + 90 * d**3
        * n**2 + 424 * d**3 * n + 528 * d**3 - d**2 * n**5 - 5 * d**2 * n**4 + 26 * d**2 * n**3 +
        686 * d**2 * n**2 + 2704 * d**2 * n + 2950 * d**2 - 2 * d * n**5 - 25 * d * n**4 + 44 * d
        * n**3 + 1143 * d * n**2 + 4172 * d * n + 4448 * d - n**5 - 23 * n**4 - 119 * n**3 + 145 *
        n**2 + 1592 * n + 1990)
    ) / (
        2 * d**6 + 14 * d**5 * n + 16 * d**5 + 30 * d**4 * n**2 + 70 * d**4 * n + 50 * d**4 + 26 *
        d**3 * n**3 + 140 * d**3 * n**2 + 460 * d**3 * n + 528 * d**3 + 8 * d**2 * n**4 + 134 *
        d**2 * n**3 + 1104 * d**2 * n**2 + 3196 * d**2 * n + 2950 * d**2 + 48 * d * n**4 + 734 * d
        * n**3 + 3476 * d * n**2 + 6630 * d * n + 4448 * d + 40 * n**4 + 482 * n**3 + 2098 * n**2
        + 3582 * n + 1990
    )


def cold_context_ratio(fraction: Any, previous: Any) -> Any:
    """The α below which t steps from the cold start leave less, from G_t and G_(t−1).

    Source: ours; theory.md, section 2, fact 17.
    """
    return -fraction * previous / (fraction - 1)


def warm_fraction(context_ratio: Any, sample_ratio: Any, noise_ratio: Any) -> Any:
    """The G_t above which t steps from the warm start leave less, on a fresh context.

    Source: ours; theory.md, section 2, fact 17.
    """
    alpha, gamma, sigma2 = context_ratio, sample_ratio, noise_ratio
    return gamma * (alpha + sigma2 + 1)**2 / ((sigma2 + 1)**2 * (alpha + gamma + sigma2 + 1))


def cold_span_risk(context_length: Any, dim: Any, rank: Any) -> Any:
    """What steps from the cold start leave at least, ‖β‖ = 1; rank is min(k, d).

    Source: ours; theory.md, section 2, fact 17.
    """
    n, d = context_length, dim
    return (d**2 + d * n**2 + 2 * d * n - d - n**2 * rank) / (d * (d + n**2 + 2 * n - 1))


def cold_samples(context_length: Any, dim: Any) -> Any:
    """The k from which on a longer context leaves less than any of them.

    Source: ours; theory.md, section 2, fact 17.
    """
    n, d = context_length, dim
    return n * (d - 1) * (n - 1) / (d + 2 * n - 1)
