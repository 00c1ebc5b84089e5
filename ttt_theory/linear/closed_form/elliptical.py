"""The exact one-step risk for elliptical features x = √ρ Σ_x^½ g at test time.

Compiled from derivations.linear.elliptical by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "error_variance",
    "fourth_0_factor",
    "fourth_1_factor",
    "fourth_2_factor",
    "gram_factor",
    "isotropic_weight",
    "mean_gradient_square",
    "overlap_moment",
    "product_moment",
    "quadratic",
    "second_0_factor",
    "second_1_factor",
    "third_0_factor",
    "third_1_factor",
]


def third_1_factor(radius_2: Any, radius_3: Any) -> Any:
    """The factor in xy's third cumulants of terms with 1 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    return -6 * radius_2 + 6 * radius_3 + 2


def third_0_factor(
    signal_variance: Any, noise_variance: Any, radius_2: Any, radius_3: Any
) -> Any:
    """The factor in xy's third cumulants of terms with 0 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    sigma2 = noise_variance
    return (
        3 * radius_2 * sigma2 - radius_2 * signal_variance + 3 * radius_3 * signal_variance -
        sigma2
    )


def fourth_2_factor(radius_2: Any, radius_3: Any, radius_4: Any) -> Any:
    """The factor in xy's fourth cumulants of terms with 2 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    return (
        -12 * radius_2**2 + 24 * radius_2 - 24 * radius_3 + 24 * radius_4 - 6
    )


def fourth_1_factor(
    signal_variance: Any, noise_variance: Any, radius_2: Any, radius_3: Any, radius_4: Any
) -> Any:
    """The factor in xy's fourth cumulants of terms with 1 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    sigma2 = noise_variance
    return (
        -2 * radius_2**2 * signal_variance - 8 * radius_2 * sigma2 + 2 * radius_2 *
        signal_variance + 12 * radius_3 * sigma2 - 6 * radius_3 * signal_variance + 12 * radius_4
        * signal_variance + 2 * sigma2
    )


def fourth_0_factor(
    signal_variance: Any, noise_variance: Any, radius_2: Any, radius_3: Any, radius_4: Any
) -> Any:
    """The factor in xy's fourth cumulants of terms with 0 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    sigma2 = noise_variance
    return (
        -radius_2**2 * signal_variance**2 + 3 * radius_2 * sigma2**2 - 2 * radius_2 * sigma2 *
        signal_variance + 6 * radius_3 * sigma2 * signal_variance + 3 * radius_4 *
        signal_variance**2 - sigma2**2
    )


def second_0_factor(signal_variance: Any, noise_variance: Any, radius_2: Any) -> Any:
    """The factor in xy's second cumulants of terms with 0 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    sigma2 = noise_variance
    return radius_2 * signal_variance + sigma2


def second_1_factor(radius_2: Any) -> Any:
    """The factor in xy's second cumulants of terms with 1 qqᵀ.

    Source: ours (theory.md, section 2).
    """
    return 2 * radius_2 - 1


def error_variance(
    context_length: Any, second_0: Any, second_1: Any, shift_00: Any, spread_1: Any
) -> Any:
    """E[eᵀAe] − bᵀAb, from the invariants of the weighting A.

    Source: ours (theory.md, section 2).
    """
    n = context_length
    return n * (second_0 * spread_1 + second_1 * shift_00)


def overlap_moment(
    context_length: Any, second_0: Any, second_1: Any, mean_square: Any, mean_energy: Any,
    feature_square_trace: Any
) -> Any:
    """E[(uᵀu')²] = tr(M²) of two independent contexts of one task.

    Source: ours (theory.md, section 2).
    """
    n = context_length
    return (
        n**2 * (feature_square_trace * second_0**2 + 2 * mean_energy * n * second_0 + 2 *
        mean_energy * second_0 * second_1 + mean_square**2 * n**2 + 2 * mean_square**2 * n *
        second_1 + mean_square**2 * second_1**2)
    )


def product_moment(
    context_length: Any, overlap: Any, third_1: Any, third_0: Any, fourth_2: Any, fourth_1: Any,
    fourth_0: Any, second_0: Any, second_1: Any, mean_square: Any, mean_energy: Any,
    feature_square_trace: Any, bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2:
    Any, shift_00: Any, shift_01: Any, shift_02: Any, shift_11: Any, spread_1: Any, spread_3: Any
) -> Any:
    """E[eᵀAe·uᵀMu], from the invariants of the weighting A.

    Source: ours (theory.md, section 2).
    """
    n = context_length
    return (
        bias_bias * overlap - 2 * bias_shift_0 * feature_square_trace * n**2 * second_0 * third_0
        - 4 * bias_shift_0 * mean_energy * n**3 * second_0 * second_1 - 2 * bias_shift_0 *
        mean_energy * n**3 * third_0 - 2 * bias_shift_0 * mean_energy * n**2 * second_0 * third_1
        - 2 * bias_shift_0 * mean_energy * n**2 * second_1 * third_0 - 4 * bias_shift_0 *
        mean_square**2 * n**4 * second_1 - 4 * bias_shift_0 * mean_square**2 * n**3 * second_1**2
        - 2 * bias_shift_0 * mean_square**2 * n**3 * third_1 - 2 * bias_shift_0 * mean_square**2 *
        n**2 * second_1 * third_1 - 4 * bias_shift_1 * mean_square * n**4 * second_0 - 4 *
        bias_shift_1 * mean_square * n**3 * second_0 * second_1 - 4 * bias_shift_1 * mean_square *
        n**3 * third_0 - 4 * bias_shift_1 * mean_square * n**2 * second_1 * third_0 - 4 *
        bias_shift_2 * n**3 * second_0**2 - 4 * bias_shift_2 * n**2 * second_0 * third_0 +
        feature_square_trace * fourth_0 * n**2 * second_0 * spread_1 + feature_square_trace *
        fourth_1 * n**2 * second_0 * shift_00 + fourth_0 * mean_energy * n**3 * spread_1 +
        fourth_0 * mean_energy * n**2 * second_1 * spread_1 + 2 * fourth_0 * n**3 * shift_11 + 2 *
        fourth_0 * n**2 * second_0 * spread_3 + 2 * fourth_0 * n**2 * second_1 * shift_11 +
        fourth_1 * mean_energy * n**3 * shift_00 + fourth_1 * mean_energy * n**2 * second_0 *
        spread_1 + fourth_1 * mean_energy * n**2 * second_1 * shift_00 + fourth_1 * mean_square**2
        * n**3 * spread_1 + fourth_1 * mean_square**2 * n**2 * second_1 * spread_1 + 4 * fourth_1
        * mean_square * n**3 * shift_01 + 4 * fourth_1 * mean_square * n**2 * second_1 * shift_01
        + 4 * fourth_1 * n**2 * second_0 * shift_02 + fourth_2 * mean_energy * n**2 * second_0 *
        shift_00 + fourth_2 * mean_square**2 * n**3 * shift_00 + fourth_2 * mean_square**2 * n**2
        * second_1 * shift_00 + 2 * mean_energy * n**3 * second_0 * second_1**2 * shift_00 + 2 *
        mean_energy * n**3 * second_0 * shift_00 * third_1 + 2 * mean_energy * n**3 * second_0 *
        spread_1 * third_0 + 2 * mean_square**2 * n**4 * second_1**2 * shift_00 + 2 *
        mean_square**2 * n**4 * shift_00 * third_1 + 2 * mean_square**2 * n**4 * spread_1 *
        third_0 + 2 * mean_square**2 * n**3 * second_1**3 * shift_00 + 2 * mean_square**2 * n**3 *
        second_1 * shift_00 * third_1 + 2 * mean_square**2 * n**3 * second_1 * spread_1 * third_0
        + 4 * mean_square * n**4 * second_0 * second_1 * shift_01 + 4 * mean_square * n**4 *
        shift_01 * third_0 + 4 * mean_square * n**3 * second_0 * second_1**2 * shift_01 + 4 *
        mean_square * n**3 * second_1 * shift_01 * third_0 + 2 * n**4 * second_0**2 * shift_11 + 2
        * n**3 * second_0**3 * spread_3 + 4 * n**3 * second_0**2 * second_1 * shift_02 + 2 * n**3
        * second_0**2 * second_1 * shift_11 + 4 * n**3 * second_0 * shift_02 * third_0 + n *
        overlap * second_0 * spread_1 + n * overlap * second_1 * shift_00
    )


def mean_gradient_square(
    second_0: Any, second_1: Any, mean_square: Any, bias_bias: Any, bias_shift_0: Any,
    bias_shift_1: Any, shift_00: Any, shift_01: Any, spread_2: Any
) -> Any:
    """‖q bᵀΣ_x − KWᵀΣ_x‖² with K = Cov(xy), from the invariants of A = Σ_x².

    Source: ours (theory.md, section 2).
    """
    return (
        bias_bias * mean_square - 2 * bias_shift_0 * mean_square * second_1 - 2 * bias_shift_1 *
        second_0 + mean_square * second_1**2 * shift_00 + second_0**2 * spread_2 + 2 * second_0 *
        second_1 * shift_01
    )


def quadratic(
    test_samples: Any, radius_2: Any, product_moment_1: Any, product_moment_3: Any, overlap: Any,
    feature_square_trace: Any, noise_variance: Any
) -> Any:
    """c2 from the product moments of A = Σ_x and A = Σ_x³.

    Source: ours (theory.md, section 2).
    """
    k, sigma2 = test_samples, noise_variance
    return (
        4 * k * (feature_square_trace * overlap * sigma2 + feature_square_trace * product_moment_1
        * radius_2 + k * product_moment_3 + 2 * product_moment_3 * radius_2 - product_moment_3)
    )


def gram_factor(context_length: Any, radius_2: Any) -> Any:
    """The factor of Σ_xΣ_β in the W* pretrained on these features, [factor·Σ_xΣ_β + ρI]⁻¹.

    Source: ours (theory.md, section 2).
    """
    n = context_length
    return n + 2 * radius_2 - 1


def isotropic_weight(context_length: Any, dim: Any, noise_variance: Any, radius_2: Any) -> Any:
    """w in W* = wI of pretraining on these features, Σ_x = Σ_β = I.

    Source: ours (theory.md, section 2).
    """
    n, d, sigma2 = context_length, dim, noise_variance
    return 1 / (d * radius_2 + n + 2 * radius_2 + sigma2 - 1)
