"""The isotropic one-step risk once more, as sums of squares: nothing in it cancels.

Compiled from derivations.linear.isotropic_squares by `make derive`; never edited by hand.
"""

from typing import Any

__all__ = [
    "aligned_square",
    "bias",
    "constant",
    "gradient",
    "linear",
    "pretraining_denominator",
    "product_moment",
    "product_variance",
    "quadratic",
    "risk",
    "sampling_moment",
    "weight",
]


def pretraining_denominator(
    source_context_length: Any, dim: Any, prior_variance: Any, source_noise_variance: Any
) -> Any:
    """D of the pretrained weight b/D, for Σ_β = bI.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    d = dim
    return (
        d * prior_variance + prior_variance * (source_context_length + 1) + source_noise_variance
    )


def weight(prior_variance: Any, share: Any, excess: Any, denominator: Any) -> Any:
    """w, a multiple of the pretrained weight.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    return prior_variance * (excess + share)/denominator


def bias(
    context_length: Any, source_context_length: Any, dim: Any, prior_variance: Any,
    source_noise_variance: Any, share: Any, rest: Any, excess: Any, denominator: Any
) -> Any:
    """r = 1 − nw of that start.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d = context_length, dim
    return (
        rest + (-excess * n * prior_variance + share * (prior_variance * (d - n +
        source_context_length + 1) + source_noise_variance))/denominator
    )


def gradient(
    context_length: Any, source_context_length: Any, dim: Any, task_square: Any, noise_variance:
    Any, prior_variance: Any, source_noise_variance: Any, share: Any, rest: Any, excess: Any,
    denominator: Any
) -> Any:
    """‖β‖²(r − 2w) − σ²w of that start.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2 = noise_variance
    return (
        norm2 * rest + (norm2 * (-excess * prior_variance * (n + 2) + share * (prior_variance * (d
        - n + source_context_length - 1) + source_noise_variance)) - prior_variance * sigma2 *
        (excess + share))/denominator
    )


def aligned_square(context_length: Any, task_square: Any, label_variance: Any) -> Any:
    """E[u_1²], u_1 being the context vector's part along β.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, norm2, s = context_length, task_square, label_variance
    return n * (norm2 * (n + 1) + s)


def product_variance(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, label_variance: Any,
    weight: Any, bias: Any, context_square: Any
) -> Any:
    """The variance of e(uᵀu') as far as it comes from the vector (uᵀu'/‖u'‖)e.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, s, w = noise_variance, label_variance, weight
    return (
        context_square * (n * s * w**2 * (d - 1) * (n + 2) * (norm2 * (n + 4) + sigma2) + n *
        (norm2 * sigma2 * (bias - w * (n + 4))**2 + w**2 * (2 * n + 4) * (4 * norm2 * (norm2 +
        sigma2) + sigma2**2) + 2 * (norm2 * (bias - w * (n + 4)) - sigma2 * w)**2)) + n * s * (n *
        s**2 * w**2 * (d - 1) * (d * (n + 2) + 2) + n * s * (d - 1) * (norm2 * (bias - 2 * w)**2 +
        w**2 * (n + 2) * (2 * norm2 + sigma2)))
    )


def product_moment(
    context_length: Any, dim: Any, label_variance: Any, weight: Any, gradient: Any,
    context_square: Any, product_variance: Any
) -> Any:
    """E[‖e‖²(uᵀu')²].

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d, s = context_length, dim, label_variance
    w = weight
    return (
        context_square * gradient**2 * n**2 + n**3 * s**3 * w**2 * (d - 1) + product_variance
    )


def sampling_moment(
    context_length: Any, dim: Any, noise_variance: Any, label_variance: Any, context_square: Any,
    product_moment: Any
) -> Any:
    """What (uᵀu')² times the gradient's variance comes to, per test sample.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d, sigma2 = context_length, dim, noise_variance
    s = label_variance
    return (
        d * sigma2 * (context_square**2 + n**2 * s**2 * (d - 1)) + product_moment * (d + 1)
    )


def constant(
    context_length: Any, dim: Any, task_square: Any, noise_variance: Any, label_variance: Any,
    weight: Any, bias: Any
) -> Any:
    """c0, the risk before the step.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, d, norm2 = context_length, dim, task_square
    sigma2, s, w = noise_variance, label_variance, weight
    return bias**2 * norm2 + n * w**2 * (d * s + norm2) + sigma2


def linear(
    context_length: Any, test_samples: Any, dim: Any, label_variance: Any, weight: Any, gradient:
    Any
) -> Any:
    """c1.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, k, d = context_length, test_samples, dim
    s, w = label_variance, weight
    return 4 * k * n**2 * (gradient**2 + s**2 * w**2 * (d - 1))


def quadratic(test_samples: Any, product_moment: Any, sampling_moment: Any) -> Any:
    """c2.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    k = test_samples
    return 4 * k * (k * product_moment + sampling_moment)


def risk(
    context_length: Any, test_samples: Any, dim: Any, task_square: Any, noise_variance: Any,
    label_variance: Any, weight: Any, bias: Any, gradient: Any, product_variance: Any,
    sampling_moment: Any, scaled_step: Any
) -> Any:
    """R(η) with κ = 2kη.

    Source: equal to the polynomials of `isotropic`; ours.
    """
    n, k, d = context_length, test_samples, dim
    norm2, sigma2, s, w = task_square, noise_variance, label_variance, weight
    return (
        n * s * w**2 * (d - 1) * (-n * s * scaled_step + 1)**2 + n * (norm2 + s) * (gradient * n *
        scaled_step + w)**2 + norm2 * (bias - gradient * n**2 * scaled_step)**2 + scaled_step**2 *
        (product_variance + sampling_moment/k) + sigma2
    )
