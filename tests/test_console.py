"""What runs print is kept with them: from their threads, by old handlers, as warnings; and nobody is asked anything."""

from __future__ import annotations

import builtins
import concurrent.futures
import io
import logging
import os
import sys
import threading
import warnings
from typing import Any

import pytest

import nbsweep
from tests.test_agents import CONFIG, until

pytestmark = pytest.mark.usefixtures("tmp_store")


def consoles(train: Any, count: int = 1, workers: int = 1) -> list[str]:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=count, workers=workers)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"] * count, [run.error for run in sweep.runs]
    return [sweep.console(run.id) for run in sweep.runs]


def test_prints_of_a_runs_own_threads_and_pools_are_the_runs() -> None:
    barrier = threading.Barrier(2)

    def train(run: Any) -> None:
        barrier.wait(10)  # both at once
        thread = threading.Thread(target=print, args=(f"thread of {run.name}",))
        thread.start()
        thread.join()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(print, [f"pool of {run.name}"] * 3))

    said = consoles(train, count=2, workers=2)
    for text in said:
        own = text.split("thread of ")[1].split()[0]
        assert text.count(f"pool of {own}") == 3 and text.count(" of ") == 4


def test_a_pool_that_outlives_its_run_works_for_the_next_one() -> None:
    pool = concurrent.futures.ThreadPoolExecutor(1)

    def squared() -> float:
        nbsweep.log({"from the pool": nbsweep.config.lr})
        print("in the pool")
        return float((nbsweep.config.lr - 3) ** 2)

    def train() -> None:
        nbsweep.init()
        nbsweep.log({"loss": pool.submit(squared).result()})

    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"lr": {"values": [1, 2, 3]}}}
    sweep_id = nbsweep.sweep(config)
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    pool.shutdown()
    assert [run.summary for run in sweep.runs] == [{"loss": (lr - 3) ** 2, "from the pool": lr} for lr in (1, 2, 3)]
    assert ["in the pool" in sweep.console(run.id) for run in sweep.runs] == [True] * 3


def test_a_pool_that_outlives_its_run_is_nobodys_where_several_train(capsys: pytest.CaptureFixture[str]) -> None:
    """An ended run's values would be mistaken for those of another."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    both = threading.Barrier(2)
    raised: list[str] = []

    def asked() -> None:
        try:
            nbsweep.log({"loss": 1.0})
        except nbsweep.UsageError as error:
            raised.append(str(error))

    def train(run: Any) -> None:
        if run.number == 1:
            pool.submit(print, "mine").result()
        else:
            both.wait(20)
            pool.submit(asked).result()
            both.wait(20)
        run.log({"loss": 0.5})

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    nbsweep.agent(sweep_id, train, count=2, workers=2)
    pool.shutdown()
    assert [run.summary for run in nbsweep.Sweep(sweep_id).runs] == [{"loss": 0.5}] * 3
    assert len(raised) == 2 and all("in a thread of your own use run.log()" in text for text in raised)


def test_log_in_a_runs_own_thread_finds_the_run() -> None:
    def train() -> None:
        thread = threading.Thread(target=nbsweep.log, args=({"loss": 0.25},))
        thread.start()
        thread.join()

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    assert nbsweep.Sweep(sweep_id).best_value == 0.25


def test_handlers_made_before_training_write_to_the_run_that_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("tests.test_console")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)

    def train() -> None:
        logger.warning("learning rate is odd")
        warnings.warn("deprecated", UserWarning, stacklevel=1)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            monkeypatch.setattr(
                warnings, "showwarning", lambda message, *_: print("UserWarning:", message, file=sys.stderr)
            )
            (said,) = consoles(train)
    finally:
        logger.removeHandler(handler)
    assert "learning rate is odd" in said and "UserWarning: deprecated" in said


def test_input_in_training_code_is_refused_at_once_and_outside_it_is_what_it_was() -> None:
    before = builtins.input
    sweep_id = nbsweep.sweep(CONFIG)

    def train() -> None:
        input("continue? ")

    nbsweep.agent(sweep_id, train, count=1)
    (run,) = nbsweep.Sweep(sweep_id).runs
    assert run.state == "failed" and run.why is not None and "nobody can answer it" in run.why
    assert builtins.input is before


def test_streams_and_hooks_are_put_back_when_the_last_agent_ends() -> None:
    before = (sys.stdout, sys.stderr, threading.Thread.start, builtins.input, sys.stderr.write)
    consoles(lambda: print("hello"))
    assert (sys.stdout, sys.stderr, threading.Thread.start, builtins.input, sys.stderr.write) == before


def test_a_script_prints_what_its_runs_print_and_keeps_it(capsys: pytest.CaptureFixture[str]) -> None:
    (said,) = consoles(lambda: print("epoch 1"))
    assert said == "epoch 1\n" and "epoch 1\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "nobody_reads", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file.")]
)
def test_where_nobody_reads_what_is_printed_runs_are_trained_and_it_is_kept(
    monkeypatch: pytest.MonkeyPatch, nobody_reads: Exception
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise nobody_reads

        def flush(self) -> None:
            raise nobody_reads

        def isatty(self) -> bool:
            raise nobody_reads

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    assert consoles(lambda: print("epoch 1", flush=True), count=2) == ["epoch 1\n"] * 2

    def fails() -> None:
        raise ArithmeticError

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, fails, count=2)
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["failed"] * 2


def test_a_stream_that_a_run_closes_fails_no_other_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    def train(run: Any) -> None:
        print("before", flush=True)
        if run.number == 1:
            sys.stdout.close()
        print("after", flush=True)

    assert consoles(train, count=2) == ["before\nafter\n"] * 2


def test_what_a_run_prints_after_its_end_is_not_piled_up(capsys: pytest.CaptureFixture[str]) -> None:
    stopped, printed, end, runs = threading.Event(), threading.Event(), threading.Event(), []

    def train(run: Any) -> None:
        if run.number == 1:
            runs.append(run)
            try:
                stopped.wait(20)
            finally:  # it cannot be ended, only given up
                stopped.wait(20)
                for _ in range(1000):
                    print("still here")
                printed.set()
        else:
            end.wait(20)

    sweep_id = nbsweep.sweep(CONFIG)
    agent = nbsweep.agent(sweep_id, train, count=2, block=False)
    sweep = nbsweep.Sweep(sweep_id)
    until(lambda: len(runs) == 1)
    sweep.kill_run(sweep.runs[0].id)
    until(lambda: len(sweep.runs) == 2 and sweep.runs[0].state == "killed")
    stopped.set()
    assert printed.wait(20)
    assert runs[0].take_console() == [] and "still here" in capsys.readouterr().out
    end.set()
    assert agent.wait(20)
    assert "still here" not in sweep.console(sweep.runs[0].id)


def test_what_a_forked_child_prints_goes_where_the_process_prints(capfd: pytest.CaptureFixture[str]) -> None:
    def train() -> None:
        child = os.fork()
        if child == 0:
            print("from the child")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        print("from the parent")

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1, block=False).wait(20)
    (run,) = nbsweep.Sweep(sweep_id).runs
    assert nbsweep.Sweep(sweep_id).console(run.id) == "from the parent\n"


def test_a_stream_that_training_code_put_in_front_spoils_no_later_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tee:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def write(self, text: str) -> int:
            return int(self.stream.write(text))

        def flush(self) -> None:
            self.stream.flush()

    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back after the test

    def train(run: Any) -> None:
        if run.number == 1 and not isinstance(sys.stdout, Tee):
            sys.stdout = Tee(sys.stdout)
        print("one line")

    assert consoles(train) == ["one line\n"]
    assert isinstance(sys.stdout, Tee)
    assert consoles(train) == ["one line\n"]
