"""What a notebook keeps of a sweep is fresh when the sweep rests, and not written for every change before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nbsweep
from nbsweep.notebook import dashboard as module
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.keeping import BUSY_EVERY_S, REST_AFTER_S, SHARE, Keeping
from nbsweep.notebook.snapshot import MIME
from tests.test_dashboard import Page
from tests.test_snapshot import table_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_while_runs_run_it_is_written_soon_then_rarely_and_takes_a_fiftieth_of_the_time(clock: Clock) -> None:
    keeping = Keeping(clock)
    assert not keeping.due(1, resting=False), "it was not put up"
    keeping.written("here", 0, clock())
    written = []
    for second in range(1, 1000):
        clock.now = float(second)
        if keeping.due(second, resting=False):
            assert not keeping.due(second, resting=False), "asked once"
            keeping.written("here", second, clock())
            written.append(second)
    assert written[:5] == [10, 30, 70, 150, 270] and written[-1] - written[-2] == BUSY_EVERY_S
    clock.now += BUSY_EVERY_S
    assert not keeping.due(written[-1], resting=False), "nothing is new"
    began = keeping.began()
    clock.now += 10  # a large sweep
    keeping.written("here", 2000, began)
    clock.now += BUSY_EVERY_S + 1
    assert not keeping.due(3000, resting=False)
    clock.now += 10 * SHARE
    assert keeping.due(3000, resting=False)


def test_soon_after_the_sweep_has_come_to_rest_it_is_written_and_not_again(clock: Clock) -> None:
    keeping = Keeping(clock)
    keeping.written("here", 1, clock())
    clock.now = 1.0
    assert not keeping.due(9, resting=True), "whoever waits for the end is quicker"
    clock.now += REST_AFTER_S
    assert keeping.due(9, resting=True)
    keeping.written("here", 9, clock())
    clock.now += 1000
    assert not keeping.due(9, resting=True)


def test_an_output_that_somebody_else_brought_up_to_date_is_not_written_again(clock: Clock) -> None:
    keeping = Keeping(clock)
    keeping.written("here", 1, clock())
    clock.now = BUSY_EVERY_S + 1
    assert keeping.due(2, resting=False)
    keeping.written("here", 2, clock())
    assert keeping.has(2) and not keeping.due(2, resting=True)


@pytest.mark.usefixtures("tmp_store")
def test_a_dashboard_that_was_only_looked_at_gets_a_fresh_snapshot_when_other_runs_have_ended(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    shown: list[tuple[dict[str, Any], bool]] = []

    def display(bundle: dict[str, Any], *, update: bool = False, **_options: Any) -> None:
        shown.append((bundle, update))

    monkeypatch.setattr(module, "display", display)
    asked: list[str | None] = []
    answer: list[Callable[[], None]] = []

    class Thinker:
        def ask(self, dashboard: Dashboard, metric: str | None) -> None:
            asked.append(metric)
            if metric is None:
                answer.append(dashboard.keep)

    monkeypatch.setattr(module, "thinker", Thinker)
    sweep_id = nbsweep.sweep(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
    )
    dashboard = Dashboard(sweep_id)
    dashboard._keeping = Keeping(clock)
    dashboard.put_up("here")
    assert [MIME in bundle for bundle, _ in shown] == [True, True] and shown[0][0][MIME]["below"]
    assert table_of(shown[1][0][MIME])["runs"] == []
    Page(dashboard, "a").hello()
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}), count=2)

    def revision() -> int:
        with dashboard.sweep.store.read() as db:
            return db.revisions([sweep_id])[sweep_id]

    dashboard.publish(revision())
    clock.now += REST_AFTER_S + 1
    dashboard.publish(revision())
    dashboard.publish(revision())
    assert asked.count(None) == 1
    answer[0]()
    bundle, update = shown[-1]
    assert update and len(table_of(bundle[MIME])["runs"]) == 2 and "2 finished" in bundle["text/html"]
    clock.now += 1000
    dashboard.publish(revision())
    assert asked.count(None) == 1
