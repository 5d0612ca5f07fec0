"""``%sweep``, ``%%sweep`` and ``%%sweep_train``: they read the line and call the Python API, nothing else."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class

from nbsweep import process, sweep_config
from nbsweep.agents import Agent
from nbsweep.analysis import best_run, flat, metric_value, why_no_best
from nbsweep.config_problems import show
from nbsweep.definitions import define_sweep
from nbsweep.errors import UsageError
from nbsweep.exporting import write_table
from nbsweep.finding import existing_store, find_sweep
from nbsweep.notebook import live
from nbsweep.notebook.body import training_function
from nbsweep.notebook.card import SpaceCard
from nbsweep.notebook.define_body import body_config
from nbsweep.notebook.report import write_report
from nbsweep.notebook.twins import text_table
from nbsweep.notebook.usage import help_of, line_of
from nbsweep.programs import gpu_environments, program_agent
from nbsweep.rounding import plural
from nbsweep.store import Store
from nbsweep.sweeps import Sweep

__all__ = ["SweepMagics"]


@magics_class
class SweepMagics(Magics):  # type: ignore[misc]
    """The magics of nbsweep; ``%sweep --help`` lists them."""

    @line_cell_magic  # type: ignore[untyped-decorator]
    def sweep(self, line: str, cell: str | None = None) -> Any:
        """Define, train, watch and steer sweeps: ``%sweep define | train | status | best | …``."""
        words = _split(line)
        if words[:1] == ["help"] or _asks_for_help(words):
            print(help_of(f"{'%sweep' if cell is None else '%%sweep'} {words[0]}"))
            return None
        if cell is not None:
            if words[:1] != ["define"]:
                raise UsageError(f"%%sweep {line}: a cell can be `%%sweep define [NAME]`; to train, use %%sweep_train")
            return self._define_cell(words[1:], cell)
        command, rest = (words[0], words[1:]) if words else ("status", [])
        commands: dict[str, Callable[[list[str]], Any]] = {
            "define": self._define_line,
            "train": self._train_line,
            "agent": self._agent,
            "status": self._status,
            "list": self._list,
            "use": self._use,
            "dashboard": self._dashboard,
            "wait": self._wait,
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "cancel": self._cancel,
            "kill": self._kill,
            "rerun": self._rerun,
            "more": self._more,
            "best": self._best,
            "runs": self._runs,
            "importance": self._importance,
            "parallel": self._parallel,
            "export": self._export,
            "report": self._report,
        }
        if command not in commands:
            import difflib

            near = difflib.get_close_matches(command, commands, 1)
            hint = f"did you mean `%sweep {near[0]}`?" if near else "use one of " + ", ".join(commands)
            raise UsageError(f"%sweep {command}: there is no such command; {hint}")
        return commands[command](rest)

    @cell_magic  # type: ignore[untyped-decorator]
    def sweep_train(self, line: str, cell: str) -> None:
        """Train runs of the current sweep; the body is the run and sees `config`, `run` and `log`."""
        words = _split(line)
        if _asks_for_help(words):
            print(help_of("%%sweep_train"))
            return
        parser = _Parser("%%sweep_train")
        _add_train_options(parser)
        options = parser.parse_args(words)
        self._train(options, training_function(self.shell, cell))

    # -- define --------------------------------------------------------------------------------------------------

    def _define_cell(self, words: list[str], body: str) -> SpaceCard:
        parser = _Parser("%%sweep define")
        parser.add_argument("name", nargs="?")
        _add_define_options(parser)
        options = parser.parse_args(words)
        return self._define(body_config(body, self.shell.user_ns), options, options.name)

    def _define_line(self, words: list[str]) -> SpaceCard:
        parser = _Parser("%sweep define")
        parser.add_argument("config")
        parser.add_argument("--name")
        _add_define_options(parser)
        options = parser.parse_args(words)
        source: str = options.config
        if source.isidentifier() or source in self.shell.user_ns:
            if source not in self.shell.user_ns:
                raise UsageError(
                    f"%sweep define {source}: there is no variable {source!r}, and it is not a YAML file's name"
                )
            return self._define(self.shell.user_ns[source], options, options.name)
        return self._define(source, options, options.name)

    def _define(self, config: Any, options: argparse.Namespace, name: str | None) -> SpaceCard:
        checked = sweep_config.load(config)
        store = process.recorder().store
        prior = None if options.prior is None else self._prior(store, options.prior)
        defined = define_sweep(store, checked, project=options.project, name=name, seed=options.seed, prior_runs=prior)
        process.set_current_sweep(defined.sweep.id)
        return SpaceCard(defined.sweep, checked, defined)

    def _prior(self, store: Store, name: str) -> Any:
        """A variable of the notebook, where it is one that has earlier runs; else the name of a sweep or run."""
        value = self.shell.user_ns.get(name)
        if isinstance(value, (list, tuple, str)) or hasattr(value, "checked_config") or hasattr(value, "columns"):
            return value
        if name in self.shell.user_ns:
            with store.read() as db:
                called = db.sweep(name) or db.sweeps(name=name) or db.runs_called(name)
            if not called:
                raise UsageError(
                    f"--prior {name}: the variable {name} is {show(value)}; it can be a list of (config, value) pairs, "
                    "a DataFrame or a nbsweep.Sweep, and NAME the name of a sweep or run"
                )
        return name

    # -- train ---------------------------------------------------------------------------------------------------

    def _train_line(self, words: list[str]) -> None:
        parser = _Parser("%sweep train")
        parser.add_argument("function")
        _add_train_options(parser)
        options = parser.parse_args(words)
        function = self.shell.user_ns.get(options.function)
        if not callable(function):
            raise UsageError(f"%sweep train {options.function}: the notebook has no function {options.function!r}")
        self._train(options, function)

    def _agent(self, words: list[str]) -> None:
        parser = _Parser("%sweep agent")
        parser.add_argument("--program")
        parser.add_argument("--gpus")
        parser.add_argument("--count", type=int)
        parser.add_argument("--workers", type=int)
        parser.add_argument("--run-timeout", type=float)
        parser.add_argument("--sweep")
        parser.add_argument("--wait", action="store_true")
        options = parser.parse_args(words)
        found = find_sweep(existing_store(), options.sweep)
        live.refuse_second(found.id)
        process.set_current_sweep(found.id)
        environments = gpu_environments(options.gpus)
        agent = program_agent(
            found.id,
            options.count,
            program=options.program,
            workers=options.workers if options.workers is not None else max(len(environments), 1),
            environments=environments,
            run_timeout_s=options.run_timeout,
        )
        live.train(agent, wait=options.wait)

    def _train(self, options: argparse.Namespace, function: Callable[..., Any]) -> None:
        found = find_sweep(existing_store(), options.sweep)
        live.refuse_second(found.id)
        process.set_current_sweep(found.id)
        agent = Agent(
            found.id,
            function,
            options.count,
            workers=options.workers,
            engine=options.engine,
            run_timeout_s=options.run_timeout,
        )
        live.train(agent, wait=options.wait)

    # -- watch and steer -----------------------------------------------------------------------------------------

    def _status(self, words: list[str]) -> None:
        print(text_table(_named("status", words)))

    def _list(self, words: list[str]) -> None:
        _Parser("%sweep list").parse_args(words)
        missing = process.missing_store()
        if missing is not None:
            print(f"No sweeps yet, nor the store {missing}: define one with %%sweep define.")
            return
        with existing_store().read() as db:
            rows = [(sweep, db.run_count(sweep.id)) for sweep in db.sweeps()]
        current = process.current_sweep_id()
        for sweep, count in rows:
            mark = "*" if sweep.id == current else " "
            standing = sweep.standing_with(count)
            print(f"{mark} {sweep.id}  {sweep.name}  {sweep.config['method']}  {standing}  {plural(count, 'run')}")
        if not rows:
            print(f"No sweeps yet in {process.shown_storage()}: define one with %%sweep define.")

    def _use(self, words: list[str]) -> None:
        parser = _Parser("%sweep use")
        parser.add_argument("name")
        options = parser.parse_args(words)
        sweep = find_sweep(existing_store(), options.name)
        process.set_current_sweep(sweep.id)
        print(f"The current sweep is {sweep.name} (id {sweep.id}).")

    def _dashboard(self, words: list[str]) -> None:
        live.show(_named("dashboard", words).id)

    def _wait(self, words: list[str]) -> None:
        sweep = _named("wait", words)
        if not live.wait(sweep.id):
            print(f"No agent of this kernel is at work on sweep {sweep.name}; it is {sweep.state}.")

    def _pause(self, words: list[str]) -> None:
        sweep = _named("pause", words)
        before = sweep.state
        sweep.pause()
        if before == "running":
            print(f"Sweep {sweep.name} is paused: running runs go on, new ones wait for `%sweep resume`.")
        else:
            print(f"Sweep {sweep.name} was {before}; there was nothing to pause.")

    def _resume(self, words: list[str]) -> None:
        sweep = _named("resume", words)
        said = sweep.resume()
        print(f"Sweep {sweep.name} is {sweep.state}. {said}")

    def _stop(self, words: list[str]) -> None:
        parser = _Parser("%sweep stop")
        parser.add_argument("name", nargs="?")
        parser.add_argument("--after-current", action="store_true")
        options = parser.parse_args(words)
        sweep = Sweep(options.name)
        before, running = sweep.state, sweep.stop(after_current=options.after_current)
        how = f"{plural(running, 'running run')} {'will finish' if options.after_current else 'asked to end'}"
        if before == "cancelled":
            print(_cancelled_already(sweep, running, how))
        else:
            print(f"Sweep {sweep.name} stops: {how}. %%sweep_train goes on with it.")

    def _cancel(self, words: list[str]) -> None:
        sweep = _named("cancel", words)
        before, running = sweep.state, sweep.cancel()
        how = f"{plural(running, 'running run')} asked to end"
        if before == "cancelled":
            print(_cancelled_already(sweep, running, how))
        else:
            print(f"Sweep {sweep.name} is cancelled for good; {how}.")

    def _kill(self, words: list[str]) -> None:
        parser = _Parser("%sweep kill")
        parser.add_argument("run")
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        sweep = Sweep(options.sweep)
        run = sweep.run(options.run)
        sweep.kill_run(run.id)
        print(f"Run {run.name} ends." if run.live else f"Run {run.name} is not running; it is {run.state}.")

    def _rerun(self, words: list[str]) -> None:
        parser = _Parser("%sweep rerun")
        parser.add_argument("run")
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        print(Sweep(options.sweep).rerun(options.run))

    def _more(self, words: list[str]) -> None:
        parser = _Parser("%sweep more")
        parser.add_argument("count", type=int, nargs="?", default=1)
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        print(Sweep(options.sweep).add_runs(options.count))

    def _best(self, words: list[str]) -> None:
        sweep = _named("best", words)
        config = sweep.checked_config
        best = best_run(sweep.runs, config.metric)
        if best is None or config.metric is None:
            print(f"Sweep {sweep.name} {why_no_best(config.metric)}.")
            return
        print(f"{best.name}: {config.metric.name} = {metric_value(best, config.metric):.6g}")
        for name, value in flat(best.config, config.parameter_names).items():
            print(f"  {name}: {value!r}")

    def _runs(self, words: list[str]) -> Any:
        return _named("runs", words).to_pandas()

    def _importance(self, words: list[str]) -> Any:
        parser = _Parser("%sweep importance")
        parser.add_argument("metric", nargs="?")
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        return Sweep(options.sweep).plot_importance(options.metric)

    def _parallel(self, words: list[str]) -> Any:
        return _named("parallel", words).plot_parallel_coordinates()

    def _export(self, words: list[str]) -> None:
        parser = _Parser("%sweep export")
        parser.add_argument("file")
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        frame, path = Sweep(options.sweep).to_pandas(), Path(options.file)
        write_table(frame, path)
        print(f"{plural(len(frame), 'run')} written to {path}")

    def _report(self, words: list[str]) -> None:
        parser = _Parser("%sweep report")
        parser.add_argument("file")
        parser.add_argument("--sweep")
        options = parser.parse_args(words)
        size = write_report(Sweep(options.sweep), options.file)
        print(f"{options.file}: {size / 2**20:.1f} MiB, for any browser")


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError and never ends the kernel."""

    def __init__(self, command: str) -> None:
        self._shown_usage = line_of(command)
        super().__init__(prog=command, usage=self._shown_usage, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; usage: {self._shown_usage}")


def _add_define_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--prior")


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--engine", default="threads")
    parser.add_argument("--run-timeout", type=float)
    parser.add_argument("--sweep")
    parser.add_argument("--wait", action="store_true")


def _asks_for_help(words: list[str]) -> bool:
    return any(word in ("--help", "-h") for word in words)


def _cancelled_already(sweep: Sweep, running: int, how: str) -> str:
    return f"Sweep {sweep.name} is cancelled already" + (f"; {how}." if running else ".")


def _named(command: str, words: list[str]) -> Sweep:
    """The sweep that a command with an optional name means."""
    parser = _Parser(f"%sweep {command}")
    parser.add_argument("name", nargs="?")
    return Sweep(parser.parse_args(words).name)


def _split(line: str, *, escapes: bool = os.name != "nt") -> list[str]:
    """The words of a line as a shell has them; without `escapes` a backslash is a letter, as in paths of Windows."""
    words = shlex.shlex(line, posix=True)
    words.whitespace_split, words.commenters = True, ""
    if not escapes:
        words.escape = ""
    try:
        return list(words)
    except ValueError as error:
        raise UsageError(f"{line!r} cannot be split into words: {error}") from None
