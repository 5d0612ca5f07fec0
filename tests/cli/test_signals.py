"""How agents and their runs end when they are told to, and what is left of them: nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

import nbsweep
from nbsweep.store import RunRecord
from nbsweep.store.sqlite import BUSY_TIMEOUT_S
from tests.cli.terminal import PATIENCE_S, Terminal

# Each run writes its process id and those of what it starts, says that it runs, and goes on until it is ended.
POLITE = """\
import os, pathlib, subprocess, time
import nbsweep
pathlib.Path(f"pid-{os.getpid()}").write_text("")
helper = subprocess.Popen(["sleep", "600"])
pathlib.Path(f"pid-{helper.pid}").write_text("")
nbsweep.init()
for step in range(100_000):
    nbsweep.log({"loss": 1.0})
    time.sleep(0.02)
    if pathlib.Path("enough").exists():
        break
"""
STUBBORN = """\
import os, pathlib, signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path(f"pid-{os.getpid()}").write_text("")
time.sleep(600)
"""


def eventually(check: object, what: str) -> None:
    """Wait until `check()` holds; the pace is of no account, only the patience."""
    assert callable(check)
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.02)


class Scene:
    """A sweep of one program in a directory, and the processes of its runs."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def define(self, program: str) -> str:
        self.terminal.write("train.py", program)
        self.terminal.write(
            "sweep.yaml",
            "program: train.py\nmethod: random\nmetric: {name: loss}\nparameters: {lr: {min: 0.0, max: 1.0}}\n",
        )
        sweep_id: str = self.terminal.json("sweep", "sweep.yaml")["id"]
        return sweep_id

    def started(self) -> list[int]:
        return [int(path.name.removeprefix("pid-")) for path in self.terminal.directory.glob("pid-*")]

    def left(self) -> list[int]:
        return [pid for pid in self.started() if _alive(pid)]

    def runs(self) -> list[RunRecord]:
        return nbsweep.Sweep().runs


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def scene(terminal: Terminal) -> Iterator[Scene]:
    scene = Scene(terminal)
    yield scene
    for pid in scene.left():
        os.kill(pid, signal.SIGKILL)


def press_ctrl_c(agent: subprocess.Popen[str], answer: str) -> None:
    """As a person does, who reads the answer before pressing it again: pending signals of one kind are one."""
    agent.send_signal(signal.SIGINT)
    assert agent.stderr is not None
    while answer not in (line := agent.stderr.readline()):
        assert line, f"the agent ended without saying {answer!r}"


def end(agent: subprocess.Popen[str]) -> tuple[int, str]:
    _out, said = agent.communicate(timeout=PATIENCE_S)
    return agent.returncode, said


def test_ctrl_c_once_lets_the_current_run_finish(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 2, "the first run")
    press_ctrl_c(agent, "will finish")
    eventually(lambda: nbsweep.Sweep(sweep_id).runs[0].summary, "the first value")
    scene.terminal.write("enough", "")
    code, _said = end(agent)
    assert [run.state for run in scene.runs()] == ["finished"] and code == 130
    assert scene.left() == []


def test_ctrl_c_twice_ends_the_runs_and_what_they_started(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id, "--workers", "2")
    eventually(lambda: [bool(run.summary) for run in scene.runs()] == [True, True], "values of both runs")
    press_ctrl_c(agent, "will finish")
    press_ctrl_c(agent, "Ending the runs")
    code, _said = end(agent)
    assert [run.state for run in scene.runs()] == ["killed", "killed"]
    assert all(run.error is None for run in scene.runs())
    assert "Traceback" not in nbsweep.Sweep(sweep_id).console("1")
    assert code == 130 and scene.left() == []


def test_ctrl_c_three_times_kills_a_run_that_ignores_signals_at_once(scene: Scene) -> None:
    sweep_id = scene.define(STUBBORN)
    agent = scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 1, "the run")
    for answer in ("will finish", "Ending the runs", "Killing the runs"):
        press_ctrl_c(agent, answer)
    code, _said = end(agent)
    assert [run.state for run in scene.runs()] == ["killed"]
    assert code == 130 and scene.left() == []


def test_a_program_that_ignores_sigterm_is_killed_after_a_while(scene: Scene) -> None:
    sweep_id = scene.define(STUBBORN)
    agent = scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 1, "the run")
    scene.terminal.run("stop", sweep_id)
    code, _said = end(agent)
    assert [run.state for run in scene.runs()] == ["killed"]
    assert code == 0 and scene.left() == []


def test_nothing_is_left_when_the_agent_itself_is_killed(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 2, "the run")
    agent.kill()
    end(agent)
    eventually(lambda: not scene.left(), "the end of the run's processes")
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["crashed"]


def test_a_closed_terminal_ends_the_runs(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 2, "the run")
    agent.send_signal(signal.SIGHUP)
    code, _said = end(agent)
    assert [run.state for run in scene.runs()] == ["killed"]
    assert code == 130 and scene.left() == []


def test_under_nohup_an_agent_outlives_its_terminal(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id, under=("nohup",))
    eventually(lambda: len(scene.started()) == 2, "the run")
    agent.send_signal(signal.SIGHUP)
    scene.terminal.write("enough", "")
    eventually(lambda: len(scene.runs()) > 1, "the next run")
    agent.send_signal(signal.SIGTERM)
    assert end(agent)[0] == 130 and scene.left() == []


def test_ctrl_c_three_times_kills_a_run_while_the_store_is_locked(scene: Scene) -> None:
    agent = scene.terminal.start("agent", scene.define(STUBBORN))
    eventually(lambda: len(scene.started()) == 1, "the run")
    with contextlib.closing(sqlite3.connect(scene.terminal.directory / "nbsweep.db", isolation_level=None)) as rival:
        rival.execute("PRAGMA busy_timeout = 30000")
        rival.execute("BEGIN EXCLUSIVE")
        time.sleep(0.5)  # the agent looks every tenth of a second what there is to tell, and waits for the lock now
        began = time.monotonic()
        for answer in ("will finish", "Ending the runs", "Killing the runs"):
            press_ctrl_c(agent, answer)
        eventually(lambda: scene.left() == [], "the end of the run")
        assert time.monotonic() - began < BUSY_TIMEOUT_S / 2, "the signals waited for the lock"
        rival.execute("ROLLBACK")
    code, _said = end(agent)
    assert code == 130


def test_a_ctrl_c_ends_this_agent_and_no_other(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    one, other = scene.terminal.start("agent", sweep_id), scene.terminal.start("agent", sweep_id)
    eventually(lambda: len(scene.started()) == 4, "both runs")
    one.send_signal(signal.SIGTERM)
    end(one)
    eventually(lambda: [run.state for run in scene.runs()].count("running") == 1, "one run going on")
    assert other.poll() is None and nbsweep.Sweep(sweep_id).state == "running"
    scene.terminal.run("stop", sweep_id)
    assert end(other)[0] == 0
    assert sorted(run.state for run in scene.runs()) == ["killed", "killed"]


def test_forwarded_signals_reach_the_program(scene: Scene) -> None:
    sweep_id = scene.define(
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('saving', flush=True), os._exit(0)))\n"
        "pathlib.Path(f'pid-{os.getpid()}').write_text('')\n"
        "time.sleep(600)\n"
    )
    agent = scene.terminal.start("agent", sweep_id, "--forward-signals")
    eventually(lambda: len(scene.started()) == 1, "the run")
    agent.send_signal(signal.SIGINT)
    code, _said = end(agent)
    assert code == 130 and [run.state for run in scene.runs()] == ["finished"]
    assert nbsweep.Sweep(sweep_id).console("1") == "saving\n"


def test_one_run_is_killed_from_another_terminal_and_the_other_goes_on(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    agent = scene.terminal.start("agent", sweep_id, "--workers", "2", "--count", "2")
    eventually(lambda: [bool(run.summary) for run in scene.runs()] == [True, True], "values of both runs")
    one, other = scene.runs()
    scene.terminal.run("kill", one.name)
    eventually(lambda: scene.runs()[0].state == "killed", "the end of one run")
    assert scene.runs()[1].state == "running"
    scene.terminal.run("pause", sweep_id)
    scene.terminal.run("rerun", other.name)
    scene.terminal.write("enough", "")
    eventually(lambda: scene.runs()[1].state == "finished", "the end of the other")
    assert agent.poll() is None and [run.state for run in scene.runs()][2:] == ["pending"], "a paused sweep waits"
    scene.terminal.run("resume", sweep_id)
    assert end(agent)[0] == 0
    assert [run.state for run in scene.runs()] == ["killed", "finished", "finished"]
    assert scene.runs()[2].config == other.config


def test_an_agent_whose_runs_all_fail_ends_and_says_how_to_go_on(scene: Scene) -> None:
    sweep_id = scene.define("raise SystemExit('no data here')")
    done = scene.terminal.try_run("agent", sweep_id)
    assert done.returncode == 3 and f"`nbsweep agent {sweep_id}` goes on with it" in done.stderr
    assert "The last traceback" not in done.stderr
    assert len(scene.runs()) == 3 and nbsweep.Sweep(sweep_id).state == "paused"


def test_a_run_that_takes_too_long_is_stopped(scene: Scene) -> None:
    sweep_id = scene.define(POLITE)
    scene.terminal.run("agent", sweep_id, "--count", "1", "--run-timeout", "0.5")
    (run,) = scene.runs()
    assert run.state == "stopped" and run.why == "time limit of 0.5 s" and scene.left() == []
