"""The grid of a sweep: which fields of a setting vary, and which of them together."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttt_theory.checks import checked_integer, checked_number
from ttt_theory.errors import MISSING, InvalidSettingError, told_apart
from ttt_theory.linear.setting.file import checked_table, table_model

__all__ = ["LARGEST_SWEEP", "Axis", "read_axes"]

LARGEST_SWEEP = 10_000_000
"""Largest number of settings in a sweep."""

_MOST_DIMENSIONS = 32  # of an array in HDF5
_LARGEST_WHOLE = 2**53
_ROUND_OFF = 1e-9
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_PLACE = re.compile(r"0|[1-9][0-9]{0,8}")
_RANGE = table_model(
    start=(Any, ...),
    stop=(Any, ...),
    num=(Any, None),
    step=(Any, None),
    spacing=(str, "linear"),
    round=(bool, False),
)


@dataclass(frozen=True)
class Axis:
    """One dimension of the grid, along which one or several fields vary together.

    Attributes
    ----------
    name : str
        Name of the dimension.
    fields : dict from str to list
        The values of each field, by its dotted path; all lists have one length.
    """

    name: str
    fields: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))


def read_axes(tables: list[Any], reserved: frozenset[str] = frozenset()) -> tuple[Axis, ...]:
    """Read the ``[[grid]]`` tables of a sweep file.

    Parameters
    ----------
    tables : list of dict
        Each maps fields to a list of values, or to a range ``{start, stop, num or step}`` whose
        ends both belong to it; `name` names the dimension.
    reserved : frozenset of str
        Names that no dimension may have.

    Returns
    -------
    tuple of Axis

    Raises
    ------
    InvalidSettingError
        If a table has no values, lists of unequal lengths or repeated values, two tables set the
        same field, or there are too many dimensions or settings.

    Examples
    --------
    >>> read_axes([{"context_length": {"start": 10, "stop": 40, "step": 10}}])
    (Axis(name='context_length', fields={'context_length': [10, 20, 30, 40]}),)
    """
    if len(tables) > _MOST_DIMENSIONS:
        raise InvalidSettingError("grid", len(tables), f"give at most {_MOST_DIMENSIONS} tables")
    axes: list[Axis] = []
    total = 1
    for position, table in enumerate(tables):
        place = f"grid[{position}]"
        if not isinstance(table, dict):
            raise InvalidSettingError(place, table, "give a table")
        axis = _read_axis(table, place, sum(len(each) * len(each.fields) for each in axes))
        _check_names(axis, axes, place, reserved)
        total *= len(axis)
        if total > LARGEST_SWEEP:
            raise InvalidSettingError("grid", total, f"give at most {LARGEST_SWEEP} settings")
        axes.append(axis)
    return tuple(axes)


def _read_axis(table: dict[str, Any], place: str, listed: int) -> Axis:
    fields: dict[str, list[Any]] = {}
    named = {key: value for key, value in table.items() if key != "name"}
    for path, leaf in _leaves(named, ""):
        field = f"{place}.{path}"
        if path in fields:
            raise InvalidSettingError(field, leaf, "this field is set twice")
        room = LARGEST_SWEEP - listed - sum(map(len, fields.values()))
        values = _values(leaf, field, room)
        length = len(next(iter(fields.values()), values))
        if len(values) != length:
            raise InvalidSettingError(
                field,
                leaf,
                f"the fields of one table vary together; give {length} values as for the first,"
                f" not {len(values)}, or a table of its own",
            )
        fields[path] = values
    if not fields:
        raise InvalidSettingError(place, table, "give at least one field with its values")
    if (
        len(set(zip(*(map(_comparable, values) for values in fields.values()), strict=True)))
        < length
    ):
        raise InvalidSettingError(place, next(iter(fields)), "give every value once")
    return Axis(_name(table.get("name", next(iter(fields))), place), fields)


def _comparable(value: Any) -> Any:
    """Return the same for values that mean the same: 1 and 1.0, tables in another order."""
    if isinstance(value, int | float):
        return value
    return json.dumps(value, sort_keys=True, default=str)


def _leaves(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield what is to vary with its dotted path: TOML reads ``a.b = [...]`` as a nested table."""
    for key, value in table.items():
        if isinstance(value, dict) and value and not {"start", "stop"} & value.keys():
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _name(name: Any, place: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        remedy = "give at most 100 letters, digits, dots, dashes and underscores, a letter first"
        raise InvalidSettingError(f"{place}.name", name, remedy)
    return name


def _check_names(axis: Axis, others: list[Axis], place: str, reserved: frozenset[str]) -> None:
    taken = {path for other in others for path in other.fields}
    for path in axis.fields:
        for other in (*taken, *(axis.fields.keys() - {path})):
            if other == path or path.startswith(f"{other}."):
                raise InvalidSettingError(f"{place}.{path}", path, f"{other} is set already")
            if other.startswith(f"{path}."):
                raise InvalidSettingError(f"{place}.{path}", path, f"{other} is a part of it")
    names = {other.name for other in others} | taken | reserved
    if axis.name in names:
        remedy = "another dimension, field or result has this name; give one of its own"
        raise InvalidSettingError(f"{place}.name", axis.name, remedy)
    for path in axis.fields:
        if path in {other.name for other in others}:
            raise InvalidSettingError(f"{place}.{path}", path, "a dimension has this name")


def _values(leaf: Any, field: str, room: int) -> list[Any]:
    if isinstance(leaf, dict) and leaf:
        return _range(leaf, field, room)
    if not isinstance(leaf, list):
        raise InvalidSettingError(field, leaf, "give a list of values, or a range")
    if not 0 < len(leaf) <= room:
        raise InvalidSettingError(field, leaf, f"give from 1 to {max(room, 1)} values")
    return leaf


def _range(table: dict[str, Any], field: str, room: int) -> list[Any]:
    keys = checked_table(table, _RANGE, field)
    ends = [keys["start"], keys["stop"]]
    start, stop = (
        checked_number(f"{field}.{name}", keys[name], -_LARGEST_WHOLE, _LARGEST_WHOLE)
        if isinstance(keys[name], int)
        else checked_number(f"{field}.{name}", keys[name])
        for name in ("start", "stop")
    )
    if (keys["num"] is None) == (keys["step"] is None):
        value = MISSING if keys["num"] is None else keys["num"]
        raise InvalidSettingError(f"{field}.num", value, "give either num or step")
    if keys["spacing"] not in {"linear", "log"}:
        raise InvalidSettingError(f"{field}.spacing", keys["spacing"], "give linear or log")
    logarithmic = keys["spacing"] == "log"
    if logarithmic and min(start, stop) <= 0.0:
        raise InvalidSettingError(f"{field}.spacing", "log", "give start and stop above 0")
    if keys["step"] is not None:
        ends.append(keys["step"])
        if logarithmic:
            raise InvalidSettingError(f"{field}.step", keys["step"], "give num to a log spacing")
        count = _steps(start, stop, checked_number(f"{field}.step", keys["step"]), field, room)
    else:
        count = checked_integer(f"{field}.num", keys["num"], 2, max(room, 2))
        if count > room:
            raise InvalidSettingError(f"{field}.num", count, f"give at most {LARGEST_SWEEP} values")
    with np.errstate(all="ignore"):
        values = (np.geomspace if logarithmic else np.linspace)(start, stop, count)
    if not np.isfinite(values).all():
        raise InvalidSettingError(field, table, "give start and stop closer together")
    return _whole(values, keys["round"], table, field, all(isinstance(end, int) for end in ends))


def _steps(start: float, stop: float, step: float, field: str, room: int) -> int:
    steps = (stop - start) / step if step else np.nan
    if not 0.0 <= steps < room:
        raise InvalidSettingError(
            f"{field}.step", step, f"it must lead from start to stop in fewer than {room} steps"
        )
    if abs(steps - round(steps)) > _ROUND_OFF * max(1.0, steps):
        last, _ = told_apart(start + int(steps) * step, stop, digits=12)
        raise InvalidSettingError(
            f"{field}.stop", stop, f"give one that a step reaches, such as {last}"
        )
    return round(steps) + 1


def _whole(
    values: Any, rounded: bool, table: dict[str, Any], field: str, integers: bool
) -> list[Any]:
    """Return the values as integers if the ends are; which fields want them is theirs to say."""
    if not integers:
        if rounded:
            raise InvalidSettingError(f"{field}.round", True, "give start and stop as integers")
        found: list[Any] = values.tolist()
        return found
    whole = np.rint(values)
    error = np.abs(values - whole) / np.maximum(1.0, np.abs(values))
    if not rounded and error.max() > _ROUND_OFF:
        index = np.argmax(error > _ROUND_OFF)
        first, _ = told_apart(values[index], whole[index])
        raise InvalidSettingError(
            field,
            table,
            f"between start and stop it gives {first}; give another num, round = true, or write"
            f" {table['start']}.0 for a field that takes fractions",
        )
    return [int(value) for value in whole]


def point(axes: tuple[Axis, ...], index: int) -> dict[str, Any]:
    """Return the fields' values at a place of the grid, the last axis running fastest.

    Examples
    --------
    >>> axes = read_axes([{"context_length": [1, 2]}, {"test_samples": [3, 4, 5]}])
    >>> point(axes, 1)
    {'context_length': 1, 'test_samples': 4}
    """
    positions = []
    for axis in reversed(axes):
        index, position = divmod(index, len(axis))
        positions.append(position)
    return {
        path: values[position]
        for axis, position in zip(axes, reversed(positions), strict=True)
        for path, values in axis.fields.items()
    }


def placed(table: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of nested tables with the values at the dotted paths that name them.

    A whole number in a path is a place in a list; tables that are missing are made.

    Examples
    --------
    >>> placed({"task": {"kind": "ones"}, "test_samples": 4}, {"task.norm": 2.0})
    {'task': {'kind': 'ones', 'norm': 2.0}, 'test_samples': 4}
    """
    return functools.reduce(
        lambda node, item: _placed(node, item[0], item[0].split("."), item[1]),
        values.items(),
        table,
    )


def _placed(node: Any, path: str, parts: list[str], value: Any) -> Any:
    if not parts:
        return value
    first, *rest = parts
    if isinstance(node, dict):
        return {**node, first: _placed(node.get(first, {}), path, rest, value)}
    if isinstance(node, list) and _PLACE.fullmatch(first) and int(first) < len(node):
        position = int(first)
        inner = _placed(node[position], path, rest, value)
        return [*node[:position], inner, *node[position + 1 :]]
    raise InvalidSettingError(path, value, f"there is no table or list that holds {first!r}")
