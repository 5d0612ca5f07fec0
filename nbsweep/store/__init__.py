"""The only room that speaks SQL: sweeps, runs, agents, history and console output, in SQLite or PostgreSQL.

`Store(url)` opens a database; `store.read()` and `store.write()` give a `Session` inside one transaction.
"""

from __future__ import annotations

from nbsweep.store.chunks import Chunk, Column, History, RunTail, first_values, read_history, values_beyond
from nbsweep.store.database import DEFAULT_URL, Store, missing_file, shown, storage_url
from nbsweep.store.records import LIVE_STATES, AgentRecord, RunRecord, SweepRecord, SweepVersion
from nbsweep.store.session import Session

__all__ = [
    "DEFAULT_URL",
    "LIVE_STATES",
    "AgentRecord",
    "Chunk",
    "Column",
    "History",
    "RunRecord",
    "RunTail",
    "Session",
    "Store",
    "SweepRecord",
    "SweepVersion",
    "first_values",
    "missing_file",
    "read_history",
    "shown",
    "storage_url",
    "values_beyond",
]
