"""Tables of setting files, what is read of them, and what a fault has to look like."""

import copy
import dataclasses
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ttt_theory.checks import FloatArray
from ttt_theory.covariance import (
    Covariance,
    check_covariance_matrix,
    register_covariance,
)
from ttt_theory.errors import InvalidSettingError, SettingFileError
from ttt_theory.linear.setting.setting import Setting

EXAMPLES = Path(__file__).parents[3] / "examples"
VALID = {
    "context_length": 4,
    "test_samples": 2,
    "feature_covariance": {"kind": "isotropic", "dim": 2},
    "task_covariance": {"kind": "isotropic", "dim": 2},
    "task": {"kind": "ones"},
    "initialization": {"kind": "pretrained"},
}
SAMPLES = [[1.0, 2.0], [3.0, 5.0], [4.0, 0.5]]
SIGMA = [[2.0, 0.5], [0.5, 1.0]]


def toml_value(value):
    match value:
        case bool():
            return str(value).lower()
        case int():
            return hex(value) if value > 2**63 else str(value)
        case str():
            return '"' + "".join(f"\\U{ord(letter):08x}" for letter in value) + '"'
        case list():
            return "[" + ", ".join(map(toml_value, value)) + "]"
        case dict():
            pairs = (f"{toml_value(key)} = {toml_value(entry)}" for key, entry in value.items())
            return "{" + ", ".join(pairs) + "}"
        case _:
            return repr(value)


def toml_lines(table, path=()):
    """Write a table as TOML, one key a line, its sub-tables after it."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"[{'.'.join(map(toml_value, path))}]"] if path else []
    lines += [f"{toml_value(key)} = {toml_value(value)}" for key, value in plain.items()]
    for key in table.keys() - plain.keys():
        lines += toml_lines(table[key], (*path, key))
    return lines


def read(folder, table):
    """Read a setting from a table, or from the very content of a file."""
    content = table
    if isinstance(table, dict):
        content = "\n".join(toml_lines(table)).encode()
    file = folder / "setting.toml"
    file.write_bytes(content)
    return Setting.from_toml(file)


def read_covariance(folder, **table):
    return read(folder, VALID | {"feature_covariance": table}).feature_covariance


def array_of(covariance):
    matrix = covariance.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


@register_covariance("test_foreign")
@dataclass(frozen=True)
class Foreign(Covariance):
    """A covariance as a user may write it, knowing nothing of this package's checks."""

    dim: int
    weights: tuple[float, ...]
    label: str = "plain"
    offsets: FloatArray = dataclasses.field(default_factory=list)

    def __post_init__(self):
        if self.label == "bad":
            raise ValueError("a label must be good")

    def matrix(self):
        return np.diag(self.weights)


def changed(path, value):
    """Return the valid table with one value set, or removed if it is None."""
    table = copy.deepcopy(VALID)
    *parents, last = path.split(".")
    inner = table
    for parent in parents:
        inner = inner.setdefault(parent, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return table


ISOTROPIC = {"kind": "isotropic", "dim": 2}
FOREIGN = {"kind": "test_foreign", "dim": 2, "weights": [1.0, 2.0]}


def nested(inner):
    return {"kind": "kronecker", "factors": [{"kind": "isotropic", "dim": 1}, inner]}


def fault(folder, table):
    """Return the exception that reading raises, after a look at its form."""
    with pytest.raises((InvalidSettingError, SettingFileError)) as caught:
        read(folder, table)
    check_form(caught.value)
    return caught.value


def check_form(error):
    message = str(error)
    assert message.isprintable()
    assert 0 < len(message) < 1200
    if re.fullmatch(r"[\w.\[\]]{,100}", error.field):
        assert message.startswith(error.field)


def check(setting):
    """Check that what was accepted is as good as one made by hand."""
    d = setting.dim
    assert setting.task.shape == (d,)
    assert np.isfinite(setting.task).all()
    assert math.isfinite(setting.noise_variance)
    assert setting.noise_variance >= 0.0
    for covariance in [
        setting.feature_covariance,
        setting.task_covariance,
        setting.pretraining.feature_covariance,
    ]:
        assert covariance.dim == d
        # A mutation may turn the dimension into one whose eigenvalues take minutes.
        if d <= 200:
            check_covariance_matrix("matrix", covariance.matrix(), d)


def accepts_or_names(folder, table):
    try:
        setting = read(folder, table)
    except (InvalidSettingError, SettingFileError) as error:
        check_form(error)
    else:
        check(setting)
