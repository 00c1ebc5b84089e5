"""Setting files: TOML in, the fields of a `Setting` out, one clear line for whatever is wrong.

The keys of a covariance table are the fields of its class, so a registered class needs nothing
here; a field that holds covariances is a list of such tables.  pydantic checks keys and types; the
classes themselves check what the values mean.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pydantic

from ttt_theory.checks import FloatArray, checked_integer, checked_number
from ttt_theory.covariance import Covariance, covariance_kinds
from ttt_theory.errors import MISSING, InvalidSettingError, SettingFileError, unshown
from ttt_theory.files.toml_file import parse_toml
from ttt_theory.linear.setting.array_file import LARGEST_ARRAY_FILE, read_array
from ttt_theory.linear.setting.feature_laws import (
    EllipticalFeatures,
    FeatureLaw,
    GaussianFeatures,
    RademacherFeatures,
    StudentTFeatures,
    UniformFeatures,
)
from ttt_theory.linear.setting.random_task import RandomTask
from ttt_theory.linear.setting.starts import (
    DenseWeights,
    Initialization,
    PretrainedWeights,
    Pretraining,
    ZeroWeights,
)

_Table = dict[str, Any]
_Kinds = Mapping[str, type[Covariance]]
_Model = type[pydantic.BaseModel]
CovarianceReader = Callable[[_Table, str, Path], Covariance]
"""Takes a table, its path for the errors, and the folder of the files that it names."""


def table_model(**keys: Any) -> _Model:
    """Return the model of a table, from each key's type and default as pydantic wants them."""
    config = pydantic.ConfigDict(strict=True, allow_inf_nan=False, protected_namespaces=())
    model: _Model = pydantic.create_model("Table", __config__=config, **keys)
    return model


_Numbers = Annotated[list[float], pydantic.FailFast()]
_Tables = Annotated[list[_Table], pydantic.FailFast()]
_FILE: dict[str, Any] = {"file": (str, ...), "header": (bool, None)}
_SETTING = table_model(
    context_length=(int, ...),
    test_samples=(int, ...),
    noise_variance=(float, 0.0),
    feature_covariance=(_Table, ...),
    task_covariance=(_Table, ...),
    task=(_Table, ...),
    initialization=(_Table, ...),
    pretraining=(_Table, {}),
    evaluation=(str, "fresh"),
    step_rule=(str, "plain"),
    feature_law=(_Table, {"kind": "gaussian"}),
)
_PRETRAINING = table_model(
    context_length=(int, None), noise_variance=(float, None), feature_covariance=(_Table, None)
)
_TASK_KINDS = {
    "ones": table_model(kind=(str, ...), norm=(float, None)),
    "vector": table_model(kind=(str, ...), values=(_Numbers, ...), norm=(float, None)),
    "axis": table_model(kind=(str, ...), index=(int, ...), norm=(float, None)),
    "file": table_model(kind=(str, ...), **_FILE, norm=(float, None)),
    "random": table_model(kind=(str, ...), mean=(_Numbers, None), covariance=(_Table, ...)),
}
_INITIALIZATION_KINDS = {
    "zero": table_model(kind=(str, ...)),
    "pretrained": table_model(kind=(str, ...)),
    "scaled_pretrained": table_model(kind=(str, ...), factor=(float, ...)),
    "dense": table_model(kind=(str, ...), **_FILE),
}

_FEATURE_LAWS: dict[str, tuple[type[FeatureLaw], _Model]] = {
    law.kind: (law, table_model(kind=(str, ...), **keys))
    for law, keys in (
        (GaussianFeatures, {}),
        (RademacherFeatures, {}),
        (UniformFeatures, {}),
        (StudentTFeatures, {"degrees_of_freedom": (float, ...)}),
        (EllipticalFeatures, {"values": (_Numbers, ...), "probabilities": (_Numbers, ...)}),
    )
}


def read_fields(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a setting file, and return the fields of its `Setting`.

    Parameters
    ----------
    path : str or path-like
        A TOML file of at most 1 MB; the files it names are looked up relative to it.

    Returns
    -------
    dict

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
    ...     read_fields(file)
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: test_samples: a missing value is not valid; this key is
    required
    """
    file = Path(path)
    try:
        return fields_of_table(parse_toml(file), file.parent)
    except (MemoryError, RecursionError) as error:
        raise SettingFileError(str(file), "too large or too deeply nested") from error


def fields_of_table(
    table: _Table, folder: Path, covariance: CovarianceReader | None = None
) -> dict[str, Any]:
    """Return the fields of the `Setting` that a parsed file describes.

    Parameters
    ----------
    table : dict
    folder : pathlib.Path
        Where the files that it names are looked up.
    covariance : callable, optional
        Stands in for `read_covariance`, to read a table that many settings share only once.

    Raises
    ------
    SettingFileError
        If a file that it names is missing, unreadable, malformed or too large.
    InvalidSettingError
        If a key is unknown or missing, or a value is not valid.

    Examples
    --------
    >>> fields_of_table({"context_length": 40}, Path())
    Traceback (most recent call last):
    ttt_theory.errors.InvalidSettingError: test_samples: a missing value is not valid; this key is
    required
    """
    read = read_covariance if covariance is None else covariance
    values = checked_table(table, _SETTING, "")
    feature_covariance = read(values["feature_covariance"], "feature_covariance", folder)
    return {
        "context_length": values["context_length"],
        "test_samples": values["test_samples"],
        "feature_covariance": feature_covariance,
        "task_covariance": read(values["task_covariance"], "task_covariance", folder),
        "task": _task(values["task"], feature_covariance.dim, folder, read),
        "noise_variance": values["noise_variance"],
        "initialization": _initialization(values["initialization"], folder),
        "pretraining": _pretraining(values["pretraining"], folder, read),
        "evaluation": values["evaluation"],
        "step_rule": values["step_rule"],
        "feature_law": _feature_law(values["feature_law"]),
    }


def checked_table(table: _Table, model: _Model, path: str) -> _Table:
    """Return the values of a table after a check of its keys and their types, defaults filled."""
    for key, value in table.items():
        # A misspelt key is both unknown and missing; the first says more.
        if key not in model.model_fields:
            name = "this key" if str(key).isascii() else f"this key, {key!a},"
            known = ", ".join(model.model_fields)
            remedy = f"{name} is unknown, the known ones are {known}"
            raise InvalidSettingError(f"{path}.{key}".lstrip("."), unshown(value), remedy)
    try:
        return dict(model.model_validate(table))
    except pydantic.ValidationError as validation_error:
        error = validation_error.errors(include_url=False, include_context=False)[0]
        value, remedy = error["input"], error["msg"].replace("Input should be", "give")
        if error["type"] == "missing":
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
        remedy = f"give one of {', '.join(known)}"
        if isinstance(kind, str) and not kind.isascii():
            remedy += f"; {kind!a} has letters that may look like others"
        raise InvalidSettingError(f"{path}.kind", kind, remedy)
    return kind


class _Budget:
    """The bytes that the array files of one covariance, its parts included, may still take."""

    def __init__(self) -> None:
        self.left = LARGEST_ARRAY_FILE


def read_covariance(
    table: _Table, path: str, folder: Path, kinds: _Kinds | None = None
) -> Covariance:
    """Return the covariance that a table describes, of the registered kinds or the given ones."""
    return _covariance(
        table, path, folder, covariance_kinds() if kinds is None else kinds, _Budget()
    )


def _covariance(
    table: _Table, path: str, folder: Path, classes: _Kinds, budget: _Budget
) -> Covariance:
    covariance_class = classes[_kind(table, sorted(classes), path)]
    keys = _covariance_keys(covariance_class)
    values = checked_table(table, keys.model, path)
    del values["kind"]
    if keys.from_file is not None:
        file, header = values.pop("file"), values.pop("header")
        if file is not None:
            array = _array(file, header, path, folder, ndim=2, largest=budget.left)
            budget.left -= array.nbytes
            values[keys.from_file] = array
        elif header is not None:
            remedy = "give a file, too, or leave it out"
            raise InvalidSettingError(f"{path}.header", header, remedy)
    for name in keys.lists_of_covariances:
        values[name] = tuple(
            _covariance(part, f"{path}.{name}[{index}]", folder, classes, budget)
            for index, part in enumerate(values[name])
        )
    try:
        return covariance_class(**values)
    except InvalidSettingError as error:
        if error.field == keys.from_file:
            error = InvalidSettingError("file", error.value, error.remedy)
        raise error.within(path) from None
    except (ValueError, ArithmeticError) as error:
        # A class from elsewhere need not know the exceptions of this package.
        raise InvalidSettingError(path, table, str(error)) from error


class _CovarianceKeys(NamedTuple):
    """The keys of a covariance table, and the fields that are not simply their values."""

    model: _Model
    from_file: str | None
    lists_of_covariances: tuple[str, ...]


@functools.cache
def _covariance_keys(covariance_class: type[Covariance]) -> _CovarianceKeys:
    hints = typing.get_type_hints(covariance_class)
    keys: dict[str, Any] = {"kind": (str, ...)}
    from_file, lists_of_covariances = None, []
    for field in dataclasses.fields(typing.cast("Any", covariance_class)):
        default = _default(field)
        if field.metadata.get("from_file"):
            from_file = field.name
            keys |= _FILE | {"file": (str, ... if default is ... else None)}
        elif field.init:
            keys[field.name] = (_toml_type(hints[field.name]), default)
            if hints[field.name] == tuple[Covariance, ...]:
                lists_of_covariances.append(field.name)
    return _CovarianceKeys(table_model(**keys), from_file, tuple(lists_of_covariances))


def _toml_type(hint: Any) -> Any:
    """Return the type that TOML gives for a field of another type."""
    if hint == tuple[Covariance, ...]:
        return _Tables
    origin = typing.get_origin(hint)
    if origin is np.ndarray:
        return _Numbers
    if origin is tuple:
        # TOML has lists only; what is in them stays strict.
        return Annotated[hint, pydantic.Strict(False)]
    return hint


def _default(field: dataclasses.Field[Any]) -> Any:
    # A class that was sent to this process as its source has another instance of MISSING.
    missing = type(dataclasses.MISSING)
    factory: Any = field.default_factory
    if not isinstance(factory, missing):
        return factory()
    return ... if isinstance(field.default, missing) else field.default


def _task(table: _Table, dim: int, folder: Path, read: CovarianceReader) -> FloatArray | RandomTask:
    kind = _kind(table, _TASK_KINDS, "task")
    values = checked_table(table, _TASK_KINDS[kind], "task")
    if kind == "random":
        covariance = read(values["covariance"], "task.covariance", folder)
        try:
            return RandomTask(values["mean"], covariance)
        except InvalidSettingError as error:
            raise error.within("task") from None
    task = np.ones(dim)
    if kind == "vector":
        task = np.array(values["values"], dtype=np.float64)
    elif kind == "axis":
        index = checked_integer("task.index", values["index"], 0, dim - 1)
        task = np.zeros(dim)
        task[index] = 1.0
    elif kind == "file":
        task = _array(values["file"], values["header"], "task", folder, ndim=1, entries=dim)
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
    kind = _kind(table, _INITIALIZATION_KINDS, "initialization")
    values = checked_table(table, _INITIALIZATION_KINDS[kind], "initialization")
    if kind == "zero":
        return ZeroWeights()
    if kind == "dense":
        matrix = _array(values["file"], values["header"], "initialization", folder, ndim=2)
        try:
            return DenseWeights(matrix)
        except InvalidSettingError as error:
            field = "initialization.file"
            raise InvalidSettingError(field, error.value, error.remedy) from None
    return PretrainedWeights(values.get("factor", 1.0))


def _pretraining(table: _Table, folder: Path, read: CovarianceReader) -> Pretraining:
    values = checked_table(table, _PRETRAINING, "pretraining")
    covariance = values["feature_covariance"]
    if covariance is not None:
        path = "pretraining.feature_covariance"
        values["feature_covariance"] = read(covariance, path, folder)
    try:
        return Pretraining(**values)
    except InvalidSettingError as error:
        raise error.within("pretraining") from None


def _feature_law(table: _Table) -> FeatureLaw:
    law, model = _FEATURE_LAWS[_kind(table, _FEATURE_LAWS, "feature_law")]
    values = checked_table(table, model, "feature_law")
    del values["kind"]
    try:
        return law(**values)
    except InvalidSettingError as error:
        raise error.within("feature_law") from None


def _array(
    name: str,
    header: bool | None,
    path: str,
    folder: Path,
    ndim: int,
    largest: int = LARGEST_ARRAY_FILE,
    entries: int | None = None,
) -> FloatArray:
    try:
        return read_array(folder / name, ndim, largest, header, entries)
    except SettingFileError as error:
        raise error.within(f"{path}.file") from None
