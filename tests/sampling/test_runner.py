"""Chunks of draws: their statistics, their seeds, and that nobody who works changes a bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ttt_theory import AR1
from ttt_theory.execution import in_order
from ttt_theory.linear.simulation.literal import LiteralSimulator
from ttt_theory.sampling.moments import Moments, chunk_sizes, draw_chunk, generator
from ttt_theory.sampling.runner import run

TASK = np.array([1.0, -0.5, 0.25])
SIMULATOR = LiteralSimulator(4, 3, AR1(3, 0.5), TASK, 0.25, np.eye(3) / 8 + 0.01)
# Large enough that BLAS would use several threads.
LARGE = LiteralSimulator(150, 90, AR1(120, 0.5), np.ones(120), 0.25, np.full((120, 120), 0.001))


def moments(values):
    centred = values - values.mean(axis=0)
    return Moments(len(values), values.mean(axis=0), centred.T @ centred)


def bits(chunks):
    return [(each.draws, each.mean.tobytes(), each.scatter.tobytes()) for each in chunks]


def simulated(simulator, prompts, seed, **where):
    return run(simulator.coefficients, prompts, seed, simulator.prompts_per_chunk, **where)


def test_chunk_statistics():
    drawn = draw_chunk(SIMULATOR.coefficients, 50, seed=7, index=2)
    values = SIMULATOR.coefficients(50, generator(7, 2))
    assert drawn.draws == 50
    assert_allclose(drawn.mean, values.mean(axis=0), rtol=1e-13)
    assert_allclose(drawn.scatter, np.cov(values.T) * 49, rtol=1e-12)


def test_a_chunk_draws_from_its_own_child_of_the_seed():
    child = np.random.SeedSequence(7).spawn(3)[2]
    expected = np.random.Generator(np.random.SFC64(child)).standard_normal(5)
    assert np.array_equal(generator(7, 2).standard_normal(5), expected)


@given(st.integers(0, 10**6), st.integers(1, 5000))
def test_chunks_cover_the_draws(draws, largest):
    sizes = list(chunk_sizes(draws, largest))
    assert sum(sizes) == draws
    assert all(size == largest for size in sizes[:-1])
    assert all(0 < size <= largest for size in sizes)


@given(st.lists(st.integers(1, 6), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_merging_is_associative_and_exact(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.standard_normal((size, 3)) * 10 + 5 for size in sizes]
    first, second, third = map(moments, parts)
    whole = moments(np.concatenate(parts))
    for merged in (first.merged(second).merged(third), first.merged(second.merged(third))):
        assert merged.draws == whole.draws
        assert_allclose(merged.mean, whole.mean, rtol=1e-12, atol=1e-13)
        assert_allclose(merged.scatter, whole.scatter, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize(("simulator", "prompts"), [(SIMULATOR, 40_100), (LARGE, 500)])
def test_workers_do_not_change_a_bit(simulator, prompts, workers, several_blas_threads):
    alone = bits(simulated(simulator, prompts, seed=11))
    assert sum(count for count, *_ in alone) == prompts
    assert len(alone) > 4
    assert bits(simulated(simulator, prompts, seed=11, workers=workers)) == alone


@pytest.mark.parametrize(("simulator", "prompts"), [(SIMULATOR, 40_100), (LARGE, 500)])
def test_a_cluster_does_not_change_a_bit(simulator, prompts, scheduler, several_blas_threads):
    alone = bits(simulated(simulator, prompts, seed=11))
    assert bits(simulated(simulator, prompts, seed=11, scheduler=scheduler)) == alone


def test_the_order_of_arrival_does_not_change_a_bit():
    sizes = enumerate(chunk_sizes(900, 100))
    arriving = [
        (index, draw_chunk(SIMULATOR.coefficients, count, 11, index)) for index, count in sizes
    ]
    expected = bits(run(SIMULATOR.coefficients, 900, 11, 100))
    assert bits(in_order(reversed(arriving))) == expected


def test_the_cut_does_not_depend_on_the_number_of_prompts():
    few, many = (bits(simulated(SIMULATOR, count, seed=3)) for count in (10_000, 20_000))
    assert few[:-1] == many[: len(few) - 1]


def test_seeds():
    runs = [bits(run(SIMULATOR.coefficients, 60, seed, 20)) for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    means = {mean for _, mean, _ in itertools.chain(runs[0], runs[2])}
    assert len(means) == 6  # No two chunks share their draws, nor two seeds.
