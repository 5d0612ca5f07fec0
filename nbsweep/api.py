"""The functions of the public face, in W&B's words: define a sweep, run an agent, log from training code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from nbsweep import absent, environment, exit_code, process, sweep_config
from nbsweep.agents import Agent
from nbsweep.current import bind_thread, current_run, run_for, set_process_run, thread_run
from nbsweep.definitions import define_sweep
from nbsweep.errors import UsageError
from nbsweep.finding import existing_store, find_sweep
from nbsweep.joining import RUN_ID, join
from nbsweep.own_runs import begin_own
from nbsweep.programs import program_agent
from nbsweep.progress import wait_for
from nbsweep.run_config import Config, Summary, config_defaults
from nbsweep.runs import Run
from nbsweep.support import plain

__all__ = ["agent", "define_metric", "finish", "init", "log", "login", "sweep"]


def sweep(
    config: Mapping[str, Any] | str | os.PathLike[str] | Callable[[], Any] | None = None,
    *place: str | None,
    project: str | None = None,
    sweep: Mapping[str, Any] | str | os.PathLike[str] | Callable[[], Any] | None = None,
    name: str | None = None,
    seed: int | None = None,
    prior_runs: Any = None,
    entity: Any = None,
) -> str:
    """Define a sweep and return its id.

    A name makes it safe to run again: where the project has a sweep of that name, the same config attaches to it, and a
    changed one becomes its next version, whose earlier runs count where they fit; which of them is said. Without a name
    (here or in the config), and where that sweep was cancelled, the sweep is new.

    Parameters
    ----------
    config : dict, path of a YAML file, or a function that gives one
        ``sweep=`` means the same, for that is what W&B calls it.
    *place : str, optional
        The project; or, in W&B's order, an entity, which makes no difference, and the project.
    project, name : str, optional
        Default: what the config says, then ``NBSWEEP_PROJECT``, then ``WANDB_PROJECT``.
    seed : int, optional
        Makes the search repeatable. Default: the config's, else drawn and kept with the sweep.
    prior_runs : list, DataFrame, Sweep or str, optional
        Earlier runs, which count as observations where they fit the search space; how many do is printed. A list of
        (config, value) pairs; a DataFrame with a column a parameter and one for the metric, as `Sweep.to_pandas` gives
        it; a `Sweep`; the id or name of a sweep or run, or a list of these. A value that is None or NaN is that of a
        run that failed. They are kept with the sweep, so that every agent knows the same ones.
    entity : optional
        W&B's; it makes no difference.

    Raises
    ------
    ConfigError
        When the config cannot be used; all that is wrong with it is said at once.
    UsageError
        When `prior_runs` is none of these, or names what the store does not have.
    """
    if place:
        if len(place) > 2:
            raise UsageError("sweep() takes a config, an entity and a project by position; give the rest by name")
        in_entity, named = (None, *place) if len(place) == 1 and project is None else (*place, None)[:2]
        entity, project = entity or in_entity, project or named
    absent.warn_ignored("sweep", {"entity": entity})
    given = sweep if config is None else config
    if callable(given):
        given = given()
    if given is None or (sweep is not None and config is not None):
        raise UsageError("sweep() takes one config: nbsweep.sweep({'method': ..., 'metric': ..., 'parameters': ...})")
    checked = sweep_config.load(given)
    for note in checked.notes:
        warnings.warn(note, stacklevel=2)
    defined = define_sweep(
        process.recorder().store, checked, project=project, name=name, seed=plain(seed), prior_runs=prior_runs
    )
    process.set_current_sweep(defined.sweep.id)
    notebook = _notebook()
    if notebook is not None:
        notebook.announce()
    if defined.said is not None:
        print(defined.said)
    return defined.sweep.id


def agent(
    sweep_id: str,
    function: Callable[..., Any] | None = None,
    *place: Any,
    count: int | None = None,
    project: str | None = None,
    workers: int = 1,
    engine: str | None = None,
    run_timeout_s: float | None = None,
    block: bool = True,
    entity: Any = None,
    forward_signals: Any = None,
) -> Agent:
    """Train runs of a sweep in this process.

    Parameters
    ----------
    sweep_id : str
        As `sweep` gave it; a sweep's name and W&B's "entity/project/id" work too.
    function : callable
        The training function. It may call `init`, and is called without arguments, or with the run's config (and the
        run) if it requires them. Without one the program of the sweep's config is run, a process a run.
    *place : optional
        `count`; or, in W&B's order, an entity, which makes no difference, the project and `count`.
    count : int, optional
        How many runs; by default until the space is exhausted or the sweep is stopped.
    workers : int, default 1
        How many runs at once.
    engine : str
        "threads" (default) for a function, "processes" for a program.
    run_timeout_s : float, optional
        A run that trains for longer is stopped.
    block : bool, default True
        Wait for the end, or until failures have paused the sweep. Interrupting once ends after the current runs, twice
        ends them.
    entity, forward_signals : optional
        W&B's; they make no difference.

    Raises
    ------
    UsageError
        For an unknown or cancelled sweep, or arguments that cannot be used.
    """
    if len(place) == 1 and not isinstance(place[0], str):
        count = place[0] if count is None else count
    elif place:
        if len(place) > 3:
            raise UsageError("agent() takes sweep_id, function, entity, project and count by position; name the rest")
        in_entity, in_project, of_count = (*place, None, None)[:3]
        entity, project = entity or in_entity, project or in_project
        count = of_count if count is None else count
    absent.warn_ignored("agent", {"entity": entity, "forward_signals": forward_signals})
    found = find_sweep(existing_store(), sweep_id, project=project)
    process.set_current_sweep(found.id)
    process.end_held(found.id)
    if function is not None:
        engine = engine or "threads"
        working = Agent(found.id, function, count, workers=workers, engine=engine, run_timeout_s=run_timeout_s)
    elif engine in (None, "processes"):
        working = program_agent(found.id, count, workers=workers, run_timeout_s=run_timeout_s)
    else:
        raise UsageError(f"engine={engine!r} needs the training function too: nbsweep.agent(sweep_id, train)")
    notebook = _notebook()
    if notebook is not None:
        notebook.announce()
        notebook.train(working, wait=block, echo=block and workers == 1)
        return working
    again = working.again
    process.remember_training(found.id, lambda more: again(more).start())
    working.start()
    if block:
        wait_for([working])
    return working


def init(
    config: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    project: str | None = None,
    name: str | None = None,
    tags: Iterable[str] | None = None,
    notes: str | None = None,
    **ignored: Any,
) -> Run:
    """The run of this thread or, in a program, of this process: under an agent the one that it trains, else a fresh
    one outside any sweep.

    Under an agent ``nbsweep.run`` is None until this was called, as in W&B, where the training function takes nothing;
    one that takes `run`, or `config`, has its run from the start. After its end it is None for both.

    Parameters
    ----------
    config : mapping, or path of a YAML file, optional
        Hyperparameters. Under an agent they are defaults: what the sweep chose wins, also within nested parameters.
        What a ``config-defaults.yaml`` in the working directory has besides is set, too.
    project : str, optional
        Kept with a fresh run; one of a sweep has its sweep's.
    name, tags, notes : optional
        Kept with the run, as by setting `run.name`, `run.tags` and `run.notes`. By default what ``WANDB_NAME``,
        ``WANDB_TAGS`` (with commas between) and ``WANDB_NOTES`` say.
    **ignored
        W&B's other arguments; they make no difference, which one warning says.

    Returns
    -------
    Run
        Also a context manager that ends the run.
    """
    absent.warn_ignored("init", ignored)
    environment.warn_of_disabled()
    run, of_thread = current_run(), thread_run()
    parents = run if run is not None and run.forked else None
    if parents is not None:  # a child may have a run of its own
        bind_thread(None)
        run = of_thread = None
    there = run is not None and run.state == "running" and (run.sweep_id is not None or _notebook() is None)
    if run is None or not there or run.awaits_init:
        set_name, set_tags, set_notes = environment.described()
        name, tags, notes = name or set_name, set_tags if tags is None else tags, notes or set_notes
    if run is not None and there:
        run.awaits_init = False
        return _described(run, config, name, tags, notes)
    if run is not None and run.sweep_id is None:
        run.finish()  # in a notebook a cell that calls init() again means a new run
    recorder = process.recorder()
    if RUN_ID in os.environ:
        joined = join(recorder) if of_thread is None else None
        if joined is not None:
            return _described(joined, _or_assigned(config), name, tags, notes)
    elif of_thread is None:
        _warn_of_child(parents)
    fresh = begin_own(recorder, project, name, (tags,) if isinstance(tags, str) else tags or (), notes)
    if of_thread is None:
        set_process_run(fresh)
        notebook = _notebook()
        if notebook is not None:
            notebook.announce()
        else:
            exit_code.watch()
    else:  # training code that goes on after finish()
        bind_thread(fresh)
    return _described(fresh, _or_assigned(config), None, None, None)


def _described(
    run: Run,
    config: Mapping[str, Any] | str | os.PathLike[str] | None,
    name: str | None,
    tags: Iterable[str] | None,
    notes: str | None,
) -> Run:
    """A run that was there, with what `init` was told of it."""
    if config:
        run.config.take_defaults(config)
    besides = config_defaults()
    if besides:
        run.config.setdefaults(besides)
    if name is not None:
        run.name = name
    if tags is not None:
        run.tags = tags
    if notes is not None:
        run.notes = notes
    return run


def _warn_of_child(parents: Run | None) -> None:
    """A process that a function agent's training code has started or forked cannot log to that agent's run."""
    sweep_id = environment.foreign_sweep() if parents is None else parents.sweep_id
    if sweep_id is not None:
        warnings.warn(
            f"this process was started while sweep {sweep_id} trained a function in another one: what it logs is a run "
            "of its own, outside the sweep. To make it the sweep's, name the script in the sweep's config, as in "
            "`program: train.py`, and start the agent without a function",
            stacklevel=3,
        )


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = True, sync: Any = None) -> None:
    """Log to the run of the calling thread; see `Run.log`.

    Raises
    ------
    UsageError
        When there is no run: call `init` first.
    """
    run = current_run() or run_for("log()", ", or in a thread of your own use run.log()")
    run.log(data, step, commit)


def finish(exit_code: int | None = None, **ignored: Any) -> None:
    """End the current run, if there is one."""
    absent.warn_ignored("finish", ignored)
    run = current_run()
    if run is not None:
        run.finish(exit_code)


def define_metric(name: str, summary: str | None = None, goal: str | None = None, **ignored: Any) -> None:
    """Say what the current run's summary keeps of a key; see `Run.define_metric`."""
    absent.warn_ignored("define_metric", ignored)
    run_for(f"define_metric({name!r})").define_metric(name, summary, goal)


def login(*_args: Any, **_kwargs: Any) -> bool:
    """There is no account: True, without a network."""
    return True


def run_begun() -> Run | None:
    """``nbsweep.run``: the calling thread's run while it lasts; from `init` on, where its function takes nothing."""
    run = current_run()
    return None if run is None or run.awaits_init or run.state != "running" else run


def current_config() -> Config:
    """The current run's config; outside any run that of the next one: what `assign_config` left and is set here."""
    run = current_run()
    if run is not None:
        return run.config

    def keep() -> None:
        _assigned[:] = [config.as_dict()]

    config = Config(_assigned[0] if _assigned else None, on_change=keep)
    return config


def assign_config(config: Any) -> None:
    """``nbsweep.config = {...}``: the current run's config is updated; without a run, it is for the next `init`.

    In a notebook, where `init` in a cell that is run again means a new run, it is for that one too.

    Raises
    ------
    UsageError
        When it is neither a mapping nor an object with attributes.
    """
    given = Config()
    given.update(config)
    run = current_run()
    running = run is not None and run.state == "running"
    if run is not None and running:
        run.config.update(given)
    if not running or (thread_run() is None and _notebook() is not None):
        _assigned[:] = [given.as_dict()]


_assigned: list[dict[str, Any]] = []  # what `assign_config` left for the next run of `init`'s own


def _or_assigned(config: Any) -> Any:
    """The config that `init` was given, else the one that was assigned before it."""
    assigned = _assigned.pop() if _assigned else None
    return assigned if config is None else config


def current_summary() -> Summary:
    """The current run's summary; outside any run an empty one, which takes nothing."""
    run = current_run()
    return run.summary if run is not None else Summary({}, on_change=_refuse_summary)


def _refuse_summary() -> NoReturn:
    raise UsageError("nbsweep.summary: there is no run; call nbsweep.init() first, or keep the run that it returns")


def _notebook() -> Any:
    """The notebook room, in an IPython kernel; None elsewhere, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    import nbsweep.notebook

    return nbsweep.notebook
