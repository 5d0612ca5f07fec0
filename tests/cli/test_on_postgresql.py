"""A notebook and terminals that share a sweep once more, through a real PostgreSQL server instead of SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbsweep import process
from tests.cli.terminal import Terminal
from tests.cli.test_together import (
    notebook,
    test_a_notebook_and_two_terminals_train_a_grid_once_and_one_dashboard_shows_it_live,
)

__all__ = ["notebook", "test_a_notebook_and_two_terminals_train_a_grid_once_and_one_dashboard_shows_it_live"]

pytestmark = pytest.mark.slow


@pytest.fixture
def tmp_store(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NBSWEEP_STORAGE", postgresql_url)
    yield postgresql_url
    process.shut_down()


def test_commands_find_the_server_by_its_url(terminal: Terminal, postgresql_url: str) -> None:
    terminal.write("train.py", "import nbsweep\nrun = nbsweep.init()\nrun.log({'loss': run.config.x})\n")
    terminal.write(
        "sweep.yaml",
        "name: far\nprogram: train.py\nmethod: grid\nmetric: {name: loss}\nparameters: {x: {values: [3, 1, 2]}}\n",
    )
    terminal.run("sweep", "sweep.yaml")
    terminal.run("agent", "far")
    (listed,) = terminal.json("ls")
    assert (listed["name"], listed["state"], listed["runs"]) == ("far", "finished", 3)
    assert terminal.json("best", "far")["value"] == 1
    assert not (terminal.directory / ".nbsweep" / "nbsweep.db").exists()
    other = postgresql_url.rsplit("@", 1)[0] + "@/nowhere?" + postgresql_url.split("?", 1)[1]
    refused = terminal.try_run("ls", env={"NBSWEEP_STORAGE": other})
    assert refused.returncode != 0 and "nowhere" in refused.stderr and "Traceback" not in refused.stderr
