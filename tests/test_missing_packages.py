"""A package that is missing or broken is one line of every command that needs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sympy

from tests.cluster import without
from ttt_theory.errors import broken_import, importing

ROOT = Path(__file__).parents[1]
ISOTROPIC = str(ROOT / "examples" / "isotropic.toml")
NOBODY = "tcp://127.0.0.1:1"

SWEEP = """
[setting]
context_length = 4
test_samples = 2
feature_covariance = { kind = "isotropic", dim = 3 }
task_covariance = { kind = "isotropic", dim = 3 }
task = { kind = "ones" }
initialization = { kind = "zero" }
"""

# What each command needs, by the extra that brings it.
CLAIM = ("--claim", "attention-reduction")
CLI = dict.fromkeys(("typer", "rich"), "cli")
PROOFS = dict.fromkeys(("sympy", "flint"), "verify")
SHARED = {extra: dict.fromkeys(("joblib", "cloudpickle"), extra) for extra in ("verify", "sweep")}
ON_DASK = dict.fromkeys(("distributed", "cloudpickle"), "distributed")
GRIDS = dict.fromkeys(("xarray", "h5netcdf", "h5py"), "sweep")
NEEDS = {
    ("--version",): {"typer": "cli"},
    ("risk", ISOTROPIC): {"typer": "cli"},
    ("check", "n <= n + 1"): {"typer": "cli"}
    | dict.fromkeys(("flint", "hypothesis", "cloudpickle"), "verify"),
    ("claims",): CLI | PROOFS,
    ("claims", "--json"): {"typer": "cli"} | PROOFS,
    ("simulate", ISOTROPIC, "--prompts", "9"): CLI,
    ("simulate", ISOTROPIC, "--prompts", "9", "--workers", "2"): CLI | SHARED["sweep"],
    ("verify", *CLAIM, "--workers", "1"): CLI | PROOFS,
    ("verify", *CLAIM, "--workers", "2"): CLI | PROOFS | SHARED["verify"],
    ("mutants", *CLAIM, "--workers", "1"): CLI | PROOFS,
    ("mutants", *CLAIM, "--workers", "2"): CLI | PROOFS | SHARED["verify"],
    ("sweep", "sweep.toml", "--out", "out.nc"): CLI | GRIDS,
    ("sweep", "sweep.toml", "--out", "out.nc", "--workers", "2"): CLI | GRIDS | SHARED["sweep"],
    ("figures", "1b", "--quick"): CLI | {"matplotlib": "cli"},
    ("verify", *CLAIM, "--scheduler", NOBODY): CLI | PROOFS | ON_DASK,
    ("mutants", *CLAIM, "--scheduler", NOBODY): CLI | PROOFS | ON_DASK,
    ("simulate", ISOTROPIC, "--prompts", "9", "--scheduler", NOBODY): CLI | ON_DASK,
    ("sweep", "sweep.toml", "--out", "out.nc", "--scheduler", NOBODY): CLI | GRIDS | ON_DASK,
}
PACKAGES = sorted({package for needs in NEEDS.values() for package in needs})

RUN = """
import contextlib, io, json, pathlib, sys

from ttt_theory.cli import main

results = []
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["ttt-theory", *arguments]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stopped:
        results.append((stopped.code, out.getvalue(), err.getvalue()))
    for file in pathlib.Path().glob("out.nc*"):
        file.unlink()
print(json.dumps(results))
"""

FROM_PYTHON = """
import json, sys
import ttt_theory as ttt
from ttt_theory.errors import TTTTheoryError

calls = {
    "check": lambda: ttt.check("n <= n + 1"),
    "verify": lambda: ttt.verify(["attention-reduction"], workers=2),
    "mutants": lambda: ttt.mutants(["attention-reduction"], workers=2),
    "sweep": lambda: ttt.sweep("sweep.toml", out="out.nc", workers=2),
}
lines = {}
for name, call in calls.items():
    try:
        call()
    except TTTTheoryError as error:
        lines[name] = [type(error).__name__, str(error)]
print(json.dumps(lines))
"""


def python(code, folder, request=""):
    """Run code after `sitecustomize.py` of a folder, also in the processes that it starts."""
    (folder / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    completed = subprocess.run(
        [sys.executable, "-c", code],
        input=request,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def missing(package, extra):
    return f"{package} is not installed: pip install 'ttt-theory[{extra}]'"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_command_without_a_package(package, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(without(package))
    needs = {
        command: needed
        for command, needed in NEEDS.items()
        if package in needed or command[0] in ("--version", "risk")
    }
    results = python(RUN, tmp_path, json.dumps(list(needs)))
    for (command, needed), (status, output, error) in zip(needs.items(), results, strict=True):
        lines = [line for line in error.splitlines() if line.startswith("ttt-theory: ")]
        assert "Traceback" not in error, command
        if package in needed:
            assert (status, output) == (2, ""), command
            assert lines == [f"ttt-theory: {missing(package, needed[package])}"], command
        else:
            assert (status, lines) == (0, []), (command, error)


FUNCTIONS = {
    "check": dict.fromkeys(("flint", "hypothesis", "cloudpickle"), "verify"),
    "verify": PROOFS | SHARED["verify"],
    "mutants": PROOFS | SHARED["verify"],
    "sweep": GRIDS | SHARED["sweep"],
}


@pytest.mark.parametrize(
    "package", sorted({package for needed in FUNCTIONS.values() for package in needed})
)
def test_every_function_without_a_package(package, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(without(package))
    expected = {
        name: ["MissingPackageError", missing(package, needed[package])]
        for name, needed in FUNCTIONS.items()
        if package in needed
    }
    assert python(FROM_PYTHON, tmp_path) == expected


@pytest.mark.parametrize(
    ("package", "functions"),
    [
        ("flint", ["check", "verify", "mutants"]),
        ("hypothesis", ["check"]),
        ("joblib", ["verify", "mutants", "sweep"]),
        ("h5py", ["sweep"]),
        ("xarray", ["sweep"]),
    ],
)
def test_a_broken_package_is_not_missing(package, functions, tmp_path):
    reason = f"lib{package}.so.2: cannot open shared object file"
    (tmp_path / f"{package}.py").write_text(f"raise ImportError({reason!r})")
    lines = python(FROM_PYTHON, tmp_path)
    assert list(lines) == functions
    for kind, line in lines.values():
        assert kind == "BrokenPackageError"
        assert line == f"{package} is installed, but cannot be imported: {reason}; reinstall it"


ABI = ("raise ValueError('numpy.dtype size changed')", "ValueError: numpy.dtype size changed")
EXIT = ("raise SystemExit(0)", "SystemExit: 0")
HALF = ("half = = a file", "SyntaxError: invalid syntax")


@pytest.mark.parametrize(
    ("package", "source", "reason"),
    [(package, *ABI) for package in sorted({*PACKAGES, "pydantic", "scipy"} - {"typer", "rich"})]
    + [(package, *HALF) for package in ("flint", "h5py", "scipy", "sympy")]
    + [(package, *EXIT) for package in ("flint", "h5py", "rich", "sympy")],
)
def test_whatever_an_import_raises_is_no_verdict(package, source, reason, tmp_path):
    (tmp_path / f"{package}.py").write_text(source)
    users = [command for command, needed in NEEDS.items() if package in needed]
    [(status, output, error)] = python(RUN, tmp_path, json.dumps([*users, ("risk", ISOTROPIC)][:1]))
    assert (status, output) == (2, "")
    expected = f"ttt-theory: {package} is installed, but cannot be imported: {reason}"
    assert [line for line in error.splitlines() if line.startswith(expected)], error
    assert "Traceback" not in error


def test_what_a_package_raises_at_work_is_not_its_import():
    assert broken_import(ValueError("never raised")) is None
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    assert broken_import(caught.value) is None
    with pytest.raises(TypeError) as caught, importing("verify", "sympy"):
        sympy.Symbol(1)
    assert broken_import(caught.value) is None


def test_a_package_that_lacks_another_is_broken(tmp_path):
    (tmp_path / "sympy").mkdir()
    (tmp_path / "sympy" / "__init__.py").write_text("import no_such_package")
    lines = python(FROM_PYTHON, tmp_path)
    expected = "sympy is installed, but cannot be imported: No module named 'no_such_package'"
    assert list(lines) == ["verify", "mutants"]
    assert {line for _, line in lines.values()} == {f"{expected}; reinstall it"}


def test_a_file_of_ones_own_names_what_it_misses(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(without("hypothesis"))
    (tmp_path / "own.py").write_text("x = 1\nimport ttt_theory.testing")
    (tmp_path / "other.py").write_text("import no_such_package")
    commands = [["risk", ISOTROPIC, "--with", name] for name in ("own.py", "other.py")]
    own, other = python(RUN, tmp_path, json.dumps(commands))
    assert own[0] == other[0] == 2
    assert own[2] == f"ttt-theory: own.py: line 2: {missing('hypothesis', 'verify')}\n"
    assert (
        other[2] == "ttt-theory: other.py: line 1: no_such_package is not installed: install it\n"
    )


@pytest.mark.parametrize(
    ("package", "fault"),
    [
        ("no_such_package", "no_such_package is not installed: install it"),
        ("h5py", "h5py is installed, but cannot be imported: ValueError: ABI; reinstall it"),
    ],
)
def test_evidence_that_misses_a_package_is_no_verdict(package, fault, tmp_path):
    (tmp_path / "h5py.py").write_text("raise ValueError('ABI')")
    (tmp_path / "theorem.py").write_text(
        """
from ttt_theory.claims import Claim, register_claim

def evidence(effort):
    import PACKAGE

register_claim(Claim("example/a", "A", "me", "It holds.", evidence=(evidence,)))
""".replace("PACKAGE", package)
    )
    verify = ["verify", "--with", "theorem.py", "--claim", "example/a", "--workers", "1"]
    [[status, output, error]] = python(RUN, tmp_path, json.dumps([verify]))
    assert (status, output) == (2, "")
    assert error.endswith(f"ttt-theory: {fault}\n")
