"""One writer a process: takes what runs log from memory to the store, twenty times a second.

`Run.log` appends to a list and returns. The recorder's thread (``nbsweep-recorder``) takes those lists, turns the
values into columns and writes them for all runs in one transaction; it also renews the heartbeats of this process's
agents and reads what other processes ask of its runs. A store that cannot be written costs training nothing: the
data wait in memory and go in when it can be written again.
"""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from nbsweep.errors import StoreError
from nbsweep.store import Chunk, RunTail, Store

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["Recorded", "Recorder"]

FLUSH_EVERY_S = 0.05
POLL_EVERY_S = 0.2
HEARTBEAT_EVERY_S = 2.0
IDLE_EXIT_S = 5.0


class Recorded(Protocol):
    """An agent as the recorder sees it: it has a heartbeat to renew and can be asked to stop."""

    @property
    def id(self) -> str: ...

    def stop_requested(self) -> None: ...


class Recorder:
    """Writes the history of this process's runs to one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._runs: dict[str, tuple[Run, RunTail]] = {}
        self._agents: dict[str, Recorded] = {}
        self._unwritten: list[Chunk] = []
        self._listeners: list[Callable[[], None]] = []
        self._writing = threading.Lock()  # held while a transaction is open; never by log()
        self._registry = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._next_poll = self._next_heartbeat = 0.0
        self._complained = False

    # -- who is recorded -----------------------------------------------------------------------------------------

    def watch(self, run: Run, tail: RunTail | None = None) -> None:
        """Begin to record a run, after what `tail` says is there already."""
        with self._registry:
            self._runs[run.id] = (run, tail or RunTail(run.id))
        self._ensure_thread()

    def release(self, run: Run) -> None:
        """Write what is left of a run and forget it. Raises StoreError if that cannot be written."""
        self.flush(required=True)
        with self._registry:
            self._runs.pop(run.id, None)

    def watch_agent(self, agent: Recorded) -> None:
        with self._registry:
            self._agents[agent.id] = agent
        self._ensure_thread()

    def release_agent(self, agent: Recorded) -> None:
        with self._registry:
            self._agents.pop(agent.id, None)

    def add_listener(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (without arguments, on some thread) after each write; returns what removes it."""
        with self._registry:
            self._listeners.append(listener)

        def remove() -> None:
            with self._registry, contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return remove

    # -- what it does --------------------------------------------------------------------------------------------

    def flush(self, *, required: bool = False) -> None:
        """Write everything that was logged before this call.

        Raises
        ------
        StoreError
            With `required`, when the store cannot be written; the data stay in memory.
        """
        with self._writing:
            try:
                changed = self._write()
            except Exception as error:  # also a value that cannot be written: the thread must outlive it
                trouble = error if isinstance(error, StoreError) else StoreError(f"it could not be written: {error!r}")
                if required:
                    raise trouble from error
                self._complain(trouble)
                return
        if changed:
            self.notify()

    def notify(self) -> None:
        """Tell the listeners that the store changed."""
        for listener in tuple(self._listeners):
            with contextlib.suppress(Exception):  # a dashboard's trouble is not the recorder's
                listener()

    def poll_now(self) -> None:
        """Look for stop requests at once, not at the next turn."""
        self._next_poll = 0.0
        self._wake.set()

    def close(self) -> None:
        """End the thread after a last write."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5.0)
        self.flush()

    # -- private -------------------------------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        with self._registry:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._loop, name="nbsweep-recorder", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        idle_since = time.monotonic()
        while not self._closed:
            self._wake.wait(FLUSH_EVERY_S)
            self._wake.clear()
            self.flush()
            with contextlib.suppress(Exception):  # flush() already said so
                self._poll()
            if self._runs or self._agents:
                idle_since = time.monotonic()
            with self._registry:
                if not self._runs and not self._agents and time.monotonic() - idle_since > IDLE_EXIT_S:
                    self._thread = None
                    return

    def _write(self) -> bool:
        """One transaction with all that is new; True if there was anything."""
        with self._registry:
            watched, agents = list(self._runs.values()), list(self._agents)
        updates: dict[str, dict[str, Any]] = {}
        consoles: dict[str, list[tuple[str, str]]] = {}
        for run, tail in watched:
            run.drain(tail)
            chunks = tail.take_chunks()
            self._unwritten += chunks
            update = run.take_update()
            if update or chunks:
                updates[run.id] = update
            if pieces := run.take_console():
                consoles[run.id] = pieces
        now = time.monotonic()
        beat = bool(agents) and now >= self._next_heartbeat
        if not (self._unwritten or updates or consoles or beat):
            return False
        try:
            with self.store.write() as db:
                db.put_chunks(self._unwritten)
                for run_id, pieces in consoles.items():
                    db.append_console(run_id, pieces)
                for run_id, values in updates.items():
                    db.update_run(run_id, **values) if values else db.touch_runs([run_id])
                if beat:
                    db.beat_agents(agents)
        except BaseException:
            for run, _tail in watched:
                run.put_back(updates.get(run.id, {}), consoles.get(run.id, []))
            raise
        self._unwritten = []
        self._complained = False
        if beat:
            self._next_heartbeat = now + HEARTBEAT_EVERY_S
        return bool(updates or consoles)

    def _poll(self) -> None:
        """Pass on what other threads and processes asked for by the store."""
        if time.monotonic() < self._next_poll:
            return
        self._next_poll = time.monotonic() + POLL_EVERY_S
        with self._registry:
            runs = {run.id: run for run, _ in self._runs.values() if run.sweep_id is not None}
            agents = dict(self._agents)
        if not runs and not agents:
            return
        with self.store.read() as db:
            stopped_runs = [record.id for record in db.runs_by_ids(runs) if record.stop_requested]
            stopped_agents = [record.id for record in db.agents_by_ids(agents) if record.stop_requested]
        for run_id in stopped_runs:
            runs[run_id].request_stop("killed")
        for agent_id in stopped_agents:
            agents[agent_id].stop_requested()

    def _complain(self, error: StoreError) -> None:
        if not self._complained:
            self._complained = True
            with contextlib.suppress(Warning):
                warnings.warn(f"{error}; training goes on, what it logs waits in memory", stacklevel=2)
