"""``nbsweep agent``: trains a sweep's program, a process a run, until it is done or told to end.

Signals act on this agent alone: the sweep's other agents go on. SIGINT (Ctrl-C) once lets the current runs finish,
twice ends them, three times kills them; SIGTERM and SIGHUP (the terminal was closed) count as the second.
"""

from __future__ import annotations

import argparse
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nbsweep import analysis
from nbsweep.cli import FAILED, INTERRUPTED, RUNS_FAILED
from nbsweep.cli.opening import existing_store
from nbsweep.cli.output import duration, safe, values_in_words
from nbsweep.errors import StoreError
from nbsweep.finding import find_sweep
from nbsweep.programs import ProgramAgent, gpu_environments, program_agent
from nbsweep.progress import progress_of, without_traceback
from nbsweep.rounding import rounded
from nbsweep.store import RunRecord
from nbsweep.sweep_config import Metric

__all__ = ["agent", "train"]

TURN_S = 0.1
_SAYINGS = (
    "The current runs will finish; Ctrl-C again ends them, a third time kills them.",
    "Ending the runs; Ctrl-C again kills them.",
    "Killing the runs.",
)


def agent(options: argparse.Namespace) -> int:
    """``nbsweep agent SWEEP``."""
    return train(find_sweep(existing_store(), options.sweep, project=options.project).id, options)


def train(sweep_id: str, options: argparse.Namespace) -> int:
    """Train runs of a sweep here until the agent ends; returns the exit code."""
    environments = gpu_environments(options.gpus)
    workers = options.workers if options.workers is not None else max(len(environments), 1)
    working = program_agent(
        sweep_id,
        options.count,
        program=options.program,
        workers=workers,
        environments=environments,
        run_timeout_s=options.run_timeout,
    )
    working.echo = workers == 1 and not getattr(options, "json", False)
    report = _Report(working)
    working.on_failure = report.failure
    with _signals() as signals:
        working.start()
        with _looking(report):
            interrupts = _wait(working, report, signals, options.forward_signals)
    return report.end(interrupts)


def _wait(working: ProgramAgent, report: _Report, signals: queue.SimpleQueue[int], forward: bool) -> int:
    """Until the agent has ended; returns how far it was told to (0: not at all)."""
    rung = 0
    while not working.wait(TURN_S):
        if working.held:  # failures have paused the sweep; nobody may be there to resume it
            working.end_here(after_current=True)
        while not signals.empty():
            received = signals.get()
            rung = min(rung + 1, 3) if received == signal.SIGINT else min(max(rung + 1, 2), 3)
            if forward:
                working.engine.forward(received)
            working.end_here(after_current=rung == 1)
            if rung == 3:
                working.kill_here()
            report.say(_SAYINGS[rung - 1])
    return rung


@contextmanager
def _signals() -> Iterator[queue.SimpleQueue[int]]:
    """Signals as a queue. A handler that raised would interrupt whatever line is running.

    What is ignored stays so: SIGHUP under nohup, SIGINT of a script's background job.
    """
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heeded = [kind for kind in kinds if signal.getsignal(kind) != signal.SIG_IGN]
    before = {kind: signal.signal(kind, lambda number, _frame: received.put(number)) for kind in heeded}
    try:
        yield received
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextmanager
def _looking(report: _Report) -> Iterator[None]:
    """Tell of runs on a thread of its own: while the store is locked a look takes long, and signals must not wait."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(TURN_S):
            report.look()

    thread = threading.Thread(target=look, name="nbsweep-report", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Report:
    """Tells on standard error which runs begin and end, a line each."""

    def __init__(self, working: ProgramAgent) -> None:
        self._agent = working
        self._metric: Metric | None = working.controller.config.metric
        self._declared = working.controller.config.parameter_names
        self._told: dict[str, str] = {}
        self._revision = -1

    def say(self, text: str) -> None:
        try:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
        except OSError:  # the terminal has gone
            pass

    def failure(self, name: str, text: str) -> None:
        """A run has failed (`look` tells), or the agent itself."""
        if name == "nbsweep":
            self.say(text.rstrip())

    def look(self) -> None:
        """Tell what has changed."""
        try:
            for run in self._mine(self._revision):
                self._tell(run)
        except StoreError:  # away for a while; the next look will see
            return

    def end(self, rung: int) -> int:
        """Tell how it ended; returns the exit code."""
        self.look()
        with self._agent.store.read() as db:
            sweep = db.sweep(self._agent.sweep_id)
        if sweep is not None and sweep.state == "paused" and sweep.note:
            self.say(f"{safe(without_traceback(sweep.note))} `nbsweep agent {sweep.id}` goes on with it.")
        self.say(f"{progress_of([self._agent])}")
        failed = [run for run in self._mine(-1) if run.state in ("failed", "crashed")]
        return INTERRUPTED if rung else FAILED if self._agent.broke else RUNS_FAILED if failed else 0

    def _mine(self, since: int) -> list[RunRecord]:
        with self._agent.store.read() as db:
            sweep = db.sweep(self._agent.sweep_id)
            runs = db.runs(self._agent.sweep_id, since_revision=since)
        self._revision = sweep.revision if sweep is not None else since
        return [run for run in runs if run.agent_id == self._agent.id]

    def _tell(self, run: RunRecord) -> None:
        if self._told.get(run.id) == run.state:
            return
        first = run.id not in self._told
        self._told[run.id] = run.state
        if first:
            self.say(f"▸ {safe(run.name)}  {safe(values_in_words(analysis.flat(run.config, self._declared)))}")
        if not run.live:
            value = analysis.metric_value(run, self._metric)
            parts = [f"{run.state} after {duration(run.duration_s(0.0))}"]
            parts += [f"{self._metric.name} {rounded(value)}"] if self._metric is not None and value is not None else []
            parts += [run.why] if run.why else []
            mark = "✓" if run.state == "finished" else "✗" if run.state in ("failed", "crashed") else "■"
            self.say(f"{mark} {safe(run.name)}  {safe(' · '.join(parts))}")
