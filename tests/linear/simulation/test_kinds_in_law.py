"""The samplers in law of other kinds: same context, normalised steps, random tasks, many steps."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.nodes import in_law, nodes_of_vectors
from tests.nodes_of_prompts import isotropic_risks
from ttt_theory import AR1, Diagonal, Equicorrelated, Isotropic, RandomTask, Setting, one_step_risk
from ttt_theory.evidence.quadrature import NodeGenerator, gaussian_rule
from ttt_theory.linear.setting.setting import EVALUATIONS, STEP_RULES
from ttt_theory.linear.simulation import conditional
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.data_vector import Tasks
from ttt_theory.linear.simulation.literal import (
    LiteralSimulator,
    errors_after_steps,
    risk_coefficients,
)
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.structured.base import dense

KINDS = list(itertools.product(EVALUATIONS, STEP_RULES))
SKEW = np.array([[0.05, -0.02], [0.04, 0.03]])
TASK = np.array([1.0, -0.5])
SAMPLER_KINDS = (SufficientSimulator, ConditionalSimulator)


def literal_given_context(subject, context, step_sizes=None):
    """The literal simulator's expectation given one context: over all else, at nodes.

    The gradient's samples are of degree 4t, the fresh context's features 4, and noises of degree 2.
    """
    n, k, dim = subject.context_length, subject.test_samples, len(subject.task)
    t = 1 if step_sizes is None else len(step_sizes)
    root = np.linalg.cholesky(dense(subject.feature_covariance.matrix()))
    is_same = subject.evaluation == "same"
    features, labels = context
    counts = [(k, 2 * t + 1), (0 if is_same else n, 3), (1, 2)]
    nodes = list(itertools.chain(*([count] * (size * dim) + [2] * size for size, count in counts)))
    points, weights = gaussian_rule(nodes)
    assert len(points) < 400_000
    samples, used = [], 0
    for size, _ in counts:
        normal = points[:, used : used + size * dim].reshape(len(points), size, dim)
        drawn = normal @ root.T
        noise = points[:, used + size * dim : used + size * (dim + 1)]
        used += size * (dim + 1)
        samples.append((drawn, drawn @ subject.task + math.sqrt(subject.noise_variance) * noise))
    test, fresh, query = samples
    one = features[None], labels[None]
    prompts = one, test, one if is_same else fresh, query
    if step_sizes is None:
        values = risk_coefficients(subject.weights, *prompts, step_rule=subject.step_rule)
    else:
        values = errors_after_steps(
            subject.weights, *prompts, step_sizes, step_rule=subject.step_rule
        )
    return weights @ values


@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
def test_the_conditional_coefficients_are_the_literal_ones_given_the_context(evaluation, rule):
    subject = LiteralSimulator(
        1, 2, AR1(2, 0.5), TASK, 0.25, SKEW, evaluation=evaluation, step_rule=rule
    )
    context = np.array([[0.7, -1.2]]), np.array([1.4])
    sampler = in_law(ConditionalSimulator, subject)
    tasks = sampler.tasks(1, np.random.default_rng(0))
    [u] = context[1] @ context[0][None]
    found = sampler.given(tasks, u[None], np.random.default_rng(0))[0]
    expected = literal_given_context(subject, context)
    # c0, the mean squared error before the step, is that of all contexts.
    assert_allclose(found[1:], expected[1:], rtol=1e-11)
    assert found[0] == sampler.given(tasks, 2 * u[None], np.random.default_rng(0))[0, 0]


@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
@pytest.mark.parametrize("task", [TASK, RandomTask(TASK, AR1(2, -0.4))], ids=["fixed", "random"])
def test_the_conditional_coefficients_are_the_sufficient_ones_given_the_context(
    evaluation, rule, task
):
    whole = SufficientSimulator(3, 2, AR1(2, 0.5), task, 0.25, SKEW, evaluation, rule)
    sampler = in_law(ConditionalSimulator, whole)
    rng = np.random.default_rng(2)
    tasks = sampler.tasks(1, rng)
    context = sampler.contexts(tasks, 1, rng)
    data_vector = [2] * 4
    nodes = [*data_vector, *(data_vector if evaluation == "fresh" else []), 1, 2, 1]
    generator = NodeGenerator(nodes)
    repeated, alike = (np.repeat(each, generator.draws, axis=0) for each in (context, context))
    given = (
        tasks
        if tasks.coefficients.ndim == 1
        else Tasks(
            *(np.repeat(each, generator.draws, axis=0) for each in dataclasses.astuple(tasks))
        )
    )
    gradient = whole.gradients(given, repeated, generator)
    tested = alike if evaluation == "same" else whole.contexts(given, generator.draws, generator)
    values = generator.average(whole.errors(given, repeated, gradient, tested, generator))
    found = sampler.given(tasks, context, rng)[0]
    assert_allclose(found[1:], values[1:], rtol=1e-10)
    if evaluation == "fresh":
        assert_allclose(found[0], values[0], rtol=1e-10)


@pytest.mark.parametrize("kind", SAMPLER_KINDS)
def test_random_tasks_are_the_average_over_tasks(kind):
    # The coefficients are of degrees 2, 4 and 6 in β: the exact ones at the nodes of its law.
    features, law = AR1(2, 0.5), RandomTask(TASK, Diagonal([0.5, 2.0]))
    subject = kind(3, 2, features, law, 0.25, SKEW)
    vectors = [3] * 4, [2] * 4, [2] * 4
    rest = [*vectors[1], *vectors[2], 1, 2, 1] if kind is SufficientSimulator else []
    rng = NodeGenerator([4, 4, *vectors[0], *rest])
    found = rng.average(subject.coefficients(rng.draws, rng))
    points, weights = gaussian_rule([4, 4])
    total = np.zeros(3)
    from ttt_theory import DenseWeights

    for point, share in zip(points, weights, strict=True):
        task = TASK + np.sqrt([0.5, 2.0]) * point
        risk = one_step_risk(Setting(3, 2, features, Isotropic(2), task, 0.25, DenseWeights(SKEW)))
        total += share * np.array([risk.constant, risk.linear, risk.quadratic])
    assert_allclose(found, total, rtol=1e-10)


@pytest.mark.parametrize("kind", SAMPLER_KINDS)
@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
@pytest.mark.parametrize("weights", [SKEW, np.array([0.1, 0.1])], ids=["skew", "isotropic"])
def test_random_tasks_without_spread_are_the_fixed_one(kind, evaluation, rule, weights):
    law = RandomTask(TASK, Diagonal([0.0, 0.0]))
    fixed = kind(5, 2, Isotropic(2), TASK, 0.25, weights, evaluation, rule)
    random = dataclasses.replace(fixed, task=law)
    one, other = np.random.default_rng(4), np.random.default_rng(4)
    values = random.coefficients(6, one)
    law.sample(other, 6)
    assert_allclose(fixed.coefficients(6, other), values, rtol=1e-12)


class Scripted(np.random.Generator):
    """A generator whose numbers are given."""

    def __init__(self, *numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = list(numbers)

    def standard_normal(self, size):
        return np.full(size, self.numbers.pop(0))

    def chisquare(self, df, size):
        return np.full(size, self.numbers.pop(0))


@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
@pytest.mark.parametrize("steps", [[0.03], [0.03, -0.01], [0.02, 0.03, 0.01]])
def test_several_steps_are_the_literal_ones_given_the_context(evaluation, rule, steps):
    scale, weight, noise = 1.5, 0.125, 0.25
    dim = 2 if len(steps) < 3 else 1
    task = TASK[:dim]
    subject = LiteralSimulator(
        1, 1, Isotropic(dim, scale=scale), task, noise, weight * np.eye(dim), evaluation, rule
    )
    sampler = in_law(ConditionalSimulator, subject, weights=np.full(dim, weight))
    context = np.array([[0.7, -1.2][:dim]]), np.array([1.4])
    u = context[1] @ context[0]
    # The numbers of the law that give this u: its χ², its part along β, and that across.
    square, length = 0.8, np.linalg.norm(task)
    along = u @ task / length
    normal = (along - scale * length * square) / math.sqrt(scale * noise * square)
    variance = scale * length**2 + noise
    across = (u @ u - along**2) / (variance * scale * square)
    script = Scripted(square, normal, *([across] if dim > 1 else []))
    found = sampler.squared_errors(steps, 1, script)[0]
    expected = literal_given_context(subject, context, steps)
    # The first, of all contexts, stands for that before the steps.
    assert_allclose(np.diff(found)[1:], np.diff(expected)[1:], rtol=1e-10)
    assert_allclose(found[1] - found[0], expected[1] - expected[0], rtol=1e-10)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize(
    ("n", "k", "d", "noise"),
    [(1, 1, 1, Fraction(1, 3)), (20, 40, 40, Fraction(0)), (7, 3, 5, Fraction(1, 2))],
)
def test_several_steps_are_the_fractions(n, k, d, noise, evaluation):
    weight = Fraction(1, n + d + 1)
    task = np.full(d, 0.5)
    steps = [Fraction(1, 9 * n * n * (k + d)), Fraction(1, 6 * n * n * (k + d))]
    subject = ConditionalSimulator(
        n, k, Isotropic(d), task, float(noise), np.full(d, float(weight)), evaluation
    )
    # Degree 4t + 2 of u, which is of degree one in each; half of that across.
    nodes = [9] + [6] * (noise > 0) + [4] * (d > 1)
    rng = NodeGenerator(nodes)
    found = rng.average(subject.squared_errors([float(each) for each in steps], rng.draws, rng))
    expected = isotropic_risks(n, k, d, Fraction(task @ task), noise, weight, steps, evaluation)
    assert_allclose(found, [float(each) for each in expected], rtol=1e-11)


def test_one_step_of_several_is_the_curve():
    for evaluation, rule in KINDS:
        subject = ConditionalSimulator(
            6, 4, Isotropic(3, scale=2.0), np.ones(3), 0.5, np.full(3, 0.1), evaluation, rule
        )
        constant, linear, quadratic = subject.coefficients(50, np.random.default_rng(1)).T
        step = 0.01
        found = subject.squared_errors([step], 50, np.random.default_rng(1))
        assert_allclose(found[:, 0], constant, rtol=1e-13)
        assert_allclose(found[:, 1], constant - linear * step + quadratic * step**2, rtol=1e-11)


def test_a_list_of_one_step_is_read_off_the_curve():
    for kind in SAMPLER_KINDS:
        subject = kind(3, 2, AR1(2, 0.5), TASK, 0.25, SKEW)
        assert subject.most_steps == 1
        values = subject.coefficients(5, np.random.default_rng(1))
        found = subject.squared_errors([0.3], 5, np.random.default_rng(1))
        assert_allclose(found[:, 0], values[:, 0], rtol=1e-14)
        assert_allclose(found[:, 1], values @ [1.0, -0.3, 0.09], rtol=1e-13)


def test_no_context_no_normalised_step():
    subject = ConditionalSimulator(
        3, 2, Isotropic(2), np.zeros(2), 0.0, np.full(2, 0.1), "same", "normalized"
    )
    rng = np.random.default_rng(0)
    assert_array_equal(subject.coefficients(4, rng), np.zeros((4, 3)))
    assert_array_equal(subject.squared_errors([0.1, 0.2], 4, rng), np.zeros((4, 3)))
    skew = dataclasses.replace(subject, weights=SKEW)
    assert_array_equal(skew.coefficients(4, rng), np.zeros((4, 3)))
    sufficient = in_law(SufficientSimulator, skew)
    assert_array_equal(sufficient.coefficients(4, rng), np.zeros((4, 3)))


def test_drawn_traces_with_random_tasks(monkeypatch):
    law = RandomTask(TASK, Diagonal([0.5, 2.0]))
    subject = ConditionalSimulator(3, 2, Equicorrelated(2, 0.3), law, 0.25, SKEW)
    nodes = [4, 4, *nodes_of_vectors(dataclasses.replace(subject, task=TASK), 3, 3)]
    rng = NodeGenerator(nodes)
    expected = rng.average(subject.coefficients(rng.draws, rng))
    monkeypatch.setattr(conditional, "_LARGEST_TRACED_DIM", 0)
    drawn = dataclasses.replace(subject)
    rng = NodeGenerator([*nodes, 2, 2, 2][: len(nodes) + len(nodes_of_vectors(drawn, 1, 1)) - 2])
    assert_allclose(rng.average(drawn.coefficients(rng.draws, rng)), expected, rtol=1e-10)
