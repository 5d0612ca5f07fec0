"""Hands out the runs of a sweep, and takes what became of them.

With `nbsweep.control`, the half for people, the only room that changes a run's or a sweep's state. A controller is a
library over the store, not a server: every agent in every process makes its own, and whichever asks next acts as the
controller inside one write transaction. That is why no run is handed out twice.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from nbsweep import failures, search
from nbsweep.ahead import Ahead
from nbsweep.claims import give_back_in
from nbsweep.control import EVERY_POINT_TAKEN, SweepControl
from nbsweep.errors import StoreError
from nbsweep.identity import id_after, new_id
from nbsweep.liveness import agent_here
from nbsweep.recovery import existing_sweep, recover_in
from nbsweep.retrying import Retries
from nbsweep.rounding import plural
from nbsweep.search.base import Observation, Searcher
from nbsweep.search.coordinates import membership
from nbsweep.search.priors import completed
from nbsweep.store import RunRecord, Session, Store
from nbsweep.training_code import TrainingCode

__all__ = ["Controller", "End", "Wait", "note_error"]

_Answer = TypeVar("_Answer")

ASK_TRIES = 3  # how often a suggestion is made outside the transaction before it is made inside
RECOVER_EVERY_S = 5.0  # how often an agent at work looks for runs whose process has gone


@dataclass(frozen=True)
class Wait:
    """No run now; ask again soon. `held`: failures paused the sweep, so that nothing comes until somebody resumes."""

    reason: str
    held: bool = False


@dataclass(frozen=True)
class End:
    """No run now or later for this agent."""

    reason: str


class _MovedOn(Exception):  # noqa: N818
    """Since the suggestion was made, a run was told of or claimed that changes it."""


def note_error(db: Session, run_id: str, error: str | None) -> None:
    """Keep why a run fails, before its agent has seen it end; without an error there is nothing to keep."""
    if error is not None:
        db.update_run(run_id, error=error)


class Controller(SweepControl):
    """One sweep's controller in this process: made as `SweepControl` is, and for agents besides."""

    def __init__(self, store: Store, sweep_id: str) -> None:
        super().__init__(store, sweep_id)
        self._searcher: Searcher | None = None
        self._told_revision = -1
        self._retries = Retries(self._space.key)
        self._next_recovery = 0.0
        self._kept_code: str | None = None
        self._fitting: tuple[int, Callable[[Mapping[str, Any]], bool]] | None = None  # of which version, what fits
        self._ahead = Ahead()

    # -- for agents ----------------------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise UsageError where the sweep was cancelled, and no agent could join."""
        with self.store.read() as db:
            self._refuse_cancelled(db)

    def join(self, count: int | None, agent_id: str | None = None) -> str:
        """Register an agent that asks for `count` runs and return its id, a new one unless it brings one.

        Goes on with a sweep that has finished, and with one that failures paused; one that a person paused stays so.
        """
        agent = agent_here(agent_id or new_id(), self.sweep_id, count=count)
        with self.store.write() as db:
            self._refuse_cancelled(db)
            recover_in(db, self.sweep_id)
            sweep = existing_sweep(db, self.sweep_id)
            db.insert_agent(agent)
            if sweep.note_kind == "failures":
                self._forgive(db)
            elif sweep.state == "finished" or (sweep.state == "running" and sweep.note_kind == "person"):
                # Also after its target was reached, or while its last agents end as a person told them to.
                db.update_sweep(self.sweep_id, state="running", note=None, note_kind=None)
            else:
                db.update_sweep(self.sweep_id)
        return agent.id

    def leave(self, agent_id: str) -> None:
        """The agent has ended; when it was the last one at work, the sweep is finished."""
        with self.store.write() as db:
            self.leave_in(db, agent_id)

    def leave_in(self, db: Session, agent_id: str, not_begun: Iterable[RunRecord] = ()) -> None:
        """`leave` inside a write transaction that is open already; claims that were not begun are given back."""
        give_back_in(db, not_begun)
        recover_in(db, self.sweep_id)
        db.update_agents([agent_id], left_at=time.time())
        sweep = existing_sweep(db, self.sweep_id)
        others = any(agent.left_at is None for agent in db.agents(self.sweep_id))
        ended = not others and sweep.state == "running" and not db.runs(self.sweep_id, states=("running",))
        db.update_sweep(self.sweep_id, **({"state": "finished"} if ended else {}))

    def next_run(
        self, agent_id: str, code: TrainingCode | None = None, *, leaving: bool = False
    ) -> RunRecord | Wait | End:
        """A run to train now, kept as running with the code that it is trained with; or why there is none.

        `leaving`: an agent that has nothing to train ends where there is none. Nobody can then ask more of it, as the
        same transaction says.
        """
        try:
            for attempt in range(ASK_TRIES):
                may_ask = attempt == ASK_TRIES - 1 or not self._asked_outside(agent_id)
                told = self._told_revision
                try:
                    answer = self._answered(
                        functools.partial(self._next_run, agent_id=agent_id, code=code, may_ask=may_ask),
                        agent_id if leaving else None,
                    )
                    break
                except _MovedOn:  # what was read in that transaction, its own writes too, is read again
                    self._next_recovery, self._told_revision = 0.0, told
                    self._retries = Retries(self._space.key)
        except BaseException:
            self._forget()
            raise
        if isinstance(answer, RunRecord) and self._searcher is not None and self._searcher.takes_time:
            self._ahead.begin(self._searcher.prepare)
        return answer

    def next_runs(
        self, agent_id: str, code: TrainingCode | None = None, most: int = 1, *, leaving: bool = False
    ) -> list[RunRecord] | Wait | End:
        """As `next_run`, and up to `most` in all at once: the others are claimed, and not begun (`nbsweep.claims`)."""
        if most <= 1:
            answer = self.next_run(agent_id, code, leaving=leaving)
            return [answer] if isinstance(answer, RunRecord) else answer
        try:
            return self._answered(
                functools.partial(self._next_and_more, agent_id=agent_id, code=code, most=most),
                agent_id if leaving else None,
            )
        except BaseException:
            self._forget()
            raise

    def report(self, run_id: str, state: str, error: str | None = None, *, stopped_because: str | None = None) -> None:
        """Record how a run ended. Too many failures (`nbsweep.failures`) pause the sweep, with the last traceback."""
        with self.store.write() as db:
            self.report_in(db, run_id, state, error, stopped_because=stopped_because)

    def report_in(
        self,
        db: Session,
        run_id: str,
        state: str,
        error: str | None = None,
        *,
        stopped_because: str | None = None,
        finished_at: float | None = None,
        agent_id: str | None = None,
    ) -> None:
        """`report` inside a write transaction that is open already; the end may lie a while back.

        With `agent_id` it is the word of that agent, of a run that is still its own: it outranks that others took the
        run for crashed.
        """
        run = db.run(run_id)
        if run is None or not (run.live if agent_id is None else run.is_to_end_by(agent_id)):
            return
        ended_at = time.time() if finished_at is None else finished_at
        values = {"error": error, "stopped_because": stopped_because, "finished_at": ended_at}
        db.update_run(run_id, state=state, agent_id=agent_id or run.agent_id, **values)
        if state == "failed":
            self._pause_if_too_many_fail(db, error)

    def target_reached(self, run_name: str) -> None:
        """A run has reached the metric's target: the agents end after their current runs, the sweep is finished."""
        target = self.config.metric.target if self.config.metric else None
        with self.store.write() as db:
            if existing_sweep(db, self.sweep_id).state in ("running", "paused"):
                working = [agent.id for agent in db.agents(self.sweep_id) if agent.left_at is None]
                db.update_agents(working, stop_requested=1)
                note = f"Run {run_name} reached the target {target:g}."
                db.update_sweep(self.sweep_id, state="finished", note=note, note_kind="target")

    # -- private -------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """The searcher may have moved past a point that was not kept; it is rebuilt from the store."""
        self._searcher, self._told_revision, self._kept_code = None, -1, None
        self._retries = Retries(self._space.key)

    def _asked_outside(self, agent_id: str) -> bool:
        """Let a searcher that takes its time suggest before the write transaction; whether it was asked to."""
        if self.config.method != "bayes":
            return False
        with self.store.read() as db:
            sweep = existing_sweep(db, self.sweep_id)
            agent = next(agent for agent in db.agents_by_ids([agent_id]))
            enough = agent.stop_requested or (agent.count is not None and agent.started >= agent.count)
            if enough or sweep.state != "running" or sweep.version != self.version or self._queued(db) is not None:
                return False
            searcher = self._told(db)
            number = db.next_run_number(self.sweep_id, "")
        searcher.ask(number)
        return True

    def _next_run(
        self, db: Session, agent_id: str, code: TrainingCode | None, *, may_ask: bool = True
    ) -> RunRecord | Wait | End:
        sweep = existing_sweep(db, self.sweep_id)
        if sweep.version != self.version:
            self._take(sweep)
            self._searcher, self._told_revision, self._retries = None, -1, Retries(self._space.key)
        if time.monotonic() >= self._next_recovery:  # a run of another process may have died
            self._next_recovery = time.monotonic() + RECOVER_EVERY_S
            recover_in(db, self.sweep_id)
        agent = next(agent for agent in db.agents_by_ids([agent_id]))
        if sweep.state == "cancelled":
            return End("the sweep was cancelled")
        if agent.stop_requested:
            return End("stopped")
        if agent.count is not None and agent.started >= agent.count:
            return End(f"{plural(agent.count, 'run')} {'was' if agent.count == 1 else 'were'} asked for")
        if agent.left_at is not None:  # others took it for gone, while its machine slept or was cut off
            db.update_agents([agent_id], left_at=None)
            if sweep.state == "finished":
                db.update_sweep(self.sweep_id, state="running")
        if sweep.state == "paused":
            return Wait("the sweep is paused", held=sweep.note_kind == "failures")
        queued = self._queued(db, ending_others=True)
        cap_reached = self._cap_reached(db, self.config.run_cap) if queued is None else None
        if cap_reached is not None:
            record: RunRecord | End = End(cap_reached)
        else:
            record = queued or self._again(db) or self._suggested(db, may_ask=may_ask)
        if isinstance(record, End):
            recover_in(db, self.sweep_id)  # another process may have died since
            record = self._queued(db, ending_others=True) or (cap_reached is None and self._again(db)) or record
        if isinstance(record, End):
            return record
        code_hash = None if code is None else code.hash
        if code is not None and code.hash != self._kept_code:
            db.insert_code(code.hash, code.text)
            self._kept_code = code.hash
        record = replace(record, agent_id=agent_id, code_hash=code_hash)
        if record.state == "pending":
            record = replace(record, state="running", started_at=time.time())
            values = {"started_at": record.started_at, "agent_id": agent_id, "code_hash": code_hash}
            db.update_run(record.id, state="running", **values)
        else:
            db.insert_run(record)
        db.update_agents([agent_id], started=agent.started + 1)
        return record

    def _more(self, db: Session, first: RunRecord, most: int) -> list[RunRecord]:
        """Claims after a first one in the same transaction; none where that one came out of the queue."""
        agent = next(agent for agent in db.agents_by_ids([first.agent_id or ""]))
        number = db.next_run_number(self.sweep_id, "")
        if first.index != number - 1 or first.attempt > 0 or self._queued(db) is not None:
            return []
        if agent.count is not None:
            most = min(most, agent.count - agent.started)
        if self.config.run_cap is not None:
            most = min(most, self.config.run_cap - number)
        searcher = self._told(db)
        more: list[RunRecord] = []
        run_id = first.id
        while len(more) < most and (config := searcher.ask(number + len(more))) is not None:
            run_id = id_after(run_id)
            record = self._record(number + len(more), config, run_id=run_id)
            more.append(replace(record, started_at=None, agent_id=first.agent_id, code_hash=first.code_hash))
        if more:
            db.insert_runs(more)
            db.update_agents([agent.id], started=agent.started + len(more))
        return more

    def _next_and_more(
        self, db: Session, agent_id: str, code: TrainingCode | None, most: int
    ) -> list[RunRecord] | Wait | End:
        answer = self._next_run(db, agent_id, code)
        return [answer, *self._more(db, answer, most - 1)] if isinstance(answer, RunRecord) else answer

    def _answered(self, ask: Callable[[Session], _Answer], leaving: str | None) -> _Answer:
        """The answer, found in a transaction; where it is that an agent that is leaving ends, that is noted in it."""
        answer: _Answer | None = None
        try:
            with self.store.write() as db:
                answer = ask(db)
                if leaving is not None and isinstance(answer, End):
                    db.update_agents([leaving], stop_requested=1)
        except StoreError:
            if leaving is None or not isinstance(answer, End):
                raise
            self._forget()  # the disk is full, say: whoever has nothing to train need not wait for space to say so
        return answer

    def _suggested(self, db: Session, *, may_ask: bool) -> RunRecord | End:
        searcher = self._told(db)
        number = db.next_run_number(self.sweep_id, "")
        if not may_ask and not searcher.is_ready(number):
            raise _MovedOn
        config = searcher.ask(number)
        if config is None:
            return End(EVERY_POINT_TAKEN)
        basis = searcher.basis(number)
        return replace(self._record(number, config), suggestion=None if basis is None else basis.to_dict())

    def _queued(self, db: Session, *, ending_others: bool = False) -> RunRecord | None:
        """The config that somebody asked to train once more, or that was claimed and not begun, first come first."""
        for run in db.runs(self.sweep_id, states=("pending",)):
            if self._fits(run):
                return run
            if ending_others:
                why = f"the space has no such config since version {self.version}"
                db.update_run(run.id, state="killed", stopped_because=why, finished_at=time.time())
        return None

    def _fits(self, run: RunRecord) -> bool:
        """Whether the space, which may have changed since the run was made, has its config."""
        if run.sweep_version == self.version:
            return True
        if self._fitting is None or self._fitting[0] != self.version:
            self._fitting = self.version, membership(self._space, self.config.method)
        return self._fitting[1](run.config)

    def _again(self, db: Session) -> RunRecord | None:
        """The config of a run that crashed, unless it was tried again already or as often as `retry` says."""
        if self.config.retry == 0:
            return None
        told = self._retries.revision
        if told < 0 and not db.runs(self.sweep_id, states=("crashed",)):
            return None  # as mostly, and then nothing else is read
        revision = existing_sweep(db, self.sweep_id).revision
        self._retries.tell(db.runs(self.sweep_id, since_revision=told), revision)
        run = self._retries.next(self.config.retry, self._fits)
        if run is None:
            return None
        config = completed(self._space, run.config)
        return self._record(db.next_run_number(self.sweep_id, ""), config, run.attempt + 1)

    def _told(self, db: Session) -> Searcher:
        """The searcher, told of every run that changed since it was last asked."""
        if self._searcher is None:
            self._searcher = search.make_searcher(self.config, self.seed)
            for observation in self._counted_priors(db, self.config):
                self._searcher.tell(observation)
        if not getattr(self._searcher, "listens", True):
            return self._searcher
        sweep = existing_sweep(db, self.sweep_id)
        metric = self.config.metric.name if self.config.metric else None
        for run in db.runs(self.sweep_id, since_revision=self._told_revision):
            value = run.summary.get(metric) if metric else None
            number = value if isinstance(value, (int, float)) else None
            self._searcher.tell(Observation(run.index, run.config, run.state, number))
        self._told_revision = sweep.revision
        return self._searcher

    def _pause_if_too_many_fail(self, db: Session, error: str | None) -> None:
        sweep = existing_sweep(db, self.sweep_id)
        if sweep.state != "running":
            return
        failed = db.runs(self.sweep_id, states=("failed",), from_number=sweep.failures_from)
        if len(failed) < failures.AT_THE_START:
            return
        # A long sweep is not read whole: what can be too many lies within reach of the latest failures.
        since = failed[-failures.LATEST :][0].index - failures.REACH
        if since > sweep.failures_from and len(failed) <= failures.SHARE * failures.LATEST:
            return
        why = failures.too_many(db.runs(self.sweep_id, from_number=max(sweep.failures_from, since)))
        if why is not None:
            note = f"{why}, so the sweep is paused; mend the code and resume. The last traceback:\n{error or ''}"
            db.update_sweep(self.sweep_id, state="paused", note=note, note_kind="failures")
