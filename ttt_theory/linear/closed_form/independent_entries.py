"""The one-step risk for isotropic features of independent entries that are not Gaussian.

Compiled from derivations.linear.independent_entries by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "constant",
    "isotropic_weight",
    "linear",
    "overlap_moment",
    "product_moment",
    "quadratic",
]


def constant(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, weight: Any, cumulant_4:
    Any
) -> Any:
    """c0 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: ours (theory.md, section 2).
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        cumulant_4 * n * norm2 * w**2 + d * n * norm2 * w**2 + d * n * sigma2 * w**2 + n**2 *
        norm2 * w**2 + n * norm2 * w**2 - 2 * n * norm2 * w + norm2 + sigma2
    )


def linear(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, task_fourth: Any,
    noise_variance: Any, weight: Any, cumulant_4: Any
) -> Any:
    """c1 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: ours (theory.md, section 2).
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, w = task_square, noise_variance, weight
    return (
        4 * k * n**2 * (cumulant_4**2 * task_fourth * w**2 + 2 * cumulant_4 * n * task_fourth *
        w**2 + 2 * cumulant_4 * norm2**2 * w**2 + 2 * cumulant_4 * norm2 * sigma2 * w**2 + 2 *
        cumulant_4 * task_fourth * w**2 - 2 * cumulant_4 * task_fourth * w + d * norm2**2 * w**2 +
        2 * d * norm2 * sigma2 * w**2 + d * sigma2**2 * w**2 + n**2 * norm2**2 * w**2 + 4 * n *
        norm2**2 * w**2 - 2 * n * norm2**2 * w + 2 * n * norm2 * sigma2 * w**2 + 3 * norm2**2 *
        w**2 - 4 * norm2**2 * w + norm2**2 + 2 * norm2 * sigma2 * w**2 - 2 * norm2 * sigma2 * w)
    )


def quadratic(
    test_samples: Any, dim: Any, noise_variance: Any, cumulant_4: Any, product: Any, overlap: Any
) -> Any:
    """c2 of R(η) = c0 − c1η + c2η² for Σ_x = I, W = wI.

    Source: ours (theory.md, section 2).
    """
    k, d, sigma2 = test_samples, dim, noise_variance
    return (
        4 * k * (cumulant_4 * product + d * overlap * sigma2 + d * product + k * product +
        product)
    )


def product_moment(
    context_length: Any, dim: Any, task_square: Any, task_fourth: Any, task_sixth: Any,
    noise_variance: Any, weight: Any, cumulant_4: Any, cumulant_6: Any, cumulant_8: Any
) -> Any:
    """E[eᵀe·uᵀMu], from the sums of the task's powers.

    Source: ours (theory.md, section 2).
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, w = noise_variance, weight
    return (
        n**2 * (cumulant_4**3 * n * norm2 * task_fourth * w**2 + 2 * cumulant_4**3 * n *
        task_sixth * w**2 + 6 * cumulant_4**3 * norm2 * task_fourth * w**2 + 26 * cumulant_4**3 *
        task_sixth * w**2 + cumulant_4**2 * d * n * norm2 * task_fourth * w**2 + cumulant_4**2 * d
        * n * sigma2 * task_fourth * w**2 + 2 * cumulant_4**2 * d * n * task_sixth * w**2 + 7 *
        cumulant_4**2 * d * norm2 * task_fourth * w**2 + 6 * cumulant_4**2 * d * sigma2 *
        task_fourth * w**2 + 6 * cumulant_4**2 * d * task_sixth * w**2 + 3 * cumulant_4**2 * n**2
        * norm2 * task_fourth * w**2 + 6 * cumulant_4**2 * n**2 * task_sixth * w**2 + 2 *
        cumulant_4**2 * n * norm2**3 * w**2 + 2 * cumulant_4**2 * n * norm2**2 * sigma2 * w**2 +
        45 * cumulant_4**2 * n * norm2 * task_fourth * w**2 - 2 * cumulant_4**2 * n * norm2 *
        task_fourth * w + 18 * cumulant_4**2 * n * sigma2 * task_fourth * w**2 + 48 *
        cumulant_4**2 * n * task_sixth * w**2 - 4 * cumulant_4**2 * n * task_sixth * w + 13 *
        cumulant_4**2 * norm2**3 * w**2 + 16 * cumulant_4**2 * norm2**2 * sigma2 * w**2 + 3 *
        cumulant_4**2 * norm2 * sigma2**2 * w**2 + 116 * cumulant_4**2 * norm2 * task_fourth *
        w**2 - 12 * cumulant_4**2 * norm2 * task_fourth * w + cumulant_4**2 * norm2 * task_fourth
        + 82 * cumulant_4**2 * sigma2 * task_fourth * w**2 - 6 * cumulant_4**2 * sigma2 *
        task_fourth * w + 66 * cumulant_4**2 * task_sixth * w**2 - 12 * cumulant_4**2 * task_sixth
        * w + cumulant_4 * cumulant_6 * d * task_sixth * w**2 + 4 * cumulant_4 * cumulant_6 * n *
        task_sixth * w**2 + 7 * cumulant_4 * cumulant_6 * norm2 * task_fourth * w**2 + 6 *
        cumulant_4 * cumulant_6 * sigma2 * task_fourth * w**2 + 16 * cumulant_4 * cumulant_6 *
        task_sixth * w**2 - 2 * cumulant_4 * cumulant_6 * task_sixth * w + cumulant_4 * cumulant_8
        * task_sixth * w**2 + cumulant_4 * d**2 * norm2 * task_fourth * w**2 + cumulant_4 * d**2 *
        sigma2 * task_fourth * w**2 + 4 * cumulant_4 * d * n**2 * norm2 * task_fourth * w**2 + 2 *
        cumulant_4 * d * n**2 * sigma2 * task_fourth * w**2 + 3 * cumulant_4 * d * n * norm2**3 *
        w**2 + 6 * cumulant_4 * d * n * norm2**2 * sigma2 * w**2 + 3 * cumulant_4 * d * n * norm2
        * sigma2**2 * w**2 + 24 * cumulant_4 * d * n * norm2 * task_fourth * w**2 + 15 *
        cumulant_4 * d * n * sigma2 * task_fourth * w**2 + 15 * cumulant_4 * d * norm2**3 * w**2 +
        33 * cumulant_4 * d * norm2**2 * sigma2 * w**2 + 21 * cumulant_4 * d * norm2 * sigma2**2 *
        w**2 + 32 * cumulant_4 * d * norm2 * task_fourth * w**2 - 2 * cumulant_4 * d * norm2 *
        task_fourth * w + 3 * cumulant_4 * d * sigma2**3 * w**2 + 25 * cumulant_4 * d * sigma2 *
        task_fourth * w**2 - 2 * cumulant_4 * d * sigma2 * task_fourth * w + cumulant_4 * n**3 *
        norm2**3 * w**2 + 6 * cumulant_4 * n**3 * norm2 * task_fourth * w**2 + 16 * cumulant_4 *
        n**2 * norm2**3 * w**2 + 10 * cumulant_4 * n**2 * norm2**2 * sigma2 * w**2 + 64 *
        cumulant_4 * n**2 * norm2 * task_fourth * w**2 - 8 * cumulant_4 * n**2 * norm2 *
        task_fourth * w + 18 * cumulant_4 * n**2 * sigma2 * task_fourth * w**2 + 77 * cumulant_4 *
        n * norm2**3 * w**2 - 4 * cumulant_4 * n * norm2**3 * w + 87 * cumulant_4 * n * norm2**2 *
        sigma2 * w**2 - 4 * cumulant_4 * n * norm2**2 * sigma2 * w + 21 * cumulant_4 * n * norm2 *
        sigma2**2 * w**2 + 204 * cumulant_4 * n * norm2 * task_fourth * w**2 - 44 * cumulant_4 * n
        * norm2 * task_fourth * w + 2 * cumulant_4 * n * norm2 * task_fourth + 96 * cumulant_4 * n
        * sigma2 * task_fourth * w**2 - 14 * cumulant_4 * n * sigma2 * task_fourth * w + 110 *
        cumulant_4 * norm2**3 * w**2 - 14 * cumulant_4 * norm2**3 * w + 2 * cumulant_4 * norm2**3
        + 167 * cumulant_4 * norm2**2 * sigma2 * w**2 - 20 * cumulant_4 * norm2**2 * sigma2 * w +
        2 * cumulant_4 * norm2**2 * sigma2 + 63 * cumulant_4 * norm2 * sigma2**2 * w**2 - 6 *
        cumulant_4 * norm2 * sigma2**2 * w + 178 * cumulant_4 * norm2 * task_fourth * w**2 - 48 *
        cumulant_4 * norm2 * task_fourth * w + 2 * cumulant_4 * norm2 * task_fourth + 110 *
        cumulant_4 * sigma2 * task_fourth * w**2 - 26 * cumulant_4 * sigma2 * task_fourth * w +
        cumulant_6 * d * n * task_sixth * w**2 + 2 * cumulant_6 * d * norm2 * task_fourth * w**2 +
        2 * cumulant_6 * d * sigma2 * task_fourth * w**2 + cumulant_6 * d * task_sixth * w**2 + 2
        * cumulant_6 * n**2 * norm2 * task_fourth * w**2 + 2 * cumulant_6 * n**2 * task_sixth *
        w**2 + 19 * cumulant_6 * n * norm2 * task_fourth * w**2 + 10 * cumulant_6 * n * sigma2 *
        task_fourth * w**2 + 12 * cumulant_6 * n * task_sixth * w**2 - 2 * cumulant_6 * n *
        task_sixth * w + 6 * cumulant_6 * norm2**3 * w**2 + 12 * cumulant_6 * norm2**2 * sigma2 *
        w**2 + 6 * cumulant_6 * norm2 * sigma2**2 * w**2 + 29 * cumulant_6 * norm2 * task_fourth *
        w**2 - 2 * cumulant_6 * norm2 * task_fourth * w + 22 * cumulant_6 * sigma2 * task_fourth *
        w**2 - 2 * cumulant_6 * sigma2 * task_fourth * w + 10 * cumulant_6 * task_sixth * w**2 - 2
        * cumulant_6 * task_sixth * w + cumulant_8 * n * task_sixth * w**2 + cumulant_8 * norm2 *
        task_fourth * w**2 + cumulant_8 * sigma2 * task_fourth * w**2 + cumulant_8 * task_sixth *
        w**2 + d**2 * n * norm2**3 * w**2 + 3 * d**2 * n * norm2**2 * sigma2 * w**2 + 3 * d**2 * n
        * norm2 * sigma2**2 * w**2 + d**2 * n * sigma2**3 * w**2 + 2 * d**2 * norm2**3 * w**2 + 6
        * d**2 * norm2**2 * sigma2 * w**2 + 6 * d**2 * norm2 * sigma2**2 * w**2 + 2 * d**2 *
        sigma2**3 * w**2 + d * n**3 * norm2**3 * w**2 + d * n**3 * norm2**2 * sigma2 * w**2 + 9 *
        d * n**2 * norm2**3 * w**2 + 12 * d * n**2 * norm2**2 * sigma2 * w**2 + 3 * d * n**2 *
        norm2 * sigma2**2 * w**2 + 26 * d * n * norm2**3 * w**2 - 2 * d * n * norm2**3 * w + 43 *
        d * n * norm2**2 * sigma2 * w**2 - 4 * d * n * norm2**2 * sigma2 * w + 19 * d * n * norm2
        * sigma2**2 * w**2 - 2 * d * n * norm2 * sigma2**2 * w + 2 * d * n * sigma2**3 * w**2 + 24
        * d * norm2**3 * w**2 - 4 * d * norm2**3 * w + d * norm2**3 + 46 * d * norm2**2 * sigma2 *
        w**2 - 8 * d * norm2**2 * sigma2 * w + 2 * d * norm2**2 * sigma2 + 26 * d * norm2 *
        sigma2**2 * w**2 - 4 * d * norm2 * sigma2**2 * w + d * norm2 * sigma2**2 + 4 * d *
        sigma2**3 * w**2 + n**4 * norm2**3 * w**2 + 13 * n**3 * norm2**3 * w**2 - 2 * n**3 *
        norm2**3 * w + 6 * n**3 * norm2**2 * sigma2 * w**2 + 59 * n**2 * norm2**3 * w**2 - 16 *
        n**2 * norm2**3 * w + n**2 * norm2**3 + 48 * n**2 * norm2**2 * sigma2 * w**2 - 8 * n**2 *
        norm2**2 * sigma2 * w + 6 * n**2 * norm2 * sigma2**2 * w**2 + 109 * n * norm2**3 * w**2 -
        38 * n * norm2**3 * w + 4 * n * norm2**3 + 118 * n * norm2**2 * sigma2 * w**2 - 32 * n *
        norm2**2 * sigma2 * w + 2 * n * norm2**2 * sigma2 + 26 * n * norm2 * sigma2**2 * w**2 - 4
        * n * norm2 * sigma2**2 * w + 70 * norm2**3 * w**2 - 28 * norm2**3 * w + 3 * norm2**3 + 92
        * norm2**2 * sigma2 * w**2 - 32 * norm2**2 * sigma2 * w + 2 * norm2**2 * sigma2 + 28 *
        norm2 * sigma2**2 * w**2 - 8 * norm2 * sigma2**2 * w)
    )


def overlap_moment(
    context_length: Any, dim: Any, task_square: Any, task_fourth: Any, noise_variance: Any,
    cumulant_4: Any
) -> Any:
    """E[(uᵀu')²] = tr(M²) of two independent contexts.

    Source: ours (theory.md, section 2).
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2 = noise_variance
    return (
        n**2 * (cumulant_4**2 * task_fourth + 2 * cumulant_4 * n * task_fourth + 2 * cumulant_4 *
        norm2**2 + 2 * cumulant_4 * norm2 * sigma2 + 2 * cumulant_4 * task_fourth + d * norm2**2 +
        2 * d * norm2 * sigma2 + d * sigma2**2 + n**2 * norm2**2 + 4 * n * norm2**2 + 2 * n *
        norm2 * sigma2 + 3 * norm2**2 + 2 * norm2 * sigma2)
    )


def isotropic_weight(context_length: Any, dim: Any, noise_variance: Any, cumulant_4: Any) -> Any:
    """w in W* = wI of pretraining on these features, Σ_x = Σ_β = I.

    Source: ours (theory.md, section 2).
    """
    n, d, sigma2 = context_length, dim, noise_variance
    return 1 / (cumulant_4 + d + n + sigma2 + 1)
