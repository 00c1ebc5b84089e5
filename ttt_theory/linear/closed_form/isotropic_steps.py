"""The moments of one context that several steps take, for Σ_x = I and W = wI.

Compiled from derivations.linear.isotropic_steps by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "context_form",
    "gradient_form",
    "kept",
    "kept_square",
    "product_term",
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


def square_term(
    context_length: Any, task_square: Any, noise_variance: Any, weight: Any, power: Any,
    half_power: Any, even: Any, odd: Any, kept: Any, kept_square: Any
) -> Any:
    """A term of E[T^l b^p e_1²], but for common factors.

    Source: theory.md, section 2; ours.
    """
    n, norm2, sigma2 = context_length, task_square, noise_variance
    w = weight
    return (
        even * kept_square * norm2 + sigma2 * w * (2 * half_power + 1) * (even * w * (n + 2 *
        power) - 2 * kept * odd)
    )


def product_term(
    task_square: Any, noise_variance: Any, weight: Any, half_power: Any, even: Any, odd: Any,
    kept: Any
) -> Any:
    """A term of E[T^l b^p e_1], but for common factors.

    Source: theory.md, section 2; ours.
    """
    norm2, sigma2, w = task_square, noise_variance, weight
    return even * kept * norm2 - odd * sigma2 * w * (2 * half_power + 1)
