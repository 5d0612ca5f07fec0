"""Which run a thread trains: agents bind their threads, and threads that training code starts inherit the run.

`current_run` answers for the calling thread. While agents work, `threading.Thread.start` notes the run of the thread
that calls it, so that a pool's or a data loader's threads log and print to the run that made them. Nothing else of the
thread is touched, and the hook goes with the last agent.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nbsweep.errors import UsageError

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["bind_thread", "current_run", "inherit", "run_for", "set_process_run", "stop_inheriting", "thread_run"]

_of_thread = threading.local()
_of_process: list[Run] = []
_inherited: WeakKeyDictionary[threading.Thread, Run] = WeakKeyDictionary()
_lock = threading.Lock()
_users: set[str] = set()
_at_work: dict[int, Run] = {}  # thread: the run that an agent trains there
_start = threading.Thread.start


def bind_thread(run: Run | None) -> None:
    """Make `run` the current run of the calling thread."""
    _of_thread.run = run
    if run is None:
        _at_work.pop(threading.get_ident(), None)
    else:
        _at_work[threading.get_ident()] = run


def set_process_run(run: Run | None) -> None:
    """Make `run` the current run of every thread that has none of its own (`nbsweep.init` outside an agent)."""
    _of_process[:] = [] if run is None else [run]


def thread_run() -> Run | None:
    """The run that the calling thread trains for an agent, or a thread that started it does; else None."""
    try:
        run: Run | None = _of_thread.run
    except AttributeError:
        # Asked once a thread: what it inherits was noted before it began.
        run = _of_thread.run = _inherited.get(threading.current_thread()) if _inherited else None
    return run if run is None or not run.closed else _after(run)


def _after(closed: Run) -> Run | None:
    """The run of a thread whose run has ended: a pool's that outlives it works for the next one.

    Where several train, nobody can tell for which; and it is none, for the values of an ended run would be mistaken
    for those of another. A thread that trains, or that outlived the last of them, keeps its run.
    """
    if threading.get_ident() in _at_work:
        return closed
    others = {run.id: run for run in list(_at_work.values()) if not run.closed}
    if len(others) > 1:
        return None
    for run in others.values():
        _of_thread.run = run
        return run
    return closed


def current_run() -> Run | None:
    """The run that the calling thread trains, or the one that `init` started in this process."""
    try:
        run: Run | None = _of_thread.run
    except AttributeError:
        run = thread_run()
    if run is not None:
        return run if not run._closed else thread_run()
    return _of_process[0] if _of_process else None


def run_for(call: str, more: str = "") -> Run:
    """`current_run`, for a call that needs one.

    Raises
    ------
    UsageError
        When there is none: it names the call, and ends with `more`.
    """
    run = current_run()
    if run is None:
        raise UsageError(f"{call} was called outside any run: call nbsweep.init() first{more}")
    return run


def inherit(agent_id: str) -> None:
    """While this agent works, threads inherit the run of the thread that starts them."""
    with _lock:
        if not _users:
            threading.Thread.start = _noting_start  # type: ignore[method-assign]
        _users.add(agent_id)


def stop_inheriting(agent_id: str) -> None:
    """This agent has ended; with the last one the hook goes, unless somebody has put one of theirs over it."""
    with _lock:
        _users.discard(agent_id)
        if not _users and threading.Thread.start is _noting_start:
            threading.Thread.start = _start  # type: ignore[method-assign]


def _noting_start(self: threading.Thread, *args: Any, **kwargs: Any) -> None:
    run = thread_run()
    if run is not None:
        _inherited[self] = run
    _start(self, *args, **kwargs)
