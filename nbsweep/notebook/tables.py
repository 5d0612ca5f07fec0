"""A sweep as a small table of text: its line, the best runs first, what is left out. For the static twins."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbsweep import analysis
from nbsweep.outlook import outlook
from nbsweep.plan import Plan
from nbsweep.rounding import rounded
from nbsweep.store import RunRecord
from nbsweep.sweep_config import SweepConfig

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["Table", "table_of"]

MOST_ROWS = 20
WIDEST_CELL = 18
WIDEST_WHY = 4 * WIDEST_CELL  # what should have been logged stands at the end
MOST_COLUMNS = 8


@dataclass(frozen=True)
class Table:
    """Text in rows; every row has as many cells as the header.

    Attributes
    ----------
    title : str
        What the sweep is, how many runs it has, the best.
    more : str or None
        How many runs are not shown.
    note : str or None
        Why the sweep is paused, or what the search expects of going on, where there is something to say.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str | None
    note: str | None


def table_of(sweep: Sweep) -> Table:
    """The sweep and at most twenty of its runs, the best first."""
    runs, config = sweep.runs, sweep.checked_config
    metric = config.metric
    best = analysis.best_run(runs, metric)
    sign = -1.0 if metric is not None and metric.goal == "maximize" else 1.0

    def order(run: RunRecord) -> tuple[int, float, int]:
        value = analysis.metric_value(run, metric)
        known = value is not None and math.isfinite(value)
        return (0 if known else 1, sign * value if known and value is not None else 0.0, run.index)

    now = time.time()
    plan = Plan.of(config)
    names = plan.parameters[:MOST_COLUMNS]
    levels = {axis["name"]: axis["levels"] for axis in plan.axes if axis["kind"] == "category"}
    rows = []
    for run in sorted(runs, key=order)[:MOST_ROWS]:
        flat = analysis.flat(run.config, config.parameter_names)
        value = [_cell(analysis.metric_value(run, metric))] if metric else []
        star = " *" if best is not None and run.id == best.id else ""
        why = f": {_shortened(run.why, WIDEST_WHY)}" if run.why and not run.live else ""
        duration = run.duration_s(now)
        values = [_setting(flat, name, levels.get(name)) for name in names]
        lasted = "" if duration is None else f"{duration:.1f} s"
        rows.append((run.name + star, run.state + why, *value, *values, lasted))
    goal = f" · {metric.goal} {metric.name}" if metric else ""
    counts = ", ".join(f"{sum(r.state == s for r in runs)} {s}" for s in dict.fromkeys(run.state for run in runs))
    title = f"Sweep {sweep.name} · {config.method}{goal} · {sweep.standing} · {counts or 'no runs yet'}"
    if best is not None:
        title += f" · best {_cell(analysis.metric_value(best, metric))} ({best.name})"
    return Table(
        title=title,
        header=("run", "state", *([metric.name] if metric else []), *names, "duration"),
        rows=tuple(rows),
        more=f"… and {len(runs) - MOST_ROWS} more runs" if len(runs) > MOST_ROWS else None,
        note=sweep.note or _outlook(runs, config),
    )


def _outlook(runs: Sequence[RunRecord], config: SweepConfig) -> str | None:
    said = outlook(runs, config)
    return None if said is None else said[0].upper() + said[1:] + "."


def _setting(config: Mapping[str, Any], name: str, levels: Sequence[Any] | None) -> str:
    """A parameter's value; None is one, where it is set."""
    if name in config and config[name] is None:
        return "None"
    return _cell(config.get(name)) if levels is None else _level(config.get(name), levels)


def _level(value: Any, levels: Sequence[Any]) -> str:
    """A value of a category so that it is seen which: rounded, 0.99999 would be 1."""
    if not isinstance(value, float):
        return _cell(value)
    whole = repr(value)
    if len(whole) <= WIDEST_CELL:
        return whole
    others = {level for level in levels if isinstance(level, float)} - {value}
    for digits in range(4, 16):
        text = f"{value:.{digits}g}"
        if text not in {f"{other:.{digits}g}" for other in others}:
            return text
    return whole


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return _shortened(rounded(value) if isinstance(value, float) else str(value), WIDEST_CELL)


def _shortened(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"
