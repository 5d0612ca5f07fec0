"""The queries, on one open transaction.

Each method is one statement or two; what they mean together (who may start which run, when a sweep ends) is the
controller's business.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Executable, Select, Table, func, or_, select
from sqlalchemy.exc import NoResultFound

from nbsweep.store import direct, schema, statements
from nbsweep.store.chunks import CHUNK_VALUES, Chunk
from nbsweep.store.columns import JSON_CODE
from nbsweep.store.records import AgentRecord, Asked, RunRecord, SweepRecord, SweepVersion
from nbsweep.store.rows import agent_of, from_row, key_of, plain, row_of, run_of, sweep_of, to_row

__all__ = ["Session"]

MOST_IDS = 8192  # SQLite takes 32,766 values in a statement, PostgreSQL 65,535; a power of two: `direct.run`


class Session:
    """The store's reads and writes inside one transaction.

    Attributes
    ----------
    outages : int
        Changes when the store was out of this process's reach: `nbsweep.store.reach`.
    """

    def __init__(self, connection: Connection, *, outages: int = 0) -> None:
        self._connection = connection
        self.outages = outages

    # -- sweeps --------------------------------------------------------------------------------------------------

    def insert_sweep(self, sweep: SweepRecord) -> None:
        """Keep a new sweep, and its config as its first version."""
        self._insert(schema.sweeps, sweep)
        self._insert(schema.sweep_versions, SweepVersion(sweep.id, sweep.version, sweep.config, sweep.created_at))

    def sweep(self, sweep_id: str) -> SweepRecord | None:
        found = self._ask(statements.SWEEP, sweep=sweep_id).dicts()
        return sweep_of(found[0]) if found else None

    def sweeps(self, *, project: str | None = None, name: str | None = None) -> list[SweepRecord]:
        """Newest first."""
        query = select(schema.sweeps).order_by(schema.sweeps.c.created_at.desc())
        if project is not None:
            query = query.where(schema.sweeps.c.project == plain(project))
        if name is not None:
            query = query.where(schema.sweeps.c.name == plain(name))
        return [sweep_of(row) for row in self._all(query)]

    def revisions(self, sweep_ids: Iterable[str] | None = None) -> dict[str, int]:
        """{sweep id: revision} of those that are there; None: of all."""
        if sweep_ids is None:
            found = self._ask(statements.ALL_REVISIONS)
        else:
            found = self._ask(statements.REVISIONS, ids=list(sweep_ids))
        return {sweep_id: int(revision) for sweep_id, revision in found.rows}

    def update_sweep(self, sweep_id: str, **values: Any) -> int:
        """Change columns of a sweep and return its new revision."""
        table = schema.sweeps
        self._connection.execute(
            table.update().where(table.c.id == sweep_id).values(**to_row(values), revision=table.c.revision + 1)
        )
        revision = self.revisions([sweep_id]).get(sweep_id)
        if revision is None:
            raise NoResultFound(f"there is no sweep {sweep_id!r}")
        return revision

    def delete_sweep(self, sweep_id: str) -> None:
        """Delete a sweep with its versions, agents and runs, and all that they logged and printed.

        Training code stays: other sweeps' runs may have been trained with it.
        """
        runs = select(schema.runs.c.id).where(schema.runs.c.sweep_id == sweep_id)
        for table in (schema.history, schema.console):
            self._connection.execute(table.delete().where(table.c.run_id.in_(runs)))
        for table in (schema.runs, schema.agents, schema.sweep_versions):
            self._connection.execute(table.delete().where(table.c.sweep_id == sweep_id))
        self._connection.execute(schema.sweeps.delete().where(schema.sweeps.c.id == sweep_id))

    def insert_sweep_version(self, sweep_id: str, version: int, config: Mapping[str, Any], changes: str) -> None:
        """Keep the config of a later version; `changes` says what differs from the one before.

        The sweep itself is changed by ``update_sweep(sweep_id, version=…, config=…)``.
        """
        self._insert(schema.sweep_versions, SweepVersion(sweep_id, version, dict(config), time.time(), changes))

    def sweep_versions(self, sweep_id: str) -> list[SweepVersion]:
        """All versions of a sweep's config, the first one first."""
        table = schema.sweep_versions
        query = select(table).where(table.c.sweep_id == sweep_id).order_by(table.c.version)
        return [SweepVersion(**from_row(row)) for row in self._all(query)]

    # -- training code -------------------------------------------------------------------------------------------

    def insert_code(self, code_hash: str, text: str, kind: str = "python") -> None:
        """Keep training code under its hash; nothing happens where it is kept already."""
        if self.code(code_hash) is None:
            values = {"hash": code_hash, "text": text, "kind": kind, "created_at": time.time()}
            self._connection.execute(schema.codes.insert().values(**to_row(values)))

    def code(self, code_hash: str) -> str | None:
        """The training code of that hash, or None."""
        query = select(schema.codes.c.text).where(schema.codes.c.hash == code_hash)
        text: str | None = self._connection.execute(query).scalar()
        return text

    # -- runs ----------------------------------------------------------------------------------------------------

    def insert_run(self, run: RunRecord) -> None:
        self.insert_runs([run])

    def insert_runs(self, runs: Iterable[RunRecord]) -> None:
        """Keep new runs, in one statement."""
        rows = [row_of(run) for run in runs]
        if rows:
            self._connection.execute(schema.runs.insert(), rows)
            self.touch_runs([row["id"] for row in rows])

    def run(self, run_id: str) -> RunRecord | None:
        return next(iter(self.runs_by_ids([run_id])), None)

    def runs(
        self,
        sweep_id: str,
        *,
        since_revision: int = -1,
        states: Iterable[str] | None = None,
        from_number: int = 0,
    ) -> list[RunRecord]:
        """The runs of a sweep that changed after `since_revision` (and are in one of `states`), by number."""
        asked = {"since": since_revision, "from_number": from_number, "states": list(states or ())}
        query = statements.runs_of(since=since_revision >= 0, numbered=from_number > 0, states=states is not None)
        # Sorted here: to spare itself the sorting, SQLite would read all runs of the sweep, in their numbers' order.
        return sorted(
            (run_of(row) for row in self._ask(query, sweep=sweep_id, **asked).dicts()), key=attrgetter("index")
        )

    def runs_by_ids(self, run_ids: Iterable[str]) -> list[RunRecord]:
        return [run_of(row) for ids in _batches(run_ids) for row in self._ask(statements.RUNS_BY_IDS, ids=ids).dicts()]

    def runs_called(self, reference: str) -> list[RunRecord]:
        """The runs of that id or name, of any sweep or none, newest first."""
        table = schema.runs
        query = select(table).where(or_(table.c.id == reference, table.c.name == reference))
        return [run_of(row) for row in self._all(query.order_by(table.c.created_at.desc()))]

    def runs_alone(self, *, states: Iterable[str] | None = None) -> list[RunRecord]:
        """The runs outside any sweep (that are in one of `states`), oldest first."""
        table = schema.runs
        alone = select(table).where(table.c.sweep_id.is_(None))
        if states is not None:
            alone = alone.where(table.c.state.in_(list(states)))
        return [run_of(row) for row in self._all(alone.order_by(table.c.created_at))]

    def run_count(self, sweep_id: str) -> int:
        query = select(func.count()).select_from(schema.runs).where(schema.runs.c.sweep_id == sweep_id)
        return int(self._connection.execute(query).scalar_one())

    def next_run_number(self, sweep_id: str | None, project: str) -> int:
        """One past the greatest number of the sweep, or of the project's runs outside any sweep."""
        where = (
            (schema.runs.c.sweep_id == sweep_id,)
            if sweep_id is not None
            else (schema.runs.c.sweep_id.is_(None), schema.runs.c.project == plain(project))
        )
        newest = self._connection.execute(select(func.max(schema.runs.c.number)).where(*where)).scalar()
        return 0 if newest is None else int(newest) + 1

    def update_run(self, run_id: str, **values: Any) -> None:
        """Change columns of a run; readers of its sweep will see that it changed."""
        self.update_runs({run_id: values})

    def update_runs(self, changes: Mapping[str, Mapping[str, Any]], *, ending: bool = False) -> None:
        """Change columns of many runs, {run id: values}.

        With `ending` it is the word of the agents that the values name, of runs that are to end by them
        (`RunRecord.is_to_end_by`); all others stay as they are.
        """
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for run_id, values in changes.items():
            owner = {"owner": values["agent_id"]} if ending else {}
            alike.setdefault(tuple(values), []).append({"run": run_id, **owner, **to_row(values)})
        for ids in _batches(changes):
            self._ask(statements.NEXT_REVISIONS, ids=ids)
        for columns, rows in alike.items():
            direct.run_many(self._connection, statements.update_run(columns, ending), rows)

    def free_run_name(self, run_id: str, name: str) -> str:
        """The name for a run, with its number after it where another of its sweep has it: names tell runs apart."""
        table = schema.runs
        own = self._connection.execute(select(table.c.sweep_id, table.c.number).where(table.c.id == run_id)).first()
        if own is None or own.sweep_id is None:
            return name
        others = select(table.c.name).where(table.c.sweep_id == own.sweep_id, table.c.id != run_id)
        wanted = name
        while self._connection.execute(others.where(table.c.name == plain(wanted))).first() is not None:
            wanted = f"{wanted}-{own.number + 1}"
        return wanted

    def touch_runs(self, run_ids: Iterable[str]) -> None:
        """Note that these runs changed: their sweeps' revisions grow, and the runs carry them."""
        for ids in _batches(run_ids):
            self._ask(statements.NEXT_REVISIONS, ids=ids)
            self._ask(statements.CARRY_REVISIONS, ids=ids)

    def asked(self, run_ids: Iterable[str], agent_ids: Iterable[str]) -> Asked:
        """What others did to these runs and agents, mostly nothing: one statement that finds no row."""
        found: list[Any] = []
        batches = itertools.zip_longest(_batches(run_ids), _batches(agent_ids))
        for runs, agents in batches:
            found += self._ask(statements.ASKED, runs=runs or [], agents=agents or []).rows
        return Asked(
            [each for kind, each, stop, _state in found if kind == "run" and stop],
            [each for kind, each, _stop, state in found if kind == "run" and state == "crashed"],
            [each for kind, each, _stop, _state in found if kind == "agent"],
        )

    # -- agents --------------------------------------------------------------------------------------------------

    def insert_agent(self, agent: AgentRecord) -> None:
        """Keep a new agent as the sweep's latest."""
        table = schema.agents
        latest = self._connection.execute(
            select(func.max(table.c.joined)).where(table.c.sweep_id == agent.sweep_id)
        ).scalar()
        self._insert(table, replace(agent, joined=int(latest or 0) + 1))

    def agents(self, sweep_id: str) -> list[AgentRecord]:
        """In the order they joined."""
        return [agent_of(row) for row in self._ask(statements.AGENTS_OF, sweep=sweep_id).dicts()]

    def agents_by_ids(self, agent_ids: Iterable[str]) -> list[AgentRecord]:
        return [agent_of(row) for row in self._ask(statements.AGENTS_BY_IDS, ids=list(agent_ids)).dicts()]

    def update_agents(self, agent_ids: Iterable[str], **values: Any) -> None:
        table = schema.agents
        self._connection.execute(table.update().where(table.c.id.in_(list(agent_ids))).values(**values))

    def beat_agents(self, agent_ids: Iterable[str]) -> None:
        """Let these agents' heartbeats count one more."""
        self._ask(statements.BEAT, ids=list(agent_ids), now=time.time())

    # -- history and console -------------------------------------------------------------------------------------

    def put_chunks(self, chunks: Iterable[Chunk]) -> None:
        """Write chunks, each in the place of an earlier, shorter one of the same run, kind, key and number."""
        rows = [
            {
                "run_id": chunk.run_id,
                "kind": chunk.kind,
                "key": key_of(chunk.key),
                "seq": chunk.seq,
                "first": chunk.first,
                "count": chunk.count,
                "index": chunk.index,
                "values": chunk.values,
            }
            for chunk in chunks
        ]
        if rows:
            direct.run_many(self._connection, statements.put_chunk(self._connection.dialect.name), rows)

    def chunks(
        self,
        run_ids: Iterable[str],
        *,
        kind: str | None = None,
        key: str | None = None,
        since: Mapping[tuple[str, str], int] | None = None,
    ) -> list[Chunk]:
        """Chunks of these runs (of one kind, of one key) in order.

        With `since` ({(run, key): count}) only those that hold newer values.
        """
        column = key_of(key) if key is not None else "" if kind == "row" else None
        since = since or {}
        starts: dict[int, list[str]] = {}  # runs by their first chunk that may be wanted: those before it are all full
        for run_id in sorted(run_ids):
            known = 0 if column is None else since.get((run_id, column), 0)
            starts.setdefault(max(known, 0) // CHUNK_VALUES, []).append(run_id)
        query = statements.chunks_of(kind=kind is not None, key=column is not None)
        chunks = [
            Chunk(**row)
            for seq, ids in starts.items()
            for some in _batches(ids)
            for row in self._ask(query, ids=some, seq=seq, kind=kind, key=column).dicts()
        ]
        if len(starts) > 1:
            chunks.sort(key=attrgetter("run_id", "kind", "key", "seq"))
        return [each for each in chunks if each.first + each.count > since.get((each.run_id, each.key), -1)]

    def chunks_beyond(self, key: str, held: Mapping[str, int]) -> list[Chunk]:
        """Chunks of a key that hold newer values than the first ones that are held: {run id: count}."""
        column = key_of(key)
        since = {(run_id, column): count for run_id, count in held.items()}
        return self.chunks(held, kind="key", key=column, since=since)

    def newest_rows(self, run_id: str) -> list[Chunk]:
        """The last chunk of a run's steps and times; empty where it has logged nothing."""
        table = schema.history
        rows = select(table).where(table.c.run_id == run_id, table.c.kind == "row", table.c.key == "")
        return [Chunk(**row) for row in self._all(rows.order_by(table.c.seq.desc()).limit(1))]

    def values_before(self, run_id: str, key: str, seq: int) -> int | None:
        """How many values of a key come before its chunk of that number; None where there is no such chunk."""
        table = schema.history
        query = select(table.c.first).where(
            table.c.run_id == run_id, table.c.kind == "key", table.c.key == key_of(key), table.c.seq == seq
        )
        first = self._connection.execute(query).scalar()
        return None if first is None else int(first)

    def points(self, run_ids: Iterable[str]) -> dict[tuple[str, str], int]:
        """How many numbers each run has logged of each key: {(run id, key): count}; other kinds of values left out."""
        points: dict[tuple[str, str], int] = {}
        for ids in _batches(run_ids):
            words: set[str] = set()
            for run_id, key, count, is_words in self._ask(statements.NEWEST_POINTS, ids=ids).rows:
                if is_words:
                    words.add(key)
                else:
                    points[run_id, key] = int(count)
            for keys in _batches(words):  # numbers that something else was logged after
                for run_id, key, count in self._ask(statements.POINTS_AMONG_WORDS, ids=ids, keys=keys).rows:
                    points[run_id, key] = int(count)
        return points

    def newest_words(self, run_id: str) -> list[Chunk]:
        """The newest chunk of each column of a run that holds anything but numbers."""
        table = schema.history
        newest = (
            select(table.c.key, func.max(table.c.seq).label("seq"))
            .where(table.c.run_id == run_id, table.c.kind == "key")
            .group_by(table.c.key)
            .subquery()
        )
        query = (
            select(table)
            .join(newest, (table.c.key == newest.c.key) & (table.c.seq == newest.c.seq))
            .where(table.c.run_id == run_id, table.c.kind == "key")
            .where(func.substr(table.c["values"], 1, 1) == JSON_CODE)
            .order_by(table.c.key)
        )
        return [Chunk(**row) for row in self._all(query)]

    def append_console(self, run_id: str, pieces: Iterable[tuple[str, str]]) -> int:
        """Add (stream, text) pieces to what the run printed; returns where they begin."""
        table = schema.console
        query = select(func.max(table.c.seq)).where(table.c.run_id == run_id)
        newest = self._connection.execute(query).scalar()
        start = 0 if newest is None else int(newest) + 1
        texts = enumerate(((stream, plain(text)) for stream, text in pieces), start)
        rows = [{"run_id": run_id, "seq": seq, "stream": stream, "text": text} for seq, (stream, text) in texts]
        if rows:
            self._connection.execute(table.insert(), rows)
        return start

    def console(self, run_id: str, start: int = 0) -> list[tuple[str, str]]:
        """The (stream, text) pieces of what the run printed, from a place on."""
        table = schema.console
        query = select(table.c.stream, table.c.text).where(table.c.run_id == run_id, table.c.seq >= start)
        return [(row.stream, row.text) for row in self._connection.execute(query.order_by(table.c.seq))]

    # -- the database itself -------------------------------------------------------------------------------------

    def schema_version(self) -> int | None:
        query = select(schema.meta.c.value).where(schema.meta.c.key == "schema_version")
        value = self._connection.execute(query).scalar()
        return None if value is None else int(value)

    def set_schema_version(self, version: int) -> None:
        self._connection.execute(schema.meta.delete().where(schema.meta.c.key == "schema_version"))
        self._connection.execute(schema.meta.insert().values(key="schema_version", value=str(version)))

    # -- private -------------------------------------------------------------------------------------------------

    def _insert(self, table: Table, record: Any) -> None:
        values = {f.name: getattr(record, f.name) for f in fields(record)}
        self._connection.execute(table.insert().values(**to_row(values)))

    def _ask(self, statement: Executable, **values: Any) -> direct.Rows:
        """One of `statements`; they are asked so often that it matters what is between here and the driver."""
        return direct.run(self._connection, statement, **values)

    def _all(self, query: Select[Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(query).mappings()]


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    listed = list(ids)
    for start in range(0, len(listed), MOST_IDS):
        yield listed[start : start + MOST_IDS]
