"""How much memory is left, to refuse a computation instead of being killed for it."""

from __future__ import annotations

import math
from pathlib import Path

from ttt_theory.errors import InvalidSettingError, told_apart
from ttt_theory.structured.base import check_dense_dim

_SMALL_DIM = 1000
"""Arrays up to this dimension are not worth a look at what is free."""


def check_dense_memory(dim: int, arrays: int) -> None:
    """Refuse d × d arrays that are too large, or too large for what memory is free.

    Parameters
    ----------
    dim : int
        d.
    arrays : int
        How many of them, of float64, are needed at once.

    Raises
    ------
    InvalidSettingError
        If they do not fit.

    Examples
    --------
    >>> check_dense_memory(1000, 10)
    """
    check_dense_dim(dim)
    if dim <= _SMALL_DIM:
        return
    needed, free = 8.0 * arrays * dim**2, available_memory()
    if needed > free:
        gigabytes = told_apart(needed / 1e9, free / 1e9, digits=3)
        raise InvalidSettingError(
            "dim",
            dim,
            f"dense matrices of this size need {gigabytes[0]} GB, of which {gigabytes[1]} GB "
            "are free: give a smaller dim, or covariances with structure in common",
        )


def available_memory() -> float:
    """Return the bytes that this process may still take; infinity where nothing tells."""
    free = math.inf
    for line in _lines("/proc/meminfo"):
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            free = 1024.0 * float(amount.split()[0])
    limit, used = (_lines(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit and used and limit[0] != "max":
        reclaimable = sum(
            float(line.split()[1])
            for line in _lines("/sys/fs/cgroup/memory.stat")
            if line.startswith("inactive_file ")
        )
        free = min(free, float(limit[0]) - float(used[0]) + reclaimable)
    return free


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return []
