"""`Sweep`: a sweep as people hold it, in any process and after any restart.

It reads the store; wishes go to the controller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbsweep import analysis, process
from nbsweep.artifacts import lost
from nbsweep.control import SweepControl
from nbsweep.errors import UsageError
from nbsweep.finding import existing_store, few, find_sweep
from nbsweep.recovery import recover
from nbsweep.rounding import plural
from nbsweep.store import History, RunRecord, SweepRecord, SweepVersion, read_history
from nbsweep.support import counted
from nbsweep.sweep_config import SweepConfig

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nbsweep.importance import Importance
    from nbsweep.notebook.dashboard import Dashboard

__all__ = ["Sweep"]


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
        self.store = existing_store()
        self._recorder = process.recorder()
        self.id = find_sweep(self.store, sweep_id).id
        self._control = SweepControl(self.store, self.id)
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
        if self._record().version != self._control.version:
            self._control = SweepControl(self.store, self.id)
        return self._control.config

    @property
    def state(self) -> str:
        """running, paused, finished or cancelled: ``docs/cli.md`` says what each means."""
        recover(self.store, self.id)
        return self._record().state

    @property
    def standing(self) -> str:
        """The state, but that a sweep is stopped rather than finished where somebody ended it early."""
        recover(self.store, self.id)
        return self._record().standing

    @property
    def note(self) -> str | None:
        """Why the sweep is paused, where there is something to say."""
        return self._record().note

    @property
    def notice(self) -> str | None:
        """What is wrong with the store, in a line or two, or None: training goes on, but people should know."""
        troubles = (self._recorder.trouble, self._recorder.media_trouble, lost(self.id), self.store.notice)
        return " ".join(filter(None, troubles)) or None

    @property
    def runs(self) -> list[RunRecord]:
        """All runs so far, in the order of `RunRecord.number`, which counts from 1.

        `run`, `rerun` and `kill_run` take a record of these, or its number.
        """
        self._recorder.flush()
        recover(self.store, self.id)
        with self.store.read() as db:
            runs = db.runs(self.id)
        if not runs:
            self._record()  # which tells a sweep that was deleted from one without runs
        return runs

    @property
    def best_run(self) -> RunRecord | None:
        """The finished or early-stopped run with the best metric, or None."""
        return analysis.best_run(self.runs, self.checked_config.metric)

    @property
    def best_value(self) -> float | None:
        """The metric of `best_run`."""
        best = self.best_run
        return None if best is None else analysis.metric_value(best, self.checked_config.metric)

    # -- what came of it -----------------------------------------------------------------------------------------

    def to_pandas(self) -> pd.DataFrame:
        """A row a run: run, id, number (from 1), state, duration_s, a column a parameter, a column a summary key."""
        return analysis.runs_frame(self.runs, self.checked_config.parameter_names)

    @property
    def selected(self) -> pd.DataFrame:
        """As `to_pandas`, the runs inside what is brushed in this sweep's dashboard in this kernel; else all runs."""
        inside = process.selection(self.id)
        runs = [run for run in self.runs if inside is None or run.id in inside]
        return analysis.runs_frame(runs, self.checked_config.parameter_names)

    def history(self, run: str | int | RunRecord | None = None) -> pd.DataFrame:
        """A row a log call: run, step, time and a column a key; of one run (name, id or number), or of all."""
        return analysis.history_frame(self.histories(run))

    def histories(self, run: str | int | RunRecord | None = None) -> dict[str, History]:
        """What was logged, as arrays: {run name: History}; of one run (name, id or number), or of all that logged."""
        chosen = self.runs if run is None else [self.run(run)]
        with self.store.read() as db:
            histories = read_history(db.chunks([each.id for each in chosen]))
        return {each.name: histories[each.id] for each in chosen if each.id in histories}

    def run(self, run: str | int | RunRecord) -> RunRecord:
        """The run of that name, id or number (from 1, as the name ends and `to_pandas` has it); or as `runs` has it."""
        runs, wanted = self.runs, run.id if isinstance(run, RunRecord) else str(run)
        for found in ((r for r in runs if wanted in (r.name, r.id)), (r for r in runs if wanted == str(r.number))):
            for each in found:
                return each
        raise UsageError(f"sweep {self.name} has no run {run!r}; its runs: {few([r.name for r in runs])}")

    def code(self, run: str | int | RunRecord) -> str | None:
        """The code that a run was trained with, as `nbsweep.training_code` found it; None where it is not known."""
        record = self.run(run)
        with self.store.read() as db:
            return None if record.code_hash is None else db.code(record.code_hash)

    @property
    def versions(self) -> list[SweepVersion]:
        """The sweep's configs, the first one first; `.changes` says what differs from the one before."""
        self._record()
        with self.store.read() as db:
            return db.sweep_versions(self.id)

    def console(self, run: str | int | RunRecord) -> str:
        """What a run printed."""
        record = self.run(run)
        with self.store.read() as db:
            return "".join(text for _stream, text in db.console(record.id))

    def importance(self, metric: str | None = None) -> pd.DataFrame:
        """How much each parameter matters to a metric: a row a parameter, the important ones first.

        Columns: parameter, importance (share of the metric's rank variance, 0..1), low and high (a 90 % bootstrap
        interval), null (what noise reaches), correlation (Spearman's), important, verdict, more_runs. How it is
        computed, which runs count and how often it errs: ``docs/importance.md`` and `nbsweep.importance`.

        Parameters
        ----------
        metric : str, optional
            A key of the runs' summaries; by default the sweep's metric.

        Raises
        ------
        UsageError
            When no run has a summary value of that name, or none was named and the sweep has no metric.
        """
        return self.compute_importance(metric).to_pandas()

    def compute_importance(self, metric: str | None = None) -> Importance:
        """`importance` with all there is to know: intervals, levels of categories, runs left out and why."""
        from nbsweep.importance import measure

        found = measure(self.runs, self.checked_config, metric)
        assert found is not None  # nothing stops it
        return found

    def plot_history(self, key: str | None = None, ax: Axes | None = None, *, by: str = "step") -> Figure:
        """A matplotlib figure of one logged key of all runs, or by run of the best so far: `plots.plot_history`."""
        from nbsweep import plots

        return plots.plot_history(self, key, ax, by=by)

    def plot_parallel_coordinates(
        self, columns: Sequence[str] | None = None, metric: str | None = None, ax: Axes | None = None
    ) -> Figure:
        """A matplotlib figure with a line a run: `plots.plot_parallel_coordinates`."""
        from nbsweep import plots

        return plots.plot_parallel_coordinates(self, columns, metric, ax)

    def plot_importance(self, metric: str | None = None, ax: Axes | None = None) -> Figure:
        """A matplotlib figure of what matters: `plots.plot_importance`."""
        from nbsweep import plots

        return plots.plot_importance(self, metric, ax)

    def plot_slices(self, metric: str | None = None, ax: Axes | None = None, *, parameter: str | None = None) -> Figure:
        """A matplotlib figure of a metric against each parameter: `plots.plot_slices`."""
        from nbsweep import plots

        return plots.plot_slices(self, metric, ax, parameter=parameter)

    def dashboard(self) -> Dashboard:
        """The live dashboard; as the last expression of a cell it is shown."""
        from nbsweep.notebook.dashboard import Dashboard

        return Dashboard(self.id)

    # -- what people wish ----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """No new runs until `resume`; the running ones go on."""
        self._control.pause()
        self._recorder.notify()

    def resume(self) -> str:
        """Go on after a pause, after failures, or after a stop; returns what comes of it, in words.

        An agent at work goes on. With none, this process starts one for the runs that are left of those asked for, if
        it has trained this sweep before.

        Raises
        ------
        UsageError
            For a cancelled sweep.
        """
        working = self._control.resume()
        self._recorder.notify()
        if working:
            return "The agent at work goes on."
        with self.store.read() as db:
            newest = next(reversed(db.agents(self.id)), None)
            mine = [run.state for run in db.runs(self.id) if newest is not None and run.agent_id == newest.id]
        begun = None if newest is None or newest.count is None else newest.count - newest.started
        left = None if begun is None else begun + mine.count("crashed")
        if left is not None and left <= 0:
            failed = f", {mine.count('failed')} of them failed" if "failed" in mine else ""
            return (
                f"All runs that were asked for have been trained{failed}; "
                "add_runs(count) or `%sweep more COUNT` trains more."
            )
        return self._see_to_it(False, left)

    def stop(self, *, after_current: bool = False) -> int:
        """End the agents and, unless `after_current`, the running runs; how many runs were running.

        The sweep can go on later with a new agent.
        """
        running = self._control.stop(after_current=after_current)
        self._recorder.poll_now()
        self._recorder.notify()
        return running

    def cancel(self) -> int:
        """As `stop`, and for good."""
        running = self._control.cancel()
        self._recorder.poll_now()
        self._recorder.notify()
        return running

    def delete(self) -> None:
        """Delete it from the store with its runs and all that they logged, for good.

        Raises
        ------
        UsageError
            While runs train or an agent is at work on it, in any process.
        """
        self._recorder.flush()
        process.end_held(self.id)
        self._control.delete()
        self._recorder.notify()

    def kill_run(self, run: str | int | RunRecord) -> None:
        """End one running run (name, id or number from 1; or one of `runs`)."""
        self._control.kill_run(self.run(run).id)
        self._recorder.poll_now()

    def rerun(self, run: str | int | RunRecord) -> str:
        """Train the config of a run (as `run` takes it) once more; returns what comes of it, in words.

        An agent at work takes it next. With none, this process starts one if it has trained this sweep before; else
        the next agent of any process takes it.
        """
        again = self.run(run)
        record, taken = self._control.rerun(again.id)
        return f"Run {record.name} has the config of {again.name}. " + self._see_to_it(taken, 1)

    def add_runs(self, count: int) -> str:
        """Train `count` more runs; returns what comes of it, in words.

        An agent at work goes on for longer. With none, this process starts one if it has trained this sweep before.

        Raises
        ------
        UsageError
            For a cancelled sweep, or a count that is not a whole number, 1 or more.
        """
        count = counted("count", count)
        agent = self._control.add_runs(count)
        if agent is not None and agent.count is None:
            return f"The agent at work needs no more runs asked for: it trains {self._runs_to_come(None)}."
        why = self._control.nothing_left()
        if why is not None:
            return f"Nothing is left to train: {why}. `%sweep rerun RUN` trains a config once more."
        return self._see_to_it(agent is not None, count)

    def _see_to_it(self, taken: bool, count: int | None) -> str:
        self._recorder.notify()
        if taken:
            for agent in process.agents(self.id):
                agent.look_again()
            return f"The agent at work trains {self._runs_to_come(count)}."
        if process.train_more(self.id, count):
            return f"A new agent trains {self._runs_to_come(count)}."
        record = self._record()
        return (
            f"No agent is at work, and this process has no training function for the sweep: run its %%sweep_train cell "
            f"or nbsweep.agent({self.id!r}, train{'' if count is None else f', count={count}'})."
            + (" It trains once the sweep goes on: `%sweep resume`." if record.waits_for_resume else "")
        )

    def _runs_to_come(self, count: int | None) -> str:
        """What an agent trains, in words: of a paused sweep not yet."""
        runs = "runs until it is stopped" if count is None else plural(count, "more run")
        return f"{runs} once the sweep goes on: `%sweep resume`" if self._record().state == "paused" else runs

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
            raise UsageError(f"sweep {self.id!r} is no longer in the store: it was deleted")
        return record
