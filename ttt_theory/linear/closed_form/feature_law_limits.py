"""The limits of Theorem 4.2 for features that are not Gaussian, and how fast they are reached.

Compiled from derivations.linear.feature_law_limits by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_elliptical_improvement",
    "cold_elliptical_step_size",
    "cold_excess_slope",
    "matched_elliptical_improvement",
    "matched_elliptical_risk_before",
    "matched_elliptical_step_size",
    "matched_excess_slope",
    "transferred_elliptical_improvement",
    "transferred_elliptical_risk_before",
    "transferred_elliptical_step_size",
    "transferred_excess_slope",
]


def transferred_excess_slope(
    context_ratio: Any, sample_ratio: Any, excess_kurtosis: Any, participation: Any
) -> Any:
    """lim d·(gain/Gaussian gain − 1), independent entries; W pretrained on Gaussian features.

    Source: ours (theory.md, section 2).
    """
    alpha, gamma = context_ratio, sample_ratio
    return (
        -excess_kurtosis * (4 * alpha**2 * gamma * participation + alpha**2 * gamma + 4 * alpha**2
        * participation + 2 * alpha**2 + 4 * alpha * gamma * participation + 4 * alpha *
        participation + alpha + 2 * gamma * participation + 2 * participation)
    ) / (alpha * (alpha + 1) * (gamma + 1))


def matched_excess_slope(
    context_ratio: Any, sample_ratio: Any, excess_kurtosis: Any, participation: Any
) -> Any:
    """lim d·(gain/Gaussian gain − 1), independent entries; W pretrained on these features.

    Source: ours (theory.md, section 2).
    """
    alpha, gamma = context_ratio, sample_ratio
    return (
        -excess_kurtosis * (4 * alpha**2 * gamma * participation - 3 * alpha**2 * gamma + 4 *
        alpha**2 * participation - 2 * alpha**2 + 4 * alpha * gamma * participation + 4 * alpha *
        participation + alpha + 2 * gamma * participation + 2 * participation)
    ) / (alpha * (alpha + 1) * (gamma + 1))


def cold_excess_slope(
    context_ratio: Any, sample_ratio: Any, excess_kurtosis: Any, participation: Any
) -> Any:
    """lim d·(gain/Gaussian gain − 1), independent entries; cold start.

    Source: ours (theory.md, section 2).
    """
    alpha, gamma = context_ratio, sample_ratio
    return (
        -excess_kurtosis * (alpha + 2 * gamma * participation + 2 * participation)
    ) / (alpha * (gamma + 1))


def transferred_elliptical_risk_before(
    context_ratio: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the risk before, elliptical features; W pretrained on Gaussian features.

    Source: ours (theory.md, section 2).
    """
    alpha, norm2 = context_ratio, task_square
    return norm2 * (alpha * radius_2 + 1) / ((alpha + 1)**2)


def transferred_elliptical_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the step size, elliptical features; W pretrained on Gaussian features.

    Source: ours (theory.md, section 2).
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return d / (2 * n**2 * norm2 * (d + n * radius_2) * (d * radius_2 + k))


def transferred_elliptical_improvement(
    context_ratio: Any, sample_ratio: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the improvement, elliptical features; W pretrained on Gaussian features.

    Source: ours (theory.md, section 2).
    """
    alpha, gamma, norm2 = context_ratio, sample_ratio, task_square
    return gamma * norm2 / ((alpha + 1)**2 * (gamma + radius_2) * (alpha * radius_2 + 1))


def matched_elliptical_risk_before(context_ratio: Any, task_square: Any, radius_2: Any) -> Any:
    """Limit of the risk before, elliptical features; W pretrained on these features.

    Source: ours (theory.md, section 2).
    """
    alpha, norm2 = context_ratio, task_square
    return norm2 * radius_2 / (alpha + radius_2)


def matched_elliptical_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the step size, elliptical features; W pretrained on these features.

    Source: ours (theory.md, section 2).
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return d * radius_2 / (2 * n**2 * norm2 * (d * radius_2 + k) * (d * radius_2 + n))


def matched_elliptical_improvement(
    context_ratio: Any, sample_ratio: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the improvement, elliptical features; W pretrained on these features.

    Source: ours (theory.md, section 2).
    """
    alpha, gamma, norm2 = context_ratio, sample_ratio, task_square
    return gamma * norm2 * radius_2**3 / ((alpha + radius_2)**3 * (gamma + radius_2))


def cold_elliptical_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, radius_2: Any
) -> Any:
    """Limit of the step size, elliptical features; cold start.

    Source: ours (theory.md, section 2).
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return 1 / (2 * n**2 * norm2 * (d * radius_2 + k))


def cold_elliptical_improvement(sample_ratio: Any, task_square: Any, radius_2: Any) -> Any:
    """Limit of the improvement, elliptical features; cold start.

    Source: ours (theory.md, section 2).
    """
    gamma, norm2 = sample_ratio, task_square
    return gamma * norm2 / (gamma + radius_2)
