"""What waits while the store is away: nothing is lost below the bound, and above it curves keep their shape."""

from __future__ import annotations

import _thread
import contextlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbsweep
from nbsweep import process
from nbsweep.backlog import Backlog
from nbsweep.errors import StoreError
from nbsweep.recorder import Recorder
from nbsweep.runs import Run
from nbsweep.store import History, RunRecord, RunTail, Session, Store, SweepRecord, read_history

pytestmark = pytest.mark.filterwarnings("ignore:.*training goes on")


class Outage:
    """A store that can be taken away."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reason: str | None = None
        self._write = store.write
        store.write = self.write  # type: ignore[method-assign]

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        if self.reason is not None:
            raise StoreError(self.reason)
        with self._write() as db:
            yield db


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7))
    recorder = Recorder(store, most_waiting_bytes=200_000)
    yield recorder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recorder.close()
    store.close()


@pytest.fixture
def outage(recorder: Recorder) -> Outage:
    return Outage(recorder.store)


def until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def begin(recorder: Recorder, run_id: str = "r1", number: int = 0) -> Run:
    record = RunRecord(run_id, "s1", number, f"run-{number}", "p", {})
    with recorder.store.write() as db:
        db.insert_run(record)
    run = Run(record)
    recorder.watch(run)
    return run


def history_of(recorder: Recorder, run_id: str = "r1") -> History:
    with recorder.store.read() as db:
        return read_history(db.chunks([run_id]))[run_id]


def try_to_write(recorder: Recorder) -> None:
    with contextlib.suppress(StoreError):
        recorder.flush(required=True)


def ended(run_id: str, state: str = "finished") -> Callable[[Session], None]:
    return lambda db: db.update_run(run_id, state=state, finished_at=5.0)


def test_what_is_logged_during_an_outage_is_written_by_itself_afterwards(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    run.log({"loss": 0.0})
    recorder.flush()
    outage.reason = "database or disk is full"
    for step in range(1, 3000):
        run.log({"loss": float(step)})
        run.print("stdout", f"{step}\n")
    run.config.update({"batch": 32})
    until(lambda: recorder.trouble is not None)
    outage.reason = None
    until(lambda: recorder.trouble is None)
    recorder.flush(required=True)
    assert history_of(recorder).columns["loss"].values.tolist() == [float(step) for step in range(3000)]
    with recorder.store.read() as db:
        assert "".join(text for _s, text in db.console("r1")) == "".join(f"{step}\n" for step in range(1, 3000))
        found = db.run("r1")
    assert found is not None and found.summary["loss"] == 2999.0 and found.config == {"batch": 32}


def test_an_outage_does_not_make_what_waits_grow_by_itself(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "database or disk is full"
    for step in range(500):
        run.log({"loss": float(step)})
        try_to_write(recorder)
    grown = recorder._backlog.bytes
    for _ in range(50):
        try_to_write(recorder)
    assert recorder._backlog.bytes == grown < 10_000


def test_the_trouble_says_what_is_wrong_what_waits_and_what_to_do(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "the store x could not be used: database or disk is full"
    for step in range(1234):
        run.log({"loss": float(step)})
    with pytest.warns(UserWarning, match="training goes on"):
        try_to_write(recorder)
    trouble = recorder.trouble
    assert trouble is not None and trouble.startswith("the store x could not be used: database or disk is full: ")
    assert "1,234 values" in trouble and "at most 0 MiB" in trouble and trouble.endswith("Free some space on its disk.")


@pytest.mark.parametrize(
    ("reason", "mend"),
    [
        ("attempt to write a readonly database", "writable"),
        ("database is locked", "look for one that hangs"),
        ("connection refused", "Look whether the server runs"),
        ("no space left on device", "Free some space"),
    ],
)
def test_the_mend_fits_the_trouble(recorder: Recorder, outage: Outage, reason: str, mend: str) -> None:
    begin(recorder).log({"loss": 1.0})
    outage.reason = reason
    try_to_write(recorder)
    assert recorder.trouble is not None and mend in recorder.trouble


def test_the_trouble_is_said_once_an_outage_and_again_at_the_next(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(2):
            outage.reason = "database or disk is full"
            for _ in range(5):
                run.log({"loss": 1.0})
                try_to_write(recorder)
            outage.reason = None
            recorder.flush(required=True)
    assert sum("training goes on" in str(each.message) for each in said) == 2


def test_listeners_hear_of_trouble_and_of_its_end(recorder: Recorder, outage: Outage) -> None:
    heard: list[bool] = []
    recorder.add_listener(lambda: heard.append(recorder.trouble is not None))
    run = begin(recorder)
    outage.reason = "database or disk is full"
    run.log({"loss": 1.0})
    until(lambda: True in heard)
    outage.reason = None
    until(lambda: heard[-1] is False)


def test_an_end_that_cannot_be_written_waits_with_the_last_values(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "database or disk is full"
    run.log({"loss": 0.5})
    run.close("finished")
    said = recorder.end(run, ended("r1"))
    assert said is not None and "waits in memory" in said
    assert recorder._runs == {}, "the run itself is kept no longer"
    with recorder.store.read() as db:
        found = db.run("r1")
    assert found is not None and found.state == "running"
    outage.reason = None
    until(lambda: recorder.trouble is None)
    with recorder.store.read() as db:
        found = db.run("r1")
    assert found is not None and (found.state, found.finished_at, found.summary) == ("finished", 5.0, {"loss": 0.5})
    assert history_of(recorder).columns["loss"].values.tolist() == [0.5]


def test_an_end_is_never_written_before_the_values_that_led_to_it(recorder: Recorder, outage: Outage) -> None:
    runs = [begin(recorder, f"r{number}", number) for number in range(5)]
    outage.reason = "database is locked"
    for run in runs:
        run.log({"loss": 1.0})
        run.close("finished")
        recorder.end(run, ended(run.id))
    seen: list[tuple[str, int]] = []

    def look() -> None:
        with recorder.store.read() as db:
            counts = db.points([run.id for run in runs])
            seen.extend((run.state, counts.get((run.id, "loss"), 0)) for run in db.runs("s1"))

    recorder.add_listener(look)
    outage.reason = None
    until(lambda: recorder.trouble is None and bool(seen))
    assert all(count == 1 for state, count in seen if state == "finished")
    assert seen[-1] == ("finished", 1)


def test_what_is_to_be_done_later_is_done_once(recorder: Recorder, outage: Outage) -> None:
    done: list[int] = []
    outage.reason = "database is locked"
    assert recorder.later(lambda db: done.append(1)) is not None
    outage.reason = None
    until(lambda: bool(done))
    recorder.flush(required=True)
    assert done == [1] and recorder.later(lambda db: done.append(2)) is None and done == [1, 2]


def test_a_run_that_somebody_removed_does_not_hold_up_the_others(recorder: Recorder) -> None:
    gone, stays = begin(recorder, "gone", 0), begin(recorder, "stays", 1)
    recorder.flush(required=True)
    with recorder.store.write() as db:
        db._connection.exec_driver_sql("DELETE FROM runs WHERE id = 'gone'")
    with pytest.warns(UserWarning, match="gone are no longer in the store"):  # noqa: PT031
        for step in range(100):
            gone.log({"loss": float(step)})
            stays.log({"loss": float(step)})
        try_to_write(recorder)
        until(lambda: recorder.trouble is None)
        recorder.flush(required=True)
    assert len(history_of(recorder, "stays").steps) == 100


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_who_waits_for_a_write_loses_nothing_doubles_nothing_and_keeps_nobody_waiting(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, interrupted = recorder.store.write, threading.Event()

    @contextlib.contextmanager
    def write() -> Iterator[Session]:
        with written() as db:
            yield db
        if not interrupted.is_set():  # it is kept, and not forgotten yet
            _thread.interrupt_main()
            interrupted.wait(20)

    run = begin(recorder)
    with pytest.raises(KeyboardInterrupt):
        monkeypatch.setattr(recorder.store, "write", write)
        run.log({"loss": 1.0})
        run.print("stdout", "a line\n")
        while True:
            recorder.flush(required=True)
    interrupted.set()
    run.log({"loss": 2.0})
    recorder.flush(required=True)
    with recorder.store.read() as db:
        assert db.console(run.id) == [("stdout", "a line\n")]
    assert list(history_of(recorder, run.id).columns["loss"].values) == [1.0, 2.0]


@pytest.mark.parametrize("kept", [True, False])
def test_what_a_run_prints_is_kept_once_although_the_answer_to_a_commit_is_lost(
    kept: bool, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, lost = recorder.store.write, list[bool]()

    @contextlib.contextmanager
    def write() -> Iterator[Session]:
        with contextlib.suppress(ZeroDivisionError), written() as db:
            yield db
            if not kept and len(lost) < 2:
                raise ZeroDivisionError
        if len(lost) < 2:
            lost.append(True)
            raise StoreError("server closed the connection unexpectedly")

    run = begin(recorder)
    monkeypatch.setattr(recorder.store, "write", write)
    for line in ("one", "two\0", "three", "four"):
        run.print("stdout", line)
        recorder.flush(required=len(lost) == 2)
        try_to_write(recorder)
    with recorder.store.read() as db:
        assert "".join(text for _stream, text in db.console(run.id)) == "onetwo\\x00threefour"


def test_an_end_waits_no_longer_for_a_store_that_is_known_to_be_away(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "database is locked"
    run.log({"loss": 1.0})
    try_to_write(recorder)
    run.close("finished")
    with recorder._writing:  # another try that hangs
        assert "locked" in (recorder.end(run, lambda db: None) or "")
    assert not recorder.watches(run)


def test_a_reader_does_not_wait_for_a_store_that_is_away(recorder: Recorder, outage: Outage) -> None:
    begin(recorder).log({"loss": 1.0})
    outage.reason = "database is locked"
    try_to_write(recorder)
    recorder._retry_at = time.monotonic() + 60
    with recorder._writing:  # and a write that hangs
        recorder.flush()


# -- beyond the bound ------------------------------------------------------------------------------------------------


def test_beyond_the_bound_history_is_thinned_evenly_and_that_is_counted(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "database or disk is full"
    noise = np.random.default_rng(0).random(60_000)
    for step, loss in enumerate(noise.tolist()):
        run.log({"loss": loss, "step2": 2 * step})
        if step % 500 == 0:
            try_to_write(recorder)
    try_to_write(recorder)
    left_out = recorder._backlog.left_out_values
    assert left_out > 0 and recorder.trouble is not None and f"{left_out:,} values" in recorder.trouble
    assert sum(len(c.values) for each in recorder._backlog._chunks.values() for c in each.values()) <= 200_000
    outage.reason = None
    recorder.flush(required=True)
    history = history_of(recorder)
    assert history.steps.tolist() == list(range(60_000)), "rows and their steps are all there"
    kept = {key: len(column.rows) for key, column in history.columns.items()}
    assert sum(kept.values()) + left_out == 120_000
    for column, true in (("loss", noise), ("step2", 2 * np.arange(60_000))):
        rows = history.columns[column].rows
        assert history.columns[column].values.tolist() == true[rows].tolist(), "what is kept is as it was, in its place"
        assert (np.diff(rows) > 0).all() and rows[0] == 0 and rows[-1] == 59_999
        assert np.diff(rows).max() <= 256, "no part of the curve is missing"


def test_console_text_beyond_its_share_loses_its_beginning(recorder: Recorder, outage: Outage) -> None:
    run = begin(recorder)
    outage.reason = "database or disk is full"
    for number in range(5000):
        run.print("stdout", f"line {number} " + "x" * 50 + "\n")
        if number % 100 == 0:
            try_to_write(recorder)
    outage.reason = None
    recorder.flush(required=True)
    with recorder.store.read() as db:
        text = "".join(text for _stream, text in db.console("r1"))
    assert text.endswith("line 4999 " + "x" * 50 + "\n") and len(text) <= 60_000
    assert recorder._backlog.left_out_characters > 0


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_readers_count_values_alike_however_often_a_store_was_away(data: st.DataObject) -> None:
    """Chunks that are written one after another fit together: each says how many values come before it."""
    backlog, tail = Backlog(most_bytes=data.draw(st.integers(3_000, 60_000))), RunTail("r")
    store: dict[tuple[str, int], Any] = {}
    logged = left_out = 0
    for _ in range(data.draw(st.integers(1, 8))):
        for _ in range(data.draw(st.integers(1, 3000))):
            tail.append(logged, float(logged), {"loss": logged / 7})
            logged += 1
        backlog.add("r", tail.take_chunks(), {}, [])
        backlog.keep_to_bound()
        if data.draw(st.booleans()):
            for chunks in backlog._chunks.values():
                store.update({((chunk.kind), chunk.seq): chunk for chunk in chunks.values()})
            backlog.forget()
            if data.draw(st.booleans()):  # another process goes on with the run
                left_out += backlog.left_out_values
                backlog = Backlog(backlog.most_bytes)
                tail, _step = RunTail.after("r", [chunk for _place, chunk in sorted(store.items())])
    for chunks in backlog._chunks.values():
        store.update({((chunk.kind), chunk.seq): chunk for chunk in chunks.values()})
    for kind in ("row", "key"):
        expected = 0
        for _seq, chunk in sorted((seq, chunk) for (of, seq), chunk in store.items() if of == kind):
            assert chunk.first == expected
            expected += chunk.count
    history = read_history([chunk for _place, chunk in sorted(store.items(), key=lambda item: item[0])])["r"]
    column = history.columns["loss"]
    assert len(history.steps) == logged and column.values.tolist() == (column.rows / 7).tolist()
    assert len(column.rows) + left_out + backlog.left_out_values == logged


def test_agents_go_on_through_an_outage_and_their_sweep_ends_well(tmp_store: str) -> None:
    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"a": {"values": [1, 2]}}}
    sweep_id = nbsweep.sweep(config)
    recorder = process.recorder()
    outage = Outage(recorder.store)

    def train(run: Any) -> None:
        for step in range(50):
            run.log({"loss": float(step)})
            if step == 20 and run.number == 1:
                outage.reason = "database or disk is full"

    agent = nbsweep.agent(sweep_id, train, block=False)
    until(lambda: recorder.trouble is not None and not agent._lives)
    assert not agent.done, "it waits for the store to ask for the next run"
    outage.reason = None
    assert agent.wait(60)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished", "finished"] and sweep.state == "finished"
    assert all(len(sweep.history(run.id)) == 50 for run in sweep.runs)
