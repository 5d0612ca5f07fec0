"""Which crashed runs are to be tried again. Pure: told of runs as they change, so a long sweep is not read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbsweep.config_parameters import chosen
from nbsweep.store.records import RunRecord
from nbsweep.support import identity

__all__ = ["Retries"]


class Retries:
    """Not thread-safe: its owner is a controller.

    Parameters
    ----------
    parameters : mapping
        The sweep's, as its config has them now: by these alone a run's config is another's. Training code may have
        added to it, the crashed run's less or more than that of its retry.

    Attributes
    ----------
    revision : int
        The sweep's, up to which it has been told; -1 before the first time.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.revision = -1
        self._parameters = parameters
        self._crashed: dict[str, tuple[RunRecord, tuple[str, int]]] = {}  # run id: it, and the attempt that is to come
        self._tries: dict[str, tuple[str, int]] = {}  # run id: whose config it tries again, and which attempt it is

    def tell(self, runs: Iterable[RunRecord], revision: int) -> None:
        """Take the runs that changed since `revision` was what it is now."""
        for run in runs:
            if run.attempt > 0:
                self._tries[run.id] = self._point(run), run.attempt
            if run.state == "crashed":
                self._crashed[run.id] = run, (self._point(run), run.attempt + 1)
            else:
                self._crashed.pop(run.id, None)
        self.revision = revision

    def next(self, most: int, fits: Callable[[RunRecord], bool]) -> RunRecord | None:
        """The first run that crashed and was not tried again, nor `most` times already; None where there is none."""
        crashed = [(run, attempt) for run, attempt in self._crashed.values() if run.attempt < most]
        if not crashed:
            return None
        tried = Counter(self._tries.values())
        for run, attempt in sorted(crashed, key=lambda each: each[0].number):
            if tried[attempt]:
                tried[attempt] -= 1
            elif fits(run):
                return run
        return None

    def _point(self, run: RunRecord) -> str:
        return identity(chosen(self._parameters, run.config))
