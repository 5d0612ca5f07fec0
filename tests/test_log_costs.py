"""What `log` costs, in counts that no machine changes: bytecodes, objects that are kept, SQL statements, bytes."""

from __future__ import annotations

import gc
import inspect
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import logged, runs
from nbsweep.recorder import Recorder
from nbsweep.runs import Run
from nbsweep.store import RunRecord, RunTail, Store, read_history
from nbsweep.store.columns import encode
from tests.statements import listen

TWO = {"batch loss": 0.5, "step": 3}
TEN: dict[str, float] = {f"key {number}": 0.5 for number in range(10)}


def fresh_run() -> Run:
    return Run(RunRecord("r1", None, 0, "calm-hare-1", "p", {}))


COUNT = """
import json, sys
import nbsweep
from tests.test_log_costs import TEN, TWO, fresh_run

run = fresh_run()
%(before)s
bytecodes, functions = 0, []

def trace(frame, what, _argument):
    global bytecodes
    if what == "call":
        frame.f_trace_opcodes = True
        functions.append(frame.f_code.co_name)
    elif what == "opcode":
        bytecodes += 1
    return trace

work = lambda: %(call)s
work()
bytecodes, functions[:] = 0, []
sys.settrace(trace)
try:
    work()
finally:
    sys.settrace(None)
print(json.dumps([bytecodes, len(functions), sorted(set(functions))]))
"""


def counted(call: str, before: str = "") -> tuple[int, int, set[str]]:
    """Bytecodes and Python functions of one call, and which functions.

    In a process of its own: a trace by opcodes sees whatever else goes on in this one, and has been seen to loop there.
    """
    code = COUNT % {"call": call, "before": before}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    bytecodes, functions, names = json.loads(done.stdout.splitlines()[-1])
    return bytecodes, functions, set(names)


def test_one_call_of_log_is_one_function_of_few_bytecodes() -> None:
    bytecodes, functions, names = counted("run.log(TWO)")
    assert names == {"<lambda>", "log"} and functions == 2
    assert bytecodes < 90, "it was 67 with Python 3.11"
    more, functions, _names = counted("run.log(TEN)")
    assert functions == 2 and (more - bytecodes) / 8 < 12, "a further key is a few bytecodes"


def test_the_interpreter_has_its_fast_ways_for_log() -> None:
    """CPython specialises calls and attributes (PEP 659), but not these; log was a fifth slower with them."""
    for log in (Run.log, nbsweep.log):
        kinds = {parameter.kind for parameter in inspect.signature(log).parameters.values()}
        assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}, f"{log.__qualname__} is called the slow way"
    assert not hasattr(Run, "__getattr__"), "with it every attribute of a run is looked up the slow way"
    assert Run.__getattribute__ is object.__getattribute__
    assert len(vars(fresh_run())) < 30, "CPython 3.11 reads an attribute by its place where there are fewer"


@pytest.mark.usefixtures("tmp_store")
def test_the_modules_log_adds_two_functions() -> None:
    _bytecodes, functions, names = counted("nbsweep.log(TWO)", before="nbsweep.init()")
    assert functions == 4 and names == {"<lambda>", "log", "current_run"}


def test_log_takes_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh_run()
    with run._logged.lock:  # as if the recorder were converting for ever
        for _ in range(1000):
            run.log(TWO)
            run.log({"loss": np.float32(0.5)})
    assert len(run._logged.pending) == 2000 * logged.ENTRIES


def test_what_waits_gives_the_garbage_collector_nothing_to_look_at() -> None:
    run = fresh_run()
    gc.collect()
    before = len(gc.get_objects())
    for step in range(10_000):
        run.log({"batch loss": 1 / (step + 1), "step": step})
    gc.collect()
    assert len(gc.get_objects()) - before < 1000, "one a call would be 10,000; other tests' threads make a few"


def test_a_loop_that_outruns_the_recorder_keeps_its_memory_bounded_and_loses_nothing() -> None:
    run, most = fresh_run(), 0
    calls = 3 * logged.MOST_PENDING // logged.ENTRIES + 7
    for step in range(calls):
        run.log({"step": step})
        most = max(most, len(run._logged.pending))
    assert most <= logged.MOST_PENDING
    tail = RunTail("r1")
    run.drain(tail)
    history = read_history(tail.take_chunks())["r1"]
    assert history.columns["step"].values.tolist() == history.steps.tolist() == list(range(calls))


def test_threads_that_outrun_the_recorder_lose_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (runs, logged):
        monkeypatch.setattr(room, "MOST_PENDING", 3 * 100)
    run = fresh_run()

    def work(name: str) -> None:
        for value in range(5000):
            run.log({name: value})

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tail = RunTail("r1")
    run.drain(tail)
    history = read_history(tail.take_chunks())["r1"]
    assert len(history.steps) == 20_000 and history.steps.tolist() == sorted(history.steps.tolist())
    assert all(column.values.tolist() == list(range(5000)) for column in history.columns.values())


def test_a_thousand_points_are_a_handful_of_statements_and_few_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    record = RunRecord("r1", None, 0, "calm-hare-1", "p", {})
    with store.write() as db:
        db.insert_run(record)
    recorder, run = Recorder(store), Run(record)
    recorder._ensure_thread = lambda: None  # type: ignore[method-assign] # the test takes its turns
    recorder.watch(run)
    asked = listen(store, monkeypatch)
    rng = np.random.default_rng(0)
    for _turn in range(10):
        for loss in rng.random(1000).tolist():
            run.log({"loss": loss})
        recorder.flush(required=True)
    written = [statement for statement in asked.statements if not statement.startswith("SELECT")]  # that goes by time
    assert len(written) <= 10 * 3, "a turn: the chunks, the sweep's revision, the summary"
    with store.read() as db:
        chunks = db.chunks(["r1"])
    full = [chunk for chunk in chunks if chunk.count == 1024]
    size = sum(len(chunk.index) + len(chunk.values) for chunk in full)
    assert size / (1024 * sum(chunk.kind == "key" for chunk in full)) <= 12
    store.close()


def test_values_of_many_kinds_come_back_from_one_batch_as_they_were() -> None:
    run = fresh_run()
    calls: list[dict[Any, Any]] = [
        {"a": 1, "b": 0.5},
        {"a": 2.5, "b": 0.25},
        {"a": 2**70, "phase": "warm-up"},
        {"a": True},
        {},
        {1: 0.5, "\udc80": 3},
        {"a": 7, "b": float("inf")},
    ]
    for data in calls:
        run.log(data)
    tail = RunTail("r1")
    run.drain(tail)
    history = read_history(tail.take_chunks())["r1"]
    got = {key: list(zip(column.rows.tolist(), column.values, strict=True)) for key, column in history.columns.items()}
    assert got == {
        "a": [(0, 1), (1, 2.5), (2, 2**70), (3, True), (6, 7)],
        "b": [(0, 0.5), (1, 0.25), (6, float("inf"))],
        "phase": [(2, "warm-up")],
        "1": [(5, 0.5)],
        "\\udc80": [(5, 3)],
    }
    assert [type(value) for _row, value in got["a"]] == [int, float, int, bool, int]
    assert len(history.steps) == len(calls)


def test_the_metric_is_counted_value_by_value() -> None:
    from nbsweep.sweep_config import load

    metric = load(
        {"method": "random", "metric": {"name": "y", "goal": "maximize"}, "parameters": {"x": {"max": 1.0, "min": 0.0}}}
    ).metric
    run = Run(RunRecord("r1", "s1", 0, "calm-hare-1", "p", {}), metric=metric)
    for value in (1.0, float("nan"), 3, True, "high", float("inf"), 2.0):
        run.log({"y": value})
    run.drain(RunTail("r1"))
    assert (run.summarising.metric_count, run.summarising.metric_best) == (3, 3)


def test_what_keys_of_the_same_calls_share_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten keys that every call gives, the rows' numbers are neither added up nor searched for gaps ten times."""
    encoded: list[str] = []

    def counted(values: Any, kind: str, *, final: bool = True) -> bytes:
        encoded.append(kind)
        return encode(values, kind, final=final)

    monkeypatch.setattr("nbsweep.store.chunks.encode", counted)
    run, tail = fresh_run(), RunTail("r1")
    for _ in range(1000):
        run.log(TEN)
    run.drain(tail)
    chunks = tail.take_chunks()
    assert sorted(encoded) == ["float"] * 10 + ["int"] * 2, "the values, and the calls' steps and times"
    history = read_history(chunks)["r1"]
    assert all(history.columns[key].rows.tolist() == list(range(1000)) for key in TEN)


def test_keys_of_some_calls_keep_the_numbers_of_theirs() -> None:
    run, tail = fresh_run(), RunTail("r1")
    for number in range(3000):
        run.log(
            {
                "all": number,
                **({"third": number} if number % 3 == 0 else {}),
                **({"late": number} if number > 2000 else {}),
            }
        )
    run.drain(tail)
    columns = read_history(tail.take_chunks())["r1"].columns
    for key, column in columns.items():
        assert column.rows.tolist() == column.values.tolist(), key
    assert len(columns["third"].rows) == 1000 and len(columns["late"].rows) == 999
