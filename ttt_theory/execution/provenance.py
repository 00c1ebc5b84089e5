"""Which versions of the packages computed a result: one of each, whoever shared the work."""

from __future__ import annotations

import functools
import importlib.metadata

from ttt_theory.errors import MixedVersionsError

__all__ = ["Provenance", "versions"]

_ALL_ALIKE = "install the same versions for all workers"


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of what computes results, as this process has them."""
    import numpy as np
    import scipy

    return {
        "ttt-theory": importlib.metadata.version("ttt-theory"),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


class Provenance:
    """The versions that have computed a result so far.

    Parameters
    ----------
    versions : dict of str to str, optional
        Those of what was computed before, if anything was.
    remedy : str
        What to do where others would go on.

    Examples
    --------
    >>> provenance = Provenance()
    >>> provenance.note({"numpy": "2.3.0"})
    >>> provenance.versions
    {'numpy': '2.3.0'}
    >>> provenance.note({"numpy": "2.4.0"})
    Traceback (most recent call last):
    ttt_theory.errors.MixedVersionsError: versions: one result would mix numpy 2.3.0 and 2.4.0;
    install the same versions for all workers
    """

    def __init__(self, versions: dict[str, str] | None = None, remedy: str = _ALL_ALIKE) -> None:
        self.versions = versions
        self._remedy = remedy

    def note(self, versions: dict[str, str]) -> None:
        """Note the versions of a process that has computed a part.

        Raises
        ------
        MixedVersionsError
            If another part was computed with others.
        """
        if self.versions is None:
            self.versions = versions
        if versions != self.versions:
            mixed = ", ".join(
                f"{name} {before} and {versions.get(name)}"
                for name, before in self.versions.items()
                if versions.get(name) != before
            )
            raise MixedVersionsError(f"one result would mix {mixed}; {self._remedy}")
