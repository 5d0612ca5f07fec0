"""Waiting for agents: a line of progress, and the interrupt key.

The first interrupt lets the current runs finish, the second ends them; either way the sweep can go on later.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tqdm import tqdm

from nbsweep import analysis
from nbsweep.errors import StoreError
from nbsweep.rounding import rounded
from nbsweep.store.records import LIVE_STATES, RunRecord, SweepRecord

if TYPE_CHECKING:
    from nbsweep.agents import Agent
    from nbsweep.store import Store
    from nbsweep.sweep_config import Metric

__all__ = ["Progress", "Terminal", "progress_of", "wait_for", "without_traceback"]

TURN_S = 0.25
PUMP_EVERY_S = 0.05
SHOW_EVERY_S = 0.5
LINE_EVERY_S = 2.0  # where lines pile up, in a log
BAR = "{n_fmt}/{total_fmt} runs |{bar:10}| {elapsed}<{remaining}{postfix}"


def wait_for(
    agents: Sequence[Agent],
    *,
    show: Callable[[Progress, bool], None] | None = None,
    pump: Callable[[], None] | None = None,
) -> None:
    """Block until the agents have ended, or failures have paused their sweep.

    Parameters
    ----------
    agents : sequence of Agent
    show : callable, optional
        Takes the progress and whether it is the last; by default `Terminal`.
    pump : callable, optional
        Called about twenty times a second on this thread (Colab moves widgets only from here).
    """
    show = show or Terminal().show
    interrupts = heeded = 0
    next_line = 0.0
    turn_s = TURN_S if pump is None else PUMP_EVERY_S  # each time that this thread wakes, training waits a moment
    while True:
        try:  # all of the turn: an interrupt lands anywhere
            if heeded < interrupts:
                heeded = interrupts
                _stop(agents, after_current=interrupts == 1)
            if all(agent.done or agent.held for agent in agents):
                break
            for agent in agents:
                agent.wait(turn_s)
            if pump is not None:
                pump()
            if time.monotonic() >= next_line:
                next_line = time.monotonic() + SHOW_EVERY_S
                with contextlib.suppress(StoreError):  # a store that is away for a while ends nobody's wait
                    show(progress_of(agents), False)
        except KeyboardInterrupt:
            interrupts += 1
    if pump is not None:
        pump()
    if agents:
        with contextlib.suppress(StoreError):
            show(progress_of(agents), True)
            _say_what_holds(agents)


def _stop(agents: Sequence[Agent], *, after_current: bool) -> None:
    now = "The current runs will finish; interrupt again to end them now." if after_current else "Ending the runs."
    sys.stderr.write(f"\n{now}\n")
    for agent in agents:
        try:
            agent.stop(after_current=after_current)
        except StoreError:  # the others cannot be told, but this process's own can
            agent.end_here(after_current=after_current)


def _say_what_holds(agents: Sequence[Agent]) -> None:
    for agent in agents:
        if agent.held:
            with agent.store.read() as db:
                sweep = db.sweep(agent.sweep_id)
            if sweep is not None and sweep.note:
                sys.stderr.write(f"Sweep {sweep.name}: {without_traceback(sweep.note)}\n")


def without_traceback(note: str) -> str:
    """Why failures paused a sweep, in a line: the sweep's note without the traceback that it ends with."""
    return note.partition(" The last traceback")[0].splitlines()[0]


@dataclass(frozen=True)
class Progress:
    """How far agents are; as a string ``3 of 5 runs · 1 running · best loss 0.0767 (ivory-stoat-3)``.

    Attributes
    ----------
    ended : int
    count : int or None
        How many runs are asked for; None when open-ended.
    details : tuple of str
        What runs, what failed, the best so far.
    """

    ended: int
    count: int | None
    details: tuple[str, ...]

    def __str__(self) -> str:
        asked = f" of {self.count}" if self.count is not None else ""
        return " · ".join((f"{self.ended}{asked} runs", *self.details))


class Terminal:
    """Progress on standard error: at a terminal a bar with the time left, elsewhere a line as runs end."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._shown_ended = -1
        self._shown: Progress | None = None
        self._next_line = 0.0

    def show(self, progress: Progress, last: bool) -> None:
        """Show it; `last` ends the bar."""
        if not sys.stderr.isatty():
            self._write_line(progress, last)
            return
        if self._bar is None:
            columns, rows = shutil.get_terminal_size()  # 80 × 24 where a terminal says 0, for which tqdm shows nothing
            self._bar = tqdm(total=progress.count, bar_format=BAR, file=sys.stderr, ncols=columns, nrows=rows)
        self._bar.total, self._bar.n = progress.count, progress.ended
        self._bar.set_postfix_str(" · ".join(progress.details), refresh=False)
        self._bar.refresh()
        if last:
            self._bar.close()

    def _write_line(self, progress: Progress, last: bool) -> None:
        now = time.monotonic()
        if last or (progress.ended != self._shown_ended and now >= self._next_line):
            self._shown_ended, self._next_line = progress.ended, now + LINE_EVERY_S
            if progress != self._shown:  # the last may be what was shown just now
                self._shown = progress
                sys.stderr.write(f"{progress}\n")
                sys.stderr.flush()


def progress_of(agents: Sequence[Agent]) -> Progress:
    """How far the agents are, together."""
    parts = [_progress_of(agent) for agent in agents]
    if len(parts) == 1:
        return parts[0]
    counts = [part.count for part in parts if part.count is not None]
    return Progress(
        sum(part.ended for part in parts),
        sum(counts) if len(counts) == len(parts) else None,
        tuple(dict.fromkeys(detail for part in parts for detail in part.details)),
    )


def _progress_of(agent: Agent) -> Progress:
    known, record, count = _known_of(agent)
    metric = agent.controller.config.metric
    states = known.states.get(agent.id, Counter())
    running = sum(states[state] for state in LIVE_STATES)
    failed = states["failed"] + states["crashed"]
    best = known.best(metric)
    details = [f"{running} running"] if running else []
    details += [f"{failed} failed"] if failed else []
    if record is not None and record.state == "paused":
        details.append("paused")
    if best is not None and metric is not None:
        value = analysis.metric_value(best, metric)
        details.append(f"best {metric.name} {rounded(value)} ({best.name})")
    ended = sum(states.values()) - running
    if agent.done and agent.end_reason and ended < (count or 1):
        details.append(agent.end_reason)  # fewer than were asked for, or none
    return Progress(ended, count, tuple(details))


class _Known:
    """The runs of a sweep as they were when it had this revision.

    What is asked of them is kept up to date by what changes, so that a look costs the same with 10 runs and 10,000.
    """

    def __init__(self) -> None:
        self.revision = -1
        self.states: dict[str | None, Counter[str]] = {}  # how many of an agent's runs are in each state
        self._runs: dict[str, RunRecord] = {}
        self._metric: Metric | None = None
        self._best: RunRecord | None = None

    def update(self, changed: Iterable[RunRecord]) -> None:
        """These runs are there or have changed."""
        changed = list(changed)
        for run in changed:
            before = self._runs.get(run.id)
            if before is not None:
                self.states[before.agent_id][before.state] -= 1
            self.states.setdefault(run.agent_id, Counter())[run.state] += 1
            self._runs[run.id] = run
        if self._best is not None and any(run.id == self._best.id for run in changed):
            self._best = analysis.best_run(list(self._runs.values()), self._metric)
        else:
            self._best = analysis.best_run([*changed, *([self._best] if self._best else [])], self._metric)

    def best(self, metric: Metric | None) -> RunRecord | None:
        """The best run by the sweep's metric, which a new version of the sweep may have changed."""
        if metric != self._metric:
            self._metric = metric
            self._best = analysis.best_run(list(self._runs.values()), metric)
        return self._best


_known: WeakKeyDictionary[Store, dict[str, _Known]] = WeakKeyDictionary()


def _known_of(agent: Agent) -> tuple[_Known, SweepRecord | None, int | None]:
    """The runs of the agent's sweep, of which only those that changed are read; the sweep; how many are asked for."""
    known = _known.setdefault(agent.store, {}).setdefault(agent.sweep_id, _Known())
    with agent.store.read() as db:
        record = db.sweep(agent.sweep_id)
        changed = db.runs(agent.sweep_id, since_revision=known.revision)
        asked = [each.count for each in db.agents_by_ids([agent.id])]  # runs may have been added since it began
    if record is not None:
        known.revision = record.revision
    known.update(changed)
    return known, record, asked[0] if asked else agent.count
