"""What runs that train in other processes have logged of the sweep's metric, brought to the agent that judges them.

In: the store. Out: how the metric of the agent's own `Run` objects stands, as if they had been logged to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nbsweep.runs import Run
from nbsweep.store import Store, values_beyond
from nbsweep.sweep_config import Metric

__all__ = ["MetricMirror"]


class MetricMirror:
    """Follows a sweep's metric. Not thread-safe: its owner is an agent's thread.

    Parameters
    ----------
    store : Store
    sweep_id : str
    """

    def __init__(self, store: Store, sweep_id: str) -> None:
        self._store = store
        self._sweep_id = sweep_id
        self._read: dict[str, int] = {}  # run id: how many values were seen
        self._revision = -1

    def refresh(self, runs: Mapping[str, Run], metric: Metric) -> None:
        """Bring these runs ({id: run}) up to date; one short read where nothing has changed."""
        with self._store.read() as db:
            sweep = db.sweep(self._sweep_id)
            if sweep is None or sweep.revision == self._revision:
                return
            self._revision = sweep.revision
            self._read = {run_id: self._read.get(run_id, 0) for run_id in runs}
            chunks = db.chunks_beyond(metric.name, self._read)
        for run_id, new in values_beyond(chunks, self._read).items():
            runs[run_id].summarising.note_metric(_numbers(new))
            self._read[run_id] += len(new)


def _numbers(values: Iterable[object]) -> Iterator[float]:
    for value in values:
        if not isinstance(value, (bool, str)) and hasattr(value, "__float__"):
            yield float(value)
