"""Runs in threads of this process: the default, in the kernel, where they see the notebook's objects and its GPU.

Each run has a thread of its own (``nbsweep-run-NAME``). A thread cannot be ended from outside, so a run that does not
log is interrupted by an asynchronous exception; one that sits in C code gets it when it comes back, and until then it
is abandoned: its slot is free, its name is off the books, and its next call of `log` ends it.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass, field

from nbsweep.engines.base import Work
from nbsweep.errors import RunStopped

__all__ = ["ThreadEngine"]


@dataclass
class _Running:
    work: Work
    thread: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    interruptible: bool = False
    ended: bool = False


class ThreadEngine:
    """Runs work in threads.

    Parameters
    ----------
    slots : int
        How many pieces of work at once.
    """

    interrupt_after_s = 0.15
    give_up_after_s = 0.6

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self._running: dict[str, _Running] = {}

    def submit(self, work: Work) -> None:
        running = _Running(work)
        self._running[work.id] = running
        # A daemon, so that a run that never ends cannot keep the interpreter from ending.
        running.thread = threading.Thread(
            target=self._train, args=(running,), name=f"nbsweep-run-{work.name}", daemon=True
        )
        running.thread.start()

    def interrupt(self, work_id: str) -> None:
        running = self._running.get(work_id)
        if running is None or running.thread is None:
            return
        with running.lock:
            if running.interruptible:
                _raise_in(running.thread, RunStopped)

    def kill(self, work_id: str) -> None:
        running = self._running.get(work_id)
        if running is not None:
            self._end(running, abandoned=True)

    def close(self) -> None:
        for work_id in list(self._running):
            self.interrupt(work_id)
            self.kill(work_id)

    def another(self) -> ThreadEngine:
        return ThreadEngine(self.slots)

    def _train(self, running: _Running) -> None:
        try:
            with running.lock:
                running.interruptible = True
            running.work.run()
        except RunStopped:
            pass  # it arrived after the work had dealt with its own end
        finally:
            self._leave(running)

    def _leave(self, running: _Running) -> None:
        """End the work. An interrupt already on its way may land in the loop; after it, none can."""
        while True:
            try:
                with running.lock:
                    running.interruptible = False
                _forget_pending_interrupt()
                break
            except RunStopped:
                continue
        self._end(running, abandoned=False)

    def _end(self, running: _Running, *, abandoned: bool) -> None:
        with running.lock:
            if running.ended:
                return
            running.ended = True
        self._running.pop(running.work.id, None)
        running.work.done(abandoned)


def _raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """Let `thread` raise `error` at its next Python instruction (CPython's PyThreadState_SetAsyncExc)."""
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error))


def _forget_pending_interrupt() -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), None)
