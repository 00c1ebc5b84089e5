"""The mean traces of powers of a Wishart matrix, exactly.

The power sum Σλ^m of eigenvalues is a sum of Jack polynomials J_λ at parameter 2 (zonal
polynomials),

    Σλ^m = Σ_λ (2m θ_λ / j_λ) J_λ,    θ_λ = Π (2j − i) over the boxes (i, j) ≠ (0, 0),

i and j the row and column of a box, counted from 0; j_λ = Π (2a+l+1)(2a+l+2) over all boxes with
arm a and leg l is J_λ's norm, and 2m that of the power sum.  The box (2, 1) has 2j − i = 0, so that
the partitions of m without it are all there is.  The mean over S = GᵀG, G of shape (k, d) with
independent standard normal entries, is E J_λ(S) = Π (k + 2j − i)(d + 2j − i).

Source: I. G. Macdonald, Symmetric Functions and Hall Polynomials, VI.10 and VII; P. Hanlon,
R. Stanley and J. Stembridge, "Some combinatorial aspects of the spectra of normally distributed
random matrices" (1992).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

__all__ = ["mean_eigenvalue_power", "trace_coefficients"]


def mean_eigenvalue_power(power: int, test_samples: Any, dim: Any) -> Any:
    """Return E[tr S^m] / d for S = GᵀG, G a k × d matrix of standard normal entries.

    Parameters
    ----------
    power : int
        m, at least 1.
    test_samples, dim : number or ndarray
        k and d.

    Examples
    --------
    >>> [mean_eigenvalue_power(m, 5, 1) for m in (1, 2, 3)]  # χ² with 5 degrees of freedom
    [5, 35, 315]
    """
    total: Any = 0
    for row in reversed(trace_coefficients(power)):
        inner: Any = 0
        for coefficient in reversed(row):
            inner = inner * dim + coefficient
        total = (total + inner) * test_samples
    return total


@functools.cache
def trace_coefficients(power: int) -> tuple[tuple[int, ...], ...]:
    """Return c with E[tr S^m] = Σ_ab c[a−1][b−1] k^a d^b, where a, b ≥ 1 and a + b ≤ m + 1.

    They count pairings of Gaussian factors, so that none is negative and nothing cancels.

    Examples
    --------
    >>> trace_coefficients(2)  # kd² + kd + k²d
    ((1, 1), (1,))
    """
    sums = [[0] * (power - a) for a in range(power)]
    # 1/j_λ is an integer over (2m)!, as j_λ is the product of all hook lengths of 2λ.
    common = math.factorial(2 * power)
    for partition in _partitions(power):
        hooks, contents = _hooks_and_contents(partition)
        factor = 2 * power * (common // hooks)
        for content in contents[1:]:
            factor *= content
        # Π(x + content) has no constant term, since the first content is 0.
        values = [1]
        for content in contents[1:]:
            values = [
                lower + content * same
                for lower, same in zip([0, *values], [*values, 0], strict=True)
            ]
        for a, left in enumerate(values):
            for b in range(power - a):
                sums[a][b] += factor * left * values[b]
    return tuple(tuple(each // common for each in row) for row in sums)


def _partitions(size: int) -> Iterator[tuple[int, ...]]:
    """Iterate over the partitions without the box (2, 1)."""
    for first in range(1, size + 1):
        rest = size - first
        for second in range(min(first, rest) + 1):
            if second or not rest:
                yield (first, *([second] if second else []), *([1] * (rest - second)))


def _hooks_and_contents(partition: tuple[int, ...]) -> tuple[int, list[int]]:
    """Return j_λ, and 2j − i for every box."""
    heights = [sum(row > column for row in partition) for column in range(partition[0])]
    hooks, contents = 1, []
    for i, row in enumerate(partition):
        for j in range(row):
            arm, leg = row - j - 1, heights[j] - i - 1
            hooks *= (2 * arm + leg + 1) * (2 * arm + leg + 2)
            contents.append(2 * j - i)
    return hooks, contents
