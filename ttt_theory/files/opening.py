"""Files that a user names: opened only if they are files, and told from text by how they begin."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from ttt_theory.errors import SettingFileError

__all__ = ["not_text", "open_regular"]

_OTHER_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Zip, which workbooks are, gzip, and the workbooks of old.
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")


def open_regular(file: Path, largest: int) -> BinaryIO:
    """Open a file to be read as bytes, if it is one.

    A FIFO would be waited for, a device may never end: neither is opened.

    Parameters
    ----------
    file : pathlib.Path
        A link is followed.
    largest : int
        Bytes that it may have.

    Raises
    ------
    SettingFileError
        If there is none, it is something else than a regular file, too large, or not readable.

    Examples
    --------
    >>> open_regular(Path("/dev/null"), 10)
    Traceback (most recent call last):
    ttt_theory.errors.SettingFileError: /dev/null: a device, not a regular file; give a file
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = _OTHER_KINDS.get(stat.S_IFMT(status.st_mode), "something else")
            raise SettingFileError(str(file), f"{kind}, not a regular file; give a file")
        if status.st_size > largest:
            raise SettingFileError(str(file), f"too large; give at most {largest} bytes")
        return file.open("rb")
    except FileNotFoundError as error:
        raise SettingFileError(str(file), "no such file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingFileError(str(file), f"cannot be read: {reason}") from error


def not_text(start: bytes) -> str | None:
    """Return why a file that starts so is no UTF-8 text, and what to do; None if it may be one.

    Examples
    --------
    >>> not_text("1,2".encode("utf-16"))
    'not UTF-8 text but UTF-16; save it as UTF-8'
    >>> not_text(b"1,2")
    """
    if start.startswith(_ARCHIVES):
        return "not UTF-8 text but an archive or a workbook; save its table as UTF-8 text"
    # Without its mark, UTF-16 shows by every other byte of ASCII, which is zero.
    halves = (start[::2], start[1::2])
    mostly_zero = [2 * half.count(0) > len(half) for half in halves]
    if start.startswith(_UTF_16) or mostly_zero[0] != mostly_zero[1]:
        return "not UTF-8 text but UTF-16; save it as UTF-8"
    if b"\0" in start:
        return "not UTF-8 text but binary data"
    return None
