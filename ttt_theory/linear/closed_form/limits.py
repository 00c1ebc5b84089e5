"""The published asymptotics, as limits of the exact expressions.

Compiled from derivations.linear.limits by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "aligned_improvement",
    "aligned_improvement_slope",
    "aligned_risk_before",
    "aligned_step_size",
    "aligned_threshold",
    "cold_improvement",
    "cold_start_threshold",
    "cold_step_size",
    "short_context_risk_after",
    "turning_point",
    "warm_improvement",
    "warm_risk_after",
    "warm_risk_before",
    "warm_step_size",
]


def warm_risk_before(context_length: Any, dim: Any, task_square: Any) -> Any:
    """Leading term of isotropic.warm_risk_before for large n, k, d in proportion.

    Source: [G25], Section 3.
    """
    n, d, norm2 = context_length, dim, task_square
    return d * norm2 / (d + n)


def warm_step_size(context_length: Any, test_samples: Any, dim: Any, task_square: Any) -> Any:
    """Leading term of isotropic.warm_step_size for large n, k, d in proportion.

    Source: [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return d / (2 * n**2 * norm2 * (d + k) * (d + n))


def warm_improvement(context_length: Any, test_samples: Any, dim: Any, task_square: Any) -> Any:
    """Leading term of isotropic.warm_improvement for large n, k, d in proportion.

    Source: [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return d**3 * k * norm2 / ((d + k) * (d + n)**3)


def cold_step_size(context_length: Any, test_samples: Any, dim: Any, task_square: Any) -> Any:
    """Leading term of isotropic.cold_step_size for large n, k, d in proportion.

    Source: [G25], Theorem 4.2.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return 1 / (2 * n**2 * norm2 * (d + k))


def cold_improvement(test_samples: Any, dim: Any, task_square: Any) -> Any:
    """Leading term of isotropic.cold_improvement for large n, k, d in proportion.

    Source: [G25], Theorem 4.2.
    """
    k, d, norm2 = test_samples, dim, task_square
    return k * norm2 / (d + k)


def warm_risk_after(context_ratio: Any, sample_ratio: Any, task_square: Any) -> Any:
    """Limit of the warm start's risk after the step, in α = n/d and γ = k/d.

    Source: [G25], after Theorem 4.2.
    """
    alpha, gamma, norm2 = context_ratio, sample_ratio, task_square
    return (
        norm2 * (alpha**2 * gamma + alpha**2 + 2 * alpha * gamma + 2 * alpha + 1)
    ) / ((alpha + 1)**3 * (gamma + 1))


def short_context_risk_after(scaled_context: Any, sample_ratio: Any, task_square: Any) -> Any:
    """Limit of either start's risk after the step along n = x√d, k = γd.

    Source: ours; sharpens [G25], Section 4 (context requirement).
    """
    gamma, norm2 = sample_ratio, task_square
    return norm2 * (gamma + scaled_context**2 + 1) / ((gamma + 1) * (scaled_context**2 + 1))


def turning_point(sample_ratio: Any) -> Any:
    """α where the limit of the risk after the step is largest; negative for γ < 1/2.

    Source: [G25], non-monotonicity after Theorem 4.2.
    """
    gamma = sample_ratio
    return (3 * gamma/(gamma + 1))**0.5 - 1


def cold_start_threshold(context_ratio: Any) -> Any:
    """γ* beyond which the cold start wins in the limit.

    Source: [G25], Corollary 4.6.
    """
    alpha = context_ratio
    return (alpha + 1)**2 / (alpha + 2)


def aligned_risk_before(bias: Any, variance: Any) -> Any:
    """Limit of the risk, Σ_x = I: bias A = βᵀ(I−nW*)²β, variance B = n‖β‖²tr(W*²).

    Source: [G25], Theorem 5.3.
    """
    return bias + variance


def aligned_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, bias: Any, variance: Any
) -> Any:
    """Leading term of η* for Σ_x = I and W* of order 1/d.

    Source: [G25], Theorem 5.3.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return bias / (2 * n**2 * norm2 * (bias + variance) * (d + k))


def aligned_improvement(test_samples: Any, dim: Any, bias: Any, variance: Any) -> Any:
    """Limit of the improvement for Σ_x = I and W* of order 1/d.

    Source: [G25], Theorem 5.3.
    """
    k, d = test_samples, dim
    return bias**2 * k / ((bias + variance) * (d + k))


def aligned_improvement_slope(sample_ratio: Any, bias: Any, variance: Any) -> Any:
    """Derivative by A of the limit of the improvement, γ = k/d.

    Source: ours; [G25] states that the gain grows as the task leaves the prior.
    """
    gamma = sample_ratio
    return bias * gamma * (bias + 2 * variance) / ((bias + variance)**2 * (gamma + 1))


def aligned_threshold(task_square: Any, bias: Any, variance: Any) -> Any:
    """γ* beyond which the cold start wins in the limit, Σ_x = I and W* of order 1/d.

    Source: [G25], Corollary 5.4.
    """
    norm2 = task_square
    return -(bias + variance) * (bias - norm2 + variance) / (variance * (2 * bias + variance))
