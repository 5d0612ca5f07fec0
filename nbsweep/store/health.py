"""How a store is: what keeps it, in which way and why, and whether it is whole. It is only read, never mended here."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from nbsweep.errors import StoreError
from nbsweep.store.filesystems import absolute
from nbsweep.store.sqlite import choose_journal, wal_is_safe

__all__ = ["StoreHealth", "examine_store"]

MOST_DAMAGE = 20  # lines of SQLite's report
CHECK_WAIT_S = 30.0


@dataclass(frozen=True)
class StoreHealth:
    """What was found.

    Attributes
    ----------
    database : str
        What keeps the store, with its version.
    how_kept : str
        The journal mode and why it is that one.
    size : str
        Of the file, for people; empty for a server.
    schema_version : int or None
    sweeps, runs : int
    damage : tuple of str or None
        What an integrity check found; empty where all is whole, None where a server sees to it.
    notice : str or None
        What people should know of the place it lies in.
    """

    database: str
    how_kept: str
    size: str
    schema_version: int | None
    sweeps: int
    runs: int
    damage: tuple[str, ...] | None = ()
    notice: str | None = None


def examine_store(url: str) -> StoreHealth:
    """Look at the store of that URL, which is there.

    Raises
    ------
    StoreError
        When it cannot be read at all.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return _examine_file(absolute(parsed.database))
    return _examine_server(url)


def _examine_file(path: Path) -> StoreHealth:
    wanted = choose_journal(path)
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=CHECK_WAIT_S)
        ) as connection:
            try:
                rows = connection.execute(f"PRAGMA integrity_check({MOST_DAMAGE})").fetchall()
                damage = tuple(line for (text,) in rows if text != "ok" for line in str(text).splitlines())
                mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0]).upper()
            except sqlite3.OperationalError:  # locked for long, or a log that may not be made: no damage
                raise
            except sqlite3.DatabaseError as error:
                damage, mode = (str(error),), "unknown"
            version, sweeps, runs = (_number(connection, query) for query in _COUNTS)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error
    if wanted.remote:
        why = "as the file lies on a shared file system, where a write-ahead log is not safe"
    elif wal_is_safe():
        why = "with a write-ahead log, as this SQLite has the mend of the WAL-reset fault"
    else:
        why = "without a write-ahead log, as this SQLite lacks the mend of the WAL-reset fault (3.51.3)"
    # A rollback journal's kind is each connection's own: the file itself only tells WAL from the others.
    mode = mode if mode == "WAL" or wanted.mode == "WAL" else wanted.mode
    size = f"{path.stat().st_size / 2**20:.1f} MiB"
    return StoreHealth(
        f"SQLite {sqlite3.sqlite_version}", f"journal mode {mode}, {why}", size, version, sweeps or 0, runs or 0,
        damage, wanted.notice,
    )  # fmt: skip


_COUNTS = (
    "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'schema_version'",
    "SELECT count(*) FROM sweeps",
    "SELECT count(*) FROM runs",
)


def _number(connection: sqlite3.Connection, query: str) -> int | None:
    try:
        row = connection.execute(query).fetchone()
    except sqlite3.DatabaseError:
        return None
    return int(row[0]) if row and row[0] is not None else None


def _examine_server(url: str) -> StoreHealth:
    from nbsweep.store.database import Store

    store = Store(url)
    try:
        with store.read() as db:
            sweeps = db.sweeps()
            runs = sum(db.run_count(sweep.id) for sweep in sweeps)
            version = db.schema_version()
    finally:
        store.close()
    name = make_url(url).get_backend_name()
    return StoreHealth(name, "by a server, for any number of machines", "on a server", version, len(sweeps), runs, None)
