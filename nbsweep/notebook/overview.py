"""All sweeps of the store at a glance: what a list of them shows, kept up to date by reading only what changed.

In: the store that this process uses now, which looking at never makes. Out: a plain dict a sweep, newest first, in the
words of ``labextension/src/lab/link.ts`` (`SweepItem`). Nothing is written, but for runs whose process has gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep import analysis, process, sweep_config
from nbsweep.errors import ConfigError
from nbsweep.outlook import used_up
from nbsweep.plan import LONGEST_TEXT, Plan
from nbsweep.recovery import recover
from nbsweep.store import AgentRecord, RunRecord, Session, Store, SweepRecord, first_values, read_history
from nbsweep.thinning import extremes

__all__ = ["TAIL_VALUES", "Overview"]

TAIL_VALUES = 32  # of a running run's curve: about as many as a small sparkline has room for
MOST_RUNNING = 8  # running runs that are told of a sweep
KEPT_VALUES = 1024
RECOVER_EVERY_S = 5.0
TREND_POINTS = 3  # a metric with fewer points a run has no trend to show

Floats = npt.NDArray[np.float64]


@dataclass
class _Curve:
    """One run's values of one key, thinned; `total` is how many it has logged."""

    key: str
    total: int = 0
    values: Floats = field(default_factory=lambda: np.empty(0))

    def extend(self, first: int, values: Floats) -> None:
        """Take in `values`, of which the first is number `first` of the whole series."""
        fresh = values[max(self.total - first, 0) :]
        self.total = max(self.total, first + len(values))
        self.values = np.concatenate([self.values, fresh[np.isfinite(fresh)]])
        if len(self.values) > 2 * KEPT_VALUES:
            self.values = self.values[extremes(self.values, 2 * len(self.values) // KEPT_VALUES)]

    @property
    def tail(self) -> list[float]:
        """At most `TAIL_VALUES` of them, which draw the same picture."""
        stretch = -(-2 * len(self.values) // (TAIL_VALUES - 2))
        kept = self.values if len(self.values) <= TAIL_VALUES else self.values[extremes(self.values, stretch)]
        return [float(value) for value in kept[-TAIL_VALUES:]]


@dataclass
class _Known:
    """What was read of one sweep; the runs of one that has ended are not kept."""

    version: int
    plan: Plan
    revision: int = -1
    read_to: int = -1
    runs: dict[str, RunRecord] = field(default_factory=dict)
    points: dict[tuple[str, str], int] = field(default_factory=dict)
    curves: dict[str, _Curve] = field(default_factory=dict)
    item: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Unreadable:
    """A sweep whose config this nbsweep does not understand."""

    revision: int
    item: dict[str, Any]


class Overview:
    """The sweeps of the store that this process uses; for several pages and threads.

    Attributes
    ----------
    version : int
        Grows with each change of what `sweeps` is.
    storage : str
        Where the store is, or would be, for people.
    sweeps : list of dict
        Newest first.
    """

    def __init__(self) -> None:
        self.version = 0
        self.storage = ""
        self.sweeps: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._known: dict[str, _Known | _Unreadable] = {}
        self._url: str | None = None
        self._next_recovery = 0.0

    def look(self) -> None:
        """Bring it up to date.

        Raises
        ------
        StoreError
            When the store cannot be read now.
        """
        with self._lock:
            store = process.recorder().store if process.has_store() else None
            url = store.url if store is not None else None
            storage = process.shown_storage()
            if url != self._url or storage != self.storage:
                self._url, self.storage, self._known, self.sweeps = url, storage, {}, []
                self.version += 1
            if store is not None:
                self._recover(store)
                self._read(store)

    def _recover(self, store: Store) -> None:
        """Find runs, also of other processes, whose process has gone."""
        if time.monotonic() < self._next_recovery:
            return
        self._next_recovery = time.monotonic() + RECOVER_EVERY_S
        for sweep_id, known in self._known.items():
            if known.item.get("state") in ("running", "paused"):
                recover(store, sweep_id)

    def _read(self, store: Store) -> None:
        with store.read() as db:
            revisions = db.revisions()
            changed = [each for each in revisions if each not in self._known or self._stale(each, revisions[each])]
            if not changed and len(revisions) == len(self._known):
                return
            records = {each: sweep for each in changed if (sweep := db.sweep(each)) is not None}
            for sweep in records.values():
                try:
                    self._known[sweep.id] = self._brought_up(db, sweep)
                except ConfigError as error:  # of a newer nbsweep: the others are shown all the same
                    self._known[sweep.id] = _Unreadable(sweep.revision, _bare_item(sweep, str(error)))
        self._known = {each: known for each, known in self._known.items() if each in revisions}
        items = [known.item for known in self._known.values()]
        self.sweeps = sorted(items, key=lambda item: (-item["created_at"], item["id"]))
        self.version += 1

    def _stale(self, sweep_id: str, revision: int) -> bool:
        return self._known[sweep_id].revision != revision

    def _brought_up(self, db: Session, sweep: SweepRecord) -> _Known:
        known = self._known.get(sweep.id)
        if not isinstance(known, _Known) or known.version != sweep.version:
            known = _Known(sweep.version, Plan.of(sweep_config.load(sweep.config)))
        known.runs.update((run.id, run) for run in db.runs(sweep.id, since_revision=known.read_to))
        known.revision = known.read_to = sweep.revision
        runs = sorted(known.runs.values(), key=lambda run: run.index)
        running = [run for run in runs if run.state == "running"]
        self._read_curves(db, known, running)
        known.item = _item(sweep, known, runs, running, db.agents(sweep.id))
        if not running and sweep.state in ("finished", "cancelled"):
            known.runs, known.points, known.curves, known.read_to = {}, {}, {}, -1
        return known

    def _read_curves(self, db: Session, known: _Known, running: list[RunRecord]) -> None:
        ids = [run.id for run in running[:MOST_RUNNING]]
        known.points.update(db.points(ids) if ids else {})
        key = _trend_key(known, {pair: count for pair, count in known.points.items() if pair[0] in ids}, len(ids))
        known.curves = {each: curve for each, curve in known.curves.items() if each in ids and curve.key == key}
        if key is None:
            return
        since = {(each, key): curve.total for each, curve in known.curves.items()}
        chunks = db.chunks(ids, kind="key", key=key, since=since)
        firsts = first_values(chunks)
        for run_id, history in read_history(chunks).items():
            column = history.columns[key]
            if column.numeric:
                curve = known.curves.setdefault(run_id, _Curve(key))
                curve.extend(firsts[run_id, key], np.asarray(column.values, dtype="<f8"))


def _trend_key(known: _Known, points: Mapping[tuple[str, str], int], runs: int) -> str | None:
    """The metric where it has a trend to show, else the finest key."""
    keys: dict[str, int] = {}
    for (_run, key), count in points.items():
        keys[key] = keys.get(key, 0) + count
    metric = known.plan.config.metric.name if known.plan.config.metric else None
    if metric is not None and keys.get(metric, 0) >= TREND_POINTS * runs:
        return metric
    return analysis.finest_key(keys, metric)


def _bare_item(sweep: SweepRecord, note: str | None) -> dict[str, Any]:
    """What is known of a sweep without its runs and its plan."""
    return {
        "id": sweep.id,
        "name": sweep.name,
        "method": str(sweep.config.get("method", "")),
        "state": sweep.state,
        "active": False,
        "metric": None,
        "goal": None,
        "best": None,
        "runs": 0,
        "finished": 0,
        "failed": 0,
        "total": None,
        "created_at": sweep.created_at,
        "running": [],
        "running_count": 0,
        "note": None if note is None else note.partition("\n")[0][:LONGEST_TEXT],
        "note_kind": sweep.note_kind,
    }


def _item(
    sweep: SweepRecord, known: _Known, runs: list[RunRecord], running: list[RunRecord], agents: list[AgentRecord]
) -> dict[str, Any]:
    metric = known.plan.config.metric
    best = analysis.best_run(runs, metric)
    states = [run.state for run in runs]
    total = known.plan.run_count(runs, agents)
    return {
        **_bare_item(sweep, sweep.note or used_up(sweep, known.plan.config, runs, total)),
        "active": any(agent.left_at is None for agent in agents),
        "metric": None if metric is None else metric.name,
        "goal": None if metric is None else metric.goal,
        "best": None if best is None else analysis.metric_value(best, metric),
        "runs": sum(state != "pending" for state in states),
        "finished": sum(state in ("finished", "stopped") for state in states),
        "failed": sum(state in ("failed", "crashed", "killed") for state in states),
        "total": total,
        "running": [
            {"run": run.id, "name": run.name, "tail": known.curves[run.id].tail if run.id in known.curves else []}
            for run in running[:MOST_RUNNING]
        ],
        "running_count": len(running),
    }
