"""What README shows is what happens."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shown import check_output, shown_outputs
from ttt_theory import Isotropic, Setting, check, cli, simulate
from ttt_theory.claims import registration
from ttt_theory.covariance import covariance_kinds

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


OUTPUTS = [each for each in shown_outputs(README) if "verify" not in each[0]]


def test_outputs_are_found():
    assert OUTPUTS


@pytest.mark.parametrize(("command", "output"), OUTPUTS)
def test_commands_print_what_is_shown(monkeypatch, capsys, tmp_path, command, output):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    check_output(monkeypatch, capsys, command, output)


METHODS = re.findall(
    r"^\| `(literal|sufficient|conditional)`.* (\S+) \|$", README, flags=re.MULTILINE
)


def test_each_method_has_the_standard_error_that_is_shown():
    setting = Setting.from_toml(ROOT / "examples" / "noncommuting.toml")
    for method, shown in METHODS:
        result = simulate(setting, 4000, method=method)
        assert f"{result.standard_error:.2g}" == shown
    assert len(METHODS) == 3


def test_the_tables_name_every_kind():
    kinds, *_ = README.partition("| kind | its keys")[2].partition("\n\n")
    for kind, covariance in covariance_kinds().items():
        if covariance.__module__.startswith("ttt_theory."):
            assert f"`{kind}`" in kinds


VERDICTS = "proved|asymptotic|refuted|undecided"
STATEMENTS = re.findall(rf"^\| `(.*)` \| ({VERDICTS}) \| (.*) \|$", README, flags=re.MULTILINE)


def test_ten_statements_are_found():
    assert len(STATEMENTS) == 10


@pytest.mark.parametrize(("statement", "verdict", "remark"), STATEMENTS)
def test_statements_get_the_verdict_that_is_shown(statement, verdict, remark):
    outcome = check(statement)
    assert outcome.verdict == verdict
    for values in remark.rpartition(": ")[2].split(", "):
        *names, value = values.split(" = ")
        for name in names:
            assert outcome.counterexample[name] == value
    assert (outcome.counterexample is not None) == (" = " in remark)


PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_theorem_is_confirmed_and_its_wrong_versions_are_not(tmp_path, monkeypatch, capsys):
    [theorem] = [block for block in PYTHON_BLOCKS if "register_claim" in block]
    (tmp_path / "my_theorem.py").write_text(theorem, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    registered = registration.all_claims()
    monkeypatch.setattr(registration, "_registered", {each.id: each for each in registered})
    commands = re.findall(
        r"^    (ttt-theory \w+ --with my_theorem.py .*)$", README, flags=re.MULTILINE
    )
    assert len(commands) == 2
    for command in commands:
        monkeypatch.setattr("sys.argv", [*shlex.split(command), "--json"])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert not stopped.value.code
    verified, judged = map(json.loads, capsys.readouterr().out.splitlines())
    assert [claim["verdict"] for claim in verified["claims"]] == ["confirmed"]
    assert judged["killed"] >= 8


def test_the_covariance_is_known_to_the_command(tmp_path):
    [table] = re.findall(r"`(feature_covariance = .*fractional_noise.*)`", README)
    others = """
        context_length = 40
        test_samples = 20
        task_covariance = { kind = "isotropic", dim = 5 }
        task = { kind = "ones" }
        initialization = { kind = "pretrained" }
    """
    setting = tmp_path / "setting.toml"
    setting.write_text(table + others, encoding="utf-8")
    [command] = re.findall(
        r"^    ttt-(.* --with examples/fractional_noise.py)$", README, re.MULTILINE
    )
    arguments = command.replace("setting.toml", str(setting)).split()[1:]
    result = subprocess.run(
        [sys.executable, "-m", "ttt_theory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("constant ")


def test_python_blocks_run(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    # The example of a covariance is a file, which `test_examples.py` runs as a script.
    namespace = {"__name__": "readme"}
    arrays, sweep, example, in_python, _, moments = PYTHON_BLOCKS
    for block in (arrays, sweep, example, in_python, moments):
        if block is in_python:
            five = namespace["FractionalNoise"](5, 0.8), Isotropic(5)
            namespace["setting"] = Setting(20, 10, *five, [1.0] * 5)
        exec(compile(block, "README.md", "exec"), namespace)
    assert example == (ROOT / "examples" / "fractional_noise.py").read_text(encoding="utf-8")
    overtaking, risk, simulated, moment = capsys.readouterr().out.splitlines()
    assert f"# {overtaking}\n" in arrays
    assert "dataset.risk_after.plot" in sweep
    assert "one_step_risk" in in_python
    improvement, halfway = map(float, risk.split())
    assert 0.0 < improvement < halfway
    assert float(simulated) > 0.0
    assert f"# {moment}\n" in moments


def test_the_table_names_every_claim():
    from ttt_theory.claims.registration import all_claims

    for claim in all_claims():
        assert f"│ {claim.id} " in README
