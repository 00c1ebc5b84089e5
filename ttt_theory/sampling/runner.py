"""Runs of many blocks, in this process, in several, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ttt_theory.execution import in_order, run_tasks
from ttt_theory.sampling.moments import Block, block_sizes, simulate_block

if TYPE_CHECKING:
    from ttt_theory.sampling.moments import Simulator

__all__ = ["run"]


@dataclass(frozen=True, eq=False)
class _Simulation:
    """What makes a block of its number and size; it is sent to other processes."""

    simulator: Simulator
    seed: int

    def __call__(self, numbered: tuple[int, int]) -> Block:
        index, count = numbered
        return simulate_block(self.simulator, count, self.seed, index)


def run(
    simulator: Simulator,
    prompts: int,
    seed: int,
    workers: int = 1,
    scheduler: str | None = None,
    *,
    prompts_per_block: int | None = None,
) -> Iterator[Block]:
    """Simulate prompts block by block, in order.

    Block i draws from child i of ``SeedSequence(seed)``, so what is yielded does not depend on who
    works or who is faster.

    Parameters
    ----------
    simulator : Simulator
    prompts : int
    seed : int
    workers : int
        Number of processes.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are then used instead.
    prompts_per_block : int, optional
        Size of the blocks; the simulator's own if not given.

    Yields
    ------
    Block

    Examples
    --------
    >>> import numpy as np
    >>> import ttt_theory as ttt
    >>> from ttt_theory.linear.simulation.literal import Experiment
    >>> experiment = Experiment(4, 2, ttt.Isotropic(3), np.ones(3), 0.0, np.eye(3) / 8)
    >>> sum(block.prompts for block in run(experiment, 10_000, seed=0))
    10000
    """
    size = simulator.prompts_per_block if prompts_per_block is None else prompts_per_block
    tasks = enumerate(block_sizes(prompts, size))
    yield from in_order(
        run_tasks(_Simulation(simulator, seed), tasks, workers=workers, scheduler=scheduler)
    )
