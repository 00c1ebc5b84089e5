"""Many independent jobs, in this process, in several on this machine, or on a Dask cluster.

The function and its jobs decide the results, and who computes them decides only when: the same
bits come back from one process, from several and from a cluster, also after some were killed.  (A
cluster of unlike processors may round unlike.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from ttt_theory.errors import importing
from ttt_theory.execution.cluster import on_cluster
from ttt_theory.execution.processes import in_processes
from ttt_theory.execution.provenance import Provenance, versions
from ttt_theory.execution.work_queue import Job, Result, WorkQueue, blas

if TYPE_CHECKING:
    from ttt_theory.execution.work_queue import Indexed

__all__ = ["Provenance", "check_can_share", "in_order", "run_jobs", "versions"]


def check_can_share(workers: int, scheduler: str | None, extra: str) -> None:
    """Check that what shares jobs out is installed, before there is work that could be lost.

    Parameters
    ----------
    workers, scheduler
        As for `run_jobs`.
    extra : str
        The extra of this package that brings it where there is no scheduler.

    Raises
    ------
    MissingPackageError
        If it is not.
    """
    if scheduler is not None:
        with importing("distributed", "distributed", "cloudpickle"):
            pass
    elif workers > 1:
        with importing(extra, "joblib", "cloudpickle"):
            pass


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Iterable[Job],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    provenance: Provenance | None = None,
) -> Indexed[Result]:
    """Apply a function to jobs, and yield the results as they finish.

    BLAS runs on one thread wherever a job does, in this process too: its results may depend on the
    number of threads in the last bits, and several processes would compete for the cores.

    Parameters
    ----------
    function : callable
        Takes one job.  With several workers or a scheduler it is sent to other processes, and is
        called again for a job whose process was killed.
    jobs : iterable
        May be lazy and of any length: no more than some thousand per worker are taken ahead of the
        oldest unfinished one.  With several workers it may be iterated in another thread.
    workers : int
        Number of processes; 1 is this process.
    scheduler : str, optional
        Address of a running Dask scheduler, whose workers are used instead.
    provenance : Provenance, optional
        Is told which versions of the packages compute the results.

    Yields
    ------
    index : int
        Position of the job.
    result : object
        What the function returned.

    Raises
    ------
    InvalidSettingError
        If no scheduler with workers answers at the address.
    MissingPackageError, BrokenPackageError
        If what shares the jobs out is not installed, or cannot be imported.
    WorkerImportError
        If a worker lacks what the function or its jobs are made of.
    MixedVersionsError
        If the workers, or whoever the provenance knows of, have unlike versions.
    LostWorkersError
        If the workers of the same jobs are killed again and again, or the cluster goes away.
    Exception
        Whatever the function raises, or the iterator of the jobs.

    Examples
    --------
    >>> dict(run_jobs(abs, [-3, 5]))
    {0: 3, 1: 5}
    """
    check_can_share(workers, scheduler, "sweep")
    provenance = Provenance() if provenance is None else provenance
    if scheduler is not None:
        yield from on_cluster(function, WorkQueue(jobs, provenance), scheduler)
        return
    provenance.note(versions())
    if workers > 1:
        yield from in_processes(function, WorkQueue(jobs, provenance), workers)
    else:
        controller = blas()
        for index, job in enumerate(jobs):
            with controller.limit(limits=1):
                result = function(job)
            yield index, result


def in_order(pairs: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """Yield the results of `run_jobs` in the order of their jobs.

    Examples
    --------
    >>> list(in_order([(1, "b"), (0, "a"), (2, "c")]))
    ['a', 'b', 'c']
    """
    waiting: dict[int, Result] = {}
    following = 0
    # Closing this generator stops the workers now, not when the other one is collected.
    with contextlib.closing(pairs) if isinstance(pairs, Generator) else contextlib.nullcontext():
        for index, result in pairs:
            waiting[index] = result
            while following in waiting:
                yield waiting.pop(following)
                following += 1
