"""Blocks of prompts: their statistics, their seeds, and that nobody who works changes a bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ttt_theory import AR1
from ttt_theory.execution import in_order
from ttt_theory.linear.simulation.literal import Experiment
from ttt_theory.sampling.moments import Block, block_sizes, generator, simulate_block
from ttt_theory.sampling.runner import run

TASK = np.array([1.0, -0.5, 0.25])
EXPERIMENT = Experiment(4, 3, AR1(3, 0.5), TASK, 0.25, np.eye(3) / 8 + 0.01)
# Large enough that BLAS would use several threads.
LARGE = Experiment(150, 90, AR1(120, 0.5), np.ones(120), 0.25, np.full((120, 120), 0.001))


def block(values):
    centred = values - values.mean(axis=0)
    return Block(len(values), values.mean(axis=0), centred.T @ centred)


def bits(blocks):
    return [(each.prompts, each.mean.tobytes(), each.scatter.tobytes()) for each in blocks]


def test_block_statistics():
    simulated = simulate_block(EXPERIMENT, 50, seed=7, index=2)
    values = EXPERIMENT.coefficients(50, generator(7, 2))
    assert simulated.prompts == 50
    assert_allclose(simulated.mean, values.mean(axis=0), rtol=1e-13)
    assert_allclose(simulated.scatter, np.cov(values.T) * 49, rtol=1e-12)


def test_a_block_draws_from_its_own_child_of_the_seed():
    child = np.random.SeedSequence(7).spawn(3)[2]
    expected = np.random.Generator(np.random.SFC64(child)).standard_normal(5)
    assert np.array_equal(generator(7, 2).standard_normal(5), expected)


@given(st.integers(0, 10**6), st.integers(1, 5000))
def test_blocks_cover_the_prompts(prompts, largest):
    sizes = list(block_sizes(prompts, largest))
    assert sum(sizes) == prompts
    assert all(size == largest for size in sizes[:-1])
    assert all(0 < size <= largest for size in sizes)


@given(st.lists(st.integers(1, 6), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_merging_is_associative_and_exact(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal((size, 3)) * 10 + 5 for size in sizes]
    first, second, third = map(block, parts)
    whole = block(np.concatenate(parts))
    for merged in (first.merged(second).merged(third), first.merged(second.merged(third))):
        assert merged.prompts == whole.prompts
        assert_allclose(merged.mean, whole.mean, rtol=1e-12, atol=1e-13)
        assert_allclose(merged.scatter, whole.scatter, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize(("experiment", "prompts"), [(EXPERIMENT, 40_100), (LARGE, 500)])
def test_workers_do_not_change_a_bit(experiment, prompts, workers):
    alone = bits(run(experiment, prompts, seed=11))
    assert sum(count for count, *_ in alone) == prompts
    assert len(alone) > 4
    assert bits(run(experiment, prompts, seed=11, workers=workers)) == alone


@pytest.mark.parametrize(("experiment", "prompts"), [(EXPERIMENT, 40_100), (LARGE, 500)])
def test_a_cluster_does_not_change_a_bit(experiment, prompts, scheduler):
    alone = bits(run(experiment, prompts, seed=11))
    assert bits(run(experiment, prompts, seed=11, scheduler=scheduler)) == alone


def test_the_order_of_arrival_does_not_change_a_bit():
    sizes = enumerate(block_sizes(900, 100))
    arriving = [(index, simulate_block(EXPERIMENT, count, 11, index)) for index, count in sizes]
    expected = bits(run(EXPERIMENT, 900, seed=11, prompts_per_block=100))
    assert bits(in_order(reversed(arriving))) == expected


def test_the_cut_does_not_depend_on_the_number_of_prompts():
    few, many = (bits(run(EXPERIMENT, count, 3)) for count in (10_000, 20_000))
    assert few[:-1] == many[: len(few) - 1]


def test_seeds():
    runs = [bits(run(EXPERIMENT, 60, seed, prompts_per_block=20)) for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    means = {mean for _, mean, _ in itertools.chain(runs[0], runs[2])}
    assert len(means) == 6  # No two blocks share their draws, nor two seeds.
