"""Agents of mixed kinds on one sweep; one script alone, under an agent and in a notebook."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import nbsweep
from nbsweep.notebook.dashboard import Dashboard
from tests.cli.terminal import PATIENCE_S, Terminal
from tests.test_agents import until
from tests.test_dashboard import Page
from tests.test_magics import Notebook, notebook

__all__ = ["notebook"]  # the fixture

GRID = """\
name: together
program: train.py
method: grid
metric: {name: loss}
parameters:
  x: {values: [0, 1, 2, 3, 4, 5]}
  y: {values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
"""
PROGRAM = """\
import time
import nbsweep
run = nbsweep.init()
for step in range(3):
    run.log({"loss": run.config.x * 10 + run.config.y})
    time.sleep(0.05)
"""
CELL = """\
%%sweep_train --sweep together
import time
for step in range(3):
    log({"loss": config.x * 10 + config.y})
    time.sleep(0.1)"""


class Watching(Page):
    """A page that remembers in which states it was shown each run."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.shown: set[tuple[str, str]] = set()
        super().__init__(dashboard, "watching")

    def receive(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        super().receive(message, buffers)
        self.shown |= {(run["id"], run["state"]) for run in message.get("runs", ())}


def test_a_notebook_and_two_terminals_train_a_grid_once_and_one_dashboard_shows_it_live(
    terminal: Terminal, notebook: Notebook
) -> None:
    terminal.write("train.py", PROGRAM)
    terminal.write("sweep.yaml", GRID)
    sweep_id = terminal.json("sweep", "sweep.yaml")["id"]
    page = Watching(Dashboard(sweep_id))
    page.hello("loss")
    agents = [terminal.start("agent", sweep_id) for _ in range(2)]
    until(lambda: len({run.agent_id for run in nbsweep.Sweep(sweep_id).runs}) == 2, PATIENCE_S)
    assert notebook.run(CELL).ok
    for agent in agents:
        assert agent.wait(PATIENCE_S) == 0
    notebook.text("%sweep wait")
    runs = nbsweep.Sweep(sweep_id).runs
    assert sorted((run.config["x"], run.config["y"]) for run in runs) == [(x, y) for x in range(6) for y in range(10)]
    assert {run.state for run in runs} == {"finished"}
    assert all(run.summary["loss"] == run.config["x"] * 10 + run.config["y"] for run in runs)
    by_agent = {agent: {run.id for run in runs if run.agent_id == agent} for agent in {run.agent_id for run in runs}}
    assert len(by_agent) == 3 and min(map(len, by_agent.values())) >= 2
    until(lambda: page.sweep["counts"]["finished"] == 60)
    assert {run_id for run_id, state in page.shown if state == "finished"} == {run.id for run in runs}
    for trained in by_agent.values():
        assert any((run_id, "running") in page.shown for run_id in trained), "it was shown as it ran"
    assert all(len(page.series[run.id, "loss"]) == 3 for run in runs)


# A script as W&B's users write them: it knows wandb.init, wandb.config and wandb.log, and nothing of sweeps.
SCRIPT = """\
import argparse
import nbsweep as wandb

def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args(arguments)
    with wandb.init(project="mine", config=vars(args)) as run:
        for epoch in range(wandb.config.epochs):
            wandb.log({"epoch": epoch, "loss": wandb.config.lr / (epoch + 1)})
        run.summary["done"] = True

if __name__ == "__main__":
    main()
"""
CONFIG = {
    "method": "grid",
    "program": "script.py",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2]}},
}


@pytest.fixture
def script(terminal: Terminal) -> Terminal:
    terminal.write("script.py", SCRIPT)
    return terminal


def test_a_script_runs_alone(script: Terminal) -> None:
    subprocess.run(
        [sys.executable, "script.py", "--epochs", "3"], cwd=script.directory, env=script.environment(), check=True
    )
    (run,) = script.json("ls", "--alone")
    assert run["config"] == {"lr": 0.5, "epochs": 3} and run["state"] == "finished"
    assert run["summary"] == {"epoch": 2, "loss": pytest.approx(0.5 / 3), "done": True}


def test_the_same_script_runs_under_an_agent(script: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.directory)
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id)
    check_runs(nbsweep.Sweep(sweep_id))
    assert script.json("ls", "--alone") == []


def test_the_same_script_is_imported_and_trained_in_a_notebook(script: Terminal, notebook: Notebook) -> None:
    notebook.text(f"import nbsweep, script\nsweep_id = nbsweep.sweep({CONFIG!r})")
    notebook.text("nbsweep.agent(sweep_id, lambda: script.main([]))")
    check_runs(nbsweep.Sweep(notebook.text("print(sweep_id)").strip()))


def test_a_notebook_trains_the_script_as_a_program(script: Terminal, notebook: Notebook) -> None:
    script.write("sweep.yaml", "method: grid\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2]}}\n")
    notebook.result("%sweep define sweep.yaml --name by-magic")
    cell = notebook.run("%sweep agent --program script.py --workers 2 --wait")
    assert cell.ok, cell.error
    check_runs(nbsweep.Sweep("by-magic"))


def check_runs(sweep: nbsweep.Sweep) -> None:
    assert [(run.state, run.config["lr"], run.config["epochs"]) for run in sweep.runs] == [
        ("finished", 0.1, 2),
        ("finished", 0.2, 2),
    ]
    assert [run.summary for run in sweep.runs] == [{"epoch": 1, "loss": lr / 2, "done": True} for lr in (0.1, 0.2)]
