"""What a search knows from the start: the results of an earlier sweep that its config names.

They are told as observations with negative numbers, which no run of the sweep itself has, and they are those that had
ended when the sweep was defined: what it knows does not change while it goes.
"""

from __future__ import annotations

from nbsweep.search.base import Observation
from nbsweep.store import Session
from nbsweep.sweep_config import SweepConfig

__all__ = ["prior_observations"]

TOLD_STATES = ("finished", "stopped")  # what failed or was killed says nothing certain of its config


def prior_observations(db: Session, sweep_id: str, config: SweepConfig) -> list[Observation]:
    """The runs of the prior sweep, of that one's prior sweep, and so on, the latest sweep first."""
    metric = config.metric.name if config.metric else None
    this, seen = db.sweep(sweep_id), {sweep_id}
    told: list[Observation] = []
    reference = config.prior_sweep
    while reference is not None and reference not in seen and this is not None:
        seen.add(reference)
        prior = db.sweep(reference)
        if prior is None:
            break
        for run in db.runs(prior.id, states=TOLD_STATES):
            if run.finished_at is not None and run.finished_at <= this.created_at:
                value = run.summary.get(metric) if metric is not None else None
                number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
                told.append(Observation(-1 - len(told), run.config, run.state, number))
        reference = prior.config.get("prior_sweep")
    return told
