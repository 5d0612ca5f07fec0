"""What the dashboard is told: a sweep and its runs as plain data, in the words of the page's protocol (version 2).

Mirrors ``labextension/src/protocol.ts`` name by name. Values that come from users travel as data; floats that JSON
lacks travel as the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbsweep import analysis
from nbsweep.importance import Importance
from nbsweep.space import Parameter, SearchSpace
from nbsweep.store import AgentRecord, RunRecord, SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["PROTOCOL", "Plan", "importance_view", "run_view", "sendable", "sweep_view"]

PROTOCOL = 2
MOST_LEVELS = 1000
LATEST_RUNS = 20  # how many durations say how long the next run takes
_STATES = ("pending", "running", "finished", "failed", "stopped", "killed", "crashed")


@dataclass(frozen=True)
class Plan:
    """A sweep's config and what follows from it, worked out once."""

    config: SweepConfig
    parameters: tuple[str, ...]  # dotted names of those that vary
    grid_size: int | None
    axes: tuple[Mapping[str, Any], ...]  # what the page is told of each of them

    @classmethod
    def of(cls, config: SweepConfig) -> Plan:
        """The plan of a config."""
        space = SearchSpace.from_config(config.parameters)
        order = {name: place for place, name in enumerate(_names(config.to_dict()["parameters"]))}
        varying = [space[name] for name in space if not space[name].is_constant]
        swept = sorted(varying, key=lambda parameter: order.get(parameter.name, len(order)))
        axes = tuple(_parameter_view(parameter) for parameter in swept)
        return cls(config, tuple(parameter.name for parameter in swept), space.grid_size, axes)

    def run_count(self, runs: Sequence[RunRecord], agents: Sequence[AgentRecord]) -> int | None:
        """How many runs the sweep will have when what was asked for is done; None where nobody said.

        An agent that has left counts with what it started, but for the newest: if it was stopped early, "3 of 5" is
        what people want to read.
        """
        asked = 0
        for agent in agents:
            if agent.left_at is not None and agent is not agents[-1]:
                asked += agent.started
            elif agent.count is not None:
                asked += agent.count
            else:
                limits = [limit for limit in (self.grid_size, self.config.run_cap) if limit is not None]
                return max(min(limits), len(runs)) if limits else None
        return max(asked, len(runs)) if agents else None


def _names(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted names in the order the config was written in; a space sorts them."""
    for name, definition in parameters.items():
        if "parameters" in definition:
            yield from _names(definition["parameters"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _parameter_view(parameter: Parameter) -> dict[str, Any]:
    """What a swept parameter's axis is like."""
    name, distribution, size = parameter.name, parameter.distribution, parameter.size
    if distribution in ("categorical", "categorical_w_probabilities") or parameter.bounds is None:
        levels = [sendable(value) for value in parameter.values()] if size is not None and size <= MOST_LEVELS else []
        return {"name": name, "kind": "category", "integer": False, "log": False, "low": None, "high": None,
                "levels": levels}  # fmt: skip
    low, high = (bound if math.isfinite(bound) else None for bound in parameter.bounds)
    return {
        "name": name,
        "kind": "number",
        "integer": isinstance(parameter.ppf(0.5), int),
        "log": "log" in distribution,
        "low": low,
        "high": high,
        "levels": None,
    }


def sweep_view(
    sweep: SweepRecord,
    plan: Plan,
    runs: Sequence[RunRecord],
    agents: Sequence[AgentRecord],
    keys: Mapping[str, int],
    trouble: str | None,
) -> dict[str, Any]:
    """The header's data; `keys` are the logged keys and how many points each has."""
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
        "active": active,
        "count": count,
        "counts": counts,
        "best": {"run": best.id, "name": best.name, "value": sendable(value)} if best is not None else None,
        "note": sweep.note,
        "parameters": list(plan.axes),
        "keys": dict(keys),
        "saved_s": analysis.time_saved(runs),
        "trained_s": sum(run.duration_s(now) or 0.0 for run in runs),
        "left_s": _left_s(runs, count, now) if active else None,
        "trouble": trouble,
        "outlook": None,
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


def run_view(run: RunRecord, config: SweepConfig, best: RunRecord | None, now: float) -> dict[str, Any]:
    """A row of the table."""
    return {
        "id": run.id,
        "number": run.number,
        "name": run.name,
        "state": run.state,
        "config": sendable(analysis.flat(run.config)),
        "value": sendable(analysis.metric_value(run, config.metric)),
        "best": best is not None and best.id == run.id,
        "summary": sendable(run.summary),
        "started_at": run.started_at,
        "duration_s": run.duration_s(now),
        "error": run.why,
    }


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


def sendable(value: Any) -> Any:
    """`value` as JSON can carry it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): sendable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [sendable(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
