"""Proofs on indeterminates: what they confirm, refute and leave open."""

import pickle

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttt_theory.evidence.algebra import identity, indeterminates, limit, positive
from ttt_theory.evidence.record import Verdict

LENGTH, DIM, ALPHA, GAMMA = indeterminates("n d alpha gamma")
COUNTS = st.integers(-3, 3)


@pytest.mark.parametrize(
    ("element", "verdict"),
    [
        ((LENGTH + 1) / DIM, Verdict.CONFIRMED),
        (LENGTH**0, Verdict.CONFIRMED),
        # SymPy leaves both parts of this fraction negative.
        (-((-1 - LENGTH) ** -1), Verdict.CONFIRMED),
        ((-1 - LENGTH) ** -1, Verdict.REFUTED),
        (-LENGTH, Verdict.REFUTED),
        (LENGTH - LENGTH, Verdict.REFUTED),
        (LENGTH - DIM, Verdict.REFUTED),
        ((LENGTH - DIM) ** 2, Verdict.REFUTED),
        # Positive, though not by its terms.
        (LENGTH**2 - LENGTH + 1, Verdict.UNDECIDED),
        (1 / (LENGTH**2 - LENGTH * DIM + DIM**2), Verdict.UNDECIDED),
    ],
)
def test_positive(element, verdict):
    assert positive("", element).verdict is verdict


def test_a_point_where_a_function_is_not_positive_or_not_defined_is_named():
    assert positive("", LENGTH, 2 - GAMMA).measured["counterexample"].keys() == {"gamma"}
    pole = positive("", 1 / (LENGTH - DIM) ** 2)
    point = pole.measured["counterexample"]
    assert pole.verdict is Verdict.REFUTED
    assert point["n"] == point["d"]


def test_functions_are_positive_together():
    undecided = LENGTH**2 - LENGTH + 1
    assert positive("", LENGTH, DIM).verdict is Verdict.CONFIRMED
    assert positive("", LENGTH, undecided).verdict is Verdict.UNDECIDED
    assert positive("", undecided, -DIM).verdict is Verdict.REFUTED


@given(COUNTS, COUNTS, COUNTS)
def test_a_quadratic_is_refuted_only_where_it_is_not_positive(a, b, c):
    def quadratic(x):
        return a * x**2 + b * x + c

    found = positive("", quadratic(ALPHA) + 0 * ALPHA)
    if found.verdict is Verdict.REFUTED:
        top, _, bottom = found.measured["counterexample"].get("alpha", "1").partition("/")
        assert quadratic(int(top) / int(bottom or 1)) <= 0
    elif found.verdict is Verdict.CONFIRMED:
        assert min(a, b, c) >= 0 < max(a, b, c)


def test_an_unreduced_zero_is_zero():
    zero = LENGTH.field.raw_new(LENGTH.field.ring.zero, DIM.numer)
    assert identity("", zero, 0).verdict is Verdict.CONFIRMED
    assert identity("", zero, 1).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("exact", "asymptotic", "measured"),
    [
        (DIM + 1, DIM, {"error_order": 1, "error_coefficient": "1"}),
        (DIM, DIM, {"error_order": None, "error_coefficient": "0"}),
        (
            GAMMA * DIM**2 - ALPHA,
            GAMMA * DIM**2,
            {"error_order": 2, "error_coefficient": "-alpha/gamma"},
        ),
        (DIM**2 * ALPHA + LENGTH, DIM, {"leading_term_of_ratio": "alpha*d"}),
        (GAMMA, DIM, {"leading_term_of_ratio": "gamma/d"}),
        (2 * DIM, DIM, {"leading_term_of_ratio": "2"}),
        (0, DIM, {"leading_term_of_ratio": "0"}),
    ],
)
def test_limits(exact, asymptotic, measured):
    found = limit("", exact, asymptotic, DIM)
    assert found.measured == measured
    assert (found.verdict is Verdict.REFUTED) == ("leading_term_of_ratio" in measured)


@given(st.fractions(), st.fractions())
def test_numbers_alone_are_compared_as_they_are(left, right):
    assert (identity("", left, right).verdict is Verdict.CONFIRMED) == (left == right)


def test_elements_survive_the_way_to_another_process():
    element = (LENGTH**2 - 3 * ALPHA) / (7 * DIM)
    sent = pickle.loads(cloudpickle.dumps(element))
    assert sent == element
    assert sent * DIM == element * DIM
    assert limit("", sent, sent, DIM).verdict is Verdict.CONFIRMED
