"""What `check_claim` lets pass, and what it does not."""

import dataclasses
import io
import os
import re
from fractions import Fraction

import numpy as np
import pytest
from rich.console import Console

from ttt_theory import InvalidClaimError, mutants, verify
from ttt_theory.claims import Claim, Published, exactly, statistical_tests
from ttt_theory.evidence import (
    Evidence,
    EvidenceKind,
    Verdict,
    agreement,
    equivalence,
    identity,
    indeterminates,
    proof,
)
from ttt_theory.mutation.judging import Fate
from ttt_theory.reports.verification import as_markdown, as_table
from ttt_theory.testing import check_claim


def mean_of_squares(variance, count):
    """Return E[Σ x²] of so many normal variables."""
    return count * variance


def is_the_sum(_):
    v, m = indeterminates("v m")
    return [
        identity("m times v", mean_of_squares(v, m), m * v),
        proof("six", mean_of_squares(Fraction(2), 3) == 6),
    ]


@statistical_tests(1)
def is_simulated(effort):
    def sampler(count, rng):
        return 2.0 * np.sum(rng.standard_normal((count, 3)) ** 2, axis=1, keepdims=True)

    # E[(2·χ²_3)²] = 4·3·5.
    return equivalence(["sums of squares"], sampler, [mean_of_squares(2.0, 3)], [60.0], effort)


SOUND = Claim(
    "example/squares",
    "Sums of squares",
    "a textbook",
    "E[Σ x²] = mσ².",
    exactly(mean_of_squares),
    (is_the_sum, is_simulated),
)


def changed(**fields):
    return dataclasses.replace(SOUND, **fields)


def test_a_sound_claim_passes():
    check_claim(SOUND)


def false(_):
    return [proof("m times m", mean_of_squares(Fraction(2), 3) == 9)]


def test_a_false_claim_is_named():
    with pytest.raises(AssertionError, match="example/squares is refuted: m times m"):
        check_claim(changed(evidence=(false,)))


def nothing(_):
    return []


def failing(_):
    raise ZeroDivisionError("no number")


@pytest.mark.parametrize("function", [nothing, failing])
def test_nothing_is_not_confirmed(function):
    claim = changed(evidence=(is_the_sum, function))
    assert verify([claim], quick=True, workers=1).verdict is Verdict.UNDECIDED
    with pytest.raises(AssertionError, match="example/squares is undecided"):
        check_claim(claim)


def value(_):
    return [agreement("exact value", "six", [mean_of_squares(2.0, 3) / 6.0 - 1.0])]


def average(_):
    return [agreement("exact average", "eight", [mean_of_squares(2.0, 4) / 8.0 - 1.0])]


def test_measurements_of_one_kind_are_not_enough():
    with pytest.raises(AssertionError, match="rests on exact value alone"):
        check_claim(changed(evidence=(value,)))
    check_claim(changed(evidence=(value, average)))


def toothless(_):
    return [proof("positive", mean_of_squares(Fraction(2), 3) > 0)]


def blind(_):
    return [proof("true", True)]


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [((toothless,), "all evidence confirmed"), ((blind,), "no evidence evaluates the formula")],
)
def test_evidence_without_teeth_is_named(evidence, reason):
    with pytest.raises(AssertionError, match=f"survived.*{reason}"):
        check_claim(changed(evidence=evidence))


def test_a_claim_without_formulas_has_no_teeth_to_show():
    with pytest.raises(AssertionError, match="states no formula"):
        check_claim(changed(formulas=()))


def local():
    def formula(variance, count):
        return count * variance

    return formula


def in_steps(variance, count):
    """Compute it in a way that mistakes cannot be planted in."""
    total = 0
    for _ in range(count):
        total = total + variance
    return total


def with_a_helper(variance, count):
    half = count / 2
    return 2 * half * variance


@pytest.mark.parametrize("function", [in_steps, with_a_helper, local()])
def test_a_formula_that_is_no_expression_is_named(function):
    with pytest.raises(
        InvalidClaimError, match="a module's own function that returns one expression"
    ):
        check_claim(changed(formulas=exactly(function)))


def shortened(variance, count):
    v, m = variance, count
    return m * v


def test_a_formula_needs_no_docstring_and_may_shorten_names():
    report = mutants([changed(formulas=exactly(shortened))], workers=1)
    # The evidence looks `mean_of_squares` up, not this one.
    assert {each.reason for each in report.of(Fate.SURVIVED)} == {
        "no evidence evaluates the formula"
    }
    assert report.total >= 5


@statistical_tests(1)
def confident(effort):
    return [Evidence("equivalence", Verdict.CONFIRMED, "surely", {"margin": 0.1})]


def test_a_simulation_that_confirms_on_nothing_is_named():
    with pytest.raises(AssertionError, match="confirmed on no draws: surely"):
        check_claim(changed(evidence=(is_the_sum, confident)))


def of_this_process(_):
    return [Evidence("identity", Verdict.CONFIRMED, "mine", {"process": os.getpid()})]


def test_evidence_that_depends_on_the_process_is_named():
    with pytest.raises(AssertionError, match="other evidence on two processes"):
        check_claim(changed(evidence=(is_the_sum, is_simulated, of_this_process)))


def undeclared(effort):
    return is_simulated(effort)


def test_tests_that_are_not_declared_do_not_count():
    [report] = verify([changed(evidence=(is_the_sum, undeclared))], quick=True, workers=1).claims
    assert report.verdict is Verdict.UNDECIDED
    assert "more statistical tests than the 0 that it declares" in report.evidence[-1].statement


@pytest.mark.parametrize(("sentence", "verdict"), [(false, "refuted"), (blind, "confirmed")])
def test_what_is_published_counts_in_no_verdict(sentence, verdict):
    published = Published("E[Σ x²] = m².", "It is mσ².", (sentence,))
    report = verify([changed(published=published)], quick=True, workers=1)
    assert report.verdict is Verdict.CONFIRMED
    [entry] = report.as_dict()["claims"]
    assert entry["published"]["verdict"] == verdict
    assert entry["published"]["sentence"] == "E[Σ x²] = m²."
    assert len(entry["evidence"]) == 3
    assert f"Published: “E[Σ x²] = m².” **{verdict}**: It is mσ²." in as_markdown(report)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(as_table(report))
    assert re.search(rf"confirmed +│ {verdict} ", console.export_text())


def test_kinds_of_evidence_are_of_one_type():
    assert Evidence("decay", Verdict.CONFIRMED, "").kind is EvidenceKind.DECAY
    with pytest.raises(ValueError, match="hearsay"):
        Evidence("hearsay", Verdict.CONFIRMED, "")
    assert [kind for kind in EvidenceKind if kind.is_proof] == ["identity", "limit", "certificate"]


def killing(marker):
    """Return evidence that kills the process it is first gathered in."""

    def kills(_):
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return [proof("six", mean_of_squares(Fraction(2), 3) == 6)]
        os._exit(1)

    return kills


@pytest.mark.parametrize("where", ["processes", "cluster"])
def test_killed_workers_change_no_verdict(tmp_path, where, request):
    address = request.getfixturevalue("scheduler") if where == "cluster" else None
    for number in range(2):
        claim = changed(evidence=(is_the_sum, killing(str(tmp_path / f"{number}"))))
        options = {"workers": 2, "scheduler": address}
        if number:
            assert mutants([claim], **options).all_killed
        else:
            assert verify([claim], quick=True, **options).verdict is Verdict.CONFIRMED
        assert (tmp_path / f"{number}").exists()
