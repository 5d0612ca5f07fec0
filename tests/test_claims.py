"""Short runs are claimed several at a time; none is trained twice, lost, or said to train when it does not."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

import nbsweep
from nbsweep import process, sweep_config
from nbsweep.claims import Claims, give_back_in
from nbsweep.controller import Controller, End
from nbsweep.definitions import create_sweep
from nbsweep.errors import StoreError
from nbsweep.identity import id_after
from nbsweep.progress import progress_of
from nbsweep.recorder import Recorder
from nbsweep.recovery import crash_own_runs, recover_in
from nbsweep.runs import Run
from nbsweep.store import RunRecord, Store
from tests.statements import listen
from tests.test_agents import until

RANDOM: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "y", "goal": "minimize"},
    "parameters": {"x": {"min": -1.0, "max": 1.0}},
}
GRID: dict[str, Any] = {"method": "grid", "parameters": {"a": {"min": 1, "max": 40}}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path}/a.db")


def controller_of(store: Store, config: dict[str, Any], **more: Any) -> Controller:
    return Controller(store, create_sweep(store, sweep_config.load({**config, **more}), seed=1).id)


def square() -> None:
    nbsweep.log({"y": nbsweep.config.x**2})


def test_several_claims_are_those_that_would_have_been_made_one_by_one(store: Store) -> None:
    at_once, one_by_one = controller_of(store, RANDOM), controller_of(store, RANDOM)
    first, second = at_once.join(None), one_by_one.join(None)
    runs = at_once.next_runs(first, None, 5)
    others = [one_by_one.next_run(second) for _ in range(5)]
    assert isinstance(runs, list)
    assert [run.config for run in runs] == [run.config for run in others if isinstance(run, RunRecord)]
    assert [run.index for run in runs] == list(range(5))
    assert [run.started_at is None for run in runs] == [False, True, True, True, True]
    assert [run.id for run in runs[1:]] == [id_after(run.id) for run in runs[:-1]], "they share an index's pages"


def test_a_count_a_run_cap_and_a_finite_space_bound_what_is_claimed_at_once(store: Store) -> None:
    counted, capped, finite = controller_of(store, RANDOM), controller_of(store, RANDOM, run_cap=4), None
    finite = controller_of(store, GRID)
    for controller, count, most in ((counted, 3, 3), (capped, None, 4), (finite, None, 40)):
        agent = controller.join(count)
        runs = controller.next_runs(agent, None, 100)
        assert isinstance(runs, list) and len(runs) == most
        assert isinstance(controller.next_runs(agent, None, 100), End)


def test_what_was_claimed_and_not_begun_is_the_next_agents(store: Store) -> None:
    controller = controller_of(store, GRID)
    first, second = controller.join(None), controller.join(None)
    runs = controller.next_runs(first, None, 6)
    assert isinstance(runs, list)
    with store.write() as db:
        controller.leave_in(db, first, runs[3:])
    with store.read() as db:
        assert Counter(run.state for run in db.runs(controller.sweep_id)) == {"running": 3, "pending": 3}
        assert db.agents_by_ids([first])[0].started == 3
    again = [controller.next_run(second) for _ in range(37)]
    trained = [run.config["a"] for run in again if isinstance(run, RunRecord)] + [run.config["a"] for run in runs[:3]]
    assert sorted(trained) == list(range(1, 41)), "every point once"


def test_what_was_claimed_and_not_begun_does_not_wait_in_a_sweep_that_reached_its_target(store: Store) -> None:
    controller = controller_of(store, {**RANDOM, "metric": {"name": "y", "target": 0.1}})
    agent = controller.join(None)
    runs = controller.next_runs(agent, None, 4)
    assert isinstance(runs, list)
    controller.target_reached(runs[0].name)
    with store.write() as db:
        controller.leave_in(db, agent, runs[1:])
    with store.read() as db:
        assert Counter(run.state for run in db.runs(controller.sweep_id)) == {"running": 1, "killed": 3}


def test_what_somebody_else_has_taken_is_not_given_back(store: Store) -> None:
    controller = controller_of(store, GRID)
    first, second = controller.join(None), controller.join(None)
    runs = controller.next_runs(first, None, 2)
    assert isinstance(runs, list)
    with store.write() as db:
        give_back_in(db, runs[1:])
    taken = controller.next_run(second)
    assert isinstance(taken, RunRecord) and taken.id == runs[1].id
    with store.write() as db:
        give_back_in(db, runs[1:])
        found = db.run(taken.id)
    assert found is not None and (found.state, found.agent_id) == ("running", second)


def test_what_a_dead_process_had_claimed_and_not_begun_is_the_next_agents_whatever_retry_says(store: Store) -> None:
    controller = controller_of(store, GRID, retry=0)
    agent = controller.join(None)
    runs = controller.next_runs(agent, None, 3)
    assert isinstance(runs, list)
    with store.write() as db:
        db.update_agents([agent], process="another boot/1/2/3", pid=2**22 + 1, left_at=time.time())
        recover_in(db, controller.sweep_id)
        assert [run.state for run in db.runs(controller.sweep_id)] == ["crashed", "pending", "pending"]
    other = controller.join(None)
    again = [controller.next_run(other) for _ in range(3)]
    assert [(run.config["a"], run.attempt) for run in again if isinstance(run, RunRecord)] == [(2, 0), (3, 0), (4, 0)]


@pytest.mark.parametrize("config", [{**GRID, "parameters": {"a": {"min": 1, "max": 4}}}, {**RANDOM, "run_cap": 4}])
def test_who_is_about_to_be_told_that_nothing_is_left_gets_what_a_dead_process_had_claimed(
    store: Store, config: dict[str, Any]
) -> None:
    dead = controller_of(store, config)
    alive = Controller(store, dead.sweep_id)
    other, agent = dead.join(None), alive.join(None)
    assert isinstance(alive.next_run(agent), RunRecord), "it has just looked who is gone"
    runs = dead.next_runs(other, None, 3)
    assert isinstance(runs, list) and len(runs) == 3
    with store.write() as db:
        db.update_agents([other], process="another boot/1/2/3", pid=2**22 + 1, left_at=time.time())
    again = [alive.next_run(agent) for _ in range(2)]
    assert [run.id for run in again if isinstance(run, RunRecord)] == [run.id for run in runs[1:]]


def test_what_a_process_that_ends_had_claimed_and_not_begun_is_pending(store: Store) -> None:
    controller = controller_of(store, GRID)
    agent = controller.join(None)
    controller.next_runs(agent, None, 3)
    crash_own_runs(store, [agent])
    with store.read() as db:
        assert [run.state for run in db.runs(controller.sweep_id)] == ["crashed", "pending", "pending"]


@pytest.mark.parametrize("after_current", [False, True])
def test_a_stop_ends_what_is_claimed_and_not_begun_and_does_not_count_it(store: Store, after_current: bool) -> None:
    controller = controller_of(store, GRID)
    agent = controller.join(None)
    runs = controller.next_runs(agent, None, 3)
    assert isinstance(runs, list)
    assert controller.stop(after_current=after_current) == 1
    controller.report(runs[0].id, "finished")
    with store.write() as db:
        controller.leave_in(db, agent, runs[1:])
        sweep = db.sweep(controller.sweep_id)
        states = [run.state for run in db.runs(controller.sweep_id)]
    assert states == ["finished", "killed", "killed"] and sweep is not None and sweep.standing == "stopped"


@pytest.mark.usefixtures("tmp_store")
@pytest.mark.filterwarnings("ignore:.*training goes on")
@pytest.mark.parametrize("lost", [1, 4])
def test_a_claim_that_was_kept_and_whose_answer_was_lost_is_trained_all_the_same(
    monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """A connection that breaks in a commit: the point is taken in the store, and nobody was told."""
    asked: list[object] = []
    next_runs = Controller.next_runs

    def losing(self: Controller, *args: Any, **more: Any) -> Any:
        answer = next_runs(self, *args, **more)
        asked.append(answer)
        if len(asked) == lost:
            raise StoreError("the connection was closed")
        return answer

    monkeypatch.setattr(Controller, "next_runs", losing)
    trained: list[int] = []
    sweep_id = nbsweep.sweep(GRID)
    nbsweep.agent(sweep_id, lambda config: trained.append(config.a), workers=2)
    sweep = nbsweep.Sweep(sweep_id)
    assert isinstance(asked[lost - 1], list) and sorted(trained) == list(range(1, 41))
    assert [run.state for run in sweep.runs] == ["finished"] * 40 and sweep.state == "finished"


def test_the_end_of_a_short_run_that_others_took_for_crashed_is_kept(store: Store) -> None:
    controller = controller_of(store, GRID)
    record = controller.next_run(controller.join(None))
    assert isinstance(record, RunRecord)
    recorder = Recorder(store)
    run = Run(record)
    recorder.watch(run)
    run.close("finished")
    with store.write() as db:
        db.update_run(run.id, state="crashed", error="Its process vanished while it trained.")
    recorder.end_soon(run, {"state": "finished", "error": None, "finished_at": 5.0})
    recorder.close()
    with store.read() as db:
        found = db.run(run.id)
    assert found is not None and (found.state, found.error) == ("finished", None)


def test_claims_that_wait_for_too_long_are_given_back(store: Store) -> None:
    controller = controller_of(store, GRID)
    claims = Claims(controller, controller.join(None))
    first = claims.next(None)
    assert isinstance(first, RunRecord) and not claims._waiting, "nothing is known yet of how long runs last"
    claims.ended(shortly=True)
    claims.next(None)
    waiting, stale = claims.waiting, claims.stale
    assert waiting and not stale
    claims._claimed_at -= 60
    claims.give_back()
    with store.read() as db:
        states = [run.state for run in db.runs(controller.sweep_id)]
    assert states[:2] == ["running", "running"] and set(states[2:]) == {"pending"} and not claims.waiting


@pytest.mark.usefixtures("tmp_store")
def test_short_runs_end_as_all_others_do_and_nothing_is_lost() -> None:
    sweep_id = nbsweep.sweep(RANDOM)
    nbsweep.agent(sweep_id, square, count=200, workers=2)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.number for run in sweep.runs] == list(range(1, 201)) and sweep.state == "finished"
    runs = sweep.runs
    for run in runs:
        assert run.state == "finished" and run.summary == {"y": run.config["x"] ** 2}
        assert run.started_at is not None and run.finished_at is not None and run.finished_at >= run.started_at
    with process.recorder().store.read() as db:
        assert set(db.points([run.id for run in runs]).values()) == {1}


@pytest.mark.usefixtures("tmp_store")
def test_a_long_run_among_short_ones_holds_no_claims() -> None:
    go_on = threading.Event()

    def train(run: Any) -> None:
        if run.number > 20:
            assert go_on.wait(60)

    sweep_id = nbsweep.sweep(RANDOM)
    agent = nbsweep.agent(sweep_id, train, count=60, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: sum(run.state == "running" for run in sweep.runs) == 1 and len(sweep.runs) > 20)
    until(lambda: all(run.started_at is not None for run in sweep.runs if run.state == "running"))
    assert {run.state for run in sweep.runs if run.number > 21} <= {"pending"}
    go_on.set()
    assert agent.wait(60)
    assert Counter(run.state for run in sweep.runs) == {"finished": 60}


@pytest.mark.usefixtures("tmp_store")
def test_short_runs_share_transactions_and_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """What trivial runs cost in the store, as counts: seconds are the machine's."""
    sweep_id = nbsweep.sweep(RANDOM)
    nbsweep.agent(sweep_id, square, count=20)
    transactions: list[object] = []
    store = process.recorder().store
    assert store._file is not None
    engine = store._file.engine_now(lambda: True)
    event.listen(engine, "commit", transactions.append)
    asked = listen(store, monkeypatch, everywhere=True)
    nbsweep.agent(sweep_id, square, count=1000)
    # On an idle machine about 30 transactions and 350 statements; one by one it were 2,000 and 25,000.
    assert len(transactions) < 400 and len(asked.statements) < 5000


def steps_of_a_turn(folder: Path, there: int) -> int:
    """SQLite's own count of what it does, in steps of its machine, to claim 20 runs, end them and show progress."""
    store = Store(f"sqlite:///{folder}/{there}.db")
    controller = controller_of(store, RANDOM)
    agent = SimpleNamespace(
        id=controller.join(None),
        store=store,
        sweep_id=controller.sweep_id,
        controller=controller,
        count=None,
        done=False,
    )
    with store.write() as db:
        for number in range(there):
            db.insert_run(
                RunRecord(
                    f"r{number}", controller.sweep_id, number, f"calm-hare-{number}", "p", {"x": 0.5}, "finished",
                    agent_id="another", summary={"y": float(number)},
                )
            )  # fmt: skip
        db.touch_runs([f"r{number}" for number in range(there)])
    progress_of([agent])  # type: ignore[list-item]  # who waits has seen the runs that are there
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 10
        return 0

    assert store._file is not None
    event.listen(
        store._file.engine_now(lambda: True),
        "begin",
        lambda connection: connection.connection.dbapi_connection.set_progress_handler(step, 10),
    )
    runs = controller.next_runs(agent.id, None, 20)
    assert isinstance(runs, list) and len(runs) == 20
    with store.write() as db:
        db.update_runs({run.id: {"state": "finished", "summary": {"y": -1.0}} for run in runs})
    assert str(progress_of([agent])) == f"20 runs · best y -1 ({runs[0].name})"  # type: ignore[list-item]
    store.close()
    assert steps > 1000
    return steps


def test_a_claim_and_an_end_cost_the_store_the_same_with_thousands_of_runs_there(tmp_path: Path) -> None:
    few, many = steps_of_a_turn(tmp_path, 50), steps_of_a_turn(tmp_path, 4000)
    assert many < 1.5 * few, (few, many)


def test_a_claim_changes_no_more_pages_with_thousands_of_runs_there(tmp_path: Path) -> None:
    file = tmp_path / "pages.db"
    store = Store(f"sqlite:///{file}")
    controller = controller_of(store, RANDOM)
    agent = controller.join(None)

    def pages() -> list[bytes]:
        with contextlib.closing(sqlite3.connect(file)) as connection:  # what lies in a write-ahead log counts too
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        content = file.read_bytes()
        return [content[start : start + 4096] for start in range(0, len(content), 4096)]

    def claim(count: int) -> None:
        runs = controller.next_runs(agent, None, count)
        assert isinstance(runs, list) and len(runs) == count

    changed = []
    for there in (300, 5700):
        for _ in range(there // 100):
            claim(100)
        before = pages()
        claim(60)
        after = pages()
        changed.append(len(after) - len(before) + sum(a != b for a, b in zip(after, before, strict=False)))
    store.close()
    few, many = changed
    assert 5 < many < 1.5 * few, changed


def test_claims_whose_giving_back_fails_are_given_back_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = controller_of(store, RANDOM)
    agent = controller.join(None)
    claims = Claims(controller, agent)
    claims._waiting.extend(controller.next_runs(agent, None, 5)[1:])  # type: ignore[index]
    with monkeypatch.context() as broken:

        def fails(*_args: object) -> None:
            raise StoreError("the disk is full")

        broken.setattr("nbsweep.claims.give_back_in", fails)
        with pytest.raises(StoreError):
            claims.give_back()
    assert claims.waiting
    claims.give_back()
    with store.read() as db:
        assert [run.state for run in db.runs(controller.sweep_id)] == ["running", *["pending"] * 4]
