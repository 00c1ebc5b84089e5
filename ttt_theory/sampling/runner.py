"""Runs of many chunks, in this process, in several, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ttt_theory.execution import Provenance, in_order, run_jobs
from ttt_theory.sampling.moments import Moments, Sampler, chunk_sizes, draw_chunk

__all__ = ["run"]


@dataclass(frozen=True, eq=False)
class _Run:
    """What makes a chunk of its number and size; it is sent to other processes."""

    sampler: Sampler
    seed: int

    def __call__(self, numbered: tuple[int, int]) -> Moments:
        index, count = numbered
        return draw_chunk(self.sampler, count, self.seed, index)


def run(
    sampler: Sampler,
    draws: int,
    seed: int,
    draws_per_chunk: int,
    workers: int = 1,
    scheduler: str | None = None,
    provenance: Provenance | None = None,
) -> Iterator[Moments]:
    """Draw chunk by chunk, in order.

    Chunk i draws from child i of ``SeedSequence(seed)``, so what is yielded does not depend on who
    works or who is faster.

    Parameters
    ----------
    sampler : Sampler
    draws : int
    seed : int
    draws_per_chunk : int
    workers : int
        Number of processes.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are then used instead.
    provenance : Provenance, optional
        Is told which versions of the packages draw.

    Yields
    ------
    Moments

    Examples
    --------
    >>> def dice(count, rng):
    ...     return rng.integers(1, 7, size=(count, 1)).astype(float)
    >>> sum(chunk.draws for chunk in run(dice, 10_000, seed=0, draws_per_chunk=4096))
    10000
    """
    jobs = enumerate(chunk_sizes(draws, draws_per_chunk))
    chunks = run_jobs(
        _Run(sampler, seed), jobs, workers=workers, scheduler=scheduler, provenance=provenance
    )
    yield from in_order(chunks)
