"""What a terminal is told: sweeps, runs, the best of them, what they printed, whether all is well."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shlex
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import nbsweep
from nbsweep import process
from nbsweep.cli import main
from nbsweep.cli.parser import build_parser
from nbsweep.cli.reference import reference
from nbsweep.cli.watch import Watcher
from nbsweep.errors import UsageError
from tests.cli.terminal import PATIENCE_S, Terminal

HOSTILE = "<b>\x1b[31mred\x1b[0m\n[bold]x[/bold]"


@pytest.fixture
def sweep(terminal: Terminal) -> nbsweep.Sweep:
    """A sweep of four runs, one of them failed, with a hostile value in each."""

    def train(config: Any) -> None:
        nbsweep.log({"loss": config.lr, "words": HOSTILE})
        print(f"trained with {config.lr}")
        if config.lr == 0.3:
            raise ValueError("this one fails")

    sweep_id = nbsweep.sweep(
        {
            "name": "first",
            "description": "größe 幅",
            "method": "grid",
            "metric": {"name": "loss"},
            "parameters": {
                "lr": {"values": [0.4, 0.3, 0.2, 0.1]},
                "title": {"value": HOSTILE},
                "widths": {"value": [1, 2]},
            },
        }
    )
    nbsweep.agent(sweep_id, train)
    return nbsweep.Sweep(sweep_id)


def test_best_is_the_best_finished_run_in_words_json_and_yaml(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    best = sweep.best_run
    assert best is not None
    expected = {"run": best.name, "value": 0.1, "config": {"lr": 0.1, "title": HOSTILE, "widths": [1, 2]}}
    assert terminal.json("best", "first") == expected
    assert yaml.safe_load(terminal.run("best", "first", "--yaml")) == expected
    assert f"{best.name}: loss = 0.1" in terminal.run("best")


def test_where_there_is_no_best_run_the_exit_code_says_so(terminal: Terminal) -> None:
    nbsweep.sweep({"method": "random", "metric": {"name": "loss"}, "parameters": {"x": {"value": 1}}})
    done = terminal.try_run("best")
    assert done.returncode == 1 and done.stdout == "" and "no finished run" in done.stderr


def test_show_tells_of_a_sweep_or_of_a_run_whichever_is_named(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    told = terminal.run("show", "first")
    assert "3 finished, 1 failed" in told and "grid, minimize loss" in told
    failed = next(run for run in sweep.runs if run.state == "failed")
    told = terminal.run("show", failed.name)
    assert "failed: ValueError: this one fails" in told and "trained with 0.3" in told
    assert terminal.json("show", failed.id)["error"].endswith("ValueError: this one fails\n")
    assert terminal.json("show", "first")["agents"] == []


def test_nothing_that_users_wrote_steers_the_terminal(sweep: nbsweep.Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("ls", "first"), ("show", "first"), ("show", sweep.runs[0].name), ("best",), ("watch", "first")):
        assert main(words) == 0
        assert "\x1b" not in capsys.readouterr().out, words


@pytest.mark.parametrize("words", [("ls",), ("ls", "first"), ("ls", "--json"), ("show", "first"), ("best", "--yaml")])
def test_a_terminal_without_unicode_and_a_stream_that_is_closed_or_full(
    terminal: Terminal, sweep: nbsweep.Sweep, words: tuple[str, ...]
) -> None:
    plain = terminal.try_run(*words, env={"PYTHONIOENCODING": "ascii"})
    assert (plain.returncode, plain.stderr) == (0, "") and plain.stdout.isascii()
    if "--json" in words:
        assert json.loads(plain.stdout) == terminal.json(*words[:-1])

    def into(where: str) -> subprocess.CompletedProcess[str]:
        line = f"{shlex.join([sys.executable, '-m', 'nbsweep', *words])} {where}"
        there, environment = terminal.directory, terminal.environment()
        return subprocess.run(
            ["sh", "-c", line], cwd=there, env=environment, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S
        )

    closed, full = into(">&-"), into(">/dev/full")
    assert (closed.returncode, closed.stderr) == (0, "")
    assert (full.returncode, full.stderr) == (1, f"nbsweep {words[0]}: [Errno 28] No space left on device\n")


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_export_writes_a_row_a_run(terminal: Terminal, sweep: nbsweep.Sweep, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    terminal.run("export", "first", f"runs.{ending}")
    path = terminal.directory / f"runs.{ending}"
    if ending == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    elif ending == "json":
        rows = json.loads(path.read_text(encoding="utf-8"))
    else:
        rows = pd.read_parquet(path).to_dict("records")
    assert [float(row["lr"]) for row in rows] == [0.4, 0.3, 0.2, 0.1]
    assert [str(row["number"]) for row in rows] == ["1", "2", "3", "4"], "as the names end and commands take it"
    assert {row["title"] for row in rows} == {HOSTILE}
    assert rows[1]["state"] == "failed"


def test_export_and_report_without_a_name_take_the_newest_sweep(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    assert "4 runs written to runs.csv" in terminal.try_run("export", "runs.csv").stderr
    named = terminal.try_run("export", "first")  # a sweep's name alone is no file's name
    assert named.returncode == 2 and "first: use a name that ends in .csv" in named.stderr
    named = terminal.try_run("report", "first")
    assert named.returncode == 2 and "first: use a name that ends in .html" in named.stderr


def test_export_to_another_ending_is_refused(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    done = terminal.try_run("export", "first", "runs.xlsx")
    assert done.returncode == 2 and ".parquet" in done.stderr


def test_logs_are_what_was_printed_each_stream_to_its_own(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    failed = next(run for run in sweep.runs if run.state == "failed")
    done = terminal.try_run("logs", failed.name)
    assert done.stdout == "trained with 0.3\n" and done.stderr.endswith("ValueError: this one fails\n")
    assert terminal.run("logs", "2", "--sweep", "first") == done.stdout


def test_a_runs_number_is_the_same_wherever_it_is_read_or_given(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    listed, table = terminal.json("ls", "first"), sweep.to_pandas()
    assert [run["number"] for run in listed] == table["number"].tolist() == [1, 2, 3, 4]
    for run, number in zip(listed, table["number"], strict=True):
        named = {sweep.run(each).name for each in (number, int(number), str(number), run["id"], run["name"])}
        assert named == {run["name"]} and run["name"].endswith(f"-{number}")
        assert terminal.run("logs", str(number), "--sweep", "first") == f"trained with {run['config']['lr']}\n"
    with pytest.raises(UsageError, match="has no run 0; its runs: "):
        sweep.run(0)


def test_logs_follow_a_run_until_it_ends(terminal: Terminal) -> None:
    terminal.write(
        "train.py",
        "import os, time\nprint('one', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('two')\n",
    )
    terminal.write("sweep.yaml", "program: train.py\nmethod: random\nparameters: {x: {value: 1}}\n")
    agent = terminal.start("sweep", "sweep.yaml", "--run", "--count", "1")
    deadline = time.monotonic() + PATIENCE_S
    while "one" not in _console():
        assert time.monotonic() < deadline, "the run never printed"
        time.sleep(0.02)
    following = terminal.start("logs", _newest_run(), "--follow")
    assert following.stdout is not None and following.stdout.readline() == "one\n"
    terminal.write("go", "")
    out, _ = following.communicate(timeout=PATIENCE_S)
    assert out == "two\n"
    agent.communicate(timeout=PATIENCE_S)


def _newest_run() -> str:
    return nbsweep.Sweep().runs[-1].name


def _console() -> str:
    try:
        return nbsweep.Sweep().console("1")
    except nbsweep.UsageError:  # nothing is there yet
        return ""


def test_runs_outside_any_sweep_are_listed_apart(terminal: Terminal) -> None:
    terminal.write(
        "alone.py", "import nbsweep as wandb\nwandb.init(project='p', config={'a': 1})\nwandb.log({'x': 2})\n"
    )
    subprocess.run(
        [sys.executable, "alone.py"], cwd=terminal.directory, env=terminal.environment(), check=True, timeout=PATIENCE_S
    )
    (run,) = terminal.json("ls", "--alone")
    assert (run["state"], run["config"], run["summary"], run["sweep"]) == ("finished", {"a": 1}, {"x": 2}, None)
    assert run["name"] in terminal.run("show", run["name"]) and run["name"].endswith(f"-{run['number']}")
    assert terminal.json("ls", "--alone", "--project", "p") == [run]
    assert terminal.json("ls", "--alone", "--project", "other") == []


def test_a_table_fits_its_terminal(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    for columns in (60, 200):
        printed = _in_terminal(terminal, columns, "ls", "first")
        lines = [line for line in printed.splitlines() if not line.startswith("no room for ")]
        assert len(lines) == 5 and max(map(len, lines)) <= columns
        assert re.search(r"finished +0\.4 ", lines[1]) and " failed " in lines[2]  # numbers and states are never cut


def _in_terminal(
    terminal: Terminal, columns: int, *words: str, look: Callable[[str], None] = lambda shown: None
) -> str:
    """What a terminal of so many columns shows, without colours; `look` is called with what it has shown so far."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {**terminal.environment(), "TERM": "xterm-256color"}
    env.pop("COLUMNS", None)
    command = [sys.executable, "-m", "nbsweep", *words]
    with subprocess.Popen(
        command, cwd=terminal.directory, env=env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not data:
                break
            shown += data
            look(_without_colours(shown))
        os.close(ours)
        assert process.wait(PATIENCE_S) == 0
    return _without_colours(shown).rstrip()


def _without_colours(shown: bytes) -> str:
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode(errors="ignore"))
    return text.replace("\r\n", "\n")


def test_watch_shows_a_sweep_as_it_goes_until_it_has_ended(terminal: Terminal) -> None:
    go_on = threading.Event()

    def train(config: Any) -> None:
        for value in (3.0, 2.0, 1.0):
            nbsweep.log({"loss": value + config.x})
        go_on.wait(PATIENCE_S)

    sweep_id = nbsweep.sweep(
        {"method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [0.25, 0.5]}}}
    )
    agent = nbsweep.agent(sweep_id, train, block=False)
    seen: list[str] = []

    def look(shown: str) -> None:
        seen.append(shown)
        if "1 running" in shown and "█▅▁" in shown:
            go_on.set()

    shown = _in_terminal(terminal, 100, "watch", sweep_id, look=look)
    assert agent.wait(PATIENCE_S)
    assert any("0/2" in each and "1 running" in each for each in seen)
    last = shown[shown.rindex("2/2") :]
    assert "2 finished" in last and "best  loss 1.25" in last and "█▅▁" in last


def test_watching_a_sweep_that_is_deleted_ends_with_a_sentence(tmp_store: str) -> None:
    sweep = nbsweep.Sweep(nbsweep.sweep({"method": "grid", "parameters": {"x": {"values": [1]}}}))
    watcher = Watcher(sweep)
    watcher.look()
    sweep.delete()
    with pytest.raises(UsageError, match=f"{sweep.id} is no longer in the store"):
        watcher.look()


def test_why_failures_paused_a_sweep_is_said_in_a_line_that_promises_no_more(
    tmp_store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "Three runs failed, so the sweep is paused; mend the code and resume."
    sweep = nbsweep.Sweep(nbsweep.sweep({"method": "random", "parameters": {"x": {"value": 1}}}, name="broken"))
    with sweep.store.write() as db:
        db.update_sweep(sweep.id, state="paused", note=f"{note} The last traceback:\nTraceback …", note_kind="failures")
    for command in ("show", "watch"):
        assert main([command, "broken"]) == 0
        printed = capsys.readouterr().out
        assert note in printed and "traceback" not in printed


def test_watch_where_nobody_looks_prints_one_picture(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    printed = terminal.run("watch", "first")
    assert "4/4" in printed and "3 finished · 1 failed" in printed and printed.count("best  loss 0.1") == 1


# -- doctor ------------------------------------------------------------------------------------------------------------


def findings(terminal: Terminal, code: int | None = None) -> dict[str, dict[str, Any]]:
    done = terminal.try_run("doctor", "--json")
    assert code is None or done.returncode == code
    return {finding["about"]: finding for finding in json.loads(done.stdout) if finding["about"]}


def test_doctor_tells_where_the_store_is_and_that_it_is_whole(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    found = findings(terminal)
    assert str(terminal.directory / "nbsweep.db") in found["store"]["text"]
    assert found["integrity"]["state"] == "well"
    assert sqlite3.sqlite_version in found["database"]["text"] and "journal mode" in found["database"]["text"]


def test_doctor_sees_the_labextension_of_an_installed_nbsweep(terminal: Terminal) -> None:
    if not Path(sys.prefix, "share/jupyter/labextensions/nbsweep-labextension").is_dir():
        pytest.skip("nbsweep is not installed here, but run from its checkout")
    config = terminal.directory / "config" / "labconfig"
    config.mkdir(parents=True)
    env = {"JUPYTER_CONFIG_DIR": str(config.parent)}
    for disabled, state in (({}, "well"), ({"nbsweep-labextension": True}, "wrong")):
        (config / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
        done = terminal.try_run("doctor", "--json", env=env)
        (found,) = [each for each in json.loads(done.stdout) if each["about"] == "labextension"]
        assert found["state"] == state


def test_doctor_finds_a_damaged_database_and_leaves_it_alone(terminal: Terminal, sweep: nbsweep.Sweep) -> None:
    process.shut_down()
    path = terminal.directory / "nbsweep.db"
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 200] = b"\xff" * 200
    path.write_bytes(data)
    found = findings(terminal, code=1)
    assert found["integrity"]["state"] == "wrong" and found["integrity"]["mend"]
    assert path.read_bytes() == bytes(data)


def test_doctor_says_what_is_no_database(terminal: Terminal) -> None:
    (terminal.directory / "nbsweep.db").write_text("no database at all" * 100)
    found = findings(terminal, code=1)
    assert "wrong" in {found[name]["state"] for name in ("store", "integrity") if name in found}


def test_a_storage_that_is_no_url_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", "x.db")
    for words in (["ls"], ["ls", "--alone"], ["show", "a"], ["doctor"]):
        assert main(words) == 1
        told = capsys.readouterr()
        assert "NBSWEEP_STORAGE='x.db' is no URL of a store; write sqlite:///x.db for a file" in told.out + told.err


# -- the parser and its page -------------------------------------------------------------------------------------------


def test_the_page_of_the_command_line_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "cli.md"
    assert page.read_text(encoding="utf-8") == reference(), "python -m nbsweep.cli.reference > docs/cli.md"


def test_every_command_has_examples_that_the_parser_takes() -> None:
    for line in re.findall(r"^nbsweep (.+)$", reference(), re.M):
        words = re.split(r"\s{3,}| \| | > ", line)[0].split()
        assert build_parser().parse_args(words).command == words[0]


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys; from nbsweep.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    for heavy in ("numpy", "sqlalchemy", "rich", "yaml", "IPython", "psutil"):
        assert f"'{heavy}'" not in done.stdout


def test_the_console_script_is_the_same_program() -> None:
    from importlib.metadata import entry_points

    (script,) = [each for each in entry_points(group="console_scripts") if each.name == "nbsweep"]
    assert script.value == "nbsweep.cli:main"
