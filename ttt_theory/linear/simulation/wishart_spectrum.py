"""A quadrature rule for the mean spectrum of a Wishart matrix S₀ = X₀ᵀX₀, X₀ of k × d normals.

Seen from any unit vector e, Golub and Kahan's bidiagonalisation turns X₀ into a chain of
independent lengths, whose squares are χ² variables of k, d − 1, k − 1, d − 2, … degrees of freedom
(Dumitriu and Edelman, 2002).  So eᵀS₀^m e is the sum over walks of 2m steps from the bottom of
the chain and back, each the product of the squares of the links that it climbs.  With n_h climbs
of link h there are Π_h binomial(n_h + n_{h+1} − 1, n_{h+1}) such walks, and a χ² variable a of f
degrees has the moments E[a^m] = f(f+2)⋯(f+2m−2).  Nothing in this sum is negative: no walk goes
past a link of no degrees of freedom.

The moments are whole numbers, and the rule of Golub and Welsch follows from them in fractions.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import numpy as np
from scipy.linalg import eigh_tridiagonal

from ttt_theory.checks import FloatArray

__all__ = ["spectrum_moments", "spectrum_rule"]


def spectrum_moments(samples: int, dim: int, count: int) -> list[int]:
    """Return E[eᵀS₀^m e] = E[tr S₀^m]/d for m = 0, 1, …, count − 1.

    Parameters
    ----------
    samples, dim : int
        k and d.
    count : int

    Examples
    --------
    >>> spectrum_moments(2, 3, 3)  # E[tr S₀]/d = k and E[tr S₀²]/d = k(k + d + 1).
    [1, 2, 12]
    """

    @functools.cache
    def walks(link: int, climbs: int, rest: int) -> int:
        """Sum over what lies from one link upwards, given the climbs of it and of those above."""
        freedom = (dim - (link + 1) // 2) if link % 2 else (samples - link // 2)
        moment = math.prod(freedom + 2 * i for i in range(climbs))
        if rest == 0:
            return moment
        return moment * sum(
            math.comb(climbs + above - 1, above) * walks(link + 1, above, rest - above)
            for above in range(1, rest + 1)
            if moment
        )

    orders = range(1, count)
    return [1, *(sum(walks(0, first, m - first) for first in range(1, m + 1)) for m in orders)]


@functools.lru_cache(maxsize=64)
def spectrum_rule(samples: int, dim: int, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Return eigenvalues x_i and weights w_i with E[eᵀp(S₀)e] = Σ_i w_i p(x_i).

    Parameters
    ----------
    samples, dim : int
        k and d.
    nodes : int
        Their number m; the rule is exact for polynomials p up to degree 2m − 1.

    Returns
    -------
    eigenvalues, weights : ndarray, shape (nodes,)
        The weights are positive, of sum 1.

    Examples
    --------
    >>> eigenvalues, weights = spectrum_rule(2, 3, 2)
    >>> round(float(weights @ eigenvalues**2), 12)
    12.0
    """
    moments = spectrum_moments(samples, dim, 2 * nodes)
    # Chebyshev's algorithm: mixed moments of the orthogonal polynomials with the powers.
    previous, current = [Fraction(0)] * (2 * nodes), [Fraction(each) for each in moments]
    centres: list[Fraction] = [current[1]]
    squares: list[Fraction] = []
    for order in range(1, nodes):
        coupling = squares[-1] if squares else Fraction(0)
        following = [
            current[j + 1] - centres[-1] * current[j] - coupling * previous[j]
            for j in range(2 * nodes - order)
        ]
        previous, current = current, following
        squares.append(current[order] / previous[order - 1])
        centres.append(current[order + 1] / current[order] - previous[order] / previous[order - 1])
    eigenvalues, vectors = eigh_tridiagonal(
        np.array([float(each) for each in centres]),
        np.array([math.sqrt(each) for each in squares]),
    )
    return np.asarray(eigenvalues), np.asarray(vectors[0] ** 2)
