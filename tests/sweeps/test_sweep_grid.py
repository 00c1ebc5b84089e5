"""Sweep files: every place of the grid is the setting that it says, every fault is one line."""

import copy
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ttt_theory.covariance import AR1, Isotropic
from ttt_theory.errors import InvalidSettingError, SettingFileError, TTTTheoryError
from ttt_theory.linear.setting.starts import PretrainedWeights, ZeroWeights
from ttt_theory.sweeps.grid import LARGEST_SWEEP, read_axes
from ttt_theory.sweeps.plan import Plan, read_plan

SETTING = {
    "context_length": 4,
    "test_samples": 2,
    "feature_covariance": {"kind": "ar1", "dim": 2, "rho": 0.5},
    "task_covariance": {"kind": "isotropic", "dim": 2},
    "task": {"kind": "vector", "values": [3.0, 4.0]},
    "initialization": {"kind": "pretrained"},
}
SIMULATION = {"prompts": 10}


def plan(*grid, **tables):
    return read_plan({"setting": SETTING, "grid": list(grid), **tables})


def values_of(leaf):
    (axis,) = read_axes([{"context_length": leaf}])
    return axis.fields["context_length"]


LENGTHS = st.lists(st.integers(1, 10**15), min_size=1, max_size=4, unique=True)


@given(
    LENGTHS,
    st.lists(st.tuples(st.floats(-1, 1), st.integers(1, 99)), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(0, 1e300), min_size=1, max_size=3, unique=True),
)
def test_the_grid_is_the_product_of_what_varies_together(lengths, pairs, variances):
    rhos, samples = map(list, zip(*pairs, strict=True))
    swept = plan(
        {"context_length": lengths},
        # As TOML reads `feature_covariance.rho = [...]`, and as it reads it in quotes.
        {"name": "both", "feature_covariance": {"rho": rhos}, "test_samples": samples},
        {"pretraining.noise_variance": variances},
    )
    assert swept.shape == (len(lengths), len(pairs), len(variances))
    assert [axis.name for axis in swept.axes] == [
        "context_length",
        "both",
        "pretraining.noise_variance",
    ]
    expected = list(itertools.product(lengths, pairs, variances))
    assert len(swept) == len(expected)
    for index, (length, (rho, count), variance) in enumerate(expected):
        setting = swept.setting(index)
        assert setting.context_length == setting.pretraining.context_length == length
        assert setting.feature_covariance == AR1(2, rho)
        assert setting.test_samples == count
        assert setting.pretraining.noise_variance == variance
        assert setting.noise_variance == 0.0


def test_any_field_can_vary(tmp_path):
    np.save(tmp_path / "one.npy", [1.0, 2.0])
    np.save(tmp_path / "two.npy", [5.0, 6.0])
    file = tmp_path / "sweep.toml"
    base = """
        [setting]
        context_length = 4
        test_samples = 2
        task = { kind = "file", file = "one.npy" }
        initialization = { kind = "pretrained" }
        feature_covariance = { kind = "isotropic", dim = 2 }
        task_covariance = { kind = "diagonal", values = [1.0, 2.0] }
        [[grid]]
    """
    for line, read, expected in [
        ('task.file = ["one.npy", "two.npy"]', lambda s: list(s.task), [[1, 2], [5, 6]]),
        ("task = [{ kind = 'axis', index = 1 }]", lambda s: list(s.task), [[0, 1]]),
        ("task.norm = [0.0, 2.0]", lambda s: round(np.linalg.norm(s.task), 9), [0, 2]),
        (
            "initialization = [{ kind = 'zero' }, { kind = 'scaled_pretrained', factor = 0.5 }]",
            lambda s: s.initialization,
            [ZeroWeights(), PretrainedWeights(0.5)],
        ),
        ('initialization.kind = ["zero"]', lambda s: s.initialization, [ZeroWeights()]),
        (
            "task_covariance.values = [[1.0, 2.0], [3.0, 4.0]]",
            lambda s: list(s.task_covariance.values),
            [[1, 2], [3, 4]],
        ),
        (
            "task_covariance.values.1 = [7, 8]",
            lambda s: list(s.task_covariance.values),
            [[1, 7], [1, 8]],
        ),
        (
            "pretraining.feature_covariance = [{ kind = 'isotropic', dim = 2, scale = 3.0 }]",
            lambda s: s.pretraining.feature_covariance,
            [Isotropic(2, scale=3.0)],
        ),
        (
            "feature_covariance.scale = { start = 1e-30, stop = 1e30, num = 3, spacing = 'log' }",
            lambda s: round(math.log10(s.feature_covariance.scale)),
            [-30, 0, 30],
        ),
    ]:
        file.write_text(base + line, encoding="utf-8")
        swept = read_plan(file)
        assert [read(swept.setting(index)) for index in range(len(swept))] == expected


def test_equal_covariances_are_one_object():
    # Read once, as they may be large; and pretraining on the same features is known by that.
    tables = [{"kind": "ar1", "dim": 2, "rho": rho / 50} for rho in range(40)]
    swept = plan(
        {"feature_covariance": tables, "pretraining.feature_covariance": tables},
        {"test_samples": [1, 2, 3]},
    )
    for first in range(0, len(swept), 3):
        settings = [swept.setting(index) for index in range(first, first + 3)]
        features = {id(setting.feature_covariance) for setting in settings}
        assert features == {id(setting.pretraining.feature_covariance) for setting in settings}
        assert len(features) == 1


def test_a_sweep_of_nothing_is_the_setting_itself():
    assert (len(plan()), plan().shape) == (1, ())
    assert plan().setting(0).context_length == 4


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4), st.integers(1, 50))
def test_whole_ranges_hold_both_ends(start, step, count):
    stop = start + step * (count - 1)
    expected = list(range(start, stop + 1, step))
    assert values_of({"start": start, "stop": stop, "step": step}) == expected
    assert values_of({"start": stop, "stop": start, "step": -step}) == expected[::-1]
    if count > 1:
        found = values_of({"start": start, "stop": stop, "num": count})
        assert found == expected
        assert {type(value) for value in found} == {int}


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(2, 30))
def test_ranges_of_fractions_are_evenly_spaced(start, stop, count):
    # Closer together they are the same numbers.
    if abs(stop - start) <= 1e-9 * max(abs(start), abs(stop)) or abs(stop - start) < 1e-300:
        return
    found = values_of({"start": start, "stop": stop, "num": count})
    assert (found[0], found[-1], len(found)) == (start, stop, count)
    steps = np.diff(np.array(found) / max(abs(start), abs(stop)))
    assert np.allclose(steps, steps[0], atol=1e-14)
    assert values_of({"start": start, "stop": stop, "step": (stop - start) / (count - 1)}) == found


@given(st.floats(1e-300, 1e300), st.floats(1.001, 1e5), st.integers(2, 9))
def test_logarithmic_ranges_have_one_ratio(start, ratio, count):
    stop = start * ratio ** (count - 1)
    if not math.isfinite(stop):
        return
    found = values_of({"start": start, "stop": stop, "num": count, "spacing": "log"})
    assert (found[0], found[-1]) == (start, stop)
    assert np.allclose(np.diff(np.log(found)), math.log(ratio), atol=1e-9)


def test_whole_ranges_are_rounded_only_if_asked_to():
    decades = {"start": 1, "stop": 1000, "num": 4, "spacing": "log"}
    assert values_of(decades) == [1, 10, 100, 1000]
    uneven = decades | {"num": 6}
    with pytest.raises(InvalidSettingError, match=r"3\.98107.*round = true"):
        values_of(uneven)
    assert values_of(uneven | {"round": True}) == [1, 4, 16, 63, 251, 1000]
    # Rounding may make two of one: that is refused like any other repeated value.
    with pytest.raises(InvalidSettingError, match="every value once"):
        values_of(decades | {"num": 40, "round": True})


RANGE = {"start": 1, "stop": 9, "num": 3}
FAULTS = [
    ("grid[0]", [{}], "at least one field"),
    ("grid[0]", [{"name": "x"}], "at least one field"),
    ("grid[0]", [3], "give a table"),
    ("grid[0].context_length", [{"context_length": []}], "from 1 to"),
    ("grid[0].context_length", [{"context_length": 3}], "list of values, or a range"),
    ("grid[0].context_length", [{"context_length": {}}], "list of values, or a range"),
    ("grid[0].test_samples", [{"context_length": [1, 2], "test_samples": [1]}], "give 2 values"),
    ("grid[0]", [{"context_length": [1, 1]}], "every value once"),
    ("grid[0]", [{"noise_variance": [1, 0.5, 1.0]}], "every value once"),
    ("grid[0]", [{"initialization": [{"kind": "scaled_pretrained", "factor": 2.0},
     {"factor": 2.0, "kind": "scaled_pretrained"}]}], "every value once"),
    ("grid", [{f"task.values.{index}": [1.0]} for index in range(33)], "at most 32 tables"),
    ("grid[0].name", [{"name": "a b", "context_length": [1]}], "letters"),
    ("grid[0].name", [{"name": 3, "context_length": [1]}], "letters"),
    ("grid[0].name", [{"name": "risk_after", "context_length": [1]}], "one of its own"),
    ("grid[0].name", [{"name": "status", "context_length": [1]}], "one of its own"),
    ("grid[1].context_length", [{"context_length": [1]}] * 2, "set already"),
    ("grid[0].task.norm", [{"task": {"norm": [1.0]}, "task.norm": [2.0]}], "set twice"),
    ("grid[1].task.norm", [{"task": [{"kind": "ones"}]}, {"task": {"norm": [1.0]}}], "task is set"),
    ("grid[1].task", [{"task": {"norm": [1.0]}}, {"task": [{"kind": "ones"}]}], "a part of it"),
    ("grid[1].name", [{"context_length": [1]}, {"name": "context_length", "test_samples": [1]}],
     "one of its own"),
    ("grid[1].test_samples", [{"name": "test_samples", "context_length": [1]},
     {"name": "x", "test_samples": [1]}], "a dimension has this name"),
    ("grid[0].context_length.num", [{"context_length": {"start": 1, "stop": 2}}], "num or step"),
    ("grid[0].context_length.num", [{"context_length": RANGE | {"step": 1}}], "num or step"),
    ("grid[0].context_length.num", [{"context_length": RANGE | {"num": 1}}], "from 2 to"),
    ("grid[0].context_length.num", [{"context_length": RANGE | {"num": 10**8}}], "from 2 to"),
    ("grid[0].context_length.num", [{"context_length": RANGE | {"num": 2.0}}], "an integer"),
    ("grid[0].context_length.stop", [{"context_length": {"start": 1, "step": 1}}], "required"),
    ("grid[0].context_length.stop", [{"context_length": RANGE | {"stop": math.nan}}], "finite"),
    ("grid[0].context_length.stop", [{"context_length": RANGE | {"stop": 10**400}}], "between"),
    ("grid[0].context_length.stop", [{"context_length": RANGE | {"stop": True}}], "number"),
    ("grid[0].context_length.start", [{"context_length": RANGE | {"start": "1"}}], "number"),
    ("grid[0].context_length.end", [{"context_length": RANGE | {"end": 3}}], "unknown"),
    ("grid[0].context_length.spacing", [{"context_length": RANGE | {"spacing": "cubic"}}], "log"),
    ("grid[0].context_length.spacing",
     [{"context_length": {"start": 0, "stop": 8, "num": 3, "spacing": "log"}}], "above 0"),
    ("grid[0].context_length.step",
     [{"context_length": {"start": 1, "stop": 8, "step": 1, "spacing": "log"}}], "num"),
    ("grid[0].context_length.step", [{"context_length": {"start": 1, "stop": 8, "step": 0}}],
     "from start to stop"),
    ("grid[0].context_length.step", [{"context_length": {"start": 1, "stop": 8, "step": -1}}],
     "from start to stop"),
    ("grid[0].context_length.step", [{"context_length": {"start": 1.0, "stop": 8.0, "step": 1e-9}}],
     "from start to stop"),
    ("grid[0].context_length.stop", [{"context_length": {"start": 1, "stop": 9, "step": 3}}],
     "such as 7"),
    ("grid[0].context_length", [{"context_length": RANGE | {"num": 4}}], "3.66667"),
    ("grid[0].context_length.round",
     [{"context_length": {"start": 1.0, "stop": 8.0, "num": 3, "round": True}}], "integers"),
    ("grid[0].x", [{"x": {"start": -1.7e308, "stop": 1.7e308, "num": 3}}], "closer together"),
    ("grid", [{"a": {"start": 1, "stop": 4000, "step": 1}}, {"b": {"start": 1, "stop": 4000,
     "step": 1}}], f"at most {LARGEST_SWEEP} settings"),
    ("grid[0].c.num", [{key: {"start": 0.0, "stop": 1.0, "num": 4_000_000} for key in "abc"}],
     "from 2 to 2000000"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "grid", "complaint"), FAULTS)
def test_faults_of_the_grid_are_named(field, grid, complaint):
    with pytest.raises(InvalidSettingError) as caught:
        plan(*copy.deepcopy(grid))
    assert caught.value.field == field
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("field", "tables", "complaint"),
    [
        ("settings", {"settings": {}}, "unknown"),
        ("setting", {"setting": 3}, "table"),
        ("grid", {"grid": {}}, "list"),
        ("simulation", {"simulation": 3}, "table"),
        ("simulation.prompts", {"simulation": {}}, "required"),
        ("simulation.prompts", {"simulation": {"prompts": 0}}, "from 1"),
        ("simulation.prompts", {"simulation": {"prompts": 1.5}}, "integer"),
        ("simulation.seed", {"simulation": SIMULATION | {"seed": -1}}, "from 0"),
        ("simulation.method", {"simulation": SIMULATION | {"method": "magic"}}, "literal"),
        ("simulation.step_size", {"simulation": SIMULATION | {"step_size": "best"}}, "number"),
        ("simulation.prompt", {"simulation": SIMULATION | {"prompt": 3}}, "unknown"),
    ],
)
def test_faults_of_the_other_tables_are_named(field, tables, complaint):
    with pytest.raises(InvalidSettingError) as caught:
        read_plan({"setting": SETTING} | tables)
    assert caught.value.field == field
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("test_samples = [1979-05-27]", 'at test_samples = "1979-05-27"'),
        (f"test_samples = [0x{'f' * 5000}]", "shorter integers"),
        ("test_samples = [1", "not valid TOML"),
        (f"test_samples = {'[' * 100_000}", "too deeply nested"),
        (f"{'a.' * 2_000}b = [1]", "too deeply nested"),
    ],
)
def test_odd_files_are_reported_in_one_line(tmp_path, line, complaint):
    file = tmp_path / "sweep.toml"
    lines = [f"{key} = {value!r}" for key, value in SETTING.items() if isinstance(value, int)]
    file.write_text("\n".join(["[setting]", *lines, "[[grid]]", line]), encoding="utf-8")
    with pytest.raises(TTTTheoryError) as caught:
        list(read_plan(file).check())
    check_form(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("grid", "complaints"),
    [
        ({"context_length": [1, 0]}, ["context_length: 0", "(at context_length = 0)"]),
        ({"context_length": [1, 2.5]}, ["context_length: 2.5", "integer"]),
        ({"context_lenght": [1, 2]}, ["context_lenght: 1", "unknown", "at context_lenght = 1"]),
        (
            {"feature_covariance": {"rho": [0.5, 1.5]}, "test_samples": [7, 8]},
            ["feature_covariance.rho: 1.5", "at feature_covariance.rho = 1.5, test_samples = 8"],
        ),
        ({"feature_covariance": {"dim": [2, 3]}}, ["task_covariance.dim: 2", "give 3"]),
        ({"task": {"values": [[1.0, 2.0], [1.0]]}}, ["task: ", "give 2 numbers"]),
        ({"task": {"values": {"7": [1.0]}}}, ["task.values.7: 1.0", "holds '7'"]),
        ({"test_samples": {"x": [1.0]}}, ["test_samples.x: 1.0", "holds 'x'"]),
        ({"initialization": {"kind": ["zero", "warm"]}}, ["initialization.kind: 'warm'"]),
        ({"task": [{"kind": "file", "file": "no.npy"}]}, ["task.file: no.npy: no such file (at"]),
    ],
)
def test_an_invalid_place_of_the_grid_is_named(grid, complaints):
    with pytest.raises((InvalidSettingError, SettingFileError)) as caught:
        list(plan(grid).check())
    for complaint in complaints:
        assert complaint in str(caught.value)


@pytest.mark.parametrize("place", ["00", "٠", "9" * 5000, "-1"])
def test_a_place_in_a_list_has_one_name(place):
    task = {"kind": "vector", "values": [1.0, 2.0]}
    grid = {"name": "place", f"task.values.{place}": [3.0]}
    varied = plan(grid, setting=SETTING | {"task": task})
    with pytest.raises(InvalidSettingError, match="there is no table or list"):
        varied.setting(0)


def test_texts_that_are_not_unicode_are_refused():
    with pytest.raises(InvalidSettingError, match="surrogates"):
        plan({"initialization": [{"kind": "dense", "file": "\ud800"}]})


def test_the_fingerprint_is_also_of_covariances_of_ones_own(monkeypatch):
    class Foreign(Isotropic):
        pass

    features = {"kind": "foreign", "dim": 2}
    content = {"setting": SETTING | {"feature_covariance": features}}
    fingerprints = set()
    for text in ("class Foreign(Isotropic): ...", "class Foreign(Diagonal): ..."):
        monkeypatch.setattr("inspect.getsource", {Foreign: text}.__getitem__)
        fingerprints.add(Plan(content, Path(), {"foreign": Foreign}).fingerprint())
    assert len(fingerprints) == 2


@pytest.mark.parametrize(
    "given_values", [range(5, 20, 5), (5, 10, 15), np.arange(5, 20, 5), list(np.arange(5, 20, 5))]
)
def test_tables_from_python_may_hold_what_python_has(given_values):
    written, computed = plan({"test_samples": [5, 10, 15]}), plan({"test_samples": given_values})
    assert computed.fingerprint() == written.fingerprint()
    assert [computed.setting(place).test_samples for place in range(3)] == [5, 10, 15]


def test_long_arrays_are_told_apart():
    lengths = np.arange(1, 2001)
    other = np.where(lengths == 1000, 5000, lengths)
    first, second = (plan({"context_length": each}) for each in (lengths, other))
    assert first.fingerprint() != second.fingerprint()


def test_the_seed_can_be_replaced():
    assert plan(simulation=SIMULATION).simulation.seed == 0
    content = {"setting": SETTING, "simulation": SIMULATION}
    assert read_plan(content, seed=5).simulation.seed == 5
    assert content["simulation"] == SIMULATION


def test_the_fingerprint_is_of_all_that_results_depend_on(tmp_path):
    np.save(tmp_path / "beta.npy", [1.0, 2.0])
    file = tmp_path / "sweep.toml"
    text = """
        [setting]
        context_length = 4
        test_samples = 2
        task = { kind = "file", file = "beta.npy" }
        initialization = { kind = "pretrained" }
        feature_covariance = { kind = "isotropic", dim = 2 }
        task_covariance = { kind = "isotropic", dim = 2 }
        [[grid]]
        test_samples = [1, 2]
        [simulation]
        prompts = 3
    """

    def fingerprint(content, seed=None):
        file.write_text(content, encoding="utf-8")
        return read_plan(file, seed).fingerprint()

    original = fingerprint(text)
    assert fingerprint("# The same.\n" + text) == original
    others = [text.replace(" 3", " 4"), text.replace("= 4", "= 5"), text.replace("[1,", "[3,")]
    changed = {original, fingerprint(text, seed=1), *map(fingerprint, others)}
    np.save(tmp_path / "beta.npy", [1.0, 3.0])
    changed.add(fingerprint(text))
    assert len(changed) == 6


def test_the_fingerprint_of_a_file_too_large_to_be_read_takes_no_time(tmp_path):
    def fingerprint(size):
        with (tmp_path / "large.npy").open("wb") as stream:
            stream.truncate(size)
        content = {"setting": {"task": {"kind": "file", "file": str(tmp_path / "large.npy")}}}
        return read_plan(content).fingerprint()

    # To read a terabyte would take ten minutes at least.
    assert fingerprint(2**40) != fingerprint(2**40 + 1)


def test_a_header_can_vary_like_any_field(tmp_path):
    (tmp_path / "table.csv").write_text("1,2\n2.5,0.25\n0.25,0.5\n")
    covariance = {"kind": "empirical", "file": str(tmp_path / "table.csv")}
    content = {
        "setting": SETTING | {"feature_covariance": covariance},
        "grid": [{"feature_covariance.header": [True, False]}],
    }
    with_header, without = (read_plan(content).setting(index) for index in (0, 1))
    np.testing.assert_array_equal(
        with_header.feature_covariance.samples, [[2.5, 0.25], [0.25, 0.5]]
    )
    assert without.feature_covariance.samples.shape == (3, 2)


NAMES = st.sampled_from(
    [
        *["kind", "dim", "rho", "name", "start", "stop", "num", "step", "spacing", "round", "norm"],
        *["setting", "grid", "simulation", "task", "task.norm", "", ".", "a.b", "\x1b[2J", "0"],
    ]
)
SCALARS = st.sampled_from(
    [0, 1, -1, 3, 10**400, 0.5, math.nan, math.inf, 1e308, -1e-320, True, "log", "zero", "\n", ""]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
VALID = {
    "setting": SETTING,
    "grid": [
        {"name": "both", "context_length": [1, 2], "feature_covariance": {"rho": [0.1, 0.2]}},
        {"test_samples": {"start": 1, "stop": 9, "num": 3}, "name": "k"},
        {"initialization": [{"kind": "zero"}, {"kind": "pretrained"}]},
        {"noise_variance": {"start": 0.1, "stop": 1.0, "num": 2, "spacing": "log"}},
    ],
    "simulation": SIMULATION,
}


def containers(value):
    inner = value.values() if isinstance(value, dict) else value
    if value:
        yield value
    for each in inner:
        if isinstance(each, dict | list):
            yield from containers(each)


@st.composite
def mutated_sweeps(draw):
    """Delete, rename, replace, repeat or add a few entries of a valid sweep."""
    sweep = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        container = draw(st.sampled_from(list(containers(sweep)) or [sweep]))
        keys = list(container) if isinstance(container, dict) else range(len(container))
        action = draw(st.sampled_from(["delete", "replace", "repeat", "add"]))
        key = draw(st.sampled_from(keys)) if keys else None
        if action == "add" or key is None:
            value = draw(VALUES)
            if isinstance(container, dict):
                container[draw(NAMES)] = value
            else:
                container.append(value)
        elif action == "delete":
            del container[key]
        elif action == "replace":
            container[key] = draw(VALUES)
        elif isinstance(container, dict):
            container[draw(NAMES)] = copy.deepcopy(container[key])
        else:
            container.append(copy.deepcopy(container[key]))
    return sweep


@given(mutated_sweeps())
@example({"setting": SETTING, "grid": [{"x": [[], {}]}]})
def test_mutated_sweeps_are_rejected_in_one_line_or_sound(sweep):
    try:
        swept = read_plan(sweep)
        assert list(swept.check()) == list(range(1, len(swept) + 1))
        swept.fingerprint()
    except TTTTheoryError as error:
        check_form(error)


def check_form(error):
    assert str(error).isprintable()
    assert 0 < len(str(error)) < 1200
