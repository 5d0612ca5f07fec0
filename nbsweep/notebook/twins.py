"""The dashboard's static twins: what the same output shows where no widget can live.

A table in text/plain and the curves in image/png, so that a notebook on GitHub, or one executed without a front end,
shows results.
"""

from __future__ import annotations

import io
import math
import time
from typing import TYPE_CHECKING, Any

from nbsweep import analysis
from nbsweep.notebook.views import Plan

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["mimebundle", "text_table"]

MOST_ROWS = 20
WIDEST_CELL = 18
MOST_COLUMNS = 8


def mimebundle(sweep: Sweep) -> dict[str, Any]:
    """text/plain always, image/png once something was logged."""
    bundle: dict[str, Any] = {"text/plain": text_table(sweep)}
    if any(len(history.steps) for history in sweep.histories().values()):
        from nbsweep.plots import plot_history

        png = io.BytesIO()
        plot_history(sweep).savefig(png, format="png", dpi=110)
        bundle["image/png"] = png.getvalue()
    return bundle


def text_table(sweep: Sweep) -> str:
    """The sweep in a line and its runs in a table, the best first, at most twenty."""
    runs, config = sweep.runs, sweep.checked_config
    metric = config.metric
    best = analysis.best_run(runs, metric)
    sign = -1.0 if metric is not None and metric.goal == "maximize" else 1.0

    def order(run: Any) -> tuple[int, float, int]:
        value = analysis.metric_value(run, metric)
        known = value is not None and math.isfinite(value)
        return (0 if known else 1, sign * value if known and value is not None else 0.0, run.number)

    now = time.time()
    names = Plan.of(config).parameters[:MOST_COLUMNS]
    header = ["run", "state", *([metric.name] if metric else []), *names, "duration"]
    rows = []
    for run in sorted(runs, key=order)[:MOST_ROWS]:
        flat = analysis.flat(run.config)
        value = [_cell(analysis.metric_value(run, metric))] if metric else []
        star = " *" if best is not None and run.id == best.id else ""
        duration = run.duration_s(now)
        rows.append(
            [
                run.name + star,
                run.state
                + (f": {run.why}"[: 2 * WIDEST_CELL] if run.why and run.state in ("failed", "stopped") else ""),
                *value,
                *[_cell(flat.get(name)) for name in names],
                "" if duration is None else f"{duration:.1f} s",
            ]
        )
    goal = f" · {metric.goal} {metric.name}" if metric else ""
    counts = ", ".join(f"{sum(r.state == s for r in runs)} {s}" for s in dict.fromkeys(run.state for run in runs))
    title = f"Sweep {sweep.name} · {config.method}{goal} · {sweep.state} · {counts or 'no runs yet'}"
    if best is not None:
        title += f" · best {_cell(sweep.best_value)} ({best.name})"
    lines = [title, *_aligned([header, *rows])] if rows else [title]
    if len(runs) > MOST_ROWS:
        lines.append(f"… and {len(runs) - MOST_ROWS} more runs")
    if sweep.note:
        lines.append(sweep.note)
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 1] + "…"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
