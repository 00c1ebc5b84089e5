"""Setting files: every kind is read."""

import math

import numpy as np
import pytest

from tests.linear.setting.tables import (
    EXAMPLES,
    SAMPLES,
    SIGMA,
    VALID,
    Foreign,
    array_of,
    changed,
    check,
    fault,
    read,
    read_covariance,
    toml_lines,
)
from ttt_theory.covariance import (
    AR1,
    BlockDiagonal,
    Dense,
    Diagonal,
    Empirical,
    Equicorrelated,
    FactorModel,
    Isotropic,
    Kronecker,
    PowerLaw,
    Spiked,
)
from ttt_theory.linear.setting.setting import Setting
from ttt_theory.linear.setting.starts import DenseWeights, PretrainedWeights, ZeroWeights


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


def test_a_registered_covariance_is_read_with_no_more_code(folder):
    table = {"kind": "test_foreign", "dim": 2, "weights": [1, 2.5], "offsets": [1, 2]}
    assert read_covariance(folder, **table) == Foreign(2, (1.0, 2.5), offsets=[1.0, 2.0])
