"""The field that proofs run on is SymPy's, element by element."""

import operator

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from ttt_theory.evidence.fields import rational_functions

NAMES = ["x", "y", "z"]
PLAIN, *_ = sympy.field(NAMES, sympy.QQ)
FAST, *GENERATORS = rational_functions(NAMES)
coefficients = st.fractions(-9, 9, max_denominator=12).map(
    lambda value: sympy.QQ(value.numerator, value.denominator)
)
polynomials = st.dictionaries(st.tuples(*[st.integers(0, 2)] * 3), coefficients, max_size=4).map(
    PLAIN.ring.from_dict
)
nonzero = polynomials.filter(bool)


def parts(element):
    return element.numer, element.denom


@settings(max_examples=50)
@given(polynomials, nonzero, nonzero)
def test_fractions_are_reduced_as_in_sympy(top, bottom, factor):
    for numer, denom in ((top, bottom), (top * factor, bottom * factor), (top, PLAIN.ring.one)):
        assert parts(FAST.new(numer, denom)) == numer.cancel(denom)
        assert parts(FAST.one.new(numer, denom)) == numer.cancel(denom)


@settings(max_examples=20)
@given(nonzero, nonzero, nonzero, nonzero)
def test_arithmetic_is_that_of_sympy(a, b, c, d):
    for act in (operator.add, operator.sub, operator.mul, operator.truediv):
        found, expected = (act(each.new(a, b), each.new(c, d)) for each in (FAST, PLAIN))
        assert parts(found) == parts(expected)
        assert str(found) == str(expected)


@settings(max_examples=10)
@given(nonzero, nonzero)
def test_numbers_are_taken_as_in_sympy(a, b):
    found, expected = (each.new(a, b) for each in (FAST, PLAIN))
    for number in (0, 3, 1.02, sympy.QQ(2, 3), sympy.Rational(5, 7)):
        for act in (operator.add, operator.sub, operator.mul):
            assert parts(act(found, number)) == parts(act(expected, number))
            assert parts(act(number, found)) == parts(act(number, expected))
        assert parts(number / found) == parts(number / expected)
        assert parts(FAST(number)) == parts(PLAIN(number))


def test_elements_stay_in_the_field():
    x, y, _ = GENERATORS
    kind = type(FAST.zero)
    results = [x, FAST.one, x + 1, 1 - x, x * y, x / y, x**2, x**-2, -x, FAST(3), (x / y).diff(x)]
    assert {type(each) for each in results} == {kind}
    assert FAST == PLAIN
    with pytest.raises(ZeroDivisionError):
        x / (y - y)
    with pytest.raises(ZeroDivisionError):
        1 / FAST.zero
