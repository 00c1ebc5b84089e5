"""Floats with exponents of their own: as float64, but without an end."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttt_theory.linear.exact.wide_range import WideRangeArray

PARTS = st.tuples(
    st.floats(-4.0, 4.0).filter(lambda value: value == 0.0 or abs(value) > 1e-3),
    st.integers(-3000, 3000),
)


def exact(part):
    return Fraction(part[0]) * Fraction(2) ** part[1]


def value_of(array):
    return Fraction(float(array.mantissa)) * Fraction(2) ** int(array.exponent)


def parts(array):
    return [WideRangeArray(*each) for each in zip(array.mantissa, array.exponent, strict=True)]


@given(PARTS, PARTS)
def test_every_operation_rounds_once(left, right):
    a, b = WideRangeArray.of(*left), WideRangeArray.of(*right)
    x, y = exact(left), exact(right)
    results = [
        (a + b, x + y, abs(x + y)),
        (a - b, x - y, abs(x - y)),
        (a * b, x * y, abs(x * y)),
        (a**3, x**3, abs(x**3) * 2),
        (-a, -x, 0),
    ]
    if y:
        results.append((a / b, x / y, abs(x / y)))
    for result, expected, size in results:
        assert abs(value_of(result) - expected) <= Fraction(1, 2**53) * size
        # One number has one form, on which the alignment of sums relies.
        assert result.mantissa == 0.0 or 0.5 <= abs(result.mantissa) < 1.0


@given(PARTS)
def test_plain_numbers_stand_on_either_side(part):
    a, x = WideRangeArray.of(*part), exact(part)
    pairs = [(2 * a, 2 * x), (a * 2, 2 * x), (3 + a, 3 + x), (a + 3, 3 + x), (a - 1, x - 1)]
    for result, expected in [*pairs, (1 - a, 1 - x), (a / 3, x / 3), (np.float64(2.0) * a, 2 * x)]:
        assert abs(value_of(result) - expected) <= Fraction(1, 2**53) * abs(expected)


def test_choices_are_elementwise():
    wide = WideRangeArray.of(np.array([2.0, 0.0])).where(np.array([True, False]), 7.0)
    assert [value_of(each) for each in parts(wide)] == [2, 7]


def test_division_by_zero_is_no_number():
    with np.errstate(all="ignore"):
        assert not np.isfinite((WideRangeArray.of(1.0) / 0.0).mantissa)
    with pytest.warns(RuntimeWarning, match="divide"):
        WideRangeArray.of(1.0) / 0.0
