"""Gains of filters by quadrature of the Marchenko-Pastur law, which knows no closed form of them.

The eigenvalues x of S/d, S = X_tᵀX_t with k = γd samples of d features, have in the limit d → ∞ the
density √((x₊−x)(x−x₋))/(2πx) on [x₋, x₊], x± = (1 ± √γ)², and the atom 1 − γ at 0 if γ < 1
(V. A. Marchenko and L. A. Pastur, 1967).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ttt_theory.checks import FloatArray

__all__ = ["filter_fraction", "polynomial_fraction", "rule"]


def rule(sample_ratio: float, count: int = 4000) -> tuple[FloatArray, FloatArray]:
    """Return eigenvalues and weights of a quadrature of the law.

    Parameters
    ----------
    sample_ratio : float
        γ.
    count : int
        Number of nodes between x₋ and x₊; functions that are smooth there converge exponentially.

    Examples
    --------
    >>> x, weights = rule(0.25)
    >>> print(np.sum(weights), np.sum(weights * x), np.sum(weights * x**2))
    1.0 0.25 0.3125
    """
    # In x = 1 + γ + 2√γ cos φ the integrand is periodic and smooth.
    angles = np.pi * (np.arange(count) + 0.5) / count
    half_width = 2.0 * np.sqrt(sample_ratio)
    eigenvalues = 1.0 + sample_ratio + half_width * np.cos(angles)
    weights = (half_width * np.sin(angles)) ** 2 / (2.0 * count * eigenvalues)
    if sample_ratio < 1.0:
        eigenvalues = np.append(eigenvalues, 0.0)
        weights = np.append(weights, 1.0 - sample_ratio)
    return eigenvalues, weights


def filter_fraction(sample_ratio: float, relative_noise: float) -> float:
    """Return what the best filter gains, the mean of x/(x + λ) where x > 0, in units of a²/ε.

    Examples
    --------
    >>> print(filter_fraction(0.25, 0.0))
    0.25
    """
    x, weights = rule(sample_ratio)
    positive = x > 0.0
    x, weights = x[positive], weights[positive]
    return float(np.sum(weights * x / (x + relative_noise)))


def polynomial_fraction(sample_ratio: float, relative_noise: float, degree: int) -> float:
    """Return what the best polynomial of degree t gains, by least squares, in the same units.

    The gain 2μ(xp) − μ(x(x+λ)p²) of h = xp is that of the filter 1/(x + λ) for p, less the mean
    square distance from it in the weight x(x + λ).

    Examples
    --------
    >>> print(polynomial_fraction(1.0, 0.0, 3))
    0.75
    """
    x, weights = rule(sample_ratio)
    centred = (x - 1.0 - sample_ratio) / (2.0 * np.sqrt(sample_ratio))
    basis = np.polynomial.chebyshev.chebvander(centred, degree - 1)
    scale = np.sqrt(weights * x * (x + relative_noise))
    positive = scale > 0.0
    scale, basis, x, weights = (each[positive] for each in (scale, basis, x, weights))
    target = scale / (x + relative_noise)
    coefficients, *_ = np.linalg.lstsq(scale[:, None] * basis, target, rcond=None)
    return float(np.sum(weights * x * (basis @ coefficients)))
