"""What the tests of statements share."""

import functools

import flint
import pytest

from ttt_theory.statements import deciding, evaluation, search


def cached(formula):
    known = functools.cache(formula)

    def call(*numbers):
        # What is not rational is an interval, which cannot be hashed.
        return (formula if any(isinstance(each, flint.arb) for each in numbers) else known)(
            *numbers
        )

    return call


@pytest.fixture(autouse=True, scope="module")
def computed_once():
    """Compute a formula once at a point: most searches go through the same ones."""
    formula = evaluation.formula_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            evaluation,
            "formula_of",
            functools.cache(lambda quantity: cached(formula(quantity))),
        )
        yield


@pytest.fixture
def hasty(monkeypatch):
    """Decide without long searches and without shrinking: what is found out must be as true."""
    monkeypatch.setattr(deciding, "_MORE_POINTS", 1000)
    monkeypatch.setattr(search, "_shrink", lambda *_: None)
