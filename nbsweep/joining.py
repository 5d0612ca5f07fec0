"""The other end of `nbsweep.programs`: `init()` in a process that an agent started finds its run.

One process writes a run's history: the first that joins. Others of the same run (the ranks of a distributed training)
see its config and hear of a stop, but what they log is not kept. A process that follows one that has ended (a step
after another, a restarted rank) goes on where that one stopped.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import psutil

from nbsweep import sweep_config
from nbsweep.controller import note_error
from nbsweep.current import set_process_run
from nbsweep.errors import RunStopped
from nbsweep.recorder import Recorder
from nbsweep.recovery import existing_sweep
from nbsweep.runs import Run
from nbsweep.store import RunTail

__all__ = ["RUN_DIR", "RUN_ID", "SWEEP_ID", "ended_itself", "join", "uncaught_in"]

RUN_ID = "NBSWEEP_RUN_ID"
RUN_DIR = "NBSWEEP_RUN_DIR"
SWEEP_ID = "NBSWEEP_SWEEP_ID"

_ENDED = "ended"  # the claim's last word, when its writer has called finish()
_joined: set[tuple[int, str]] = set()  # (process, run): a process joins a run once


def join(recorder: Recorder) -> Run | None:
    """The run that this process was started for, being recorded; None if it was started for none, or has had its run.

    Parameters
    ----------
    recorder : Recorder
        Of the store that the agent named in NBSWEEP_STORAGE.
    """
    run_id = os.environ.get(RUN_ID)
    if not run_id or (os.getpid(), run_id) in _joined:
        return None
    with recorder.store.read() as db:
        record = db.run(run_id)
        sweep = existing_sweep(db, record.sweep_id) if record is not None and record.sweep_id is not None else None
    if record is None or not record.live:
        warnings.warn(
            f"{RUN_ID} names the run {run_id}, which {'has ended' if record else 'is not in the store'}; this is a "
            "run of its own",
            stacklevel=3,
        )
        return None
    _joined.add((os.getpid(), run_id))
    config = sweep_config.load(sweep.config) if sweep is not None else None
    if sweep is not None:
        record = replace(record, project=sweep.project)
    metric, parameters = (None, None) if config is None else (config.metric, config.parameters)
    writer = _claim(run_id)
    if writer is None:
        ended = functools.partial(_note_end, recorder)
        run = Run(record, metric=metric, parameters=parameters, on_finish=ended)
        _go_on(recorder, run)
    else:
        warnings.warn(
            f"process {writer} records run {record.name}; what process {os.getpid()} logs is not kept", stacklevel=3
        )
        run = _Follower(record, metric=metric, parameters=parameters)
        recorder.watch(run)
    set_process_run(run)
    _hear_how_it_ends(run)
    return run


class _Follower(Run):
    """A run that another process writes."""

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = True, sync: Any = None
    ) -> None:
        if self.stop_state is not None:
            raise RunStopped(f"run {self.name} was stopped")

    def take_update(self) -> dict[str, Any]:
        return {}


def ended_itself(folder: str, run_id: str) -> bool:
    """Whether the process that records a run has called `finish`, whatever it goes on to do. For its agent.

    Parameters
    ----------
    folder : str
        The run's NBSWEEP_RUN_DIR.
    run_id : str
    """
    try:
        return _claim_file(folder, run_id).read_text(encoding="utf-8").endswith(_ENDED)
    except OSError:
        return False


def uncaught_in(folder: str, run_id: str) -> str | None:
    """The traceback of the exception that ended a process of the run, to the letter; None where none is known.

    Parameters
    ----------
    folder, run_id
        As `ended_itself` takes them.
    """
    try:
        return _uncaught_file(folder, run_id).read_text(encoding="utf-8") or None
    except OSError:
        return None


def _uncaught_file(folder: str, run_id: str) -> Path:
    return Path(folder, f"uncaught-{run_id}")


def _claim_file(folder: str, run_id: str) -> Path:
    return Path(folder, f"writer-{run_id}")


def _claim(run_id: str) -> int | None:
    """Become the run's writer; the number of the process that is it already, or None."""
    folder = os.environ.get(RUN_DIR)
    if not folder or not Path(folder).is_dir():
        return None
    try:
        with _claim_file(folder, run_id).open("a+", encoding="utf-8") as claim:
            _lock(claim)  # until it is closed: nobody else reads or writes between these lines
            claim.seek(0)
            words = claim.read().split()
            if len(words) >= 2 and _alive(int(words[0]), float(words[1])):
                return int(words[0])
            claim.truncate(0)
            claim.write(f"{os.getpid()} {psutil.Process().create_time()}")
    except OSError:  # no room for it: mostly the process is alone, and what it logs must not be lost
        return None
    return None


def _lock(file: IO[str]) -> None:
    """Wait until no other process has this file; it is free again when it is closed or its process has ended."""
    if sys.platform != "win32":  # where agents start no programs
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _alive(pid: int, started_at: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started_at) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _go_on(recorder: Recorder, run: Run) -> None:
    """Record from where an earlier process of the run stopped; mostly that is the beginning."""
    with recorder.store.read() as db:
        tail, next_step = RunTail.after(run.id, db.chunks([run.id]))
    run.go_on_from(next_step)
    recorder.watch(run, tail)


def _note_end(recorder: Recorder, run: Run, state: str, error: str | None) -> None:
    """The training code ended its run. Its state is set by the agent, when the process has ended."""
    folder = os.environ.get(RUN_DIR)
    if folder:  # first of all: whoever reads its last values in the store can know that it has ended
        with contextlib.suppress(OSError), _claim_file(folder, run.id).open("a", encoding="utf-8") as claim:
            claim.write(f" {_ENDED}")
    why = (error or "The program called finish() with an exit code other than 0") if state == "failed" else None
    recorder.end(run, functools.partial(note_error, run_id=run.id, error=why))


def _note_uncaught(run: Run, error: BaseException) -> None:
    """Tell the agent by a file which exception ends this process: what is printed may hold other tracebacks too."""
    folder = os.environ.get(RUN_DIR)
    if folder and not run.forked:
        with contextlib.suppress(Exception):  # an error whose text cannot be had; no room for it
            text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
            _uncaught_file(folder, run.id).write_bytes(text)


def _hear_how_it_ends(run: Run) -> None:
    """A stopped run ends its process as silently as SystemExit would; another exception is told to the agent."""
    before, before_in_thread = sys.excepthook, threading.excepthook

    def expected(kind: type[BaseException] | None) -> bool:
        stopped = (RunStopped, KeyboardInterrupt) if run.stop_state is not None else (RunStopped,)
        return kind is not None and issubclass(kind, stopped)

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if not expected(kind):
            _note_uncaught(run, error)
            before(kind, error, trace)

    def thread_hook(args: Any) -> None:
        if not expected(args.exc_type):
            before_in_thread(args)

    sys.excepthook, threading.excepthook = hook, thread_hook
