"""Work that the next suggestion will need, done on a thread of low priority while runs train.

The thread changes nothing but what a searcher keeps for itself: a suggestion is the same whether it came to its end
or not, only sooner.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable

__all__ = ["Ahead"]

NICENESS = 10


class Ahead:
    """Does one piece of work at a time; what is asked for meanwhile is done after it, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Do the work soon; returns at once."""
        with self._lock:
            self._waiting = work
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nbsweep-ahead", daemon=True)
                self._thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Until nothing is left to do."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        if sys.platform == "linux":  # there a thread has a priority of its own
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            with self._lock:
                work, self._waiting = self._waiting, None
                if work is None:
                    self._thread = None
                    return
            with contextlib.suppress(Exception):  # it is done again, and its error said, when the suggestion is asked
                work()
