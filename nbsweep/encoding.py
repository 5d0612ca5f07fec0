"""Images, tables and histograms between `log` and the recorder: made on a thread of their own, for numbers not to wait.

A picture of 1920 × 1080 takes a fifth of a second to encode. So the recorder writes the row of such a call and its
numbers at once and leaves what is logged under a key with pictures to `LateValues`, one a run. `Encoder` has the thread
(``nbsweep-media``, one a process, there while there is something to do) that encodes them in their order and writes
their files; with its next turn the recorder adds what is done to the key's column, so that no row names a file that is
not there. Whoever must not go on before all is made (the end of a run, of the process) makes what is left itself.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nbsweep.media import Media
from nbsweep.pacing import RETRY_EVERY_S
from nbsweep.store.media import MediaFiles
from nbsweep.store.packing import Packed

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["Encoder", "LateValue", "LateValues"]

LEAST_WEIGHT = 2048  # of a value that waits, whatever it is: it takes some memory, and a tenth of a millisecond
IDLE_EXIT_S = 5.0
JOIN_S = 5.0


@dataclass(eq=False)
class LateValue:
    """One value of a key with pictures; `row` counts the calls that this process logged for the run."""

    key: str
    row: int
    step: int
    time_us: int
    value: Any  # as it was captured, then as history keeps it
    weight: int = 0
    encoded: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    written: bool = False  # or, where the disk refused, left with the files that wait


class LateValues:
    """What one run logged under keys with pictures: waiting to be encoded, then encoded, in the order of the calls.

    Parameters
    ----------
    encode : callable
        Gives what history keeps of a captured value, and the files that it names. Raises nothing.
    done : callable
        Called with each `LateValue` once it is encoded, in their order, with `lock` held.
    lock : threading.Lock
        The run's, under which its values are taken.

    Attributes
    ----------
    keys : set of str
        Those with pictures: whatever is logged under them comes here, for their columns to keep their order.
    bytes : int
        How much waits to be encoded.
    """

    def __init__(
        self,
        encode: Callable[[Any], tuple[Any, dict[str, bytes]]],
        done: Callable[[LateValue], None],
        lock: threading.Lock,
    ) -> None:
        self.keys: set[str] = set()
        self.bytes = 0
        self._encode = encode
        self._done = done
        self._lock = lock
        self._encoding = threading.Lock()  # held while one is encoded, by one thread after the other
        self._waiting: deque[LateValue] = deque()
        self._encoded: deque[LateValue] = deque()

    @property
    def waiting(self) -> int:
        """How many are not encoded yet."""
        return len(self._waiting)

    @property
    def empty(self) -> bool:
        """Whether the recorder has taken all of them."""
        return not self._waiting and not self._encoded  # in this order: one that is encoded is in both for a moment

    def add(
        self, key: str, packed: Packed, calls: npt.NDArray[np.int64], values: Sequence[Any], *, first_row: int
    ) -> None:
        """Add a key's values in calls that were packed without them. To be called with the lock held."""
        for call, value in zip(calls.tolist(), values, strict=True):
            weight = max(value.weight if isinstance(value, Media) else 0, LEAST_WEIGHT)
            step, time_us = int(packed.steps[call]), int(packed.times_us[call])
            self._waiting.append(LateValue(key, first_row + call, step, time_us, value, weight))
            self.bytes += weight

    def encode_next(self) -> bool:
        """Encode the one that has waited longest, or wait for the thread that does; False where there is none."""
        with self._encoding:
            if not self._waiting:
                return False
            # It stays there until all is done, and each step can be done again: an interrupt loses and doubles nothing.
            late = self._waiting[0]
            if not late.encoded:
                value, files = self._encode(late.value)
                with self._lock:
                    if not self._waiting:  # given up meanwhile
                        return False
                    late.value, late.files, late.encoded = value, files, True
                    self.bytes -= late.weight
                    self._encoded.append(late)
            with self._lock:
                self._done(late)
                self._waiting.popleft()
            return True

    def encode(self, leave_bytes: int = -1) -> None:
        """Encode, on the caller's thread, what waits now, or until no more than so many bytes wait."""
        for _ in range(self.waiting):
            if self.bytes <= leave_bytes or not self.encode_next():
                return

    def give_up(self) -> int:
        """Forget those that are not encoded, without waiting for the thread that is at one; returns how many."""
        with self._lock:
            count = len(self._waiting)
            self._waiting.clear()
            self.bytes = 0
        return count

    def unwritten(self) -> list[LateValue]:
        """Those that are encoded, and whose files nobody has written."""
        with self._lock:
            return [late for late in self._encoded if not late.written]

    def take(self) -> list[LateValue]:
        """Those that rows may name now. To be called with the lock held."""
        taken = []
        while self._encoded and self._encoded[0].written:
            taken.append(self._encoded.popleft())
        return taken


class Encoder:
    """Encodes what runs logged and writes the files. Its owner is the recorder.

    Parameters
    ----------
    root : Path
        Where the files go.
    warn : callable
        Told, once, that they cannot be written.

    Attributes
    ----------
    trouble : str or None
        Why files cannot be written; None while they can.
    """

    def __init__(self, root: Path, warn: Callable[[str], None]) -> None:
        self.trouble: str | None = None
        self._files = MediaFiles(root)
        self._warn = warn
        self._retry_at = 0.0
        self._writing = threading.Lock()  # held while files are written
        self._changed = threading.Condition()
        self._queue: deque[LateValues] = deque()  # runs with something to encode, taking turns
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether no files wait for a disk that takes them."""
        return self._files.empty

    def see_to(self, runs: Iterable[Run]) -> None:
        """Have the thread encode what waits of these runs, and write the files that may be tried again. Never waits."""
        new = [run.late for run in runs if run.late.waiting or run.late.unwritten()]
        if not new and not self._due():
            return
        with self._changed:
            self._queue.extend(late for late in new if late not in self._queue)
            if self._closed:
                return
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name="nbsweep-media", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # no more threads for now; the end of the run, or the next turn, sees to it
                    self._thread = None
            self._changed.notify()

    def settle(self, runs: Iterable[Run]) -> None:
        """Encode, on the caller's thread too, what these runs logged before this call, and write its files."""
        for run in runs:
            for step in (run.encode, functools.partial(self._write, run.late)):
                try:
                    step()
                except Exception as error:  # values that cannot be packed, a thread that cannot be had
                    self._warn(f"Of what run {run.name} logged, something could not be written: {error!r}")
        if self._due():
            with contextlib.suppress(Exception):  # the next turn is another chance
                self._write_files()

    def stop(self) -> bool:
        """End the thread after the value that it is at, for `settle` to do what is left.

        Returns
        -------
        bool
            False where that value cannot be had, as from a GPU that hangs: whoever settled would wait with the thread.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)
        return thread is None or not thread.is_alive()

    def close(self) -> None:
        """A last try of the files that wait, and until the disk keeps them."""
        self.stop()
        self._write_files()
        self._files.sync(wait=True)

    # -- private -------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while True:
            with self._changed:
                due = self._changed.wait_for(lambda: self._closed or self._queue or self._due(), IDLE_EXIT_S)
                if self._closed or not due:
                    self._thread = None
                    return
                late = self._queue.popleft() if self._queue else None
            with contextlib.suppress(Exception):  # the thread must outlive whatever one run's values lead to
                if late is None:
                    self._write_files()
                else:
                    self._advance(late)

    def _advance(self, late: LateValues) -> None:
        late.encode_next()
        self._write(late)
        if late.waiting:
            with self._changed:
                if late not in self._queue:
                    self._queue.append(late)

    def _write(self, late: LateValues) -> None:
        """Files before the rows that name them; where that fails, the rows need not wait for them."""
        with self._writing:
            new = late.unwritten()
            for each in new:
                self._files.add(each.files)
            try:
                self._try_files()
            finally:
                for each in new:
                    each.written, each.files = True, {}

    def _write_files(self) -> None:
        with self._writing:
            self._try_files()

    def _try_files(self) -> None:
        if self._files.empty or (time.monotonic() < self._retry_at and not self._closed):
            return
        self._retry_at = time.monotonic() + RETRY_EVERY_S
        before, self.trouble = self.trouble, self._files.write()
        self._files.sync()
        if self.trouble is None:
            self._retry_at = 0.0
        elif before is None:
            self._warn(self.trouble)

    def _due(self) -> bool:
        return not self._files.empty and time.monotonic() >= self._retry_at
