"""The programs that check a certificate alone: brute force, monomials, rank, and hostile files."""

import ast
import copy
import dataclasses
import json
import math
import random
import shutil
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

from ttt_theory.covariance import Dense
from ttt_theory.linear.simulation.literal import LiteralSimulator
from ttt_theory.linear.witnesses.certificates import ONE_STEP, check_certificate, generate, pairings
from ttt_theory.linear.witnesses.certificates.check_certificate import (
    CertificateError,
    Point,
    brute_force,
    independent,
    invariant,
    misstated,
    outside,
    read,
    unpinned,
    wrong_values,
)
from ttt_theory.linear.witnesses.certified import compiled_curve
from ttt_theory.linear.witnesses.exact_average import exact_coefficients

pytestmark = pytest.mark.usefixtures("computed_once")

TEXT = ONE_STEP.read_text(encoding="utf-8")
CERTIFICATE = read(TEXT)
SPANS = pairings.spans()
PARTS = [(name, part) for name in ("c0", "c1", "c2") for part in SPANS[name]]
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
        LiteralSimulator(n, k, Dense(factor @ factor.T), task, noise_variance, weights)
    )
    constant, linear, quadratic = map(float, brute_force(point, n, k)[n, k])
    assert literal[0] == pytest.approx(constant, rel=1e-12, abs=1e-12)
    assert literal[1] == pytest.approx(linear, abs=1e-12 * (1.0 + math.sqrt(constant * quadratic)))
    assert literal[2] == pytest.approx(quadratic, rel=1e-12, abs=1e-12)


@hypothesis_settings(max_examples=10)
@given(points((1, 2, 3, 4)), st.integers(1, 7), st.integers(1, 4))
def test_the_formulas_hold_elsewhere_as_the_argument_says(point, n, k):
    curve = compiled_curve(n, k, point.noise_variance, partial(invariant, point))
    coefficients = curve.constant, curve.linear, curve.quadratic
    assert coefficients == brute_force(point, n, k)[n, k]


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
    assert independent(CERTIFICATE.points, monomials) == CERTIFICATE.points[: len(monomials)]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_what_is_repeated_is_not_pinned(name, part):
    repeated = copy.deepcopy(SPANS)
    repeated[name][part].append(repeated[name][part][0])
    (gap,) = unpinned(CERTIFICATE, repeated)
    assert gap.startswith(f"{name}: ")


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_values_show_whatever_an_enumeration_forgets(name, part):
    for position in range(len(SPANS[name][part])):
        lacking = copy.deepcopy(SPANS)
        del lacking[name][part][position]
        (stray,) = outside(CERTIFICATE, lacking)
        assert stray.startswith(f"{name}: its values are no combination")


def test_values_that_nothing_goes_beyond_test_no_span():
    number = len(SPANS["c2"]["monomials"])
    certificate = dataclasses.replace(
        CERTIFICATE, points=CERTIFICATE.points[:number], values=CERTIFICATE.values[:number]
    )
    assert unpinned(certificate, SPANS) == []
    assert outside(certificate, SPANS) == [f"c2: no value is left to test its {number} monomials"]


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


def edited(*path):
    """Return the text of the certificate with the last of a path in place of what it leads to."""
    document = json.loads(TEXT)
    *parents, key, value = path
    node = document
    for each in parents:
        node = node[each]
    node[key] = value
    return json.dumps(document).encode()


def with_key(*path):
    return edited(*path, "note", "")


def without_key(key, *parents):
    document = json.loads(TEXT)
    node = document
    for each in parents:
        node = node[each]
    del node[key]
    return json.dumps(document).encode()


def with_first_contexts_twice():
    document = json.loads(TEXT)
    document["context_lengths"].insert(0, 1)
    for point in document["points"]:
        point["values"] = [["7", "7", "7"]] * len(document["test_samples"]) + point["values"]
    return json.dumps(document).encode()


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
    TEXT.replace('"context_lengths": [', '"context_lengths": [ 1000000000,').encode(),
    with_first_contexts_twice(),
    edited("context_lengths", [2, 1, 3, 4, 5, 6]),
    edited("test_samples", [1, True, 3]),
    edited("test_samples", [1, 2.0, 3]),
    TEXT.replace('"points": [', '"points": [ {} ], "points": [', 1).encode(),
    TEXT.replace('"task": [', '"task": [ "5" ], "task": [', 1).encode(),
    TEXT.replace('"powers_of_n": [', '"powers_of_n": [ 1 ], "powers_of_n": [', 1).encode(),
    with_key(),
    with_key("spans"),
    with_key("spans", "c2"),
    with_key("points", 3),
    *(without_key(key) for key in json.loads(TEXT)),
    *(without_key(key, "points", 3) for key in json.loads(TEXT)["points"][3]),
    without_key("c1", "spans"),
    *(without_key(key, "spans", "c1") for key in SPANS["c1"]),
    edited("points", 3, json.loads(TEXT)["points"][4]),
    edited("spans", "c2", "monomials", "s"),
    edited("spans", "c2", "monomials", 3, ["s"]),
    edited("spans", "c0", "powers_of_n", [False, 1, 2]),
    edited("spans", "c1", "powers_of_k", [True]),
    edited("spans", "c1", "powers_of_k", [1.0]),
    edited("points", 0, "task", "1"),
    edited("points", 2, "noise_variance", "\u0661"),
    edited("points", 0, "values", 0, 0, 1),
    edited("definitions", "none"),
    edited("argument", 0, 7),
    edited("certifies", None),
    edited("seed", 1.5),
]


@pytest.mark.parametrize("content", NO_CERTIFICATES)
def test_what_is_no_certificate_is_named_in_one_line(tmp_path, capsys, content):
    path = tmp_path / "one_step.json"
    path.write_bytes(content)
    assert check_certificate.main([str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


WRONG_SPANS = [
    edited("spans", "c2", {"powers_of_n": [2], "powers_of_k": [1], "monomials": ["tr S"]}),
    edited("spans", "c2", "monomials", SPANS["c2"]["monomials"][:1]),
    edited("spans", "c2", "monomials", [*SPANS["c2"]["monomials"], "tr S"]),
    edited("spans", "c0", "monomials", 2, "s * s"),
    edited("spans", "c1", "powers_of_k", [-1]),
    edited("spans", "c2", "powers_of_n", [2]),
]


@pytest.mark.parametrize("content", WRONG_SPANS)
def test_spans_that_are_not_those_of_all_pairings_are_refuted(tmp_path, capsys, content):
    path = tmp_path / "one_step.json"
    path.write_bytes(content)
    assert check_certificate.main([str(path)]) == 1
    fault, count = capsys.readouterr().out.splitlines()
    assert "span is not the one of all pairings" in fault
    assert count == "1 faults: refuted"


def test_nothing_depends_on_the_texts(tmp_path, capsys):
    changed = json.loads(TEXT) | {
        "certifies": "Riemann's hypothesis.",
        "definitions": [],
        "argument": ["Trivial."],
        "seed": 0,
    }
    outputs = []
    for text in (TEXT, json.dumps(changed)):
        path = tmp_path / "one_step.json"
        path.write_text(text, encoding="utf-8")
        assert check_certificate.main([str(path)]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def outcome(document):
    try:
        certificate = read(json.dumps(document))
        return misstated(certificate, SPANS) + unpinned(certificate, SPANS)
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
    command = [sys.executable, "-I", "-S", *map(str, (program, *arguments))]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_checker_runs_alone(tmp_path):
    program, path = tmp_path / "check_certificate.py", tmp_path / ONE_STEP.name
    for source in (check_certificate.__file__, pairings.__file__, ONE_STEP):
        shutil.copy(source, tmp_path)
    result = run_alone(program, path)
    assert (result.returncode, result.stderr) == (0, "")
    count = len(json.loads(TEXT)["points"])
    grid = f"{count} points, n = 1, 2, 3, 4, 5, 6 and k = 1, 2, 3"
    assert result.stdout.splitlines() == [
        f"values: c0, c1 and c2 at {grid}, recomputed from the definition",
        "spans: those of all pairings, with so many monomials: c0 4, c1 6, c2 35",
        "rank: full, so that no two combinations in the spans have the same values",
        "surplus: values beyond those that determine a combination are its values, modulo a prime",
        "texts and seed: not looked at",
        f"{3 * 6 * 3 * count} values: confirmed",
    ]
    document = json.loads(TEXT)
    del document["points"][1:]
    document["points"][0]["values"][10][2] = "1/3"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = run_alone(program, path)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "c0: its 4 monomials have rank 1",
        "c1: its 6 monomials have rank 1",
        "c2: its 35 monomials have rank 1",
        "c0: no value is left to test its 4 monomials",
        "c1: no value is left to test its 6 monomials",
        "c2: no value is left to test its 35 monomials",
        "c2: its values are no combination of its 5 powers of n",
        "c2: its values are no combination of its 2 powers of k",
        "point 0, n = 4, k = 2: c2 is not 1/3",
        "9 faults: refuted",
    ]
    assert run_alone(program).returncode == 2
    (tmp_path / "pairings.py").unlink()
    result = run_alone(program, path)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_the_enumeration_runs_alone():
    assert json.loads(run_alone(pairings.__file__).stdout) == CERTIFICATE.spans == SPANS


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
    assert generate.certificate() == TEXT, (
        "run `python -m ttt_theory.linear.witnesses.certificates.generate`"
    )
