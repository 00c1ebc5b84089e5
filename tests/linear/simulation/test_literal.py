"""The literal simulator: its statistics, its seeds, its memory, and its quadratic in the step."""

import dataclasses
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests import reference
from ttt_theory import (
    AR1,
    DenseWeights,
    Equicorrelated,
    InvalidSettingError,
    Isotropic,
    PretrainedWeights,
    Setting,
    SimulatedRisk,
    ZeroWeights,
    one_step_risk,
    pretrained_weights,
)
from ttt_theory.linear.monte_carlo import literal_simulator, simulate, simulation_steps
from ttt_theory.linear.simulation import literal
from ttt_theory.linear.simulation.literal import (
    QUERIES,
    LiteralSimulator,
    risk_coefficients,
)
from ttt_theory.sampling.moments import generator
from ttt_theory.testing import settings

WEIGHTS = np.array([[0.1, 0.02, 0.0], [-0.05, 0.08, 0.01], [0.03, 0.0, 0.12]])
TASK = np.array([1.0, -0.5, 0.25])


def small_simulator(**changes):
    default = LiteralSimulator(4, 3, AR1(3, 0.5), TASK, 0.25, WEIGHTS)
    return dataclasses.replace(default, **changes)


def noncommuting_setting(**changes):
    values = {
        "context_length": 5,
        "test_samples": 4,
        "feature_covariance": AR1(3, 0.5),
        "task_covariance": Equicorrelated(3, -0.25),
        "task": TASK,
        "noise_variance": 0.25,
        "initialization": DenseWeights(WEIGHTS),
    }
    return Setting(**(values | changes))


def draw_samples(rng, count, dim):
    features = rng.standard_normal((count, dim))
    return features, features @ rng.standard_normal(dim) + rng.standard_normal(count)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.floats(-0.5, 0.5),
)
def test_the_quadratic_is_the_error_after_retraining(seed, dim, length, samples, step_size):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((dim, dim))
    context, test, fresh = (draw_samples(rng, count, dim) for count in (length, samples, length))
    queries = draw_samples(rng, 2, dim)

    # By Proposition 3.1's steps, in loops: the gradient of Σ_j (y_j − x_jᵀWu)², then W − ηG.
    u = sum(label * feature for feature, label in zip(*context, strict=True))
    gradient = sum(
        -2 * (label - feature @ weights @ u) * np.outer(feature, u)
        for feature, label in zip(*test, strict=True)
    )
    trained = weights - step_size * gradient
    fresh_u = sum(label * feature for feature, label in zip(*fresh, strict=True))
    expected = np.mean([(y - x @ trained @ fresh_u) ** 2 for x, y in zip(*queries, strict=True)])

    constant, linear, quadratic = risk_coefficients(weights, context, test, fresh, queries)
    curve = constant - linear * step_size + quadratic * step_size**2
    size = constant + abs(linear * step_size) + quadratic * step_size**2
    assert curve == pytest.approx(expected, rel=1e-10, abs=1e-12 * size)


def test_prompts_are_drawn_as_defined():
    # The same draws again, one prompt at a time: noise in all labels, and a fresh context.
    for noise_variance in (0.0, 0.25):
        subject = small_simulator(noise_variance=noise_variance)
        values = subject.coefficients(5, np.random.default_rng(3))
        rng, draws = np.random.default_rng(3), []
        for count in (4, 3, 4, QUERIES):
            features = subject.feature_covariance.sample(rng, (5, count))
            labels = features @ TASK
            if noise_variance:
                labels = labels + math.sqrt(noise_variance) * rng.standard_normal((5, count))
            draws.append((features, labels))
        for index, row in enumerate(values):
            samples = [(features[index], labels[index]) for features, labels in draws]
            assert_allclose(row, risk_coefficients(WEIGHTS, *samples), rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "seed"),
    [({}, 1), ({"noise_variance": 0.0}, 2), ({"initialization": PretrainedWeights()}, 3)],
)
def test_means_are_those_of_the_reference(changes, seed):
    # Seeds are fixed, so this cannot fail by chance; the standard error shows what it can detect.
    setting = noncommuting_setting(**changes)
    exact = reference.one_step_risk(setting)
    step_size = float(exact["step_size"])
    estimate = simulate(setting, 200_000, seed=seed, step_size=step_size)
    assert estimate.standard_error < 0.01 * estimate.mean
    assert abs(estimate.mean - float(exact["risk_after"])) < 4 * estimate.standard_error


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 1000))
def test_blocks_are_neither_tiny_nor_long(length, samples, dim):
    subject = LiteralSimulator(length, samples, Isotropic(dim), np.ones(dim), 0.0, np.eye(dim))
    # Both contexts at least, and a tenth of a second a block.
    assert subject.numbers_per_prompt >= 2 * length * (dim + 1)
    assert 1 <= subject.prompts_per_chunk <= 4096
    if subject.prompts_per_chunk > 1:
        assert subject.prompts_per_chunk * subject.numbers_per_prompt <= 2**24


def test_prompts_are_drawn_a_few_at_a_time(monkeypatch):
    subject = small_simulator()
    monkeypatch.setattr(literal, "_LARGEST_SLICE", 3 * subject.numbers_per_prompt)
    rng = np.random.default_rng(5)
    expected = np.concatenate([subject.coefficients(count, rng) for count in (3, 3, 1)])
    assert_array_equal(subject.coefficients(7, np.random.default_rng(5)), expected)
    assert len(np.unique(expected[:, 0])) == 7


def test_oversize_prompts_are_refused_before_anything_is_allocated():
    setting = noncommuting_setting(context_length=10**9)
    with pytest.raises(InvalidSettingError, match=r"context_length.*GiB"):
        simulate(setting, 1)


def test_a_literal_prompt_takes_a_gibibyte_at_most():
    # 2(2n + k + 8)(d + 1) + 3(d + 1)² numbers of eight bytes.
    length = 2**24 - 6
    assert literal.prompt_size(length, 1, 1) == 2**27
    with pytest.raises(InvalidSettingError, match=rf"^context_length: {length} .* 1 GiB"):
        literal.prompt_size(length, 2, 1)
    with pytest.raises(InvalidSettingError, match=r"^dim: 10000 "):
        literal.prompt_size(3, 5, 10_000)
    with pytest.raises(InvalidSettingError, match=r"^test_samples: 100000000 "):
        literal.prompt_size(3, 10**8, 5)


@pytest.mark.parametrize(
    ("length", "samples", "dim", "prompts"),
    [
        (4, 3, 2, 40_000),
        (30_000, 2, 3, 20),
        (2, 30_000, 3, 40),
        (300, 300, 5, 400),
        (2, 2, 200, 200),
    ],
)
def test_memory_is_bounded_for_any_number_of_prompts(length, samples, dim, prompts):
    subject = LiteralSimulator(
        length, samples, AR1(dim, 0.5), np.ones(dim), 0.5, np.full((dim, dim), 0.01)
    )
    rng = np.random.default_rng(0)
    subject.coefficients(1, rng)  # Imports and the cached factor are not the prompts'.
    tracemalloc.start()
    try:
        subject.coefficients(prompts, rng)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The estimate counts arrays, not every temporary of an expression.
    estimate = 8 * max(literal._LARGEST_SLICE, subject.numbers_per_prompt)
    assert peak <= 2 * estimate + 8 * 6 * prompts
    # Without the bound it would be twice as much, so that the bound is there to be seen.
    assert 8 * prompts * subject.numbers_per_prompt > 4 * estimate


def test_simulate_reports_its_run():
    setting = noncommuting_setting()
    estimate = simulate(setting, 5000, seed=5)
    assert isinstance(estimate, SimulatedRisk)
    assert estimate.step_size == one_step_risk(setting).step_size
    assert (estimate.prompts, estimate.method, estimate.seed) == (5000, "literal", 5)
    assert estimate.seconds > 0.0

    values = [
        literal_simulator(setting).coefficients(count, generator(5, i))
        for i, count in enumerate([4096, 904])
    ]
    step_size = estimate.step_size
    errors = np.concatenate(values) @ [1.0, -step_size, step_size**2]
    assert estimate.mean == pytest.approx(errors.mean(), rel=1e-12)
    assert estimate.standard_error == pytest.approx(errors.std(ddof=1) / math.sqrt(5000), rel=1e-9)


def test_simulate_is_the_last_of_its_steps():
    setting = noncommuting_setting()
    steps = list(simulation_steps(setting, 9000, seed=2, step_size=0.01))
    assert [step.prompts for step in steps] == [4096, 8192, 9000]
    last, whole = (
        dataclasses.replace(each, seconds=0.0)
        for each in (steps[-1], simulate(setting, 9000, seed=2, step_size=0.01))
    )
    assert last == whole
    assert whole.step_size == 0.01


def test_one_prompt_has_no_standard_error():
    estimate = simulate(noncommuting_setting(), 1)
    assert math.isnan(estimate.standard_error)
    assert estimate.mean > 0.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"prompts": 0}, "prompts"),
        ({"prompts": 1.5}, "prompts"),
        ({"prompts": 10, "seed": -1}, "seed"),
        ({"prompts": 10, "workers": 0}, "workers"),
        ({"prompts": 10, "step_size": math.nan}, "step_size"),
        ({"prompts": 10, "step_size": math.inf}, "step_size"),
    ],
)
def test_invalid_arguments(arguments, field):
    with pytest.raises(InvalidSettingError, match=f"^{field}: "):
        simulate(noncommuting_setting(), **arguments)


@hypothesis_settings(max_examples=50)
@given(settings(extreme_scales=False))
def test_simulators_start_from_the_settings_weights(setting):
    subject, start = literal_simulator(setting), setting.initialization
    optimum = pretrained_weights(setting)
    optimum = optimum if isinstance(optimum, np.ndarray) else optimum.toarray()
    if isinstance(start, ZeroWeights):
        expected = np.zeros((setting.dim, setting.dim))
    elif isinstance(start, DenseWeights):
        expected = start.matrix
    else:
        expected = start.factor * optimum
    assert_allclose(subject.weights, expected, rtol=1e-14)
    assert_array_equal(subject.task, setting.task)
    assert (subject.context_length, subject.test_samples, subject.noise_variance) == (
        setting.context_length,
        setting.test_samples,
        setting.noise_variance,
    )
    assert subject.feature_covariance is setting.feature_covariance


@hypothesis_settings(max_examples=50)
@given(settings(extreme_scales=False))
def test_any_setting_can_be_simulated(setting):
    estimate = simulate(setting, 3)
    assert math.isfinite(estimate.mean)
    assert estimate.mean >= 0.0
    if one_step_risk(setting).risk_after == 0.0:
        assert estimate.mean == 0.0
