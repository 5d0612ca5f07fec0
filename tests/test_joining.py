"""Several processes in one run, one after another or at once: one of them writes, and its history is one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest

import nbsweep
from nbsweep import joining, process
from nbsweep.backlog import Backlog
from nbsweep.cli.watch import Watcher
from nbsweep.controller import Controller
from nbsweep.errors import StoreError
from nbsweep.mirror import MetricMirror
from nbsweep.notebook.series import SeriesReader
from nbsweep.runs import Run
from nbsweep.store import RunRecord, RunTail, Store, read_history
from nbsweep.sweep_config import Metric
from nbsweep.sweeps import Sweep
from tests.cli.terminal import Terminal

CONFIG: dict[str, Any] = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [1, 2]}}}


@pytest.fixture
def terminal(tmp_path: Path, tmp_store: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty directory, which is this process's too."""
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path)


@pytest.fixture
def record(tmp_store: str) -> RunRecord:
    """A run that trains, of a sweep."""
    controller = Controller(process.recorder().store, nbsweep.sweep(CONFIG))
    found = controller.next_run(controller.join(2))
    assert isinstance(found, RunRecord)
    return found


def log_in_a_new_process(store: Store, run_id: str, values: Sequence[float], key: str = "loss", parts: int = 1) -> None:
    """As a process does that goes on with a run; it writes `parts` times."""
    with store.read() as db:
        tail, step = RunTail.after(run_id, db.chunks([run_id]))
    backlog = Backlog()
    for part in range(parts):
        for value in values[part::parts]:
            tail.append(step, float(step), {key: value})
            step += 1
        backlog.add(run_id, tail.take_chunks(), {}, [])
        with store.write() as db:
            backlog.write(db)
        backlog.forget()


# -- one after another -------------------------------------------------------------------------------------------------


def test_processes_one_after_another_leave_one_history(terminal: Terminal) -> None:
    terminal.write(
        "step.py",
        "import nbsweep, sys\nrun = nbsweep.init()\nfor i in range(5): run.log({'loss': float(sys.argv[1]) + i})\n",
    )
    terminal.write(
        "train.py",
        "import subprocess, sys\nfor b in '0', '5', '10': subprocess.run([sys.executable, 'step.py', b], check=True)\n",
    )
    sweep = Sweep(nbsweep.sweep({**CONFIG, "program": "train.py", "command": ["${interpreter}", "${program}"]}))
    nbsweep.agent(sweep.id, count=1)
    history = sweep.history()
    assert history["loss"].tolist() == [float(step) for step in range(15)]
    assert history["step"].tolist() == list(range(15))


def test_whoever_looks_on_sees_each_value_of_each_process_once(record: RunRecord) -> None:
    store, metric = process.recorder().store, Metric("loss")
    sweep = Sweep(record.sweep_id or "")
    run, mirror, watcher, reader = Run(record, metric=metric), MetricMirror(store, sweep.id), Watcher(sweep), None
    logged: list[float] = []
    drawn: list[float] = []
    for count, best in ((1020, 5.0), (100, 0.5), (10, 0.25), (2100, 0.125)):
        values = [best, *[7.0] * (count - 1)]
        log_in_a_new_process(store, record.id, values, parts=1 if count == 10 else 2)
        logged += values
        mirror.refresh({record.id: run}, metric)
        assert (run.summarising.metric_count, run.summarising.metric_best) == (len(logged), best)
        assert len(watcher.look().curves[record.id]) == len(logged)
        with store.read() as db:
            assert db.points([record.id]) == {(record.id, "loss"): len(logged)}
            if reader is None:
                reader = SeriesReader()
                (series,) = reader.whole(db, [record.id], ["loss"], {})
            else:
                (series,) = reader.fresh(db, [record.id])
            (newcomer,) = SeriesReader().whole(db, [record.id], ["loss"], {})
        assert (series.start, series.total) == (len(logged) - count, len(logged))
        assert (newcomer.start, newcomer.total) == (0, len(logged))
        assert best in series.values and best in newcomer.values
        drawn += series.steps.tolist()
        assert drawn[-1] == newcomer.steps[-1] == len(logged) - 1


def test_a_very_long_key_goes_on_where_an_earlier_process_stopped(record: RunRecord) -> None:
    store, key = process.recorder().store, "k" * 600
    for values in ([1.0] * 8, [2.0] * 5, [3.0]):
        log_in_a_new_process(store, record.id, values, key)
    with store.read() as db:
        (column,) = read_history(db.chunks([record.id]))[record.id].columns.values()
    assert column.values.tolist() == [1.0] * 8 + [2.0] * 5 + [3.0]
    assert column.rows.tolist() == list(range(14))


def test_the_error_of_a_run_that_ends_while_the_store_is_away_is_kept_when_it_is_back(
    record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(joining.RUN_ID, record.id)
    recorder = process.recorder()
    run = nbsweep.init()
    with monkeypatch.context() as away:
        away.setattr(recorder.store, "write", _no_space)
        run.log({"loss": 1.0})
        with pytest.warns(UserWarning, match="training goes on"):
            run.finish(exit_code=3)
    assert run.state == "failed"
    deadline = time.monotonic() + 30
    while (found := record_of(record.id)).error is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found.state == "running", "its agent says how it ended"
    assert found.summary == {"loss": 1.0} and "an exit code other than 0" in (found.error or "")


def record_of(run_id: str) -> RunRecord:
    with process.recorder().store.read() as db:
        found = db.run(run_id)
    assert found is not None
    return found


def _no_space() -> NoReturn:
    raise StoreError("database or disk is full")


# -- at once -----------------------------------------------------------------------------------------------------------


def claims_at_once(monkeypatch: pytest.MonkeyPatch, count: int = 4) -> list[int | None]:
    """What `count` threads hear that claim one run at once, each of them slow between two steps."""
    opened, barrier = Path.open, threading.Barrier(count)

    def slowly(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        file = opened(path, mode, *args, **more)
        time.sleep(0 if mode == "r" else 0.05)
        return file

    def claim() -> int | None:
        barrier.wait()
        return joining._claim("r1")

    monkeypatch.setattr(Path, "open", slowly)
    with ThreadPoolExecutor(count) as pool:
        return [each.result() for each in [pool.submit(claim) for _ in range(count)]]


def test_of_several_processes_that_begin_at_once_one_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(joining.RUN_DIR, str(tmp_path))
    heard = claims_at_once(monkeypatch)
    assert heard.count(None) == 1 and heard.count(os.getpid()) == 3


@pytest.mark.parametrize("left", ["{pid} 12.5", "", "half"])
def test_one_takes_the_place_of_a_writer_that_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    monkeypatch.setenv(joining.RUN_DIR, str(tmp_path))
    (tmp_path / "writer-r1").write_text(left.format(pid=os.getpid()))
    heard = claims_at_once(monkeypatch)
    assert heard.count(None) == 1 and heard.count(os.getpid()) == 3
