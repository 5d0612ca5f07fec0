"""The dashboard's Python half: what pages are told is what the store holds, whenever they come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.publisher import Publisher
from nbsweep.notebook.series import Series
from nbsweep.notebook.views import PROTOCOL
from nbsweep.plan import sendable
from tests.test_agents import until

pytestmark = pytest.mark.usefixtures("tmp_store")

CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"level": {"values": [3, 1, 2, 4]}, "name": {"value": "<img src=x onerror=alert(1)>"}},
}


class Page:
    """A front end that applies messages as the protocol says."""

    def __init__(self, dashboard: Dashboard, session: str, *, exact: bool = True) -> None:
        self.session = session
        self.exact = exact  # nothing is thinned, so that every point can be counted
        self.runs: dict[str, Any] = {}
        self.sweep: dict[str, Any] = {}
        self.series: dict[tuple[str, str], list[float]] = {}
        self.steps: dict[tuple[str, str], list[float]] = {}
        self.times: dict[tuple[str, str], list[float]] = {}
        self.zooms: list[tuple[dict[str, Any], list[bytes]]] = []
        self.cells: list[str] = []
        self.totals: dict[tuple[str, str], int] = {}
        self.notices: list[str] = []
        self.details: list[dict[str, Any]] = []
        self.sent_points = 0
        self._dashboard = dashboard
        original = dashboard.send

        def send(content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
            original(content, buffers)
            if content.get("to") in (None, session):
                self.receive(content, buffers or [])

        dashboard.send = send

    def hello(self, *keys: str) -> None:
        cursors: dict[str, dict[str, int]] = {}
        for (run, key), total in self.totals.items():
            cursors.setdefault(run, {})[key] = total
        self.say({"type": "hello", "protocol": PROTOCOL, "cursors": cursors, "keys": list(keys)})

    def say(self, message: dict[str, Any]) -> None:
        self._dashboard._handle_custom_msg({**message, "session": self.session}, [])

    def receive(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        if message["type"] == "notice":
            self.notices.append(message["text"])
        if message["type"] == "run_detail":
            self.details.append(message)
        if message["type"] == "zoom":
            self.zooms.append((message, buffers))
        if message["type"] == "cell":
            self.cells.append(message["code"])
        if message["type"] not in ("snapshot", "delta"):
            return
        if message["type"] == "snapshot":
            self.runs, self.series, self.totals = {}, {}, {}
        self.sweep = message["sweep"] or self.sweep
        self.runs.update({run["id"]: run for run in message["runs"]})
        for each in message["series"]:
            pair = (each["run"], each["key"])
            values = np.frombuffer(buffers[each["values"]], "<f8").tolist()
            assert len(values) * 8 == len(buffers[each["steps"]])
            known = self.totals.get(pair, 0)
            assert each["start"] <= known, "a gap"
            skip = known - each["start"] if self.exact else 0
            assert not (self.exact and each["reduced"])
            self.series.setdefault(pair, []).extend(values[skip:])
            self.steps.setdefault(pair, []).extend(np.frombuffer(buffers[each["steps"]], "<f8").tolist()[skip:])
            self.times.setdefault(pair, []).extend(np.frombuffer(buffers[each["times"]], "<f8").tolist()[skip:])
            self.totals[pair] = each["total"]
            self.sent_points += len(values)

    def stars(self) -> list[str]:
        return [run["id"] for run in self.runs.values() if run["best"]]


def trained(train: Callable[..., Any], **options: Any) -> str:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, **options)
    return sweep_id


def test_pages_that_come_early_late_and_again_all_see_what_the_store_holds() -> None:
    def train(config: Any, run: Any) -> None:
        for step in range(40):
            run.log({"batch loss": config.level / (step + 1)})
            if step % 10 == 0:
                run.log({"loss": float(config.level)})
            time.sleep(0.005)

    sweep_id = nbsweep.sweep(CONFIG)
    dashboard = nbsweep.Sweep(sweep_id).dashboard()
    early, late, lossy = Page(dashboard, "early"), Page(dashboard, "late"), Page(dashboard, "lossy")
    early.hello()
    agent = nbsweep.agent(sweep_id, train, workers=2, block=False)
    until(lambda: early.sent_points > 50)
    late.hello()
    agent.wait(30)
    until(lambda: early.sweep.get("state") == "finished" and sum(early.totals.values()) == 4 * 44)
    lossy.totals.clear()  # only now: the publisher's thread would find a gap
    lossy.hello()
    sweep = nbsweep.Sweep(sweep_id)
    for page in (early, late, lossy):
        until(lambda page=page: sum(page.totals.values()) == 4 * 44)  # type: ignore[misc]
        for name, history in sweep.histories().items():
            run_id = sweep.run(name).id
            for key, column in history.columns.items():
                assert page.series[run_id, key] == column.values.tolist()
        assert page.stars() == [sweep.best_run.id] if sweep.best_run else False
        assert [page.runs[run.id]["state"] for run in sweep.runs] == ["finished"] * 4
        assert page.sweep["best"]["value"] == 1.0 and page.sweep["count"] == 4


def test_a_page_with_cursors_gets_only_what_it_lacks() -> None:
    sweep_id = trained(lambda run: [run.log({"loss": float(i)}) for i in range(100)])
    dashboard = nbsweep.Sweep(sweep_id).dashboard()
    page = Page(dashboard, "one")
    page.hello()
    assert page.sent_points == 400
    page.hello()
    assert page.sent_points == 400


def test_nothing_is_sent_before_a_page_said_hello() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    dashboard = nbsweep.Sweep(sweep_id).dashboard()
    page = Page(dashboard, "one")
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}))
    time.sleep(0.3)
    assert page.sent_points == 0 and not page.runs


def test_where_no_hello_can_be_heard_the_whole_picture_is_sent_unasked() -> None:
    sweep_id = trained(lambda run: run.log({"loss": 1.0}))
    dashboard = nbsweep.Sweep(sweep_id).dashboard()
    colab = Publisher(own_thread=False)
    colab.add(dashboard)
    colab.turn()  # before the page listens
    page = Page(dashboard, "one")
    begun = time.monotonic()
    while not page.runs:
        colab.turn()
        assert time.monotonic() - begun < 5
    assert page.sent_points == 4 and page.sweep["state"] == "finished"


def test_a_long_series_is_reduced_and_its_spikes_are_kept() -> None:
    values = np.zeros(100_000)
    values[31_337], values[77_777] = 5.0, math.nan
    steps = np.arange(100_000.0)
    series = Series("r", "loss", 0, 100_000, steps, 1e9 + steps, values).reduce(2000)
    assert len(series.values) <= 2002 and series.total == 100_000 and series.reduced
    assert series.steps[series.values == 5.0].tolist() == [31_337.0]


def test_a_page_stops_and_pauses_and_is_told_what_went_wrong() -> None:
    def train(run: Any) -> None:
        while True:
            run.log({"loss": 1.0})
            time.sleep(0.005)

    sweep_id = nbsweep.sweep(CONFIG)
    sweep = nbsweep.Sweep(sweep_id)
    page = Page(sweep.dashboard(), "one")
    page.hello()
    agent = nbsweep.agent(sweep_id, train, workers=2, block=False)
    until(lambda: len(sweep.runs) == 2)
    page.say({"type": "command", "command": "pause"})
    assert sweep.state == "paused"
    page.say({"type": "command", "command": "kill_run", "run": sweep.runs[0].id})
    until(lambda: sweep.runs[0].state == "killed")
    page.say({"type": "command", "command": "kill_run", "run": "nobody"})
    assert "no run 'nobody'" in page.notices[0]
    page.say({"type": "command", "command": "stop"})
    assert agent.wait(10)
    until(lambda: [run["state"] for run in page.runs.values()] == ["killed", "killed"])
    assert (page.sweep["state"], page.sweep["note_kind"]) == ("finished", "person")


def test_a_failed_runs_traceback_and_console_are_given_on_request() -> None:
    def train(run: Any) -> None:
        run.print("stdout", "hello\n")
        raise ValueError("no")

    sweep_id = trained(train, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    page = Page(sweep.dashboard(), "one")
    page.hello()
    run = sweep.runs[0]
    assert page.runs[run.id]["error"] == "ValueError: no"
    page.say({"type": "run_detail", "run": run.id})
    [detail] = page.details
    assert detail["console"].startswith("hello\n") and "ValueError: no" in detail["traceback"]
    assert detail["config"]["name"] == "<img src=x onerror=alert(1)>"


def test_what_json_lacks_is_sent_as_words() -> None:
    assert sendable({"a": math.nan, "b": [math.inf, -math.inf, 1]}) == {"a": "NaN", "b": ["Infinity", "-Infinity", 1]}


def test_only_the_keys_that_a_page_draws_are_sent() -> None:
    def train(run: Any) -> None:
        for step in range(30):
            run.log({"loss": 1.0 / (step + 1), "accuracy": step / 30, "word": "no number"})

    page = Page(nbsweep.Sweep(trained(train)).dashboard(), "one")
    page.hello()
    assert {key for _run, key in page.series} == {"loss"}
    assert page.sweep["keys"] == {"loss": 120, "accuracy": 120}
    page.hello("loss", "accuracy")
    assert sum(total for (_run, key), total in page.totals.items() if key == "accuracy") == 120
    assert page.sent_points == 240


def test_a_key_that_is_asked_for_while_runs_run_streams_from_its_beginning() -> None:
    def train(run: Any) -> None:
        for step in range(200):
            run.log({"loss": 1.0, "accuracy": float(step)})
            time.sleep(0.002)

    sweep_id = nbsweep.sweep(CONFIG)
    page = Page(nbsweep.Sweep(sweep_id).dashboard(), "one")
    page.hello()
    agent = nbsweep.agent(sweep_id, train, count=1, block=False)
    until(lambda: page.sent_points > 50)
    page.hello("loss", "accuracy")
    agent.wait(30)
    until(lambda: sum(page.totals.values()) == 400)
    [(_run, run_id)] = [(None, run) for run, key in page.series if key == "accuracy"]
    assert page.series[run_id, "accuracy"] == [float(step) for step in range(200)]


def test_every_point_has_its_step_and_its_time() -> None:
    begun = time.time()
    page = Page(
        nbsweep.Sweep(trained(lambda run: [run.log({"loss": 1.0}, step=3 * i) for i in range(9)])).dashboard(), "a"
    )
    page.hello()
    [steps, *_] = page.steps.values()
    [times, *_] = page.times.values()
    assert steps == [3.0 * i for i in range(9)]
    assert begun - 1e-3 <= times[0] <= times[-1] <= time.time()


def test_a_stream_that_outgrows_the_screen_comes_thinned_and_keeps_its_spikes() -> None:
    def train(run: Any) -> None:
        for step in range(20_000):
            run.log({"loss": 9.0 if step == 15_003 else step % 5})

    sweep_id = nbsweep.sweep(CONFIG)
    page = Page(nbsweep.Sweep(sweep_id).dashboard(), "one", exact=False)
    page.hello()
    nbsweep.agent(sweep_id, train, count=1)
    until(lambda: sum(page.totals.values()) == 20_000)
    assert page.sent_points < 12_000
    late = Page(nbsweep.Sweep(sweep_id).dashboard(), "late", exact=False)
    late.hello()
    assert late.sent_points <= 1002 and max(next(iter(late.series.values()))) == 9.0


def test_a_zoom_brings_finer_points_of_that_stretch_alone() -> None:
    def train(run: Any) -> None:
        for step in range(5000):
            run.log({"loss": float(step)})

    page = Page(nbsweep.Sweep(trained(train, count=1)).dashboard(), "one", exact=False)
    page.hello()
    page.say({"type": "zoom", "key": "loss", "from": 1000, "until": 1200})
    [(message, buffers)] = page.zooms
    [series] = message["series"]
    assert np.frombuffer(buffers[series["values"]]).tolist() == [float(step) for step in range(1000, 1201)]


def test_the_brushed_runs_are_a_dataframe() -> None:
    sweep = nbsweep.Sweep(trained(lambda config, run: run.log({"loss": config.level})))
    dashboard = sweep.dashboard()
    page = Page(dashboard, "one")
    assert len(dashboard.selected) == 4
    page.say({"type": "selection", "runs": [run.id for run in sweep.runs if run.config["level"] < 3]})
    assert sorted(dashboard.selected["level"]) == sorted(sweep.selected["level"]) == [1, 2]
    page.say({"type": "selection", "runs": []})
    assert len(sweep.selected) == 0
    page.say({"type": "selection", "runs": None})
    assert len(sweep.selected) == 4


def test_a_brushed_region_comes_back_as_a_define_cell() -> None:
    sweep = nbsweep.Sweep(trained(lambda config, run: run.log({"loss": config.level})))
    page = Page(sweep.dashboard(), "one")
    page.say({"type": "narrow", "ranges": {}, "levels": {"level": [1, 2]}, "runs": []})
    assert page.cells[0].startswith(f"%%sweep define {sweep.name}-narrow\n")
    assert "'level': {'values': [1, 2]}" in page.cells[0]
    best = [run.id for run in sweep.runs if run.config["level"] == 1]
    page.say({"type": "narrow", "ranges": {}, "levels": {}, "runs": best})
    assert "'level': {'value': 1}" in page.cells[1]


def test_a_page_of_another_protocol_is_told_what_to_do_and_nothing_it_could_misread() -> None:
    sweep_id = trained(lambda: nbsweep.log({"loss": 1.0}))
    dashboard = nbsweep.Sweep(sweep_id).dashboard()
    page, other = Page(dashboard, "page"), Page(dashboard, "other")
    page.say({"type": "hello", "protocol": 1, "cursors": {}, "keys": []})
    assert page.sweep == {} and not dashboard.connected
    assert "protocol 1" in page.notices[0] and "reload the page" in page.notices[0]
    assert other.notices == []
    page.say({"type": "hello"})  # older than protocols
    assert len(page.notices) == 2 and page.sweep == {}
    other.hello()
    assert len(other.runs) == 4 and other.sweep["notice"] is None
