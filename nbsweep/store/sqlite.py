"""What SQLite needs before it can be shared: one way to begin, a patient wait for locks, a journal that is safe.

Write-ahead logging is faster, but SQLite before 3.51.3 (but for 3.50.7 and 3.44.6) can lose a committed transaction
when two processes reset the log at the same moment, so it is used only where the linked library has the mend, and
never on a file system that other machines share. The rollback journal used elsewhere has no such fault; its readers
and writers take short turns.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from nbsweep.store.filesystems import mount_of
from nbsweep.store.forking import forks_may_come

__all__ = [
    "Journal",
    "SqliteFile",
    "choose_journal",
    "is_damage",
    "must_be_opened_again",
    "sqlite_engine",
    "wal_is_safe",
]

BUSY_TIMEOUT_S = 30.0

_LOOK = "SELECT 1 FROM sqlite_master LIMIT 1"  # takes a reader's lock, which BEGIN alone does not

_READ_ONLY, _IO_ERROR, _CORRUPT, _CANNOT_OPEN, _NOT_A_DATABASE = 8, 10, 11, 14, 26  # SQLite's result codes


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the mend of the WAL-reset fault (sqlite.org, release notes of 3.51.3).

    >>> wal_is_safe((3, 40, 1)), wal_is_safe((3, 44, 6)), wal_is_safe((3, 50, 6)), wal_is_safe((3, 52, 0))
    (False, True, False, True)
    """
    return version >= (3, 51, 3) or (version[:2] in {(3, 50), (3, 44)} and version[2] >= {50: 7, 44: 6}[version[1]])


@dataclass(frozen=True)
class Journal:
    """How a database file is kept whole: SQLite's journal mode, and what there is to say about it."""

    mode: str
    notice: str | None = None
    remote: bool = False


def choose_journal(path: Path) -> Journal:
    """The journal mode that is safe for the SQLite that is linked and the file system that `path` lies on."""
    mount = mount_of(path)
    if mount is not None and mount.remote:
        return Journal(
            "TRUNCATE",
            f"The store {path} lies on a shared file system ({mount.fstype} at {mount.point}): SQLite works there "
            "without its write-ahead log, more slowly, and only as well as that system's locks. For several machines "
            "use PostgreSQL by NBSWEEP_STORAGE.",
            remote=True,
        )
    return Journal("WAL" if wal_is_safe() else "TRUNCATE")


def sqlite_engine(url: URL, journal: Journal) -> Engine:
    """An engine whose write transactions begin with BEGIN IMMEDIATE (`execution_options(write=True)`)."""
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # pysqlite would begin transactions by rules of its own; SQLAlchemy's "begin" event does it here.
        connection.isolation_level = None
        connection.text_factory = _text
        _patiently(connection, _LOOK)  # after which none of these waits for a lock
        # Leaving the write-ahead log waits for everyone who uses it; a process that links another SQLite may.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"PRAGMA journal_mode = {journal.mode}")
        connection.execute("PRAGMA synchronous = " + ("NORMAL" if journal.mode == "WAL" else "FULL"))
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        driver = connection.connection.driver_connection  # asked itself, as it is in each turn: `nbsweep.store.direct`
        if connection.get_execution_options().get("write", False):
            _patiently(driver, "BEGIN IMMEDIATE")
        else:
            _patiently(driver, "BEGIN", _LOOK)

    return engine


def _patiently(connection: sqlite3.Connection, *words: str) -> None:
    """Statements that take a lock together, asking for it every few milliseconds.

    SQLite's own wait grows to a tenth of a second between two tries: where several processes write all the time it
    comes too late again and again (tests/benchmarks/contention.py has the figures). Nor would an interrupt end it, and
    who forks would wait for it.
    """
    until = time.monotonic() + BUSY_TIMEOUT_S
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                for each in words:
                    connection.execute(each).fetchall()
                return
            except sqlite3.OperationalError as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            with forks_may_come():
                time.sleep(random.uniform(0.0005, 0.004))
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * BUSY_TIMEOUT_S)}")


def _text(raw: bytes) -> str:
    """Text as it was kept; one damaged letter must not hide a whole table."""
    return raw.decode("utf-8", "replace")


class SqliteFile:
    """The file behind an open store: is it still the one that was opened?

    `anchor` is a connection that stays open for as long as the store does. Where somebody deletes the file, it still
    reaches what was in it.
    """

    def __init__(self, path: Path, *, remote: bool = False) -> None:
        self.path = path
        self._remote = remote  # there, inode numbers may change by themselves
        self._identity = _identity(path)
        self.anchor = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None)
        self.anchor.execute("SELECT COUNT(*) FROM meta").fetchone()  # opens the file, which connecting does not

    def what_happened(self) -> str | None:
        """None while all is well; "deleted" when the path is empty, "replaced" when another file is there."""
        found = _identity(self.path)
        if found is None:
            return "deleted"
        return "replaced" if found != self._identity and not self._remote else None

    def close(self) -> None:
        self.anchor.close()


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is no database or a damaged one."""
    return _says(error, (_CORRUPT, _NOT_A_DATABASE), ("malformed", "not a database", "unsupported file format"))


def must_be_opened_again(error: BaseException) -> bool:
    """Whether connections may never recover: one that was opened while the disk was read-only stays read-only."""
    return _says(
        error,
        (_READ_ONLY, _IO_ERROR, _CANNOT_OPEN),
        ("readonly database", "disk I/O error", "unable to open database file"),
    )


def _says(error: BaseException, codes: tuple[int, ...], words: tuple[str, ...]) -> bool:
    original = getattr(error, "orig", error)
    if isinstance(original, UnicodeDecodeError):  # SQLite's message quotes a name that is damaged
        return _CORRUPT in codes
    if not isinstance(original, sqlite3.Error):
        return False
    code = getattr(original, "sqlite_errorcode", None)  # since Python 3.11
    return code & 0xFF in codes if code is not None else any(each in str(original) for each in words)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before each transaction: Path.stat takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
