"""What follows from a sweep's config alone, worked out once: what varies, over what axes, how many runs there will be.

In: a checked config. Out: a Plan, for whoever shows a sweep: pages, figures, tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbsweep.space import Parameter, SearchSpace
from nbsweep.store import AgentRecord, RunRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["LONGEST_TEXT", "MOST_AXES", "Plan", "displayed", "sendable"]

MOST_LEVELS = 1000
MOST_EXACT = 2**53 - 1  # JavaScript's Number.MAX_SAFE_INTEGER
MOST_AXES = 200  # parameters, and keys of a config or summary, that a page is told of; the store has all
LONGEST_TEXT = 300  # characters of a string that a page is told; the run's details have it whole


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
        order = {name: place for place, name in enumerate(config.parameter_names)}
        varying = [space[name] for name in space if not space[name].is_constant]
        swept = sorted(varying, key=lambda parameter: order.get(parameter.name, len(order)))
        axes = tuple(_parameter_view(parameter) for parameter in swept[:MOST_AXES])
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


def _parameter_view(parameter: Parameter) -> dict[str, Any]:
    """What a swept parameter's axis is like."""
    name, distribution, size = parameter.name, parameter.distribution, parameter.size
    if distribution in ("categorical", "categorical_w_probabilities") or parameter.bounds is None:
        levels = [displayed(value) for value in parameter.values()] if size is not None and size <= MOST_LEVELS else []
        return {"name": name, "kind": "category", "integer": False, "log": False, "low": None, "high": None,
                "levels": levels}  # fmt: skip
    log = "log" in distribution
    low, high = (bound if math.isfinite(bound) else None for bound in parameter.bounds)
    if log and low is not None and low <= 0:
        low = None  # a log-normal's 0 is no end that a log axis could have
    return {
        "name": name,
        "kind": "number",
        "integer": isinstance(parameter.ppf(0.5), int),
        "log": log,
        "low": low,
        "high": high,
        "levels": None,
    }


def displayed(value: Any) -> Any:
    """`value` as a table has room for it: `sendable`, and long strings cut."""
    value = sendable(value, to_page=True)
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: displayed(each) for key, each in list(value.items())[:MOST_AXES]}
    if isinstance(value, list):
        return [displayed(each) for each in value[:MOST_AXES]]
    return value


def sendable(value: Any, *, to_page: bool = False) -> Any:
    """`value` as JSON can carry it; to a page, whose numbers are floats, larger whole numbers than those go as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): sendable(each, to_page=to_page) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [sendable(each, to_page=to_page) for each in value]
    if to_page and isinstance(value, int) and abs(value) > MOST_EXACT:
        return str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
