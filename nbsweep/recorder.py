"""One writer a process: takes what runs log from memory to the store, five to twenty times a second.

`Run.log` appends to a list and returns. The recorder's thread (``nbsweep-recorder``) takes those lists, turns the
values into columns and writes them for all runs in one transaction; in the same one it renews the heartbeats of this
process's agents and reads what other processes ask of its runs (`nbsweep.hearing`). Between two turns it rests, so as
to take a small share of the interpreter, and never for so long that readers would wait for more than 250 ms. Whoever
needs something written sooner asks the thread for a turn and waits for it: no interrupt reaches that thread, so none
comes between taking what was logged and keeping it. A store that cannot be written costs training nothing: the data,
and the ends of runs, wait in memory up to a stated bound (`nbsweep.backlog`) and go in when it can be written again;
`trouble` says so.
"""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbsweep.backlog import MOST_WAITING_BYTES, Backlog
from nbsweep.encoding import Encoder
from nbsweep.errors import StoreError, StoreRefusedError
from nbsweep.hearing import Hearing, Recorded, Watched
from nbsweep.pacing import WritingPace
from nbsweep.store import RunTail, Session, Store
from nbsweep.store.media import media_root
from nbsweep.trouble import in_words

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["Recorder"]

FLUSH_WAIT_S = 2.0  # how long a reader waits for a write that is under way, and anybody for one known to fail
LOOK_UP_S = 0.1  # a thread that waits answers to interrupts this often
HEARTBEAT_EVERY_S = 2.0
IDLE_EXIT_S = 5.0


@dataclass(eq=False)
class _Turn:
    """A turn of the thread that somebody waits for, and why it came to nothing."""

    over: threading.Event = field(default_factory=threading.Event)
    error: StoreError | None = None


class Recorder:
    """Writes the history of this process's runs to one store.

    Parameters
    ----------
    store : Store
    most_waiting_bytes : int, default 256 MiB
        How much may wait in memory while the store cannot be written; see `nbsweep.backlog`.
    """

    def __init__(self, store: Store, *, most_waiting_bytes: int = MOST_WAITING_BYTES) -> None:
        self.store = store
        self._begin(most_waiting_bytes)

    def _begin(self, most_waiting_bytes: int) -> None:
        self._runs: dict[str, tuple[Run, RunTail]] = {}
        self._ends: dict[str, Callable[[Session], None]] = {}
        self._soon: dict[str, dict[str, Any]] = {}
        self._agents: dict[str, Recorded] = {}
        self._backlog = Backlog(most_waiting_bytes)
        self._media = Encoder(media_root(self.store.url), _warn)
        self._listeners: list[Callable[[], None]] = []
        self._asked: list[_Turn] = []
        self._waited_for = False  # the present turn
        self._writing = threading.Lock()  # held while a transaction is open; never by log()
        self._registry = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._next_heartbeat = 0.0
        self._hearing = Hearing(self.store, self._watched)
        self._pace = WritingPace()
        self._trouble: str | None = None
        self._troubled_since = 0.0
        self._retry_at = 0.0
        self._refused = False
        self.store.in_use = self._in_use

    # -- who is recorded -----------------------------------------------------------------------------------------

    def watch(self, run: Run, tail: RunTail | None = None) -> None:
        """Begin to record a run, after what `tail` says is there already."""
        with self._registry:
            self._runs[run.id] = (run, tail or RunTail(run.id))
        self._ensure_thread()

    def watches(self, run: Run) -> bool:
        """Whether the run is recorded, and no end of it is on its way to the store."""
        with self._registry:
            return run.id in self._runs and run.id not in self._ends and run.id not in self._soon

    @property
    def run_ids(self) -> set[str]:
        """The runs that are recorded."""
        return set(self._watched().runs)

    def end(self, run: Run, action: Callable[[Session], None]) -> str | None:
        """Write what is left of a run and then, in the same transaction, its end; and forget it.

        Where the store cannot be written, both wait in memory and are written as soon as it can be.

        Parameters
        ----------
        run : Run
            Closed already, so that nothing more is logged.
        action : callable
            Takes the open `Session` and records the end. It may be called several times, until a transaction is kept.

        Returns
        -------
        str or None
            None when it is kept; else the trouble, in words.
        """
        return self._now_or_later(run.id, action, [run])

    def end_soon(self, run: Run, values: dict[str, Any]) -> None:
        """As `end`, of a run with nothing to say but these columns; returns at once, it is written with the next turn.

        Many short runs then share a transaction; readers see their ends as soon as what they logged.
        """
        with self._registry:
            self._soon[run.id] = {**values, "agent_id": run.agent_id}

    def later(self, action: Callable[[Session], None]) -> str | None:
        """Do something in a write transaction after all that was logged: now, or as soon as the store can be written.

        As `end`, of which it is the half without a run.
        """
        return self._now_or_later(f"later-{id(action)}", action, self._watched_runs())

    @property
    def trouble(self) -> str | None:
        """Why the store cannot be written, what waits and what to do, in a sentence or two; None while all is well."""
        return self._trouble

    @property
    def media_trouble(self) -> str | None:
        """Why images and tables cannot be written; None while they can."""
        return self._media.trouble

    @property
    def on_its_thread(self) -> bool:
        """Whether the caller is the thread that writes, at a turn by the clock, for which nobody waits."""
        return threading.current_thread() is self._thread and not self._waited_for

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
        """Write everything that was logged before this call. Waits seconds at most, not for as long as trouble lasts.

        Images, tables and histograms that are still being made are waited for only with `required`.

        Raises
        ------
        StoreError
            With `required`, when the store cannot be written; the data stay in memory.
        """
        if not self._in_use() or (not required and time.monotonic() < self._retry_at):
            return
        if required:
            self._media.settle(self._watched_runs())
        self._flush(required)

    def _flush(self, required: bool) -> None:
        """Ask for a turn, and wait until it is over."""
        turn, until = _Turn(), time.monotonic() + FLUSH_WAIT_S
        with self._registry:
            self._asked.append(turn)
        while self._thread_is_there() and not turn.over.is_set():
            self._wake.set()
            turn.over.wait(LOOK_UP_S)
            if time.monotonic() > until and not turn.over.is_set():
                if not required:
                    return
                if self._trouble is not None:
                    raise StoreError(self._trouble)
        if not turn.over.is_set():  # the process ends, or there are no more threads to be had
            self._turn()
        if required and turn.error is not None:
            raise turn.error

    def _turn(self) -> None:
        """Write all that is new; those who wait for it hear how it went."""
        with self._writing:
            with self._registry:
                asked, self._asked = self._asked, []
            if not asked and time.monotonic() < self._retry_at:
                return
            changed, error = self._try_to_write()
        self._waited_for = bool(asked)
        if changed:
            self.notify()
        for turn in asked:
            turn.error = error
            turn.over.set()

    def _try_to_write(self) -> tuple[bool, StoreError | None]:
        try:
            return self._write(), None
        except Exception as error:  # also a value that cannot be written: the thread must outlive it
            trouble = error if isinstance(error, StoreError) else StoreError(f"it could not be written: {error!r}")
            if trouble is not error:
                trouble.__cause__ = error
            self._note_trouble(trouble)
            return False, trouble

    def notify(self) -> None:
        """Tell the listeners that the store changed."""
        for listener in tuple(self._listeners):
            with contextlib.suppress(Exception):  # a dashboard's trouble is not the recorder's
                listener()

    def poll_now(self) -> None:
        """Look for stop requests at once, not at the next turn."""
        self._hearing.ask_soon()
        self._wake.set()

    def close(self) -> None:
        """End the thread after a last write."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5.0)
        if self._media.stop():
            self._media.settle(self._watched_runs())
        else:
            self._leave_pictures()
        self._retry_at = 0.0
        if self._writing.acquire(timeout=FLUSH_WAIT_S):  # else the thread hangs at it
            self._writing.release()
            self._turn()
        if not self._backlog.empty:
            _warn(f"nbsweep ends while its store cannot be written. {self._trouble} They are lost with this process.")
        self._media.close()
        if not self._media.empty:
            _warn(f"nbsweep ends while {self._media.trouble}. They are lost with this process.")

    def forget_in_child(self) -> None:
        """In a forked child: what is recorded, and the thread that does it, are the parent's."""
        for run, _tail in self._runs.values():
            run.forget_in_child()
        self._begin(self._backlog.most_bytes)
        self.store.close(forked=True)

    # -- private -------------------------------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        with self._registry:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._loop, name="nbsweep-recorder", daemon=True)
            self._thread.start()

    def _thread_is_there(self) -> bool:
        """Whether another thread than the caller's is at work, or can be had."""
        with contextlib.suppress(RuntimeError):
            self._ensure_thread()
        thread = self._thread
        return not self._closed and thread not in (None, threading.current_thread()) and thread.is_alive()

    def _loop(self) -> None:
        idle_since = time.monotonic()
        while not self._closed:
            self._wake.wait(self._pace.pause_s)
            self._wake.clear()
            self._turn()
            with contextlib.suppress(Exception):  # the turn already said so
                self._hearing.hear()
            if self._in_use():
                idle_since = time.monotonic()
            with self._registry:
                if not self._in_use() and time.monotonic() - idle_since > IDLE_EXIT_S:
                    self._thread = None
                    return

    def _in_use(self) -> bool:
        going_in = self._ends or self._soon or self._asked or not self._backlog.empty
        return bool(self._runs or self._agents or going_in or not self._media.empty)

    def _watched(self) -> Watched:
        with self._registry:
            return Watched({run_id: run for run_id, (run, _tail) in self._runs.items()}, dict(self._agents))

    def _watched_runs(self) -> list[Run]:
        return list(self._watched().runs.values())

    def _now_or_later(self, key: str, action: Callable[[Session], None], runs: list[Run]) -> str | None:
        """Write, with all that these runs logged, and do this in the same transaction; or leave it to the thread."""
        self._media.settle(runs)  # takes its time: an interrupt here must leave no end of a run that goes on
        try:
            with self._registry:
                self._ends[key] = action
            self._flush(required=True)
        except StoreError as error:
            return self._trouble or str(error)
        except BaseException:  # an interrupt: what is not on its way yet was not done
            with self._registry:
                self._ends.pop(key, None)
            raise
        return None

    def _write(self) -> bool:
        """One transaction with all that is new; True if there was anything."""
        cpu_began = time.thread_time()
        self._collect()
        with self._registry:
            agents = list(self._agents)
        began = time.monotonic()
        beat = bool(agents) and began >= self._next_heartbeat
        if self._backlog.empty and not beat:
            return False
        with self.store.write() as db:
            if self._refused:
                self._drop_what_is_gone(db)
            self._backlog.write(db)
            if beat:
                db.beat_agents(agents)
            self._hearing.read_along(db)
        changed = self._backlog.changes or self._trouble is not None
        self._backlog.forget()
        self._refused, self._trouble, self._retry_at = False, None, 0.0
        self._pace.wrote(time.monotonic() - began, time.thread_time() - cpu_began)
        if beat:
            self._next_heartbeat = began + HEARTBEAT_EVERY_S
        return changed

    def _collect(self) -> None:
        """Move what is new into the backlog, then the ends.

        The end of a run whose pictures are still being made waits for them, and nothing else does.
        """
        with self._registry:  # an end is either here, for who changed their mind to take back, or on its way
            watched, ends, soon = list(self._runs.values()), self._ends, self._soon
            self._ends, self._soon = {}, {}
            ending = {run_id: self._runs.pop(run_id) for run_id in (*ends, *soon) if run_id in self._runs}
        try:
            for run, tail in watched:
                run.drain(tail)
                update, console = _update_of(run), run.take_console()
                self._backlog.add(run.id, tail.take_chunks(), update, console)
            late = [run for run, _tail in watched if not run.late.empty]
            self._media.see_to(late)
        except Exception:  # no memory, say: the ends are those of the next turn
            self._put_back(ending, ends, soon)
            raise
        wait = [run.id for run in late if run.id in ending]
        self._put_back(
            {run_id: ending[run_id] for run_id in wait},
            {run_id: ends.pop(run_id) for run_id in wait if run_id in ends},
            {run_id: soon.pop(run_id) for run_id in wait if run_id in soon},
        )
        for key, action in ends.items():
            self._backlog.add_action(key, action)
        for run_id, values in soon.items():
            self._backlog.add_end(run_id, values)
        self._backlog.keep_to_bound()

    def _put_back(
        self,
        runs: dict[str, tuple[Run, RunTail]],
        ends: dict[str, Callable[[Session], None]],
        soon: dict[str, dict[str, Any]],
    ) -> None:
        with self._registry:
            self._runs.update(runs)
            self._ends, self._soon = {**ends, **self._ends}, {**soon, **self._soon}

    def _leave_pictures(self) -> None:
        """At the end, where one cannot be had: the numbers and the ends of runs are kept all the same."""
        for run in self._watched_runs():
            count = run.late.give_up()
            if count:
                _warn(
                    f"nbsweep ends while an image, table or histogram of run {run.name} cannot be read; "
                    f"{count} of them are lost with this process."
                )

    def _drop_what_is_gone(self, db: Session) -> None:
        """The store refused a row: runs that it no longer has (somebody removed them) must not hold up the others."""
        gone = self._backlog.run_ids - {run.id for run in db.runs_by_ids(self._backlog.run_ids)}
        if gone:
            values = self._backlog.drop_runs(gone)
            with self._registry:
                for run_id in gone:
                    self._runs.pop(run_id, None)
            _warn(
                f"runs {', '.join(sorted(gone))} are no longer in the store {self.store.shown}; "
                f"{values:,} of their values were not written"
            )

    def _note_trouble(self, error: StoreError) -> None:
        now = time.monotonic()
        self._refused = self._refused or isinstance(error, StoreRefusedError)
        self._retry_at = now + self._pace.failed()
        first = self._trouble is None
        if first:
            self._troubled_since = now
        self._trouble = in_words(error, self._backlog)
        if first:
            _warn(self._trouble)
        self.notify()


def _update_of(run: Run) -> dict[str, Any]:
    try:
        return run.take_update()
    except Exception as error:  # a user's object, in what is this run's alone: the others are recorded all the same
        _warn(f"run {run.name}: its config or summary cannot be kept: {error!r}")
        return {}


def _warn(text: str) -> None:
    with contextlib.suppress(Warning):  # whoever turns warnings into errors means those of their own thread
        warnings.warn(text, stacklevel=3)
