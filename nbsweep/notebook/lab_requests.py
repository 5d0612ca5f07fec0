"""What JupyterLab's commands and settings ask of a kernel beyond steering its sweeps: a best run, and a slower pace.

In: requests of pages by the link. Out: answers that JSON can carry. Imported for what it registers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbsweep.analysis import flat, metric_value
from nbsweep.cells import config_cell
from nbsweep.errors import UsageError
from nbsweep.notebook.link import request
from nbsweep.notebook.publisher import publisher
from nbsweep.plan import sendable
from nbsweep.sweeps import Sweep

__all__ = ["best", "rate"]


@request("best")
def best(content: Mapping[str, Any]) -> dict[str, Any]:
    """The best run of ``sweep``: its name, its config by dotted names and as the source of a cell, the metric."""
    sweep = Sweep(str(content.get("sweep")))
    config, run = sweep.checked_config, sweep.best_run
    metric = config.metric
    if metric is None or run is None:
        raise UsageError(f"sweep {sweep.name} has no finished run with a finite metric yet")
    value = metric_value(run, metric)
    return {
        "name": run.name,
        "metric": metric.name,
        "value": value,
        "config": sendable(flat(run.config, config.parameter_names), to_page=True),
        "source": config_cell(run, metric),
    }


@request("rate")
def rate(content: Mapping[str, Any]) -> float:
    """Send at most ``per_second`` updates a second from now on, to all pages of this kernel; the pace that holds."""
    return publisher().set_rate(float(content["per_second"]))
