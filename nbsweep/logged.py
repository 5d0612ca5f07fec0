"""What a run has logged and the store does not have yet: from the list that `log` adds to, to columns with steps.

`log` adds step, time and values to `pending` and returns. The recorder's thread, or whoever asks for the summary, turns
them into columns; images, tables and histograms wait in `late` for theirs (`nbsweep.encoding`). Nothing here waits
for a disk or a lock that is held while one is written to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import time
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.encoding import LateValue, LateValues
from nbsweep.media import Media
from nbsweep.store import RunTail
from nbsweep.store.packing import Packed, Values, as_values, by_key, microseconds
from nbsweep.summarising import Summarising
from nbsweep.values import PLAIN_TYPES, Unkept, bounded, plain

__all__ = ["ENTRIES", "MOST_PENDING", "Logged"]

ENTRIES = 3  # of a call of log, in the list of what is pending: step or None, time, values
MOST_MEDIA_BYTES = 32 * 2**20  # of images, tables and histograms that wait to be made; beyond, log makes them itself
MOST_PENDING = ENTRIES * 50_000  # entries; some 350 bytes a call with two numbers, so that they take some 20 MB

_Column = tuple[str, npt.NDArray[np.int64], list[Any]]  # key, which calls, their values


class Logged:
    """One run's.

    Parameters
    ----------
    sweep_id : str or None
    run_id : str
    summarising : Summarising
        Is told each value; only with `lock` held.
    changed : callable
        Called when the summary has changed.
    unkept : callable
        Called with the key of a value that cannot be kept, and what it is.

    Attributes
    ----------
    pending : list
        Flat, `ENTRIES` a call: a tuple a call would be one more object for the garbage collector to look at.
    late : LateValues
    lock : threading.Lock
        Held while values are converted; never by `log`.
    """

    def __init__(
        self,
        sweep_id: str | None,
        run_id: str,
        summarising: Summarising,
        *,
        changed: Callable[[], None],
        unkept: Callable[[str, Unkept], None],
    ) -> None:
        self._sweep_id, self._run_id = sweep_id, run_id
        self._summarising = summarising
        self._changed = changed
        self._unkept = unkept
        self._next_step = 0
        self._rows = 0  # calls that were packed
        self.forget()

    def forget(self) -> None:
        """Begin anew with nothing that waits; in a forked child, where another thread of the parent held the lock."""
        self.lock = threading.Lock()
        self.pending: list[Any] = []
        self._packed: list[Packed] = []
        self._notes: list[tuple[str, list[Any]]] = []  # what the summary is yet to be told
        self._media_bytes = 0  # of calls that are pending
        self.late = LateValues(self._made, self._note_late, self.lock)

    def add(self, step: int | None, values: dict[str, Any]) -> None:
        """One more call of `log`."""
        self.pending.extend((step, time(), values))

    def keep_to_bound(self, taken: dict[str, Any]) -> None:
        """After a call with these values: where more waits than may, make it smaller here and now."""
        self._media_bytes += sum(value.weight for value in taken.values() if isinstance(value, Media))
        if len(self.pending) > MOST_PENDING or self._media_bytes + self.late.bytes > MOST_MEDIA_BYTES:
            self.convert()
            self.late.encode(leave_bytes=MOST_MEDIA_BYTES)

    def go_on_from(self, step: int) -> None:
        """The next call has this step."""
        self._next_step = step

    @property
    def next_step(self) -> int:
        """The step of the next call that names none."""
        self.convert()
        return self._next_step

    def convert(self) -> None:
        """Turn captured values into columns, give steps, and bring the summary up to date."""
        with self.lock:
            entries = self.pending[:]
            if entries:
                steps, next_step = self._numbered(entries[0::ENTRIES])
                packed, late, notes = self._pack(steps, entries[1::ENTRIES], entries[2::ENTRIES])
                # Only now, and at once: an interrupt may come while values are packed, and then they are packed again.
                # Not by exchanging the list: a log() that has fetched the old one would add to it too late.
                first, count = self._rows, len(entries)
                self._next_step, self._rows, self._media_bytes = next_step, first + len(steps), 0
                self._notes += notes
                del self.pending[:count]
                self._packed.append(packed)
                for key, calls, values in late:
                    self.late.add(key, packed, calls, values, first_row=first)
            if self._notes:
                self._note()
                self._changed()

    def drain(self, tail: RunTail) -> None:
        """Move what was logged into `tail`, but for what is still to be encoded."""
        self.convert()
        with self.lock:
            packed, self._packed = self._packed, []
            late = self.late.take()  # their calls were packed before them
        for calls in packed:
            tail.extend(calls)
        for each in late:
            if not isinstance(each.value, Unkept):
                tail.add_late(each.key, each.row, each.step, each.time_us, each.value)

    def encode(self) -> None:
        """Make, on the caller's thread, what was logged before this call and still waits for it."""
        self.convert()
        self.late.encode()

    # -- private -------------------------------------------------------------------------------------------------

    def _pack(
        self, steps: npt.NDArray[np.int64], times_s: list[float], rows: list[dict[str, Any]]
    ) -> tuple[Packed, list[_Column], list[tuple[str, list[Any]]]]:
        """Calls as columns; those with pictures, which come later; and what the summary is to be told."""
        columns: dict[str, tuple[npt.NDArray[np.int64], Values]] = {}
        late: list[_Column] = []
        notes: list[tuple[str, list[Any]]] = []
        for key, calls, values in by_key(rows):
            if not PLAIN_TYPES.issuperset(map(type, values)):
                if any(isinstance(value, Media) for value in values):
                    self.late.keys.add(key)
                else:
                    calls, values = self._made_plain(key, calls, values)
            if key in self.late.keys:
                late.append((key, calls, values))
            elif values:
                kept = as_values(values)
                if isinstance(kept, list):  # of several kinds, or beyond 64 bits
                    kept = values = [bounded(value) for value in values]
                columns[key] = calls, kept
                notes.append((key, values))
        return Packed(steps, microseconds(times_s), columns), late, notes

    def _note(self) -> None:
        while self._notes:
            self._summarising.note(*self._notes[0])
            del self._notes[0]

    def _numbered(self, steps: list[int | None]) -> tuple[npt.NDArray[np.int64], int]:
        """The steps, those that were left open counting up from the ones before; and the one after them."""
        following = self._next_step
        if {*steps} == {None}:
            return np.arange(following, following + len(steps)), following + len(steps)
        numbers = []
        for step in steps:
            number = following if step is None else step
            numbers.append(number)
            following = number + 1
        return np.array(numbers, "i8"), following

    def _made_plain(
        self, key: str, calls: npt.NDArray[np.int64], values: list[Any]
    ) -> tuple[npt.NDArray[np.int64], list[Any]]:
        """Values that were captured as objects are read; what cannot be kept is left out with one warning a key."""
        read = [plain(value) for value in values]
        kept = [place for place, value in enumerate(read) if not isinstance(value, Unkept)]
        if len(kept) < len(read):
            self._unkept(key, next(value for value in read if isinstance(value, Unkept)))
        return calls[kept], [read[place] for place in kept]

    def _made(self, value: Any) -> tuple[Any, dict[str, bytes]]:
        """What history keeps of a value under a key with pictures, and its files."""
        if not isinstance(value, Media):
            return plain(value), {}
        try:
            return value.packed(self._sweep_id, self._run_id)
        except Exception as error:  # a picture that is none, a library that is missing
            return Unkept(f"the {type(value).__name__} could not be made: {error}"), {}

    def _note_late(self, late: LateValue) -> None:
        if isinstance(late.value, Unkept):
            self._unkept(late.key, late.value)
        else:
            self._summarising.note(late.key, [late.value])
            self._changed()
