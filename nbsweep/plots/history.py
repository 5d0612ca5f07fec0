"""History: what the runs logged, against the step; or what the search found, run by run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nbsweep import analysis
from nbsweep.errors import UsageError
from nbsweep.goals import goal_of
from nbsweep.plots.common import (
    FENCE,
    FEWEST_TO_FENCE,
    UNKNOWN,
    Values,
    axes_or_new,
    clean,
    colours,
    drawable,
    figure_of,
    grey,
    metric_of,
    printable,
    say_nothing_to_draw,
    summary_value,
)
from nbsweep.store import History
from nbsweep.thinning import extremes

if TYPE_CHECKING:
    from nbsweep.sweeps import Sweep

__all__ = ["plot_history"]

MOST_POINTS = 2000  # of a curve: more cannot be told apart on a page
MOST_HIDDEN = 0.05  # of the points of curves that are mostly on the scale, in the mean over them
DOTS = 3  # fewer points than this make no line


def plot_history(sweep: Sweep, key: str | None = None, ax: Axes | None = None, *, by: str = "step") -> Figure:
    """One logged key of all runs against the step, or the search's history: each run's value and the best so far.

    A few runs that diverged go off the scale, and the legend says how many.

    Parameters
    ----------
    sweep : Sweep
    key : str, optional
        A logged key; by default the metric, or its finest-grained kin (see `analysis.finest_key`). With ``by="run"``
        a key of the runs' summaries; by default the metric.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure of its own.
    by : {"step", "run"}
        By run, the best of a key that is not the metric is the highest or the lowest, as its name has it
        (`nbsweep.goals`), and the legend says which.

    Returns
    -------
    Figure

    Raises
    ------
    UsageError
        When no run has logged `key`, or `by` is something else.
    """
    if by not in ("step", "run"):
        raise UsageError(f"by={by!r}: use 'step' for the curves of the runs or 'run' for the best so far")
    ax = axes_or_new(ax)
    clean(ax, sweep)
    if by == "run":
        _search(sweep, metric_of(sweep, key), ax)
    else:
        _curves(sweep, key, ax)
    return figure_of(ax)


def _curves(sweep: Sweep, key: str | None, ax: Axes) -> None:
    histories = sweep.histories()
    points = _points(histories)
    metric = sweep.checked_config.metric
    if key is not None and not any(key in history.columns for history in histories.values()):
        logged = sorted({name for history in histories.values() for name in history.columns})
        raise UsageError(f"no run of sweep {sweep.name} logged {key!r}; logged were {', '.join(logged) or 'no keys'}")
    key = key or analysis.finest_key(points, metric.name if metric else None)
    runs = sweep.runs
    inks, best, ids = colours(sweep, runs, ax), sweep.best_run, {run.name: run.id for run in runs}
    finite: dict[str, Values] = {}
    for name, history in histories.items():
        column = history.columns.get(key) if key is not None else None
        if column is None or not column.numeric:
            continue
        values = drawable(np.asarray(column.values, dtype=float))
        steps = np.asarray(history.steps[column.rows], dtype=float)
        kept = _thinned(values)
        is_best = best is not None and best.name == name
        if np.isfinite(values).any():
            finite[name] = values[np.isfinite(values)]
        ax.plot(
            steps[kept],
            values[kept],
            color=inks.get(ids.get(name, ""), UNKNOWN),
            linewidth=1.8 if is_best else 0.9,
            marker="o" if len(values) < DOTS else None,
            zorder=3 if is_best else 2,
            label=printable(f"{name} (best)") if is_best else None,
        )
    ax.set_xlabel("step")
    ax.set_ylabel(printable(key or ""))
    if key is None or not finite:
        say_nothing_to_draw(ax, "no finite value was logged yet")
        return
    kin = metric.name if metric is not None and metric.name in key else key  # as `analysis.finest_key` has it
    _legend(ax, _fence(ax, finite, goal_of(kin, metric), best.name if best is not None else None))


def _search(sweep: Sweep, metric: str, ax: Axes) -> None:
    runs = [run for run in sweep.runs if run.state in analysis.COUNTED_STATES]
    valued = [(run, value) for run in runs if math.isfinite(value := summary_value(run, metric))]
    ax.set_xlabel("run")
    ax.set_ylabel(printable(metric))
    if not valued:
        say_nothing_to_draw(ax, f"no run has finished or been stopped early with a value of {metric} yet")
        return
    own = sweep.checked_config.metric
    goal = goal_of(metric, own)
    more = goal == "maximize"
    best_of: Any = np.maximum if more else np.minimum
    best = "best" if own is not None and own.name == metric else "highest" if more else "lowest"
    numbers = [run.number for run, _ in valued]
    values = [value for _, value in valued]
    inks = colours(sweep, runs, ax, metric)
    ax.step(
        numbers, best_of.accumulate(values), where="post", color=grey(ax, 0.35), linewidth=1.4, label=f"{best} so far"
    )
    ax.scatter(numbers, values, s=16, c=[inks.get(run.id, UNKNOWN) for run, _ in valued], zorder=3)
    _legend(ax, _fence(ax, {run.id: np.array([value]) for run, value in valued}, goal, None))


def _fence(ax: Axes, finite: Mapping[str, Values], goal: str, best: str | None) -> str | None:
    """Leave what went far astray off the scale, for it would flatten all the rest; words on it, or None.

    On the worse side only; a tenth of the runs at most for most of their points, and in the mean a twentieth of the
    others' points: were it more, it would be what the sweep is like. The best run stays whole.

    Parameters
    ----------
    finite : mapping
        {run: its finite values}, one at least.
    """
    if len(finite) < FEWEST_TO_FENCE:
        return None
    sign = -1.0 if goal == "maximize" else 1.0
    costs = [sign * values for values in finite.values()]
    lowest = np.array([each.min() for each in costs])
    highest = np.array([each.max() for each in costs])
    # Both ends of all curves: quartiles of the worst ends alone would cut off starts, or leave in what many do once.
    lower, upper = np.quantile(np.concatenate([lowest, highest]), [0.25, 0.75])
    limit = upper + FENCE * (upper - lower)
    if best is not None and best in finite:
        limit = max(limit, (sign * finite[best]).max())
    beyond = np.array([np.mean(each > limit) for each in costs])
    astray = beyond > 0.5
    if upper <= lower or astray.sum() > math.ceil(len(costs) / 10) or beyond[~astray].mean() > MOST_HIDDEN:
        return None
    leave = int(np.count_nonzero(highest > limit))
    low, high = lowest.min(), max(each[each <= limit].max(initial=-math.inf) for each in costs)
    if leave == 0 or highest.max() - low < FENCE * (high - low):  # nothing is gained: they are all far from one another
        return None
    margin = 0.05 * (high - low)
    ax.set_ylim(*sorted((sign * (low - margin), sign * (high + margin))))
    runs = "1 run goes" if leave == 1 else f"{leave} runs go"
    return f"{runs} off the scale, to {sign * highest.max():.3g}"


def _legend(ax: Axes, words: str | None) -> None:
    handles, _ = ax.get_legend_handles_labels()
    if words is not None:
        handles.append(Line2D([], [], linestyle="none", label=words))
    if handles:
        ax.legend(handles=handles, frameon=False, fontsize="small")


def _points(histories: dict[str, History]) -> dict[str, int]:
    points: dict[str, int] = {}
    for history in histories.values():
        for key, column in history.columns.items():
            if column.numeric:
                points[key] = points.get(key, 0) + len(column.rows)
    return points


def _thinned(values: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.int64]:
    """Indices of the points to draw: of long curves the least and the greatest of each stretch."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    return extremes(values, 2 * len(values) // MOST_POINTS)
