"""A SQLite file while it is in use: opened, watched, put back when it was deleted, salvaged when it is damaged.

`engine_now` is asked before each transaction and costs one look at the directory. When the file is no longer the one
that was opened, connections to it lead nowhere: all are dropped, the path is opened again, and what the old file held
is brought over where this process still trains (its anchor can read a file that has no name any more).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from nbsweep.errors import StoreError
from nbsweep.store import schema
from nbsweep.store.filesystems import absolute
from nbsweep.store.merging import merge, read_tables
from nbsweep.store.salvage import NotOursError, is_sound, salvage
from nbsweep.store.sqlite import (
    BUSY_TIMEOUT_S,
    SqliteFile,
    choose_journal,
    is_damage,
    must_be_opened_again,
    sqlite_engine,
)

__all__ = ["FileCare"]

CHECKED_WHEN_OPENED_BYTES = 32 * 2**20  # an integrity check of so much takes some twenty milliseconds

_log = logging.getLogger("nbsweep")
_inherited: list[object] = []  # a forked child keeps its parent's connections and never closes them


class FileCare:
    """The file of one store, and the engine that is good for it now.

    Parameters
    ----------
    url : URL
    prepare : callable
        Makes or updates the tables; returns those that were missing in a database that had the others.
    """

    def __init__(self, url: URL, prepare: Callable[[Engine], list[str]]) -> None:
        if not url.database or url.database == ":memory:":
            raise StoreError("a store in memory would end with its connection; name a file: sqlite:///nbsweep.db")
        self.path = absolute(url.database)
        self._url = url.set(database=str(self.path))
        self._prepare = prepare
        self._lock = threading.RLock()
        self._notices: list[str] = []
        self._engine: Engine | None = None
        self._file: SqliteFile | None = None
        self._damaged = False

    @property
    def notice(self) -> str | None:
        return " ".join(self._notices) or None

    def open(self) -> None:
        """Open the file; a damaged one is salvaged first.

        Raises
        ------
        OSError, SQLAlchemyError, StoreError
        """
        try:
            self._open()
        except (DatabaseError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise
            self._salvage(error)
            self._open()

    def engine_now(self, in_use: Callable[[], bool]) -> Engine:
        """The engine for the next transaction."""
        file, engine = self._file, self._engine
        if engine is None or file is None or self._damaged or file.what_happened() is not None:
            with self._lock:
                return self._mended(in_use)
        return engine

    def note_trouble(self, error: BaseException) -> None:
        """A transaction failed; where the file is to blame, the next one finds it salvaged."""
        if is_damage(error):
            self._damaged = True
        elif must_be_opened_again(error) and self._engine is not None:
            self._engine.dispose()

    def close(self, *, forked: bool = False) -> None:
        if forked:
            self._lock = threading.RLock()  # a thread of the parent may have held it
            # Closing them here would act on the parent's locks and journal.
            _inherited.append((self._engine, self._file))
            self._engine = self._file = None
            return
        with self._lock:
            self._drop()

    # -- private -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        journal = choose_journal(self.path)
        if journal.notice is not None:
            self._say(journal.notice)
        size = self.path.stat().st_size if self.path.exists() else 0
        if 0 < size <= CHECKED_WHEN_OPENED_BYTES and not is_sound(self.path):
            raise sqlite3.DatabaseError("database disk image is malformed")
        if size > 0 and (theirs := _tables_of_others(self.path)):
            raise StoreError(
                f"{self.path} is no database of nbsweep's: it has {', '.join(map(repr, theirs[:3]))}; it was left as "
                "it is. Set NBSWEEP_STORAGE to another file"
            )
        engine = sqlite_engine(self._url, journal)
        try:
            for table in self._prepare(engine):
                self._say(f"The store {self.path} had no table {table!r}; it was made anew, empty.")
            self._file = SqliteFile(self.path, remote=journal.remote)
        except BaseException:
            engine.dispose()
            raise
        self._engine, self._damaged = engine, False
        if not os.access(self.path, os.W_OK):
            self._say(f"The store {self.path} may only be read: nothing can be trained or changed here.")

    def _mended(self, in_use: Callable[[], bool]) -> Engine:
        """The engine after the file was seen to; the caller has the lock."""
        file = self._file
        if self._damaged and not is_sound(self.path):
            self._drop()
            self._salvage(sqlite3.DatabaseError("database disk image is malformed"))
            self.open()
        elif file is None:
            self.open()
        elif happened := file.what_happened():
            if self._engine is not None:
                self._engine.dispose()
            self._engine = self._file = None
            try:
                self.open()
                if in_use():
                    self._bring_over(file)
                elif happened == "deleted":
                    self._say(f"The store {self.path} was deleted; a new, empty one was begun.")
            except BaseException:
                self._drop()
                self._file = file  # what it holds is not lost: the next transaction tries again
                raise
            file.close()
        self._damaged = False
        return self._opened_engine()

    def _opened_engine(self) -> Engine:
        if self._engine is None:
            raise StoreError(f"the store {self.path} is closed")
        return self._engine

    def _bring_over(self, old: SqliteFile) -> None:
        """Bring what the deleted file held into the one at its path.

        The write lock of the new file comes first and the copy of the old one before anything is written: both files
        have the same name for their journals, and one must not be taken for the other's.
        """
        handle, name = tempfile.mkstemp(prefix="nbsweep-", suffix=".db", dir=self.path.parent)
        os.close(handle)
        try:
            with (
                contextlib.closing(sqlite3.connect(name, isolation_level=None)) as copy,
                contextlib.closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as new,
            ):
                new.execute("BEGIN IMMEDIATE")
                old.anchor.backup(copy, progress=_Deadline(BUSY_TIMEOUT_S))
                kept = merge(read_tables(copy, lambda table, error: _log.warning("%s: %s", table, error)), new)
                new.execute("COMMIT")
        finally:
            Path(name).unlink(missing_ok=True)
        if kept.get("sweeps") or kept.get("runs"):
            self._say(
                f"The store {self.path} was deleted or replaced while runs trained; what it held was put back from "
                f"memory and the open file ({kept['sweeps']} sweeps, {kept['runs']} runs)."
            )

    def _salvage(self, error: BaseException) -> None:
        try:
            done = salvage(self.path)
        except NotOursError:
            raise StoreError(
                f"{self.path} cannot be opened: it is no database of nbsweep's ({getattr(error, 'orig', error)}); it "
                "was left as it is. Set NBSWEEP_STORAGE to another file"
            ) from error
        except (OSError, sqlite3.Error) as trouble:
            raise StoreError(
                f"the store {self.path} is damaged and could not be salvaged: {trouble}. It was left as it is; free "
                "space or make its directory writable, or set NBSWEEP_STORAGE to another file"
            ) from error
        if done is not None:
            self._say(done)

    def _drop(self) -> None:
        """Close all that is open."""
        if self._engine is not None:
            self._engine.dispose()
        if self._file is not None:
            self._file.close()
        self._engine = self._file = None

    def _say(self, notice: str) -> None:
        if notice not in self._notices:
            self._notices.append(notice)
            _log.warning(notice)


def _tables_of_others(path: Path) -> list[str]:
    """The tables of a database that never was nbsweep's; none where it is, or where there are none."""
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
        names = [str(name) for (name,) in tables]
        with contextlib.suppress(sqlite3.OperationalError):  # no such table or column
            if connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() is not None:
                return []
    return [name for name in names if name not in schema.metadata.tables]


class _Deadline:
    """Ends a backup that waits for a lock for too long; sqlite3 itself would wait for ever."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def __call__(self, _status: int, remaining: int, _total: int) -> None:
        if remaining and time.monotonic() > self._until:
            raise sqlite3.OperationalError("database is locked")
