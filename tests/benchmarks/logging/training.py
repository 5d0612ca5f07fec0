"""What logging and a sweep cost beside training: run by `parts`, one JSON line with what each pair took.

    python training.py log PAIRS        the tutorial's loop in a run of an agent, a dashboard open: with log of each
                                        batch, and without any
    python training.py agent PAIRS      five runs by an agent, which log each batch, and the same five loops bare
    python training.py workers PAIRS    six runs by two workers and by one, PyTorch at its default threads
    python training.py alike PAIRS      the same, but the one worker has as many threads as each of the two: cores // 2

The two of a pair follow each other, which first is drawn by lot: whoever else uses the machine disturbs both alike.
Each gives [wall seconds, CPU seconds of the calling thread, CPU seconds of the whole process until all was written].
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

import nbsweep
from nbsweep import process
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.views import PROTOCOL

BATCH, BLOCK = 64, 1000  # turns of the threads beside training that a block leaves to its end count little
CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "batch loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 1e-4, "max": 1e-3}},
}
Taken = tuple[float, float, float]


class Tutorial:
    """784→256→10, batches of 64, Adam; the data are random, in place of MNIST, which costs the same."""

    def __init__(self) -> None:
        self._x, self._y = torch.rand(BATCH * 50, 784), torch.randint(0, 10, (BATCH * 50,))
        self._model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3)

    def train(self, batches: int, log: Callable[[dict[str, float]], object] | None) -> None:
        for number in range(batches):
            start = number % 50 * BATCH
            x, y = self._x[start : start + BATCH], self._y[start : start + BATCH]
            loss = nn.functional.cross_entropy(self._model(x), y)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            value = loss.item()  # as the tutorial adds it up
            if log is not None:
                log({"batch loss": value})


def taken(work: Callable[[], object], settle_s: float) -> Taken:
    """What it takes; for the process's CPU time also what the recorder and the dashboard do of it afterwards."""
    wall, thread, whole = time.perf_counter(), time.thread_time(), time.process_time()
    work()
    wall, thread = time.perf_counter() - wall, time.thread_time() - thread
    process.recorder().flush()
    time.sleep(settle_s)
    return wall, thread, time.process_time() - whole


def pairs(first: Callable[[], Taken], second: Callable[[], Taken], count: int) -> None:
    """Print what `count` pairs took."""
    found = []
    for _ in range(count):
        if random.random() < 0.5:
            one = first()
            found.append((one, second()))
        else:
            other = second()
            found.append((first(), other))
    print(json.dumps(found), flush=True)


def with_log(count: int) -> None:
    """Pairs of blocks: with log, without."""
    torch.set_num_threads(1)  # two would wait for whoever else uses the cores
    sweep_id = nbsweep.sweep(CONFIG)
    dashboard, sent = Dashboard(sweep_id), 0

    def send(content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        nonlocal sent
        sent += len(json.dumps(content)) + len(b"".join(buffers or []))

    def train(run: nbsweep.Run) -> None:
        tutorial = Tutorial()
        tutorial.train(BLOCK, run.log)
        dashboard._handle_custom_msg(
            {"type": "hello", "protocol": PROTOCOL, "cursors": {}, "keys": ["batch loss"], "session": "page"}, []
        )
        pairs(
            lambda: taken(lambda: tutorial.train(BLOCK, run.log), 0.12),
            lambda: taken(lambda: tutorial.train(BLOCK, None), 0.12),
            count,
        )

    dashboard.send = send
    dashboard.put_up("cell")
    nbsweep.agent(sweep_id, train, count=1)
    assert sent > 1000 * count, "the dashboard was not fed"


def by_agent(count: int) -> None:
    """Pairs of five runs: by an agent, bare."""
    torch.set_num_threads(1)
    sweep_id, batches = nbsweep.sweep(CONFIG), 3000

    def five_bare() -> None:
        for _ in range(5):
            Tutorial().train(batches, None)

    five_bare()
    pairs(
        lambda: taken(lambda: nbsweep.agent(sweep_id, lambda: Tutorial().train(batches, nbsweep.log), count=5), 0.12),
        lambda: taken(five_bare, 0.12),
        count,
    )


def by_workers(count: int, *, alike: bool = False) -> None:
    """Pairs of six runs: by two workers, by one."""
    sweep_id, threads = nbsweep.sweep(CONFIG), torch.get_num_threads()

    def six(workers: int) -> Taken:
        torch.set_num_threads(max(1, threads // 2) if alike and workers == 1 else threads)
        return taken(
            lambda: nbsweep.agent(sweep_id, lambda: Tutorial().train(1500, nbsweep.log), count=6, workers=workers),
            0.12,
        )

    six(1)
    pairs(lambda: six(2), lambda: six(1), count)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["NBSWEEP_STORAGE"] = f"sqlite:///{folder}/nbsweep.db"
        parts: dict[str, Callable[[int], None]] = {
            "log": with_log,
            "agent": by_agent,
            "workers": by_workers,
            "alike": partial(by_workers, alike=True),
        }
        parts[sys.argv[1]](int(sys.argv[2]))
