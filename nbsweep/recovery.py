"""The controller's second half: runs whose process has gone.

Whoever opens a sweep looks: an agent of this machine whose process is no more, or one elsewhere whose heartbeats have
stood still for `LEASE_S`, is dead (`nbsweep.liveness` says how that is known), and its runs are `crashed`; those that
it had only claimed are `pending` again. Nobody has to be told, no server has to watch.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterable

from nbsweep.claims import give_back_in
from nbsweep.errors import UsageError
from nbsweep.liveness import LEASE_S, Observer
from nbsweep.store import LIVE_STATES, AgentRecord, RunRecord, Session, Store, SweepRecord, read_history

__all__ = ["LEASE_S", "crash_own_runs", "existing_sweep", "recover", "recover_in", "revive_in"]

_observer = Observer()


def recover(store: Store, sweep_id: str | None) -> None:
    """Mark the runs whose process has gone as `crashed`. Cheap where there is nothing to do.

    Parameters
    ----------
    store : Store
    sweep_id : str or None
        None: the runs outside any sweep.
    """
    with store.read() as db:
        if not _lost(db, sweep_id) and not _gone(db, sweep_id):
            return
    with store.write() as db:
        recover_in(db, sweep_id)


def crash_own_runs(store: Store, agent_ids: Iterable[str]) -> None:
    """This process is about to end while these agents have runs: say so."""
    ids = list(agent_ids)
    with store.write() as db:
        db.update_agents(ids, left_at=time.time(), stop_requested=1)  # one may be asking for its next run just now
        for sweep_id in {agent.sweep_id for agent in db.agents_by_ids(ids) if agent.sweep_id is not None}:
            mine = [run for run in db.runs(sweep_id, states=LIVE_STATES) if run.agent_id in ids]
            _mark_crashed(db, sweep_id, mine, "The process ended while the run trained.", time.time())
            _finish_if_left(db, sweep_id)


def recover_in(db: Session, sweep_id: str | None) -> None:
    """`recover` inside a write transaction that is open already."""
    _mark_crashed(db, sweep_id, _lost(db, sweep_id), "Its process vanished while it trained.")


def revive_in(db: Session, run_ids: Iterable[str]) -> None:
    """These runs train in this process, and others took them for crashed: the machine slept, or was cut off."""
    runs = [run for run in db.runs_by_ids(run_ids) if run.state == "crashed"]
    for run in runs:
        db.update_run(run.id, state="running", error=None, finished_at=None)
    db.update_agents({run.agent_id for run in runs if run.agent_id}, left_at=None)
    for sweep_id in {run.sweep_id for run in runs if run.sweep_id}:
        if existing_sweep(db, sweep_id).state == "finished":
            db.update_sweep(sweep_id, state="running")


def _mark_crashed(
    db: Session, sweep_id: str | None, runs: list[RunRecord], why: str, finished_at: float | None = None
) -> None:
    """These runs have crashed, at `finished_at` or when they last gave a sign of life; what never began is pending."""
    now = time.time()
    never_began = [run for run in runs if run.started_at is None and run.sweep_id is not None]
    give_back_in(db, never_began)
    for run in runs:
        if run in never_began:
            continue
        ended_at = _last_sign_of(db, run) if finished_at is None else finished_at
        db.update_run(run.id, state="crashed", error=why, finished_at=ended_at)
    gone = {run.agent_id for run in runs if run.agent_id} | {agent.id for agent in _gone(db, sweep_id)}
    if not gone and not runs:
        return
    db.update_agents(gone, left_at=now)
    if sweep_id is not None:
        _finish_if_left(db, sweep_id)


def _last_sign_of(db: Session, run: RunRecord) -> float:
    """When a run was last known to train, by the clock that it began by: it logged, or its agent's heart beat."""
    signs = [run.started_at or run.created_at]
    signs += [agent.heartbeat_at for agent in db.agents_by_ids([run.agent_id] if run.agent_id else [])]
    signs += [history.times[-1] for history in read_history(db.newest_rows(run.id)).values() if len(history.times)]
    return max(float(sign) for sign in signs if math.isfinite(sign))


def _finish_if_left(db: Session, sweep_id: str) -> None:
    working = any(agent.left_at is None for agent in db.agents(sweep_id))
    if not working and existing_sweep(db, sweep_id).state == "running":
        db.update_sweep(sweep_id, state="finished")


def _lost(db: Session, sweep_id: str | None) -> list[RunRecord]:
    states = ("running",)
    live = db.runs_alone(states=states) if sweep_id is None else db.runs(sweep_id, states=states)
    if not live:
        return []

    @functools.cache
    def dead(agent_id: str) -> bool:
        return not any(_alive(db, agent) for agent in db.agents_by_ids([agent_id]))

    return [run for run in live if run.agent_id is None or dead(run.agent_id)]


def _gone(db: Session, sweep_id: str | None) -> list[AgentRecord]:
    if sweep_id is None:  # such an agent goes with its run
        return []
    return [agent for agent in db.agents(sweep_id) if agent.left_at is None and not _alive(db, agent)]


def _alive(db: Session, agent: AgentRecord) -> bool:
    return _observer.alive(agent, db.outages)


def existing_sweep(db: Session, sweep_id: str) -> SweepRecord:
    """The sweep, or UsageError."""
    sweep = db.sweep(sweep_id)
    if sweep is None:
        raise UsageError(f"there is no sweep {sweep_id!r} in this store")
    return sweep
