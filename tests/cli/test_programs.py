"""Programs of every shape are trained by an agent, each run a process; what they get, print and end with is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

import pytest

import nbsweep
from nbsweep import programs
from nbsweep.controller import Controller
from nbsweep.engines.processes import ProcessEngine
from nbsweep.errors import StoreError, UsageError
from nbsweep.lives import Lives
from nbsweep.programs import program_agent
from nbsweep.runs import Run
from nbsweep.store import RunRecord, Store
from nbsweep.sweeps import Sweep
from nbsweep.watching import MetricWatch, Seen
from tests.cli.terminal import Terminal
from tests.test_agents import until

CONFIG: dict[str, Any] = {
    "lr": 0.1,
    "amp": True,
    "debug": False,
    "widths": [8, 16],
    "title": 'it\'s "two" words; $HOME `x` \\ *',
    "optimizer": {"name": "adam", "eps": 1e-8},
}
ECHO = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"


@pytest.fixture
def here(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The terminal's directory is this process's too, so that an agent here finds its programs."""
    monkeypatch.chdir(terminal.directory)
    return terminal


def parameters(config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"parameters": parameters(value)} if isinstance(value, dict) else {"value": value}
        for name, value in config.items()
    }


def trained(
    terminal: Terminal, program: str, *command: str, config: dict[str, Any] | None = None, count: int = 1, **more: Any
) -> Sweep:
    """A sweep of one config whose program has been trained, in this process."""
    terminal.write("train.py", program)
    sweep_id = nbsweep.sweep(
        {
            "method": "random",
            "metric": {"name": "loss"},
            "program": "train.py",
            **({"command": list(command)} if command else {}),
            "parameters": parameters(CONFIG if config is None else config),
            **more,
        }
    )
    nbsweep.agent(sweep_id, count=count)
    return nbsweep.Sweep(sweep_id)


def only_run(sweep: Sweep) -> RunRecord:
    (run,) = sweep.runs
    return run


# -- what a program gets ---------------------------------------------------------------------------------------------


def test_every_value_arrives_as_one_word_whatever_it_holds(here: Terminal) -> None:
    sweep = trained(here, ECHO)
    assert json.loads(sweep.console("1")) == [
        "--lr=0.1",
        "--amp=True",
        "--debug=False",
        "--widths=[8, 16]",
        f"--title={CONFIG['title']}",
        "--optimizer={'name': 'adam', 'eps': 1e-08}",
    ]
    assert only_run(sweep).state == "finished"


def test_an_argparse_program_sweeps_unchanged(here: Terminal) -> None:
    sweep = trained(
        here,
        """\
import argparse
import nbsweep as wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1.0)
parser.add_argument("--amp", action="store_true")
parser.add_argument("--debug", action="store_true")
parser.add_argument("--title")
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
wandb.init(project="some-project", config=args)
for epoch in range(args.epochs):
    wandb.log({"loss": args.lr / (epoch + 1), "amp": int(args.amp), "debug": int(args.debug)})
print(args.title)
""",
        "${env}",
        "${interpreter}",
        "${program}",
        "${args_no_boolean_flags}",
        config={name: CONFIG[name] for name in ("lr", "amp", "debug", "title")},
    )
    run = only_run(sweep)
    assert run.state == "finished" and run.error is None
    assert run.summary == {"loss": pytest.approx(0.1 / 3), "amp": 1, "debug": 0}
    assert run.config["epochs"] == 3 and run.config["lr"] == 0.1
    assert list(sweep.history()["step"]) == [0, 1, 2]
    assert sweep.console("1") == f"{CONFIG['title']}\n"


def test_a_hydra_program_reads_its_overrides(here: Terminal) -> None:
    pytest.importorskip("hydra")
    here.write("conf/config.yaml", "lr: 1.0\namp: false\nwidths: [1]\noptimizer: {name: sgd, eps: 0.1}\ntitle: x\n")
    program = """\
import json
import hydra
from omegaconf import OmegaConf
import nbsweep as wandb
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    config = OmegaConf.to_container(cfg, resolve=True)
    with wandb.init(config=config):
        wandb.log({"loss": cfg.lr * 2})
    print(json.dumps(config))
main()
"""
    command = ("${env}", "${interpreter}", "${program}", "${args_override_hydra}", "hydra.run.dir=out/${lr}")
    sweep = trained(here, program, *command)
    assert json.loads(sweep.console("1")) == CONFIG
    assert only_run(sweep).summary == {"loss": 0.2}
    assert (here.directory / "out" / "0.1").is_dir()


def test_a_click_program_reads_words_without_equals(here: Terminal) -> None:
    pytest.importorskip("click")
    program = """\
import click
import nbsweep as wandb
@click.command()
@click.option("--lr", type=float)
@click.option("--title")
def main(lr, title):
    run = wandb.init(config={"lr": lr})
    run.log({"loss": lr})
    run.finish()
    click.echo(title)
main()
"""
    command = ("${interpreter}", "${program}", "${args_no_equals}")
    sweep = trained(here, program, *command, config={name: CONFIG[name] for name in ("lr", "title")})
    assert sweep.console("1") == f"{CONFIG['title']}\n" and only_run(sweep).summary == {"loss": 0.1}


def test_json_comes_as_a_word_or_in_a_file(here: Terminal) -> None:
    program = (
        "import json, sys\n"
        "assert json.loads(sys.argv[1]) == json.load(open(sys.argv[2]))\n"
        "print(json.dumps(json.loads(sys.argv[1])))\n"
    )
    sweep = trained(here, program, "${interpreter}", "${program}", "${args_json}", "${args_json_file}")
    assert json.loads(sweep.console("1")) == CONFIG


WANDB_EXAMPLES = [
    # docs.wandb.ai, "Sweep configuration options", and the macros' examples
    (["${env}", "${interpreter}", "${program}", "${args}"], ["--lr=0.1", "--amp=True"]),
    (["${env}", "${interpreter}", "${program}"], []),
    (["${env}", sys.executable, "${program}", "${args}"], ["--lr=0.1", "--amp=True"]),
    (["${env}", "${interpreter}", "${program}", "${args_no_boolean_flags}"], ["--lr=0.1", "--amp"]),
    (["${env}", "${interpreter}", "${program}", "${args_no_hyphens}"], ["lr=0.1", "amp=True"]),
    (["${env}", "${interpreter}", "${program}", "--user_config", "cfg.yaml", "${args}"],
     ["--user_config", "cfg.yaml", "--lr=0.1", "--amp=True"]),
    (["${env}", "${interpreter}", "${program}", "${args_append_hydra}"], ["+lr=0.1", "+amp=true"]),
    (["${interpreter}", "${program}", "--out=${envvar:OUT}/${lr}"], ["--out=/tmp/my out/0.1"]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), WANDB_EXAMPLES)
def test_the_usual_shapes_of_command(
    here: Terminal, monkeypatch: pytest.MonkeyPatch, command: list[str], expected: list[str]
) -> None:
    monkeypatch.setenv("OUT", "/tmp/my out")
    sweep = trained(here, ECHO, *command, config={"lr": 0.1, "amp": True})
    assert json.loads(sweep.console("1")) == expected


def test_standard_input_is_empty(here: Terminal) -> None:
    sweep = trained(here, "import sys\nprint(repr(sys.stdin.read()))\n")
    assert sweep.console("1") == "''\n"


# -- what is wrong is said before the first run ------------------------------------------------------------------------


def test_a_program_that_is_not_there_is_said_at_once(here: Terminal) -> None:
    sweep_id = nbsweep.sweep({"method": "random", "program": "nosuch.py", "parameters": {"x": {"value": 1}}})
    with pytest.raises(UsageError, match=r"nosuch\.py is not in"):
        nbsweep.agent(sweep_id)
    assert here.try_run("agent", sweep_id).returncode == 2
    assert nbsweep.Sweep(sweep_id).runs == []


def test_a_sweep_without_a_program_needs_a_function(here: Terminal) -> None:
    sweep_id = nbsweep.sweep({"method": "random", "parameters": {"x": {"value": 1}}})
    with pytest.raises(UsageError, match="names no program"):
        nbsweep.agent(sweep_id)


def test_an_environment_variable_that_is_not_set_is_said_at_once(here: Terminal) -> None:
    with pytest.raises(UsageError, match="NO_SUCH_VARIABLE is not set"):
        trained(here, ECHO, "${interpreter}", "${program}", "--x=${envvar:NO_SUCH_VARIABLE}")


CAUGHT = """
import logging, sys
try:
    {}["cache"]
except KeyError as error:
    caught = error
    logging.exception("computing anew")
"""
LEAKS = "import atexit, os\natexit.register(os.write, 2, b'1 leaked\\n')\n"


# -- how it ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "state", "why"),
    [
        ("import sys; sys.exit(3)", "failed", "exit code 3"),
        ("import sys; sys.exit('no data')", "failed", "exit code 1"),
        ("1 / 0", "failed", "ZeroDivisionError: division by zero"),
        (f"import nbsweep\nnbsweep.init()\n{LEAKS}1 / 0", "failed", "ZeroDivisionError: division by zero"),
        (f"import nbsweep\nnbsweep.init()\n{CAUGHT}raise OSError('a\\n\\nb')", "failed", "OSError: a"),
        (f"import nbsweep\nnbsweep.init().finish(exit_code=1)\n{LEAKS}raise OSError('a')", "failed", "OSError: a"),
        (f"import nbsweep, sys\nnbsweep.init()\n{CAUGHT}sys.exit('no data')", "failed", "no data"),
        (f"import sys\n{CAUGHT}sys.exit('no data')", "failed", "no data"),
        (f"{CAUGHT}raise ExceptionGroup('two', [caught])", "failed", "ExceptionGroup: two (1 sub-exception)"),
        (f"import os\n{CAUGHT}os.kill(os.getpid(), 9)", "crashed", "ended by SIGKILL; out of memory?"),
        (f"import os\n{CAUGHT}print('on', file=sys.stderr)\nos.abort()", "crashed", "ended by SIGABRT"),
        ("import nbsweep; nbsweep.init().finish(exit_code=2)", "failed", "an exit code other than 0"),
        ("import nbsweep\nwith nbsweep.init():\n    raise ValueError('inside')", "failed", "ValueError: inside"),
        ("import os; os.kill(os.getpid(), 15)", "killed", None),
        ("import os; os.kill(os.getpid(), 9)", "crashed", "ended by SIGKILL; out of memory?"),
        ("import os; os.abort()", "crashed", "ended by SIGABRT"),
    ],
)
def test_an_exit_code_or_a_signal_is_the_runs_state(here: Terminal, program: str, state: str, why: str | None) -> None:
    sweep = trained(here, program)
    run = only_run(sweep)
    assert run.state == state
    assert (run.why or "").endswith(why or "")


def test_a_command_that_cannot_be_started_fails_its_run(here: Terminal) -> None:
    sweep = trained(here, ECHO, "./no-such-interpreter", "${program}")
    assert only_run(sweep).state == "failed"
    assert "could not be started" in (only_run(sweep).error or "")


def test_a_program_that_ends_well_while_the_store_cannot_be_read_has_finished(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_child, read, ended = ProcessEngine.run_child, Store.read, threading.Event()

    def child(*words: Any, **more: Any) -> int:
        code = run_child(*words, **more)
        ended.set()
        return code

    def away_then(store: Store) -> Any:
        if ended.is_set() and threading.current_thread().name.startswith("nbsweep-run-"):
            ended.clear()
            raise StoreError("database is locked")
        return read(store)

    monkeypatch.setattr(ProcessEngine, "run_child", child)
    monkeypatch.setattr(Store, "read", away_then)
    sweep = trained(here, "print('all is well')")
    assert not ended.is_set(), "nobody has read"
    assert only_run(sweep).state == "finished"


def test_a_program_is_stopped_by_signals_alone_where_the_store_cannot_be_written(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_control: Controller, _run_id: str) -> None:
        raise StoreError("database or disk is full")

    monkeypatch.setattr(Controller, "kill_run", away)
    here.write(
        "train.py",
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # who tests in the background has it ignored
        "try:\n    print('it trains', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('it is saved', flush=True)\n",
    )
    sweep_id = nbsweep.sweep({"method": "random", "program": "train.py", "parameters": {"x": {"value": 1}}})
    sweep, agent = Sweep(sweep_id), program_agent(sweep_id, 1).start()
    until(lambda: len(sweep.runs) == 1 and "it trains" in sweep.console("1"))
    agent.end_here(after_current=False)
    assert agent.wait(60)
    assert only_run(sweep).state == "killed"
    assert sweep.console("1") == "it trains\nit is saved\n"


def test_a_program_that_trains_elsewhere_keeps_its_pictures_where_the_agents_directory_says(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBSWEEP_MEDIA", "pictures")
    program = """\
import os
import numpy as np
import nbsweep
os.mkdir("outputs")
os.chdir("outputs")
nbsweep.init()
nbsweep.log({"image": nbsweep.Image(np.zeros((2, 3)))})
"""
    sweep = trained(here, program)
    assert only_run(sweep).state == "finished"
    assert [each.suffix for each in (here.directory / "pictures").rglob("*.png")] == [".png"]
    assert sweep.history()["image"][0].load().size == (3, 2)


def test_what_it_started_ends_with_it(here: Terminal) -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)\n"
    )
    sweep = trained(here, program)
    assert only_run(sweep).state == "finished"
    with pytest.raises(ProcessLookupError):
        os.kill(int(sweep.console("1")), 0)


# -- what it prints ----------------------------------------------------------------------------------------------------


def test_a_program_that_knows_nothing_of_nbsweep_has_a_console_and_a_state(here: Terminal) -> None:
    program = "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)\nprint('\\u00e9 \\x00')\n"
    sweep = trained(here, program)
    lines = sweep.console("1").splitlines()
    assert sorted(lines) == ["err", "out", "é \ufffd"] and only_run(sweep).state == "finished"


def test_of_a_progress_bar_the_last_picture_of_each_moment_is_kept(here: Terminal) -> None:
    program = (
        "import sys\nfor i in range(20_000):\n    sys.stderr.write(f'\\r{i} of 20000')\n"
        "sys.stderr.write('\\ndone\\n')\n"
    )
    sweep = trained(here, program)
    kept = sweep.console("1")
    assert kept.endswith("19999 of 20000\ndone\n") and len(kept) < 10_000


def test_a_hundred_megabytes_of_printing_leave_the_agent_small(terminal: Terminal) -> None:
    terminal.write(
        "train.py",
        "import sys\nline = 'x' * 99 + '\\n'\n"
        "for _ in range(int(sys.argv[1]) // 100_000):\n    sys.stdout.write(line * 1000)\nprint('the end')\n",
    )
    peaks_mb = []
    for characters in (100_000, 100_000_000):
        sweep_id = nbsweep.sweep(
            {
                "method": "random",
                "program": "train.py",
                "command": ["${interpreter}", "${program}", str(characters)],
                "parameters": {"x": {"value": characters}},
            }
        )
        peaks_mb.append(_peak_memory_mb(terminal, "agent", sweep_id, "--count", "1"))
        kept = nbsweep.Sweep(sweep_id).console("1")
        assert kept.endswith("the end\n")
        if characters < 1_000_000:
            assert len(kept) == characters + len("the end\n")
        else:
            assert "characters are left out here" in kept and 1_200_000 <= len(kept) < 1_201_000
    assert peaks_mb[1] - peaks_mb[0] < 30, peaks_mb


def _peak_memory_mb(terminal: Terminal, *words: str) -> float:
    """The most memory that `nbsweep WORDS` had, itself or a process of its."""
    agent = subprocess.Popen(
        [sys.executable, "-m", "nbsweep", *words],
        cwd=terminal.directory,
        env=terminal.environment(),
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(agent.pid, 0)
    agent.returncode = os.waitstatus_to_exitcode(status)
    assert agent.returncode == 0
    return usage.ru_maxrss / 1024 if sys.platform != "darwin" else usage.ru_maxrss / 2**20


# -- how it is judged and stopped --------------------------------------------------------------------------------------

SLOW_TO_BAD = """\
import sys, time
import nbsweep as wandb
run = wandb.init()
number = run.config.x
for step in range(200):  # both, so that there is a threshold at whichever band the bad one is judged
    try:
        wandb.log({"loss": float(number)})
    except Exception:
        pass
    time.sleep(0.02 * number)
print("went on to the end")
"""


def judged_by_hyperband() -> nbsweep.Sweep:
    """What came of ``train.py`` with x = 0, which does well, and then 1."""
    sweep_id = nbsweep.sweep(
        {
            "method": "grid",
            "program": "train.py",
            "metric": {"name": "loss"},
            "early_terminate": {"type": "hyperband", "min_iter": 2},
            "parameters": {"x": {"values": [0, 1]}},
        }
    )
    nbsweep.agent(sweep_id)
    return nbsweep.Sweep(sweep_id)


def test_hyperband_stops_a_program_that_does_badly_at_its_next_log(here: Terminal) -> None:
    here.write("train.py", SLOW_TO_BAD)
    sweep = judged_by_hyperband()
    good, bad = sweep.runs
    assert (good.state, bad.state) == ("finished", "stopped")
    assert bad.stopped_because is not None and bad.stopped_because.startswith("band ")
    assert len(sweep.history(bad.name)) < 200
    assert sweep.console(bad.name) == "" and bad.error is None


def test_the_agent_may_look_while_a_program_that_hyperband_stopped_is_gone_and_its_end_is_not_noted(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = list[bool]()
    climb, how_it_ended = Lives.climb, programs._how_it_ended

    def noting(self: Lives) -> None:
        climb(self)
        looks.append(True)

    def after_two_looks(code: int, errors: str, uncaught: str | None, run: Run, record: RunRecord | None) -> Any:
        if run.stop_state is not None:
            seen = len(looks)
            until(lambda: len(looks) > seen + 1 or run.stop_state is None)
        return how_it_ended(code, errors, uncaught, run, record)

    monkeypatch.setattr(Lives, "climb", noting)
    monkeypatch.setattr(programs, "_how_it_ended", after_two_looks)
    here.write("train.py", SLOW_TO_BAD)
    bad = judged_by_hyperband().runs[1]
    assert bad.state == "stopped" and bad.stopped_because is not None and bad.stopped_because.startswith("band ")


def test_a_program_that_takes_its_time_to_end_after_a_stop_of_hyperbands_is_stopped(here: Terminal) -> None:
    here.write(
        "train.py",
        "import nbsweep, time\n"
        "try:\n"
        "    with nbsweep.init() as run:\n"
        "        for step in range(200):\n"
        "            run.log({'loss': float(run.config.x)})\n"
        "            time.sleep(0.02 * run.config.x)\n"
        "finally:\n"
        "    time.sleep(0.4)\n",
    )
    sweep = judged_by_hyperband()
    assert [run.state for run in sweep.runs] == ["finished", "stopped"]


def test_hyperband_leaves_alone_a_program_that_has_ended_its_run(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.write(
        "train.py",
        "import nbsweep, pathlib, time\n"
        "with nbsweep.init() as run:\n"
        "    for _ in range(2):\n"
        "        run.log({'loss': run.config.x})\n"
        "while not pathlib.Path(f'judged-{run.config.x}').exists():\n"
        "    time.sleep(0.01)\n"
        "print('saved')\n",
    )
    look = MetricWatch.look

    def noting(self: MetricWatch, runs: Mapping[str, Run]) -> Seen:
        for run_id in [run_id for run_id, count in self._looked_at.items() if count == 2 and run_id in runs]:
            here.write(f"judged-{runs[run_id].config['x']}", "")  # by the look before this one
        return look(self, runs)

    monkeypatch.setattr(MetricWatch, "look", noting)
    sweep = judged_by_hyperband()
    assert [(run.state, sweep.console(run.name)) for run in sweep.runs] == [("finished", "saved\n")] * 2


def test_what_is_odd_about_a_programs_metric_is_said_as_of_any_run(here: Terminal) -> None:
    here.write(
        "train.py",
        "import nbsweep\nrun = nbsweep.init()\n"
        "run.log([{'loss': float('nan')}, {'Loss': 1.0}, {'loss': 1.0}, {}][run.config.x])\n",
    )
    metric = {"name": "loss"}
    config = {"method": "grid", "program": "train.py", "metric": metric, "parameters": {"x": {"values": [0, 1, 2, 3]}}}
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id)
    assert [run.why for run in nbsweep.Sweep(sweep_id).runs] == [
        "diverged: loss is nan",
        "never logged 'loss'; did you mean 'Loss'",
        None,
        "never logged 'loss'",
    ]


def test_the_target_that_a_program_reaches_ends_the_sweep(here: Terminal) -> None:
    here.write(
        "train.py", "import nbsweep, time\nrun = nbsweep.init()\nrun.log({'acc': run.config.x})\ntime.sleep(1)\n"
    )
    sweep_id = nbsweep.sweep(
        {
            "method": "grid",
            "program": "train.py",
            "metric": {"name": "acc", "goal": "maximize", "target": 0.5},
            "parameters": {"x": {"values": [0.1, 0.6, 0.2, 0.3]}},
        }
    )
    nbsweep.agent(sweep_id)
    assert [run.config["x"] for run in nbsweep.Sweep(sweep_id).runs] == [0.1, 0.6]


def test_more_runs_are_trained_as_the_first_ones_were(here: Terminal) -> None:
    program = "import nbsweep\nnbsweep.init().log({'loss': 1.0})\n"
    sweep = trained(here, program, parameters={"x": {"min": 0.0, "max": 1.0}})
    assert "A new agent trains 2 more runs" in sweep.add_runs(2)
    sweep.wait()
    assert [run.state for run in sweep.runs] == ["finished"] * 3


# -- where it trains ---------------------------------------------------------------------------------------------------


def test_each_worker_has_a_gpu_of_its_own(terminal: Terminal) -> None:
    terminal.write(
        "train.py",
        "import os, time\nprint(os.environ['CUDA_VISIBLE_DEVICES'])\n"
        "open('on-' + os.environ['CUDA_VISIBLE_DEVICES'], 'w').close()\n"
        "while not (os.path.exists('on-2') and os.path.exists('on-GPU-a')): time.sleep(0.01)\n",
    )
    terminal.write("sweep.yaml", "program: train.py\nmethod: grid\nparameters: {x: {values: [1, 2, 3, 4]}}\n")
    terminal.run("sweep", "sweep.yaml", "--run", "--gpus", "2,GPU-a")
    sweep = nbsweep.Sweep()
    seen = [sweep.console(str(number)) for number in (1, 2, 3, 4)]
    assert sorted(seen[:2]) == ["2\n", "GPU-a\n"] and set(seen[2:]) <= {"2\n", "GPU-a\n"}


def test_one_process_of_a_run_records_it_and_the_others_follow(here: Terminal) -> None:
    program = """\
import subprocess, sys, warnings
import nbsweep
if len(sys.argv) == 2 and sys.argv[1] == "rank":
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run = nbsweep.init()
    run.log({"loss": 99.0})
    print(run.config.x, "is not kept" in str(told[0].message))
else:
    run = nbsweep.init()
    run.log({"loss": 1.0})
    subprocess.run([sys.executable, __file__, "rank"], check=True)
    run.log({"loss": 2.0})
"""
    sweep = trained(here, program, "${interpreter}", "${program}", config={"x": 7})
    assert sweep.console("1") == "7 True\n"
    assert list(sweep.history()["loss"]) == [1.0, 2.0]


def test_a_process_that_follows_one_that_ended_goes_on_where_it_stopped(here: Terminal) -> None:
    here.write(
        "step.py", "import nbsweep, sys\nnbsweep.init()\nfor x in sys.argv[1:]: nbsweep.log({'loss': float(x)})\n"
    )
    program = """\
import subprocess, sys
for values in (["3", "2"], ["1"]):
    subprocess.run([sys.executable, "step.py", *values], check=True)
"""
    sweep = trained(here, program, "${interpreter}", "${program}")
    history = sweep.history()
    assert list(history["step"]) == [0, 1, 2] and list(history["loss"]) == [3.0, 2.0, 1.0]
    assert only_run(sweep).summary == {"loss": 1.0}


def test_an_agent_at_work_follows_a_command_that_is_defined_anew(here: Terminal) -> None:
    here.write(
        "train.py",
        "import sys, nbsweep\nrun = nbsweep.init()\nrun.config['mode'] = sys.argv[1]\nrun.log({'loss': 1})\n",
    )
    config = {
        "name": "follows",
        "method": "grid",
        "metric": {"name": "loss"},
        "parameters": {"x": {"values": [1, 2, 3]}},
    }

    def define(mode: str) -> str:
        return nbsweep.sweep(config | {"command": ["${interpreter}", "train.py", mode]})

    sweep_id = define("first")
    nbsweep.agent(sweep_id, count=1)
    agent = program_agent(sweep_id, count=2)
    assert define("second") == sweep_id, "after the agent was made, before it claims"
    agent.start()
    assert agent.wait(60)
    assert [run.config["mode"] for run in Sweep(sweep_id).runs] == ["first", "second", "second"]
