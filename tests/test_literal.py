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
from ttt_theory.monte_carlo import experiment, simulate, simulation_steps
from ttt_theory.simulation.literal import (
    QUERIES,
    Block,
    Experiment,
    blocks,
    risk_coefficients,
    simulate_block,
    simulate_prompts,
)
from ttt_theory.simulation.runner import run
from ttt_theory.testing import settings

WEIGHTS = np.array([[0.1, 0.02, 0.0], [-0.05, 0.08, 0.01], [0.03, 0.0, 0.12]])
TASK = np.array([1.0, -0.5, 0.25])


def small_experiment(**changes):
    default = Experiment(4, 3, AR1(3, 0.5), TASK, 0.25, WEIGHTS)
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
        subject = small_experiment(noise_variance=noise_variance)
        values = simulate_prompts(subject, 5, np.random.default_rng(3))
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


def test_block_statistics():
    subject = small_experiment()
    block = simulate_block(subject, 50, seed=7, index=2)
    child = np.random.SeedSequence(7).spawn(3)[2]
    values = simulate_prompts(subject, 50, np.random.default_rng(child))
    assert block.prompts == 50
    assert_allclose(block.mean, values.mean(axis=0), rtol=1e-13)
    assert_allclose(block.scatter, np.cov(values.T) * 49, rtol=1e-12)


@given(st.lists(st.integers(1, 6), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_merging_is_associative_and_exact(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal((size, 3)) * 10 + 5 for size in sizes]

    def block(values):
        centred = values - values.mean(axis=0)
        return Block(len(values), values.mean(axis=0), centred.T @ centred)

    first, second, third = map(block, parts)
    whole = block(np.concatenate(parts))
    for merged in (first.merged(second).merged(third), first.merged(second.merged(third))):
        assert merged.prompts == whole.prompts
        assert_allclose(merged.mean, whole.mean, rtol=1e-12, atol=1e-13)
        assert_allclose(merged.scatter, whole.scatter, rtol=1e-11, atol=1e-11)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 1000), st.integers(1, 10**6))
def test_blocks_cover_the_prompts_within_the_bound(length, samples, dim, prompts):
    subject = Experiment(length, samples, Isotropic(dim), np.ones(dim), 0.0, np.eye(dim))
    sizes = list(blocks(subject, prompts))
    assert sum(sizes) == prompts
    assert min(sizes) > 0
    assert set(sizes[:-1]) <= {sizes[0]}
    assert sizes[-1] <= sizes[0] <= 4096
    # Both contexts at least, and 32 MiB a block.
    assert subject.numbers_per_prompt >= 2 * length * (dim + 1)
    assert sizes[0] == 1 or sizes[0] * subject.numbers_per_prompt <= 2**22


def test_oversize_prompts_are_refused_before_anything_is_allocated():
    setting = noncommuting_setting(context_length=10**9)
    with pytest.raises(InvalidSettingError, match=r"context_length.*GiB"):
        simulate(setting, 1)


@pytest.mark.parametrize(
    ("length", "samples", "dim", "prompts"),
    [(4, 3, 2, 2000), (3000, 2, 3, 10), (2, 3000, 3, 10), (300, 300, 5, 10), (2, 2, 200, 10)],
)
def test_memory_stays_within_the_estimate(length, samples, dim, prompts):
    subject = Experiment(
        length, samples, AR1(dim, 0.5), np.ones(dim), 0.5, np.full((dim, dim), 0.01)
    )
    simulate_block(subject, 1, 0, 0)  # Imports and the cached factor are not the block's.
    tracemalloc.start()
    try:
        simulate_block(subject, prompts, 0, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The estimate counts arrays, not every temporary of an expression.
    assert peak <= 2 * 8 * prompts * subject.numbers_per_prompt


def same(first, second):
    return all(
        one.prompts == other.prompts
        and np.array_equal(one.mean, other.mean)
        and np.array_equal(one.scatter, other.scatter)
        for one, other in zip(first, second, strict=True)
    )


def test_workers_do_not_change_a_bit():
    subject = small_experiment()
    # More than one task per worker: a task is of 2**16 prompts.
    prompts = 2**17 + 100
    alone = list(run(subject, prompts, seed=11))
    assert sum(block.prompts for block in alone) == prompts
    assert same(alone, list(run(subject, prompts, seed=11, workers=2)))


def test_seeds():
    subject = small_experiment()
    runs = [list(run(subject, 60, seed, largest_block=20)) for seed in (0, 0, 1)]
    assert same(runs[0], runs[1])
    means = {block.mean.tobytes() for blocks_ in (runs[0], runs[2]) for block in blocks_}
    assert len(means) == 6  # No two blocks share their draws, nor two seeds.


def test_simulate_reports_its_run():
    setting = noncommuting_setting()
    estimate = simulate(setting, 5000, seed=5)
    assert isinstance(estimate, SimulatedRisk)
    assert estimate.step_size == one_step_risk(setting).step_size
    assert (estimate.prompts, estimate.method, estimate.seed) == (5000, "literal", 5)
    assert estimate.seconds > 0.0

    values = [
        simulate_prompts(
            experiment(setting), count, np.random.default_rng(np.random.SeedSequence(5).spawn(2)[i])
        )
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
def test_experiments_start_from_the_settings_weights(setting):
    subject, start = experiment(setting), setting.initialization
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
