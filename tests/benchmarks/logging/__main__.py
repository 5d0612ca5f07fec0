"""What logging costs, and a sweep beside its training: nbsweep, its peers and the floors in one run.

    python -m tests.benchmarks.logging [--peers PYTHON] [--only PART ...] [--quick] [--output FILE]

`--peers` is the Python of an environment with wandb, tensorboard, torch, tensorboardX, trackio, mlflow, aim and optuna;
what it lacks is left out, and said. Rounds of all contenders take turns, so that a busy machine is as busy for each.
The tables go to the terminal and to `tests/artifacts/logging.md`; docs/logging.md says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.benchmarks.logging import parts
from tests.benchmarks.logging.contenders import CONTENDERS

CALLS = {"MLflow (SQLite)": 300, "W&B offline": 20_000, "Aim": 5_000, "tensorboardX": 20_000, "trackio": 20_000}
OURS = ("list.append", "SimpleQueue.put", "run.log", "nbsweep.log", "JSON line, flushed")
HERE = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def logged(python: str, name: str, calls: int, keys: int = 2) -> dict[str, Any] | str:
    """One contender's figures, or why there are none."""
    words = [python, str(HERE / "contenders.py"), name, str(calls), str(keys)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def log_part(peers: str | None, quick: bool) -> str:
    names = [name for name in CONTENDERS if peers is not None or name in OURS]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (*names, "run.log, ten keys")}
    missing: dict[str, str] = {}
    for _round in range(1 if quick else 3):
        for name in found:
            real, keys = (name, 2) if name in CONTENDERS else ("run.log", 10)
            python = sys.executable if real in OURS else peers
            calls = CALLS.get(real, 100_000) // (10 if quick else 1)
            got = logged(python or sys.executable, real, calls, keys)
            if isinstance(got, str):
                missing[name] = got
            else:
                found[name].append(got)
    middle = {
        name: {key: statistics.median(each[key] for each in rounds) for key in rounds[0] if key != "name"}
        for name, rounds in found.items()
        if rounds
    }
    ours = middle["run.log"]
    rows = [
        [
            name,
            f"{each['median_us']:.2f}",
            f"{each['p99_us']:.1f}",
            f"{each['cpu_us']:.2f}",
            f"{each['bytes']:.0f}" if each["bytes"] else "–",
            f"{each['median_us'] / ours['median_us']:.1f}",
            f"{each['cpu_us'] / ours['cpu_us']:.1f}",
            f"{each['calls']:,.0f}",
        ]
        for name, each in middle.items()
    ]
    head = ["", "median µs", "p99 µs", "all CPU µs", "bytes", "median × run.log's", "CPU × run.log's", "calls"]
    return table(head, rows) + "".join(f"\nWithout {name}: {why}\n" for name, why in missing.items() if not found[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", help="the Python that has the peers")
    parser.add_argument("--only", nargs="*", default=["log", *parts.PARTS], choices=["log", *parts.PARTS])
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: to see that it works")
    parser.add_argument("--output", type=Path, default=Path("tests/artifacts/logging.md"))
    chosen = parser.parse_args()
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    said = [
        f"{now}, {platform.machine()} with {os.cpu_count()} cores, Python {platform.python_version()}, load average "
        f"{os.getloadavg()[0]:.1f} at the beginning. Medians of the rounds; all contenders take turns.\n"
    ]
    print(said[0])
    for part in chosen.only:
        title, text = (
            ("One call of log", log_part(chosen.peers, chosen.quick))
            if part == "log"
            else parts.PARTS[part](chosen.peers, chosen.quick)
        )
        said.append(f"## {title}\n\n{text}")
        print(said[-1], flush=True)
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_text("\n".join(said), encoding="utf-8")


if __name__ == "__main__":
    main()
