"""A sweep with a name is one thing however often its cell is run: it attaches, or becomes its next version."""

from __future__ import annotations

import math
import re
import threading
import time
from typing import Any

import pytest

import nbsweep
from nbsweep import process
from nbsweep.controller import Controller
from nbsweep.errors import UsageError
from nbsweep.store import RunRecord

pytestmark = pytest.mark.usefixtures("tmp_store")


def grid(*units: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "digits",
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"units": {"values": list(units)}, **more},
    }


def train(run: Any) -> None:
    run.log({"loss": float(run.config["units"])})


def test_the_same_name_and_config_attach_and_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    first = nbsweep.sweep(grid(1, 2, 3))
    assert capsys.readouterr().out == ""
    nbsweep.agent(first, train, count=2)
    assert nbsweep.sweep(grid(1, 2, 3)) == first
    assert f"Sweep digits (id {first}) goes on: the same config, 2 runs so far." in capsys.readouterr().out
    assert [version.version for version in nbsweep.Sweep(first).versions] == [1]


def test_a_changed_space_is_the_next_version_says_what_changed_and_keeps_what_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = nbsweep.sweep(grid(1, 2))
    nbsweep.agent(first, train)
    assert nbsweep.sweep(grid(2, 3, 4)) == first
    said = capsys.readouterr().out
    assert "version 2" in said and "2 runs so far count where they fit" in said
    assert "parameters.units.values: [1, 2] → [2, 3, 4]" in said
    nbsweep.agent(first, train)
    sweep = nbsweep.Sweep(first)
    assert [run.config["units"] for run in sweep.runs] == [1, 2, 3, 4], "the 2 of version 1 is not trained again"
    assert [run.sweep_version for run in sweep.runs] == [1, 1, 2, 2]
    assert [version.version for version in sweep.versions] == [1, 2]
    assert sweep.best_value == 1.0, "runs of the first version go on counting"


def test_a_parameter_that_comes_or_goes_makes_runs_that_do_not_fit() -> None:
    first = nbsweep.sweep(grid(1, 2))
    nbsweep.agent(first, train)
    nbsweep.sweep(grid(1, 2, layers={"values": [1]}))
    nbsweep.agent(first, train)
    assert [run.config for run in nbsweep.Sweep(first).runs[2:]] == [
        {"units": 1, "layers": 1},
        {"units": 2, "layers": 1},
    ]


def test_another_seed_is_a_change_and_none_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    config = {"name": "r", "method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    first = nbsweep.sweep(config, seed=1)
    assert nbsweep.sweep(config) == first
    assert "the same config" in capsys.readouterr().out
    assert nbsweep.sweep(config, seed=2) == first
    assert "seed: 1 → 2" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_cannot_be_kept_is_refused_wherever_it_is_given(seed: int) -> None:
    refused = f"the seed is {seed}; it must be a whole number from 0 to {2**63 - 1}"
    with pytest.raises(UsageError, match=refused):
        nbsweep.sweep(grid(1), seed=seed)
    with pytest.raises(ValueError, match="seed"):
        nbsweep.sweep({**grid(1), "seed": seed})
    sweep = nbsweep.Sweep(nbsweep.sweep(grid(1), seed=2**63 - 1))
    with pytest.raises(UsageError, match=refused):
        nbsweep.sweep(grid(1), seed=seed)
    with sweep.store.read() as db:
        kept = db.sweep(sweep.id)
    assert kept is not None and kept.seed == 2**63 - 1


@pytest.mark.parametrize("seed", ["7", 1.5, math.nan, True, [1]])
def test_a_seed_that_is_no_whole_number_is_refused(seed: Any) -> None:
    refused = re.escape(f"the seed is {seed!r}; it must be a whole number from 0 to")
    for _ in "of a new sweep", "of the one that is there":
        with pytest.raises(UsageError, match=refused):
            nbsweep.sweep(grid(1), seed=seed)
        nbsweep.sweep(grid(1), seed=1)


def test_without_a_name_with_another_project_and_after_a_cancel_the_sweep_is_new() -> None:
    nameless = {key: value for key, value in grid(1).items() if key != "name"}
    assert nbsweep.sweep(nameless) != nbsweep.sweep(nameless)
    first = nbsweep.sweep(grid(1))
    assert nbsweep.sweep(grid(1), project="other") != first
    nbsweep.Sweep(first).cancel()
    assert nbsweep.sweep(grid(1)) != first


def test_a_controller_at_work_hands_out_the_new_version_from_its_next_run_on() -> None:
    sweep_id = nbsweep.sweep(grid(1, 2))
    controller = Controller(process.recorder().store, sweep_id)
    agent = controller.join(None)
    assert isinstance(one := controller.next_run(agent), RunRecord) and one.config == {"units": 1}
    nbsweep.sweep(grid(7))
    assert isinstance(seven := controller.next_run(agent), RunRecord) and seven.config == {"units": 7}
    assert controller.version == seven.sweep_version == 2


def test_a_changed_rule_of_early_termination_holds_from_the_next_run_on() -> None:
    config = {
        "name": "judged",
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"a": {"max": 1.0, "min": 0}},
    }
    sweep_id = nbsweep.sweep(config)
    begun, changed = threading.Event(), threading.Event()

    def log_slowly(run: Any) -> None:
        begun.set()
        changed.wait(20)
        for _ in range(300 if run.number == 1 else 10_000):  # so that both reach the band they are judged at
            run.log({"loss": float(run.number - 1)})
            time.sleep(0.002)

    agent = nbsweep.agent(sweep_id, log_slowly, count=2, block=False)
    assert begun.wait(20)
    nbsweep.sweep({**config, "early_terminate": {"type": "hyperband", "min_iter": 3}})
    changed.set()
    assert agent.wait(30)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished", "stopped"]


def test_frames_and_best_run_follow_the_newest_metric() -> None:
    sweep_id = nbsweep.sweep(grid(1, 2))
    sweep = nbsweep.Sweep(sweep_id)
    nbsweep.agent(sweep_id, train)
    nbsweep.sweep({**grid(1, 2), "metric": {"name": "loss", "goal": "maximize"}})
    assert sweep.best_value == 2.0
