"""What the equivalence test catches, and what it leaves open."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from ttt_theory import Isotropic, Setting, ZeroWeights, one_step_risk
from ttt_theory.claims.claim import Run
from ttt_theory.claims.registry import find
from ttt_theory.claims.settings import COLD, SHIFTED
from ttt_theory.errors import OutOfRangeError
from ttt_theory.evidence.equivalence import equivalence
from ttt_theory.evidence.record import Verdict
from ttt_theory.monte_carlo import experiment
from ttt_theory.testing import settings


def judged(setting, factors=(1.0, 1.0, 1.0), numbers=5 * 10**8, margin=0.1, seed=0):
    risk = one_step_risk(setting)
    exact = np.array([risk.constant, risk.linear, risk.quadratic]) * factors
    evidence = equivalence(
        experiment(setting),
        exact,
        margin=margin,
        widest_margin=0.25,
        numbers=numbers,
        seed=seed,
    )
    return [each.verdict for each in evidence], evidence


def test_the_exact_coefficients_are_confirmed():
    verdicts, evidence = judged(SHIFTED)
    assert verdicts == [Verdict.CONFIRMED] * 3
    assert all(each.measured["margin"] <= 0.12 for each in evidence)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_coefficient_beyond_the_margin_is_refuted(position):
    factors = np.ones(3)
    # The linear coefficient's margin is relative to 2√(c0c2), half as large again as itself here.
    factors[position] = 1.25
    verdicts, _ = judged(SHIFTED, factors)
    assert verdicts[position] is Verdict.REFUTED
    assert sum(verdict is Verdict.CONFIRMED for verdict in verdicts) == 2


def test_k_in_place_of_k_plus_one_is_refuted():
    risk, setting = one_step_risk(COLD), COLD
    # At k = 1 and W = 0 the term with k + 1 is 8 E[βᵀβ · uᵀMu] of c2.
    wrong = np.array([1.0, 1.0, 1.0])
    bigger = one_step_risk(dataclasses.replace(setting, test_samples=2))
    per_pair = (bigger.quadratic / 2 - risk.quadratic) / 4
    wrong[2] = 1.0 - 4 * per_pair / risk.quadratic
    assert wrong[2] < 0.85
    verdicts, _ = judged(setting, wrong)
    assert verdicts[2] is Verdict.REFUTED


def test_noise_left_out_is_refuted():
    silent = one_step_risk(dataclasses.replace(COLD, noise_variance=0.0))
    noisy = one_step_risk(COLD)
    factors = np.array([silent.constant / noisy.constant, 1.0, silent.quadratic / noisy.quadratic])
    verdicts, _ = judged(COLD, factors)
    assert verdicts[0] is Verdict.REFUTED
    assert verdicts[2] is Verdict.REFUTED


def test_a_small_budget_leaves_it_undecided():
    verdicts, evidence = judged(SHIFTED, numbers=10**6)
    assert Verdict.UNDECIDED in verdicts
    assert Verdict.REFUTED not in verdicts
    assert all("statement" in each.as_dict() for each in evidence)


def test_nothing_at_all_is_confirmed_exactly():
    nothing = Setting(
        context_length=3,
        test_samples=2,
        feature_covariance=Isotropic(2),
        task_covariance=Isotropic(2),
        task=[0.0, 0.0],
        initialization=ZeroWeights(),
    )
    verdicts, evidence = judged(nothing)
    assert verdicts == [Verdict.CONFIRMED] * 3
    assert all(each.measured["radius"] == 0.0 for each in evidence)


def test_a_dimension_without_exact_variances_is_undecided():
    large = Setting(
        context_length=2,
        test_samples=2,
        feature_covariance=Isotropic(400),
        task_covariance=Isotropic(400),
        task=np.ones(400),
    )
    verdicts, _ = judged(large)
    assert verdicts == [Verdict.UNDECIDED] * 3


class BriefRun(Run):
    """A run of a second at most, whatever margin it reaches."""

    numbers = 3 * 10**6


@hypothesis_settings(max_examples=60)
@given(settings(max_dim=4, max_count=12))
def test_no_setting_is_refuted(setting):
    # Every kind of covariance, singular and at extreme scale, with few samples and with many.
    try:
        one_step_risk(setting)
    except OutOfRangeError:
        return
    for claim in ("exact-risk", "noise"):
        for check in find(claim).checks:
            for each in check(setting, BriefRun(quick=True, seed=1)):
                assert each.verdict is not Verdict.REFUTED, each
