"""The mean spectrum of a Wishart matrix: its moments, and the rule that has them."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nodes_of_prompts import rising, trace_moments
from ttt_theory.linear.simulation.wishart_spectrum import spectrum_moments, spectrum_rule


@given(st.integers(1, 50), st.integers(1, 50))
def test_moments_are_the_known_polynomials(samples, dim):
    expected = [Fraction(each, dim) for each in trace_moments(samples, dim)]
    assert spectrum_moments(samples, dim, 5) == expected


@given(st.integers(1, 10**15))
def test_in_one_dimension_they_are_those_of_a_chi_square(samples):
    assert spectrum_moments(samples, 1, 20) == [rising(samples, order) for order in range(20)]


@given(st.integers(1, 30), st.integers(1, 30))
def test_both_ways_to_multiply_have_the_same_trace(samples, dim):
    # tr (XᵀX)^m = tr (XXᵀ)^m for m ≥ 1.
    pairs = zip(spectrum_moments(samples, dim, 13), spectrum_moments(dim, samples, 13), strict=True)
    assert all(dim * one == samples * other for one, other in list(pairs)[1:])


@pytest.mark.parametrize(
    ("samples", "dim"), [(1, 1), (2, 1), (1, 2), (3, 10**6), (10**15, 3), (30, 60), (40, 40)]
)
def test_the_rule_has_the_moments(samples, dim):
    nodes = 17
    eigenvalues, weights = spectrum_rule(samples, dim, nodes)
    assert np.all(weights >= 0.0)
    moments = spectrum_moments(samples, dim, 2 * nodes)
    scaled = eigenvalues / samples
    for order, moment in enumerate(moments):
        expected = float(Fraction(moment, samples**order))
        assert float(weights @ scaled**order) == pytest.approx(expected, rel=1e-11)


def test_drawn_matrices_have_the_moments():
    # 20,000 draws of S⁴; its relative standard deviation is about 1.3.
    draws = np.random.default_rng(0).standard_normal((20_000, 5, 3))
    powers = np.linalg.matrix_power(np.swapaxes(draws, 1, 2) @ draws, 4)
    found = np.mean(np.trace(powers, axis1=1, axis2=2)) / 3
    assert found == pytest.approx(spectrum_moments(5, 3, 5)[4], rel=6 * 2.0 / math.sqrt(20_000))
