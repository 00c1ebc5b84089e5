"""Moments of Gaussian data matrices against their definition, expanded in exact arithmetic."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ttt_theory import InvalidSettingError
from ttt_theory.wick import (
    MAXIMAL_DEGREE,
    Matrix,
    Scalar,
    ScatterMatrix,
    Vector,
    evaluate,
    expectation,
    substitute,
    trace,
)

A, B, C = Matrix("A"), Matrix("B"), Matrix("C", symmetric=True)
SIGMA = Matrix("Sigma", symmetric=True)
a, b = Vector("a"), Vector("b")
n, m = Scalar("n"), Scalar("m")
S = ScatterMatrix("S", SIGMA, n)
LETTERS_BY_NAME = [A, B, C, SIGMA, a, b, n, m, S, Matrix("D"), Vector("c")]
NAMES = {str(each): each for each in LETTERS_BY_NAME} | {"trace": trace, "Fraction": Fraction}

FRACTIONS = st.fractions(-2, 2, max_denominator=3)
LETTERS = st.sampled_from([A, A.T, B, B.T, C, SIGMA, a @ b.T])
VECTORS = st.sampled_from([a, b])


def double_factorial(p):
    return math.prod(range(1, 2 * p, 2))


@st.composite
def products(draw, degree):
    """Draw the factors of a product: words that hold S, each open between vectors or closed."""
    factors = []
    while degree:
        here = draw(st.integers(1, degree))
        degree -= here
        word = []
        for _ in range(here):
            word += [*draw(st.lists(LETTERS, max_size=1)), S]
        word += draw(st.lists(LETTERS, max_size=1))
        ends = draw(st.none() | st.tuples(VECTORS, VECTORS))
        factors.append((word, ends))
    return factors


def multiplied(word):
    return functools.reduce(lambda left, right: left @ right, word)


def scalar_of(factors):
    total = n**0
    for word, ends in factors:
        product = multiplied(word)
        total = total * (ends[0].T @ product @ ends[1] if ends else trace(product))
    return total


@st.composite
def laws(draw, n_times_d):
    """Draw the sizes, a root of Σ (of any rank) and values for the fixed letters."""
    dim = draw(st.sampled_from([each for each in (1, 2, 3) if n_times_d % each == 0]))

    def array(*shape):
        size = math.prod(shape)
        entries = draw(st.lists(FRACTIONS, min_size=size, max_size=size))
        return np.array(entries, dtype=object).reshape(shape)

    symmetric = array(dim, dim)
    root = array(dim, dim)
    values = {
        A: array(dim, dim),
        B: array(dim, dim),
        C: symmetric + symmetric.T,
        SIGMA: root @ root.T,
        a: array(dim),
        b: array(dim),
        n: n_times_d // dim,
    }
    return root, values


def variables(size):
    ring, *generators = sympy.ring([f"z{i}" for i in range(size)], sympy.QQ)
    return ring, np.array(generators, dtype=object)


def in_ring(ring, values):
    return np.vectorize(lambda each: ring(sympy.QQ(each.numerator, each.denominator)), [object])(
        values
    )


def gaussian_mean(polynomial):
    """Average a polynomial in independent standard normal variables, term by term."""
    total = Fraction(0)
    for exponents, coefficient in polynomial.terms():
        if all(each % 2 == 0 for each in exponents):
            moments = math.prod(double_factorial(each // 2) for each in exponents)
            total += Fraction(int(coefficient.numerator), int(coefficient.denominator)) * moments
    return total


class Expanded:
    """Every letter as a matrix of polynomials in the normal variables behind the data matrix."""

    def __init__(self, root, values):
        samples, dim = values[n], len(root)
        ring, normal = variables(samples * dim)
        data = normal.reshape(samples, dim) @ in_ring(ring, root.T)
        fixed = {letter: in_ring(ring, v) for letter, v in values.items() if letter != n}
        self._arrays = fixed | {S: data.T @ data}
        self._arrays |= {letter.T: array.T for letter, array in self._arrays.items()}
        self._arrays[a @ b.T] = np.outer(self._arrays[a], self._arrays[b])
        self._one = ring(1)

    def product(self, word):
        return multiplied([self._arrays[letter] for letter in word])

    def scalar(self, factors):
        total = self._one
        for word, ends in factors:
            product = self.product(word)
            left, right = (self._arrays[end] for end in ends or (a, b))
            total = total * (left @ product @ right if ends else product.trace())
        return total


DRAWN = st.sampled_from([(1, 4), (1, 6), (2, 4), (2, 6), (3, 2), (3, 3), (3, 4), (4, 2), (4, 4)])
HIGH = st.sampled_from([(5, 1), (5, 2), (6, 1), (6, 2)])


@hypothesis_settings(max_examples=60)
@given(st.data())
def test_moments_are_those_of_the_definition(data):
    degree, size = data.draw(DRAWN | HIGH)
    factors = data.draw(products(degree))
    root, values = data.draw(laws(size))
    expected = gaussian_mean(Expanded(root, values).scalar(factors))
    assert evaluate(expectation(scalar_of(factors), S), values) == expected


@hypothesis_settings(max_examples=40)
@given(st.data())
def test_matrices_and_vectors_have_means_too(data):
    degree, size = data.draw(st.sampled_from([(1, 6), (2, 4), (3, 2), (3, 4)]))
    (word, _), *factors = data.draw(products(degree))
    root, values = data.draw(laws(size))
    expanded = Expanded(root, values)
    weight = expanded.scalar(factors)
    for words, form in (
        (word, multiplied(word)),
        ([*word, a], multiplied(word) @ a),
        ([b.T, *word], b.T @ multiplied(word)),
    ):
        mean = evaluate(expectation(scalar_of(factors) * form, S), values)
        direct = np.vectorize(lambda each: gaussian_mean(each * weight), [object])(
            expanded.product(words)
        )
        assert np.array_equal(mean, direct)


def test_textbook_moments():
    assert expectation(S, S) == n * SIGMA
    assert expectation((a.T @ S @ b) * S, S) == n**2 * (a.T @ SIGMA @ b) * SIGMA + n * (
        SIGMA @ a @ b.T @ SIGMA + SIGMA @ b @ a.T @ SIGMA
    )
    assert expectation(S @ A @ S, S) == (
        n**2 * SIGMA @ A @ SIGMA + n * SIGMA @ A.T @ SIGMA + n * trace(A @ SIGMA) * SIGMA
    )
    covariance = expectation(trace(S @ A) * trace(S @ B), S) - n**2 * trace(SIGMA @ A) * trace(
        SIGMA @ B
    )
    assert covariance == n * (trace(SIGMA @ A @ SIGMA @ B) + trace(SIGMA @ A @ SIGMA @ B.T))
    # Letac & Massam: E[S³] for Σ = I is n(n² + 3n(d + 1) + d² + 3d + 4) I.
    dim = 3
    values = {SIGMA: np.eye(dim, dtype=int), n: 5}
    third = 5 * (5**2 + 3 * 5 * (dim + 1) + dim**2 + 3 * dim + 4)
    assert np.array_equal(evaluate(expectation(S @ S @ S, S), values), third * np.eye(dim))


@pytest.mark.parametrize("degree", range(1, MAXIMAL_DEGREE + 1))
def test_every_pairing_is_counted_once(degree):
    # With letters that have nothing in common no two pairings leave the same.
    letters = [Matrix(f"A{i}") for i in range(degree)]
    vectors = [Vector(f"a{i}") for i in range(2 * degree)]
    chain = multiplied([each for letter in letters for each in (letter, S)])
    forms = [vectors[2 * i].T @ S @ vectors[2 * i + 1] for i in range(degree)]
    loops = [trace(letter @ S) for letter in letters]
    for scalar in (trace(chain), math.prod(forms), math.prod(loops)):
        mean = expectation(scalar, S)
        assert len(mean.terms) == sum(mean.terms.values()) == double_factorial(degree)
        # Only the pairing of every x with its own x gives a factor n for each S.
        powers = mean.coefficients(n)
        assert list(powers) == list(range(degree, 0, -1))
        assert len(powers[degree].terms) == 1
    alike = expectation(forms[0] ** degree, S)
    assert sum(alike.terms.values()) == double_factorial(degree)


def test_a_higher_degree_has_to_be_asked_for():
    with pytest.raises(InvalidSettingError, match="at most 6"):
        expectation(trace(S) ** 8, S)
    mean = expectation(trace(S) ** 8, S, 8)
    assert sum(mean.terms.values()) == double_factorial(8)
    with pytest.raises(InvalidSettingError, match="at most 3"):
        expectation(trace(S) ** 4, S, 3)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 10**6))
def test_chi_squared_moments(degree, dim, samples):
    mean = expectation(trace(S) ** degree, S)
    values = {SIGMA: np.eye(dim, dtype=int), n: samples}
    assert evaluate(mean, values) == math.prod(samples * dim + 2 * i for i in range(degree))


@given(st.integers(0, 6), FRACTIONS, FRACTIONS)
def test_one_sample_in_one_dimension(degree, root, scale):
    variance = root**2
    values = {SIGMA: [[variance]], a: [scale], n: 1}
    mean = evaluate(expectation((a.T @ S @ a) ** degree, S), values)
    assert mean == double_factorial(degree) * (scale**2 * variance) ** degree


DEGREES = st.integers(1, 4)


@given(st.data())
def test_samples_add_up(data):
    # S of n + m samples is the sum of two independent ones: it pins every power of n.
    scalar = scalar_of(data.draw(products(data.draw(DEGREES))))
    first, second = ScatterMatrix("S1", SIGMA, n), ScatterMatrix("S2", SIGMA, m)
    parts = substitute(scalar, {S: first + second})
    apart = expectation(expectation(parts, first), second)
    assert apart == expectation(expectation(parts, second), first)
    assert apart == substitute(expectation(scalar, S), {n: n + m})


@given(st.data())
def test_linear_images(data):
    # X Bᵀ has rows of covariance BΣBᵀ.
    scalar = scalar_of(data.draw(products(data.draw(DEGREES))))
    image = Matrix("D")
    inside = expectation(substitute(scalar, {S: image @ S @ image.T, SIGMA: C}), S)
    other = ScatterMatrix("S", Matrix("T", symmetric=True), n)
    outside = expectation(substitute(scalar, {SIGMA: C, S: other}), other)
    assert inside == substitute(outside, {Matrix("T", symmetric=True): image @ SIGMA @ image.T})


@given(st.data(), FRACTIONS)
def test_expectations_are_linear_in_every_letter(data, number):
    factors = data.draw(products(data.draw(DEGREES)))
    fresh = Matrix("D")
    scalar = scalar_of([([fresh, *factors[0][0]], factors[0][1]), *factors[1:]])
    whole = expectation(substitute(scalar, {fresh: A + number * B}), S)
    mean = expectation(scalar, S)
    assert whole == substitute(mean, {fresh: A}) + number * substitute(mean, {fresh: B})
    assert whole == substitute(mean, {fresh: A + number * B})


@given(st.data())
def test_means_do_not_depend_on_how_a_product_is_written(data):
    factors = data.draw(products(data.draw(DEGREES)))
    written = []
    for word, ends in data.draw(st.permutations(factors)):
        if data.draw(st.booleans()):
            word, ends = [each.T for each in reversed(word)], ends and ends[::-1]
        cut = data.draw(st.integers(0, len(word) - 1)) if ends is None else 0
        written.append((word[cut:] + word[:cut], ends))
    assert scalar_of(factors) == scalar_of(written)
    assert hash(scalar_of(factors)) == hash(scalar_of(written))
    assert expectation(scalar_of(factors), S) == expectation(scalar_of(written), S)


def test_words_that_differ_are_different():
    # A variable shared by two words that are not equal would make a false identity true.
    rng = np.random.default_rng(0)
    values = {letter: rng.standard_normal((3, 3)) for letter in (A, B)}
    values |= {a: rng.standard_normal(3), b: rng.standard_normal(3)}
    words = [
        multiplied(word)
        for size in (1, 2, 3)
        for word in itertools.product([A, A.T, B, B.T], repeat=size)
    ]
    for close in (trace, lambda word: a.T @ word @ b, lambda word: a.T @ word @ a):
        scalars = [close(word) for word in words]
        numbers = [evaluate(scalar, values) for scalar in scalars]
        for (one, first), (other, second) in itertools.combinations(
            zip(scalars, numbers, strict=True), 2
        ):
            assert (one == other) == (abs(first - second) < 1e-9), (one, other)


@given(st.data(), FRACTIONS)
def test_what_is_printed_is_python_that_makes_it(data, number):
    factors = data.draw(products(data.draw(DEGREES)))
    scalar = number * n * scalar_of(factors) - expectation(scalar_of(factors), S) + number
    assert eval(str(scalar), NAMES) == scalar
    matrix = expectation(scalar_of(factors[1:]) * multiplied(factors[0][0]), S)
    assert eval(str(matrix), NAMES) == matrix
    if number:
        assert eval(str(number * A - n * number * B), NAMES) == number * A - n * number * B


@given(st.data())
def test_substitution_commutes_with_evaluation(data):
    scalar = scalar_of(data.draw(products(data.draw(st.integers(1, 3)))))
    _, values = data.draw(laws(2))
    values |= {S: values[C], m: data.draw(FRACTIONS)}
    replacements = {A: m * B + SIGMA @ A.T, C: B @ B.T, a: A @ b - a, n: m + 2}
    replaced = values | {letter: evaluate(new, values) for letter, new in replacements.items()}
    direct = evaluate(scalar, replaced)
    assert evaluate(substitute(scalar, replacements), values) == direct
    assert evaluate(sum(scalar.coefficients(n).values()), values) == evaluate(
        scalar, values | {n: 1}
    )


def test_products_are_replaced_wherever_they_stand():
    # Over the end of a trace, transposed, next to each other, and whole forms.
    d = Matrix("D")
    assert substitute(trace(A @ C @ B), {B @ A: d}) == trace(d @ C)
    assert substitute(trace(B @ C @ A), {A @ B: d}) == trace(d @ C)
    assert substitute(trace(B.T @ A.T @ C), {A @ B: d}) == trace(d @ C)
    assert substitute(A @ B @ A @ B @ a, {A @ B: d}) == d @ d @ a
    assert substitute(a.T @ B.T @ b, {B @ a: b}) == b.T @ b
    assert substitute((a.T @ C @ a) ** 2, {a.T @ C @ a: n + m}) == (n + m) ** 2
    assert substitute(trace(C @ C) * n, {trace(C @ C): m}) == m * n
    assert substitute(A @ B, {A: 0 * A}) == 0 * A
    # What is put in is not searched again.
    assert substitute(A @ B, {A: B, B: A}) == B @ A


def test_arithmetic():
    assert (n + m) ** 2 - n**2 - 2 * n * m == m**2
    assert 1 - n == -(n - 1)
    assert n / 3 * 3 == n
    assert n - n == 0
    assert str(n - n) == "0"
    assert np.int64(2) * n + np.int64(1) == 2 * n + 1
    assert (A - A).terms == {}
    assert n != A
    assert hash(n - n) == hash(0)
    assert hash(0 * n + Fraction(1, 2)) == hash(Fraction(1, 2))
    assert (A @ B).T == B.T @ A.T
    assert b @ a.T @ A.T == (A @ a @ b.T).T
    assert trace(A @ a @ b.T @ B) == b.T @ B @ A @ a
    assert a.T @ A @ (b @ a.T) @ B @ (b @ b.T) == (a.T @ A @ b) * (a.T @ B @ b) * b.T
    assert C.T == C
    assert a.T @ b == b.T @ a
    assert {A: 1}[Matrix("A")] == 1
    assert Matrix("A", symmetric=True) != A
    assert type(evaluate(n * trace(C), {n: 2, C: np.eye(2)})) is np.float64
    assert evaluate(n - n, {}) == 0


@pytest.mark.parametrize("kind", [int, np.int64, np.uint64])
def test_integers_do_not_wrap_round(kind):
    for array in (np.array([[kind(2**40)]]), np.array([[kind(2**40)]], dtype=object)):
        assert evaluate(trace(C) ** 3, {C: array}) == 2**120
    power = evaluate(n**3, {n: kind(2**40)})
    assert power == 2**120
    assert type(power) is int


def test_truth_values_are_numbers():
    ones = np.ones((2, 2), dtype=bool)
    assert evaluate(trace(A @ A), {A: ones}) == 4
    assert evaluate(a.T @ A @ a + n, {a: ones[0], A: ones, n: True}) == 5


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.complex64])
def test_short_floats_are_computed_in_64_bits(kind):
    # Float16 ends at 65,504, and float32 cannot tell 2**30 from 2**30 + 1.
    values = {A: np.array([[kind(2**10)]]), n: kind(2**10), a: np.ones(1, kind)}
    assert evaluate(trace(A @ A @ A) - 2**30 + 1, values) == 1
    assert evaluate(n**3 + 1, values) == 2**30 + 1
    assert evaluate(n**3 * A @ A @ A @ a + a, values) == 2**60 + 1


@pytest.mark.parametrize("expression", [n * A, Fraction(1, 3) * A])
def test_fractions_leave_floats_floats(expression):
    value = evaluate(expression, {n: Fraction(1, 3), A: np.eye(2)})
    assert value.dtype == np.float64
    assert np.array_equal(value, np.eye(2) / 3)


def test_values_may_be_given_for_transposed_letters():
    values = {a.T: [1, 2], b.T: [3, 4], A.T: [[1, 2], [3, 4]]}
    assert np.array_equal(evaluate(a @ b.T, values), [[3, 4], [6, 8]])
    assert evaluate(a.T @ A @ b, values) == 59
    assert np.array_equal(evaluate(A, values), [[1, 3], [2, 4]])


def test_a_scatter_matrix_is_its_name_covariance_and_number_of_samples():
    assert ScatterMatrix("S", SIGMA, n) == S
    assert ScatterMatrix("S", SIGMA, m - m + n) == S
    others = [
        ScatterMatrix("T", SIGMA, n),
        ScatterMatrix("S", C, n),
        ScatterMatrix("S", SIGMA, m),
        ScatterMatrix("S", SIGMA, 3),
        ScatterMatrix("S", ScatterMatrix("Sigma", C, n), n),
        Matrix("S", symmetric=True),
    ]
    assert len({S, *others}) == len(others) + 1
    for other in others[1:]:
        assert expectation(trace(other @ A), others[0]) == trace(other @ A)
        with pytest.raises(InvalidSettingError, match=r"name: 'S' .* scatter matrix of"):
            expectation(trace(S @ A) * trace(other @ B), S)
        with pytest.raises(InvalidSettingError, match=r"name: 'S' .* scatter matrix of"):
            expectation(trace(other @ A), S)
        with pytest.raises(InvalidSettingError, match="name: 'S' "):
            evaluate(trace(other @ A), {S: np.eye(2), A: np.eye(2)})
        # A letter may be given a law.
        assert substitute(trace(other @ A), {other: S}) == trace(S @ A)


def test_the_covariance_may_be_a_scatter_matrix():
    upper = ScatterMatrix("U", S, 3)
    inner = expectation(trace(upper @ A) * trace(upper), upper)
    assert inner == 9 * trace(S @ A) * trace(S) + 6 * trace(S @ S @ A)
    assert expectation(trace(S @ A), S) == n * trace(SIGMA @ A)


SAME_NAME = [Scalar("A"), Vector("A").T @ a, trace(A), trace(Matrix("A", symmetric=True))]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(SAME_NAME, 2)])
def test_one_name_for_two_letters_is_refused(one, other):
    values = {n: 2, B: np.eye(2)}
    for both in (one + other, one * other, (one + n) * B + other * B, (one * b + other * b).T):
        for use in (
            lambda both=both: expectation(both, S),
            lambda both=both: substitute(both, {n: m}),
            lambda both=both: evaluate(both, values),
        ):
            with pytest.raises(InvalidSettingError, match=r"name: 'A' .* of their own") as caught:
                use()
            assert "\n" not in str(caught.value)
    # What is put in may bring the second.
    with pytest.raises(InvalidSettingError, match="name: 'A' "):
        substitute(one + n, {n: other})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: expectation(trace(S @ A) ** 7, S), "degree in S: 7 .* at most 6"),
        (lambda: expectation(n * trace(S @ S) ** 4, S), "degree in S: 8 "),
        (lambda: Scalar("two words"), "name: 'two words' .* identifier"),
        (lambda: Matrix(""), "name: ''"),
        (lambda: Vector(3), "name: 3"),
        (lambda: A @ b.T, "product: .*a matrix times a row"),
        (lambda: a @ A, "a column times a matrix"),
        (lambda: a @ b, "a column times a column"),
        (lambda: a.T @ b.T, "a row times a row"),
        (lambda: A + a, "sum: .*a matrix and a column"),
        (lambda: trace(a), "trace: a "),
        (lambda: ScatterMatrix("S", A, n), "covariance: A .* symmetric"),
        (lambda: ScatterMatrix("S", C @ C, n), "covariance: "),
        (lambda: ScatterMatrix("S", np.eye(2), n), "covariance: an array"),
        (
            lambda: ScatterMatrix("S", Matrix("S", symmetric=True), n),
            "covariance: S .* not named S",
        ),
        (lambda: ScatterMatrix("S", S, n), "covariance: S .* not named S"),
        (lambda: ScatterMatrix("S", SIGMA, trace(S)), r"samples: trace\(S\) .* at least 1"),
        (lambda: ScatterMatrix("S", SIGMA, n + Scalar("S")), r"samples: n \+ S|samples: S \+ n"),
        (lambda: ScatterMatrix("S", SIGMA, a.T @ a), "samples: "),
        (lambda: ScatterMatrix("S", SIGMA, -2), "samples: -2 "),
        (lambda: ScatterMatrix("S", SIGMA, 0), "samples: 0 "),
        (lambda: ScatterMatrix("S", SIGMA, n - n - 2), "samples: -2 "),
        (lambda: ScatterMatrix("S", SIGMA, Fraction(3, 2)), "samples: "),
        (lambda: ScatterMatrix("S", SIGMA, 2.0), "samples: 2.0 "),
        (lambda: expectation(trace(S) * n, ScatterMatrix("T", C, Scalar("S"))), "name: 'S' "),
        (lambda: expectation(a.T @ Vector("C"), ScatterMatrix("T", C, n)), "name: 'C' "),
        (lambda: substitute(trace(A), {A: a}), "replacement of A: a .* give a matrix"),
        (lambda: substitute(trace(A), {A: 3}), "replacement of A: 3 "),
        (lambda: substitute(trace(A), {2 * A: B}), "product: "),
        (lambda: substitute(trace(A @ C), {C: B}), "replacement of C: B .* own transpose"),
        (lambda: substitute(n, {n: A}), "replacement of n: A .* a rational number"),
        (lambda: substitute(n, {n: 0.5}), "replacement of n: 0.5 "),
        (lambda: substitute(n, {n + m: 3}), "variable: "),
        (lambda: substitute(A + A.T, {A: B, A.T: C}), "key: A.T .* not both"),
        (lambda: substitute(A @ B, {A @ B: C, B.T @ A.T: B}), "key: B.T @ A.T .* not both"),
        (lambda: substitute(trace(A), {"A": B}), "key: 'A' .* give Scalars"),
        (lambda: substitute(trace(A), {Vector("A"): b}), "name: 'A' "),
        (lambda: (n + m).coefficients(n * m), "variable: "),
        (lambda: evaluate(n, {}), "value of n: a missing value"),
        (lambda: evaluate(trace(A), {}), "value of A: a missing value"),
        (lambda: evaluate(trace(C), {C: [[1, 2], [3, 4]]}), "value of C: .* symmetric"),
        (lambda: evaluate(trace(A), {A: [1, 2]}), "value of A: .* two axes"),
        (lambda: evaluate(trace(A), {A: np.ones((2, 3))}), r"trace\(A\): .* sizes"),
        (lambda: evaluate(A @ B, {A: np.eye(2), B: np.eye(3)}), "A @ B: .* sizes"),
        (lambda: evaluate(a.T @ b, {a: [1], b: [[1]]}), "value of b: .* one axis"),
        (lambda: evaluate(A, {A @ B: np.eye(2)}), "key: A @ B "),
        (lambda: evaluate(trace(A), {trace(A): 2}), r"key: trace\(A\) .* single letters"),
        (lambda: evaluate(trace(A), {"A": np.eye(2)}), "key: 'A' "),
        (lambda: evaluate(A, {A: np.eye(2), A.T: np.ones((2, 2))}), "key: A.T .* not both"),
        (lambda: evaluate(a, {a.T: [1], a: [2]}), "key: a .* not both"),
        (lambda: evaluate(A + B, {A: np.eye(2), B: [[1.0]]}), r"A \+ B: .*\(1, 1\) and \(2, 2\)"),
        (lambda: evaluate(A + B, {A: np.eye(2), B: [[1, 2]]}), r"\(1, 2\) and \(2, 2\)"),
        (lambda: evaluate(A + A.T, {A: [[1, 2]]}), r"\(1, 2\) and \(2, 1\)"),
        (lambda: evaluate(a + b, {a: [1, 2, 3], b: [4]}), r"\(1, 1\) and \(3, 1\).* sizes"),
        (lambda: evaluate(a.T + b.T, {a: [1, 2, 3], b: [4]}), r"\(1, 1\) and \(1, 3\).* sizes"),
        (lambda: evaluate(A - A, {A: np.eye(2)}), "expression: the zero matrix .* sizes"),
        (lambda: evaluate((a - a).T, {a: [1]}), "expression: the zero row .* sizes"),
        (lambda: evaluate(n, {n: np.arange(3)}), r"value of n: an array .* a number"),
        (lambda: evaluate(n, {n: None}), "value of n: None .* a number"),
        (lambda: evaluate(n, {n: "7"}), "value of n: '7' .* a number"),
        (lambda: evaluate(trace(A), {A: np.ones((0, 0))}), "value of A: .* at least one number"),
        (lambda: evaluate(a.T @ a, {a: []}), "value of a: .* at least one number"),
        (lambda: evaluate(a.T @ a, {a: ["x"]}), "value of a: .* at least one number"),
        (lambda: evaluate(trace(A), {A: np.array([[None]])}), "value of A: None .* a number"),
        (lambda: evaluate(trace(A), {A: [[1], [2, 3]]}), "value of A: .* rows of one length"),
    ],
)
def test_what_has_no_meaning_is_refused_in_one_line(make, message):
    with pytest.raises(InvalidSettingError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: 0.5 * n,
        lambda: n + 0.5,
        lambda: n - "1",
        lambda: n / 0.5,
        lambda: 1 / n,
        lambda: n**-1,
        lambda: n**0.5,
        lambda: A + 1,
        lambda: A * B,
        lambda: A @ 2,
        lambda: A - 1.0,
        lambda: 0.5 * A,
    ],
)
def test_what_is_not_exact_is_no_operation(make):
    with pytest.raises(TypeError):
        make()
