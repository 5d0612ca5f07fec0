"""`Sweep`: a sweep as people hold it, in any process and after any restart.

It reads the store; wishes go to the controller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbsweep import analysis, process
from nbsweep.controller import Controller
from nbsweep.errors import UsageError
from nbsweep.recovery import recover
from nbsweep.store import History, RunRecord, Store, SweepRecord, read_history
from nbsweep.sweep_config import SweepConfig

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nbsweep.notebook.dashboard import Dashboard

__all__ = ["Sweep", "find_sweep"]


class Sweep:
    """A sweep of the store.

    Parameters
    ----------
    sweep_id : str, optional
        Its id or name. None: the sweep this process last defined or trained, else the newest of the store.

    Raises
    ------
    UsageError
        When there is no such sweep.
    """

    def __init__(self, sweep_id: str | None = None) -> None:
        self._recorder = process.recorder()
        self.store = self._recorder.store
        self.id = find_sweep(self.store, sweep_id).id
        self._controller = Controller(self.store, self.id)
        recover(self.store, self.id)

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._record().name

    @property
    def project(self) -> str:
        return self._record().project

    @property
    def config(self) -> dict[str, Any]:
        """The sweep config, with defaults filled in."""
        return self._record().config

    @property
    def checked_config(self) -> SweepConfig:
        """The sweep config as `nbsweep.sweep_config.load` gives it."""
        return self._controller.config

    @property
    def state(self) -> str:
        """running, paused, finished or cancelled."""
        return self._record().state

    @property
    def note(self) -> str | None:
        """Why the sweep is paused, where there is something to say."""
        return self._record().note

    @property
    def runs(self) -> list[RunRecord]:
        """All runs so far, by number."""
        self._recorder.flush()
        with self.store.read() as db:
            return db.runs(self.id)

    @property
    def best_run(self) -> RunRecord | None:
        """The finished or early-stopped run with the best metric, or None."""
        return analysis.best_run(self.runs, self._controller.config.metric)

    @property
    def best_value(self) -> float | None:
        """The metric of `best_run`."""
        best = self.best_run
        return None if best is None else analysis.metric_value(best, self._controller.config.metric)

    # -- what came of it -----------------------------------------------------------------------------------------

    def to_pandas(self) -> pd.DataFrame:
        """A row a run: run, id, number, state, duration_s, a column a parameter, a column a summary key."""
        return analysis.runs_frame(self.runs)

    @property
    def selected(self) -> pd.DataFrame:
        """As `to_pandas`, the runs inside what is brushed in this sweep's dashboard in this kernel; else all runs."""
        inside = process.selection(self.id)
        return analysis.runs_frame([run for run in self.runs if inside is None or run.id in inside])

    def history(self, run: str | None = None) -> pd.DataFrame:
        """A row a log call: run, step, time and a column a key; of one run (name or id), or of all."""
        return analysis.history_frame(self.histories(run))

    def histories(self, run: str | None = None) -> dict[str, History]:
        """What was logged, as arrays: {run name: History}; of one run (name or id), or of all that logged."""
        chosen = self.runs if run is None else [self.run(run)]
        with self.store.read() as db:
            histories = read_history(db.chunks([each.id for each in chosen]))
        return {each.name: histories[each.id] for each in chosen if each.id in histories}

    def run(self, run: str) -> RunRecord:
        """The run of that name, id or number (as the name ends)."""
        for each in self.runs:
            if run in (each.name, each.id, str(each.number + 1)):
                return each
        raise UsageError(f"sweep {self.name} has no run {run!r}; its runs: {_few([r.name for r in self.runs])}")

    def console(self, run: str) -> str:
        """What a run printed."""
        self._recorder.flush()
        with self.store.read() as db:
            return "".join(text for _stream, text in db.console(self.run(run).id))

    def plot_history(self, key: str | None = None, ax: Axes | None = None) -> Figure:
        """A matplotlib figure of one logged key of all runs; by default the metric, or its finest-grained kin."""
        from nbsweep import plots

        return plots.plot_history(self, key, ax)

    def dashboard(self) -> Dashboard:
        """The live dashboard; as the last expression of a cell it is shown."""
        from nbsweep.notebook.dashboard import Dashboard

        return Dashboard(self.id)

    # -- what people wish ----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """No new runs until `resume`; the running ones go on."""
        self._controller.pause()
        self._recorder.notify()

    def resume(self) -> None:
        """Go on after a pause."""
        self._controller.resume()
        self._recorder.notify()

    def stop(self, *, after_current: bool = False) -> int:
        """End the agents and, unless `after_current`, the running runs; how many runs were running.

        The sweep can go on later with a new agent.
        """
        running = self._controller.stop(after_current=after_current)
        self._recorder.poll_now()
        self._recorder.notify()
        return running

    def cancel(self) -> int:
        """As `stop`, and for good."""
        running = self._controller.cancel()
        self._recorder.poll_now()
        self._recorder.notify()
        return running

    def kill_run(self, run: str) -> None:
        """End one running run (name or id)."""
        self._controller.kill_run(self.run(run).id)
        self._recorder.poll_now()

    def wait(self) -> None:
        """Block until this process's agents of the sweep have ended; interrupting once lets the current runs end."""
        from nbsweep.progress import wait_for

        wait_for(process.agents(self.id))

    def __repr__(self) -> str:
        record = self._record()
        return f"<nbsweep sweep {record.name} ({record.id}): {len(self.runs)} runs, {record.state}>"

    def _record(self) -> SweepRecord:
        with self.store.read() as db:
            record = db.sweep(self.id)
        if record is None:
            raise UsageError(f"sweep {self.id!r} is no longer in the store")
        return record


def find_sweep(store: Store, sweep_id: str | None, *, project: str | None = None) -> SweepRecord:
    """The sweep of that id or name (W&B's "entity/project/id" too); None: the current one, else the newest."""
    with store.read() as db:
        if sweep_id is None:
            current = process.current_sweep_id()
            found = db.sweep(current) if current is not None else None
            newest = db.sweeps()[:1]
            if found is None and not newest:
                raise UsageError("there is no sweep yet: define one with %%sweep define or nbsweep.sweep(config)")
            return found or newest[0]
        if not isinstance(sweep_id, str):
            raise UsageError(f"a sweep is named by its id or name, a string, not {sweep_id!r:.80}")
        reference = sweep_id.rstrip("/").rsplit("/", 1)[-1] if sweep_id.count("/") in (1, 2) else sweep_id
        for each in (sweep_id, reference):
            found = db.sweep(each) or next(iter(db.sweeps(name=each, project=project)), None)
            if found is not None:
                return found
        known = [f"{each.id} ({each.name})" if each.name != each.id else each.id for each in db.sweeps()]
    raise UsageError(f"there is no sweep {sweep_id!r} in this store; it has {_few(known)}")


def _few(names: list[str], most: int = 8) -> str:
    if not names:
        return "none"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
