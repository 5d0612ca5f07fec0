"""What an agent's running runs log of the sweep's metric, and which of them should end for it.

In: runs, and the sweep's config as it is now. Out: the run that reached the target, those to be stopped, with why, and
what is odd about the metric of one that has finished.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbsweep.controller import Controller
from nbsweep.errors import StoreError
from nbsweep.judging import Judge, oddity, reached, words
from nbsweep.mirror import MetricMirror
from nbsweep.runs import Run
from nbsweep.sweep_config import Metric

__all__ = ["MetricWatch", "Seen"]


@dataclass(frozen=True)
class Seen:
    """What a look found.

    Attributes
    ----------
    target_reached_by : str or None
        The name of the run whose metric is as good as the sweep's target.
    to_stop : dict of str to str
        Why, in a few words, by the id of each run that is to be stopped early.
    """

    target_reached_by: str | None = None
    to_stop: Mapping[str, str] = field(default_factory=dict)


class MetricWatch:
    """Looks at runs each time they may have logged their metric. Not thread-safe: its owner is an agent's thread.

    Parameters
    ----------
    controller : Controller
    logs_elsewhere : callable, optional
        For runs that train in processes of their own, so that what they log is read in the store: tells of a run
        whether its process has not ended it yet.

    Attributes
    ----------
    logs : callable
        Whether the training code of a run has not ended it yet.
    """

    def __init__(self, controller: Controller, *, logs_elsewhere: Callable[[Run], bool] | None = None) -> None:
        self._controller = controller
        self._mirror = None if logs_elsewhere is None else MetricMirror(controller.store, controller.sweep_id)
        self.logs = logs_elsewhere or (lambda run: run.state == "running")
        self._looked_at: dict[str, int] = {}  # run id: values of the metric that it was last judged by
        self._judge: Judge | None = None
        self._judge_version = 0

    @property
    def wanted(self) -> bool:
        """Whether anything that is logged may end a run. From any thread."""
        config = self._controller.config
        return config.early_terminate is not None or (config.metric is not None and config.metric.target is not None)

    def look(self, runs: Mapping[str, Run]) -> Seen:
        """Judge those of the running runs ({id: run}) that have logged their metric since the last look.

        Raises
        ------
        StoreError
            When the store cannot be read; the next look is another chance.
        """
        metric = self._controller.config.metric
        if metric is None:
            return Seen()
        if self._mirror is not None:
            self._mirror.refresh(runs, metric)
        counts = {run_id: run.summarising.metric_count for run_id, run in runs.items()}
        fresh = {run_id: runs[run_id] for run_id, count in counts.items() if count > self._looked_at.get(run_id, 0)}
        if not fresh:
            return Seen()
        to_stop = self._to_stop(fresh, counts, metric)
        judge = self._judge_now()
        # A value that the store lacks yet was not judged; the next look sees it, and so it does where this one fails.
        self._looked_at = {
            run_id: count if judge is None or count < judge.first_band else min(count, judge.seen(run_id))
            for run_id, count in counts.items()
        }
        return Seen(_first_to_reach(fresh, metric), to_stop)

    def reached_by(self, run: Run) -> bool:
        """Whether a run that has ended was as good as the sweep's target. From any thread."""
        metric = self._controller.config.metric
        if metric is None or metric.target is None:
            return False
        run.encode()
        return _reaches(run, metric)

    def oddity_of(self, run: Run, returned: float | None) -> str | None:
        """What is odd about a finished run's metric, in words; None for nothing. From any thread.

        `returned` is what the training function gave back.
        """
        metric = self._controller.config.metric
        if metric is None:
            return None
        run.encode()
        summary: Mapping[str, Any] = run.kept_summary()
        if self._mirror is not None:
            with contextlib.suppress(StoreError), self._controller.store.read() as db:
                record = db.run(run.id)
                summary = record.summary if record is not None else summary
        return oddity(metric, run.summarising.metric_count, summary, returned)

    def _to_stop(self, fresh: Mapping[str, Run], counts: Mapping[str, int], metric: Metric) -> dict[str, str]:
        judge = self._judge_now()
        ready = [run_id for run_id in fresh if judge is not None and counts[run_id] >= judge.first_band]
        if judge is None or not ready:
            return {}
        verdicts = judge.to_stop(ready).items()
        # What training code does after the end of its run, saving the model say, is not for a metric to interrupt.
        return {run_id: words(verdict, metric.goal) for run_id, verdict in verdicts if self.logs(fresh[run_id])}

    def _judge_now(self) -> Judge | None:
        """The judge by the sweep's config as it is now; None where nothing is terminated early."""
        config, version = self._controller.config, self._controller.version
        if version != self._judge_version:
            self._judge_version = version
            able = config.metric is not None and config.early_terminate is not None
            self._judge = Judge(self._controller.store, self._controller.sweep_id, config) if able else None
        return self._judge


def _first_to_reach(runs: Mapping[str, Run], metric: Metric) -> str | None:
    return next((run.name for run in runs.values() if _reaches(run, metric)), None)


def _reaches(run: Run, metric: Metric) -> bool:
    own = run.summarising.metric  # the sweep's when the run began; a redefinition may have brought another
    if metric.target is None or own is None or (own.name, own.goal) != (metric.name, metric.goal):
        return False
    return reached(run.summarising.metric_best, metric.target, metric.goal)
