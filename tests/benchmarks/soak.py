"""Half an hour in one kernel: does anything grow? ``python -m tests.benchmarks.soak [MINUTES]``

A notebook's kernel defines sweep after sweep and trains them with two workers and a dashboard: runs that finish, fail,
are stopped early, print, start threads of their own and hold memory in circles. Each minute the kernel counts its
memory, threads, file handles, processes and live runs. Not part of the tests; figures are in docs/promises.md.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from typing import Any

from tests.test_magics import Notebook, start_kernel

DEFINE = """%%sweep define soak-{number}
{{"method": "random", "metric": {{"name": "loss"}}, "early_terminate": {{"type": "hyperband", "min_iter": 3}},
 "parameters": {{"lr": {{"min": 0.0, "max": 1.0}}, "units": {{"values": [16, 32, 64]}}}}}}"""

TRAIN = """%%sweep_train --count 30 --workers 2 --wait
import threading, time
import numpy as np
class Model:
    def __init__(self):
        self.me, self.weights = self, np.ones((1000, 1000))  # 8 MB that only the collector frees
model = Model()
print("run", run.name)
thread = threading.Thread(target=print, args=("from a thread",)); thread.start(); thread.join()
for step in range(100):
    log({"loss": config.lr + 1 / (step + 1), "batch loss": float(np.random.rand()), "step": step})
    time.sleep(0.002)
    if run.number % 5 == 0 and step == 50:
        raise RuntimeError("one in five fails")"""

COUNT = """
import gc, json, psutil, threading
gc.collect()
me = psutil.Process()
print(json.dumps({
    "rss_mb": me.memory_info().rss / 2**20, "threads": threading.active_count(), "handles": me.num_fds(),
    "processes": len(me.children(recursive=True)), "objects": len(gc.get_objects()),
    "live": sum(type(o).__name__ in ("Run", "Agent") for o in gc.get_objects()),
}))
"""


def main(minutes: float) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        manager, client = start_kernel()
        notebook = Notebook(client)
        try:
            rows = soak(notebook, minutes)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    report(rows)


def soak(notebook: Notebook, minutes: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    began, next_count, number = time.monotonic(), 0.0, 0
    while (now := time.monotonic() - began) < 60 * minutes or len(rows) < 2:
        number += 1
        for cell in (DEFINE.format(number=number), TRAIN):
            done = notebook.run(cell, timeout_s=300)
            assert done.ok, done.error
        if now >= next_count:
            next_count = now + 60
            rows.append({"minute": now / 60, "sweeps": number, **json.loads(notebook.text(COUNT))})
            print({key: round(value, 1) for key, value in rows[-1].items()}, flush=True)
    return rows


def report(rows: list[dict[str, Any]]) -> None:
    """First minutes (after a warm-up of two counts) against the last, by medians of three."""
    first, last = rows[2:5] or rows[:1], rows[-3:]
    print(f"\n{rows[-1]['sweeps']} sweeps of 30 runs in {rows[-1]['minute']:.0f} minutes")
    print("| | start | end |\n|---|---|---|")
    for key in ("rss_mb", "threads", "handles", "processes", "objects", "live"):
        start, end = (statistics.median(row[key] for row in some) for some in (first, last))
        print(f"| {key} | {start:.0f} | {end:.0f} |")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
