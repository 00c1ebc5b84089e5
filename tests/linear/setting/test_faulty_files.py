"""Setting files: every fault is one line that names the field."""

import math
import re
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.linear.setting.tables import (
    FOREIGN,
    ISOTROPIC,
    SIGMA,
    VALID,
    accepts_or_names,
    changed,
    check_form,
    fault,
    nested,
    read,
    read_covariance,
)
from ttt_theory.errors import InvalidSettingError, SettingFileError
from ttt_theory.linear.setting.array_file import LARGEST_ARRAY_FILE
from ttt_theory.linear.setting.setting import Setting


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
