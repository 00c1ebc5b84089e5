"""Jobs on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import operator
import queue
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ttt_theory.errors import InvalidSettingError, LostWorkersError, WorkerImportError, importing
from ttt_theory.execution.shipping import compute_packed, packed, shipped, unreadable
from ttt_theory.execution.work_queue import BATCHES_PER_WORKER, Job, Result

if TYPE_CHECKING:
    from ttt_theory.execution.work_queue import Batch, Indexed, WorkQueue

__all__ = ["on_cluster"]

_SECONDS_TO_CONNECT = 5.0
_SECONDS_WITHOUT_WORKERS = 30.0


def on_cluster(
    function: Callable[[Job], Result], work: WorkQueue[Job], address: str
) -> Indexed[Result]:
    """Do the jobs through Dask's own client.

    Joblib's backend for Dask waits forever when workers or the scheduler are gone, and sends the
    function anew with every batch.
    """
    with _connected(address) as client:
        import cloudpickle

        # The result of a job is computed again when the worker that holds it is killed; data that
        # is scattered would be lost.  Nothing of this package is named to Dask itself, which takes
        # a worker without it for one that is gone.
        work_on = functools.partial(compute_packed, shipped(function))
        shared = _submit(client, cloudpickle.loads, packed(work_on))
        running: dict[Any, Batch[Job]] = {}
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            while not work.is_done():
                workers = max(1, _count_threads(client))
                while len(running) < BATCHES_PER_WORKER * workers:
                    batch = work.take(workers)
                    if batch is None:
                        break
                    future = _submit(client, operator.call, shared, packed(batch))
                    running[future] = batch
                    future.add_done_callback(arrived.put)
                for future in _arrivals(arrived, client, address) if running else ():
                    batch = running.pop(future)
                    finished = _result(future, address)
                    if finished is None:
                        work.lose(batch)
                    else:
                        yield from work.finish(finished)
        finally:
            with contextlib.suppress(CancelledError, OSError):
                client.cancel([*running, shared], force=True)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler at an address, once it has workers."""
    remedy = "give the address of a running Dask scheduler, such as tcp://127.0.0.1:8786"
    with importing("distributed"):
        from distributed import Client
    # What the client logs about lost connections becomes an exception here.
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        try:
            _knock(address)
            client = Client(  # type: ignore[no-untyped-call]
                address, timeout=_SECONDS_TO_CONNECT, set_as_default=False
            )
        except (OSError, ValueError):
            raise InvalidSettingError("scheduler", address, remedy) from None
        with contextlib.closing(client):
            try:
                client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
            except TimeoutError:
                raise InvalidSettingError(
                    "scheduler", address, f"start a worker of it first: dask worker {address}"
                ) from None
            yield client
    finally:
        logger.setLevel(level)


def _knock(address: str) -> None:
    """Raise where nobody answers at an address.

    A client that cannot connect leaves half of itself behind, which closes itself when it is
    collected.  Where that happens while another one starts, both wait for one lock, for ever.
    """
    from distributed.comm.core import connect

    async def knock() -> None:
        connection = await connect(  # type: ignore[no-untyped-call]
            address, timeout=_SECONDS_TO_CONNECT
        )
        await connection.close()

    # In a thread of its own, since this one may run an event loop, as notebooks do.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, knock()).result()


def _submit(client: Any, *call: Any) -> Any:
    with warnings.catch_warnings():
        # About the size of a function that is sent only once.
        warnings.simplefilter("ignore")
        return client.submit(*call, pure=False)


def _count_threads(client: Any) -> int:
    """Return how many jobs the cluster does at a time now."""
    try:
        return sum(client.nthreads().values()) if client.status == "running" else 0
    except OSError:
        return 0


def _arrivals(arrived: queue.SimpleQueue[Any], client: Any, address: str) -> Iterator[Any]:
    """Wait for something to be finished and yield it, with whatever else is."""
    deadline = time.monotonic() + _SECONDS_WITHOUT_WORKERS
    while True:
        try:
            yield arrived.get(timeout=1.0)
            break
        except queue.Empty:
            if _count_threads(client):
                deadline = time.monotonic() + _SECONDS_WITHOUT_WORKERS
            elif time.monotonic() > deadline:
                raise _gone(address) from None
    while not arrived.empty():
        yield arrived.get()


def _result(future: Any, address: str) -> Any:
    """Return what a batch gave; None if the worker that had it was killed."""
    from distributed import KilledWorker

    if future.status == "error":
        error = future.exception()
        if isinstance(error, KilledWorker):
            return None
        if isinstance(error, ImportError) and not isinstance(error, WorkerImportError):
            raise unreadable(error) from error
        raise error
    try:
        return future.result(_SECONDS_WITHOUT_WORKERS)
    except (KilledWorker, TimeoutError):
        # Killed while the results were on their way.
        return None
    except (CancelledError, OSError):
        raise _gone(address) from None


def _gone(address: str) -> LostWorkersError:
    return LostWorkersError(f"the scheduler at {address}, or all of its workers, are gone")
