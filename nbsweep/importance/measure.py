"""`measure`: picks the runs that count, has their parameters tested, and puts the answer into words and rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep.analysis import COUNTED_STATES
from nbsweep.config_problems import did_you_mean, show
from nbsweep.errors import UsageError
from nbsweep.importance import stepdown
from nbsweep.importance.columns import Column, labels, read
from nbsweep.importance.results import Importance, LevelEffect, ParameterImportance
from nbsweep.store import RunRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["measure"]

FEWEST_RUNS = 8  # fewer cannot be divided into runs to learn from and runs to test on
USUAL_RUNS = 30  # what shows the strong ones of five parameters
SMALL = 0.05  # a share of the metric's variance that is not worth more runs

SHRINKS = 0.8  # the band is as n^-0.8, measured

Values = NDArray[np.float64]


def measure(
    runs: Sequence[RunRecord],
    config: SweepConfig,
    metric: str | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Importance | None:
    """Each parameter's importance to a metric, with an interval, what noise reaches, and a verdict.

    Counted are finished and early-stopped runs with a finite summary value of the metric, so `define_metric` says
    whether it is the last, the best or another. The metric is taken by rank: a run that diverged to 1e12 is the worst
    run and no more. A run that repeats another's config and value tells nothing new and is left out.

    Parameters
    ----------
    runs : sequence of RunRecord
    config : SweepConfig
        Its parameters are measured, but for those with one value only.
    metric : str, optional
        Any key of the runs' summaries; by default the sweep's metric.
    stop : callable
        Asked every few dozen milliseconds; when it says True the answer is None.

    Raises
    ------
    UsageError
        When no run has a summary value of that name, or none a number; when none was named and the sweep has no metric.

    Examples
    --------
    >>> from nbsweep import sweep_config
    >>> config = sweep_config.load({"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0},
    ...     "seed": {"values": [1, 2, 3]}}})
    >>> runs = [RunRecord(str(i), None, i, f"run-{i}", "", {"lr": i / 40, "seed": 1 + i * i % 3}, "finished",
    ...     summary={"loss": (i / 40 - 0.2) ** 2}) for i in range(40)]
    >>> [(row.name, row.important) for row in measure(runs, config, "loss").rows]
    [('lr', True), ('seed', False)]
    """
    name, goal = _metric(runs, config, metric)
    _refuse_what_is_no_number(runs, name)
    used, values, left_out = _counted(runs, name)
    columns = read([run.config for run in used], config)
    fresh = _first_of_repeats(columns, values)
    if len(fresh) < len(values):
        left_out["repeats another run"] = len(values) - len(fresh)
    values, columns = values[fresh], [column.take(fresh) for column in columns]
    varied = [column for column in columns if column.values > 1]
    note = _why_not(name, values, varied)
    tested = stepdown.test(varied, values, stop) if note is None else {}
    if tested is None:
        return None
    whole = max(1.0, sum(max(each.share, 0.0) for each in tested.values()))
    rows = [_row(column, tested.get(column.name), values, whole) for column in columns]
    rows.sort(key=lambda row: (not row.important, -row.importance, row.name))
    return Importance(
        metric=name,
        goal=goal,
        runs_used=len(values),
        left_out=dict(left_out),
        null_band=max((row.null for row in rows), default=0.0),
        rows=tuple(rows),
        more_runs=min((row.more_runs for row in rows if row.more_runs is not None), default=None),
        note=note,
    )


# -- which runs ------------------------------------------------------------------------------------------------------


def _metric(runs: Sequence[RunRecord], config: SweepConfig, metric: str | None) -> tuple[str, str | None]:
    """The metric's name, and its goal where it is the sweep's own."""
    own = config.metric
    keys = sorted({key for run in runs for key in run.summary})
    known = f"the runs' summaries have {show(keys, 300)}" if keys else "no run has logged anything yet"
    if metric is None:
        if own is None:
            raise UsageError(
                f"the sweep has no metric; say which, as in importance({show(keys[0]) if keys else '...'}); {known}"
            )
        return own.name, own.goal
    if not isinstance(metric, str):
        raise UsageError(f"a metric is named by a string, not {show(metric)}; {known}")
    if own is not None and own.name == metric:
        return own.name, own.goal
    if metric not in keys:
        raise UsageError(
            f"no run has a summary value {show(metric)}{did_you_mean(metric, keys) if keys else ''}; {known}"
        )
    return metric, None


def _refuse_what_is_no_number(runs: Sequence[RunRecord], metric: str) -> None:
    """Once runs have ended: a metric that is text, or that nobody logs, is not told by more runs of the kind."""
    given = [value for run in runs if (value := run.summary.get(metric)) is not None]
    numbers = any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given)
    ended = sum(run.state in COUNTED_STATES for run in runs)
    if numbers or not ended:
        return
    if given:
        kinds = {type(value) for value in given}
        what = "text" if kinds <= {str} else "true or false" if kinds <= {bool} else "no number"
        among = f"all {len(given)} runs that have it" if len(given) > 1 else "the one run that has it"
        raise UsageError(f"{show(metric)} is {what} in {among}; importance is told of numbers")
    keys = sorted({key for run in runs for key in run.summary} - {metric})
    known = f"the runs' summaries have {show(keys, 300)}" if keys else "no run has logged anything"
    meant = did_you_mean(metric, keys) if keys else ""
    runs_that_ended = "the one run that has ended" if ended == 1 else f"any of the {ended} runs that have ended"
    raise UsageError(f"{show(metric)} was not logged by {runs_that_ended}{meant}; {known}")


def _counted(runs: Sequence[RunRecord], metric: str) -> tuple[list[RunRecord], Values, Counter[str]]:
    """The runs that count, their values, and how many were left out why."""
    used, values, left_out = [], [], Counter[str]()
    for run in runs:
        value: Any = run.summary.get(metric)
        if run.state not in COUNTED_STATES:
            left_out[run.state] += 1
        elif value is None:
            left_out["no value"] += 1
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            left_out["not a number"] += 1
        elif not math.isfinite(value):
            left_out["NaN" if math.isnan(value) else "infinite"] += 1
        else:
            used.append(run)
            values.append(float(value))
    return used, np.array(values, dtype=float), left_out


def _first_of_repeats(columns: Sequence[Column], values: Values) -> NDArray[np.intp]:
    """The runs without those that repeat another's config and value: training that repeats itself exactly is no
    second witness, and counted as one would make any parameter look important."""
    table = np.column_stack([np.unique(values, return_inverse=True)[1], *(column.codes for column in columns)])
    return np.sort(np.unique(table, axis=0, return_index=True)[1]).astype(np.intp)


def _why_not(metric: str, values: Values, varied: Sequence[Column]) -> str | None:
    if len(values) < FEWEST_RUNS:
        # Killed, failed and running ones may have values too: say which runs count.
        runs = {0: "no run has", 1: "only 1 run has"}.get(len(values), f"only {len(values)} runs have")
        ended = f"{runs} finished or been stopped early with a finite value of {metric}"
        return f"{ended}; from {FEWEST_RUNS} on there is something to tell"
    if (values == values[0]).all():
        return f"all {len(values)} runs have the same {metric}"
    return None if varied else "no parameter had two values"


# -- rows ------------------------------------------------------------------------------------------------------------


def _row(column: Column, tested: stepdown.Tested | None, values: Values, whole: float) -> ParameterImportance:
    ordered, count = column.ordered, len(values)
    share, low, high, null = 0.0, 0.0, 1.0, 1.0
    more: int | None = None
    if tested is not None:
        parts = (tested.share, tested.low, tested.high, tested.null)
        share, low, high, null = (min(max(part / whole, 0.0), 1.0) for part in parts)
        if not tested.important:
            more = _more_runs(count, share, high, null)
    elif count < FEWEST_RUNS:
        more = USUAL_RUNS - count
    return ParameterImportance(
        name=column.name,
        kind="number" if ordered else "category",
        importance=share,
        low=low,
        high=high,
        null=null,
        correlation=_correlation(column, values),
        important=tested is not None and tested.important,
        more_runs=more,
        levels=_levels(column, values) if column.listed or not ordered else (),
        values=column.values,
    )


def _more_runs(runs: int, share: float, high: float, null: float) -> int | None:
    """About how many more runs would tell of a parameter inside the band; None where it is told already.

    It is told once the band is no wider than the share, or than one worth knowing of; and of a share that is not worth
    it, once its interval ends below that too.
    """
    wider = null / max(share, SMALL)
    if share < SMALL:
        wider = max(wider, high / SMALL)
        if wider <= 1:
            return None
    needed = runs * (math.pow(max(wider, 1.0), 1 / SHRINKS) - 1)
    digits = 5 if needed < 30 else 10 if needed < 1000 else 100
    return max(digits, math.ceil(needed / digits) * digits)


def _correlation(column: Column, values: Values) -> float | None:
    """Spearman's, of a number or of being true."""
    truths = [level for level in column.levels if isinstance(level, bool)]
    if not column.ordered and (len(truths) < len(column.levels) or True not in truths):
        return None
    known = column.codes >= 0
    codes = column.codes[known] if column.ordered else column.codes[known] == column.levels.index(True)
    return _pearson(codes.astype(float), values[known], rank=True)


def _levels(column: Column, values: Values) -> tuple[LevelEffect, ...]:
    effects = []
    for code, label in enumerate(labels(column)):
        has = column.codes == code
        if has.any():
            with np.errstate(over="ignore"):
                mean = float(np.mean(values[has]))
            effects.append(LevelEffect(label, int(has.sum()), mean, _pearson(has.astype(float), values)))
    return tuple(sorted(effects, key=lambda effect: effect.mean))


def _pearson(x: Values, values: Values, *, rank: bool = False) -> float | None:
    """Pearson's correlation of `x`, or its ranks, with the ranks of the metric."""
    if len(x) < 3 or (x == x[0]).all() or (values == values[0]).all():
        return None
    x = stepdown.ranked(x) if rank else (x - x.mean()) / x.std()
    return float(np.clip(x @ stepdown.ranked(values) / len(x), -1.0, 1.0))
