"""Judging running runs by what all have logged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

import nbsweep
from nbsweep import process, sweep_config
from nbsweep.controller import Controller
from nbsweep.judging import Judge
from nbsweep.runs import Run
from nbsweep.stopping import Hyperband
from nbsweep.store import RunRecord
from nbsweep.watching import MetricWatch

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 0.1}},
}


@pytest.mark.usefixtures("tmp_store")
def test_a_look_goes_through_the_values_of_runs_that_have_logged_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    looked: list[tuple[int, set[bool]]] = []

    def train(run: Run) -> None:
        for step in range(6):
            run.log({"loss": float(run.number)})
            if run.number < 7 or step < 3:
                continue
            process.recorder().flush()
            before = len(through)
            verdicts = judge.to_stop([run.id])
            looked.append((len(through) - before, {verdict.stop for verdict in verdicts.values()}))

    through: list[object] = []
    losses = Hyperband.losses

    def noted(self: Hyperband, history: Iterable[Any]) -> list[float]:
        through.append(history)
        return losses(self, history)

    monkeypatch.setattr(Hyperband, "losses", noted)
    rule = {"type": "hyperband", "min_iter": 4}  # not the sweep's: its agent would judge too
    judge = Judge(process.recorder().store, sweep_id, sweep_config.load({**CONFIG, "early_terminate": rule}))
    nbsweep.agent(sweep_id, train, count=7)
    assert looked[0][1] == {True}, "the worst of seven"
    assert [count for count, _stop in looked[1:]] == [1, 1], "the run itself; not the six that ended before"


@pytest.mark.usefixtures("tmp_store")
def test_a_value_that_is_not_in_the_store_yet_is_judged_when_it_is() -> None:
    """A look in between, because another run has ended say, sees it in memory alone."""
    rule = {"type": "hyperband", "min_iter": 1}
    controller = Controller(process.recorder().store, nbsweep.sweep({**CONFIG, "early_terminate": rule}))
    agent = controller.join(None)
    for value in (0.1, 0.2, 0.3, 100.0):
        record = controller.next_run(agent)
        assert isinstance(record, RunRecord)
        run = Run(record, metric=controller.config.metric)
        process.recorder().watch(run)
        run.log({"loss": value})
        if value < 1:
            process.recorder().flush()
    watch = MetricWatch(controller)
    run.encode()  # counted, and not written
    assert run.summarising.metric_count == 1
    assert not watch.look({run.id: run}).to_stop
    process.recorder().flush()
    assert list(watch.look({run.id: run}).to_stop) == [run.id]
    assert not watch.look({run.id: run}).to_stop, "once"


@pytest.mark.usefixtures("tmp_store")
@pytest.mark.parametrize("name", ["m" * 600, "a\x00b"])
def test_a_metric_is_judged_whatever_its_name(name: str) -> None:
    config = {**CONFIG, "metric": {"name": name}, "early_terminate": {"type": "hyperband", "min_iter": 1}}
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, lambda run: run.log({name: 1.0}), count=3)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished"] * 3
