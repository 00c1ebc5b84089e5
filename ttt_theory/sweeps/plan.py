"""The plan of a sweep: a sweep file's content, and the setting at every place of its grid."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ttt_theory.checks import checked_integer, checked_number
from ttt_theory.covariance import covariance_kinds
from ttt_theory.errors import InvalidSettingError, SettingFileError
from ttt_theory.files.toml_file import parse_toml
from ttt_theory.linear.monte_carlo import METHODS
from ttt_theory.linear.setting.array_file import LARGEST_ARRAY_FILE
from ttt_theory.linear.setting.file import (
    checked_table,
    fields_of_table,
    read_covariance,
    table_model,
)
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.sweeps.columns import NAMES
from ttt_theory.sweeps.grid import Axis, placed, point, read_axes

if TYPE_CHECKING:
    from ttt_theory.covariance import Covariance

__all__ = ["Plan", "Simulation", "read_plan"]

_SWEEP = table_model(
    setting=(dict[str, Any], ...), grid=(list[Any], []), simulation=(dict[str, Any], None)
)
_SIMULATION = table_model(
    prompts=(int, ...), method=(str, "conditional"), seed=(int, 0), step_size=(float, None)
)
_MOST_PROMPTS = 10**12
_LARGEST_SEED = 2**128 - 1
# More than one setting holds: its equal tables are one object, whatever was read before.
_COVARIANCES_KEPT = 8


@dataclass(frozen=True)
class Simulation:
    """How each setting is simulated.

    Attributes
    ----------
    prompts : int
        Number of independent prompts of each setting.
    method : str
        Of `ttt_theory.simulate`.
    seed : int
        Of all random numbers; each setting has a child of its own.
    step_size : float or None
        That of every setting; None for the exact optimum of each.
    """

    prompts: int
    method: str
    seed: int
    step_size: float | None


class Plan:
    """A grid of settings.

    Parameters
    ----------
    content : dict
        The tables `setting`, `grid` and, if there is to be one, `simulation`, as TOML gives them.
    folder : pathlib.Path
        Where the files that they name are looked up.
    kinds : mapping from str to type, optional
        The covariance kinds that they may name; the registered ones if not given.

    Raises
    ------
    InvalidSettingError
        If a key is unknown, or the grid or the simulation not valid.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        folder: Path,
        kinds: Mapping[str, type[Covariance]] | None = None,
    ) -> None:
        self.text = as_text(dict(content))
        tables = checked_table(dict(content), _SWEEP, "")
        self.content = dict(content)
        self.folder = folder
        self.kinds = covariance_kinds() if kinds is None else kinds
        self.axes: tuple[Axis, ...] = read_axes(tables["grid"], reserved=NAMES)
        self.simulation = _simulation(tables["simulation"])
        self._base = tables["setting"]
        self._covariances: dict[str, Covariance] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of settings along each dimension."""
        return tuple(map(len, self.axes))

    def __len__(self) -> int:
        length = 1
        for axis in self.axes:
            length *= len(axis)
        return length

    def setting(self, index: int) -> Setting:
        """Return the setting at a place of the grid, the last dimension running fastest.

        Raises
        ------
        InvalidSettingError, SettingFileError
            If it is not valid; the message names the place.
        """
        values = point(self.axes, index)
        try:
            fields = fields_of_table(placed(self._base, values), self.folder, self._covariance)
            return Setting(**fields)
        except (InvalidSettingError, SettingFileError) as error:
            raise self.located(error, index) from None

    def check(self) -> Iterator[int]:
        """Check every setting, and yield how many have passed.

        Raises
        ------
        InvalidSettingError, SettingFileError
            If one is not valid.
        """
        for index in range(len(self)):
            self.setting(index)
            yield index + 1

    def located(
        self, error: InvalidSettingError | SettingFileError, index: int
    ) -> InvalidSettingError | SettingFileError:
        """Return the same error with the place of the grid added to its message."""
        values = point(self.axes, index)
        place = ", ".join(f"{path} = {as_text(value)}" for path, value in values.items())
        if not place:
            return error
        if isinstance(error, InvalidSettingError):
            return InvalidSettingError(error.field, error.value, f"{error.remedy} (at {place})")
        return SettingFileError(error.file, f"{error.reason} (at {place})", error.field)

    def fingerprint(self) -> str:
        """Return a digest of all that is asked for: no name of a folder, nor who computes it."""
        parts = {
            "content": self.text,
            "files": {name: _digest(self.folder / name) for name in sorted(self._files())},
            "kinds": {
                kind: _source(self.kinds[kind])
                for kind in sorted(self.kinds.keys() & set(_texts(self.content)))
            },
            "results": sorted(NAMES),
        }
        return hashlib.sha256(as_text(parts).encode()).hexdigest()

    def _files(self) -> set[str]:
        """Return every text that names a file, in whatever key; a chance match does no harm."""
        found = set()
        for text in _texts(self.content):
            # Not every text can be a path.
            with contextlib.suppress(OSError, ValueError):
                if (self.folder / text).is_file():
                    found.add(text)
        return found

    def _covariance(self, table: dict[str, Any], path: str, folder: Path) -> Covariance:
        key = as_text(table)
        covariance = self._covariances.pop(key, None)
        if covariance is None:
            covariance = read_covariance(table, path, folder, self.kinds)
        self._covariances[key] = covariance
        if len(self._covariances) > _COVARIANCES_KEPT:
            del self._covariances[next(iter(self._covariances))]
        return covariance


def read_plan(source: str | os.PathLike[str] | Mapping[str, Any], seed: int | None = None) -> Plan:
    """Read a sweep file, or the tables that one would hold.

    Parameters
    ----------
    source : path or mapping
        A TOML file of at most 1 MB, or the tables `setting`, `grid` and `simulation`; the files
        that they name are looked up relative to the file, or to the current folder. In tables,
        tuples, ranges and NumPy arrays do as lists, and NumPy's numbers as Python's.
    seed : int, optional
        Replaces the simulation's.

    Raises
    ------
    SettingFileError
        If the file is missing, unreadable, malformed or too large.
    InvalidSettingError
        If the grid or the simulation is not valid.

    Examples
    --------
    >>> plan = read_plan({"setting": {}, "grid": [{"context_length": [1, 2, 3]}]})
    >>> len(plan), plan.shape
    (3, (3,))
    """
    try:
        if isinstance(source, Mapping):
            content, folder = _plain(source), Path()
        elif not isinstance(source, str | os.PathLike):
            remedy = "give a sweep file, or the tables that one would hold"
            raise InvalidSettingError("sweep", source, remedy)
        else:
            file = Path(source)
            content, folder = parse_toml(file), file.parent
        if seed is not None and isinstance(content.get("simulation"), Mapping):
            content = {**content, "simulation": {**content["simulation"], "seed": seed}}
        return Plan(content, folder)
    except (MemoryError, RecursionError) as error:
        name = "sweep" if isinstance(source, Mapping) else str(source)
        raise SettingFileError(name, "too large or too deeply nested") from error


def _plain(value: Any) -> Any:
    """Return what Python code gives as what a TOML file would hold."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [_plain(inner) for inner in value]
    return value


def _simulation(table: dict[str, Any] | None) -> Simulation | None:
    if table is None:
        return None
    values = checked_table(table, _SIMULATION, "simulation")
    if values["method"] not in METHODS:
        remedy = f"give one of {', '.join(METHODS)}"
        raise InvalidSettingError("simulation.method", values["method"], remedy)
    step_size = values["step_size"]
    return Simulation(
        prompts=checked_integer("simulation.prompts", values["prompts"], 1, _MOST_PROMPTS),
        method=values["method"],
        seed=checked_integer("simulation.seed", values["seed"], 0, _LARGEST_SEED),
        step_size=None if step_size is None else checked_number("simulation.step_size", step_size),
    )


def as_text(value: Any) -> str:
    """Return what TOML gave as JSON in one form, dates as texts.

    Raises
    ------
    InvalidSettingError
        If it holds what cannot be written, such as an integer of thousands of digits.

    Examples
    --------
    >>> as_text({"b": 1, "a": [0.5, "β"]})
    '{"a": [0.5, "β"], "b": 1}'
    """
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        text.encode()
    except ValueError as error:
        remedy = "give shorter integers, and texts without surrogates"
        raise InvalidSettingError("sweep", value, remedy) from error
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _source(covariance_class: type[Covariance]) -> str:
    """Return the text of a class that is not of this package, where Python can find it."""
    if not covariance_class.__module__.startswith("ttt_theory."):
        with contextlib.suppress(OSError, TypeError):
            return inspect.getsource(covariance_class)
    return ""


def _digest(file: Path) -> str:
    try:
        status = file.stat()
        if status.st_size > LARGEST_ARRAY_FILE:
            # No setting has it read by this package, only a class of one's own.
            return f"{status.st_size} bytes of {status.st_mtime_ns}"
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SettingFileError(str(file), f"cannot be read: {error.strerror}") from error
