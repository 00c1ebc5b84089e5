"""What the certificate's evidence rejects: wrong formulas and changed files."""

import inspect
import json
import math
from fractions import Fraction
from functools import partial

import pytest

from ttt_theory.claims.registration import find
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.witnesses import certified as certificates
from ttt_theory.linear.witnesses.certificates import ONE_STEP
from ttt_theory.linear.witnesses.certificates.check_certificate import Point, invariant, read
from ttt_theory.linear.witnesses.certified import (
    certified_formulas,
    certified_risk,
    certified_values,
    compiled_curve,
)

pytestmark = pytest.mark.usefixtures("computed_once")

EFFORT = Effort(quick=True, seed=0)
TEXT = ONE_STEP.read_text(encoding="utf-8")
CERTIFICATE = read(TEXT)
PROOFS = (certified_values, certified_formulas, certified_risk)
N, K, NOISE, S = "context_length", "test_samples", "noise_variance", "label_variance"
# The formulas that c0, c1 and c2 consist of; the others give the minimum of R.
COEFFICIENTS = {
    "constant",
    "error_variance",
    "linear",
    "mean_gradient_square",
    "overlap_moment",
    "product_moment",
    "quadratic",
}


def plant(monkeypatch, name, wrong):
    """Replace a compiled function by wrong(its value, its arguments by name)."""
    original = getattr(one_step, name)
    signature = inspect.signature(original)

    def planted(*arguments, **keywords):
        values = signature.bind(*arguments, **keywords).arguments
        return wrong(original(**values), values)

    monkeypatch.setattr(one_step, name, planted)


def compiled(n, k, point):
    return compiled_curve(n, k, point.noise_variance, partial(invariant, point))


def test_the_theory_as_it_stands_is_certified():
    for prove in PROOFS:
        assert prove in find("exact-risk").evidence
        assert {each.verdict for each in prove(EFFORT)} == {Verdict.CONFIRMED}


# A float, as somebody would write it into the file, or a fraction.
@pytest.mark.parametrize("factor", [Fraction(51, 50), 1.02])
@pytest.mark.parametrize("name", sorted(COEFFICIENTS))
def test_a_coefficient_off_by_two_per_cent_is_refuted(monkeypatch, name, factor):
    plant(monkeypatch, name, lambda value, _: factor * value)
    assert certified_formulas(EFFORT)[0].verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", sorted(set(one_step.__all__) - COEFFICIENTS))
def test_a_minimum_off_by_two_per_cent_is_refuted(monkeypatch, name):
    plant(monkeypatch, name, lambda value, _: 1.02 * value)
    assert certified_risk(EFFORT)[0].verdict is Verdict.REFUTED


def with_n_plus_one(value, given):
    return value / given[N] ** 2 * (given[N] + 1) ** 2


def without_noise(value, given):
    return value - 4 * given[K] * math.prod(
        given[name] for name in ("feature_square_trace", "overlap_moment", NOISE)
    )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("product_moment", with_n_plus_one),
        ("quadratic", lambda c, a: c - 4 * a[K] * a["product_moment_3"]),  # k² for k(k + 1)
        ("linear", lambda c, a: c * a[K]),
        ("quadratic", without_noise),
        ("constant", lambda c, a: c - a[NOISE]),
        ("error_variance", lambda c, a: c + a[N] * a["spread_1"] * (1 - a[S])),
        ("overlap_moment", lambda c, a: c - 2 * a[N] ** 2 * a["mean_energy"] * a[S]),
        ("product_moment", lambda c, a: c - 4 * a[N] ** 2 * a[S] ** 3 * a["spread_3"]),
        ("product_moment", lambda c, a: c + 16 * a[N] ** 2 * a["bias_shift_2"] * a[S] ** 2),
    ],
)
def test_wrong_formulas_are_refuted(monkeypatch, name, wrong):
    plant(monkeypatch, name, wrong)
    assert certified_formulas(EFFORT)[0].verdict is Verdict.REFUTED


def one_dimensional_product(value, given):
    """Put ‖q‖² bᵀAWΣ_xq for qᵀΣ_xq bᵀAWq, in part."""
    difference = given["mean_square"] * given["bias_shift_1"]
    difference -= given["mean_energy"] * given["bias_shift_0"]
    return value + given[N] ** 2 * given[S] * difference


def commuting_product(value, given):
    """Put qᵀΣ_xWᵀAWΣ_xq for qᵀWᵀAWΣ_x²q, in part."""
    return value + given[N] ** 2 * given[S] ** 2 * (given["shift_11"] - given["shift_02"])


LINES = [point for point in CERTIFICATE.points if len(point.task) == 1]
_1, _2, _3 = Fraction(1), Fraction(2), Fraction(-3, 2)
COMMUTING = [Point(((_1, 0 * _1), (0 * _1, _2)), (_3, _1), ((_2, 0 * _1), (0 * _1, _3)), _3**2)]


@pytest.mark.parametrize(
    ("wrong", "points"),
    [
        (one_dimensional_product, LINES),
        (commuting_product, LINES + COMMUTING),
    ],
)
def test_agreement_in_special_cases_is_not_enough(monkeypatch, wrong, points):
    right = [compiled(3, 2, point) for point in points]
    assert right
    plant(monkeypatch, "product_moment", wrong)
    assert [compiled(3, 2, point) for point in points] == right
    values, span = certified_formulas(EFFORT)
    assert values.verdict is Verdict.REFUTED
    # In the span, so that it takes the rank to know that some point tells them apart.
    assert span.verdict is Verdict.CONFIRMED


def vanishing(argument, roots):
    return math.prod((argument - root for root in roots), start=argument)


NOISES = {point.noise_variance for point in CERTIFICATE.points}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("linear", lambda c, a: c + vanishing(a[N], CERTIFICATE.context_lengths)),
        ("quadratic", lambda c, a: c + vanishing(a[K], CERTIFICATE.test_samples)),
        ("constant", lambda c, a: c + vanishing(a[NOISE], NOISES)),
        ("linear", lambda c, a: c + vanishing(a[N], CERTIFICATE.context_lengths) / (c + 1)),
    ],
)
def test_agreement_at_the_points_is_not_enough(monkeypatch, name, wrong):
    plant(monkeypatch, name, wrong)
    values, span = certified_formulas(EFFORT)
    assert values.verdict is Verdict.CONFIRMED
    assert span.verdict is Verdict.REFUTED


def set_value(document):
    document["points"][20]["values"][7][2] = "1/3"


def change_point(document):
    document["points"][0]["noise_variance"] = "7"


def remove_points(document):
    del document["points"][4:9]


def leave_out_the_longest_contexts(document):
    document["context_lengths"][-2:] = []
    for point in document["points"]:
        del point["values"][-6:]


def leave_out_the_surplus(document):
    del document["points"][35:]


def leave_out_a_monomial(document):
    del document["spans"]["c2"]["monomials"][7]


def change_a_definition(document):
    document["definitions"][0] = document["definitions"][0].replace("Samples", "Examples")


def leave_out_an_argument(document):
    del document["argument"][3]


@pytest.mark.parametrize(
    ("change", "refuted"),
    [
        (set_value, {"values", "surplus"}),
        (change_point, {"values", "surplus"}),
        (remove_points, {"rank", "surplus"}),
        (leave_out_the_longest_contexts, {"rank", "surplus"}),
        (leave_out_the_surplus, {"surplus"}),
        (leave_out_a_monomial, {"spans"}),
        (change_a_definition, {"texts"}),
        (leave_out_an_argument, {"texts"}),
    ],
)
def test_a_changed_certificate_is_refuted(monkeypatch, tmp_path, change, refuted):
    document = json.loads(TEXT)
    change(document)
    path = tmp_path / "one_step.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(certificates, "ONE_STEP", path)
    evidence = certified_values(EFFORT)
    names = ("values", "rank", "surplus", "spans", "texts")
    verdicts = dict(zip(names, (each.verdict for each in evidence), strict=True))
    assert {name for name, each in verdicts.items() if each is Verdict.REFUTED} == refuted
    assert {verdicts[name] for name in set(names) - refuted} == {Verdict.CONFIRMED}
    assert all(("first" in each.measured) is (each.verdict is Verdict.REFUTED) for each in evidence)


@pytest.mark.parametrize("value", ["0", "-1", "9" * 400])
def test_a_value_that_no_risk_has_is_not_confirmed(monkeypatch, tmp_path, value):
    document = json.loads(TEXT)
    document["points"][3]["values"][0][2] = value
    path = tmp_path / "one_step.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(certificates, "ONE_STEP", path)
    assert certified_risk(EFFORT)[0].verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize("content", [None, "", TEXT[:5000]])
def test_a_missing_or_truncated_certificate_is_undecided(monkeypatch, tmp_path, content):
    path = tmp_path / "one_step.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setattr(certificates, "ONE_STEP", path)
    for prove in PROOFS:
        (evidence,) = prove(EFFORT)
        assert evidence.verdict is Verdict.UNDECIDED
        assert "one_step.json" in evidence.statement
        assert "\n" not in evidence.statement
