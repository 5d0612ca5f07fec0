"""What is left of a run's values in a line: its summary, and how the sweep's metric stands. Pure."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable
from typing import Any

from nbsweep.errors import UsageError
from nbsweep.sweep_config import Metric

__all__ = ["AGGREGATES", "Summarising"]

AGGREGATES = ("last", "first", "min", "max", "mean", "best", "none")


class Summarising:
    """Brings a summary up to date with what is logged. Not thread-safe: its owner is a run, which holds a lock.

    Parameters
    ----------
    values : dict
        The summary so far; changed in place.
    metric : Metric, optional
        The sweep's.

    Attributes
    ----------
    metric : Metric or None
    metric_count : int
        Finite values of the sweep's metric so far.
    metric_best : float or None
        The best of them.

    Examples
    --------
    >>> summary = {}
    >>> summarising = Summarising(summary, Metric("loss"))
    >>> summarising.define("loss", "best")
    >>> summarising.note("loss", [0.5, 0.3, math.nan, 0.4])
    >>> summarising.note("epoch", [0, 1])
    >>> summary, summarising.metric_count, summarising.metric_best
    ({'loss': 0.3, 'epoch': 1}, 3, 0.3)
    """

    def __init__(self, values: dict[str, Any], metric: Metric | None = None) -> None:
        self.values = values
        self.metric_count = 0
        self.metric_best: float | None = None
        self.metric = metric
        self._pick = max if metric is not None and metric.goal == "maximize" else min
        self._aggregates: dict[str, str] = {}
        self._patterns: list[tuple[str, str]] = []
        self._means: dict[str, tuple[int, float]] = {}

    def define(self, key: str, how: str, goal: str | None = None) -> None:
        """Keep a key's "last" value (W&B also says "copy"), or one of `AGGREGATES`; "none" keeps none.

        With a ``*`` in it `key` is a pattern, for the keys that are not defined by themselves; the latest one counts.
        "best" goes by `goal`, else by the sweep's.

        Raises
        ------
        UsageError
            For anything else.
        """
        how = "last" if how == "copy" else how
        if how not in AGGREGATES:
            raise UsageError(f"define_metric({key!r}, summary={how!r}): use one of {', '.join(AGGREGATES)}")
        if goal not in (None, "minimize", "maximize"):
            raise UsageError(f"define_metric({key!r}, goal={goal!r}): use 'minimize' or 'maximize'")
        if how == "best":
            how = self._pick.__name__ if goal is None else goal.removesuffix("imize")
        if "*" in key:
            self._patterns.insert(0, (key, how))
        else:
            self._aggregates[key] = how

    def note(self, key: str, values: list[Any]) -> None:
        """Take a key's next values, oldest first; one at least."""
        how = self._aggregates.get(key) or self._by_pattern(key)
        if how == "last":
            self.values[key] = values[-1]
        elif how == "first":
            self.values.setdefault(key, values[0])
        elif how != "none":
            for value in values:
                self._note_one(key, value, how)
        if self.metric is not None and key == self.metric.name:
            self.note_metric(value for value in values if type(value) in (float, int))

    def note_metric(self, numbers: Iterable[float]) -> None:
        """Take the metric's next values without a summary of them; those that are not finite are passed over."""
        finite = [number for number in numbers if math.isfinite(number)]
        if finite:
            self.metric_count += len(finite)
            best = self._pick(finite)
            self.metric_best = best if self.metric_best is None else self._pick(self.metric_best, best)

    def _by_pattern(self, key: str) -> str:
        for pattern, how in self._patterns:
            if fnmatch.fnmatchcase(key, pattern):
                return how
        return "last"

    def _note_one(self, key: str, value: Any, how: str) -> None:
        old = self.values.get(key)
        if not isinstance(value, (int, float)):
            self.values[key] = value
        elif how == "mean":
            count, total = self._means.get(key, (0, 0.0))
            self._means[key] = (count + 1, total + value)
            self.values[key] = (total + value) / (count + 1)
        elif value == value:  # NaN is never the least or the greatest
            pick = min if how == "min" else max
            self.values[key] = pick(old, value) if isinstance(old, (int, float)) and old == old else value
        else:
            self.values.setdefault(key, value)
