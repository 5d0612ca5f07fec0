"""A damaged SQLite file: what can be read of it goes into a new one, and it is put aside, never deleted.

The damaged file is worked on as a copy. First SQLite reads the tables as far as it can; where it gives up, rows are
found page by page (`nbsweep.store.pages`). Only one process does this at a time, and a file that turns out to be sound
is left alone.
"""

from __future__ import annotations

import contextlib
import mmap
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from nbsweep.store import schema
from nbsweep.store.merging import TABLES, merge, read_tables
from nbsweep.store.pages import MAGIC, looks_like_ours, recovered_rows

__all__ = ["NotOursError", "is_sound", "new_database", "salvage"]

SIDECARS = ("-journal", "-wal", "-shm")
_LOCK_WAIT_S = 120.0


class NotOursError(Exception):
    """The file is no database of nbsweep's: it must not be touched."""


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as connection:
            connection.text_factory = bytes  # what is wrong is quoted as it is
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == (b"ok",))
    except sqlite3.OperationalError:
        return True  # it is locked or cannot be reached, which is no damage
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # the message may quote a name that is damaged
        return False


def salvage(path: Path) -> str | None:
    """Put a damaged file aside and a new one with all that could be read in its place.

    Returns
    -------
    str or None
        What was done, for people; None when the file is sound after all (another process was first).

    Raises
    ------
    NotOursError
        When nothing in the file is nbsweep's; it is left as it is.
    OSError, sqlite3.Error
        When the directory cannot be written.
    """
    _refuse_what_is_not_ours(path)
    with _alone(path):
        if is_sound(path):
            return None
        with tempfile.TemporaryDirectory(prefix="nbsweep-salvage-") as scratch:
            copy = _copy(path, Path(scratch))
            fresh = path.with_name(f"{path.name}.salvaged")
            fresh.unlink(missing_ok=True)
            kept, unread = _rebuild(copy, fresh)
        aside = _put_aside(path)
        fresh.rename(path)
    runs, history = kept.get("runs", 0), kept.get("history", 0)
    lost = "; where SQLite could not read it, rows were found page by page, and some may be missing" if unread else ""
    return (
        f"The store {path} was damaged. {runs} runs and {history} pieces of history were saved into a new file in its "
        f"place{lost}. The damaged file is kept as {aside.name}."
    )


def new_database(path: Path) -> sqlite3.Connection:
    """A new file with all tables, and an open connection to it."""
    from sqlalchemy import create_engine

    from nbsweep.store.session import Session

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        Session(connection).set_schema_version(schema.SCHEMA_VERSION)
    engine.dispose()
    return sqlite3.connect(path, isolation_level=None)


def _rebuild(copy: Path, fresh: Path) -> tuple[dict[str, int], list[str]]:
    """Fill `fresh` from the damaged `copy`: rows kept by table, and the tables that could not be read to their end."""
    unread: dict[str, Exception] = {}
    with contextlib.closing(new_database(fresh)) as target:
        target.execute("PRAGMA synchronous = FULL")
        target.execute("BEGIN IMMEDIATE")
        with contextlib.closing(sqlite3.connect(copy)) as source:
            kept = merge(read_tables(source, unread.__setitem__), target)
        if unread or not is_sound(copy):
            with copy.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                merge(lambda table: recovered_rows(data, table), target)
            kept = {table: target.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0] for table in TABLES}
        target.execute("COMMIT")
    return kept, sorted(unread)


def _refuse_what_is_not_ours(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not looks_like_ours(data):
            raise NotOursError(path)


def _copy(path: Path, scratch: Path) -> Path:
    """A copy to work on; its first bytes are mended, so that SQLite tries."""
    copy = scratch / "copy.db"
    shutil.copyfile(path, copy)
    for suffix in SIDECARS:
        sidecar = path.with_name(path.name + suffix)
        if sidecar.exists() and suffix != "-shm":
            shutil.copyfile(sidecar, copy.with_name(copy.name + suffix))
    with copy.open("r+b") as mended:
        mended.write(MAGIC)
    return copy


def _put_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{count}")
    path.rename(aside)
    for suffix in SIDECARS:  # they belong to it: beside another file of the name SQLite would play them back
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process at a time; SQLite's own lock, which ends with its process. The empty file of it stays behind."""
    lock = path.with_name(f"{path.name}.salvage-lock")
    with contextlib.closing(sqlite3.connect(lock, timeout=_LOCK_WAIT_S, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
