"""Judging running runs by what all have logged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

import nbsweep
from nbsweep import process, sweep_config
from nbsweep.judging import Judge
from nbsweep.runs import Run
from nbsweep.stopping import Hyperband

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
            run.log({"loss": 1.0 + run.number})
            if run.number < 6 or step < 3:
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
