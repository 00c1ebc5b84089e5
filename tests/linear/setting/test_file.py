"""Setting files: every kind is read, every fault is one line that names the field."""

import copy
import dataclasses
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ttt_theory.checks import FloatArray
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Covariance,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
    check_covariance_matrix,
    register_covariance,
)
from ttt_theory.errors import InvalidSettingError, SettingFileError
from ttt_theory.linear.setting.array_file import LARGEST_ARRAY_FILE
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights, PretrainedWeights, ZeroWeights

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


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with the array files that the settings below name."""
    folder = tmp_path_factory.mktemp("settings")
    np.save(folder / "sigma.npy", SIGMA)
    np.save(folder / "samples.npy", np.asfortranarray(SAMPLES, dtype=np.float32))
    np.save(folder / "beta.npy", np.array([3, 4]))
    (folder / "sigma.csv").write_text("2,0.5\n0.5,1\n")
    (folder / "samples.csv").write_text(
        '\ufeff"first, one",second\r\n1,2\r\n3,5\r\n4,0.5\r\n', "utf-8"
    )
    (folder / "samples.T.csv").write_text("1,3,4\n2,5,0.5\n")
    (folder / "row.csv").write_text("3,4\n")
    (folder / "column.csv").write_text("beta\n3\n4\n")
    return folder


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


@pytest.mark.parametrize("scale", [{}, {"scale": 2}])
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"kind": "isotropic", "dim": 2}, Isotropic(2)),
        ({"kind": "diagonal", "values": [1, 0.5]}, Diagonal([1.0, 0.5])),
        ({"kind": "power_law", "dim": 2, "exponent": 1}, PowerLaw(2, 1.0)),
        ({"kind": "spiked", "dim": 2, "spikes": [3]}, Spiked(2, [3.0])),
        ({"kind": "ar1", "dim": 2, "rho": -1}, AR1(2, -1.0)),
        ({"kind": "equicorrelated", "dim": 2, "rho": 0.5}, Equicorrelated(2, 0.5)),
        ({"kind": "dense", "file": "sigma.npy"}, Dense(SIGMA)),
        ({"kind": "dense", "file": "sigma.csv"}, Dense(SIGMA)),
        ({"kind": "empirical", "file": "samples.npy"}, Empirical(SAMPLES)),
        ({"kind": "empirical", "file": "samples.csv"}, Empirical(SAMPLES)),
        (
            {"kind": "spiked", "dim": 2, "spikes": [3], "file": "row.csv"},
            Spiked(2, [3.0], [[3, 4]]),
        ),
        (
            {"kind": "factor_model", "values": [1, 0.5], "file": "samples.T.csv"},
            FactorModel([1.0, 0.5], np.transpose(SAMPLES)),
        ),
        (
            {"kind": "kronecker", "factors": [{"kind": "dense", "file": "sigma.csv", "scale": 3}]},
            Kronecker([Dense(SIGMA, scale=3.0)]),
        ),
        (
            {
                "kind": "block_diagonal",
                "blocks": [
                    {"kind": "isotropic", "dim": 1},
                    {"kind": "kronecker", "factors": [{"kind": "isotropic", "dim": 1}]},
                ],
            },
            BlockDiagonal([Isotropic(1), Kronecker([Isotropic(1)])]),
        ),
    ],
)
def test_every_covariance_kind_is_read(folder, table, expected, scale):
    covariance = read_covariance(folder, **table, **scale)
    assert type(covariance) is type(expected)
    np.testing.assert_array_equal(
        array_of(covariance), scale.get("scale", 1.0) * array_of(expected)
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"kind": "ones"}, [1.0, 1.0]),
        ({"kind": "ones", "norm": 2}, [math.sqrt(2.0)] * 2),
        ({"kind": "vector", "values": [3, 4.0]}, [3.0, 4.0]),
        ({"kind": "vector", "values": [3, 4.0], "norm": 1.0}, [0.6, 0.8]),
        ({"kind": "vector", "values": [3e300, 4e300], "norm": 10.0}, [6.0, 8.0]),
        ({"kind": "vector", "values": [0, 0], "norm": 0.0}, [0.0, 0.0]),
        ({"kind": "vector", "values": [3, 4], "norm": 0.0}, [0.0, 0.0]),
        ({"kind": "axis", "index": 1}, [0.0, 1.0]),
        ({"kind": "axis", "index": 0, "norm": 5}, [5.0, 0.0]),
        *[
            ({"kind": "file", "file": file}, [3.0, 4.0])
            for file in ["beta.npy", "row.csv", "column.csv"]
        ],
    ],
)
def test_every_task_kind_is_read(folder, table, expected):
    np.testing.assert_allclose(read(folder, VALID | {"task": table}).task, expected, rtol=1e-15)


def test_every_initialization_is_read(folder):
    def initialization(**table):
        return read(folder, VALID | {"initialization": table}).initialization

    assert initialization(kind="zero") == ZeroWeights()
    assert initialization(kind="pretrained") == PretrainedWeights()
    assert initialization(kind="scaled_pretrained", factor=-2) == PretrainedWeights(-2.0)
    weights = initialization(kind="dense", file="sigma.csv")
    assert isinstance(weights, DenseWeights)
    np.testing.assert_array_equal(weights.matrix, SIGMA)


def test_pretraining_is_read_or_as_at_test_time(folder):
    without = read(folder, VALID | {"noise_variance": 1})
    assert without.pretraining.noise_variance == 1.0
    assert without.pretraining.context_length == 4
    table = {"context_length": 9, "feature_covariance": {"kind": "ar1", "dim": 2, "rho": 0.5}}
    given = read(folder, VALID | {"pretraining": table})
    assert given.pretraining.context_length == 9
    assert given.pretraining.noise_variance == 0.0
    assert given.pretraining.feature_covariance == AR1(2, 0.5)


def test_header_says_whether_the_first_line_of_any_file_is_data(folder):
    """Whole numbers above decimals are refused until the key beside the file tells."""
    (folder / "doubtful.csv").write_text("1,2\n2.5,0.25\n0.25,0.5\n")
    (folder / "column.csv").write_text("2019\n0.5\n1.5\n")
    factors = {"kind": "factor_model", "file": "doubtful.csv", "values": [1, 1]}
    spiked = {"kind": "spiked", "dim": 2, "file": "doubtful.csv", "spikes": [1, 1, 1]}
    for path, table, true, false in [
        ("feature_covariance", {"kind": "empirical", "file": "doubtful.csv"}, True, True),
        ("task_covariance", {"kind": "dense", "file": "doubtful.csv"}, True, "give a 3 x 3"),
        ("feature_covariance", factors, True, "give 2 rows"),
        ("feature_covariance", spiked | {"spikes": [1, 1]}, True, "give 2 rows"),
        (
            "pretraining.feature_covariance",
            {"kind": "block_diagonal", "blocks": [{"kind": "dense", "file": "doubtful.csv"}]},
            True,
            "give a 3 x 3",
        ),
        ("initialization", {"kind": "dense", "file": "doubtful.csv"}, True, "square"),
        ("task", {"kind": "file", "file": "column.csv"}, True, "give 2 numbers"),
    ]:
        inner = table["blocks"][0] if "blocks" in table else table
        inner.pop("header", None)
        error = fault(folder, changed(path, table))
        assert "line 1: numbers that may be names" in str(error)
        assert "write header = true beside file" in str(error)
        for header, expected in [(True, true), (False, false)]:
            inner["header"] = header
            if expected is True:
                assert read(folder, changed(path, table)).dim == 2
            else:
                assert expected in str(fault(folder, changed(path, table)))
    table = {"kind": "empirical", "file": "doubtful.csv"}
    rows = [[1, 2], [2.5, 0.25], [0.25, 0.5]]
    for header in (True, False):
        samples = read_covariance(folder, **table, header=header).samples
        np.testing.assert_array_equal(samples, rows[header:])
    (folder / "column.csv").write_text("beta\n3\n4\n")


def test_a_task_of_as_many_numbers_as_dimensions_has_no_header(folder):
    (folder / "powers.csv").write_text("1\n0.5\n")
    task = {"kind": "file", "file": "powers.csv"}
    np.testing.assert_array_equal(read(folder, changed("task", task)).task, [1.0, 0.5])
    table = changed("task", task) | {"feature_covariance": {"kind": "isotropic", "dim": 1}}
    assert "may be names" in str(fault(folder, table))


def test_a_matrix_may_be_without_header_and_of_no_csv(folder):
    table = {"kind": "dense", "file": "sigma.npy", "header": False}
    np.testing.assert_array_equal(array_of(read_covariance(folder, **table)), SIGMA)


def test_what_an_unknown_key_holds_is_not_told(folder):
    for value in ("hunter2", ["hunter2"], {"token": "hunter2"}):
        error = fault(folder, changed("password", value))
        assert error.field == "password"
        assert "hunter2" not in str(error)
        assert "unknown" in str(error)
    assert "contxt_length: 40 is not valid" in str(fault(folder, changed("contxt_length", 40)))


def test_letters_that_look_like_others_are_told(folder):
    error = fault(folder, changed("feature_covariance.kind", "is\u043etropic"))
    assert "'is\\u043etropic' has letters that may look like others" in str(error)
    assert "'t\\u0430sk'" in str(fault(folder, changed("t\u0430sk", 1)))


def test_relative_files_are_looked_up_beside_the_setting_file(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    read_covariance(folder, kind="dense", file="sigma.csv")
    read_covariance(folder, kind="dense", file=str(folder / "sigma.csv"))


def test_a_byte_order_mark_is_accepted(folder):
    content = "\n".join(toml_lines(VALID)).encode("utf-8-sig")
    assert read(folder, content).dim == 2


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_examples_are_valid(file):
    check(Setting.from_toml(file))


def test_the_wine_table_is_standardized():
    covariance = Setting.from_toml(EXAMPLES / "wine.toml").feature_covariance
    assert isinstance(covariance, Empirical)
    assert covariance.samples.shape == (178, 13)
    # Six decimals are kept.
    np.testing.assert_allclose(covariance.samples.mean(axis=0), 0.0, atol=5e-7)
    np.testing.assert_allclose(array_of(covariance).diagonal(), 1.0, atol=1e-6)
    assert np.abs(array_of(covariance) - np.eye(13)).max() > 0.8


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


def test_a_registered_covariance_is_read_with_no_more_code(folder):
    table = {"kind": "test_foreign", "dim": 2, "weights": [1, 2.5], "offsets": [1, 2]}
    assert read_covariance(folder, **table) == Foreign(2, (1.0, 2.5), offsets=[1.0, 2.0])


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("weights", {"weights": 1.0}),
        ("weights[1]", {"weights": [1.0, True]}),
        ("weights[0]", {"weights": ["1", 2.0]}),
        ("label", {"label": 3}),
        ("scale", {"scale": 3.0}),
        ("matrix", {"weights": [1.0, -1.0]}),
        ("matrix", {"weights": [1.0]}),
        ("", {"label": "bad"}),
    ],
)
def test_faults_in_a_registered_covariance_are_named(folder, field, changes):
    table = {"kind": "test_foreign", "dim": 2, "weights": [1.0, 2.0]} | changes
    with pytest.raises(InvalidSettingError) as caught:
        read_covariance(folder, **table)
    assert caught.value.field == f"feature_covariance.{field}".rstrip(".")


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


def deep(depth):
    table = ISOTROPIC
    for _ in range(depth):
        table = nested(table)
    return table


FAULTS = [
    *[(path, changed(path, None), "this key is required") for path in VALID],
    ("feature_covariance.kind", changed("feature_covariance.kind", None), "give one of ar1, "),
    ("feature_covariance.kind", changed("feature_covariance.kind", "AR1"), "give one of ar1, "),
    ("feature_covariance.kind", changed("feature_covariance.kind", [1]), "give one of ar1, "),
    ("feature_covariance.dim", changed("feature_covariance.dim", None), "required"),
    ("feature_covariance", changed("feature_covariance", 3), "give a table"),
    ("feature_covariance", changed("feature_covariance", [{"kind": "ones"}]), "give a table"),
    *[
        (f"{path}.dmi", changed(f"{path}.dmi", 3), "unknown, the known ones are kind, scale, dim")
        for path in ["feature_covariance", "task_covariance"]
    ],
    ("seed", changed("seed", 3), "the known ones are context_length"),
    ("task.index", changed("task.index", 1), "unknown"),
    *[
        (path, changed(path, value), "give a")
        for path in ["context_length", "test_samples", "feature_covariance.dim"]
        for value in [0, -1, 1.0, True, "4", [4], 2**64, 10**5000, math.inf, math.nan]
    ],
    *[
        (path, changed(path, value), "give a")
        for path in ["noise_variance", "feature_covariance.scale", "pretraining.noise_variance"]
        for value in [-1.0, math.nan, math.inf, True, "1", 10**5000, [1.0]]
    ],
    ("pretraining.context_length", changed("pretraining.context_length", 0), "from 1 to"),
    ("pretraining.task", changed("pretraining.task", {}), "unknown"),
    (
        "pretraining.feature_covariance.kind",
        changed("pretraining.feature_covariance", {"dim": 2}),
        "give one of",
    ),
    (
        "pretraining.feature_covariance.dim",
        changed("pretraining.feature_covariance", {"kind": "isotropic", "dim": 3}),
        "give 2",
    ),
    ("task_covariance.dim", changed("task_covariance.dim", 3), "give 2"),
    ("task.kind", changed("task.kind", "one"), "give one of ones, vector, axis, file"),
    ("initialization.kind", changed("initialization.kind", 1), "give one of zero, pretrained"),
    *[
        (field, changed("task", {"kind": kind} | rest), complaint)
        for field, kind, rest, complaint in [
            ("task", "vector", {"values": [1.0]}, "give 2 numbers"),
            ("task", "vector", {"values": []}, "at least one"),
            ("task.values", "vector", {}, "required"),
            ("task.values", "vector", {"values": "ab"}, "valid list"),
            ("task.values[1]", "vector", {"values": [1, math.nan]}, "finite"),
            ("task.values[0]", "vector", {"values": [True, 1]}, "valid number"),
            ("task.values[0]", "vector", {"values": [10**400, 1]}, "valid number"),
            ("task.index", "axis", {"index": 2}, "from 0 to 1"),
            ("task.index", "axis", {"index": -1}, "from 0 to 1"),
            ("task.norm", "ones", {"norm": -1.0}, "of at least 0"),
            ("task.norm", "ones", {"norm": math.inf}, "finite"),
            ("task.norm", "vector", {"values": [0, 0], "norm": 1}, "the task is zero"),
            ("task.file", "file", {}, "required"),
            ("task.file", "file", {"file": 3}, "valid string"),
            ("task.file", "file", {"file": "nowhere.npy"}, "no such file"),
            ("task.file", "file", {"file": "sigma.npy"}, "give 1 axes"),
            ("task.file", "file", {"file": "sigma.csv"}, "list"),
        ]
    ],
    *[
        (field, changed("initialization", table), complaint)
        for field, table, complaint in [
            ("initialization.factor", {"kind": "scaled_pretrained"}, "required"),
            ("initialization.factor", {"kind": "pretrained", "factor": 2.0}, "unknown"),
            ("initialization.factor", {"kind": "scaled_pretrained", "factor": math.nan}, "finite"),
            ("initialization.file", {"kind": "dense", "file": "samples.csv"}, "square"),
            ("initialization.file", {"kind": "dense", "file": "no.csv"}, "no such file"),
            ("initialization.file", {"kind": "dense", "file": "a\0b.csv"}, "null"),
        ]
    ],
    *[
        (f"feature_covariance.{field}", changed("feature_covariance", table), complaint)
        for field, table, complaint in [
            ("rho", {"kind": "ar1", "dim": 2, "rho": 1.5}, "between -1 and 1"),
            ("rho", {"kind": "equicorrelated", "dim": 3, "rho": -0.6}, "between -0.5 and 1"),
            ("exponent", {"kind": "power_law", "dim": 2, "exponent": -1e6}, "finite"),
            ("values", {"kind": "diagonal", "values": [1.0, -1.0]}, "at least 0"),
            ("values", {"kind": "diagonal", "values": []}, "at least one"),
            ("spikes", {"kind": "spiked", "dim": 1, "spikes": [1.0, 2.0]}, "at most dim = 1"),
            ("dim", {"kind": "ar1", "dim": 10_000_001, "rho": 0.0}, "from 1 to 10000000"),
            ("file", {"kind": "spiked", "dim": 3, "spikes": [1], "file": "row.csv"}, "1 rows"),
            ("spikes", {"kind": "spiked", "dim": 2, "file": "row.csv"}, "required"),
            ("file", {"kind": "factor_model", "values": [1, 1]}, "required"),
            ("file", {"kind": "factor_model", "values": [1], "file": "sigma.csv"}, "1 rows"),
            *[
                (f"{name}{field}", {"kind": kind, name: parts}, complaint)
                for kind, name in [("kronecker", "factors"), ("block_diagonal", "blocks")]
                for field, parts, complaint in [
                    ("", [], "at least one"),
                    ("", 3, "valid list"),
                    ("", {"kind": "isotropic", "dim": 2}, "valid list"),
                    ("[1]", [{"kind": "isotropic", "dim": 2}, 3], "give a table"),
                    ("[0].kind", [{}], "give one of ar1, "),
                    ("[0].kind", [{"kind": "ones"}], "give one of ar1, "),
                    ("[1].rho", [ISOTROPIC, {"kind": "ar1", "dim": 2, "rho": 2.0}], "-1 and 1"),
                    ("[0].rho", [{"kind": "ar1", "dim": 2}], "required"),
                    ("[0].dmi", [{"kind": "isotropic", "dmi": 2}], "unknown"),
                    ("[0].file", [{"kind": "dense", "file": "none.csv"}], "no such file"),
                    ("[0].file", [{"kind": "empirical", "file": "row.csv"}], "two rows"),
                    ("[0].matrix", [FOREIGN | {"weights": [1.0, -1.0]}], "semi-definite"),
                    ("[0].factors[1].dim", [nested(ISOTROPIC | {"dim": 0})], "from 1 to"),
                    ("", [ISOTROPIC | {"dim": 10_000_000}, ISOTROPIC], "10000000 dimensions"),
                ]
            ],
            *[
                (f"{'factors[1].' * (depth - 9)}factors", deep(depth), "8 deep")
                for depth in (9, 40)
            ],
            ("header", {"kind": "spiked", "dim": 2, "spikes": [1], "header": True}, "give a file"),
            ("header", {"kind": "dense", "file": "sigma.csv", "header": 1}, "valid boolean"),
            ("header", {"kind": "isotropic", "dim": 2, "header": True}, "unknown"),
            ("file", {"kind": "dense", "file": "sigma.npy", "header": True}, "has no header"),
            ("file", {"kind": "dense", "file": "samples.csv", "header": False}, "line 1, column 1"),
            ("file", {"kind": "dense", "file": "samples.csv"}, "give a 3 x 3 matrix"),
            ("file", {"kind": "empirical", "file": "row.csv"}, "at least two rows"),
        ]
    ],
]


def test_array_files_of_one_covariance_share_a_budget(folder, monkeypatch):
    dense = {"kind": "dense", "file": "sigma.npy"}
    size = (folder / "sigma.npy").stat().st_size
    monkeypatch.setattr("ttt_theory.linear.setting.file.LARGEST_ARRAY_FILE", size + 31)
    tables = changed("feature_covariance", {"kind": "kronecker", "factors": [dense]})
    assert read(folder, tables | {"task_covariance": dense}).dim == 2
    tables = changed("feature_covariance", {"kind": "block_diagonal", "blocks": [dense, dense]})
    error = fault(folder, tables)
    assert error.field == "feature_covariance.blocks[1].file"
    assert "too large" in str(error)


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


@pytest.mark.parametrize(("field", "table", "complaint"), FAULTS)
def test_faults_are_named(folder, field, table, complaint):
    error = fault(folder, table)
    assert error.field == field
    assert complaint in str(error)


class InHex(int):
    """An integer of more digits than Python reads or prints in decimal."""

    def __repr__(self):
        return hex(self)


def npy(shape, data=b"", descr="<f8"):
    """Return a .npy file with any header over any data."""
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + data


ARRAY_FAULTS = [
    ("table.txt", b"1,2\n3,4\n", "give a .npy or a .csv file"),
    ("table", b"1,2\n3,4\n", "give a .npy or a .csv file"),
    ("empty.csv", b"", "at least one"),
    ("header.csv", b"a,b\n", "at least one"),
    ("ragged.csv", b"1,2\n3\n", "line 2: 1 column, not 2"),
    ("ragged_header.csv", b"a,b,c\n1,2\n3,4\n", "3 names for 2 columns"),
    ("words.csv", b"a,b\n1,x\n", "line 2, column 'b': text"),
    ("mixed.csv", b"1,b\n1,2\n", "mixes names and numbers"),
    ("semicolons.csv", b"1;2\n3;4\n", "separated by semicolons"),
    ("gaps.csv", b"1,\n3,4\n", "line 1, column 2: nothing after the last comma"),
    ("late_gaps.csv", b"1,2\n3,\n", "line 2, column 2: a missing value"),
    ("nan.csv", b"1,nan\nnan,1\n", "finite"),
    ("inf.csv", b"1,0\n0,1e999\n", "finite"),
    ("complex.csv", b"1,2j\n2j,1\n", "mixes"),
    ("binary.csv", bytes(range(256)), "binary data"),
    ("zeros.csv", b"\0" * 100, "binary data"),
    ("long.csv", b"x" * 200_000, "no numbers separated by commas"),
    ("empty.npy", b"", "not a .npy file of numbers"),
    ("text.npy", b"1,2\n3,4\n", "not a .npy file of numbers"),
    ("truncated.npy", npy((2, 2), b"\0" * 31), "not as long"),
    ("longer.npy", npy((2, 2), b"\0" * 33), "not as long"),
    ("claims.npy", npy((10**9, 10**9)), "too large"),
    ("overflows.npy", npy((2**63, 2)), "too large"),
    ("widens.npy", npy((2**14, 2**14), descr="|i1"), "too large"),
    ("negative.npy", npy((-2, -2), b"\0" * 32), "the shape in its header is none"),
    ("true.npy", npy((True, 1), b"\0" * 8), "the shape in its header is none"),
    ("one_axis.npy", npy(4, b"\0" * 32), "not a .npy file of numbers"),
    ("huge.npy", npy((InHex(16**9000), 2)), "more numbers than may be"),
    ("long_axis.npy", npy((10**4000, 2)), "more numbers than may be"),
    ("records.npy", npy((1, 1), b"\0" * 8, [("a", "<f8")]), "real numbers"),
    ("dates.npy", npy((1, 1), b"\0" * 8, "<M8[s]"), "real numbers"),
    ("parts.npy", npy((1,), b"\0" * 8, "(1,)f8"), "real numbers"),
    ("header.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "not a .npy file of numbers"),
    ("version_9.npy", b"\x93NUMPY\x09\x00" + bytes(100), "not a .npy file of numbers"),
    ("late_nan.npy", npy((2, 2), struct.pack("<4d", 1, 2, 3, math.inf)), "see entry 1, 1"),
    ("no_rows.npy", npy((0, 2)), "at least one"),
    ("vector.npy", npy((4,), b"\0" * 32), "give 2 axes"),
    ("cube.npy", npy((1, 2, 2), b"\0" * 32), "give 2 axes"),
    ("scalar.npy", npy((), b"\0" * 8), "give 2 axes"),
    ("complex.npy", npy((1, 1), b"\0" * 16, "<c16"), "real numbers"),
    ("object.npy", npy((1, 1), b"cos\nsystem\n(S''\ntR.", "|O"), "real numbers"),
    ("truth.npy", npy((1, 1), b"\1", "|b1"), "real numbers"),
    ("words.npy", npy((1, 1), b"ab", "|S2"), "real numbers"),
    ("nan.npy", npy((1, 1), struct.pack("<d", math.nan)), "finite"),
    ("fraction.npy", npy((2.0, 2), b"\0" * 32), "not a .npy file of numbers"),
    ("version.npy", b"\x93NUMPY\x03\x00" + bytes(100), "not a .npy file of numbers"),
    ("nested.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000, "not a .npy file"),
    ("archive.npy", b"PK\x03\x04" + bytes(100), "not a .npy file of numbers"),
]


@pytest.mark.parametrize(("name", "content", "complaint"), ARRAY_FAULTS)
def test_faulty_array_files_are_named(folder, name, content, complaint):
    (folder / name).write_bytes(content)
    error = fault(folder, changed("feature_covariance", {"kind": "dense", "file": name}))
    assert isinstance(error, SettingFileError)
    assert error.field == "feature_covariance.file"
    assert name in str(error)
    assert complaint in str(error)


@given(st.binary(max_size=60), st.integers(0, 100))
@example(b"\xff\xff", 8)
def test_a_damaged_npy_file_is_rejected_or_read(folder, damage, position):
    np.save(folder / "damaged.npy", SIGMA)
    content = (folder / "damaged.npy").read_bytes()
    content = content[:position] + damage + content[position + len(damage) :]
    (folder / "damaged.npy").write_bytes(content)
    accepts_or_names(
        folder, changed("feature_covariance", {"kind": "dense", "file": "damaged.npy"})
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_number_that_is_not_finite_is_found_in_either_order(folder, order):
    matrix = np.zeros((1025, 1024))  # More than are read at once.
    matrix[1024, 3] = math.nan
    np.save(folder / "order.npy", np.asarray(matrix, order=order))
    error = fault(folder, changed("feature_covariance", {"kind": "empirical", "file": "order.npy"}))
    assert "see entry 1024, 3" in str(error)


def test_a_huge_array_file_is_not_read(folder):
    with (folder / "huge.csv").open("wb") as stream:
        stream.truncate(LARGEST_ARRAY_FILE + 1)
    error = fault(folder, changed("feature_covariance", {"kind": "dense", "file": "huge.csv"}))
    assert "too large" in str(error)


def test_special_files_are_not_read(folder):
    (folder / "folder.csv").mkdir()
    (folder / "endless.csv").symlink_to("/dev/zero")
    for name in ["folder.csv", "endless.csv"]:
        table = changed("feature_covariance", {"kind": "dense", "file": name})
        assert "not a regular file" in str(fault(folder, table))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "context_length: a missing value"),
        (b"context_length = ", "not valid TOML"),
        (b"context_length = 1\ncontext_length = 2", "not valid TOML"),
        (b"context_length = " + b"9" * 5000, "not valid TOML"),
        (b"context_length = '\xff'", "not UTF-8"),
        (b"\xff\xfe" + "a = 1".encode("utf-16-le"), "not UTF-8"),
        (b"a = " + b"[" * 100_000, "too large or too deeply nested"),
        (b"a = " + b"[" * 500 + b"]" * 500, ""),
        (b"# " + b"x" * 1_000_000, "too large; give at most"),
        (b'"a\\nb\\u001b[31m" = 1', "a\\nb\\x1b[31m"),
        (b'"' + b"x" * 100_000 + b'" = 1', "xxx...xxx"),
    ],
)
def test_faulty_toml_is_reported_in_one_line(folder, content, complaint):
    assert complaint in str(fault(folder, content))


def test_unreadable_setting_files_are_named(tmp_path):
    for path, complaint in [
        (tmp_path / "nowhere.toml", "no such file"),
        (tmp_path, "a folder, not a regular file"),
        (tmp_path / ("x" * 5000), "cannot be read: File name too long"),
        ("a\0b", "cannot be read: embedded null byte"),
        ("/dev/zero", "a device, not a regular file"),
    ]:
        with pytest.raises(SettingFileError, match=re.escape(complaint)) as caught:
            Setting.from_toml(path)
        check_form(caught.value)


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
