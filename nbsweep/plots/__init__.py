"""Matplotlib figures of a sweep: for papers, for GitHub, for wherever there is no front end.

Figures are made without pyplot, so that nothing of the user's own plotting is touched and any thread may draw. Each
function takes a sweep and, where there is one picture to draw, ``ax=``; colours mean the metric, as in the dashboard.
"""

from __future__ import annotations

from nbsweep.plots.history import plot_history
from nbsweep.plots.importance import plot_importance
from nbsweep.plots.parallel import plot_parallel_coordinates
from nbsweep.plots.slices import plot_slices

__all__ = ["plot_history", "plot_importance", "plot_parallel_coordinates", "plot_slices"]
