"""Judging runs by their metric.

While they train: Hyperband's word on this process's runs, by the histories of everyone, and whether one has reached the
target. When they have finished: what is odd about the metric, if something is.

The rule itself is `nbsweep.stopping`; here is only what it needs to see. Histories are read once and then only what is
new, so that judging after every logged value stays cheap.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from nbsweep.stopping import Hyperband, Verdict
from nbsweep.store import Store, values_beyond
from nbsweep.sweep_config import Metric, SweepConfig

__all__ = ["Judge", "oddity", "reached", "words"]


class Judge:
    """Judges the runs of one sweep. Not thread-safe: its owner is an agent's thread.

    Parameters
    ----------
    store : Store
    sweep_id : str
    config : SweepConfig
        With `early_terminate` and a metric.
    """

    def __init__(self, store: Store, sweep_id: str, config: SweepConfig) -> None:
        assert config.metric is not None
        assert config.early_terminate is not None
        self._store = store
        self._sweep_id = sweep_id
        self._key = config.metric.name
        self._hyperband = Hyperband(config.early_terminate, config.metric.goal)
        self._held: dict[str, int] = {}  # run id: how many values were read
        self._losses: dict[str, list[float]] = {}
        self._revision = -1

    @property
    def first_band(self) -> int:
        """A run with fewer values of the metric is not judged."""
        return self._hyperband.bands[0]

    def to_stop(self, running: Collection[str]) -> dict[str, Verdict]:
        """Those of `running` (run ids) that are to be stopped, each with the verdict."""
        self._read()
        known = [run_id for run_id in running if run_id in self._losses]
        verdicts = self._hyperband.judged(self._losses, known)
        return {run_id: verdict for run_id, verdict in verdicts.items() if verdict.stop}

    def seen(self, run_id: str) -> int:
        """How many finite values of a run it has judged by: what the store does not have yet is not among them."""
        return len(self._losses.get(run_id, ()))

    def _read(self) -> None:
        with self._store.read() as db:
            sweep = db.sweep(self._sweep_id)
            changed = [run.id for run in db.runs(self._sweep_id, since_revision=self._revision)]
            held = {run_id: self._held.get(run_id, 0) for run_id in changed}
            chunks = db.chunks_beyond(self._key, held)
        for run_id, values in values_beyond(chunks, held).items():
            self._held[run_id] = held[run_id] + len(values)
            self._losses.setdefault(run_id, []).extend(self._hyperband.losses(values))
        if sweep is not None:
            self._revision = sweep.revision


def words(verdict: Verdict, goal: str) -> str:
    """A verdict for the table, as in ``band 9 · 0.41 > 0.29``."""
    sign = ">" if goal == "minimize" else "<"
    return f"band {verdict.band} · {verdict.value:.3g} {sign} {verdict.threshold:.3g}"


def reached(value: float | None, target: float, goal: str) -> bool:
    """Whether a metric's best value is as good as the target."""
    return value is not None and (value <= target if goal == "minimize" else value >= target)


def oddity(metric: Metric, count: int, summary: Mapping[str, Any], returned: object = None) -> str | None:
    """What is wrong with a finished run's metric, in words: it was never logged, or it diverged.

    Parameters
    ----------
    metric : Metric
    count : int
        How many finite values of it the run logged.
    summary : dict
        As the store has it.
    returned : object
        What the training function gave back: who comes from Optuna returns the value, from
        Ray Tune a dict with it.

    Examples
    --------
    >>> oddity(Metric("loss"), 0, {"Loss": 0.5})
    "never logged 'loss'; did you mean 'Loss'"
    >>> oddity(Metric("loss"), 7, {"loss": float("nan")})
    'diverged: loss is nan'
    >>> oddity(Metric("loss"), 0, {}, returned=0.5)
    "never logged 'loss'; what train returns is not kept: log({'loss': 0.5})"
    """
    if metric.name in summary:
        value = summary[metric.name]
        finite = isinstance(value, (int, float)) and math.isfinite(value)
        return None if finite else f"diverged: {metric.name} is {value!r:.40}"
    if count:
        return None
    if not summary and isinstance(returned, (int, float)) and not isinstance(returned, bool):
        return (
            f"never logged {metric.name!r}; what train returns is not kept: log({{{metric.name!r}: {returned!r:.20}}})"
        )
    lowered = {key.lower(): key for key in summary}
    near = difflib.get_close_matches(metric.name.lower(), lowered, 1)
    kin = [lowered[near[0]]] if near else [key for key in summary if metric.name in key or key in metric.name]
    return f"never logged {metric.name!r}" + (f"; did you mean {kin[0]!r}" if kin else "")
