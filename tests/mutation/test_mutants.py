"""Mutants: what is planted, what is proved equivalent, and what the evidence rejects."""

import ast
import dataclasses
import importlib
import inspect
import json
import pkgutil
import sys
from collections import defaultdict
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory import UnknownClaimError, cli, mutants
from ttt_theory.claims import registration
from ttt_theory.claims.claim import Notion
from ttt_theory.claims.registration import all_claims, find
from ttt_theory.errors import InvalidSettingError
from ttt_theory.evidence.algebra import proof
from ttt_theory.linear import closed_form
from ttt_theory.linear.claims.stating import exactly, to_leading_order
from ttt_theory.linear.closed_form import finite_size, limits
from ttt_theory.linear.exact.arguments import evaluated
from ttt_theory.mutation.edits import Kind, edits
from ttt_theory.mutation.generation import Mutant, mutants_of, unchanged
from ttt_theory.mutation.judging import Fate
from ttt_theory.mutation.same_theorem import proof_of_equivalence
from ttt_theory.reports.mutants import as_markdown, summary, write_report

NAMES = "abcd"
a, b, c, d = SYMBOLS = sympy.symbols(list(NAMES))


def edited(text):
    """Return the texts that all edits of a text lead to, by kind."""
    found = defaultdict(list)
    for each in edits(ast.parse(text, mode="eval").body, text):
        found[each.kind].append(f"{text[: each.start]}{each.new}{text[each.end :]}".strip())
    return found


def value(text, numbers=SYMBOLS):
    return eval(text, dict(zip(NAMES, numbers, strict=True)))


def test_every_mistake_in_a_sum_with_a_fraction():
    text = "a - 2 * b**3 / (c + d)"
    found = {kind: {value(each) for each in texts} for kind, texts in edited(text).items()}
    assert found == {
        Kind.SCALE: {sympy.Rational(51, 50) * value(text)},
        Kind.COEFFICIENT: {a - 3 * b**3 / (c + d)},
        Kind.SIGN: {
            a + 2 * b**3 / (c + d),
            -a - 2 * b**3 / (c + d),
            a - 2 * b**3 / (c - d),
            a - 2 * b**3 / (-c + d),
        },
        Kind.EXPONENT: {
            a**2 - 2 * b**3 / (c + d),
            a - 2 * b**4 / (c + d),
            a - 2 * b**2 / (c + d),
            a - 2 * b**3 / (c**2 + d),
            a - 2 * b**3 / (c + d**2),
        },
        Kind.TERM_DROPPED: {
            a,
            -2 * b**3 / (c + d),
            a - 2 * b**3 / c,
            a - 2 * b**3 / d,
        },
        Kind.TERM_DOUBLED: {
            2 * a - 2 * b**3 / (c + d),
            a - 4 * b**3 / (c + d),
            a - 2 * b**3 / (2 * c + d),
            a - 2 * b**3 / (c + 2 * d),
        },
        Kind.FACTOR_DROPPED: {a - b**3 / (c + d), a - 2 / (c + d), a - 2 * b**3},
    }


def test_every_mistake_in_a_negative_quotient():
    found = {kind: {value(text) for text in texts} for kind, texts in edited("-a * b / c").items()}
    assert found == {
        Kind.SCALE: {sympy.Rational(-51, 50) * a * b / c},
        Kind.SIGN: {a * b / c},
        Kind.EXPONENT: {-a * b**2 / c, -a * b / c**2},
        Kind.TERM_DOUBLED: {-2 * a * b / c},
        Kind.FACTOR_DROPPED: {b / c, -a / c, -a * b},
    }


def test_the_numerator_of_a_fraction_can_be_missing():
    assert {value(text) for text in edited("a / b")[Kind.FACTOR_DROPPED]} == {1 / b, a}
    assert {value(text) for text in edited("1 / (a * b)")[Kind.FACTOR_DROPPED]} == {1, 1 / a, 1 / b}


def test_transposes_are_dropped_and_added():
    found = edited("-2 * a.T @ (b - c @ d)")
    assert set(found[Kind.TRANSPOSE]) == {
        "-2 * a @ (b - c @ d)",
        "-2 * a.T @ (b - c.T @ d)",
        "-2 * a.T @ (b - c @ d.T)",
    }
    assert "-2 * a.T @ (b -  d)" in found[Kind.FACTOR_DROPPED]


def expressions():
    atoms = st.sampled_from([*NAMES, "1", "2", "7"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
            st.builds("({})**{}".format, inner, st.integers(2, 4)),
            st.builds("(-{})".format, inner),
        ),
        max_leaves=12,
    )


@given(expressions())
def test_every_edit_is_an_expression_of_its_own(text):
    text = ast.unparse(ast.parse(text))
    for kind, texts in edited(text).items():
        for each in texts:
            assert each != text, kind
            ast.parse(each, mode="eval")


@pytest.fixture(scope="module")
def planted():
    return {claim.id: mutants_of(claim) for claim in all_claims()}


def test_the_registry_gives_enough_and_every_claim_its_share(planted):
    assert sum(map(len, planted.values())) >= 1000
    for claim in all_claims():
        assert claim.formulas, claim.id
        for formula in claim.formulas:
            assert sum(each.formula == formula for each in planted[claim.id]) >= 5, formula.label


def test_every_kind_of_mistake_occurs(planted):
    everything = [each for each in planted.values() for each in each]
    slips = {slip.kind for claim in all_claims() for each in claim.formulas for slip in each.slips}
    assert {each.kind for each in everything} == set(Kind) | slips
    for each in everything:
        assert "\n" not in each.change
        assert 0 < len(each.change) < 160


def test_no_two_mutants_of_a_formula_are_the_same_and_none_is_the_formula(planted):
    for claim in all_claims():
        sources = [(each.formula, each.source) for each in [*planted[claim.id], *unchanged(claim)]]
        assert len(set(sources)) == len(sources)


def test_mutants_are_the_same_each_time(planted):
    assert {claim.id: mutants_of(claim) for claim in all_claims()} == planted


def test_every_compiled_formula_is_stated_by_a_claim():
    stated = {
        (each.function.__module__, each.function.__name__)
        for claim in all_claims()
        for each in claim.formulas
    }
    for each in pkgutil.iter_modules(closed_form.__path__, f"{closed_form.__name__}."):
        names = importlib.import_module(each.name).__all__
        assert {(each.name, name) for name in names} <= stated


def test_what_is_printed_and_compiled_again_is_the_formula():
    for claim in all_claims():
        for each in unchanged(claim):
            original = each.formula.function
            parameters = inspect.signature(original).parameters
            assert list(inspect.signature(each.function()).parameters) == list(parameters)
            if "closed_form" in original.__module__:
                point = [Fraction(sympy.prime(i + 3)) for i in range(len(parameters))]
                assert each.function()(*point) == original(*point)


def version(function, body, notion=Notion.EXACT):
    """Return a mutant of a function with another body."""
    (formula,) = (exactly if notion is Notion.EXACT else to_leading_order)(function)
    parameters = ", ".join(inspect.signature(function).parameters)
    source = f"def {function.__name__}({parameters}):\n    {body}\n"
    return Mutant("", formula, Kind.SCALE, body, source, function is limits.turning_point)


@given(st.fractions(0, 2, max_denominator=40))
def test_a_multiple_of_an_exact_formula_is_equivalent_only_by_one(factor):
    ratio = f"{factor.numerator} * (context_ratio + 1)**2 / {factor.denominator}"
    mutant = version(limits.cold_start_threshold, f"return {ratio} / (context_ratio + 2)")
    found = proof_of_equivalence(mutant, limits.cold_start_threshold)
    assert (found is not None) == (factor == 1)


@hypothesis_settings(max_examples=25)
@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 2))
def test_shifted_sizes_are_equivalent_to_leading_order_and_not_exactly(x, y, z, power):
    n, k, dim = (f"({name} + {shift})" for name, shift in zip("nkd", (x, y, z), strict=True))
    mutant = version(
        limits.warm_improvement,
        "n, k, d, norm2 = context_length, test_samples, dim, task_square\n"
        f"    return norm2 * {k} * {dim}**3 / (({k} + {dim}) * ({n} + {dim})**3)"
        f" * (1 + {power} * k**{power} / d**2)",
        Notion.LEADING_ORDER,
    )
    found = proof_of_equivalence(mutant, limits.warm_improvement)
    assert (found is not None) == (power < 2)
    [formula] = exactly(limits.warm_improvement)
    exact = dataclasses.replace(mutant, formula=formula)
    same = (x, y, z, power) == (0, 0, 0, 0)
    assert (proof_of_equivalence(exact, limits.warm_improvement) is not None) == same


@pytest.mark.parametrize(
    ("body", "equivalent"),
    [
        ("return (3 * sample_ratio)**0.5 / (1 + sample_ratio)**0.5 - 1", True),
        ("return 3**0.5 * (sample_ratio / (1 + sample_ratio))**0.5 - 1", True),
        ("return (3 * sample_ratio / (1 + sample_ratio))**0.5", False),
        ("return (3 * sample_ratio / (1 + sample_ratio))**1.5 - 1", False),
    ],
)
def test_formulas_with_roots(body, equivalent):
    found = proof_of_equivalence(version(limits.turning_point, body), limits.turning_point)
    assert (found is not None) == equivalent


def test_a_formula_without_a_value_is_not_equivalent():
    body = "return 1 / (risk_share - risk_share)"
    mutant = version(finite_size.context_needed, body)
    assert proof_of_equivalence(mutant, finite_size.context_needed) is None
    for notion in Notion:
        mutant = version(limits.warm_risk_before, "return 0 * dim", notion)
        assert proof_of_equivalence(mutant, limits.warm_risk_before) is None


CHEAP = ["attention-reduction", "cor-5.4", "shift"]


def test_the_evidence_of_cheap_claims_rejects_all_and_workers_do_not_matter():
    seen = []
    first = mutants(CHEAP, workers=1, progress=lambda each, done, total: seen.append((done, total)))
    assert first.all_killed
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))
    assert first.total == len(first.of(Fate.KILLED)) >= 40
    assert len(first.of(Fate.CONTROL)) == 3
    second = mutants(CHEAP, workers=2)
    outcomes = [
        [(each.mutant, each.fate, each.reason) for each in report.judgements]
        for report in (first, second)
    ]
    assert outcomes[0] == outcomes[1]


def test_equivalent_mutants_are_recognised_and_the_rest_of_a_limit_rejected():
    report = mutants("thm-4.2-improvement", workers=1)
    assert report.all_killed
    changes = {each.mutant.change for each in report.of(Fate.EQUIVALENT)}
    assert {"n → n + 1", "n → n - 1"} <= changes
    assert all("tends to 1" in each.reason for each in report.of(Fate.EQUIVALENT))
    assert "n ↔ k" in {each.mutant.change for each in report.of(Fate.KILLED)}


def test_formulas_are_put_back():
    original = limits.aligned_threshold
    mutants(["cor-5.4"], workers=1)
    assert limits.aligned_threshold is original


def with_proof(monkeypatch, proof):
    """Give a claim other evidence."""
    claim = dataclasses.replace(find("cor-5.4"), evidence=(proof,))
    monkeypatch.setitem(registration._registered, "cor-5.4", claim)


def toothless(_):
    return [proof("whatever", limits.aligned_threshold(3, 1, 1) is not None)]


def absent(_):
    return [proof("whatever", True)]


def raising(_):
    if limits.aligned_threshold(Fraction(7), Fraction(2), Fraction(3)) != Fraction(10, 21):
        raise ArithmeticError("not to be computed")
    return [proof("whatever", True)]


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (toothless, "all evidence confirmed"),
        (absent, "no evidence evaluates the formula"),
        (raising, "undecided"),
    ],
)
def test_evidence_without_teeth_leaves_survivors(monkeypatch, evidence, reason):
    with_proof(monkeypatch, evidence)
    report = mutants(["cor-5.4"], workers=1)
    assert not report.all_killed
    assert report.of(Fate.CONTROL)
    assert len(report.of(Fate.SURVIVED)) == report.total >= 10
    assert all(reason in each.reason for each in report.of(Fate.SURVIVED))


def test_a_planted_formula_is_called_by_what_its_parameters_are_named_for(monkeypatch):
    values = {"task_square": Fraction(7), "bias": Fraction(2), "variance": Fraction(3)}

    def by_name(_):
        threshold = evaluated(limits.aligned_threshold, values.__getitem__)
        return [proof("the threshold", threshold == Fraction(10, 21))]

    with_proof(monkeypatch, by_name)
    assert mutants(["cor-5.4"], workers=1).all_killed


def test_a_claim_that_is_refuted_as_it_stands_voids_the_run(monkeypatch):
    def refuting(_):
        return [proof("the threshold is 0", limits.aligned_threshold(3, 1, 1) == 0)]

    with_proof(monkeypatch, refuting)
    report = mutants(["cor-5.4"], workers=1)
    assert len(report.of(Fate.KILLED)) >= 10
    assert not report.all_killed
    assert "void: unchanged, cor-5.4" in summary(report)
    with_proof(monkeypatch, lambda _: [])
    assert mutants(["cor-5.4"], workers=1).of(Fate.CONTROL_FAILED)


def test_a_refutation_that_does_not_look_at_the_mutant_is_no_kill(monkeypatch):
    with_proof(monkeypatch, lambda _: [proof("never", False)])
    report = mutants(["cor-5.4"], workers=1)
    assert not report.of(Fate.KILLED)
    assert not report.all_killed


def test_what_other_evidence_looks_at_is_no_part_of_a_refutation(monkeypatch):
    proofs = (toothless, lambda _: [proof("never", False)])
    claim = dataclasses.replace(find("cor-5.4"), evidence=proofs)
    monkeypatch.setitem(registration._registered, "cor-5.4", claim)
    survived = mutants(["cor-5.4"], workers=1).of(Fate.SURVIVED)
    assert len(survived) >= 10
    assert {each.reason for each in survived} == {"refuted, though not by the formula: never"}


def test_a_claim_without_mutants_is_not_all_killed(monkeypatch):
    claim = dataclasses.replace(find("cor-5.4"), formulas=())
    monkeypatch.setitem(registration._registered, "cor-5.4", claim)
    assert not mutants(["cor-5.4"], workers=1).all_killed


def test_an_interrupt_keeps_what_is_judged():
    def interrupt(judgement, done, total):
        if done == 4:
            raise KeyboardInterrupt

    report = mutants(["shift"], workers=1, progress=interrupt)
    assert report.interrupted
    assert not report.all_killed
    assert len(report.judgements) == 4
    assert "interrupted" in summary(report)


def test_bad_arguments():
    with pytest.raises(UnknownClaimError):
        mutants(["no such claim"])
    with pytest.raises(InvalidSettingError):
        mutants(["shift"], workers=0)


def test_reports_hold_every_mutant(tmp_path):
    report = mutants(["shift"], workers=1)
    write_report(report, tmp_path / "deep")
    markdown = (tmp_path / "deep" / "mutants.md").read_text(encoding="utf-8")
    assert markdown == as_markdown(report)
    assert all(f"- {each}" in markdown for each in report.of(Fate.KILLED))
    document = json.loads((tmp_path / "deep" / "mutants.json").read_text(encoding="utf-8"))
    assert document == report.as_dict()
    assert len(document["mutants"]) == document["total"] + len(document["equivalent"])


def command(monkeypatch, capsys, *arguments):
    """Run the command in one process, where the planted claims are."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(sys, "argv", ["ttt-theory", "mutants", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0, capsys.readouterr().out


def test_the_command(monkeypatch, capsys, tmp_path):
    status, output = command(monkeypatch, capsys, "--claim", "shift", "--report", str(tmp_path))
    assert status == 0
    assert "wrong theorems killed" in output
    assert {path.name for path in tmp_path.iterdir()} == {"mutants.md", "mutants.json"}
    status, output = command(monkeypatch, capsys, "--claim", "shift", "--json")
    document = json.loads(output)
    assert status == 0
    assert document["total"] == document["killed"] >= 10
    assert document["survivors"] == []
    with_proof(monkeypatch, toothless)
    status, output = command(monkeypatch, capsys, "--claim", "cor-5.4", "--json")
    assert status == 1
    assert len(json.loads(output)["survivors"]) == json.loads(output)["total"]
    status, output = command(monkeypatch, capsys, "--claim", "cor-5.4")
    assert "survived: cor-5.4, limits.aligned_threshold" in output
    status, output = command(monkeypatch, capsys, "--claim", "nonsense")
    assert (status, output) == (2, "")
