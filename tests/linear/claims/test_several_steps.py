"""What only a full run of the claims on several steps and the same context gathers."""

import functools

import pytest

from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.claims import same_context, several_steps
from ttt_theory.linear.closed_form import context_cumulants, isotropic_steps
from ttt_theory.linear.closed_form import same_context as formulas

QUICK, FULL = (Effort(quick=quick, seed=0) for quick in (True, False))
LONGER = [
    several_steps._corners,
    several_steps._contexts,
    several_steps._from_any_covariance,
    same_context._neither_effect_with_noise,
]


@pytest.mark.parametrize("gather", LONGER)
def test_a_full_run_confirms_more(gather):
    full = gather(FULL)
    assert {each.verdict for each in full} == {Verdict.CONFIRMED}
    assert {each.statement for each in full} - {each.statement for each in gather(QUICK)}


def negated(function):
    @functools.wraps(function)
    def wrong(*arguments, **keywords):
        return -function(*arguments, **keywords)

    return wrong


@pytest.mark.parametrize(
    ("gather", "module", "name", "places"),
    [
        (several_steps._corners, context_cumulants, "error_4", [-1]),
        (several_steps._from_any_covariance, isotropic_steps, "cross_square", [0, 1]),
        (same_context._neither_effect_with_noise, formulas, "error_moment_2", [0, 1]),
    ],
)
def test_what_it_adds_is_refuted_by_a_wrong_formula(monkeypatch, gather, module, name, places):
    monkeypatch.setattr(module, name, negated(getattr(module, name)))
    evidence = gather(FULL)
    assert {evidence[place].verdict for place in places} == {Verdict.REFUTED}


def test_without_noise_a_formula_of_the_noise_is_not_seen(monkeypatch):
    wrong = negated(isotropic_steps.cross_square)
    monkeypatch.setattr(isotropic_steps, "cross_square", wrong)
    evidence = several_steps._from_any_covariance(QUICK)
    assert {each.verdict for each in evidence} == {Verdict.CONFIRMED}
    assert all("without noise" in each.statement for each in evidence)
