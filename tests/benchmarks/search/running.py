"""Running searches, and the files that keep what they found: one line of JSON a search.

What takes many hours is kept in the repository (`KEPT`), so that a session adds to what others did: peers alone, whose
searches change with their versions only, and nbsweep's are always made anew.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.search.problems import Problem
from tests.benchmarks.search.searchers import SEARCHERS, Asking

__all__ = ["KEPT", "Result", "append", "keep", "read", "search"]

KEPT = Path(__file__).parent / "kept.jsonl"


@dataclass(frozen=True)
class Result:
    """One search of one problem.

    Attributes
    ----------
    values : list of float
        The noiseless value of each evaluation, in the order in which they ended.
    told : list of float
        What the search was told.
    ask_ms : list of float
        How long each suggestion took.
    version : str
        What distinguishes runs of one method, as an experiment's name.
    """

    method: str
    problem: str
    seed: int
    workers: int
    budget: int
    values: list[float]
    told: list[float]
    ask_ms: list[float]
    version: str = ""

    @property
    def key(self) -> tuple[str, str, int, int]:
        return (self.method, self.problem, self.seed, self.workers)


def search(
    problem: Problem, method: str, seed: int, budget: int, workers: int = 1, made: Asking | None = None
) -> Result:
    """Search a problem, with so many runs at once; how long a run takes is drawn, and time is simulated."""
    asking = made or SEARCHERS[method](problem.parameters, seed, budget)
    chance = np.random.default_rng([seed, 99])
    values, told, ask_ms = [], [], []
    training: list[tuple[float, int, Any, dict[str, Any]]] = []
    now = 0.0
    for number in range(budget + workers):
        if number >= workers or number >= budget:
            if not training:
                break
            now, _, token, config = heapq.heappop(training)
            value = problem.function(config)
            seen = value + problem.noise * float(chance.standard_normal())
            asking.tell(token, config, seen)
            values.append(value)
            told.append(seen)
        if number < budget:
            before = time.perf_counter()
            token, config = asking.ask()
            ask_ms.append(1e3 * (time.perf_counter() - before))
            duration = float(chance.lognormal(0.0, 0.4)) if workers > 1 else 1.0
            heapq.heappush(training, (now + duration, number, token, config))
    rounded = [round(ms, 2) for ms in ask_ms]
    return Result(method, problem.name, seed, workers, budget, values, told, rounded)


def read(path: Path) -> Iterator[Result]:
    """What is kept; a line that was cut off is passed over."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            said = json.loads(line)
            yield Result(**({"told": said["values"]} | said))
        except (ValueError, TypeError):
            continue


def append(path: Path, result: Result) -> None:
    """One more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def keep(result: Result, version: str) -> None:
    """One more in the repository, in few bytes: eight digits, and what was told only where it differs."""
    said = asdict(result) | {"version": version, "ask_ms": [round(ms) for ms in result.ask_ms]}
    for name in ("values", "told"):
        said[name] = [float(f"{value:.8g}") for value in said[name]]
    if said["told"] == said["values"]:
        del said["told"]
    with KEPT.open("a") as file:
        file.write(json.dumps(said, separators=(",", ":")) + "\n")
