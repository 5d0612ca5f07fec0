"""Importance as bars: with its interval, beside what noise reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbsweep.plots.common import axes_or_new, clean, figure_of, grey, printable, say_nothing_to_draw, told_apart

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["plot_importance"]

MOST_ROWS = 20
TOLD, UNTOLD, BAND = "#2563eb", 0.62, 0.9


def plot_importance(sweep: Sweep, metric: str | None = None, ax: Axes | None = None) -> Figure:
    """Each parameter's importance to a metric, the most important on top, at most twenty.

    Parameters
    ----------
    sweep : Sweep
    metric : str, optional
        A key of the runs' summaries; by default the sweep's metric.
    ax : matplotlib Axes, optional

    Returns
    -------
    Figure

    Raises
    ------
    UsageError
        When no run has a summary value of that name, or none was named and the sweep has no metric.
    """
    found = sweep.compute_importance(metric)
    rows = found.rows[:MOST_ROWS]
    ax = axes_or_new(ax, 6.0, 1.1 + 0.34 * max(len(rows), 3))
    clean(ax, sweep)
    ax.grid(visible=False)
    if found.note is not None:
        say_nothing_to_draw(ax, found.note)
        return figure_of(ax)
    places = range(len(rows))
    ax.barh(places, [row.null for row in rows], height=0.72, color=grey(ax, BAND))
    ax.barh(
        places,
        [row.importance for row in rows],
        height=0.42,
        color=[TOLD if row.important else grey(ax, UNTOLD) for row in rows],
        xerr=[[row.importance - min(row.low, row.importance) for row in rows],
              [max(row.high, row.importance) - row.importance for row in rows]],
        error_kw={"linewidth": 1.0, "ecolor": grey(ax, 0.15)},
    )  # fmt: skip
    for place, row in zip(places, rows, strict=True):
        end = max(row.high, row.importance, row.null)
        words, shade = (f"{row.importance:.2f}", 0.15) if row.important else (row.verdict, 0.45)
        ax.text(end + 0.012, place, words, va="center", fontsize="small", color=grey(ax, shade))
    ax.set_yticks(list(places), told_apart([row.name for row in rows], 28))
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    # A legend would cover the words beside the bars: they may be anywhere.
    counted = f"importance to {printable(found.metric)}, {found.runs_used} runs, 90 % interval"
    ax.set_xlabel(f"{counted}\nshaded: what noise reaches", wrap=True)
    return figure_of(ax)
