"""What this process has open: its store, the store's recorder, its agents, its current sweep.

One place that knows, so that interpreter exit, a forked child and a change of ``NBSWEEP_STORAGE`` are handled once.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nbsweep import current
from nbsweep.errors import UsageError
from nbsweep.exit_code import failing_exit
from nbsweep.recorder import Recorder
from nbsweep.recovery import crash_own_runs
from nbsweep.store import Store, missing_file, shown, storage_url
from nbsweep.store.media import forget_roots

if TYPE_CHECKING:
    from nbsweep.agents import Agent

__all__ = [
    "agents",
    "current_sweep_id",
    "end_held",
    "existing_store",
    "forget_agent",
    "has_store",
    "missing_store",
    "recorder",
    "remember_agent",
    "remember_training",
    "selection",
    "set_current_sweep",
    "set_selection",
    "shown_storage",
    "shut_down",
    "store_url",
    "train_more",
]

END_HELD_S = 5.0

_lock = threading.RLock()
_recorders: dict[str, Recorder] = {}
_agents: dict[str, Agent] = {}
_current: dict[str, str] = {}
_selections: dict[str, frozenset[str]] = {}
_trainings: dict[str, Callable[[int | None], object]] = {}
_default_url: list[tuple[str | None, str]] = []


def store_url() -> str:
    """The URL of the store that is used now, or would be: once asked for, it does not move with the directory."""
    named = os.environ.get("NBSWEEP_STORAGE")
    return _default_url[0][1] if _default_url and _default_url[0][0] == named else storage_url()


def has_store() -> bool:
    """Whether there is a store to look at. Looking makes none, as `recorder` would."""
    return missing_store() is None


def missing_store() -> str | None:
    """The path of the store's file where that is yet to be made; None where there is a store to look at."""
    with _lock:
        url = store_url()
        return None if url in _recorders else missing_file(url)


def existing_store(missing: Callable[[str], str]) -> Store:
    """The store that is used now, for those who look: looking makes none.

    Raises
    ------
    UsageError
        When there is none yet: what `missing` says of its path.
    """
    path = missing_store()
    if path is not None:
        raise UsageError(missing(path))
    return recorder().store


def shown_storage() -> str:
    """The URL of the store that is used now, or would be, without its password."""
    with _lock:
        return shown(store_url())


def recorder() -> Recorder:
    """The recorder of the store that ``NBSWEEP_STORAGE`` names now; `.store` is the store.

    Without that variable it is the one under the directory the process was in when it first asked.
    """
    with _lock:
        named = os.environ.get("NBSWEEP_STORAGE")
        if not _default_url or _default_url[0][0] != named:
            _default_url[:] = [(named, storage_url())]
        url = _default_url[0][1]
        if url not in _recorders:
            _recorders[url] = Recorder(Store(url))
        return _recorders[url]


def set_selection(sweep_id: str, run_ids: frozenset[str] | None) -> None:
    """Remember which runs are brushed in a dashboard of this process; None: nothing is brushed."""
    with _lock:
        if run_ids is None:
            _selections.pop(sweep_id, None)
        else:
            _selections[sweep_id] = run_ids


def selection(sweep_id: str) -> frozenset[str] | None:
    """Ids of the brushed runs; None where nothing is brushed."""
    return _selections.get(sweep_id)


def remember_agent(agent: Agent) -> None:
    with _lock:
        _agents[agent.id] = agent


def forget_agent(agent: Agent) -> None:
    with _lock:
        _agents.pop(agent.id, None)


def agents(sweep_id: str | None = None) -> list[Agent]:
    """The agents at work in this process, of one sweep or of all, in the order they started."""
    with _lock:
        return [agent for agent in _agents.values() if sweep_id is None or agent.sweep_id == sweep_id]


def end_held(sweep_id: str) -> None:
    """End this process's agents that failures hold, so that a new one, with mended code, takes their place."""
    for agent in agents(sweep_id):
        if agent.held:
            agent.stop_requested()
            agent.wait(END_HELD_S)


def remember_training(sweep_id: str, train: Callable[[int | None], object]) -> None:
    """Remember how this process trains runs of a sweep, for those who later want more of them."""
    _trainings[sweep_id] = train


def train_more(sweep_id: str, count: int | None) -> bool:
    """Start an agent for `count` runs (None: no limit) as the last one here was; False where none has trained it."""
    train = _trainings.get(sweep_id)
    if train is not None:
        train(count)
    return train is not None


def set_current_sweep(sweep_id: str) -> None:
    """Make it the sweep that is meant where none is named."""
    _current[recorder().store.url] = sweep_id


def current_sweep_id() -> str | None:
    """The sweep last defined, chosen or trained here, or None."""
    with _lock:
        open_here = _recorders.get(store_url())
    return None if open_here is None else _current.get(open_here.store.url)


def shut_down() -> None:
    """End what this process has going: its runs are marked, everything logged is written, the stores are closed."""
    with _lock:
        working, recorders = list(_agents.values()), list(_recorders.values())
    for run in filter(None, [current.current_run()]):
        if run.sweep_id is None:
            with contextlib.suppress(Exception):
                exit = failing_exit()
                if exit is not None:  # as leaving a `with` by it would
                    run.__exit__(SystemExit, exit, None)
                run.finish(exit_code=1 if _died_of_an_error() else 0)
    for agent in working:
        with contextlib.suppress(Exception):
            agent.abandon()
    for each in recorders:
        with contextlib.suppress(Exception):
            each.flush()
            ids = [agent.id for agent in working if agent.store is each.store]
            if ids and each.trouble is None:  # else it would wait again; whoever looks next sees that they are gone
                crash_own_runs(each.store, ids)
        with contextlib.suppress(Exception):
            each.close()
            each.store.close()
    _forget_everything()
    forget_roots()
    current.bind_thread(None)
    current.set_process_run(None)


def _died_of_an_error() -> bool:
    """A script that ends by an uncaught exception; in a notebook every failed cell leaves one behind."""
    return "ipykernel" not in sys.modules and getattr(sys, "last_value", None) is not None


def _forget_everything() -> None:
    _recorders.clear()
    _agents.clear()
    _current.clear()
    _trainings.clear()
    _default_url.clear()


def _in_forked_child() -> None:
    """A connection must not be carried over a fork: the child starts with nothing open and leaves all to the parent.

    Its current run stays, so that `log` can say whose it is and `config` be read.
    """
    global _lock
    _lock = threading.RLock()
    for each in _recorders.values():
        each.forget_in_child()
    _forget_everything()


atexit.register(shut_down)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)
