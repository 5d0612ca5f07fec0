"""What JupyterLab's commands and settings ask of a kernel beyond steering its sweeps: a best run, and a slower pace.

In: requests of pages by the link. Out: answers that JSON can carry. Imported for what it registers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbsweep.analysis import why_no_best
from nbsweep.cells import config_cell
from nbsweep.errors import UsageError
from nbsweep.notebook.link import request
from nbsweep.notebook.publisher import publisher
from nbsweep.sweeps import Sweep

__all__ = ["best", "rate"]


@request("best")
def best(content: Mapping[str, Any]) -> dict[str, str]:
    """The best run of ``sweep``: its config as the ``source`` of a cell that makes it again."""
    sweep = Sweep(str(content.get("sweep")))
    metric, run = sweep.checked_config.metric, sweep.best_run
    if metric is None or run is None:
        raise UsageError(f"sweep {sweep.name} {why_no_best(metric)}")
    return {"source": config_cell(run, metric)}


@request("rate")
def rate(content: Mapping[str, Any]) -> float:
    """Send at most ``per_second`` updates a second from now on, to all pages of this kernel; the pace that holds."""
    return publisher().set_rate(float(content["per_second"]))
