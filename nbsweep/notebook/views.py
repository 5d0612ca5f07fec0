"""What the dashboard is told: a sweep and its runs as plain data, in the words of the page's protocol (version 1).

Mirrors ``labextension/src/protocol.ts`` name by name. Values that come from users travel as data; floats that JSON
lacks travel as the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep import analysis
from nbsweep.space import SearchSpace
from nbsweep.store import AgentRecord, Column, History, RunRecord, SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["PROTOCOL", "SNAPSHOT_POINTS", "Plan", "Series", "run_view", "sendable", "series_of", "sweep_view"]

PROTOCOL = 1
SNAPSHOT_POINTS = 2000
_STATES = ("pending", "running", "finished", "failed", "stopped", "killed", "crashed")


@dataclass(frozen=True)
class Plan:
    """A sweep's config and what follows from it, worked out once."""

    config: SweepConfig
    parameters: tuple[str, ...]  # dotted names of those that vary
    grid_size: int | None

    @classmethod
    def of(cls, config: SweepConfig) -> Plan:
        """The plan of a config."""
        space = SearchSpace.from_config(config.parameters)
        return cls(config, tuple(name for name in space if not space[name].is_constant), space.grid_size)

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


def sweep_view(
    sweep: SweepRecord, plan: Plan, runs: Sequence[RunRecord], agents: Sequence[AgentRecord]
) -> dict[str, Any]:
    """The header's data."""
    config = plan.config
    counts = dict.fromkeys(_STATES, 0)
    for run in runs:
        counts[run.state] += 1
    best = analysis.best_run(runs, config.metric)
    value = analysis.metric_value(best, config.metric) if best is not None else None
    return {
        "id": sweep.id,
        "name": sweep.name,
        "project": sweep.project,
        "method": config.method,
        "metric": {"name": config.metric.name, "goal": config.metric.goal} if config.metric else None,
        "state": sweep.state,
        "active": any(agent.left_at is None for agent in agents),
        "count": plan.run_count(runs, agents),
        "counts": counts,
        "best": {"run": best.id, "name": best.name, "value": sendable(value)} if best is not None else None,
        "note": sweep.note,
        "parameters": list(plan.parameters),
        "now": time.time(),
    }


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


@dataclass(frozen=True)
class Series:
    """New points of one key of one run: float64 arrays of one shape (n,)."""

    run_id: str
    key: str
    start: int
    total: int
    steps: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    reduced: bool = False

    def reduce(self, most: int) -> Series:
        """At most about `most` points: of each stretch the least and the greatest, so that no spike is lost."""
        if len(self.steps) <= most:
            return self
        edges = np.linspace(0, len(self.steps), most // 2 + 1).astype(int)
        kept: list[int] = []
        for low, high in pairwise(edges):
            part = self.values[low:high]
            if np.isnan(part).all():
                kept.append(int(low))
            else:
                kept += sorted({int(low + np.nanargmin(part)), int(low + np.nanargmax(part))})
        return Series(self.run_id, self.key, 0, self.total, self.steps[kept], self.values[kept], True)


def series_of(
    run_id: str, history: History, firsts: Mapping[str, int], first_row: int, since: Mapping[str, int]
) -> Iterable[Series]:
    """The points of a run after `since` ({key: points known}).

    `history` may begin late: `firsts` says how many values of a key, `first_row` how many rows came before it.
    """
    for key, column in history.columns.items():
        if not column.numeric:
            continue
        first, known = firsts.get(key, 0), since.get(key, 0)
        fresh = Column(column.rows[max(known - first, 0) :], column.values[max(known - first, 0) :], True)
        if len(fresh.rows):
            total = first + len(column.rows)
            steps = history.steps[fresh.rows - first_row].astype("<f8")
            yield Series(run_id, key, total - len(fresh.rows), total, steps, fresh.values.astype("<f8"))


def sendable(value: Any) -> Any:
    """`value` as JSON can carry it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): sendable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [sendable(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
