"""When the outputs that a notebook keeps of a sweep are written anew: rarely while it runs, and soon after it rests.

In: what a dashboard knows of the store, and a clock. Out: whether it is time. A snapshot in an output is written to the
notebook's file with every save and sent through Jupyter's server, which keeps what it cannot deliver; so it is not
written on every change, and never for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Keeping"]

SOON_S = 10.0  # the first time; each time twice as long as the time before
BUSY_EVERY_S = 120.0
REST_AFTER_S = 5.0  # whoever waits for the end of training writes it there himself, and is quicker
SHARE = 50  # of the time it takes at most a fiftieth of the time


class Keeping:
    """One dashboard's static outputs.

    Parameters
    ----------
    clock : callable, default `time.monotonic`
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._display_id: str | None = None
        self._revision = -1
        self._at = 0.0
        self._took_s = 0.0
        self._wait_s = SOON_S
        self._asked = False
        self._rests_since: float | None = None

    @property
    def display_id(self) -> str | None:
        """Of the output that is kept; None where the dashboard was not put up."""
        return self._display_id

    def began(self) -> float:
        """The clock, for `written`."""
        return self._clock()

    def written(self, display_id: str, revision: int, began: float) -> None:
        """That output shows the sweep as it was at that revision of the store."""
        self._display_id, self._revision, self._at = display_id, revision, self._clock()
        self._took_s, self._asked = self._at - began, False

    def has(self, revision: int) -> bool:
        """Whether the output shows that revision already."""
        if revision <= self._revision:
            self._asked = False
            return True
        return False

    def due(self, revision: int, *, resting: bool) -> bool:
        """Whether to write it anew now; true once, until it has been written."""
        now = self._clock()
        self._rests_since = (now if self._rests_since is None else self._rests_since) if resting else None
        if self._display_id is None or self._asked or revision <= self._revision:
            return False
        rested = self._rests_since is not None and now >= self._rests_since + REST_AFTER_S
        if not rested and now < self._at + max(self._wait_s, SHARE * self._took_s):
            return False
        self._asked, self._wait_s = True, min(2 * self._wait_s, BUSY_EVERY_S)
        return True
