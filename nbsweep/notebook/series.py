"""Series for the page: what was logged of the keys that are drawn, never more points than a screen can show.

In: the store, run ids, keys, and what a page or all of them hold already. Out: `Series`, float64 arrays with cursors.
The store keeps every point; of a stretch too fine to be drawn the least and the greatest are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.store import Chunk, Session, first_values, read_history
from nbsweep.store.chunks import CHUNK_VALUES
from nbsweep.store.peaks import Peaks, read_peaks
from nbsweep.thinning import extremes

__all__ = ["WHOLE_POINTS", "Series", "SeriesReader"]

WHOLE_POINTS = 1000  # of a whole series: two a pixel of a wide chart

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Points of one key of one run: arrays of one shape (n,).

    Attributes
    ----------
    start, total : int
        Where the first point stands in the whole series, and how long that is by now: the next cursor.
    steps, times, values : array
        Times are seconds since the epoch.
    reduced : bool
        Whether points were left out.
    """

    run_id: str
    key: str
    start: int
    total: int
    steps: Floats
    times: Floats
    values: Floats
    reduced: bool = False

    def reduce(self, points: int) -> Series:
        """As it would be drawn in a whole series of about `points` points: of each stretch the least, the greatest
        and, so that the end is where it is, the last."""
        return self._with_extremes(2 * self.total // points)

    def thin(self, points: int) -> Series:
        """About `points` of the points that are here, chosen as `reduce` chooses."""
        return self._with_extremes(2 * len(self.values) // points)

    def _with_extremes(self, stretch: int) -> Series:
        if stretch <= 2 or len(self.values) <= 2:
            return self
        kept = extremes(self.values, stretch)
        return Series(
            self.run_id, self.key, self.start, self.total, self.steps[kept], self.times[kept], self.values[kept], True
        )

    def message(self, buffers: list[bytes]) -> dict[str, Any]:
        """Its words for the page; the arrays are added to `buffers`."""
        at = len(buffers)
        buffers += [self.steps.tobytes(), self.times.tobytes(), self.values.tobytes()]
        return {
            "run": self.run_id,
            "key": self.key,
            "start": self.start,
            "total": self.total,
            "reduced": self.reduced,
            "steps": at,
            "times": at + 1,
            "values": at + 2,
        }


class SeriesReader:
    """Reads series for all pages of one dashboard; remembers what was sent to every page. Not thread-safe."""

    def __init__(self) -> None:
        self.keys: set[str] = set()  # what any page draws
        self._known: dict[tuple[str, str], int] = {}  # (run, key): points sent to every page

    def fresh(self, db: Session, run_ids: list[str]) -> list[Series]:
        """What these runs have logged since the last time, for every page."""
        changed = set(run_ids)
        known = {pair: count for pair, count in self._known.items() if pair[0] in changed}
        chunks = [each for key in sorted(self.keys) for each in db.chunks(run_ids, kind="key", key=key, since=known)]
        series = _series(db, chunks, known)
        self._remember(series)
        return [each.reduce(WHOLE_POINTS) for each in series]

    def whole(
        self, db: Session, run_ids: list[str], keys: Iterable[str], cursors: Mapping[str, Mapping[str, int]]
    ) -> list[Series]:
        """All that a page with these cursors lacks of these keys, which from now on are sent to every page."""
        held = {(run, key): count for run, counts in cursors.items() for key, count in counts.items() if count > 0}
        far = {pair: found for key in keys for pair, found in _far(db, run_ids, key, held).items()}
        since = {**held, **{pair: each.covered for pair, each in far.items()}}
        chunks = [each for key in sorted(keys) for each in db.chunks(run_ids, kind="key", key=key, since=since)]
        series = _series(db, chunks, since)
        # What every page knows grows only by what every page is sent. Of a new key that is nothing yet, and pages that
        # do not draw it need not be told what the one that does is told here.
        self._remember([each for each in series if each.key not in self.keys])
        self.keys.update(keys)
        return [
            far[pair].then(each) if (pair := (each.run_id, each.key)) in far else each.reduce(WHOLE_POINTS)
            for each in series
        ]

    def between(self, db: Session, run_ids: list[str], key: str, first: float, last: float) -> list[Series]:
        """One key from step `first` to step `last`, as finely as it can be drawn."""
        found = _series(db, db.chunks(run_ids, kind="key", key=key), {})
        inside = []
        for each in found:
            chosen = np.flatnonzero((each.steps >= first) & (each.steps <= last))
            part = Series(each.run_id, key, 0, len(chosen), each.steps[chosen], each.times[chosen], each.values[chosen])
            inside.append(part.reduce(WHOLE_POINTS))
        return inside

    def _remember(self, series: Iterable[Series]) -> None:
        for each in series:
            self._known[each.run_id, each.key] = each.total


@dataclass(frozen=True)
class _Far:
    """The beginning of a series so long that a stretch of it is whole chunks: `covered` values, by their peaks."""

    peaks: Peaks
    covered: int

    def then(self, rest: Series) -> Series:
        """The whole series, as it is drawn, with what comes after the beginning."""
        chunks = -(-2 * rest.total // (WHOLE_POINTS * CHUNK_VALUES))
        kept, end = extremes(self.peaks.values, 2 * chunks), extremes(rest.values, chunks * CHUNK_VALUES)
        return Series(
            rest.run_id,
            rest.key,
            0,
            rest.total,
            np.concatenate([self.peaks.steps[kept], rest.steps[end]]),
            np.concatenate([self.peaks.times[kept], rest.times[end]]),
            np.concatenate([self.peaks.values[kept], rest.values[end]]),
            True,
        )


def _far(db: Session, run_ids: list[str], key: str, held: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], _Far]:
    """Of which runs' series of a key the beginning can be drawn without reading it; no page holds any of those."""
    by_run: dict[str, list[Chunk]] = {}
    for chunk in db.chunks([run for run in run_ids if (run, key) not in held], kind="peak", key=key):
        by_run.setdefault(chunk.run_id, []).append(chunk)
    found = {}
    for run_id, chunks in by_run.items():
        peaks = read_peaks(chunks)
        # A stretch is a chunk or more from here on; the last chunk is read in any case, so that the end is where it is.
        if peaks is None or 2 * (peaks.chunks - 1) < WHOLE_POINTS:
            continue
        peaks = peaks.but_the_last()
        covered = db.values_before(run_id, key, peaks.chunks)
        if covered is not None:
            found[run_id, key] = _Far(peaks, covered)
    return found


@dataclass(frozen=True)
class _Fresh:
    """Numbers of one key that are wanted: `rows[i]` is the log call of `values[i]`."""

    run_id: str
    key: str
    start: int
    rows: npt.NDArray[np.int64]
    values: Floats


def _series(db: Session, chunks: list[Chunk], known: Mapping[tuple[str, str], int]) -> list[Series]:
    """The points after `known` in these chunks of keys, with the steps and times of their log calls."""
    fresh = list(_fresh(chunks, known))
    first_row: dict[str, int] = {}
    for each in fresh:
        first_row[each.run_id] = min(int(each.rows[0]), first_row.get(each.run_id, int(each.rows[0])))
    row_chunks = db.chunks(first_row, kind="row", since={(run, ""): row for run, row in first_row.items()})
    before = first_values(row_chunks)
    calls = read_history(row_chunks)
    series = []
    for each in fresh:
        at, history = each.rows - before[each.run_id, ""], calls[each.run_id]
        total = each.start + len(each.rows)
        steps, times = history.steps[at].astype("<f8"), history.times[at].astype("<f8")
        series.append(Series(each.run_id, each.key, each.start, total, steps, times, each.values))
    return series


def _fresh(chunks: list[Chunk], known: Mapping[tuple[str, str], int]) -> Iterable[_Fresh]:
    before = first_values(chunks)
    for run_id, history in read_history(chunks).items():
        for key, column in history.columns.items():
            first = before[run_id, key]
            skip = max(known.get((run_id, key), 0) - first, 0)
            if column.numeric and skip < len(column.rows):
                values = np.asarray(column.values[skip:], dtype="<f8")
                yield _Fresh(run_id, key, first + skip, column.rows[skip:], values)
