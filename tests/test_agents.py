"""Agents on threads: runs are trained, kept apart, stopped in time, and fail alone."""

from __future__ import annotations

import builtins
import contextlib
import gc
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import process
from nbsweep.agents import Agent
from nbsweep.errors import UsageError
from nbsweep.progress import progress_of
from nbsweep.search import Optimizer

pytestmark = pytest.mark.usefixtures("tmp_store")

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 0.1}, "epochs": {"value": 3}},
}


def until(true: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def forever_logging() -> None:
    while True:
        nbsweep.log({"loss": 1.0})
        time.sleep(0.001)


def test_an_agent_trains_count_runs_and_keeps_what_they_logged() -> None:
    def train() -> None:
        for epoch in range(nbsweep.config.epochs):
            nbsweep.log({"loss": nbsweep.config.lr / (epoch + 1), "epoch": epoch})

    sweep_id = nbsweep.sweep(CONFIG, seed=1)
    nbsweep.agent(sweep_id, train, count=5)
    sweep = nbsweep.Sweep(sweep_id)
    table, history = sweep.to_pandas(), sweep.history()
    assert table["state"].tolist() == ["finished"] * 5 and sweep.state == "finished"
    assert table["loss"].tolist() == [lr / 3 for lr in table["lr"]]
    assert len(history) == 15 and history["epoch"].tolist() == [0, 1, 2] * 5
    best = sweep.best_run
    assert best is not None and best.summary["loss"] == table["loss"].min()


def test_training_functions_get_what_they_require() -> None:
    seen: list[Any] = []

    def nothing(config: Any = None) -> None:
        seen.append(config)

    def config_only(config: Any) -> None:
        seen.append(config["epochs"])

    def both(config: Any, run: Any) -> None:
        run.log({"loss": config.lr})
        seen.append(run.name)

    sweep_id = nbsweep.sweep(CONFIG)
    for function in (nothing, config_only, both):
        nbsweep.agent(sweep_id, function, count=1)
    assert seen[0] is None and seen[1] == 3 and seen[2].endswith("-3")


def test_two_workers_train_at_once_and_nothing_of_theirs_mixes() -> None:
    together = threading.Barrier(2, timeout=20)

    def train() -> None:
        together.wait()
        for step in range(200):
            nbsweep.log({"loss": nbsweep.config.lr, "step": step})
        together.wait()

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=4, workers=2)
    sweep = nbsweep.Sweep(sweep_id)
    history, table = sweep.history(), sweep.to_pandas().set_index("run")
    for name, rows in history.groupby("run"):
        assert set(rows["loss"]) == {table.loc[name, "lr"]} and rows["log.step"].tolist() == list(range(200))


def test_a_finite_space_ends_the_sweep_by_itself() -> None:
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"values": [1, 2, 3]}}}
    sweep_id = nbsweep.sweep(config)
    agent = nbsweep.agent(sweep_id, lambda config: None)
    sweep = nbsweep.Sweep(sweep_id)
    assert sorted(sweep.to_pandas()["a"]) == [1, 2, 3] and sweep.state == "finished"
    assert "every point" in (agent.end_reason or "")


def test_an_agent_says_that_it_was_stopped_or_reached_the_target() -> None:
    def stops(run: Any) -> None:
        nbsweep.Sweep(run.sweep_id).stop()
        until(lambda: run.log({"loss": 1.0}) is not None)

    stopped = nbsweep.agent(nbsweep.sweep(CONFIG), stops, count=3)
    assert stopped.end_reason == "stopped" and "ended: stopped" in repr(stopped)

    def reaches(run: Any) -> None:
        run.log({"loss": 0.1})
        until(lambda: nbsweep.Sweep(run.sweep_id).state == "finished")

    target = {**CONFIG, "metric": {"name": "loss", "goal": "minimize", "target": 0.5}}
    reached = nbsweep.agent(nbsweep.sweep(target), reaches, count=3)
    (run,) = nbsweep.Sweep(reached.sweep_id).runs
    assert reached.end_reason == f"run {run.name} reached the target"
    assert str(progress_of([reached])).endswith(reached.end_reason)


def test_an_exception_fails_its_run_alone_and_its_traceback_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def train(run: Any) -> None:
        if run.number == 2:
            raise ZeroDivisionError("the second one")
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=3)
    runs = nbsweep.Sweep(sweep_id).runs
    assert [run.state for run in runs] == ["finished", "failed", "finished"]
    assert runs[1].error_line == "ZeroDivisionError: the second one"
    assert "nbsweep/agents.py" not in (runs[1].error or "") and "in train" in (runs[1].error or "")
    assert "ZeroDivisionError: the second one" in capsys.readouterr().err


@pytest.mark.skipif(sys.version_info < (3, 11), reason="ExceptionGroup came with Python 3.11")
def test_of_a_group_of_exceptions_its_own_line_is_the_reason() -> None:
    group: Any = vars(builtins)["ExceptionGroup"]

    def train() -> None:
        raise group("two workers", [ValueError("a"), group("inner", [TypeError("b")])])

    def plain() -> None:
        raise ValueError("a table:\n+-----+")

    whys = []
    for function in (train, plain):
        sweep_id = nbsweep.sweep(CONFIG)
        nbsweep.agent(sweep_id, function, count=1)
        whys.append(nbsweep.Sweep(sweep_id).runs[0].why)
    assert whys == ["ExceptionGroup: two workers (2 sub-exceptions)", "ValueError: a table:"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_even_base_exceptions_of_training_code_end_only_their_run(error: type[BaseException]) -> None:
    def train(run: Any) -> None:
        if run.number == 1:
            raise error()

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=2)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["failed", "finished"]


def busy_python() -> None:
    while True:
        sum(range(100))


def sleeping_in_c() -> None:
    time.sleep(30)


def swallowing() -> None:
    while True:
        with contextlib.suppress(Exception):
            forever_logging()


@pytest.mark.parametrize("train", [forever_logging, busy_python, sleeping_in_c, swallowing])
def test_stop_acts_within_a_second(train: Callable[[], None]) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=3, workers=2, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(sweep.runs) == 2)
    time.sleep(0.1)
    begun = time.monotonic()
    assert sweep.stop() == 2
    assert agent.wait(5)
    # The promise is a second on a machine that is not overloaded; CI's two cores get some air.
    assert time.monotonic() - begun < 2.0
    assert [run.state for run in sweep.runs] == ["killed", "killed"] and sweep.state == "finished"


def test_stop_after_current_lets_the_running_run_finish() -> None:
    go_on = threading.Event()

    def train() -> None:
        nbsweep.log({"loss": 1.0})
        go_on.wait(20)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=5, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(sweep.runs) == 1)
    sweep.stop(after_current=True)
    go_on.set()
    assert agent.wait(20)
    assert [run.state for run in sweep.runs] == ["finished"]


def test_one_run_can_be_killed_and_the_rest_go_on() -> None:
    def train(run: Any) -> None:
        if run.number == 1:
            forever_logging()

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=2, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(sweep.runs) == 1)
    sweep.kill_run(sweep.runs[0].name)
    assert agent.wait(20)
    assert [run.state for run in sweep.runs] == ["killed", "finished"]


def test_pause_holds_new_runs_and_resume_lets_them_go() -> None:
    release = threading.Semaphore(0)

    def train() -> None:
        release.acquire(timeout=20)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=2, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(sweep.runs) == 1)
    sweep.pause()
    release.release()
    until(lambda: sweep.runs[0].state == "finished")
    assert not agent.wait(0.6) and len(sweep.runs) == 1
    sweep.resume()
    release.release()
    assert agent.wait(20) and len(sweep.runs) == 2


def test_no_thread_is_left_when_an_agent_has_ended() -> None:
    before = set(threading.enumerate())  # runs of other tests that sit in C code are still there
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, lambda config: nbsweep.log({"loss": 1.0}), count=3, workers=2)
    process.shut_down()
    until(lambda: not [t.name for t in set(threading.enumerate()) - before if t.name.startswith("nbsweep")], 10)


def test_what_a_run_made_can_be_freed_after_it() -> None:
    class Model:
        pass

    models: list[weakref.ref[Model]] = []

    def train(run: Any) -> None:
        model = Model()
        models.append(weakref.ref(model))
        run.log({"loss": 1.0})
        if run.number == 2:
            raise ValueError(model)

    nbsweep.agent(nbsweep.sweep(CONFIG), train, count=2)
    gc.collect()
    assert [model() for model in models] == [None, None]


def test_another_process_reads_what_was_logged_within_a_moment() -> None:
    go_on = threading.Event()

    def train() -> None:
        nbsweep.log({"loss": 0.125})
        go_on.wait(30)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=1, block=False)
    until(lambda: bool(nbsweep.Sweep(sweep_id).runs))
    time.sleep(0.25)  # the promise itself: readable by others 250 ms after log()
    code = f"import nbsweep; print(nbsweep.Sweep({sweep_id!r}).history()['loss'].tolist())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    go_on.set()
    agent.wait(20)
    assert shown.strip() == "[0.125]"


def test_kill_9_loses_nothing_older_than_a_moment_and_the_sweep_goes_on(tmp_path: Path) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    code = textwrap.dedent(
        f"""
        import os, signal, time, nbsweep
        def train():
            for step in range(100):
                nbsweep.log({{"loss": float(step)}})
            time.sleep(0.25)
            os.kill(os.getpid(), signal.SIGKILL)
        nbsweep.agent({sweep_id!r}, train, count=1)
        """
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == -9
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["crashed"]
    assert sweep.history()["loss"].tolist() == [float(step) for step in range(100)]
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 1.0}), count=1)
    assert [run.state for run in sweep.runs] == ["crashed", "finished"]
    assert sweep.runs[1].config == sweep.runs[0].config


def test_a_process_that_ends_while_a_run_trains_says_so() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    code = textwrap.dedent(
        f"""
        import time, nbsweep
        def train():
            nbsweep.log({{"loss": 0.5}})
            time.sleep(60)
        nbsweep.agent({sweep_id!r}, train, count=1, block=False)
        time.sleep(0.5)
        """
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["crashed"] and sweep.history()["loss"].tolist() == [0.5]


def test_init_outside_an_agent_is_a_run_of_its_own() -> None:
    with nbsweep.init(config={"lr": 0.5}, project="mine", name="alone") as run:
        nbsweep.log({"loss": 1.0})
        assert nbsweep.run is run and nbsweep.config.lr == 0.5
    assert run.state == "finished" and nbsweep.run is None
    with pytest.raises(UsageError, match=r"nbsweep\.init\(\)"):
        nbsweep.log({"loss": 1.0})


def test_after_an_agent_init_starts_a_fresh_run_outside_the_sweep() -> None:
    seen: list[Any] = []

    def train() -> None:
        with nbsweep.init() as run:
            seen.append(run.sweep_id)

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    with nbsweep.init() as run:
        seen.append(run.sweep_id)
    assert seen == [sweep_id, None]


def test_init_defaults_give_way_to_what_the_sweep_chose() -> None:
    seen: list[Any] = []

    def train() -> None:
        with (
            pytest.warns(UserWarning, match="the sweep chose epochs = 3"),
            nbsweep.init(config={"epochs": 99, "momentum": 0.9}),
        ):
            seen.append(dict(nbsweep.config))

    nbsweep.agent(nbsweep.sweep(CONFIG), train, count=1)
    assert seen[0]["epochs"] == 3 and seen[0]["momentum"] == 0.9


def test_an_interrupt_while_waiting_lets_the_current_run_finish_and_a_second_ends_it(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import _thread, signal, sys, time, nbsweep
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
        config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
        sweep_id = nbsweep.sweep(config)
        interrupts = int(sys.argv[1])
        def train():
            for _ in range(interrupts):
                _thread.interrupt_main()
                time.sleep(0.5)
            for _ in range(10 if interrupts == 1 else 10_000):
                nbsweep.log({"loss": 1.0})
                time.sleep(0.01)
        nbsweep.agent(sweep_id, train, count=5)
        print([run.state for run in nbsweep.Sweep(sweep_id).runs])
        """
    )
    for interrupts, states in (("1", "['finished']"), ("2", "['killed']")):
        done = subprocess.run(
            [sys.executable, "-c", code, interrupts], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.strip() == states, done.stderr


def test_the_interrupt_key_answers_while_the_store_is_locked() -> None:
    code = textwrap.dedent(
        """
        import os, signal, sqlite3, threading, time, nbsweep
        from nbsweep import process, progress
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
        config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
        sweep_id = nbsweep.sweep(config)
        hung = sqlite3.connect(os.environ["NBSWEEP_STORAGE"].removeprefix("sqlite:///"), timeout=20,
                               isolation_level=None, check_same_thread=False)
        looks, look = threading.Event(), progress.progress_of
        def noted(agents):
            looks.set()
            return look(agents)
        progress.progress_of = noted
        def train():
            (agent,) = process.agents(sweep_id)
            hung.execute("BEGIN EXCLUSIVE")
            looks.clear()
            looks.wait()  # somebody asks the store, and waits for the lock
            try:
                until = time.monotonic() + 15
                for _ in range(2):
                    os.kill(os.getpid(), signal.SIGINT)
                    while not agent._ending and time.monotonic() < until:
                        time.sleep(0.01)
                while time.monotonic() < until:
                    nbsweep.log({"loss": 1.0})
                    time.sleep(0.01)
            finally:
                hung.execute("ROLLBACK")
        nbsweep.agent(sweep_id, train, count=5)
        sweep = nbsweep.Sweep(sweep_id)
        print([run.state for run in sweep.runs], sweep.state)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "['killed'] finished", done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count=0"),
        ({"count": "5"}, "count='5'"),
        ({"workers": 0}, "workers=0"),
        ({"engine": "ray"}, "engine='ray'.*threads"),
        ({"run_timeout_s": -1}, "run_timeout_s=-1"),
        ({"function": None}, "training function"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], message: str) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    with pytest.raises(UsageError, match=message):
        nbsweep.agent(sweep_id, **{"function": lambda: None, **arguments})


def test_an_unknown_sweep_is_said_with_those_there_are() -> None:
    sweep_id = nbsweep.sweep(CONFIG, name="digits")
    with pytest.raises(UsageError, match=rf"no sweep 'digitz'.*{sweep_id} \(digits\)"):
        nbsweep.agent("digitz", lambda: None)


def test_a_run_has_one_number_from_1_wherever_it_is_told() -> None:
    trained: list[int] = []
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, lambda run: trained.append(run.number), count=2)
    sweep = nbsweep.Sweep(sweep_id)
    assert sorted(trained) == [run.number for run in sweep.runs] == sweep.to_pandas()["number"].tolist() == [1, 2]
    assert [run.name.rpartition("-")[2] for run in sweep.runs] == ["1", "2"]
    assert [sweep.run(number).number for number in (1, 2)] == [1, 2]


def test_importing_nbsweep_loads_nothing_heavy() -> None:
    heavy = ("numpy", "sklearn", "sqlalchemy", "IPython", "pandas", "yaml")
    code = f"import sys, nbsweep; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


EARLY: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"level": {"values": [1, 2, 3, 4]}},
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
}


def test_early_termination_stops_a_worse_run_at_its_band_and_says_why() -> None:
    swallowed: list[BaseException] = []

    def train(config: Any) -> None:
        for _ in range(400):
            try:
                nbsweep.log({"loss": float(config.level)})
            except Exception as error:
                swallowed.append(error)
            time.sleep(0.005)

    sweep_id = nbsweep.sweep(EARLY)
    nbsweep.agent(sweep_id, train)
    runs = nbsweep.Sweep(sweep_id).runs
    # The first is alone at its bands; of two the threshold is the worse, and a tie goes on.
    assert [run.state for run in runs] == ["finished", "finished", "stopped", "stopped"]
    assert re.fullmatch(r"band (3|6|12|24|48) · 3 > 2", runs[2].why or ""), runs[2].why
    lengths = nbsweep.Sweep(sweep_id).history().groupby("run").size()
    assert all(lengths[run.name] < 400 for run in runs[2:]), "they ended long before their last step"
    assert all(run.error is None for run in runs), "a stop leaves no traceback behind"
    assert not swallowed, "except Exception cannot swallow a stop"


def test_early_termination_leaves_alone_what_goes_on_after_the_end_of_its_run() -> None:
    saved: list[int] = []
    judged: list[dict[str, int]] = [{}]  # at each look: how many values were judged by the looks before

    def train(config: Any) -> None:
        with nbsweep.init() as run:
            for _ in range(3):
                run.log({"loss": float(config.level)})

        def seen() -> bool:
            agent.look_again()
            return judged[-1].get(run.id) == 3

        until(seen)
        saved.append(config.level)  # its model

    sweep_id = nbsweep.sweep(EARLY)
    agent = Agent(sweep_id, train)
    look = agent._watch.look

    def noting(runs: Any) -> Any:
        judged.append(dict(agent._watch._looked_at))
        return look(runs)

    agent._watch.look = noting  # type: ignore[method-assign]
    assert agent.start().wait(60)
    assert saved == [1, 2, 3, 4]
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished"] * 4


def test_early_termination_leaves_alone_what_has_ended_its_run_before_the_stop_came() -> None:
    saved: list[int] = []

    def train(config: Any, run: Any) -> None:
        for _ in range(3):
            run.log({"loss": float(config.level)})
        if config.level > 2:
            until(lambda: run.stop_state is not None)
        run.finish()
        until(lambda: run.stop_state is None)
        saved.append(config.level)  # its model

    sweep_id = nbsweep.sweep(EARLY)
    assert nbsweep.agent(sweep_id, train, block=False).wait(60)
    assert saved == [1, 2, 3, 4]
    assert [(run.state, run.why) for run in nbsweep.Sweep(sweep_id).runs] == [("finished", None)] * 4


@pytest.mark.filterwarnings("ignore:summary. 'loss' was not kept")
@pytest.mark.parametrize("left", [{5: 1}, {"loss": 10**400}, {None: 3}, {"loss": object()}])
def test_a_run_ends_whatever_its_code_has_left_in_the_summary(left: dict[Any, Any]) -> None:
    def train(run: Any) -> None:
        run.summary.update(left)

    sweep_id = nbsweep.sweep({**CONFIG, "metric": {"name": "loss"}})
    nbsweep.agent(sweep_id, lambda config, run: train(run), count=1)
    (run,) = nbsweep.Sweep(sweep_id).runs
    assert run.state == "finished" and "object" not in (run.why or "")


def test_ties_go_on() -> None:
    def train() -> None:
        for _ in range(30):
            nbsweep.log({"loss": 1.0})
            time.sleep(0.005)

    sweep_id = nbsweep.sweep(EARLY)
    nbsweep.agent(sweep_id, train)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished"] * 4


def test_a_sweep_ends_when_a_run_reaches_the_target() -> None:
    def train(config: Any) -> None:
        nbsweep.log({"loss": 1.0 / config.level})
        time.sleep(0.3)

    config = {**EARLY, "metric": {"name": "loss", "goal": "minimize", "target": 0.5}}
    del config["early_terminate"]
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished", "finished"] and sweep.state == "finished"
    assert "reached the target 0.5" in (sweep.note or "")


def test_what_commit_false_held_back_is_kept_when_the_function_returns() -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, lambda run: run.log({"loss": 0.5}, commit=False), count=1)
    assert nbsweep.Sweep(sweep_id).history()["loss"].tolist() == [0.5]


def test_values_and_tracebacks_that_no_database_takes_do_not_hold_up_other_runs() -> None:
    def train(run: Any) -> None:
        run.config.update({"out": Path("/x")})
        run.log({"loss": 0.5, "caf\udce9": 1.0})
        if run.number == 1:
            raise ValueError("caf\udce9")

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=2)
    runs = nbsweep.Sweep(sweep_id).runs
    assert [run.state for run in runs] == ["failed", "finished"]
    assert runs[1].config["out"] == "/x"


def test_stop_after_current_finishes_a_paused_sweep() -> None:
    go_on = threading.Event()
    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, lambda config: go_on.wait(20), count=3, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(sweep.runs) == 1)
    sweep.pause()
    sweep.stop(after_current=True)
    go_on.set()
    assert agent.wait(20)
    assert sweep.state == "finished"


def idle() -> None:
    time.sleep(20)


@pytest.mark.parametrize("train", [forever_logging, idle])
def test_a_run_that_takes_longer_than_the_limit_is_stopped_and_says_so(train: Callable[[], None]) -> None:
    def first_alone(run: Any) -> None:
        if run.number == 1:
            train()
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, first_alone, count=2, run_timeout_s=1.0)
    states = [(run.state, run.why) for run in nbsweep.Sweep(sweep_id).runs]
    assert states == [("stopped", "time limit of 1 s"), ("finished", None)]


def test_init_after_finish_inside_a_training_function_is_a_run_of_its_own_that_log_reaches() -> None:
    names: list[str] = []

    def train() -> None:
        with nbsweep.init() as run:
            run.log({"loss": 1.0})
        second = nbsweep.init(project="apart")
        nbsweep.log({"loss": 2.0})
        names.append(second.id)
        nbsweep.finish()

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.best_value == 1.0
    with sweep.store.read() as db:
        second = db.run(names[0])
    assert second is not None and second.sweep_id is None and second.summary == {"loss": 2.0}
    assert second.state == "finished"


@pytest.mark.parametrize(("retry", "attempts"), [(0, [0]), (1, [0, 1]), (3, [0, 1, 2, 3])])
def test_a_config_whose_process_vanished_is_tried_again_as_often_as_retry_says(retry: int, attempts: list[int]) -> None:
    code = "import os, sys, nbsweep\nnbsweep.agent(sys.argv[1], lambda: os._exit(9), count=1)"
    config = {"method": "grid", "retry": retry, "parameters": {"a": {"values": [1]}}}
    sweep_id = nbsweep.sweep(config)
    for _ in range(5):
        subprocess.run([sys.executable, "-c", code, sweep_id], check=False)
    sweep = nbsweep.Sweep(sweep_id)
    assert [(run.state, run.attempt) for run in sweep.runs] == [("crashed", attempt) for attempt in attempts]


def test_a_run_is_judged_by_the_histories_of_other_processes_too_and_leaves_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = {**CONFIG, "early_terminate": {"type": "hyperband", "min_iter": 2}}
    sweep_id = nbsweep.sweep(config)
    elsewhere = textwrap.dedent(
        """
        import sys, nbsweep
        def train(run):
            for _ in range(1000):
                run.log({"loss": 0.1})
        nbsweep.agent(sys.argv[1], train, count=1)
        """
    )
    subprocess.run([sys.executable, "-c", elsewhere, sweep_id], check=True, timeout=60)

    def worse() -> None:
        with nbsweep.init() as run:
            for _ in range(10_000):
                with contextlib.suppress(Exception):
                    run.log({"loss": 0.9})
                time.sleep(0.002)

    capsys.readouterr()
    nbsweep.agent(sweep_id, worse, count=1)
    theirs, ours = nbsweep.Sweep(sweep_id).runs
    assert (theirs.state, ours.state, ours.error) == ("finished", "stopped", None)
    assert ours.why is not None and "0.9 > 0.1" in ours.why
    assert "Traceback" not in capsys.readouterr().err


def test_numpys_whole_numbers_are_whole_numbers() -> None:
    sweep_id = nbsweep.sweep(CONFIG, seed=np.int64(3))
    nbsweep.agent(sweep_id, lambda: None, count=np.int64(3), workers=np.int32(2))
    sweep = nbsweep.Sweep(sweep_id)
    assert len(sweep.runs) == 3
    expected = Optimizer(CONFIG, seed=3)
    assert sorted(run.config["lr"] for run in sweep.runs) == sorted(expected.ask()["lr"] for _ in range(3))


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "3"])
def test_what_is_no_count_is_named(value: Any) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    for words in ({"count": value}, {"count": 1, "workers": value}):
        with pytest.raises(UsageError, match=rf"={value!r}: use a whole number, 1 or more"):
            nbsweep.agent(sweep_id, lambda: None, **words)


def test_a_run_that_reaches_the_target_by_its_last_value_is_the_last_one() -> None:
    def train(config: Any) -> None:
        time.sleep(0.25)  # long enough not to be claimed ahead
        nbsweep.log({"loss": config.lr})

    for method in ("random", "bayes"):
        metric = {"name": "loss", "goal": "minimize", "target": 1.0}
        sweep_id = nbsweep.sweep({**CONFIG, "method": method, "metric": metric})
        nbsweep.agent(sweep_id, train, count=5)
        sweep = nbsweep.Sweep(sweep_id)
        assert len(sweep.runs) == 1 and sweep.state == "finished"
        assert f"Run {sweep.runs[0].name} reached the target 1" in (sweep.note or "")


def test_an_agent_that_never_starts_has_never_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    sweep = nbsweep.Sweep(sweep_id)
    agent = Agent(sweep_id, lambda: None, count=2)

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(agent._thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        agent.start()
    assert agent.done and not process.agents(sweep_id)
    until(lambda: sweep.state == "finished")
    assert sweep.runs == [] and sweep.resume().startswith("No agent is at work")
    sweep.delete()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "end", ["return", "raise ValueError('of the child')", "sys.exit(3)", "nbsweep.log({'loss': 5})"]
)
def test_a_child_that_training_code_forks_ends_no_run_but_itself(tmp_path: Path, end: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, sys, warnings
            import nbsweep
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            sweep_id = nbsweep.sweep({CONFIG!r})
            codes = []
            def train(config):
                nbsweep.log({{"loss": 1.0}})
                child = os.fork()
                if child == 0:
                    assert nbsweep.config.lr == config.lr
                    {end}
                    return
                codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                nbsweep.log({{"loss": 2.0}})
            nbsweep.agent(sweep_id, train, count=2)
            sweep = nbsweep.Sweep(sweep_id)
            print([run.state for run in sweep.runs], sweep.history()["loss"].tolist(), codes)
            """
        )
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    code = {"ret": 0, "rai": 1, "sys": 3, "nbs": 0}[end[:3]]
    assert done.stdout == f"['finished', 'finished'] [1.0, 2.0, 1.0, 2.0] {[code, code]}\n", done.stderr
    assert done.stderr.count("ValueError: of the child") == 2 * ("child" in end)
    assert done.stderr.count("is not kept") == 2 * ("log" in end)


@pytest.mark.parametrize("by", ["stop", "time limit"])
def test_a_function_that_goes_on_after_its_run_has_ended_is_still_stopped(by: str) -> None:
    went_on = threading.Event()

    def train() -> None:
        nbsweep.log({"loss": 1.0})
        nbsweep.finish()
        went_on.set()
        while True:  # an evaluation, say, that never ends
            time.sleep(0.01)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=1, block=False, run_timeout_s=0.5 if by == "time limit" else None)
    assert went_on.wait(10)
    if by == "stop":
        nbsweep.Sweep(sweep_id).stop()
    assert agent.wait(20)
    (run,) = nbsweep.Sweep(sweep_id).runs
    assert run.state == ("killed" if by == "stop" else "stopped")
    assert run.summary == {"loss": 1.0}


def test_a_run_that_init_begins_after_finish_ends_with_the_function() -> None:
    begun: list[Any] = []

    def train() -> None:
        nbsweep.finish()
        begun.append(nbsweep.init())
        nbsweep.log({"fold": 1})
        if len(begun) == 2:
            raise ValueError("the second fold")

    nbsweep.agent(nbsweep.sweep(CONFIG), train, count=2)
    assert [run.state for run in begun] == ["finished", "failed"]
    until(lambda: not process.recorder()._runs)


def test_a_run_that_init_begins_after_finish_ends_although_a_stop_interrupts_its_end() -> None:
    begun: list[Any] = []
    go_on = threading.Event()

    def train() -> None:
        nbsweep.finish()
        begun.append(nbsweep.init())
        go_on.wait(20)

    agent = nbsweep.agent(nbsweep.sweep(CONFIG), train, count=1, block=False)
    until(lambda: len(begun) == 1)
    (live,) = agent._lives._live.values()
    recorder = process.recorder()
    with recorder._writing:  # the store is busy
        go_on.set()
        until(lambda: begun[0].state != "running")  # its end waits for the store
        agent.end_here(after_current=False)
        until(lambda: live.interrupted)
    assert agent.wait(20)
    until(lambda: not recorder._runs)
    assert begun[0].state == "finished"
    with recorder.store.read() as db:
        assert [run.state for run in db.runs_alone()] == ["finished"]


def test_an_agent_that_breaks_says_where_and_leaves_a_sweep_that_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    agent = Agent(nbsweep.sweep(CONFIG), forever_logging, count=3, workers=2)
    agent.on_failure = lambda name, text: said.append(text)
    ask, asked = agent.controller.next_runs, iter(range(9))

    def breaks(*args: Any, **more: Any) -> Any:
        if next(asked):
            raise ValueError("the search broke")
        return ask(*args, **more)

    monkeypatch.setattr(agent.controller, "next_runs", breaks)
    assert agent.start().wait(20)
    assert agent.broke and agent.end_reason == "the search broke"
    assert "in breaks" in said[-1], "with a traceback: it is nobody's typo"
    sweep = nbsweep.Sweep(agent.sweep_id)
    assert [run.state for run in sweep.runs] == ["killed"] and sweep.state == "finished"


class _Odd:
    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def _holds_itself() -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    value["self"] = value
    return value


@pytest.mark.filterwarnings("ignore:.*not.*kept")
@pytest.mark.parametrize("where", ["config", "summary", "log"])
@pytest.mark.parametrize("odd", [_holds_itself, _Odd])
def test_a_value_that_cannot_be_kept_is_left_out_and_all_else_is_recorded(where: str, odd: Callable[[], Any]) -> None:
    def train(config: Any, run: Any) -> None:
        if run.number == 1 and where == "config":
            config["odd"] = odd()
        elif run.number == 1 and where == "summary":
            run.summary["odd"] = odd()
        elif run.number == 1:
            run.log({"odd": odd(), "loss": 2.0})
        run.log({"loss": 1.0})

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=2)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"] * 2
    assert [run.summary["loss"] for run in sweep.runs] == [1.0, 1.0]
    assert process.recorder().trouble is None


def test_a_metric_set_in_the_summary_may_be_numpys() -> None:
    def train(run: Any) -> None:
        run.log({"step": 1})
        run.summary["loss"] = np.float32(0.25)

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.best_value == 0.25 and sweep.runs[0].stopped_because is None


def test_a_target_is_not_reached_by_runs_of_another_metric() -> None:
    began, redefined = threading.Event(), threading.Event()

    def train(run: Any) -> None:
        first = not began.is_set()
        run.log({"loss": 2.3, "acc": 0.1})
        began.set()
        if first:
            assert redefined.wait(10)
            run.log({"loss": 2.2, "acc": 0.1})

    sweep_id = nbsweep.sweep({**CONFIG, "name": "two metrics"})
    agent = nbsweep.agent(sweep_id, train, count=3, block=False)
    assert began.wait(10)
    nbsweep.sweep({**CONFIG, "name": "two metrics", "metric": {"name": "acc", "goal": "maximize", "target": 0.9}})
    redefined.set()
    assert agent.wait(20)
    assert len(nbsweep.Sweep(sweep_id).runs) == 3 and agent.end_reason == "3 runs were asked for"
