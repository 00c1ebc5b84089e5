"""Setting files with changes at random: read as they are, or refused in one line."""

import copy
import math

from hypothesis import given
from hypothesis import strategies as st

from tests.linear.setting.tables import (
    accepts_or_names,
    check,
    nested,
    read,
    toml_lines,
)

COVARIANCE_TABLES = [
    {"kind": "isotropic", "dim": 2, "scale": 2.0},
    {"kind": "diagonal", "values": [1.0, 0.5]},
    {"kind": "power_law", "dim": 2, "exponent": 1.5},
    {"kind": "spiked", "dim": 2, "spikes": [3.0]},
    {"kind": "ar1", "dim": 2, "rho": -0.5},
    {"kind": "equicorrelated", "dim": 2, "rho": 0.5},
    {"kind": "dense", "file": "sigma.csv"},
    {"kind": "empirical", "file": "samples.csv", "header": True},
    {"kind": "test_foreign", "dim": 2, "weights": [1.0, 2.0]},
    {"kind": "spiked", "dim": 2, "spikes": [-0.5], "file": "row.csv"},
    {"kind": "factor_model", "values": [1.0, 0.0], "file": "samples.T.csv"},
    {"kind": "block_diagonal", "blocks": [{"kind": "isotropic", "dim": 1}] * 2, "scale": 2.0},
    nested({"kind": "block_diagonal", "blocks": [{"kind": "ar1", "dim": 2, "rho": 0.5}]}),
]
TASK_TABLES = [
    {"kind": "ones", "norm": 1.0},
    {"kind": "vector", "values": [1.0, -2.0]},
    {"kind": "axis", "index": 1},
    {"kind": "file", "file": "beta.npy"},
]
INITIALIZATION_TABLES = [
    {"kind": "zero"},
    {"kind": "pretrained"},
    {"kind": "scaled_pretrained", "factor": 0.5},
    {"kind": "dense", "file": "sigma.npy"},
]
NUMBERS = st.sampled_from(
    [0, -1, 1, 3, 10**7 + 1, 2**63, 10**400, 0.0, -0.0, 0.5, 1e308, -1e308, 1e-320, 1e999, math.nan]
)
NAMES = st.sampled_from(
    [
        *["kind", "dim", "scale", "file", "values", "norm", "task", "ones", "dense"],
        *[
            "nowhere.csv",
            "beta.npy",
            "sigma.csv",
            "samples.csv",
            "..",
            "",
            "\n",
            "\x1b[2J",
            "x" * 999,
        ],
    ]
)
VALUES = st.recursive(
    NUMBERS | NAMES | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def valid_tables():
    covariances = st.sampled_from(COVARIANCE_TABLES)
    pretraining = {
        "context_length": st.integers(1, 9),
        "noise_variance": st.floats(0.0, 2.0),
        "feature_covariance": covariances,
    }
    return st.fixed_dictionaries(
        {
            "context_length": st.integers(1, 9),
            "test_samples": st.integers(1, 9),
            "feature_covariance": covariances,
            "task_covariance": covariances,
            "task": st.sampled_from(TASK_TABLES),
            "initialization": st.sampled_from(INITIALIZATION_TABLES),
        },
        optional={
            "noise_variance": st.floats(0.0, 2.0),
            "pretraining": st.fixed_dictionaries({}, optional=pretraining),
        },
    ).map(copy.deepcopy)


def tables_within(table):
    yield table
    for value in table.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from tables_within(inner)


@st.composite
def mutated_tables(draw):
    """Delete, rename, retype, move or swap a few keys of a valid table."""
    table = draw(valid_tables())
    for _ in range(draw(st.integers(1, 3))):
        inner = draw(st.sampled_from([inner for inner in tables_within(table) if inner]))
        key = draw(st.sampled_from(sorted(inner)))
        match draw(st.sampled_from(["delete", "rename", "replace", "replace", "add", "swap"])):
            case "delete":
                del inner[key]
            case "rename":
                inner[draw(NAMES)] = inner.pop(key)
            case "replace":
                inner[key] = draw(VALUES)
            case "add":
                inner[draw(NAMES)] = copy.deepcopy(draw(st.sampled_from([inner, inner[key]])))
            case "swap":
                other = draw(st.sampled_from(sorted(inner)))
                inner[key], inner[other] = inner[other], inner[key]
        if not table:
            break
    return table


@st.composite
def mutated_contents(draw):
    """Cut, repeat or overwrite bytes and lines of a valid file."""
    lines = toml_lines(draw(valid_tables()))
    if draw(st.booleans()):
        line = draw(st.sampled_from(lines))
        lines.insert(draw(st.integers(0, len(lines))), line)
    if draw(st.booleans()):
        lines = draw(st.permutations(lines))
    content = "\n".join(lines).encode()
    if draw(st.booleans()):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 20)))
        garbage = st.binary(max_size=8) | st.text("[]{}='\"#.-+e_0 \n", max_size=8).map(str.encode)
        content = content[:start] + draw(garbage) + content[end:]
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    return content


@given(valid_tables())
def test_valid_tables_are_accepted(folder, table):
    check(read(folder, table))


@given(mutated_tables())
def test_mutated_tables_are_rejected_in_one_line_or_sound(folder, table):
    accepts_or_names(folder, table)


@given(mutated_contents())
def test_mutated_files_are_rejected_in_one_line_or_sound(folder, content):
    accepts_or_names(folder, content)
