"""One logger, timed: run by `python -m tests.benchmarks.logging`, in the environment that has it.

    python contenders.py NAME CALLS [KEYS]

Prints one JSON object. Each call is timed alone on the calling thread; what follows until everything is on the disk
counts for the CPU time, of this process and of all that it started. Uses the standard library alone beside the logger.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Log = Callable[[dict[str, Any], int], object]
Finish = Callable[[], object]


def list_append(folder: str) -> tuple[Log, Finish]:
    kept: list[dict[str, Any]] = []
    append = kept.append
    return lambda data, step: append(data), lambda: None


def simple_queue(folder: str) -> tuple[Log, Finish]:
    put = queue.SimpleQueue[Any]().put
    return lambda data, step: put(data), lambda: None


def nbsweep_run(folder: str) -> tuple[Log, Finish]:
    os.environ["NBSWEEP_STORAGE"] = f"sqlite:///{folder}/nbsweep.db"
    import nbsweep

    run = nbsweep.init()
    log = run.log
    return lambda data, step: log(data), run.finish


def nbsweep_module(folder: str) -> tuple[Log, Finish]:
    os.environ["NBSWEEP_STORAGE"] = f"sqlite:///{folder}/nbsweep.db"
    import nbsweep

    run = nbsweep.init()
    log = nbsweep.log
    return lambda data, step: log(data), run.finish


def json_lines(folder: str) -> tuple[Log, Finish]:
    file = Path(folder, "log.jsonl").open("w")  # noqa: SIM115 - `finish` closes it

    def log(data: dict[str, Any], step: int) -> None:
        file.write(json.dumps(data) + "\n")
        file.flush()

    return log, file.close


def wandb(folder: str) -> tuple[Log, Finish]:
    os.environ.update(WANDB_MODE="offline", WANDB_DIR=folder, WANDB_SILENT="true", WANDB_CONSOLE="off")
    import wandb

    run = wandb.init(project="p", dir=folder)
    return lambda data, step: run.log(data), run.finish


def tensorboard(folder: str) -> tuple[Log, Finish]:
    from torch.utils.tensorboard import SummaryWriter

    return _writer(SummaryWriter(folder))


def tensorboardx(folder: str) -> tuple[Log, Finish]:
    from tensorboardX import SummaryWriter

    return _writer(SummaryWriter(folder))


def _writer(writer: Any) -> tuple[Log, Finish]:
    def log(data: dict[str, Any], step: int) -> None:
        writer.add_scalar("batch loss", data["batch loss"], step)

    return log, writer.close


def trackio(folder: str) -> tuple[Log, Finish]:
    os.environ.update(TRACKIO_DIR=folder, HF_HUB_OFFLINE="1")
    import trackio

    run = trackio.init(project="p", embed=False)
    return lambda data, step: run.log(data), trackio.finish


def mlflow(folder: str) -> tuple[Log, Finish]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("p")
    mlflow.start_run()
    return lambda data, step: mlflow.log_metrics({"batch loss": data["batch loss"]}, step=step), mlflow.end_run


def aim(folder: str) -> tuple[Log, Finish]:
    os.environ["AIM_ANALYTICS_DISABLED"] = "1"
    from aim import Run

    run = Run(repo=folder, capture_terminal_logs=False, system_tracking_interval=None)
    return lambda data, step: run.track(data["batch loss"], name="batch loss", step=step), run.close


CONTENDERS = {
    "list.append": list_append,
    "SimpleQueue.put": simple_queue,
    "run.log": nbsweep_run,
    "nbsweep.log": nbsweep_module,
    "JSON line, flushed": json_lines,
    "TensorBoard (torch)": tensorboard,
    "tensorboardX": tensorboardx,
    "trackio": trackio,
    "W&B offline": wandb,
    "MLflow (SQLite)": mlflow,
    "Aim": aim,
}


def cpu_s() -> float:
    """CPU time of this process, of its children that have ended and of those that live."""
    ended, mine, ticks = resource.getrusage(resource.RUSAGE_CHILDREN), str(os.getpid()), os.sysconf("SC_CLK_TCK")
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    parents: dict[str, tuple[str, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[stat.parent.name] = fields[1], int(fields[11]) + int(fields[12])
    for pid, (parent, used) in parents.items():
        above, seen = parent, pid
        while above in parents and above != mine and above != seen:
            above, seen = parents[above][0], above
        if above == mine:
            total += used / ticks
    return total


def measure(name: str, calls: int, keys: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log, finish = CONTENDERS[name](folder)
        for step in range(min(1000, calls)):
            log({"batch loss": 0.5, "step": step}, step)
        before, clock = cpu_s(), time.perf_counter_ns
        values = [1.0 / (step + 1) for step in range(calls)]
        taken = [0] * calls
        for step, value in enumerate(values):
            data = {"batch loss": value, "step": step} if keys == 2 else {f"key {n}": value for n in range(keys)}
            began = clock()
            log(data, step)
            taken[step] = clock() - began
        finish()
        spent = cpu_s() - before
        used = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    taken.sort()
    return {
        "name": name,
        "calls": calls,
        "median_us": taken[calls // 2] / 1e3,
        "p99_us": taken[calls * 99 // 100] / 1e3,
        "cpu_us": spent / calls * 1e6,
        "bytes": used / (calls + min(1000, calls)),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 2)))
