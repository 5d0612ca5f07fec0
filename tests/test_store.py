"""The store: what is written comes back the same, from any process, and from nothing newer than this version."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsweep.errors import StoreError, StoreVersionError
from nbsweep.store import RunRecord, RunTail, Store, SweepRecord, read_history, schema
from nbsweep.store.columns import decode, encode, kind_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7, created_at=1.0))
        db.insert_run(RunRecord("r1", "s1", 0, "calm-hare-1", "p", {"lr": 0.1, "layers": [1, 2]}, created_at=1.0))
    return store


def test_a_sweep_and_a_run_come_back_as_they_were_put_in(store: Store) -> None:
    with store.read() as db:
        sweep, run = db.sweep("s1"), db.run("r1")
    assert sweep is not None and sweep.config == {"method": "random"} and sweep.seed == 7
    assert run is not None and run.config == {"lr": 0.1, "layers": [1, 2]} and run.state == "running"


def test_a_change_of_a_run_raises_the_revision_that_readers_ask_from(store: Store) -> None:
    with store.read() as db:
        before = db.sweep("s1")
    assert before is not None
    with store.write() as db:
        db.update_run("r1", state="finished", summary={"loss": 0.5})
    with store.read() as db:
        changed = db.runs("s1", since_revision=before.revision)
        after = db.sweep("s1")
    assert [run.id for run in changed] == ["r1"] and after is not None and after.revision > before.revision
    with store.read() as db:
        assert db.runs("s1", since_revision=after.revision) == []


def test_a_transaction_that_fails_keeps_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as db:
        db.update_run("r1", state="failed")
        raise RuntimeError
    with store.read() as db:
        run = db.run("r1")
    assert run is not None and run.state == "running"


def test_history_survives_many_flushes_and_keeps_steps_times_and_gaps(store: Store) -> None:
    tail = RunTail("r1")
    for row in range(2500):
        data: dict[str, object] = {"loss": 1 / (row + 1)}
        if row % 100 == 0:
            data["epoch"] = row // 100
        tail.append(2 * row, 1000.0 + row / 8, data)
        if row % 37 == 0:
            with store.write() as db:
                db.put_chunks(tail.take_chunks())
    with store.write() as db:
        db.put_chunks(tail.take_chunks())
    with store.read() as db:
        history = read_history(db.chunks(["r1"]))["r1"]
    assert history.steps.tolist() == list(range(0, 5000, 2))
    assert np.allclose(history.times, 1000.0 + np.arange(2500) / 8, atol=1e-6)
    assert history.columns["loss"].values.tolist() == [1 / (row + 1) for row in range(2500)]
    assert history.columns["epoch"].rows.tolist() == list(range(0, 2500, 100))
    assert history.columns["epoch"].values.tolist() == list(range(25))


def test_a_reader_with_a_cursor_gets_only_the_chunks_it_lacks(store: Store) -> None:
    tail = RunTail("r1")
    for row in range(3000):
        tail.append(row, float(row), {"loss": float(row)})
    with store.write() as db:
        db.put_chunks(tail.take_chunks())
    with store.read() as db:
        chunks = db.chunks(["r1"], kind="key", since={("r1", "loss"): 2048})
    assert [chunk.first for chunk in chunks] == [2048]
    assert chunks[0].count == 3000 - 2048


@pytest.mark.parametrize("key", ["", "loss", "a/b.c", "<img src=x>", "'; DROP TABLE runs; --", "Δ损失 🙂", "x" * 300])
def test_any_name_is_a_key(store: Store, key: str) -> None:
    tail = RunTail("r1")
    tail.append(0, 1.0, {key: 0.5})
    with store.write() as db:
        db.put_chunks(tail.take_chunks())
    with store.read() as db:
        assert read_history(db.chunks(["r1"]))["r1"].columns[key].values.tolist() == [0.5]


def test_a_float32_loss_takes_four_bytes_and_nothing_is_rounded() -> None:
    values = np.random.default_rng(0).random(1000, dtype="f4").astype("f8")
    assert len(encode(values, "float")) <= 4 * 1000 + 8
    assert decode(encode(values, "float")).tolist() == values.tolist()


@given(st.lists(st.floats(width=64), max_size=50))
def test_floats_come_back_bit_for_bit(values: list[float]) -> None:
    back = decode(encode(values, "float"))
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(values, back, strict=True))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_ints_come_back_exactly(values: list[int]) -> None:
    assert decode(encode(values, "int")).tolist() == values


@given(st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.text()), min_size=1, max_size=30))
def test_a_column_of_mixed_values_is_readable(values: list[object]) -> None:
    tail = RunTail("r")
    for row, value in enumerate(values):
        tail.append(row, float(row), {"k": value})
    column = read_history(tail.take_chunks())["r"].columns["k"]
    got = list(column.values)
    assert len(got) == len(values)
    for a, b in zip(got, values, strict=True):
        assert a == b or (a != a and b != b) or (kind_of(b) == "int" and float(a) == float(b))  # type: ignore[arg-type]


def test_a_database_of_a_newer_nbsweep_is_refused_with_the_mend(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    store = Store(url)
    with store.write() as db:
        db.set_schema_version(schema.SCHEMA_VERSION + 1)
    store.close()
    with pytest.raises(StoreVersionError, match=r"newer nbsweep.*pip install -U nbsweep"):
        Store(url)


def test_a_file_that_is_no_database_is_refused_without_being_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"cannot be opened|cannot open"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == b"not a database at all" * 100


def test_two_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    code = f"from nbsweep.store import Store; Store('sqlite:///{tmp_path}/new.db')"
    children = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]


def test_a_reader_may_hold_cursors_for_thousands_of_columns(store: Store) -> None:
    tail = RunTail("r1")
    for row in range(1100):
        tail.append(row, float(row), {"loss": float(row)})
    with store.write() as db:
        db.put_chunks(tail.take_chunks())
    cursors = {(f"run{i}", "loss"): 5 for i in range(3000)} | {("r1", "loss"): 1024}
    with store.read() as db:
        assert [chunk.first for chunk in db.chunks(["r1"], kind="key", since=cursors)] == [1024]
