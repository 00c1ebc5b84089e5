"""The weights that pretraining finds: the minimiser of E[(y − xᵀWu)²] over the prior of tasks.

Compiled from derivations.linear.pretraining by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "gram_factor",
    "isotropic_risk",
    "isotropic_weight",
    "optimal_eigenvalue",
    "ridge",
]


def gram_factor(context_length: Any) -> Any:
    """The factor of Σ_xΣ_β in W* = Σ_β[factor·Σ_xΣ_β + ridge·I]⁻¹.

    Source: [G25], Section 3 (pretrained-optimum).
    """
    n = context_length
    return n + 1


def ridge(trace: Any, noise_variance: Any) -> Any:
    """The multiple of I in W* = Σ_β[factor·Σ_xΣ_β + ridge·I]⁻¹, from trace = tr(Σ_xΣ_β).

    Source: [G25], Section 3 (pretrained-optimum).
    """
    sigma2 = noise_variance
    return sigma2 + trace


def optimal_eigenvalue(
    context_length: Any, feature_eigenvalue: Any, task_eigenvalue: Any, trace: Any,
    noise_variance: Any
) -> Any:
    """The eigenvalue of W* where Σ_x and Σ_β commute, from trace = tr(Σ_xΣ_β).

    Source: [G25], Section 3 (pretrained-optimum).
    """
    n, sigma2 = context_length, noise_variance
    return task_eigenvalue / (
        feature_eigenvalue * n * task_eigenvalue + feature_eigenvalue * task_eigenvalue + sigma2 +
        trace
    )


def isotropic_weight(context_length: Any, dim: Any, noise_variance: Any) -> Any:
    """w in W* = wI for Σ_x = Σ_β = I.

    Source: [G25], Section 3 (pretrained-optimum); the noise is ours.
    """
    n, d, sigma2 = context_length, dim, noise_variance
    return 1 / (d + n + sigma2 + 1)


def isotropic_risk(context_length: Any, dim: Any, task_square: Any) -> Any:
    """The noise-free risk of W* for Σ_x = Σ_β = I.

    Source: [G25], Section 3 (pretrained-optimum).
    """
    n, d, norm2 = context_length, dim, task_square
    return norm2 * (d + 1) / (d + n + 1)
