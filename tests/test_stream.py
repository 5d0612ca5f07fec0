"""A sweep's stream to its pages: what each message of it says."""

from __future__ import annotations

from typing import Any

import pytest

import nbsweep
from nbsweep.notebook.stream import SweepStream
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
