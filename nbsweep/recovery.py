"""The controller's second half: runs whose process has gone.

Whoever opens a sweep looks: an agent of this host whose process is no more, or one elsewhere whose heartbeat is older
than `LEASE_S`, is dead, and its runs are `crashed`. Nobody has to be told, no server has to watch.
"""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Iterable

import psutil

from nbsweep.errors import UsageError
from nbsweep.store import LIVE_STATES, AgentRecord, RunRecord, Session, Store, SweepRecord

__all__ = ["LEASE_S", "crash_own_runs", "existing_sweep", "recover", "recover_in"]

LEASE_S = 30.0


def recover(store: Store, sweep_id: str) -> None:
    """Mark the runs whose process has gone as `crashed`. Cheap where there is nothing to do."""
    with store.read() as db:
        if not _lost(db, sweep_id):
            return
    with store.write() as db:
        recover_in(db, sweep_id)


def crash_own_runs(store: Store, agent_ids: Iterable[str]) -> None:
    """This process is about to end while these agents have runs: say so."""
    ids = list(agent_ids)
    with store.write() as db:
        for sweep_id in {agent.sweep_id for agent in db.agents_by_ids(ids)}:
            mine = [run for run in db.runs(sweep_id, states=LIVE_STATES) if run.agent_id in ids]
            _mark_crashed(db, sweep_id, mine, "The process ended while the run trained.")
        db.update_agents(ids, left_at=time.time())


def recover_in(db: Session, sweep_id: str) -> None:
    """`recover` inside a write transaction that is open already."""
    _mark_crashed(db, sweep_id, _lost(db, sweep_id), "Its process vanished while it trained.")


def _mark_crashed(db: Session, sweep_id: str, runs: list[RunRecord], why: str) -> None:
    now = time.time()
    for run in runs:
        db.update_run(run.id, state="crashed", error=why, finished_at=now)
    agents = {run.agent_id for run in runs if run.agent_id}
    db.update_agents(
        [a.id for a in db.agents(sweep_id) if a.left_at is None and (a.id in agents or not _alive(a))], left_at=now
    )
    working = any(agent.left_at is None for agent in db.agents(sweep_id))
    if not working and existing_sweep(db, sweep_id).state == "running":
        db.update_sweep(sweep_id, state="finished")


def _lost(db: Session, sweep_id: str) -> list[RunRecord]:
    live = db.runs(sweep_id, states=("running",))
    if not live:
        return []

    @functools.cache
    def dead(agent_id: str) -> bool:
        return not any(_alive(agent) for agent in db.agents_by_ids([agent_id]))

    return [run for run in live if run.agent_id is None or dead(run.agent_id)]


def _alive(agent: AgentRecord) -> bool:
    if agent.left_at is not None:
        return False
    if agent.host == socket.gethostname():
        try:
            started = psutil.Process(agent.pid).create_time()
        except psutil.Error:
            return False
        return abs(started - agent.process_started_at) < 1.0
    return time.time() - agent.heartbeat_at < LEASE_S


def existing_sweep(db: Session, sweep_id: str) -> SweepRecord:
    """The sweep, or UsageError."""
    sweep = db.sweep(sweep_id)
    if sweep is None:
        raise UsageError(f"there is no sweep {sweep_id!r} in this store")
    return sweep
