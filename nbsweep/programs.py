"""A sweep's program as a training function: called with a run, it starts the process that trains it and sees it end.

The process finds its run through its environment (`nbsweep.joining`), writes its history itself and hears itself of a
wish to stop. What it prints, its exit code and the signal that ended it are seen here, and become the run's console
and state. A program that never calls `nbsweep.init` has both of these all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbsweep import console, environment, process
from nbsweep.agents import Agent
from nbsweep.command import Surroundings, build_command, macros_of
from nbsweep.controller import Controller
from nbsweep.engines.base import Ended
from nbsweep.engines.printed import Printed
from nbsweep.engines.processes import ProcessEngine
from nbsweep.errors import NbsweepError, StoreError, UsageError
from nbsweep.joining import RUN_DIR, RUN_ID, SWEEP_ID, ended_itself, uncaught_in
from nbsweep.runs import Run
from nbsweep.store import RunRecord, Store
from nbsweep.store.media import media_root
from nbsweep.store.records import after_frames
from nbsweep.sweep_config import SweepConfig
from nbsweep.training_code import TrainingCode, code_of_file

__all__ = ["Program", "ProgramAgent", "check_program", "gpu_environments", "program_agent"]

_TRACEBACK = re.compile(r"^(  \+ Exception Group )?Traceback \(most recent call last\):$", re.MULTILINE)
_BY_A_PERSON = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))  # Windows has no such signal


def program_agent(
    sweep_id: str,
    count: int | None = None,
    *,
    program: str | None = None,
    workers: int = 1,
    environments: Sequence[Mapping[str, str]] = (),
    run_timeout_s: float | None = None,
) -> ProgramAgent:
    """An agent, not yet started, that trains a sweep's program: a process a run.

    Parameters
    ----------
    sweep_id : str
    count : int, optional
        How many runs to start; None: until the space is exhausted or the sweep is stopped.
    program : str, optional
        In the place of the config's.
    workers : int, default 1
        How many runs at once.
    environments : sequence of mapping, optional
        Environment variables a worker; by turns where there are fewer than workers.
    run_timeout_s : float, optional
        A run that trains for longer is stopped.

    Raises
    ------
    UsageError
        When the sweep is not there or was cancelled, names no program or lacks something that its command needs.
    """

    def build(count: int | None) -> ProgramAgent:
        engine = ProcessEngine(workers, environments=environments)
        training = Program(process.recorder().store, sweep_id, engine, program=program)
        limits: dict[str, Any] = {"workers": workers, "run_timeout_s": run_timeout_s}
        agent = ProgramAgent(sweep_id, training, count, engine=engine, **limits)
        agent.build = build
        return agent

    return build(count)


def gpu_environments(gpus: str | None) -> list[dict[str, str]]:
    """The environment of each worker's runs.

    >>> gpu_environments("0,2"), gpu_environments(None)
    ([{'CUDA_VISIBLE_DEVICES': '0'}, {'CUDA_VISIBLE_DEVICES': '2'}], [])
    """
    if gpus is None:
        return []
    names = [name.strip() for name in gpus.split(",")]
    if not all(names):
        raise UsageError(f"--gpus {gpus}: name them by number or UUID, with commas between, as in --gpus 0,1")
    return [{"CUDA_VISIBLE_DEVICES": name} for name in names]


def check_program(program: str | None, command: Sequence[str] | None, whose: str) -> None:
    """See that a program can be started from here.

    Parameters
    ----------
    program, command
        As in a sweep config.
    whose : str
        The sweep or the config that they are of, for the message.

    Raises
    ------
    UsageError
        When there is neither, the program is not there, or the command needs what is not set.
    """
    if program is None and command is None:
        raise UsageError(
            f"{whose} names no program: give the training function, nbsweep.agent(sweep_id, train), "
            "or add `program: train.py` to its config"
        )
    if program is not None and program.endswith(".py") and not Path(program).exists():
        raise UsageError(f"the program {program} is not in {Path.cwd()}; start the agent where it lies")
    for word in command or ():
        for macro in macros_of(word):
            if macro == "program" or macro.startswith("envvar:"):
                build_command([f"${{{macro}}}"], {}, _surroundings(program, ""))


class ProgramAgent(Agent):
    """An agent whose runs are processes. Made by `program_agent`."""

    build: Callable[[int | None], ProgramAgent]

    @property
    def again(self) -> Callable[[int | None], Agent]:
        return self.build

    @property
    def engine(self) -> ProcessEngine:
        assert isinstance(self._engine, ProcessEngine)
        return self._engine

    def kill_here(self) -> None:
        """Kill the processes of this agent's runs at once."""
        self.end_here(after_current=False)
        self.engine.kill_all()


class Program:
    """Trains runs of one sweep, each in a process.

    Parameters
    ----------
    store : Store
    sweep_id : str
    engine : ProcessEngine
        The one that the agent uses.
    program : str, optional
        In the place of the config's.

    Raises
    ------
    UsageError
        When the sweep has no program, it is not there, or the command needs what is not set.
    """

    def __init__(self, store: Store, sweep_id: str, engine: ProcessEngine, *, program: str | None = None) -> None:
        self._store = store
        self._controller = Controller(store, sweep_id)
        self._config = self._controller.config
        self._engine = engine
        self._given_program = program
        self._heard = True
        self._folders: dict[str, str] = {}  # of the runs whose processes are at work, by run id
        self._told: set[str] = set()  # the runs that were told to stop before their processes had ended them
        self._directory = str(Path.cwd())
        check_program(self._program_in(self._config), self._config.command, f"sweep {sweep_id}")

    def __call__(self, config: Mapping[str, Any], run: Run) -> None:
        """Train one run.

        Raises
        ------
        Ended
            Unless the process ended well.
        """
        printed = Printed(lambda stream, text: self._keep(run, stream, text))
        of_sweep = self._config_for(run)
        values = _as_written(config, of_sweep.parameters)
        with tempfile.TemporaryDirectory(prefix="nbsweep-") as folder:
            words = build_command(of_sweep.command, values, _surroundings(self._program_in(of_sweep), folder))
            Path(folder, "config.json").write_text(json.dumps(values), encoding="utf-8")
            self._folders[run.id] = folder

            def turn() -> None:
                stopped = run.stop_state is not None and run.id not in self._told
                if stopped and not ended_itself(folder, run.id):
                    self._told.add(run.id)
                    with contextlib.suppress(NbsweepError):  # without the store, signals tell it
                        self._controller.kill_run(run.id)  # the process reads of it there

            try:
                code = self._engine.run_child(
                    run.id,
                    words,
                    environment={**os.environ, **self._environment(run, folder)},
                    directory=self._directory,
                    printed=printed,
                    turn=turn,
                )
                uncaught = uncaught_in(folder, run.id)
            except OSError as error:
                raise Ended("failed", f"{words[0]} could not be started: {error.strerror or error}") from None
            finally:
                del self._folders[run.id]
        record = None
        with contextlib.suppress(StoreError), self._store.read() as db:  # away for a while: its exit code says enough
            record = db.run(run.id)
        state, error_text = _how_it_ended(code, printed.end_of_errors(), uncaught, run, record)
        if state != "finished":
            raise Ended(state, error_text)

    def logs_elsewhere(self, run: Run) -> bool:
        """Whether the run's process is at work and has not ended the run itself. It alone knows what the run logs.

        How it answers a stop that it was told of is no end of its own, also when the process has gone.
        """
        folder = self._folders.get(run.id)
        return run.id in self._told or (folder is not None and not ended_itself(folder, run.id))

    # -- private -------------------------------------------------------------------------------------------------

    def _config_for(self, run: Run) -> SweepConfig:
        """The sweep's config as it was when the run was claimed: a person may have defined it anew since then."""
        with contextlib.suppress(StoreError), self._store.read() as db:  # away for a while: as it was last known
            record = db.run(run.id)
            if record is not None:
                self._config = self._controller.config_of(db, record)
        return self._config

    def _program_in(self, config: SweepConfig) -> str | None:
        return self._given_program or config.program

    def _environment(self, run: Run, folder: str) -> dict[str, str]:
        found = {
            RUN_ID: run.id,
            SWEEP_ID: run.sweep_id or "",
            environment.RUN_ID: run.id,
            environment.SWEEP_ID: run.sweep_id or "",
            RUN_DIR: folder,
            "NBSWEEP_STORAGE": self._store.url,
        }
        if "PYTHONUNBUFFERED" not in os.environ:
            found["PYTHONUNBUFFERED"] = "1"  # a pipe would hold back what a person watches
        if os.environ.get("NBSWEEP_MEDIA"):  # a program may train in a directory of its own, as Hydra's do
            found["NBSWEEP_MEDIA"] = str(media_root(self._store.url))
        return found

    def _keep(self, run: Run, stream: str, text: str) -> None:
        if self._heard:
            try:
                console.keep(run, stream, text)
            except (OSError, ValueError):  # nobody reads on: `nbsweep agent … | head`
                self._heard = False
        else:
            run.print(stream, text)

    def training_code(self) -> TrainingCode | None:
        """The program as it is now, where it is a file; see `nbsweep.training_code`."""
        program = self._program_in(self._config)
        if program is None or not Path(self._directory, program).is_file():
            return None
        return code_of_file(Path(self._directory, program))


def _surroundings(program: str | None, folder: str) -> Surroundings:
    return Surroundings(
        interpreter=sys.executable,
        program=program,
        json_file=str(Path(folder, "config.json")),
        environment=os.environ,
    )


def _as_written(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the order in which the sweep config names them."""
    names = [*(name for name in parameters if name in config), *(name for name in config if name not in parameters)]
    return {
        name: _as_written(config[name], parameters[name]["parameters"])
        if "parameters" in parameters.get(name, ()) and isinstance(config[name], Mapping)
        else config[name]
        for name in names
    }


def _how_it_ended(
    code: int, errors: str, uncaught: str | None, run: Run, record: RunRecord | None
) -> tuple[str, str | None]:
    """The run's state and the error to keep, of a process that has ended."""
    if run.stop_state is not None:
        return run.stop_state, None
    if record is not None and record.stop_requested:  # the process read of it before this one did
        return "killed", None
    said = record.error if record is not None else None
    if code == 0:
        return ("failed", f"{said.rstrip()}\n") if said else ("finished", None)
    told = uncaught or said
    if code > 0:
        return "failed", f"{told.rstrip()}\n" if told else _explained(errors, f"exit code {code}")
    name = _signal_name(-code)
    if -code in _BY_A_PERSON:
        return "killed", None
    perhaps = "; out of memory?" if -code == signal.SIGKILL else ""
    ending = f"ended by {name}{perhaps}"
    return "crashed", f"{told.rstrip()}\n{ending}\n" if told else _explained(errors, ending, by_signal=True)


def _explained(errors: str, ending: str, *, by_signal: bool = False) -> str:
    """Why it ended, by what it printed to stderr alone: the line that tells the most is `RunRecord.error_line`.

    A traceback is the reason where nothing follows it. Else the program may have caught the exception and gone on, and
    the last line is the reason; after a signal that is the ending.
    """
    found = list(_TRACEBACK.finditer(errors))
    if not found:
        last_lines = "\n".join(errors.rstrip().splitlines()[-20:])
        return f"{last_lines}\n{ending}\n" if last_lines else f"{ending}\n"
    printed = errors[found[-1].start() :].rstrip()
    if not by_signal and len(list(after_frames(printed.splitlines()[1:]))) <= 1:
        return f"{printed}\n"
    return f"The end of what it printed to stderr:\n{printed}\n" + (f"{ending}\n" if by_signal else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
