"""The command: run what is missing, report what there is."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from tests.benchmarks.search import running
from tests.benchmarks.search.problems import every_problem
from tests.benchmarks.search.report import report
from tests.benchmarks.search.searchers import SEARCHERS


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("tests/artifacts/search.jsonl"))
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="search what is not in the file yet")
    run.add_argument("--methods", nargs="*", default=list(SEARCHERS))
    run.add_argument("--problems", nargs="*", help="names; default all")
    run.add_argument("--which", choices=["all", "tuned on", "held out", "held out later"], default="all")
    run.add_argument("--seeds", type=int, default=10)
    run.add_argument("--budget", type=int, default=80)
    run.add_argument("--workers", type=int, default=1)
    told = commands.add_parser("report", help="a ranked table, and a picture")
    told.add_argument("--picture", type=Path)
    told.add_argument("--workers", type=int, default=1)
    kept = commands.add_parser("keep", help="put what a peer found into the repository")
    kept.add_argument("method", choices=[name for name in SEARCHERS if name != "nbsweep"])
    kept.add_argument("version", help="the peer's, as `botorch 0.18.1`")
    asked = parser.parse_args(arguments)
    if asked.command == "report":
        print(report(_found(asked.results), workers=asked.workers, picture=asked.picture))
        return 0
    if asked.command == "keep":
        already = {result.key for result in running.read(running.KEPT)}
        for result in running.read(asked.results):
            if result.method == asked.method and result.key not in already:
                running.keep(result, asked.version)
        return 0
    return _run(asked)


def _found(results: Path) -> list[running.Result]:
    """What the repository keeps and what was found here; the longer where both have a search."""
    found: dict[tuple[str, str, int, int], running.Result] = {}
    for result in (*running.read(running.KEPT), *running.read(results)):
        if result.key not in found or found[result.key].budget <= result.budget:
            found[result.key] = result
    return list(found.values())


def _run(asked: argparse.Namespace) -> int:
    problems = [
        problem
        for problem in every_problem().values()
        if (not asked.problems or problem.name in asked.problems) and asked.which in ("all", problem.group)
    ]
    done = {result.key for result in _found(asked.results) if result.budget >= asked.budget}
    missing: set[str] = set()
    for seed in range(asked.seeds):  # seed by seed, so that a run that is broken off has all problems alike
        for problem in problems:
            for method in asked.methods:
                if (method, problem.name, seed, asked.workers) in done or method in missing:
                    continue
                try:
                    result = running.search(problem, method, seed, asked.budget, asked.workers)
                except ImportError as error:
                    print(f"{method} is left out: {error}", file=sys.stderr)
                    missing.add(method)
                    continue
                except Exception:
                    print(f"{method} failed on {problem.name}, seed {seed}:\n{traceback.format_exc()}", file=sys.stderr)
                    continue
                running.append(asked.results, result)
                print(f"{problem.name}, seed {seed}, {method}: {min(result.values):.5g}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
