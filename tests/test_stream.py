"""A sweep's stream to its pages: what each message of it says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import nbsweep
from nbsweep.notebook.overview import Overview
from nbsweep.notebook.stream import SweepStream, _end_of
from nbsweep.notebook.views import PROTOCOL

pytestmark = pytest.mark.usefixtures("tmp_store")

CONFIG: dict[str, Any] = {
    "name": "streamed",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"level": {"values": [3, 1, 2]}},
}


def a_stream(sweep_id: str) -> tuple[SweepStream, list[dict[str, Any]]]:
    """A stream with one page, and the messages that it sends from now on."""
    said: list[dict[str, Any]] = []
    stream = SweepStream(sweep_id)
    stream.send = lambda content, buffers=None: said.append(content)
    greet(stream, "page")
    return stream, said


def greet(stream: SweepStream, session: str) -> None:
    stream.hear({"type": "hello", "protocol": PROTOCOL, "session": session, "cursors": {}, "keys": []})


@pytest.mark.parametrize("second_page", [False, True])
def test_a_sweep_that_is_redefined_with_another_metric_tells_every_runs_value_of_it(second_page: bool) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, lambda config, run: run.log({"loss": config.level, "acc": 10 * config.level}))
    stream, said = a_stream(sweep_id)
    assert nbsweep.sweep({**CONFIG, "metric": {"name": "acc", "goal": "maximize"}}) == sweep_id
    if second_page:
        greet(stream, "another")  # to which alone the new version has been told by now
    said.clear()
    stream.publish()
    [delta] = said
    assert delta["to"] is None and delta["sweep"]["metric"]["name"] == "acc"
    assert {run["value"]: run["best"] for run in delta["runs"]} == {30: True, 10: False, 20: False}
    stream.publish()
    assert len(said) == 1


def test_what_matters_is_worked_out_anew_when_the_sweep_is_redefined(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, lambda config, run: run.log({"loss": config.level}))
    stream, _said = a_stream(sweep_id)
    stream.publish()
    thought: list[str] = []
    thinking = SimpleNamespace(ask=lambda _stream, metric: thought.append(metric))
    monkeypatch.setattr("nbsweep.notebook.stream.thinker", lambda: thinking)
    stream.hear({"type": "importance", "session": "page", "metric": "loss"})
    stream.publish()
    told = len(thought)
    nbsweep.sweep({**CONFIG, "parameters": {"level": {"values": [3, 1, 2]}, "depth": {"values": [1, 2]}}})
    stream.publish()
    assert thought[told:] == ["loss"]


def test_what_of_a_brushed_region_the_sweep_no_longer_has_is_said_in_the_cell() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    stream, said = a_stream(sweep_id)
    region = {"ranges": {"drop": [0.1, 0.4]}, "levels": {"level": [2, 7]}, "runs": []}
    stream.hear({"type": "narrow", "session": "page", **region})
    assert "\n# left out, for the sweep no longer has it: drop from 0.1 to 0.4; level 7\n{" in said[-1]["code"]


def test_a_sweep_that_ran_out_of_points_says_so_and_one_that_has_all_it_should_says_nothing() -> None:
    sweep_id = nbsweep.sweep({**CONFIG, "method": "random"})
    nbsweep.agent(sweep_id, lambda config, run: run.log({"loss": config.level}), count=2)
    stream, said = a_stream(sweep_id)
    assert [message["sweep"]["outlook"] for message in said] == [None]
    nbsweep.agent(sweep_id, lambda config, run: run.log({"loss": config.level}), count=5)
    stream.publish()
    assert said[-1]["sweep"]["state"] == "finished" and said[-1]["sweep"]["count"] == 7
    assert said[-1]["sweep"]["outlook"] == "every point of the space has a run"
    overview = Overview()
    overview.look()
    assert overview.sweeps[0]["note"] == "every point of the space has a run"


def test_a_page_gets_the_end_of_a_long_console_and_is_told_of_the_rest() -> None:
    sweep_id = nbsweep.sweep(CONFIG)

    def train(config: Any) -> None:
        for number in range(30_000 if config.level == 3 else 3):
            print(f"line {number:05}")

    nbsweep.agent(sweep_id, train)
    stream, said = a_stream(sweep_id)
    long, short = nbsweep.Sweep(sweep_id).runs[:2]
    for run in (long, short):
        stream.hear({"type": "run_detail", "session": "page", "run": run.id})
    told, whole = (message["console"] for message in said[-2:])
    first, rest = told.split("\n", 1)
    assert "left out" in first and "Sweep.console" in first
    assert 199_000 < len(rest) <= 200_000
    assert rest.startswith("line ") and rest.endswith("line 29999\n")
    assert int(first.split()[2].replace(",", "")) + len(rest) == 30_000 * 11
    assert whole == "line 00000\nline 00001\nline 00002\n"


@pytest.mark.parametrize("console", ["x" * 200_001, "\n" + "x" * 200_000, "x" * 200_010 + "\n"])
def test_of_a_console_of_one_long_line_no_more_is_left_out_than_must_be(console: str) -> None:
    said, rest = _end_of(console).split("\n", 1)
    assert rest and console.endswith(rest) and said
