"""A setting: the prompt, the test task, the initial weights and the pretraining."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

from ttt_theory.checks import FloatArray, checked_array, checked_integer, checked_number
from ttt_theory.covariance import Covariance
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.setting.feature_laws import FeatureLaw, GaussianFeatures
from ttt_theory.linear.setting.random_task import RandomTask, fixed_task
from ttt_theory.linear.setting.starts import (
    AS_AT_TEST_TIME,
    LARGEST_COUNT,
    Initialization,
    PretrainedWeights,
    Pretraining,
    check_covariance,
    check_type,
)

__all__ = [
    "EVALUATIONS",
    "STEP_RULES",
    "Setting",
    "check_defaults",
    "checked_setting",
    "departures",
]

EVALUATIONS = ("fresh", "same")
"""Which context the trained weights meet: a fresh one, or the one that they were trained on."""

STEP_RULES = ("plain", "normalized")
"""What a step size multiplies: the gradient, or the gradient divided by its prompt's ‖u‖²."""

_DEFAULTS = {
    "evaluation": "fresh",
    "step_rule": "plain",
    "task": "fixed",
    "feature_law": "gaussian",
}


@dataclass(frozen=True, eq=False)
class Setting:
    """One experiment: pretraining, a prompt, one gradient step on a fixed test task.

    A setting that exists is valid: every number finite, every covariance positive semi-definite,
    all dimensions equal.

    Parameters
    ----------
    context_length : int
        Labelled examples in the prompt, n; from 1 to 10**15.
    test_samples : int
        Labelled target samples used by the gradient step, k; from 1 to 10**15.
    feature_covariance : Covariance
        Covariance Sigma_x of the features x ~ N(0, Sigma_x) at test time.
    task_covariance : Covariance
        Covariance Sigma_beta of the pretraining tasks beta ~ N(0, Sigma_beta).
    task : array_like of float, shape (dim,), or RandomTask
        The test task beta, kept as a read-only copy; or the law that it is drawn from.
    noise_variance : float
        Variance sigma^2 of the label noise at test time, at least 0.
    initialization : ZeroWeights, PretrainedWeights or DenseWeights
        The weights W before the step.
    pretraining : Pretraining, optional
        What differs in pretraining; here its missing fields get the test-time values.
    evaluation : str
        ``"fresh"``: the trained weights meet a fresh, independent context, as in the paper.
        ``"same"``: they meet the context that they were trained on.
    step_rule : str
        ``"plain"``: W - eta * gradient.  ``"normalized"``: every step is divided by ‖u‖², the
        squared length of the context vector u = X'y of its prompt.
    feature_law : FeatureLaw
        The law of the features at test time, with covariance Sigma_x; Gaussian by default.

    Raises
    ------
    InvalidSettingError
        If a parameter is out of its range or the dimensions differ.

    Examples
    --------
    >>> from ttt_theory.covariance import Isotropic
    >>> setting = Setting(40, 20, Isotropic(3), Isotropic(3), [1.0, 1.0, 1.0])
    >>> setting.dim, setting.pretraining.context_length
    (3, 40)
    >>> Setting(40, 20, Isotropic(3), Isotropic(2), [1.0, 1.0, 1.0])
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: task_covariance.dim: 2 is not valid; give 3, the
    dimension of feature_covariance
    """

    context_length: int
    test_samples: int
    feature_covariance: Covariance
    task_covariance: Covariance
    task: FloatArray | RandomTask
    noise_variance: float = 0.0
    initialization: Initialization = dataclasses.field(default_factory=PretrainedWeights)
    pretraining: Pretraining = AS_AT_TEST_TIME
    evaluation: str = "fresh"
    step_rule: str = "plain"
    feature_law: FeatureLaw = dataclasses.field(default_factory=GaussianFeatures)

    @property
    def dim(self) -> int:
        """Dimension d of the features and of the tasks."""
        return self.feature_covariance.dim

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What sets the setting apart in its evaluation, step rule, task and feature law."""
        task = "random" if isinstance(self.task, RandomTask) else "fixed"
        return self.evaluation, self.step_rule, task, self.feature_law.kind

    @property
    def fixed_task(self) -> FloatArray:
        """The test task, where it is one vector.

        Raises
        ------
        InvalidSettingError
            If it is random.
        """
        return fixed_task(self.task)

    def __post_init__(self) -> None:
        checked: dict[str, object] = {
            name: checked_integer(name, getattr(self, name), 1, LARGEST_COUNT)
            for name in ("context_length", "test_samples")
        }
        checked["noise_variance"] = checked_number("noise_variance", self.noise_variance, 0.0)
        if not isinstance(self.task, RandomTask):
            checked["task"] = checked_array("task", self.task, 1)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        check_covariance("feature_covariance", self.feature_covariance)
        check_covariance("task_covariance", self.task_covariance)
        check_type("initialization", self.initialization, Initialization)
        check_type("feature_law", self.feature_law, FeatureLaw)
        for name, known in (("evaluation", EVALUATIONS), ("step_rule", STEP_RULES)):
            value = getattr(self, name)
            if value not in known:
                raise InvalidSettingError(name, value, f"give one of {', '.join(known)}")
        object.__setattr__(self, "pretraining", self._complete_pretraining())
        self._check_dims()

    def _complete_pretraining(self) -> Pretraining:
        given = Pretraining() if self.pretraining is AS_AT_TEST_TIME else self.pretraining
        check_type("pretraining", given, Pretraining)
        missing = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(Pretraining)
            if getattr(given, field.name) is AS_AT_TEST_TIME
        }
        return dataclasses.replace(given, **missing)

    def _check_dims(self) -> None:
        dims = {
            "task_covariance.dim": self.task_covariance.dim,
            "pretraining.feature_covariance.dim": self.pretraining.feature_covariance.dim,
        }
        for name, dim in dims.items():
            if dim != self.dim:
                raise InvalidSettingError(
                    name, dim, f"give {self.dim}, the dimension of feature_covariance"
                )
        arrays = (
            {"task.mean": self.task.mean}
            if isinstance(self.task, RandomTask)
            else {"task": self.task}
        )
        if self.initialization.matrix is not None:
            arrays["initialization"] = self.initialization.matrix
        for name, array in arrays.items():
            if len(array) != self.dim:
                shape = " x ".join([str(self.dim)] * array.ndim)
                raise InvalidSettingError(
                    name, array, f"give {shape} numbers, to match the dim of feature_covariance"
                )

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Setting:
        """Read a setting file.

        Parameters
        ----------
        path : str or path-like
            A TOML file; the files it names are looked up relative to it.

        Returns
        -------
        Setting

        Raises
        ------
        SettingFileError
            If the file, or one that it names, cannot be read.
        InvalidSettingError
            If a key is unknown or missing, or a value is not valid; or if the path is none.

        Examples
        --------
        >>> Setting.from_toml("nowhere.toml")
        Traceback (most recent call last):
        ttt_theory.errors.SettingFileError: nowhere.toml: no such file
        """
        if not isinstance(path, str | os.PathLike):
            raise InvalidSettingError("path", path, "give the name of a setting file")
        # Here, as pydantic is slow to import and few scripts read setting files.
        from ttt_theory.linear.setting.file import read_fields

        return cls(**read_fields(path))


def checked_setting(setting: object) -> Setting:
    """Return a setting, or say how to make one of what was given instead.

    Raises
    ------
    InvalidSettingError
        If it is none.

    Examples
    --------
    >>> checked_setting("my.toml")
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: setting: 'my.toml' is not valid; give a Setting, such as
    Setting.from_toml("my.toml")
    """
    if isinstance(setting, Setting):
        return setting
    file = setting if isinstance(setting, str | os.PathLike) else "my.toml"
    remedy = f'give a Setting, such as Setting.from_toml("{os.fspath(file)!s}")'
    raise InvalidSettingError("setting", setting, remedy)


def departures(setting: Setting) -> dict[str, str]:
    """Return what sets a setting apart from those of the paper, by field.

    Examples
    --------
    >>> from ttt_theory.covariance import Isotropic
    >>> departures(Setting(4, 2, Isotropic(1), Isotropic(1), [1.0], evaluation="same"))
    {'evaluation': 'same'}
    """
    pairs = zip(_DEFAULTS.items(), setting.kind, strict=True)
    return {field: given for (field, default), given in pairs if given != default}


def check_defaults(setting: Setting, what: str, *fields: str) -> None:
    """Raise unless some fields of a setting are the papers': what needs them knows no others.

    Parameters
    ----------
    setting : Setting
    what : str
        What needs the defaults, for the error.
    *fields : str
        Of ``"evaluation"``, ``"step_rule"``, ``"task"`` (a fixed one) and ``"feature_law"``.

    Raises
    ------
    InvalidSettingError
        If one of them is another.

    Examples
    --------
    >>> from ttt_theory.covariance import Isotropic
    >>> setting = Setting(4, 2, Isotropic(1), Isotropic(1), [1.0], evaluation="same")
    >>> check_defaults(setting, "a sum over pairings", "feature_law")
    >>> check_defaults(setting, "a sum over pairings", "evaluation")
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: evaluation: 'same' is not valid; a sum over pairings
    knows fresh alone
    """
    for field, given in departures(setting).items():
        if field in fields:
            raise InvalidSettingError(field, given, f"{what} knows {_DEFAULTS[field]} alone")
