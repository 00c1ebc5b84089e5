"""The one place where c0, c1 and c2 are put together: a fault in any term is refuted by proofs."""

import functools

import pytest

from ttt_theory.claims.registration import find
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.claims import exact_risk, theorem_5_3
from ttt_theory.linear.exact import assembly
from ttt_theory.linear.exact.assembly import Assembly
from ttt_theory.linear.exact.spectrum import SpectrumForms
from ttt_theory.linear.witnesses.certified import certified_formulas
from ttt_theory.linear.witnesses.second_derivation import formulas_are_derived

EFFORT = Effort(quick=True, seed=0)


def verdicts(prove):
    return [each.verdict for each in prove(EFFORT)]


def is_refuted_by_proof():
    """Whether the proof on indeterminates refutes: for all n, k, d, Σ_x, W, β and σ² at once."""
    return Verdict.REFUTED in verdicts(formulas_are_derived)


def test_the_assembly_holds_as_it_stands():
    assert set(verdicts(formulas_are_derived)) == {Verdict.CONFIRMED}
    assert formulas_are_derived in find("exact-risk").evidence


@pytest.mark.parametrize("name", list(assembly._VECTORS))
def test_another_pair_of_vectors_in_a_form_is_refuted(monkeypatch, name):
    pairs = list(assembly._VECTORS.values())
    other = pairs[(pairs.index(assembly._VECTORS[name]) + 1) % len(pairs)]
    monkeypatch.setitem(assembly._VECTORS, name, other)
    assert is_refuted_by_proof()


@pytest.mark.parametrize("name", list(assembly._INNER_POWERS))
def test_another_power_in_a_spread_is_refuted(monkeypatch, name):
    power = assembly._INNER_POWERS[name] % 3 + 1
    monkeypatch.setitem(assembly._INNER_POWERS, name, power)
    assert is_refuted_by_proof()


@pytest.mark.parametrize(("power", "other"), [(1, 3), (2, 3), (3, 1), (1, 2)])
def test_another_weighting_is_refuted(monkeypatch, power, other):
    original = Assembly._weighted
    powers = {1: 1, 2: 2, 3: 3, power: other}
    monkeypatch.setattr(
        Assembly, "_weighted", lambda self, p, *names: original(self, powers[p], *names)
    )
    assert is_refuted_by_proof()


CONTEXT = (
    "context_length",
    "label_variance",
    "mean_square",
    "mean_energy",
    "feature_square_trace",
)
PIECES = (
    "product_moment_1",
    "product_moment_3",
    "overlap_moment",
    "feature_square_trace",
    "noise_variance",
)


@pytest.mark.parametrize(
    ("part", "name"),
    [*(("_context", name) for name in CONTEXT), *(("_pieces", name) for name in PIECES)],
)
def test_a_part_left_out_is_refuted(monkeypatch, part, name):
    original = getattr(Assembly, part).func
    monkeypatch.setattr(
        Assembly, part, property(lambda self: original(self) | {name: 0 * original(self)[name]})
    )
    assert is_refuted_by_proof()


@pytest.mark.parametrize(
    "part", ["error_variance", "mean_gradient_square", "coupling", "centred_product_moment_3"]
)
@pytest.mark.parametrize("sign", [-1, 2])
def test_a_part_with_another_sign_or_twice_is_refuted(monkeypatch, part, sign):
    original = getattr(Assembly, part).func
    monkeypatch.setattr(Assembly, part, property(lambda self: sign * original(self)))
    assert is_refuted_by_proof()


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("bias_bias", "error_variance"),
        ("noise_variance", "error_variance"),
        ("test_samples", "context_length"),
        ("context_length", "test_samples"),
    ],
)
def test_one_part_for_another_is_refuted(monkeypatch, part, other):
    value = Assembly.__dict__.get(other, None)
    read = value.func if isinstance(value, functools.cached_property) else None

    def wrong(self):
        return read(self) if read else self.__dict__[other]

    monkeypatch.setattr(Assembly, part, property(wrong, lambda *_: None), raising=False)
    assert is_refuted_by_proof()


def test_a_curve_with_two_coefficients_swapped_is_refuted_twice(monkeypatch):
    original = assembly.Curve
    monkeypatch.setattr(assembly, "Curve", lambda c0, c1, c2: original(c1, c0, c2))
    assert is_refuted_by_proof()
    assert Verdict.REFUTED in verdicts(certified_formulas)


@pytest.mark.parametrize("change", ["bias", "variance", "length"])
def test_wrong_alignments_of_theorem_5_3_are_refuted_by_proof(monkeypatch, change):
    original = assembly.bias_and_variance

    def wrong(n, forms):
        bias, variance = original(n + 1 if change == "length" else n, forms)
        if change == "length":
            # One more is the same to leading order, twice as much is not.
            return bias, variance * 2
        return (2 * bias, variance) if change == "bias" else (bias, bias + variance)

    monkeypatch.setattr(theorem_5_3, "bias_and_variance", wrong)
    assert Verdict.REFUTED in verdicts(theorem_5_3._block_spectra)


def test_wrong_forms_of_a_spectrum_are_refuted_by_proof(monkeypatch):
    # What is wrong in both the exact curve and in A and B would leave their ratio as it is.
    original = SpectrumForms.form
    monkeypatch.setattr(SpectrumForms, "form", lambda self, *given: 2 * original(self, *given))
    assert Verdict.REFUTED in verdicts(exact_risk._noise_free_forms)
