"""Real roots of polynomials, isolated exactly."""

from fractions import Fraction

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory.linear.exact.real_roots import real_roots

RATIONALS = st.builds(
    lambda top, bottom, exponent: Fraction(top, bottom) * Fraction(10) ** exponent,
    st.integers(-60, 60),
    st.sampled_from([1, 2, 3, 7, 8]),
    st.sampled_from([-40, -3, 0, 0, 5]),
)
PAIRS = st.tuples(st.fractions(-5, 5, max_denominator=9), st.fractions("1/9", 9, max_denominator=9))


def times(left, right):
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            product[i + j] += one * other
    return product


def with_roots(roots, pairs, factor):
    polynomial = [Fraction(factor)]
    for root in roots:
        polynomial = times(polynomial, [-root, 1])
    for real, imaginary in pairs:
        polynomial = times(polynomial, [real**2 + imaginary**2, -2 * real, 1])
    return polynomial


@hypothesis_settings(max_examples=300)
@given(
    st.lists(RATIONALS, max_size=7, unique=True),
    st.lists(PAIRS, max_size=3),
    st.sampled_from([1, -3, Fraction(1, 7)]),
)
def test_exactly_the_real_roots_are_found(roots, pairs, factor):
    found = real_roots(with_roots(roots, pairs, factor))
    assert len(found) == len(roots)
    for root, expected in zip(found, sorted(roots), strict=True):
        assert root.is_simple
        assert abs(root.value - expected) <= abs(expected) * Fraction(1, 2**90)


@given(RATIONALS, RATIONALS, st.integers(2, 4))
def test_a_multiple_root_is_no_simple_one(root, other, multiplicity):
    found = real_roots(with_roots([root] * multiplicity + [other] * (other != root), [], 1))
    assert [each.is_simple for each in found if abs(each.value - root) < 1e-30 + abs(root) * 1e-20]
    for each in found:
        near = root if abs(each.value - root) <= abs(each.value - other) else other
        # What stands for several is within 2^-256 of the largest.
        assert abs(each.value - near) <= max(abs(root), abs(other)) * Fraction(1, 2**89)
        assert each.is_simple == (near == other != root)


def test_nearly_real_roots_are_told_apart():
    gap = Fraction(1, 10**30)
    assert not real_roots([1 + gap**2, -2, 1])
    assert [each.is_simple for each in real_roots([1 - gap**2, -2, 1])] == [True, True]


def test_none_of_a_constant():
    assert real_roots([3, 0, 0]) == []
