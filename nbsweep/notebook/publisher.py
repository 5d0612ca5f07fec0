"""Keeps the dashboards of a kernel up to date, on two threads of their own.

``nbsweep-dashboards`` sends what changed, woken by the recorder, at most twenty times a second. What runs log may wait
for half a second, so that the thread takes a small share of the interpreter that training needs; what somebody
did does not wait for that. It also looks once a second for what other processes did. ``nbsweep-importance`` computes
what takes longer, one thing at a time, and rests four times as long as it took, so that training keeps the processor.
Both end when there is nothing to do for them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nbsweep import process
from nbsweep.errors import NbsweepError, StoreError
from nbsweep.notebook.host import in_colab
from nbsweep.pacing import rest_s
from nbsweep.recovery import recover

if TYPE_CHECKING:
    from nbsweep.notebook.stream import SweepStream
    from nbsweep.store import Store

__all__ = ["Publisher", "Thinker", "publisher", "thinker"]

UPDATE_EVERY_S = 0.05
UPDATE_LEAST_OFTEN_S = 0.5
CPU_SHARE = 0.005  # of a core, and of the interpreter that training shares; within the bounds above
SLOWEST_S = 5.0
LOOK_EVERY_S = 1.0
RECOVER_EVERY_S = 5.0
LEAST_REST_S = 0.5
IDLE_EXIT_S = 10.0


class Publisher:
    """Sends every dashboard of this kernel what changed; its thread ends when there is nobody to send to."""

    def __init__(self, *, own_thread: bool = True) -> None:
        self._dashboards: weakref.WeakSet[SweepStream] = weakref.WeakSet()
        self._looks: list[Callable[[], None]] = []
        self._wake = threading.Event()
        self._hurry = threading.Event()  # something was done for which a person waits
        self._own_thread = own_thread
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._disposers: dict[int, Callable[[], None]] = {}
        self._next_recovery = 0.0
        self.pace_s = UPDATE_EVERY_S

    def set_rate(self, per_second: float) -> float:
        """Send at most so many updates a second; gives back what holds, between `SLOWEST_S` and `UPDATE_EVERY_S`."""
        self.pace_s = min(max(1 / max(per_second, 1e-9), UPDATE_EVERY_S), SLOWEST_S)
        return 1 / self.pace_s

    def add(self, dashboard: SweepStream) -> None:
        self.listen()
        with self._starting:
            self._dashboards.add(dashboard)
            self._start()

    def remove(self, dashboard: SweepStream) -> None:
        self._dashboards.discard(dashboard)

    def attend(self, look: Callable[[], None]) -> None:
        """Call `look` too at every turn, until `forget`."""
        with self._starting:
            self._looks.append(look)
            self._start()
        self._wake_now()

    def forget(self, look: Callable[[], None]) -> None:
        with self._starting:
            self._looks.remove(look)

    def listen(self) -> None:
        """Be woken by the recorder of the store that is used now."""
        recorder = process.recorder()
        if id(recorder) not in self._disposers:
            self._disposers[id(recorder)] = recorder.add_listener(
                lambda: self._wake.set() if recorder.on_its_thread else self._wake_now()
            )

    def _wake_now(self) -> None:
        self._hurry.set()
        self._wake.set()

    def _start(self) -> None:
        if self._own_thread and self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="nbsweep-dashboards", daemon=True)
            self._thread.start()

    def turn(self) -> None:
        """Bring every dashboard up to date, on the calling thread."""
        looking = time.monotonic() >= self._next_recovery  # whether another process has gone
        if looking:
            self._next_recovery = time.monotonic() + RECOVER_EVERY_S
        by_store: dict[Store, list[SweepStream]] = {}
        for dashboard in list(self._dashboards):
            by_store.setdefault(dashboard.sweep.store, []).append(dashboard)
        for store, dashboards in by_store.items():
            self._turn_of(store, dashboards, looking)
        for look in tuple(self._looks):
            look()
        if not self._own_thread:
            thinker().work_off()

    def _turn_of(self, store: Store, dashboards: list[SweepStream], looking: bool) -> None:
        """One question to the store for all of its dashboards, however many a long notebook has; of one, none."""
        try:
            for sweep_id in {dashboard.sweep.id for dashboard in dashboards} if looking else ():
                recover(store, sweep_id)
            revisions: Mapping[str, int | None] = {dashboards[0].sweep.id: None}
            if len(dashboards) > 1:
                with store.read() as db:
                    revisions = db.revisions({dashboard.sweep.id for dashboard in dashboards})
        except NbsweepError as error:  # the store may be away for a while; the next turn tries again
            for dashboard in dashboards:
                dashboard.tell_trouble(str(error))
            return
        for dashboard in dashboards:
            with contextlib.suppress(NbsweepError):
                if not self._own_thread and not dashboard.heard:
                    dashboard.snapshot_unasked()
                elif dashboard.sweep.id in revisions:
                    _publish(dashboard, revisions[dashboard.sweep.id])

    def _loop(self) -> None:
        while self._wanted():
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
            self._hurry.clear()
            began = time.thread_time()
            try:
                self.turn()
            except Exception:  # one dashboard's trouble (a front end that has gone) must not end all of them
                logging.getLogger(__name__).exception("a dashboard could not be brought up to date")
            time.sleep(self.pace_s)
            self._hurry.wait(self._rest_s(time.thread_time() - began) - self.pace_s)

    def _rest_s(self, cpu_s: float) -> float:
        """How long to rest after a turn that took so much CPU time."""
        most_s = max(self.pace_s, UPDATE_LEAST_OFTEN_S)
        return rest_s(cpu_s, share=CPU_SHARE, least_s=self.pace_s, most_s=most_s)

    def _wanted(self) -> bool:
        with self._starting:
            if not self._dashboards and not self._looks:
                self._thread = None
        return self._thread is not None


class Thinker:
    """Computes importance for dashboards, and what notebooks keep of them, off the threads that train and that send.

    A question that is asked again before it was answered is one question.
    """

    def __init__(self, *, own_thread: bool = True) -> None:
        self._asked: dict[tuple[int, str | None], weakref.ref[SweepStream]] = {}
        self._changed = threading.Condition()
        self._own_thread = own_thread
        self._thread: threading.Thread | None = None

    def ask(self, dashboard: SweepStream, metric: str | None) -> None:
        """Compute the importance of a metric for a dashboard's pages, soon; None: bring its static twins up to date."""
        with self._changed:
            self._asked[id(dashboard), metric] = weakref.ref(dashboard)
            self._changed.notify()
            if self._own_thread and self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="nbsweep-importance", daemon=True)
                self._thread.start()

    def work_off(self) -> None:
        """Answer one question, if there is one, on the calling thread."""
        with self._changed:
            question = next(iter(self._asked), None)
            dashboard = self._asked.pop(question)() if question is not None else None
        if question is not None and dashboard is not None:
            try:
                if question[1] is None:
                    dashboard.keep()
                else:
                    dashboard.tell_importance(question[1])
            except Exception:  # a user's odd values must not end the thread: the panel stays as it was
                what = "static twins" if question[1] is None else f"importance of {question[1]!r}"
                logging.getLogger(__name__).exception("%s could not be computed", what)

    def _loop(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: bool(self._asked), timeout=IDLE_EXIT_S):
                    self._thread = None
                    return
            began = time.monotonic()
            self.work_off()
            time.sleep(max(LEAST_REST_S, 4 * (time.monotonic() - began)))


def _publish(dashboard: SweepStream, revision: int | None) -> None:
    try:
        dashboard.publish(revision)
    except StoreError as error:
        dashboard.tell_trouble(str(error))


_publishers: list[Publisher] = []
_thinkers: list[Thinker] = []


def publisher() -> Publisher:
    """This kernel's publisher. In Colab it has no thread: widgets move only from the main one (colabtools#3373)."""
    if not _publishers:
        _publishers.append(Publisher(own_thread=not in_colab()))
    return _publishers[0]


def thinker() -> Thinker:
    """This kernel's thinker; in Colab without a thread, too."""
    if not _thinkers:
        _thinkers.append(Thinker(own_thread=not in_colab()))
    return _thinkers[0]
