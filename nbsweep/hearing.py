"""What other threads and processes ask of this process's runs and agents by the store: heard here and passed on.

A stop that another kernel or the command line asked for, and a run of ours that somebody took for crashed, stand in the
store. The recorder's thread reads them several times a second, where it can in the transaction in which it writes
anyway; now and then it looks who of a sweep's other processes is gone. Only `Run.request_stop` and the agent's
`stop_requested` are called, outside of any transaction.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nbsweep.errors import NbsweepError
from nbsweep.recovery import recover, revive_in
from nbsweep.store import Session, Store
from nbsweep.store.records import Asked

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["Hearing", "Recorded", "Watched"]

POLL_EVERY_S = 0.2
POLL_EARLY_S = 0.09
LOOK_EVERY_S = 2.0


class Recorded(Protocol):
    """An agent as the recorder sees it: it has a heartbeat to renew and can be asked to stop."""

    @property
    def id(self) -> str: ...

    def stop_requested(self) -> None: ...


class Watched(NamedTuple):
    """Whom the recorder records at a moment, by id."""

    runs: Mapping[str, Run]
    agents: Mapping[str, Recorded]


class Hearing:
    """Reads what is asked of the runs and agents of one store's recorder.

    Parameters
    ----------
    store : Store
    watched : callable
        Whom there is to ask for, at present.
    """

    def __init__(self, store: Store, watched: Callable[[], Watched]) -> None:
        self._store = store
        self._watched = watched
        self._found: Asked | None = None  # read, and not passed on yet
        self._next_poll = self._next_look = 0.0

    def ask_soon(self) -> None:
        """Read at the next turn, whenever the last time was."""
        self._next_poll = 0.0

    def read_along(self, db: Session) -> None:
        """Read in a transaction that is open anyway, where it would soon be done in one of its own."""
        if time.monotonic() >= self._next_poll - POLL_EARLY_S:
            self._read(db)

    def hear(self) -> None:
        """Pass on what was asked for; see who of the others is gone."""
        if time.monotonic() >= self._next_poll:  # there was nothing to write, and so no transaction in which to ask
            self._next_poll = time.monotonic() + POLL_EVERY_S
            with self._store.read() as db:
                self._read(db)
        found, self._found = self._found, None
        if found is not None:
            self._pass_on(found)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            self._look_for_the_gone()

    def _read(self, db: Session) -> None:
        self._next_poll = time.monotonic() + POLL_EVERY_S
        watched = self._watched()
        runs = [run.id for run in watched.runs.values() if (run.sweep_id or run.agent_id) is not None]
        self._found = db.asked(runs, list(watched.agents)) if runs or watched.agents else None

    def _pass_on(self, found: Asked) -> None:
        runs, agents = self._watched()
        for run_id in found.runs_to_stop:
            if run_id in runs:
                runs[run_id].request_stop("killed")
        for agent_id in found.agents_to_stop:
            if agent_id in agents:
                agents[agent_id].stop_requested()
        taken_for_dead = [each for each in found.runs_taken_for_dead if each in runs and runs[each].state == "running"]
        if taken_for_dead:
            with self._store.write() as db:
                revive_in(db, taken_for_dead)

    def _look_for_the_gone(self) -> None:
        agents = list(self._watched().agents)
        if not agents:
            return
        with self._store.read() as db:
            sweep_ids = {record.sweep_id for record in db.agents_by_ids(agents) if record.sweep_id is not None}
        for sweep_id in sweep_ids:
            with contextlib.suppress(NbsweepError):
                recover(self._store, sweep_id)
