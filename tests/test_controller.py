"""The controller: who may train what, and what becomes of a sweep."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nbsweep import process, sweep_config
from nbsweep.claims import give_back_in
from nbsweep.controller import Controller, End, Wait
from nbsweep.definitions import create_sweep, define_sweep
from nbsweep.errors import UsageError
from nbsweep.recovery import crash_own_runs, recover
from nbsweep.store import RunRecord, Store
from nbsweep.store.rows import run_of

GRID: dict[str, Any] = {"method": "grid", "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]}}}


@pytest.fixture
def store(tmp_store: str) -> Store:
    return process.recorder().store


def new(store: Store, config: dict[str, Any], seed: int | None = 1) -> Controller:
    return Controller(store, create_sweep(store, sweep_config.load(config), seed=seed).id)


def claim(controller: Controller, agent: str) -> RunRecord:
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord), run
    return run


def test_a_grid_is_handed_out_once_each_and_then_the_sweep_ends(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    runs = [claim(controller, agent) for _ in range(6)]
    assert [(run.config["a"], run.config["b"]) for run in runs] == [(a, b) for a in (1, 2, 3) for b in ("x", "y")]
    assert isinstance(controller.next_run(agent), End)
    for run in runs:
        controller.report(run.id, "finished")
    controller.leave(agent)
    with store.read() as db:
        sweep = db.sweep(controller.sweep_id)
    assert sweep is not None and sweep.state == "finished"


def test_two_controllers_share_a_sweep_without_sharing_a_point(store: Store) -> None:
    one = new(store, GRID)
    two = Controller(store, one.sweep_id)
    first, second = one.join(None), two.join(None)
    points = [claim(one, first).config, claim(two, second).config, claim(two, second).config, claim(one, first).config]
    assert len({tuple(point.values()) for point in points}) == 4


def _claim_all(url: str, sweep_id: str, claimed: Any) -> None:
    controller = Controller(Store(url), sweep_id)
    agent = controller.join(None)
    while isinstance(run := controller.next_run(agent), RunRecord):
        controller.report(run.id, "finished")
        claimed.put(run.config["a"])
    controller.leave(agent)
    claimed.put(None)


def test_four_processes_do_a_grid_exactly_once(store: Store) -> None:
    controller = new(store, {"method": "grid", "parameters": {"a": {"min": 1, "max": 60}}})
    context = multiprocessing.get_context("spawn")
    claimed = context.Queue()
    children = [
        context.Process(target=_claim_all, args=(store.url, controller.sweep_id, claimed), daemon=True)
        for _ in range(4)
    ]
    for child in children:
        child.start()
    ended, points = 0, []
    while ended < 4:
        point = claimed.get(timeout=120)
        if point is None:
            ended += 1
        else:
            points.append(point)
    assert Counter(points) == Counter(range(1, 61))


def test_the_same_seed_gives_the_same_runs(store: Store) -> None:
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 0.1}}}

    def configs(seed: int) -> list[Any]:
        controller = new(store, config, seed)
        agent = controller.join(None)
        return [claim(controller, agent).config for _ in range(5)]

    assert configs(3) == configs(3) != configs(4)


def test_a_second_controller_goes_on_where_the_first_one_was(store: Store) -> None:
    config = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 0.1}}}
    whole = new(store, config, 5)
    agent = whole.join(None)
    expected = [claim(whole, agent).config for _ in range(4)]
    one = new(store, config, 5)
    got = [claim(one, one.join(None)).config for _ in range(2)]
    again = Controller(store, one.sweep_id)
    got += [claim(again, again.join(None)).config for _ in range(2)]
    assert got == expected


def test_count_is_the_agents_own(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(2)
    claim(controller, agent)
    claim(controller, agent)
    assert isinstance(controller.next_run(agent), End)
    other = controller.join(1)
    assert claim(controller, other).index == 2


def test_run_cap_bounds_the_sweep(store: Store) -> None:
    controller = new(store, {**GRID, "run_cap": 2})
    agent = controller.join(None)
    claim(controller, agent)
    claim(controller, agent)
    answer = controller.next_run(agent)
    assert isinstance(answer, End) and "run_cap" in answer.reason


def test_a_paused_sweep_hands_out_nothing_until_resume(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    controller.pause()
    assert isinstance(controller.next_run(agent), Wait)
    late = controller.join(None)
    assert isinstance(controller.next_run(late), Wait), "an agent that joins does not undo a person's pause"
    controller.resume()
    assert isinstance(controller.next_run(agent), RunRecord)


def test_stop_ends_agents_and_a_new_agent_goes_on(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    run = claim(controller, agent)
    assert controller.stop() == 1
    assert isinstance(controller.next_run(agent), End)
    with store.read() as db:
        stopped = db.run(run.id)
    assert stopped is not None and stopped.stop_requested
    controller.report(run.id, "killed")
    controller.leave(agent)
    assert claim(controller, controller.join(None)).config != run.config


@pytest.mark.parametrize("after_current", [False, True])
def test_a_sweep_that_a_person_stopped_is_kept_apart_from_one_that_ended(store: Store, after_current: bool) -> None:
    def kept() -> tuple[str, str | None]:
        with store.read() as db:
            sweep = db.sweep(controller.sweep_id)
        assert sweep is not None
        return sweep.state, sweep.note_kind

    controller = new(store, GRID)
    agent = controller.join(2)
    run = claim(controller, agent)
    controller.stop(after_current=after_current)
    controller.report(run.id, "finished" if after_current else "killed")
    controller.leave(agent)
    assert kept() == ("finished", "person")
    controller.stop()
    assert kept() == ("finished", "person"), "there was nothing left to stop"

    agent = controller.join(1)
    assert kept() == ("running", None)
    controller.report(claim(controller, agent).id, "finished")
    controller.leave(agent)
    assert kept() == ("finished", None)
    controller.stop()
    assert kept() == ("finished", None), "it had ended by itself"


def test_an_agent_that_joins_while_others_end_is_not_stopped_with_them(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    run = claim(controller, agent)
    controller.stop(after_current=True)
    late = controller.join(1)
    controller.report(run.id, "finished")
    controller.leave(agent)
    controller.report(claim(controller, late).id, "finished")
    controller.leave(late)
    with store.read() as db:
        sweep = db.sweep(controller.sweep_id)
    assert sweep is not None and (sweep.state, sweep.note_kind) == ("finished", None)


def test_a_cancelled_sweep_takes_no_agent(store: Store) -> None:
    controller = new(store, GRID)
    controller.cancel()
    with pytest.raises(UsageError, match="cancelled"):
        controller.join(None)


def test_three_failures_at_the_start_pause_the_sweep_with_the_last_traceback(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    for error in ("one", "two", "ValueError: three"):
        controller.report(claim(controller, agent).id, "failed", error)
    with store.read() as db:
        sweep = db.sweep(controller.sweep_id)
    assert sweep is not None and sweep.state == "paused" and "ValueError: three" in (sweep.note or "")
    assert controller.next_run(agent) == Wait("the sweep is paused", held=True)
    assert isinstance(controller.next_run(controller.join(None)), RunRecord), "a new agent tries again"


def test_a_failure_after_a_success_stops_nothing(store: Store) -> None:
    controller = new(store, GRID)
    agent = controller.join(None)
    controller.report(claim(controller, agent).id, "finished")
    for _ in range(4):
        controller.report(claim(controller, agent).id, "failed", "error")
    assert isinstance(controller.next_run(agent), RunRecord)


def test_a_run_whose_process_was_killed_is_crashed_and_its_point_tried_once_more(store: Store, tmp_path: Path) -> None:
    controller = new(store, GRID)
    script = textwrap.dedent(
        f"""
        import os, signal
        from nbsweep.controller import Controller
        from nbsweep.store import Store
        controller = Controller(Store({store.url!r}), {controller.sweep_id!r})
        controller.next_run(controller.join(None))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    recover(store, controller.sweep_id)
    with store.read() as db:
        [run] = db.runs(controller.sweep_id)
        sweep = db.sweep(controller.sweep_id)
    assert run.state == "crashed" and sweep is not None and sweep.state == "finished"
    agent = controller.join(None)
    again = claim(controller, agent)
    assert again.config == run.config and again.attempt == 1
    points = [again.config, *(claim(controller, agent).config for _ in range(5))]
    assert len({tuple(point.values()) for point in points}) == 6
    assert isinstance(controller.next_run(agent), End)


def test_a_living_process_is_not_taken_for_dead(store: Store) -> None:
    controller = new(store, GRID)
    run = claim(controller, controller.join(None))
    recover(store, controller.sweep_id)
    with store.read() as db:
        record = db.run(run.id)
    assert record is not None and record.state == "running"


def test_configs_of_an_earlier_space_are_not_handed_out(store: Store) -> None:
    """Those that were claimed and not begun, and those that crashed; a config that fits the new space is."""
    old = {"method": "grid", "name": "changing", "parameters": {"a": {"values": [1, 2, 3, 4]}}}
    new_space = {**old, "parameters": {"a": {"values": [2, 4, 8]}}}
    sweep_id = define_sweep(store, sweep_config.load(old)).sweep.id
    controller = Controller(store, sweep_id)
    agent = controller.join(None)
    runs = controller.next_runs(agent, None, 4)
    assert isinstance(runs, list)
    with store.write() as db:
        give_back_in(db, runs[2:])
        for run in runs[:2]:
            db.update_run(run.id, state="crashed")
    assert define_sweep(store, sweep_config.load(new_space)).sweep.version == 2
    later = Controller(store, sweep_id)  # which never knew the old space
    got = [claim(controller, controller.join(1)), claim(later, later.join(1)), claim(later, later.join(1))]
    assert [(run.config["a"], run.attempt) for run in got] == [(4, 0), (2, 1), (8, 0)]
    with store.read() as db:
        ended = {run.config["a"]: (run.state, run.stopped_because) for run in db.runs(sweep_id)}
    assert ended[3] == ("killed", "the space has no such config since version 2")
    assert ended[1] == ("crashed", None)


def test_a_point_whose_retry_has_more_in_its_config_is_not_tried_for_ever(store: Store) -> None:
    """Training code adds to a config, and the one that crashed had not come so far, or wrote other values."""
    controller = new(store, GRID | {"retry": 2})
    agent = controller.join(None)
    first = claim(controller, agent)
    with store.write() as db:
        db.update_run(first.id, config=first.config | {"epochs": 3, "began": 1})
    controller.report(first.id, "crashed")
    second = claim(controller, agent)
    assert (second.attempt, second.config) == (1, first.config), "what training code added is not the sweep's"
    with store.write() as db:
        db.update_run(second.id, config=second.config | {"epochs": 3, "began": 2})
    controller.report(second.id, "finished")
    for each in (controller, Controller(store, controller.sweep_id)):
        third = claim(each, agent)
        assert third.attempt == 0 and third.config != first.config
        each.report(third.id, "finished")


def test_a_queued_point_of_a_grid_that_counts_from_its_min_fits_the_grid(store: Store) -> None:
    """The min is no multiple of q: a search that draws has other values than a grid."""
    x = {"x": {"distribution": "q_uniform", "min": 0.05, "max": 0.35, "q": 0.1}}
    config = {"method": "grid", "name": "g", "metric": {"name": "loss"}, "parameters": x}
    controller = new(store, config)
    agent = controller.join(None)
    first = claim(controller, agent)
    controller.report(first.id, "finished")
    controller.rerun(first.id)
    assert define_sweep(store, sweep_config.load(config | {"description": "more"})).sweep.version == 2
    again = claim(controller, agent)
    assert again.config == first.config == {"x": 0.05}
    earlier = [({"x": 0.05}, 1.0), ({"x": 0.12}, 1.0)]
    other = define_sweep(store, sweep_config.load(config | {"name": "h"}), prior_runs=earlier)
    assert "1 of 2 prior runs fit" in (other.priors or "")


def test_the_agent_of_a_process_that_ends_is_given_no_more_runs(store: Store) -> None:
    """It may be asking just when the end of the process marks its runs: the retry would crash with it."""
    controller = new(store, GRID)
    agent = controller.join(None)
    run = claim(controller, agent)
    crash_own_runs(store, [agent])
    assert controller.next_run(agent) == End("stopped")
    assert claim(controller, controller.join(None)).config == run.config, "a later one tries it again"


def test_a_long_sweep_is_not_read_whole_for_a_claim_or_a_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = new(store, {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "retry": 1})
    agent = controller.join(None)
    runs = [claim(controller, agent) for _ in range(300)]
    for run in runs:
        controller.report(run.id, "crashed" if run.index == 7 else "finished")
    again = claim(controller, agent)
    assert (again.attempt, again.config) == (1, runs[7].config)
    controller.report(again.id, "finished")
    read: list[str] = []

    def counting(row: Any) -> RunRecord:
        record = run_of(row)
        read.append(record.id)
        return record

    monkeypatch.setattr("nbsweep.store.session.run_of", counting)
    for place in range(8):
        run = claim(controller, agent)
        controller.report(run.id, "failed" if place % 2 else "finished", "an error")
    assert len(read) < 8 * 150, "some hundred runs at most before the latest failures"
    read.clear()
    for _ in range(5):
        controller.report(claim(controller, agent).id, "finished")
    assert len(read) < 5 * 10
