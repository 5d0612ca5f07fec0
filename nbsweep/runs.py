"""`Run`: what training code holds. Its config, `log`, its summary, and the signal that it should end.

`log` takes a copy of plain values and adds it to a list; all else (conversion, steps, summaries, writing) happens on
the recorder's thread, or on the thread that asks for the summary (`nbsweep.logged`). Only a loop that logs faster than
these can take it packs its own values now and then: memory stays bounded, and nobody waits for a disk.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any

from nbsweep.absent import StandIns, warn_ignored
from nbsweep.encoding import LateValues
from nbsweep.errors import RunStopped, UsageError
from nbsweep.files import RunFiles
from nbsweep.logged import MOST_PENDING, Logged
from nbsweep.run_config import Config, Summary
from nbsweep.store import RunTail
from nbsweep.store.records import RunRecord
from nbsweep.summarising import Summarising
from nbsweep.sweep_config import Metric
from nbsweep.values import PLAIN_TYPES, Unkept, bounded, capture, plain

__all__ = ["Run"]

LARGEST_STEP = 2**62  # of 63 bits that there are, so that those that count on from it have room


class Run(RunFiles, StandIns):
    """One training run. Made by `nbsweep.init` and by agents, not by users.

    Attributes
    ----------
    id, project : str
    name : str
        May be set, as `tags` and `notes`. Where another run of the sweep has that name the store adds the run's number.
    tags : tuple of str
    notes : str or None
    sweep_id : str or None
        None for a run outside any sweep.
    number : int
        1 for a sweep's first run, as names, tables and commands count.
    config : Config
        The hyperparameters.
    summary : Summary
        The last value of every logged key, or as `define_metric` says.
    start_time : float
        Seconds since 1970.
    summarising : Summarising
        What brings it up to date; it also knows how the sweep's metric stands.
    awaits_init : bool
        Whether its training function has yet to call `init`: until then ``nbsweep.run`` is None, as in W&B.
    """

    def __init__(
        self,
        record: RunRecord,
        *,
        metric: Metric | None = None,
        parameters: Mapping[str, Any] | None = None,
        on_finish: Callable[[Run, str, str | None], None] | None = None,
    ) -> None:
        self.id = record.id
        self._name = record.name
        self.project = record.project
        self.sweep_id = record.sweep_id
        self.agent_id = record.agent_id
        self.number = record.number
        self._tags: tuple[str, ...] = tuple(record.tags)
        self._notes = record.notes
        self.state = "running"
        locked = record.sweep_id is not None
        self.config = Config(record.config, locked=locked, parameters=parameters, on_change=self._config_changed)
        self._on_finish = on_finish
        self.summarising = Summarising(dict(record.summary), metric)
        self._dirty: set[str] = set()
        self._logged = Logged(
            record.sweep_id,
            record.id,
            self.summarising,
            changed=lambda: self._dirty.add("summary"),
            unkept=self._warn_unkept,
        )
        self._open: list[Any] | None = self._logged.pending  # None where log() has to look closer at what it is asked
        self._partial: dict[str, Any] = {}
        self._partial_step: int | None = None
        self._console: list[tuple[str, str]] = []
        self._warned: set[str] = set()
        self._forked = False
        self._closed = False
        self._begun_at: float | None = None
        self.start_time = record.started_at or record.created_at
        self.awaits_init = False
        self._stop_state: str | None = None
        self._on_stop: Callable[[], None] | None = None
        self.summary = Summary(self.summarising.values, self.encode, lambda: self._dirty.add("summary"))

    # -- for training code ---------------------------------------------------------------------------------------

    # No keyword-only parameter and no **: the interpreter has a fast way for calls of such functions alone.
    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = True, sync: Any = None
    ) -> None:
        """Record values of this step. Never waits for the disk, the network or a GPU.

        Parameters
        ----------
        data : mapping of str to value
            Numbers, booleans, strings, NumPy scalars, tensors of one element; nested dicts become dotted keys.
            `nbsweep.Histogram`, `Image` and `Table`, alone or in a list. NaN and infinities are kept. What cannot be
            kept is left out with one warning a key.
        step : int, optional
            The step's number; by default one more than the last.
        commit : bool, default True
            False holds the values back and adds them to those of the next call, unless that has another `step`. None,
            W&B's default, is True.
        sync : optional
            W&B's; it makes no difference.

        Raises
        ------
        RunStopped
            When the run was stopped; nbsweep catches it around the training code.
        UsageError
            When `data` is not a mapping, `step` not a whole number, or the run has ended.
        """
        pending = self._open
        if pending is not None and step is None and commit and type(data) is dict and len(pending) < MOST_PENDING:
            for value in data.values():
                if type(value) not in PLAIN_TYPES:
                    break
            else:
                pending.extend((None, time(), data.copy()))  # one step for the interpreter: no lock is needed
                return
        self._log_with_care(data, step, commit)

    def define_metric(self, name: str, summary: str | None = None, goal: str | None = None, **ignored: Any) -> None:
        """Say what the summary keeps of a key: "last" (default), "first", "min", "max", "mean", "best" or "none".

        "best" is min or max by `goal` ("minimize" or "maximize"), else by the sweep's goal. A name such as ``val/*`` is
        that of all keys that match and have no definition of their own. Of several, as in W&B's ``"min,max"``, the
        first is kept. W&B's other arguments are accepted and make no difference; a name that W&B does not have is told.

        Raises
        ------
        UsageError
            For another `summary` or `goal`.
        """
        warn_ignored("define_metric", ignored)
        if summary is None and "*" in name:
            return
        first, *others = (summary or "last").replace(" ", "").split(",")
        self.summarising.define(name, first, goal)
        if others:
            warnings.warn(
                f"define_metric({name!r}, summary={summary!r}): a summary keeps one; it is {first}", stacklevel=2
            )

    def finish(self, exit_code: int | None = None, **ignored: Any) -> None:
        """End the run: write what is left and set its state. Does nothing on a run that has ended.

        Under an agent the run ends with the training function; calling this earlier ends its logging.
        """
        warn_ignored("finish", ignored)
        self._end("failed" if exit_code else "finished", None)

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = str(name) or self._name
        self._dirty.add("name")

    @property
    def tags(self) -> tuple[str, ...]:
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str] | None) -> None:
        self._tags = (tags,) if isinstance(tags, str) else tuple(str(tag) for tag in tags or ())
        self._dirty.add("tags")

    @property
    def notes(self) -> str | None:
        return self._notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._notes = None if notes is None else str(notes)
        self._dirty.add("notes")

    @property
    def step(self) -> int:
        """The step that the next `log` will have."""
        return self._logged.next_step

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, RunStopped):
            # Under an agent the exception goes on to end the training function; the agent catches it there.
            self._end(self._stop_state or "killed", None)
            return self.sweep_id is None
        if error is not None:
            import traceback

            text = "".join(traceback.format_exception(kind, error, trace))
            self._end("killed" if isinstance(error, KeyboardInterrupt) else "failed", text)
            return False
        self._end("finished", None)
        return False

    def __repr__(self) -> str:
        return f"<nbsweep run {self.name} ({self.state})>"

    # -- for agents and engines ----------------------------------------------------------------------------------

    def request_stop(self, state: str) -> None:
        """Let the next `log` raise RunStopped; the run then ends in `state` (killed or stopped). Never waits.

        Also after its training code has ended it and goes on: until `close` there is something to stop.
        """
        if self._stop_state is None and not self._closed:
            self._stop_state = state
            self._open = None
            if self._on_stop is not None:
                self._on_stop()

    def withdraw_stop(self) -> None:
        """Its training code has ended it before the stop came: whoever asks again is heard."""
        self._stop_state = None

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Be told, on whatever thread, when the run is asked to stop."""
        self._on_stop = callback

    def begun(self, at_s: float) -> None:
        """It was claimed earlier and begins now; the store has yet to know."""
        self._begun_at = self.start_time = at_s
        self._dirty.add("begun")

    def close(self, state: str) -> None:
        """The run has ended; what still calls `log` on it is told so."""
        self.state = state
        self._closed = True
        self._open = None
        self._commit_partial()

    @property
    def stop_state(self) -> str | None:
        """The state in which the run is asked to end, or None."""
        return self._stop_state

    @property
    def closed(self) -> bool:
        """Whether its agent has seen its end; its code may go on all the same, where nothing could stop it."""
        return self._closed

    def print(self, stream: str, text: str) -> None:
        """Keep a piece of what the run printed ("stdout" or "stderr")."""
        self._console.append((stream, text.encode("utf-8", "backslashreplace").decode()))

    def go_on_from(self, step: int) -> None:
        """An earlier process logged up to here: the next `log` has this step."""
        self._logged.go_on_from(step)

    @property
    def forked(self) -> bool:
        """Whether this is a forked child of the run's process."""
        return self._forked

    def forget_in_child(self) -> None:
        """In a forked child: the run is its parent's, which also writes what was logged before the fork."""
        self._logged.forget()
        self._console, self._partial, self._partial_step = [], {}, None
        self._open = None
        self._forked = True

    # -- for the recorder ----------------------------------------------------------------------------------------

    @property
    def late(self) -> LateValues:
        """Its images, tables and histograms that still have to be made."""
        return self._logged.late

    def drain(self, tail: RunTail) -> None:
        """Move what was logged into `tail`, but for what is still to be encoded."""
        self._logged.drain(tail)

    def encode(self) -> None:
        """Make, on the caller's thread, what was logged before this call and still waits for it."""
        self._logged.encode()

    def take_update(self) -> dict[str, Any]:
        """Columns of the run's record that changed since the last call."""
        dirty = set(self._dirty)
        self._dirty -= dirty  # in place, and before the values are read: what is set meanwhile comes with the next call
        update: dict[str, Any] = {}
        if "summary" in dirty:
            update["summary"] = self.kept_summary()
        if "begun" in dirty:
            update["started_at"] = self._begun_at
        if "config" in dirty:
            update["config"] = self.config.kept()
        for column, value in (("name", self._name), ("tags", list(self._tags)), ("notes", self._notes)):
            if column in dirty:
                update[column] = value
        return update

    def kept_summary(self) -> dict[str, Any]:
        """The summary as the store has it: what training code set in it may be anything."""
        with self._logged.lock:
            values = dict(self.summarising.values)  # training code may add keys meanwhile
        if {str}.issuperset(map(type, values)) and PLAIN_TYPES.issuperset(map(type, values.values())):
            return {key: bounded(value) for key, value in values.items()}
        read = {key: bounded(plain(value)) for key, value in capture(values).items()}
        for key, value in read.items():
            if isinstance(value, Unkept):
                self._warn_unkept(key, value, where="summary")
        return {key: value for key, value in read.items() if not isinstance(value, Unkept)}

    def take_console(self) -> list[tuple[str, str]]:
        taken = self._console[:]
        del self._console[: len(taken)]
        pieces: list[tuple[str, str]] = []
        for stream, text in taken:
            if pieces and pieces[-1][0] == stream:
                pieces[-1] = (stream, pieces[-1][1] + text)
            else:
                pieces.append((stream, text))
        return pieces

    # -- private -------------------------------------------------------------------------------------------------

    def _log_with_care(self, data: Mapping[str, Any], step: int | None, commit: bool | None) -> None:
        """`log`, where something is not as it mostly is."""
        if self._stop_state is not None:
            raise RunStopped(f"run {self.name} was stopped")
        if type(data) is not dict and not isinstance(data, Mapping):
            raise UsageError(f"log takes a dict of names and values, not {type(data).__name__} {data!r:.80}")
        if self._forked:
            self._warn_forked()
            return
        taken = capture(data)
        if self.state != "running":
            raise UsageError(f"run {self.name} has ended ({self.state}); nbsweep.init() starts another")
        if step is not None:
            step = _whole(step)
        commit = commit is None or bool(commit)
        if self._partial or not commit:
            if step is not None and self._partial_step not in (None, step):
                self._commit_partial()
            taken = {**self._partial, **taken}
            step = self._partial_step if step is None else step
            self._partial, self._partial_step = ({}, None) if commit else (taken, step)
            self._open_again()
        if commit:
            self._logged.add(step, taken)
        self._logged.keep_to_bound(taken)

    def _warn_forked(self) -> None:
        if "" not in self._warned:
            self._warned.add("")
            text = (
                f"run {self.name} belongs to the process that this one was forked from; what is logged here is not kept"
            )
            warnings.warn(text, stacklevel=4)

    def _open_again(self) -> None:
        """Let `log` take its short way, where nothing stands against it."""
        self._open = None if self._partial else self._logged.pending
        if self._stop_state is not None or self.state != "running":  # asked last: another thread may stop the run now
            self._open = None

    def _warn_unkept(self, key: str, unkept: Unkept, where: str = "log") -> None:
        if key not in self._warned:
            self._warned.add(key)
            text = f"{where}: {key!r} was not kept: {unkept.reason}"
            self.print("stderr", text + "\n")
            with contextlib.suppress(Warning):  # whoever turns warnings into errors means those of their own thread
                warnings.warn(text, stacklevel=2)

    def _config_changed(self) -> None:
        self._dirty.add("config")

    def _end(self, state: str, error: str | None) -> None:
        if self.state != "running" or self._forked:
            return
        try:  # a stop may interrupt this anywhere, and then the run goes on
            self.state = state  # first, so that log() accepts nothing that would come too late to be written
            self._open = None
            self._commit_partial()
            if self._on_finish is not None:
                self._on_finish(self, state, error)
        except BaseException:
            if not self._closed:
                self.state = "running"
                self._open_again()
            raise

    def _commit_partial(self) -> None:
        """What `log(..., commit=False)` held back becomes the last row."""
        if self._partial:
            self._logged.add(self._partial_step, self._partial)
            self._partial, self._partial_step = {}, None


def _whole(step: Any) -> int:
    try:
        number = step.item() if hasattr(step, "item") else step  # NumPy's and PyTorch's, arrays of one too
        if int(number) == number and abs(number) <= LARGEST_STEP:
            return int(number)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        pass
    raise UsageError(f"log(step={step!r}): a step is a whole number, 2**62 at most")
