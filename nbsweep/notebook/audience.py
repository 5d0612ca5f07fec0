"""Whether anybody still looks at a dashboard, so that nothing piles up for a page that is gone.

A page says every ten seconds that it is there. Jupyter's server keeps what a kernel sends while no page is connected,
without a bound; so after some silence a dashboard sends once a second, and later nothing, until a page is heard again
and gets all that it lacks. A kernel whose main thread is busy may be unable to hear (only with subshells, in
JupyterLab, can it), so that time does not count as silence unless the kernel has heard a page beside a running cell.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython

__all__ = ["SILENT_AFTER_S", "SLOW_AFTER_S", "Audience", "MainThread", "main_thread"]

SLOW_AFTER_S = 25.0
SILENT_AFTER_S = 180.0  # a hidden tab's timers fire once a minute
SLOW_EVERY_S = 1.0


class MainThread:
    """When the kernel's main thread was last free to hear what pages say."""

    def __init__(self, events: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._busy = False
        self._free_since = clock()
        if events is not None:
            self._busy = True  # the cell that makes the first dashboard is running
            events.register("pre_run_cell", self._cell_begins)
            events.register("post_run_cell", self._cell_ends)

    @property
    def free_since(self) -> float | None:
        """On the clock; None while a cell runs."""
        return None if self._busy else self._free_since

    def _cell_begins(self, *_info: Any) -> None:
        self._busy = True

    def _cell_ends(self, *_result: Any) -> None:
        self._busy, self._free_since = False, self._clock()


class Audience:
    """The pages of one dashboard.

    Parameters
    ----------
    main : MainThread
    clock : callable, default `time.monotonic`
    """

    def __init__(self, main: MainThread, clock: Callable[[], float] = time.monotonic) -> None:
        self._main = main
        self._clock = clock
        self._heard_at = clock()
        self._hears_beside_cells = False
        self._next_slow = 0.0

    def heard(self) -> None:
        """A page has said something; called on the thread that heard it."""
        self._heard_at = self._clock()
        self._next_slow = 0.0
        if threading.current_thread() is not threading.main_thread():
            self._hears_beside_cells = True

    def wants(self) -> bool:
        """Whether to send now what is new: always while somebody looks, rarely and then never when nobody does."""
        silent_s = self.silent_s
        if silent_s < SLOW_AFTER_S:
            return True
        if silent_s >= SILENT_AFTER_S or self._clock() < self._next_slow:
            return False
        self._next_slow = self._clock() + SLOW_EVERY_S
        return True

    @property
    def silent_s(self) -> float:
        """For how long no page has been heard, as far as the kernel could hear one."""
        now = self._clock()
        since = self._heard_at
        if not self._hears_beside_cells:
            free_since = self._main.free_since
            since = now if free_since is None else max(since, free_since)
        return now - since


_main_threads: list[MainThread] = []


def main_thread() -> MainThread:
    """This kernel's main thread."""
    if not _main_threads:
        shell = get_ipython()
        _main_threads.append(MainThread(getattr(shell, "events", None)))
    return _main_threads[0]
