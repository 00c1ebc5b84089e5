"""The command ``ttt-theory``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

from ttt_theory.cli.terminal import adapt, note, settle
from ttt_theory.errors import TTTTheoryError, broken_import, import_fault, importing

__all__ = ["main"]

_BAD_INPUT = 2
_INTERRUPTED = 130


def main() -> None:
    """Run the command line, with one line on standard error for every fault of the input."""
    adapt()
    try:
        with importing("cli", "typer"):
            from ttt_theory.cli.commands import app
        status = _status(app)
        settle()
    except TTTTheoryError as error:
        status = _fail(str(error))
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except ImportError as error:
        status = _fail(str(import_fault(error)))
    except OSError as error:
        # A help that was printed in part would be tried again when the process ends.
        with contextlib.suppress(OSError):
            settle()
        where = "" if error.filename is None else f"{error.filename}: "
        status = _fail(f"{where}{error.strerror or error}")
    except Exception as error:
        # A fault of the command line itself; the class is Click's, which Typer does not export.
        message = getattr(error, "format_message", None)
        fault = broken_import(error) if message is None else message()
        if fault is None:
            raise
        status = _fail(str(fault))
    sys.exit(status)


def _status(app: Callable[..., int | None]) -> int:
    try:
        return app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
    except SystemExit as error:
        if (fault := broken_import(error)) is not None:
            raise fault from error
        # Click's answer to a pipe that is closed while it prints a help; commands end otherwise.
        return 0


def _fail(message: str) -> int:
    note(f"ttt-theory: {' '.join(message.split())}")
    return _BAD_INPUT
