"""One step that is evaluated on its own context, for isotropic features and weights.

Compiled from derivations.linear.same_context by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "cold_improvement",
    "error_moment_1",
    "error_moment_2",
    "leading_cold_improvement",
    "leading_warm_improvement",
    "linear",
    "quadratic",
    "size_moment_2",
    "warm_improvement",
]


def error_moment_1(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any, bias: Any
) -> Any:
    """E[‖u‖²‖e‖²].

    Source: ours; theory.md, section 2, fact 13.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        n * (bias**2 * d * norm2**2 + bias**2 * d * norm2 * sigma2 + bias**2 * n * norm2**2 +
        bias**2 * norm2**2 - 4 * bias * d * norm2**2 * w - 4 * bias * d * norm2 * sigma2 * w - 8 *
        bias * n * norm2**2 * w - 4 * bias * n * norm2 * sigma2 * w - 12 * bias * norm2**2 * w - 8
        * bias * norm2 * sigma2 * w + d**2 * n * norm2**2 * w**2 + 2 * d**2 * n * norm2 * sigma2 *
        w**2 + d**2 * n * sigma2**2 * w**2 + 2 * d**2 * norm2**2 * w**2 + 4 * d**2 * norm2 *
        sigma2 * w**2 + 2 * d**2 * sigma2**2 * w**2 + d * n**2 * norm2**2 * w**2 + d * n**2 *
        norm2 * sigma2 * w**2 + 8 * d * n * norm2**2 * w**2 + 10 * d * n * norm2 * sigma2 * w**2 +
        2 * d * n * sigma2**2 * w**2 + 16 * d * norm2**2 * w**2 + 20 * d * norm2 * sigma2 * w**2 +
        4 * d * sigma2**2 * w**2 + n**2 * norm2**2 * w**2 + 19 * n * norm2**2 * w**2 + 12 * n *
        norm2 * sigma2 * w**2 + 30 * norm2**2 * w**2 + 24 * norm2 * sigma2 * w**2)
    )


def error_moment_2(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any, bias: Any
) -> Any:
    """E[‖u‖⁴‖e‖²].

    Source: ours; theory.md, section 2, fact 13.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        n * (n + 2) * (bias**2 * d**2 * norm2**3 + 2 * bias**2 * d**2 * norm2**2 * sigma2 +
        bias**2 * d**2 * norm2 * sigma2**2 + 2 * bias**2 * d * n * norm2**3 + 2 * bias**2 * d * n
        * norm2**2 * sigma2 + 8 * bias**2 * d * norm2**3 + 10 * bias**2 * d * norm2**2 * sigma2 +
        2 * bias**2 * d * norm2 * sigma2**2 + bias**2 * n**2 * norm2**3 + 8 * bias**2 * n *
        norm2**3 + 4 * bias**2 * n * norm2**2 * sigma2 + 15 * bias**2 * norm2**3 + 12 * bias**2 *
        norm2**2 * sigma2 - 8 * bias * d**2 * norm2**3 * w - 16 * bias * d**2 * norm2**2 * sigma2
        * w - 8 * bias * d**2 * norm2 * sigma2**2 * w - 24 * bias * d * n * norm2**3 * w - 32 *
        bias * d * n * norm2**2 * sigma2 * w - 8 * bias * d * n * norm2 * sigma2**2 * w - 96 *
        bias * d * norm2**3 * w - 144 * bias * d * norm2**2 * sigma2 * w - 48 * bias * d * norm2 *
        sigma2**2 * w - 16 * bias * n**2 * norm2**3 * w - 8 * bias * n**2 * norm2**2 * sigma2 * w
        - 136 * bias * n * norm2**3 * w - 120 * bias * n * norm2**2 * sigma2 * w - 16 * bias * n *
        norm2 * sigma2**2 * w - 280 * bias * norm2**3 * w - 320 * bias * norm2**2 * sigma2 * w -
        64 * bias * norm2 * sigma2**2 * w + d**3 * n * norm2**3 * w**2 + 3 * d**3 * n * norm2**2 *
        sigma2 * w**2 + 3 * d**3 * n * norm2 * sigma2**2 * w**2 + d**3 * n * sigma2**3 * w**2 + 4
        * d**3 * norm2**3 * w**2 + 12 * d**3 * norm2**2 * sigma2 * w**2 + 12 * d**3 * norm2 *
        sigma2**2 * w**2 + 4 * d**3 * sigma2**3 * w**2 + 2 * d**2 * n**2 * norm2**3 * w**2 + 4 *
        d**2 * n**2 * norm2**2 * sigma2 * w**2 + 2 * d**2 * n**2 * norm2 * sigma2**2 * w**2 + 25 *
        d**2 * n * norm2**3 * w**2 + 56 * d**2 * n * norm2**2 * sigma2 * w**2 + 37 * d**2 * n *
        norm2 * sigma2**2 * w**2 + 6 * d**2 * n * sigma2**3 * w**2 + 84 * d**2 * norm2**3 * w**2 +
        192 * d**2 * norm2**2 * sigma2 * w**2 + 132 * d**2 * norm2 * sigma2**2 * w**2 + 24 * d**2
        * sigma2**3 * w**2 + d * n**3 * norm2**3 * w**2 + d * n**3 * norm2**2 * sigma2 * w**2 + 22
        * d * n**2 * norm2**3 * w**2 + 30 * d * n**2 * norm2**2 * sigma2 * w**2 + 8 * d * n**2 *
        norm2 * sigma2**2 * w**2 + 215 * d * n * norm2**3 * w**2 + 345 * d * n * norm2**2 * sigma2
        * w**2 + 138 * d * n * norm2 * sigma2**2 * w**2 + 8 * d * n * sigma2**3 * w**2 + 572 * d *
        norm2**3 * w**2 + 996 * d * norm2**2 * sigma2 * w**2 + 456 * d * norm2 * sigma2**2 * w**2
        + 32 * d * sigma2**3 * w**2 + n**3 * norm2**3 * w**2 + 76 * n**2 * norm2**3 * w**2 + 60 *
        n**2 * norm2**2 * sigma2 * w**2 + 8 * n**2 * norm2 * sigma2**2 * w**2 + 607 * n * norm2**3
        * w**2 + 676 * n * norm2**2 * sigma2 * w**2 + 152 * n * norm2 * sigma2**2 * w**2 + 1260 *
        norm2**3 * w**2 + 1680 * norm2**2 * sigma2 * w**2 + 480 * norm2 * sigma2**2 * w**2)
    )


def size_moment_2(context_length: Any, dim: Any, task_square: Any, noise_variance: Any) -> Any:
    """E[‖u‖⁴].

    Source: ours; theory.md, section 2, fact 13.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2 = noise_variance
    return (
        n * (n + 2) * (d**2 * norm2**2 + 2 * d**2 * norm2 * sigma2 + d**2 * sigma2**2 + 2 * d * n
        * norm2**2 + 2 * d * n * norm2 * sigma2 + 8 * d * norm2**2 + 10 * d * norm2 * sigma2 + 2 *
        d * sigma2**2 + n**2 * norm2**2 + 8 * n * norm2**2 + 4 * n * norm2 * sigma2 + 15 *
        norm2**2 + 12 * norm2 * sigma2)
    )


def linear(test_samples: Any, error_moment_1: Any) -> Any:
    """c1 of R(η) = c0 − c1η + c2η².

    Source: ours; theory.md, section 2, fact 13.
    """
    k = test_samples
    return 4 * error_moment_1 * k


def quadratic(
    test_samples: Any, dim: Any, noise_variance: Any, error_moment_2: Any, size_moment_2: Any
) -> Any:
    """c2 of R(η) = c0 − c1η + c2η².

    Source: ours; theory.md, section 2, fact 13.
    """
    k, d, sigma2 = test_samples, dim, noise_variance
    return (
        4 * k * (d * error_moment_2 + d * sigma2 * size_moment_2 + error_moment_2 * k +
        error_moment_2)
    )


def warm_improvement(context_length: Any, test_samples: Any, dim: Any, task_square: Any) -> Any:
    """What the optimal step gains from the warm start, without noise.

    Source: ours; theory.md, section 2, fact 13.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return (
        k * n * norm2 * (d**3 + 2 * d**2 * n + d**2 + d * n**2 + 2 * d * n + 3 * d + n**2 + 12 * n
        + 19)**2
    ) / (
        (n + 2) * (d + k + 1) * (d + n + 1)**2 * (d + n + 5) * (d**3 + 2 * d**2 * n + d**2 + d *
        n**2 + 2 * d * n + 7 * d + n**2 + 56 * n + 199)
    )


def cold_improvement(context_length: Any, test_samples: Any, dim: Any, task_square: Any) -> Any:
    """What the optimal step gains from the cold start, without noise.

    Source: ours; theory.md, section 2, fact 13.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return k * n * norm2 * (d + n + 1)**2 / ((n + 2) * (d + k + 1) * (d + n + 3) * (d + n + 5))


def leading_warm_improvement(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any
) -> Any:
    """The leading term of the warm improvement, sizes in proportion.

    Source: ours; theory.md, section 2, fact 13.
    """
    n, k, d = context_length, test_samples, dim
    norm2 = task_square
    return d * k * norm2 / ((d + k) * (d + n))


def leading_cold_improvement(test_samples: Any, dim: Any, task_square: Any) -> Any:
    """The leading term of the cold improvement, sizes in proportion.

    Source: ours; theory.md, section 2, fact 13.
    """
    k, d, norm2 = test_samples, dim, task_square
    return k * norm2 / (d + k)
