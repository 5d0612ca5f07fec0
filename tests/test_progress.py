"""Progress while agents are waited for: at a terminal, in a log."""

from __future__ import annotations

import os
import select
import sys

import pytest

from nbsweep.progress import Progress, Terminal

HALF = Progress(3, 6, ("1 running", "best loss 0.25 (calm-fox-2)"))
END = Progress(6, 6, ("best loss 0.125 (calm-fox-5)",))


def test_in_a_log_there_is_a_line_when_runs_have_ended_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    for _ in range(5):
        terminal.show(HALF, False)
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
