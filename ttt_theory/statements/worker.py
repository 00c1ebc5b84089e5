"""The process that works on one statement: request on standard input, answer on standard output."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys

__all__ = ["main"]

_MOST_MEMORY = 2 * 1024**3
_MOST_SECONDS = 20


def _limit_resources() -> None:
    # There are no such limits on Windows, and macOS may refuse that of memory.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        # Whoever asked stops this process sooner, unless it was killed itself.
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def main() -> None:
    """Answer one request."""
    _limit_resources()
    from ttt_theory.errors import (
        BrokenPackageError,
        InvalidSettingError,
        MissingPackageError,
        StatementError,
        importing,
    )

    statement, setting = pickle.load(sys.stdin.buffer)
    try:
        with importing("verify"):
            from ttt_theory.statements.deciding import decided

            answer = decided(statement, setting)
    except (
        BrokenPackageError,
        InvalidSettingError,
        MissingPackageError,
        StatementError,
    ) as error:
        answer = {"error": type(error).__name__, "arguments": error.args}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
