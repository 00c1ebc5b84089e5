"""TOML files that may hold anything: bounded before they are parsed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ttt_theory.errors import SettingFileError
from ttt_theory.files.opening import not_text, open_regular

LARGEST_FILE = 1_000_000
"""Largest setting file, in bytes."""

_MOST_PARTS = 16
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
# Each part is read to its end and never given back, and none begins within another, so that the
# search takes linear time. Texts and comments may match, too; none that is meant has so many dots.
_LONG_KEY = re.compile(
    rf"(?:(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-])|(?<!\\)(?=[\"']))"
    rf"(?:{_PART}[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}"
)


def parse_toml(file: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Parameters
    ----------
    file : pathlib.Path
        A regular file of at most 1 MB, in UTF-8; a byte-order mark may come first.

    Raises
    ------
    SettingFileError
        If it is missing, unreadable, too large or not TOML, or has a key of more than 16 parts.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "setting.toml"
    ...     _ = file.write_text("task.kind = 'ones'")
    ...     parse_toml(file)
    {'task': {'kind': 'ones'}}
    """
    with open_regular(file, LARGEST_FILE) as stream:
        try:
            content = stream.read(LARGEST_FILE + 1)
        except OSError as error:
            raise SettingFileError(str(file), f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise SettingFileError(str(file), f"too large; give at most {LARGEST_FILE} bytes")
    try:
        # tomllib does not expect the byte-order mark that some editors write.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = not_text(content) or f"not UTF-8 text in line {line}; save it as UTF-8"
        raise SettingFileError(str(file), reason) from error
    # tomllib takes the square of the number of parts, 4 s for 40 kB of them.
    if (long_key := _LONG_KEY.search(text)) is not None:
        line = text.count("\n", 0, long_key.start()) + 1
        reason = f"too deeply nested in line {line}; give keys of at most {_MOST_PARTS} parts"
        raise SettingFileError(str(file), reason)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingFileError(str(file), f"not valid TOML: {error}") from error
    except ValueError as error:
        # Python's int() says how its own limit is raised.
        reason = "not valid TOML: an integer of thousands of digits; give a shorter one"
        raise SettingFileError(str(file), reason) from error
    except RecursionError as error:
        raise SettingFileError(
            str(file), "too large or too deeply nested; give fewer brackets"
        ) from error
