"""Rows of one SQLite database brought into another, so that of two states of a row the later one stays.

It serves two ends: what a deleted file held goes into the one that takes its place, and what can still be read of a
damaged file goes into a new one. In come rows by table, in any state; out goes how many were kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from nbsweep.store import schema

__all__ = ["TABLES", "Rows", "columns_of", "merge", "read_tables"]

# Parents before children.
TABLES = tuple(table.name for table in schema.metadata.sorted_tables)

Rows = Callable[[str], Iterable[tuple[object, ...]]]

# Of two rows with one key the later is the one with the greater number here; others never change.
_LATER_BY = {"sweeps": "revision", "runs": "revision", "agents": "beat", "history": "count"}
_BATCH = 500


def columns_of(table: str) -> list[str]:
    """The names of a table's columns, in the order that rows are given in."""
    return [column.name for column in schema.metadata.tables[table].columns]


def merge(rows: Rows, target: sqlite3.Connection) -> dict[str, int]:
    """Bring rows into `target`, inside the write transaction open on it; rows without their parent are left out.

    Returns
    -------
    dict of str to int
        How many rows of each table are new in `target` or later than those that were there.
    """
    kept = {}
    for table in TABLES:
        if table == "meta":
            continue
        before = target.total_changes
        statement = _upsert(table)
        for batch in _batches(_with_parents(table, rows(table), target)):
            target.executemany(statement, batch)
        kept[table] = target.total_changes - before
    return kept


def read_tables(connection: sqlite3.Connection, complain: Callable[[str, Exception], None] | None = None) -> Rows:
    """The rows of a database that may be damaged: each table as far as it can be read; `complain` hears of the rest."""

    def rows(table: str) -> Iterator[tuple[object, ...]]:
        names = ", ".join(f'"{name}"' for name in columns_of(table))
        try:
            yield from connection.execute(f'SELECT {names} FROM "{table}"')
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if complain is None:
                raise
            complain(table, error)

    return rows


def _upsert(table: str) -> str:
    columns = schema.metadata.tables[table].columns
    names = [f'"{column.name}"' for column in columns]
    keys = [f'"{column.name}"' for column in columns if column.primary_key]
    statement = (
        f'INSERT OR IGNORE INTO "{table}" ({", ".join(names)}) VALUES ({", ".join("?" * len(names))}) '
        f"ON CONFLICT ({', '.join(keys)}) DO "
    )
    if table not in _LATER_BY:
        return statement + "NOTHING"
    later = f'"{_LATER_BY[table]}"'
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return statement + f'UPDATE SET {changes} WHERE excluded.{later} > "{table}".{later}'


def _with_parents(
    table: str, rows: Iterable[tuple[object, ...]], target: sqlite3.Connection
) -> Iterator[tuple[object, ...]]:
    """Rows whose parent is there. A run that lost its sweep is kept without one."""
    key = next(iter(schema.metadata.tables[table].foreign_keys), None)
    if key is None:
        yield from rows
        return
    parents = {parent for (parent,) in target.execute(f"SELECT id FROM {key.column.table.name}")}
    place = columns_of(table).index(key.parent.name)
    for row in rows:
        if row[place] is None or row[place] in parents:
            yield row
        elif table == "runs":
            yield (*row[:place], None, *row[place + 1 :])


def _batches(rows: Iterable[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
