"""Runs outside any sweep: `init` begins one where no agent has, and its program or notebook ends it."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from dataclasses import dataclass

from nbsweep import exit_code
from nbsweep.current import current_run, set_process_run, thread_run
from nbsweep.definitions import create_run, end_run
from nbsweep.recorder import Recorder
from nbsweep.runs import Run

__all__ = ["begin_own"]


def begin_own(recorder: Recorder, project: str | None, name: str | None, tags: Iterable[str], notes: str | None) -> Run:
    """A fresh run in the store, which the recorder writes and whose heartbeat it renews until it ends."""
    record = create_run(recorder.store, project=project, name=name, tags=tags, notes=notes)
    pulse = _Pulse(record.agent_id or "")
    fresh = Run(record, on_finish=functools.partial(_end, recorder, pulse))
    recorder.watch(fresh)
    recorder.watch_agent(pulse)
    return fresh


@dataclass(frozen=True)
class _Pulse:
    """The agent of a run outside any sweep: it has a heartbeat to renew, and nobody asks it to stop."""

    id: str

    def stop_requested(self) -> None:
        """Its program ends it, nobody else."""


def _end(recorder: Recorder, pulse: _Pulse, run: Run, state: str, error: str | None) -> None:
    end = functools.partial(
        end_run, run_id=run.id, state=state, error=error, finished_at=time.time(), agent_id=pulse.id
    )
    try:
        recorder.end(run, end)
    except BaseException:
        if recorder.watches(run):  # an interrupt came first: the run goes on
            raise
        run.close(state)
        _let_go(recorder, pulse, run)
        raise
    _let_go(recorder, pulse, run)


def _let_go(recorder: Recorder, pulse: _Pulse, run: Run) -> None:
    recorder.release_agent(pulse)
    if current_run() is run and thread_run() is not run:
        set_process_run(None)
        exit_code.forget()
