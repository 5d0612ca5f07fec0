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


def test_what_is_harmless_to_leave_out_does_nothing_and_says_so_once() -> None:
    def train() -> None:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run: Any = nbsweep.init()
            nbsweep.watch(object())
            nbsweep.watch(object(), log="all")
            run.save("model.pt")
        assert [str(each.message).split()[0] for each in said] == ["nbsweep.watch", "run.save"]
        assert run.url is None
        nbsweep.log({"loss": 1.0})

    (run,) = trained(train)
    assert run.state == "finished", run.error


@pytest.mark.parametrize("name", sorted(absent.INSTEAD))
def test_what_would_be_missed_is_refused_with_what_to_use_instead(name: str) -> None:
    with pytest.raises(AttributeError, match=f"nbsweep has no {name!r} as W&B has: "):
        getattr(nbsweep, name)
    assert not hasattr(nbsweep, name)


def test_a_coroutine_is_run_to_its_end() -> None:
    async def train() -> None:
        await asyncio.sleep(0)
        nbsweep.log({"loss": 0.5})

    (run,) = trained(train)
    assert (run.state, run.summary) == ("finished", {"loss": 0.5})


def test_who_returns_the_value_as_in_optuna_is_told_to_log_it() -> None:
    (run,) = trained(lambda: 0.25)
    assert run.stopped_because == "never logged 'loss'; what train returns is not kept: log({'loss': 0.25})"
