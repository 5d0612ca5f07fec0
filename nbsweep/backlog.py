"""What waits to be written to the store, and what becomes of it when it waits for long.

The recorder puts in chunks of history, console text, changes of runs and their ends; one transaction writes it all, and
only then is it forgotten. While the store cannot be written the backlog grows up to a stated bound. Beyond it history
is thinned: of the points that nobody has seen yet every second one is left out, everywhere alike, so that curves keep
their shape; then the oldest console text goes. What was left out is counted and said.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from nbsweep.errors import UsageError
from nbsweep.store import Chunk, Session
from nbsweep.store.chunks import CHUNK_VALUES, thinned
from nbsweep.store.rows import plain

__all__ = ["MOST_WAITING_BYTES", "Backlog"]

MOST_WAITING_BYTES = 256 * 2**20
CONSOLE_SHARE = 4  # a quarter of the bound is for what runs print
CHUNK_OVERHEAD_BYTES = 250  # the objects around a chunk's data

_Column = tuple[str, str, str]  # run, kind, key


class Backlog:
    """What is to be written. Not thread-safe: its owner is the recorder.

    Parameters
    ----------
    most_bytes : int
        The bound. Rows' numbers and times are not thinned (some five bytes a call of `log`), nor is the chunk of each
        column that still grows.
    """

    def __init__(self, most_bytes: int = MOST_WAITING_BYTES) -> None:
        self.most_bytes = most_bytes
        self.left_out_values = 0
        self.left_out_characters = 0
        self._chunks: dict[_Column, dict[int, Chunk]] = {}
        self._firsts: dict[_Column, dict[int, int]] = {}  # how many values were logged before each of them
        self._written: dict[_Column, int] = {}  # the newest chunk of each column that readers may have seen
        self._dropped: dict[_Column, dict[int, int]] = {}  # how many values were left out of chunks that wait
        self._shifts: dict[_Column, int] = {}  # and of chunks that were written since
        self._chunk_bytes = 0
        self._consoles: dict[str, list[tuple[str, str]]] = {}
        self._console_bytes = 0
        # By run: where its first pieces were put, and how many, by a write that may have failed.
        self._tried: dict[str, tuple[int, int]] = {}
        self._updates: dict[str, dict[str, Any]] = {}
        self._actions: dict[str, Callable[[Session], None]] = {}
        self._ends: dict[str, dict[str, Any]] = {}

    # -- what goes in --------------------------------------------------------------------------------------------

    def add(self, run_id: str, chunks: Iterable[Chunk], update: dict[str, Any], console: list[tuple[str, str]]) -> None:
        """Add what is new of a run; chunks take the place of their earlier states."""
        chunks = list(chunks)
        for chunk in chunks:
            self._put(chunk)
        if chunks or update:
            self._updates.setdefault(run_id, {}).update(update)
        if console:
            self._consoles.setdefault(run_id, []).extend(console)
            self._console_bytes += sum(len(text) for _stream, text in console)

    def add_action(self, key: str, action: Callable[[Session], None]) -> None:
        """Something to do in the transaction that writes all that was added before it. The key of an end is the run."""
        self._actions[key] = action

    def add_end(self, run_id: str, values: dict[str, Any]) -> None:
        """Columns of a run that ends, its `agent_id` among them; written with all others' ends."""
        self._ends[run_id] = values

    # -- what is there -------------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        return not (self._chunks or self._consoles or self._updates or self._actions or self._ends)

    @property
    def changes(self) -> bool:
        """Whether readers will see something new when it is written."""
        return bool(self._consoles or self._updates or self._actions or self._ends)

    @property
    def bytes(self) -> int:
        return self._chunk_bytes + self._console_bytes

    @property
    def values(self) -> int:
        """How many logged values wait, counting those of growing chunks that were partly written before."""
        return sum(c.count for chunks in self._chunks.values() for c in chunks.values() if c.kind == "key")

    # -- what goes out -------------------------------------------------------------------------------------------

    def write(self, db: Session) -> None:
        """Write everything, in the caller's transaction. Once that is kept, call `forget`."""
        db.put_chunks(chunk for chunks in self._chunks.values() for chunk in chunks.values())
        for run_id in list(self._consoles):
            self._write_console(db, run_id)
        for run_id, update in self._updates.items():
            if "name" in update:
                update["name"] = db.free_run_name(run_id, update["name"])
                db.update_run(run_id, name=update["name"])  # at once: the next may want the same
        if self._updates:
            db.update_runs(self._updates)
        if self._ends:
            db.update_runs(self._ends, ending=True)
        for action in self._actions.values():
            with contextlib.suppress(UsageError):  # its sweep is no longer there: nobody misses it
                action(db)

    def forget(self) -> None:
        """All of it is kept."""
        for column, chunks in self._chunks.items():
            self._written[column] = max(chunks)
        for column, dropped in self._dropped.items():
            self._shifts[column] = self._shifts.get(column, 0) + sum(dropped.values())
        ended = self._actions.keys() | self._ends.keys()  # nothing about them needs to be known any more
        for column in [column for column in self._written if column[0] in ended] if ended else ():
            self._written.pop(column)
            self._shifts.pop(column, None)
        self._dropped, self._firsts, self._tried = {}, {}, {}
        self._chunks, self._consoles, self._updates, self._actions, self._ends = {}, {}, {}, {}, {}
        self._chunk_bytes = self._console_bytes = 0

    def drop_runs(self, run_ids: Iterable[str]) -> int:
        """Leave out all that belongs to these runs, which the store does not have; returns how many values."""
        gone, count = set(run_ids), 0
        for column in [column for column in self._chunks if column[0] in gone]:
            self._dropped.pop(column, None)
            self._firsts.pop(column, None)
            for chunk in self._chunks.pop(column).values():
                self._chunk_bytes -= _size(chunk)
                count += chunk.count if chunk.kind == "key" else 0
        for run_id in gone:
            self._console_bytes -= sum(len(text) for _stream, text in self._consoles.pop(run_id, []))
            self._tried.pop(run_id, None)
            self._updates.pop(run_id, None)
            self._ends.pop(run_id, None)
        return count

    @property
    def run_ids(self) -> set[str]:
        """The runs that have something here."""
        return {column[0] for column in self._chunks} | set(self._consoles) | set(self._updates) | set(self._ends)

    def keep_to_bound(self) -> None:
        """Leave out what must be left out for the bound to hold."""
        while self._console_bytes > self.most_bytes // CONSOLE_SHARE and self._drop_console():
            pass
        while self.bytes > self.most_bytes and self._thin():
            pass

    # -- private -------------------------------------------------------------------------------------------------

    def _write_console(self, db: Session, run_id: str) -> None:
        """A run's text; without what an earlier write kept, if only the answer to its commit was lost."""
        start, count = self._tried.get(run_id, (0, 0))
        pieces = self._consoles[run_id]
        first = [(stream, plain(text)) for stream, text in pieces[:count]]
        if first and first == db.console(run_id, start)[:count]:
            self._console_bytes -= sum(len(text) for _stream, text in pieces[:count])
            pieces = self._consoles[run_id] = pieces[count:]
        self._tried[run_id] = db.append_console(run_id, pieces), len(pieces)

    def _put(self, chunk: Chunk) -> None:
        column = _column(chunk)
        self._firsts.setdefault(column, {})[chunk.seq] = chunk.first
        chunk = replace(chunk, first=self._first(column, chunk.seq))
        chunks = self._chunks.setdefault(column, {})
        if chunk.seq in chunks:
            self._chunk_bytes -= _size(chunks[chunk.seq])
        chunks[chunk.seq] = chunk
        self._chunk_bytes += _size(chunk)

    def _first(self, column: _Column, seq: int) -> int:
        """How many values of a column readers will find before a chunk: those logged, without those left out."""
        waiting = sum(count for before, count in self._dropped.get(column, {}).items() if before < seq)
        return self._firsts[column][seq] - self._shifts.get(column, 0) - waiting

    def _thin(self) -> bool:
        """Leave out every second value where most of them are left; False when nothing is left to thin."""
        can = {column: self._thinnable(column) for column in self._chunks if column[1] == "key"}
        most = max((chunk.count for chunks in can.values() for chunk in chunks), default=1)
        if most == 1:
            return False
        for column, chunks in can.items():
            for chunk in chunks:
                if chunk.count == most:
                    self._replace(column, thinned(chunk))
            for seq, chunk in self._chunks[column].items():
                self._chunks[column][seq] = replace(chunk, first=self._first(column, seq))
            if self.bytes <= self.most_bytes * 3 // 4:  # not to be back at once
                break
        return True

    def _thinnable(self, column: _Column) -> list[Chunk]:
        """The chunks that nobody has seen and that grow no more."""
        chunks, written, dropped = self._chunks[column], self._written.get(column, -1), self._dropped.get(column, {})
        newest = max(chunks)
        return [
            chunk
            for seq, chunk in chunks.items()
            if seq > written and (seq < newest or seq in dropped or chunk.count >= CHUNK_VALUES)
        ]

    def _replace(self, column: _Column, smaller: Chunk) -> None:
        chunk = self._chunks[column][smaller.seq]
        dropped = self._dropped.setdefault(column, {})
        dropped[chunk.seq] = dropped.get(chunk.seq, 0) + chunk.count - smaller.count
        self.left_out_values += chunk.count - smaller.count
        self._chunk_bytes += _size(smaller) - _size(chunk)
        self._chunks[column][chunk.seq] = smaller

    def _drop_console(self) -> bool:
        run_id = max(self._consoles, key=lambda each: sum(len(text) for _stream, text in self._consoles[each]))
        pieces = self._consoles[run_id]
        half = len(pieces) // 2
        dropped = pieces[:half] or [(stream, text[: len(text) // 2]) for stream, text in pieces]
        kept = pieces[half:] if half else [(stream, text[len(text) // 2 :]) for stream, text in pieces]
        count = sum(len(text) for _stream, text in dropped)
        self._consoles[run_id] = kept
        self._tried.pop(run_id, None)
        self._console_bytes -= count
        self.left_out_characters += count
        return count > 0


def _column(chunk: Chunk) -> _Column:
    return chunk.run_id, chunk.kind, chunk.key


def _size(chunk: Chunk) -> int:
    return len(chunk.index) + len(chunk.values) + len(chunk.key) + CHUNK_OVERHEAD_BYTES
