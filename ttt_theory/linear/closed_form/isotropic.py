"""The one-step risk for isotropic features and weights, as explicit polynomials.

Compiled from derivations.linear.isotropic by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_improvement",
    "cold_risk_after",
    "cold_risk_before",
    "cold_step_size",
    "constant",
    "linear",
    "quadratic",
    "warm_improvement",
    "warm_risk_after",
    "warm_risk_before",
    "warm_step_size",
]


def constant(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any
) -> Any:
    """c0 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: theory.md, section 2, fact 4.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        d * n * norm2 * w**2 + d * n * sigma2 * w**2 + n**2 * norm2 * w**2 + n * norm2 * w**2 - 2
        * n * norm2 * w + norm2 + sigma2
    )


def linear(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any,
    weight: Any
) -> Any:
    """c1 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: theory.md, section 2, fact 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, w = task_square, noise_variance, weight
    return (
        4 * k * n**2 * (d * norm2**2 * w**2 + 2 * d * norm2 * sigma2 * w**2 + d * sigma2**2 * w**2
        + n**2 * norm2**2 * w**2 + 4 * n * norm2**2 * w**2 - 2 * n * norm2**2 * w + 2 * n * norm2
        * sigma2 * w**2 + 3 * norm2**2 * w**2 - 4 * norm2**2 * w + norm2**2 + 2 * norm2 * sigma2 *
        w**2 - 2 * norm2 * sigma2 * w)
    )


def quadratic(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any,
    weight: Any
) -> Any:
    """c2 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: theory.md, section 2, fact 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, w = task_square, noise_variance, weight
    return (
        4 * k * n**2 * (d**3 * n * norm2**3 * w**2 + 3 * d**3 * n * norm2**2 * sigma2 * w**2 + 3 *
        d**3 * n * norm2 * sigma2**2 * w**2 + d**3 * n * sigma2**3 * w**2 + 2 * d**3 * norm2**3 *
        w**2 + 6 * d**3 * norm2**2 * sigma2 * w**2 + 6 * d**3 * norm2 * sigma2**2 * w**2 + 2 *
        d**3 * sigma2**3 * w**2 + d**2 * k * n * norm2**3 * w**2 + 3 * d**2 * k * n * norm2**2 *
        sigma2 * w**2 + 3 * d**2 * k * n * norm2 * sigma2**2 * w**2 + d**2 * k * n * sigma2**3 *
        w**2 + 2 * d**2 * k * norm2**3 * w**2 + 6 * d**2 * k * norm2**2 * sigma2 * w**2 + 6 * d**2
        * k * norm2 * sigma2**2 * w**2 + 2 * d**2 * k * sigma2**3 * w**2 + d**2 * n**3 * norm2**3
        * w**2 + d**2 * n**3 * norm2**2 * sigma2 * w**2 + 9 * d**2 * n**2 * norm2**3 * w**2 + 12 *
        d**2 * n**2 * norm2**2 * sigma2 * w**2 + 3 * d**2 * n**2 * norm2 * sigma2**2 * w**2 + 27 *
        d**2 * n * norm2**3 * w**2 - 2 * d**2 * n * norm2**3 * w + 46 * d**2 * n * norm2**2 *
        sigma2 * w**2 - 4 * d**2 * n * norm2**2 * sigma2 * w + 22 * d**2 * n * norm2 * sigma2**2 *
        w**2 - 2 * d**2 * n * norm2 * sigma2**2 * w + 3 * d**2 * n * sigma2**3 * w**2 + 26 * d**2
        * norm2**3 * w**2 - 4 * d**2 * norm2**3 * w + d**2 * norm2**3 + 52 * d**2 * norm2**2 *
        sigma2 * w**2 - 8 * d**2 * norm2**2 * sigma2 * w + 3 * d**2 * norm2**2 * sigma2 + 32 *
        d**2 * norm2 * sigma2**2 * w**2 - 4 * d**2 * norm2 * sigma2**2 * w + 3 * d**2 * norm2 *
        sigma2**2 + 6 * d**2 * sigma2**3 * w**2 + d**2 * sigma2**3 + d * k * n**3 * norm2**3 *
        w**2 + d * k * n**3 * norm2**2 * sigma2 * w**2 + 9 * d * k * n**2 * norm2**3 * w**2 + 12 *
        d * k * n**2 * norm2**2 * sigma2 * w**2 + 3 * d * k * n**2 * norm2 * sigma2**2 * w**2 + 26
        * d * k * n * norm2**3 * w**2 - 2 * d * k * n * norm2**3 * w + 43 * d * k * n * norm2**2 *
        sigma2 * w**2 - 4 * d * k * n * norm2**2 * sigma2 * w + 19 * d * k * n * norm2 * sigma2**2
        * w**2 - 2 * d * k * n * norm2 * sigma2**2 * w + 2 * d * k * n * sigma2**3 * w**2 + 24 * d
        * k * norm2**3 * w**2 - 4 * d * k * norm2**3 * w + d * k * norm2**3 + 46 * d * k *
        norm2**2 * sigma2 * w**2 - 8 * d * k * norm2**2 * sigma2 * w + 2 * d * k * norm2**2 *
        sigma2 + 26 * d * k * norm2 * sigma2**2 * w**2 - 4 * d * k * norm2 * sigma2**2 * w + d * k
        * norm2 * sigma2**2 + 4 * d * k * sigma2**3 * w**2 + d * n**4 * norm2**3 * w**2 + 14 * d *
        n**3 * norm2**3 * w**2 - 2 * d * n**3 * norm2**3 * w + 7 * d * n**3 * norm2**2 * sigma2 *
        w**2 + 68 * d * n**2 * norm2**3 * w**2 - 16 * d * n**2 * norm2**3 * w + d * n**2 *
        norm2**3 + 60 * d * n**2 * norm2**2 * sigma2 * w**2 - 8 * d * n**2 * norm2**2 * sigma2 * w
        + d * n**2 * norm2**2 * sigma2 + 9 * d * n**2 * norm2 * sigma2**2 * w**2 + 135 * d * n *
        norm2**3 * w**2 - 40 * d * n * norm2**3 * w + 4 * d * n * norm2**3 + 161 * d * n *
        norm2**2 * sigma2 * w**2 - 36 * d * n * norm2**2 * sigma2 * w + 6 * d * n * norm2**2 *
        sigma2 + 45 * d * n * norm2 * sigma2**2 * w**2 - 6 * d * n * norm2 * sigma2**2 * w + 2 * d
        * n * norm2 * sigma2**2 + 2 * d * n * sigma2**3 * w**2 + 94 * d * norm2**3 * w**2 - 32 * d
        * norm2**3 * w + 4 * d * norm2**3 + 138 * d * norm2**2 * sigma2 * w**2 - 40 * d * norm2**2
        * sigma2 * w + 7 * d * norm2**2 * sigma2 + 54 * d * norm2 * sigma2**2 * w**2 - 12 * d *
        norm2 * sigma2**2 * w + 3 * d * norm2 * sigma2**2 + 4 * d * sigma2**3 * w**2 + k * n**4 *
        norm2**3 * w**2 + 13 * k * n**3 * norm2**3 * w**2 - 2 * k * n**3 * norm2**3 * w + 6 * k *
        n**3 * norm2**2 * sigma2 * w**2 + 59 * k * n**2 * norm2**3 * w**2 - 16 * k * n**2 *
        norm2**3 * w + k * n**2 * norm2**3 + 48 * k * n**2 * norm2**2 * sigma2 * w**2 - 8 * k *
        n**2 * norm2**2 * sigma2 * w + 6 * k * n**2 * norm2 * sigma2**2 * w**2 + 109 * k * n *
        norm2**3 * w**2 - 38 * k * n * norm2**3 * w + 4 * k * n * norm2**3 + 118 * k * n *
        norm2**2 * sigma2 * w**2 - 32 * k * n * norm2**2 * sigma2 * w + 2 * k * n * norm2**2 *
        sigma2 + 26 * k * n * norm2 * sigma2**2 * w**2 - 4 * k * n * norm2 * sigma2**2 * w + 70 *
        k * norm2**3 * w**2 - 28 * k * norm2**3 * w + 3 * k * norm2**3 + 92 * k * norm2**2 *
        sigma2 * w**2 - 32 * k * norm2**2 * sigma2 * w + 2 * k * norm2**2 * sigma2 + 28 * k *
        norm2 * sigma2**2 * w**2 - 8 * k * norm2 * sigma2**2 * w + n**4 * norm2**3 * w**2 + 13 *
        n**3 * norm2**3 * w**2 - 2 * n**3 * norm2**3 * w + 6 * n**3 * norm2**2 * sigma2 * w**2 +
        59 * n**2 * norm2**3 * w**2 - 16 * n**2 * norm2**3 * w + n**2 * norm2**3 + 48 * n**2 *
        norm2**2 * sigma2 * w**2 - 8 * n**2 * norm2**2 * sigma2 * w + 6 * n**2 * norm2 * sigma2**2
        * w**2 + 109 * n * norm2**3 * w**2 - 38 * n * norm2**3 * w + 4 * n * norm2**3 + 118 * n *
        norm2**2 * sigma2 * w**2 - 32 * n * norm2**2 * sigma2 * w + 2 * n * norm2**2 * sigma2 + 26
        * n * norm2 * sigma2**2 * w**2 - 4 * n * norm2 * sigma2**2 * w + 70 * norm2**3 * w**2 - 28
        * norm2**3 * w + 3 * norm2**3 + 92 * norm2**2 * sigma2 * w**2 - 32 * norm2**2 * sigma2 * w
        + 2 * norm2**2 * sigma2 + 28 * norm2 * sigma2**2 * w**2 - 8 * norm2 * sigma2**2 * w)
    )


def warm_risk_before(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The risk before the step, warm start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2 = noise_variance
    return (
        d**2 * norm2 + d**2 * sigma2 + d * n * norm2 + 3 * d * n * sigma2 + 2 * d * norm2 * sigma2
        + 2 * d * norm2 + 2 * d * sigma2**2 + 2 * d * sigma2 + n**2 * sigma2 + n * norm2 + 2 * n *
        sigma2**2 + 2 * n * sigma2 + norm2 * sigma2**2 + 2 * norm2 * sigma2 + norm2 + sigma2**3 +
        2 * sigma2**2 + sigma2
    ) / ((d + n + sigma2 + 1)**2)


def warm_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The optimal step size η*, warm start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return (
        d**2 * norm2**2 + 2 * d * norm2**2 * sigma2 - d * norm2**2 + d * sigma2**2 + norm2**2 *
        sigma2**2 - 2 * norm2**2 * sigma2 - 2 * norm2 * sigma2**2
    ) / (
        2 * d**4 * norm2**3 + 6 * d**4 * norm2**2 * sigma2 + 6 * d**4 * norm2 * sigma2**2 + 2 *
        d**4 * sigma2**3 + 2 * d**3 * k * norm2**3 + 4 * d**3 * k * norm2**2 * sigma2 + 2 * d**3 *
        k * norm2 * sigma2**2 + 2 * d**3 * n**2 * norm2**3 + 2 * d**3 * n**2 * norm2**2 * sigma2 +
        10 * d**3 * n * norm2**3 + 22 * d**3 * n * norm2**2 * sigma2 + 18 * d**3 * n * norm2 *
        sigma2**2 + 6 * d**3 * n * sigma2**3 + 4 * d**3 * norm2**3 * sigma2 + 8 * d**3 * norm2**3
        + 12 * d**3 * norm2**2 * sigma2**2 + 22 * d**3 * norm2**2 * sigma2 + 12 * d**3 * norm2 *
        sigma2**3 + 22 * d**3 * norm2 * sigma2**2 + 4 * d**3 * sigma2**4 + 8 * d**3 * sigma2**3 +
        2 * d**2 * k * n**2 * norm2**3 + 10 * d**2 * k * n * norm2**3 + 10 * d**2 * k * n *
        norm2**2 * sigma2 + 6 * d**2 * k * n * norm2 * sigma2**2 + 2 * d**2 * k * n * sigma2**3 +
        4 * d**2 * k * norm2**3 * sigma2 + 6 * d**2 * k * norm2**3 + 8 * d**2 * k * norm2**2 *
        sigma2**2 + 8 * d**2 * k * norm2**2 * sigma2 + 4 * d**2 * k * norm2 * sigma2**3 + 8 * d**2
        * k * norm2 * sigma2**2 + 4 * d**2 * k * sigma2**3 + 2 * d**2 * n**3 * norm2**3 + 6 * d**2
        * n**3 * norm2**2 * sigma2 + 4 * d**2 * n**2 * norm2**3 * sigma2 + 6 * d**2 * n**2 *
        norm2**3 + 4 * d**2 * n**2 * norm2**2 * sigma2**2 + 34 * d**2 * n**2 * norm2**2 * sigma2 +
        16 * d**2 * n**2 * norm2 * sigma2**2 + 2 * d**2 * n**2 * sigma2**3 + 16 * d**2 * n *
        norm2**3 * sigma2 + 6 * d**2 * n * norm2**3 + 28 * d**2 * n * norm2**2 * sigma2**2 + 64 *
        d**2 * n * norm2**2 * sigma2 + 16 * d**2 * n * norm2 * sigma2**3 + 52 * d**2 * n * norm2 *
        sigma2**2 + 4 * d**2 * n * sigma2**4 + 10 * d**2 * n * sigma2**3 + 2 * d**2 * norm2**3 *
        sigma2**2 + 12 * d**2 * norm2**3 * sigma2 + 4 * d**2 * norm2**3 + 6 * d**2 * norm2**2 *
        sigma2**3 + 24 * d**2 * norm2**2 * sigma2**2 + 46 * d**2 * norm2**2 * sigma2 + 6 * d**2 *
        norm2 * sigma2**4 + 16 * d**2 * norm2 * sigma2**3 + 50 * d**2 * norm2 * sigma2**2 + 2 *
        d**2 * sigma2**5 + 4 * d**2 * sigma2**4 + 14 * d**2 * sigma2**3 + 2 * d * k * n**3 *
        norm2**3 + 2 * d * k * n**3 * norm2**2 * sigma2 + 4 * d * k * n**2 * norm2**3 * sigma2 + 4
        * d * k * n**2 * norm2**3 + 12 * d * k * n**2 * norm2**2 * sigma2 + 4 * d * k * n**2 *
        norm2 * sigma2**2 + 16 * d * k * n * norm2**3 * sigma2 - 4 * d * k * n * norm2**3 + 8 * d
        * k * n * norm2**2 * sigma2**2 + 22 * d * k * n * norm2**2 * sigma2 + 22 * d * k * n *
        norm2 * sigma2**2 + 4 * d * k * n * sigma2**3 + 2 * d * k * norm2**3 * sigma2**2 + 8 * d *
        k * norm2**3 * sigma2 - 2 * d * k * norm2**3 + 4 * d * k * norm2**2 * sigma2**3 + 24 * d *
        k * norm2**2 * sigma2 + 2 * d * k * norm2 * sigma2**4 - 4 * d * k * norm2 * sigma2**3 + 30
        * d * k * norm2 * sigma2**2 + 8 * d * k * sigma2**3 + 2 * d * n**4 * norm2**2 * sigma2 + 4
        * d * n**3 * norm2**3 + 4 * d * n**3 * norm2**2 * sigma2**2 + 14 * d * n**3 * norm2**2 *
        sigma2 + 4 * d * n**3 * norm2 * sigma2**2 + 2 * d * n**2 * norm2**3 * sigma2**2 - 8 * d *
        n**2 * norm2**3 * sigma2 + 38 * d * n**2 * norm2**3 + 2 * d * n**2 * norm2**2 * sigma2**3
        + 12 * d * n**2 * norm2**2 * sigma2**2 + 64 * d * n**2 * norm2**2 * sigma2 + 8 * d * n**2
        * norm2 * sigma2**3 + 20 * d * n**2 * norm2 * sigma2**2 + 8 * d * n * norm2**3 * sigma2**2
        - 32 * d * n * norm2**3 * sigma2 + 102 * d * n * norm2**3 + 12 * d * n * norm2**2 *
        sigma2**3 - 12 * d * n * norm2**2 * sigma2**2 + 162 * d * n * norm2**2 * sigma2 + 4 * d *
        n * norm2 * sigma2**4 + 8 * d * n * norm2 * sigma2**3 + 62 * d * n * norm2 * sigma2**2 + 4
        * d * n * sigma2**3 + 8 * d * norm2**3 * sigma2**2 - 36 * d * norm2**3 * sigma2 + 88 * d *
        norm2**3 + 14 * d * norm2**2 * sigma2**3 - 44 * d * norm2**2 * sigma2**2 + 154 * d *
        norm2**2 * sigma2 + 6 * d * norm2 * sigma2**4 - 12 * d * norm2 * sigma2**3 + 74 * d *
        norm2 * sigma2**2 + 8 * d * sigma2**3 + 2 * k * n**3 * norm2**3 + 2 * k * n**2 * norm2**3
        * sigma2**2 - 12 * k * n**2 * norm2**3 * sigma2 + 34 * k * n**2 * norm2**3 - 8 * k * n**2
        * norm2**2 * sigma2**2 + 28 * k * n**2 * norm2**2 * sigma2 + 4 * k * n**2 * norm2 *
        sigma2**2 + 8 * k * n * norm2**3 * sigma2**2 - 48 * k * n * norm2**3 * sigma2 + 106 * k *
        n * norm2**3 + 4 * k * n * norm2**2 * sigma2**3 - 48 * k * n * norm2**2 * sigma2**2 + 120
        * k * n * norm2**2 * sigma2 - 8 * k * n * norm2 * sigma2**3 + 28 * k * n * norm2 *
        sigma2**2 + 6 * k * norm2**3 * sigma2**2 - 44 * k * norm2**3 * sigma2 + 90 * k * norm2**3
        + 4 * k * norm2**2 * sigma2**3 - 56 * k * norm2**2 * sigma2**2 + 124 * k * norm2**2 *
        sigma2 - 16 * k * norm2 * sigma2**3 + 40 * k * norm2 * sigma2**2 + 2 * n**3 * norm2**3 + 2
        * n**2 * norm2**3 * sigma2**2 - 12 * n**2 * norm2**3 * sigma2 + 34 * n**2 * norm2**3 - 8 *
        n**2 * norm2**2 * sigma2**2 + 28 * n**2 * norm2**2 * sigma2 + 4 * n**2 * norm2 * sigma2**2
        + 8 * n * norm2**3 * sigma2**2 - 48 * n * norm2**3 * sigma2 + 106 * n * norm2**3 + 4 * n *
        norm2**2 * sigma2**3 - 48 * n * norm2**2 * sigma2**2 + 120 * n * norm2**2 * sigma2 - 8 * n
        * norm2 * sigma2**3 + 28 * n * norm2 * sigma2**2 + 6 * norm2**3 * sigma2**2 - 44 *
        norm2**3 * sigma2 + 90 * norm2**3 + 4 * norm2**2 * sigma2**3 - 56 * norm2**2 * sigma2**2 +
        124 * norm2**2 * sigma2 - 16 * norm2 * sigma2**3 + 40 * norm2 * sigma2**2
    )


def warm_improvement(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The fall of the risk at the optimal step, warm start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return (
        k * n**2 * (d**2 * norm2**2 + 2 * d * norm2**2 * sigma2 - d * norm2**2 + d * sigma2**2 +
        norm2**2 * sigma2**2 - 2 * norm2**2 * sigma2 - 2 * norm2 * sigma2**2)**2
    ) / (
        (d + n + sigma2 + 1)**2 * (d**4 * norm2**3 + 3 * d**4 * norm2**2 * sigma2 + 3 * d**4 *
        norm2 * sigma2**2 + d**4 * sigma2**3 + d**3 * k * norm2**3 + 2 * d**3 * k * norm2**2 *
        sigma2 + d**3 * k * norm2 * sigma2**2 + d**3 * n**2 * norm2**3 + d**3 * n**2 * norm2**2 *
        sigma2 + 5 * d**3 * n * norm2**3 + 11 * d**3 * n * norm2**2 * sigma2 + 9 * d**3 * n *
        norm2 * sigma2**2 + 3 * d**3 * n * sigma2**3 + 2 * d**3 * norm2**3 * sigma2 + 4 * d**3 *
        norm2**3 + 6 * d**3 * norm2**2 * sigma2**2 + 11 * d**3 * norm2**2 * sigma2 + 6 * d**3 *
        norm2 * sigma2**3 + 11 * d**3 * norm2 * sigma2**2 + 2 * d**3 * sigma2**4 + 4 * d**3 *
        sigma2**3 + d**2 * k * n**2 * norm2**3 + 5 * d**2 * k * n * norm2**3 + 5 * d**2 * k * n *
        norm2**2 * sigma2 + 3 * d**2 * k * n * norm2 * sigma2**2 + d**2 * k * n * sigma2**3 + 2 *
        d**2 * k * norm2**3 * sigma2 + 3 * d**2 * k * norm2**3 + 4 * d**2 * k * norm2**2 *
        sigma2**2 + 4 * d**2 * k * norm2**2 * sigma2 + 2 * d**2 * k * norm2 * sigma2**3 + 4 * d**2
        * k * norm2 * sigma2**2 + 2 * d**2 * k * sigma2**3 + d**2 * n**3 * norm2**3 + 3 * d**2 *
        n**3 * norm2**2 * sigma2 + 2 * d**2 * n**2 * norm2**3 * sigma2 + 3 * d**2 * n**2 *
        norm2**3 + 2 * d**2 * n**2 * norm2**2 * sigma2**2 + 17 * d**2 * n**2 * norm2**2 * sigma2 +
        8 * d**2 * n**2 * norm2 * sigma2**2 + d**2 * n**2 * sigma2**3 + 8 * d**2 * n * norm2**3 *
        sigma2 + 3 * d**2 * n * norm2**3 + 14 * d**2 * n * norm2**2 * sigma2**2 + 32 * d**2 * n *
        norm2**2 * sigma2 + 8 * d**2 * n * norm2 * sigma2**3 + 26 * d**2 * n * norm2 * sigma2**2 +
        2 * d**2 * n * sigma2**4 + 5 * d**2 * n * sigma2**3 + d**2 * norm2**3 * sigma2**2 + 6 *
        d**2 * norm2**3 * sigma2 + 2 * d**2 * norm2**3 + 3 * d**2 * norm2**2 * sigma2**3 + 12 *
        d**2 * norm2**2 * sigma2**2 + 23 * d**2 * norm2**2 * sigma2 + 3 * d**2 * norm2 * sigma2**4
        + 8 * d**2 * norm2 * sigma2**3 + 25 * d**2 * norm2 * sigma2**2 + d**2 * sigma2**5 + 2 *
        d**2 * sigma2**4 + 7 * d**2 * sigma2**3 + d * k * n**3 * norm2**3 + d * k * n**3 *
        norm2**2 * sigma2 + 2 * d * k * n**2 * norm2**3 * sigma2 + 2 * d * k * n**2 * norm2**3 + 6
        * d * k * n**2 * norm2**2 * sigma2 + 2 * d * k * n**2 * norm2 * sigma2**2 + 8 * d * k * n
        * norm2**3 * sigma2 - 2 * d * k * n * norm2**3 + 4 * d * k * n * norm2**2 * sigma2**2 + 11
        * d * k * n * norm2**2 * sigma2 + 11 * d * k * n * norm2 * sigma2**2 + 2 * d * k * n *
        sigma2**3 + d * k * norm2**3 * sigma2**2 + 4 * d * k * norm2**3 * sigma2 - d * k *
        norm2**3 + 2 * d * k * norm2**2 * sigma2**3 + 12 * d * k * norm2**2 * sigma2 + d * k *
        norm2 * sigma2**4 - 2 * d * k * norm2 * sigma2**3 + 15 * d * k * norm2 * sigma2**2 + 4 * d
        * k * sigma2**3 + d * n**4 * norm2**2 * sigma2 + 2 * d * n**3 * norm2**3 + 2 * d * n**3 *
        norm2**2 * sigma2**2 + 7 * d * n**3 * norm2**2 * sigma2 + 2 * d * n**3 * norm2 * sigma2**2
        + d * n**2 * norm2**3 * sigma2**2 - 4 * d * n**2 * norm2**3 * sigma2 + 19 * d * n**2 *
        norm2**3 + d * n**2 * norm2**2 * sigma2**3 + 6 * d * n**2 * norm2**2 * sigma2**2 + 32 * d
        * n**2 * norm2**2 * sigma2 + 4 * d * n**2 * norm2 * sigma2**3 + 10 * d * n**2 * norm2 *
        sigma2**2 + 4 * d * n * norm2**3 * sigma2**2 - 16 * d * n * norm2**3 * sigma2 + 51 * d * n
        * norm2**3 + 6 * d * n * norm2**2 * sigma2**3 - 6 * d * n * norm2**2 * sigma2**2 + 81 * d
        * n * norm2**2 * sigma2 + 2 * d * n * norm2 * sigma2**4 + 4 * d * n * norm2 * sigma2**3 +
        31 * d * n * norm2 * sigma2**2 + 2 * d * n * sigma2**3 + 4 * d * norm2**3 * sigma2**2 - 18
        * d * norm2**3 * sigma2 + 44 * d * norm2**3 + 7 * d * norm2**2 * sigma2**3 - 22 * d *
        norm2**2 * sigma2**2 + 77 * d * norm2**2 * sigma2 + 3 * d * norm2 * sigma2**4 - 6 * d *
        norm2 * sigma2**3 + 37 * d * norm2 * sigma2**2 + 4 * d * sigma2**3 + k * n**3 * norm2**3 +
        k * n**2 * norm2**3 * sigma2**2 - 6 * k * n**2 * norm2**3 * sigma2 + 17 * k * n**2 *
        norm2**3 - 4 * k * n**2 * norm2**2 * sigma2**2 + 14 * k * n**2 * norm2**2 * sigma2 + 2 * k
        * n**2 * norm2 * sigma2**2 + 4 * k * n * norm2**3 * sigma2**2 - 24 * k * n * norm2**3 *
        sigma2 + 53 * k * n * norm2**3 + 2 * k * n * norm2**2 * sigma2**3 - 24 * k * n * norm2**2
        * sigma2**2 + 60 * k * n * norm2**2 * sigma2 - 4 * k * n * norm2 * sigma2**3 + 14 * k * n
        * norm2 * sigma2**2 + 3 * k * norm2**3 * sigma2**2 - 22 * k * norm2**3 * sigma2 + 45 * k *
        norm2**3 + 2 * k * norm2**2 * sigma2**3 - 28 * k * norm2**2 * sigma2**2 + 62 * k *
        norm2**2 * sigma2 - 8 * k * norm2 * sigma2**3 + 20 * k * norm2 * sigma2**2 + n**3 *
        norm2**3 + n**2 * norm2**3 * sigma2**2 - 6 * n**2 * norm2**3 * sigma2 + 17 * n**2 *
        norm2**3 - 4 * n**2 * norm2**2 * sigma2**2 + 14 * n**2 * norm2**2 * sigma2 + 2 * n**2 *
        norm2 * sigma2**2 + 4 * n * norm2**3 * sigma2**2 - 24 * n * norm2**3 * sigma2 + 53 * n *
        norm2**3 + 2 * n * norm2**2 * sigma2**3 - 24 * n * norm2**2 * sigma2**2 + 60 * n *
        norm2**2 * sigma2 - 4 * n * norm2 * sigma2**3 + 14 * n * norm2 * sigma2**2 + 3 * norm2**3
        * sigma2**2 - 22 * norm2**3 * sigma2 + 45 * norm2**3 + 2 * norm2**2 * sigma2**3 - 28 *
        norm2**2 * sigma2**2 + 62 * norm2**2 * sigma2 - 8 * norm2 * sigma2**3 + 20 * norm2 *
        sigma2**2)
    )


def warm_risk_after(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The risk after the optimal step, warm start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return (
        d**6 * norm2**4 + 4 * d**6 * norm2**3 * sigma2 + 6 * d**6 * norm2**2 * sigma2**2 + 4 *
        d**6 * norm2 * sigma2**3 + d**6 * sigma2**4 + d**5 * k * norm2**4 + 3 * d**5 * k *
        norm2**3 * sigma2 + 3 * d**5 * k * norm2**2 * sigma2**2 + d**5 * k * norm2 * sigma2**3 +
        d**5 * n**2 * norm2**4 + 2 * d**5 * n**2 * norm2**3 * sigma2 + d**5 * n**2 * norm2**2 *
        sigma2**2 + 6 * d**5 * n * norm2**4 + 22 * d**5 * n * norm2**3 * sigma2 + 32 * d**5 * n *
        norm2**2 * sigma2**2 + 22 * d**5 * n * norm2 * sigma2**3 + 6 * d**5 * n * sigma2**4 + 4 *
        d**5 * norm2**4 * sigma2 + 6 * d**5 * norm2**4 + 16 * d**5 * norm2**3 * sigma2**2 + 23 *
        d**5 * norm2**3 * sigma2 + 24 * d**5 * norm2**2 * sigma2**3 + 34 * d**5 * norm2**2 *
        sigma2**2 + 16 * d**5 * norm2 * sigma2**4 + 23 * d**5 * norm2 * sigma2**3 + 4 * d**5 *
        sigma2**5 + 6 * d**5 * sigma2**4 + d**4 * k * n**2 * norm2**3 * sigma2 + 6 * d**4 * k * n
        * norm2**4 + 15 * d**4 * k * n * norm2**3 * sigma2 + 15 * d**4 * k * n * norm2**2 *
        sigma2**2 + 7 * d**4 * k * n * norm2 * sigma2**3 + d**4 * k * n * sigma2**4 + 4 * d**4 * k
        * norm2**4 * sigma2 + 5 * d**4 * k * norm2**4 + 12 * d**4 * k * norm2**3 * sigma2**2 + 13
        * d**4 * k * norm2**3 * sigma2 + 12 * d**4 * k * norm2**2 * sigma2**3 + 14 * d**4 * k *
        norm2**2 * sigma2**2 + 4 * d**4 * k * norm2 * sigma2**4 + 8 * d**4 * k * norm2 * sigma2**3
        + 2 * d**4 * k * sigma2**4 + 2 * d**4 * n**3 * norm2**4 + 8 * d**4 * n**3 * norm2**3 *
        sigma2 + 6 * d**4 * n**3 * norm2**2 * sigma2**2 + 4 * d**4 * n**2 * norm2**4 * sigma2 + 10
        * d**4 * n**2 * norm2**4 + 8 * d**4 * n**2 * norm2**3 * sigma2**2 + 51 * d**4 * n**2 *
        norm2**3 * sigma2 + 4 * d**4 * n**2 * norm2**2 * sigma2**3 + 72 * d**4 * n**2 * norm2**2 *
        sigma2**2 + 42 * d**4 * n**2 * norm2 * sigma2**3 + 11 * d**4 * n**2 * sigma2**4 + 20 *
        d**4 * n * norm2**4 * sigma2 + 18 * d**4 * n * norm2**4 + 68 * d**4 * n * norm2**3 *
        sigma2**2 + 95 * d**4 * n * norm2**3 * sigma2 + 92 * d**4 * n * norm2**2 * sigma2**3 + 151
        * d**4 * n * norm2**2 * sigma2**2 + 60 * d**4 * n * norm2 * sigma2**4 + 99 * d**4 * n *
        norm2 * sigma2**3 + 16 * d**4 * n * sigma2**5 + 25 * d**4 * n * sigma2**4 + 6 * d**4 *
        norm2**4 * sigma2**2 + 20 * d**4 * norm2**4 * sigma2 + 11 * d**4 * norm2**4 + 24 * d**4 *
        norm2**3 * sigma2**3 + 72 * d**4 * norm2**3 * sigma2**2 + 59 * d**4 * norm2**3 * sigma2 +
        36 * d**4 * norm2**2 * sigma2**4 + 100 * d**4 * norm2**2 * sigma2**3 + 98 * d**4 *
        norm2**2 * sigma2**2 + 24 * d**4 * norm2 * sigma2**5 + 64 * d**4 * norm2 * sigma2**4 + 66
        * d**4 * norm2 * sigma2**3 + 6 * d**4 * sigma2**6 + 16 * d**4 * sigma2**5 + 16 * d**4 *
        sigma2**4 + 2 * d**3 * k * n**3 * norm2**4 + 5 * d**3 * k * n**3 * norm2**3 * sigma2 +
        d**3 * k * n**3 * norm2**2 * sigma2**2 + 11 * d**3 * k * n**2 * norm2**4 + 4 * d**3 * k *
        n**2 * norm2**3 * sigma2**2 + 31 * d**3 * k * n**2 * norm2**3 * sigma2 + 26 * d**3 * k *
        n**2 * norm2**2 * sigma2**2 + 13 * d**3 * k * n**2 * norm2 * sigma2**3 + 3 * d**3 * k *
        n**2 * sigma2**4 + 20 * d**3 * k * n * norm2**4 * sigma2 + 12 * d**3 * k * n * norm2**4 +
        44 * d**3 * k * n * norm2**3 * sigma2**2 + 46 * d**3 * k * n * norm2**3 * sigma2 + 38 *
        d**3 * k * n * norm2**2 * sigma2**3 + 59 * d**3 * k * n * norm2**2 * sigma2**2 + 16 * d**3
        * k * n * norm2 * sigma2**4 + 37 * d**3 * k * n * norm2 * sigma2**3 + 2 * d**3 * k * n *
        sigma2**5 + 10 * d**3 * k * n * sigma2**4 + 6 * d**3 * k * norm2**4 * sigma2**2 + 16 *
        d**3 * k * norm2**4 * sigma2 + 6 * d**3 * k * norm2**4 + 18 * d**3 * k * norm2**3 *
        sigma2**3 + 36 * d**3 * k * norm2**3 * sigma2**2 + 28 * d**3 * k * norm2**3 * sigma2 + 18
        * d**3 * k * norm2**2 * sigma2**4 + 32 * d**3 * k * norm2**2 * sigma2**3 + 46 * d**3 * k *
        norm2**2 * sigma2**2 + 6 * d**3 * k * norm2 * sigma2**5 + 16 * d**3 * k * norm2 *
        sigma2**4 + 32 * d**3 * k * norm2 * sigma2**3 + 4 * d**3 * k * sigma2**5 + 8 * d**3 * k *
        sigma2**4 + d**3 * n**4 * norm2**4 + 8 * d**3 * n**4 * norm2**3 * sigma2 + 11 * d**3 *
        n**4 * norm2**2 * sigma2**2 + 4 * d**3 * n**3 * norm2**4 * sigma2 + 8 * d**3 * n**3 *
        norm2**4 + 20 * d**3 * n**3 * norm2**3 * sigma2**2 + 51 * d**3 * n**3 * norm2**3 * sigma2
        + 16 * d**3 * n**3 * norm2**2 * sigma2**3 + 87 * d**3 * n**3 * norm2**2 * sigma2**2 + 36 *
        d**3 * n**3 * norm2 * sigma2**3 + 6 * d**3 * n**3 * sigma2**4 + 6 * d**3 * n**2 * norm2**4
        * sigma2**2 + 16 * d**3 * n**2 * norm2**4 * sigma2 + 34 * d**3 * n**2 * norm2**4 + 12 *
        d**3 * n**2 * norm2**3 * sigma2**3 + 104 * d**3 * n**2 * norm2**3 * sigma2**2 + 159 * d**3
        * n**2 * norm2**3 * sigma2 + 6 * d**3 * n**2 * norm2**2 * sigma2**4 + 144 * d**3 * n**2 *
        norm2**2 * sigma2**3 + 257 * d**3 * n**2 * norm2**2 * sigma2**2 + 72 * d**3 * n**2 * norm2
        * sigma2**4 + 143 * d**3 * n**2 * norm2 * sigma2**3 + 16 * d**3 * n**2 * sigma2**5 + 27 *
        d**3 * n**2 * sigma2**4 + 26 * d**3 * n * norm2**4 * sigma2**2 + 24 * d**3 * n * norm2**4
        * sigma2 + 68 * d**3 * n * norm2**4 + 80 * d**3 * n * norm2**3 * sigma2**3 + 172 * d**3 *
        n * norm2**3 * sigma2**2 + 266 * d**3 * n * norm2**3 * sigma2 + 96 * d**3 * n * norm2**2 *
        sigma2**4 + 282 * d**3 * n * norm2**2 * sigma2**3 + 375 * d**3 * n * norm2**2 * sigma2**2
        + 56 * d**3 * n * norm2 * sigma2**5 + 172 * d**3 * n * norm2 * sigma2**4 + 215 * d**3 * n
        * norm2 * sigma2**3 + 14 * d**3 * n * sigma2**6 + 38 * d**3 * n * sigma2**5 + 44 * d**3 *
        n * sigma2**4 + 4 * d**3 * norm2**4 * sigma2**3 + 26 * d**3 * norm2**4 * sigma2**2 + 8 *
        d**3 * norm2**4 * sigma2 + 52 * d**3 * norm2**4 + 16 * d**3 * norm2**3 * sigma2**4 + 86 *
        d**3 * norm2**3 * sigma2**3 + 84 * d**3 * norm2**3 * sigma2**2 + 186 * d**3 * norm2**3 *
        sigma2 + 24 * d**3 * norm2**2 * sigma2**5 + 108 * d**3 * norm2**2 * sigma2**4 + 164 * d**3
        * norm2**2 * sigma2**3 + 232 * d**3 * norm2**2 * sigma2**2 + 16 * d**3 * norm2 * sigma2**6
        + 62 * d**3 * norm2 * sigma2**5 + 116 * d**3 * norm2 * sigma2**4 + 120 * d**3 * norm2 *
        sigma2**3 + 4 * d**3 * sigma2**7 + 14 * d**3 * sigma2**6 + 28 * d**3 * sigma2**5 + 22 *
        d**3 * sigma2**4 + d**2 * k * n**4 * norm2**4 + 5 * d**2 * k * n**4 * norm2**3 * sigma2 +
        3 * d**2 * k * n**4 * norm2**2 * sigma2**2 + 4 * d**2 * k * n**3 * norm2**4 * sigma2 + 6 *
        d**2 * k * n**3 * norm2**4 + 12 * d**2 * k * n**3 * norm2**3 * sigma2**2 + 24 * d**2 * k *
        n**3 * norm2**3 * sigma2 + 2 * d**2 * k * n**3 * norm2**2 * sigma2**3 + 27 * d**2 * k *
        n**3 * norm2**2 * sigma2**2 + 9 * d**2 * k * n**3 * norm2 * sigma2**3 + d**2 * k * n**3 *
        sigma2**4 + 20 * d**2 * k * n**2 * norm2**4 * sigma2 + 24 * d**2 * k * n**2 * norm2**4 + 6
        * d**2 * k * n**2 * norm2**3 * sigma2**3 + 56 * d**2 * k * n**2 * norm2**3 * sigma2**2 +
        71 * d**2 * k * n**2 * norm2**3 * sigma2 + 34 * d**2 * k * n**2 * norm2**2 * sigma2**3 +
        95 * d**2 * k * n**2 * norm2**2 * sigma2**2 + 12 * d**2 * k * n**2 * norm2 * sigma2**4 +
        52 * d**2 * k * n**2 * norm2 * sigma2**3 + 2 * d**2 * k * n**2 * sigma2**5 + 9 * d**2 * k
        * n**2 * sigma2**4 + 26 * d**2 * k * n * norm2**4 * sigma2**2 + 4 * d**2 * k * n *
        norm2**4 * sigma2 + 56 * d**2 * k * n * norm2**4 + 49 * d**2 * k * n * norm2**3 *
        sigma2**3 + 40 * d**2 * k * n * norm2**3 * sigma2**2 + 160 * d**2 * k * n * norm2**3 *
        sigma2 + 33 * d**2 * k * n * norm2**2 * sigma2**4 + 56 * d**2 * k * n * norm2**2 *
        sigma2**3 + 189 * d**2 * k * n * norm2**2 * sigma2**2 + 11 * d**2 * k * n * norm2 *
        sigma2**5 + 36 * d**2 * k * n * norm2 * sigma2**4 + 103 * d**2 * k * n * norm2 * sigma2**3
        + d**2 * k * n * sigma2**6 + 10 * d**2 * k * n * sigma2**5 + 21 * d**2 * k * n * sigma2**4
        + 4 * d**2 * k * norm2**4 * sigma2**3 + 20 * d**2 * k * norm2**4 * sigma2**2 - 8 * d**2 *
        k * norm2**4 * sigma2 + 46 * d**2 * k * norm2**4 + 12 * d**2 * k * norm2**3 * sigma2**4 +
        38 * d**2 * k * norm2**3 * sigma2**3 + 136 * d**2 * k * norm2**3 * sigma2 + 12 * d**2 * k
        * norm2**2 * sigma2**5 + 24 * d**2 * k * norm2**2 * sigma2**4 + 36 * d**2 * k * norm2**2 *
        sigma2**3 + 144 * d**2 * k * norm2**2 * sigma2**2 + 4 * d**2 * k * norm2 * sigma2**6 + 8 *
        d**2 * k * norm2 * sigma2**5 + 40 * d**2 * k * norm2 * sigma2**4 + 64 * d**2 * k * norm2 *
        sigma2**3 + 2 * d**2 * k * sigma2**6 + 12 * d**2 * k * sigma2**5 + 10 * d**2 * k *
        sigma2**4 + 2 * d**2 * n**5 * norm2**3 * sigma2 + 6 * d**2 * n**5 * norm2**2 * sigma2**2 +
        3 * d**2 * n**4 * norm2**4 + 8 * d**2 * n**4 * norm2**3 * sigma2**2 + 23 * d**2 * n**4 *
        norm2**3 * sigma2 + 16 * d**2 * n**4 * norm2**2 * sigma2**3 + 48 * d**2 * n**4 * norm2**2
        * sigma2**2 + 14 * d**2 * n**4 * norm2 * sigma2**3 + d**2 * n**4 * sigma2**4 + 2 * d**2 *
        n**3 * norm2**4 * sigma2**2 + 4 * d**2 * n**3 * norm2**4 * sigma2 + 28 * d**2 * n**3 *
        norm2**4 + 16 * d**2 * n**3 * norm2**3 * sigma2**3 + 44 * d**2 * n**3 * norm2**3 *
        sigma2**2 + 138 * d**2 * n**3 * norm2**3 * sigma2 + 14 * d**2 * n**3 * norm2**2 *
        sigma2**4 + 102 * d**2 * n**3 * norm2**2 * sigma2**3 + 201 * d**2 * n**3 * norm2**2 *
        sigma2**2 + 40 * d**2 * n**3 * norm2 * sigma2**4 + 77 * d**2 * n**3 * norm2 * sigma2**3 +
        4 * d**2 * n**3 * sigma2**5 + 7 * d**2 * n**3 * sigma2**4 + 4 * d**2 * n**2 * norm2**4 *
        sigma2**3 + 6 * d**2 * n**2 * norm2**4 * sigma2**2 + 24 * d**2 * n**2 * norm2**4 * sigma2
        + 112 * d**2 * n**2 * norm2**4 + 8 * d**2 * n**2 * norm2**3 * sigma2**4 + 72 * d**2 * n**2
        * norm2**3 * sigma2**3 + 128 * d**2 * n**2 * norm2**3 * sigma2**2 + 427 * d**2 * n**2 *
        norm2**3 * sigma2 + 4 * d**2 * n**2 * norm2**2 * sigma2**5 + 102 * d**2 * n**2 * norm2**2
        * sigma2**4 + 250 * d**2 * n**2 * norm2**2 * sigma2**3 + 512 * d**2 * n**2 * norm2**2 *
        sigma2**2 + 42 * d**2 * n**2 * norm2 * sigma2**5 + 136 * d**2 * n**2 * norm2 * sigma2**4 +
        208 * d**2 * n**2 * norm2 * sigma2**3 + 6 * d**2 * n**2 * sigma2**6 + 18 * d**2 * n**2 *
        sigma2**5 + 24 * d**2 * n**2 * sigma2**4 + 16 * d**2 * n * norm2**4 * sigma2**3 + 4 * d**2
        * n * norm2**4 * sigma2**2 + 48 * d**2 * n * norm2**4 * sigma2 + 204 * d**2 * n * norm2**4
        + 44 * d**2 * n * norm2**3 * sigma2**4 + 97 * d**2 * n * norm2**3 * sigma2**3 + 216 * d**2
        * n * norm2**3 * sigma2**2 + 648 * d**2 * n * norm2**3 * sigma2 + 44 * d**2 * n * norm2**2
        * sigma2**5 + 173 * d**2 * n * norm2**2 * sigma2**4 + 336 * d**2 * n * norm2**2 *
        sigma2**3 + 695 * d**2 * n * norm2**2 * sigma2**2 + 20 * d**2 * n * norm2 * sigma2**6 + 95
        * d**2 * n * norm2 * sigma2**5 + 192 * d**2 * n * norm2 * sigma2**4 + 283 * d**2 * n *
        norm2 * sigma2**3 + 4 * d**2 * n * sigma2**7 + 15 * d**2 * n * sigma2**6 + 34 * d**2 * n *
        sigma2**5 + 35 * d**2 * n * sigma2**4 + d**2 * norm2**4 * sigma2**4 + 16 * d**2 * norm2**4
        * sigma2**3 - 10 * d**2 * norm2**4 * sigma2**2 + 40 * d**2 * norm2**4 * sigma2 + 135 *
        d**2 * norm2**4 + 4 * d**2 * norm2**3 * sigma2**5 + 48 * d**2 * norm2**3 * sigma2**4 + 12
        * d**2 * norm2**3 * sigma2**3 + 180 * d**2 * norm2**3 * sigma2**2 + 374 * d**2 * norm2**3
        * sigma2 + 6 * d**2 * norm2**2 * sigma2**6 + 52 * d**2 * norm2**2 * sigma2**5 + 60 * d**2
        * norm2**2 * sigma2**4 + 252 * d**2 * norm2**2 * sigma2**3 + 358 * d**2 * norm2**2 *
        sigma2**2 + 4 * d**2 * norm2 * sigma2**7 + 24 * d**2 * norm2 * sigma2**6 + 50 * d**2 *
        norm2 * sigma2**5 + 136 * d**2 * norm2 * sigma2**4 + 134 * d**2 * norm2 * sigma2**3 + d**2
        * sigma2**8 + 4 * d**2 * sigma2**7 + 12 * d**2 * sigma2**6 + 24 * d**2 * sigma2**5 + 15 *
        d**2 * sigma2**4 + d * k * n**5 * norm2**3 * sigma2 + d * k * n**5 * norm2**2 * sigma2**2
        + 2 * d * k * n**4 * norm2**4 + 4 * d * k * n**4 * norm2**3 * sigma2**2 + 8 * d * k * n**4
        * norm2**3 * sigma2 + 2 * d * k * n**4 * norm2**2 * sigma2**3 + 8 * d * k * n**4 *
        norm2**2 * sigma2**2 + 2 * d * k * n**4 * norm2 * sigma2**3 + 2 * d * k * n**3 * norm2**4
        * sigma2**2 + 22 * d * k * n**3 * norm2**4 + 9 * d * k * n**3 * norm2**3 * sigma2**3 + 77
        * d * k * n**3 * norm2**3 * sigma2 + d * k * n**3 * norm2**2 * sigma2**4 + 6 * d * k *
        n**3 * norm2**2 * sigma2**3 + 70 * d * k * n**3 * norm2**2 * sigma2**2 + 4 * d * k * n**3
        * norm2 * sigma2**4 + 21 * d * k * n**3 * norm2 * sigma2**3 + 2 * d * k * n**3 * sigma2**4
        + 10 * d * k * n**2 * norm2**4 * sigma2**2 + 8 * d * k * n**2 * norm2**4 * sigma2 + 87 * d
        * k * n**2 * norm2**4 + 4 * d * k * n**2 * norm2**3 * sigma2**4 + 33 * d * k * n**2 *
        norm2**3 * sigma2**3 - 20 * d * k * n**2 * norm2**3 * sigma2**2 + 295 * d * k * n**2 *
        norm2**3 * sigma2 + 14 * d * k * n**2 * norm2**2 * sigma2**4 - 2 * d * k * n**2 * norm2**2
        * sigma2**3 + 279 * d * k * n**2 * norm2**2 * sigma2**2 + 3 * d * k * n**2 * norm2 *
        sigma2**5 + 20 * d * k * n**2 * norm2 * sigma2**4 + 87 * d * k * n**2 * norm2 * sigma2**3
        + 4 * d * k * n**2 * sigma2**5 + 8 * d * k * n**2 * sigma2**4 + 16 * d * k * n * norm2**4
        * sigma2**3 - 22 * d * k * n * norm2**4 * sigma2**2 + 44 * d * k * n * norm2**4 * sigma2 +
        148 * d * k * n * norm2**4 + 26 * d * k * n * norm2**3 * sigma2**4 - 28 * d * k * n *
        norm2**3 * sigma2**3 + 72 * d * k * n * norm2**3 * sigma2**2 + 442 * d * k * n * norm2**3
        * sigma2 + 12 * d * k * n * norm2**2 * sigma2**5 - 11 * d * k * n * norm2**2 * sigma2**4 +
        70 * d * k * n * norm2**2 * sigma2**3 + 415 * d * k * n * norm2**2 * sigma2**2 + 2 * d * k
        * n * norm2 * sigma2**6 + 3 * d * k * n * norm2 * sigma2**5 + 48 * d * k * n * norm2 *
        sigma2**4 + 135 * d * k * n * norm2 * sigma2**3 + 2 * d * k * n * sigma2**6 + 12 * d * k *
        n * sigma2**5 + 10 * d * k * n * sigma2**4 + d * k * norm2**4 * sigma2**4 + 12 * d * k *
        norm2**4 * sigma2**3 - 30 * d * k * norm2**4 * sigma2**2 + 48 * d * k * norm2**4 * sigma2
        + 89 * d * k * norm2**4 + 3 * d * k * norm2**3 * sigma2**5 + 20 * d * k * norm2**3 *
        sigma2**4 - 68 * d * k * norm2**3 * sigma2**3 + 140 * d * k * norm2**3 * sigma2**2 + 225 *
        d * k * norm2**3 * sigma2 + 3 * d * k * norm2**2 * sigma2**6 + 8 * d * k * norm2**2 *
        sigma2**5 - 42 * d * k * norm2**2 * sigma2**4 + 144 * d * k * norm2**2 * sigma2**3 + 191 *
        d * k * norm2**2 * sigma2**2 + d * k * norm2 * sigma2**7 + 60 * d * k * norm2 * sigma2**4
        + 59 * d * k * norm2 * sigma2**3 + 4 * d * k * sigma2**6 + 8 * d * k * sigma2**5 + 4 * d *
        k * sigma2**4 + d * n**6 * norm2**2 * sigma2**2 + 3 * d * n**5 * norm2**3 * sigma2 + 4 * d
        * n**5 * norm2**2 * sigma2**3 + 9 * d * n**5 * norm2**2 * sigma2**2 + 2 * d * n**5 * norm2
        * sigma2**3 + 3 * d * n**4 * norm2**4 + 2 * d * n**4 * norm2**3 * sigma2**3 + 4 * d * n**4
        * norm2**3 * sigma2**2 + 34 * d * n**4 * norm2**3 * sigma2 + 6 * d * n**4 * norm2**2 *
        sigma2**4 + 26 * d * n**4 * norm2**2 * sigma2**3 + 49 * d * n**4 * norm2**2 * sigma2**2 +
        8 * d * n**4 * norm2 * sigma2**4 + 14 * d * n**4 * norm2 * sigma2**3 + 4 * d * n**3 *
        norm2**4 * sigma2**2 - 4 * d * n**3 * norm2**4 * sigma2 + 40 * d * n**3 * norm2**4 + 4 * d
        * n**3 * norm2**3 * sigma2**4 + 15 * d * n**3 * norm2**3 * sigma2**3 + 20 * d * n**3 *
        norm2**3 * sigma2**2 + 197 * d * n**3 * norm2**3 * sigma2 + 4 * d * n**3 * norm2**2 *
        sigma2**5 + 33 * d * n**3 * norm2**2 * sigma2**4 + 82 * d * n**3 * norm2**2 * sigma2**3 +
        208 * d * n**3 * norm2**2 * sigma2**2 + 12 * d * n**3 * norm2 * sigma2**5 + 36 * d * n**3
        * norm2 * sigma2**4 + 59 * d * n**3 * norm2 * sigma2**3 + 2 * d * n**3 * sigma2**4 + d *
        n**2 * norm2**4 * sigma2**4 + 10 * d * n**2 * norm2**4 * sigma2**2 + 16 * d * n**2 *
        norm2**4 * sigma2 + 157 * d * n**2 * norm2**4 + 2 * d * n**2 * norm2**3 * sigma2**5 + 16 *
        d * n**2 * norm2**3 * sigma2**4 + 39 * d * n**2 * norm2**3 * sigma2**3 + 96 * d * n**2 *
        norm2**3 * sigma2**2 + 559 * d * n**2 * norm2**3 * sigma2 + d * n**2 * norm2**2 *
        sigma2**6 + 24 * d * n**2 * norm2**2 * sigma2**5 + 70 * d * n**2 * norm2**2 * sigma2**4 +
        174 * d * n**2 * norm2**2 * sigma2**3 + 538 * d * n**2 * norm2**2 * sigma2**2 + 8 * d *
        n**2 * norm2 * sigma2**6 + 33 * d * n**2 * norm2 * sigma2**5 + 80 * d * n**2 * norm2 *
        sigma2**4 + 157 * d * n**2 * norm2 * sigma2**3 + 4 * d * n**2 * sigma2**5 + 8 * d * n**2 *
        sigma2**4 + 4 * d * n * norm2**4 * sigma2**4 - 10 * d * n * norm2**4 * sigma2**2 + 104 * d
        * n * norm2**4 * sigma2 + 246 * d * n * norm2**4 + 10 * d * n * norm2**3 * sigma2**5 + 18
        * d * n * norm2**3 * sigma2**4 + 4 * d * n * norm2**3 * sigma2**3 + 308 * d * n * norm2**3
        * sigma2**2 + 720 * d * n * norm2**3 * sigma2 + 8 * d * n * norm2**2 * sigma2**6 + 32 * d
        * n * norm2**2 * sigma2**5 + 43 * d * n * norm2**2 * sigma2**4 + 326 * d * n * norm2**2 *
        sigma2**3 + 657 * d * n * norm2**2 * sigma2**2 + 2 * d * n * norm2 * sigma2**7 + 14 * d *
        n * norm2 * sigma2**6 + 29 * d * n * norm2 * sigma2**5 + 128 * d * n * norm2 * sigma2**4 +
        199 * d * n * norm2 * sigma2**3 + 2 * d * n * sigma2**6 + 12 * d * n * sigma2**5 + 10 * d
        * n * sigma2**4 + 4 * d * norm2**4 * sigma2**4 - 4 * d * norm2**4 * sigma2**3 - 26 * d *
        norm2**4 * sigma2**2 + 116 * d * norm2**4 * sigma2 + 134 * d * norm2**4 + 11 * d *
        norm2**3 * sigma2**5 - 8 * d * norm2**3 * sigma2**4 - 38 * d * norm2**3 * sigma2**3 + 316
        * d * norm2**3 * sigma2**2 + 335 * d * norm2**3 * sigma2 + 10 * d * norm2**2 * sigma2**6 -
        4 * d * norm2**2 * sigma2**5 + 292 * d * norm2**2 * sigma2**3 + 278 * d * norm2**2 *
        sigma2**2 + 3 * d * norm2 * sigma2**7 + 16 * d * norm2 * sigma2**5 + 100 * d * norm2 *
        sigma2**4 + 81 * d * norm2 * sigma2**3 + 4 * d * sigma2**6 + 8 * d * sigma2**5 + 4 * d *
        sigma2**4 + k * n**5 * norm2**3 * sigma2 + k * n**4 * norm2**4 + k * n**4 * norm2**3 *
        sigma2**3 - 4 * k * n**4 * norm2**3 * sigma2**2 + 19 * k * n**4 * norm2**3 * sigma2 - 4 *
        k * n**4 * norm2**2 * sigma2**3 + 14 * k * n**4 * norm2**2 * sigma2**2 + 2 * k * n**4 *
        norm2 * sigma2**3 + 2 * k * n**3 * norm2**4 * sigma2**2 - 4 * k * n**3 * norm2**4 * sigma2
        + 18 * k * n**3 * norm2**4 + 2 * k * n**3 * norm2**3 * sigma2**4 - 5 * k * n**3 * norm2**3
        * sigma2**3 - 4 * k * n**3 * norm2**3 * sigma2**2 + 102 * k * n**3 * norm2**3 * sigma2 - 6
        * k * n**3 * norm2**2 * sigma2**4 - 4 * k * n**3 * norm2**2 * sigma2**3 + 90 * k * n**3 *
        norm2**2 * sigma2**2 + 18 * k * n**3 * norm2 * sigma2**3 + 6 * k * n**2 * norm2**4 *
        sigma2**2 + 4 * k * n**2 * norm2**4 * sigma2 + 70 * k * n**2 * norm2**4 + k * n**2 *
        norm2**3 * sigma2**5 + 4 * k * n**2 * norm2**3 * sigma2**4 - 31 * k * n**2 * norm2**3 *
        sigma2**3 + 64 * k * n**2 * norm2**3 * sigma2**2 + 242 * k * n**2 * norm2**3 * sigma2 - 38
        * k * n**2 * norm2**2 * sigma2**4 + 68 * k * n**2 * norm2**2 * sigma2**3 + 212 * k * n**2
        * norm2**2 * sigma2**2 - 6 * k * n**2 * norm2 * sigma2**5 + 16 * k * n**2 * norm2 *
        sigma2**4 + 50 * k * n**2 * norm2 * sigma2**3 + 4 * k * n * norm2**4 * sigma2**4 - 16 * k
        * n * norm2**4 * sigma2**3 + 12 * k * n * norm2**4 * sigma2**2 + 60 * k * n * norm2**4 *
        sigma2 + 98 * k * n * norm2**4 + 6 * k * n * norm2**3 * sigma2**5 - 30 * k * n * norm2**3
        * sigma2**4 - 13 * k * n * norm2**3 * sigma2**3 + 196 * k * n * norm2**3 * sigma2**2 + 265
        * k * n * norm2**3 * sigma2 + 2 * k * n * norm2**2 * sigma2**6 - 20 * k * n * norm2**2 *
        sigma2**5 - 32 * k * n * norm2**2 * sigma2**4 + 180 * k * n * norm2**2 * sigma2**3 + 218 *
        k * n * norm2**2 * sigma2**2 - 4 * k * n * norm2 * sigma2**6 - 10 * k * n * norm2 *
        sigma2**5 + 48 * k * n * norm2 * sigma2**4 + 54 * k * n * norm2 * sigma2**3 + 3 * k *
        norm2**4 * sigma2**4 - 16 * k * norm2**4 * sigma2**3 + 4 * k * norm2**4 * sigma2**2 + 68 *
        k * norm2**4 * sigma2 + 45 * k * norm2**4 + 5 * k * norm2**3 * sigma2**5 - 40 * k *
        norm2**3 * sigma2**4 + 12 * k * norm2**3 * sigma2**3 + 164 * k * norm2**3 * sigma2**2 +
        107 * k * norm2**3 * sigma2 + 2 * k * norm2**2 * sigma2**6 - 32 * k * norm2**2 * sigma2**5
        + 12 * k * norm2**2 * sigma2**4 + 128 * k * norm2**2 * sigma2**3 + 82 * k * norm2**2 *
        sigma2**2 - 8 * k * norm2 * sigma2**6 + 4 * k * norm2 * sigma2**5 + 32 * k * norm2 *
        sigma2**4 + 20 * k * norm2 * sigma2**3 + n**5 * norm2**3 * sigma2 + n**4 * norm2**4 + n**4
        * norm2**3 * sigma2**3 - 4 * n**4 * norm2**3 * sigma2**2 + 19 * n**4 * norm2**3 * sigma2 -
        4 * n**4 * norm2**2 * sigma2**3 + 14 * n**4 * norm2**2 * sigma2**2 + 2 * n**4 * norm2 *
        sigma2**3 + 2 * n**3 * norm2**4 * sigma2**2 - 4 * n**3 * norm2**4 * sigma2 + 18 * n**3 *
        norm2**4 + 2 * n**3 * norm2**3 * sigma2**4 - 5 * n**3 * norm2**3 * sigma2**3 - 4 * n**3 *
        norm2**3 * sigma2**2 + 102 * n**3 * norm2**3 * sigma2 - 6 * n**3 * norm2**2 * sigma2**4 -
        4 * n**3 * norm2**2 * sigma2**3 + 90 * n**3 * norm2**2 * sigma2**2 + 18 * n**3 * norm2 *
        sigma2**3 + n**2 * norm2**4 * sigma2**4 - 4 * n**2 * norm2**4 * sigma2**3 + 10 * n**2 *
        norm2**4 * sigma2**2 + 4 * n**2 * norm2**4 * sigma2 + 70 * n**2 * norm2**4 + n**2 *
        norm2**3 * sigma2**5 - 23 * n**2 * norm2**3 * sigma2**3 + 64 * n**2 * norm2**3 * sigma2**2
        + 242 * n**2 * norm2**3 * sigma2 - 34 * n**2 * norm2**2 * sigma2**4 + 68 * n**2 * norm2**2
        * sigma2**3 + 212 * n**2 * norm2**2 * sigma2**2 - 6 * n**2 * norm2 * sigma2**5 + 16 * n**2
        * norm2 * sigma2**4 + 50 * n**2 * norm2 * sigma2**3 + 4 * n * norm2**4 * sigma2**4 - 16 *
        n * norm2**4 * sigma2**3 + 12 * n * norm2**4 * sigma2**2 + 60 * n * norm2**4 * sigma2 + 98
        * n * norm2**4 + 6 * n * norm2**3 * sigma2**5 - 30 * n * norm2**3 * sigma2**4 - 13 * n *
        norm2**3 * sigma2**3 + 196 * n * norm2**3 * sigma2**2 + 265 * n * norm2**3 * sigma2 + 2 *
        n * norm2**2 * sigma2**6 - 20 * n * norm2**2 * sigma2**5 - 32 * n * norm2**2 * sigma2**4 +
        180 * n * norm2**2 * sigma2**3 + 218 * n * norm2**2 * sigma2**2 - 4 * n * norm2 *
        sigma2**6 - 10 * n * norm2 * sigma2**5 + 48 * n * norm2 * sigma2**4 + 54 * n * norm2 *
        sigma2**3 + 3 * norm2**4 * sigma2**4 - 16 * norm2**4 * sigma2**3 + 4 * norm2**4 *
        sigma2**2 + 68 * norm2**4 * sigma2 + 45 * norm2**4 + 5 * norm2**3 * sigma2**5 - 40 *
        norm2**3 * sigma2**4 + 12 * norm2**3 * sigma2**3 + 164 * norm2**3 * sigma2**2 + 107 *
        norm2**3 * sigma2 + 2 * norm2**2 * sigma2**6 - 32 * norm2**2 * sigma2**5 + 12 * norm2**2 *
        sigma2**4 + 128 * norm2**2 * sigma2**3 + 82 * norm2**2 * sigma2**2 - 8 * norm2 * sigma2**6
        + 4 * norm2 * sigma2**5 + 32 * norm2 * sigma2**4 + 20 * norm2 * sigma2**3
    ) / (
        (d + n + sigma2 + 1)**2 * (d**4 * norm2**3 + 3 * d**4 * norm2**2 * sigma2 + 3 * d**4 *
        norm2 * sigma2**2 + d**4 * sigma2**3 + d**3 * k * norm2**3 + 2 * d**3 * k * norm2**2 *
        sigma2 + d**3 * k * norm2 * sigma2**2 + d**3 * n**2 * norm2**3 + d**3 * n**2 * norm2**2 *
        sigma2 + 5 * d**3 * n * norm2**3 + 11 * d**3 * n * norm2**2 * sigma2 + 9 * d**3 * n *
        norm2 * sigma2**2 + 3 * d**3 * n * sigma2**3 + 2 * d**3 * norm2**3 * sigma2 + 4 * d**3 *
        norm2**3 + 6 * d**3 * norm2**2 * sigma2**2 + 11 * d**3 * norm2**2 * sigma2 + 6 * d**3 *
        norm2 * sigma2**3 + 11 * d**3 * norm2 * sigma2**2 + 2 * d**3 * sigma2**4 + 4 * d**3 *
        sigma2**3 + d**2 * k * n**2 * norm2**3 + 5 * d**2 * k * n * norm2**3 + 5 * d**2 * k * n *
        norm2**2 * sigma2 + 3 * d**2 * k * n * norm2 * sigma2**2 + d**2 * k * n * sigma2**3 + 2 *
        d**2 * k * norm2**3 * sigma2 + 3 * d**2 * k * norm2**3 + 4 * d**2 * k * norm2**2 *
        sigma2**2 + 4 * d**2 * k * norm2**2 * sigma2 + 2 * d**2 * k * norm2 * sigma2**3 + 4 * d**2
        * k * norm2 * sigma2**2 + 2 * d**2 * k * sigma2**3 + d**2 * n**3 * norm2**3 + 3 * d**2 *
        n**3 * norm2**2 * sigma2 + 2 * d**2 * n**2 * norm2**3 * sigma2 + 3 * d**2 * n**2 *
        norm2**3 + 2 * d**2 * n**2 * norm2**2 * sigma2**2 + 17 * d**2 * n**2 * norm2**2 * sigma2 +
        8 * d**2 * n**2 * norm2 * sigma2**2 + d**2 * n**2 * sigma2**3 + 8 * d**2 * n * norm2**3 *
        sigma2 + 3 * d**2 * n * norm2**3 + 14 * d**2 * n * norm2**2 * sigma2**2 + 32 * d**2 * n *
        norm2**2 * sigma2 + 8 * d**2 * n * norm2 * sigma2**3 + 26 * d**2 * n * norm2 * sigma2**2 +
        2 * d**2 * n * sigma2**4 + 5 * d**2 * n * sigma2**3 + d**2 * norm2**3 * sigma2**2 + 6 *
        d**2 * norm2**3 * sigma2 + 2 * d**2 * norm2**3 + 3 * d**2 * norm2**2 * sigma2**3 + 12 *
        d**2 * norm2**2 * sigma2**2 + 23 * d**2 * norm2**2 * sigma2 + 3 * d**2 * norm2 * sigma2**4
        + 8 * d**2 * norm2 * sigma2**3 + 25 * d**2 * norm2 * sigma2**2 + d**2 * sigma2**5 + 2 *
        d**2 * sigma2**4 + 7 * d**2 * sigma2**3 + d * k * n**3 * norm2**3 + d * k * n**3 *
        norm2**2 * sigma2 + 2 * d * k * n**2 * norm2**3 * sigma2 + 2 * d * k * n**2 * norm2**3 + 6
        * d * k * n**2 * norm2**2 * sigma2 + 2 * d * k * n**2 * norm2 * sigma2**2 + 8 * d * k * n
        * norm2**3 * sigma2 - 2 * d * k * n * norm2**3 + 4 * d * k * n * norm2**2 * sigma2**2 + 11
        * d * k * n * norm2**2 * sigma2 + 11 * d * k * n * norm2 * sigma2**2 + 2 * d * k * n *
        sigma2**3 + d * k * norm2**3 * sigma2**2 + 4 * d * k * norm2**3 * sigma2 - d * k *
        norm2**3 + 2 * d * k * norm2**2 * sigma2**3 + 12 * d * k * norm2**2 * sigma2 + d * k *
        norm2 * sigma2**4 - 2 * d * k * norm2 * sigma2**3 + 15 * d * k * norm2 * sigma2**2 + 4 * d
        * k * sigma2**3 + d * n**4 * norm2**2 * sigma2 + 2 * d * n**3 * norm2**3 + 2 * d * n**3 *
        norm2**2 * sigma2**2 + 7 * d * n**3 * norm2**2 * sigma2 + 2 * d * n**3 * norm2 * sigma2**2
        + d * n**2 * norm2**3 * sigma2**2 - 4 * d * n**2 * norm2**3 * sigma2 + 19 * d * n**2 *
        norm2**3 + d * n**2 * norm2**2 * sigma2**3 + 6 * d * n**2 * norm2**2 * sigma2**2 + 32 * d
        * n**2 * norm2**2 * sigma2 + 4 * d * n**2 * norm2 * sigma2**3 + 10 * d * n**2 * norm2 *
        sigma2**2 + 4 * d * n * norm2**3 * sigma2**2 - 16 * d * n * norm2**3 * sigma2 + 51 * d * n
        * norm2**3 + 6 * d * n * norm2**2 * sigma2**3 - 6 * d * n * norm2**2 * sigma2**2 + 81 * d
        * n * norm2**2 * sigma2 + 2 * d * n * norm2 * sigma2**4 + 4 * d * n * norm2 * sigma2**3 +
        31 * d * n * norm2 * sigma2**2 + 2 * d * n * sigma2**3 + 4 * d * norm2**3 * sigma2**2 - 18
        * d * norm2**3 * sigma2 + 44 * d * norm2**3 + 7 * d * norm2**2 * sigma2**3 - 22 * d *
        norm2**2 * sigma2**2 + 77 * d * norm2**2 * sigma2 + 3 * d * norm2 * sigma2**4 - 6 * d *
        norm2 * sigma2**3 + 37 * d * norm2 * sigma2**2 + 4 * d * sigma2**3 + k * n**3 * norm2**3 +
        k * n**2 * norm2**3 * sigma2**2 - 6 * k * n**2 * norm2**3 * sigma2 + 17 * k * n**2 *
        norm2**3 - 4 * k * n**2 * norm2**2 * sigma2**2 + 14 * k * n**2 * norm2**2 * sigma2 + 2 * k
        * n**2 * norm2 * sigma2**2 + 4 * k * n * norm2**3 * sigma2**2 - 24 * k * n * norm2**3 *
        sigma2 + 53 * k * n * norm2**3 + 2 * k * n * norm2**2 * sigma2**3 - 24 * k * n * norm2**2
        * sigma2**2 + 60 * k * n * norm2**2 * sigma2 - 4 * k * n * norm2 * sigma2**3 + 14 * k * n
        * norm2 * sigma2**2 + 3 * k * norm2**3 * sigma2**2 - 22 * k * norm2**3 * sigma2 + 45 * k *
        norm2**3 + 2 * k * norm2**2 * sigma2**3 - 28 * k * norm2**2 * sigma2**2 + 62 * k *
        norm2**2 * sigma2 - 8 * k * norm2 * sigma2**3 + 20 * k * norm2 * sigma2**2 + n**3 *
        norm2**3 + n**2 * norm2**3 * sigma2**2 - 6 * n**2 * norm2**3 * sigma2 + 17 * n**2 *
        norm2**3 - 4 * n**2 * norm2**2 * sigma2**2 + 14 * n**2 * norm2**2 * sigma2 + 2 * n**2 *
        norm2 * sigma2**2 + 4 * n * norm2**3 * sigma2**2 - 24 * n * norm2**3 * sigma2 + 53 * n *
        norm2**3 + 2 * n * norm2**2 * sigma2**3 - 24 * n * norm2**2 * sigma2**2 + 60 * n *
        norm2**2 * sigma2 - 4 * n * norm2 * sigma2**3 + 14 * n * norm2 * sigma2**2 + 3 * norm2**3
        * sigma2**2 - 22 * norm2**3 * sigma2 + 45 * norm2**3 + 2 * norm2**2 * sigma2**3 - 28 *
        norm2**2 * sigma2**2 + 62 * norm2**2 * sigma2 - 8 * norm2 * sigma2**3 + 20 * norm2 *
        sigma2**2)
    )


def cold_risk_before(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The risk before the step, cold start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    norm2, sigma2 = task_square, noise_variance
    return norm2 + sigma2


def cold_step_size(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The optimal step size η*, cold start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return norm2**2 / (
        2 * (d * norm2 + d * sigma2 + k * norm2 + norm2) * (d * norm2**2 + 2 * d * norm2 * sigma2
        + d * sigma2**2 + n**2 * norm2**2 + 4 * n * norm2**2 + 2 * n * norm2 * sigma2 + 3 *
        norm2**2 + 2 * norm2 * sigma2)
    )


def cold_improvement(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The fall of the risk at the optimal step, cold start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return k * n**2 * norm2**4 / (
        (d * norm2 + d * sigma2 + k * norm2 + norm2) * (d * norm2**2 + 2 * d * norm2 * sigma2 + d
        * sigma2**2 + n**2 * norm2**2 + 4 * n * norm2**2 + 2 * n * norm2 * sigma2 + 3 * norm2**2 +
        2 * norm2 * sigma2)
    )


def cold_risk_after(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any
) -> Any:
    """The risk after the optimal step, cold start, Σ_x = Σ_β = I.

    Source: exact, ours; its limit is in [G25], Section 4.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2 = task_square, noise_variance
    return (
        d**2 * norm2**4 + 4 * d**2 * norm2**3 * sigma2 + 6 * d**2 * norm2**2 * sigma2**2 + 4 *
        d**2 * norm2 * sigma2**3 + d**2 * sigma2**4 + d * k * norm2**4 + 3 * d * k * norm2**3 *
        sigma2 + 3 * d * k * norm2**2 * sigma2**2 + d * k * norm2 * sigma2**3 + d * n**2 *
        norm2**4 + 2 * d * n**2 * norm2**3 * sigma2 + d * n**2 * norm2**2 * sigma2**2 + 4 * d * n
        * norm2**4 + 10 * d * n * norm2**3 * sigma2 + 8 * d * n * norm2**2 * sigma2**2 + 2 * d * n
        * norm2 * sigma2**3 + 4 * d * norm2**4 + 11 * d * norm2**3 * sigma2 + 10 * d * norm2**2 *
        sigma2**2 + 3 * d * norm2 * sigma2**3 + k * n**2 * norm2**3 * sigma2 + 4 * k * n *
        norm2**4 + 6 * k * n * norm2**3 * sigma2 + 2 * k * n * norm2**2 * sigma2**2 + 3 * k *
        norm2**4 + 5 * k * norm2**3 * sigma2 + 2 * k * norm2**2 * sigma2**2 + n**2 * norm2**4 +
        n**2 * norm2**3 * sigma2 + 4 * n * norm2**4 + 6 * n * norm2**3 * sigma2 + 2 * n * norm2**2
        * sigma2**2 + 3 * norm2**4 + 5 * norm2**3 * sigma2 + 2 * norm2**2 * sigma2**2
    ) / (
        (d * norm2 + d * sigma2 + k * norm2 + norm2) * (d * norm2**2 + 2 * d * norm2 * sigma2 + d
        * sigma2**2 + n**2 * norm2**2 + 4 * n * norm2**2 + 2 * n * norm2 * sigma2 + 3 * norm2**2 +
        2 * norm2 * sigma2)
    )
