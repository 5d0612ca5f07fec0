"""What the threads beside training cost it, in counts that no machine changes, and how long they rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbsweep
from nbsweep import process
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.publisher import UPDATE_EVERY_S, UPDATE_LEAST_OFTEN_S, Publisher
from nbsweep.notebook.views import PROTOCOL
from nbsweep.pacing import WRITE_LEAST_OFTEN_S, WRITERS_SHARE, WritingPace
from nbsweep.recorder import Recorder
from nbsweep.store import direct
from tests.statements import listen

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}

durations = st.floats(0, 60)


def in_a_run(body: Callable[[Any, Recorder], None]) -> None:
    """Do something inside a run, whose recorder takes no turns of its own."""
    failed: list[BaseException] = []

    def train(run: nbsweep.Run) -> None:
        recorder = process.recorder()
        recorder._ensure_thread = lambda: None  # type: ignore[method-assign]
        recorder._closed = True
        recorder.poll_now()
        if recorder._thread is not None:
            recorder._thread.join()
        recorder._closed = False
        try:
            body(run, recorder)
        except BaseException as error:
            failed.append(error)

    nbsweep.agent(nbsweep.sweep(CONFIG), train, count=1)
    for error in failed:
        raise error


def shown(sweep_id: str) -> tuple[Dashboard, list[Any]]:
    """A dashboard with a page that draws the metric, and what it is sent."""
    dashboard, sent = Dashboard(sweep_id), []
    dashboard.send = lambda content, buffers=None: sent.append(content)
    hello = {"type": "hello", "protocol": PROTOCOL, "cursors": {}, "keys": ["loss"], "session": "page"}
    dashboard.hear(hello)
    return dashboard, sent


def quiet() -> Publisher:
    """A publisher that takes no turns of its own and knows that nobody else's process has gone."""
    publisher = Publisher()
    publisher._start = lambda: None  # type: ignore[method-assign]
    publisher._next_recovery = float("inf")
    return publisher


@pytest.mark.usefixtures("tmp_store")
def test_a_turn_of_the_recorder_is_one_transaction_of_three_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(run: Any, recorder: Recorder) -> None:
        run.log({"loss": 0.5, "accuracy": 0.5})
        recorder.flush(required=True)
        asked = listen(recorder.store, monkeypatch)
        for polls in (False, True):
            recorder._hearing._next_poll = 0.0 if polls else float("inf")
            recorder._hearing._next_look = recorder._next_heartbeat = float("inf")
            asked.clear()
            run.log({"loss": 0.25, "accuracy": 0.75})
            recorder.flush(required=True)
            recorder._hearing.hear()
            assert len(asked.transactions) == 1
            assert len(asked.statements) == (4 if polls else 3), asked.statements

    in_a_run(body)


@pytest.mark.usefixtures("tmp_store")
def test_a_turn_of_a_dashboard_is_one_transaction_of_six_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    def body(run: Any, recorder: Recorder) -> None:
        publisher = quiet()
        run.log({"loss": 0.5, "accuracy": 0.5})
        recorder.flush(required=True)
        dashboard, sent = shown(run.sweep_id)
        publisher.add(dashboard)
        asked = listen(recorder.store, monkeypatch)
        run.log({"loss": 0.25, "accuracy": 0.75})
        recorder.flush(required=True)
        asked.clear()
        publisher.turn()
        assert sent[-1]["type"] == "delta" and [each["total"] for each in sent[-1]["series"]] == [2]
        assert len(asked.transactions) == 1 and len(asked.statements) == 6, asked.statements
        asked.clear()
        publisher.turn()
        assert len(asked.statements) == 1, "nothing is new"

    in_a_run(body)


@pytest.mark.usefixtures("tmp_store")
def test_many_dashboards_of_resting_sweeps_are_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = quiet()
    for number in range(5):
        publisher.add(shown(nbsweep.sweep({**CONFIG, "name": f"sweep {number}"}))[0])
    dashboards = list(publisher._dashboards)
    asked = listen(process.recorder().store, monkeypatch)
    publisher.turn()
    assert (len(asked.transactions), len(asked.statements)) == (1, 1)
    assert len(dashboards) == 5


@pytest.mark.usefixtures("tmp_store")
def test_no_turn_puts_a_statement_together_again() -> None:
    def body(run: Any, recorder: Recorder) -> None:
        publisher = quiet()
        dashboard, sent = shown(run.sweep_id)
        publisher.add(dashboard)
        built = []
        for turn in range(20):
            run.log({"loss": 0.25, f"key {turn}": 0.75})
            recorder._hearing._next_poll = 0.0
            recorder.flush(required=True)
            publisher.turn()
            built.append(direct._prepared.cache_info().misses)
        assert len(sent) > 20
        assert built[-1] - built[2] < 10, "other threads may ask a few for the first time"

    in_a_run(body)


@pytest.mark.usefixtures("tmp_store")
def test_lists_of_any_length_are_few_statements() -> None:
    store = process.recorder().store
    with store.read() as db:
        db.runs_by_ids(["r"])
        before = direct._prepared.cache_info().misses
        for length in range(2, 200):
            assert db.runs_by_ids([f"r{number}" for number in range(length)]) == []
        # One a power of two; other threads may ask for the first time what they ask.
        assert direct._prepared.cache_info().misses - before < 20


@given(st.lists(st.tuples(durations, durations), min_size=1))
def test_the_recorder_rests_but_what_was_logged_is_readable_in_time(turns: list[tuple[float, float]]) -> None:
    pace = WritingPace()
    for write_s, cpu_s in turns:
        pause_s = pace.wrote(write_s, cpu_s)
        assert 0.05 <= pause_s <= WRITE_LEAST_OFTEN_S
        if write_s <= 0.15:
            assert pause_s + write_s <= 0.25 + 1e-9
        if write_s <= 0.05 and cpu_s <= 0.05 * WRITERS_SHARE and len(turns) == 1:
            assert pause_s == pytest.approx(max(0.05, 2 * write_s)), "what costs nothing is written often"
        if cpu_s >= WRITE_LEAST_OFTEN_S * WRITERS_SHARE and max(each for each, _cpu in turns) <= 0.02:
            assert pause_s == WRITE_LEAST_OFTEN_S


def test_one_slow_write_makes_the_recorder_careful_for_a_while_and_not_for_ever() -> None:
    pace = WritingPace()
    assert pace.wrote(0.09, 1.0) == pytest.approx(0.11)
    assert pace.wrote(0.005, 1.0) < WRITE_LEAST_OFTEN_S
    for _ in range(30):
        pace.wrote(0.005, 1.0)
    assert pace.pause_s == WRITE_LEAST_OFTEN_S


def test_a_publisher_rests_in_proportion_and_never_for_long() -> None:
    publisher = Publisher(own_thread=False)
    assert publisher._rest_s(0.0) == UPDATE_EVERY_S
    assert publisher._rest_s(0.001) == pytest.approx(0.2)
    assert publisher._rest_s(1.0) == UPDATE_LEAST_OFTEN_S
    publisher.set_rate(1)
    assert publisher._rest_s(1.0) == 1.0, "as seldom as was asked"


@pytest.mark.usefixtures("tmp_store")
def test_a_publisher_does_not_rest_from_what_somebody_did() -> None:
    publisher, recorder = quiet(), process.recorder()
    publisher.listen()
    recorder._thread = threading.current_thread()
    recorder.notify()
    assert publisher._wake.is_set() and not publisher._hurry.is_set(), "points of a run"
    recorder._thread = cast("threading.Thread", SimpleNamespace(is_alive=lambda: True, join=lambda timeout: None))
    recorder.notify()
    assert publisher._hurry.is_set(), "a pause, the end of a run"
