"""Statements about a setting, whose numbers are exact."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject, settings

import ttt_theory as ttt
from tests.reference import entry
from tests.statements.verdicts import (
    rational,
)
from ttt_theory.errors import StatementError
from ttt_theory.statements import deciding
from ttt_theory.statements.given_setting import NotExactError, setting_values
from ttt_theory.statements.syntax import Quantity
from ttt_theory.testing import settings as any_setting

EXAMPLES = Path(__file__).parents[2] / "examples"


def decimal(value):
    """The shortest decimal that denotes a float."""
    return Fraction(repr(value))


def test_sizes_of_a_setting():
    setting = ttt.Setting.from_toml(EXAMPLES / "noncommuting.toml")
    longer = dataclasses.replace(
        setting, context_length=2 * setting.context_length, pretraining=ttt.Pretraining()
    )
    unshifted = dataclasses.replace(setting, pretraining=ttt.Pretraining())
    exact = ttt.one_step_risk(longer).risk_before
    for factor, verdict in ((0.999, "refuted"), (1.001, "proved")):
        statement = f"risk_before(n=2*n) <= {repr(exact * factor)[:20]}"
        assert deciding.decided(statement, unshifted)["verdict"] == verdict
    with pytest.raises(StatementError, match="give n or k only"):
        deciding.decided("risk_before(d=2) <= 1", unshifted)


@given(any_setting(3, max_count=5, extreme_scales=False))
@settings(max_examples=20)
def test_values_of_a_setting(setting):
    risk = ttt.one_step_risk(setting)
    try:
        values = setting_values(setting)
    except NotExactError:
        reject()
    for name in ("risk_before", "risk_after", "improvement", "step_size"):
        value = values.quantity(Quantity(name, None))
        exact = float(Fraction(int(value.p), int(value.q)))
        # A difference of nearly equal numbers is what floats may lose of an improvement.
        scale = abs(exact) if name == "step_size" else risk.risk_before
        assert abs(exact - getattr(risk, name)) <= 1e-10 * scale
    assert values.symbol("norm2") == rational(sum(Fraction(float(x)) ** 2 for x in setting.task))


EXACT_COVARIANCES = [
    ttt.Isotropic(4, scale=0.1),
    ttt.Diagonal([0.1, 0.0, 0.3, 7.0]),
    ttt.PowerLaw(4, 2.0, scale=0.1),
    ttt.Spiked(4, [0.1, -1.0]),
    ttt.Spiked(4, [-1.0], [[0.1, 0.2, 0.3, 0.4]]),
    ttt.FactorModel([0.0, 0.0, 0.1, 0.1], [[0.1], [0.2], [0.3], [0.4]]),
    ttt.AR1(4, -1.0),
    ttt.AR1(4, 0.1),
    ttt.Equicorrelated(6, -0.2),
    ttt.Equicorrelated(4, 0.1, scale=0.7),
    ttt.Dense([[0.1, 0.3], [0.3, 0.9]]),
    ttt.Empirical([[0.1, 0.2, 0.3], [0.4, 0.7, 0.1], [0.5, 0.9, 1.1]]),
    ttt.Kronecker([ttt.Equicorrelated(3, -0.5), ttt.Dense([[0.1, 0.3], [0.3, 0.9]])]),
    ttt.BlockDiagonal([ttt.Equicorrelated(3, -0.5), ttt.AR1(2, 0.3)]),
]


@pytest.mark.parametrize("features", EXACT_COVARIANCES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("start", [ttt.ZeroWeights(), ttt.PretrainedWeights()])
def test_a_structured_covariance_is_built_from_its_parameters(features, start):
    null = np.ones(features.dim)
    setting = ttt.Setting(5, 3, features, ttt.Isotropic(features.dim), null, initialization=start)
    entries = [
        [entry(features, i, j, decimal) for j in range(features.dim)] for i in range(features.dim)
    ]
    label = decimal(features.scale) * sum(map(sum, entries))
    [cold] = [ttt.Setting(5, 3, features, features, null, initialization=ttt.ZeroWeights())]
    assert ttt.check("risk_before >= 0", setting).verdict == "proved"
    assert ttt.check(f"risk_before == {label.numerator}/{label.denominator}", cold).verdict == (
        "proved"
    )


def test_a_matrix_that_is_a_covariance_only_up_to_rounding_is_undecided():
    third = 1 / 3
    rounded = ttt.Dense([[1.0, third], [third, 0.111111111111111]])
    setting = ttt.Setting(5, 3, rounded, rounded, [-third, 1.0], initialization=ttt.ZeroWeights())
    verdict = ttt.check("risk_before >= 0", setting)
    assert verdict.verdict == "undecided"
    assert "feature_covariance" in verdict.tried[0]


def test_covariances_without_exact_entries_are_undecided():
    @dataclasses.dataclass(frozen=True)
    class Own(ttt.Covariance):
        contrast: float
        dim: int = 2

        def matrix(self):
            return np.diag([0.1, self.contrast])

    written = ttt.Setting(5, 3, ttt.Isotropic(2), Own(0.3), [1.0, 2.0])
    assert ttt.check("risk_before >= 0", written).verdict == "proved"
    for covariance in (Own(0.1 + 0.2), ttt.PowerLaw(2, 0.5), ttt.Kronecker([Own(0.3)])):
        setting = ttt.Setting(5, 3, ttt.Isotropic(2), covariance, [1.0, 2.0])
        verdict = ttt.check("risk_before >= 0", setting)
        assert verdict.verdict == "undecided"
        assert "task_covariance" in verdict.tried[0]


def test_a_float_stands_for_the_decimal_that_python_prints():
    setting = ttt.Setting(
        5, 3, ttt.Isotropic(1), ttt.Isotropic(1), [1.0], 0.1, initialization=ttt.ZeroWeights()
    )
    assert ttt.check("noise == 1/10", setting).verdict == "proved"
    assert ttt.check("risk_before == 11/10", setting).verdict == "proved"


def test_a_setting_decides_a_statement():
    setting = ttt.Setting.from_toml(EXAMPLES / "noncommuting.toml")
    risk = ttt.one_step_risk(setting)
    below, above = (repr(risk.improvement * factor)[:20] for factor in (0.999, 1.001))
    assert ttt.check(f"{below} < improvement", setting).verdict == "proved"
    refuted = ttt.check(f"{above} < improvement", setting)
    assert refuted.verdict == "refuted"
    assert refuted.counterexample["d"] == str(setting.dim)
    assert ttt.check("improvement >= 0 when n > 10**16", setting).verdict == "undecided"
    with pytest.raises(StatementError, match="sizes are fixed"):
        ttt.check("n ~ d", setting)
    large = ttt.Setting(2, 2, ttt.Isotropic(10**6), ttt.Isotropic(10**6), np.ones(10**6))
    assert "too large" in ttt.check("n == 2", large).tried[0]


def test_the_starts_of_a_setting():
    arguments = (4, 3, ttt.AR1(2, 0.5), ttt.Diagonal([1.0, 2.0]), [1.0, 2.0])
    warm = ttt.Setting(*arguments)
    cold = ttt.Setting(*arguments, initialization=ttt.ZeroWeights())
    for statement in ("improvement == improvement(cold)", "improvement(warm) < improvement"):
        assert deciding.decided(statement, cold)["verdict"] == "proved"
        assert deciding.decided(statement, warm)["verdict"] == "refuted"
