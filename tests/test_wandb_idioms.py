"""What training code written for W&B relies on beyond its names: defaults, `run`, the environment, what is caught."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nbsweep
from nbsweep import absent, environment
from nbsweep.store import RunRecord

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
VARIABLES = ("WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_PROJECT", "WANDB_NAME", "WANDB_NOTES", "WANDB_TAGS")


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setattr(absent, "_said", set())
    monkeypatch.setattr(environment, "_said", set())
    for name in (*VARIABLES, "NBSWEEP_PROJECT", "WANDB_MODE", "WANDB_DISABLED"):
        monkeypatch.delenv(name, raising=False)


def trained(train: Callable[..., Any], count: int | None = 1, config: dict[str, Any] = CONFIG) -> list[RunRecord]:
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train, count=count)
    return nbsweep.Sweep(sweep_id).runs


def the_one(runs: list[RunRecord]) -> RunRecord:
    (run,) = runs
    assert run.state == "finished", run.error
    return run


# -- defaults ----------------------------------------------------------------------------------------------------


def test_defaults_of_nested_parameters_are_kept_beside_what_the_sweep_chose() -> None:
    defaults = {"model": {"depth": 9, "width": 64, "head": {"p": 0.9, "n": 4}}, "seed": 1}
    head = {"parameters": {"p": {"values": [0.1, 0.2]}}}
    parameters = {"model": {"parameters": {"depth": {"value": 2}, "head": head}}}
    seen: list[dict[str, Any]] = []

    def train() -> None:
        run = nbsweep.init(config=defaults)
        seen.append(run.config.as_dict())
        run.log({"loss": run.config["model"]["head"]["p"]})

    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": parameters}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = trained(train, None, config)
    assert [run.state for run in runs] == ["finished", "finished"], "the search knows its points again"
    expected = [{"model": {"depth": 2, "width": 64, "head": {"p": p, "n": 4}}, "seed": 1} for p in (0.1, 0.2)]
    assert sorted(seen, key=str) == sorted((run.config for run in runs), key=str) == expected
    assert defaults["model"]["depth"] == 9  # type: ignore[index]


def test_a_dict_that_was_chosen_whole_takes_no_defaults() -> None:
    parameters = {"optimizer": {"values": [{"name": "sgd", "momentum": 0.9}, {"name": "adam"}]}}

    def train() -> None:
        nbsweep.init(config={"optimizer": {"momentum": 0.5, "lr": 1}}).log({"loss": 1.0})

    runs = trained(train, None, {"method": "grid", "metric": {"name": "loss"}, "parameters": parameters})
    assert [run.config["optimizer"] for run in runs] == [{"name": "sgd", "momentum": 0.9}, {"name": "adam"}]


def test_each_key_that_is_refused_is_named_once_and_defaults_are_not() -> None:
    parameters = {"lr": {"value": 0.1}, "size": {"value": 32}, "model": {"parameters": {"depth": {"value": 2}}}}
    said: list[str] = []

    def train() -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            config = nbsweep.init(config={"lr": 0.5, "size": 64, "model": {"depth": 1}, "epochs": 3}).config
            config.update({"size": 16, "epochs": 4}, allow_val_change=True)
            config.lr = 0.7
            config["lr"] = 0.8
            config.model = {"depth": 5, "width": 8}
        said.extend(str(each.message) for each in caught)
        assert {each.filename for each in caught} == {__file__}, "each is said of the line that asked"
        nbsweep.log({"loss": 1.0})

    run = the_one(trained(train, 1, {**CONFIG, "method": "grid", "parameters": parameters}))
    assert [text.partition(";")[0].removeprefix("the sweep chose ") for text in said] == [
        "size = 32",
        "lr = 0.1",
        "model.depth = 2",
    ]
    assert run.config == {"lr": 0.1, "size": 32, "epochs": 4, "model": {"depth": 2, "width": 8}}


def test_a_file_of_defaults_beside_the_script_has_the_lowest_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config-defaults.yaml").write_text("lr: {value: 7}\nepochs: {desc: n, value: 5}\nwidth: {value: 3}\n")
    run = the_one(trained(lambda: nbsweep.init(config={"epochs": 2}).log({"loss": 1.0})))
    assert run.config == {"lr": run.config["lr"], "epochs": 2, "width": 3} and run.config["lr"] <= 1.0
    with nbsweep.init(config={"epochs": 2}) as alone:
        assert dict(alone.config) == {"lr": 7, "epochs": 2, "width": 3}


# -- nbsweep.run -------------------------------------------------------------------------------------------------


def test_run_is_none_until_init_and_after_the_end_in_a_function_that_takes_nothing() -> None:
    seen: list[Any] = []

    def train(config: Any = None) -> None:
        seen.append(nbsweep.run)
        with nbsweep.init(config=config) as run:
            seen.append(nbsweep.run is run)
            nbsweep.log({"loss": 1.0})
        seen.append(nbsweep.run)
        if nbsweep.run:
            nbsweep.log({"late": 1})

    run = the_one(trained(train))
    assert seen == [None, True, None] and run.summary == {"loss": 1.0}


def test_who_begins_a_run_unless_there_is_one_gets_the_defaults() -> None:
    def train() -> None:
        if nbsweep.run is None:
            nbsweep.init(config={"momentum": 0.9}, tags=["base"])
        nbsweep.log({"loss": nbsweep.config.lr * nbsweep.config.momentum})
        nbsweep.finish()
        assert nbsweep.run is None

    run = the_one(trained(train))
    assert run.config["momentum"] == 0.9 and tuple(run.tags) == ("base",)


def test_a_function_that_never_calls_init_logs_and_reads_its_config_all_the_same() -> None:
    def train() -> None:
        nbsweep.log({"loss": nbsweep.config.lr})
        nbsweep.summary["best"] = 1
        assert nbsweep.run is None

    assert set(the_one(trained(train)).summary) == {"loss", "best"}


def test_a_function_that_takes_its_run_has_it_from_the_start_and_so_have_its_helpers() -> None:
    def helper() -> None:
        assert nbsweep.run is not None
        nbsweep.run.log({"loss": nbsweep.run.config.lr})

    def train(run: nbsweep.Run) -> None:
        assert nbsweep.run is run
        thread = threading.Thread(target=helper)
        thread.start()
        thread.join()

    assert "loss" in the_one(trained(train)).summary


# -- processes that training code starts -------------------------------------------------------------------------


def test_a_forked_child_that_calls_init_is_told_that_its_run_is_outside_the_sweep(tmp_path: Path) -> None:
    told = tmp_path / "told"

    def child() -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nbsweep.init()
        told.write_text("\n".join(str(each.message) for each in caught))
        nbsweep.finish()

    def train() -> None:
        nbsweep.init()
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        nbsweep.log({"loss": 1.0})

    run = the_one(trained(train))
    assert f"sweep {run.sweep_id} trained a function" in told.read_text() and "program: train.py" in told.read_text()


def test_a_script_that_a_function_starts_is_told_too_and_so_is_the_function(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import nbsweep; nbsweep.init().log({'loss': 1.0})"
    told: list[str] = []

    def train() -> None:
        told.append(subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=True).stderr)

    run = the_one(trained(train))
    assert run.stopped_because == "never logged 'loss'"
    assert f"sweep {run.sweep_id} trained a function" in told[0] and "program: train.py" in told[0]
    assert "A process that the function starts logs outside the sweep" in capfd.readouterr().err


def test_a_run_of_ones_own_beside_an_agent_at_work_is_nobodys_child() -> None:
    entered, leave = threading.Event(), threading.Event()

    def train() -> None:
        nbsweep.log({"loss": 1.0})
        entered.set()
        leave.wait(30)

    agent = nbsweep.agent(nbsweep.sweep(CONFIG), train, count=1, block=False)
    assert entered.wait(30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nbsweep.init()
    nbsweep.finish()
    leave.set()
    assert agent.wait(30)


# -- the environment ---------------------------------------------------------------------------------------------


def test_the_environment_names_the_sweep_while_a_function_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def inner() -> None:
        seen.append(os.environ.get("WANDB_SWEEP_ID"))
        nbsweep.log({"loss": 1.0})

    def outer() -> None:
        seen.append(os.environ.get("WANDB_SWEEP_ID"))
        nbsweep.log({"loss": 1.0})
        seen.append(trained(inner)[0].sweep_id)
        seen.append(os.environ.get("WANDB_SWEEP_ID"))

    sweep_id = the_one(trained(outer)).sweep_id
    first, within, of_inner, after = seen
    assert first == after == sweep_id and within == of_inner != sweep_id
    assert "WANDB_SWEEP_ID" not in os.environ
    monkeypatch.setenv("WANDB_SWEEP_ID", "mine")
    trained(inner)
    assert os.environ["WANDB_SWEEP_ID"] == "mine"
    trained(lambda: os.environ.pop("WANDB_SWEEP_ID"))
    assert "WANDB_SWEEP_ID" not in os.environ, "what the user did stays"


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_two_sweeps_at_once_the_last_to_begin_is_named_until_it_ends(first_to_end: int) -> None:
    agents = [("a", "one"), ("b", "two")]
    for agent_id, sweep_id in agents:
        environment.announce(agent_id, sweep_id)
        assert os.environ["WANDB_SWEEP_ID"] == sweep_id
    environment.withdraw(agents[first_to_end][0])
    assert os.environ["WANDB_SWEEP_ID"] == agents[1 - first_to_end][1]
    environment.withdraw(agents[1 - first_to_end][0])
    assert "WANDB_SWEEP_ID" not in os.environ


def test_a_program_finds_sweep_and_run_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(
        "import os, nbsweep\n"
        "print(nbsweep.run)\n"
        "run = nbsweep.init()\n"
        "run.log({'sweep': os.environ['WANDB_SWEEP_ID'], 'run': os.environ['WANDB_RUN_ID'], 'loss': 1.0})\n"
        "nbsweep.finish()\nprint(nbsweep.run)\n"
    )
    sweep_id = nbsweep.sweep({**CONFIG, "program": "train.py"})
    nbsweep.agent(sweep_id, count=1)
    run = the_one(nbsweep.Sweep(sweep_id).runs)
    assert run.summary == {"sweep": sweep_id, "run": run.id, "loss": 1.0}
    assert nbsweep.Sweep(sweep_id).console(run.name) == "None\nNone\n"


def test_wandbs_variables_say_what_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES[2:], ("theirs", "named", "why", "a, b"), strict=True):
        monkeypatch.setenv(name, value)
    run = nbsweep.init()
    assert (run.project, run.name, run.notes, run.tags) == ("theirs", "named", "why", ("a", "b"))
    run.name = "renamed"
    assert nbsweep.init().name == "renamed", "they are heard once a run"
    nbsweep.finish()
    run = nbsweep.init(project="mine", name="given", notes="because", tags=["c"])
    assert (run.project, run.name, run.notes, run.tags) == ("mine", "given", "because", ("c",))
    nbsweep.finish()
    of_sweep = the_one(trained(lambda: nbsweep.init().log({"loss": 1.0})))
    assert (of_sweep.name, tuple(of_sweep.tags)) == ("named", ("a", "b"))
    assert nbsweep.Sweep(of_sweep.sweep_id).project == "theirs"
    monkeypatch.setenv("NBSWEEP_PROJECT", "own")
    assert nbsweep.Sweep(nbsweep.sweep(CONFIG)).project == "own"


@pytest.mark.parametrize(("name", "value"), [("WANDB_MODE", "disabled"), ("WANDB_DISABLED", "true")])
def test_a_switch_without_effect_is_said_once(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.warns(UserWarning, match=f"{name}={value} has no effect here"):
        nbsweep.init()
    nbsweep.finish()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nbsweep.init()
    nbsweep.finish()


# -- calls and what is caught ------------------------------------------------------------------------------------


def test_sweep_and_agent_take_entity_and_project_where_wandb_does() -> None:
    def train() -> None:
        nbsweep.log({"loss": 1.0})

    assert nbsweep.Sweep(nbsweep.sweep(CONFIG, "project")).project == "project"
    assert nbsweep.Sweep(nbsweep.sweep(CONFIG, None, "project")).project == "project"
    with pytest.warns(UserWarning, match="sweep: entity makes no difference"):
        sweep_id = nbsweep.sweep(CONFIG, "me", "project")
    assert nbsweep.Sweep(sweep_id).project == "project"
    with pytest.warns(UserWarning, match="agent: entity makes no difference"):
        nbsweep.agent(sweep_id, train, "me", "project", 2)
    with pytest.warns(UserWarning, match="agent: entity makes no difference"):
        nbsweep.agent(sweep_id, train, "me", count=1)
    nbsweep.agent(sweep_id, train, 1)
    nbsweep.agent(sweep_id, train, None, None, 1)
    assert len(nbsweep.Sweep(sweep_id).runs) == 5
    assert nbsweep.Sweep(nbsweep.sweep(lambda: CONFIG)).config["method"] == "random"
    with pytest.raises(nbsweep.UsageError, match="by position"):
        nbsweep.sweep(CONFIG, "me", "project", "more")
    with pytest.raises(nbsweep.UsageError, match="by position"):
        nbsweep.agent(sweep_id, train, "me", "project", 2, True)


def test_a_misspelt_keyword_of_sweep_or_agent_defines_and_trains_nothing() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    with pytest.raises(TypeError, match="cuont"):
        nbsweep.agent(sweep_id, lambda: nbsweep.log({"loss": 1.0}), cuont=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="projct"):
        nbsweep.sweep(CONFIG, projct="digits")  # type: ignore[call-arg]
    assert nbsweep.Sweep().id == sweep_id and nbsweep.Sweep().runs == []


def test_wandbs_errors_can_be_caught() -> None:
    for name in ("Error", "CommError", "AuthenticationError", "UsageError"):
        assert issubclass(getattr(nbsweep.errors, name), Exception)
    assert issubclass(nbsweep.UsageError, nbsweep.errors.Error)


def test_an_error_that_training_code_raises_while_its_run_is_stopped_is_the_stop() -> None:
    begun = threading.Event()

    def train() -> None:
        with nbsweep.init():
            begun.set()
            try:
                while True:
                    nbsweep.log({"loss": 1.0})
            except BaseException as error:
                raise RuntimeError("could not save") from error

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=1, block=False)
    assert begun.wait(30)
    agent.stop()
    assert agent.wait(30)
    (run,) = nbsweep.Sweep(sweep_id).runs
    assert (run.state, run.error) == ("killed", None)


def test_what_such_code_asks_of_a_run_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    face: Any = nbsweep
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run: Any = nbsweep.init(config={"lr": 0.5})
        assert run.get_sweep_url() is None and run.get_project_url() is None and run.project_url is None
    assert run.mode == run.settings.mode == "offline" and run.start_time > 1e9
    assert run.config._items == {"lr": 0.5}
    with pytest.raises(AttributeError, match=r"best_run\.dir"):
        _ = run.use_artifact
    face.termwarn("mind", repeat=False)
    assert capsys.readouterr().err == "mind\n"
    run.finish(quiet=True)
    assert run.state == "finished"
