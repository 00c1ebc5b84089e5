"""Jobs in several processes on this machine."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from ttt_theory.errors import InvalidSettingError, importing
from ttt_theory.execution.shipping import compute_packed, packed, shipped
from ttt_theory.execution.work_queue import BATCHES_PER_WORKER, Job, Result

if TYPE_CHECKING:
    from ttt_theory.execution.work_queue import Indexed, WorkQueue

__all__ = ["in_processes"]


def in_processes(
    function: Callable[[Job], Result], queue: WorkQueue[Job], workers: int
) -> Indexed[Result]:
    """Do the jobs of a queue in several processes, of which any may be killed."""
    # Where processes cannot share semaphores joblib warns, and takes threads instead.
    with importing("sweep"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from joblib import Parallel, delayed, parallel_config
        from joblib.parallel import mp
    if mp is None:
        remedy = "give 1: this system has no room for what processes share (see /dev/shm)"
        raise InvalidSettingError("workers", workers, remedy)

    sent = shipped(function)
    while not queue.is_done():
        batches = iter(lambda: queue.take(workers), None)
        with parallel_config(
            backend="loky",
            inner_max_num_threads=1,
            initializer=_watch_parent,
            initargs=(os.getpid(),),
        ):
            parallel = Parallel(
                n_jobs=workers,
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch=BATCHES_PER_WORKER * workers,
            )
        arriving = parallel(delayed(compute_packed)(sent, packed(batch)) for batch in batches)
        try:
            for finished in arriving:
                yield from queue.finish(finished)
        except BrokenProcessPool:
            queue.lose()
        finally:
            # Whoever closes this generator knows that work is thrown away.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arriving.close()


def _watch_parent(parent: int) -> None:
    """Let this worker end with the process that it works for, even when that one is killed."""
    # A terminal's Ctrl-C reaches the worker too, which would answer it with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        # It may be gone already.
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
