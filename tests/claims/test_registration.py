"""How claims become known: from files, from installed packages, and under which ids."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ttt_theory import ExtensionError, InvalidClaimError, UnknownClaimError, cli, register_claim
from ttt_theory.claims import Claim, registration
from ttt_theory.claims.registration import all_claims, find, load_file, matching
from ttt_theory.evidence import proof
from ttt_theory.execution import shipping

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "theorems" / "trained_and_tested.py"


def holds(_):
    return [proof("it holds", True)]


MINE = Claim("example/mine", "Mine", "me", "It holds.", evidence=(holds,))


@pytest.fixture(autouse=True)
def forgets(monkeypatch):
    """Forget what a test has registered."""
    all_claims()
    monkeypatch.setattr(registration, "_registered", dict(registration._registered))
    monkeypatch.setattr(registration, "_loaded", set(registration._loaded))


def test_a_claim_that_is_registered_is_found_and_comes_last():
    assert register_claim(MINE) is MINE
    assert find("example/mine") is MINE
    assert all_claims()[-1] is MINE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "noise"}, "is taken"),
        ({"id": ""}, "give an id without"),
        ({"id": "two words"}, "give an id without"),
        ({"id": "thm-*"}, "give an id without"),
        ({"evidence": ()}, "asks for no evidence"),
        ({"checks": (holds,)}, "no settings to run on"),
    ],
)
def test_what_is_no_claim_is_refused(change, reason):
    before = all_claims()
    with pytest.raises(InvalidClaimError, match=reason):
        register_claim(dataclasses.replace(MINE, **change))
    assert all_claims() == before


def test_an_id_is_registered_once():
    register_claim(MINE)
    with pytest.raises(InvalidClaimError, match="example/mine: this id is taken"):
        register_claim(dataclasses.replace(MINE, title="Another"))
    with pytest.raises(InvalidClaimError, match=r"ttt_theory\.claims\.Claim"):
        register_claim(holds)


@pytest.mark.parametrize(
    ("patterns", "ids"),
    [
        (["noise"], ["noise"]),
        (["thm-4.2*"], ["thm-4.2-step", "thm-4.2-improvement"]),
        (["cor-?.?"], ["cor-4.6", "cor-5.4"]),
        (["noise", "*oise", "shift"], ["noise", "shift"]),
        (["example/*"], ["example/mine"]),
    ],
)
def test_patterns(patterns, ids):
    register_claim(MINE)
    assert [claim.id for claim in matching(patterns)] == ids


def test_a_near_miss_lists_all_that_it_could_mean():
    with pytest.raises(UnknownClaimError) as caught:
        matching(["thm-4.2"])
    assert caught.value.closest == ("thm-4.2-step", "thm-4.2-improvement")
    assert str(caught.value).endswith("did you mean thm-4.2-step or thm-4.2-improvement?")
    with pytest.raises(UnknownClaimError, match="did you mean noise"):
        matching(["nosie"])
    with pytest.raises(UnknownClaimError) as caught:
        matching(["literature/*"])
    assert "did you mean" not in str(caught.value)


def test_a_file_is_run_once_however_it_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(EXAMPLE.parent)
    load_file(EXAMPLE)
    load_file(Path(EXAMPLE.name))
    assert [claim.id for claim in matching(["example/*"])] == ["example/trained-and-tested"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("theorem.py", None, "no such file"),
        ("theorem.toml", "x = 1", "not a Python file"),
        ("theorem.py", "x = (", "SyntaxError"),
        ("theorem.py", "\n\n1 / 0", "line 3: ZeroDivisionError: division by zero"),
        ("theorem.py", "import no_such_package", "line 1: no_such_package is not installed"),
        ("theorem.py", "raise SystemExit(3)", "SystemExit"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_line(tmp_path, name, text, reason):
    file = tmp_path / name
    if text is not None:
        file.write_text(text, encoding="utf-8")
    modules = set(sys.modules)
    with pytest.raises(ExtensionError) as caught:
        load_file(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not {module for module in set(sys.modules) - modules if module.startswith("with_")}


def test_a_file_that_fails_leaves_no_claim_behind(tmp_path):
    file = tmp_path / "half.py"
    file.write_text(EXAMPLE.read_text("utf-8") + "\nraise ValueError('late')\n", encoding="utf-8")
    before = all_claims()
    with pytest.raises(ExtensionError, match="late"):
        load_file(file)
    assert all_claims() == before


def test_a_file_with_an_id_that_is_taken_is_refused(tmp_path):
    file = tmp_path / "again.py"
    text = EXAMPLE.read_text("utf-8").replace("example/trained-and-tested", "noise")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ExtensionError, match="claim noise: this id is taken"):
        load_file(file)


PACKAGE = """
from ttt_theory.claims import Claim
from ttt_theory.evidence import proof

def holds(_):
    return [proof("it holds", {holds})]

CLAIMS = (Claim("example/installed", "Installed", "someone", "It holds.", evidence=(holds,)),)
"""


def installed(folder, text, target="their_theorems:CLAIMS"):
    """Install a package of claims as pip would, into a folder."""
    (folder / "their_theorems.py").write_text(text, encoding="utf-8")
    metadata = folder / "their_theorems-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: their-theorems\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(f"[ttt_theory.claims]\ntheirs = {target}\n")


def command(*arguments, path=()):
    """Run the command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-m", "ttt_theory", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return a function that runs the command here, and returns its status and what it prints."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ttt-theory", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, capsys.readouterr().out

    return run


def test_an_installed_package_of_claims_is_verified_by_all_workers(tmp_path):
    installed(tmp_path, PACKAGE.format(holds=True))
    arguments = ("verify", "--claim", "example/*", "--workers", 2, "--json")
    result = command(*arguments, path=[tmp_path])
    assert result.returncode == 0
    [claim] = json.loads(result.stdout)["claims"]
    assert claim["id"] == "example/installed"


@pytest.fixture
def anew(monkeypatch, tmp_path):
    """Forget that claims were loaded, and find what is installed in a folder."""
    for name, empty in (("_registered", {}), ("_installed", set()), ("_loaded", set())):
        monkeypatch.setattr(registration, name, empty)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "their_theorems", raising=False)


def test_a_false_claim_of_an_installed_package_is_refuted(tmp_path, anew, printed):
    installed(tmp_path, PACKAGE.format(holds=False))
    status, output = printed("verify", "--claim", "example/*", "--workers", 1, "--json")
    assert status == 1
    assert json.loads(output)["verdict"] == "refuted"
    assert len(all_claims()) > 10


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("import no_such_package", "their_theorems:CLAIMS", "no_such_package is not installed"),
        ("1 / 0", "their_theorems:CLAIMS", "ZeroDivisionError"),
        (PACKAGE.format(holds=True), "their_theorems:holds", "is no tuple of claims"),
        (
            PACKAGE.format(holds=True).replace("example/installed", "noise"),
            "their_theorems:CLAIMS",
            "claim noise: this id is taken",
        ),
    ],
)
def test_a_broken_package_of_claims_is_one_line(tmp_path, anew, text, target, reason):
    installed(tmp_path, text, target)
    for _ in range(2):  # Nor is anything of it left the next time.
        with pytest.raises((ExtensionError, InvalidClaimError)) as caught:
            all_claims()
        assert reason in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_other_processes_find_by_themselves_is_not_sent(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "found.py").write_text("x = 1", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hidden.py").write_text("x = 1", encoding="utf-8")
    import found

    assert shipping._is_found_elsewhere(found)
    assert shipping._is_found_elsewhere(sys.modules["ttt_theory.claims.claim"])
    load_file(tmp_path / "elsewhere" / "hidden.py")
    [hidden] = [each for name, each in sys.modules.items() if name.startswith("with_hidden_")]
    assert not shipping._is_found_elsewhere(hidden)


OWN = '''
"""A covariance of one's own."""

from dataclasses import dataclass

import numpy as np

import ttt_theory as ttt


@ttt.register_covariance("{kind}")
@dataclass(frozen=True)
class Tridiagonal(ttt.Covariance):
    dim: int
    neighbour: float

    def matrix(self):
        return np.eye(self.dim) + self.neighbour * (np.eye(self.dim, k=1) + np.eye(self.dim, k=-1))
'''
SETTING = """
context_length = 12
test_samples = 4
feature_covariance = { kind = "tridiagonal", dim = 3, neighbour = 0.25 }
task_covariance = { kind = "isotropic", dim = 3 }
task = { kind = "ones" }
initialization = { kind = "pretrained" }
"""


def test_a_covariance_of_ones_own_is_known_to_every_command(tmp_path, printed):
    own, setting, sweep = (tmp_path / name for name in ("own.py", "setting.toml", "sweep.toml"))
    own.write_text(OWN.format(kind="tridiagonal"), encoding="utf-8")
    setting.write_text(SETTING, encoding="utf-8")
    sweep.write_text(f"[setting]{SETTING}\n[[grid]]\ntest_samples = [3, 4]\n", encoding="utf-8")
    by_hand = tmp_path / "by_hand.toml"
    (tmp_path / "matrix.csv").write_text("1,0.25,0\n0.25,1,0.25\n0,0.25,1\n", encoding="utf-8")
    dense = SETTING.replace(
        '"tridiagonal", dim = 3, neighbour = 0.25', '"dense", file = "matrix.csv"'
    )
    by_hand.write_text(dense, encoding="utf-8")

    assert printed("risk", setting)[0] == 2
    with_own = ("--with", own)
    risk = json.loads(printed("risk", setting, *with_own, "--json")[1])
    assert risk == pytest.approx(json.loads(printed("risk", by_hand, "--json")[1]), rel=1e-12)
    # To other processes the class is sent as code.
    simulate = ("simulate", setting, *with_own, "--prompts", 9000, "--json")
    alone, together = (json.loads(printed(*simulate, "--workers", n)[1]) for n in (1, 2))
    assert {**alone, "seconds": 0} == {**together, "seconds": 0}
    claim = ("--claim", "exact-risk", "--quick", "--sequential", "--workers", 2)
    assert printed("verify", "--setting", setting, *with_own, *claim)[0] == 0
    checked = printed("check", "risk_after <= risk_before", "--setting", setting, *with_own)[1]
    assert checked.startswith("proved")
    out = tmp_path / "swept.nc"
    assert printed("sweep", sweep, "--out", out, *with_own, "--workers", 2) == (0, f"{out}\n")


def reports(file, scheduler, registered, printed, monkeypatch):
    """Yield status and report of a file's claim on one process, on two, and on a cluster."""
    for options in (["--workers", 1], ["--workers", 2], ["--scheduler", scheduler]):
        monkeypatch.setattr(registration, "_registered", dict(registered))
        monkeypatch.setattr(registration, "_loaded", {"ttt_theory.claims"})
        claim = ("--claim", "example/*", "--with", file)
        status, output = printed("verify", "--quick", "--json", *claim, *options)
        [report] = json.loads(output)["claims"]
        del report["seconds"]
        yield status, report


def test_the_example_and_a_wrong_version_of_it_are_judged_alike_by_all_workers(
    tmp_path, scheduler, printed, monkeypatch
):
    wrong = tmp_path / "wrong.py"
    text = EXAMPLE.read_text("utf-8")
    assert "b * (x + t) ** 2) / ((n + 1)" in text
    changed = text.replace("b * (x + t) ** 2) / ((n + 1)", "b * (x - t) ** 2) / ((n + 1)")
    wrong.write_text(changed, encoding="utf-8")
    registered = dict(registration._registered)
    for file, status, verdict in ((EXAMPLE, 0, "confirmed"), (wrong, 1, "refuted")):
        alone, *others = reports(file, scheduler, registered, printed, monkeypatch)
        assert alone[0] == status
        assert alone[1]["verdict"] == verdict
        assert others == [alone, alone]
    kinds = {each["kind"]: each["verdict"] for each in alone[1]["evidence"]}
    assert kinds["exact value"] == kinds["exact average"] == kinds["equivalence"] == "refuted"


def test_claims_of_a_file_are_listed_and_mutated(printed):
    _, listed = printed("claims", "--json", "--with", EXAMPLE)
    assert json.loads(listed)[-1]["id"] == "example/trained-and-tested"
    status, judged = printed("mutants", "--claim", "example/*", "--json", "--with", EXAMPLE)
    assert status == 0
    assert json.loads(judged)["total"] == json.loads(judged)["killed"] >= 25


def test_a_missing_package_is_no_verdict(tmp_path):
    (tmp_path / "sympy.py").write_text("raise ModuleNotFoundError('no', name='sympy')")
    for name in ("verify", "claims", "mutants"):
        result = command(name, path=[tmp_path])
        assert (result.returncode, result.stdout) == (2, "")
        [line] = result.stderr.splitlines()
        assert line.endswith("sympy is not installed: pip install 'ttt-theory[verify]'")
    # A covariance of one's own needs none of it.
    own, setting = tmp_path / "own.py", tmp_path / "setting.toml"
    own.write_text(OWN.format(kind="tridiagonal"), encoding="utf-8")
    setting.write_text(SETTING, encoding="utf-8")
    result = command("risk", setting, "--with", own, path=[tmp_path])
    assert result.returncode == 0
