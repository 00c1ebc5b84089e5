"""The exact one-step risk for every feature covariance, weight matrix, task and noise.

Compiled from derivations.linear.one_step by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "bias_variance_risk",
    "centred_product_moment",
    "constant",
    "coupling",
    "error_variance",
    "improvement",
    "linear",
    "mean_gradient_square",
    "overlap_moment",
    "product_moment",
    "quadratic",
    "step_size",
]


def error_variance(
    context_length: Any, label_variance: Any, shift_00: Any, spread_1: Any
) -> Any:
    """E[eᵀAe] − bᵀAb, from the invariants of the weighting A.

    Source: theory.md, section 2, facts 2 and 3.
    """
    n, s = context_length, label_variance
    return n * (s * spread_1 + shift_00)


def overlap_moment(
    context_length: Any, label_variance: Any, mean_square: Any, mean_energy: Any,
    feature_square_trace: Any
) -> Any:
    """E[(uᵀu')²] = tr(M²) of two independent contexts of one task.

    Source: theory.md, section 2, fact 3.
    """
    n, s = context_length, label_variance
    return (
        n**2 * (feature_square_trace * s**2 + 2 * mean_energy * n * s + 2 * mean_energy * s +
        mean_square**2 * n**2 + 2 * mean_square**2 * n + mean_square**2)
    )


def product_moment(
    context_length: Any, label_variance: Any, mean_square: Any, mean_energy: Any,
    feature_square_trace: Any, bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2:
    Any, shift_00: Any, shift_01: Any, shift_02: Any, shift_11: Any, spread_1: Any, spread_3: Any
) -> Any:
    """E[eᵀAe · uᵀMu], from the invariants of the weighting A.

    Source: theory.md, section 2, facts 2 and 3.
    """
    n, s = context_length, label_variance
    return (
        n**2 * (bias_bias * feature_square_trace * s**2 + 2 * bias_bias * mean_energy * n * s + 2
        * bias_bias * mean_energy * s + bias_bias * mean_square**2 * n**2 + 2 * bias_bias *
        mean_square**2 * n + bias_bias * mean_square**2 - 4 * bias_shift_0 * feature_square_trace
        * s**2 - 8 * bias_shift_0 * mean_energy * n * s - 8 * bias_shift_0 * mean_energy * s - 4 *
        bias_shift_0 * mean_square**2 * n**2 - 8 * bias_shift_0 * mean_square**2 * n - 4 *
        bias_shift_0 * mean_square**2 - 4 * bias_shift_1 * mean_square * n**2 * s - 12 *
        bias_shift_1 * mean_square * n * s - 8 * bias_shift_1 * mean_square * s - 4 * bias_shift_2
        * n * s**2 - 8 * bias_shift_2 * s**2 + feature_square_trace * n * s**3 * spread_1 +
        feature_square_trace * n * s**2 * shift_00 + 2 * feature_square_trace * s**3 * spread_1 +
        6 * feature_square_trace * s**2 * shift_00 + 2 * mean_energy * n**2 * s**2 * spread_1 + 2
        * mean_energy * n**2 * s * shift_00 + 8 * mean_energy * n * s**2 * spread_1 + 14 *
        mean_energy * n * s * shift_00 + 8 * mean_energy * s**2 * spread_1 + 12 * mean_energy * s
        * shift_00 + mean_square**2 * n**3 * s * spread_1 + mean_square**2 * n**3 * shift_00 + 6 *
        mean_square**2 * n**2 * s * spread_1 + 8 * mean_square**2 * n**2 * shift_00 + 11 *
        mean_square**2 * n * s * spread_1 + 13 * mean_square**2 * n * shift_00 + 6 *
        mean_square**2 * s * spread_1 + 6 * mean_square**2 * shift_00 + 12 * mean_square * n**2 *
        s * shift_01 + 36 * mean_square * n * s * shift_01 + 24 * mean_square * s * shift_01 + 2 *
        n**2 * s**2 * shift_11 + 2 * n * s**3 * spread_3 + 12 * n * s**2 * shift_02 + 6 * n * s**2
        * shift_11 + 4 * s**3 * spread_3 + 24 * s**2 * shift_02 + 4 * s**2 * shift_11)
    )


def centred_product_moment(
    context_length: Any, label_variance: Any, mean_square: Any, mean_energy: Any,
    feature_square_trace: Any, bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any, bias_shift_2:
    Any, shift_00: Any, shift_01: Any, shift_02: Any, shift_11: Any, spread_1: Any, spread_3: Any
) -> Any:
    """E[eᵀAe · uᵀMu] − pᵀAp with p = n E[e uᵀ]q: the product moment less its mean part.

    Source: theory.md, section 2, facts 2 and 3; rearranged here.
    """
    n, s = context_length, label_variance
    return (
        n**2 * (bias_bias * feature_square_trace * s**2 + 2 * bias_bias * mean_energy * n * s + 2
        * bias_bias * mean_energy * s + 2 * bias_bias * mean_square**2 * n + bias_bias *
        mean_square**2 - 4 * bias_shift_0 * feature_square_trace * s**2 - 8 * bias_shift_0 *
        mean_energy * n * s - 8 * bias_shift_0 * mean_energy * s - 2 * bias_shift_0 *
        mean_square**2 * n**2 - 8 * bias_shift_0 * mean_square**2 * n - 4 * bias_shift_0 *
        mean_square**2 - 2 * bias_shift_1 * mean_square * n**2 * s - 12 * bias_shift_1 *
        mean_square * n * s - 8 * bias_shift_1 * mean_square * s - 4 * bias_shift_2 * n * s**2 - 8
        * bias_shift_2 * s**2 + feature_square_trace * n * s**3 * spread_1 + feature_square_trace
        * n * s**2 * shift_00 + 2 * feature_square_trace * s**3 * spread_1 + 6 *
        feature_square_trace * s**2 * shift_00 + 2 * mean_energy * n**2 * s**2 * spread_1 + 2 *
        mean_energy * n**2 * s * shift_00 + 8 * mean_energy * n * s**2 * spread_1 + 14 *
        mean_energy * n * s * shift_00 + 8 * mean_energy * s**2 * spread_1 + 12 * mean_energy * s
        * shift_00 + mean_square**2 * n**3 * s * spread_1 + mean_square**2 * n**3 * shift_00 + 6 *
        mean_square**2 * n**2 * s * spread_1 + 7 * mean_square**2 * n**2 * shift_00 + 11 *
        mean_square**2 * n * s * spread_1 + 13 * mean_square**2 * n * shift_00 + 6 *
        mean_square**2 * s * spread_1 + 6 * mean_square**2 * shift_00 + 10 * mean_square * n**2 *
        s * shift_01 + 36 * mean_square * n * s * shift_01 + 24 * mean_square * s * shift_01 +
        n**2 * s**2 * shift_11 + 2 * n * s**3 * spread_3 + 12 * n * s**2 * shift_02 + 6 * n * s**2
        * shift_11 + 4 * s**3 * spread_3 + 24 * s**2 * shift_02 + 4 * s**2 * shift_11)
    )


def coupling(
    context_length: Any, label_variance: Any, mean_square: Any, bias_shift_0: Any, bias_shift_1:
    Any, shift_00: Any, shift_01: Any, spread_2: Any
) -> Any:
    """2 E[uᵀ Cov(u) WᵀAe], from the invariants of A = Σ_x².

    Source: theory.md, section 2, facts 2 and 3; rearranged here.
    """
    n, s = context_length, label_variance
    return (
        -2 * n**2 * (-bias_shift_0 * mean_square - bias_shift_1 * s + mean_square * shift_00 +
        s**2 * spread_2 + 2 * s * shift_01)
    )


def constant(noise_variance: Any, bias_bias: Any, error_variance: Any) -> Any:
    """c0, the risk before the step, from the error's two parts for A = Σ_x.

    Source: theory.md, section 2, fact 3; [G25], Section 3.
    """
    sigma2 = noise_variance
    return bias_bias + error_variance + sigma2


def mean_gradient_square(
    label_variance: Any, mean_square: Any, bias_bias: Any, bias_shift_0: Any, bias_shift_1: Any,
    shift_00: Any, shift_01: Any, spread_2: Any
) -> Any:
    """‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖², from the invariants of A = Σ_x².

    Source: theory.md, section 2, fact 3.
    """
    s = label_variance
    return (
        bias_bias * mean_square - 2 * bias_shift_0 * mean_square - 2 * bias_shift_1 * s +
        mean_square * shift_00 + s**2 * spread_2 + 2 * s * shift_01
    )


def linear(context_length: Any, test_samples: Any, mean_gradient_square: Any) -> Any:
    """c1 from ‖q(b − Wq)ᵀΣ_x − sΣ_xWᵀΣ_x‖² in the Frobenius norm.

    Source: theory.md, section 2, fact 3; Proposition 3.1 of [G25] gives the step.
    """
    n, k = context_length, test_samples
    return 4 * k * mean_gradient_square * n**2


def quadratic(
    test_samples: Any, product_moment_1: Any, product_moment_3: Any, overlap_moment: Any,
    feature_square_trace: Any, noise_variance: Any
) -> Any:
    """c2 from the product moments of A = Σ_x and A = Σ_x³.

    Source: theory.md, section 2, fact 3; Proposition 3.1 of [G25] gives the step.
    """
    k, sigma2 = test_samples, noise_variance
    return (
        4 * k * (feature_square_trace * overlap_moment * sigma2 + feature_square_trace *
        product_moment_1 + k * product_moment_3 + product_moment_3)
    )


def step_size(linear: Any, quadratic: Any) -> Any:
    """η* = c1/(2 c2), the minimiser of c0 − c1 η + c2 η².

    Source: theory.md, section 2, fact 1.
    """
    return linear / (2 * quadratic)


def improvement(linear: Any, quadratic: Any) -> Any:
    """c1²/(4 c2), the fall of the risk at the optimal step.

    Source: theory.md, section 2, fact 1.
    """
    return linear**2 / (4 * quadratic)


def bias_variance_risk(
    test_samples: Any, scaled_step: Any, misfit: Any, error_variance: Any, coupling: Any,
    centred_product_moment_3: Any, product_moment_1: Any, product_moment_3: Any, overlap_moment:
    Any, feature_square_trace: Any, noise_variance: Any
) -> Any:
    """R(η) with κ = 2kη as bias plus variance; misfit is ‖b − κΣ_xp‖² in the norm of Σ_x.

    Source: Equal to c0 − c1η + c2η², without its cancellation; ours.
    """
    k, sigma2 = test_samples, noise_variance
    return (
        centred_product_moment_3 * k * scaled_step**2 + coupling * k * scaled_step +
        error_variance * k + feature_square_trace * overlap_moment * scaled_step**2 * sigma2 +
        feature_square_trace * product_moment_1 * scaled_step**2 + k * misfit + k * sigma2 +
        product_moment_3 * scaled_step**2
    ) / k
