"""The literal simulator past one plain step: several steps, evaluations, rules, tasks and laws."""

import dataclasses
import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.nodes_of_prompts import averaged, isotropic_risks, nodes_of
from ttt_theory import (
    AR1,
    Diagonal,
    EllipticalFeatures,
    Isotropic,
    RademacherFeatures,
    RandomTask,
    StudentTFeatures,
    UniformFeatures,
)
from ttt_theory.linear.setting.setting import EVALUATIONS, STEP_RULES
from ttt_theory.linear.simulation.literal import (
    QUERIES,
    LiteralSimulator,
    errors_after_steps,
    risk_coefficients,
)

WEIGHTS = np.array([[0.1, 0.02, 0.0], [-0.05, 0.08, 0.01], [0.03, 0.0, 0.12]])
TASK = np.array([1.0, -0.5, 0.25])
KINDS = list(itertools.product(EVALUATIONS, STEP_RULES))


def small_simulator(**changes):
    default = LiteralSimulator(4, 3, AR1(3, 0.5), TASK, 0.25, WEIGHTS)
    return dataclasses.replace(default, **changes)


def fractions(rng, *shape):
    numbers = rng.integers(1, 10, (2, *shape)), rng.choice([-1, 1], shape)
    (top, bottom), signs = numbers
    ratio = np.vectorize(lambda a, b, s: Fraction(int(a * s), int(b)), otypes=[object])
    return ratio(top, bottom, signs)


def errors_in_loops(weights, context, test, tested, queries, steps, rule):
    """Squared errors after every step, one number at a time, by the paper's definitions."""
    dim, samples = len(weights), range(len(test[1]))

    def vector(features, labels):
        return [sum(features[i][a] * labels[i] for i in range(len(labels))) for a in range(dim)]

    def prediction(matrix, u, x):
        return sum(x[a] * matrix[a][b] * u[b] for a in range(dim) for b in range(dim))

    u, fresh = vector(*context), vector(*tested)
    square = sum(each * each for each in u)
    matrix = [list(row) for row in weights]
    errors = []
    for step in [None, *steps]:
        if step is not None:
            if rule == "normalized":
                step = step / square if square else 0
            residuals = [test[1][j] - prediction(matrix, u, test[0][j]) for j in samples]
            matrix = [
                [
                    matrix[a][b]
                    + step * sum(2 * residuals[j] * test[0][j][a] * u[b] for j in samples)
                    for b in range(dim)
                ]
                for a in range(dim)
            ]
        squares = [(y - prediction(matrix, fresh, x)) ** 2 for x, y in zip(*queries, strict=True)]
        errors.append(Fraction(sum(squares), len(squares)))
    return errors


@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_drawn_prompt_in_exact_fractions(evaluation, rule, seed):
    rng = np.random.default_rng(seed)
    dim, length, samples = [(1, 1, 1), (2, 3, 2), (3, 2, 4)][seed]
    weights = fractions(rng, dim, dim)
    context, test, tested, queries = (
        (fractions(rng, count, dim), fractions(rng, count))
        for count in (length, samples, length, 2)
    )
    if evaluation == "same":
        tested = context
    steps = [Fraction(1, 7), Fraction(-2, 5), Fraction(1, 3)]
    samples = (context, test, tested, queries)
    expected = errors_in_loops(weights, *samples, steps, rule)
    assert len(set(expected)) == 4
    assert errors_after_steps(weights, *samples, steps, step_rule=rule).tolist() == expected
    constant, linear, quadratic = risk_coefficients(weights, *samples, step_rule=rule)
    [step, *_] = steps
    assert constant - linear * step + quadratic * step**2 == expected[1]


@pytest.mark.parametrize("rule", STEP_RULES)
def test_no_labels_no_step(rule):
    zeros = np.zeros((2, 3)), np.zeros(2)
    features = np.random.default_rng(0).standard_normal((2, 3))
    errors = errors_after_steps(
        WEIGHTS,
        zeros,
        (features, features[:, 0]),
        zeros,
        (features, features[:, 1]),
        [0.5, 2.0],
        step_rule=rule,
    )
    assert_array_equal(errors, np.full(3, np.mean(features[:, 1] ** 2)))


LAWS = [
    RademacherFeatures(),
    UniformFeatures(),
    StudentTFeatures(9.0),
    EllipticalFeatures([0.5, 3.0], [0.8, 0.2]),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.kind)
@pytest.mark.parametrize(("evaluation", "rule"), KINDS)
def test_prompts_of_every_kind_are_drawn_as_defined(law, evaluation, rule):
    # The same draws again, one prompt at a time: its own task in context, test samples, fresh
    # context and queries alike, noise in all labels, and the features of the law.
    tasks_law = RandomTask(TASK, AR1(3, -0.3))
    subject = small_simulator(
        task=tasks_law, evaluation=evaluation, step_rule=rule, feature_law=law
    )
    steps = [0.01, 0.02, 0.005]
    values = subject.squared_errors(steps, 5, np.random.default_rng(3))
    coefficients = subject.coefficients(5, np.random.default_rng(3))
    rng, draws = np.random.default_rng(3), []
    tasks = tasks_law.sample(rng, 5)
    for count in (4, 3, 4, QUERIES) if evaluation == "fresh" else (4, 3, QUERIES):
        features = law.sample(subject.feature_covariance, rng, (5, count))
        labels = np.stack([features[index] @ tasks[index] for index in range(5)])
        draws.append((features, labels + 0.5 * rng.standard_normal((5, count))))
    if evaluation == "same":
        draws.insert(2, draws[0])
    for index, row in enumerate(values):
        samples = [(features[index], labels[index]) for features, labels in draws]
        expected = errors_after_steps(WEIGHTS, *samples, steps, step_rule=rule)
        assert_allclose(row, expected, rtol=1e-11)
        assert_allclose(
            coefficients[index], risk_coefficients(WEIGHTS, *samples, step_rule=rule), rtol=1e-11
        )


def averaged_errors(subject, step_sizes, nodes, monkeypatch):
    return averaged(functools.partial(subject.squared_errors, step_sizes), nodes, monkeypatch)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize(
    ("n", "k", "d", "noise", "steps"),
    [
        (1, 1, 1, Fraction(1, 3), [Fraction(1, 20), Fraction(1, 30)]),
        (2, 1, 1, Fraction(0), [Fraction(1, 20), Fraction(1, 30)]),
        (1, 2, 1, Fraction(1, 3), [Fraction(1, 20), Fraction(1, 30)]),
        (1, 1, 2, Fraction(0), [Fraction(1, 20), Fraction(1, 30)]),
        (2, 1, 1, Fraction(1, 3), [Fraction(1, 20)]),
        (1, 2, 2, Fraction(0), [Fraction(1, 20)]),
    ],
)
def test_exact_averages_are_the_fractions(n, k, d, noise, steps, evaluation, monkeypatch):
    task = np.array([0.75, -0.5])[:d]
    subject = LiteralSimulator(
        n, k, Isotropic(d), task, float(noise), np.eye(d) / 8, evaluation=evaluation
    )
    nodes = nodes_of(n, k, d, noise > 0, len(steps), evaluation == "same")
    assert math.prod(nodes) < 400_000
    expected = isotropic_risks(
        n, k, d, Fraction(task @ task), noise, Fraction(1, 8), steps, evaluation
    )
    found = averaged_errors(subject, [float(each) for each in steps], nodes, monkeypatch)
    assert_allclose(found, [float(each) for each in expected], rtol=1e-11)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize("rule", STEP_RULES)
def test_rademacher_features_by_enumeration(evaluation, rule, monkeypatch):
    # d = 1, n = k = 2: all signs of context, test samples, fresh context and query.
    subject = LiteralSimulator(
        2,
        2,
        Isotropic(1),
        np.array([0.75]),
        0.0,
        np.array([[0.125]]),
        evaluation,
        rule,
        RademacherFeatures(),
    )
    steps = [Fraction(1, 20), Fraction(1, 30)]
    count = 5 if evaluation == "same" else 7
    total = [Fraction(0)] * 3
    for signs in itertools.product([-1, 1], repeat=count):
        first, test, rest = signs[:2], signs[2:4], signs[4:]
        tested = first if evaluation == "same" else rest[:2]
        samples = [
            ([[x] for x in group], [Fraction(3, 4) * x for x in group])
            for group in (first, test, tested, rest[-1:])
        ]
        errors = errors_in_loops([[Fraction(1, 8)]], *samples, steps, rule)
        total = [a + b / 2**count for a, b in zip(total, errors, strict=True)]
    found = averaged_errors(subject, [float(each) for each in steps], [2] * count, monkeypatch)
    assert_allclose(found, [float(each) for each in total], rtol=1e-13)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_random_tasks_without_spread_are_the_fixed_one(evaluation):
    fixed = small_simulator(evaluation=evaluation)
    random = dataclasses.replace(fixed, task=RandomTask(TASK, Diagonal(np.zeros(3))))
    one, other = np.random.default_rng(4), np.random.default_rng(4)
    values = random.squared_errors([0.01, 0.02], 6, one)
    RandomTask(TASK, Diagonal(np.zeros(3))).sample(other, 6)
    assert_allclose(fixed.squared_errors([0.01, 0.02], 6, other), values, rtol=1e-12)


def test_random_tasks_are_the_average_over_tasks(monkeypatch):
    # β is of degree 6 in the risk after one step and 10 after two.
    steps, weight = [Fraction(1, 20), Fraction(1, 30)], Fraction(1, 8)
    variance, mean = Fraction(1, 4), Fraction(1, 2)
    subject = LiteralSimulator(
        1, 1, Isotropic(1), RandomTask([0.5], Isotropic(1, scale=0.25)), 0.0, np.array([[0.125]])
    )
    found = averaged_errors(
        subject,
        [float(each) for each in steps],
        [8, *nodes_of(1, 1, 1, False, 2, False)],
        monkeypatch,
    )
    # The risk is a polynomial in ‖β‖² = β², known at as many values as it takes.
    total = np.zeros(3)
    points, weights = np.polynomial.hermite_e.hermegauss(8)
    for point, share in zip(points, weights / np.sum(weights), strict=True):
        task = float(mean) + math.sqrt(variance) * point
        at = isotropic_risks(1, 1, 1, Fraction(task) ** 2, Fraction(0), weight, steps, "fresh")
        total += share * np.array([float(each) for each in at])
    assert_allclose(found, total, rtol=1e-11)


@pytest.mark.parametrize(
    "changes", [{"evaluation": "same"}, {"task": RandomTask(TASK, AR1(3, 0.2))}]
)
def test_gradients_that_depend_on_one_another_do_not_meet_across_prompts(changes):
    subject = small_simulator(**changes)
    averages = subject.averages(50, np.random.default_rng(1))
    coefficients = subject.coefficients(50, np.random.default_rng(1))
    assert_allclose(averages, [coefficients.mean(axis=0)], rtol=1e-12)
    plain = small_simulator()
    meeting = plain.averages(50, np.random.default_rng(1))[0, 1]
    assert (
        abs(meeting / plain.coefficients(50, np.random.default_rng(1)).mean(axis=0)[1] - 1) > 1e-3
    )


def test_normalised_gradients_meet_across_prompts():
    subject = small_simulator(step_rule="normalized")
    one = subject.averages(1, np.random.default_rng(1))
    assert_allclose(one, subject.coefficients(1, np.random.default_rng(1)), rtol=1e-12)
    many = subject.averages(4000, np.random.default_rng(2))[0]
    mean = subject.coefficients(40_000, np.random.default_rng(3)).mean(axis=0)
    assert_allclose(many[1], mean[1], rtol=0.1)
