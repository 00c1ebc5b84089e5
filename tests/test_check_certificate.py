"""The programs that check a certificate alone: brute force, monomials, rank, and hostile files."""

import ast
import dataclasses
import json
import math
import random
import subprocess
import sys
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory.certificates import ONE_STEP, check_certificate, generate, pairings
from ttt_theory.certificates.check_certificate import (
    CertificateError,
    Point,
    brute_force,
    independent,
    invariant,
    read,
    unpinned,
    wrong_values,
)
from ttt_theory.claims.certificates import compiled_coefficients
from ttt_theory.covariance import Dense
from ttt_theory.evidence.exact_average import exact_coefficients
from ttt_theory.simulation.literal import Experiment

TEXT = ONE_STEP.read_text(encoding="utf-8")
CERTIFICATE = read(TEXT)
NUMBERS = st.builds(Fraction, st.integers(-3, 3), st.integers(1, 3))
LETTERS = st.lists(st.sampled_from(["S", "W", "W'"]), max_size=6)
# (n, k, d, noise): within reach of a Gauss-Hermite rule.
SIZES = [
    (1, 1, 1, True),
    (2, 1, 1, True),
    (1, 2, 1, True),
    (3, 2, 1, False),
    (1, 1, 2, True),
    (1, 2, 2, False),
    (2, 1, 2, False),
]


@st.composite
def points(draw, dims=(1, 2, 3)):
    d = draw(st.sampled_from(dims))
    columns = draw(st.integers(1, d + 1))

    def rows(count, width):
        vectors = st.tuples(*[NUMBERS] * width)
        return draw(st.tuples(*[vectors] * count))

    return Point(rows(d, columns), *rows(1, d), rows(d, d), abs(draw(NUMBERS)))


def test_one_sample_in_one_dimension():
    # By hand: with W = 0 and y = x, R(η) = E[(x' − 2η x' x_t² x_1² u')²], where u' = x_2²,
    # is 1 − 4η E[x'²] E[x_t²] E[x_1²] E[x_2²] + 4η² E[x'²] E[x_t⁴] E[x_1⁴] E[x_2⁴].
    one, zero = Fraction(1), Fraction(0)
    assert brute_force(Point(((one,),), (one,), ((zero,),), zero), 1, 1) == {(1, 1): (1, 4, 108)}


@hypothesis_settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.data())
def test_the_cold_isotropic_improvement(n, k, d, data):
    identity = tuple(tuple(Fraction(int(i == j)) for j in range(d)) for i in range(d))
    zero = tuple(tuple(Fraction(0) for _ in range(d)) for _ in range(d))
    task = data.draw(st.tuples(*[NUMBERS] * d))
    square = sum(entry**2 for entry in task)
    assume(square)
    _, linear, quadratic = brute_force(Point(identity, task, zero, Fraction(0)), n, k)[n, k]
    expected = Fraction(k * n**2, (d + k + 1) * (n**2 + 4 * n + d + 3)) * square
    assert linear**2 / (4 * quadratic) == expected


@hypothesis_settings(max_examples=15)
@given(st.sampled_from(SIZES), st.data())
def test_the_literal_simulator_averages_to_the_brute_force(sizes, data):
    n, k, d, noisy = sizes
    point = data.draw(points((d,)))
    if not noisy:
        point = dataclasses.replace(point, noise_variance=Fraction(0))
    factor, task, weights = (
        np.array(each, dtype=float) for each in (point.factor, point.task, point.weights)
    )
    noise_variance = float(point.noise_variance)
    literal = exact_coefficients(
        Experiment(n, k, Dense(factor @ factor.T), task, noise_variance, weights)
    )
    constant, linear, quadratic = map(float, brute_force(point, n, k)[n, k])
    assert literal[0] == pytest.approx(constant, rel=1e-12, abs=1e-12)
    assert literal[1] == pytest.approx(linear, abs=1e-12 * (1.0 + math.sqrt(constant * quadratic)))
    assert literal[2] == pytest.approx(quadratic, rel=1e-12, abs=1e-12)


@hypothesis_settings(max_examples=10)
@given(points((1, 2, 3, 4)), st.integers(1, 7), st.integers(1, 4))
def test_the_formulas_hold_elsewhere_as_the_argument_says(point, n, k):
    compiled = compiled_coefficients(n, k, point.noise_variance, partial(invariant, point))
    assert tuple(compiled.values()) == brute_force(point, n, k)[n, k]


def test_monomials_have_the_units_of_the_coefficients():
    # Under x → tx, β → β/t, W → W/t² labels stay, and c0, c1, c2 grow by t⁰, t⁴, t⁸.
    for power, (name, span) in enumerate(pairings.spans().items()):
        for monomial in span["monomials"]:
            words = monomial.split(" * ")
            forms = sum(word[0] == "q" for word in words)
            assert words.count("s") + forms == power + 1, name
            assert monomial.count("S") + forms - monomial.count("W") == 2 * power, name
            assert monomial.count("W") <= 2, name


@given(LETTERS, st.integers(0, 5))
def test_words_of_equal_invariants_are_equal(letters, turn):
    transposed = [{"W": "W'", "W'": "W"}.get(letter, letter) for letter in reversed(letters)]
    assert pairings.form(letters) == pairings.form(transposed)
    assume(letters)
    turn %= len(letters)
    turned = pairings.trace(letters[turn:] + letters[:turn])
    assert turned == pairings.trace(letters) == pairings.trace(transposed)


@given(points(), LETTERS)
def test_words_are_evaluated(point, letters):
    factor, weights, task = map(np.array, (point.factor, point.weights, point.task))
    matrices = {"S": factor @ factor.T, "W": weights, "W'": weights.T}
    product = np.diag([Fraction(1)] * len(task))
    for letter in letters:
        product = product @ matrices[letter]
    mean = matrices["S"] @ task
    assert invariant(point, pairings.form(letters)) == mean @ product @ mean
    assert invariant(point, "s") == task @ mean + point.noise_variance
    if letters:
        assert invariant(point, pairings.trace(letters)) == np.trace(product)


def test_one_dimension_or_commuting_matrices_do_not_pin_c2():
    monomials = pairings.spans()["c2"]["monomials"]
    lines = [point for point in CERTIFICATE.points if len(point.task) == 1]
    generator = random.Random(0)

    def diagonal():
        (a, b), zero = numbers(), Fraction(0)
        return ((a, zero), (zero, b))

    def numbers():
        return tuple(Fraction(generator.randrange(-5, 6), 2) for _ in range(2))

    commuting = [Point(diagonal(), numbers(), diagonal(), abs(numbers()[0])) for _ in range(60)]
    assert 0 < len(independent(lines, monomials)) < len(monomials)
    assert 0 < len(independent(commuting, monomials)) < len(monomials)
    assert independent(CERTIFICATE.points, monomials) == CERTIFICATE.points


@pytest.mark.parametrize("name", ["c0", "c1", "c2"])
def test_a_repeated_monomial_is_not_pinned(name):
    span = CERTIFICATE.spans[name]
    repeated = span | {"monomials": [*span["monomials"], span["monomials"][0]]}
    certificate = dataclasses.replace(CERTIFICATE, spans=CERTIFICATE.spans | {name: repeated})
    (gap,) = unpinned(certificate)
    assert gap.startswith(f"{name}: ")


@hypothesis_settings(max_examples=30)
@given(st.integers(0, 11), st.integers(0, 9), st.integers(0, 2), NUMBERS)
def test_any_wrong_value_is_found(point, size, coefficient, difference):
    assume(difference)
    values = dict(CERTIFICATE.values[point])
    sizes = list(values)[size]
    changed = list(values[sizes])
    changed[coefficient] += difference
    values[sizes] = tuple(changed)
    certificate = dataclasses.replace(
        CERTIFICATE, points=[CERTIFICATE.points[point]], values=[values]
    )
    (fault,) = wrong_values(certificate)
    assert f"n = {sizes[0]}, k = {sizes[1]}: c{coefficient}" in fault


NO_CERTIFICATES = [
    b"",
    TEXT[: len(TEXT) // 2].encode(),
    b"\xff\xfe",
    b"[" * 100_000,
    b"{}",
    b"null",
    TEXT.replace("version 1", "version 2").encode(),
    TEXT.replace('"noise_variance": "', '"noise_variance": "-7', 1).encode(),
    TEXT.replace('"task": [ "', '"task": [ "1e', 1).encode(),
    TEXT.replace('"task": [ "', '"task": [ "1", "', 1).encode(),
    TEXT.replace('/2"', '/2305843009213693951"', 1).encode(),
    TEXT.replace('"q\' W q"', '"q\' V q"', 1).encode(),
    TEXT.replace('"context_lengths": [', '"context_lengths": [ 1000000000,').encode(),
    TEXT.replace('"powers_of_n": [', '"powers_of_n": [ 100000000000,', 1).encode(),
]


@pytest.mark.parametrize("content", NO_CERTIFICATES)
def test_what_is_no_certificate_is_named_in_one_line(tmp_path, capsys, content):
    path = tmp_path / "one_step.json"
    path.write_bytes(content)
    assert check_certificate.main([str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def outcome(document):
    try:
        return unpinned(read(json.dumps(document)))
    except CertificateError as error:
        return [str(error)]


JUNK = st.sampled_from([None, True, -1, 0, 2.5, "", "x", "1/0", [], [[]], {}, "9" * 500])


@hypothesis_settings(max_examples=150)
@given(st.data(), JUNK)
def test_a_damaged_document_is_read_or_named(data, junk):
    document = json.loads(TEXT)
    document["points"] = document["points"][:2]
    node, parent, key = document, None, None
    while isinstance(node, dict | list) and node and (parent is None or data.draw(st.booleans())):
        keys = sorted(node) if isinstance(node, dict) else range(len(node))
        parent, key = node, data.draw(st.sampled_from(keys))
        node = parent[key]
    parent[key] = junk
    lines = outcome(document)
    assert lines
    assert not any("\n" in line for line in lines)


def run_alone(program, *arguments):
    command = [sys.executable, "-I", program.__file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_checker_runs_alone(tmp_path):
    document = json.loads(TEXT)
    count = len(document["points"])
    del document["points"][1:]
    document["points"][0]["values"][7][2] = "1/3"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = run_alone(check_certificate, path)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "c0: its 4 monomials have rank 1 at the points",
        "c1: its 6 monomials have rank 1 at the points",
        "c2: its 35 monomials have rank 1 at the points",
        "point 0, n = 4, k = 2: c2 is not 1/3",
        "30 values at 1 points: refuted",
    ]
    result = run_alone(check_certificate, ONE_STEP)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{30 * count} values at {count} points: confirmed\n"
    assert run_alone(check_certificate).returncode == 2


def test_the_enumeration_runs_alone():
    assert json.loads(run_alone(pairings).stdout) == CERTIFICATE.spans == pairings.spans()


@pytest.mark.parametrize("module", [check_certificate, pairings])
def test_they_import_the_standard_library_alone(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module.partition(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= sys.stdlib_module_names


def test_the_certificate_is_what_the_generator_writes():
    assert generate.certificate() == TEXT, "run `python -m ttt_theory.certificates.generate`"
