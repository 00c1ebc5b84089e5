"""The examples run, as a user would run them."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from ttt_theory.linear.closed_form import shift
from ttt_theory.linear.exact.spectrum import Spectrum, curve

ROOT = Path(__file__).parents[1]


def run(name):
    finished = subprocess.run(
        [sys.executable, f"examples/{name}"], cwd=ROOT, capture_output=True, text=True
    )
    assert finished.stderr == ""
    return finished.stdout


def test_a_covariance_of_ones_own_is_verified_in_25_lines():
    script = ROOT / "examples" / "fractional_noise.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 25
    assert run(script.name) == "confirmed\n"


def test_the_maps_of_shifts_are_those_of_exact_fractions():
    first, second = run("shift_map.py").split("strength by")
    n, d = Fraction(80), Fraction(40)
    spent = Fraction(40, 40 + 41)
    target = (d + 1) / (n + d + 1)
    matched = 1 / (n + d + 1)
    cold_after = 1 - spent * full_gain(Spectrum([d], [1], [0 * d], [Fraction(1)]), n)

    def regime(before, gain):
        after = before - spent * gain
        return "C" if cold_after < after else "R" if after <= target else "h"

    def expected_features(length, variance):
        ratio = shift.weight_ratio(n, d, 0, n * length, 0, 1 / variance)
        loss = shift.pretraining_loss(n, d, 1, 0, ratio)
        return regime(target + loss, shift.full_gain(n, d, 1, 0, ratio * matched))

    def expected_tasks(strength, share):
        parts = d / 4, 3 * d / 4
        spectrum = Spectrum.pretrained(parts, [strength, 1], [1 - share, share], n)
        return regime(curve(spectrum, n, Fraction(1)).constant, full_gain(spectrum, n))

    for text, expected in ((first, expected_features), (second, expected_tasks)):
        columns, *rows = (line.split() for line in text.splitlines()[1:])
        assert len(rows) >= 5
        for row, *cells in rows:
            assert cells == [expected(Fraction(row), Fraction(each)) for each in columns]
        assert {"R", "h", "C"} <= {cell for _, *cells in rows for cell in cells}


def full_gain(spectrum, n):
    """Return what a step gains for k → ∞, from its gain at two numbers of samples."""
    one, two = (1 / curve(spectrum, n, Fraction(k)).improvement for k in (1, 2))
    return 1 / (2 * two - one)
