"""The conditional sampler: the sufficient one's expectation given u, in O(1) or O(d)."""

import dataclasses
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.nodes import assert_curve, curve, fixed_tasks, in_law, nodes_of_vectors
from ttt_theory import AR1, Equicorrelated, Isotropic, PowerLaw, Setting, one_step_risk
from ttt_theory.evidence.quadrature import NodeGenerator
from ttt_theory.linear.monte_carlo import literal_simulator
from ttt_theory.linear.simulation import conditional
from ttt_theory.linear.simulation.conditional import ConditionalSimulator
from ttt_theory.linear.simulation.sufficient import SufficientSimulator
from ttt_theory.testing import settings


def subject_of(setting, kind=ConditionalSimulator):
    """Return the sampler of a setting, with the literal simulator's dense weights."""
    return in_law(kind, literal_simulator(setting))


@hypothesis_settings(max_examples=150)
@given(settings(max_dim=4, max_count=50, extreme_scales=False))
def test_the_expectation_is_the_exact_risk(setting):
    subject = subject_of(setting)
    nodes = nodes_of_vectors(subject, 3, 3)
    assume(math.prod(nodes) <= 100_000)
    generator = NodeGenerator(nodes)
    values = subject.coefficients(generator.draws, generator)
    assert_curve(generator.average(values), curve(setting))


@hypothesis_settings(max_examples=60)
@given(settings(max_dim=3, max_count=30, extreme_scales=False), st.integers(0, 2**32 - 1))
def test_it_is_the_expectation_of_the_sufficient_sampler_given_the_context(setting, seed):
    subject, whole = subject_of(setting), subject_of(setting, SufficientSimulator)
    nodes = [*nodes_of_vectors(whole, 2, 2), *nodes_of_vectors(whole, 2, 2), 1, 2, 1]
    assume(math.prod(nodes) <= 100_000)
    rng = np.random.default_rng(seed)
    tasks = fixed_tasks(subject)
    context = subject.contexts(tasks, 1, rng)
    generator = NodeGenerator(nodes)
    repeated = np.repeat(context, generator.draws, axis=0)
    gradient = whole.gradients(tasks, repeated, generator)
    fresh = whole.contexts(tasks, generator.draws, generator)
    values = whole.errors(tasks, repeated, gradient, fresh, generator)
    assert_curve(subject.given(tasks, context, rng)[0], generator.average(values))


def isotropic(dim, task, noise, scale, weight, n, k):
    return ConditionalSimulator(
        n, k, Isotropic(dim, scale=scale), task, noise, np.full(dim, weight)
    )


@hypothesis_settings(max_examples=50)
@given(
    st.integers(1, 3),
    st.lists(st.sampled_from([0.0, 1.0, -0.5, 2.0]), min_size=3, max_size=3),
    st.sampled_from([0.0, 0.3, 2.0]),
    st.sampled_from([1.0, 0.5, 3.0]),
    st.sampled_from([0.0, 0.1, -0.2, 1.0]),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_the_isotropic_draws_have_the_law_of_the_general_ones(
    dim, task, noise, scale, weight, n, k
):
    # Equal first and second moments of all coefficients, exactly.
    subject = isotropic(dim, np.array(task[:dim]), noise, scale, weight, n, k)
    general = dataclasses.replace(subject, weights=weight * np.eye(dim))
    moments = []
    noises = [5] if noise > 0.0 else []
    for each, nodes in (
        (subject, [5, *noises] + [5] * (dim > 1)),
        (general, nodes_of_vectors(general, 5, 5)),
    ):
        generator = NodeGenerator(nodes)
        values = each.coefficients(generator.draws, generator)
        products = (values[:, :, None] * values[:, None, :]).reshape(-1, 9)
        moments.append(generator.average(np.concatenate([values, products], axis=1)))
    first, second = moments
    assert_allclose(first, second, rtol=1e-9, atol=1e-12 * np.max(np.abs(second)))


@hypothesis_settings(max_examples=40)
@given(settings(max_dim=2, max_count=50, extreme_scales=False))
def test_traces_that_are_drawn_leave_the_expectation(setting):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditional, "_LARGEST_TRACED_DIM", 0)
        subject = subject_of(setting)
        features = nodes_of_vectors(subject, 2, 2)[: -2 if subject.noise_variance > 0.0 else -1]
        nodes = [*nodes_of_vectors(subject, 3, 3), *features]
        assume(math.prod(nodes) <= 100_000)
        generator = NodeGenerator(nodes)
        values = subject.coefficients(generator.draws, generator)
        assert_curve(generator.average(values), curve(setting))


@pytest.mark.parametrize(
    "covariance", [PowerLaw(300, 0.5), AR1(300, 0.5), Equicorrelated(300, 0.3)]
)
def test_the_constant_is_exact_in_many_dimensions(covariance):
    # The traces are summed up over a part of the columns at a time.
    setting = Setting(90, 60, covariance, PowerLaw(300, 1.0), np.linspace(-1.0, 1.0, 300), 0.5)
    subject = subject_of(setting)
    constant, linear, quadratic = subject.coefficients(200, np.random.default_rng(0)).T
    risk = one_step_risk(setting)
    assert constant == pytest.approx(np.full(200, risk.constant), rel=1e-11)
    # Fixed seeds; the standard errors are below 2 %.
    assert np.mean(linear) == pytest.approx(risk.linear, rel=0.1)
    assert np.mean(quadratic) == pytest.approx(risk.quadratic, rel=0.1)


@pytest.mark.parametrize("dim", [1, 300, 10_000])
def test_chunks_are_as_large_as_what_is_stored_allows(dim):
    # An isotropic context is two numbers, whatever the dimension; else it is d of them.
    general = ConditionalSimulator(3, 2, PowerLaw(dim, 1.0), np.ones(dim), 0.5, np.zeros(dim))
    if dim > 1:
        assert general.prompts_per_chunk == min(2**14, 2**22 // dim)
    subject = isotropic(dim, np.ones(dim), 0.5, 1.0, 0.1, 3, 2)
    assert subject.prompts_per_chunk == 2**17


def test_no_labels_no_risk():
    for weights in (np.zeros(2), np.array([[0.1, 0.2], [0.3, 0.4]])):
        subject = ConditionalSimulator(3, 2, Isotropic(2), np.zeros(2), 0.0, weights)
        assert_array_equal(subject.coefficients(4, np.random.default_rng(0)), np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("covariance", "weights"),
    [
        (Isotropic(100_000), np.full(100_000, 1e-15)),
        (PowerLaw(100_000, 1.0), np.full(100_000, 1e-15)),
        (Equicorrelated(100_000, 0.3), np.full(100_000, 1e-15)),
    ],
)
def test_any_number_of_samples_in_bounded_memory(covariance, weights):
    dim = covariance.dim
    subject = ConditionalSimulator(10**15, 10**15, covariance, np.ones(dim), 0.5, weights)
    subject.coefficients(1, np.random.default_rng(0))
    tracemalloc.start()
    try:
        values = subject.coefficients(8, np.random.default_rng(0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.all(np.isfinite(values))
    assert peak < 20 * 8 * dim
