"""What a sweep has finished, in one SQLite file that survives a kill at any moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ttt_theory.checks import FloatArray
from ttt_theory.errors import InvalidSettingError

__all__ = ["Journal"]


class Journal:
    """The finished chunks of one sweep; each is committed as it comes, or not there at all.

    Parameters
    ----------
    path : pathlib.Path, optional
        Where it is kept; in memory if not given.
    fingerprint : str
        Of the plan.
    columns : int
        Numbers per setting.

    Raises
    ------
    InvalidSettingError
        If the file is the journal of another plan or no journal, in use, or cannot be written.

    Examples
    --------
    >>> with Journal(None, "a digest", columns=2) as journal:
    ...     journal.record(0, np.array([[1.0, 2.0], [3.0, 4.0]]))
    ...     [(number, len(values)) for number, values in journal.chunks()]
    [(0, 2)]
    """

    def __init__(self, path: Path | None, fingerprint: str, columns: int) -> None:
        self._path = path
        self._columns = columns
        with self._faults():
            # Committing by hand; the driver would not put the creation of tables in a transaction.
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path, timeout=0.0, isolation_level=None
            )
        try:
            with self._faults():
                self._open(fingerprint)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, fingerprint: str) -> None:
        # Held until closing, so that no two processes work on one sweep.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("BEGIN EXCLUSIVE")
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            self._connection.execute("CREATE TABLE plan (fingerprint TEXT NOT NULL, versions TEXT)")
            self._connection.execute(
                "CREATE TABLE chunk (number INTEGER PRIMARY KEY, results BLOB NOT NULL)"
            )
            self._connection.execute("INSERT INTO plan (fingerprint) VALUES (?)", (fingerprint,))
        elif tables != {"plan", "chunk"}:
            raise self._fault("this file is no journal of a sweep")
        elif self._connection.execute("SELECT fingerprint FROM plan").fetchall() != [
            (fingerprint,)
        ]:
            raise self._fault(
                "it was begun with another sweep file, seed or class of a covariance, or a file"
                " that the settings name has changed; delete it to begin anew"
            )
        self._connection.execute("COMMIT")

    def versions(self) -> dict[str, str] | None:
        """Return which versions computed what is there; None if nothing is."""
        with self._faults():
            [[text]] = self._connection.execute("SELECT versions FROM plan").fetchall()
        return None if text is None else dict(json.loads(text))

    def computed_with(self, versions: dict[str, str]) -> None:
        """Keep which versions compute all that is recorded."""
        with self._faults():
            self._connection.execute("UPDATE plan SET versions = ?", (json.dumps(versions),))

    def record(self, number: int, results: FloatArray) -> None:
        """Keep the results of a chunk, shape (settings, columns), for good.

        Raises
        ------
        InvalidSettingError
            If they cannot be written.
        """
        blob = np.ascontiguousarray(results, dtype="<f8").tobytes()
        with self._faults():
            # A task that was run twice has the same results both times.
            self._connection.execute("INSERT OR REPLACE INTO chunk VALUES (?, ?)", (number, blob))

    def chunks(self) -> Iterator[tuple[int, FloatArray]]:
        """Yield the number and the results of every chunk that is there, in order."""
        with self._faults():
            rows = self._connection.execute("SELECT number, results FROM chunk ORDER BY number")
            for number, blob in rows:
                values = np.frombuffer(blob, dtype="<f8").astype(np.float64)
                yield number, values.reshape(-1, self._columns)

    def numbers(self) -> set[int]:
        """Return the numbers of the chunks that are there."""
        with self._faults():
            return {number for (number,) in self._connection.execute("SELECT number FROM chunk")}

    def remove(self) -> None:
        """Delete it, once what it holds is kept elsewhere or worth nothing."""
        self.close()
        if self._path is not None:
            # SQLite leaves its own journal behind if this process had nothing to add.
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            reason = {
                "SQLITE_BUSY": "another process is at work on this sweep",
                "SQLITE_NOTADB": "this file is no journal of a sweep",
            }.get(getattr(error, "sqlite_errorname", ""), str(error))
            raise self._fault(reason) from error

    def _fault(self, reason: str) -> InvalidSettingError:
        return InvalidSettingError("journal", str(self._path), reason)
