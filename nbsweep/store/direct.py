"""Runs a statement of SQLAlchemy's on the driver's own cursor, in a transaction that SQLAlchemy opened.

At each execution SQLAlchemy looks the statement up by all its parts, and makes a context, a result and its rows: more
work than the database has with a small question. What is asked every turn is compiled once for each database and, for
each length of its lists, kept as text; then only values are put in their places.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Connection, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["Rows", "run", "run_many"]


@dataclass(frozen=True)
class Rows:
    """What a question found: `names` of the columns, and the rows."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the columns' names."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def run(connection: Connection, statement: Executable, **values: Any) -> Rows:
    """One execution. A list is what an `expanding` parameter takes, for ``IN``, which does not mind a value twice.

    Lists are filled up to the next power of two with their last element, so that each statement is compiled for a few
    lengths and not for all.
    """
    for name, value in values.items():
        if type(value) is list and value:
            values[name] = value + value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))
    lengths = tuple([(name, len(value)) for name, value in values.items() if type(value) is list])
    prepared = _prepared(statement, connection.dialect, lengths)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(prepared.text, prepared.places(values))
        names = tuple([column[0] for column in cursor.description or ()])  # what only changes rows has none
        return Rows(names, cursor.fetchall() if names else ())
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection.dialect, prepared, error) from error
    finally:
        cursor.close()


def run_many(connection: Connection, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
    """The statement for each of these rows."""
    prepared = _prepared(statement, connection.dialect, ())
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(prepared.text, [prepared.places(row) for row in rows])
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection.dialect, prepared, error) from error
    finally:
        cursor.close()


@dataclass(frozen=True)
class _Prepared:
    text: str
    given: dict[str, Any]  # values that are part of the statement
    lists: dict[str, list[str]]  # an expanding parameter: the names of its elements
    order: tuple[str, ...] | None  # where the driver takes values by their places, and not by name

    def places(self, values: dict[str, Any]) -> Any:
        found = {**self.given, **values}
        for name, elements in self.lists.items():
            found.update(zip(elements, values[name], strict=True))
        if self.order is None:
            return found
        return tuple([found[name] for name in self.order])


@functools.lru_cache(maxsize=500)
def _prepared(statement: Executable, dialect: Dialect, lengths: tuple[tuple[str, int], ...]) -> _Prepared:
    assert isinstance(statement, ClauseElement)
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    asked = {name: [""] * length for name, length in lengths}
    wanted = {name: asked.get(name) for name, bind in compiled.binds.items() if bind.required}
    state = compiled.construct_expanded_state(wanted)
    elements = {name: list(state.parameter_expansion.get(name, ())) for name in asked}
    ours = {*wanted, *(each for names in elements.values() for each in names)}
    given = {name: value for name, value in state.parameters.items() if name not in ours}
    return _Prepared(state.statement, given, elements, None if state.positiontup is None else tuple(state.positiontup))


def _translated(dialect: Dialect, prepared: _Prepared, error: Exception) -> Exception:
    """As SQLAlchemy would have raised it."""
    return DBAPIError.instance(prepared.text, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
