"""Failures pause a sweep instead of burning through its space; the agent holds until somebody resumes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbsweep
from nbsweep import process
from nbsweep.failures import AT_THE_START, LATEST, SHARE, too_many
from nbsweep.notebook.twins import text_table
from nbsweep.store import RunRecord
from tests.test_agents import CONFIG, until


def runs(*states: str) -> list[RunRecord]:
    return [RunRecord(str(n), "s", n, f"run-{n}", "p", {}, state=state) for n, state in enumerate(states)]


def test_three_failures_at_the_start_are_too_many_and_two_are_not() -> None:
    assert too_many(runs("failed", "failed")) is None
    assert too_many(runs("failed", "failed", "running", "failed")) == "The first 3 runs failed"
    assert too_many(runs("failed", "finished", "failed", "failed")) is None


def test_later_more_than_half_of_the_last_ten_are_too_many() -> None:
    assert too_many(runs(*["finished"] * 20, *["failed"] * 5)) is None
    assert too_many(runs(*["finished"] * 20, *["failed"] * 6)) == "6 of the last 10 runs failed"


@given(st.lists(st.sampled_from(["finished", "failed", "stopped", "running", "killed", "crashed"]), max_size=40))
def test_what_a_person_killed_or_a_crash_took_says_nothing_of_the_code(states: list[str]) -> None:
    told = [state for state in states if state not in ("running", "killed", "crashed")]
    assert too_many(runs(*states)) == too_many(runs(*told))
    if told.count("failed") < min(AT_THE_START, SHARE * LATEST):
        assert too_many(runs(*states)) is None


@pytest.mark.usefixtures("tmp_store")
def test_a_held_agent_goes_on_after_resume_and_the_failures_so_far_are_forgiven() -> None:
    broken = [True]

    def train(run: Any) -> None:
        if broken:
            raise ValueError("not yet")
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=8)
    sweep = nbsweep.Sweep(sweep_id)
    assert agent.held and not agent.done, "agent() comes back, and somebody can resume"
    assert sweep.state == "paused" and "The first 3 runs failed" in (sweep.note or "")
    assert "ValueError: not yet" in (sweep.note or "")
    assert sweep.resume() == "The agent at work goes on."
    until(lambda: len(sweep.runs) == 6 and agent.held)  # still broken: three more
    broken.clear()
    sweep.resume()
    sweep.wait()  # at once: the agent may not have looked yet
    assert agent.wait(0)
    assert [run.state for run in sweep.runs] == ["failed"] * 6 + ["finished"] * 2 and sweep.state == "finished"


@pytest.mark.usefixtures("tmp_store")
def test_an_agent_with_mended_code_takes_the_place_of_the_held_one() -> None:
    def broken() -> None:
        raise ValueError("typo")

    sweep_id = nbsweep.sweep(CONFIG)
    held = nbsweep.agent(sweep_id, broken, count=5)
    assert held.held
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}), count=2)
    assert held.done and not process.agents(sweep_id)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["failed"] * 3 + ["finished"] * 2 and sweep.state == "finished"


@pytest.mark.usefixtures("tmp_store")
def test_stop_ends_a_held_agent() -> None:
    def broken() -> None:
        raise ValueError("typo")

    sweep_id = nbsweep.sweep(CONFIG)
    held = nbsweep.agent(sweep_id, broken, count=5)
    nbsweep.Sweep(sweep_id).stop()
    assert held.wait(10) and nbsweep.Sweep(sweep_id).state == "finished"


@pytest.mark.usefixtures("tmp_store")
def test_a_script_whose_runs_all_fail_says_so_and_ends() -> None:
    code = textwrap.dedent(
        """
        import nbsweep
        config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
        sweep_id = nbsweep.sweep(config)
        def train():
            raise ValueError("always")
        nbsweep.agent(sweep_id, train, count=50)
        print(nbsweep.Sweep(sweep_id).state)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "paused\n"
    assert "The first 3 runs failed, so the sweep is paused" in done.stderr


@pytest.mark.usefixtures("tmp_store")
def test_a_metric_that_is_logged_by_another_name_is_said_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def train(run: Any) -> None:
        run.log({"Loss": 0.5} if run.number < 3 else {"loss": float("nan")})

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=3)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.why for run in sweep.runs] == ["never logged 'loss'; did you mean 'Loss'"] * 2 + [
        "diverged: loss is nan"
    ]
    assert sweep.best_run is None
    assert all(text_table(sweep).count(f"finished: {run.why}  ") for run in sweep.runs), "and so says the table"
    said = capsys.readouterr().err
    assert said.count("did you mean 'Loss'") == 1, "once, not for every run"
