"""What is to be had from going on, in words: from what was kept with the runs, no model is asked."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nbsweep import analysis
from nbsweep.control import EVERY_POINT_TAKEN
from nbsweep.space import SearchSpace
from nbsweep.store import RunRecord, SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["outlook", "used_up", "why_suggested"]

LATEST = 3  # suggestions in a row that promise little before that is said
STILL = 8  # latest results, or half of all, that gained as little: where it gets on, a promise of nothing is wrong
LITTLE = 0.01  # of the distance from the best value to the median of all that differ
DIFFERENT = 3  # values at least: on a plateau a model promises nothing because it knows nothing


def outlook(runs: Sequence[RunRecord], config: SweepConfig) -> str | None:
    """How much more runs are expected to bring; None where no model has said, of the sweep as it is now.

    Examples
    --------
    >>> from nbsweep.sweep_config import load
    >>> config = load({"method": "bayes", "metric": {"name": "loss"}, "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    >>> def run(number: int, value: float, **suggestion: object) -> RunRecord:
    ...     return RunRecord(str(number), "s", number, "a", "p", {}, "finished", summary={"loss": value},
    ...                      suggestion={"kind": "model", **suggestion})
    >>> runs = [run(0, 1.0, improvement=0.3), run(1, 0.5, improvement=0.2)]
    >>> outlook(runs, config)
    'the next run is expected to improve loss by about 0.2'
    >>> outlook([*runs, run(2, 0.7), *(run(n, 0.5, improvement=1e-4) for n in range(3, 11))], config)
    'the next run is expected to improve loss by about 0.0001: more runs are unlikely to help much'
    >>> outlook([*(run(n, 1.0 - n / 10, improvement=0.2) for n in range(4)), run(4, 1e4, improvement=0.2)], config)
    'the next run is expected to improve loss by about 0.2'
    """
    metric = config.metric
    if metric is None or config.method != "bayes":
        return None
    version = max((run.sweep_version for run in runs), default=1)
    told = [
        run for run in runs if run.sweep_version == version and (run.suggestion or {}).get("improvement") is not None
    ]
    if not told:
        return None
    newest = sorted(told, key=lambda run: run.index)[-LATEST:]
    promised = [float((run.suggestion or {})["improvement"]) for run in newest]
    said = f"the next run is expected to improve {metric.name} by about {promised[-1]:.2g}"
    values = [analysis.metric_value(run, metric) for run in sorted(runs, key=lambda run: run.index)]
    known = [value for value in values if value is not None and math.isfinite(value)]
    different = set(known)
    still = max(STILL, len(known) // 2)
    if len(promised) == LATEST and len(known) > still and len(different) >= DIFFERENT:
        better = min if metric.goal == "minimize" else max
        best = better(known)
        gained = abs(better(known[:-still]) - best)
        middle = statistics.median(different)  # no mean: one diverged run would make every promise a little one
        if max(*promised, gained) <= LITTLE * abs(middle - best):
            said += ": more runs are unlikely to help much"
    return said


def used_up(sweep: SweepRecord, config: SweepConfig, runs: Sequence[RunRecord], count: int | None) -> str | None:
    """Why a sweep has finished with fewer runs than the `count` that were asked for, where its space has no more."""
    if sweep.state != "finished" or sweep.note_kind is not None or count is None or len(runs) >= count:
        return None
    space = SearchSpace.from_config(config.parameters)
    points = space.points(config.method)
    if points is None:
        return None
    taken = {space.place(points, run.config) for run in runs}
    return EVERY_POINT_TAKEN if len(taken - {None}) >= points.size else None


def why_suggested(suggestion: Mapping[str, Any] | None) -> str | None:
    """What a suggestion rested on, in a line.

    Examples
    --------
    >>> why_suggested({"kind": "model", "mean": 0.21, "sd": 0.034, "improvement": 0.012})
    'model: predicted 0.21 ± 0.034, expected improvement 0.012'
    >>> why_suggested({"kind": "initial design"})
    'initial design'
    """
    if not suggestion or "kind" not in suggestion:
        return None
    said = str(suggestion["kind"])
    mean, sd, improvement = (suggestion.get(key) for key in ("mean", "sd", "improvement"))
    if isinstance(mean, (int, float)) and isinstance(sd, (int, float)):
        said += f": predicted {mean:.3g} ± {sd:.2g}"
    if isinstance(improvement, (int, float)):
        said += f", expected improvement {improvement:.2g}"
    return said
