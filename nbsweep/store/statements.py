"""The statements of what is asked many times a second, each built once.

To put a statement together takes SQLAlchemy longer than the database takes to answer it, and the time is taken from
training, which shares the interpreter. So what the recorder and the dashboards ask each turn is built here, with a name
in the place of each value: as a constant, or by a cached function where the shape depends on what is asked. Lists are
`expanding` parameters. `nbsweep.store.direct` runs them. Statements that are rare stay where they are used, in
`nbsweep.store.session`.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from sqlalchemy import Executable, Select, bindparam, func, literal_column, null, or_, select, union_all

from nbsweep.store import schema
from nbsweep.store.columns import JSON_CODE
from nbsweep.store.records import ENDABLE_STATES

__all__ = [
    "AGENTS_BY_IDS",
    "AGENTS_OF",
    "ALL_REVISIONS",
    "ASKED",
    "BEAT",
    "CARRY_REVISIONS",
    "NEWEST_POINTS",
    "NEXT_REVISIONS",
    "POINTS_AMONG_WORDS",
    "REVISIONS",
    "RUNS_BY_IDS",
    "SWEEP",
    "chunks_of",
    "put_chunk",
    "runs_of",
    "update_run",
]

_sweeps, _runs, _agents, _history = schema.sweeps, schema.runs, schema.agents, schema.history


def _ids(name: str = "ids") -> Any:
    return bindparam(name, expanding=True)


SWEEP = select(_sweeps).where(_sweeps.c.id == bindparam("sweep"))
ALL_REVISIONS = select(_sweeps.c.id, _sweeps.c.revision)
REVISIONS = ALL_REVISIONS.where(_sweeps.c.id.in_(_ids()))

NEXT_REVISIONS = (
    _sweeps.update()
    .where(_sweeps.c.id.in_(select(_runs.c.sweep_id).where(_runs.c.id.in_(_ids()))))
    .values(revision=_sweeps.c.revision + 1)
)
_OF_ITS_SWEEP = func.coalesce(
    select(_sweeps.c.revision).where(_sweeps.c.id == _runs.c.sweep_id).scalar_subquery(), _runs.c.revision
)
CARRY_REVISIONS = _runs.update().where(_runs.c.id.in_(_ids())).values(revision=_OF_ITS_SWEEP)

RUNS_BY_IDS = select(_runs).where(_runs.c.id.in_(_ids()))

AGENTS_OF = (
    select(_agents).where(_agents.c.sweep_id == bindparam("sweep")).order_by(_agents.c.joined, _agents.c.joined_at)
)
AGENTS_BY_IDS = select(_agents).where(_agents.c.id.in_(_ids()))
BEAT = _agents.update().where(_agents.c.id.in_(_ids())).values(beat=_agents.c.beat + 1, heartbeat_at=bindparam("now"))

ASKED = union_all(
    select(literal_column("'run'"), _runs.c.id, _runs.c.stop_requested, _runs.c.state).where(
        _runs.c.id.in_(_ids("runs")), or_(_runs.c.stop_requested != 0, _runs.c.state == "crashed")
    ),
    select(literal_column("'agent'"), _agents.c.id, _agents.c.stop_requested, null()).where(
        _agents.c.id.in_(_ids("agents")), _agents.c.stop_requested != 0
    ),
)
"""What others did to these runs and agents: a stop that they asked for, a run that they took for dead."""

# Chunks are long: of each column only the newest one is read, which the index finds.
_is_words = func.substr(_history.c["values"], 1, 1) == JSON_CODE
_newest = (
    select(_history.c.run_id, _history.c.key, func.max(_history.c.seq).label("seq"))
    .where(_history.c.run_id.in_(_ids()), _history.c.kind == "key")
    .group_by(_history.c.run_id, _history.c.key)
    .subquery()
)
NEWEST_POINTS = (
    select(_history.c.run_id, _history.c.key, _history.c.first + _history.c.count, _is_words)
    .join(
        _newest,
        (_history.c.run_id == _newest.c.run_id) & (_history.c.key == _newest.c.key) & (_history.c.seq == _newest.c.seq),
    )
    .where(_history.c.kind == "key")
)
"""Run, key, how many values, and whether the newest chunk has anything but numbers."""
POINTS_AMONG_WORDS = (
    select(_history.c.run_id, _history.c.key, func.max(_history.c.first + _history.c.count))
    .where(_history.c.run_id.in_(_ids()), _history.c.kind == "key", _history.c.key.in_(_ids("keys")), ~_is_words)
    .group_by(_history.c.run_id, _history.c.key)
)


@functools.cache
def runs_of(*, since: bool, numbered: bool, states: bool) -> Select[Any]:
    """The runs of a sweep: of a later revision than `since`, from a number on, in one of some states."""
    query = select(_runs).where(_runs.c.sweep_id == bindparam("sweep"))
    if since:
        query = query.where(_runs.c.revision > bindparam("since"))
    if numbered:
        query = query.where(_runs.c.number >= bindparam("from_number"))
    if states:
        query = query.where(_runs.c.state.in_(_ids("states")))
    return query


@functools.cache
def chunks_of(*, kind: bool, key: bool) -> Select[Any]:
    """Chunks of runs from a number on, of one kind, of one key, in order."""
    table = _history
    query = select(table).where(table.c.run_id.in_(_ids()), table.c.seq >= bindparam("seq"))
    if kind:
        query = query.where(table.c.kind == bindparam("kind"))
    if key:
        query = query.where(table.c.key == bindparam("key"))
    return query.order_by(table.c.run_id, table.c.kind, table.c.key, table.c.seq)


@functools.cache
def update_run(columns: tuple[str, ...], ending: bool) -> Executable:
    """One statement for all runs of which these columns change; each carries its sweep's revision.

    With `ending` only of those of which `RunRecord.is_to_end_by` an agent is true.
    """
    query = _runs.update().where(_runs.c.id == bindparam("run"))
    if ending:
        query = query.where(or_(*(_runs.c.state == state for state in ENDABLE_STATES)))
        query = query.where(or_(_runs.c.agent_id.is_(None), _runs.c.agent_id == bindparam("owner")))
    return query.values(revision=_OF_ITS_SWEEP, **{name: bindparam(name) for name in columns})


@functools.cache
def put_chunk(dialect: str) -> Executable:
    """One statement for all chunks of a transaction, new ones and those that have grown."""
    insert = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(_history)
    changed = {name: insert.excluded[name] for name in ("first", "count", "index", "values")}
    statement: Executable = insert.on_conflict_do_update(index_elements=list(_history.primary_key), set_=changed)
    return statement
