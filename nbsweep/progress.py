"""Waiting for agents: a line of progress, and the interrupt key.

The first interrupt lets the current runs finish, the second ends them; either way the sweep can go on later.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nbsweep import analysis
from nbsweep.errors import StoreError

if TYPE_CHECKING:
    from nbsweep.agents import Agent

__all__ = ["Terminal", "progress_line", "wait_for"]

TURN_S = 0.05
LINE_EVERY_S = 0.5


def wait_for(
    agents: Sequence[Agent],
    *,
    show: Callable[[str, bool], None] | None = None,
    pump: Callable[[], None] | None = None,
) -> None:
    """Block until the agents have ended.

    Parameters
    ----------
    agents : sequence of Agent
    show : callable, optional
        Takes the line of progress and whether it is the last; by default `Terminal`.
    pump : callable, optional
        Called about twenty times a second on this thread (Colab moves widgets only from here).
    """
    show = show or Terminal().show
    interrupts = 0
    next_line = 0.0
    while not all(agent.done for agent in agents):
        try:
            for agent in agents:
                agent.wait(TURN_S)
            if pump is not None:
                pump()
            if time.monotonic() >= next_line:
                next_line = time.monotonic() + LINE_EVERY_S
                with contextlib.suppress(StoreError):  # a store that is away for a while ends nobody's wait
                    show(_line(agents), False)
        except KeyboardInterrupt:
            interrupts += 1
            first = interrupts == 1
            sys.stderr.write(
                "\nThe current runs will finish; interrupt again to end them now.\n"
                if first
                else "\nEnding the runs.\n"
            )
            for agent in agents:
                agent.stop(after_current=first)
    if pump is not None:
        pump()
    if agents:
        with contextlib.suppress(StoreError):
            show(_line(agents), True)


class Terminal:
    """Progress on standard error: at a terminal a line that is rewritten, elsewhere a new line when a run has ended."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, line: str, last: bool) -> None:
        """Show one line."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if last else ""))
        elif line != self._shown and (last or _ended_part(line) != _ended_part(self._shown)):
            sys.stderr.write(line + "\n")
            self._shown = line
        sys.stderr.flush()


def progress_line(agent: Agent) -> str:
    """Such as ``3 of 5 runs · 1 running · best loss 0.0767 (ivory-stoat-3)``."""
    with agent.store.read() as db:
        runs = db.runs(agent.sweep_id)
        record = db.sweep(agent.sweep_id)
    mine = [run for run in runs if run.agent_id == agent.id]
    ended = sum(not run.live for run in mine)
    running = len(mine) - ended
    failed = sum(run.state in ("failed", "crashed") for run in mine)
    metric = agent.controller.config.metric
    best = analysis.best_run(runs, metric)
    parts = [f"{ended} of {agent.count} runs" if agent.count is not None else f"{ended} runs"]
    parts += [f"{running} running"] if running else []
    parts += [f"{failed} failed"] if failed else []
    if record is not None and record.state == "paused":
        parts.append("paused")
    if best is not None and metric is not None:
        value = analysis.metric_value(best, metric)
        parts.append(f"best {metric.name} {_number(value)} ({best.name})")
    return " · ".join(parts)


def _line(agents: Sequence[Agent]) -> str:
    return " | ".join(progress_line(agent) for agent in agents)


def _ended_part(line: str) -> str:
    return line.split(" · ")[0]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}" if math.isfinite(value) else str(value)
