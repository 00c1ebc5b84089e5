"""The command, and the process that decides: its limits of time and memory, and its faults."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ttt_theory as ttt
from ttt_theory import cli
from ttt_theory.errors import InvalidSettingError
from ttt_theory.statements import checking

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_it_stops_in_time(monkeypatch):
    monkeypatch.setattr(checking, "_LONGEST_SECONDS", 0.05)
    started = time.monotonic()
    verdict = ttt.check("risk_after <= risk_before")
    assert verdict.verdict == "undecided"
    assert "stopped" in verdict.tried[0]
    assert time.monotonic() - started < 5


def test_a_worker_that_is_left_alone_ends_by_itself():
    code = (
        "from resource import RLIMIT_AS, RLIMIT_CPU, getrlimit\n"
        "from ttt_theory.statements import worker\n"
        "worker._limit_resources()\n"
        "print(getrlimit(RLIMIT_CPU)[0], getrlimit(RLIMIT_AS)[0])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    seconds, memory = map(int, finished.stdout.split())
    assert 0 < seconds <= 20
    assert 0 < memory <= 2 * 1024**3


def test_a_setting_is_a_setting():
    with pytest.raises(InvalidSettingError, match="give a Setting"):
        ttt.check("n == n", "text")


def test_a_crash_is_no_verdict(monkeypatch):
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **options: run([sys.executable, "-c", "1/0"], **options)
    )
    verdict = ttt.check("n == n")
    assert verdict.verdict == "undecided"
    assert "ZeroDivisionError" in verdict.tried[0]


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ttt-theory", "check", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("statement", "verdict", "status"),
    [
        ("risk_after <= risk_before", "proved", 0),
        ("improvement(cold) ~ norm2*k/(k+d) when noise == 0", "asymptotic", 0),
        ("risk_after < risk_before", "refuted", 1),
        ("exp(log(n)) == n", "undecided", 3),
    ],
)
def test_command(command, statement, verdict, status):
    code, output, _ = command(statement, "--json")
    document = json.loads(output)
    assert (code, document["verdict"]) == (status, verdict)
    assert list(document) == [
        *("statement", "verdict", "counterexample", "order", "tried", "proof"),
    ]
    assert (document["proof"] is not None) == (verdict == "proved")
    assert (document["counterexample"] is not None) == (verdict == "refuted")
    assert (document["order"] is not None) == (verdict == "asymptotic")
    if verdict == "refuted":
        code, output, _ = command(statement)
        assert code == status
        assert output.splitlines()[0] == verdict


def test_command_takes_a_leading_minus(command):
    assert command("-n < 0")[0] == 0
    assert command("--json", "-n**2 == n")[0] == 1


def test_command_prints_no_coefficient_where_there_is_none(command):
    _, output, _ = command("max(n,k) + 1 ~ max(n,k)")
    assert output.splitlines()[1] == "order: exponent = 1"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        ["improvment == 1"],
        ["risk_after(steps=[]) > 0"],
        [f"risk_after(steps=[{'1, ' * 16}1]) > 0"],
        ["risk_after(evaluation=old) > 0"],
        ["[1/n, 2/n] > 0"],
        [
            *("risk_after(steps=[1/n, 1/n, 1/n]) > 0", "--setting"),
            str(EXAMPLES / "noncommuting.toml"),
        ],
        ["--jsn"],
        ["n == n", "--jsn"],
        ["--jsn", "n == n"],
        ["n == n", "--setting"],
        ["n == 1 when d < 1"],
        ["n ~ d", "--setting", str(EXAMPLES / "isotropic.toml")],
        ["n == d", "--setting", "missing.toml"],
        ["__import__('os').system('true') == 0"],
    ],
)
def test_bad_input_is_one_line_and_status_2(command, arguments):
    status, output, error = command(*arguments)
    assert status == 2
    assert output == ""
    assert len([line for line in error.splitlines() if line.startswith("ttt-theory: ")]) == 1
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("line", "code"),
    [('evaluation = "same"', 0), ('evaluation = "fresh"', 1), ('step_rule = "normalized"', 2)],
)
def test_the_evaluation_of_a_setting_file(command, tmp_path, line, code):
    file = tmp_path / "setting.toml"
    text = (EXAMPLES / "isotropic.toml").read_text(encoding="utf-8")
    file.write_text(f"{line}\n{text}", encoding="utf-8")
    claim = "risk_after == risk_after(evaluation=same)"
    status, output, error = command(claim, "--setting", str(file))
    assert status == code
    assert (output == "") == (code == 2)
    assert ("step_rule: 'normalized' is not valid" in error) == (code == 2)
