"""The first corrections in 1/d to Theorem 4.2 and Corollary 4.6 of [G25].

Compiled from derivations.linear.corrections by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_improvement_correction",
    "cold_start_threshold_correction",
    "cold_step_size_correction",
    "corrected_cold_improvement",
    "corrected_cold_step_size",
    "corrected_warm_improvement",
    "corrected_warm_step_size",
    "warm_improvement_correction",
    "warm_step_size_correction",
]


def warm_improvement_correction(context_ratio: Any, sample_ratio: Any) -> Any:
    """c in the warm start's improvement = leading term · (1 + c/d + O(1/d²)), Σ_x = Σ_β = I.

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    alpha, gamma = context_ratio, sample_ratio
    return (
        -3 * alpha**3 * gamma - 4 * alpha**3 - 6 * alpha**2 * gamma - 7 * alpha**2 - 5 * alpha *
        gamma - 5 * alpha - gamma - 1
    ) / (alpha**2 * (alpha + 1) * (gamma + 1))


def warm_step_size_correction(context_ratio: Any, sample_ratio: Any) -> Any:
    """c in the warm start's η* = leading term · (1 + c/d + O(1/d²)), Σ_x = Σ_β = I.

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    alpha, gamma = context_ratio, sample_ratio
    return (
        -2 * alpha**3 * gamma - 3 * alpha**3 - 3 * alpha**2 * gamma - 4 * alpha**2 - 5 * alpha *
        gamma - 5 * alpha - gamma - 1
    ) / (alpha**2 * (alpha + 1) * (gamma + 1))


def cold_improvement_correction(context_ratio: Any, sample_ratio: Any) -> Any:
    """c in the cold start's improvement = leading term · (1 + c/d + O(1/d²)), Σ_x = Σ_β = I.

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    alpha, gamma = context_ratio, sample_ratio
    return (-alpha**2 - 4 * alpha * gamma - 4 * alpha - gamma - 1) / (alpha**2 * (gamma + 1))


def cold_step_size_correction(context_ratio: Any, sample_ratio: Any) -> Any:
    """c in the cold start's η* = leading term · (1 + c/d + O(1/d²)), Σ_x = Σ_β = I.

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    alpha, gamma = context_ratio, sample_ratio
    return (-alpha**2 - 4 * alpha * gamma - 4 * alpha - gamma - 1) / (alpha**2 * (gamma + 1))


def corrected_warm_improvement(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any
) -> Any:
    """The warm start's improvement up to a relative error of O(1/d²).

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return (
        -d**2 * k * norm2 * (d**4 + d**3 * k - d**3 * n**2 + 5 * d**3 * n - d**2 * k * n**2 + 5 *
        d**2 * k * n - d**2 * n**3 + 7 * d**2 * n**2 - d * k * n**3 + 6 * d * k * n**2 + 4 * d *
        n**3 + 3 * k * n**3)
    ) / (n**2 * (d + k)**2 * (d + n)**4)


def corrected_warm_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any
) -> Any:
    """The warm start's η* up to a relative error of O(1/d²).

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return (
        -d**4 - d**3 * k + d**3 * n**2 - 5 * d**3 * n + d**2 * k * n**2 - 5 * d**2 * k * n + d**2
        * n**3 - 4 * d**2 * n**2 + d * k * n**3 - 3 * d * k * n**2 - 3 * d * n**3 - 2 * k * n**3
    ) / (2 * n**4 * norm2 * (d + k)**2 * (d + n)**2)


def corrected_cold_improvement(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any
) -> Any:
    """The cold start's improvement up to a relative error of O(1/d²).

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return (
        -k * norm2 * (d**2 + d * k - d * n**2 + 4 * d * n - k * n**2 + 4 * k * n + n**2)
    ) / (n**2 * (d + k)**2)


def corrected_cold_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any
) -> Any:
    """The cold start's η* up to a relative error of O(1/d²).

    Source: ours; the leading term is that of [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return (
        (-d**2 - d * k + d * n**2 - 4 * d * n + k * n**2 - 4 * k * n - n**2) / (2 * n**4 * norm2 *
        (d + k)**2)
    )


def cold_start_threshold_correction(context_ratio: Any) -> Any:
    """The coefficient of 1/d in k*/d, where γ* is its limit.

    Source: ours; γ* is that of [G25], Corollary 4.6.
    """
    alpha = context_ratio
    return (
        (alpha + 1) * (4 * alpha**4 + 17 * alpha**3 + 24 * alpha**2 + 16 * alpha + 3)
    ) / (alpha**2 * (alpha + 2)**2)
