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
    """Run the command of the unpacked wheel, away from the checkout."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "ttt_theory", *arguments],
        cwd=site.parent,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_figures_are_drawn(unpacked, tmp_path):
    printed = run(unpacked, "figures", "1b", "--quick", "--out", str(tmp_path)).stdout
    assert {Path(line).suffix for line in printed.splitlines()} == {".csv", ".pdf", ".png"}
    where = "import ttt_theory.figures as each; print(each.__file__)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", where],
        cwd=unpacked.parent,
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(found.strip()).is_relative_to(unpacked)


def test_the_claims_are_found_and_the_certificate_read(unpacked):
    listed = json.loads(run(unpacked, "claims", "--json").stdout)
    assert "exact-risk" in {claim["id"] for claim in listed}
    result = run(unpacked, "verify", "--quick", "--sequential", "--claim", "exact-risk", "--json")
    kinds = {each["kind"] for each in json.loads(result.stdout)["claims"][0]["evidence"]}
    assert "certificate" in kinds


def test_nothing_of_the_checkout_alone_is_in_it(unpacked):
    names = {path.name for path in unpacked.iterdir()}
    assert {name.partition("-")[0] for name in names} == {"ttt_theory"}
    assert (unpacked / "ttt_theory" / "py.typed").exists()
