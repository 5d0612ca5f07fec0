"""What runs say together: the value of each, the best of them, tables. DataFrames out.

What is computed, everywhere: a run's value is its summary value of the metric, which is the last one logged or what
`define_metric` says. Finished and early-stopped runs count (`COUNTED_STATES`). Failed, killed, crashed and running ones
are left out, as are values that are NaN, infinite or no number, and importance tells how many and why.

Importance (`nbsweep.importance`) is that of a random forest on the metric's ranks: numbers are ordered columns, all
else columns of levels, missing a level of its own. The statistic is measured out of bag, compared with that of
permutations of the metric, and seeded, so that the same runs give the same answer. The forest is ours, in NumPy, for
all permutations pass through it at once. ``docs/importance.md`` has the method, its sources and its measured errors.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbsweep.store import History, RunRecord
from nbsweep.store.media import Kept
from nbsweep.sweep_config import Metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["best_run", "finest_key", "flat", "history_frame", "metric_value", "runs_frame", "time_saved", "why_no_best"]

# A run that failed or was killed says nothing certain of its config, and one that runs is not done yet.
COUNTED_STATES = ("finished", "stopped")


def metric_value(run: RunRecord, metric: Metric | None) -> float | None:
    """The run's summary value of the sweep's metric; None where it has none or it is not a number (NaN is one)."""
    value = run.summary.get(metric.name) if metric is not None else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def best_run(runs: Sequence[RunRecord], metric: Metric | None) -> RunRecord | None:
    """The finished or early-stopped run with the best finite value; the earliest of equals; None if there is none."""
    if metric is None:
        return None
    sign = 1.0 if metric.goal == "minimize" else -1.0
    candidates = [
        (sign * value, run.index, run)
        for run in runs
        if run.state in COUNTED_STATES and (value := metric_value(run, metric)) is not None and math.isfinite(value)
    ]
    return min(candidates, key=lambda c: c[:2])[2] if candidates else None


def why_no_best(metric: Metric | None) -> str:
    """What a sweep without a `best_run` lacks, in words."""
    return "has no metric to be best by" if metric is None else "has no finished run with a finite metric yet"


def time_saved(runs: Sequence[RunRecord]) -> float | None:
    """Seconds of training that early termination saved; None where it stopped none, or nothing has finished yet.

    Each run that was stopped early is taken to have lasted as long as the median finished one.
    """
    stopped = [run for run in runs if run.state == "stopped" and run.stopped_because is not None]
    whole = [seconds for run in runs if run.state == "finished" and (seconds := run.duration_s(0.0)) is not None]
    if not stopped or not whole:
        return None
    usual = statistics.median(whole)
    return sum(max(usual - (run.duration_s(0.0) or 0.0), 0.0) for run in stopped)


def flat(config: Mapping[str, Any], declared: Container[str] = (), prefix: str = "") -> dict[str, Any]:
    """Nested parameters as dotted names; one that is `declared` (`SweepConfig.parameter_names`) is a value, dict or no.

    >>> flat({"optimizer": {"lr": 0.1}, "epochs": 2})
    {'optimizer.lr': 0.1, 'epochs': 2}
    >>> flat({"net": {"head": {"width": 8}, "depth": 2}}, ["net.head", "net.depth"])
    {'net.head': {'width': 8}, 'net.depth': 2}
    """
    out: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and name not in declared:
            out.update(flat(value, declared, f"{name}."))
        else:
            out[name] = value
    return out


def runs_frame(runs: Sequence[RunRecord], declared: Container[str] = ()) -> pd.DataFrame:
    """A row a run: run (its name), id, number (from 1), state, duration_s, a column a parameter and a summary key.

    A value of a `declared` parameter is in one column, a dict too (see `flat`).

    A summary key that is also a parameter's name or one of the first columns becomes ``summary.KEY``; such a
    parameter ``config.KEY``.
    """
    import pandas as pd

    now = time.time()
    rows = []
    for run in runs:
        row: dict[str, Any] = {
            "run": run.name,
            "id": run.id,
            "number": run.number,
            "state": run.state,
            "duration_s": run.duration_s(now),
        }
        for key, value in flat(run.config, declared).items():
            row[f"config.{key}" if key in _FIRST_COLUMNS else key] = value
        rows.append(row)
    taken = {name for row in rows for name in row} | set(_FIRST_COLUMNS)
    for row, run in zip(rows, runs, strict=True):
        row.update({f"summary.{key}" if key in taken else key: value for key, value in run.summary.items()})
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=_FIRST_COLUMNS)


def history_frame(histories: Mapping[str, History]) -> pd.DataFrame:
    """A row a log call: run, step, time (UTC), a column a key; NaN where a call lacked the key.

    Parameters
    ----------
    histories : mapping
        {run name: its history}. A key that is called run, step or time becomes ``log.KEY``. A logged histogram, image
        or table is a text whose ``.load()`` gives the thing itself (`nbsweep.store.media.Kept`).
    """
    import pandas as pd

    frames = []
    for name, history in histories.items():
        columns: dict[str, Any] = {
            "run": name,
            "step": history.steps,
            "time": pd.to_datetime(history.times, unit="s", utc=True),
        }
        rows = pd.RangeIndex(len(history.steps))
        logged: dict[str, Any] = {}  # one frame of all: to insert column after column takes quadratic time
        for key, column in history.columns.items():
            kept = not column.numeric and any(isinstance(value, Kept) for value in column.values)
            series = pd.Series(column.values, index=column.rows, dtype=object if kept else None)
            logged[f"log.{key}" if key in columns else key] = series.reindex(rows)
        frames.append(pd.DataFrame({**columns, **logged}, index=rows))
    if not frames:
        return pd.DataFrame(columns=["run", "step", "time"])
    return pd.concat(frames, ignore_index=True)


def finest_key(points: Mapping[str, int], metric: str | None) -> str | None:
    """The key to show first: the metric, or a key named after it with many more points (a loss per batch).

    Parameters
    ----------
    points : mapping
        {key: how many numbers were logged of it}.
    """
    if not points:
        return None
    if metric is None:
        return max(points, key=lambda key: points[key])
    kin = [key for key in points if metric in key and points[key] >= _FINER * max(points.get(metric, 0), 1)]
    if kin:
        return max(kin, key=lambda key: points[key])
    return metric if metric in points else max(points, key=lambda key: points[key])


_FINER = 5  # a key with so many times the metric's points shows more of the training than the metric
_FIRST_COLUMNS = ["run", "id", "number", "state", "duration_s"]
