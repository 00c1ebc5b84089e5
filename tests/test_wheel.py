"""The wheel: every command works without a checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Build the wheel, and unpack it as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(site, *arguments):
    """Run Python with the unpacked wheel, away from the checkout; return what it prints."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=site.parent,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def command(site, *arguments):
    return run(site, "-m", "ttt_theory", *arguments)


def python(site, code):
    return run(site, "-c", code).strip()


def test_the_figures_are_drawn(unpacked, tmp_path):
    printed = command(unpacked, "figures", "1b", "--quick", "--out", str(tmp_path))
    assert {Path(line).suffix for line in printed.splitlines()} == {".csv", ".pdf", ".png"}
    where = python(unpacked, "import ttt_theory.figures as each; print(each.__file__)")
    assert Path(where).is_relative_to(unpacked)


def test_the_claims_are_found_and_the_certificate_read(unpacked):
    listed = json.loads(command(unpacked, "claims", "--json"))
    assert "exact-risk" in {claim["id"] for claim in listed}
    code = (
        "from ttt_theory.linear.witnesses.certificates import ONE_STEP; print(ONE_STEP.is_file())"
    )
    assert python(unpacked, code) == "True"


def test_nothing_of_the_checkout_alone_is_in_it(unpacked):
    names = {path.name for path in unpacked.iterdir()}
    assert {name.partition("-")[0] for name in names} == {"ttt_theory"}
    assert (unpacked / "ttt_theory" / "py.typed").exists()


def test_the_command_and_the_module_know_their_version(unpacked):
    entry = "from ttt_theory.cli import main; main()"
    [metadata] = unpacked.glob("*.dist-info")
    assert "ttt-theory = ttt_theory.cli:main" in (metadata / "entry_points.txt").read_text()
    expected = f"ttt-theory {metadata.name.removesuffix('.dist-info').partition('-')[2]}\n"
    assert command(unpacked, "--version") == run(unpacked, "-c", entry, "--version") == expected
