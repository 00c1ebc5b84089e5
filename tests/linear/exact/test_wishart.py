"""The mean traces of Wishart powers: against integration by parts, brute force and counting."""

import functools
import itertools
import math

import numpy as np
import pytest

from ttt_theory.linear.exact.wishart import mean_eigenvalue_power, trace_coefficients


@functools.cache
def by_parts(powers, k, d):
    """E Π tr S^a over the powers, by Gaussian integration by parts of one factor G in S = GᵀG.

    With b = a − 1: E[tr S^a f] = (k+b) E[tr S^b f] + Σ_s E[tr S^(s+1) tr S^(b−1−s) f], over s < b,
    and 2c E[tr S^(b+c) f / tr S^c] for each other factor tr S^c of f.
    """
    factor = 1
    for each in powers:
        factor *= d if each == 0 else 1
    powers = tuple(sorted(each for each in powers if each))
    if not powers:
        return factor
    *others, a = powers
    b = a - 1
    total = (k + b) * by_parts((*others, b), k, d)
    total += sum(by_parts((*others, s + 1, b - 1 - s), k, d) for s in range(b))
    for index, c in enumerate(others):
        rest = (*others[:index], *others[index + 1 :])
        total += 2 * c * by_parts((*rest, b + c), k, d)
    return factor * total


@pytest.mark.parametrize(
    ("k", "d"), [(1, 1), (1, 4), (3, 2), (2, 3), (7, 5), (10**6, 13), (40, 40)]
)
def test_integration_by_parts_gives_the_same(k, d):
    for m in range(1, 11):
        assert d * mean_eigenvalue_power(m, k, d) == by_parts((m,), k, d)


def test_brute_force_gives_the_same():
    """Two by two, monomial by monomial."""
    for m in (1, 2, 3):
        total = 0
        # tr S^m = Σ g_{a1 i1} g_{a1 i2} g_{a2 i2} g_{a2 i3} …
        for rows in itertools.product(range(2), repeat=m):
            for columns in itertools.product(range(2), repeat=m):
                counts = np.zeros((2, 2), dtype=int)
                for place in range(m):
                    counts[rows[place], columns[place]] += 1
                    counts[rows[place], columns[(place + 1) % m]] += 1
                if np.all(counts % 2 == 0):
                    total += math.prod(math.prod(range(1, int(each), 2)) for each in counts.ravel())
        assert 2 * mean_eigenvalue_power(m, 2, 2) == total


def test_a_chi_square_in_one_dimension():
    for m in range(1, 33):
        expected = math.prod(7 + 2 * i for i in range(m))
        assert mean_eigenvalue_power(m, 7, 1) == 7 * mean_eigenvalue_power(m, 1, 7) == expected


def test_the_coefficients_count_all_pairings():
    for m in range(1, 33):
        table = trace_coefficients(m)
        assert all(each >= 0 for row in table for each in row)
        assert sum(map(sum, table)) == math.prod(range(1, 2 * m, 2))
        # Rows and columns of G may change places.
        assert all(table[a][b] == table[b][a] for a in range(m) for b in range(m - a))


def test_arrays_are_taken():
    k, d = np.array([3.0, 10.0]), np.array([2.0, 400.0])
    for m in (1, 5, 8):
        exact = [mean_eigenvalue_power(m, int(a), int(b)) for a, b in zip(k, d, strict=True)]
        np.testing.assert_allclose(mean_eigenvalue_power(m, k, d), np.array(exact, float), 1e-13)
