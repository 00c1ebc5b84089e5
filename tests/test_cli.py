"""The command line: JSON contracts, exit statuses, one line for every fault."""

import json
import os
import resource
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from ttt_theory import Setting, best_steps, cli, one_step_risk, several_steps_risk

EXAMPLES = Path(__file__).parents[1] / "examples"
ISOTROPIC = str(EXAMPLES / "isotropic.toml")


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command in this process: its status, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ttt-theory", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_risk(command, example):
    status, output, _ = command("risk", str(example), "--json")
    expected = one_step_risk(Setting.from_toml(example))
    document = json.loads(output)
    assert status == 0
    assert list(document) == [
        "constant",
        "linear",
        "quadratic",
        "step_size",
        "risk_before",
        "risk_after",
        "improvement",
        "dim",
        "context_length",
        "test_samples",
    ]
    assert all(document[name] == getattr(expected, name) for name in document)
    status, output, _ = command("risk", str(example))
    assert status == 0
    assert f"{expected.risk_after:.12g}" in output


def test_risk_after_several_steps(command):
    status, output, _ = command("risk", ISOTROPIC, "--step-sizes", "1e-7,5e-8", "--json")
    document = json.loads(output)
    expected = several_steps_risk(Setting.from_toml(ISOTROPIC), [1e-7, 5e-8])
    assert status == 0
    assert document["step_sizes"] == [1e-7, 5e-8]
    assert document["risks"] == list(expected.risks)
    one_step = json.loads(command("risk", ISOTROPIC, "--json")[1])
    assert one_step.items() <= document.items()
    assert document["risks"][0] == pytest.approx(document["risk_before"], rel=1e-14)
    status, output, _ = command("risk", ISOTROPIC, "--step-sizes", "1e-7")
    assert status == 0
    assert "step_sizes      [1e-07]\n" in output


def test_risk_after_the_best_steps(command):
    for options, rule in ([], "joint"), (["--rule", "decay:0.6"], "decay:0.6"):
        status, output, _ = command("risk", ISOTROPIC, "--steps", "3", *options, "--json")
        document = json.loads(output)
        expected = best_steps(Setting.from_toml(ISOTROPIC), 3, rule)
        assert status == 0
        assert document["step_sizes"] == list(expected.step_sizes)
        assert document["risks"] == list(expected.risks)
        assert (document["rule"], document["polynomial_risk"]) == (rule, expected.polynomial_risk)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--step-sizes", "1e-7,x"], "step_sizes"),
        (["--step-sizes", ""], "step_sizes"),
        (["--step-sizes", "nan"], "step_sizes"),
        (["--steps", "0"], "steps"),
        (["--steps", "17"], "steps"),
        (["--steps", "2", "--rule", "best"], "rule"),
        (["--rule", "equal"], "rule"),
        (["--steps", "2", "--step-sizes", "1e-7"], "steps"),
    ],
)
def test_steps_that_are_none(command, options, field):
    status, output, errors = command("risk", ISOTROPIC, *options)
    assert (status, output) == (2, "")
    assert errors.startswith(f"ttt-theory: {field}: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("method", ["literal", "sufficient", "conditional"])
def test_simulate(command, method):
    arguments = ["simulate", ISOTROPIC, "--prompts", "300", "--seed", "7", "--method", method]
    status, output, _ = command(*arguments, "--json")
    document = json.loads(output)
    assert status == 0
    assert {"mean", "standard_error", "prompts", "seconds", "method", "seed"} <= document.keys()
    assert (document["prompts"], document["method"], document["seed"]) == (300, method, 7)
    low, high = document["interval"]
    assert low < document["mean"] < high
    assert f"interval        [{low:.12g}, {high:.12g}]\n" in command(*arguments)[1]
    _, again, _ = command(*arguments, "--workers", "2", "--json")
    assert json.loads(again)["mean"] == document["mean"]
    _, other, _ = command(*arguments, "--step-size", "0", "--json")
    assert json.loads(other)["mean"] != document["mean"]


@pytest.mark.parametrize("method", ["literal", "conditional"])
def test_simulate_several_steps(command, method):
    arguments = ["simulate", ISOTROPIC, "--prompts", "300", "--method", method]
    status, output, _ = command(*arguments, "--step-sizes", "1e-5,-5e-6", "--json")
    document = json.loads(output)
    assert status == 0
    assert document["step_sizes"] == [1e-5, -5e-6]
    assert len(document["risks"]) == 3
    assert document["risks"][2] == document["mean"]
    assert "step_size" not in document
    shown = ", ".join(f"{each:.12g}" for each in document["risks"])
    assert f"[{shown}]\n" in command(*arguments, "--step-sizes", "1e-5,-5e-6")[1]
    plain = json.loads(command(*arguments, "--step-size", "1e-5", "--json")[1])
    assert plain.keys() == document.keys() - {"step_sizes", "risks"} | {"step_size"}
    assert plain["mean"] == pytest.approx(document["risks"][1], rel=1e-12)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--step-sizes", "0.1,x"], "step_sizes"),
        (["--step-sizes", ""], "step_sizes"),
        (["--step-sizes", "nan"], "step_sizes"),
        (["--step-sizes", "0.1", "--step-size", "0.1"], "step_size"),
        (["--step-sizes", "0.1,0.1", "--method", "sufficient"], "step_sizes"),
    ],
)
def test_steps_that_cannot_be_simulated(command, options, field):
    status, output, error = command("simulate", ISOTROPIC, "--prompts", "3", *options)
    assert (status, output) == (2, "")
    assert error.startswith(f"ttt-theory: {field}: ")
    assert error.count("\n") == 1


def test_simulate_is_literal_by_default(command):
    _, output, _ = command("simulate", ISOTROPIC, "--prompts", "1", "--json")
    assert json.loads(output)["method"] == "literal"


def test_a_single_prompt_has_no_standard_error(command):
    status, output, _ = command("simulate", ISOTROPIC, "--prompts", "1", "--json")
    assert status == 0
    assert json.loads(output)["standard_error"] is None


def test_claims(command):
    status, output, _ = command("claims", "--json")
    assert status == 0
    assert {"id", "title", "source"} <= json.loads(output)[0].keys()
    status, output, _ = command("claims")
    assert status == 0
    assert "cor-4.6" in output


def test_verify(command, tmp_path):
    status, output, _ = command(
        "verify", "--quick", "--claim", "thm-4.2-step", "--claim", "cor-5.4", "--json",
        "--report", str(tmp_path / "report"),
    )  # fmt: skip
    document = json.loads(output)
    assert status == 0
    assert document["verdict"] == "confirmed"
    assert [claim["id"] for claim in document["claims"]] == ["thm-4.2-step", "cor-5.4"]
    for claim in document["claims"]:
        assert {"id", "title", "source", "verdict", "evidence", "seconds"} <= claim.keys()
        assert claim["evidence"]
        assert all({"kind", "verdict"} <= each.keys() for each in claim["evidence"])
    saved = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert saved == document


def test_verify_may_stop_early(command):
    for options in ([], ["--sequential"]):
        _, output, _ = command("verify", "--quick", "--claim", "cor-5.4", "--json", *options)
        assert json.loads(output)["sequential"] == bool(options)


def test_verify_prints_a_table(command):
    status, output, _ = command("verify", "--quick", "--claim", "attention-reduction")
    assert status == 0
    assert "attention-reduction" in output
    assert "confirmed" in output


def test_verify_refutes_with_status_1(command, monkeypatch):
    from ttt_theory.linear.closed_form import limits

    original = limits.cold_start_threshold
    monkeypatch.setattr(limits, "cold_start_threshold", lambda x: original(x) * 51 / 50)
    # In one process, where the planted formula is; several would import their own.
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    status, output, _ = command("verify", "--quick", "--claim", "cor-4.6", "--json")
    assert status == 1
    assert json.loads(output)["verdict"] == "refuted"


LARGE = """
context_length = 2
test_samples = 2
noise_variance = 0.0
[feature_covariance]
kind = "isotropic"
dim = 400
[task_covariance]
kind = "isotropic"
dim = 400
[task]
kind = "ones"
[initialization]
kind = "pretrained"
"""


def test_verify_leaves_undecided_with_status_3(command, tmp_path):
    file = tmp_path / "large.toml"
    file.write_text(LARGE, encoding="utf-8")
    status, output, _ = command(
        "verify", "--quick", "--claim", "exact-risk", "--setting", str(file), "--json"
    )
    assert status == 3
    assert json.loads(output)["verdict"] == "undecided"


@pytest.mark.parametrize(
    "arguments",
    [
        ["risk"],
        ["risk", "missing.toml"],
        ["risk", "."],
        ["risk", ISOTROPIC, "extra"],
        ["frobnicate"],
        ["--frobnicate"],
        ["verify", "--claim", "no such claim"],
        ["verify", "--claim", "thm-5.3", "--setting", ISOTROPIC],
        ["verify", "--setting", "missing.toml"],
        ["verify", "--seed", "-1"],
        ["verify", "--seed", "one"],
        ["simulate", ISOTROPIC],
        ["simulate", ISOTROPIC, "--prompts", "0"],
        ["simulate", ISOTROPIC, "--prompts", "many"],
        ["simulate", ISOTROPIC, "--prompts", "10", "--step-size", "nan"],
        ["simulate", ISOTROPIC, "--prompts", "10", "--method", "magic"],
        ["simulate", ISOTROPIC, "--prompts", "10", "--workers", "0"],
        ["simulate", ISOTROPIC, "--prompts", "10", "--scheduler", "nowhere"],
        ["figures", "no such figure"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_status_2(command, arguments):
    status, output, error = command(*arguments)
    assert status == 2
    assert output == ""
    lines = [line for line in error.splitlines() if line.startswith("ttt-theory: ")]
    assert len(lines) == 1
    assert "Traceback" not in error


def test_a_prompt_too_large_to_simulate_is_one_line(command, tmp_path):
    file = tmp_path / "long.toml"
    file.write_text(LARGE.replace("context_length = 2", "context_length = 1000000000"), "utf-8")
    status, _, error = command("simulate", str(file), "--prompts", "1")
    assert status == 2
    assert "context_length" in error
    status, output, _ = command("risk", str(file), "--json")
    assert status == 0
    assert json.loads(output)["context_length"] == 10**9


def run_command(*arguments, **how):
    """Run the command in a process of its own, whose output waits in a buffer as it mostly does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "check": False}
    return subprocess.run(
        [sys.executable, "-m", "ttt_theory", *arguments], **usual | {"env": environment} | how
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_any_encoding_will_do(encoding, tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    listed = run_command("claims", "--json", env=environment)
    assert listed.returncode == 0
    assert json.loads(listed.stdout.decode("ascii"))[0]["id"] == "attention-reduction"
    table = run_command("claims", env=environment)
    assert (table.returncode, table.stderr) == (0, b"")
    lines = table.stdout.decode(encoding).splitlines()
    # What is spelled out leaves the table in line.
    assert len({len(line) for line in lines}) == 1
    assert "eta* -> d/[2(k+d)n" in table.stdout.decode(encoding)
    name = "no β.toml"
    fault = run_command("risk", name, env=environment)
    assert fault.returncode == 2
    assert fault.stderr.decode(encoding).splitlines() == ["ttt-theory: no beta.toml: no such file"]
    verified = run_command(
        "verify", "--quick", "--claim", "prop-3.1", "--report", str(tmp_path), env=environment
    )
    assert verified.returncode == 0
    assert "η" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_letter_is_spelled_out():
    text = "β‖x‖² ≤ Σ_x⁻¹ “½” → \udcff 漢"
    spelled = text.encode("ascii", "ttt-theory.spelled-out").decode()
    assert spelled == r'beta||x||^2 <= Sigma_x^-\xb9 "1/2" -> \udcff \u6f22'


PRINTING = [
    ["claims"],
    ["claims", "--json"],
    ["risk", ISOTROPIC],
    ["check", "n <= n + 1"],
    ["check", "n <= 1"],
    ["--help"],
    ["--version"],
]


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_disk_and_a_closed_pipe(arguments):
    usual = 1 if "n <= 1" in arguments else 0
    with Path("/dev/full").open("wb") as full:
        result = run_command(*arguments, stdout=full)
        assert result.returncode == 2
        [line] = result.stderr.decode().splitlines()
        assert line.startswith("ttt-theory: ")
        assert line.endswith("No space left on device")
        # What is lost on standard error costs nothing.
        assert run_command(*arguments, stderr=full).returncode == usual
    reader, writer = os.pipe()
    os.close(reader)
    result = run_command(*arguments, stdout=writer)
    assert (result.returncode, result.stderr) == (usual, b"")
    assert run_command(*arguments, stderr=writer).returncode == usual
    os.close(writer)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_is_closed_from_the_start(closed):
    command = f"{sys.executable} -m ttt_theory simulate {ISOTROPIC} --prompts 9 --workers 2"
    result = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True, check=False)
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("folder", ["/dev/full", "/dev/full/inner", "/proc/nowhere", "/etc/passwd"])
def test_a_folder_that_cannot_be_written_is_one_line(command, folder):
    for arguments in (
        ["verify", "--claim", "prop-3.1", "--report", folder],
        ["mutants", "--claim", "prop-3.1", "--report", folder],
        ["figures", "1b", "--quick", "--out", folder],
    ):
        status, output, error = command(*arguments)
        assert (status, output) == (2, "")
        [line] = [each for each in error.splitlines() if each.startswith("ttt-theory: ")]
        assert f"{folder!r} is not valid; give a folder that can be written (" in line


def test_a_disk_that_fills_is_one_line(tmp_path):
    # Enough for the CSV file and for what processes share, not for a picture.
    result = run_command(
        "figures", "1b", "--quick", "--out", str(tmp_path),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000)),
    )  # fmt: skip
    assert result.returncode == 2
    [line] = [each for each in result.stderr.decode().splitlines() if "ttt-theory: " in each]
    assert "give a folder that can be written (File too large)" in line


def test_a_name_that_is_no_text_is_reported(tmp_path):
    file = os.fsencode(tmp_path) + b"/\xff.toml"
    shutil.copy(ISOTROPIC, file)
    report = tmp_path / "report"
    result = run_command(
        "verify", "--claim", "attention-reduction", "--setting", file, "--report", str(report)
    )
    assert result.returncode == 0, result.stderr
    [name] = json.loads((report / "report.json").read_text("ascii"))["settings"]
    assert os.fsencode(name) == file
    assert r"\udcff.toml" in (report / "report.md").read_text(encoding="utf-8")


def test_the_version_is_printed(command):
    status, output, error = command("--version")
    assert (status, output, error) == (0, f"ttt-theory {version('ttt-theory')}\n", "")


@pytest.mark.parametrize("arguments", [["check", "--help"], ["verify", "--help"]], ids=" ".join)
def test_the_limits_are_in_the_help(command, arguments):
    _, output, _ = command(*arguments)
    text = " ".join(output.split())
    limits = {"check": ["dim 64", "15 seconds"], "verify": ["dim 300"]}
    assert all(limit in text for limit in limits[arguments[0]])


def test_reports_say_what_computed_them(command, tmp_path):
    for name, file in (("verify", "report"), ("mutants", "mutants")):
        _, output, _ = command(
            name, "--claim", "prop-3.1", "--workers", "1", "--json", "--report", str(tmp_path)
        )
        assert json.loads(output)["versions"]["numpy"] == np.__version__
        assert f"numpy {np.__version__}" in (tmp_path / f"{file}.md").read_text(encoding="utf-8")
    _, output, _ = command("simulate", ISOTROPIC, "--prompts", "9", "--json")
    assert json.loads(output)["versions"]["numpy"] == np.__version__


def test_the_installed_command():
    completed = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ttt_theory.cli import main; main()",
            "risk",
            ISOTROPIC,
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0
    assert completed.stderr == ""
    assert json.loads(completed.stdout)["dim"] == 20
