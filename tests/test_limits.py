"""Much of everything: what is shown has stated limits, what is kept has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

import nbsweep
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.twins import mimebundle
from nbsweep.plan import LONGEST_TEXT, MOST_AXES
from tests.test_dashboard import Page

pytestmark = pytest.mark.usefixtures("tmp_store")

LONG = "x" * 1_000_000
MANY = 10_000


def test_ten_thousand_parameters_are_kept_and_two_hundred_shown_those_that_vary_first() -> None:
    constants = {f"constant {number:05d}": {"value": number} for number in range(MANY)}
    config = {
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {**constants, "zz": {"min": 0.0, "max": 1.0}},
    }
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}), count=2)
    sweep = nbsweep.Sweep(sweep_id)
    assert len(sweep.runs[0].config) == MANY + 1
    page = Page(Dashboard(sweep_id), "a")
    page.hello()
    (row, _) = page.runs.values()
    assert len(row["config"]) == MOST_AXES and "zz" in row["config"]
    page.say({"type": "run_detail", "run": row["id"]})
    assert len(page.details[0]["config"]) == MANY + 1, "its details have all"


def test_a_string_of_a_megabyte_is_kept_whole_and_shown_by_its_beginning() -> None:
    config = {"method": "grid", "parameters": {"text": {"values": [LONG, LONG + "y"]}}}
    sweep_id = nbsweep.sweep(config)

    def train(run: Any) -> None:
        run.log({"said": run.config["text"]})
        raise ValueError(run.config["text"])

    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.config["text"] for run in sweep.runs] == [LONG, LONG + "y"]
    assert sweep.history()["said"].tolist() == [LONG, LONG + "y"]
    page = Page(Dashboard(sweep_id), "a")
    page.hello()
    assert len(json.dumps(list(page.runs.values()))) < 20 * LONGEST_TEXT
    assert len(json.dumps(page.sweep["parameters"])) < 20 * LONGEST_TEXT
    assert len({row["config"]["text"] for row in page.runs.values()}) == 2, "told apart by their lengths"
    bundle = mimebundle(sweep)
    assert len(bundle["text/html"]) + len(bundle["text/plain"]) < 300_000


def test_a_million_points_are_kept_and_a_page_gets_no_more_than_it_draws() -> None:
    def train(run: Any) -> None:
        for step in range(1_000_000):
            run.log({"loss": step % 1000})

    sweep_id = nbsweep.sweep({"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"value": 1}}})
    nbsweep.agent(sweep_id, train, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    (history,) = sweep.histories().values()
    assert len(history.columns["loss"].values) == 1_000_000 and int(history.columns["loss"].values.sum()) == 499_500_000
    page = Page(Dashboard(sweep_id), "a", exact=False)
    page.hello()
    assert page.sent_points <= 3000
    sweep.plot_history()


@pytest.mark.filterwarnings("error::pandas.errors.PerformanceWarning")
def test_the_history_of_many_keys_is_one_frame_made_at_once() -> None:
    keys = [f"k{number:03d}" for number in range(300)]  # pandas warns of a frame that grew by a hundred columns
    sweep_id = nbsweep.sweep({"method": "grid", "parameters": {"x": {"values": [1, 2]}}})
    nbsweep.agent(sweep_id, lambda run: [run.log(dict.fromkeys(keys, run.config.x + call)) for call in range(2)])
    history = nbsweep.Sweep(sweep_id).history()
    assert list(history) == ["run", "step", "time", *keys] and history["k299"].tolist() == [1, 2, 2, 3]
