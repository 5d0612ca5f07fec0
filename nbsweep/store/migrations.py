"""Older databases, brought up to date: a step for each version, in SQL that stays as it was written.

A step may not use `nbsweep.store.schema`: that describes the newest tables, a step those of its own time. All steps
that a database needs run in one write transaction, so that another process sees it before or after, never between.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

__all__ = ["STEPS", "migrate"]

# What turns version N - 1 into version N, in words that SQLite and PostgreSQL share.
STEPS: dict[int, tuple[str, ...]] = {
    2: (
        "ALTER TABLE sweeps ADD COLUMN version INTEGER DEFAULT '1' NOT NULL",
        "ALTER TABLE sweeps ADD COLUMN failures_from INTEGER DEFAULT '0' NOT NULL",
        "ALTER TABLE agents ADD COLUMN beat BIGINT DEFAULT '0' NOT NULL",
        "ALTER TABLE agents ADD COLUMN process TEXT",
        "ALTER TABLE agents ADD COLUMN joined INTEGER DEFAULT '0' NOT NULL",
        "ALTER TABLE runs ADD COLUMN suggestion TEXT",
        "ALTER TABLE runs ADD COLUMN code_hash VARCHAR(64)",
        "ALTER TABLE runs ADD COLUMN sweep_version INTEGER DEFAULT '1' NOT NULL",
        """CREATE TABLE codes (
            hash VARCHAR(64) NOT NULL PRIMARY KEY,
            text TEXT NOT NULL,
            kind VARCHAR(16) NOT NULL,
            created_at FLOAT NOT NULL
        )""",
        """CREATE TABLE sweep_versions (
            sweep_id VARCHAR(32) NOT NULL REFERENCES sweeps (id),
            version INTEGER NOT NULL,
            config TEXT NOT NULL,
            created_at FLOAT NOT NULL,
            changes TEXT NOT NULL,
            PRIMARY KEY (sweep_id, version)
        )""",
        "INSERT INTO sweep_versions SELECT id, 1, config, created_at, '' FROM sweeps",
        """UPDATE agents SET joined = (
            SELECT COUNT(*) FROM agents AS other
            WHERE other.sweep_id = agents.sweep_id AND other.joined_at <= agents.joined_at
        )""",
    ),
    # Columns of history have had shorter codings since (nbsweep.store.columns), which version 2 cannot read.
    3: ("CREATE INDEX runs_by_state ON runs (sweep_id, state)",),
    # An agent may be of no sweep: the process of a run outside any. To SQLite that is another table.
    4: (),
}

# SQLite has one type of integers, and no way to change a column but by a new table.
STEPS_OF: dict[str, dict[int, tuple[str, ...]]] = {
    "postgresql": {
        2: ("ALTER TABLE agents ALTER COLUMN count TYPE BIGINT",),
        4: ("ALTER TABLE agents ALTER COLUMN sweep_id DROP NOT NULL",),
    },
    "sqlite": {
        4: (
            """CREATE TABLE agents_of_4 (
                id VARCHAR(32) NOT NULL PRIMARY KEY,
                sweep_id VARCHAR(32) REFERENCES sweeps (id),
                host TEXT NOT NULL,
                pid BIGINT NOT NULL,
                process_started_at FLOAT NOT NULL,
                count BIGINT,
                started INTEGER NOT NULL,
                joined_at FLOAT NOT NULL,
                heartbeat_at FLOAT NOT NULL,
                left_at FLOAT,
                stop_requested INTEGER NOT NULL,
                beat BIGINT DEFAULT '0' NOT NULL,
                process TEXT,
                joined INTEGER DEFAULT '0' NOT NULL
            )""",
            """INSERT INTO agents_of_4 SELECT
                id, sweep_id, host, pid, process_started_at, count, started, joined_at, heartbeat_at, left_at,
                stop_requested, beat, process, joined
            FROM agents""",
            "DROP TABLE agents",
            "ALTER TABLE agents_of_4 RENAME TO agents",
            "CREATE INDEX ix_agents_sweep_id ON agents (sweep_id)",
        ),
    },
}


def migrate(connection: Connection, version: int, target: int) -> None:
    """Bring the tables from `version` to `target`; the caller has begun a write transaction and notes the version."""
    for step in range(version + 1, target + 1):
        for statement in (*STEPS[step], *STEPS_OF[connection.dialect.name].get(step, ())):
            connection.execute(text(statement))
