"""Setting files: TOML in, a `Setting` out, and one clear line for whatever is wrong.

The keys of a covariance table are the fields of its class, so a registered class needs nothing
here. pydantic checks keys and types; the classes themselves check what the values mean.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pydantic

from ttt_theory.array_file import read_array
from ttt_theory.covariance import Covariance, covariance_kinds
from ttt_theory.errors import (
    MISSING,
    FloatArray,
    InvalidSettingError,
    SettingFileError,
    checked_integer,
    checked_number,
)
from ttt_theory.setting import (
    DenseWeights,
    Initialization,
    PretrainedWeights,
    Pretraining,
    Setting,
    ZeroWeights,
)

LARGEST_FILE = 1_000_000
"""Largest setting file, in bytes."""

_Keys = dict[str, Any]
_Table = dict[str, Any]

# Each key with its type, and whether it is required, as pydantic.create_model wants it.
_SETTING_KEYS: _Keys = {
    "context_length": (int, ...),
    "test_samples": (int, ...),
    "noise_variance": (float, 0.0),
    "feature_covariance": (_Table, ...),
    "task_covariance": (_Table, ...),
    "task": (_Table, ...),
    "initialization": (_Table, ...),
    "pretraining": (_Table, {}),
}
_PRETRAINING_KEYS: _Keys = {
    "context_length": (int, None),
    "noise_variance": (float, None),
    "feature_covariance": (_Table, None),
}
_TASK_KEYS: Mapping[str, _Keys] = {
    "ones": {},
    "vector": {"values": (list[float], ...)},
    "axis": {"index": (int, ...)},
    "file": {"file": (str, ...)},
}
_INITIALIZATION_KEYS: Mapping[str, _Keys] = {
    "zero": {},
    "pretrained": {},
    "scaled_pretrained": {"factor": (float, ...)},
    "dense": {"file": (str, ...)},
}


def read_setting(path: str | os.PathLike[str]) -> Setting:
    """Read a setting file.

    Parameters
    ----------
    path : str or path-like
        A TOML file of at most 1 MB; the files it names are looked up relative to it.

    Returns
    -------
    Setting

    Raises
    ------
    SettingFileError
        If the file, or one that it names, is missing, unreadable, malformed or too large.
    InvalidSettingError
        If a key is unknown or missing, or a value is not valid.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "setting.toml"
    ...     _ = file.write_text("context_length = 40")
    ...     read_setting(file)
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: test_samples: a missing value is not valid; this key is
    required
    """
    file = Path(path)
    try:
        return _setting(_parsed(file), file.parent)
    except (MemoryError, RecursionError) as error:
        raise SettingFileError(str(file), f"too large or too deeply nested ({error})") from error


def _parsed(file: Path) -> _Table:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise SettingFileError(str(file), "no such file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingFileError(str(file), f"cannot be read: {reason}") from error
    if len(content) > LARGEST_FILE:
        raise SettingFileError(str(file), f"too large; give at most {LARGEST_FILE} bytes")
    try:
        # tomllib does not expect the byte-order mark that some editors write.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingFileError(str(file), f"not UTF-8 text: {error}") from error
    except ValueError as error:  # also integers of more digits than int() takes
        raise SettingFileError(str(file), f"not valid TOML: {error}") from error


def _setting(table: _Table, folder: Path) -> Setting:
    values = _checked(table, _SETTING_KEYS, "")
    feature_covariance = _covariance(values["feature_covariance"], "feature_covariance", folder)
    return Setting(
        context_length=values["context_length"],
        test_samples=values["test_samples"],
        feature_covariance=feature_covariance,
        task_covariance=_covariance(values["task_covariance"], "task_covariance", folder),
        task=_task(values["task"], feature_covariance.dim, folder),
        noise_variance=values["noise_variance"],
        initialization=_initialization(values["initialization"], folder),
        pretraining=_pretraining(values["pretraining"], folder),
    )


def _checked(table: _Table, keys: _Keys, path: str) -> _Table:
    """Return the values of a table after a check of its keys and their types, defaults filled."""
    model: Any = pydantic.create_model(
        "Table",
        __config__=pydantic.ConfigDict(
            strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
        ),
        **keys,
    )
    try:
        return dict(model.model_validate(table))
    except pydantic.ValidationError as validation_error:
        errors = validation_error.errors(include_url=False, include_context=False)
        # A misspelt key is both unknown and missing; the first says more.
        error = min(errors, key=lambda error: error["type"] != "extra_forbidden")
        value, remedy = error["input"], error["msg"].replace("Input should be", "give")
        if error["type"] == "extra_forbidden":
            remedy = f"this key is unknown, the known ones are {', '.join(keys)}"
        elif error["type"] == "missing":
            value, remedy = MISSING, "this key is required"
        field = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]
        )
        remedy = remedy.replace("valid dictionary", "table")
        raise InvalidSettingError(f"{path}{field}".lstrip("."), value, remedy) from None


def _kind(table: _Table, kinds: Iterable[str], path: str) -> str:
    kind = table.get("kind", MISSING)
    known = list(kinds)
    if not isinstance(kind, str) or kind not in known:
        raise InvalidSettingError(f"{path}.kind", kind, f"give one of {', '.join(known)}")
    return kind


def _covariance(table: _Table, path: str, folder: Path) -> Covariance:
    classes = covariance_kinds()
    covariance_class = classes[_kind(table, classes, path)]
    hints = typing.get_type_hints(covariance_class)
    keys: _Keys = {"kind": (str, ...)}
    arrays_from_file = set()
    for field in dataclasses.fields(typing.cast("Any", covariance_class)):
        if field.metadata.get("from_file"):
            arrays_from_file.add(field.name)
            keys["file"] = (str, ...)
        elif field.init:
            keys[field.name] = (_toml_type(hints[field.name]), _default(field))
    values = _checked(table, keys, path)
    del values["kind"]
    for name in arrays_from_file:
        values[name] = _array(values.pop("file"), path, folder, ndim=2)
    try:
        return covariance_class(**values)
    except InvalidSettingError as error:
        if error.field in arrays_from_file:
            error = InvalidSettingError("file", error.value, error.remedy)
        raise error.within(path) from None
    except (ValueError, ArithmeticError) as error:
        # A class from elsewhere need not know the exceptions of this package.
        raise InvalidSettingError(path, table, str(error)) from error


def _toml_type(hint: Any) -> Any:
    """Return the type that TOML gives for a field of another type."""
    origin = typing.get_origin(hint)
    if origin is np.ndarray:
        return list[float]
    if origin is tuple:
        # TOML has lists only; what is in them stays strict.
        return Annotated[hint, pydantic.Strict(False)]
    return hint


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return ... if field.default is dataclasses.MISSING else field.default


def _task(table: _Table, dim: int, folder: Path) -> FloatArray:
    kind = _kind(table, _TASK_KEYS, "task")
    keys = {"kind": (str, ...), **_TASK_KEYS[kind], "norm": (float, None)}
    values = _checked(table, keys, "task")
    task = np.ones(dim)
    if kind == "vector":
        task = np.array(values["values"], dtype=np.float64)
    elif kind == "axis":
        index = checked_integer("task.index", values["index"], 0, dim - 1)
        task = np.zeros(dim)
        task[index] = 1.0
    elif kind == "file":
        task = _array(values["file"], "task", folder, ndim=1)
    return task if values["norm"] is None else _rescaled(task, values["norm"])


def _rescaled(task: FloatArray, norm: float) -> FloatArray:
    norm = checked_number("task.norm", norm, 0.0)
    largest = np.abs(task).max(initial=0.0)
    if largest == 0.0:
        if norm > 0.0:
            raise InvalidSettingError("task.norm", norm, "the task is zero; give 0 or no norm")
        return task
    # Dividing by the largest entry first keeps the norm from overflowing or vanishing.
    unit: FloatArray = task / largest
    return unit * (norm / np.linalg.norm(unit))


def _initialization(table: _Table, folder: Path) -> Initialization:
    kind = _kind(table, _INITIALIZATION_KEYS, "initialization")
    keys = {"kind": (str, ...), **_INITIALIZATION_KEYS[kind]}
    values = _checked(table, keys, "initialization")
    if kind == "zero":
        return ZeroWeights()
    if kind == "dense":
        matrix = _array(values["file"], "initialization", folder, ndim=2)
        try:
            return DenseWeights(matrix)
        except InvalidSettingError as error:
            field = "initialization.file"
            raise InvalidSettingError(field, error.value, error.remedy) from None
    return PretrainedWeights(values.get("factor", 1.0))


def _pretraining(table: _Table, folder: Path) -> Pretraining:
    values = _checked(table, _PRETRAINING_KEYS, "pretraining")
    covariance = values["feature_covariance"]
    if covariance is not None:
        path = "pretraining.feature_covariance"
        values["feature_covariance"] = _covariance(covariance, path, folder)
    try:
        return Pretraining(**values)
    except InvalidSettingError as error:
        raise error.within("pretraining") from None


def _array(name: str, path: str, folder: Path, ndim: int) -> FloatArray:
    try:
        return read_array(folder / name, ndim)
    except SettingFileError as error:
        raise error.within(f"{path}.file") from None
