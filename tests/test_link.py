"""The kernel's half of JupyterLab's link: what a page is told of the sweeps, and what comes of its wishes."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import process
from nbsweep.errors import StoreError, UsageError
from nbsweep.notebook import link as links
from nbsweep.notebook.audience import SILENT_AFTER_S, Audience, MainThread
from nbsweep.notebook.link import Link
from nbsweep.notebook.overview import TAIL_VALUES, Overview
from nbsweep.notebook.publisher import publisher
from nbsweep.notebook.views import PROTOCOL
from tests.test_agents import until

CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"level": {"values": [3, 1, 2]}},
}


class FakeComm:
    """A comm as a kernel hands it over when a page has opened it."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], Any]] = []
        self.closed = False
        self._hear: Any = None
        self._part: Any = None

    def on_msg(self, callback: Any) -> None:
        self._hear = callback

    def on_close(self, callback: Any) -> None:
        self._part = callback

    def send(self, data: dict[str, Any], buffers: Any = None) -> None:
        self.sent.append((data, buffers))

    def close(self) -> None:
        self.closed = True

    def say(self, **content: Any) -> None:
        self._hear({"content": {"data": content}})

    def part(self) -> None:
        self._part({})

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [data for data, _buffers in self.sent if data["type"] == kind]


def opened(protocol: int = PROTOCOL) -> FakeComm:
    comm = FakeComm()
    links._opened(comm, {"content": {"data": {"type": "hello", "protocol": protocol}}})
    return comm


@pytest.fixture(autouse=True)
def no_pages_left(tmp_store: str) -> Any:
    yield
    for link in tuple(links._links):
        links._forget(link)


def train(config: Any, run: Any) -> None:
    for step in range(200):
        run.log({"loss": config["level"] / (step + 1)})
    run.log({"loss": float(config["level"])})


def test_a_page_hears_of_all_sweeps_newest_first_and_of_each_change() -> None:
    old = nbsweep.sweep(CONFIG, name="old")
    nbsweep.agent(old, train, count=3)
    comm = opened()
    (first,) = comm.told("sweeps")[-1]["sweeps"]
    assert (first["name"], first["state"], first["best"], first["runs"], first["finished"]) == (
        "old", "finished", 1.0, 3, 3)  # fmt: skip
    assert (first["total"], first["failed"], first["running"], first["metric"]) == (3, 0, [], "loss")
    assert comm.told("sweeps")[-1]["storage"].endswith("nbsweep.db")
    nbsweep.sweep(CONFIG, name="new")
    until(lambda: [item["name"] for item in comm.told("sweeps")[-1]["sweeps"]] == ["new", "old"])
    heard = len(comm.sent)
    nbsweep.Sweep("new").pause()
    until(lambda: comm.told("sweeps")[-1]["sweeps"][0]["state"] == "paused")
    assert len(comm.sent) <= heard + 2  # what did not change is not told again


def test_running_runs_are_told_with_a_few_values_that_draw_their_curves() -> None:
    go_on = threading.Event()

    def slow(config: Any, run: Any) -> None:
        for step in range(5000):
            run.log({"loss": 1.0 / (step + 1)})
        run.log({"loss": float("nan")})
        go_on.wait(30)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, slow, count=2, workers=2, block=False)
    overview = Overview()

    def tails() -> list[list[float]]:
        overview.look()
        return [run["tail"] for item in overview.sweeps for run in item["running"]]

    until(lambda: len(tails()) == 2 and all(min(tail, default=1.0) < 1 / 4900 for tail in tails()))
    for tail in tails():
        assert len(tail) <= TAIL_VALUES and tail[0] == 1.0 and np.isfinite(tail).all()
    assert overview.sweeps[0]["running_count"] == 2 and overview.sweeps[0]["active"]
    go_on.set()
    agent.wait()
    overview.look()
    assert not overview.sweeps[0]["active"]
    assert overview.sweeps[0]["running"] == [] and overview.sweeps[0]["finished"] == 2


def test_looking_makes_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path / 'none' / 'none.db'}")
    comm = opened()
    assert comm.told("sweeps")[-1]["sweeps"] == []
    assert not (tmp_path / "none").exists() and not process.has_store()
    nbsweep.sweep(CONFIG, name="the first")
    until(lambda: [item["name"] for item in comm.told("sweeps")[-1]["sweeps"]] == ["the first"])


def test_requests_are_done_or_refused_in_words_and_each_is_answered() -> None:
    sweep_id = nbsweep.sweep(CONFIG, name="wishes")
    nbsweep.agent(sweep_id, train, count=2)
    comm = opened()

    def ask(name: str, **content: Any) -> dict[str, Any]:
        comm.say(type="request", id=f"{name}-{len(comm.sent)}", name=name, content=content)
        return comm.told("reply")[-1]

    assert "error" not in ask("pause", sweep=sweep_id)
    assert ask("export", sweep=sweep_id)["content"]["text"].count("\n") == 3
    assert ask("export", sweep=sweep_id)["content"]["name"] == "wishes"
    assert "there is no sweep 'none'" in ask("pause", sweep="none")["error"]
    assert "knows no request 'fly'" in ask("fly")["error"]
    assert "error" not in ask("delete", sweep=sweep_id)
    until(lambda: comm.told("sweeps")[-1]["sweeps"] == [])
    ids = [reply["id"] for reply in comm.told("reply")]
    assert len(ids) == len(set(ids)) == 6
    comm.say(nonsense=True)
    comm.say(type="request", id="last", name="export", content=None)
    assert comm.told("reply")[-1]["id"] == "last"


def test_a_dashboard_is_fed_until_the_page_leaves_it() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    comm = opened()
    before = len(publisher()._dashboards)
    hello = {"type": "hello", "protocol": PROTOCOL, "session": "a", "cursors": {}, "keys": ["loss"]}
    comm.say(type="dashboard", sweep=sweep_id, content=hello)
    (snapshot, buffers) = next((m, b) for m, b in comm.sent if m["type"] == "dashboard")
    assert snapshot["sweep"] == sweep_id and snapshot["content"]["type"] == "snapshot"
    (series,) = snapshot["content"]["series"]
    assert np.frombuffer(buffers[series["values"]], "<f8")[-1] == 3.0
    assert len(publisher()._dashboards) == before + 1
    nbsweep.agent(sweep_id, train, count=1)
    until(lambda: sum(len(m["content"].get("runs", ())) for m in comm.told("dashboard")) >= 2)
    comm.say(type="leave", sweep=sweep_id)
    assert len(publisher()._dashboards) == before
    heard = len(comm.told("dashboard"))
    comm.say(type="dashboard", sweep=sweep_id, content={"type": "here", "session": "a"})
    nbsweep.agent(sweep_id, train, count=1)
    assert len(comm.told("dashboard")) == heard
    comm.say(type="dashboard", sweep="none", content=hello)
    assert "there is no sweep 'none'" in comm.told("dashboard")[-1]["content"]["text"]


def test_a_page_of_another_version_is_told_so_and_nothing_else() -> None:
    nbsweep.sweep(CONFIG)
    comm = opened(protocol=PROTOCOL + 1)
    assert [message["type"] for message, _ in comm.sent] == ["other-protocol"]


def test_nothing_grows_as_pages_come_and_go() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    hello = {"type": "hello", "protocol": PROTOCOL, "session": "a"}
    before = (len(links._links), len(publisher()._dashboards), len(publisher()._looks))
    for _ in range(50):
        comm = opened()
        comm.say(type="dashboard", sweep=sweep_id, content=hello)
        comm.part()
    assert (len(links._links), len(publisher()._dashboards), len(publisher()._looks)) == before


def test_a_page_that_is_heard_no_more_is_sent_less_then_nothing_and_is_parted_from() -> None:
    now = 0.0

    def clock() -> float:
        return now

    nbsweep.sweep(CONFIG)
    comm = opened()
    (link,) = links._links
    link.audience = Audience(MainThread(clock=clock), clock)
    now = SILENT_AFTER_S + 1
    heard = len(comm.sent)
    nbsweep.sweep(CONFIG, name="unheard of")
    links._turn()
    assert len(comm.sent) == heard and not comm.closed
    comm.say(type="here")
    until(lambda: comm.told("sweeps")[-1]["sweeps"][0]["name"] == "unheard of")
    now += links.GONE_AFTER_S + SILENT_AFTER_S
    until(lambda: comm.closed and not links._links)


def test_a_sweep_is_deleted_with_all_it_has_and_not_while_it_trains() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(run: Any) -> None:
        run.log({"loss": 1.0})
        print("hello")
        begun.set()
        go_on.wait(30)

    kept, sweep_id = nbsweep.sweep(CONFIG, name="kept"), nbsweep.sweep(CONFIG, name="deleted")
    nbsweep.agent(kept, train, count=1)
    agent = nbsweep.agent(sweep_id, slow, count=1, block=False)
    assert begun.wait(30)
    sweep = nbsweep.Sweep(sweep_id)
    with pytest.raises(UsageError, match="1 of its runs train; stop it first"):
        sweep.delete()
    go_on.set()
    agent.wait()
    sweep.delete()
    with pytest.raises(UsageError, match="no sweep 'deleted'"):
        nbsweep.Sweep("deleted")
    from sqlalchemy import create_engine, text

    with create_engine(os.environ["NBSWEEP_STORAGE"]).connect() as db:
        counts = {
            table: db.execute(text(f"select count(*) from {table}")).scalar()
            for table in ("sweeps", "sweep_versions", "agents", "runs")
        }
        orphans = db.execute(text("select count(*) from history where run_id not in (select id from runs)")).scalar()
        printed = db.execute(text("select count(*) from console")).scalar()
    assert counts == {"sweeps": 1, "sweep_versions": 1, "agents": 1, "runs": 1} and orphans == printed == 0
    assert len(nbsweep.Sweep("kept").history()) == 201


def test_a_link_is_no_link_without_a_kernel() -> None:
    links.announce()  # IPython is there, a kernel is not
    assert not links._here


def test_what_is_wrong_with_the_store_is_said_once(tmp_path: Path) -> None:
    nbsweep.sweep(CONFIG)
    comm = opened()
    (link,) = links._links
    assert isinstance(link, Link)
    for _ in range(3):
        link.tell_trouble("The disk is full.")
    assert [message["text"] for message in comm.told("trouble")] == ["The disk is full."]
    link.tell_sweeps()
    assert comm.sent[-1][0]["type"] in ("sweeps", "trouble")


def test_a_page_that_comes_while_the_store_cannot_be_read_is_told_that_and_the_sweeps_once_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nbsweep.sweep(CONFIG, name="there")

    def away() -> None:
        raise StoreError("The disk is away.")

    with monkeypatch.context() as patched:
        patched.setattr(links._overview, "look", away)
        comm = opened()
        assert [message["text"] for message in comm.told("trouble")] == ["The disk is away."]
        assert comm.told("sweeps") == []
    until(lambda: [item["name"] for told in comm.told("sweeps") for item in told["sweeps"]] == ["there"])
