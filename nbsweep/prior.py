"""What a search knows from the start: earlier runs, those given as ``prior_runs`` and those of a sweep that the config
names as ``prior_sweep``.

Runs that are given are kept in the store under what they say, and the sweep's config has that name: every agent of
every process, now and after a restart, reads the same ones. All are told as observations with negative numbers, which
no run of the sweep itself has. Of a prior sweep those count that had ended when the config first named it: what a
search knows does not change while it goes.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from nbsweep.config_problems import show
from nbsweep.errors import UsageError
from nbsweep.search.base import Observation
from nbsweep.search.priors import PriorRun, completed, read_priors
from nbsweep.space import SearchSpace
from nbsweep.store import RunRecord, Session, Store
from nbsweep.sweep_config import SweepConfig

__all__ = ["given_runs", "keep_prior_runs", "prior_observations"]

TOLD_STATES = ("finished", "stopped")  # of a prior sweep; what failed or was killed says nothing certain of its config
KIND = "prior_runs"


def given_runs(store: Store, config: SweepConfig, given: Any) -> list[PriorRun]:
    """What somebody gives as `prior_runs`, read.

    Parameters
    ----------
    given
        As `nbsweep.search.priors.read_priors` takes it; also a sweep, or the id or name of a sweep or run, alone or in
        a list.

    Raises
    ------
    UsageError
        When it is none of these, or the store has no such run or sweep.
    """
    space = SearchSpace.from_config(config.parameters)
    metric = config.metric.name if config.metric else None
    if isinstance(given, str) or hasattr(given, "checked_config"):
        given = [given]
    if isinstance(given, Iterable) and not hasattr(given, "columns") and not isinstance(given, (bytes, dict)):
        told: list[PriorRun] = []
        for place, item in enumerate(given):
            if isinstance(item, str):
                told += read_priors(_called(store, item, f"prior_runs[{place}]"), space, metric)
            elif hasattr(item, "checked_config"):
                told += read_priors(item.runs, space, metric)
            elif hasattr(item, "columns"):
                told += read_priors(item, space, metric)
            else:
                told += read_priors([item], space, metric, first=place)
        return told
    return read_priors(given, space, metric)


def keep_prior_runs(db: Session, runs: Sequence[PriorRun]) -> str | None:
    """Keep runs under what they say, and return that name for the sweep's config; None where there are none."""
    if not runs:
        return None
    try:
        text = json.dumps([[run.config, run.value, run.state] for run in runs], sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"prior_runs: a config cannot be kept ({error}); use numbers, strings, lists and dicts"
        ) from None
    reference = f"{len(runs)}-runs-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    db.insert_code(reference, text, KIND)
    return reference


def prior_observations(db: Session, sweep_id: str, config: SweepConfig) -> list[Observation]:
    """The runs that were given, then those of the prior sweep, of that one's prior sweep, and so on."""
    metric = config.metric.name if config.metric else None
    space = SearchSpace.from_config(config.parameters)
    seen = {sweep_id}
    told = list(_kept(db, config.prior_runs))
    reference = config.prior_sweep
    named_at = _named_at(db, sweep_id, reference)
    while reference is not None and reference not in seen:
        seen.add(reference)
        prior = db.sweep(reference)
        if prior is None:
            break
        for run in db.runs(prior.id, states=TOLD_STATES):
            if run.finished_at is not None and run.finished_at <= named_at:
                value = run.summary.get(metric) if metric is not None else None
                number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
                told.append(PriorRun(run.config, number, run.state))
        told += _kept(db, prior.config.get("prior_runs"))
        reference = prior.config.get("prior_sweep")
    return [
        Observation(-1 - place, completed(space, run.config), run.state, run.value) for place, run in enumerate(told)
    ]


def _named_at(db: Session, sweep_id: str, reference: str | None) -> float:
    """When the version was defined that named this prior sweep first, of the latest that do so in a row."""
    named_at: float | None = None
    for version in reversed(db.sweep_versions(sweep_id)):
        if version.config.get("prior_sweep") == reference:
            named_at = version.created_at
        elif named_at is not None:
            break
    sweep = db.sweep(sweep_id)
    return named_at if named_at is not None else sweep.created_at if sweep is not None else 0.0


def _called(store: Store, reference: str, where: str) -> Sequence[RunRecord]:
    """The runs of the sweep of that id or name, or the run of that id or name."""
    last = reference.rstrip("/").rsplit("/", 1)[-1] if reference.count("/") in (1, 2) else reference
    with store.read() as db:
        for name in dict.fromkeys((reference, last)):
            sweep = db.sweep(name) or next(iter(db.sweeps(name=name)), None)
            found = db.runs(sweep.id) if sweep is not None else db.runs_called(name)[:1]
            if sweep is not None or found:
                return found
    raise UsageError(
        f"{where}: this store has no sweep and no run {show(reference)}. Runs that are on W&B's server are given by "
        'their results: [(run.config, run.summary.get("loss")) for run in wandb.Api().runs(...)], or a DataFrame'
    )


def _kept(db: Session, reference: object) -> list[PriorRun]:
    text = db.code(reference) if isinstance(reference, str) else None
    try:
        return [PriorRun(config, value, state) for config, value, state in json.loads(text or "[]")]
    except (TypeError, ValueError):  # a disk changed it
        warnings.warn(
            f"the prior runs {reference} could not be read from the store; the search goes on without", stacklevel=2
        )
        return []
