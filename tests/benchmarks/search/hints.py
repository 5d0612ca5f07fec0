"""How often the hint when to stop is wrong: ``python -m tests.benchmarks.search.hints``.

Each search goes on after the hint, which is right where little was found afterwards: no more than a twentieth of the
distance from the best so far to the median.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass

import numpy as np

from nbsweep import sweep_config
from nbsweep.outlook import outlook
from nbsweep.search import Observation, make_searcher
from nbsweep.store import RunRecord
from tests.benchmarks.search.problems import Problem, every_problem

WRONG = 0.05


@dataclass(frozen=True)
class Hint:
    """When a search said first that more would hardly help, and what was found after that.

    Attributes
    ----------
    after : int
        Results until then.
    gained : float
        By the rest of the search, in distances from the best to the median of what was known then.
    """

    after: int
    gained: float


def hint(problem: Problem, seed: int, budget: int) -> Hint | None:
    """The first hint of one search; None where none came."""
    said = {"method": "bayes", "metric": {"name": "value"}, "parameters": dict(problem.parameters)}
    config = sweep_config.load(said)
    searcher = make_searcher(config, seed)
    chance = np.random.default_rng([seed, 99])
    runs: list[RunRecord] = []
    values: list[float] = []
    after: int | None = None
    for number in range(budget):
        asked = searcher.ask(number)
        if asked is None:
            break
        basis = searcher.basis(number)
        values.append(problem.function(asked))
        seen = values[-1] + problem.noise * float(chance.standard_normal())
        searcher.tell(Observation(number, asked, "finished", seen))
        suggestion = None if basis is None else basis.to_dict()
        runs.append(
            RunRecord(
                str(number), "s", number, "", "", asked, "finished", summary={"value": seen}, suggestion=suggestion
            )
        )
        if after is None and "unlikely" in (outlook(runs, config) or ""):
            after = number + 1
    if after is None:
        return None
    best = min(values[:after])
    distance = statistics.median(values[:after]) - best
    return Hint(after, (best - min(values)) / distance if distance > 0 else 0.0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search.hints", description=__doc__)
    parser.add_argument("--problems", nargs="*", help="names; default those that are quickly evaluated")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=80)
    asked = parser.parse_args(arguments)
    found: list[Hint | None] = []
    for problem in every_problem().values():
        if problem.name not in asked.problems if asked.problems else problem.costly:
            continue
        hints = [hint(problem, seed, asked.budget) for seed in range(asked.seeds)]
        found += hints
        told = ", ".join("none" if each is None else f"after {each.after} {each.gained:.2f}" for each in hints)
        print(f"{problem.name}: {told}", flush=True)
    given = [each for each in found if each is not None]
    wrong = sum(each.gained > WRONG for each in given)
    print(f"{len(found)} searches, {len(given)} hints, {wrong} of them wrong: more than {WRONG} was gained afterwards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
