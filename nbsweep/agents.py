"""An agent asks the controller for runs, hands them to an engine and sees to their ends.

Its thread (``nbsweep-agent-ID``) owns the loop; each run trains on a thread of the engine. Failures end their run
alone. A stop climbs a ladder: the next `log` raises; if none comes, an asynchronous exception; at last the run is
given up, so that whoever pressed Stop sees it act within a second.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbsweep import process
from nbsweep.controller import Controller, End, Wait
from nbsweep.engines import Ended, Engine, Work, make_engine
from nbsweep.errors import NbsweepError, RunStopped, StoreError, UsageError
from nbsweep.judging import Judge, words
from nbsweep.mirror import MetricMirror
from nbsweep.recorder import Recorder
from nbsweep.runs import Run, bind_thread
from nbsweep.store.records import RunRecord

__all__ = ["Agent", "call_with_config"]

PAUSED_POLL_S = 0.2
ELSEWHERE_POLL_S = 0.2  # what runs in other processes log is read in the store
LAST_RUNS_POLL_S = 2.0  # while the last runs train more may be asked for, or another process's run may crash
STORE_TRIES = 10


@dataclass
class _Live:
    run: Run
    stop_asked_at: float | None = None
    interrupted: bool = False
    outcome: tuple[str, str | None] | None = None
    judged: int = 0  # values of the metric when it was last judged
    stopped_because: str | None = None


class Agent:
    """Trains runs of one sweep in this process until `count` are done or the sweep ends.

    Parameters
    ----------
    sweep_id : str
    function : callable
        The training function: takes nothing, ``(config)`` or ``(config, run)``.
    count : int, optional
        How many runs to start; None: until the space is exhausted or the sweep is stopped.
    workers : int, default 1
        How many runs at once.
    engine : str or Engine, default "threads"

    Raises
    ------
    UsageError
        For a sweep that is not there or was cancelled, or arguments that cannot be used.
    """

    def __init__(
        self,
        sweep_id: str,
        function: Callable[..., Any],
        count: int | None = None,
        *,
        workers: int = 1,
        engine: str | Engine = "threads",
        recorder: Recorder | None = None,
    ) -> None:
        _check(function, count)
        self._function = function
        self._engine = make_engine(engine, workers)
        self._recorder = recorder or process.recorder()
        self.store = self._recorder.store
        self.controller = Controller(self.store, sweep_id)
        self.sweep_id = sweep_id
        self.workers = workers
        self.count = count
        self.end_reason: str | None = None
        self.broke = False  # it ended because it could not go on
        self.on_failure: Callable[[str, str], None] = _to_stderr
        self.on_end: Callable[[], None] = lambda: None
        self._live: dict[str, _Live] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._done = threading.Event()
        self._ending = False
        self._abandoned = False
        config = self.controller.config
        self._judge = Judge(self.store, sweep_id, config) if config.metric and config.early_terminate else None
        elsewhere = getattr(function, "trains_elsewhere", False)
        self._mirror = MetricMirror(self.store, sweep_id, config.metric) if elsewhere and config.metric else None
        self._forget_listener: Callable[[], None] = lambda: None
        self.id = self.controller.join(count)
        self._thread = threading.Thread(target=self._loop, name=f"nbsweep-agent-{self.id}", daemon=True)

    def start(self) -> Agent:
        """Begin to train; returns at once."""
        process.remember_agent(self)
        self._recorder.watch_agent(self)
        metric = self.controller.config.metric
        if self._judge is not None or (metric is not None and metric.target is not None):
            self._forget_listener = self._recorder.add_listener(self._wake.set)
        self._thread.start()
        return self

    @property
    def done(self) -> bool:
        """Whether the agent has ended and all its runs with it."""
        return self._done.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the agent has ended; False if `timeout_s` passed first."""
        return self._done.wait(timeout_s)

    def stop(self, *, after_current: bool = False) -> None:
        """End this sweep's agents; running runs too unless `after_current`."""
        self.controller.stop(after_current=after_current)
        self._recorder.poll_now()

    def end_here(self, *, after_current: bool) -> None:
        """End this agent and, unless `after_current`, its runs. Other agents of the sweep go on."""
        self._ending = True
        for live in [] if after_current else list(self._live.values()):
            live.run.request_stop("killed")
        self._wake.set()

    def look_again(self) -> None:
        """More may be asked for now than when the agent last looked."""
        self._wake.set()

    def again(self, count: int) -> Agent:
        """A new agent, not yet started, that trains `count` runs as this one did."""
        same: dict[str, Any] = {"workers": self.workers, "engine": self._engine, "recorder": self._recorder}
        return Agent(self.sweep_id, self._function, count, **same)

    def stop_requested(self) -> None:
        """The recorder has read that this agent is to start no more runs."""
        self._ending = True
        self._wake.set()

    def abandon(self) -> None:
        """The process is about to end: start nothing more, and let running code end at its next `log`."""
        self._ending = self._abandoned = True
        for live in list(self._live.values()):
            live.run.request_stop("killed")
        self._wake.set()

    def __repr__(self) -> str:
        state = f"ended: {self.end_reason}" if self.done else "at work"
        return f"<nbsweep agent {self.id} of sweep {self.sweep_id}, {state}>"

    # -- the agent's thread --------------------------------------------------------------------------------------

    def _loop(self) -> None:
        try:
            while not self._ending:
                if len(self._live) >= self._engine.slots:
                    self._rest(None)
                    continue
                answer = self._ask()
                if isinstance(answer, End):
                    self.end_reason = answer.reason
                    if not self._live:
                        break
                    self._rest(LAST_RUNS_POLL_S)
                    continue
                if isinstance(answer, Wait):
                    self._rest(PAUSED_POLL_S)
                    continue
                self._begin(answer)
            while self._live and not self._abandoned:
                self._rest(None)
        except NbsweepError as error:
            self.end_reason, self.broke = str(error), True
            self.on_failure("nbsweep", f"The agent ended: {error}\n")
        finally:
            self._leave()

    def _ask(self) -> RunRecord | Wait | End:
        attempt = 0
        while True:
            try:
                return self.controller.next_run(self.id)
            except StoreError:
                attempt += 1
                if self._ending:
                    return End("stopped")
                if attempt >= STORE_TRIES and not self._live:  # runs that train are not ended by a store that is away
                    raise
                self._rest(1.0)

    def _begin(self, record: RunRecord) -> None:
        run = Run(record, metric=self.controller.config.metric, on_finish=self._note_end)
        with self._lock:
            self._live[run.id] = _Live(run)
        run.on_stop(functools.partial(self._stop_asked, run.id))
        self._recorder.watch(run)
        self._recorder.notify()
        self._engine.submit(
            Work(run.id, run.name, functools.partial(self._train, run), functools.partial(self._ended, run))
        )

    def _rest(self, timeout_s: float | None) -> None:
        """Sleep until something happens; meanwhile see to runs that were asked to stop."""
        if self._mirror is not None and self._live:
            timeout_s = min(timeout_s or ELSEWHERE_POLL_S, ELSEWHERE_POLL_S)
        stopping = any(live.stop_asked_at is not None for live in self._live.values())
        self._wake.wait(0.05 if stopping else timeout_s)
        self._wake.clear()
        with contextlib.suppress(StoreError):  # the next value is another chance
            if self._mirror is not None:
                self._mirror.refresh({run_id: live.run for run_id, live in list(self._live.items())})
            self._look_at_metrics()
        for run_id, live in list(self._live.items()):
            if live.stop_asked_at is None:
                continue
            waited_s = time.monotonic() - live.stop_asked_at
            if waited_s > self._engine.give_up_after_s:
                self._engine.kill(run_id)
            elif waited_s > self._engine.interrupt_after_s and not live.interrupted:
                live.interrupted = True
                self._engine.interrupt(run_id)

    def _look_at_metrics(self) -> None:
        """Judge the runs that have logged their metric since the last look; see whether one reached the target."""
        metric = self.controller.config.metric
        fresh = {run_id: live for run_id, live in list(self._live.items()) if live.run.metric_count > live.judged}
        if metric is None or not fresh:
            return
        for live in fresh.values():
            live.judged = live.run.metric_count
            if metric.target is not None and _reached(live.run.metric_best, metric.target, metric.goal):
                self.controller.target_reached(live.run.name)
                self._ending = True
        if self._judge is None:
            return
        ready = [run_id for run_id, live in fresh.items() if live.judged >= self._judge.first_band]
        for run_id, verdict in (self._judge.to_stop(ready) if ready else {}).items():
            fresh[run_id].stopped_because = words(verdict, metric.goal)
            fresh[run_id].run.request_stop("stopped")

    def _leave(self) -> None:
        self._forget_listener()
        if not self._abandoned:
            with contextlib.suppress(NbsweepError):
                self.controller.leave(self.id)
            self._engine.close()
        self._recorder.release_agent(self)
        process.forget_agent(self)
        self._recorder.notify()
        try:
            self.on_end()
        finally:
            self._done.set()

    # -- a run's thread ------------------------------------------------------------------------------------------

    def _train(self, run: Run) -> None:
        """Call the training function; whatever it raises becomes the run's end."""
        bind_thread(run)
        error: str | None = None
        try:
            call_with_config(self._function, run)
            state = run.stop_state or "finished"
        except RunStopped:
            state = run.stop_state or "killed"
        except Ended as end:
            state, error = end.state, end.error
        except BaseException as exception:  # SystemExit and KeyboardInterrupt of training code end its run alone
            state, error = "failed", _traceback(exception)
        finally:
            bind_thread(None)
        noted = self._live[run.id].outcome if run.id in self._live else None
        if noted is not None and noted[0] != "finished" and state == "finished":
            state, error = noted
        if run.id in self._live:
            self._live[run.id].outcome = (state, error)

    def _ended(self, run: Run, abandoned: bool) -> None:
        live = self._live.get(run.id)
        # An interrupt may land when the function has returned and its outcome is not noted yet.
        state, error = (live.outcome if live else None) or (run.stop_state or "failed", None)
        if abandoned:
            state, error = run.stop_state or "killed", None
        try:
            if not self._abandoned:
                self._finish(run, state, error)
        finally:
            with self._lock:
                self._live.pop(run.id, None)
            self._wake.set()
            self._recorder.notify()

    def _finish(self, run: Run, state: str, error: str | None) -> None:
        if error is not None and not getattr(self._function, "trains_elsewhere", False):
            run.print("stderr", error)  # a process has printed it itself
        run.close(state)
        live = self._live.get(run.id)
        because = live.stopped_because if live is not None and state == "stopped" else None
        for attempt in range(STORE_TRIES):
            try:
                self._recorder.release(run)
                self.controller.report(run.id, state, error, stopped_because=because)
                break
            except StoreError as trouble:
                if attempt == STORE_TRIES - 1:
                    self.on_failure(run.name, f"The end of run {run.name} could not be kept: {trouble}\n")
                    with contextlib.suppress(StoreError):  # its state may be writable where its last values are not
                        self.controller.report(run.id, state, error, stopped_because=because)
                    break
                time.sleep(1.0)
        if error is not None:
            self.on_failure(run.name, error)

    def _note_end(self, run: Run, state: str, error: str | None) -> None:
        """Training code ended its run itself (`with init()`, `finish()`); the function may still go on."""
        live = self._live.get(run.id)
        if live is not None and live.outcome is None:
            live.outcome = (state, error)
        self._recorder.flush()

    def _stop_asked(self, run_id: str) -> None:
        live = self._live.get(run_id)
        if live is not None and live.stop_asked_at is None:
            live.stop_asked_at = time.monotonic()
        self._wake.set()


def call_with_config(function: Callable[..., Any], run: Run) -> Any:
    """Call a training function with what it requires: nothing, ``(config)`` or ``(config, run)``."""
    offered = {"config": run.config, "run": run, "log": run.log}
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind in positional]
    if all(p.name in offered and p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in needed):
        return function(**{p.name: offered[p.name] for p in needed})
    return function(*list(offered.values())[: len(needed)])


def _check(function: Callable[..., Any], count: int | None) -> None:
    if not callable(function):
        raise UsageError(f"function={function!r:.80}: an agent needs the training function, agent(sweep_id, train)")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise UsageError(f"count={count!r}: use a whole number, 1 or more, or None for no limit")


def _reached(value: float | None, target: float, goal: str) -> bool:
    return value is not None and (value <= target if goal == "minimize" else value >= target)


def _traceback(exception: BaseException) -> str:
    """The traceback as the user's code sees it: without nbsweep's own frames at the top."""
    package = str(Path(__file__).parent)
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(package):
        trace = trace.tb_next
    lines = traceback.format_exception(type(exception), exception, trace)
    return "".join(lines)


def _to_stderr(run_name: str, text: str) -> None:
    sys.stderr.write(f"run {run_name} failed:\n{text}" if run_name != "nbsweep" else text)
    sys.stderr.flush()
