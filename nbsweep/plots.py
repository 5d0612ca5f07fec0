"""Matplotlib figures of a sweep: for papers, for GitHub, for wherever there is no front end.

Figures are made without pyplot, so that nothing of the user's own plotting is touched and any thread may draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbsweep import analysis
from nbsweep.store import History

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["finest_key", "plot_history"]

_FINER = 5  # a key with so many times the metric's points shows more of the training than the metric


def plot_history(sweep: Sweep, key: str | None = None, ax: Axes | None = None) -> Figure:
    """One logged key of all runs against the step, coloured by how good the run is.

    Parameters
    ----------
    sweep : Sweep
    key : str, optional
        A logged key; by default see `finest_key`.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    Figure

    Raises
    ------
    UsageError
        When no run logged `key`.
    """
    histories = sweep.histories()
    metric = sweep.checked_config.metric
    if key is None:
        key = finest_key(histories, metric.name if metric else None)
    elif not any(key in history.columns for history in histories.values()):
        from nbsweep.errors import UsageError

        logged = sorted({name for history in histories.values() for name in history.columns})
        raise UsageError(f"no run of sweep {sweep.name} logged {key!r}; logged were {', '.join(logged) or 'no keys'}")
    if ax is None:
        ax = Figure(figsize=(7.0, 3.2), layout="constrained").add_subplot()
    colours = _colours(sweep)
    best = sweep.best_run
    for name, history in histories.items():
        column = history.columns.get(key) if key is not None else None
        if column is None or not column.numeric:
            continue
        is_best = best is not None and best.name == name
        values = np.asarray(column.values, dtype=float)
        ax.plot(
            history.steps[column.rows],
            values,
            color=colours.get(name, "0.6"),
            linewidth=1.8 if is_best else 0.9,
            marker="o" if len(values) < 3 else None,
            zorder=3 if is_best else 2,
            label=f"{name} (best)" if is_best else None,
        )
    ax.set_xlabel("step")
    ax.set_ylabel(key or "")
    ax.set_title(sweep.name, loc="left", fontsize="medium", fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", linewidth=0.4, alpha=0.5)
    if best is not None and best.name in histories:
        ax.legend(frameon=False, fontsize="small")
    figure = ax.get_figure(root=True) if hasattr(ax.get_figure(), "get_figure") else ax.get_figure()
    assert isinstance(figure, Figure)
    return figure


def finest_key(histories: Mapping[str, History], metric: str | None) -> str | None:
    """The key to show first: the metric, or a key named after it with many more points (a loss per batch)."""
    points: dict[str, int] = {}
    for history in histories.values():
        for key, column in history.columns.items():
            if column.numeric:
                points[key] = points.get(key, 0) + len(column.rows)
    if not points:
        return None
    if metric is None:
        return max(points, key=lambda key: points[key])
    kin = [key for key in points if metric in key and points[key] >= _FINER * max(points.get(metric, 0), 1)]
    if kin:
        return max(kin, key=lambda key: points[key])
    return metric if metric in points else max(points, key=lambda key: points[key])


def _colours(sweep: Sweep) -> dict[str, Any]:
    """{run name: colour}, by rank of the metric: the better, the lighter end of viridis (not its palest)."""
    metric = sweep.checked_config.metric
    valued = [(value, run.name) for run in sweep.runs if (value := analysis.metric_value(run, metric)) is not None]
    ranked = sorted(
        (pair for pair in valued if np.isfinite(pair[0])), reverse=metric is None or metric.goal == "minimize"
    )
    scale = colormaps["viridis"]
    return {name: scale(0.1 + 0.75 * place / max(len(ranked) - 1, 1)) for place, (_, name) in enumerate(ranked)}
