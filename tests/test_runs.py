"""Run: what `log` takes, what it costs nothing, what `config` and `summary` answer."""

from __future__ import annotations

import copy
import io
import math
import os
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import logged as logged_room
from nbsweep import process
from nbsweep.errors import RunStopped, UsageError
from nbsweep.run_config import Config
from nbsweep.runs import Run
from nbsweep.store import RunRecord, RunTail, read_history
from nbsweep.sweep_config import Metric

Make = Callable[..., Run]


@pytest.fixture
def run() -> Run:
    return Run(RunRecord("r1", "s1", 0, "calm-hare-1", "p", {"lr": 0.1}))


def logged(run: Run) -> dict[str, list[Any]]:
    tail = RunTail(run.id)
    run.drain(tail)
    history = read_history(tail.take_chunks()).get(run.id)
    return {} if history is None else {key: list(column.values) for key, column in history.columns.items()}


class FakeGpuTensor:
    """A tensor whose reading must not happen on the training thread."""

    shape = ()
    read_by: str | None = None

    def __init__(self, value: float) -> None:
        self.value = value

    def detach(self) -> FakeGpuTensor:
        return self

    def clone(self) -> FakeGpuTensor:
        copy = FakeGpuTensor(self.value)
        FakeGpuTensor.last = copy
        return copy

    def item(self) -> float:
        self.read_by = threading.current_thread().name
        return self.value

    last: FakeGpuTensor


def test_numbers_strings_and_booleans_are_kept_as_they_are(run: Run) -> None:
    run.log({"loss": 0.5, "step": 3, "phase": "warm-up", "ok": True})
    assert logged(run) == {"loss": [0.5], "step": [3], "phase": ["warm-up"], "ok": [True]}


def test_nan_and_infinity_are_kept(run: Run) -> None:
    for value in (math.nan, math.inf, -math.inf):
        run.log({"loss": value})
    got = logged(run)["loss"]
    assert math.isnan(got[0]) and got[1:] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    "value", [np.float32(0.25), np.float64(0.25), np.array(0.25), np.array([0.25]), np.float16(0.25)]
)
def test_numpy_scalars_are_numbers(run: Run, value: object) -> None:
    run.log({"loss": value})
    assert logged(run)["loss"] == [0.25]


def test_torch_scalars_are_taken_as_they_are_now(run: Run) -> None:
    torch = pytest.importorskip("torch")
    loss = torch.tensor(0.5, requires_grad=True)
    total = torch.zeros(())
    total += loss.detach()
    run.log({"loss": loss, "total": total, "half": loss.to(torch.bfloat16), "n": torch.tensor(3)})
    total += 1
    assert logged(run) == {"loss": [0.5], "total": [0.5], "half": [0.5], "n": [3]}


def test_a_tensor_is_read_on_the_recorders_thread_not_by_log(run: Run) -> None:
    run.log({"loss": FakeGpuTensor(0.5)})
    assert FakeGpuTensor.last.read_by is None
    recorder = threading.Thread(target=run.drain, args=(RunTail(run.id),), name="recorder")
    recorder.start()
    recorder.join()
    assert FakeGpuTensor.last.read_by == "recorder"


def test_values_changed_after_the_call_do_not_change_what_was_logged(run: Run) -> None:
    data, array = {"loss": 0.5}, np.array(1.0)
    run.log(data)
    run.log({"x": array})
    data["loss"] = 9.0
    array += 5
    assert logged(run) == {"loss": [0.5], "x": [1.0]}


@pytest.mark.parametrize("value", [None, [1, 2], np.zeros(3), object()])
def test_what_cannot_be_kept_gives_one_warning_a_key_and_the_rest_is_kept(run: Run, value: object) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            run.log({"bad": value, "loss": 0.5})
        assert logged(run) == {"loss": [0.5] * 3}
    assert len(caught) == 1 and "'bad'" in str(caught[0].message)


def test_nested_dicts_become_dotted_keys(run: Run) -> None:
    run.log({"eval": {"loss": 0.5, "by": {"class": 1}}})
    assert logged(run) == {"eval.loss": [0.5], "eval.by.class": [1]}


def test_steps_count_up_and_can_be_set(run: Run) -> None:
    run.log({"a": 1})
    run.log({"a": 2}, step=10)
    run.log({"a": 3})
    tail = RunTail(run.id)
    run.drain(tail)
    assert read_history(tail.take_chunks())[run.id].steps.tolist() == [0, 10, 11]
    assert run.step == 12


def test_steps_may_be_numpys_and_pytorchs_whole_numbers(run: Run) -> None:
    torch = pytest.importorskip("torch")
    steps: list[Any] = [
        np.int64(3),
        np.array(5),
        torch.tensor(101),
        torch.tensor([102]),
        torch.tensor(103.0),
        np.float32(104),
    ]
    for step in steps:
        run.log({"a": 1}, step=step)
    wrong: list[Any] = [torch.tensor(1.5), torch.tensor([1, 2]), np.array([1, 2]), np.float64("nan"), "3", 2**63 - 1]
    for step in wrong:
        with pytest.raises(UsageError, match="a step is a whole number"):
            run.log({"a": 1}, step=step)
    tail = RunTail(run.id)
    run.drain(tail)
    assert read_history(tail.take_chunks())[run.id].steps.tolist() == [3, 5, 101, 102, 103, 104]


def test_commit_false_adds_to_the_next_row(run: Run) -> None:
    run.log({"a": 1}, commit=False)
    run.log({"b": 2})
    tail = RunTail(run.id)
    run.drain(tail)
    history = read_history(tail.take_chunks())[run.id]
    assert len(history.steps) == 1 and set(history.columns) == {"a", "b"}


def test_what_is_held_back_for_a_step_is_of_that_step(run: Run) -> None:
    for step in range(3):
        run.log({"a": 10.0 - step}, step=step, commit=False)
        run.log({"b": step}, step=step, commit=False)
    run.log({"c": 1})  # goes with what is held back
    run.log({"a": 5.0}, commit=False)
    run.log({"a": 4.0}, step=7)
    run.close("finished")
    tail = RunTail(run.id)
    run.drain(tail)
    history = read_history(tail.take_chunks())[run.id]
    assert history.steps.tolist() == [0, 1, 2, 7]
    assert list(history.columns["a"].values) == [10.0, 9.0, 8.0, 4.0]
    assert list(history.columns["b"].values) == [0, 1, 2]
    assert list(history.columns["c"].values) == [1] and history.columns["c"].rows.tolist() == [2]


def test_commit_none_as_wandbs_wrappers_pass_it_on_is_a_row_a_call(run: Run) -> None:
    for value in (3.0, 2.0):
        run.log({"a": value}, step=None, commit=None)
    tail = RunTail(run.id)
    run.drain(tail)
    assert read_history(tail.take_chunks())[run.id].steps.tolist() == [0, 1]


@pytest.mark.parametrize("call", [lambda run: run.log(0.5), lambda run: run.log({"a": 1}, step="x")])
def test_a_wrong_call_says_how_to_make_it(run: Run, call: Callable[[Run], None]) -> None:
    with pytest.raises(UsageError, match=r"log"):
        call(run)


def test_a_stopped_run_ends_within_one_log_call_past_except_exception(run: Run) -> None:
    run.request_stop("killed")
    with pytest.raises(RunStopped):
        try:
            run.log({"loss": 1.0})
        except Exception:
            pytest.fail("except Exception swallowed the stop")


def test_the_summary_is_the_last_value_at_once(run: Run) -> None:
    run.log({"loss": 0.5})
    run.log({"loss": 0.75})
    assert run.summary["loss"] == 0.75 and run.summary.loss == 0.75
    run.summary["note"] = "mine"
    assert dict(run.summary) == {"loss": 0.75, "note": "mine"}


@pytest.mark.parametrize(("how", "kept"), [("last", 2.0), ("min", 1.0), ("max", 3.0), ("mean", 2.0), ("best", 1.0)])
def test_define_metric_says_what_the_summary_keeps(run: Run, how: str, kept: float) -> None:
    run.define_metric("loss", summary=how)
    for value in (3.0, math.nan, 1.0, 2.0) if how in ("min", "max", "best") else (3.0, 1.0, 2.0):
        run.log({"loss": value})
    assert run.summary["loss"] == kept


def test_a_forked_child_keeps_nothing_and_says_so_once_and_the_parent_goes_on(run: Run) -> None:
    run.log({"a": 1})
    with run._logged.lock:  # as the recorder's thread may hold it when another thread forks
        child = os.fork()
        if child == 0:
            run.forget_in_child()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                run.log({"a": 2})
                run.log({"a": 3})
            said = [str(each.message) for each in caught]
            os._exit(0 if len(said) == 1 and "not kept" in said[0] and logged(run) == {} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    run.log({"a": 4})
    assert logged(run) == {"a": [1, 4]}


def test_threads_log_to_one_run_without_losing_a_row(run: Run) -> None:
    def work(name: str) -> None:
        for value in range(2000):
            run.log({name: value})

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(4)]
    tail = RunTail(run.id)
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        run.drain(tail)
    run.drain(tail)
    columns = read_history(tail.take_chunks())[run.id].columns
    assert {key: sorted(column.values.tolist()) for key, column in columns.items()} == {
        f"t{i}": list(range(2000)) for i in range(4)
    }


def test_config_answers_every_way_the_tutorials_ask() -> None:
    config = Config({"lr": 0.1, "batch_size": 64})
    assert config.lr == 0.1 and config["batch_size"] == 64 and config.get("x", 1) == 1
    assert dict(config) == dict(config.items()) == {"lr": 0.1, "batch_size": 64}
    config.update({"lr": 0.2})
    config.setdefaults({"lr": 9, "epochs": 3})
    config.momentum = 0.9
    assert dict(config) == {"lr": 0.2, "batch_size": 64, "epochs": 3, "momentum": 0.9}
    with pytest.raises(AttributeError, match="did you mean 'batch_size'"):
        _ = config.batchsize


def test_what_the_sweep_chose_is_locked_with_one_warning() -> None:
    config = Config({"lr": 0.1}, locked=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config.update({"lr": 0.5, "epochs": 3})
        config.lr = 0.7
        config["lr"] = 0.8
    assert dict(config) == {"lr": 0.1, "epochs": 3}
    assert len(caught) == 1 and "lr = 0.1" in str(caught[0].message)


def test_numbers_of_numpy_that_are_no_plain_floats_are_kept_as_what_they_are(run: Run) -> None:
    run.log({"loss": np.ma.masked, "long": np.longdouble("0.5"), "mean": np.ma.array([1.0, 2.0], mask=True).mean()})
    kept = logged(run)
    assert math.isnan(kept["loss"][0]) and math.isnan(kept["mean"][0]) and kept["long"] == [0.5]


def test_a_whole_number_beyond_a_floats_range_takes_nothing_else_with_it() -> None:
    run = Run(RunRecord("r1", "s1", 0, "calm-hare-1", "p", {}), metric=Metric("loss"))
    for value in (3, 10**400, 2):
        run.log({"loss": value, "other": 1.0})
    kept = logged(run)
    assert kept == {"loss": [3, math.inf, 2], "other": [1.0] * 3}
    assert (run.summarising.metric_count, run.summarising.metric_best) == (2, 2)


COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda mapping: pickle.loads(pickle.dumps(mapping))]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_copy_of_the_config_is_free_to_change_and_changes_no_run(run: Run, copied: Callable[[Any], Any]) -> None:
    run.config.update({"layers": [8, 8]})
    run.take_update()
    own = copied(run.config)
    assert type(own) is Config and own == run.config == {"lr": 0.1, "layers": [8, 8]}
    own.lr, own.momentum = 0.2, 0.9  # what the sweep chose, too
    own.layers.append(8)
    assert (own.lr, len(own)) == (0.2, 3) and run.config == {"lr": 0.1, "layers": [8, 8]} and run.take_update() == {}


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_copy_of_the_summary_is_free_to_change_and_changes_no_run(run: Run, copied: Callable[[Any], Any]) -> None:
    run.log({"loss": 0.5})
    own = copied(run.summary)
    assert type(own) is type(run.summary) and own == run.summary == {"loss": 0.5}
    run.take_update()
    own.loss = 0.1
    assert own.loss == 0.1 and run.summary.loss == 0.5 and run.take_update() == {}


def test_a_config_can_be_saved_with_a_model(run: Run) -> None:
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save({"config": run.config}, file)
    file.seek(0)
    assert torch.load(file, weights_only=False)["config"].lr == 0.1


@pytest.mark.parametrize("where", ["by_key", "as_values", "microseconds"])
def test_an_interrupt_while_the_summary_is_read_loses_nothing_that_was_logged(
    where: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    run.define_metric("loss", "mean")
    run.log({"loss": 1.0})
    run.log({"loss": 3.0}, step=7)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(logged_room, where, interrupted)
        run.summary.get("loss")
    assert run.summary == {"loss": 2.0} and run.step == 8
    tail = RunTail(run.id)
    run.drain(tail)
    kept = read_history(tail.take_chunks())[run.id]
    assert list(kept.steps) == [0, 7] and list(kept.columns["loss"].values) == [1.0, 3.0]


@pytest.mark.parametrize("written", [False, True])
def test_an_interrupt_while_a_run_ends_leaves_it_running_or_ended_and_nothing_between(
    written: bool, tmp_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = nbsweep.init()
    run.log({"a": 1})
    recorder = process.recorder()
    flush = recorder._flush

    def interrupted(required: bool) -> None:
        if required:
            if written:
                flush(required)
            raise KeyboardInterrupt
        flush(required)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "_flush", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.finish()
    if written:
        assert run.state == "finished"
        with pytest.raises(UsageError, match="has ended"):
            run.log({"a": 2})
    else:
        assert run.state == "running"
        run.log({"a": 2})
        run.finish()
    with recorder.store.read() as db:
        (kept,) = db.runs_by_ids([run.id])
    assert (kept.state, kept.summary) == ("finished", {"a": 1 if written else 2})
    assert not recorder._runs and not recorder._agents
