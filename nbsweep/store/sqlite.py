"""What SQLite needs before it can be shared: one way to begin, a patient wait for locks, a journal that is safe.

Write-ahead logging is faster, but SQLite before 3.51.3 (but for 3.50.7 and 3.44.6) can lose a committed transaction
when two processes reset the log at the same moment, so it is used only where the linked library has the mend. The
rollback journal used elsewhere has no such fault; its readers and writers take short turns.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

BUSY_TIMEOUT_S = 30.0


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the mend of the WAL-reset fault (sqlite.org, release notes of 3.51.3).

    >>> wal_is_safe((3, 40, 1)), wal_is_safe((3, 44, 6)), wal_is_safe((3, 50, 6)), wal_is_safe((3, 52, 0))
    (False, True, False, True)
    """
    return version >= (3, 51, 3) or (version[:2] in {(3, 50), (3, 44)} and version[2] >= {50: 7, 44: 6}[version[1]])


def sqlite_engine(url: URL) -> Engine:
    """An engine whose write transactions begin with BEGIN IMMEDIATE (`execution_options(write=True)`)."""
    if url.database and url.database != ":memory:":
        path = Path(url.database).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        url = url.set(database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # pysqlite would begin transactions by rules of its own; SQLAlchemy's "begin" event does it here.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = " + ("WAL" if wal_is_safe() else "TRUNCATE"))
        connection.execute("PRAGMA synchronous = " + ("NORMAL" if wal_is_safe() else "FULL"))
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
