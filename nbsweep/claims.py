"""Runs that last milliseconds: several are claimed in one transaction, and what was not begun is given back.

A transaction waits for the disk, a trivial run does not. Where the search needs no results to go on (grid, random), an
agent whose runs are short claims as many as it will begin within `AHEAD_S`. A run that is claimed and not begun is
"running" without `started_at`. If its agent does not come to begin it, it becomes "pending", which the next agent
trains first; so it does if the process dies. A stop by a person ends it: nobody is to train it later.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from nbsweep.store import RunRecord, Session, SweepRecord
from nbsweep.training_code import TrainingCode

if TYPE_CHECKING:
    from nbsweep.controller import Controller, End, Wait

__all__ = ["AHEAD_S", "Claims", "give_back_in"]

AHEAD_S = 0.2  # what is claimed is begun within about this time
MOST_AHEAD = 256
GIVE_BACK_S = 0.5  # later than this it is given back
FOLLOWS_NO_RESULT = ("grid", "random")


class Claims:
    """The runs that one agent has claimed; asks its controller for more.

    Parameters
    ----------
    controller : Controller
    agent_id : str
    """

    def __init__(self, controller: Controller, agent_id: str) -> None:
        self._controller, self._agent_id = controller, agent_id
        self._waiting: deque[RunRecord] = deque()
        self._most = 1
        self._ended = 0  # runs, shortly and well, since the latest claim
        self._claimed_at = 0.0

    def next(self, code: TrainingCode | None, *, leaving: bool = False) -> RunRecord | Wait | End:
        """A run to begin now; or why there is none, after which an agent that is `leaving` is asked for no more."""
        if self._waiting and (self.stale or self._waiting[0].code_hash != (None if code is None else code.hash)):
            self.give_back()
        if not self._waiting:
            answer = self._controller.next_runs(self._agent_id, code, self._number(), leaving=leaving)
            if not isinstance(answer, list):
                return answer
            self._waiting.extend(answer)
            self._claimed_at = time.time()
            self._ended = 0
        record = self._waiting.popleft()
        return record if record.started_at is not None else replace(record, started_at=time.time())

    def ended(self, *, shortly: bool) -> None:
        """One of the agent's runs has ended: `shortly`, and well, or not."""
        self._ended = self._ended + 1 if shortly else 0
        if not shortly:
            self._most = 1

    def _number(self) -> int:
        """How many to claim now: the more, the faster those of the last claim have ended."""
        if not self.allowed or not self._ended:
            return 1
        each_s = max(time.time() - self._claimed_at, 1e-6) / self._ended
        self._most = max(1, min(4 * self._most, int(AHEAD_S / each_s), MOST_AHEAD))
        return self._most

    @property
    def allowed(self) -> bool:
        """Whether the sweep's search goes on without results."""
        return self._controller.config.method in FOLLOWS_NO_RESULT

    @property
    def waiting(self) -> bool:
        """Whether runs are claimed that have not begun."""
        return bool(self._waiting)

    @property
    def stale(self) -> bool:
        """Whether they have waited for too long; by the wall clock, which goes on while a machine sleeps."""
        return bool(self._waiting) and not 0 <= time.time() - self._claimed_at <= GIVE_BACK_S

    def give_back(self) -> None:
        """What has not begun is anybody's, and the next claims are made one by one."""
        if self._waiting:
            with self._controller.store.write() as db:
                give_back_in(db, list(self._waiting))
            self.take_back()  # once that is kept: what fails is tried again

    def give_back_lost(self, known: Iterable[str]) -> None:
        """Give back what is claimed in the store and of which nobody here was told: the answer to a commit was lost.

        Parameters
        ----------
        known : iterable of str
            The runs that the agent has begun and whose ends may not be written yet.
        """
        ours = {*known, *(run.id for run in self._waiting)}
        with self._controller.store.write() as db:
            running = db.runs(self._controller.sweep_id, states=("running",))
            lost = [run for run in running if run.agent_id == self._agent_id and run.id not in ours]
            for run in lost:
                db.update_run(run.id, started_at=None)
            give_back_in(db, lost)

    def take_back(self) -> list[RunRecord]:
        """What has not begun, for `give_back_in` inside a transaction of the caller's."""
        taken, self._most, self._ended = list(self._waiting), 1, 0
        self._waiting.clear()
        return taken


def give_back_in(db: Session, records: Iterable[RunRecord]) -> None:
    """Make these runs, which were claimed and not begun, pending; those of a sweep that was stopped are killed."""
    records = list(records)
    owners = {record.id: record.agent_id for record in records}
    counts: dict[str, int] = {}
    for run in db.runs_by_ids(owners):
        if run.state != "running" or run.started_at is not None or run.agent_id != owners[run.id]:
            continue  # somebody has taken it meanwhile
        sweep = db.sweep(run.sweep_id) if run.sweep_id is not None else None
        if sweep is not None and _was_stopped(sweep):
            db.update_run(run.id, state="killed", finished_at=time.time())
            continue
        db.update_run(run.id, state="pending", agent_id=None, code_hash=None, stop_requested=False)
        if run.agent_id is not None:
            counts[run.agent_id] = counts.get(run.agent_id, 0) + 1
    for agent in db.agents_by_ids(counts):
        db.update_agents([agent.id], started=agent.started - counts[agent.id])


def _was_stopped(sweep: SweepRecord) -> bool:
    """Whether a person or the metric's target has ended the sweep; its last agents may still be at work."""
    ended = sweep.state in ("running", "finished") and sweep.note_kind in ("person", "target")
    return sweep.state == "cancelled" or ended
