"""A sweep as it is now, as what a kernel would tell a page: for files that show it where there is no kernel.

In: a sweep, and how much of it is wanted. Out: a `Recording` in the words of the page's protocol
(`nbsweep.notebook.views`). `nbsweep.notebook.report` puts it whole into an HTML file, `nbsweep.notebook.snapshot` packs
it into a notebook's output; ``labextension/src/recording.ts`` plays both back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nbsweep import analysis
from nbsweep.cells import config_cell
from nbsweep.errors import UsageError
from nbsweep.notebook.media_views import media_view
from nbsweep.notebook.series import WHOLE_POINTS, Series, SeriesReader
from nbsweep.notebook.views import importance_view, run_view, sweep_view
from nbsweep.plan import Plan, sendable
from nbsweep.store import RunRecord, Session
from nbsweep.sweeps import Sweep

__all__ = ["Recording", "record"]

BATCH = 20  # runs whose histories are in memory at once, before they are thinned


@dataclass(frozen=True)
class Recording:
    """What pages are told of a sweep.

    Attributes
    ----------
    sweep : dict
        The header, without a guess at when it will be done.
    runs : list of dict
        A row each, by number.
    series : list of Series
    details : dict
        {run id: the message that answers a row that is opened}.
    importance : dict
        {metric: the message with what matters for it}.
    """

    sweep: dict[str, Any]
    runs: list[dict[str, Any]]
    series: list[Series]
    details: dict[str, dict[str, Any]]
    importance: dict[str, dict[str, Any]]


def record(
    sweep: Sweep,
    *,
    console: int,
    metrics: int,
    media: bool = False,
    most_keys: int | None = None,
    most_points: int | None = None,
) -> Recording:
    """A sweep as it is now.

    Parameters
    ----------
    sweep : Sweep
    console : int
        How many characters of what each run printed are kept, the last ones.
    metrics : int
        Of how many metrics the importance is computed, the sweep's first.
    media : bool
        Keep the last image, table or histogram of each key.
    most_keys : int, optional
        Of how many keys curves are kept, those that are drawn first first; all by default.
    most_points : int, optional
        About how many points all curves may have together; by default a curve has what a screen can show.
    """
    runs = sweep.runs
    plan, ids = Plan.of(sweep.checked_config), [run.id for run in runs]
    with sweep.store.read() as db:
        found, agents, points = db.sweep(sweep.id), db.agents(sweep.id), db.points(ids)
        keys: dict[str, int] = {}
        for (_run, key), count in points.items():
            keys[key] = keys.get(key, 0) + count
        names = _first_keys(keys, plan)[:most_keys]
        curves = sum(key in names for _run, key in points)
        limit = WHOLE_POINTS if most_points is None else min(WHOLE_POINTS, most_points // max(curves, 1))
        series = list(_series(db, ids, names, limit)) if limit else []
        printed = {run_id: _tail(db, run_id, console) for run_id in ids} if console else {}
        shown = {run_id: media_view(db, run_id) for run_id in ids} if media else {}
        codes = {code: db.code(code) for code in {run.code_hash for run in runs} if code is not None}
    assert found is not None
    best, now = analysis.best_run(runs, plan.config.metric), time.time()
    rows = [run_view(run, plan, best, now, changed) for run, changed in _with_code_changes(runs)]
    details = {
        run.id: {
            "type": "run_detail",
            "run": run.id,
            "traceback": run.error,
            "console": printed.get(run.id, ""),
            "config": sendable(run.config, to_page=True),
            "source": config_cell(run, plan.config.metric),
            "code": None if run.code_hash is None else codes[run.code_hash],
            "media": shown.get(run.id, []),
        }
        for run in runs
    }
    return Recording(
        {**sweep_view(found, plan, runs, agents, keys, None), "left_s": None},
        # A clock that ticks would say that somebody knows it still runs.
        [{**row, "started_at": None} if row["state"] == "running" else row for row in rows],
        series,
        details,
        {metric: _importance(sweep, metric) for metric in _metrics(sweep, runs)[:metrics]},
    )


def _series(db: Session, ids: Sequence[str], keys: Iterable[str], limit: int) -> Iterable[Series]:
    for first in range(0, len(ids), BATCH):
        for each in SeriesReader().whole(db, list(ids[first : first + BATCH]), keys, {}):
            yield each.thin(limit)


def _first_keys(keys: dict[str, int], plan: Plan) -> list[str]:
    """The keys that a page draws unasked, then those that name the metric, then the others."""
    metric = plan.config.metric.name if plan.config.metric else None
    first = (metric, analysis.finest_key(keys, metric))

    def rank(key: str) -> tuple[int, str]:
        return (first.index(key) if key in first else 2 if metric is not None and metric in key else 3, key)

    return sorted(keys, key=rank)


def _tail(db: Session, run_id: str, characters: int) -> str:
    return "".join(text for _stream, text in db.console(run_id))[-characters:]


def _metrics(sweep: Sweep, runs: list[RunRecord]) -> list[str]:
    """The sweep's metric, then the other numbers that the runs' summaries have."""
    metric = sweep.checked_config.metric
    names = [metric.name] if metric is not None else []
    for run in runs:
        for name, value in run.summary.items():
            if name not in names and isinstance(value, (int, float)) and not isinstance(value, bool):
                names.append(name)
    return names


def _importance(sweep: Sweep, metric: str) -> dict[str, Any]:
    try:
        view = importance_view(sweep.compute_importance(metric))
    except UsageError as error:
        view = {"rows": [], "runs_used": 0, "left_out": {}, "reason": str(error)}
    return {"type": "importance", "metric": metric, **view}


def _with_code_changes(runs: list[RunRecord]) -> list[tuple[RunRecord, bool]]:
    """Each run, and whether it was trained with other code than the one before it."""
    found, before = [], None
    for run in runs:
        found.append((run, None not in (run.code_hash, before) and run.code_hash != before))
        before = run.code_hash or before
    return found
