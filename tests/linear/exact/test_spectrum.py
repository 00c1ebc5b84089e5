"""The theory on spectra against the definition, in fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import reference
from ttt_theory.linear.exact.assembly import bias_and_variance
from ttt_theory.linear.exact.spectrum import Spectrum, SpectrumForms, curve, isotropic_spectrum

FRACTIONS = st.fractions(0, 3, max_denominator=4)
COUNTS = st.integers(1, 5)
BLOCKS = st.lists(
    st.tuples(COUNTS, FRACTIONS, st.fractions(-1, 1, max_denominator=5), FRACTIONS),
    min_size=1,
    max_size=3,
)


def numbers(values):
    return np.array([Fraction(value) for value in values], dtype=object)


def expected_coefficients(blocks, n, k, noise):
    # Block by block: the multiplicity, and the eigenvalues and the task of each coordinate.
    multiplicity, features, weights, task = (
        numbers(column) for column in zip(*blocks, strict=True)
    )
    return reference.coefficients(reference.Law(n, k, features, weights, task, noise, multiplicity))


def spectrum_of(blocks):
    masses = [m * beta**2 for m, _, _, beta in blocks]
    multiplicities, features, weights, _ = zip(*blocks, strict=True)
    return Spectrum(multiplicities, features, weights, masses)


@hypothesis_settings(max_examples=40)
@given(BLOCKS, COUNTS, COUNTS, FRACTIONS)
def test_the_curve_of_a_spectrum_is_that_of_the_definition(blocks, n, k, noise):
    found = curve(spectrum_of(blocks), n, k, noise)
    expected = expected_coefficients(blocks, n, k, noise)
    assert (found.constant, found.linear, found.quadratic) == expected


@hypothesis_settings(max_examples=30)
@given(BLOCKS, COUNTS, COUNTS)
def test_without_weights_nothing_is_predicted(blocks, n, k):
    found = curve(spectrum_of(blocks).with_zero_weights(), n, k)
    expected = expected_coefficients([(m, x, 0, beta) for m, x, _, beta in blocks], n, k, 0)
    assert (found.constant, found.linear, found.quadratic) == expected


@hypothesis_settings(max_examples=30)
@given(BLOCKS, COUNTS, FRACTIONS)
def test_a_pretrained_spectrum_has_the_weights_that_minimise(blocks, n, noise):
    multiplicities = [m for m, *_ in blocks]
    prior, masses = [mu + 1 for _, mu, *_ in blocks], [beta for *_, beta in blocks]
    found = Spectrum.pretrained(multiplicities, prior, masses, n, noise)
    dense = np.diag(np.repeat(numbers(prior), multiplicities))
    identity = np.eye(len(dense), dtype=int) * Fraction(1)
    expected = reference.pretrained_weights(n, identity, dense, noise)
    assert np.array_equal(np.diag(np.repeat(numbers(found.weights), multiplicities)), expected)
    assert list(found.features) == [1] * len(blocks)
    assert list(found.masses) == masses
    assert list(found.multiplicities) == multiplicities


@given(BLOCKS, COUNTS, FRACTIONS)
def test_bias_and_variance_are_the_published_ones(blocks, n, noise):
    # A = βᵀ(I − nW)²β and B = n(‖β‖² + σ²)tr(W²), at Σ_x = I.
    blocks = [(m, 1, w, beta) for m, _, w, beta in blocks]
    bias, variance = bias_and_variance(n, SpectrumForms(spectrum_of(blocks), n, noise))
    assert bias == sum(m * (beta * (1 - n * w)) ** 2 for m, _, w, beta in blocks)
    size = sum(m * beta**2 for m, _, _, beta in blocks) + noise
    assert variance == n * size * sum(m * w**2 for m, _, w, _ in blocks)


def test_an_isotropic_spectrum_has_one_block():
    found = isotropic_spectrum(7, Fraction(1, 3), Fraction(5))
    assert (found.multiplicities, found.features) == ([7], [1])
    assert (found.weights, found.masses) == ([Fraction(1, 3)], [Fraction(5)])
