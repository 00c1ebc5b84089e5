"""What the tests of statements share."""

import functools

import pytest

from ttt_theory.statements import deciding, evaluation, search


@pytest.fixture(autouse=True, scope="module")
def computed_once():
    """Compute a formula once at a point: most searches go through the same ones."""
    formula = evaluation.formula_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            evaluation,
            "formula_of",
            functools.cache(lambda quantity: functools.cache(formula(quantity))),
        )
        yield


@pytest.fixture
def hasty(monkeypatch):
    """Decide without long searches and without shrinking: what is found out must be as true."""
    monkeypatch.setattr(deciding, "_MORE_POINTS", 1000)
    monkeypatch.setattr(search, "_shrink", lambda *_: None)
