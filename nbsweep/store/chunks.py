"""A run's history between memory and the store: `Tail` grows chunks while a run logs, `read_history` puts them back.

A log call is a row: a step and a time. A key's column holds the numbers of the rows it was logged in and its values,
so keys logged at different steps cost each other nothing. The last, still growing chunk of a column is written again
at each flush until it is full; a reader therefore never sees half a chunk.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.store.columns import decode, encode, encode_regular
from nbsweep.store.packing import Packed, Values, as_values, by_key, joined, kind_of_values, microseconds
from nbsweep.store.peaks import PeaksSoFar
from nbsweep.store.rows import key_of

__all__ = [
    "CHUNK_VALUES",
    "Chunk",
    "Column",
    "History",
    "RunTail",
    "first_values",
    "read_history",
    "thinned",
    "values_beyond",
]

CHUNK_VALUES = 1024


@dataclass(frozen=True)
class Chunk:
    """Up to `CHUNK_VALUES` values of one column, encoded (see `nbsweep.store.columns`)."""

    run_id: str
    kind: str  # "row" (index: steps, values: times), "key" (index: row numbers, values: values) or "peak": store.peaks
    key: str
    seq: int
    first: int  # how many values the chunks before this one hold
    count: int
    index: bytes
    values: bytes


@dataclass
class _Tail:
    """The growing end of one column; its chunk is in parts until it is asked for."""

    kind: str
    key: str
    seq: int = 0
    first: int = 0
    count: int = 0
    index: list[npt.NDArray[np.int64]] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)
    changed: bool = False

    def extend(self, index: npt.NDArray[np.int64], values: Values, sealed: list[_Tail]) -> None:
        start = 0
        while start < len(index):
            if self.count >= CHUNK_VALUES:
                if self.changed:
                    sealed.append(replace(self))
                self.seq, self.first = self.seq + 1, self.first + self.count
                self.count, self.index, self.values = 0, [], []
            end = min(len(index), start + CHUNK_VALUES - self.count)
            self.index.append(index[start:end])
            self.values.append(values[start:end])
            self.count += end - start
            self.changed = True
            start = end

    def chunk(self, run_id: str) -> Chunk:
        self.index, self.values = [np.concatenate(self.index)], [joined(self.values)]
        final, values = self.count >= CHUNK_VALUES, self.values[0]
        return Chunk(
            run_id,
            self.kind,
            self.key,
            self.seq,
            self.first,
            self.count,
            _encode_index(self.kind, self.index[0], final),
            encode(values, kind_of_values(values), final=final),
        )


class RunTail:
    """The part of a run's history that is still being written. Not thread-safe: its owner is the recorder."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.rows = 0
        self._began = 0  # how many of them an earlier process logged
        self._tails: dict[tuple[str, str], _Tail] = {}
        self._sealed: list[_Tail] = []
        self._peaks: dict[str, PeaksSoFar | None] = {}  # None: of this key there are none, or no more

    @classmethod
    def after(cls, run_id: str, chunks: Iterable[Chunk]) -> tuple[RunTail, int]:
        """The tail that goes on after these chunks of a run, and the step after their last."""
        tail, next_step = cls(run_id), 0
        for chunk in chunks:
            if chunk.kind == "peak":
                continue
            if chunk.kind == "key":
                tail._peaks[chunk.key] = None  # its last chunk may not be full, and is not written any more
            last = _Tail(chunk.kind, chunk.key, chunk.seq + 1, chunk.first + chunk.count)
            tail._tails[chunk.kind, chunk.key] = last
            if chunk.kind == "row":
                tail.rows = tail._began = last.first
                next_step = int(decode(chunk.index)[-1]) + 1
        return tail, next_step

    def append(self, step: int, time_s: float, data: dict[str, Any]) -> None:
        """Add one log call: its step, its time (seconds since the epoch) and plain values."""
        columns = {key: (calls, as_values(values)) for key, calls, values in by_key([data])}
        self.extend(Packed(np.array([step], "i8"), microseconds([time_s]), columns))

    def extend(self, packed: Packed) -> None:
        """Add many log calls at once."""
        self._tail("row", "").extend(packed.steps, packed.times_us, self._sealed)
        everywhere = np.arange(self.rows, self.rows + len(packed.steps))
        for logged, (calls, values) in packed.columns.items():
            key = key_of(logged)  # as the store names it, for `after` to find it again
            if len(calls) == len(everywhere):  # mostly all calls give the same keys
                rows, steps, times_us = everywhere, packed.steps, packed.times_us
            else:
                rows, steps, times_us = calls + self.rows, packed.steps[calls], packed.times_us[calls]
            self._tail("key", key).extend(rows, values, self._sealed)
            self._keep_peaks(key, rows, steps, times_us, values)
        self.rows += len(packed.steps)

    def add_late(self, key: str, row: int, step: int, time_us: int, value: Any) -> None:
        """Add a value of a call that was added without it; `row` counts from the first call after `after`.

        A key's values come in the order of their calls.
        """
        key = key_of(key)
        rows, values = np.array([row + self._began]), as_values([value])
        self._tail("key", key).extend(rows, values, self._sealed)
        self._keep_peaks(key, rows, np.array([step]), np.array([time_us]), values)

    def take_chunks(self) -> list[Chunk]:
        """The chunks that changed since they were last taken, encoded."""
        changed = [tail for tail in self._tails.values() if tail.changed]
        chunks = [tail.chunk(self.run_id) for tail in (*self._sealed, *changed)]
        self._sealed = []
        for tail in changed:
            tail.changed = False
        return chunks

    def _keep_peaks(
        self, key: str, rows: npt.NDArray[np.int64], steps: npt.NDArray[np.int64], times_us: npt.NDArray[np.int64],
        values: Values,
    ) -> None:  # fmt: skip
        peaks = self._peaks.setdefault(key, PeaksSoFar(CHUNK_VALUES))
        if peaks is None:
            return
        if isinstance(values, list) or values.dtype.kind not in "fi":
            self._peaks[key] = None
            return
        full = peaks.extend(rows, steps, times_us, values)
        if full is not None:
            self._tail("peak", key).extend(*full, self._sealed)

    def _tail(self, kind: str, key: str) -> _Tail:
        tail = self._tails.get((kind, key))
        if tail is None:
            tail = self._tails[kind, key] = _Tail(kind, key)
        return tail


def _encode_index(kind: str, index: npt.NDArray[np.int64], final: bool) -> bytes:
    """The numbers of a key's rows ascend: their ends tell whether any call between them was without the key."""
    if kind == "key" and len(index) > 1 and int(index[-1]) - int(index[0]) == len(index) - 1:
        return encode_regular(int(index[0]), 1, len(index))
    return encode(index, "int", final=final)


def thinned(chunk: Chunk) -> Chunk:
    """The chunk with every second of its values, the first one included."""
    rows, values = decode(chunk.index)[::2], decode(chunk.values)[::2]
    kind = "json" if isinstance(values, list) else {"f": "float", "i": "int", "b": "bool"}[values.dtype.kind]
    return replace(chunk, count=len(rows), index=encode(rows, "int"), values=encode(values, kind))


@dataclass(frozen=True)
class Column:
    """One logged key of one run: `rows[i]` is the number of the log call that gave `values[i]`."""

    rows: npt.NDArray[np.int64]
    values: Any  # array of shape (n,), or a list where values are not all of one numeric kind
    numeric: bool


@dataclass(frozen=True)
class History:
    """All that a run logged: `steps` and `times` (seconds since the epoch), shape (rows,), and a column a key."""

    steps: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    columns: dict[str, Column]


def first_values(chunks: Iterable[Chunk]) -> dict[tuple[str, str], int]:
    """How many values of a column come before the first of these chunks: {(run, key): count}."""
    found: dict[tuple[str, str], int] = {}
    for chunk in chunks:
        found.setdefault((chunk.run_id, chunk.key), chunk.first)
    return found


def values_beyond(chunks: Iterable[Chunk], held: Mapping[str, int]) -> dict[str, list[Any]]:
    """The values of one key that come after those held ({run id: count}), of what `Session.chunks_beyond` gave."""
    chunks = list(chunks)
    firsts = first_values(chunks)
    return {
        run_id: list(column.values[held[run_id] - firsts[run_id, key] :])
        for run_id, history in read_history(chunks).items()
        for key, column in history.columns.items()
    }


def read_history(chunks: Iterable[Chunk]) -> dict[str, History]:
    """Decode chunks of any number of runs, in the order the store gives them: {run id: History}."""
    by_run: dict[str, dict[tuple[str, str], list[Chunk]]] = {}
    for chunk in chunks:
        by_run.setdefault(chunk.run_id, {}).setdefault((chunk.kind, chunk.key), []).append(chunk)
    return {run_id: _history(columns) for run_id, columns in by_run.items()}


def _history(columns: dict[tuple[str, str], list[Chunk]]) -> History:
    rows = [_row_chunk(chunk) for chunk in columns.get(("row", ""), [])]
    return History(
        np.concatenate([steps for steps, _times in rows]) if rows else np.empty(0, "i8"),
        np.concatenate([times for _steps, times in rows]) if rows else np.empty(0, "f8"),
        {key: _column(chunks) for (kind, key), chunks in columns.items() if kind == "key"},
    )


def _row_chunk(chunk: Chunk) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Steps and times; of a damaged chunk the numbers of its rows and unknown times, so that the others keep theirs."""
    decoded = _decoded(chunk)
    if decoded is None:
        return np.arange(chunk.first, chunk.first + chunk.count), np.full(chunk.count, np.nan)
    return decoded[0], decoded[1] / 1e6


def _column(chunks: list[Chunk]) -> Column:
    decoded = [each for each in map(_decoded, chunks) if each is not None]
    if not decoded:
        return Column(np.empty(0, "i8"), np.empty(0, "f8"), True)
    rows = np.concatenate([index for index, _values in decoded])
    parts = [values for _index, values in decoded]
    if any(isinstance(part, list) for part in parts) or len({part.dtype.kind for part in parts} - {"i", "f"}) > 1:
        return Column(rows, [v for part in parts for v in (part if isinstance(part, list) else part.tolist())], False)
    kinds = {part.dtype.kind for part in parts}
    if "b" in kinds and len(kinds) > 1:
        return Column(rows, [v for part in parts for v in part.tolist()], False)
    return Column(rows, np.concatenate(parts), True)


def _decoded(chunk: Chunk) -> tuple[npt.NDArray[np.int64], Any] | None:
    """A chunk's index and values; None, with a warning, where the disk changed them."""
    try:
        index, values = decode(chunk.index), decode(chunk.values)
        if len(index) == len(values) == chunk.count and (chunk.kind == "key" or not isinstance(values, list)):
            return index, values
        reason = "its length is wrong"
    except Exception as error:  # whatever the damaged bytes lead to
        reason = str(error) or type(error).__name__
    what = f"{chunk.count} values of {chunk.key!r}" if chunk.kind == "key" else f"steps and times of {chunk.count} rows"
    warnings.warn(f"run {chunk.run_id}: {what} could not be read from the store ({reason})", stacklevel=2)
    return None
