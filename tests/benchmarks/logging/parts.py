"""The benchmark's other parts: kills, reading, trivial runs, training, imports. A part gives its text."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nbsweep.notebook.series import SeriesReader
from nbsweep.store import RunRecord, RunTail, Store, read_history
from nbsweep.store.packing import Packed
from tests.benchmarks.logging.killed import READERS

TRIVIAL = """
import sys, time, nbsweep
sweep = nbsweep.sweep({"method": "random", "metric": {"name": "y", "goal": "minimize"},
                       "parameters": {"x": {"min": -1.0, "max": 1.0}}}, project=None)
def train(config): nbsweep.log({"y": config.x ** 2})
nbsweep.agent(sweep, train, count=10)
for batch in range(int(sys.argv[1])):
    began = time.perf_counter()
    nbsweep.agent(sweep, train, count=1000)
    print(time.perf_counter() - began, flush=True)
"""

TRIVIAL_OPTUNA = """
import sys, time, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage=sys.argv[2], sampler=optuna.samplers.RandomSampler())
def objective(trial): return trial.suggest_float("x", -1, 1) ** 2
study.optimize(objective, n_trials=10)
count = int(sys.argv[1])
began = time.perf_counter()
study.optimize(objective, n_trials=count)
print((time.perf_counter() - began) * 1000 / count)
"""


def _run(code: str, *words: str, python: str = sys.executable, folder: str) -> str:
    environment = {**os.environ, "NBSWEEP_STORAGE": f"sqlite:///{folder}/nbsweep.db", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([python, "-c", code, *words], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def kills(peers: str | None, quick: bool) -> tuple[str, str]:
    """What is missing after kill -9, at one point a millisecond."""
    counts = {"run.log": 5 if quick else 50}
    if peers is not None:
        counts |= {name: 2 if quick else 12 for name in READERS if name != "run.log"}
    head = "| | kills | lost, of what was logged: points | in ms before the kill | most ms | a gap before |"
    lines = [head, "|---|---:|---:|---:|---:|---:|"]
    for name, count in counts.items():
        python = sys.executable if name == "run.log" else peers or sys.executable
        try:
            found = [killed_once(name, python) for _ in range(count)]
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            lines.append(f"| {name} | not to be had: {str(error)[-80:]} |")
            continue
        points, ages = [each[0] for each in found], [each[1] for each in found]
        lines.append(
            f"| {name} | {count} | {statistics.median(points):.0f} | {statistics.median(ages):.0f} | {max(ages):.0f} | "
            f"{sum(each[2] for each in found)} |"
        )
        if name == "run.log":
            lines[-1] += f" <!-- older than 250 ms: {sum(age > 250 for age in ages)} -->"
    return "After kill -9", "\n".join(lines) + "\n"


def killed_once(name: str, python: str) -> tuple[int, float, bool]:
    """Points lost, milliseconds from the first lost one to the kill, and whether any is missing before the last read.

    Two seconds go by before anybody reads: W&B's own process outlives ours and may write on.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        words = [python, str(Path(__file__).with_name("killed.py"))]
        child = subprocess.Popen(
            [*words, "log", name, folder], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        assert child.stdout is not None
        while (line := child.stdout.readline()) and line.strip() != b"begun":
            pass
        time.sleep(random.uniform(1.5, 3.0))
        killed_at = time.time()
        child.send_signal(signal.SIGKILL)
        child.wait()
        time.sleep(2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        taken = np.frombuffer(Path(folder, "taken").read_bytes(), "<f8")
        done = subprocess.run([*words, "read", name, folder], env=environment, capture_output=True, check=True)
        there = [number for number in json.loads(done.stdout.splitlines()[-1]) if 1 <= number <= len(taken)]
    newest = there[-1] if there else 0
    lost_from = taken[newest] if newest < len(taken) else killed_at
    return len(taken) - len(there), 1e3 * (killed_at - lost_from), len(there) < newest


def reading(peers: str | None, quick: bool) -> tuple[str, str]:
    """A million points of one float metric: bytes a point, into NumPy, and as the dashboard draws them."""
    points, rng = 10**5 if quick else 10**6, np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/nbsweep.db")
        tail, steps = RunTail("r"), np.arange(points)
        times = 1_700_000_000_000_000 + np.cumsum(rng.integers(900, 1_200, points))
        losses = np.exp(-steps / points) + 0.1 * rng.random(points)
        tail.extend(Packed(steps, times, {"loss": (steps, losses)}))
        with store.write() as db:
            db.insert_run(RunRecord("r", None, 0, "calm-hare-1", "p", {}))
            db.put_chunks(tail.take_chunks())
        size = Path(folder, "nbsweep.db").stat().st_size
        whole, reduced = [], []
        for _ in range(5):
            began = time.perf_counter()
            with store.read() as db:
                history = read_history(db.chunks(["r"]))["r"]
            whole.append(time.perf_counter() - began)
            assert np.array_equal(history.columns["loss"].values, losses)
            began = time.perf_counter()
            with store.read() as db:
                (series,) = SeriesReader().whole(db, ["r"], ["loss"], {})
            reduced.append(time.perf_counter() - began)
            assert series.total == points
        store.close()
    text = (
        f"{points:,} points: {size / points:.1f} bytes a point on disk; into NumPy (steps, times, values) "
        f"{1e3 * min(whole):.0f} ms at best, {1e3 * statistics.median(whole):.0f} ms in the middle; the dashboard's "
        f"reduced view {1e3 * min(reduced):.0f} and {1e3 * statistics.median(reduced):.0f} ms.\n"
    )
    return "Reading", text


def trivial_runs(peers: str | None, quick: bool) -> tuple[str, str]:
    """Runs a second where the function returns at once, beside Optuna on the same disk."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        taken = [float(line) for line in _run(TRIVIAL, "2" if quick else "11", folder=folder).split()]
        rates = [1000 / each for each in taken]
        lines.append(f"nbsweep, SQLite: {rates[0]:.0f} runs/s for the first thousand")
        if len(rates) > 10:
            lines[-1] += f", {rates[10]:.0f} with 10,000 there; each thousand: {', '.join(f'{r:.0f}' for r in rates)}"
    if peers is not None:
        for name, storage in (("SQLite", "sqlite:///{}/optuna.db"), ("in memory", None)):
            with tempfile.TemporaryDirectory() as folder:
                code = TRIVIAL_OPTUNA if storage else TRIVIAL_OPTUNA.replace("storage=sys.argv[2], ", "")
                words = ("100" if quick else "300", (storage or "").format(folder))
                rate = 1000 / float(_run(code, *words, python=peers, folder=folder))
                lines.append(f"Optuna, {name}: {rate:.0f} runs/s for the first {words[0]}")
    return "Trivial runs", "\n".join(f"- {line}." for line in lines) + "\n"


def beside_training(what: str, count: int) -> str:
    """Rows of a table: of pairs, the median ratio of each measure with a 95 % bootstrap interval."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        words = [sys.executable, str(Path(__file__).with_name("training.py")), what, str(count)]
        done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("[[["))
    found, rng = np.array(json.loads(line)), np.random.default_rng(0)  # (pairs, 2, 3)
    ratios = found[:, 0] / found[:, 1]
    drawn = np.median(ratios[rng.integers(0, count, (4000, count))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    lines = ["| | median of the ratios | 95 % | the two, seconds in the middle |", "|---|---:|---:|---:|"]
    for number, name in enumerate(("wall clock", "CPU, the thread that trains", "CPU, the whole process")):
        if what != "log" and number == 1:
            continue  # there it waits for others
        ends = f"{100 * (low[number] - 1):+.1f} to {100 * (high[number] - 1):+.1f} %"
        middle = np.median(found[:, :, number], axis=0)
        more = f"{100 * (np.median(ratios[:, number]) - 1):+.1f} %"
        lines.append(f"| {name} | {more} | {ends} | {middle[0]:.3f}, {middle[1]:.3f} |")
    return "\n".join(lines) + "\n"


def tutorial(peers: str | None, quick: bool) -> tuple[str, str]:
    """The tutorial's loop with log of each batch and a dashboard open, and without log."""
    count = 10 if quick else 150
    head = (
        f"784→256→10, batch 64, CPU, one thread; {count} pairs of 200 batches, load average {os.getloadavg()[0]:.1f}."
    )
    return "The tutorial's loop", f"{head}\n\n{beside_training('log', count)}"


def five_runs(peers: str | None, quick: bool) -> tuple[str, str]:
    """Five runs by the agent, which log each batch, and the same loops bare."""
    count = 2 if quick else 12
    head = f"{count} pairs of five runs of 3,000 batches, load average {os.getloadavg()[0]:.1f}."
    return "Five runs by the agent", f"{head}\n\n{beside_training('agent', count)}"


def two_workers(peers: str | None, quick: bool) -> tuple[str, str]:
    """Six runs by two workers and by one."""
    count = 2 if quick else 8
    head = f"{count} pairs of six runs of 1,500 batches, load average {os.getloadavg()[0]:.1f}; -40 % is aimed at."
    parts = (
        ("One worker with as many threads of PyTorch as each of the two:", "alike"),
        ("One worker with PyTorch's default, a thread a core:", "workers"),
    )
    tables = [f"{words}\n\n{beside_training(what, count)}" for words, what in parts]
    return "Two workers", "\n\n".join([head, *tables])


def imports(peers: str | None, quick: bool) -> tuple[str, str]:
    """`import nbsweep` and `%load_ext nbsweep` in a fresh interpreter."""
    whole = "import time; t = time.perf_counter(); import nbsweep; print(time.perf_counter() - t)"
    extension = (
        "import time\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\nt = time.perf_counter()\n"
        "shell.run_line_magic('load_ext', 'nbsweep')\nprint(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as folder:
        rounds = range(3 if quick else 9)
        first = [1e3 * float(_run(whole, folder=folder)) for _ in rounds]
        second = [1e3 * float(_run(extension, folder=folder).split()[-1]) for _ in rounds]
    text = (
        f"`import nbsweep` {statistics.median(first):.0f} ms (at best {min(first):.0f}); `%load_ext nbsweep` "
        f"{statistics.median(second):.0f} ms (at best {min(second):.0f}).\n"
    )
    return "Imports", text


PARTS: dict[str, Callable[[str | None, bool], tuple[str, str]]] = {
    "kills": kills,
    "reading": reading,
    "runs": trivial_runs,
    "tutorial": tutorial,
    "agent": five_runs,
    "workers": two_workers,
    "imports": imports,
}
