"""Suggestions of a model and the store: made outside the write transaction, ahead, and the same all the same."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nbsweep import process, sweep_config
from nbsweep.ahead import Ahead
from nbsweep.controller import Controller, End
from nbsweep.definitions import create_sweep
from nbsweep.search.bayes import BayesSearch
from nbsweep.store import RunRecord, Session, Store

BAYES: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "k": {"values": ["a", "b"]}},
}


@pytest.fixture
def store(tmp_store: str) -> Store:
    return process.recorder().store


def new(store: Store, config: dict[str, Any] = BAYES) -> Controller:
    return Controller(store, create_sweep(store, sweep_config.load(config), seed=3).id)


def trained(controller: Controller, agent: str) -> RunRecord:
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord), run
    ended(controller, run)
    return run


def ended(controller: Controller, run: RunRecord) -> None:
    with controller.store.write() as db:
        db.update_run(run.id, summary={"loss": (run.config["x"] - 0.3) ** 2})
    controller.report(run.id, "finished")


def test_the_model_is_never_asked_inside_a_write_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, asked = threading.local(), []
    write, suggested = store.write, BayesSearch._suggested

    @contextlib.contextmanager
    def watched() -> Iterator[Session]:
        writing.now = True
        try:
            with write() as db:
                yield db
        finally:
            writing.now = False

    def noted(self: BayesSearch, number: int) -> Any:
        asked.append(getattr(writing, "now", False))
        return suggested(self, number)

    monkeypatch.setattr(store, "write", watched)
    monkeypatch.setattr(BayesSearch, "_suggested", noted)
    controller = new(store)
    agent = controller.join(None)
    for _ in range(12):
        trained(controller, agent)
    assert asked == [False] * 12


def test_a_run_that_another_agent_claims_meanwhile_is_not_handed_out_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = new(store)
    two = Controller(store, one.sweep_id)
    first, second = one.join(None), two.join(None)
    for _ in range(5):
        trained(one, first)
    asked = one._asked_outside
    claimed: list[Any] = []

    def overtaken(agent: str) -> bool:
        outside = asked(agent)
        if not claimed:
            claimed.append(two.next_run(second))
        return outside

    monkeypatch.setattr(one, "_asked_outside", overtaken)
    run = one.next_run(first)
    other = claimed[0]
    assert isinstance(run, RunRecord) and isinstance(other, RunRecord)
    assert (other.index, run.index) == (5, 6) and run.config != other.config


def test_two_agents_that_take_turns_get_what_one_controller_would_give(store: Store) -> None:
    alone = new(store)
    agent = alone.join(None)
    expected = [trained(alone, agent).config for _ in range(14)]
    one = new(store)
    two = Controller(store, one.sweep_id)
    agents = [(one, one.join(None)), (two, two.join(None))]
    assert [trained(*agents[number % 2]).config for number in range(14)] == expected


def test_what_a_suggestion_rests_on_is_kept_with_its_run(store: Store) -> None:
    controller = new(store)
    agent = controller.join(None)
    for _ in range(9):
        trained(controller, agent)
    with store.read() as db:
        kept = [run.suggestion for run in db.runs(controller.sweep_id)]
    assert kept[0] == {"kind": "initial design"}
    assert kept[-1] is not None and kept[-1]["kind"] == "model"
    assert {"mean", "sd", "improvement"} <= set(kept[-1])


def test_the_fit_is_ready_before_the_result_that_it_does_not_need(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[str] = []
    fit = BayesSearch._fits_of

    def noted(*arguments: Any, **options: Any) -> Any:
        fits.append(threading.current_thread().name)
        return fit(*arguments, **options)

    monkeypatch.setattr(BayesSearch, "_fits_of", noted)
    controller = new(store)
    agent = controller.join(None)
    for _ in range(16):
        trained(controller, agent)
        controller._ahead.wait()
    before = len(fits)
    trained(controller, agent)
    controller._ahead.wait()
    assert set(fits[before:]) <= {"nbsweep-ahead"} and len(fits) > before


def test_a_finite_space_ends(store: Store) -> None:
    controller = new(store, BAYES | {"parameters": {"x": {"values": [0.1, 0.2, 0.3]}, "k": {"values": ["a", "b"]}}})
    agent = controller.join(None)
    assert len({tuple(trained(controller, agent).config.values()) for _ in range(6)}) == 6
    assert isinstance(controller.next_run(agent), End)


def test_work_that_is_asked_for_during_work_is_done_after_it_once() -> None:
    ahead, going, go_on, done = Ahead(), threading.Event(), threading.Event(), []

    def first() -> None:
        going.set()
        go_on.wait(10)
        done.append("first")

    ahead.begin(first)
    going.wait(10)
    ahead.begin(lambda: done.append("second"))
    ahead.begin(lambda: done.append("third"))
    go_on.set()
    ahead.wait(10)
    assert done == ["first", "third"]
