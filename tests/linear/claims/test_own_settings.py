"""On a user's setting a wrong formula is not confirmed, and every margin is of the value itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from ttt_theory import (
    AR1,
    DenseWeights,
    Diagonal,
    Equicorrelated,
    Isotropic,
    PowerLaw,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
    one_step_risk,
    verify,
)
from ttt_theory.claims.claim import declared_tests
from ttt_theory.claims.registration import find
from ttt_theory.errors import OutOfRangeError
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import EvidenceKind, Verdict, joint_verdict
from ttt_theory.linear.closed_form import one_step, pretraining
from ttt_theory.linear.exact import weights
from ttt_theory.linear.exact.forms import ProblemForms
from ttt_theory.linear.witnesses.own_matrices import risk_is_derived, weights_are_solved
from ttt_theory.reports.verification import strongest_evidence
from ttt_theory.testing import settings

WINE = Setting.from_toml("examples/wine.toml")
GRID = {
    "wine": WINE,
    "files": Setting.from_toml("examples/noncommuting.toml"),
    "long context": Setting(100, 10, Isotropic(10), Isotropic(10), np.arange(1.0, 11.0)),
    "one dimension": Setting(7, 3, Isotropic(1), Isotropic(1), [2.0], 0.5),
    "given weights": Setting(
        context_length=12,
        test_samples=5,
        feature_covariance=AR1(3, -0.4),
        task_covariance=Isotropic(3),
        task=[1.0, -2.0, 0.5],
        noise_variance=0.25,
        initialization=DenseWeights([[0.05, 0.01, 0.0], [-0.02, 0.04, 0.01], [0.0, 0.02, 0.03]]),
    ),
    "half trained, elsewhere": Setting(
        context_length=15,
        test_samples=30,
        feature_covariance=Diagonal([3.0, 1.0, 0.25, 0.0]),
        task_covariance=PowerLaw(4, 1.5),
        task=[0.5, 1.0, -1.0, 2.0],
        noise_variance=0.1,
        initialization=PretrainedWeights(0.5),
        pretraining=Pretraining(40, 0.7, Equicorrelated(4, 0.3)),
    ),
    "cold": Setting(
        20, 40, Isotropic(12), Isotropic(12), np.arange(1.0, 13.0), initialization=ZeroWeights()
    ),
}


def scaled(factor):
    return lambda function: lambda *args, **keywords: factor * function(*args, **keywords)


def without(**absent):
    """Drop terms of a formula by putting zero for what they hold."""
    return lambda function: lambda *args, **keywords: function(*args, **keywords | absent)


FAULTS = {
    "c0 5 % off": (one_step, "constant", scaled(1.05)),
    "c1 5 % off": (one_step, "linear", scaled(1.05)),
    "c2 5 % off": (one_step, "quadratic", scaled(0.95)),
    "the improvement halved": (one_step, "improvement", scaled(0.5)),
    "the step doubled": (one_step, "step_size", scaled(2)),
    "c2 without a trace": (one_step, "quadratic", without(feature_square_trace=0)),
    "c2 without the energy": (one_step, "quadratic", without(product_moment_3=0)),
    "the overlap without a term": (one_step, "overlap_moment", without(mean_energy=0)),
    "the product without a term": (one_step, "product_moment", without(mean_square=0)),
    "the risk after without a term": (one_step, "bias_variance_risk", without(misfit=0)),
}
WEIGHT_FAULTS = {
    "the ridge without the trace": (pretraining, "ridge", lambda _: lambda trace, noise: noise + 1),
    "n for n + 1": (pretraining, "gram_factor", lambda _: lambda n: n),
    "W* 1 % off": (weights, "_solved", lambda f: lambda *args: tuple(x * 1.01 for x in f(*args))),
}


def planted(patch, fault):
    module, name, wrong = fault
    patch.setattr(module, name, wrong(getattr(module, name)))


def exact_evidence(setting):
    """All that is gathered on a setting without a draw, be it in quick mode or not."""
    effort = Effort(quick=True, seed=0)
    return [
        each
        for claim in map(find, ("pretrained-optimum", "exact-risk", "noise"))
        for check in claim.checks
        if not declared_tests(check)
        for each in check(setting, effort)
    ]


@pytest.mark.parametrize("name", GRID)
def test_exact_evidence_refutes_every_wrong_formula(name, monkeypatch):
    setting = GRID[name]
    evidence = exact_evidence(setting)
    assert joint_verdict([each.verdict for each in evidence]) is Verdict.CONFIRMED
    faults = (
        FAULTS
        if isinstance(setting.initialization, ZeroWeights | DenseWeights)
        else (FAULTS | WEIGHT_FAULTS)
    )
    for label, fault in faults.items():
        with monkeypatch.context() as patch:
            planted(patch, fault)
            verdicts = [each.verdict for each in exact_evidence(setting)]
        assert joint_verdict(verdicts) is Verdict.REFUTED, label


def test_a_term_of_c1_that_is_missing_is_refuted(monkeypatch):
    # Its two parts, along the mean and across it; the first one vanishes for no setting here.
    def along(forms):
        parallel = forms._problem.features @ forms._start.mean_overlap
        return float(parallel @ parallel) / forms.mean_square

    def across(forms):
        return forms.label_variance**2 * forms._product(1, 1).T.across_square(forms._mean)

    for setting in (WINE, GRID["given weights"]):
        for part in (along, across):
            with monkeypatch.context() as patch:
                patch.setattr(ProblemForms, "mean_gradient_square", property(part))
                verdicts = {
                    each.measured["quantity"]: each.verdict for each in risk_is_derived(setting)
                }
            assert {verdicts[each] for each in ("linear", "step_size", "improvement")} == {
                Verdict.REFUTED
            }
            assert verdicts["constant"] is verdicts["quadratic"] is Verdict.CONFIRMED


def test_simulation_alone_refutes_a_wrong_coefficient(monkeypatch):
    [simulated] = [each for each in find("exact-risk").checks if declared_tests(each)]
    effort = Effort(quick=True, seed=5, error_rate=1e-7, numbers=10**8)
    right = simulated(WINE, effort)
    assert {each.verdict for each in right} == {Verdict.CONFIRMED}
    margins = {each.measured["quantity"]: each.measured["margin"] for each in right}
    assert margins.keys() == {"constant", "linear", "quadratic", "step_size", "improvement"}
    assert max(margins.values()) <= 0.25
    with monkeypatch.context() as patch:
        planted(patch, (one_step, "linear", scaled(1.15)))
        wrong = {each.measured["quantity"]: each.verdict for each in simulated(WINE, effort)}
    assert wrong["linear"] is Verdict.REFUTED


def test_the_command_on_wine_says_the_margin_of_each_quantity():
    report = verify(settings={"wine": WINE}, quick=True, workers=1)
    assert report.verdict is Verdict.CONFIRMED
    for claim in report.claims:
        if claim.claim.id in ("exact-risk", "noise"):
            text = strongest_evidence(claim)
            for name in ("constant", "linear", "quadratic", "step_size", "improvement"):
                assert f"{name} " in text, text
    equivalences = [
        each
        for claim in report.claims
        for each in claim.evidence
        if each.kind is EvidenceKind.EQUIVALENCE
    ]
    assert equivalences
    for each in equivalences:
        exact, interval = each.measured["exact"], each.measured["interval"]
        reach = max(abs(end - exact) for end in interval)
        assert each.measured["margin"] == pytest.approx(reach / abs(exact))
        assert each.measured["margin"] <= 0.25
    assert report.statistical_tests["false_alarm_bound"] <= 1e-6 * (1.0 + 1e-9)


def test_rounded_entries_that_leave_a_number_open_refute_nothing():
    # The smallest eigenvalue, 1e-12, is lost among the entries' last digits.
    setting = Setting(
        5,
        3,
        Equicorrelated(8, -(1 - 1e-12) / 7),
        Isotropic(8),
        [1.0] * 8,
        initialization=ZeroWeights(),
    )
    verdicts = {each.measured["quantity"]: each.verdict for each in risk_is_derived(setting)}
    assert verdicts["linear"] is verdicts["improvement"] is Verdict.UNDECIDED
    assert Verdict.REFUTED not in verdicts.values()


def test_what_vanishes_is_confirmed_as_such():
    nothing = Setting(3, 2, Isotropic(2), Isotropic(2), [0.0, 0.0], initialization=ZeroWeights())
    assert {each.verdict for each in risk_is_derived(nothing)} == {Verdict.CONFIRMED}
    # No label tells of the step, and all the same the risk depends on it.
    unseen = Setting(3, 2, Diagonal([1.0, 0.0]), Isotropic(2), [0.0, 1.0], 0.5)
    assert {each.verdict for each in risk_is_derived(unseen)} == {Verdict.CONFIRMED}


def test_matrices_too_large_to_write_out_are_undecided():
    large = Setting(3, 2, Isotropic(201), Isotropic(201), [1.0] * 201)
    evidence = [*risk_is_derived(large), *weights_are_solved(large)]
    assert {each.verdict for each in evidence} == {Verdict.UNDECIDED}
    assert all("200" in each.statement for each in evidence)


@hypothesis_settings(max_examples=60)
@given(settings(max_dim=4, max_count=12))
def test_no_right_number_is_refuted(setting):
    try:
        one_step_risk(setting)
        evidence = [*risk_is_derived(setting), *weights_are_solved(setting)]
    except OutOfRangeError:
        return
    assert Verdict.REFUTED not in {each.verdict for each in evidence}, evidence
