"""Earlier runs that are given to a sweep: which count, what is said, and that every process knows the same ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbsweep
from nbsweep import process
from nbsweep.controller import Controller
from nbsweep.errors import ConfigError, UsageError
from nbsweep.prior import given_runs, prior_observations
from nbsweep.search import Optimizer
from nbsweep.store import RunRecord

pytestmark = pytest.mark.usefixtures("tmp_store")

BAYES: dict[str, Any] = {
    "method": "bayes",
    "seed": 3,
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"min": 0.0, "max": 0.1},
        "units": {"values": [64, 128, 256]},
        "epochs": {"value": 2},
    },
}
HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text())
EARLIER = [
    ({"lr": lr, "units": units}, (lr - 0.03) ** 2 + units / 1e4) for lr in (0.01, 0.03, 0.09) for units in (64, 256)
]


def claim(sweep_id: str) -> RunRecord:
    """What an agent gets next, from a controller that nothing was told before."""
    controller = Controller(process.recorder().store, sweep_id)
    run = controller.next_run(controller.join(1))
    assert isinstance(run, RunRecord)
    return run


def test_pairs_count_and_the_search_begins_with_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_id = nbsweep.sweep(BAYES, prior_runs=EARLIER)
    said = capsys.readouterr().out
    assert said == "6 of 6 prior runs fit the search space and count as observations.\n"
    run = claim(sweep_id)
    assert run.suggestion is not None and run.suggestion["kind"] == "model", "no initial design: results are there"
    assert run.index == 0 and run.config["epochs"] == 2
    assert abs(run.config["lr"] - 0.03) < 0.03 and run.config["units"] < 256, "near the best that was given"
    assert nbsweep.Sweep(sweep_id).to_pandas()["run"].size == 1, "earlier runs are no runs of the sweep"


def test_it_is_said_which_do_not_fit_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    misfits = [
        ({"lr": 5.0, "units": 64}, 1.0),
        ({"lr": 0.2, "units": 64}, 1.0),
        ({"lr": -1, "units": 64}, 1.0),
        ({"lr": 0.05, "units": 100}, 1.0),
        ({"lr": 0.05}, 1.0),
        ({"lr": "0.05", "units": 64}, 1.0),
    ]
    sweep_id = nbsweep.sweep(BAYES, prior_runs=[*EARLIER, *misfits, ({"lr": 0.05, "units": 128}, None)])
    said = capsys.readouterr().out
    assert "7 of 13 prior runs fit the search space and count as observations (1 of them failed); 6 do not" in said
    assert "parameters.lr: 5.0 is above max 0.1 (first of 4)" in said
    assert "parameters.units: 100 is none of its values (first of 2)" in said
    assert (
        claim(sweep_id).config
        == claim(nbsweep.sweep(BAYES, prior_runs=[*EARLIER, ({"lr": 0.05, "units": 128}, float("nan"))])).config
    )


def test_none_that_fits_is_said_and_the_sweep_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert claim(nbsweep.sweep(BAYES, prior_runs=[({"lr": 7, "units": 64}, 1.0)])).index == 0
    assert (
        "0 of 1 prior run fit the search space; 1 does not: parameters.lr: 7 is above max 0.1."
        in capsys.readouterr().out
    )
    nbsweep.sweep(BAYES, prior_runs=[])
    assert "No prior runs are there to count." in capsys.readouterr().out


def test_a_table_gives_what_its_pairs_would_give(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame([{**config, "loss": value, "note": "<b>x</b>"} for config, value in EARLIER])
    of_pairs, of_table = nbsweep.sweep(BAYES, prior_runs=EARLIER), nbsweep.sweep(BAYES, prior_runs=table)
    assert capsys.readouterr().out.count("6 of 6 prior runs fit") == 2
    configs = [nbsweep.Sweep(each).config for each in (of_pairs, of_table)]
    assert configs[0] == configs[1] and configs[0]["prior_runs"].startswith("6-runs-")
    assert claim(of_pairs).config == claim(of_table).config


def test_a_table_may_have_empty_cells_dotted_names_and_pandas_own_types() -> None:
    config = {
        "method": "bayes",
        "seed": 1,
        "metric": {"name": "acc", "goal": "maximize"},
        "parameters": {
            "net": {"parameters": {"depth": {"min": 1, "max": 5}, "norm": {"values": ["batch", None]}}},
            "state": {"values": [True, False]},
            "acc": {"min": 0.0, "max": 1.0},
        },
    }
    table = pd.DataFrame(
        {
            "net.depth": pd.array([1, 2, None, 4], dtype="Int64"),
            "net.norm": ["batch", None, "batch", float("nan")],
            "config.state": [True, False, True, True],
            "state": ["finished", "finished", "finished", "crashed"],
            "acc": [0.1, 0.2, 0.3, 0.4],
            "summary.acc": np.array([0.5, 0.6, 0.7, 0.8], dtype=np.float32),
        }
    )
    checked = nbsweep.sweep_config.load(config)
    runs = given_runs(process.recorder().store, checked, table)
    assert [run.config for run in runs[:2]] == [
        {"acc": 0.1, "net": {"depth": 1, "norm": "batch"}, "state": True},
        {"acc": 0.2, "net": {"depth": 2, "norm": None}, "state": False},
    ]
    assert "depth" not in runs[2].config["net"] and runs[3].state == "crashed"
    assert runs[0].value == pytest.approx(0.5)


def test_a_table_without_the_metric_says_which_column_may_be_meant() -> None:
    with pytest.raises(UsageError, match=r"no column 'loss' for the metric; did you mean val_loss"):
        nbsweep.sweep(BAYES, prior_runs=pd.DataFrame({"lr": [0.1], "units": [64], "val_loss": [1.0]}))


def trained(name: str, count: int = 4, **changed: Any) -> str:
    config = {**BAYES, "method": "random", "name": name}
    config["parameters"] = {**BAYES["parameters"], **changed}

    def train(run: Any) -> None:
        if run.config["units"] == 256:
            raise ValueError("too large")
        run.log({"loss": run.config["lr"]})

    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train, count=count)
    return sweep_id


def test_a_sweep_its_name_its_table_and_its_runs_are_the_same_earlier_runs(capsys: pytest.CaptureFixture[str]) -> None:
    earlier = nbsweep.Sweep(trained("before", units={"values": [64, 256]}))
    assert {run.state for run in earlier.runs} == {"finished", "failed"}
    forms: list[Any] = [earlier, earlier.id, "before", f"me/uncategorized/{earlier.id}", [earlier], ["before"]]
    forms += [earlier.to_pandas(), earlier.runs, [run.id for run in earlier.runs], [run.name for run in earlier.runs]]
    capsys.readouterr()
    kept = {nbsweep.Sweep(nbsweep.sweep(BAYES, prior_runs=form)).config["prior_runs"] for form in forms}
    assert len(kept) == 1 and kept.pop().startswith("4-runs-")
    failed = sum(run.state == "failed" for run in earlier.runs)
    assert capsys.readouterr().out.count(
        f"4 of 4 prior runs fit the search space and count as observations ({failed} of them"
    ) == len(forms)


def test_a_prior_sweep_that_a_later_version_names_counts_from_then_on(capsys: pytest.CaptureFixture[str]) -> None:
    config = {**BAYES, "name": "digits"}
    sweep_id = nbsweep.sweep(config)
    trained("before", units={"values": [64, 128]})
    capsys.readouterr()
    assert nbsweep.sweep({**config, "prior_sweep": "before"}) == sweep_id
    assert "4 of 4 prior runs fit the search space and count as observations." in capsys.readouterr().out
    assert (claim(sweep_id).suggestion or {})["kind"] == "model"

    nbsweep.agent("before", lambda run: run.log({"loss": 0.5}), count=1)
    capsys.readouterr()
    nbsweep.sweep({**config, "prior_sweep": "before"})
    assert "4 of 4 prior runs" in capsys.readouterr().out, "what a search knows does not change while it goes"
    nbsweep.sweep({**config, "prior_sweep": "before", "description": "more"})
    assert "4 of 4 prior runs" in capsys.readouterr().out, "nor by a version that names it still"
    nbsweep.sweep(config)
    nbsweep.sweep({**config, "prior_sweep": "before"})
    assert "5 of 5 prior runs" in capsys.readouterr().out


def test_a_prior_sweep_of_which_nothing_counts_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    before = nbsweep.sweep({**BAYES, "method": "random", "name": "before"})
    Controller(process.recorder().store, before).report(claim(before).id, "failed")
    nbsweep.sweep({**BAYES, "prior_sweep": "before"})
    said = "No run of the prior sweep had finished or been stopped early when the config first named it"
    assert said in capsys.readouterr().out


def test_wandbs_run_ids_that_are_not_here_are_told_how_to_bring_their_results() -> None:
    with pytest.raises(UsageError, match=r"prior_runs\[1\]: this store has no sweep and no run 'q1w2e3r4'.*wandb.Api"):
        nbsweep.sweep(BAYES, prior_runs=[trained("before"), "q1w2e3r4"])
    with pytest.raises(UsageError, match="no sweep and no run 'me/digits/q1w2e3r4'"):
        nbsweep.sweep(BAYES, prior_runs="me/digits/q1w2e3r4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "prior_runs is 7; give a list"),
        ({"lr": 0.1}, "prior_runs is {'lr': 0.1}; give a list"),
        ([({"lr": 0.1}, 1.0), 0.5], r"prior_runs\[1\] is 0.5; give a list"),
        ([({"lr": 0.1}, "low")], r"prior_runs\[0\]: its value is 'low'; give the metric as a number"),
        ([({"lr": 0.1}, True)], r"prior_runs\[0\]: its value is True"),
        ([({"lr": 0.1}, 10**400)], r"prior_runs\[0\]: its value is 1000"),
        (pd.Series([1.0]), r"prior_runs\[0\] is "),
    ],
)
def test_what_is_no_earlier_run_is_refused_with_what_to_write(given: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        nbsweep.sweep(BAYES, prior_runs=given)
    with process.recorder().store.read() as db:
        assert db.sweeps() == [], "nothing was defined"


def test_earlier_runs_in_the_config_are_told_where_they_go() -> None:
    with pytest.raises(ConfigError, match=r"prior_runs is \['x'\]; earlier runs are given beside the config") as caught:
        nbsweep.sweep({**BAYES, "prior_runs": ["x"]})
    assert caught.value.path == "prior_runs"
    with pytest.raises(UsageError, match="keeps no runs '3-runs-abc'"):
        nbsweep.sweep({**BAYES, "prior_runs": "3-runs-abc"})


def test_hostile_names_and_values_are_data() -> None:
    config = {**BAYES, "parameters": {name: {"values": [*HOSTILE, 1]} for name in HOSTILE if name.strip()}}
    earlier = [(dict.fromkeys(config["parameters"], value), float(i)) for i, value in enumerate(HOSTILE)]
    holds_itself: dict[str, Any] = {}
    holds_itself["x"] = holds_itself
    strange = [(dict.fromkeys(config["parameters"], each), 1.0) for each in (object(), {1: 2}, float("inf"), [[]])]
    sweep_id = nbsweep.sweep(config, prior_runs=[*earlier, *strange])
    controller = Controller(process.recorder().store, sweep_id)
    with process.recorder().store.read() as db:
        told = prior_observations(db, sweep_id, controller.config)
    assert [each.config for each in told[: len(HOSTILE)]] == [each[0] for each in earlier]
    assert isinstance(claim(sweep_id), RunRecord)
    with pytest.raises(UsageError, match="cannot be kept"):
        nbsweep.sweep(config, prior_runs=[({next(iter(config["parameters"])): holds_itself}, 1.0)])


def test_what_is_changed_later_changes_nothing() -> None:
    earlier: list[Any] = [(dict(config), value) for config, value in EARLIER]
    sweep_id = nbsweep.sweep(BAYES, prior_runs=earlier)
    before = nbsweep.Sweep(sweep_id).config
    earlier[0][0]["lr"] = 0.0999
    assert nbsweep.Sweep(sweep_id).config == before
    assert claim(sweep_id).config == claim(nbsweep.sweep(BAYES, prior_runs=EARLIER)).config


def test_another_process_suggests_the_same() -> None:
    """And so a restart does: nothing of the earlier runs is in this process alone."""
    ids = [nbsweep.sweep(BAYES, prior_runs=EARLIER) for _ in range(2)]
    code = (
        "import json, sys; from nbsweep import process; from nbsweep.controller import Controller\n"
        "controller = Controller(process.recorder().store, sys.argv[1])\n"
        "print(json.dumps(controller.next_run(controller.join(1)).config))"
    )
    done = subprocess.run([sys.executable, "-c", code, ids[0]], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == claim(ids[1]).config != claim(nbsweep.sweep(BAYES)).config


def test_the_cell_run_again_goes_on_and_other_earlier_runs_are_the_next_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = {**BAYES, "name": "digits"}
    first = nbsweep.sweep(config, prior_runs=EARLIER)
    capsys.readouterr()
    assert nbsweep.sweep(config, prior_runs=pd.DataFrame([{**c, "loss": v} for c, v in EARLIER])) == first
    said = capsys.readouterr().out
    assert "goes on: the same config" in said and "6 of 6 prior runs fit" in said
    assert nbsweep.sweep(config, prior_runs=EARLIER[:2]) == first
    said = capsys.readouterr().out
    assert "version 2" in said and "prior_runs: '6-runs-" in said and "→ '2-runs-" in said
    assert "2 of 2 prior runs fit" in said


def test_a_sweeps_own_runs_do_not_count_twice(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_id = trained("digits")
    config = {**nbsweep.Sweep(sweep_id).config, "name": "digits"}
    capsys.readouterr()
    assert nbsweep.sweep(config, prior_runs="digits") == sweep_id
    said = capsys.readouterr().out
    assert "goes on: the same config" in said and "No prior runs are there to count." in said


def test_runs_that_go_on_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    earlier = nbsweep.sweep({**BAYES, "method": "random"})
    claim(earlier)
    nbsweep.sweep(BAYES, prior_runs=earlier)
    assert "No prior run has ended yet (1 go on)." in capsys.readouterr().out
    nbsweep.sweep(BAYES, prior_runs=[*EARLIER, earlier])
    assert (
        "6 of 6 prior runs fit" in (said := capsys.readouterr().out)
        and "; 1 that did not end by itself is left out." in said
    )


def test_a_grid_does_not_train_points_with_a_result_again_and_says_who_learns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = {**BAYES, "method": "grid", "parameters": {"units": BAYES["parameters"]["units"], "epochs": {"value": 2}}}
    sweep_id = nbsweep.sweep(config, prior_runs=[({"units": 64}, 0.5), ({"units": 128}, None)])
    said = capsys.readouterr().out
    assert "their points are not trained again (but 1 that failed); only method bayes learns from values" in said
    nbsweep.agent(sweep_id, lambda: None)
    assert [run.config["units"] for run in nbsweep.Sweep(sweep_id).runs] == [128, 256]
    nbsweep.sweep({**BAYES, "method": "random"}, prior_runs=EARLIER)
    assert "but method random does not learn from values: use bayes" in capsys.readouterr().out


def test_without_a_sweep_the_optimizer_knows_them_too() -> None:
    told = Optimizer(BAYES, prior_runs=EARLIER).ask()
    assert told == claim(nbsweep.sweep(BAYES, prior_runs=EARLIER)).config != Optimizer(BAYES).ask()
    grid = {"method": "grid", "parameters": {"units": {"values": [1, 2]}}}
    assert Optimizer(grid, prior_runs=[({"units": 1}, 0.0)]).ask() == {"units": 2}


@pytest.mark.parametrize("wrap", [lambda given: given, lambda given: [given]])
def test_an_optimizer_that_is_given_a_sweep_says_what_to_give(wrap: Callable[[Any], Any]) -> None:
    sweep = nbsweep.Sweep(nbsweep.sweep(BAYES, name="digits"))
    for given in ("digits", sweep):
        with pytest.raises(UsageError, match=r"which of a sweep is sweep\.to_pandas\(\)$"):
            Optimizer(BAYES, prior_runs=wrap(given))


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame(columns=["lr"])])
def test_an_empty_table_is_no_earlier_run(table: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    nbsweep.sweep(BAYES, prior_runs=table)
    assert capsys.readouterr().out == "No prior runs are there to count.\n"
    with pytest.raises(UsageError, match="has no column 'loss' for the metric; rename"):
        nbsweep.sweep(BAYES, prior_runs=pd.DataFrame(index=range(3)))


@pytest.mark.parametrize("value", ["abc", True, 10**400, [1.0, 2.0]])
def test_a_value_that_is_no_number_leaves_its_config_to_be_told(value: Any) -> None:
    optimizer, other = Optimizer(BAYES), Optimizer(BAYES)
    first = optimizer.ask()
    with pytest.raises(UsageError, match=r"tell\(config, value\): its value is .*; give the metric as a number"):
        optimizer.tell(first, value)
    optimizer.tell(first, np.float32(0.5))
    other.tell(other.ask(), 0.5)
    assert [optimizer.ask() for _ in range(9)] == [other.ask() for _ in range(9)]


def test_ten_thousand_earlier_runs_are_one_row_and_claims_do_not_read_them_again() -> None:
    config = {**BAYES, "method": "random"}
    earlier = [({"lr": i / 1e5, "units": 64}, float(i)) for i in range(10_000)]
    sweep_id = nbsweep.sweep(config, prior_runs=earlier)
    kept = nbsweep.Sweep(sweep_id).config
    assert len(json.dumps(kept)) < 1_000
    with process.recorder().store.read() as db:
        assert len(json.loads(db.code(kept["prior_runs"]) or "")) == 10_000
