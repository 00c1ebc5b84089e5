"""Functions sent to other processes, with the code that only this process has."""

from __future__ import annotations

import functools
import hashlib
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic

from ttt_theory.errors import WorkerImportError, importing
from ttt_theory.execution.work_queue import Finished, Job, Result, compute

__all__ = ["Shipped", "compute_packed", "packed", "send_by_value", "shipped", "unreadable"]

_FUNCTIONS_KEPT = 4


@dataclass(frozen=True)
class Shipped(Generic[Job, Result]):
    """A function as bytes, which a process that gets it many times reads once."""

    digest: str
    content: bytes

    def __call__(self, job: Job) -> Result:
        """Apply the function to a job."""
        result: Result = _loaded(self)(job)
        return result

    # The digest tells functions apart; comparing all bytes would only take longer.
    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shipped) and self.digest == other.digest


@functools.lru_cache(_FUNCTIONS_KEPT)
def _loaded(function: Shipped[Any, Any]) -> Callable[[Any], Any]:
    import cloudpickle

    loaded: Callable[[Any], Any] = cloudpickle.loads(function.content)
    return loaded


def packed(content: object) -> bytes:
    """Return anything as bytes, with the code that only this process has."""
    with importing("sweep"):
        import cloudpickle

    return bytes(cloudpickle.dumps(content))


def shipped(function: Callable[[Job], Result]) -> Shipped[Job, Result]:
    """Return a function that other processes can call.

    Examples
    --------
    >>> shipped(lambda job: job + 1)(41)
    42
    """
    content = packed(function)
    return Shipped(hashlib.sha256(content).hexdigest(), content)


def compute_packed(function: Shipped[Any, Result], batch: bytes) -> Finished[Result]:
    """Do a packed batch in a worker.

    Raises
    ------
    WorkerImportError
        If the worker lacks what the function or the jobs are made of.
    """
    import cloudpickle

    try:
        loaded, jobs = _loaded(function), cloudpickle.loads(batch)
    except Exception as error:
        raise unreadable(error) from error
    return compute(loaded, jobs)


def unreadable(error: BaseException) -> WorkerImportError:
    """Say why a worker cannot read what it was sent."""
    return WorkerImportError(
        f"they cannot read what is sent to them ({type(error).__name__}: {error}); install there "
        "what is installed here, in the same versions, or keep classes of your own in a file given "
        "by --with, which is sent along"
    )


def send_by_value(name: str) -> None:
    """Have what a module defines sent as code, if other processes would not find the module.

    Parameters
    ----------
    name : str
        Of a module that is imported already, such as a script or a file of the user's.
    """
    module = sys.modules[name]
    if _is_found_elsewhere(module):
        return
    try:
        import cloudpickle
    except ImportError:
        # Then there are no other processes.
        return
    cloudpickle.register_pickle_by_value(module)


def _is_found_elsewhere(module: ModuleType) -> bool:
    """Whether a fresh process with the same search path finds this very module by its name."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__ == "__main__":
        # Built in, or a script or session, which is sent by value anyway.
        return True
    importlib.invalidate_caches()
    top = module.__name__.partition(".")[0]
    for finder in sys.meta_path:
        spec = finder.find_spec(top, None)
        if spec is not None:
            folders = spec.submodule_search_locations
            if folders:
                return any(Path(file).is_relative_to(folder) for folder in folders)
            return bool(spec.origin == file)
    return False
