"""Kill -9 at random moments, and many processes at once: nothing accepted is lost, nothing is done twice.

The stores lie in memory (/dev/shm) where there is one: a killed process is what is tested here, not a disk that other
programs keep busy.
"""

from __future__ import annotations

import _thread
import contextlib
import fcntl
import itertools
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

import nbsweep
from nbsweep import process
from nbsweep.controller import Controller
from nbsweep.store import RunRecord, Store, forking

KILLS = 50
ACCEPTED_BEFORE_S = 0.25
POINTS_A_RUN = 120
PIPE_BYTES = 2**20


@pytest.fixture
def memory_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of an empty store in memory."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="nbsweep-", dir=shm if shm.is_dir() else None) as directory:
        path = Path(directory) / "nbsweep.db"
        monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{path}")
        yield path
        process.shut_down()


@pytest.fixture(scope="module")
def prepared() -> ForkServerContext:
    """Starts processes in which nbsweep is imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nbsweep.agents", "nbsweep.api", "nbsweep.store", "pandas"])
    return context


def _train_until_killed(url: str, sweep_id: str, says: int) -> None:
    """Train the sweep's grid with two workers, a point a millisecond; say on a pipe which points were accepted."""
    os.environ["NBSWEEP_STORAGE"] = url
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives

    def train(run: Any) -> None:
        for count in range(1, POINTS_A_RUN + 1):
            run.log({"loss": float(count), "point": run.config["point"]})
            os.write(says, f"{time.monotonic()} {run.id} {count}\n".encode())
            time.sleep(0.001)

    nbsweep.agent(sweep_id, train, workers=2)


class Trainer:
    """A process that trains, and what it said."""

    def __init__(self, context: ForkServerContext, path: Path, sweep_id: str) -> None:
        self._reading, writing = os.pipe()
        fcntl.fcntl(self._reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # it must never wait for its reader
        handed = multiprocessing.reduction.DupFd(writing)
        self.process: BaseProcess = context.Process(target=_run_trainer, args=(str(path), sweep_id, handed))
        self.process.start()
        os.close(writing)

    def wait_for_a_point(self) -> None:
        self._said = os.read(self._reading, 1)
        assert self._said, "it ended without a point"

    def kill(self) -> dict[str, int]:
        """SIGKILL; the number of points of each run that were accepted long enough before."""
        assert self.process.pid is not None
        killed_at = time.monotonic()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(timeout=30)
        with os.fdopen(self._reading, "rb") as pipe:
            lines = [line.split() for line in (self._said + pipe.read()).decode().splitlines()]
        said = [(float(line[0]), line[1], int(line[2])) for line in lines if len(line) == 3]
        times = sorted([at for at, _run_id, _count in said] + [killed_at])
        # It says something each millisecond; where it could not, the machine gave its other threads no time either.
        starved_s = max((later - sooner for sooner, later in itertools.pairwise(times)), default=0.0)
        accepted: dict[str, int] = defaultdict(int)
        for at, run_id, count in said:
            if at < killed_at - ACCEPTED_BEFORE_S - starved_s:
                accepted[run_id] = max(accepted[run_id], count)
        return accepted


def _run_trainer(path: str, sweep_id: str, handed: Any) -> None:
    _train_until_killed(f"sqlite:///{path}", sweep_id, handed.detach())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_kills_in_a_row_lose_nothing_accepted_and_repeat_no_point(
    memory_store: Path, prepared: ForkServerContext
) -> None:
    config = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"point": {"min": 1, "max": 1000}}}
    sweep_id = nbsweep.sweep(config)
    moments = random.Random(0)
    for kill in range(KILLS):
        trainer = Trainer(prepared, memory_store, sweep_id)
        trainer.wait_for_a_point()
        time.sleep(moments.uniform(0.0, 0.6))
        accepted = trainer.kill()
        check_after_kill(kill, memory_store, sweep_id, accepted)
    runs = nbsweep.Sweep(sweep_id).runs
    states = Counter(run.state for run in runs)
    assert states["crashed"] >= KILLS and states["finished"] > 0
    assert set(states) <= {"crashed", "finished", "pending"}
    assert any(run.attempt == 1 and run.state == "finished" for run in runs), "what crashed was tried once more"


def check_after_kill(kill: int, path: Path, sweep_id: str, accepted: dict[str, int]) -> None:
    began = time.monotonic()
    sweep = nbsweep.Sweep(sweep_id)
    runs = sweep.runs
    assert not any(run.state == "running" for run in runs), f"kill {kill}: the truth is seen by whoever looks next"
    assert all(run.started_at is None for run in runs if run.state == "pending"), f"kill {kill}: claimed, not begun"
    with sweep.store.write() as db:  # nobody holds it locked
        db.update_sweep(sweep_id)
    assert time.monotonic() - began < 20, f"kill {kill}: it was locked"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"kill {kill}"
    connection.close()

    for run_id, least in accepted.items():
        history = sweep.history(run_id)
        losses = history["loss"].tolist() if len(history) else []
        assert losses == [float(i + 1) for i in range(len(losses))], f"kill {kill}: no gap, nothing twice"
        assert len(losses) >= least, f"kill {kill}: {least - len(losses)} accepted points are missing"
    for run in runs:
        if run.state == "finished":
            assert run.summary["loss"] == POINTS_A_RUN

    attempts: dict[int, list[RunRecord]] = defaultdict(list)
    for run in runs:
        attempts[run.config["point"]].append(run)
    for point, tries in attempts.items():
        assert [run.attempt for run in tries] == list(range(len(tries))), f"kill {kill}: point {point}"
        assert all(run.state == "crashed" for run in tries[:-1]) and len(tries) <= 2, (
            f"kill {kill}: point {point} twice"
        )


def _claim_all(url: str, sweep_id: str, claimed: Any) -> None:
    controller = Controller(Store(url), sweep_id)
    agent = controller.join(None)
    points = []
    while isinstance(run := controller.next_run(agent), RunRecord):
        controller.report(run.id, "finished")
        points.append(run.config["a"])
    controller.leave(agent)
    claimed.put(points)
    controller.store.close()


def claim_a_grid(context: ForkServerContext, url: str, processes: int, points: int) -> list[list[int]]:
    """A grid done by so many processes: the points that each one did."""
    sweep_id = nbsweep.sweep({"method": "grid", "parameters": {"a": {"min": 1, "max": points}}})
    claimed = context.Queue()
    children = [context.Process(target=_claim_all, args=(url, sweep_id, claimed)) for _ in range(processes)]
    for child in children:
        child.start()
    done = [claimed.get(timeout=600) for _ in children]
    for child in children:
        child.join(timeout=60)
    assert [child.exitcode for child in children] == [0] * processes
    sweep = nbsweep.Sweep(sweep_id)
    assert sweep.state == "finished" and [run.number for run in sweep.runs] == list(range(1, points + 1))
    assert len({run.name for run in sweep.runs}) == points
    return done


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_eight_processes_do_a_grid_of_a_thousand_points_exactly_once(
    memory_store: Path, prepared: ForkServerContext
) -> None:
    done = claim_a_grid(prepared, f"sqlite:///{memory_store}", 8, 1000)
    assert Counter(point for points in done for point in points) == Counter(range(1, 1001))
    assert sum(map(bool, done)) > 1, "they worked at once"


@pytest.mark.slow
def test_processes_do_a_grid_exactly_once_on_postgresql(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, prepared: ForkServerContext
) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", postgresql_url)
    try:
        done = claim_a_grid(prepared, postgresql_url, 6, 150)
    finally:
        process.shut_down()
    assert Counter(point for points in done for point in points) == Counter(range(1, 151))
    assert sum(map(bool, done)) > 1, "they worked at once"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_its_parents_connections_alone_and_has_its_own(memory_store: Path) -> None:
    """DataLoader's workers are forked while the recorder writes, and may log nothing but must break nothing."""
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
    sweep_id = nbsweep.sweep(config)
    exits: list[int] = []

    def train(run: Any) -> None:
        for count in range(400):
            run.log({"loss": float(count)})
            if count % 40 == 0:
                exits.append(_fork_and_use(sweep_id))
            time.sleep(0.001)

    nbsweep.agent(sweep_id, train, count=1)
    assert exits == [0] * 10
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"]
    assert sweep.history()["loss"].tolist() == [float(i) for i in range(400)]
    with sqlite3.connect(memory_store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_fork_waits_for_no_transaction_that_waits_for_its_turn(
    memory_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "MOST_WAIT_S", 20.0)
    store = process.recorder().store
    waiting = {"write": threading.Event(), "read": threading.Event()}
    uniform = random.uniform

    def noted(low: float, high: float) -> float:
        waiting[threading.current_thread().name].set()
        return uniform(low, high)

    def use(kind: str) -> None:
        with store.write() if kind == "write" else store.read() as db:
            db.sweeps()

    with contextlib.closing(sqlite3.connect(memory_store, isolation_level=None)) as hung:
        threads = [threading.Thread(target=use, args=(kind,), name=kind) for kind in waiting]
        hung.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(random, "uniform", noted)
        for thread in threads:  # one of them needs a new connection, which waits for its turn too
            thread.start()
        assert all(event.wait(20) for event in waiting.values())
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(0)
        took_s = time.monotonic() - began
        os.waitpid(child, 0)
        hung.execute("ROLLBACK")
        for thread in threads:
            thread.join(20)
    assert took_s < 10


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("write", [True, False])
def test_an_interrupt_ends_a_transaction_that_waits_for_its_turn_and_leaves_no_lock(
    memory_store: Path, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    store = process.recorder().store
    uniform = random.uniform

    def interrupted(low: float, high: float) -> float:
        _thread.interrupt_main()
        return uniform(low, high)

    with contextlib.closing(sqlite3.connect(memory_store, timeout=0, isolation_level=None)) as hung:
        hung.execute("BEGIN EXCLUSIVE")
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(random, "uniform", interrupted)
            with store.write() if write else store.read():
                pass
        hung.execute("ROLLBACK")
        hung.execute("BEGIN EXCLUSIVE")  # which a reader of this process would prevent
        hung.execute("ROLLBACK")
    assert not forking._gate._open
    with store.write() as db:
        assert db.sweeps() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.parametrize("write", [True, False])
def test_a_fork_waits_for_a_transaction_that_is_open(memory_store: Path, write: bool) -> None:
    store = process.recorder().store
    is_open, ending = threading.Event(), threading.Event()

    def use() -> None:
        with store.write() if write else store.read():
            is_open.set()
            while not forking._gate._forking:
                time.sleep(0.001)
            ending.set()

    thread = threading.Thread(target=use)
    thread.start()
    assert is_open.wait(20)
    child = os.fork()
    if child == 0:
        os._exit(0 if ending.is_set() else 1)
    _pid, status = os.waitpid(child, 0)
    thread.join(20)
    assert os.waitstatus_to_exitcode(status) == 0


def _fork_and_use(sweep_id: str) -> int:
    """Fork; the child reads and writes the store and ends; its exit code, or 99 where it hung."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks where threads run, which is what is tested
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sweep = nbsweep.Sweep(sweep_id)  # a new connection
            with sweep.store.write() as db:
                db.update_sweep(sweep_id)
            code = 0 if sweep.runs[0].state == "running" and threading.active_count() <= 2 else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 99
