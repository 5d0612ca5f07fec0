"""Training code written for W&B: what it sets of a run is kept, and what nbsweep does without stops nothing."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import absent
from nbsweep.store import RunRecord

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setattr(absent, "_said", set())


def trained(train: Callable[..., Any], count: int = 1) -> list[RunRecord]:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=count)
    return nbsweep.Sweep(sweep_id).runs


def test_a_run_of_a_sweep_has_the_name_tags_and_notes_that_init_was_given() -> None:
    def train() -> None:
        run = nbsweep.init(name="mine", tags=["a"], notes="why")
        run.tags += ("b",)
        run.log({"loss": 1.0})

    runs = trained(train, count=3)
    assert [run.name for run in runs] == ["mine", "mine-2", "mine-3"], "names tell runs apart"
    assert all(tuple(run.tags) == ("a", "b") and run.notes == "why" for run in runs)
    assert len(nbsweep.Sweep(runs[0].sweep_id).histories()) == 3


def test_a_run_is_renamed_by_its_config() -> None:
    def train() -> None:
        run = nbsweep.init()
        run.name = f"lr {run.config.lr:.3f}"
        run.log({"loss": 1.0})

    (run,) = trained(train)
    assert run.name == f"lr {run.config['lr']:.3f}"


def test_numbers_of_numpy_and_torch_in_a_config_stay_numbers() -> None:
    torch = pytest.importorskip("torch")

    def train() -> None:
        values = {"i": np.int64(3), "f": np.float64(0.5), "b": np.bool_(True), "t": torch.tensor(2.0)}
        nbsweep.init(config=values | {"a": np.array([1, 2]), "in": {"x": np.float32(0.25)}, "long": np.zeros(5000)})
        nbsweep.log({"loss": 1.0})

    (run,) = trained(train)
    kept = {key: value for key, value in run.config.items() if key not in ("lr", "long")}
    assert kept == {"i": 3, "f": 0.5, "b": True, "t": 2.0, "a": [1, 2], "in": {"x": 0.25}}
    assert isinstance(run.config["long"], str)


def test_what_training_sets_in_the_summary_is_kept_or_named() -> None:
    def train() -> None:
        run = nbsweep.init()
        run.summary["confusion"] = {"tp": 1, "fp": np.int64(2)}
        run.summary["list"] = [1, 2]
        run.log({"loss": 1.0})

    with pytest.warns(UserWarning, match="summary: 'list' was not kept: a list"):
        (run,) = trained(train)
    assert run.summary == {"loss": 1.0, "confusion.tp": 1, "confusion.fp": 2}


def test_a_keyword_that_wandb_does_not_have_either_is_told_and_wandbs_own_are_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = nbsweep.init()
        for define in (nbsweep.define_metric, run.define_metric):
            define("loss", summary="min", step_metric="epoch", step_sync=True, hidden=False, overwrite=True)
        nbsweep.log({"loss": 1.0}, sync=True)
        run.log({"loss": 2.0}, sync=True)
    for define in (nbsweep.define_metric, run.define_metric):
        with pytest.warns(UserWarning, match="nbsweep.define_metric: sumary makes no difference here") as told:
            define("acc", sumary="max", hidden=True)
        assert told[0].filename == __file__
    for log in (nbsweep.log, run.log):
        with pytest.raises(TypeError, match="stpe"):
            log({"loss": 0.5}, stpe=3)  # type: ignore[call-arg]
    run.finish(quiet=True)


def test_a_summary_keeps_what_define_metric_says_in_wandbs_words() -> None:
    def train() -> None:
        run = nbsweep.init()
        for key, how in (("none", "none"), ("first", "first"), ("copy", "copy"), ("two", "max,min")):
            run.define_metric(key, summary=how)
        nbsweep.define_metric("loss", summary=None, step_metric="epoch")
        for value in (2, 3, 1):
            run.log(dict.fromkeys(("loss", "none", "first", "copy", "two"), value))

    with pytest.warns(UserWarning, match="keeps one; it is max"):
        (run,) = trained(train)
    assert run.summary == {"loss": 1, "first": 2, "copy": 1, "two": 3}


def test_the_best_goes_by_the_goal_that_it_was_given_and_a_name_may_be_a_pattern() -> None:
    def train() -> None:
        run = nbsweep.init()
        run.define_metric("acc", summary="best", goal="maximize")
        run.define_metric("val/*", summary="min")
        run.define_metric("val/last", summary="last")
        run.define_metric("*", step_metric="epoch")
        for value in (0.1, 0.9, 0.5):
            run.log({"loss": value, "acc": value, "val/loss": value, "val/last": value})

    (run,) = trained(train)
    assert run.summary == {"loss": 0.5, "acc": 0.9, "val/loss": 0.1, "val/last": 0.5}
    with pytest.raises(nbsweep.UsageError, match="goal='max'"):
        nbsweep.init().define_metric("acc", summary="best", goal="max")
    nbsweep.finish()


def test_the_config_is_given_as_sweep_too_as_wandb_calls_it() -> None:
    assert nbsweep.Sweep(nbsweep.sweep(sweep=CONFIG, project="first")).project == "first"
    wrong: list[dict[str, Any]] = [{}, {"config": CONFIG, "sweep": CONFIG}]
    for arguments in wrong:
        with pytest.raises(nbsweep.UsageError, match="takes one config"):
            nbsweep.sweep(**arguments)


def test_what_training_changes_inside_a_list_that_the_sweep_chose_is_kept_as_it_was_chosen() -> None:
    config = {
        "method": "grid",
        "parameters": {"layers": {"values": [[1], [2]]}, "in": {"parameters": {"a": {"value": 1}}}},
    }

    def train() -> None:
        run = nbsweep.init(config={"epochs": 3})
        run.config.layers.append(10)
        run.config["in"]["a"] = 99
        run.config.update({"late": 1})
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train)
    nbsweep.agent(sweep_id, train)
    runs = nbsweep.Sweep(sweep_id).runs
    assert sorted(run.config["layers"] for run in runs) == [[1], [2]]
    assert all(run.config["in"] == {"a": 1} and run.config["late"] == 1 for run in runs)


def test_a_config_that_is_assigned_is_that_of_the_run_it_was_assigned_in() -> None:
    nbsweep.config = {"before": 1}  # type: ignore[assignment]
    assert nbsweep.config.before == 1
    first = nbsweep.init()
    nbsweep.config = {"lr": 0.5}  # type: ignore[assignment]
    assert first.config.as_dict() == {"before": 1, "lr": 0.5}
    nbsweep.finish()

    def train() -> None:
        run = nbsweep.init()
        nbsweep.config = {"epochs": 2}  # type: ignore[assignment]
        run.log({"loss": 1.0})

    runs = trained(train, count=2)
    assert [set(run.config) for run in runs] == [{"lr", "epochs"}] * 2
    assert not nbsweep.init().config
    nbsweep.finish()
    with pytest.raises(nbsweep.UsageError, match="takes a dict, not int"):
        nbsweep.config = 3  # type: ignore[assignment]


def test_a_config_may_be_a_yaml_file_of_wandbs(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("wandb_version: 1\nepochs:\n  desc: how many\n  value: 3\nmodel: {width: 8}\n")
    assert nbsweep.init(config=str(path)).config.as_dict() == {"epochs": 3, "model": {"width": 8}}
    nbsweep.finish()
    path.write_text("- 1")
    for wrong, says in ((path, "holds list"), ("missing.yaml", "read as the path of a YAML file")):
        with pytest.raises(nbsweep.UsageError, match=says):
            nbsweep.init(config=wrong)
        nbsweep.finish()


def test_tags_may_be_one_text() -> None:
    assert nbsweep.init(tags="baseline").tags == ("baseline",)
    nbsweep.finish()
    (run,) = trained(lambda: nbsweep.init(tags="baseline").log({"loss": 1.0}))
    assert tuple(run.tags) == ("baseline",)


def test_a_run_has_a_directory_and_what_such_code_asks_for_besides() -> None:
    def train() -> None:
        run: Any = nbsweep.init()
        Path(run.dir, "model.pt").write_text("weights")
        nbsweep.save(str(Path(run.dir, "model.pt")))
        nbsweep.alert(title="x", text="y", level=nbsweep.AlertLevel.WARN)
        assert len(nbsweep.util.generate_id()) == 8 and not run.resumed and not run.disabled
        nbsweep.log({"loss": 1.0})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (run,) = trained(train)
    assert run.state == "finished", run.error
    kept = Path(nbsweep.init().dir).parents[2] / str(run.sweep_id) / run.id / "files" / "model.pt"
    nbsweep.finish()
    assert kept.read_text() == "weights"


def test_what_is_harmless_to_leave_out_does_nothing_and_says_so_once() -> None:
    def train() -> None:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run: Any = nbsweep.init()
            nbsweep.watch(object())
            nbsweep.watch(object(), log="all")
            run.log_code(".")
        assert [str(each.message).split()[0] for each in said] == ["nbsweep.watch", "run.log_code"]
        assert run.url is None and "url" not in dir(run) and "log" in dir(run)
        nbsweep.log({"loss": 1.0})

    (run,) = trained(train)
    assert run.state == "finished", run.error


@pytest.mark.parametrize("name", sorted(absent.INSTEAD))
def test_what_would_be_missed_is_refused_with_what_to_use_instead(name: str) -> None:
    with pytest.raises(AttributeError, match=f"nbsweep has no {name!r} as W&B has: "):
        getattr(nbsweep, name)
    assert not hasattr(nbsweep, name)


def test_what_is_made_for_pages_that_there_are_not_is_left_out_and_the_rest_of_the_step_is_kept() -> None:
    def train() -> None:
        run: Any = nbsweep.init()
        run.name = f"lr={run.config.lr:.3f}"
        assert run.save() == [], "W&B's old way to keep the name"
        matrix = nbsweep.plot.confusion_matrix(probs=None, y_true=[0, 1], preds=[0, 1], class_names=["a", "b"])
        run.log(
            {"loss": 0.5, "matrix": matrix, "page": nbsweep.Html("<b>x</b>"), "in": {"clip": nbsweep.Video("x.mp4")}}
        )

    with pytest.warns(UserWarning, match="was not kept: nbsweep has no") as told:
        (run,) = trained(train)
    assert (run.state, run.summary) == ("finished", {"loss": 0.5}), run.error
    said = [str(each.message) for each in told]
    assert len(said) == 3
    for key, name in (("matrix", "plot.confusion_matrix"), ("page", "Html"), ("in.clip", "Video")):
        assert any(text.startswith(f"log: {key!r} was not kept: nbsweep has no {name}") for text in said), said


def test_a_run_of_a_sweep_has_the_sweeps_project() -> None:
    sweep_id = nbsweep.sweep(CONFIG, project="digits")
    seen: list[str] = []
    nbsweep.agent(sweep_id, lambda: seen.append(nbsweep.init(project="other").project), count=1)
    assert seen == ["digits"]


def test_a_coroutine_is_run_to_its_end() -> None:
    async def train() -> None:
        await asyncio.sleep(0)
        nbsweep.log({"loss": 0.5})

    (run,) = trained(train)
    assert (run.state, run.summary) == ("finished", {"loss": 0.5})


def test_who_returns_the_value_as_in_optuna_is_told_to_log_it() -> None:
    (run,) = trained(lambda: 0.25)
    assert run.stopped_because == "never logged 'loss'; what train returns is not kept: log({'loss': 0.25})"
    (run,) = trained(lambda: {"loss": 0.25, "acc": 1})
    assert run.stopped_because == "never logged 'loss'; what train returns is not kept: log({'loss': 0.25})"


def test_what_is_set_in_config_before_init_is_the_next_runs_and_a_summary_without_a_run_takes_nothing() -> None:
    nbsweep.config.lr = 0.1
    assert nbsweep.config["lr"] == 0.1
    with nbsweep.init() as run:
        assert dict(run.config) == {"lr": 0.1}
    with nbsweep.init() as run:
        assert dict(run.config) == {}
    with pytest.raises(nbsweep.UsageError, match="there is no run"):
        nbsweep.summary["best"] = 1
