"""The one-step risk of a step that is divided by ‖u‖², and of its evaluation on the same context.

Compiled from derivations.linear.normalized by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "isotropic_linear",
    "isotropic_quadratic",
    "label_scaled_linear",
    "label_scaled_quadratic",
    "same_linear",
    "same_quadratic",
    "same_risk",
    "tilted_overlap_moment",
    "tilted_product_moment",
]


def isotropic_linear(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, weight: Any
) -> Any:
    """c1 on a fresh context, the step divided by ‖u‖², for Σ_x = I, W = wI and no noise.

    Source: ours; theory.md, section 2, fact 14.
    """
    n, k, d = context_length, test_samples, dim
    norm2, w = task_square, weight
    return (
        4 * k * n * norm2 * (d**2 * w**2 + d * n**2 * w**2 + 3 * d * n * w**2 - 2 * d * n * w - 4
        * d * w**2 - 2 * d * w + d + n**3 * w**2 - n**2 * w**2 - 2 * n**2 * w - 7 * n * w**2 + 2 *
        n * w + n + 3 * w**2 + 2 * w - 1)
    ) / ((d + n - 3) * (d + n - 1))


def isotropic_quadratic(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, weight: Any
) -> Any:
    """c2 on a fresh context, the step divided by ‖u‖², for Σ_x = I, W = wI and no noise.

    Source: ours; theory.md, section 2, fact 14.
    """
    n, k, d = context_length, test_samples, dim
    norm2, w = task_square, weight
    return (
        4 * k * n * norm2 * (d + k + 1) * (d**3 * n * w**2 - 2 * d**3 * w**2 + d**2 * n**3 * w**2
        + 2 * d**2 * n**2 * w**2 - 17 * d**2 * n * w**2 - 2 * d**2 * n * w + 18 * d**2 * w**2 + 4
        * d**2 * w + d**2 + 2 * d * n**4 * w**2 - 7 * d * n**3 * w**2 - 2 * d * n**3 * w - 20 * d
        * n**2 * w**2 - 2 * d * n**2 * w + d * n**2 + 75 * d * n * w**2 + 24 * d * n * w + d * n -
        46 * d * w**2 - 24 * d * w - 6 * d + n**5 * w**2 - 8 * n**4 * w**2 - 2 * n**4 * w + 10 *
        n**3 * w**2 + 10 * n**3 * w + n**3 + 42 * n**2 * w**2 + 10 * n**2 * w - n**2 - 91 * n *
        w**2 - 54 * n * w - 5 * n + 30 * w**2 + 20 * w + 5)
    ) / ((n - 2) * (d + n - 5) * (d + n - 3) * (d + n - 1))


def label_scaled_linear(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any,
    weight: Any
) -> Any:
    """c1 on a fresh context, the step divided by Σ_i y_i², for Σ_x = I and W = wI.

    Source: ours; theory.md, section 2, fact 15.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, w = task_square, noise_variance, weight
    return (
        4 * k * n * (d * norm2**2 * w**2 + 2 * d * norm2 * sigma2 * w**2 + d * sigma2**2 * w**2 +
        n**2 * norm2**2 * w**2 + 2 * n * norm2**2 * w**2 - 2 * n * norm2**2 * w + 2 * n * norm2 *
        sigma2 * w**2 - norm2**2 * w**2 - 2 * norm2**2 * w + norm2**2 - 2 * norm2 * sigma2 * w)
    ) / (norm2 + sigma2)


def label_scaled_quadratic(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any,
    weight: Any
) -> Any:
    """c2 on a fresh context, the step divided by Σ_i y_i², for Σ_x = I and W = wI.

    Source: ours; theory.md, section 2, fact 15.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, w = task_square, noise_variance, weight
    return (
        4 * k * n * (d**3 * n * norm2**3 * w**2 + 3 * d**3 * n * norm2**2 * sigma2 * w**2 + 3 *
        d**3 * n * norm2 * sigma2**2 * w**2 + d**3 * n * sigma2**3 * w**2 - 2 * d**3 * norm2**3 *
        w**2 - 6 * d**3 * norm2**2 * sigma2 * w**2 - 6 * d**3 * norm2 * sigma2**2 * w**2 - 2 *
        d**3 * sigma2**3 * w**2 + d**2 * k * n * norm2**3 * w**2 + 3 * d**2 * k * n * norm2**2 *
        sigma2 * w**2 + 3 * d**2 * k * n * norm2 * sigma2**2 * w**2 + d**2 * k * n * sigma2**3 *
        w**2 - 2 * d**2 * k * norm2**3 * w**2 - 6 * d**2 * k * norm2**2 * sigma2 * w**2 - 6 * d**2
        * k * norm2 * sigma2**2 * w**2 - 2 * d**2 * k * sigma2**3 * w**2 + d**2 * n**3 * norm2**3
        * w**2 + d**2 * n**3 * norm2**2 * sigma2 * w**2 + d**2 * n**2 * norm2**3 * w**2 + 4 * d**2
        * n**2 * norm2**2 * sigma2 * w**2 + 3 * d**2 * n**2 * norm2 * sigma2**2 * w**2 - 5 * d**2
        * n * norm2**3 * w**2 - 2 * d**2 * n * norm2**3 * w - 6 * d**2 * n * norm2**2 * sigma2 *
        w**2 - 4 * d**2 * n * norm2**2 * sigma2 * w + 2 * d**2 * n * norm2 * sigma2**2 * w**2 - 2
        * d**2 * n * norm2 * sigma2**2 * w + 3 * d**2 * n * sigma2**3 * w**2 - 2 * d**2 * norm2**3
        * w**2 + 4 * d**2 * norm2**3 * w + d**2 * norm2**3 - 12 * d**2 * norm2**2 * sigma2 * w**2
        + 8 * d**2 * norm2**2 * sigma2 * w + 3 * d**2 * norm2**2 * sigma2 - 16 * d**2 * norm2 *
        sigma2**2 * w**2 + 4 * d**2 * norm2 * sigma2**2 * w + 3 * d**2 * norm2 * sigma2**2 - 6 *
        d**2 * sigma2**3 * w**2 + d**2 * sigma2**3 + d * k * n**3 * norm2**3 * w**2 + d * k * n**3
        * norm2**2 * sigma2 * w**2 + d * k * n**2 * norm2**3 * w**2 + 4 * d * k * n**2 * norm2**2
        * sigma2 * w**2 + 3 * d * k * n**2 * norm2 * sigma2**2 * w**2 - 6 * d * k * n * norm2**3 *
        w**2 - 2 * d * k * n * norm2**3 * w - 9 * d * k * n * norm2**2 * sigma2 * w**2 - 4 * d * k
        * n * norm2**2 * sigma2 * w - d * k * n * norm2 * sigma2**2 * w**2 - 2 * d * k * n * norm2
        * sigma2**2 * w + 2 * d * k * n * sigma2**3 * w**2 + 4 * d * k * norm2**3 * w + d * k *
        norm2**3 - 6 * d * k * norm2**2 * sigma2 * w**2 + 8 * d * k * norm2**2 * sigma2 * w + 2 *
        d * k * norm2**2 * sigma2 - 10 * d * k * norm2 * sigma2**2 * w**2 + 4 * d * k * norm2 *
        sigma2**2 * w + d * k * norm2 * sigma2**2 - 4 * d * k * sigma2**3 * w**2 + d * n**4 *
        norm2**3 * w**2 + 2 * d * n**3 * norm2**3 * w**2 - 2 * d * n**3 * norm2**3 * w + 7 * d *
        n**3 * norm2**2 * sigma2 * w**2 - 4 * d * n**2 * norm2**3 * w**2 + d * n**2 * norm2**3 - 8
        * d * n**2 * norm2**2 * sigma2 * w + d * n**2 * norm2**2 * sigma2 + 9 * d * n**2 * norm2 *
        sigma2**2 * w**2 - 9 * d * n * norm2**3 * w**2 + 8 * d * n * norm2**3 * w - 31 * d * n *
        norm2**2 * sigma2 * w**2 + 4 * d * n * norm2**2 * sigma2 * w + 2 * d * n * norm2**2 *
        sigma2 - 15 * d * n * norm2 * sigma2**2 * w**2 - 6 * d * n * norm2 * sigma2**2 * w + 2 * d
        * n * norm2 * sigma2**2 + 2 * d * n * sigma2**3 * w**2 + 2 * d * norm2**3 * w**2 - 4 * d *
        norm2**3 + 6 * d * norm2**2 * sigma2 * w**2 + 24 * d * norm2**2 * sigma2 * w - 5 * d *
        norm2**2 * sigma2 - 6 * d * norm2 * sigma2**2 * w**2 + 12 * d * norm2 * sigma2**2 * w - d
        * norm2 * sigma2**2 - 4 * d * sigma2**3 * w**2 + k * n**4 * norm2**3 * w**2 + k * n**3 *
        norm2**3 * w**2 - 2 * k * n**3 * norm2**3 * w + 6 * k * n**3 * norm2**2 * sigma2 * w**2 -
        5 * k * n**2 * norm2**3 * w**2 + k * n**2 * norm2**3 - 4 * k * n**2 * norm2**2 * sigma2 *
        w**2 - 8 * k * n**2 * norm2**2 * sigma2 * w + 6 * k * n**2 * norm2 * sigma2**2 * w**2 - 3
        * k * n * norm2**3 * w**2 + 10 * k * n * norm2**3 * w - 22 * k * n * norm2**2 * sigma2 *
        w**2 + 8 * k * n * norm2**2 * sigma2 * w + 2 * k * n * norm2**2 * sigma2 - 14 * k * n *
        norm2 * sigma2**2 * w**2 - 4 * k * n * norm2 * sigma2**2 * w + 2 * k * norm2**3 * w**2 - 4
        * k * norm2**3 * w - 5 * k * norm2**3 + 12 * k * norm2**2 * sigma2 * w**2 + 16 * k *
        norm2**2 * sigma2 * w - 2 * k * norm2**2 * sigma2 + 4 * k * norm2 * sigma2**2 * w**2 + 8 *
        k * norm2 * sigma2**2 * w + n**4 * norm2**3 * w**2 + n**3 * norm2**3 * w**2 - 2 * n**3 *
        norm2**3 * w + 6 * n**3 * norm2**2 * sigma2 * w**2 - 5 * n**2 * norm2**3 * w**2 + n**2 *
        norm2**3 - 4 * n**2 * norm2**2 * sigma2 * w**2 - 8 * n**2 * norm2**2 * sigma2 * w + 6 *
        n**2 * norm2 * sigma2**2 * w**2 - 3 * n * norm2**3 * w**2 + 10 * n * norm2**3 * w - 22 * n
        * norm2**2 * sigma2 * w**2 + 8 * n * norm2**2 * sigma2 * w + 2 * n * norm2**2 * sigma2 -
        14 * n * norm2 * sigma2**2 * w**2 - 4 * n * norm2 * sigma2**2 * w + 2 * norm2**3 * w**2 -
        4 * norm2**3 * w - 5 * norm2**3 + 12 * norm2**2 * sigma2 * w**2 + 16 * norm2**2 * sigma2 *
        w - 2 * norm2**2 * sigma2 + 4 * norm2 * sigma2**2 * w**2 + 8 * norm2 * sigma2**2 * w)
    ) / ((n - 2) * (norm2 + sigma2)**2)


def tilted_product_moment(
    context_length: Any, bias_bias: Any, bias_shift: Any, shift_shift: Any, error_spread: Any,
    context_mean: Any, context_spread: Any, bias_crossed: Any, shift_crossed: Any, crossed_spread:
    Any
) -> Any:
    """E[(2τ)⁻² eᵀAe · uᵀMu] under the tilted law.

    Source: ours; theory.md, section 2, fact 14.
    """
    n = context_length
    return (
        bias_bias * context_mean * n - 2 * bias_bias * context_mean + bias_bias * context_spread -
        4 * bias_crossed * n + 8 * bias_crossed - 4 * bias_shift * context_mean * n + 8 *
        bias_shift * context_mean + context_mean * error_spread * n**2 - 2 * context_mean *
        error_spread * n + 2 * context_mean * n**2 * shift_shift - 8 * context_mean * shift_shift
        + context_spread * error_spread * n - 2 * context_spread * error_spread + 2 *
        context_spread * n * shift_shift - 4 * context_spread * shift_shift + 2 * crossed_spread *
        n - 4 * crossed_spread + 8 * n * shift_crossed - 16 * shift_crossed
    ) / (4 * n - 8)


def tilted_overlap_moment(context_length: Any, context_mean: Any, context_spread: Any) -> Any:
    """E[(2τ)⁻² uᵀMu] under the tilted law.

    Source: ours; theory.md, section 2, fact 14.
    """
    n = context_length
    return (context_mean * n - 2 * context_mean + context_spread) / (4 * n - 8)


def same_linear(test_samples: Any, error_moment_2: Any) -> Any:
    """c1 on the same context, the step divided by ‖u‖², from E[eᵀΣ_x²e].

    Source: ours; theory.md, section 2, fact 14.
    """
    k = test_samples
    return 4 * error_moment_2 * k


def same_quadratic(
    test_samples: Any, error_moment_1: Any, error_moment_3: Any, feature_square_trace: Any,
    noise_variance: Any
) -> Any:
    """c2 on the same context, the step divided by ‖u‖², from E[eᵀΣ_xe] and E[eᵀΣ_x³e].

    Source: ours; theory.md, section 2, fact 14.
    """
    k, sigma2 = test_samples, noise_variance
    return (
        4 * k * (error_moment_1 * feature_square_trace + error_moment_3 * k + error_moment_3 +
        feature_square_trace * sigma2)
    )


def same_risk(
    test_samples: Any, scaled_step: Any, misfit: Any, error_moment_1: Any, error_moment_3: Any,
    feature_square_trace: Any, noise_variance: Any
) -> Any:
    """R(η) on the same context with κ = 2kη; misfit is E‖(I − κΣ_x)e‖² in the norm of Σ_x.

    Source: ours; theory.md, section 2, fact 14.
    """
    k, sigma2 = test_samples, noise_variance
    return (
        error_moment_1 * feature_square_trace * scaled_step**2 + error_moment_3 * scaled_step**2 +
        feature_square_trace * scaled_step**2 * sigma2 + k * misfit + k * sigma2
    ) / k
