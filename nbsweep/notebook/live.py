"""Training under a cell: the agent, its dashboard, what its runs print, and the twins that stay when it is over."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from IPython.display import display

from nbsweep import process
from nbsweep.agents import Agent
from nbsweep.errors import UsageError
from nbsweep.notebook.host import in_colab, keep_displays, keep_kernel, parent_header, prepare_widgets, write_stderr
from nbsweep.progress import Progress, wait_for

__all__ = ["refuse_second", "show", "train", "wait"]


class _Live:
    """One agent and the output that shows it."""

    def __init__(self, agent: Agent) -> None:
        from nbsweep.notebook.dashboard import Dashboard

        self.agent = agent
        self.dashboard = Dashboard(agent.sweep_id)
        self.display_id = uuid4().hex
        self.waiters = 0
        self.twin_is_final = False
        self._parent = parent_header()

    def show(self) -> None:
        self.dashboard.put_up(self.display_id)

    def finish(self) -> None:
        """Put the final twins into the output. Done on the main thread where somebody waits there: a notebook that
        is executed without a front end takes only what the running cell sends."""
        if not self.twin_is_final:
            self.twin_is_final = True
            self.dashboard.put_up_twins(self.display_id)

    def ended(self) -> None:
        """On the agent's thread, when it has ended."""
        if not self.waiters:
            with contextlib.suppress(Exception):  # a front end that has gone must not end the agent's thread
                self.finish()
                self.twin_is_final = False  # a later %sweep wait does it again, in its own cell

    def failed(self, run_name: str, text: str) -> None:
        """Show a traceback on stderr of the training cell, whichever cell runs now."""
        _write_failure(None if self.waiters else self._parent, run_name, text)


def _write_failure(parent: Any, run_name: str, text: str) -> None:
    write_stderr(f"run {run_name} failed:\n{text}" if run_name != "nbsweep" else text, parent)


_lives: dict[str, _Live] = {}


def train(agent: Agent, *, wait: bool, echo: bool = False) -> None:
    """Start `agent` with a dashboard under the running cell.

    Parameters
    ----------
    agent : Agent
        Not yet started.
    wait : bool
        Block until it has ended; in Colab always.
    echo : bool
        Print what the runs print in the cell, too.
    """
    wait = wait or in_colab()
    prepare_widgets()
    keep_kernel()
    live = _Live(agent)
    live.show()
    live.waiters = int(wait)
    agent.on_failure = live.failed
    agent.on_end = live.ended
    agent.echo = echo
    if not echo:
        agent.on_run_thread = keep_displays
    process.remember_training(agent.sweep_id, functools.partial(_train_more, agent.again, parent_header()))
    agent.start()
    _lives[agent.id] = live
    if wait:
        _wait([live])


def _train_more(again: Callable[[int | None], Agent], parent: Any, count: int | None) -> None:
    """More runs of a sweep whose dashboard is shown already: its pages see them, no cell waits for them."""
    agent = again(count)
    agent.on_failure = functools.partial(_write_failure, parent)
    agent.echo = False
    agent.on_run_thread = keep_displays
    agent.start()


def wait(sweep_id: str) -> bool:
    """Block until this kernel's agents of the sweep have ended; False if there were none since the last wait."""
    lives = [live for live in _lives.values() if live.agent.sweep_id == sweep_id]
    ended = [live for live in lives if live.agent.done]
    for live in ended[:-1] if len(ended) == len(lives) else ended:  # of those that have ended, the last one is shown
        lives.remove(live)
        live.finish()
        _lives.pop(live.agent.id, None)
    more = [agent for agent in process.agents(sweep_id) if agent.id not in _lives]  # of `resume`, `rerun` or `more`
    if lives or more:
        _wait(lives, more)
    return bool(lives or more)


def show(sweep_id: str) -> None:
    """Show a sweep's dashboard under the running cell."""
    from nbsweep.notebook.dashboard import Dashboard

    display(Dashboard(sweep_id))


def refuse_second(sweep_id: str) -> None:
    """A training cell that is run again by accident must not train everything twice; after failures it is meant."""
    process.end_held(sweep_id)
    if process.agents(sweep_id):
        raise UsageError(
            f"sweep {sweep_id} is being trained in this kernel already; `%sweep wait` waits for it, `%sweep stop` ends "
            "it, and --workers N of the first call trains several runs at once"
        )


def _wait(lives: list[_Live], more: Sequence[Agent] = ()) -> None:
    pump = None
    if in_colab():
        from nbsweep.notebook.publisher import publisher

        pump = publisher().turn
    for live in lives:
        live.waiters += 1
    try:
        wait_for([*(live.agent for live in lives), *more], show=_Line().show, pump=pump)
    finally:
        for live in lives:
            live.waiters -= 1
            if pump is not None:
                live.dashboard.snapshot(None, {})  # the end, whatever the last turn held back
            if live.agent.done:
                live.finish()
                _lives.pop(live.agent.id, None)
            elif live.agent.held:  # by failures: what is shown meanwhile must say so, also where there is no page
                live.dashboard.put_up_twins(live.display_id)


class _Line:
    """Progress as one output of the cell, in the place of the last."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, progress: Progress, last: bool) -> None:
        bundle = {"text/plain": str(progress)}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=uuid4().hex)
        else:
            self._handle.update(bundle, raw=True)
