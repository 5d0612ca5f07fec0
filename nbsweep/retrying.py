"""Which crashed runs are to be tried again. Pure: told of runs as they change, so a long sweep is not read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from nbsweep.store.records import RunRecord
from nbsweep.support import identity

__all__ = ["Retries"]


class Retries:
    """Not thread-safe: its owner is a controller.

    Attributes
    ----------
    revision : int
        The sweep's, up to which it has been told; -1 before the first time.
    """

    def __init__(self) -> None:
        self.revision = -1
        self._crashed: dict[str, RunRecord] = {}
        self._tries: dict[str, tuple[str, int]] = {}  # run id: whose config it tries again, and which attempt it is

    def tell(self, runs: Iterable[RunRecord], revision: int) -> None:
        """Take the runs that changed since `revision` was what it is now."""
        for run in runs:
            if run.attempt > 0:
                self._tries[run.id] = identity(run.config), run.attempt
            if run.state == "crashed":
                self._crashed[run.id] = run
            else:
                self._crashed.pop(run.id, None)
        self.revision = revision

    def next(self, most: int, fits: Callable[[RunRecord], bool]) -> RunRecord | None:
        """The first run that crashed and was not tried again, nor `most` times already; None where there is none."""
        crashed = [run for run in self._crashed.values() if run.attempt < most]
        if not crashed:
            return None
        tried = Counter(self._tries.values())
        for run in sorted(crashed, key=lambda run: run.number):
            attempt = identity(run.config), run.attempt + 1
            if tried[attempt]:
                tried[attempt] -= 1
            elif fits(run):
                return run
        return None
