"""Random tasks: one-step risks against averages of the risk of one task, in independent numbers."""

import dataclasses
import inspect
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import ttt_theory as ttt
from tests import reference
from ttt_theory.coordinates import reduction
from ttt_theory.errors import InvalidSettingError, LostPrecisionError
from ttt_theory.linear.closed_form import random_task as compiled
from ttt_theory.linear.exact.curve import Curve
from ttt_theory.linear.exact.exact_numbers import ExactNumbers, exact_curve
from ttt_theory.linear.exact.form_polynomials import FormPolynomial, mean_of_product
from ttt_theory.linear.exact.long_decimals import best_step, decimal_curve, in_long_decimals
from ttt_theory.linear.exact.problem import Problem
from ttt_theory.linear.exact.random_task import averaged
from ttt_theory.linear.exact.weights import error_matrix, starting_weights
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.witnesses.exact_average import exact_coefficients
from ttt_theory.structured import RotatedMatrix
from ttt_theory.testing import covariances, settings, tasks

DIGITS = 60
FIELDS = ("constant", "linear", "quadratic")


def gaussian_nodes():
    """Four nodes: exact up to degree seven, one more than c2 has in the task."""
    root = mp.sqrt(6)
    nodes = [
        (sign * mp.sqrt(3 + other * root), (3 - other * root) / 12)
        for sign in (1, -1)
        for other in (1, -1)
    ]
    assert all(
        mp.almosteq(sum(w * x**p for x, w in nodes), m)
        for p, m in ((0, 1), (2, 1), (4, 3), (6, 15))
    )
    return nodes


def dense(covariance):
    matrix = covariance.matrix()
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def root_of(covariance):
    """Return L with LLᵀ = Γ to many digits, of any positive semi-definite matrix."""
    rest = reference.precise(dense(covariance))
    columns = []
    for _ in range(len(rest)):
        index = int(np.argmax(np.diagonal(rest)))
        pivot = rest[index, index]
        if pivot <= mpf(10) ** -14 * rest.trace() or pivot <= 0:
            break
        columns.append(rest[:, index] / mp.sqrt(pivot))
        rest = rest - np.outer(columns[-1], columns[-1])
    return np.array(columns, dtype=object).reshape(-1, len(rest)).T


def averaged_reference(setting):
    """Return c0, c1 and c2 of the reference, averaged over the nodes of the tasks' law."""
    with mp.workdps(DIGITS):
        law = reference.law_of(dataclasses.replace(setting, task=setting.task.mean))
        root = root_of(setting.task.covariance)
        total = np.array([mpf(0)] * 3, dtype=object)
        for point in itertools.product(gaussian_nodes(), repeat=root.shape[1]):
            task = law.task + root @ np.array([x for x, _ in point], dtype=object)
            weight = mp.fprod(w for _, w in point)
            here = reference.coefficients(dataclasses.replace(law, task=task))
            total += weight * np.array(here, dtype=object)
        return dict(zip(FIELDS, total, strict=True))


def assert_agrees(risk, expected, relative=1e-9):
    with mp.workdps(DIGITS):
        c0, c1, c2 = expected.values()
        # Where c1 is nothing beside its bound, it is that of one dimension without noise: zero.
        bound = 2 * mp.sqrt(c0 * c2)
        for name, floor in (("constant", 0), ("linear", bound * mpf("1e-24")), ("quadratic", 0)):
            error = abs(mpf(getattr(risk, name)) - expected[name])
            assert error <= relative * expected[name] + floor, name
        if c1 > mpf("1e-20") * bound:
            assert abs(mpf(risk.improvement) / (c1**2 / (4 * c2)) - 1) <= relative
            after = c0 - c1**2 / (4 * c2)
            assert abs(mpf(risk.risk_after) - after) <= relative * after + mpf("1e-30") * c0


@st.composite
def random_settings(draw, max_dim=3):
    setting = draw(settings(max_dim, extreme_scales=False))
    covariance = draw(covariances(setting.dim, extreme_scales=False))
    mean = draw(st.one_of(st.none(), tasks(setting.dim)))
    return dataclasses.replace(setting, task=ttt.RandomTask(mean, covariance))


def has_signal(setting):
    """Whether it is more than round-off that decides if there is any signal in the labels."""
    features, spread = dense(setting.feature_covariance), dense(setting.task.covariance)
    signal = np.sum(features * spread) + setting.task.mean @ features @ setting.task.mean
    source = dense(setting.pretraining.feature_covariance)
    prior = dense(setting.task_covariance)
    return (
        signal > 1e-6 * features.max() * (spread.max() + setting.task.mean @ setting.task.mean)
        and np.sum(source * prior) > 1e-6 * source.max() * prior.max()
    )


@hypothesis_settings(max_examples=30)
@given(random_settings().filter(has_signal))
def test_any_setting_agrees_with_the_reference(setting):
    assert_agrees(ttt.one_step_risk(setting), averaged_reference(setting))


GENERAL = ttt.Setting(
    4,
    3,
    ttt.Dense([[2.0, 0.5, 0.0], [0.5, 1.0, -0.25], [0.0, -0.25, 0.75]]),
    ttt.PowerLaw(3, 1.0),
    ttt.RandomTask([1.0, -0.5, 2.0], ttt.Dense([[1.0, 0.5, 0.25], [0.5, 0.5, 0.0], [0.25, 0, 1]])),
    0.5,
)
CASES = {
    "nothing commutes": GENERAL,
    "cold": dataclasses.replace(GENERAL, initialization=ttt.ZeroWeights()),
    "half of W*": dataclasses.replace(GENERAL, initialization=ttt.PretrainedWeights(0.5)),
    "given weights": dataclasses.replace(
        GENERAL,
        initialization=ttt.DenseWeights([[0.1, 0.02, 0.0], [-0.03, 0.2, 0.0], [0.05, 0.0, 0.1]]),
    ),
    "pretrained on something else": dataclasses.replace(
        GENERAL, pretraining=ttt.Pretraining(9, 0.125, ttt.AR1(3, 0.75))
    ),
    "a long context": dataclasses.replace(GENERAL, context_length=10**9),
    "a long context and another pretraining": dataclasses.replace(
        GENERAL, context_length=10**9, pretraining=ttt.Pretraining(3 * 10**8, 0.125)
    ),
    "no mean": dataclasses.replace(
        GENERAL, task=ttt.RandomTask(None, ttt.AR1(3, 0.5)), noise_variance=0.0
    ),
    "diagonals": ttt.Setting(
        6,
        2,
        ttt.Diagonal([1.0, 2.0, 0.0]),
        ttt.Diagonal([0.5, 0.0, 1.0]),
        ttt.RandomTask([1.0, 0.0, 3.0], ttt.Diagonal([0.25, 1.5, 2.0])),
    ),
    "spikes": ttt.Setting(
        5,
        4,
        ttt.Spiked(3, [2.0], np.array([[1.0, 1.0, 0.0]])),
        ttt.Isotropic(3),
        ttt.RandomTask(None, ttt.Spiked(3, [3.0])),
        0.25,
    ),
    "one dimension": ttt.Setting(
        3, 2, ttt.Isotropic(1, scale=2.0), ttt.Isotropic(1), ttt.RandomTask([3], ttt.Isotropic(1))
    ),
    "tiny features, huge tasks": dataclasses.replace(
        GENERAL,
        feature_covariance=ttt.AR1(3, 0.5, scale=1e-60),
        task=ttt.RandomTask([1e40, 2e40, -1e40], ttt.AR1(3, 0.25, scale=1e80)),
        task_covariance=ttt.Isotropic(3, scale=1e80),
        noise_variance=1e20,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_hard_settings_agree_with_the_reference(name):
    assert_agrees(ttt.one_step_risk(CASES[name]), averaged_reference(CASES[name]), 1e-11)


@pytest.mark.parametrize("name", [name for name in CASES if name != "one dimension"])
def test_float64_alone_is_accurate(name):
    # Without this, longer numbers would hide a sum that cancels.
    problem = Problem.of(CASES[name])
    curve, expected = averaged(problem, starting_weights(problem)), averaged_reference(CASES[name])
    label, step = problem.label_exponent, problem.step_exponent
    for field, exponent in (("constant", 0), ("linear", step), ("quadratic", 2 * step)):
        value = math.ldexp(float(getattr(curve, field)), label + exponent)
        assert value == pytest.approx(float(expected[field]), rel=1e-11), field


def test_long_decimals_are_accurate():
    *coefficients, risk_after = in_long_decimals(
        GENERAL, lambda numbers, *limits: best_step(decimal_curve(numbers), *limits)
    )
    curve = Curve(*coefficients)
    expected = averaged_reference(GENERAL)
    for field in FIELDS:
        assert float(getattr(curve, field)) == pytest.approx(float(expected[field]), rel=1e-15)
    assert float(risk_after) == pytest.approx(float(curve.risk_after), rel=1e-15)


@pytest.mark.parametrize("start", [ttt.ZeroWeights(), ttt.PretrainedWeights()])
def test_in_one_dimension_by_the_literal_definition(start):
    # Four nodes average a polynomial of degree seven in the task; the rest is the literal simulator
    # with all samples averaged exactly.
    setting = ttt.Setting(
        1, 2, ttt.Isotropic(1, scale=0.5), ttt.Isotropic(1), [0.0], 0.75, initialization=start
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    total = sum(
        weight
        * exact_coefficients(
            literal_simulator(dataclasses.replace(setting, task=[0.5 + math.sqrt(2.0) * node]))
        )
        for node, weight in zip(nodes, weights / weights.sum(), strict=True)
    )
    random = dataclasses.replace(setting, task=ttt.RandomTask([0.5], ttt.Isotropic(1, scale=2.0)))
    risk = ttt.one_step_risk(random)
    assert [getattr(risk, name) for name in FIELDS] == pytest.approx(total, rel=1e-12)


def test_by_hand():
    # d = n = k = 1, cold, no noise: c0 = β², c1 = 4β⁴ and c2 = 108β⁶ (fact 4), and a standard
    # normal β has the moments 1, 3 and 15.
    one = ttt.Isotropic(1)
    setting = ttt.Setting(
        1, 1, one, one, ttt.RandomTask(None, one), initialization=ttt.ZeroWeights()
    )
    risk = ttt.one_step_risk(setting)
    assert [getattr(risk, name) for name in FIELDS] == [1.0, 12.0, 1620.0]


def entries(setting, spread):
    numbers = ExactNumbers.of(setting, Fraction)
    return dataclasses.replace(numbers, task_spread=spread)


class Fractions:
    """A matrix of fractions, as `exact_curve` wants one."""

    def __init__(self, array):
        self.array = array

    def __mul__(self, other):
        return Fractions(
            self.array @ other.array if isinstance(other, Fractions) else self.array * other
        )

    def __add__(self, other):
        return Fractions(self.array + other.array)

    def __sub__(self, other):
        return Fractions(self.array - other.array)

    def transpose(self):
        return Fractions(self.array.T)

    def entries(self):
        return list(self.array.ravel())

    def solve(self, right):
        return Fractions(reference.inverse(self.array) @ right.array)


def test_a_task_that_does_not_vary_is_a_fixed_one():
    fixed = dataclasses.replace(GENERAL, task=GENERAL.task.mean)
    nothing = np.full((3, 3), Fraction(0), dtype=object)
    one, other = (
        exact_curve(entries(fixed, spread), Fractions, lambda x: x) for spread in (None, nothing)
    )
    assert (one.constant, one.linear, one.quadratic) == (
        other.constant,
        other.linear,
        other.quadratic,
    )
    still = ttt.RandomTask(GENERAL.task.mean, ttt.Diagonal([0.0, 0.0, 0.0]))
    for start in (ttt.ZeroWeights(), ttt.PretrainedWeights(), ttt.PretrainedWeights(1.5)):
        given = dataclasses.replace(fixed, initialization=start)
        expected = dataclasses.asdict(ttt.one_step_risk(given))
        found = dataclasses.asdict(ttt.one_step_risk(dataclasses.replace(given, task=still)))
        assert found == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_over_the_prior_the_risk_before_is_the_pretraining_loss(dim):
    features, prior = ttt.AR1(dim, 0.5, scale=1.5), ttt.PowerLaw(dim, 1.0, scale=0.75)
    setting = ttt.Setting(5, 2, features, prior, ttt.RandomTask(None, prior), 0.5)
    sigma, tasks_ = dense(features), dense(prior)
    ridge = np.sum(sigma * tasks_) + 0.5
    # E[(y − xᵀWu)²], from E[βuᵀ] = nΣ_βΣ_x and E[uuᵀ] = n[(n+1)Σ_xΣ_βΣ_x + ρΣ_x].
    cross = 5 * tasks_ @ sigma
    second = 5 * (6 * sigma @ tasks_ @ sigma + ridge * sigma)

    def loss(weights):
        return (
            ridge
            - 2 * np.sum(sigma * (weights @ cross.T))
            + np.sum(sigma * (weights @ second @ weights.T))
        )

    best = ttt.one_step_risk(setting).risk_before
    weights = np.linalg.solve(second, cross.T).T
    assert best == pytest.approx(loss(weights), rel=1e-12)
    for direction in (np.eye(dim), np.ones((dim, dim)), np.triu(np.ones((dim, dim)))):
        for size in (1e-2, -1e-2):
            other = weights + size * direction
            worse = dataclasses.replace(setting, initialization=ttt.DenseWeights(other))
            risk = ttt.one_step_risk(worse).risk_before
            assert risk == pytest.approx(loss(other), rel=1e-12)
            assert risk > best


def test_structures_do_not_matter():
    # Few directions in many coordinates, some of whose blocks no vector enters.
    dim, rng = 40, np.random.default_rng(0)
    features = ttt.Spiked(dim, [2.0, 0.5], rng.standard_normal((2, dim)))
    prior = ttt.Spiked(dim, [3.0], rng.standard_normal((1, dim)))
    task = ttt.RandomTask(
        rng.standard_normal(dim), ttt.Spiked(dim, [4.0], rng.standard_normal((1, dim)), scale=0.1)
    )
    setting = ttt.Setting(30, 20, features, prior, task, 0.5)
    written_out = ttt.Setting(
        30,
        20,
        ttt.Dense(dense(features)),
        ttt.Dense(dense(prior)),
        ttt.RandomTask(task.mean, ttt.Dense(dense(task.covariance))),
        0.5,
    )
    kinds = {type(block).__name__ for block in Problem.of(setting).features.blocks}
    assert kinds == {"DenseBlock", "IsotropicBlock"}
    expected = dataclasses.asdict(ttt.one_step_risk(written_out))
    assert dataclasses.asdict(ttt.one_step_risk(setting)) == pytest.approx(expected, rel=1e-11)


def test_many_eigenvalues_and_few_directions(monkeypatch):
    # Too many distinct eigenvalues for a dense span: the blocks are a diagonal and a few columns.
    monkeypatch.setattr(reduction, "LARGEST_SPAN", 40)
    dim, rng = 50, np.random.default_rng(1)
    values = 0.5 + rng.random(dim)
    features = ttt.FactorModel(values, 0.3 * rng.standard_normal((dim, 2)))
    spread = ttt.FactorModel(0.5 + rng.random(dim), 0.3 * rng.standard_normal((dim, 1)))
    task = ttt.RandomTask(rng.standard_normal(dim), spread)
    setting = ttt.Setting(70, 90, features, ttt.PowerLaw(dim, 0.25), task, 0.5)
    assert {type(block).__name__ for block in Problem.of(setting).features.blocks} == {
        "LowRankBlock"
    }
    written_out = dataclasses.replace(
        setting,
        feature_covariance=ttt.Dense(dense(features)),
        task=ttt.RandomTask(task.mean, ttt.Dense(dense(spread))),
    )
    expected = dataclasses.asdict(ttt.one_step_risk(written_out))
    assert dataclasses.asdict(ttt.one_step_risk(setting)) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_the_error_matrix_is_its_definition(name):
    setting = CASES[name]
    problem = Problem.of(setting)
    error = error_matrix(problem, starting_weights(problem)).expanded()
    found = RotatedMatrix(problem.frame, error).toarray()
    with mp.workdps(DIGITS):
        law = reference.law_of(dataclasses.replace(setting, task=setting.task.mean))
        identity = np.eye(setting.dim, dtype=object)
        expected = (identity - setting.context_length * law.weights @ law.features).astype(float)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13 * np.abs(expected).max())


def test_what_float64_loses_is_refused_or_computed_longer():
    # Almost one task, cold, and so many samples that next to nothing is left of the risk.
    def nearly_fixed(dim):
        task = ttt.RandomTask([1.0] * dim, ttt.Isotropic(dim, scale=1e-14))
        return ttt.Setting(
            10**13,
            10**13,
            ttt.Isotropic(dim),
            ttt.Isotropic(dim),
            task,
            initialization=ttt.ZeroWeights(),
        )

    assert_agrees(ttt.one_step_risk(nearly_fixed(2)), averaged_reference(nearly_fixed(2)))
    with pytest.raises(LostPrecisionError, match="at most 24 dimensions"):
        ttt.one_step_risk(nearly_fixed(25))


@pytest.mark.parametrize(
    "changes",
    [{"evaluation": "same"}, {"step_rule": "normalized"}],
    ids=lambda changes: str(changes),
)
def test_what_is_not_known_is_refused(changes):
    with pytest.raises(InvalidSettingError, match=r"no exact risk is known for .* task random"):
        ttt.one_step_risk(dataclasses.replace(GENERAL, **changes))


def test_labels_that_overflow_are_named():
    huge = ttt.RandomTask(None, ttt.Isotropic(3, scale=1e200))
    setting = dataclasses.replace(
        GENERAL, task=huge, feature_covariance=ttt.Isotropic(3, scale=1e200)
    )
    with pytest.raises(ttt.OutOfRangeError, match="the variance of a label"):
        ttt.one_step_risk(setting)


@given(st.lists(st.integers(-3, 3), min_size=6, max_size=6), st.integers(0, 3))
def test_polynomials_in_forms_are_polynomials(numbers, power):
    a, b, c, e, x, y = map(Fraction, numbers)

    def value(polynomial):
        return sum(
            (
                coefficient * math.prod({"x": x, "y": y}[key] for key in monomial)
                for monomial, coefficient in polynomial.terms.items()
            ),
            Fraction(0),
        )

    one, two = FormPolynomial.form("x"), FormPolynomial.form("y")
    found = (a * one + b - two * c) * (one - e) + two ** (power + 1) - one
    assert value(found) == (a * x + b - y * c) * (x - e) + y ** (power + 1) - x
    assert value(np.float64(2.0) * one) == 2 * x


def test_moments_from_cumulants():
    # x, y, z are 0 or 1 with the joint law below: their cumulants by differences of moments.
    law = {(0, 0, 0): 5, (1, 0, 1): 3, (1, 1, 0): 2, (1, 1, 1): 4, (0, 1, 1): 1}
    total = sum(law.values())

    def moment(*keys):
        weights = (
            w * math.prod(point["xyz".index(key)] for key in keys) for point, w in law.items()
        )
        return Fraction(sum(weights), total)

    def cumulant(*keys):
        if len(keys) == 1:
            return moment(*keys)
        if len(keys) == 2:
            one, two = keys
            return moment(one, two) - moment(one) * moment(two)
        one, two, three = keys
        means = {key: moment(key) for key in keys}
        return (
            moment(*keys)
            - means[one] * moment(two, three)
            - means[two] * moment(one, three)
            - means[three] * moment(one, two)
            + 2 * means[one] * means[two] * means[three]
        )

    for keys in ((), ("x",), ("x", "y"), ("x", "y", "z"), ("x", "x", "y")):
        expected = moment(*keys) if keys else 1
        assert mean_of_product(keys, cumulant) == expected


def test_one_task_at_a_time_is_the_mean_of_all():
    # A law of tasks is no law of one: the step is one number, and η* is no mean of the tasks' η*.
    isotropic = ttt.Isotropic(4)
    random = ttt.Setting(6, 5, isotropic, isotropic, ttt.RandomTask(None, isotropic))
    fixed = dataclasses.replace(random, task=[1.0] * 4)
    share = ttt.one_step_risk(random).improvement / ttt.one_step_risk(fixed).improvement
    assert share == pytest.approx((4 + 2) / (4 + 4), rel=1e-13)


@pytest.mark.parametrize("start", [ttt.ZeroWeights(), ttt.PretrainedWeights(0.75)])
def test_the_compiled_isotropic_coefficients(start):
    dim, mean, variance = 3, [1.0, 0.0, 2.0], 0.25
    isotropic = ttt.Isotropic(dim)
    task = ttt.RandomTask(mean, ttt.Isotropic(dim, scale=variance))
    setting = ttt.Setting(5, 4, isotropic, isotropic, task, 0.5, initialization=start)
    weight = start.factor / (5 + dim + 1 + 0.5)
    moments = [
        getattr(compiled, f"square_moment_{j}")(
            **{
                name: {"dim": dim, "mean_square": 5.0, "variance": variance}[name]
                for name in inspect.signature(getattr(compiled, f"square_moment_{j}")).parameters
            }
        )
        for j in (1, 2, 3)
    ]
    risk = ttt.one_step_risk(setting)
    assert compiled.constant(5, dim, weight, 0.5, moments[0]) == pytest.approx(
        risk.constant, rel=1e-13
    )
    assert compiled.linear(5, 4, dim, weight, 0.5, *moments[:2]) == pytest.approx(
        risk.linear, rel=1e-12
    )
    assert compiled.quadratic(5, 4, dim, weight, 0.5, *moments) == pytest.approx(
        risk.quadratic, rel=1e-13
    )


@pytest.mark.parametrize("dim", [2, 5, 30])
@pytest.mark.parametrize("start", [ttt.ZeroWeights(), ttt.PretrainedWeights()])
def test_what_randomness_costs(dim, start):
    isotropic, variance = ttt.Isotropic(dim), 0.3
    task = ttt.RandomTask(None, ttt.Isotropic(dim, scale=variance))
    random = ttt.Setting(7, 4, isotropic, isotropic, task, initialization=start)
    fixed = dataclasses.replace(random, task=[math.sqrt(variance)] * dim)
    one, other = ttt.one_step_risk(random), ttt.one_step_risk(fixed)
    assert one.improvement == pytest.approx((dim + 2) / (dim + 4) * other.improvement, rel=1e-12)
    assert one.step_size == pytest.approx(dim / (dim + 4) * other.step_size, rel=1e-12)
    assert compiled.improvement_share(Fraction(dim)) == Fraction(dim + 2, dim + 4)
    assert compiled.step_share(Fraction(dim)) == Fraction(dim, dim + 4)
