"""What the dashboard is told: a sweep and its runs as plain data, in the words of the page's protocol (version 3).

Mirrors ``labextension/src/protocol.ts`` name by name. Values that come from users travel as data; floats that JSON
lacks travel as the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nbsweep import analysis
from nbsweep.importance import Importance
from nbsweep.outlook import outlook, used_up, why_suggested
from nbsweep.plan import MOST_AXES, Plan, displayed, sendable
from nbsweep.store import AgentRecord, RunRecord, SweepRecord

__all__ = ["PROTOCOL", "importance_view", "run_view", "sweep_view"]

PROTOCOL = 3
LATEST_RUNS = 20  # how many durations say how long the next run takes
_STATES = ("pending", "running", "finished", "failed", "stopped", "killed", "crashed")


def sweep_view(
    sweep: SweepRecord,
    plan: Plan,
    runs: Sequence[RunRecord],
    agents: Sequence[AgentRecord],
    keys: Mapping[str, int],
    notice: str | None,
) -> dict[str, Any]:
    """The header's data; `keys` are the logged keys and their points, `notice` what is wrong in one line."""
    config, now = plan.config, time.time()
    counts = dict.fromkeys(_STATES, 0)
    for run in runs:
        counts[run.state] += 1
    best = analysis.best_run(runs, config.metric)
    value = analysis.metric_value(best, config.metric) if best is not None else None
    count = plan.run_count(runs, agents)
    active = any(agent.left_at is None for agent in agents)
    return {
        "id": sweep.id,
        "name": sweep.name,
        "project": sweep.project,
        "method": config.method,
        "metric": {"name": config.metric.name, "goal": config.metric.goal} if config.metric else None,
        "state": sweep.state,
        "version": sweep.version,
        "active": active,
        "count": count,
        "counts": counts,
        "best": {"run": best.id, "name": best.name, "value": sendable(value)} if best is not None else None,
        "note": sweep.note,
        "note_kind": sweep.note_kind,
        "parameters": list(plan.axes),
        "keys": dict(keys),
        "saved_s": analysis.time_saved(runs),
        "trained_s": sum(run.duration_s(now) or 0.0 for run in runs),
        "left_s": _left_s(runs, count, now) if active else None,
        "notice": notice,
        "outlook": used_up(sweep, config, runs, count) or outlook(runs, config),
        "now": now,
    }


def _left_s(runs: Sequence[RunRecord], count: int | None, now: float) -> float | None:
    """Seconds until `count` runs are done, if they take as long as the last ones and as many run at once as now."""
    ended = [run for run in runs if run.finished_at is not None and run.started_at is not None]
    running = [run.duration_s(now) or 0.0 for run in runs if run.state == "running"]
    if count is None or not running or not ended:
        return None
    newest = sorted(ended, key=lambda run: run.finished_at or 0.0)[-LATEST_RUNS:]
    each_s = sum(run.duration_s(now) or 0.0 for run in newest) / len(newest)
    to_come = (count - len(runs)) * each_s + sum(max(each_s - so_far, 0.0) for so_far in running)
    return to_come / len(running)


def run_view(
    run: RunRecord, plan: Plan, best: RunRecord | None, now: float, code_changed: bool = False
) -> dict[str, Any]:
    """A row of the table; `code_changed`: it was trained with other code than the run before it.

    What is too long or too much for a table is cut; `run_detail` has it whole.
    """
    config = plan.config
    metric_names = (config.metric.name,) if config.metric else ()
    return {
        "id": run.id,
        "number": run.index,
        "name": run.name,
        "state": run.state,
        "config": displayed(_leading(analysis.flat(run.config, config.parameter_names), plan.parameters)),
        "value": sendable(analysis.metric_value(run, config.metric)),
        "best": best is not None and best.id == run.id,
        "summary": displayed(_leading(run.summary, metric_names)),
        "started_at": run.started_at,
        "duration_s": run.duration_s(now),
        "error": displayed(run.why),
        "basis": why_suggested(run.suggestion),
        "code": None if run.code_hash is None else run.code_hash[:8],
        "code_changed": code_changed,
    }


def _leading(values: Mapping[str, Any], first: Sequence[str]) -> dict[str, Any]:
    """The values whose names come first and then the others, as many as a page is told of."""
    if len(values) <= MOST_AXES:
        return dict(values)
    names = dict.fromkeys([*(name for name in first if name in values), *values])
    return {name: values[name] for name in list(names)[:MOST_AXES]}


def importance_view(importance: Importance) -> dict[str, Any]:
    """What matters, as the page shows it."""
    return {
        "rows": [
            {
                "name": row.name,
                "kind": row.kind,
                "importance": row.importance,
                "low": row.low,
                "high": row.high,
                "null_high": row.null,
                "correlation": row.correlation,
                "important": row.important,
                "more_runs": row.more_runs,
                "levels": [
                    {
                        "level": level.level,
                        "runs": level.runs,
                        "mean": sendable(level.mean),
                        "correlation": level.correlation,
                    }
                    for level in row.levels
                ],
            }
            for row in importance.rows
        ],
        "runs_used": importance.runs_used,
        "left_out": importance.left_out,
        "reason": importance.note,
    }
