"""Commands that only read: ``ls``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from nbsweep import analysis
from nbsweep.cli.opening import existing_store, missing_store, open_sweep
from nbsweep.cli.output import ago, duration, number, print_json, safe, short, table
from nbsweep.recovery import recover
from nbsweep.store import RunRecord, SweepRecord
from nbsweep.sweep_config import Metric
from nbsweep.sweeps import Sweep

__all__ = ["ls", "run_facts", "sweep_facts"]


def ls(options: argparse.Namespace) -> int:
    """``nbsweep ls [SWEEP]``."""
    if options.sweep is not None:
        _ls_runs(open_sweep(options.sweep), as_json=options.json)
        return 0
    missing = missing_store()
    if missing is not None:
        sys.stderr.write(f"There is no store {safe(missing)} yet.\n")
        sweeps = []
    else:
        sweeps = _sweeps(options.project)
    if options.json:
        print_json([sweep_facts(*each) for each in sweeps])
        return 0
    if not sweeps:
        sys.stderr.write("No sweeps: define one with `nbsweep sweep CONFIG.yaml` or in a notebook.\n")
        return 0
    now = time.time()
    columns = ("id", "name", "project", "method", "state", "runs", "best", "defined")
    rows = []
    for record, runs in sweeps:
        facts = sweep_facts(record, runs)
        best = f"{facts['metric']} {number(facts['best'])}" if facts["best"] is not None else "–"
        rows.append(
            (record.id, record.name, record.project, facts["method"], record.state, str(facts["runs"]), best,
             ago(now - record.created_at))
        )  # fmt: skip
    table(columns, rows, right=("runs",))
    return 0


def sweep_facts(record: SweepRecord, runs: Sequence[RunRecord]) -> dict[str, Any]:
    """A sweep in a few facts, as ``ls --json`` gives it."""
    written = record.config.get("metric")
    metric = Metric(**written) if written else None
    best = analysis.best_run(runs, metric)
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.state] = counts.get(run.state, 0) + 1
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "method": record.config["method"],
        "state": record.state,
        "runs": len(runs),
        "states": counts,
        "metric": metric.name if metric else None,
        "goal": metric.goal if metric else None,
        "best": analysis.metric_value(best, metric) if best else None,
        "best_run": best.name if best else None,
        "note": record.note,
        "created_at": record.created_at,
    }


def run_facts(run: RunRecord, metric: Metric | None) -> dict[str, Any]:
    """A run in a few facts, as ``ls SWEEP --json`` gives it."""
    return {
        "id": run.id,
        "name": run.name,
        "number": run.number,
        "state": run.state,
        "value": analysis.metric_value(run, metric),
        "config": run.config,
        "summary": run.summary,
        "duration_s": run.duration_s(time.time()),
        "why": run.why,
        "sweep": run.sweep_id,
    }


def _sweeps(project: str | None) -> list[tuple[SweepRecord, list[RunRecord]]]:
    """All sweeps, newest first, with their runs; those whose process has gone are found out first."""
    store = existing_store()
    with store.read() as db:
        known = db.sweeps(project=project)
    for sweep in known:
        recover(store, sweep.id)
    with store.read() as db:
        return [(sweep, db.runs(sweep.id)) for sweep in db.sweeps(project=project)]


def _ls_runs(sweep: Sweep, *, as_json: bool) -> None:
    metric, runs = sweep.checked_config.metric, sweep.runs
    if as_json:
        print_json([run_facts(run, metric) for run in runs])
        return
    names: list[str] = []
    for run in runs:
        names += [name for name in analysis.flat(run.config) if name not in names]
    now = time.time()
    rows = []
    for run in runs:
        values = analysis.flat(run.config)
        rows.append(
            (
                run.name,
                run.state,
                number(analysis.metric_value(run, metric)),
                duration(run.duration_s(now)),
                *(short(values[name]) if name in values else "" for name in names),
                run.why or "",
            )
        )
    columns = ("run", "state", metric.name if metric else "metric", "took", *names, "why")
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    table(columns, rows, right=(columns[2], "took"))
