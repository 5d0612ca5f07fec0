"""An agent asks the controller for runs, hands them to an engine and sees to their ends.

Its thread (``nbsweep-agent-ID``) owns the loop; each run trains on a thread of the engine (`nbsweep.lives` keeps what
is known of it meanwhile, and climbs up where it does not stop). Failures end their run alone.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbsweep import console, current, environment, memory, process, torch_threads
from nbsweep.calling import Outcome, outcome_of
from nbsweep.claims import AHEAD_S, Claims
from nbsweep.controller import Controller, End, Wait
from nbsweep.engines import Engine, Work, make_engine
from nbsweep.errors import NbsweepError, RunStopped, StoreError, UsageError
from nbsweep.identity import new_id
from nbsweep.lives import Lives
from nbsweep.recorder import Recorder
from nbsweep.runs import Run
from nbsweep.store.records import RunRecord
from nbsweep.support import counted
from nbsweep.training_code import training_code
from nbsweep.watching import MetricWatch

__all__ = ["Agent"]

PAUSED_POLL_S = 0.2
ELSEWHERE_POLL_S = 0.2  # what runs in other processes log is read in the store
LAST_RUNS_POLL_S = 2.0  # while the last runs train more may be asked for, or another process's run may crash
SHORT_RUN_S = 0.2  # shorter ones need not wait for their end to be written
STORE_PATIENCE_S = 600.0  # how long an agent with nothing to train waits for a store that is away


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
    run_timeout_s : float, optional
        A run that trains for longer is stopped.

    Attributes
    ----------
    echo : bool
        Whether what the runs print goes to where this process prints, too; set before `start`.

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
        run_timeout_s: float | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        _check(function, run_timeout_s)
        self._function = function
        self._engine = make_engine(engine, workers)
        self._recorder = recorder or process.recorder()
        self.store = self._recorder.store
        self.controller = Controller(self.store, sweep_id)
        self.sweep_id = sweep_id
        self.workers = workers
        self.count = None if count is None else counted("count", count, ", or None for no limit")
        self.run_timeout_s = run_timeout_s
        self.echo = True
        self.end_reason: str | None = None
        self.broke = False  # it ended because it could not go on
        self.on_failure: Callable[[str, str], None] = _to_stderr
        self.on_end: Callable[[], None] = lambda: None
        self.on_run_thread: Callable[[Run], None] = lambda run: None
        self._wake = threading.Event()
        self._done = threading.Event()
        self._held = False
        self._ending = False
        self._abandoned = False
        self._told_of_metric = False
        self._told_of_trouble = False
        self._elsewhere = hasattr(function, "logs_elsewhere")
        self._watch = MetricWatch(self.controller, logs_elsewhere=getattr(function, "logs_elsewhere", None))
        self._lives = Lives(self._engine, run_timeout_s, self._watch.logs)
        self._forget_listener: Callable[[], None] = lambda: None
        self.controller.check_open()
        self.id = new_id()
        self._claims = Claims(self.controller, self.id)
        self._thread = threading.Thread(target=self._loop, name=f"nbsweep-agent-{self.id}", daemon=True)

    def start(self) -> Agent:
        """Begin to train; returns at once.

        Raises
        ------
        UsageError
            When the sweep was cancelled meanwhile.
        """
        try:
            self.controller.join(self.count, self.id)
            process.remember_agent(self)
            self._recorder.watch_agent(self)
            self._forget_listener = self._recorder.add_listener(self._something_logged)
            console.capture(self.id, echo=self.echo)
            current.inherit(self.id)
            if not self._elsewhere:
                environment.announce(self.id, self.sweep_id)
            self._thread.start()
        except BaseException:  # an interrupt, say; what has joined and has no thread would never leave
            self._ending = True
            if not self._thread.is_alive():
                self._leave()
            raise
        return self

    @property
    def done(self) -> bool:
        """Whether the agent has ended and all its runs with it."""
        return self._done.is_set()

    @property
    def held(self) -> bool:
        """Whether failures have paused the sweep, so that the agent trains nothing until somebody resumes."""
        if not self._held:
            return False
        with contextlib.suppress(StoreError):
            return self.controller.is_held()  # somebody may have resumed since it looked
        return True

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
        if not after_current:
            self._lives.kill_all()
        self._wake.set()

    def look_again(self) -> None:
        """More may be asked for now than when the agent last looked."""
        self._wake.set()

    @property
    def again(self) -> Callable[[int | None], Agent]:
        """Makes a new agent, not yet started, that trains `count` runs as this one did; does not hold this one."""
        another = self._engine.another  # this one's is closed when it leaves
        sweep_id, function, recorder = self.sweep_id, self._function, self._recorder
        limits: dict[str, Any] = {"workers": self.workers, "run_timeout_s": self.run_timeout_s}
        return lambda count: Agent(sweep_id, function, count, engine=another(), recorder=recorder, **limits)

    def stop_requested(self) -> None:
        """The recorder has read that this agent is to start no more runs."""
        self._ending = True
        self._wake.set()

    def abandon(self) -> None:
        """The process is about to end: start nothing more, and let running code end at its next `log`."""
        self._ending = self._abandoned = True
        self._lives.kill_all()
        self._wake.set()

    def __repr__(self) -> str:
        state = f"ended: {self.end_reason}" if self.done else "held by failures" if self.held else "at work"
        return f"<nbsweep agent {self.id} of sweep {self.sweep_id}, {state}>"

    # -- the agent's thread --------------------------------------------------------------------------------------

    def _loop(self) -> None:
        try:
            while not self._ending:
                if len(self._lives) >= self._engine.slots:
                    self._rest(None)
                    continue
                idle = not self._lives
                answer = self._ask(leaving=idle)
                self._held = isinstance(answer, Wait) and answer.held and not self._lives
                if isinstance(answer, End):
                    self.end_reason = answer.reason
                    if idle:
                        break
                    if self._lives:
                        self._rest(LAST_RUNS_POLL_S)
                    continue
                if isinstance(answer, Wait):
                    self._rest(PAUSED_POLL_S)
                    continue
                self._begin(answer)
            while self._lives and not self._abandoned:
                self._rest(None)
            self.end_reason = self.end_reason or "stopped"
        except Exception as error:  # a fault of nbsweep's own must not read as an end like any other
            self.end_reason, self.broke = str(error) or type(error).__name__, True
            known = isinstance(error, NbsweepError)
            self.on_failure("nbsweep", f"The agent ended: {error if known else traceback.format_exc()}\n")
        finally:
            self._leave()

    def _ask(self, *, leaving: bool) -> RunRecord | Wait | End:
        until, told, unsure = time.monotonic() + STORE_PATIENCE_S, False, False
        while True:
            try:
                if unsure:
                    known = {*self._lives.runs, *self._recorder.run_ids}
                    self._recorder.flush(required=True)  # the ends of those before
                    self._claims.give_back_lost(known)
                return self._claims.next(training_code(self._function), leaving=leaving)
            except StoreError as trouble:
                unsure = True  # a claim may have been kept all the same
                if self._ending:
                    return End("stopped")
                if time.monotonic() > until and not self._lives:  # runs that train are not ended by a store
                    raise
                if not told:
                    told = True
                    self.on_failure("nbsweep", f"No run can be begun for now: {trouble}. The agent goes on asking.\n")
                self._rest(1.0)

    def _begin(self, record: RunRecord) -> None:
        if not self._elsewhere:
            torch_threads.divide(self.id, self.workers)
        config = self.controller.config
        record = replace(record, project=self.controller.project)
        run = Run(record, metric=config.metric, parameters=config.parameters, on_finish=self._note_end)
        self._lives.begin(run)
        if record.started_at is not None and record.started_at > record.created_at:
            run.begun(record.started_at)
        run.on_stop(self._wake.set)
        self._recorder.watch(run)
        self._recorder.notify()
        self._engine.submit(
            Work(run.id, run.name, functools.partial(self._train, run), functools.partial(self._ended, run))
        )

    def _rest(self, timeout_s: float | None) -> None:
        """Sleep until something happens; meanwhile see to runs that were asked to stop."""
        self._wake.wait(self._shortened(timeout_s))
        self._wake.clear()
        self._lives.look_at_clock()
        if self._claims.stale:  # the present run takes longer than those before
            with contextlib.suppress(StoreError):
                self._claims.give_back()
        with contextlib.suppress(StoreError):  # the next value is another chance
            self._look_at_metrics()
        self._lives.climb()

    def _shortened(self, timeout_s: float | None) -> float | None:
        """The time to rest, no longer than until something has to be done with a run."""
        limits = [timeout_s, self._lives.next_look_s]
        if self._claims.waiting:
            limits.append(AHEAD_S)
        if self._elsewhere and self._lives:
            limits.append(ELSEWHERE_POLL_S)
        return min((limit for limit in limits if limit is not None), default=None)

    def _something_logged(self) -> None:
        """The recorder has written; wake the agent where somebody is to be judged."""
        if self._watch.wanted:
            self._wake.set()

    def _look_at_metrics(self) -> None:
        """Stop the runs that are hopeless by what they have logged; end where one has reached the target."""
        seen = self._watch.look(self._lives.runs)
        if seen.target_reached_by is not None:
            self._note_target(seen.target_reached_by)
        for run_id, because in seen.to_stop.items():
            self._lives.stop(run_id, because, judged=True)

    def _note_target(self, run_name: str) -> None:
        self.controller.target_reached(run_name)
        self.end_reason = f"run {run_name} reached the target"
        self._ending = True

    def _leave(self) -> None:
        try:
            self._forget_listener()
            if not self._abandoned:
                self._engine.close()  # first: with a run that still trains, leaving would not finish the sweep
                self._recorder.later(
                    functools.partial(self.controller.leave_in, agent_id=self.id, not_begun=self._claims.take_back())
                )
            console.release(self.id)
            current.stop_inheriting(self.id)
            environment.withdraw(self.id)
            torch_threads.give_back(self.id)
            self._recorder.release_agent(self)
            process.forget_agent(self)
            self._recorder.notify()
            self.on_end()
        finally:  # whatever goes wrong, somebody waits
            self._done.set()

    # -- a run's thread ------------------------------------------------------------------------------------------

    def _train(self, run: Run) -> None:
        """Call the training function; whatever it raises becomes the run's end."""
        current.bind_thread(run)
        self.on_run_thread(run)
        outcome = Outcome("killed")
        try:
            outcome = outcome_of(self._function, run)
            _leave_thread(run, outcome)
        except RunStopped:  # it interrupts wherever this thread is, but once
            _leave_thread(run, outcome)
            raise
        memory.between_runs(thoroughly=outcome.short_of_memory)
        live = self._lives.get(run.id)
        if live is None:
            return
        live.returned = outcome.returned
        if live.outcome is None or live.outcome[0] == "finished" or outcome.state != "finished":
            live.outcome = (outcome.state, outcome.error)

    def _ended(self, run: Run, abandoned: bool) -> None:
        live = self._lives.get(run.id)
        # An interrupt may land when the function has returned and its outcome is not noted yet.
        state, error = (live.outcome if live else None) or (run.stop_state or "failed", None)
        if abandoned:
            state, error = run.stop_state or "killed", None
        try:
            if not self._abandoned:
                self._finish(run, state, error)
        finally:
            self._lives.end(run.id)
            self._wake.set()
            self._recorder.notify()

    def _finish(self, run: Run, state: str, error: str | None) -> None:
        if error is not None and not self._elsewhere:
            run.print("stderr", error)  # a process has printed it itself
        run.close(state)
        because = self._because(run, state)
        if self._watch.reached_by(run):  # the loop may not have seen its last value
            with contextlib.suppress(StoreError):
                self._note_target(run.name)
        live = self._lives.get(run.id)
        shortly = state == "finished" and live is not None and live.lasted_s < SHORT_RUN_S
        self._claims.ended(shortly=shortly)
        if shortly and self._claims.allowed:
            values = {"state": state, "error": None, "stopped_because": because, "finished_at": time.time()}
            self._recorder.end_soon(run, values)
            return
        end = functools.partial(
            self.controller.report_in,
            run_id=run.id,
            state=state,
            error=error,
            stopped_because=because,
            finished_at=time.time(),
            agent_id=self.id,
        )
        trouble = self._recorder.end(run, end)
        if trouble is not None and not self._told_of_trouble:
            self.on_failure("nbsweep", f"The end of run {run.name} waits in memory: {trouble}\n")
        self._told_of_trouble = trouble is not None  # once an outage, not once a run
        if error is not None:
            self.on_failure(run.name, error)

    def _because(self, run: Run, state: str) -> str | None:
        """Why the run ended as it did, in a few words, where its state does not say it."""
        live = self._lives.get(run.id)
        if state == "stopped":
            return live.because if live is not None else None
        if state != "finished":
            return None
        odd = self._watch.oddity_of(run, live.returned if live is not None else None)
        if odd is not None and not run.summarising.metric_count and not self._told_of_metric:
            self._told_of_metric = True
            text = f"Run {run.name}: {odd}. It cannot be the best run."
            if not (run.step or run.summary or self._elsewhere or (live is not None and live.returned is not None)):
                text += " A process that the function starts logs outside the sweep: give the sweep its `program`."
            self.on_failure("nbsweep", text + "\n")
        return odd

    def _note_end(self, run: Run, state: str, error: str | None) -> None:
        """Training code ended its run itself (`with init()`, `finish()`); the function may still go on."""
        live = self._lives.get(run.id)
        if live is not None and live.outcome is None:
            live.outcome = (state, error)
        # Not written here but by the recorder's thread: a stop may interrupt this one wherever it is.


def _leave_thread(run: Run, outcome: Outcome) -> None:
    """End what the training function left open: a run that it began by `init` after `finish`; nothing else ends it."""
    another = current.thread_run()
    if another is not None and another is not run:
        another.finish(exit_code=0 if outcome.state == "finished" else 1)
    current.bind_thread(None)


def _check(function: Callable[..., Any], run_timeout_s: float | None) -> None:
    if not callable(function):
        raise UsageError(f"function={function!r:.80}: an agent needs the training function, agent(sweep_id, train)")
    if run_timeout_s is not None and not (isinstance(run_timeout_s, (int, float)) and run_timeout_s > 0):
        raise UsageError(f"run_timeout_s={run_timeout_s!r}: use a number of seconds above 0, or None for no limit")


def _to_stderr(run_name: str, text: str) -> None:
    console.say(f"run {run_name} failed:\n{text}" if run_name != "nbsweep" else text)
