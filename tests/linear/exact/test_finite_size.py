"""The corrections in 1/d, and where the cold start overtakes at finite size."""

from fractions import Fraction

import pytest
import sympy

import ttt_theory as ttt
from tests import documented
from ttt_theory.linear.closed_form import corrections, finite_size, isotropic, limits

RATIOS = [(Fraction(1, 2), 1), (2, Fraction(1, 2)), (1, 3)]
QUANTITIES = ("warm_improvement", "warm_step_size", "cold_improvement", "cold_step_size")


def leading_term(name, n, k, d):
    return {
        "warm_improvement": lambda: limits.warm_improvement(n, k, d, 1),
        "warm_step_size": lambda: limits.warm_step_size(n, k, d, 1),
        "cold_improvement": lambda: limits.cold_improvement(k, d, 1),
        "cold_step_size": lambda: limits.cold_step_size(n, k, d, 1),
    }[name]()


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize(("alpha", "gamma"), RATIOS)
def test_corrections_take_an_order_off_the_error(name, alpha, gamma):
    def errors(d):
        n, k, d = (Fraction(ratio) * d for ratio in (alpha, gamma, 1))
        exact = getattr(isotropic, name)(n, k, d, 1, 0)
        corrected = getattr(corrections, f"corrected_{name}")(n, k, d, 1)
        return [abs(each / exact - 1) for each in (leading_term(name, n, k, d), corrected)]

    for d in (1000, 4000):
        (plain, corrected), (finer_plain, finer_corrected) = errors(d), errors(4 * d)
        assert 3.7 < plain / finer_plain < 4.3
        assert corrected / finer_corrected > 12
        assert corrected < plain / 10


@pytest.mark.parametrize("name", QUANTITIES)
def test_corrections_are_what_they_are_called(name):
    n, k, d = Fraction(30), Fraction(50), Fraction(20)
    correction = getattr(corrections, f"{name}_correction")
    expected = leading_term(name, n, k, d) * (1 + correction(n / d, k / d) / d)
    assert getattr(corrections, f"corrected_{name}")(n, k, d, 1) == expected


def test_the_correction_of_the_threshold():
    for alpha in (Fraction(1, 2), Fraction(1), Fraction(2)):
        limit = limits.cold_start_threshold(alpha)
        correction = corrections.cold_start_threshold_correction(alpha)

        def errors(d, alpha=alpha, limit=limit, correction=correction):
            exact = finite_size.cold_start_samples(alpha * d, Fraction(d)) / d
            return abs(exact - limit), abs(exact - limit - correction / d)

        (plain, corrected), (finer_plain, finer_corrected) = errors(4000), errors(16000)
        assert 3.7 < plain / finer_plain < 4.3
        assert corrected / finer_corrected > 12


def overtaking(n, d):
    """Return whether the cold start overtakes at some number of samples, by the general route."""
    one = ttt.Isotropic(d)
    task = [1.0] + [0.0] * (d - 1)
    risks = [
        ttt.one_step_risk(ttt.Setting(n, 10**13, one, one, task, initialization=start)).risk_after
        for start in (ttt.ZeroWeights(), ttt.PretrainedWeights())
    ]
    return risks[0] < risks[1]


def test_the_cold_start_overtakes_beyond_one_context_length_if_at_all():
    # The sign of the advantage is that of −N(n, d): as a polynomial in n, N has positive
    # coefficients alone for d ≤ 3 and, by Descartes' rule, one positive zero for d ≥ 4.
    n, d, e = sympy.symbols("n d e")
    advantage = sympy.numer(sympy.together(finite_size.cold_advantage_limit(n, d)))
    coefficients = sympy.Poly(sympy.cancel(-advantage / n), n).all_coeffs()
    assert len(coefficients) == 6
    for dim in (1, 2, 3):
        values = [each.subs(d, dim) for each in coefficients]
        assert all(value >= 0 for value in values)
        assert values[-1] > 0
    # From the highest: −, −, ?, ?, +, + for d ≥ 4, and the third is negative where the fourth is.
    first, second, third, fourth, fifth, last = (
        sympy.Poly(each.subs(d, e + 4), e) for each in coefficients
    )
    assert all(value < 0 for each in (first, second) for value in each.all_coeffs())
    assert all(value > 0 for each in (fifth, last) for value in each.all_coeffs())
    later = sympy.Poly(coefficients[2].subs(d, e + 6), e)
    assert all(value < 0 for value in later.all_coeffs())
    assert all(fourth.eval(value) > 0 for value in (0, 1))
    assert third.eval(0) > 0


@pytest.mark.parametrize("dim", [2, 3, 4, 5, 8, 20, 60])
def test_the_least_context_of_a_crossover(dim):
    lengths = range(1, 200)
    found = [n for n in lengths if finite_size.cold_advantage_limit(Fraction(n), Fraction(dim)) > 0]
    assert found == list(range(found[0], 200)) if dim >= 4 else not found
    if found:
        assert overtaking(found[0], dim)
        assert found[0] == 1 or not overtaking(found[0] - 1, dim)
    else:
        assert not overtaking(1000, dim)


def test_the_least_context_is_about_the_root_of_half_the_dimension():
    for root in (100, 1000, 10_000):
        dim = Fraction(2 * root**2)
        lengths = (Fraction(root) * Fraction(9, 10), Fraction(root) * Fraction(11, 10))
        below, above = (finite_size.cold_advantage_limit(n, dim) for n in lengths)
        assert below < 0 < above


def test_the_documented_thresholds():
    rows = documented.table("| α | d = 50 |")
    assert [alpha for alpha, *_ in rows] == ["½", "1", "2"]
    for name, *numbers in rows:
        alpha = {"½": Fraction(1, 2), "1": Fraction(1), "2": Fraction(2)}[name]
        exact = [
            f"{float(finite_size.cold_start_samples(alpha * d, Fraction(d)) / d):.5f}"
            for d in (50, 500, 5000)
        ]
        assert numbers == [*exact, f"{float(limits.cold_start_threshold(alpha)):.5f}"]
