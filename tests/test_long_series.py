"""Series too long to be drawn point by point: what is sent is exact, and costs no reading of all their points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbsweep.notebook.series import WHOLE_POINTS, Series, SeriesReader
from nbsweep.store import RunRecord, RunTail, Store, read_history
from nbsweep.store.chunks import CHUNK_VALUES
from nbsweep.store.columns import decode
from nbsweep.store.packing import Packed

POINTS = 700_123


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    with store.write() as db:
        db.insert_run(RunRecord("r", None, 0, "calm-hare-1", "p", {}))
    return store


def packed(values: np.typing.NDArray[Any], first: int = 0, every: int = 1) -> Packed:
    """Log calls of steps that are not their numbers; `loss` is logged by each `every`-th."""
    rows = np.arange(0, len(values) * every, every)
    calls = np.arange(len(values) * every) + first
    return Packed(calls * 3 + 7, 1_700_000_000_000_000 + calls * 1_000, {"loss": (rows, values)})


def keep(store: Store, tail: RunTail) -> None:
    with store.write() as db:
        db.put_chunks(tail.take_chunks())


def drawn(store: Store, cursors: dict[str, dict[str, int]] | None = None) -> Series:
    with store.read() as db:
        (series,) = SeriesReader().whole(db, ["r"], ["loss"], cursors or {})
    return series


def losses() -> np.typing.NDArray[np.float64]:
    values = np.random.default_rng(0).normal(size=POINTS)
    values[123_456], values[500_001] = 99.0, -99.0
    values[300_000:310_000] = np.nan
    values[400_000] = np.inf
    return values


@pytest.mark.parametrize("every", [1, 3])
def test_each_stretch_of_whole_chunks_keeps_its_least_and_its_greatest_and_gaps_stay_gaps(
    store: Store, every: int
) -> None:
    values, tail = losses(), RunTail("r")
    for part in np.array_split(np.arange(POINTS), 37):  # as the recorder brings them: not by chunks
        tail.extend(packed(values[part], int(part[0]) * every, every))
        keep(store, tail)
    series = drawn(store)
    assert series.total == POINTS and series.start == 0 and series.reduced
    assert len(series.values) <= WHOLE_POINTS + 2
    numbers = np.round((series.steps - 7) / 3 / every).astype(int)
    assert (np.diff(numbers) >= 0).all() and numbers[-1] == POINTS - 1
    assert np.array_equal(series.values, values[numbers], equal_nan=True), "each point is one that was logged"
    assert np.allclose(series.times, 1_700_000_000 + numbers * every / 1e3, atol=1e-6, rtol=0)
    stretch = 2 * CHUNK_VALUES
    for start in range(0, POINTS, stretch):
        finite = values[start : start + stretch][np.isfinite(values[start : start + stretch])]
        here = series.values[(numbers >= start) & (numbers < start + stretch)]
        if len(finite):
            assert {finite.min(), finite.max()} <= set(here.tolist())
        else:
            assert np.isnan(here).all() and len(here)


def test_a_long_series_is_drawn_without_reading_its_points(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tail = RunTail("r")
    tail.extend(packed(losses()))
    keep(store, tail)
    decoded: list[bytes] = []

    def counted(data: bytes) -> Any:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr("nbsweep.store.chunks.decode", counted)
    drawn(store)
    assert 0 < len(decoded) <= 12, "it was two for each of 684 chunks, and as many for their steps and times"


def test_what_a_page_holds_is_not_sent_again(store: Store) -> None:
    values, tail = losses(), RunTail("r")
    tail.extend(packed(values))
    keep(store, tail)
    series = drawn(store, {"r": {"loss": POINTS - 100}})
    new = values[-100:]
    assert series.start == POINTS - 100 and series.values.tolist() == [new.max(), new.min(), new[-1]]


def test_a_run_that_another_process_goes_on_with_is_drawn_whole(store: Store) -> None:
    values, tail = losses(), RunTail("r")
    tail.extend(packed(values[:600_100]))
    keep(store, tail)
    with store.read() as db:
        more, _step = RunTail.after("r", db.chunks(["r"]))
    more.extend(packed(values[600_100:], 600_100))
    keep(store, more)
    series = drawn(store)
    assert series.total == POINTS and series.values[-1] == values[-1]
    assert {99.0, -99.0} <= set(series.values.tolist())
    with store.read() as db:
        assert np.array_equal(read_history(db.chunks(["r"]))["r"].columns["loss"].values, values, equal_nan=True)


def test_where_a_piece_of_what_was_kept_is_missing_the_points_are_read(store: Store) -> None:
    values, tail = losses(), RunTail("r")
    tail.extend(packed(values))
    with store.write() as db:
        db.put_chunks([chunk for chunk in tail.take_chunks() if (chunk.kind, chunk.seq) != ("peak", 1)])
    series = drawn(store)
    assert series.total == POINTS and {99.0, -99.0} <= set(series.values.tolist())
    assert series.values[-1] == values[-1]


def test_numbers_that_become_words_are_not_drawn_as_before(store: Store) -> None:
    tail = RunTail("r")
    tail.extend(packed(losses()))
    tail.append(10**7, 1_800_000_000.0, {"loss": "diverged"})
    keep(store, tail)
    with store.read() as db:
        assert SeriesReader().whole(db, ["r"], ["loss"], {}) == []


def test_the_copy_costs_less_than_a_tenth_of_a_byte_a_point() -> None:
    tail = RunTail("r")
    tail.extend(packed(np.random.default_rng(0).normal(size=POINTS)))
    kept = [chunk for chunk in tail.take_chunks() if chunk.kind == "peak"]
    assert 0 < sum(len(chunk.index) + len(chunk.values) for chunk in kept) < POINTS / 10
