"""What runs that train in other processes have logged of the sweep's metric, brought to the agent that judges them.

In: the store. Out: `metric_count` and `metric_best` of the agent's own `Run` objects, as if they had been logged to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from nbsweep.runs import Run
from nbsweep.store import Store, first_values, read_history
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
            known = {(run_id, metric.name): self._read.get(run_id, 0) for run_id in runs}
            chunks = db.chunks(list(runs), kind="key", key=metric.name, since=known)
        self._read = {run_id: self._read.get(run_id, 0) for run_id in runs}
        firsts = first_values(chunks)
        for run_id, history in read_history(chunks).items():
            values = list(history.columns[metric.name].values)
            for value in values[self._read[run_id] - firsts[run_id, metric.name] :]:
                _note(runs[run_id], value, max if metric.goal == "maximize" else min)
            self._read[run_id] = firsts[run_id, metric.name] + len(values)


def _note(run: Run, value: object, better: Callable[[float, float], float]) -> None:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__") or not math.isfinite(float(value)):
        return
    number = float(value)
    run.metric_count += 1
    run.metric_best = number if run.metric_best is None else better(run.metric_best, number)
