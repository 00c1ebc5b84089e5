"""Settings in Python: what they complete, keep and reject."""

import dataclasses
import itertools
import math
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

import ttt_theory as ttt
from ttt_theory.covariance import AR1, Covariance, Isotropic
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import (
    DenseWeights,
    PretrainedWeights,
    Pretraining,
    ZeroWeights,
)
from ttt_theory.testing import check_covariance, settings


def setting(**changes):
    values = {
        "context_length": 4,
        "test_samples": 2,
        "feature_covariance": Isotropic(3),
        "task_covariance": AR1(3, 0.5),
        "task": [1.0, 2.0, 3.0],
    }
    return Setting(**(values | changes))


@given(settings())
def test_drawn_settings_are_valid_and_complete(drawn):
    assert drawn.dim == drawn.task_covariance.dim == len(drawn.task)
    assert drawn.dim == drawn.pretraining.feature_covariance.dim
    assert isinstance(drawn.pretraining.context_length, int)
    assert isinstance(drawn.pretraining.noise_variance, float)
    assert not drawn.task.flags.writeable
    for covariance in [
        drawn.feature_covariance,
        drawn.task_covariance,
        drawn.pretraining.feature_covariance,
    ]:
        check_covariance(covariance)


@given(settings())
def test_settings_survive_replacement_and_pickling(drawn):
    for copy in [dataclasses.replace(drawn), pickle.loads(pickle.dumps(drawn))]:
        np.testing.assert_array_equal(copy.task, drawn.task)
        assert copy.pretraining.context_length == drawn.pretraining.context_length


def test_defaults():
    default = setting()
    assert default.noise_variance == 0.0
    assert default.initialization == PretrainedWeights(1.0)
    assert default.pretraining == Pretraining(4, 0.0, default.feature_covariance)


def test_pretraining_keeps_what_is_given_and_fills_the_rest():
    partly = setting(noise_variance=0.5, pretraining=Pretraining(context_length=9))
    assert partly.pretraining == Pretraining(9, 0.5, partly.feature_covariance)
    assert setting(noise_variance=2.0, pretraining=None).pretraining.noise_variance == 2.0
    shifted = setting(pretraining=Pretraining(feature_covariance=Isotropic(3, scale=2.0)))
    assert shifted.pretraining.feature_covariance == Isotropic(3, scale=2.0)
    assert setting(pretraining=Pretraining(noise_variance=0)).pretraining.noise_variance == 0.0


def test_the_task_is_a_copy():
    task = np.array([1, 2, 3])
    made = setting(task=task)
    task[0] = 7
    np.testing.assert_array_equal(made.task, [1.0, 2.0, 3.0])
    assert made.task.dtype == np.float64


NOT_A_COUNT = [0, -1, 1.0, True, "4", None, math.nan, 10**15 + 1, np.array(4)]
NOT_A_VARIANCE = [-1e-300, math.nan, math.inf, True, "0", 1j, 10**400]


@dataclass(frozen=True)
class Indefinite(Covariance):
    dim: int = 3

    def matrix(self):
        return np.diag([1.0, 1.0, -1.0])


@pytest.mark.parametrize(
    ("field", "make"),
    [
        *[
            (name, lambda name=name, v=v: setting(**{name: v}))
            for name in ["context_length", "test_samples"]
            for v in NOT_A_COUNT
        ],
        *[
            ("noise_variance", lambda v=v: setting(noise_variance=v))
            for v in [*NOT_A_VARIANCE, None]
        ],
        ("context_length", lambda: Pretraining(context_length=0)),
        ("noise_variance", lambda: Pretraining(noise_variance=-1.0)),
        ("feature_covariance", lambda: Pretraining(feature_covariance=np.eye(3))),
        ("feature_covariance", lambda: setting(feature_covariance=np.eye(3))),
        ("feature_covariance.matrix", lambda: setting(feature_covariance=Indefinite())),
        ("task_covariance", lambda: setting(task_covariance="isotropic")),
        ("task_covariance.dim", lambda: setting(task_covariance=Isotropic(2))),
        (
            "pretraining.feature_covariance.dim",
            lambda: setting(pretraining=Pretraining(feature_covariance=Isotropic(2))),
        ),
        ("pretraining", lambda: setting(pretraining={"context_length": 3})),
        ("initialization", lambda: setting(initialization="zero")),
        ("initialization", lambda: setting(initialization=ZeroWeights)),
        ("initialization", lambda: setting(initialization=None)),
        ("initialization", lambda: setting(initialization=DenseWeights(np.eye(2)))),
        ("factor", lambda: PretrainedWeights(math.nan)),
        ("factor", lambda: PretrainedWeights(True)),
        ("matrix", lambda: DenseWeights([[1.0, 2.0]])),
        ("matrix", lambda: DenseWeights([[math.inf]])),
        ("matrix", lambda: DenseWeights([])),
        *[
            ("task", lambda v=v: setting(task=v))
            for v in [[], [1.0], np.eye(3), [1.0, 2.0, math.nan], [1.0, 2.0, True], None, "abc"]
        ],
    ],
)
def test_invalid_values_are_named(field, make):
    with pytest.raises(InvalidSettingError) as caught:
        make()
    assert caught.value.field == field
    assert len(str(caught.value).splitlines()) == 1


def test_a_mismatch_names_both_dimensions():
    with pytest.raises(InvalidSettingError, match=r"task: .*\(2,\).*give 3 numbers"):
        setting(task=[1.0, 2.0])
    with pytest.raises(InvalidSettingError, match=r"task_covariance.dim: 2 .* give 3"):
        setting(task_covariance=Isotropic(2))


def test_importing_settings_loads_nothing_slow():
    code = (
        "import sys, ttt_theory.linear.setting.setting, ttt_theory.covariance;"
        "slow = {'pydantic', 'hypothesis', 'scipy.linalg', 'scipy.sparse'} & sys.modules.keys();"
        "sys.exit(', '.join(slow) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


NO_SETTINGS = ["my.toml", Path("my.toml"), {"dim": 3}, None, 5]
FUNCTIONS = {
    "one_step_risk": ttt.one_step_risk,
    "pretrained_weights": ttt.pretrained_weights,
    "simulate": lambda setting: ttt.simulate(setting, 10),
    "check": lambda setting: ttt.check("n <= k", setting),
    "verify": lambda setting: ttt.verify(["noise"], settings={"mine": setting}, workers=1),
    "verify all": lambda setting: ttt.verify(settings={"mine": setting}, workers=1),
}


@pytest.mark.parametrize(
    ("name", "setting"),
    # `check` takes None for no setting at all.
    [each for each in itertools.product(FUNCTIONS, NO_SETTINGS) if each != ("check", None)],
)
def test_what_is_no_setting_is_one_line(name, setting):
    with pytest.raises(InvalidSettingError) as caught:
        FUNCTIONS[name](setting)
    field = "settings.mine" if name.startswith("verify") else "setting"
    remedy = 'give a Setting, such as Setting.from_toml("my.toml")'
    assert str(caught.value) == f"{field}: {setting!r} is not valid; {remedy}"


@pytest.mark.parametrize("settings", ["my.toml", [1], 5])
def test_settings_to_verify_have_names(settings):
    with pytest.raises(InvalidSettingError, match=r"^settings: .*give settings by name"):
        ttt.verify(settings=settings)


@pytest.mark.parametrize("path", [None, 5, {}])
def test_a_file_has_a_name(path):
    with pytest.raises(InvalidSettingError, match=r"^path: .*give the name of a setting file$"):
        Setting.from_toml(path)
    with pytest.raises(InvalidSettingError, match=r"^claims: "):
        ttt.verify([path], workers=1)
