"""The second derivation: its own correctness, and what it refutes by itself."""

import dataclasses
import inspect
import math

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from ttt_theory import Isotropic, one_step_risk
from ttt_theory.claims.registration import find
from ttt_theory.coordinates.blocks import DenseBlock, DiagonalBlock
from ttt_theory.evidence.effort import Effort
from ttt_theory.evidence.record import Verdict
from ttt_theory.linear.closed_form import one_step
from ttt_theory.linear.exact.forms import ProblemForms
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.setting.examples import COLD, TINY
from ttt_theory.linear.witnesses import second_derivation
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.linear.witnesses.second_derivation import (
    derived_coefficients,
    derived_risk,
    formulas_are_derived,
    values_are_derived,
)
from ttt_theory.testing import settings
from ttt_theory.wick import Matrix, Scalar, ScatterMatrix, Vector, expectation, substitute, trace

EFFORT = Effort(quick=True, seed=0)


def refuted(prove):
    return [each for each in prove(EFFORT) if each.verdict is Verdict.REFUTED]


@pytest.mark.parametrize("prove", [formulas_are_derived, values_are_derived])
def test_the_formulas_hold_as_they_stand(prove):
    assert {each.verdict for each in prove(EFFORT)} == {Verdict.CONFIRMED}
    assert prove in find("exact-risk").evidence


PARAMETERS = [
    (name, parameter)
    for name in one_step.__all__
    for parameter in inspect.signature(getattr(one_step, name)).parameters
]
SIZES = [each for each in PARAMETERS if each[1] in {"context_length", "test_samples"}]


def plant(monkeypatch, name, change):
    """Plant a compiled function of changed arguments."""
    original = getattr(one_step, name)
    signature = inspect.signature(original)

    def wrong(*arguments, **keywords):
        values = dict(signature.bind(*arguments, **keywords).arguments)
        return change(original, values)

    monkeypatch.setattr(one_step, name, wrong)


@pytest.mark.parametrize("factor", [1.02, 2, -1])
@pytest.mark.parametrize("name", one_step.__all__)
def test_a_scaled_formula_is_refuted(monkeypatch, name, factor):
    plant(monkeypatch, name, lambda original, values: factor * original(**values))
    assert refuted(formulas_are_derived)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_terms_that_are_doubled_or_forgotten_are_refuted(monkeypatch, name, parameter):
    # Every term of every formula holds some parameter; the sizes are parameters, too.
    for factor in (2, 0):
        if (factor, parameter) in {(0, "quadratic"), (0, "test_samples")}:
            continue  # They stand below the line.
        with monkeypatch.context() as patch:
            plant(
                patch,
                name,
                lambda original, values, factor=factor: original(
                    **values | {parameter: factor * values[parameter]}
                ),
            )
            assert refuted(formulas_are_derived), factor


@pytest.mark.parametrize("change", [1, -1])
@pytest.mark.parametrize(("name", "size"), SIZES)
def test_sizes_off_by_one_are_refuted(monkeypatch, name, size, change):
    plant(
        monkeypatch,
        name,
        lambda original, values: original(**values | {size: values[size] + change}),
    )
    assert refuted(formulas_are_derived)


def test_the_square_of_k_for_k_times_its_successor_is_refuted(monkeypatch):
    plant(
        monkeypatch,
        "quadratic",
        lambda original, values: (
            original(**values) - 4 * values["test_samples"] * values["product_moment_3"]
        ),
    )
    [wrong] = refuted(formulas_are_derived)
    assert wrong.statement.startswith("c2 ")
    # It says by how much.
    assert wrong.measured["terms_of_the_difference"] > 50
    assert "*k*" in wrong.measured["leading_term"]


def test_a_single_coefficient_is_refuted(monkeypatch):
    plant(
        monkeypatch,
        "product_moment",
        lambda original, values: (
            original(**values)
            + values["context_length"] ** 2 * values["label_variance"] ** 3 * values["spread_3"]
        ),
    )
    assert {each.statement[:2] for each in refuted(formulas_are_derived)} == {"c2", "bi"}


def test_a_wrong_mean_overlap_is_refuted(monkeypatch):
    wrong = second_derivation._OVERLAP - second_derivation._SHIFTS[1]
    monkeypatch.setattr(second_derivation, "_OVERLAP", wrong)
    assert [each.statement.split()[1] for each in refuted(formulas_are_derived)] == ["plus"]


@pytest.mark.parametrize("name", ["form", "spread", "misfit"])
def test_wrong_forms_are_refuted(monkeypatch, name):
    # The package computes these from matrices, for the compiled formulas to be put together.
    original = getattr(ProblemForms, name)
    monkeypatch.setattr(ProblemForms, name, lambda *given: 1.02 * original(*given))
    assert refuted(values_are_derived)


def test_a_wrong_mean_gradient_is_refuted(monkeypatch):
    original = ProblemForms.mean_gradient_square.func
    monkeypatch.setattr(
        ProblemForms, "mean_gradient_square", property(lambda self: 1.02 * original(self))
    )
    assert refuted(values_are_derived)


@pytest.mark.parametrize("kind", [DiagonalBlock, DenseBlock])
def test_both_ways_to_the_part_across_the_mean_are_looked_at(monkeypatch, kind):
    original = kind.across_square
    monkeypatch.setattr(kind, "across_square", lambda *given: 1.02 * original(*given))
    assert refuted(values_are_derived)


@pytest.mark.parametrize("name", TINY)
def test_the_derived_coefficients_are_the_literal_simulator_s(name):
    literal = exact_coefficients(literal_simulator(TINY[name]))
    derived = [float(each) for each in derived_coefficients(TINY[name])]
    assert derived == pytest.approx(literal, rel=1e-10)


@hypothesis_settings(max_examples=40)
@given(settings(max_dim=3, max_count=30, extreme_scales=False))
def test_the_risk_of_any_setting_is_the_derived_one(setting):
    constant, linear, quadratic = map(float, derived_coefficients(setting))
    risk = one_step_risk(setting)
    assert risk.constant == pytest.approx(constant, rel=1e-10)
    assert risk.quadratic == pytest.approx(quadratic, rel=1e-10)
    # |c1| ≤ 2√(c0c2) sets the scale of its rounding error.
    assert risk.linear == pytest.approx(linear, abs=1e-11 * math.sqrt(constant * quadratic))


def test_the_moments_of_theory_md():
    # M, P and c1 as section 2, fact 3 gives them; the noise is a last coordinate of the features.
    n, k, noise = Scalar("n"), Scalar("k"), Scalar("sigma2")
    features, weights, task = Matrix("Sigma", symmetric=True), Matrix("W"), Vector("beta")
    joint, kept, augmented = Matrix("J", symmetric=True), Matrix("P"), Vector("a")
    context = ScatterMatrix("S", joint, n)
    blocks = {
        kept @ joint @ kept.T: features,
        kept @ joint @ augmented: features @ task,
        augmented.T @ joint @ augmented: task.T @ features @ task + noise,
    }
    vector = kept @ context @ augmented
    error = task - weights @ vector
    mean, variance = features @ task, task.T @ features @ task + noise
    second = substitute(expectation(vector @ vector.T, context), blocks)
    assert second == n * (n + 1) * mean @ mean.T + n * variance * features
    cross = substitute(expectation(vector @ error.T, context), blocks)
    assert cross == n * mean @ task.T - second @ weights.T
    assert -4 * k * trace(cross @ features @ features @ cross.T) == derived_risk()[1]


def test_chi_squared_moments_in_one_dimension():
    # d = 1, W = 0, σ = 0, Σ = β = 1: c0 = 1, c1 = 4kE[u]², c2 = 4E[v²]E[(uu')²], all of χ².
    n, k = COLD.context_length, COLD.test_samples
    one = dataclasses.replace(
        COLD,
        feature_covariance=Isotropic(1),
        task_covariance=Isotropic(1),
        task=[1.0],
        noise_variance=0.0,
        pretraining=None,
    )
    assert derived_coefficients(one) == (1, 4 * k * n**2, 4 * k * (k + 2) * (n * (n + 2)) ** 2)
