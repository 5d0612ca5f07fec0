"""Nothing piles up for a page that is gone, and one that comes back gets all that it lacks."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import nbsweep
from nbsweep.notebook.audience import SILENT_AFTER_S, SLOW_AFTER_S, Audience, MainThread
from nbsweep.notebook.dashboard import Dashboard
from tests.test_dashboard import Page, trained


class Clock:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Events:
    """IPython's events, as far as they are asked for."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Any] = {}

    def register(self, name: str, callback: Any) -> None:
        self.callbacks[name] = callback

    def begin(self) -> None:
        self.callbacks["pre_run_cell"](None)

    def end(self) -> None:
        self.callbacks["post_run_cell"](None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def elsewhere(act: Any) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_a_page_that_is_heard_gets_everything_then_less_then_nothing(clock: Clock) -> None:
    audience = Audience(MainThread(clock=clock), clock)
    elsewhere(audience.heard)
    assert audience.wants() and audience.wants()
    clock.now += SLOW_AFTER_S
    assert [audience.wants() for _ in range(3)] == [True, False, False]
    clock.now += 1.0
    assert [audience.wants() for _ in range(3)] == [True, False, False]
    clock.now += SILENT_AFTER_S
    assert not audience.wants()
    audience.heard()
    assert audience.wants() and audience.wants()


def test_a_kernel_that_cannot_hear_while_a_cell_runs_takes_nobody_for_gone(clock: Clock) -> None:
    events = Events()
    audience = Audience(MainThread(events, clock), clock)
    clock.now += 10 * SILENT_AFTER_S
    assert audience.wants(), "the cell that shows it runs"
    events.end()
    clock.now += SLOW_AFTER_S - 1
    assert audience.wants(), "no page had a chance to say anything yet"
    clock.now += SILENT_AFTER_S
    assert not audience.wants()
    events.begin()
    assert audience.wants(), "rather too much than a picture that stands still"


def test_a_kernel_that_has_heard_a_page_beside_a_cell_knows_when_it_is_gone(clock: Clock) -> None:
    events = Events()
    audience = Audience(MainThread(events, clock), clock)
    elsewhere(audience.heard)
    clock.now += SILENT_AFTER_S
    assert not audience.wants()


@pytest.mark.usefixtures("tmp_store")
def test_what_was_held_back_comes_in_one_with_the_next_word_of_a_page(clock: Clock) -> None:
    def train(run: Any) -> None:
        for step in range(50):
            run.log({"loss": float(step)})

    sweep_id = trained(train, count=1)
    dashboard = Dashboard(sweep_id)
    dashboard._audience = Audience(MainThread(clock=clock), clock)
    page = Page(dashboard, "a")
    elsewhere(page.hello)
    clock.now += 2 * SILENT_AFTER_S
    messages = 0
    original = dashboard.send

    def counting(*args: Any) -> None:
        nonlocal messages
        messages += 1
        original(*args)

    dashboard.send = counting
    nbsweep.agent(sweep_id, train, count=3)
    sweep = nbsweep.Sweep(sweep_id)
    for _ in range(5):
        dashboard.publish(sweep._record().revision)
    assert messages == 0 and len(page.runs) == 1
    page.say({"type": "here"})
    dashboard.publish(sweep._record().revision)
    assert messages == 1 and len(page.runs) == 4
    assert [len(page.series[run.id, "loss"]) for run in sweep.runs] == [50] * 4
