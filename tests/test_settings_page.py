"""What docs/settings.md shows is what happens, and its table of what is exact is right."""

import contextlib
import io
import itertools
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import ttt_theory as ttt
from tests.shown import check_output, shown_outputs
from ttt_theory import cli
from ttt_theory.errors import InvalidSettingError
from ttt_theory.linear.setting.setting import EVALUATIONS, STEP_RULES, departures

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```toml\n# (\S+)\n(.*?)```", PAGE, flags=re.DOTALL))
OUTPUTS = list(shown_outputs(PAGE))
LAWS = {
    "gaussian": ttt.GaussianFeatures(),
    "rademacher": ttt.RademacherFeatures(),
    "uniform": ttt.UniformFeatures(),
    "student_t": ttt.StudentTFeatures(12.0),
    "elliptical": ttt.EllipticalFeatures([0.5, 3.0], [0.8, 0.2]),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(heading):
    """Return the cells of the table whose first line begins with some text."""
    table = PAGE.partition(f"\n| {heading}")[2].partition("\n\n")[0].splitlines()[2:]
    assert table
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_commands_and_files_are_found():
    assert len(OUTPUTS) >= 9
    assert len(FILES) >= 8
    used = {shlex.split(command)[2] for command, _ in OUTPUTS}
    assert used <= FILES.keys()


@pytest.mark.parametrize(("command", "output"), OUTPUTS)
def test_commands_print_what_is_shown(folder, monkeypatch, capsys, command, output):
    check_output(monkeypatch, capsys, command, output)


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(folder, name):
    setting = ttt.Setting.from_toml(name)
    # Each leaves the paper in what it is named after, and the one of several steps in nothing.
    assert bool(departures(setting)) == (name != "steps.toml")


def test_every_value_of_a_field_is_in_a_file_or_a_default(folder):
    kinds = {ttt.Setting.from_toml(name).kind for name in FILES}
    found = [set(values) for values in zip(*kinds, strict=True)]
    assert found == [set(EVALUATIONS), set(STEP_RULES), {"fixed", "random"}, LAWS.keys()]
    fields = {row[0].strip("`") for row in rows("field")}
    assert fields == {"evaluation", "step_rule", "task", "feature_law"}
    assert {row[0].strip("`") for row in rows("`kind`")} == LAWS.keys()


def json_of(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["ttt-theory", *arguments, "--json"])
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
        cli.main()
    return json.loads(out.getvalue())


def test_keys_of_several_steps(folder, monkeypatch):
    steps, prompts = ("--step-sizes", "8e-6,4e-6"), ("--prompts", "20")
    one = json_of(monkeypatch, "risk", "steps.toml")
    several = {
        "risk --step-sizes": json_of(monkeypatch, "risk", "steps.toml", *steps),
        "risk --steps": json_of(monkeypatch, "risk", "steps.toml", "--steps", "2"),
    }
    drawn = json_of(monkeypatch, "simulate", "steps.toml", *prompts)
    shown = {}
    for command, keys, _ in rows("command"):
        shown.setdefault(command.strip("`"), set()).update(re.findall(r"`(\w+)`", keys))
    for command, found in several.items():
        assert found.keys() - one.keys() == shown[command]
        assert {key: found[key] for key in one} == one
    simulated = json_of(monkeypatch, "simulate", "steps.toml", *prompts, *steps)
    assert simulated.keys() - drawn.keys() == shown["simulate --step-sizes"]
    assert drawn.keys() - simulated.keys() == {"step_size"}
    assert simulated["mean"] == simulated["risks"][-1]


def exact_kinds():
    """Return the most steps that are exact, by kind: of any matrices and of multiples of I."""
    known = {}
    for *kind, one, two, many in rows("`evaluation` | `step_rule`"):
        assert (one, many) in {
            ("any Σ_x and W", "Σ_x and W that are multiples of I"),
            ("any Σ_x and W", ""),
        }
        assert two == (one if many else "")
        for each in itertools.product(*(cell.split(", ") for cell in kind)):
            known[each] = (2, 16) if many else (1, 1)
    return known


KINDS = list(itertools.product(EVALUATIONS, STEP_RULES, ("fixed", "random"), LAWS))


@pytest.mark.parametrize("kind", KINDS, ids=".".join)
def test_what_is_exact(kind):
    evaluation, step_rule, task, law = kind
    random = ttt.RandomTask([1.0, 0.5, -0.5], ttt.AR1(3, 0.3))
    fields = {
        "task": random if task == "random" else [1.0, 0.5, -0.5],
        "evaluation": evaluation,
        "step_rule": step_rule,
        "feature_law": LAWS[law],
    }
    for features, most in zip(
        (ttt.AR1(3, 0.5), ttt.Isotropic(3)), exact_kinds().get(kind, (0, 0)), strict=True
    ):
        setting = ttt.Setting(7, 3, features, ttt.Isotropic(3), **fields)
        assert setting.kind == kind
        for steps in (1, 2, 3, 16, 17):
            known = contextlib.nullcontext()
            if steps > most:
                known = pytest.raises(InvalidSettingError, match=r"simulate")
            with known as caught:
                risks = ttt.several_steps_risk(setting, [1e-5] * steps).risks
                assert len(risks) == steps + 1
            assert caught is None or "\n" not in str(caught.value)
        # The literal simulation knows all of them.
        simulated = ttt.simulate(setting, 20, step_sizes=[1e-5, 1e-5, 1e-5])
        assert np.isfinite(simulated.risks).all()


def test_python_prints_what_is_shown(folder, capsys):
    [code] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(code, "settings.md", "exec"), {"__name__": "page"})
    shown = PAGE.partition("\nIt prints\n")[2]
    shown = [line.strip() for line in shown.strip().splitlines()]
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == shown
    for name in ("several_steps_risk", "best_steps", "best_start", "proportional_limit"):
        assert f"ttt.{name}(" in code
    for name in ("matched_weights", "isotropic_risk", "step_rules"):
        assert f"ttt.{name}(" in code


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('evaluation = "old"', "evaluation: 'old' is not valid; give one of fresh, same"),
        ('step_rule = "unit"', "step_rule: 'unit' is not valid; give one of plain, normalized"),
        ('feature_law = { kind = "levy" }', "feature_law.kind: 'levy' is not valid; give one of"),
        (
            'feature_law = { kind = "student_t" }',
            "feature_law.degrees_of_freedom: a missing value is not valid; this key is required",
        ),
        ("evaluations = 1", "evaluations: 1 is not valid; this key is unknown, the known ones are"),
    ],
)
def test_faults_are_one_line(folder, monkeypatch, capsys, line, message):
    (folder / "faulty.toml").write_text(FILES["steps.toml"] + line + "\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["ttt-theory", "risk", "faulty.toml"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    [shown] = captured.err.splitlines()
    assert shown.startswith(f"ttt-theory: {message}")
