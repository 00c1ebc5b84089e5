"""What is to do, what is being done, and what was lost on the way."""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ttt_theory.errors import LostWorkersError
from ttt_theory.execution.provenance import Provenance, versions

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["BATCHES_PER_WORKER", "Batch", "Finished", "Indexed", "WorkQueue", "blas", "compute"]

Job = TypeVar("Job")
Result = TypeVar("Result")
Indexed = Generator[tuple[int, Result], None, None]

BATCHES_PER_WORKER = 2
"""Batches handed out at a time: one to do, one to go on with."""

# Enough work to outweigh sending it, little enough to show progress and to end together.
_SECONDS_PER_BATCH = 0.25
_LARGEST_BATCH = 512
_LOOK_AHEAD = 4096
_MOST_LOSSES = 4


@dataclass
class Batch(Generic[Job]):
    """Jobs that are handed out together, the first of them job number `start`."""

    start: int
    jobs: list[Job]
    losses: int = 0


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """The results of the batch from job number `start`, the time and the versions they took."""

    start: int
    results: list[Result]
    seconds: float
    versions: dict[str, str]


def compute(function: Callable[[Job], Result], batch: Batch[Job]) -> Finished[Result]:
    """Do a batch in a worker."""
    # Never lifted again: other threads of a Dask worker may be in the middle of a job.
    blas().limit(limits=1)
    start = time.perf_counter()
    results = [function(job) for job in batch.jobs]
    return Finished(batch.start, results, time.perf_counter() - start, versions())


@functools.cache  # It looks through all that the process has loaded, which takes milliseconds.
def blas() -> ThreadpoolController:
    """Return what limits the threads of NumPy's and SciPy's BLAS."""
    # Only what is loaded can be limited, and SciPy brings a BLAS of its own.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class WorkQueue(Generic[Job]):
    """What is to do, what is being done, and what was lost on the way."""

    def __init__(self, jobs: Iterable[Job], provenance: Provenance) -> None:
        self._remaining = iter(jobs)
        self._next = 0
        self._batch_size = 1
        self._unfinished: dict[int, Batch[Job]] = {}
        self._lost: deque[Batch[Job]] = deque()
        self._is_exhausted = False
        self._error: BaseException | None = None
        self._provenance = provenance
        # Joblib takes batches in the thread in which results arrive.
        self._lock = threading.Lock()

    def take(self, workers: int) -> Batch[Job] | None:
        """Return what to do next; None if there is nothing before something else is finished."""
        with self._lock:
            if self._lost:
                return self._lost.popleft()
            oldest = next(iter(self._unfinished), self._next)
            count = min(self._batch_size, oldest + workers * _LOOK_AHEAD - self._next)
            if count <= 0 or self._is_exhausted:
                return None
            jobs: list[Job] = []
            try:
                # Keeps what came before an exception.
                jobs.extend(itertools.islice(self._remaining, count))
            except BaseException as error:  # noqa: BLE001  (`is_done` raises it in the right thread)
                self._error = error
            self._is_exhausted = len(jobs) < count
            if not jobs:
                return None
            batch = self._unfinished[self._next] = Batch(self._next, jobs)
            self._next += len(jobs)
            return batch

    def finish(self, finished: Finished[Result]) -> Iterator[tuple[int, Result]]:
        """Note that a batch is done; return its results with their positions.

        Raises
        ------
        MixedVersionsError
            If it was computed with other versions than the ones before.
        """
        self._provenance.note(finished.versions)
        with self._lock:
            jobs = self._unfinished.pop(finished.start).jobs
            wanted = len(jobs) * _SECONDS_PER_BATCH / max(finished.seconds, 1e-9)
            self._batch_size = max(1, min(int(wanted), 2 * self._batch_size, _LARGEST_BATCH))
        return enumerate(finished.results, finished.start)

    def lose(self, batch: Batch[Job] | None = None) -> None:
        """Note that the worker of a batch, or of any of the unfinished ones, was killed."""
        with self._lock:
            lost = list(self._unfinished.values()) if batch is None else [batch]
            for each in lost:
                each.losses += 1
                if each.losses > _MOST_LOSSES:
                    raise LostWorkersError(
                        f"killed {each.losses} times in the middle of the same work; give each of "
                        "them more memory, or use fewer"
                    )
            self._lost = deque(lost) if batch is None else self._lost + deque(lost)

    def is_done(self) -> bool:
        """Whether all is finished.

        Raises
        ------
        Exception
            What the iterator of the jobs raised, once all before it is finished.
        """
        if self._unfinished:
            return False
        if self._error is not None:
            raise self._error
        return self._is_exhausted
