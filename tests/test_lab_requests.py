"""What JupyterLab's commands and settings ask of a kernel, by the names that pages know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nbsweep
from nbsweep.errors import UsageError
from nbsweep.notebook import lab_requests
from nbsweep.notebook.link import REQUESTS
from nbsweep.notebook.publisher import SLOWEST_S, UPDATE_EVERY_S, publisher

CONFIG = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "layer": {"parameters": {"width": {"value": 8}}}},
}


@pytest.fixture
def sweep_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path}/store.db")
    return nbsweep.sweep(CONFIG)


def test_a_page_is_told_the_best_run_as_a_cell_that_makes_its_config(sweep_id: str) -> None:
    def train(config: Any) -> None:
        nbsweep.log({"loss": 1 - config["lr"]})

    nbsweep.agent(sweep_id, train)
    best = nbsweep.Sweep(sweep_id).best_run
    assert best is not None
    source = REQUESTS["best"]({"sweep": sweep_id})["source"]
    assert f"{best.name}, loss 0.8" in source
    cell: dict[str, Any] = {}
    exec(source, cell)
    assert cell["config"] == best.config


def test_a_sweep_without_a_result_has_no_best_run_and_says_so(sweep_id: str) -> None:
    with pytest.raises(UsageError, match="no finished run"):
        lab_requests.best({"sweep": sweep_id})


@pytest.mark.parametrize(
    ("asked", "holds"), [(20, 20), (2, 2), (1000, 1 / UPDATE_EVERY_S), (0.001, 1 / SLOWEST_S), (0, 1 / SLOWEST_S)]
)
def test_updates_come_at_most_so_often_and_never_cease(asked: float, holds: float) -> None:
    try:
        assert REQUESTS["rate"]({"per_second": asked}) == pytest.approx(holds)
        assert publisher().pace_s == pytest.approx(1 / holds)
    finally:
        publisher().set_rate(1 / UPDATE_EVERY_S)
