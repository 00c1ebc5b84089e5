"""Runs of many blocks, in this process or several."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ttt_theory.simulation.literal import blocks, simulate_block

if TYPE_CHECKING:
    from ttt_theory.simulation.literal import Block, Experiment

__all__ = ["run"]

# Enough work to outweigh sending it, little enough to show progress.
_BLOCKS_PER_TASK = 8


def run(
    experiment: Experiment, prompts: int, seed: int, workers: int = 1, largest_block: int = 4096
) -> Iterator[Block]:
    """Simulate prompts block by block, in order.

    Block i draws from child i of ``SeedSequence(seed)``, so what is yielded depends neither on the
    number of workers nor on which of them is faster.

    Parameters
    ----------
    experiment : Experiment
    prompts : int
    seed : int
    workers : int
        Number of processes.
    largest_block : int
        Largest number of prompts in a block.

    Yields
    ------
    Block

    Examples
    --------
    >>> import numpy as np
    >>> import ttt_theory as ttt
    >>> from ttt_theory.simulation.literal import Experiment
    >>> experiment = Experiment(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
    >>> sum(block.prompts for block in run(experiment, 10_000, seed=0))
    10000
    """
    numbered = enumerate(blocks(experiment, prompts, largest_block))
    if workers == 1:
        for index, count in numbered:
            yield simulate_block(experiment, count, seed, index)
        return

    from joblib import Parallel, delayed

    tasks = iter(lambda: list(itertools.islice(numbered, _BLOCKS_PER_TASK)), [])
    with Parallel(n_jobs=workers, return_as="generator") as parallel:
        for finished in parallel(delayed(_simulate)(experiment, task, seed) for task in tasks):
            yield from finished


def _simulate(experiment: Experiment, task: list[tuple[int, int]], seed: int) -> list[Block]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return [simulate_block(experiment, count, seed, index) for index, count in task]
