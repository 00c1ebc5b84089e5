"""The derivations: their word algebra, their Gaussian moments, and the code compiled from them."""

import importlib
import inspect
import itertools
import pkgutil
import random
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from derivations.formula import Formula, render, require
from derivations.linear import context_vector, one_step
from derivations.linear.symbols import n, noise, s
from derivations.linear.words import (
    A,
    S,
    V,
    W,
    b,
    bT,
    coefficients,
    commuting,
    invariant,
    map_invariants,
    q,
    qT,
    scalars,
    trace,
    transpose,
    weighted,
)
from tests import reference
from ttt_theory.linear import closed_form

NUMBERS = st.integers(-3, 3)
MODULES = sorted(module.name for module in pkgutil.iter_modules(closed_form.__path__))
FUNCTIONS = [
    pytest.param(function, id=f"{module}.{name}")
    for module in MODULES
    for name, function in inspect.getmembers(
        importlib.import_module(f"{closed_form.__name__}.{module}"), inspect.isfunction
    )
]


@pytest.fixture(scope="module")
def compiled():
    """Derive everything, which takes seconds, only where it is tested."""
    return importlib.import_module("derivations.compiled")


@pytest.fixture
def derivation(compiled, name):
    [found] = [each for each in compiled.DERIVATIONS if each.__name__.endswith(f".{name}")]
    return found


def test_the_compiled_modules_are_what_the_derivations_give(compiled):
    for path, source in compiled.sources():
        assert path.read_text(encoding="utf-8") == source, f"{path.name}: run `make derive`"


def test_every_module_is_compiled(compiled):
    folder = compiled.ROOT / "ttt_theory/linear/closed_form"
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert names == set(MODULES)
    for derivation in compiled.DERIVATIONS:
        name = derivation.__name__.rpartition(".")[2]
        module = importlib.import_module(f"{closed_form.__name__}.{name}")
        assert sorted(module.__all__) == sorted(each.name for each in derivation.FORMULAS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_compiled_functions_take_any_numbers(function):
    generator = random.Random(function.__name__)
    names = list(inspect.signature(function).parameters)
    exact = [Fraction(generator.randrange(1, 60), generator.choice([1, 2, 4])) for _ in names]
    floats = [float(value) for value in exact]
    expected = function(*exact)
    if function.__name__ != "turning_point":  # The one with roots.
        assert isinstance(expected, Fraction)

    assert function(*floats) == pytest.approx(float(expected))

    arrays = [np.full((2, 1), value) for value in floats]
    assert function(*arrays) == pytest.approx(np.full((2, 1), float(expected)))

    symbols = sympy.symbols(names, positive=True)
    values = {
        symbol: sympy.Rational(value.numerator, value.denominator)
        for symbol, value in zip(symbols, exact, strict=True)
    }
    result = function(*symbols).xreplace(values)
    if isinstance(expected, Fraction):
        assert (result.p, result.q) == (expected.numerator, expected.denominator)
    else:
        assert float(result) == pytest.approx(expected)


@pytest.mark.parametrize("name", MODULES)
def test_compiled_functions_are_their_formulas(derivation, name):
    # The renderer splits, factors and renames: its output must still be the expression.
    module = importlib.import_module(f"{closed_form.__name__}.{name}")
    for each in derivation.FORMULAS:
        generator = random.Random(each.name)
        values = {symbol: sympy.Integer(generator.randrange(2, 40)) for symbol in each.parameters}
        arguments = {each.parameters[symbol]: value for symbol, value in values.items()}
        function = getattr(module, each.name)
        assert list(inspect.signature(function).parameters) == list(arguments)
        result, expected = function(**arguments), each.expression.xreplace(values)
        assert float(result) == pytest.approx(float(expected), rel=1e-12)
        if not result.has(sympy.Float):
            assert result == expected


x, y = sympy.symbols("x y", positive=True)


def formula(parameters, expression, name="f"):
    return Formula(name, parameters, expression, summary="It.", source="ours.")


def module_of(*formulas):
    module = ModuleType("derivations.made_up", "A docstring.\n\nMore of it.")
    module.FORMULAS = formulas
    return module


def executed(*formulas):
    namespace = {}
    exec(compile(render(module_of(*formulas)), "made_up", "exec"), namespace)
    return namespace


@given(st.lists(st.fractions(-5, 5, max_denominator=9), min_size=6, max_size=6))
def test_rendered_rational_functions_are_exact(numbers):
    a, c, e, f, g, h = (sympy.Rational(each.numerator, each.denominator) for each in numbers)
    bottom = e * x**2 + f * y + g
    assume(bottom != 0)
    point = {x: sympy.Rational(3, 7), y: sympy.Rational(5, 11)}
    assume(bottom.subs(point) != 0)
    expression = (a * x + c * y**3) / bottom + h * n
    module = executed(formula({y: "first", x: "second", n: "size"}, expression))
    result = module["f"](Fraction(5, 11), Fraction(3, 7), 13)
    expected = expression.subs(point).subs(n, 13)
    assert Fraction(result) == Fraction(int(expected.p), int(expected.q))


def test_rendered_modules_say_where_they_come_from():
    namespace = executed(
        formula({x: "size"}, x + 1, "one"),
        formula({n: "context_length", x: "size"}, n**2 / x, "two"),
    )
    assert namespace["__doc__"].startswith("A docstring.\n\nCompiled from derivations.made_up")
    assert namespace["__all__"] == ["one", "two"]
    assert namespace["one"].__doc__.startswith("It.")
    assert "ours." in namespace["one"].__doc__
    assert namespace["two"](2, 4) == 1


def test_names_that_are_exchanged():
    # One after the other, the replacements x -> y and y -> x would merge the two.
    function = executed(formula({x: "y", y: "x"}, x - 2 * y))["f"]
    assert function(y=1, x=10) == 1 - 20


@pytest.mark.parametrize(
    "expression", [x ** sympy.Rational(1, 3), sympy.sqrt(x + sympy.Rational(1, 2))]
)
def test_rational_constants_are_refused(expression):
    with pytest.raises(ValueError, match="would be compiled to a float"):
        render(module_of(formula({x: "size"}, expression)))


def test_missing_parameters_are_refused():
    with pytest.raises(ValueError, match=r"f has no parameter for \['y'\]"):
        formula({x: "size"}, x * y)


def test_failed_requirements_stop_a_derivation():
    require((x + y) ** 2 - x**2 - 2 * x * y - y**2, "an identity")
    require(1 / (x + 1) - (x - 1) / (x**2 - 1), "a rational identity")
    with pytest.raises(ArithmeticError, match="the derivation fails at: a slip"):
        require((x + y) ** 2 - x**2 - y**2, "a slip")
    with pytest.raises(ArithmeticError, match="order"):
        require(S * W - W * S, "order")


@st.composite
def letter_values(draw, dim=2):
    """Draw integer matrices for the letters; A is a polynomial in S, as it stands for powers."""

    def array(*shape):
        size = int(np.prod(shape))
        entries = draw(st.lists(NUMBERS, min_size=size, max_size=size))
        return np.array(entries, dtype=object).reshape(shape)

    features = array(dim, dim)
    features = features + features.T
    weights, mean, bias = array(dim, dim), array(dim, 1), array(dim, 1)
    return {
        S: features,
        A: features @ features - 2 * features,
        W: weights,
        V: weights.T,
        q: mean,
        qT: mean.T,
        b: bias,
        bT: bias.T,
    }


MATRICES = st.lists(st.sampled_from([S, A, W, V]), max_size=3)
WORDS = st.one_of(
    st.lists(st.sampled_from([S, A, W, V]), min_size=1, max_size=4),
    st.builds(  # column, row and matrices around them: of rank one
        lambda left, column, row, right: [*left, column, row, *right],
        MATRICES,
        st.sampled_from([q, b]),
        st.sampled_from([qT, bT]),
        MATRICES,
    ),
)
EXPRESSIONS = (
    st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=3)
    .map(lambda terms: sympy.Add(*(number * n * sympy.Mul(*word) for number, word in terms)))
    .filter(lambda expression: expression != 0)  # Zero has no word, so it is no matrix.
)
SIZE = 5


def value_of(word, letters):
    product = letters[word[0]]
    for letter in word[1:]:
        product = product @ letters[letter]
    return product


def matrix_of(expression, letters):
    total = np.zeros_like(letters[S])
    for word, coefficient in coefficients(expression).items():
        if word:
            total = total + int(coefficient.subs(n, SIZE)) * value_of(word, letters)
    return total


def number_of(expression, letters):
    """Evaluate a polynomial in named invariants."""

    def value(word, is_trace):
        matrix = value_of(word, letters)
        return sympy.Integer(int(np.trace(matrix) if is_trace else matrix[0, 0]))

    return int(map_invariants(expression, value).subs(n, SIZE))


@given(EXPRESSIONS, letter_values())
def test_transposition(expression, letters):
    flipped = matrix_of(transpose(expression), letters)
    assert np.array_equal(flipped, matrix_of(expression, letters).T)
    assert sympy.expand(transpose(transpose(expression)) - expression) == 0


@given(EXPRESSIONS, letter_values())
def test_traces(expression, letters):
    assert number_of(trace(expression), letters) == np.trace(matrix_of(expression, letters))


@given(EXPRESSIONS, EXPRESSIONS, letter_values())
def test_traces_are_cyclic(first, second, letters):
    turned = trace(second * first)
    assert trace(first * second) == turned == trace(transpose(first * second))
    product = matrix_of(first, letters) @ matrix_of(second, letters)
    assert number_of(turned, letters) == np.trace(product)


@given(EXPRESSIONS, st.sampled_from([(qT, b), (bT, q), (qT, q)]), letter_values())
def test_scalars(expression, ends, letters):
    row, column = ends
    value = letters[row] @ matrix_of(expression, letters) @ letters[column]
    assert number_of(scalars(row * expression * column), letters) == value[0, 0]
    assert scalars(row * expression * column) == scalars(transpose(row * expression * column))


@given(EXPRESSIONS, st.integers(1, 3), letter_values())
def test_weightings(expression, power, letters):
    powers = {**letters, A: np.linalg.matrix_power(letters[S], power)}
    direct = number_of(trace(expression), powers)
    assert number_of(weighted(trace(expression), power), letters) == direct


def test_different_words_have_different_names():
    # A name shared by two words that are not equal would make a false identity true.
    words = [word for size in (1, 2, 3) for word in itertools.product([S, W, V], repeat=size)]
    rng = np.random.default_rng(0)
    weights, features = rng.standard_normal((2, 3, 3))
    letters = {S: features + features.T, W: weights, V: weights.T}
    for first, second in itertools.combinations(words, 2):
        values = [np.trace(value_of(word, letters)) for word in (first, second)]
        same_name = invariant(first, trace=True) == invariant(second, trace=True)
        assert same_name == (abs(values[0] - values[1]) < 1e-9), (first, second)


@pytest.mark.parametrize("expression", [S * q, qT * S, q * qT, S])
def test_open_words_are_not_scalars(expression):
    with pytest.raises(ValueError, match="not a product of scalars"):
        scalars(expression)


def test_commuting_evaluation():
    w, dim = sympy.symbols("w d")
    values = {S: 2, A: 4, W: w, V: w, q: 3, qT: 3}
    expression = trace(S * W * V) + 5 * scalars(qT * S * W * q)
    assert commuting(expression, values, dim) == 2 * w**2 * dim + 90 * w


FRACTIONS = st.fractions(-2, 2, max_denominator=2)


@st.composite
def laws(draw, dim=2):
    """Draw a small exact setting, singular Σ_x among them."""

    def array(*shape):
        size = int(np.prod(shape))
        entries = draw(st.lists(FRACTIONS, min_size=size, max_size=size))
        return np.array(entries, dtype=object).reshape(shape)

    root = array(dim, dim)
    noise_variance = draw(st.sampled_from([Fraction(0), Fraction(1, 2)]))
    law = reference.Law(
        draw(st.integers(1, 5)),
        draw(st.integers(1, 5)),
        root @ root.T,
        array(dim, dim),
        array(dim),
        noise_variance,
    )
    assume(law.label_variance != 0)
    return law


def letters_of(law):
    mean = (law.features @ law.task)[:, None]
    bias = law.task[:, None] - law.context_length * law.weights @ mean
    return {
        S: law.features,
        W: law.weights,
        V: law.weights.T,
        q: mean,
        qT: mean.T,
        b: bias,
        bT: bias.T,
    }


def exact(expression, law):
    """Evaluate a polynomial in named invariants, n, s and the noise."""
    letters = letters_of(law)

    def value(word, is_trace):
        matrix = value_of(word, letters)
        return rational(np.trace(matrix) if is_trace else matrix[0, 0])

    numbers = {n: law.context_length, s: rational(law.label_variance)}
    result = map_invariants(expression, value).subs(numbers | {noise: rational(law.noise_variance)})
    return Fraction(int(result.p), int(result.q))


def rational(number):
    number = Fraction(number)
    return sympy.Rational(number.numerator, number.denominator)


@hypothesis_settings(max_examples=40)
@given(laws(), st.integers(1, 3))
def test_moments_agree_with_the_reference(law, power):
    weighting = np.linalg.matrix_power(law.features, power)
    mean = np.outer(law.mean_direction, law.mean_direction)
    size = law.context_length
    second = size * (size + 1) * mean + size * law.label_variance * law.features
    error = weighted(context_vector.error_moment(A), power)
    product = weighted(one_step.PRODUCT, power)
    assert exact(error, law) == reference.error_moment(law, weighting)
    assert exact(product, law) == reference.product_moment(law, weighting, second)


def partitions(indices):
    """Yield every way to leave some indices alone and pair the others."""
    if not indices:
        yield [], []
        return
    first, *rest = indices
    for singles, pairs in partitions(rest):
        yield [first, *singles], pairs
    for position, partner in enumerate(rest):
        for singles, pairs in partitions(rest[:position] + rest[position + 1 :]):
            yield singles, [(first, partner), *pairs]


@hypothesis_settings(max_examples=15)
@given(laws())
def test_the_gaussian_identity_by_summing_over_pairings(law):
    # E[eᵀAe · uᵀBu] with no identity for quadratic forms: (e, u) is Gaussian given T, so every
    # product of four entries has a mean by Isserlis, entry by entry.
    dim = len(law.task)
    size, s_ = law.context_length, law.label_variance
    direction = law.mean_direction / s_
    rest = law.features - np.outer(law.mean_direction, law.mean_direction) / s_
    zero = np.zeros(dim, dtype=object)
    # Means are m0 + T m1, covariances are T C, of the stacked vector (e, u).
    constant = np.concatenate([law.task, zero])
    slope = np.concatenate([-law.weights @ direction, direction])
    stack = np.concatenate([-law.weights, np.eye(dim, dtype=object)])
    covariance = stack @ rest @ stack.T
    moments = [s_**j * np.prod([size + 2 * i for i in range(j)], dtype=object) for j in range(5)]
    weighting, other = law.features, law.features @ law.features
    total = Fraction(0)
    for i, j, k, m in itertools.product(range(dim), repeat=4):
        entries = [i, j, dim + k, dim + m]
        for singles, pairs in partitions([0, 1, 2, 3]):
            polynomial = np.array([Fraction(1)], dtype=object)
            for index in singles:
                entry = entries[index]
                polynomial = np.convolve(polynomial, [constant[entry], slope[entry]])
            for one, two in pairs:
                polynomial = np.convolve(polynomial, [0, covariance[entries[one], entries[two]]])
            total += weighting[i, j] * other[k, m] * (polynomial @ moments[: len(polynomial)])
    assert total == reference.product_moment(law, weighting, other)


@hypothesis_settings(max_examples=40)
@given(laws())
def test_second_moments(law):
    # From the definition: u is a sum of n independent x_i y_i, and E[xy] = q,
    # E[xxᵀy²] = sΣ_x + 2qqᵀ by Isserlis.
    letters, size = letters_of(law), law.context_length
    outer = letters[q] @ letters[qT]
    single = law.label_variance * law.features + 2 * outer
    second = size * single + size * (size - 1) * outer
    cross = size * letters[q] @ law.task[None, :] - second @ law.weights.T
    for expression, expected in [
        (context_vector.second_moment(), second),
        (context_vector.cross_moment(), cross),
    ]:
        total = np.zeros_like(second)
        for word, coefficient in coefficients(expression).items():
            total = total + exact(coefficient, law) * value_of(word, letters)
        assert np.array_equal(total, expected)


def test_chi_squared_moments():
    t, size = context_vector.t, sympy.Symbol("z", positive=True)
    density = size ** (n / 2 - 1) * sympy.exp(-size / 2) / (2 ** (n / 2) * sympy.gamma(n / 2))
    for power in range(5):
        for degrees in (1, 2, 5):
            by_integral = sympy.integrate(
                (density * size**power).subs(n, degrees), (size, 0, sympy.oo)
            )
            by_formula = context_vector.chi_squared_mean(t**power)
            assert sympy.simplify(by_integral - sympy.sympify(by_formula).subs(n, degrees)) == 0
    assert context_vector.chi_squared_mean(3 + 2 * t) == 3 + 2 * n
