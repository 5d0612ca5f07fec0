"""The store: opens a database by SQLAlchemy URL and gives short transactions on it.

`with store.write() as db` is one write transaction, `with store.read() as db` a consistent view; `db` (a `Session`)
has the queries. Nothing outside this folder speaks SQL. Here is what they have in common; what a backend needs of its
own is in `sqlite.py` and `postgresql.py`, and a SQLite file that was deleted or damaged is seen to in `filecare.py`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from nbsweep.errors import StoreError, StoreRefusedError, StoreVersionError
from nbsweep.store import schema
from nbsweep.store.filecare import FileCare
from nbsweep.store.filesystems import absolute
from nbsweep.store.forking import transaction_open
from nbsweep.store.migrations import migrate
from nbsweep.store.postgresql import postgresql_engine
from nbsweep.store.reach import Reach
from nbsweep.store.session import Session

__all__ = ["DEFAULT_URL", "Store", "missing_file", "shown", "storage_url"]

DEFAULT_URL = "sqlite:///.nbsweep/nbsweep.db"
POSTGRESQL = "postgresql+psycopg"


def storage_url() -> str:
    """The URL of the store to use: ``NBSWEEP_STORAGE``, or a file under the working directory, made absolute.

    Absolute, so that training code that changes the directory does not move the store.

    Raises
    ------
    StoreError
        When the variable holds no URL.
    """
    url = _parsed(os.environ.get("NBSWEEP_STORAGE") or DEFAULT_URL)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        url = url.set(database=str(absolute(url.database)))
    return url.render_as_string(hide_password=False)


def missing_file(url: str) -> str | None:
    """The path of a store's file that is yet to be made; None where it is there, or where the store is no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    path = absolute(parsed.database)
    return None if path.exists() else str(path)


def shown(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


class Store:
    """A database of sweeps, runs and their history.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL of SQLite or PostgreSQL; ``sqlite:///relative/path.db`` or
        ``postgresql+psycopg://user@host/database``.

    Attributes
    ----------
    in_use : callable
        Says whether this process trains runs that it keeps here. If so, a database file that somebody deletes is put
        back with all that was in it; otherwise a new one is begun.

    Raises
    ------
    StoreVersionError
        The database was written by a newer nbsweep.
    StoreError
        It cannot be opened, or is no database of nbsweep's.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.in_use: Callable[[], bool] = lambda: False
        self._reach = Reach()
        try:
            parsed = _with_driver(_parsed(url))
            self._file: FileCare | None = None
            if parsed.get_backend_name() == "sqlite":
                self._file = FileCare(parsed, self._prepare)
                self._file.open()
            else:
                self._server = _server_engine(parsed)
                self._prepare(self._server)
        except (SQLAlchemyError, sqlite3.Error, OSError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"cannot open the store {shown(url)}: {_reason(error)}; see NBSWEEP_STORAGE") from error

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return shown(self.url)

    @property
    def notice(self) -> str | None:
        """What people should know of where their runs are kept: a network file system, a file that was salvaged."""
        return self._file.notice if self._file is not None else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view of the store, for reading. Inside it begin no other: its writer would wait for this one."""
        with self._transaction(write=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: all of it is kept, or nothing. Keep it short: other writers wait."""
        with self._transaction(write=True) as session:
            yield session

    def close(self, *, forked: bool = False) -> None:
        """Close all connections. In a forked child (`forked`) they are dropped and left to the parent."""
        if forked:
            self._reach = Reach()
        if self._file is not None:
            self._file.close(forked=forked)
        else:
            self._server.dispose(close=not forked)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Session]:
        before = sys.exc_info()[1]
        reach = self._reach
        asked = reach.begin()
        try:
            with transaction_open():
                engine = self._server if self._file is None else self._file.engine_now(self.in_use)
                with engine.connect().execution_options(write=write) as connection, connection.begin():
                    if not write:  # a reader may take its time, and keeps nobody from writing
                        reach.end(asked)
                    yield Session(connection, outages=reach.outages())
        except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeDecodeError) as error:
            interrupt = _interrupt_behind(error, before)
            if interrupt is not None:  # a command that it cut off cannot be rolled back; it must not be lost by that
                traceback.clear_frames(interrupt.__traceback__)
                raise interrupt from None
            if self._file is not None:
                self._file.note_trouble(error)
            refused = isinstance(error, (IntegrityError, DataError))
            if not refused:
                reach.failed()
            kind = StoreRefusedError if refused else StoreError
            raise kind(f"the store {self.shown} could not be used: {_reason(error)}") from error
        except BaseException as error:
            # An interrupt's traceback would hold a cursor in mid-statement, and with it SQLite's lock on the file.
            traceback.clear_frames(error.__traceback__)
            raise
        finally:
            reach.end(asked)

    def _prepare(self, engine: Engine) -> list[str]:
        """See that the tables are there and of this version; says which ones were missing."""
        with engine.connect() as connection, connection.begin():
            version, missing = _version(connection), _missing_tables(connection)
        if version == schema.SCHEMA_VERSION and not missing:
            with engine.connect() as connection, connection.begin():
                self._check_columns(connection)
            return []
        # Another process may be doing the same; inside a write transaction only one of them finds work.
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            version, missing = _version(connection), _missing_tables(connection)
            self._bring_up_to_date(connection, version)
        return missing if version == schema.SCHEMA_VERSION else []

    def _bring_up_to_date(self, connection: Connection, version: int | None) -> None:
        if version is not None and version > schema.SCHEMA_VERSION:
            raise StoreVersionError(
                f"the store {shown(self.url)} was written by a newer nbsweep (schema {version}; this one knows up to "
                f"{schema.SCHEMA_VERSION}); upgrade nbsweep, or set NBSWEEP_STORAGE to another"
            )
        if version is not None:
            migrate(connection, version, schema.SCHEMA_VERSION)
        schema.metadata.create_all(connection)
        self._check_columns(connection)
        Session(connection).set_schema_version(schema.SCHEMA_VERSION)

    def _check_columns(self, connection: Connection) -> None:
        for table in schema.metadata.sorted_tables:
            there = set(connection.execute(text(f'SELECT * FROM "{table.name}" LIMIT 0')).keys())
            lacking = [column.name for column in table.columns if column.name not in there]
            if lacking:
                raise StoreError(
                    f"the store {shown(self.url)} has a table {table.name!r} without {', '.join(lacking)}: it is not "
                    "nbsweep's or was changed by other hands; set NBSWEEP_STORAGE to another"
                )


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # no scheme; a port that is no number
        value = re.sub(r":[^:@/]*@", ":***@", url)  # a password, perhaps
        path = value if value.strip() and not re.search(r"[:@]", value) else "nbsweep.db"
        raise StoreError(
            f"NBSWEEP_STORAGE={value!r} is no URL of a store; write sqlite:///{path} for a file, "
            "or postgresql+psycopg://user@host/database"
        ) from None


def _server_engine(url: URL) -> Engine:
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError(f"NBSWEEP_STORAGE={shown(str(url))}: nbsweep keeps its store in SQLite or PostgreSQL")
    if url.drivername != POSTGRESQL:
        mended = url.set(drivername=POSTGRESQL).render_as_string(hide_password=True)
        raise StoreError(f"NBSWEEP_STORAGE={shown(str(url))}: nbsweep speaks to PostgreSQL by psycopg; write {mended}")
    try:
        return postgresql_engine(url)
    except ImportError as error:
        raise StoreError(
            f"NBSWEEP_STORAGE names PostgreSQL, but {error.name} is not installed: pip install 'nbsweep[postgres]'"
        ) from error


def _with_driver(url: URL) -> URL:
    """psycopg for PostgreSQL, where the URL names no driver."""
    return url.set(drivername=POSTGRESQL) if url.drivername in ("postgresql", "postgres") else url


def _version(connection: Connection) -> int | None:
    """The version of the tables; None where there are none."""
    return Session(connection).schema_version() if inspect(connection).has_table("meta") else None


def _missing_tables(connection: Connection) -> list[str]:
    there = set(inspect(connection).get_table_names())
    return [table.name for table in schema.metadata.sorted_tables if table.name not in there]


def _interrupt_behind(error: BaseException, before: BaseException | None) -> BaseException | None:
    """The interrupt in whose handling an error was raised; `before` is what was being handled already."""
    behind = error.__context__
    while behind is not None and behind is not before:
        if not isinstance(behind, Exception):
            return behind
        behind = behind.__context__
    return None


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
