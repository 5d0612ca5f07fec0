"""The store's contract, which every backend keeps: SQLite with either journal, and PostgreSQL on a real server."""

from __future__ import annotations

import _thread
import multiprocessing
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from nbsweep import process
from nbsweep.errors import StoreError, StoreVersionError
from nbsweep.store import (
    AgentRecord,
    RunRecord,
    RunTail,
    Store,
    SweepRecord,
    missing_file,
    read_history,
    schema,
    storage_url,
)
from nbsweep.store.sqlite import wal_is_safe

HOSTILE = [
    "",
    "a/b.c",
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE runs; --",
    "Δ损失 🙂",
    "line\nbreak\ttab",
    "\u202eright to left",
    "__proto__",
    "%s %(x)s :name ?",
    "nul\x00byte",
    "lone \udce9 surrogate",
    "x" * 300,
    "y" * 20_000,
]


@pytest.fixture
def store(backend: str) -> Iterator[Store]:
    store = Store(backend)
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7, created_at=1.0))
        db.insert_run(RunRecord("r1", "s1", 0, "calm-hare-1", "p", {"lr": 0.1, "layers": [1, 2]}, created_at=1.0))
    yield store
    store.close()


def written(store: Store, key: str, values: list[Any], run_id: str = "r1") -> list[Any]:
    """What a reader gets of one logged key, of a run that is made where it is not there yet."""
    tail = RunTail(run_id)
    for row, value in enumerate(values):
        tail.append(row, float(row), {key: value})
    with store.write() as db:
        if db.run(run_id) is None:
            db.insert_run(RunRecord(run_id, None, 0, "n", "p", {}))
        db.put_chunks(tail.take_chunks())
    with store.read() as db:
        (column,) = read_history(db.chunks([run_id]))[run_id].columns.values()
    return list(column.values)


def test_a_sweep_and_a_run_come_back_as_they_were_put_in(store: Store) -> None:
    with store.read() as db:
        sweep, run = db.sweep("s1"), db.run("r1")
    assert sweep is not None and sweep.config == {"method": "random"} and sweep.seed == 7 and sweep.created_at == 1.0
    assert run is not None and run.config == {"lr": 0.1, "layers": [1, 2]} and run.state == "running"
    assert run.tags == () and run.suggestion is None and run.summary == {} and run.sweep_version == 1


def test_everything_about_a_run_comes_back(store: Store) -> None:
    run = RunRecord(
        *("r2", "s1", 1, "bold-elk-2", "p", {"deep": {"er": [1, None, {"x": 0.1}]}}, "failed"),
        attempt=1,
        agent_id="a1",
        stop_requested=True,
        summary={"loss": float("inf"), "note": "ä"},
        error="Traceback …\nValueError: no",
        stopped_because="band 3",
        notes="n",
        tags=("a", "b"),
        created_at=1790000000.123456,
        started_at=1790000001.0,
        finished_at=1790000002.0,
        suggestion={"kind": "model", "expected": 0.25},
        code_hash="h" * 64,
        sweep_version=3,
    )
    with store.write() as db:
        db.insert_run(run)
    with store.read() as db:
        found = db.run("r2")
    assert found is not None and found.revision > 0
    assert {**vars(found), "revision": 0} == vars(run)


def test_numbers_at_their_limits_come_back(store: Store) -> None:
    with store.write() as db:
        db.insert_sweep(SweepRecord("big", "n", "p", {"seed": 2**70}, 2**63 - 1, created_at=1e12, revision=2**40))
        db.insert_agent(AgentRecord("a", "s1", "h", 2**40, 0.0, 2**40, 0, 0.0, 0.0, None, beat=2**40))
    with store.read() as db:
        sweep, (found,) = db.sweep("big"), db.agents("s1")
    assert sweep is not None and (sweep.seed, sweep.revision, sweep.config["seed"]) == (2**63 - 1, 2**40, 2**70)
    assert (found.pid, found.count, found.beat) == (2**40, 2**40, 2**40)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_data_wherever_people_put_it(store: Store, text: str) -> None:
    config, kept = {"a": text}, text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
    with store.write() as db:
        db.insert_sweep(SweepRecord("s2", text, text, config, 1))
        db.insert_run(RunRecord("r2", "s2", 0, text, text, config, error=text, notes=text, tags=(text,)))
        db.update_run("r2", summary={text: text}, stopped_because=text)
        db.update_sweep("s2", note=text)
        db.append_console("r2", [("stdout", text)])
        db.insert_code("c", text)
        db.insert_sweep_version("s2", 2, config, text)
    with store.read() as db:
        sweep, run = db.sweep("s2"), db.run("r2")
        assert [each.id for each in db.sweeps(name=text)] == ["s2"] and db.code("c") == kept
        assert db.console("r2") == [("stdout", kept)] and db.sweep_versions("s2")[1].changes == kept
    assert sweep is not None and (sweep.name, sweep.note, sweep.config) == (kept, kept, config)
    assert run is not None and (run.error, run.notes, run.name, run.stopped_because) == (kept,) * 4
    assert run.config == config and run.summary == {text: text} and run.tags == (text,)
    assert written(store, text, [0.5, 0.25]) == [0.5, 0.25]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.text(), st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.text()), min_size=1, max_size=10))
def test_any_text_is_a_key_and_any_plain_value_a_value(store: Store, key: str, values: list[Any]) -> None:
    got = written(store, key, values, f"r{uuid.uuid4().hex[:12]}")
    assert len(got) == len(values)
    for a, b in zip(got, values, strict=True):
        assert a == b or (a != a and b != b) or float(a) == float(b)


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
    with pytest.raises(StoreError), store.write() as db:
        db.update_run("r1", state="failed")
        db.insert_run(RunRecord("r2", "no such sweep", 0, "n", "p", {}))
    with store.read() as db:
        run = db.run("r1")
    assert run is not None and run.state == "running"


def test_a_number_of_a_sweep_is_given_to_one_run(store: Store) -> None:
    with pytest.raises(StoreError), store.write() as db:
        db.insert_run(RunRecord("r2", "s1", 0, "n", "p", {}))


def test_a_reader_has_one_view_while_others_write(store: Store) -> None:
    """What it sees does not change between its statements, and it does not wait for a writer that is not done."""
    with store.read() as db:
        before = db.runs("s1")
        done = threading.Event()

        def write() -> None:
            with store.write() as other:
                other.update_run("r1", state="finished")
            done.set()

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        done.wait(0.2)  # with a rollback journal the writer waits for this reader
        assert db.runs("s1") == before
    writer.join(timeout=30)
    with store.read() as db:
        assert [run.state for run in db.runs("s1")] == ["finished"]


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
        assert db.points(["r1"]) == {("r1", "loss"): 2500, ("r1", "epoch"): 25}
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


def test_runs_of_different_lengths_are_read_from_where_a_reader_is_in_each(store: Store) -> None:
    for number, length in enumerate((3000, 1500, 10, 2048)):
        written(store, "loss", [float(value) for value in range(length)], f"run{number}")
    ids = [f"run{number}" for number in (3, 1, 0, 2)]
    cursors = {("run0", "loss"): 2500, ("run1", "loss"): 1024, ("run3", "loss"): 2048}
    with store.read() as db:
        chunks = db.chunks(ids, kind="key", key="loss", since=cursors)
        assert [(chunk.run_id, chunk.first) for chunk in chunks] == [("run0", 2048), ("run1", 1024), ("run2", 0)]
        rows = db.chunks(ids, kind="row", since={("run0", ""): 2048, ("run1", ""): 1})
        assert [(chunk.run_id, chunk.first) for chunk in rows] == [
            *(("run0", 2048), ("run1", 0), ("run1", 1024), ("run2", 0), ("run3", 0), ("run3", 1024))
        ]
        assert db.points(ids) == {(f"run{number}", "loss"): n for number, n in enumerate((3000, 1500, 10, 2048))}


def test_numbers_after_which_something_else_was_logged_are_counted_and_words_are_not(store: Store) -> None:
    written(store, "mixed", [*range(1024), "a word"], "r2")
    written(store, "words", ["a", "b"], "r3")
    written(store, "words", [1.0, 2.0], "r4")
    with store.read() as db:
        assert db.points(["r2", "r3", "r4"]) == {("r2", "mixed"): 1024, ("r4", "words"): 2}


def test_what_others_ask_of_runs_and_agents_is_found_in_one_question(store: Store) -> None:
    with store.write() as db:
        db.insert_runs([RunRecord(f"r{n}", "s1", n, "n", "p", {}, state="running") for n in (2, 3, 4)])
        for name in ("a", "b"):
            db.insert_agent(AgentRecord(name, "s1", "h", 1, 0.0, None, 0, 0.0, 0.0, None))
    with store.read() as db:
        nothing = db.asked(["r1", "r2", "r3", "r4"], ["a", "b"])
        assert (nothing.runs_to_stop, nothing.runs_taken_for_dead, nothing.agents_to_stop) == ([], [], [])
        assert db.asked([], []) == nothing
    with store.write() as db:
        db.update_run("r2", stop_requested=True)
        db.update_run("r3", state="crashed")
        db.update_run("r4", state="crashed", stop_requested=True)
        db.update_agents(["b"], stop_requested=1)
    with store.read() as db:
        found = db.asked([f"r{n}" for n in range(1, 5)], ["a", "b"])
        assert sorted(found.runs_to_stop) == ["r2", "r4"] and sorted(found.runs_taken_for_dead) == ["r3", "r4"]
        assert found.agents_to_stop == ["b"]
        assert db.asked(["r1"], ["a"]) == nothing
        assert db.asked(["r2"] * 20_000, []).runs_to_stop != []


def test_each_change_of_runs_is_one_revision_of_each_sweep_and_they_carry_it(store: Store) -> None:
    with store.write() as db:
        db.insert_sweep(SweepRecord("s2", "second", "p", {"method": "random"}, 7, created_at=1.0))
        db.insert_runs([RunRecord("r2", "s2", 0, "n", "p", {}), RunRecord("alone", None, 0, "n", "p", {})])
        db.insert_run(RunRecord("r3", "s1", 1, "n", "p", {}, state="finished"))
        before = db.revisions()
        db.update_runs({"r1": {"summary": {"a": 1}}, "r2": {"notes": "x"}, "alone": {}, "r3": {"notes": "y"}})
        assert db.revisions() == {sweep: revision + 1 for sweep, revision in before.items()}
        carried = {run.id: run.revision for run in db.runs_by_ids(["r1", "r2", "r3", "alone"])}
        now = db.revisions()
        assert carried == {"r1": now["s1"], "r3": now["s1"], "r2": now["s2"], "alone": 0}


@pytest.mark.parametrize(
    ("state", "agent", "ends"),
    [
        ("running", "a", True),
        ("pending", None, True),
        ("crashed", "a", True),
        ("running", "b", False),
        ("crashed", "b", False),
        ("killed", "a", False),
        ("finished", "a", False),
    ],
)
def test_an_agents_word_ends_its_own_runs_and_outranks_that_others_took_them_for_crashed(
    store: Store, state: str, agent: str | None, ends: bool
) -> None:
    run = RunRecord("r2", "s1", 1, "n", "p", {}, state=state, agent_id=agent)
    with store.write() as db:
        db.insert_run(run)
        db.update_runs({"r2": {"state": "stopped", "error": None, "agent_id": "a"}}, ending=True)
        assert db.runs_by_ids(["r2"])[0].state == ("stopped" if ends else state)
    assert run.is_to_end_by("a") == ends


def test_a_change_of_a_sweep_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no sweep 'gone'"), store.write() as db:
        db.update_sweep("gone", state="paused")


def test_a_reader_may_hold_cursors_for_thousands_of_columns(store: Store) -> None:
    tail = RunTail("r1")
    for row in range(1100):
        tail.append(row, float(row), {"loss": float(row)})
    with store.write() as db:
        db.put_chunks(tail.take_chunks())
    cursors = {(f"run{i}", "loss"): 5 for i in range(3000)} | {("r1", "loss"): 1024}
    with store.read() as db:
        assert [chunk.first for chunk in db.chunks(["r1"], kind="key", since=cursors)] == [1024]


def test_tens_of_thousands_of_runs_can_be_asked_for_at_once(store: Store) -> None:
    ids = [f"run{i}" for i in range(70_000)] + ["r1"]
    written(store, "loss", [1.0])
    with store.read() as db:
        assert [run.id for run in db.runs_by_ids(ids)] == ["r1"]
        assert len(db.chunks(ids, kind="key")) == 1 and db.points(ids) == {("r1", "loss"): 1}
    with store.write() as db:
        db.touch_runs(ids)


def test_consoles_keep_the_order_in_which_runs_printed(store: Store) -> None:
    for start in (0, 3):
        with store.write() as db:
            db.append_console("r1", [("stdout", str(start)), ("stderr", str(start + 1)), ("stdout", str(start + 2))])
    with store.read() as db:
        assert "".join(text for _stream, text in db.console("r1")) == "012345"


def test_agents_are_known_in_the_order_they_joined_whatever_their_clocks_said(store: Store) -> None:
    with store.write() as db:
        for name, joined_at in (("a", 5.0), ("b", 1.0), ("c", 3.0)):
            db.insert_agent(AgentRecord(name, "s1", "h", 1, 0.0, None, 0, joined_at, 0.0, None))
        db.beat_agents(["b"])
        db.beat_agents(["b", "c"])
    with store.read() as db:
        assert [(each.id, each.joined, each.beat) for each in db.agents("s1")] == [
            ("a", 1, 0),
            ("b", 2, 2),
            ("c", 3, 1),
        ]


def test_runs_outside_any_sweep_are_numbered_by_project(store: Store) -> None:
    with store.write() as db:
        for name in ("x", "y"):
            db.insert_run(RunRecord(name, None, db.next_run_number(None, "mine"), name, "mine", {}))
        assert db.next_run_number(None, "mine") == 2 and db.next_run_number(None, "other") == 0
        assert db.next_run_number("s1", "") == 1


def test_a_database_of_a_newer_nbsweep_is_refused_with_the_mend(store: Store) -> None:
    with store.write() as db:
        db.set_schema_version(schema.SCHEMA_VERSION + 1)
    store.close()
    with pytest.raises(StoreVersionError, match=r"newer nbsweep.*upgrade nbsweep"):
        Store(store.url)


def test_a_store_opens_again_and_again(store: Store) -> None:
    store.close()
    for _ in range(3):
        again = Store(store.url)
        with again.read() as db:
            assert db.run("r1") is not None
        again.close()


# -- many processes; SQLite with the journal that is safe for them ---------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that other processes will open too."""
    name = "tmp_store" if request.param == "sqlite" else "postgresql_url"
    url: str = request.getfixturevalue(name)
    monkeypatch.setenv("NBSWEEP_STORAGE", url)
    store = Store(url)
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {}, 7))
    yield store
    store.close()
    process.shut_down()


def _open(url: str) -> None:
    Store(url).close()


def test_processes_open_a_new_store_at_once(shared: Store) -> None:
    engine = create_engine(shared.url)
    schema.metadata.drop_all(engine)
    engine.dispose()
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_open, args=(shared.url,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(timeout=60)
    assert [child.exitcode for child in children] == [0] * 4


def _number_runs(url: str, worker: int, count: int) -> None:
    store = Store(url)
    for i in range(count):
        with store.write() as db:
            number = db.next_run_number("s1", "")
            db.insert_run(RunRecord(f"r{worker}-{i}", "s1", number, "n", "p", {}))
    store.close()


def test_writers_take_turns_and_a_reader_that_asks_from_a_revision_misses_nothing(shared: Store) -> None:
    """Revisions grow in the order in which they become visible: what is newer than the last seen is all there is."""
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_number_runs, args=(shared.url, worker, 25)) for worker in range(4)]
    for child in children:
        child.start()
    seen: dict[str, int] = {}
    revision = -1
    latest: list[RunRecord] = []
    while any(child.is_alive() for child in children) or latest:
        with shared.read() as db:
            sweep, latest = db.sweep("s1"), db.runs("s1", since_revision=revision)
        assert sweep is not None and all(run.revision <= sweep.revision for run in latest)
        for run in latest:
            seen[run.id] = run.index
        revision = sweep.revision
    assert [child.exitcode for child in children] == [0] * 4
    assert sorted(seen.values()) == list(range(100))


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_in_the_middle_of_a_read_leaves_no_lock(store: Store) -> None:
    if "sqlite" not in store.url:
        pytest.skip("SQLite's lock is meant")
    try:
        with store.read() as db:
            dbapi: Any = db._connection.connection.dbapi_connection
            dbapi.create_function("interrupt", 1, _thread.interrupt_main)  # lands in the statement that calls it
            db._connection.exec_driver_sql("SELECT interrupt(2) UNION ALL SELECT 1 FROM meta")
    except KeyboardInterrupt:  # here its traceback still lives
        with store.write() as db:
            db.set_schema_version(db.schema_version() or 0)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_the_journal_is_the_one_that_is_safe(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe, "SQLite's release notes: mended in 3.51.3, 3.50.7 and 3.44.6"


def test_an_interrupt_is_not_lost_where_what_it_cut_off_cannot_be_rolled_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.read() as db:
        dialect = db._connection.dialect

    def in_mid_command(_connection: Any) -> None:
        raise dialect.loaded_dbapi.OperationalError("another command is already in progress")

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_rollback", in_mid_command)
        with pytest.raises(KeyboardInterrupt), store.read():
            raise KeyboardInterrupt
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:  # one that is being handled already is not raised once more
            with pytest.raises(StoreError, match="another command"), store.read():
                raise ValueError("a user's own") from None
    with store.read() as db:
        assert [sweep.id for sweep in db.sweeps()] == ["s1"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x.db", "NBSWEEP_STORAGE='x.db' is no URL of a store; write sqlite:///x.db for a file"),
        ("/data/x.db", "write sqlite:////data/x.db for"),
        ("  ", "NBSWEEP_STORAGE='  ' is no URL of a store; write sqlite:///nbsweep.db for"),
        ("postgresql://me:secret@host:port/sweeps", "='postgresql://me:***@host:port/sweeps' is no URL"),
    ],
)
def test_what_is_no_url_is_shown_with_the_mend(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", value)
    for ask in (storage_url, process.recorder, process.has_store, process.shown_storage, lambda: Store(value)):
        with pytest.raises(StoreError) as refused:
            ask()
        assert said in str(refused.value)


@pytest.mark.parametrize("name", ["postgresql+psycopg2", "postgresql+asyncpg", "postgresql+nosuch", "postgres+pg8000"])
def test_another_driver_of_postgresql_is_refused_with_the_url_to_write(name: str) -> None:
    with pytest.raises(StoreError) as refused:
        Store(f"{name}://me:secret@host/sweeps")
    assert str(refused.value).endswith("write postgresql+psycopg://me:***@host/sweeps")


def test_a_tilde_in_a_url_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NBSWEEP_STORAGE", "sqlite:///~/runs/a.db")
    assert storage_url() == f"sqlite:///{tmp_path}/runs/a.db"
    assert missing_file("sqlite:///~/runs/a.db") == f"{tmp_path}/runs/a.db"
    Store("sqlite:///~/runs/a.db").close()
    assert (tmp_path / "runs" / "a.db").is_file() and missing_file("sqlite:///~/runs/a.db") is None


def test_what_a_program_prints_below_its_traceback_is_not_why_it_failed() -> None:
    frames = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    train()\n\n'
    after = "/usr/lib/resource_tracker.py:254: UserWarning: 1 leaked semaphore objects\n  warnings.warn(\n"
    for error, why in (
        (f"{frames}ValueError: bad\n{after}", "ValueError: bad"),
        (f"{frames}ValueError: first\n\nthe above led to\n\n{frames}KeyError: 'x'\n  more of it\n", "KeyError: 'x'"),
        (f"{frames}", "train()"),
        (f"It ended so:\n{frames}KeyError: 'caught'\nno data\n", "no data"),
        ("no data\nexit code 3\n", "exit code 3"),
        ("", None),
    ):
        assert RunRecord("r", None, 0, "n", "p", {}, error=error).why == why
