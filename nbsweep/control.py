"""What people do to a sweep as a whole: pause, resume, stop, cancel, delete, and runs beyond those that were asked for.

With `nbsweep.controller`, which adds the half for agents, the only room that changes a run's or a sweep's state. Each
change is one write transaction of the store; agents of every process read of it there.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace

from nbsweep import sweep_config
from nbsweep.errors import UsageError
from nbsweep.identity import new_id, run_name
from nbsweep.prior import prior_observations
from nbsweep.recovery import existing_sweep, recover_in
from nbsweep.retrying import Retries
from nbsweep.search.base import Observation
from nbsweep.search.priors import completed
from nbsweep.space import SearchSpace
from nbsweep.store import LIVE_STATES, AgentRecord, RunRecord, Session, Store, SweepRecord
from nbsweep.store.media import remove_media
from nbsweep.sweep_config import SweepConfig

__all__ = ["EVERY_POINT_TAKEN", "SweepControl"]

EVERY_POINT_TAKEN = "every point of the space has a run"


class SweepControl:
    """One sweep, as people steer it.

    Parameters
    ----------
    store : Store
    sweep_id : str

    Attributes
    ----------
    config : SweepConfig
    version : int
        Grows when the sweep's config is changed; of the `config` here.
    seed : int

    Raises
    ------
    UsageError
        When the store has no such sweep.
    """

    def __init__(self, store: Store, sweep_id: str) -> None:
        self.store = store
        self.sweep_id = sweep_id
        with store.read() as db:
            sweep = existing_sweep(db, sweep_id)
        self._take(sweep)

    def is_held(self) -> bool:
        """Whether failures have paused the sweep."""
        with self.store.read() as db:
            sweep = existing_sweep(db, self.sweep_id)
        return sweep.state == "paused" and sweep.note_kind == "failures"

    def pause(self) -> None:
        """No new runs until `resume`; the running ones go on."""
        self._change(("running",), state="paused", note=None, note_kind="person")

    def resume(self) -> bool:
        """Go on after `pause`, or after failures paused the sweep; the failures so far count no more.

        Returns
        -------
        bool
            Whether an agent is at work to go on; without one the sweep waits for the next that joins.

        Raises
        ------
        UsageError
            For a cancelled sweep.
        """
        with self.store.write() as db:
            self._refuse_cancelled(db)
            recover_in(db, self.sweep_id)
            working = any(a.left_at is None and not a.stop_requested for a in db.agents(self.sweep_id))
            if existing_sweep(db, self.sweep_id).state == "paused":
                self._forgive(db)
            return working

    def stop(self, *, after_current: bool = False, unless: Callable[[], bool] = lambda: False) -> int:
        """End the agents of this sweep, and its running runs too unless `after_current`; returns how many runs.

        The sweep can go on later: a new agent takes it up. `unless` is asked when the store can be written, which may
        be a while after the call: nothing is ended where it is no longer meant.
        """
        return self._end("finished", after_current=after_current, unless=unless)

    def cancel(self) -> int:
        """As `stop`, and for good: no agent can take the sweep up again."""
        return self._end("cancelled", after_current=False)

    def delete(self) -> None:
        """Delete the sweep with its runs and all that they logged, files of images and tables too, for good.

        Raises
        ------
        UsageError
            While runs train or an agent is at work: they would go on writing to what is no more.
        """
        with self.store.write() as db:
            recover_in(db, self.sweep_id)
            sweep = existing_sweep(db, self.sweep_id)
            live = db.runs(self.sweep_id, states=("running",))
            working = sum(agent.left_at is None for agent in db.agents(self.sweep_id))
            if live or working:
                busy = f"{len(live)} of its runs train" if live else "an agent is at work on it"
                raise UsageError(f"sweep {sweep.name} cannot be deleted while {busy}; stop it first, then delete it")
            db.delete_sweep(self.sweep_id)
        remove_media(self.store.url, self.sweep_id)

    def kill_run(self, run_id: str) -> None:
        """Ask a running run to end; it will be `killed`."""
        with self.store.write() as db:
            run = db.run(run_id)
            if run is None or run.sweep_id != self.sweep_id:
                raise UsageError(f"sweep {self.sweep_id} has no run {run_id!r}")
            if run.state == "pending":  # nobody trains it yet
                db.update_run(run_id, state="killed", finished_at=time.time())
            elif run.live:
                db.update_run(run_id, stop_requested=True)

    def rerun(self, run_id: str) -> tuple[RunRecord, bool]:
        """Queue a run's config once more; returns the new, pending run and whether an agent is at work to take it."""
        with self.store.write() as db:
            self._refuse_cancelled(db)
            run = db.run(run_id)
            if run is None or run.sweep_id != self.sweep_id:
                raise UsageError(f"sweep {self.sweep_id} has no run {run_id!r}")
            config = completed(SearchSpace.from_config(self.config_of(db, run).parameters), run.config)
            number = db.next_run_number(self.sweep_id, "")
            record = replace(self._record(number, config), state="pending", started_at=None)
            db.insert_run(record)
            return record, self._raise_count(db, 1) is not None

    def add_runs(self, count: int) -> AgentRecord | None:
        """Let an agent at work train `count` more; None when there is none. An open-ended one needs no more."""
        with self.store.write() as db:
            self._refuse_cancelled(db)
            return self._raise_count(db, count)

    def nothing_left(self) -> str | None:
        """Why no agent could train another config; None where one can.

        A point of the space as it is now is taken by whatever run has it, of an earlier version or given beside it too.
        """
        with self.store.read() as db:
            sweep, runs = existing_sweep(db, self.sweep_id), db.runs(self.sweep_id)
            if any(run.state == "pending" for run in runs):
                return None
            config = sweep_config.load(sweep.config)  # as it is now, which may not be what was taken
            cap_reached = self._cap_reached(db, config.run_cap)
            if cap_reached is not None:
                return cap_reached
            priors = self._counted_priors(db, config)
        space = SearchSpace.from_config(config.parameters)
        points = space.points(config.method)
        if points is None:
            return None
        place = functools.partial(space.place, points)
        retries = Retries(space.key)
        retries.tell(runs, sweep.revision)
        if retries.next(config.retry, lambda run: place(run.config) is not None) is not None:
            return None
        taken = {place(run.config) for run in runs} | {place(prior.config) for prior in priors}
        return EVERY_POINT_TAKEN if len(taken - {None}) >= points.size else None

    def config_of(self, db: Session, run: RunRecord) -> SweepConfig:
        """The sweep's config in the version that a run was made for."""
        if run.sweep_version == self.version:
            return self.config
        versions = {version.version: version for version in db.sweep_versions(self.sweep_id)}
        return sweep_config.load(versions[run.sweep_version].config)

    # -- for those that build on it ---------------------------------------------------------------------------------

    def _take(self, sweep: SweepRecord) -> None:
        """The sweep's config as it is now."""
        self.version, self.seed, self.project = sweep.version, sweep.seed, sweep.project
        self.config = sweep_config.load(sweep.config)
        self.__dict__.pop("_space", None)

    @functools.cached_property
    def _space(self) -> SearchSpace:
        return SearchSpace.from_config(self.config.parameters)

    def _counted_priors(self, db: Session, config: SweepConfig) -> list[Observation]:
        """The earlier runs that a search of this config is told of; all but bayes may try again what failed."""
        told = prior_observations(db, self.sweep_id, config)
        return [each for each in told if each.state != "failed" or config.method == "bayes"]

    def _cap_reached(self, db: Session, cap: int | None) -> str | None:
        """That the sweep has as many runs as it may have, in words; counted only where their numbers leave it open."""
        if cap is None or db.next_run_number(self.sweep_id, "") < cap or db.run_count(self.sweep_id) < cap:
            return None
        return f"the sweep has the {cap} runs of its run_cap"

    def _forgive(self, db: Session) -> None:
        """Go on; the failures so far count no more."""
        db.update_sweep(
            self.sweep_id,
            state="running",
            note=None,
            note_kind=None,
            failures_from=db.next_run_number(self.sweep_id, ""),
        )

    def _record(self, number: int, config: dict[str, object], attempt: int = 0, run_id: str | None = None) -> RunRecord:
        now, run_id = time.time(), run_id or new_id()
        return RunRecord(
            id=run_id,
            sweep_id=self.sweep_id,
            index=number,
            name=run_name(run_id, number),
            project="",
            config=config,
            sweep_version=self.version,
            attempt=attempt,
            created_at=now,
            started_at=now,
        )

    # -- private -------------------------------------------------------------------------------------------------

    def _change(self, from_states: tuple[str, ...], **values: object) -> None:
        with self.store.write() as db:
            if existing_sweep(db, self.sweep_id).state in from_states:
                db.update_sweep(self.sweep_id, **values)

    def _end(self, state: str, *, after_current: bool, unless: Callable[[], bool] = lambda: False) -> int:
        with self.store.write() as db:
            if unless():
                return 0
            sweep = existing_sweep(db, self.sweep_id)
            working = [agent.id for agent in db.agents(self.sweep_id) if agent.left_at is None]
            db.update_agents(working, stop_requested=1)
            for run in db.runs(self.sweep_id, states=("pending",)):
                db.update_run(run.id, state="killed", finished_at=time.time())
            live = db.runs(self.sweep_id, states=LIVE_STATES)
            if not after_current:
                for run in live:
                    db.update_run(run.id, stop_requested=True)
            going = bool(working or live) or sweep.state in ("running", "paused")
            if state == "cancelled":
                db.update_sweep(self.sweep_id, state="cancelled", note=None, note_kind=None)
            elif sweep.state in ("running", "paused") and after_current and live:
                # The agents were told to end; the last one to leave finishes the sweep, paused or not.
                db.update_sweep(self.sweep_id, state="running", note=None, note_kind="person")
            elif sweep.state != "cancelled" and going and not (after_current and live):
                db.update_sweep(self.sweep_id, state="finished", note=None, note_kind="person")
        return sum(run.started_at is not None for run in live)  # what is claimed and not begun trains nothing

    def _raise_count(self, db: Session, count: int) -> AgentRecord | None:
        """An agent at work, after it was asked for `count` more runs; None where there is none."""
        recover_in(db, self.sweep_id)
        working = [a for a in db.agents(self.sweep_id) if a.left_at is None and not a.stop_requested]
        for agent in working:
            if agent.count is None:
                return agent
        for agent in working[:1]:
            db.update_agents([agent.id], count=(agent.count or 0) + count)
            db.update_sweep(self.sweep_id)
            return agent
        return None

    def _refuse_cancelled(self, db: Session) -> None:
        if existing_sweep(db, self.sweep_id).state == "cancelled":
            raise UsageError(f"sweep {self.sweep_id} was cancelled and takes no more runs; define a new one")
