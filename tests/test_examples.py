"""The examples run, as a user would run them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_covariance_of_ones_own_is_verified_in_25_lines():
    script = ROOT / "examples" / "fractional_noise.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 25
    finished = subprocess.run(
        [sys.executable, script.relative_to(ROOT)], cwd=ROOT, capture_output=True, text=True
    )
    assert (finished.stdout, finished.stderr) == ("confirmed\n", "")
