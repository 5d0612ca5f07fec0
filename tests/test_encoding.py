"""Pictures are made beside the recorder: numbers do not wait for them, and whatever ends does."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import encoding
from nbsweep.media import Media
from nbsweep.recorder import Recorder
from nbsweep.runs import Run
from nbsweep.store import History, RunRecord, RunTail, Session, Store, read_history
from nbsweep.store.media import Kept, MediaFiles, file_name

WAIT_S = 30.0


class Slow(Media):
    """An image whose encoding begins, and goes on when it is let."""

    weight = 1000

    def __init__(self, name: str = "slow", error: Exception | None = None) -> None:
        self.name, self.error = name, error
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.thread = ""

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        self.thread = threading.current_thread().name
        self.begun.set()
        assert self.go_on.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        data = self.name.encode()
        name = file_name(sweep_id, run_id, data, "png")
        return Kept({"kind": "image", "text": self.name, "file": name}), {name: data}


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path}/a.db")
    store = Store(f"sqlite:///{tmp_path}/a.db")
    recorder = Recorder(store)
    yield recorder
    recorder.close()
    store.close()


def begin(recorder: Recorder, run_id: str = "r1", tail: RunTail | None = None) -> Run:
    record = RunRecord(run_id, None, 0, f"run-{run_id}", "p", {})
    with recorder.store.write() as db:
        if db.run(run_id) is None:
            db.insert_run(record)
    run = Run(record)
    recorder.watch(run, tail)
    return run


def history_of(recorder: Recorder, run_id: str = "r1") -> History:
    with recorder.store.read() as db:
        return read_history(db.chunks([run_id]))[run_id]


def state_of(recorder: Recorder, run_id: str = "r1") -> str:
    with recorder.store.read() as db:
        found = db.run(run_id)
    assert found is not None
    return found.state


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def finished(db: Session) -> None:
    db.update_run("r1", state="finished", finished_at=5.0)


def on_a_thread(action: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def joined(thread: threading.Thread) -> None:
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_numbers_of_all_runs_are_written_while_a_picture_is_made(recorder: Recorder) -> None:
    run, other, slow = begin(recorder), begin(recorder, "r2"), Slow()
    run.log({"loss": 1.0, "picture": slow})
    assert slow.begun.wait(WAIT_S)
    run.log({"loss": 2.0})
    other.log({"loss": 3.0})
    recorder.flush()
    history = history_of(recorder)
    assert history.columns["loss"].values.tolist() == [1.0, 2.0] and history.steps.tolist() == [0, 1]
    assert "picture" not in history.columns, "no row names a file that is not there"
    assert history_of(recorder, "r2").columns["loss"].values.tolist() == [3.0]
    slow.go_on.set()
    until(lambda: "picture" in history_of(recorder).columns)
    column = history_of(recorder).columns["picture"]
    assert column.rows.tolist() == [0] and column.values[0].read() == b"slow"
    assert slow.thread == "nbsweep-media"


def test_a_keys_values_keep_their_order_and_their_calls(recorder: Recorder) -> None:
    run, slow = begin(recorder), [Slow(str(n)) for n in range(3)]
    slow[1].go_on.set()
    slow[2].go_on.set()
    run.log({"x": slow[0], "y": slow[2]})
    assert slow[0].begun.wait(WAIT_S)
    run.log({"loss": 1.0})
    run.log({"x": "a word"})
    recorder.flush()
    run.log({"x": slow[1]})
    recorder.flush()
    slow[0].go_on.set()
    recorder.flush(required=True)
    column = history_of(recorder).columns["x"]
    assert column.rows.tolist() == [0, 2, 3] and list(column.values) == ["0", "a word", "1"]
    assert run.summary["x"] == "1" and run.summary["y"] == "2"


def test_a_resumed_run_counts_its_calls_on(recorder: Recorder) -> None:
    run, slow = begin(recorder), Slow()
    run.log({"loss": 0.0})
    run.log({"loss": 1.0})
    recorder.end(run, lambda db: None)
    with recorder.store.read() as db:
        tail, step = RunTail.after("r1", db.chunks(["r1"]))
    run = begin(recorder, tail=tail)
    run.go_on_from(step)
    slow.go_on.set()
    run.log({"loss": 2.0, "picture": slow})
    recorder.flush(required=True)
    history = history_of(recorder)
    assert history.columns["picture"].rows.tolist() == [2] and history.steps.tolist() == [0, 1, 2]


def test_the_end_of_a_run_waits_for_its_pictures_and_for_no_others(recorder: Recorder) -> None:
    run, other, slow = begin(recorder), begin(recorder, "r2"), Slow()
    run.log({"picture": slow})
    assert slow.begun.wait(WAIT_S)
    other.log({"loss": 1.0})
    other.close("finished")
    recorder.end(other, lambda db: db.update_run("r2", state="finished"))
    assert state_of(recorder, "r2") == "finished"
    run.close("finished")
    ending = on_a_thread(lambda: recorder.end(run, finished))
    time.sleep(0.1)
    recorder.flush()
    assert ending.is_alive() and state_of(recorder) == "running"
    slow.go_on.set()
    joined(ending)
    assert state_of(recorder) == "finished" and history_of(recorder).columns["picture"].values == ["slow"]


def test_an_end_that_nobody_waits_for_comes_after_the_runs_pictures(recorder: Recorder) -> None:
    run, slow = begin(recorder), Slow()
    run.log({"loss": 1.0, "picture": slow})
    assert slow.begun.wait(WAIT_S)
    run.close("finished")
    recorder.end_soon(run, {"state": "finished", "finished_at": 5.0})
    recorder.flush()
    assert state_of(recorder) == "running" and history_of(recorder).columns["loss"].values.tolist() == [1.0]
    slow.go_on.set()
    until(lambda: state_of(recorder) == "finished")
    assert history_of(recorder).columns["picture"].values == ["slow"] and not recorder._runs


def test_closing_waits_for_the_picture_that_is_made_and_makes_the_others(recorder: Recorder) -> None:
    run, slow, next_one = begin(recorder), Slow(), Slow("next")
    next_one.go_on.set()
    run.log({"picture": slow})
    run.log({"picture": next_one})
    assert slow.begun.wait(WAIT_S)
    closing = on_a_thread(recorder.close)
    until(lambda: recorder._media._closed)
    slow.go_on.set()
    joined(closing)
    assert list(history_of(recorder).columns["picture"].values) == ["slow", "next"]
    assert recorder._media._thread is None


def test_closing_does_not_wait_for_a_picture_that_never_comes(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "JOIN_S", 0.2)
    run, stuck = begin(recorder), Slow("stuck")
    run.log({"loss": 1.0, "picture": stuck})
    run.log({"loss": 2.0, "picture": Slow("never begun")})
    assert stuck.begun.wait(WAIT_S)
    with pytest.warns(UserWarning, match="run-r1 cannot be read; 2 of them"):
        joined(on_a_thread(recorder.close))
    assert list(history_of(recorder).columns["loss"].values) == [1.0, 2.0]
    stuck.go_on.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_forked_while_a_picture_is_made_can_log_and_leaves_it_to_the_parent(recorder: Recorder) -> None:
    run, slow = begin(recorder), Slow()
    run.log({"picture": slow})
    assert slow.begun.wait(WAIT_S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, of forking beside threads, and the run's, of its being the parent's
        child = os.fork()
        if child == 0:
            done = 1
            try:
                recorder.forget_in_child()
                run.log({"picture": nbsweep.Image(np.zeros((2, 2)))})
                own, fast = begin(recorder, "r2"), Slow("own")
                fast.go_on.set()
                own.log({"picture": fast})
                recorder.flush(required=True)
                recorder.close()
                done = 0 if run.late.empty and own.late.empty else 2
            finally:
                os._exit(done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    slow.go_on.set()
    recorder.flush(required=True)
    assert history_of(recorder).columns["picture"].values == ["slow"]
    assert history_of(recorder, "r2").columns["picture"].values == ["own"]


@pytest.mark.filterwarnings("ignore:log. 'picture' was not kept")
def test_one_that_cannot_be_made_costs_its_value_alone(recorder: Recorder) -> None:
    run, bad, good = begin(recorder), Slow("bad", MemoryError("too large")), Slow("good")
    run.log({"loss": 1.0, "picture": bad})
    run.log({"loss": 2.0, "picture": good})
    assert bad.begun.wait(WAIT_S)
    bad.go_on.set()
    good.go_on.set()
    recorder.flush(required=True)
    column = history_of(recorder).columns["picture"]
    assert column.rows.tolist() == [1] and column.values == ["good"] and run.late.bytes == 0
    with recorder.store.read() as db:
        assert "could not be made: too large" in "".join(text for _stream, text in db.console("r1"))


def interrupted_at_its_picture(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Slow]:
    """A run whose picture nobody has made, and at which whoever makes it is interrupted until `monkeypatch.undo`."""
    monkeypatch.setattr(recorder._media, "see_to", lambda runs: None)
    run, slow = begin(recorder), Slow()
    monkeypatch.setattr(slow.go_on, "wait", lambda timeout_s: (_ for _ in ()).throw(KeyboardInterrupt))
    run.log({"picture": slow})
    return run, slow


def test_an_interrupt_of_whoever_waits_loses_nothing(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    _run, slow = interrupted_at_its_picture(recorder, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        recorder.flush(required=True)
    monkeypatch.undo()
    slow.go_on.set()
    recorder.flush(required=True)
    assert history_of(recorder).columns["picture"].values == ["slow"]


def test_an_interrupt_of_an_end_leaves_the_run_to_go_on(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    run, slow = interrupted_at_its_picture(recorder, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        recorder.end(run, finished)
    monkeypatch.undo()
    slow.go_on.set()
    run.log({"loss": 1.0})
    recorder.flush(required=True)
    assert state_of(recorder) == "running" and history_of(recorder).columns["loss"].values.tolist() == [1.0]
    assert recorder.end(run, finished) is None and state_of(recorder) == "finished"


def test_what_is_logged_under_a_key_of_pictures_weighs_something(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder._media, "see_to", lambda runs: None)
    run, slow = begin(recorder), Slow()
    run.log({"picture": slow})
    for number in range(9):
        run.log({"picture": float(number)})
    run._logged.convert()
    assert run.late.waiting == 10 and run.late.bytes == 10 * encoding.LEAST_WEIGHT
    slow.go_on.set()
    recorder.flush(required=True)
    assert run.late.bytes == 0 and len(history_of(recorder).columns["picture"].values) == 10


def test_no_row_names_a_file_before_it_is_whole(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_disk, go_on, write = threading.Event(), threading.Event(), MediaFiles.write

    def slowly(files: MediaFiles) -> str | None:
        at_the_disk.set()
        assert go_on.wait(WAIT_S)
        return write(files)

    monkeypatch.setattr(MediaFiles, "write", slowly)
    run, fast = begin(recorder), Slow()
    fast.go_on.set()
    run.log({"loss": 1.0, "picture": fast})
    assert at_the_disk.wait(WAIT_S)
    recorder.flush()
    assert "picture" not in history_of(recorder).columns and "loss" in history_of(recorder).columns
    go_on.set()
    recorder.flush(required=True)
    assert history_of(recorder).columns["picture"].values[0].read() == b"slow"


def test_the_thread_ends_when_idle_and_begins_anew(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "IDLE_EXIT_S", 0.05)
    run = begin(recorder)
    assert recorder._media._thread is None, "there is none where nobody logs pictures"
    for name in ("one", "two"):
        slow = Slow(name)
        run.log({"picture": slow})
        assert slow.begun.wait(WAIT_S) and slow.thread == "nbsweep-media"
        slow.go_on.set()
        until(lambda: recorder._media._thread is None)
    recorder.flush(required=True)
    assert list(history_of(recorder).columns["picture"].values) == ["one", "two"]


def test_runs_take_turns(recorder: Recorder) -> None:
    run, other, slow = begin(recorder), begin(recorder, "r2"), Slow()
    order: list[str] = []

    class Noted(Slow):
        def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
            order.append(self.name)
            self.go_on.set()
            return super().packed(sweep_id, run_id)

    run.log({"picture": slow})
    assert slow.begun.wait(WAIT_S)
    for number in range(2):
        run.log({"picture": Noted(f"a{number}")})
        other.log({"picture": Noted(f"b{number}")})
    recorder.flush()
    slow.go_on.set()
    until(lambda: len(order) == 4)
    assert sorted(order[:2]) == ["a0", "b0"]
