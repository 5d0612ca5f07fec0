"""The runs that an agent trains at the moment: since when, asked to stop since when and why, and how they came out.

A stop climbs a ladder: the next `log` raises; if none comes, the engine interrupts; at last the run is given up, so
that whoever pressed Stop sees it act within a second. The agent's thread begins runs and looks after them; a run's own
thread notes its outcome and takes it out. Each entry is one dict operation, so neither waits for the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nbsweep.engines import Engine
from nbsweep.runs import Run

__all__ = ["Live", "Lives"]

_CLIMB_EVERY_S = 0.05


@dataclass
class Live:
    """One of them."""

    run: Run
    started_at: float = field(default_factory=time.monotonic)
    stop_asked_at: float | None = None  # when that was noticed
    judged: bool = False  # it is stopped for its metric
    interrupted: bool = False
    outcome: tuple[str, str | None] | None = None  # state, error
    because: str | None = None  # why it is stopped
    returned: float | None = None  # by the training function

    @property
    def lasted_s(self) -> float:
        return time.monotonic() - self.started_at


class Lives:
    """An agent's, by run id.

    Parameters
    ----------
    engine : Engine
        Interrupts and gives up runs that do not stop.
    run_timeout_s : float or None
        A run that trains for longer is stopped.
    logs : callable
        Whether the training code of a run has not ended it yet.
    """

    def __init__(self, engine: Engine, run_timeout_s: float | None, logs: Callable[[Run], bool]) -> None:
        self._engine = engine
        self._run_timeout_s = run_timeout_s
        self._logs = logs
        self._live: dict[str, Live] = {}

    def __len__(self) -> int:
        return len(self._live)

    def begin(self, run: Run) -> None:
        self._live[run.id] = Live(run)

    def get(self, run_id: str) -> Live | None:
        return self._live.get(run_id)

    def end(self, run_id: str) -> None:
        self._live.pop(run_id, None)

    @property
    def runs(self) -> dict[str, Run]:
        return {run_id: live.run for run_id, live in list(self._live.items())}

    def kill_all(self) -> None:
        for live in list(self._live.values()):
            live.run.request_stop("killed")

    def stop(self, run_id: str, because: str, *, judged: bool = False) -> None:
        """Ask a run to stop, for a reason that is kept with it: `judged`, for what it logs; else for its time.

        What training code does after the end of its run, saving the model say, is not for a metric to interrupt.
        """
        live = self._live.get(run_id)
        if live is not None and live.run.stop_state is None:
            live.because, live.judged = because, judged
            live.run.request_stop("stopped")

    def look_at_clock(self) -> None:
        """Stop the runs whose time is up."""
        if self._run_timeout_s is None:
            return
        for run_id, live in list(self._live.items()):
            if live.run.stop_state is None and live.lasted_s >= self._run_timeout_s:
                self.stop(run_id, f"time limit of {self._run_timeout_s:g} s")

    def climb(self) -> None:
        """One rung up for the runs that have been asked for long enough."""
        for run_id, live in list(self._live.items()):
            if live.run.stop_state is None:
                continue
            if live.stop_asked_at is None:
                live.stop_asked_at = time.monotonic()
            if live.judged and not live.interrupted and self._has_ended_itself(live.run):
                live.judged, live.because, live.stop_asked_at = False, None, None
                live.run.withdraw_stop()
                continue
            waited_s = time.monotonic() - live.stop_asked_at
            if waited_s > self._engine.give_up_after_s:
                self._engine.kill(run_id)
            elif waited_s > self._engine.interrupt_after_s and not live.interrupted:
                live.interrupted = True
                self._engine.interrupt(run_id)

    def _has_ended_itself(self, run: Run) -> bool:
        return not self._logs(run) and run.state != run.stop_state  # else that is how its code answered the stop

    @property
    def next_look_s(self) -> float | None:
        """In how many seconds one of them has to be looked after; None: not by the clock."""
        lives = list(self._live.values())
        if any(live.run.stop_state is not None for live in lives):
            return _CLIMB_EVERY_S
        if self._run_timeout_s is None or not lives:
            return None
        return max(0.0, self._run_timeout_s - max(live.lasted_s for live in lives))
