"""The store as commands open it: one that is not there is said to be missing, never made by looking."""

from __future__ import annotations

from nbsweep import process
from nbsweep.errors import UsageError
from nbsweep.finding import find_sweep
from nbsweep.recovery import recover
from nbsweep.store import RunRecord, Store
from nbsweep.sweeps import Sweep

__all__ = ["existing_store", "find_run", "open_sweep", "sweep_or_run"]


def existing_store() -> Store:
    """This process's store.

    Raises
    ------
    UsageError
        When there is none yet.
    """
    return process.existing_store(
        lambda missing: (
            f"there is no store {missing}; run this where the notebook lies, or name the store in NBSWEEP_STORAGE"
        )
    )


def open_sweep(reference: str | None, project: str | None = None) -> Sweep:
    """The sweep of that id or name (in that project); None: the newest."""
    return Sweep(find_sweep(existing_store(), reference, project=project).id)


def find_run(reference: str, sweep: str | None = None) -> tuple[RunRecord, Sweep | None]:
    """The run of that id or name, newest first where names repeat; with its sweep, or None if it has none.

    Raises
    ------
    UsageError
        When there is no such run.
    """
    store = existing_store()
    if sweep is not None:
        inside = open_sweep(sweep)
        return inside.run(reference), inside
    with store.read() as db:
        found = next(iter(db.runs_called(reference)), None)
    if found is None:
        what = (
            "a run's number is counted in its sweep: add --sweep SWEEP"
            if reference.isdecimal()
            else "`nbsweep ls SWEEP` lists a sweep's runs"
        )
        raise UsageError(f"there is no run {reference!r} in this store; {what}")
    if found.sweep_id is not None:
        inside = Sweep(found.sweep_id)
        return inside.run(found.id), inside  # as it is after the look at who has gone
    recover(store, None)
    with store.read() as db:
        return db.run(found.id) or found, None


def sweep_or_run(reference: str | None) -> Sweep | tuple[RunRecord, Sweep | None]:
    """What a word means: a sweep's id or name first, else a run's."""
    store = existing_store()
    try:
        return Sweep(find_sweep(store, reference).id)
    except UsageError as no_sweep:
        if reference is None:
            raise
        try:
            return find_run(reference)
        except UsageError:
            raise UsageError(f"{no_sweep}; nor is there a run of that name") from None
