"""``make demo``: run the quickstart for real, tell its progress, and at a terminal open JupyterLab on the result.

The notebook is copied to a new folder under ``examples/.demo`` and executed there by a kernel of its own; this process
only reads the store beside the copy, as any other would.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import nbsweep

QUICKSTART = Path(__file__).with_name("quickstart.ipynb")
LOOK_EVERY_S = 0.3


def main() -> int:
    folder = QUICKSTART.parent / ".demo" / time.strftime("%Y-%m-%d-%H%M%S")
    folder.mkdir(parents=True)
    notebook = Path(shutil.copy(QUICKSTART, folder))
    os.chdir(folder)
    os.environ["NBSWEEP_STORAGE"] = f"sqlite:///{folder / '.nbsweep' / 'nbsweep.db'}"
    print(f"Running {notebook.relative_to(Path(__file__).parents[1])}")
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        executing = pool.submit(execute, notebook)
        watch(executing, planned_runs(notebook))
        try:
            executing.result()
        except CellExecutionError as error:
            print(f"The notebook failed:\n{error}", file=sys.stderr)
            return 1
    report(time.monotonic() - started)
    del os.environ["NBSWEEP_STORAGE"]
    if sys.stdout.isatty():
        print("Opening JupyterLab; end it with Ctrl-C.")
        as_root = ["--allow-root"] if os.geteuid() == 0 else []  # in a container
        return subprocess.call([sys.executable, "-m", "jupyterlab", *as_root, notebook.name])
    return 0


def execute(notebook: Path) -> None:
    """Run all cells in a new kernel; the outputs are written into the file, also when a cell fails."""
    content = nbformat.read(notebook, as_version=4)
    client = NotebookClient(content, timeout=600, kernel_name="python3", resources={"metadata": {"path": "."}})
    try:
        with Path("kernel.log").open("w") as log:
            client.execute(stderr=log)
    finally:
        nbformat.write(content, notebook)


def planned_runs(notebook: Path) -> int:
    found = re.search(r"%%sweep_train --count (\d+)", notebook.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{notebook.name} has no `%%sweep_train --count N` cell")
    return int(found[1])


def watch(executing: Future[None], planned: int) -> None:
    """Print progress until the notebook has run: one line that changes at a terminal, else a line a finished run."""
    live = sys.stdout.isatty()
    shown = ""
    while not executing.done():
        line = progress(planned, live=live)
        if line and line != shown:
            print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", flush=True)
            shown = line
        time.sleep(LOOK_EVERY_S)
    if shown and live:
        print()


def progress(planned: int, *, live: bool) -> str:
    """Such as ``run 3 of 5 · loss 0.31 · best 0.28 humble-crane-2``; empty before the first run."""
    try:
        sweep = nbsweep.Sweep()
    except nbsweep.UsageError:  # not defined yet
        return ""
    runs = [run for run in sweep.runs if live or run.state != "running"]
    if not runs:
        return ""
    parts = [f"run {len(runs)} of {planned}"]
    loss = runs[-1].summary.get("loss")
    parts += [f"loss {loss:.4f}" if isinstance(loss, float) else runs[-1].state]
    best = sweep.best_run
    if best is not None:
        parts.append(f"best {best.summary['loss']:.4f} {best.name}")
    return " · ".join(parts)


def report(took_s: float) -> None:
    sweep = nbsweep.Sweep()
    best = sweep.best_run
    finished = sum(run.state == "finished" for run in sweep.runs)
    print(f"{finished} runs finished in {took_s:.0f} s; everything is in {Path('.nbsweep/nbsweep.db').resolve()}")
    if best is not None:
        print(f"Best run: {best.name}, loss {best.summary['loss']:.4f}")
        for name, value in best.config.items():
            print(f"  {name}: {value}")


if __name__ == "__main__":
    raise SystemExit(main())
