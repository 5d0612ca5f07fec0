"""Kill -9 at random moments: what `log` accepted a quarter of a second before is there, and the database is whole."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

import nbsweep

KILLS = 10
ACCEPTED_BEFORE_S = 0.25

CHILD = """
import sys, time, nbsweep

def train(run):
    count = 0
    while True:
        run.log({"loss": float(count)})
        count += 1
        print(time.time(), count, flush=True)
        time.sleep(0.001)

nbsweep.agent(sys.argv[1], train, count=1)
"""


@pytest.mark.slow
def test_kill_9_at_random_moments_loses_nothing_accepted_and_breaks_nothing(tmp_store: str) -> None:
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
    sweep_id = nbsweep.sweep(config)
    moments = random.Random(0)
    for kill in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, sweep_id], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(moments.uniform(0.2, 0.8))
        killed_at = time.time()
        child.send_signal(signal.SIGKILL)
        said = [line.split() for line in child.stdout.read().splitlines() if len(line.split()) == 2]
        child.wait()
        accepted = max((int(count) for at, count in said if float(at) < killed_at - ACCEPTED_BEFORE_S), default=0)

        sweep = nbsweep.Sweep(sweep_id)
        run = sweep.runs[-1]
        losses = sweep.history(run.id)["loss"].tolist()
        assert run.state == "crashed", f"kill {kill}"
        assert losses == [float(i) for i in range(len(losses))], "no gap, nothing twice"
        assert len(losses) >= accepted, f"kill {kill}: {accepted - len(losses)} accepted points are missing"
    with sqlite3.connect(tmp_store.removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
