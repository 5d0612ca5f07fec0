"""Which crashed runs are to be tried again. Pure: told of runs as they change, so a long sweep is not read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbsweep.store.records import RunRecord

__all__ = ["Retries"]


class Retries:
    """Not thread-safe: its owner is a controller.

    Parameters
    ----------
    key_of : callable
        What a config is in the sweep's space as it is now, as `SearchSpace.key`: training code may have added to that
        of a crashed run, and something else to that of its retry.

    Attributes
    ----------
    revision : int
        The sweep's, up to which it has been told; -1 before the first time.
    """

    def __init__(self, key_of: Callable[[Mapping[str, Any]], str]) -> None:
        self.revision = -1
        self._key_of = key_of
        self._crashed: dict[str, tuple[RunRecord, tuple[str, int]]] = {}  # run id: it, and the attempt that is to come
        self._tries: dict[str, tuple[str, int]] = {}  # run id: whose config it tries again, and which attempt it is

    def tell(self, runs: Iterable[RunRecord], revision: int) -> None:
        """Take the runs that changed since `revision` was what it is now."""
        for run in runs:
            if run.attempt > 0:
                self._tries[run.id] = self._key_of(run.config), run.attempt
            if run.state == "crashed":
                self._crashed[run.id] = run, (self._key_of(run.config), run.attempt + 1)
            else:
                self._crashed.pop(run.id, None)
        self.revision = revision

    def next(self, most: int, fits: Callable[[RunRecord], bool]) -> RunRecord | None:
        """The first run that crashed and was not tried again, nor `most` times already; None where there is none."""
        crashed = [(run, attempt) for run, attempt in self._crashed.values() if run.attempt < most]
        if not crashed:
            return None
        tried = Counter(self._tries.values())
        for run, attempt in sorted(crashed, key=lambda each: each[0].index):
            if tried[attempt]:
                tried[attempt] -= 1
            elif fits(run):
                return run
        return None
