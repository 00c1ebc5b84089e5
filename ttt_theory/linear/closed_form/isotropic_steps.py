"""The moments of one context that several steps take, for Σ_x = I and W = wI.

Compiled from derivations.linear.isotropic_steps by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "context_form",
    "cross_square",
    "gradient_form",
    "kept",
    "kept_square",
    "noise_product",
    "noise_square",
    "product_term",
    "signal_product",
    "signal_square",
    "square_term",
]


def kept(weight: Any, bias: Any, power: Any) -> Any:
    """E[T^l (1 − wT)] / E[T^l], T ~ χ²_n.

    Source: theory.md, section 2; ours.
    """
    w = weight
    return bias - 2 * power * w


def kept_square(context_length: Any, weight: Any, power: Any, kept: Any) -> Any:
    """E[T^l (1 − wT)²] / E[T^l], T ~ χ²_n.

    Source: theory.md, section 2; ours.
    """
    n, w = context_length, weight
    return kept**2 + w**2 * (2 * n + 4 * power)


def context_form(
    context_length: Any, task_square: Any, label_variance: Any, aligned_square: Any,
    across_square: Any
) -> Any:
    """uᵀMu, from b² and what of ‖u‖² is across the task.

    Source: theory.md, section 2; ours.
    """
    n, norm2, s = context_length, task_square, label_variance
    return (
        n * (aligned_square * norm2 * (n + 1) + s * (across_square + aligned_square))
    )


def gradient_form(
    context_length: Any, label_variance: Any, weight: Any, gradient: Any, across_square: Any,
    aligned_product: Any
) -> Any:
    """uᵀPe, from b·e_1 and what of ‖u‖² is across the task.

    Source: theory.md, section 2; ours.
    """
    n, s, w = context_length, label_variance, weight
    return n * (across_square * s * w**2 + aligned_product * gradient)


def signal_square(task_square: Any, kept_square: Any) -> Any:
    """Of e_1², the part of the task's kept share.

    Source: theory.md, section 2; ours.
    """
    norm2 = task_square
    return kept_square * norm2


def noise_square(context_length: Any, noise_variance: Any, weight: Any, power: Any) -> Any:
    """Of e_1², the part of the noise.

    Source: theory.md, section 2; ours.
    """
    n, sigma2, w = context_length, noise_variance, weight
    return sigma2 * w**2 * (n + 2 * power)


def cross_square(noise_variance: Any, weight: Any, kept: Any) -> Any:
    """Of e_1², the part of share and noise together.

    Source: theory.md, section 2; ours.
    """
    sigma2, w = noise_variance, weight
    return 2 * kept * sigma2 * w


def signal_product(task_square: Any, kept: Any) -> Any:
    """Of b·e_1, the part of the task's kept share.

    Source: theory.md, section 2; ours.
    """
    norm2 = task_square
    return kept * norm2


def noise_product(noise_variance: Any, weight: Any) -> Any:
    """Of b·e_1, the part of the noise.

    Source: theory.md, section 2; ours.
    """
    sigma2, w = noise_variance, weight
    return sigma2 * w


def square_term(
    half_power: Any, even: Any, odd: Any, signal_part: Any, noise_part: Any, cross_part: Any
) -> Any:
    """A term of E[T^l b^p e_1²], but for common factors.

    Source: theory.md, section 2; ours.
    """
    return (
        -cross_part * odd * (2 * half_power + 1) + even * (noise_part * (2 * half_power + 1) +
        signal_part)
    )


def product_term(
    half_power: Any, even: Any, odd: Any, signal_part: Any, noise_part: Any
) -> Any:
    """A term of E[T^l b^p e_1], but for common factors.

    Source: theory.md, section 2; ours.
    """
    return even * signal_part - noise_part * odd * (2 * half_power + 1)
