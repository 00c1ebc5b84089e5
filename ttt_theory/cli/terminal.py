"""What the commands print: also where UTF-8 is not to be had, or nobody reads to the end."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import math
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import Progress
    from rich.table import Table

__all__ = [
    "Aside",
    "adapt",
    "note",
    "print_fields",
    "print_json",
    "print_table",
    "progress_bar",
    "say",
    "settle",
]

_SPELLED_OUT = "ttt-theory.spelled-out"
_SPELLINGS = {
    "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "±": "+/-", "√": "sqrt", "∞": "inf",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "≪": "<<", "≫": ">>", "→": "->", "∈": "in",
    "‖": "||", "∇": "grad ", "½": "1/2", "²": "^2", "³": "^3", "⁻": "^-", "ᵀ": "^T", "…": "...",
    "“": '"', "”": '"', "‘": "'", "’": "'", "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
}  # fmt: skip


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    """Spell out what an encoding lacks: Greek letters by their names, signs as in code."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_spelling, error.object[error.start : error.end])), error.end


def _spelling(letter: str) -> str:
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(letter, ""))
    if greek:
        return greek[2].capitalize() if greek[1] == "CAPITAL" else greek[2].lower()
    return _SPELLINGS.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(_SPELLED_OUT, _spelled_out)


def adapt() -> None:
    """Have both streams there, and able to print any text whatever their encoding."""
    for number, name in enumerate(("stdout", "stderr"), 1):
        stream = getattr(sys, name)
        if stream is None:
            # It was closed from the start, which the processes that this one starts must not see.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_SPELLED_OUT)


def settle() -> None:
    """Write out what the streams still hold.

    Raises
    ------
    OSError
        If standard output takes it neither now nor later, where Python would end with a traceback.
    """
    _written(sys.stderr, "", is_needed=False)
    _written(sys.stdout, "", is_needed=True)


def say(text: str) -> None:
    """Print a result; whoever closes the pipe wants no more of it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    _written(sys.stdout, f"{text}\n", is_needed=True)


def note(text: str) -> None:
    """Print on standard error what is no result."""
    _written(sys.stderr, f"{text}\n", is_needed=False)


def _written(stream: TextIO, text: str, *, is_needed: bool) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # What the stream still holds would be tried again when the process ends.
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), stream.fileno())
        if is_needed and not isinstance(error, BrokenPipeError):
            error.filename = "standard output"
            raise


class Aside:
    """Standard error as a file, for what may be lost."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        _written(sys.stderr, text, is_needed=False)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is written is flushed."""


def progress_bar(*texts: str) -> Progress:
    """Return a bar on standard error, with texts of its own beside it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    class LateProgress(Progress):
        """In a file or a pipe, nothing before there is something: a fault stays one line."""

        def __enter__(self) -> Self:
            return super().__enter__() if self.console.is_terminal else self

        def update(self, *args: Any, **changes: Any) -> None:
            self.start()
            super().update(*args, **changes)

        def stop(self) -> None:
            if self.live.is_started:
                super().stop()

    return LateProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *map(TextColumn, texts),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=cast(TextIO, Aside())),
    )


def print_table(table: Table) -> None:
    """Print a table of strings, drawn with the letters that the terminal has."""
    from rich.console import Console
    from rich.text import Text

    class SpellingConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            spelled = text.encode(self.encoding, _SPELLED_OUT).decode(self.encoding)
            return super().render_str(spelled, **options)

    drawn = _Drawing()
    SpellingConsole(file=drawn, width=None if drawn.isatty() else 120).print(table)
    say(drawn.getvalue().removesuffix("\n"))


class _Drawing(io.StringIO):
    """Memory that looks like standard output."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return sys.stdout.encoding or "utf-8"

    def isatty(self) -> bool:
        return sys.stdout.isatty()


def print_json(document: object) -> None:
    """Print one JSON document, in ASCII."""
    say(json.dumps(document, allow_nan=False))


def print_fields(fields: dict[str, Any], as_json: bool) -> None:
    """Print names and values, one a line or as JSON."""
    if as_json:
        print_json(
            {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in fields.items()
            }
        )
        return
    width = max(len(name) for name in fields)
    say("\n".join(f"{name:<{width}}  {_shown(value)}" for name, value in fields.items()))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
