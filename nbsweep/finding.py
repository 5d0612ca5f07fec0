"""Which sweep is meant: by its id, its name, W&B's path, or none of them; and the store to look in."""

from __future__ import annotations

from nbsweep import process
from nbsweep.errors import UsageError
from nbsweep.store import Store, SweepRecord

__all__ = ["existing_store", "few", "find_sweep"]


def existing_store() -> Store:
    """This process's store, for those who look for a sweep: looking makes none.

    Raises
    ------
    UsageError
        When there is none yet.
    """
    return process.existing_store(
        lambda missing: (
            f"there is no sweep yet, nor the store {missing}: define one with %%sweep define or nbsweep.sweep(config), "
            "or name another store in NBSWEEP_STORAGE"
        )
    )


def find_sweep(store: Store, sweep_id: str | None, *, project: str | None = None) -> SweepRecord:
    """The sweep of that id or name (W&B's "entity/project/id" too); None: the current one, else the newest."""
    with store.read() as db:
        if sweep_id is None:
            current = process.current_sweep_id()
            found = db.sweep(current) if current is not None and project is None else None
            newest = [found] if found is not None else db.sweeps(project=project)
            if not newest:
                there = "there is no sweep yet" if project is None else f"project {project!r} has no sweep yet"
                where = process.shown_storage()
                raise UsageError(
                    f"{there} in the store {where}: define one with %%sweep define or nbsweep.sweep(config)"
                )
            return newest[0]
        if not isinstance(sweep_id, str):
            raise UsageError(f"a sweep is named by its id or name, a string, not {sweep_id!r:.80}")
        reference = sweep_id.rstrip("/").rsplit("/", 1)[-1] if sweep_id.count("/") in (1, 2) else sweep_id
        inside = None if project is None else {each.id for each in db.sweeps(project=project)}
        elsewhere: list[str] = []
        for each in dict.fromkeys((sweep_id, reference)):
            by_id = db.sweep(each)
            for found in [by_id] if by_id is not None else db.sweeps(name=each):
                if inside is None or found.id in inside:
                    return found
                elsewhere.append(repr(found.project))
        if elsewhere:
            where = few(list(dict.fromkeys(elsewhere)))
            raise UsageError(f"project {project!r} has no sweep {sweep_id!r}; it is in project {where}")
        known = [f"{each.id} ({each.name})" if each.name != each.id else each.id for each in db.sweeps()]
    raise UsageError(f"there is no sweep {sweep_id!r} in this store; it has {few(known)}")


def few(names: list[str], most: int = 8) -> str:
    """The first of these names, and how many more there are."""
    if not names:
        return "none"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
