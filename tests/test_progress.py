"""Progress while agents are waited for: at a terminal, in a log."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

import nbsweep
from nbsweep.progress import Progress, Terminal, _Known
from nbsweep.store import RunRecord
from nbsweep.sweep_config import Metric

HALF = Progress(3, 6, ("1 running", "best loss 0.25 (calm-fox-2)"))
END = Progress(6, 6, ("best loss 0.125 (calm-fox-5)",))


def test_in_a_log_there_is_a_line_when_runs_have_ended_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    for _ in range(5):
        terminal.show(HALF, False)
    terminal.show(END, False)
    terminal.show(END, True)
    assert capsys.readouterr().err.splitlines() == [
        "3 of 6 runs · 1 running · best loss 0.25 (calm-fox-2)",
        "6 of 6 runs · best loss 0.125 (calm-fox-5)",
    ]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
@pytest.mark.parametrize("count", [6, None])
def test_at_a_terminal_there_is_a_bar_with_the_best_so_far(monkeypatch: pytest.MonkeyPatch, count: int | None) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        terminal = Terminal()
        terminal.show(Progress(HALF.ended, count, HALF.details), False)
        terminal.show(Progress(END.ended, count, END.details), True)
        shown = everything(ours)
    os.close(ours)
    assert "3/6 runs" in shown if count else "3/? runs" in shown
    assert "best loss 0.25 (calm-fox-2)" in shown and "best loss 0.125 (calm-fox-5)" in shown
    assert shown.endswith("\n")


def everything(terminal: int) -> str:
    """What a pseudo-terminal has been sent; it hands out a write at a time."""
    read = b""
    while select.select([terminal], [], [], 0.2)[0]:
        read += os.read(terminal, 100_000)
    return read.decode()


def test_what_is_known_of_a_sweep_follows_each_change_of_its_runs() -> None:
    known, loss = _Known(), Metric("loss", "minimize")

    def run(number: int, state: str, value: float | None = None, agent: str = "a") -> RunRecord:
        summary = {} if value is None else {"loss": value}
        return RunRecord(f"r{number}", "s", number, f"fox-{number}", "p", {}, state, agent_id=agent, summary=summary)

    known.update([run(0, "running"), run(1, "running"), run(2, "pending", agent="b")])
    assert known.best(loss) is None and known.states["a"]["running"] == 2
    known.update([run(0, "finished", 0.5), run(1, "failed", 0.1), run(2, "running")])
    best = known.best(loss)
    assert best is not None and best.index == 0
    assert known.states["a"] == {"running": 1, "finished": 1, "failed": 1} and not known.states["b"].total()
    known.update([run(2, "finished", 0.2)])
    assert (best := known.best(loss)) is not None and best.index == 2
    known.update([run(2, "finished", 0.9)])
    assert (best := known.best(loss)) is not None and best.index == 0, "the best one's value was changed for the worse"
    assert (best := known.best(Metric("loss", "maximize"))) is not None and best.index == 2
    assert known.best(None) is None


def test_an_agent_that_trained_fewer_than_were_asked_for_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path}/a.db")
    sweep_id = nbsweep.sweep({"method": "grid", "metric": {"name": "x"}, "parameters": {"x": {"values": [1, 2]}}})
    nbsweep.agent(sweep_id, lambda config: nbsweep.log({"x": config.x}), count=5)
    nbsweep.agent(sweep_id, lambda config: None)
    lines = [line for line in capsys.readouterr().err.splitlines() if " runs · best x 1 " in line]
    assert all(line.endswith(" · every point of the space has a run") for line in (lines[-2], lines[-1]))
    assert lines[-2].startswith("2 of 5 runs") and lines[-1].startswith("0 runs")
