"""The mean and the variance of a literal prompt's squared error after several isotropic steps.

For Σ_x = I, W = wI and no noise, on a fresh context.  Seen from e = β − wu, the k × d test samples
are a chain of independent lengths (Golub and Kahan; Dumitriu and Edelman, 2002), so that moments of
the eᵀS^i e, even of two of them together, are sums over walks.  The change of W is a uᵀ with
a = f(S)e, whose part across e points in a uniform direction.  What is left are three numbers of u'
and two of u, averaged at nodes.
"""

import functools
import math
from fractions import Fraction

import numpy as np

from tests.nodes_of_prompts import rising
from ttt_theory.evidence.quadrature import NodeGenerator

__all__ = ["error_moments", "spectrum_pair"]


def spectrum_pair(k, d, i, j):
    """E[(eᵀS^i e)(eᵀS^j e)] for a unit vector e, S = X_tᵀX_t of k × d standard normals."""

    @functools.cache
    def walks(link, climbs, rests):
        freedom = k - link // 2 if link % 2 == 0 else d - (link + 1) // 2
        moment = rising(freedom, sum(climbs))
        if not any(rests) or not moment:
            return 0 if any(rests) else moment
        total = Fraction(0)
        for above in np.ndindex(*(rest + 1 for rest in rests)):
            # A walk goes on where it has climbed, and until it is at an end.
            if any((up == 0) != (rest == 0) for up, rest in zip(above, rests, strict=True)):
                continue
            ways = math.prod(
                math.comb(climb + up - 1, up) if up else 1
                for climb, up in zip(climbs, above, strict=True)
            )
            left = tuple(rest - up for rest, up in zip(rests, above, strict=True))
            total += ways * walks(link + 1, above, left)
        return moment * total

    first = [range(1, power + 1) if power else [0] for power in (i, j)]
    return sum(walks(0, (a, b), (i - a, j - b)) for a in first[0] for b in first[1])


def error_moments(n, k, d, norm2, weight, step_sizes, queries):
    """Mean and variance of one prompt's squared error, averaged over so many queries; d ≥ 2."""
    t, length = len(step_sizes), math.sqrt(norm2)
    rest = np.polynomial.Polynomial([1.0])
    for step in step_sizes:
        rest *= np.polynomial.Polynomial([1.0, -2.0 * step])
    # f(x) = Σ_m method[m] U^(m−1) x^m.
    method = -rest.coef
    method[0] = 0.0
    square = np.convolve(method, method)
    pair = np.array(
        [[float(spectrum_pair(k, d, i, j)) for j in range(2 * t + 1)] for i in range(2 * t + 1)]
    )

    # The squared error has degree 4t in u, of which χ²_n is once and the root of the other once.
    context = NodeGenerator([4 * t + 1, 2 * t + 1])
    square_n = context.chisquare(n, context.draws)[:, None]
    along = length * square_n
    across = length * np.sqrt(square_n * context.chisquare(d - 1, context.draws)[:, None])
    fresh = NodeGenerator([3, 3, *([2] if d > 2 else [])])
    square_n = fresh.chisquare(n, fresh.draws)
    fresh_along = length * square_n
    fresh_across = length * np.sqrt(square_n) * fresh.standard_normal(fresh.draws)
    fresh_rest = norm2 * square_n * fresh.chisquare(d - 2, fresh.draws) if d > 2 else 0.0

    size = along**2 + across**2
    overlap = along * fresh_along + across * fresh_across
    error = length - weight * along, -weight * across
    fresh_error = length - weight * fresh_along, -weight * fresh_across
    # ‖e‖², ‖e'‖² and eᵀe'.
    energy = error[0] ** 2 + error[1] ** 2
    before = fresh_error[0] ** 2 + fresh_error[1] ** 2 + weight**2 * fresh_rest
    product = error[0] * fresh_error[0] + error[1] * fresh_error[1]

    def chain(left, right):
        """E of Σ left[i] U^(i − its least power) eᵀS^i e times the like, for a unit vector e."""
        powers = size ** np.arange(2 * t + 1)
        one = powers[:, : len(left)] * left
        other = powers[:, : len(right)] * right
        return np.einsum("pi,ij,pj->p", one, pair[: len(left), : len(right)], other)[:, None]

    none = np.array([1.0])
    # B = eᵀf(S)e and A = eᵀf(S)²e of a unit vector.
    b, a = chain(method, none) / size, chain(square, none) / size**2
    bb, ab = chain(method, method) / size**2, chain(square, method) / size**3
    aa = chain(square, square) / size**4
    mean = before + overlap**2 * energy * a - 2.0 * overlap * product * b
    second = (
        before**2
        + overlap**4 * energy**2 * aa
        + 4.0 * overlap**2 * product**2 * bb
        + 2.0 * before * overlap**2 * energy * a
        - 4.0 * before * overlap * product * b
        - 4.0 * overlap**3 * energy * product * ab
        + 4.0 * overlap**2 * (a - bb) * (before * energy - product**2) / (d - 1)
    )

    def averaged(values):
        return float(context.average(np.array([fresh.average(row) for row in values])))

    risk = averaged(mean)
    return risk, (1.0 + 2.0 / queries) * averaged(second) - risk**2
