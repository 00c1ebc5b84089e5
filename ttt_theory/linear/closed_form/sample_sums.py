"""The step's moments of degree four in the context, for features of any law.

Compiled from derivations.linear.sample_sums by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "fourth_cumulant",
    "product_moment",
    "quadratic",
    "third_cumulant",
]


def third_cumulant(
    line_moment: Any, line_mean: Any, line_cross: Any, form_moment_2: Any, mean_form_2: Any
) -> Any:
    """κ(gᵀt, tᵀ, t)B: the third joint cumulants of a sample, with a vector g and a form B.

    Source: ours (theory.md, section 2).
    """
    return (
        -form_moment_2 * line_mean - 2 * line_cross + 2 * line_mean * mean_form_2 + line_moment
    )


def fourth_cumulant(
    moment: Any, third_1: Any, third_2: Any, form_moment_1: Any, form_moment_2: Any, product: Any,
    cross: Any, mean_form_1: Any, mean_form_2: Any
) -> Any:
    """The fourth joint cumulants of a sample, with two forms C and B.

    Source: ours (theory.md, section 2).
    """
    return (
        8 * cross - form_moment_1 * form_moment_2 + 2 * form_moment_1 * mean_form_2 + 2 *
        form_moment_2 * mean_form_1 - 6 * mean_form_1 * mean_form_2 + moment - 2 * product - 2 *
        third_1 - 2 * third_2
    )


def product_moment(
    context_length: Any, overlap_moment: Any, bias_form: Any, spread: Any, bias_cross: Any,
    bias_third: Any, mean_third: Any, spread_product: Any, fourth: Any
) -> Any:
    """E[eᵀAe·uᵀBu] from bᵀAb, tr(CK), fᵀKBq, κ₃(f, B), κ₃(Bq, C), tr(CKBK) and κ₄(C, B).

    Source: ours (theory.md, section 2).
    """
    n = context_length
    return (
        -4 * bias_cross * n**2 - 2 * bias_third * n + fourth * n + 2 * mean_third * n**2 + 2 *
        n**2 * spread_product + overlap_moment * (bias_form + n * spread)
    )


def quadratic(
    test_samples: Any, noise_variance: Any, feature_square_trace: Any, overlap_moment: Any,
    product_moment: Any
) -> Any:
    """c2 from E[eᵀDe·uᵀMu] with D = (k−1)Σ_x³ + E[(xᵀΣ_xx) xxᵀ].

    Source: ours (theory.md, section 2).
    """
    k, sigma2 = test_samples, noise_variance
    return (
        4 * k * (feature_square_trace * overlap_moment * sigma2 + product_moment)
    )
