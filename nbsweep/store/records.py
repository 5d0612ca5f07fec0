"""Rows of the store as frozen dataclasses: what the rest of nbsweep passes around.

JSON columns arrive here as Python objects; times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from typing import Any

__all__ = [
    "ENDABLE_STATES",
    "LIVE_STATES",
    "AgentRecord",
    "Asked",
    "RunRecord",
    "SweepRecord",
    "SweepVersion",
    "after_frames",
]

LIVE_STATES = ("pending", "running")
ENDABLE_STATES = (*LIVE_STATES, "crashed")  # others may have taken it for crashed while it trained
_TRACEBACK = "Traceback (most recent call last):\n"
_OF_A_GROUP = "  + Exception Group Traceback (most recent call last):\n"


def after_frames(lines: Iterable[str]) -> Iterator[str]:
    """Of the lines below a traceback's first: those that name the exception, and what follows."""
    return dropwhile(lambda line: line[:1] in ("", " "), lines)


@dataclass(frozen=True)
class SweepRecord:
    """A sweep. `state` is running, paused, finished or cancelled; failures of runs before `failures_from` (a number)
    count no more."""

    id: str
    name: str
    project: str
    config: dict[str, Any]
    seed: int
    state: str = "running"
    note: str | None = None
    note_kind: str | None = None
    created_at: float = 0.0
    revision: int = 0
    version: int = 1
    failures_from: int = 0

    @property
    def standing(self) -> str:
        """Its state as people are told it: one that somebody ended early, and that can go on, is stopped."""
        return "stopped" if self.state == "finished" and self.note_kind == "person" else self.state

    def standing_with(self, runs: int) -> str:
        """Its standing in a list, where one that nobody has trained yet is told from one that is being trained."""
        return "not begun" if self.state == "running" and runs == 0 else self.standing

    @property
    def waits_for_resume(self) -> bool:
        """Whether a new agent would train nothing yet. A pause of failures ends with one, a person's does not."""
        return self.state == "paused" and self.note_kind != "failures"


@dataclass(frozen=True)
class SweepVersion:
    """A sweep's config as it was or is; `changes` says in words what differs from the version before."""

    sweep_id: str
    version: int
    config: dict[str, Any]
    created_at: float
    changes: str = ""


@dataclass(frozen=True)
class RunRecord:
    """A run. `state` is pending, running, finished, failed, stopped, killed or crashed.

    `index` is its place in its sweep, from 0; people are told its `number`, from 1.
    """

    id: str
    sweep_id: str | None
    index: int
    name: str
    project: str
    config: dict[str, Any]
    state: str = "running"
    attempt: int = 0
    agent_id: str | None = None
    stop_requested: bool = False
    summary: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    stopped_because: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    revision: int = 0
    suggestion: dict[str, Any] | None = None
    code_hash: str | None = None
    sweep_version: int = 1

    @property
    def number(self) -> int:
        """What its name ends with, and tables and commands call it by: from 1."""
        return self.index + 1

    @property
    def live(self) -> bool:
        return self.state in LIVE_STATES

    @property
    def dir(self) -> str:
        """The directory where the run keeps its files, `nbsweep.Run.dir`; looking makes none."""
        from nbsweep.process import store_url
        from nbsweep.store.media import run_directory

        return str(run_directory(store_url(), self.sweep_id, self.id))

    def is_to_end_by(self, agent_id: str) -> bool:
        """Whether that agent's word of its end counts: the run is its own or nobody's, and has not ended otherwise."""
        return self.state in ENDABLE_STATES and self.agent_id in (None, agent_id)

    @property
    def why(self) -> str | None:
        """Why it ended as it did, in a few words: the rule that stopped it, or the last line of the traceback."""
        return self.stopped_because or self.error_line

    @property
    def error_line(self) -> str | None:
        """The line of the traceback that says what went wrong; of an exception group its own line.

        That is the first one after the frames: a message may go on below it. Of what begins as no traceback, the last
        one: what a program printed may have tracebacks of exceptions in it that it caught.
        """
        error = self.error or ""
        lines = [line.strip() for line in error.splitlines() if line.strip()]
        if lines and lines[-1].startswith("+--") and not lines[-1].strip("+-"):  # the frame that ends a group
            lines = [line.removeprefix("| ") for line in takewhile(lambda line: not line.startswith("+-+"), lines)]
        told = error.rpartition(_TRACEBACK)[2] if error.startswith((_TRACEBACK, _OF_A_GROUP)) else ""
        after = after_frames(told.splitlines())
        return next((line.strip() for line in after), lines[-1] if lines else None)

    def duration_s(self, now: float) -> float | None:
        """Seconds from start to end, or to `now` while it is live."""
        if self.started_at is None:
            return None
        end = self.finished_at if self.finished_at is not None else now
        return max(0.0, end - self.started_at)


@dataclass(frozen=True)
class AgentRecord:
    """An agent: one call of `nbsweep.agent` in one process. Of no sweep, the process of a run outside any.

    `beat` grows with each heartbeat: what others judge its life by. `heartbeat_at` is its own clock's time, for people.
    `process` tells its process from all others (`nbsweep.liveness`). `joined` is its place among the sweep's agents,
    from 1; the store gives it.
    """

    id: str
    sweep_id: str | None
    host: str
    pid: int
    process_started_at: float
    count: int | None
    started: int
    joined_at: float
    heartbeat_at: float
    left_at: float | None
    stop_requested: bool = False
    beat: int = 0
    process: str | None = None
    joined: int = 0


@dataclass(frozen=True)
class Asked:
    """What others did to runs and agents of this process: their ids."""

    runs_to_stop: list[str]
    runs_taken_for_dead: list[str]
    agents_to_stop: list[str]
