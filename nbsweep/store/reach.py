"""How often this process could not use its store, or only after a long wait.

Such a time is mostly everybody's: the server was away, a lock was held. What others did not write meanwhile tells
nothing of them, so whoever judges them by it (`nbsweep.liveness`) begins anew when `outages` has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["SLOW_S", "Reach"]

SLOW_S = 5.0  # heartbeats come every two seconds


class Reach:
    """Of one store, told of its transactions by all threads.

    Parameters
    ----------
    clock : callable, default `time.monotonic`
        Seconds that never jump.

    >>> now = [0.0]
    >>> reach = Reach(lambda: now[0])
    >>> waits = reach.begin()
    >>> reach.outages()
    0
    >>> now[0] = 28.0
    >>> reach.outages()
    1
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._under_way: dict[object, float] = {}

    def begin(self) -> object:
        """A transaction is asked for; returns what `end` takes."""
        mark = object()
        self._under_way[mark] = self._clock()
        return mark

    def end(self, mark: object) -> None:
        """It has what it waited for; a second time nothing happens."""
        began = self._under_way.pop(mark, None)
        if began is not None and self._clock() - began > SLOW_S:
            self._count += 1

    def failed(self) -> None:
        """A transaction was not possible."""
        self._count += 1

    def outages(self) -> int:
        """Differs from what it was before whenever the store was out of reach since, or is."""
        since = self._clock() - SLOW_S
        if any(began < since for began in list(self._under_way.values())):
            self._count += 1
        return self._count
