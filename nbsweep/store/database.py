"""The store: opens a database by SQLAlchemy URL and gives short transactions on it.

`with store.write() as db` is one write transaction, `with store.read() as db` a consistent view; `db` (a `Session`)
has the queries. Nothing outside this folder speaks SQL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from nbsweep.errors import StoreError, StoreVersionError
from nbsweep.store import schema
from nbsweep.store.migrations import migrate
from nbsweep.store.session import Session
from nbsweep.store.sqlite import sqlite_engine

__all__ = ["DEFAULT_URL", "Store", "storage_url"]

DEFAULT_URL = "sqlite:///.nbsweep/nbsweep.db"


def storage_url() -> str:
    """The URL of the store to use: ``NBSWEEP_STORAGE``, or a file under the working directory, made absolute.

    Absolute, so that training code that changes the directory does not move the store.
    """
    url = make_url(os.environ.get("NBSWEEP_STORAGE") or DEFAULT_URL)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=False)


class Store:
    """A database of sweeps, runs and their history.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL; ``sqlite:///relative/path.db`` or ``postgresql+psycopg://…``.

    Raises
    ------
    StoreVersionError
        The database was written by a newer nbsweep.
    StoreError
        It cannot be opened or is not a database.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            parsed = make_url(url)
            sqlite = parsed.get_backend_name() == "sqlite"
            self._engine: Engine = sqlite_engine(parsed) if sqlite else create_engine(parsed, pool_pre_ping=True)
            self._prepare()
        except (SQLAlchemyError, OSError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"cannot open the store {_shown(url)}: {_reason(error)}; see NBSWEEP_STORAGE") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view of the store, for reading."""
        with self._transaction(write=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: all of it is kept, or nothing. Keep it short: other writers wait."""
        with self._transaction(write=True) as session:
            yield session

    def close(self, *, forked: bool = False) -> None:
        """Close all connections. In a forked child (`forked`) they are dropped and left to the parent."""
        self._engine.dispose(close=not forked)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Session]:
        try:
            with self._engine.connect().execution_options(write=write) as connection, connection.begin():
                yield Session(connection)
        except DBAPIError as error:
            raise StoreError(f"the store {_shown(self.url)} could not be used: {_reason(error)}") from error

    def _prepare(self) -> None:
        """See that the tables are there and of this version."""
        if self._version() != schema.SCHEMA_VERSION:
            # Another process may be doing the same; inside a write transaction only one of them finds work.
            with self._engine.connect().execution_options(write=True) as connection, connection.begin():
                self._bring_up_to_date(connection)

    def _version(self) -> int | None:
        """The version of the tables; None where there are none."""
        with self._engine.connect() as connection, connection.begin():
            return _version(connection)

    def _bring_up_to_date(self, connection: Connection) -> None:
        version = _version(connection)
        if version is not None and version > schema.SCHEMA_VERSION:
            raise StoreVersionError(
                f"the store {_shown(self.url)} was written by a newer nbsweep (schema {version}; this one knows up to "
                f"{schema.SCHEMA_VERSION}); upgrade with `pip install -U nbsweep`, or set NBSWEEP_STORAGE to another"
            )
        if version is None:
            schema.metadata.create_all(connection)
        else:
            migrate(connection, version, schema.SCHEMA_VERSION)
        Session(connection).set_schema_version(schema.SCHEMA_VERSION)


def _version(connection: Connection) -> int | None:
    return Session(connection).schema_version() if inspect(connection).has_table("meta") else None


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
