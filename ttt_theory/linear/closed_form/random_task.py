"""The one-step risk of random tasks for isotropic features and weights.

Compiled from derivations.linear.random_task by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "constant",
    "improvement_share",
    "linear",
    "quadratic",
    "square_moment_1",
    "square_moment_2",
    "square_moment_3",
    "step_share",
]


def constant(
    context_length: Any, dim: Any, weight: Any, noise_variance: Any, square_moment_1: Any
) -> Any:
    """c0 of R(η) = c0 − c1η + c2η², from the moments E[‖β‖^(2j)] of random tasks.

    Source: ours; theory.md, section 2, fact 4 for one task.
    """
    n, d, w = context_length, dim, weight
    sigma2 = noise_variance
    return (
        d * n * sigma2 * w**2 + d * n * square_moment_1 * w**2 + n**2 * square_moment_1 * w**2 + n
        * square_moment_1 * w**2 - 2 * n * square_moment_1 * w + sigma2 + square_moment_1
    )


def linear(
    context_length: Any, test_samples: Any, dim: Any, weight: Any, noise_variance: Any,
    square_moment_1: Any, square_moment_2: Any
) -> Any:
    """c1 of R(η) = c0 − c1η + c2η², from the moments E[‖β‖^(2j)] of random tasks.

    Source: ours; theory.md, section 2, fact 4 for one task.
    """
    n, k, d = context_length, test_samples, dim
    w, sigma2 = weight, noise_variance
    return (
        4 * k * n**2 * (d * sigma2**2 * w**2 + 2 * d * sigma2 * square_moment_1 * w**2 + d *
        square_moment_2 * w**2 + n**2 * square_moment_2 * w**2 + 2 * n * sigma2 * square_moment_1
        * w**2 + 4 * n * square_moment_2 * w**2 - 2 * n * square_moment_2 * w + 2 * sigma2 *
        square_moment_1 * w**2 - 2 * sigma2 * square_moment_1 * w + 3 * square_moment_2 * w**2 - 4
        * square_moment_2 * w + square_moment_2)
    )


def quadratic(
    context_length: Any, test_samples: Any, dim: Any, weight: Any, noise_variance: Any,
    square_moment_1: Any, square_moment_2: Any, square_moment_3: Any
) -> Any:
    """c2 of R(η) = c0 − c1η + c2η², from the moments E[‖β‖^(2j)] of random tasks.

    Source: ours; theory.md, section 2, fact 4 for one task.
    """
    n, k, d = context_length, test_samples, dim
    w, sigma2 = weight, noise_variance
    return (
        4 * k * n**2 * (d**3 * n * sigma2**3 * w**2 + 3 * d**3 * n * sigma2**2 * square_moment_1 *
        w**2 + 3 * d**3 * n * sigma2 * square_moment_2 * w**2 + d**3 * n * square_moment_3 * w**2
        + 2 * d**3 * sigma2**3 * w**2 + 6 * d**3 * sigma2**2 * square_moment_1 * w**2 + 6 * d**3 *
        sigma2 * square_moment_2 * w**2 + 2 * d**3 * square_moment_3 * w**2 + d**2 * k * n *
        sigma2**3 * w**2 + 3 * d**2 * k * n * sigma2**2 * square_moment_1 * w**2 + 3 * d**2 * k *
        n * sigma2 * square_moment_2 * w**2 + d**2 * k * n * square_moment_3 * w**2 + 2 * d**2 * k
        * sigma2**3 * w**2 + 6 * d**2 * k * sigma2**2 * square_moment_1 * w**2 + 6 * d**2 * k *
        sigma2 * square_moment_2 * w**2 + 2 * d**2 * k * square_moment_3 * w**2 + d**2 * n**3 *
        sigma2 * square_moment_2 * w**2 + d**2 * n**3 * square_moment_3 * w**2 + 3 * d**2 * n**2 *
        sigma2**2 * square_moment_1 * w**2 + 12 * d**2 * n**2 * sigma2 * square_moment_2 * w**2 +
        9 * d**2 * n**2 * square_moment_3 * w**2 + 3 * d**2 * n * sigma2**3 * w**2 + 22 * d**2 * n
        * sigma2**2 * square_moment_1 * w**2 - 2 * d**2 * n * sigma2**2 * square_moment_1 * w + 46
        * d**2 * n * sigma2 * square_moment_2 * w**2 - 4 * d**2 * n * sigma2 * square_moment_2 * w
        + 27 * d**2 * n * square_moment_3 * w**2 - 2 * d**2 * n * square_moment_3 * w + 6 * d**2 *
        sigma2**3 * w**2 + d**2 * sigma2**3 + 32 * d**2 * sigma2**2 * square_moment_1 * w**2 - 4 *
        d**2 * sigma2**2 * square_moment_1 * w + 3 * d**2 * sigma2**2 * square_moment_1 + 52 *
        d**2 * sigma2 * square_moment_2 * w**2 - 8 * d**2 * sigma2 * square_moment_2 * w + 3 *
        d**2 * sigma2 * square_moment_2 + 26 * d**2 * square_moment_3 * w**2 - 4 * d**2 *
        square_moment_3 * w + d**2 * square_moment_3 + d * k * n**3 * sigma2 * square_moment_2 *
        w**2 + d * k * n**3 * square_moment_3 * w**2 + 3 * d * k * n**2 * sigma2**2 *
        square_moment_1 * w**2 + 12 * d * k * n**2 * sigma2 * square_moment_2 * w**2 + 9 * d * k *
        n**2 * square_moment_3 * w**2 + 2 * d * k * n * sigma2**3 * w**2 + 19 * d * k * n *
        sigma2**2 * square_moment_1 * w**2 - 2 * d * k * n * sigma2**2 * square_moment_1 * w + 43
        * d * k * n * sigma2 * square_moment_2 * w**2 - 4 * d * k * n * sigma2 * square_moment_2 *
        w + 26 * d * k * n * square_moment_3 * w**2 - 2 * d * k * n * square_moment_3 * w + 4 * d
        * k * sigma2**3 * w**2 + 26 * d * k * sigma2**2 * square_moment_1 * w**2 - 4 * d * k *
        sigma2**2 * square_moment_1 * w + d * k * sigma2**2 * square_moment_1 + 46 * d * k *
        sigma2 * square_moment_2 * w**2 - 8 * d * k * sigma2 * square_moment_2 * w + 2 * d * k *
        sigma2 * square_moment_2 + 24 * d * k * square_moment_3 * w**2 - 4 * d * k *
        square_moment_3 * w + d * k * square_moment_3 + d * n**4 * square_moment_3 * w**2 + 7 * d
        * n**3 * sigma2 * square_moment_2 * w**2 + 14 * d * n**3 * square_moment_3 * w**2 - 2 * d
        * n**3 * square_moment_3 * w + 9 * d * n**2 * sigma2**2 * square_moment_1 * w**2 + 60 * d
        * n**2 * sigma2 * square_moment_2 * w**2 - 8 * d * n**2 * sigma2 * square_moment_2 * w + d
        * n**2 * sigma2 * square_moment_2 + 68 * d * n**2 * square_moment_3 * w**2 - 16 * d * n**2
        * square_moment_3 * w + d * n**2 * square_moment_3 + 2 * d * n * sigma2**3 * w**2 + 45 * d
        * n * sigma2**2 * square_moment_1 * w**2 - 6 * d * n * sigma2**2 * square_moment_1 * w + 2
        * d * n * sigma2**2 * square_moment_1 + 161 * d * n * sigma2 * square_moment_2 * w**2 - 36
        * d * n * sigma2 * square_moment_2 * w + 6 * d * n * sigma2 * square_moment_2 + 135 * d *
        n * square_moment_3 * w**2 - 40 * d * n * square_moment_3 * w + 4 * d * n *
        square_moment_3 + 4 * d * sigma2**3 * w**2 + 54 * d * sigma2**2 * square_moment_1 * w**2 -
        12 * d * sigma2**2 * square_moment_1 * w + 3 * d * sigma2**2 * square_moment_1 + 138 * d *
        sigma2 * square_moment_2 * w**2 - 40 * d * sigma2 * square_moment_2 * w + 7 * d * sigma2 *
        square_moment_2 + 94 * d * square_moment_3 * w**2 - 32 * d * square_moment_3 * w + 4 * d *
        square_moment_3 + k * n**4 * square_moment_3 * w**2 + 6 * k * n**3 * sigma2 *
        square_moment_2 * w**2 + 13 * k * n**3 * square_moment_3 * w**2 - 2 * k * n**3 *
        square_moment_3 * w + 6 * k * n**2 * sigma2**2 * square_moment_1 * w**2 + 48 * k * n**2 *
        sigma2 * square_moment_2 * w**2 - 8 * k * n**2 * sigma2 * square_moment_2 * w + 59 * k *
        n**2 * square_moment_3 * w**2 - 16 * k * n**2 * square_moment_3 * w + k * n**2 *
        square_moment_3 + 26 * k * n * sigma2**2 * square_moment_1 * w**2 - 4 * k * n * sigma2**2
        * square_moment_1 * w + 118 * k * n * sigma2 * square_moment_2 * w**2 - 32 * k * n *
        sigma2 * square_moment_2 * w + 2 * k * n * sigma2 * square_moment_2 + 109 * k * n *
        square_moment_3 * w**2 - 38 * k * n * square_moment_3 * w + 4 * k * n * square_moment_3 +
        28 * k * sigma2**2 * square_moment_1 * w**2 - 8 * k * sigma2**2 * square_moment_1 * w + 92
        * k * sigma2 * square_moment_2 * w**2 - 32 * k * sigma2 * square_moment_2 * w + 2 * k *
        sigma2 * square_moment_2 + 70 * k * square_moment_3 * w**2 - 28 * k * square_moment_3 * w
        + 3 * k * square_moment_3 + n**4 * square_moment_3 * w**2 + 6 * n**3 * sigma2 *
        square_moment_2 * w**2 + 13 * n**3 * square_moment_3 * w**2 - 2 * n**3 * square_moment_3 *
        w + 6 * n**2 * sigma2**2 * square_moment_1 * w**2 + 48 * n**2 * sigma2 * square_moment_2 *
        w**2 - 8 * n**2 * sigma2 * square_moment_2 * w + 59 * n**2 * square_moment_3 * w**2 - 16 *
        n**2 * square_moment_3 * w + n**2 * square_moment_3 + 26 * n * sigma2**2 * square_moment_1
        * w**2 - 4 * n * sigma2**2 * square_moment_1 * w + 118 * n * sigma2 * square_moment_2 *
        w**2 - 32 * n * sigma2 * square_moment_2 * w + 2 * n * sigma2 * square_moment_2 + 109 * n
        * square_moment_3 * w**2 - 38 * n * square_moment_3 * w + 4 * n * square_moment_3 + 28 *
        sigma2**2 * square_moment_1 * w**2 - 8 * sigma2**2 * square_moment_1 * w + 92 * sigma2 *
        square_moment_2 * w**2 - 32 * sigma2 * square_moment_2 * w + 2 * sigma2 * square_moment_2
        + 70 * square_moment_3 * w**2 - 28 * square_moment_3 * w + 3 * square_moment_3)
    )


def square_moment_1(dim: Any, mean_square: Any, variance: Any) -> Any:
    """E[‖β‖^2] of tasks N(μ, vI), from ‖μ‖² and v.

    Source: ours; the moments of a noncentral χ².
    """
    d = dim
    return d * variance + mean_square


def square_moment_2(dim: Any, mean_square: Any, variance: Any) -> Any:
    """E[‖β‖^4] of tasks N(μ, vI), from ‖μ‖² and v.

    Source: ours; the moments of a noncentral χ².
    """
    d = dim
    return (
        d**2 * variance**2 + 2 * d * mean_square * variance + 2 * d * variance**2 + mean_square**2
        + 4 * mean_square * variance
    )


def square_moment_3(dim: Any, mean_square: Any, variance: Any) -> Any:
    """E[‖β‖^6] of tasks N(μ, vI), from ‖μ‖² and v.

    Source: ours; the moments of a noncentral χ².
    """
    d = dim
    return (
        d**3 * variance**3 + 3 * d**2 * mean_square * variance**2 + 6 * d**2 * variance**3 + 3 * d
        * mean_square**2 * variance + 18 * d * mean_square * variance**2 + 8 * d * variance**3 +
        mean_square**3 + 12 * mean_square**2 * variance + 24 * mean_square * variance**2
    )


def improvement_share(dim: Any) -> Any:
    """Improvement for tasks N(0, vI) over that for a fixed one with ‖β‖² = dv, no noise.

    Source: ours; one step for all tasks.
    """
    d = dim
    return (d + 2) / (d + 4)


def step_share(dim: Any) -> Any:
    """η* for tasks N(0, vI) over that for a fixed one with ‖β‖² = dv, no noise.

    Source: ours; one step for all tasks.
    """
    d = dim
    return d / (d + 4)
