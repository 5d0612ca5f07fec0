"""How long writers wait for each other: eight processes on one store, by journal mode and backend.

    python -m tests.benchmarks.contention [--processes 8] [--seconds 10] [--directory DIR]

Two loads. `recorders`: each process writes a run's growing history twenty times a second, as the recorder does while
training logs, and claims a run of a grid every second. `claims`: each process claims and ends runs as fast as it can.
Printed are the waits for the write lock, the time a transaction takes with it, and how many were kept a second. The
write-ahead log is measured on whatever SQLite is linked; nbsweep uses it only where it is safe (docs/storage.md).
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from nbsweep import sweep_config
from nbsweep.controller import Controller
from nbsweep.definitions import create_sweep
from nbsweep.store import RunRecord, RunTail, Store, filecare, sqlite
from tests.store_backends import WHY_NO_SERVER, postgresql_database, postgresql_server

FLUSH_EVERY_S = 0.05
CLAIM_EVERY_S = 1.0
GRID: dict[str, Any] = {"method": "grid", "parameters": {"a": {"min": 1, "max": 1_000_000}}}
MODES = ("TRUNCATE", "PERSIST", "DELETE", "WAL")


class Waits:
    """Measures each write transaction of a store: seconds until it had the lock, and seconds with it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waits: list[float] = []
        self.transactions: list[float] = []

    def write(self, work: Callable[[Any], object]) -> None:
        began = time.perf_counter()
        with self.store.write() as db:
            locked = time.perf_counter()
            work(db)
        self.waits.append(locked - began)
        self.transactions.append(time.perf_counter() - locked)


def use(journal: str | None, sqlite_waits: bool) -> None:
    """Take that journal mode whatever is safe; wait for locks as SQLite itself does."""
    if journal is not None:
        filecare.choose_journal = lambda path: sqlite.Journal(journal)  # type: ignore[attr-defined]
    if sqlite_waits:
        sqlite._patiently = wait_as_sqlite_does


def wait_as_sqlite_does(connection: sqlite3.Connection, *words: str) -> None:
    for each in words:
        connection.execute(each).fetchall()


def claim(controller: Controller, agent: str) -> Callable[[Any], object]:
    def work(db: Any) -> None:
        run = controller._next_run(db, agent, None)
        assert isinstance(run, RunRecord)
        controller.report_in(db, run.id, "finished")

    return work


def worker(
    how: tuple[str, str | None, bool], sweep_id: str, load: str, seconds: float, start: Any, results: Any
) -> None:
    url, journal, sqlite_waits = how
    use(journal, sqlite_waits)
    store = Store(url)
    controller = Controller(store, sweep_id)
    agent = controller.join(None)
    run = controller.next_run(agent)
    assert isinstance(run, RunRecord)
    waits, log = Waits(store), Log(run.id)
    start.wait(timeout=120)
    until = time.perf_counter() + seconds
    next_claim = time.perf_counter() + random.random() * CLAIM_EVERY_S
    while (now := time.perf_counter()) < until:
        if load == "claims":
            waits.write(claim(controller, agent))
            continue
        waits.write(log.write)
        if now >= next_claim:
            next_claim = now + CLAIM_EVERY_S
            waits.write(claim(controller, agent))
        time.sleep(max(0.0, now + FLUSH_EVERY_S - time.perf_counter()))
    results.put((waits.waits, waits.transactions))
    store.close()


class Log:
    """A run that logs fifty values between two writes."""

    def __init__(self, run_id: str) -> None:
        self.tail = RunTail(run_id)

    def write(self, db: Any) -> None:
        for _ in range(50):
            row = self.tail.rows
            self.tail.append(row, time.time(), {"loss": 1 / (row + 1)})
        db.put_chunks(self.tail.take_chunks())
        db.update_run(self.tail.run_id, summary={"loss": 1 / self.tail.rows})


def measure(how: tuple[str, str | None, bool], load: str, processes: int, seconds: float) -> str:
    use(*how[1:])
    store = Store(how[0])
    sweep_id = create_sweep(store, sweep_config.load(GRID), seed=1).id
    store.close()
    context = multiprocessing.get_context("spawn")
    results, start = context.Queue(), context.Barrier(processes)
    children = [
        context.Process(target=worker, args=(how, sweep_id, load, seconds, start, results)) for _ in range(processes)
    ]
    for child in children:
        child.start()
    answers = [results.get(timeout=seconds + 180) for _ in children]
    for child in children:
        child.join()
    waits = 1e3 * np.concatenate([np.asarray(answer[0]) for answer in answers])
    held = 1e3 * np.concatenate([np.asarray(answer[1]) for answer in answers])
    fewest, most = min(len(answer[0]) for answer in answers), max(len(answer[0]) for answer in answers)
    return (
        f"{load:9} {len(waits) / seconds:9.0f}/s  {np.median(waits):8.1f} {np.percentile(waits, 99):8.1f} "
        f"{waits.max():8.1f}  {np.median(held):8.1f} {np.percentile(held, 99):8.1f}  {fewest:6}-{most}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--directory", type=Path, help="where the SQLite files go; default: the temporary directory")
    parser.add_argument("--only", help="one of TRUNCATE, PERSIST, DELETE, WAL, postgresql")
    parser.add_argument("--sqlite-waits", action="store_true", help="wait for locks as SQLite itself does")
    chosen = parser.parse_args()
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    print(f"{now}, SQLite {sqlite3.sqlite_version}, {chosen.processes} processes, {chosen.seconds:g} s each")
    print(f"{'':12}{'':9} {'kept':>11}  {'wait ms: median, p99, max':>26}  {'held ms: median, p99':>17}  a process")
    with ExitStack() as stack:
        for mode in (*MODES, "postgresql"):
            if chosen.only not in (None, mode):
                continue
            for load in ("recorders", "claims"):
                how: tuple[str, str | None, bool]
                if mode != "postgresql":
                    folder = stack.enter_context(tempfile.TemporaryDirectory(dir=chosen.directory))
                    how = f"sqlite:///{folder}/nbsweep.db", mode, chosen.sqlite_waits
                elif WHY_NO_SERVER is not None:
                    print(WHY_NO_SERVER)
                    break
                else:
                    server = stack.enter_context(postgresql_server())
                    how = stack.enter_context(postgresql_database(server)), None, False
                print(f"{mode:11}", measure(how, load, chosen.processes, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
