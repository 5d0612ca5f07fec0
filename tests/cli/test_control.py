"""Sweeps are defined, listed and steered from a terminal."""

from __future__ import annotations

import pytest

import nbsweep
from nbsweep import process
from nbsweep.cli import main
from nbsweep.notebook.twins import text_table
from tests.cli.terminal import Terminal

SWEEP = """\
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2]}
  words: {values: ["a b", "c'd\\"e"]}
"""


def defined(terminal: Terminal, *options: str) -> str:
    terminal.write("sweep.yaml", SWEEP)
    sweep_id = terminal.json("sweep", "sweep.yaml", *options)["id"]
    assert isinstance(sweep_id, str)
    return sweep_id


def test_a_sweep_that_a_terminal_defines_is_there_for_python(terminal: Terminal) -> None:
    sweep_id = defined(terminal, "--project", "digits", "--name", "first", "--seed", "7")
    sweep = nbsweep.Sweep("first")
    with process.recorder().store.read() as db:
        record = db.sweep(sweep_id)
    assert sweep.id == sweep_id and sweep.project == "digits"
    assert record is not None and record.seed == 7


def test_defining_prints_the_id_and_the_line_that_trains_it(terminal: Terminal) -> None:
    terminal.write("sweep.yaml", SWEEP)
    printed = terminal.run("sweep", "sweep.yaml")
    assert f"nbsweep agent {nbsweep.Sweep().id}" in printed


def test_ls_json_has_a_sweep_an_entry_and_its_best_run(terminal: Terminal) -> None:
    sweep_id = defined(terminal)
    nbsweep.agent(sweep_id, lambda config: nbsweep.log({"loss": config.lr}), count=3)
    (entry,) = terminal.json("ls")
    assert (entry["id"], entry["state"], entry["runs"]) == (sweep_id, "finished", 3)
    assert entry["best"] == 0.1 and entry["states"] == {"finished": 3}


def test_ls_of_a_sweep_lists_its_runs_whole_where_nobody_looks(terminal: Terminal) -> None:
    sweep_id = defined(terminal)
    nbsweep.agent(sweep_id, lambda config: nbsweep.log({"loss": config.lr}))
    printed = terminal.run("ls", sweep_id)
    assert len(printed.splitlines()) == 5
    assert "c'd\"e" in printed and "…" not in printed


def test_a_sweep_is_steered_by_either_spelling(terminal: Terminal) -> None:
    sweep_id = defined(terminal)
    sweep = nbsweep.Sweep(sweep_id)
    for words, state in (
        (("pause", sweep_id), "paused"),
        (("sweep", "--resume", sweep_id), "running"),
        (("sweep", "--pause", sweep_id), "paused"),
        (("resume",), "running"),
        (("stop", sweep_id), "finished"),
        (("sweep", "--cancel", sweep_id), "cancelled"),
    ):
        terminal.run(*words)
        assert sweep.state == state, words
        told = "stopped" if words[0] == "stop" else state
        listed = "not begun" if state == "running" else told  # no agent was there yet
        assert sweep.standing == told and listed in terminal.run("ls") and f"· {told} ·" in text_table(sweep)


def test_what_a_paused_sweep_is_to_train_again_waits_for_resume(
    tmp_store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def again() -> str:
        assert main(["rerun", "1", "--sweep", "one"]) == 0
        return capsys.readouterr().out.split("; ")[1].strip()

    sweep_id = nbsweep.sweep({"method": "random", "parameters": {"x": {"value": 1}}}, name="one")
    nbsweep.agent(sweep_id, lambda: nbsweep.log({"loss": 1.0}), count=1)
    sweep = nbsweep.Sweep(sweep_id)
    capsys.readouterr()
    one, other = f"the next agent (`nbsweep agent {sweep_id}`) trains it", "the agent at work trains it"
    once = f" once the sweep goes on: `nbsweep resume {sweep_id}`."
    assert again() == f"{one}."
    agent = nbsweep.agent(sweep_id, lambda: nbsweep.log({"loss": 1.0}), count=1, block=False)
    assert agent.wait(20)
    sweep.pause()
    with sweep.store.write() as db:
        db.update_sweep(sweep_id, state="paused")
    assert again() == f"{one}{once}"
    agent = nbsweep.agent(sweep_id, lambda: nbsweep.log({"loss": 1.0}), count=2, block=False)
    assert again() == f"{other}{once}"
    sweep.resume()
    assert agent.wait(20)


def test_a_cancelled_sweep_is_said_to_be_cancelled_already(tmp_store: str, capsys: pytest.CaptureFixture[str]) -> None:
    nbsweep.Sweep(nbsweep.sweep({"method": "random", "parameters": {"x": {"value": 1}}}, name="one")).cancel()
    for command in ("stop", "cancel"):
        assert main([command, "one"]) == 0
        assert capsys.readouterr().out == "Sweep one is cancelled already.\n"


def test_what_is_wrong_is_said_on_stderr_with_exit_code_2(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(terminal.directory)
    defined(terminal, "--name", "sweep", "--project", "P")
    terminal.write("wrong.yaml", "method: grid\nparameters: {lr: {min: 0, max: 1.5}}\n")
    for words, said in (
        (("pause", "nosuch"), "no sweep 'nosuch'"),
        (("sweep",), "which config?"),
        (("sweep", "sweep.yaml", "--pause", "x"), "CONFIG.yaml and --pause exclude each other"),
        (("sweep", "--pause", "x", "--json"), "--json and --pause exclude each other"),
        (("sweep", "--stop", "x", "--run", "--count", "5"), "--run and --stop exclude each other"),
        (("sweep", "--stop", "x", "--seed", "0"), "--seed and --stop exclude each other"),
        (
            ("sweep", "--pause", "sweep", "--project", "nope"),
            "project 'nope' has no sweep 'sweep'; it is in project 'P'",
        ),
        (("agent", "sweep", "--project", "nope"), "project 'nope' has no sweep 'sweep'; it is in project 'P'"),
        (("ls", "sweep", "--project", "nope"), "project 'nope' has no sweep 'sweep'; it is in project 'P'"),
        (("ls", "sweep", "--alone"), "SWEEP and --alone exclude each other"),
        (("sweep", "wrong.yaml"), "parameters.lr"),
        (("sweep", "missing.yaml"), "missing.yaml"),
        (("nosuch",), "invalid choice"),
        (("stop", "--aftercurrent"), "usage: nbsweep stop [-h] [--after-current]"),
        (("rerun", "3"), "a run's number is counted in its sweep: add --sweep SWEEP"),
        (("rerun", "amber-fox-3"), "`nbsweep ls SWEEP` lists a sweep's runs"),
    ):
        try:
            code = main(words)
        except SystemExit as end:  # of argparse
            code = int(end.code or 0)
        printed = capsys.readouterr()
        assert code == 2 and said in printed.err and "Traceback" not in printed.err, words
        assert printed.out == ""


def test_a_list_of_a_project_without_sweeps_says_which_have_some(terminal: Terminal) -> None:
    assert "No sweeps: define one" in terminal.try_run("ls", "--project", "nope").stderr
    defined(terminal, "--project", "P")
    assert terminal.try_run("ls", "--project", "nope").stderr == "Project 'nope' has no sweep; there are some in 'P'.\n"
    assert terminal.json("ls", "--project", "nope") == []


def test_looking_makes_no_store(terminal: Terminal) -> None:
    elsewhere = terminal.directory / "elsewhere.db"
    env = {"NBSWEEP_STORAGE": f"sqlite:///{elsewhere}"}
    assert "no store" in terminal.try_run("ls", env=env).stderr
    assert terminal.try_run("pause", "x", env=env).returncode == 2
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ("program: missing.py", [], "the program missing.py is not in"),
        ("", [], "sweep.yaml names no program"),
        ("", ["--program", "missing.py"], "the program missing.py is not in"),
        ("command: [sh, '${envvar:NO_SUCH_VARIABLE}']", [], "NO_SUCH_VARIABLE is not set"),
        ("command: [sh, '${program}']", [], "the sweep config names no program"),
        ("command: [sh]", ["--gpus", "0,,1"], "--gpus 0,,1"),
        ("command: [sh]", ["--count", "0"], "'0' is no whole number, 1 or more"),
        ("command: [sh]", ["--workers", "-1"], "'-1' is no whole number, 1 or more"),
        ("command: [sh]", ["--run-timeout", "nan"], "'nan' is no number of seconds above 0"),
    ],
)
def test_what_training_lacks_is_said_before_the_sweep_is_defined(
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: str,
    options: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(terminal.directory)
    terminal.write("sweep.yaml", f"{SWEEP}{more}\n")
    try:
        code = main(["sweep", "sweep.yaml", "--run", *options])
    except SystemExit as left:  # argparse's
        code = int(left.code or 0)
    assert code == 2 and said in capsys.readouterr().err and not process.has_store()


def test_a_prior_sweeps_points_are_not_trained_again(terminal: Terminal) -> None:
    first = defined(terminal)
    nbsweep.agent(first, lambda config: nbsweep.log({"loss": config.lr}), count=3)
    second = defined(terminal, "--prior-sweep", first)
    nbsweep.agent(second, lambda config: nbsweep.log({"loss": config.lr}))
    trained = [[run.config for run in nbsweep.Sweep(each).runs] for each in (first, second)]
    assert [len(each) for each in trained] == [3, 1] and trained[1][0] not in trained[0]
    assert terminal.try_run("sweep", "sweep.yaml", "--prior-sweep", "nosuch").returncode == 2


def test_the_runs_of_earlier_sweeps_count_and_it_is_said_how_many(terminal: Terminal) -> None:
    first = defined(terminal)
    nbsweep.agent(first, lambda config: nbsweep.log({"loss": config.lr}), count=3)
    one = nbsweep.Sweep(first).runs[0].id
    done = terminal.try_run("sweep", "sweep.yaml", "--prior", first)
    assert "3 of 3 prior runs fit the search space" in done.stderr
    assert "1 of 1 prior run fits" in terminal.try_run("sweep", "sweep.yaml", "--prior", one).stderr
    assert "4 of 4 prior runs fit" in terminal.try_run("sweep", "sweep.yaml", "--prior", first, "--prior", one).stderr
    refused = terminal.try_run("sweep", "sweep.yaml", "--prior", "nosuch")
    assert refused.returncode == 2 and "no sweep and no run 'nosuch'" in refused.stderr


def test_a_file_that_is_defined_again_under_its_name_goes_on(terminal: Terminal) -> None:
    first = defined(terminal, "--name", "digits")
    done = terminal.try_run("sweep", "sweep.yaml", "--name", "digits")
    assert first in done.stdout and "goes on: the same config" in done.stderr
