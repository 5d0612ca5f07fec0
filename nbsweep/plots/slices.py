"""Slices: a metric against each parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbsweep import analysis
from nbsweep.errors import UsageError
from nbsweep.goals import goal_of
from nbsweep.plots.common import (
    UNKNOWN,
    Scale,
    SweepFigure,
    Values,
    colours,
    figure_of,
    grey,
    leading,
    metric_of,
    parameter_scales,
    printable,
    say_nothing_to_draw,
    summary_value,
    told_apart,
    value_scale,
)

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["plot_slices"]

IN_A_ROW = 4
JITTER = 0.5
MOST_LEVELS, LEVEL_CHARACTERS = 8, 12  # that are named below a slice
ROOM, GAP = 26, 1  # characters below a slice, and between two numbers there


def plot_slices(
    sweep: Sweep, metric: str | None = None, ax: Axes | None = None, *, parameter: str | None = None
) -> Figure:
    """A metric against each parameter, small plots side by side; of finished and early-stopped runs with a value.

    Parameters
    ----------
    sweep : Sweep
    metric : str, optional
        A key of the runs' summaries; by default the sweep's metric.
    ax : matplotlib Axes, optional
        Where to draw one slice; `parameter` says which, unless there is but one.
    parameter : str, optional
        One parameter alone; by default all that vary, of more than 24 the most important.

    Returns
    -------
    Figure

    Raises
    ------
    UsageError
        For a parameter that does not vary, a metric that no run has, or `ax` without `parameter`.
    """
    name = metric_of(sweep, metric)
    ended = [run for run in sweep.runs if run.state in analysis.COUNTED_STATES]
    runs = [run for run in ended if math.isfinite(summary_value(run, name))]
    scales = parameter_scales(sweep, runs)
    known = ", ".join(scale.name for scale in scales) or "none"
    if parameter is not None:
        scales = [scale for scale in scales if scale.name == parameter]
        if not scales:
            raise UsageError(f"parameter={parameter!r}: sweep {sweep.name} has none of that name; there is {known}")
    if ax is not None:
        if len(scales) > 1:
            raise UsageError(f"ax= takes one slice: say parameter=, one of {known}")
        axes = [ax]
    else:
        scales, words = leading(sweep, scales, name)
        count = max(1, len(scales)) if runs else 1
        rows, columns = math.ceil(count / IN_A_ROW), min(count, IN_A_ROW)
        figure = SweepFigure(figsize=(2.3 * columns + 0.6, 2.1 * rows + 0.3), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        axes = list(grid.flat)
        for unused in axes[count:]:
            unused.set_visible(False)
        title = printable(sweep.name, 60) + (f": {words}" if words else "")
        figure.suptitle(title, x=0.01, ha="left", fontsize="medium", fontweight="bold")
    if not runs or not scales:
        nothing = f"no run has finished or been stopped early with a value of {name} yet"
        say_nothing_to_draw(axes[0], nothing if scales else "no parameter varies")
        return figure_of(axes[0])
    inks = colours(sweep, runs, axes[0], name)
    declared = sweep.checked_config.parameter_names
    configs = [analysis.flat(run.config, declared) for run in runs]
    results = np.array([summary_value(run, name) for run in runs])
    along = value_scale(name, results.tolist(), goal_of(name, sweep.checked_config.metric))
    shades = [inks.get(run.id, UNKNOWN) for run in runs]
    names = told_apart([scale.name for scale in scales], 24)
    for place, (each, scale) in enumerate(zip(axes, scales, strict=False)):
        each.set_xlabel(names[place] + (" log" if scale.log else ""), fontsize="small")
        _slice(each, scale, [config.get(scale.name) for config in configs], results, along, shades)
        if place % IN_A_ROW == 0:
            each.set_ylabel(printable(name, 20), fontsize="small")
    return figure_of(axes[0])


def _slice(ax: Axes, scale: Scale, values: list[Any], results: Values, along: Scale, shades: Sequence[Any]) -> None:
    """A dot a run: what it has of the parameter and what came of it, in its shade; an arrow for what is beyond."""
    places = scale.places(values)
    if scale.levels is not None:
        places = places + ((np.arange(len(places)) * 0.618034) % 1 - 0.5) * JITTER / len(scale.levels)
    size = 14 if len(places) <= 200 else 5
    shown, inks = np.clip(results, along.low, along.high), np.array(shades)
    beyond, over = results != shown, along.highest > along.high  # on the worse side, if at all
    ax.scatter(places[~beyond], shown[~beyond], c=inks[~beyond], s=size, linewidths=0)
    if beyond.any():
        ax.scatter(places[beyond], shown[beyond], c=inks[beyond], s=2 * size, linewidths=0, marker="^" if over else "v")
        words = f"{beyond.sum()} beyond, to {along.highest if over else along.lowest:.3g}"
        ax.set_title(words, loc="right", fontsize="x-small", color=grey(ax, 0.45))
    ticks = scale.ticks(MOST_LEVELS, LEVEL_CHARACTERS)
    if scale.levels is None:
        every = math.ceil(sum(len(label) + GAP for _, label in ticks) / ROOM)
        ticks = ticks[::every]
    at, labels = zip(*ticks, strict=True)
    ax.set_xticks(at, labels, fontsize="x-small")
    if scale.levels is not None and len(labels) * max(map(len, labels)) > ROOM:
        ax.tick_params(axis="x", rotation=30)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.tick_params(axis="y", labelsize="x-small")
    ax.set_xlim(-0.06, 1.06)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", linewidth=0.4, alpha=0.5)
