"""Importance: what is called important is, what is noise is not, and odd sweeps get an answer in words."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbsweep
from nbsweep import sweep_config
from nbsweep.errors import UsageError
from nbsweep.importance import Importance, forest, measure
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.views import importance_view
from nbsweep.store import RunRecord
from tests.benchmarks.importance import CASES, important, simulated

SWEEPS = 60


def test_of_pure_noise_at_most_one_parameter_in_twenty_is_called_important() -> None:
    case = CASES["pure noise"]
    calls = sum(len(important(case, 30, seed)) for seed in range(SWEEPS))
    assert calls <= SWEEPS * case.dimension / 20


def test_the_two_parameters_that_matter_are_found_in_thirty_runs() -> None:
    case = CASES["smooth, two matter"]
    found = [important(case, 30, seed) for seed in range(SWEEPS)]
    assert sum({0, 1} <= each for each in found) >= 0.9 * SWEEPS
    assert sum(len(each - {0, 1}) for each in found) <= SWEEPS * 3 / 20


def test_a_category_is_one_row_whose_levels_tell_which_is_good() -> None:
    runs, config = simulated(CASES["category of 8 and a number"], 100, 0)
    found = answer(runs, config)
    row = next(row for row in found.rows if row.name == "p04")
    assert row.kind == "category" and row.important and row.correlation is None
    assert len(row.levels) == 8 and sum(level.runs for level in row.levels) == 100
    assert row.levels[0].mean < row.levels[-1].mean
    assert {level.level for level in row.levels[:4]} & {"level 0", "level 4"}


def test_the_same_runs_give_the_same_answer_and_the_goal_makes_no_difference() -> None:
    runs, config = simulated(CASES["smooth, two matter"], 30, 1)
    first, second = answer(runs, config), answer(runs, config)
    assert first == second
    raised = sweep_config.load({**config.to_dict(), "metric": {"name": "loss", "goal": "maximize"}})
    assert answer(runs, raised).rows == first.rows


def test_more_runs_narrow_the_band_and_are_said_to_be_needed() -> None:
    few = answer(*simulated(CASES["pure noise"], 20, 3))
    many = answer(*simulated(CASES["pure noise"], 400, 3))
    assert many.null_band < few.null_band / 3
    assert few.more_runs is not None and few.more_runs >= 10
    assert all(row.verdict.startswith("cannot tell yet, about") for row in few.rows)


def test_one_run_that_diverged_does_not_hide_what_matters() -> None:
    runs, config = simulated(CASES["smooth, two matter"], 60, 2)
    assert {row.name for row in answer(worse(runs, 0, 1e300), config).rows if row.important} == {"p00", "p01"}


def test_what_is_left_out_is_told_with_the_reason() -> None:
    runs, config = simulated(CASES["smooth, two matter"], 20, 0)
    states = ["failed", "running", "killed"]
    odd = [RunRecord(f"o{i}", None, 20 + i, "", "", runs[0].config, s) for i, s in enumerate(states)]
    odd += [
        RunRecord(f"v{i}", None, 30 + i, "", "", runs[0].config, "finished", summary={"loss": value})
        for i, value in enumerate([math.nan, -math.inf, "low", True])
    ]
    odd.append(RunRecord("none", None, 40, "", "", runs[0].config, "finished"))
    odd.append(RunRecord("twice", None, 41, "", "", runs[0].config, "finished", summary=runs[0].summary))
    found = answer([*runs, *odd], config)
    assert found.runs_used == 20
    assert found.left_out == {
        "failed": 1,
        "running": 1,
        "killed": 1,
        "NaN": 1,
        "infinite": 1,
        "not a number": 2,
        "no value": 1,
        "repeats another run": 1,
    }


NONE_COUNTS = "no run has finished or been stopped early with a finite value of loss; from 8 on"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], NONE_COUNTS),
        ([1.0], "only 1 run has finished or been stopped early with a finite value of loss; from 8 on"),
        ([2.0] * 40, "all 40 runs have the same loss"),
        ([math.nan] * 40, NONE_COUNTS),
    ],
)
def test_what_cannot_be_told_is_said_in_words(values: list[float], reason: str) -> None:
    config = sweep_config.load(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    )
    found = answer([run(i, {"lr": i / 50}, value) for i, value in enumerate(values)], config)
    assert found.note is not None and reason in found.note
    assert not any(row.important for row in found.rows)


def test_that_killed_runs_do_not_count_is_said_whatever_values_they_have() -> None:
    config = sweep_config.load(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    )
    found = answer([replace(run(i, {"lr": i / 50}, 1.0), state="killed") for i in range(3)], config)
    assert found.note is not None and NONE_COUNTS in found.note and found.left_out == {"killed": 3}


def test_sixty_parameters_and_values_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    kinds: dict[str, Any] = {
        "flag": {"values": [True, False]},
        "layers": {"values": [[32], [64, 64], None]},
        "mixed": {"values": ["1", 1, 1.5]},
        **{f"p{i}": {"min": 0.0, "max": 1.0} for i in range(57)},
    }
    config = sweep_config.load({"method": "random", "metric": {"name": "loss"}, "parameters": kinds})
    runs = []
    for i in range(80):
        chosen: dict[str, Any] = {f"p{k}": float(rng.random()) for k in range(57)}
        chosen |= {"flag": bool(i % 2), "layers": [[32], [64, 64], None][i % 3], "mixed": ["1", 1, 1.5][i % 3]}
        runs.append(run(i, chosen, float(i % 2) + 0.1 * float(rng.standard_normal())))
    found = answer(runs, config)
    assert len(found.rows) == 60
    assert found.rows[0].name == "flag" and found.rows[0].important and (found.rows[0].correlation or 0) > 0.5
    json.dumps(importance_view(found), allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_runs_there_are_every_number_is_one_and_json_takes_it(data: st.DataObject) -> None:
    value = st.one_of(st.floats(), st.integers(), st.booleans(), st.text(max_size=5), st.none(), st.just(1e308))
    config = sweep_config.load(
        {
            "method": "random",
            "metric": {"name": "m"},
            "parameters": {"a": {"values": [1, 2]}, "b": {"min": 0.0, "max": 1.0}},
        }
    )
    runs = [
        RunRecord(
            str(i), None, i, "", "", {"a": data.draw(value), "b": data.draw(value)}, "finished",
            summary={"m": data.draw(value)},
        )
        for i in range(data.draw(st.integers(0, 14)))
    ]  # fmt: skip
    numbers = [type(each.summary["m"]) in (int, float) for each in runs]
    if runs and not any(numbers):
        with pytest.raises(UsageError, match=r"'m' (is|was)"):
            answer(runs, config)
        return
    found = answer(runs, config)
    json.dumps(importance_view(found), allow_nan=False)
    for row in found.rows:
        assert 0 <= row.low <= row.high <= 1 and 0 <= row.importance <= 1


def test_a_metric_that_no_run_has_is_an_error_with_the_names_there_are(tmp_store: str) -> None:
    sweep_id = nbsweep.sweep(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    )
    nbsweep.agent(
        sweep_id, lambda: nbsweep.log({"loss": nbsweep.config.lr, "accuracy": 1 - nbsweep.config.lr}), count=9
    )
    sweep = nbsweep.Sweep(sweep_id)
    with pytest.raises(UsageError, match=r"no run has a summary value 'acuracy'.*accuracy"):
        sweep.importance("acuracy")
    frame = sweep.importance("accuracy")
    assert list(frame["parameter"]) == ["lr"] and frame["important"].all() and frame["correlation"][0] == -1

    dashboard = Dashboard(sweep_id)
    sent: list[dict[str, Any]] = []
    dashboard.send = lambda content, buffers=None: sent.append(content)
    dashboard.tell_importance("loss")
    dashboard.tell_importance("no such thing")
    told, refused = sent
    assert told["rows"][0]["name"] == "lr" and told["rows"][0]["important"] and told["reason"] is None
    assert told["runs_used"] == 9
    assert refused["rows"] == [] and "no run has a summary value" in refused["reason"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["hi"] * 12, "'loss' is text in all 12 runs that have it; importance is told of numbers"),
        (["hi"], "'loss' is text in the one run that has it"),
        ([True, False], "'loss' is true or false in all 2 runs"),
        ([None] * 12, "'loss' was not logged by any of the 12 runs that have ended; did you mean Loss?; the runs"),
    ],
)
def test_of_a_metric_that_is_no_number_more_runs_are_not_asked_for(values: list[Any], said: str) -> None:
    config = sweep_config.load(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    )
    runs = [
        RunRecord(str(i), None, i, "", "", {"lr": i / 50}, "finished", summary={"Loss": 1.0, "loss": value})
        for i, value in enumerate(values)
    ]
    with pytest.raises(UsageError) as refused:
        answer(runs, config)
    assert said in str(refused.value)
    running = replace(runs[0], id="running", state="running", summary={"loss": 0.5})
    assert answer([*runs, running], config).note is not None, "a number is on its way"
    assert answer([replace(each, state="running") for each in runs], config).note is not None


def test_it_ends_soon_when_it_is_told_to() -> None:
    runs, config = simulated(CASES["60 parameters, two matter"], 200, 0)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    assert measure(runs, config, stop=stop) is None
    assert asked == 3


def answer(runs: list[RunRecord], config: sweep_config.SweepConfig) -> Importance:
    found = measure(runs, config)
    assert found is not None
    return found


def run(number: int, config: dict[str, Any], value: float) -> RunRecord:
    return RunRecord(str(number), None, number, f"run-{number}", "", config, "finished", summary={"loss": value})


def worse(runs: list[RunRecord], place: int, value: float) -> list[RunRecord]:
    return [*runs[:place], run(place, runs[place].config, value), *runs[place + 1 :]]


COUNT = """
import cProfile, threading
from nbsweep.importance import measure
from tests.benchmarks.importance import CASES, simulated
runs = simulated(CASES["smooth, two matter"], 100, 0)
measure(*runs)
profile = cProfile.Profile()
profile.enable()
measure(*runs)
profile.disable()
print(sum(entry.callcount for entry in profile.getstats()), threading.active_count())
"""


def test_a_hundred_runs_are_measured_with_few_steps_of_python_and_on_one_thread() -> None:
    """Each step of Python takes the interpreter from threads that train; it was 86,000 of them once.

    Counted in a process of its own, where nothing else goes on.
    """
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    calls, threads = map(int, done.stdout.split())
    assert 1000 < calls < 40_000 and threads == 1


def test_the_forest_does_not_take_its_large_arrays_anew_for_each_level() -> None:
    memory = forest._Memory()
    first, again, other = memory.floats("gain", 4, 25), memory.floats("gain", 2, 25), memory.floats("left", 4, 25)
    assert np.shares_memory(first, again) and not np.shares_memory(first, other)
    assert memory.floats("gain", 5, 25).shape == (5, 25)


def test_the_split_that_is_taken_is_the_one_that_leaves_the_least_variance() -> None:
    """The forest's short cut (sums about the node's mean, place and gain in one number) against the definition."""
    rng = np.random.default_rng(0)
    runs, splits, leaf = 40, 24, 3
    for _ in range(50):
        y, right = rng.normal(size=runs).astype("f4"), rng.random((splits, runs)) < rng.random((splits, 1))
        sums, sizes = (right * y).sum(axis=1), right.sum(axis=1)
        left = np.array(
            [
                y[side].var() * side.sum() + y[~side].var() * (~side).sum()
                if leaf <= side.sum() <= runs - leaf
                else np.inf
                for side in right
            ]
        )
        best, found = forest._best(
            sums.astype("f4").reshape(1, splits, 1, 1),
            sizes.astype("f4").reshape(1, splits, 1, 1),
            np.full((1, 1, 1), y.mean(), "f4"),
            np.full((1, 1, 1), runs, "f4"),
            leaf,
            forest._Memory(),
        )
        assert bool(found[0, 0, 0]) == bool(np.isfinite(left).any())
        if found[0, 0, 0]:
            assert left[best[0, 0, 0]] <= left.min() + 1e-3 * runs
