"""Waiting for agents: a line of progress, and the interrupt key.

The first interrupt lets the current runs finish, the second ends them; either way the sweep can go on later.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tqdm import tqdm

from nbsweep import analysis, console
from nbsweep.errors import StoreError
from nbsweep.rounding import plural, rounded
from nbsweep.store.records import LIVE_STATES, RunRecord, SweepRecord

if TYPE_CHECKING:
    from nbsweep.agents import Agent
    from nbsweep.store import Store
    from nbsweep.sweep_config import Metric

__all__ = ["Progress", "Terminal", "progress_of", "wait_for", "without_traceback"]

TURN_S = 0.25
PUMP_EVERY_S = 0.05
SHOW_EVERY_S = 0.5
LAST_LOOK_S = 5.0
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
    if not agents:
        return
    show = show or Terminal().show
    interrupts = heeded = 0
    shown: Progress | None = None
    turn_s = TURN_S if pump is None else PUMP_EVERY_S  # each time that this thread wakes, training waits a moment
    looking = _Looking(agents)
    looking.start()
    while True:
        try:  # all of the turn: an interrupt lands anywhere
            if heeded < interrupts:
                heeded = interrupts
                _stop(agents, looking, after_current=interrupts == 1)
            if looking.nothing_more or all(agent.done for agent in agents):
                break
            for agent in agents:
                agent.wait(turn_s)
            if pump is not None:
                pump()
            if looking.progress is not None and looking.progress is not shown:
                shown = looking.progress
                show(shown, False)
        except KeyboardInterrupt:
            interrupts += 1
    with contextlib.suppress(KeyboardInterrupt):  # whoever presses on wants no last look at a store that is away
        looking.end()
    if pump is not None:
        pump()
    if looking.error is not None:
        raise looking.error
    if looking.progress is not None:
        show(looking.progress, True)
    for text in looking.held_because:
        console.say(text)


def _stop(agents: Sequence[Agent], looking: _Looking, *, after_current: bool) -> None:
    for agent in agents:  # first: a store that is away hears of it late or never
        agent.end_here(after_current=after_current)
    looking.tell(after_current=after_current)
    now = "The current runs will finish; interrupt again to end them now." if after_current else "Ending the runs."
    console.say(f"\n{now}\n")


class _Looking:
    """The one who asks the store while others wait: a thread, so that a store that is locked or away keeps neither the
    interrupt key nor Colab's widgets waiting.

    Attributes
    ----------
    progress : Progress or None
        As it was at the last look.
    nothing_more : bool
        Whether every agent had ended then, or was held by failures.
    held_because : list of str
        What holds them, for people; known after `end`.
    error : Exception or None
        What ended it, other than trouble with the store.
    """

    def __init__(self, agents: Sequence[Agent]) -> None:
        self.progress: Progress | None = None
        self.nothing_more = False
        self.held_because: list[str] = []
        self.error: Exception | None = None
        self._agents = agents
        self._wake = threading.Event()
        self._ending = self._given_up = False
        self._to_tell: list[bool] = []  # whether after the current runs
        self._thread = threading.Thread(target=self._loop, name="nbsweep-progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, *, after_current: bool) -> None:
        """Let the sweeps' other agents, wherever they are, hear of a stop as soon as the store can be written."""
        self._to_tell.append(after_current)
        self._wake.set()

    def end(self) -> None:
        """Take a last look and end; one that takes too long is given up."""
        self._ending = True
        self._wake.set()
        try:
            self._thread.join(LAST_LOOK_S)
        finally:
            self._given_up = True

    def _loop(self) -> None:
        try:
            self._wake.wait(TURN_S)  # of agents that end at once there is one line
            while True:
                self._wake.clear()
                if self._ending:
                    break
                self._tell()
                self._look()
                self._wake.wait(SHOW_EVERY_S)
            self._tell()
            self._look()
            self.held_because = self._what_holds()
        except Exception as error:  # the sweep was deleted, say
            self.error, self.nothing_more = error, True

    def _tell(self) -> None:
        while self._to_tell:
            after_current = self._to_tell.pop(0)
            for agent in self._agents:
                with contextlib.suppress(StoreError):  # the others cannot be told; this process's own know already
                    agent.controller.stop(after_current=after_current, unless=lambda: self._given_up)

    def _look(self) -> None:
        if not self._given_up:
            with contextlib.suppress(StoreError):  # a store that is away for a while ends nobody's wait
                self.progress = progress_of(self._agents)
                self.nothing_more = all(agent.done or agent.held for agent in self._agents)

    def _what_holds(self) -> list[str]:
        said = []
        with contextlib.suppress(StoreError):
            for agent in self._agents:
                if agent.held:
                    with agent.store.read() as db:
                        sweep = db.sweep(agent.sweep_id)
                    if sweep is not None and sweep.note:
                        said.append(f"Sweep {sweep.name}: {without_traceback(sweep.note)}\n")
        return said


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
        runs = plural(self.ended, "run") if self.count is None else f"{self.ended} of {self.count} runs"
        return " · ".join((runs, *self.details))


class Terminal:
    """Progress on standard error: at a terminal a bar with the time left, elsewhere a line as runs end."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._shown_ended = -1
        self._shown: Progress | None = None
        self._next_line = 0.0

    def show(self, progress: Progress, last: bool) -> None:
        """Show it; `last` ends the bar."""
        with contextlib.suppress(OSError, ValueError):  # nobody reads on: it is no reason to end anything
            self._show(progress, last)

    def _show(self, progress: Progress, last: bool) -> None:
        if sys.stderr is None or not sys.stderr.isatty():
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
                console.say(f"{progress}\n")


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
