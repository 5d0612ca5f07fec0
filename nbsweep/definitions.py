"""The controller's first half: how sweeps, and runs outside any sweep, come into being.

A sweep with a name is one thing however often its cell is run: the same config attaches to it, a changed one becomes
its next version, and the runs so far go on counting where they fit the new space.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from nbsweep import environment, search
from nbsweep.config_changes import changes
from nbsweep.errors import UsageError
from nbsweep.identity import new_id, run_name
from nbsweep.liveness import agent_here
from nbsweep.prior import given_runs, keep_prior_runs, prior_observations
from nbsweep.rounding import plural
from nbsweep.search.priors import COUNTED, said_of_priors
from nbsweep.space import SearchSpace
from nbsweep.store import RunRecord, Session, Store, SweepRecord
from nbsweep.sweep_config import SweepConfig

__all__ = ["DEFAULT_PROJECT", "Definition", "create_run", "create_sweep", "define_sweep", "end_run"]

DEFAULT_PROJECT = "uncategorized"
LARGEST_SEED = 2**63 - 1  # databases keep 64 bits, one of them for the sign


@dataclass(frozen=True)
class Definition:
    """What came of defining a sweep.

    Attributes
    ----------
    sweep : SweepRecord
    attached : bool
        Whether it was there before.
    changes : tuple of str
        What differs from its last version; empty for a new sweep and for the same config.
    runs : int
        How many runs it has so far.
    priors : str or None
        How many of its prior runs count, in words; None without any.
    """

    sweep: SweepRecord
    attached: bool = False
    changes: tuple[str, ...] = ()
    runs: int = 0
    priors: str | None = None

    @property
    def said(self) -> str | None:
        """What people should know: what came of running the cell again, and how many prior runs count."""
        return "\n".join(filter(None, (self._again, self.priors))) or None

    @property
    def _again(self) -> str | None:
        if not self.attached:
            return None
        runs = f"{plural(self.runs, 'run')} so far"
        if not self.changes:
            return f"Sweep {self.sweep.name} (id {self.sweep.id}) goes on: the same config, {runs}."
        lines = "".join(f"\n  {change}" for change in self.changes)
        return (
            f"Sweep {self.sweep.name} (id {self.sweep.id}) is now version {self.sweep.version}; "
            f"its {runs} count where they fit. Changed:{lines}"
        )


def define_sweep(
    store: Store,
    config: SweepConfig,
    *,
    project: str | None = None,
    name: str | None = None,
    seed: int | None = None,
    prior_runs: Any = None,
) -> Definition:
    """The sweep of that name and project with this config: a new one, the one that is there, or its next version.

    Without a name, here or in the config, and where the one of that name was cancelled, the sweep is new. Earlier runs
    that are given (`nbsweep.prior.given_runs`) are kept, and the sweep's config names them.
    """
    given = None if prior_runs is None else given_runs(store, config, prior_runs)
    wanted = name or config.name
    with store.write() as db:
        there = None if wanted is None else _there(db, wanted, _project(project, config))
        if given is not None:
            given = [run for run in given if there is None or run.sweep_id != there.id]  # its own runs it has
            counted = [run for run in given if run.state in COUNTED]
            config = replace(config, prior_runs=keep_prior_runs(db, counted))
        config = _with_prior(db, config)
        if there is None:
            defined = Definition(_created(db, config, project, wanted, seed))
        else:
            defined = _taken_up(db, there, config, seed)
        told = prior_observations(db, defined.sweep.id, config)
    if given is None and not told:
        none = "No run of the prior sweep had finished or been stopped early when the config first named it"
        return defined if config.prior_sweep is None else replace(defined, priors=f"{none}, so none counts.")
    unended = 0 if given is None else len(given) - len(counted)
    space = SearchSpace.from_config(config.parameters)
    return replace(defined, priors=said_of_priors(space, told, config.method, unended=unended))


def _there(db: Session, name: str, project: str) -> SweepRecord | None:
    """The newest sweep of that name that still takes runs."""
    return next((sweep for sweep in db.sweeps(name=name, project=project) if sweep.state != "cancelled"), None)


def create_sweep(
    store: Store, config: SweepConfig, *, project: str | None = None, name: str | None = None, seed: int | None = None
) -> SweepRecord:
    """Keep a new sweep. Its seed is `seed`, else the config's, else drawn now and kept, so that it can be repeated."""
    with store.write() as db:
        return _created(db, _with_prior(db, config), project, name, seed)


def create_run(
    store: Store,
    *,
    project: str | None = None,
    name: str | None = None,
    tags: Iterable[str] = (),
    notes: str | None = None,
) -> RunRecord:
    """Keep a new run outside any sweep, already running, with an agent of its own: others judge its life by that."""
    now, run_id = time.time(), new_id()
    project = project or environment.project() or DEFAULT_PROJECT
    agent = agent_here(new_id(), None, count=1, started=1)
    with store.write() as db:
        number = db.next_run_number(None, project)
        record = RunRecord(
            id=run_id,
            sweep_id=None,
            index=number,
            name=name or run_name(run_id, number),
            project=project,
            config={},
            tags=tuple(tags),
            notes=notes,
            agent_id=agent.id,
            created_at=now,
            started_at=now,
        )
        db.insert_agent(agent)
        db.insert_run(record)
    return record


def end_run(
    db: Session, run_id: str, state: str, error: str | None, finished_at: float, agent_id: str | None = None
) -> None:
    """Record how a run outside any sweep ended, and that its agent has left, in an open write transaction."""
    db.update_run(run_id, state=state, error=error, finished_at=finished_at)
    if agent_id is not None:
        db.update_agents([agent_id], left_at=finished_at)


def _created(db: Session, config: SweepConfig, project: str | None, name: str | None, seed: int | None) -> SweepRecord:
    chosen = _seed(seed, config)
    if chosen is None:
        chosen = secrets.randbelow(2**31)
    search.make_searcher(config, chosen)  # what cannot be searched is said now, not at the first run
    sweep_id = new_id()
    record = SweepRecord(
        id=sweep_id,
        name=name or config.name or sweep_id,
        project=_project(project, config),
        config=config.to_dict(),
        seed=chosen,
        created_at=time.time(),
    )
    db.insert_sweep(record)
    return record


def _taken_up(db: Session, sweep: SweepRecord, config: SweepConfig, seed: int | None) -> Definition:
    runs = db.run_count(sweep.id)
    chosen = _seed(seed, config)
    if chosen is None:
        chosen = sweep.seed
    different = changes(sweep.config, config.to_dict())
    if chosen != sweep.seed:
        different = [each for each in different if not each.startswith("seed: ")] + [f"seed: {sweep.seed} → {chosen}"]
    if not different:
        return Definition(sweep, attached=True, runs=runs)
    search.make_searcher(config, chosen)
    changed = replace(sweep, config=config.to_dict(), seed=chosen, version=sweep.version + 1)
    db.insert_sweep_version(sweep.id, changed.version, changed.config, "\n".join(different))
    db.update_sweep(sweep.id, config=changed.config, seed=chosen, version=changed.version)
    return Definition(changed, attached=True, changes=tuple(different), runs=runs)


def _seed(seed: int | None, config: SweepConfig) -> int | None:
    """The seed that was given, here or in the config, if any was; UsageError where it is none or there is no room."""
    chosen = config.seed if seed is None else seed
    if chosen is None or (isinstance(chosen, int) and not isinstance(chosen, bool) and 0 <= chosen <= LARGEST_SEED):
        return chosen
    raise UsageError(f"the seed is {chosen!r}; it must be a whole number from 0 to {LARGEST_SEED}")


def _with_prior(db: Session, config: SweepConfig) -> SweepConfig:
    """The config with the id of its prior sweep, which may be given by name."""
    if config.prior_runs is not None and db.code(config.prior_runs) is None:
        raise UsageError(
            f"prior_runs: this store keeps no runs {config.prior_runs!r}; remove the key, and give earlier runs beside "
            "the config: nbsweep.sweep(config, prior_runs=[...])"
        )
    reference = config.prior_sweep
    if reference is None:
        return config
    found = db.sweep(reference) or next(iter(db.sweeps(name=reference)), None)
    if found is None:
        raise UsageError(f"prior_sweep: there is no sweep {reference!r} in this store")
    return replace(config, prior_sweep=found.id)


def _project(project: str | None, config: SweepConfig) -> str:
    return project or config.project or environment.project() or DEFAULT_PROJECT
