"""The tables, as SQLAlchemy Core knows them.

History is kept in chunks by column: one row of `history` holds up to a thousand values of one key of one run. A sweep's
`revision` grows with every change to it or to its runs, and each run carries the revision of its last change, so a
reader asks for "what changed since N" instead of reading everything again.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 4  # a change of the tables needs a step in nbsweep.store.migrations

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("config", Text, nullable=False),  # JSON
    Column("seed", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("note", Text),  # why it is paused, shown to people
    Column("note_kind", String(16)),  # who paused it or ended it early: "person", "failures", "target"
    Column("created_at", Float, nullable=False),
    Column("revision", BigInteger, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=1, server_default="1"),  # grows when its config is changed
    Column("failures_from", Integer, nullable=False, default=0, server_default="0"),  # runs before it are forgiven
)

sweep_versions = Table(
    "sweep_versions",
    metadata,
    Column("sweep_id", String(32), ForeignKey("sweeps.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("config", Text, nullable=False),  # JSON
    Column("created_at", Float, nullable=False),
    Column("changes", Text, nullable=False),  # what differs from the version before, for people
)

agents = Table(
    "agents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sweep_id", String(32), ForeignKey("sweeps.id"), index=True),  # NULL for that of a run outside any sweep
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("process_started_at", Float, nullable=False),
    Column("count", BigInteger),  # how many runs it was asked for; NULL: until the sweep ends
    Column("started", Integer, nullable=False, default=0),
    Column("joined_at", Float, nullable=False),
    Column("heartbeat_at", Float, nullable=False),
    Column("left_at", Float),
    Column("stop_requested", Integer, nullable=False, default=0),
    Column("beat", BigInteger, nullable=False, default=0, server_default="0"),  # heartbeats so far; no clock is in it
    Column("process", Text),  # tells its process from every other one of any machine: nbsweep.liveness
    Column("joined", Integer, nullable=False, default=0, server_default="0"),  # 1 for the sweep's first agent
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sweep_id", String(32), ForeignKey("sweeps.id")),
    Column("number", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("agent_id", String(32)),
    Column("name", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("config", Text, nullable=False),  # JSON
    Column("state", String(16), nullable=False),
    Column("stop_requested", Integer, nullable=False, default=0),
    Column("summary", Text, nullable=False, default="{}"),  # JSON
    Column("error", Text),  # the traceback
    Column("stopped_because", Text),  # at which band, against which threshold it was stopped early
    Column("notes", Text),
    Column("tags", Text),  # JSON
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("revision", BigInteger, nullable=False, default=0),
    Column("suggestion", Text),  # JSON: how the search came to this config
    Column("code_hash", String(64)),  # the training code, in `codes`
    Column("sweep_version", Integer, nullable=False, default=1, server_default="1"),
    UniqueConstraint("sweep_id", "number"),
)
Index("runs_by_revision", runs.c.sweep_id, runs.c.revision)
Index("runs_by_agent", runs.c.agent_id, runs.c.state)
Index("runs_by_state", runs.c.sweep_id, runs.c.state)  # each claim asks which are queued and which crashed

codes = Table(
    "codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # "python", or as its keeper says
    Column("created_at", Float, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("run_id", String(32), ForeignKey("runs.id"), primary_key=True),
    # "row": step and time of each log call; "key": one logged key; "peak": the least and greatest
    # of each full chunk of a key (nbsweep.store.peaks).
    Column("kind", String(4), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("first", BigInteger, nullable=False),  # how many values the chunks before this one hold
    Column("count", Integer, nullable=False),
    Column("index", LargeBinary, nullable=False),  # rows of the values; for kind "row" the steps
    Column("values", LargeBinary, nullable=False),
)

console = Table(
    "console",
    metadata,
    Column("run_id", String(32), ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("stream", String(8), nullable=False),
    Column("text", Text, nullable=False),
)
