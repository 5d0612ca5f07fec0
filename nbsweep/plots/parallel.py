"""Parallel coordinates: a line a run over its parameters and the metric, in the metric's colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path

from nbsweep import analysis
from nbsweep.errors import UsageError
from nbsweep.goals import goal_of
from nbsweep.plots.common import (
    UNKNOWN,
    Scale,
    Values,
    axes_or_new,
    clean,
    colours,
    figure_of,
    grey,
    leading,
    metric_of,
    parameter_scales,
    say_nothing_to_draw,
    summary_value,
    told_apart,
    value_scale,
)
from nbsweep.store import RunRecord

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["plot_parallel_coordinates"]

LANE = -0.12  # where runs pass that have no place on an axis
JITTER = 0.5  # share of a level's room over which its lines are spread
CURVES_UP_TO = 500


def plot_parallel_coordinates(
    sweep: Sweep, columns: Sequence[str] | None = None, metric: str | None = None, ax: Axes | None = None
) -> Figure:
    """A line for each run over its parameters and a metric; runs without a value pass below the axis.

    An end of the metric marked ≥ or ≤ stands for everything beyond it, which is only what is far worse than the rest.

    Parameters
    ----------
    sweep : Sweep
    columns : sequence of str, optional
        Parameters (dotted names) from left to right; by default all that vary, of more than 24 the most important.
    metric : str, optional
        A key of the runs' summaries: the last axis, and the colour. By default the sweep's metric; a sweep without
        one gets neither.
    ax : matplotlib Axes, optional

    Returns
    -------
    Figure

    Raises
    ------
    UsageError
        For a parameter that does not vary, or a metric that no run has.
    """
    runs = sweep.runs
    name = metric_of(sweep, metric) if metric is not None or sweep.checked_config.metric else None
    scales, words = parameter_scales(sweep, runs), ""
    if columns is None:
        scales, words = leading(sweep, scales, name)
    else:
        scales = _chosen(scales, columns, sweep)
    declared = sweep.checked_config.parameter_names
    configs = [analysis.flat(run.config, declared) for run in runs]
    places = [_spread(scale, scale.places([config.get(scale.name) for config in configs])) for scale in scales]
    if name is not None:
        values = [summary_value(run, name) for run in runs]
        scales = [*scales, value_scale(name, values, goal_of(name, sweep.checked_config.metric))]
        places = [*places, scales[-1].places(values)]
    ax = axes_or_new(ax, max(5.0, 1.35 * len(scales)), 3.3)
    clean(ax, sweep)
    ax.grid(visible=False)
    if not runs or not scales:
        say_nothing_to_draw(ax, "a line for each run, from the first one on" if scales else "no parameter varies")
        return figure_of(ax)
    table = np.stack(places, axis=1)
    _lines(ax, runs, np.where(np.isnan(table), LANE, table), colours(sweep, runs, ax, name), sweep.best_run)
    _axes(ax, scales, bool(np.isnan(table).any()))
    ax.set_title(words, loc="right", fontsize="small", color=grey(ax, 0.45))
    return figure_of(ax)


def _chosen(scales: list[Scale], columns: Sequence[str], sweep: Sweep) -> list[Scale]:
    by_name = {scale.name: scale for scale in scales}
    for column in columns:
        if column not in by_name:
            known = ", ".join(by_name) or "none"
            raise UsageError(f"columns: sweep {sweep.name} has no parameter {column!r} that varies; there is {known}")
    return [by_name[column] for column in columns]


def _spread(scale: Scale, places: Values) -> Values:
    """Lines of one level of a category side by side; the same each time."""
    if scale.levels is None:
        return places
    offset = (np.arange(len(places)) * 0.618034) % 1 - 0.5
    spread: Values = places + offset * JITTER / len(scale.levels)
    return spread


def _lines(ax: Axes, runs: Sequence[RunRecord], table: Values, inks: dict[str, Any], best: RunRecord | None) -> None:
    order = sorted(range(len(runs)), key=lambda k: (best is not None and runs[k].id == best.id, runs[k].id in inks))
    shades = [inks.get(runs[k].id, UNKNOWN) for k in order]
    widths = [2.2 if best is not None and runs[k].id == best.id else 0.9 for k in order]
    alphas = 0.9 if len(runs) <= 80 else 0.6 if len(runs) <= 400 else 0.3
    if table.shape[1] == 1:
        ax.scatter(np.zeros(len(order)), table[order, 0], c=shades, s=14, zorder=2)
    elif len(runs) > CURVES_UP_TO:
        points = [np.column_stack([np.arange(table.shape[1]), table[k]]) for k in order]
        ax.add_collection(LineCollection(points, colors=shades, linewidths=widths, alpha=alphas, zorder=2))
    else:
        paths = [_curve(table[k]) for k in order]
        lines = PathCollection(paths, facecolors="none", edgecolors=shades, linewidths=widths, alpha=alphas, zorder=2)
        lines.set_transform(ax.transData)
        ax.add_collection(lines)


def _curve(places: Values) -> Path:
    """A smooth line that is level at each axis."""
    points: list[tuple[float, float]] = [(0.0, float(places[0]))]
    for k in range(1, len(places)):
        points += [(k - 0.5, float(places[k - 1])), (k - 0.5, float(places[k])), (float(k), float(places[k]))]
    return Path(np.array(points), [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1))


def _axes(ax: Axes, scales: Sequence[Scale], missing: bool) -> None:
    names, ink = told_apart([scale.name for scale in scales], 18), grey(ax, 0.3)
    for column, scale in enumerate(scales):
        ax.plot([column, column], [0, 1], color=ink, linewidth=0.8, zorder=3)
        for place, label in scale.ticks():
            box = {"facecolor": grey(ax, 1.0), "alpha": 0.7, "edgecolor": "none", "pad": 0.6}
            ax.text(column + 0.03, place, label, fontsize="x-small", color=ink, va="center", zorder=4, bbox=box)
        name = names[column] + (" log" if scale.log else "")
        ax.text(column, 1.05, name, fontsize="small", ha="center", fontweight="bold")
    if missing:
        ax.text(-0.06, LANE, "none", fontsize="x-small", color=grey(ax, 0.45), ha="right", va="center")
    ax.set_xlim(-0.35, len(scales) - 1 + 0.45)
    ax.set_ylim((LANE if missing else 0) - 0.05, 1.12)
    ax.set_axis_off()
    ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="medium", fontweight="bold")
