"""How often importance errs and how long it takes: simulated sweeps in, the tables of docs/importance.md out.

    python -m tests.benchmarks.importance                 # about ten minutes on two cores
    python -m tests.benchmarks.importance --sweeps 50 --only errors
    python -m tests.benchmarks.importance --only times --peer /path/to/python    # of an environment that has optuna

`optuna` is compared with where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep import sweep_config
from nbsweep.importance import Importance, measure
from nbsweep.store import RunRecord

__all__ = ["CASES", "Case", "important", "simulated"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A kind of sweep: what its metric is of `dimension` parameters in [0, 1] and of noise, and what truly matters."""

    name: str
    metric: Callable[[Values, Values], Values]
    matter: tuple[int, ...]
    dimension: int = 5
    levels: int = 0  # of the last parameter, where it is a category


CASES = {
    case.name: case
    for case in (
        Case("pure noise", lambda x, noise: noise, ()),
        Case("noise, one category of 8", lambda x, noise: noise, (), levels=8),
        Case("noise, 60 parameters", lambda x, noise: noise, (), dimension=60),
        Case("noise with diverged runs", lambda x, noise: np.where(noise > 1, 1e12 * noise, noise), ()),
        Case("smooth, two matter", lambda x, noise: _smooth(x) + 0.1 * noise, (0, 1)),
        Case("smooth, diverged runs", lambda x, noise: _diverged(_smooth(x) + 0.1 * noise, x), (0, 1)),
        Case("linear, two matter", lambda x, noise: x[:, 0] + x[:, 1] + 0.1 * noise, (0, 1)),
        Case("two optima in the middle", lambda x, noise: _bowl(x[:, 0]) + _bowl(x[:, 1]) + 0.02 * noise, (0, 1)),
        Case("one matters", lambda x, noise: x[:, 0] + 0.1 * noise, (0,)),
        Case("a product of two only", lambda x, noise: 4 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5) + 0.1 * noise, (0, 1)),
        Case("category of 8 and a number", lambda x, noise: _category(x) + x[:, 0] + 0.1 * noise, (0, 4), levels=8),
        Case("60 parameters, two matter", lambda x, noise: _smooth(x) + 0.1 * noise, (0, 1), dimension=60),
    )
}


def _smooth(x: Values) -> Values:
    value: Values = np.sin(2.5 * x[:, 0]) + 2 * (x[:, 1] - 0.3) ** 2
    return value


def _bowl(x: Values) -> Values:
    return (x - 0.5) ** 2


def _diverged(value: Values, x: Values) -> Values:
    return np.where(x[:, 1] > 0.93, 1e12, value)


def _category(x: Values) -> Values:
    """An effect of the levels 0 to 7 without order."""
    effects: Values = np.array([0.0, 1.0, 0.2, 0.9, 0.1, 1.1, 0.3, 0.8])
    chosen: Values = effects[(x[:, -1] * 8).astype(int)]
    return chosen


def simulated(case: Case, runs: int, seed: int) -> tuple[list[RunRecord], sweep_config.SweepConfig]:
    """A sweep by random search that is over."""
    rng = np.random.default_rng(seed)
    x = rng.random((runs, case.dimension))
    values = case.metric(x, rng.standard_normal(runs))
    parameters: dict[str, Any] = {f"p{k:02}": {"min": 0.0, "max": 1.0} for k in range(case.dimension)}
    configs: list[dict[str, Any]] = [dict(zip(parameters, row, strict=True)) for row in x.tolist()]
    if case.levels:
        last = f"p{case.dimension - 1:02}"
        parameters[last] = {"values": [f"level {level}" for level in range(case.levels)]}
        for config in configs:
            config[last] = f"level {int(config[last] * case.levels)}"
    checked = sweep_config.load(
        {"method": "random", "metric": {"name": "loss", "goal": "minimize"}, "parameters": parameters}
    )
    records = [
        RunRecord(str(n), None, n, f"run-{n}", "", each, "finished", summary={"loss": float(value)})
        for n, (each, value) in enumerate(zip(configs, values, strict=True))
    ]
    return records, checked


def answer(case: Case, runs: int, seed: int) -> Importance:
    """What `measure` says of a simulated sweep."""
    result = measure(*simulated(case, runs, seed))
    assert result is not None
    return result


def important(case: Case, runs: int, seed: int) -> set[int]:
    """The parameters that are called important, by number."""
    return {int(row.name[1:]) for row in answer(case, runs, seed).rows if row.important}


def errors(sweeps: int) -> None:
    """False alarms and what is found."""
    print(
        f"\n{sweeps} sweeps each: false alarms a parameter, sweeps with any; sweeps in which all that matter are found"
    )
    for case in CASES.values():
        for runs in (30, 100) if case.dimension < 10 else (100,):
            calls = [important(case, runs, seed) for seed in range(sweeps)]
            wrong = [len(found - set(case.matter)) for found in calls]
            others = case.dimension - len(case.matter)
            line = f"| {case.name} | {runs} | {sum(wrong) / sweeps / others:.1%} | {np.mean(np.array(wrong) > 0):.1%} |"
            if case.matter:
                each = " ".join(f"{np.mean([k in found for found in calls]):.0%}" for k in case.matter)
                line += f" {np.mean([set(case.matter) <= found for found in calls]):.0%} | {each} |"
            print(line, flush=True)


def others(sweeps: int) -> None:
    """What the usual importances say of pure noise, in five parameters at 30 runs."""
    from sklearn.ensemble import RandomForestRegressor

    case, tops, above = CASES["pure noise"], [], []
    for seed in range(sweeps):
        runs, _ = simulated(case, 30, seed)
        x = np.array([list(run.config.values()) for run in runs])
        y = np.array([run.summary["loss"] for run in runs])
        shares = RandomForestRegressor(n_estimators=100, random_state=0).fit(x, y).feature_importances_
        tops.append(shares.max())
        above.append((shares > 0.2).mean())
    print(f"\nscikit-learn's impurity importance: top {np.mean(tops):.2f}, above an even share {np.mean(above):.0%}")
    if importlib.util.find_spec("optuna"):
        optuna_tops = [_optuna_top(*simulated(case, 30, seed)) for seed in range(sweeps)]
        print(f"Optuna's default: top {np.mean(optuna_tops):.2f}")
    ours = [answer(case, 30, seed) for seed in range(sweeps)]
    top = np.mean([max(row.importance for row in each.rows) for each in ours])
    print(f"nbsweep: top {top:.2f}, band {np.mean([each.null_band for each in ours]):.2f}")


def _optuna_top(runs: list[RunRecord], config: sweep_config.SweepConfig) -> float:
    import optuna  # type: ignore[import-not-found,unused-ignore]

    study = optuna.create_study()
    ranges = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in config.parameters}
    for run in runs:
        study.add_trial(optuna.trial.create_trial(params=run.config, distributions=ranges, value=run.summary["loss"]))
    return float(max(optuna.importance.get_param_importances(study).values()))


def intervals(sweeps: int) -> None:
    """How often the interval holds the importance that sweeps of that size have on average."""
    print("\nintervals: how often they hold the average over sweeps, wanted 90 %")
    for name in ("smooth, two matter", "two optima in the middle", "linear, two matter"):
        for runs in (30, 100, 300):
            found = [{row.name: row for row in answer(CASES[name], runs, seed).rows} for seed in range(sweeps)]
            for parameter in ("p00", "p01"):
                rows = [each[parameter] for each in found]
                mean = float(np.mean([row.importance for row in rows]))
                held = np.mean([row.low <= mean <= row.high for row in rows])
                print(f"| {name} | {runs} | {parameter} | {mean:.2f} | {held:.0%} |", flush=True)


def bands(sweeps: int) -> None:
    """How the band shrinks with the runs."""
    print("\nband of pure noise")
    for runs in (15, 30, 60, 120, 240, 480, 1000, 3000):
        band = [answer(CASES["pure noise"], runs, seed).null_band for seed in range(sweeps)]
        print(f"| {runs} | {np.mean(band):.3f} |", flush=True)


PEER = """
import sys, time, statistics, numpy as np, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
x = np.load(sys.argv[1]); y = x[:, -1]; x = x[:, :-1]
names = [f"p{k:02}" for k in range(x.shape[1])]
ranges = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
study = optuna.create_study()
study.add_trials([optuna.trial.create_trial(params=dict(zip(names, row)), distributions=ranges, value=value)
                  for row, value in zip(x.tolist(), y.tolist())])
for make in (lambda: FanovaImportanceEvaluator(n_trees=100, seed=0), PedAnovaImportanceEvaluator):
    taken, used = [], []
    while len(taken) < 5 and sum(taken) < 60:
        began, cpu = time.perf_counter(), time.process_time()
        optuna.importance.get_param_importances(study, evaluator=make())
        taken.append(time.perf_counter() - began); used.append(time.process_time() - cpu)
    print(statistics.median(taken), statistics.median(used))
"""


def times(peer: str | None) -> None:
    """Medians of five, the first one not counted; Optuna's of as many as fit into a minute."""
    print(f"\nruns × 10 parameters: seconds, and CPU seconds; load average {os.getloadavg()[0]:.1f}")
    for name, case in {
        "noise": Case("", lambda x, noise: noise, (), 10),
        "two matter": Case("", lambda x, noise: _smooth(x) + 0.1 * noise, (0, 1), 10),
    }.items():
        for runs in (30, 100, 1_000, 10_000):
            sweep = simulated(case, runs, 0)
            taken, used = [], []
            for _ in range(6):
                begun, cpu = time.perf_counter(), time.process_time()
                measure(*sweep)
                taken.append(time.perf_counter() - begun)
                used.append(time.process_time() - cpu)
            found = [(statistics.median(taken[1:]), statistics.median(used[1:])), *_peer_times(peer, sweep[0])]
            print(f"| {name} | {runs} |" + "".join(f" {wall:.3f} | {cpu:.3f} |" for wall, cpu in found), flush=True)


def _peer_times(peer: str | None, runs: list[RunRecord]) -> list[tuple[float, float]]:
    """Seconds and CPU seconds of Optuna's fANOVA and of its PED-ANOVA, of the same runs."""
    if peer is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "runs.npy")
        np.save(table, np.array([[*run.config.values(), run.summary["loss"]] for run in runs]))
        out = subprocess.run([peer, "-c", PEER, str(table)], capture_output=True, text=True, check=True).stdout
    return [(float(wall), float(cpu)) for wall, cpu in (line.split() for line in out.splitlines())]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sweeps", type=int, default=200)
    parser.add_argument("--only", choices=["errors", "others", "intervals", "bands", "times"])
    parser.add_argument("--peer", help="the Python of an environment that has optuna, to be timed beside")
    options = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "times": lambda: times(options.peer),
        "errors": lambda: errors(options.sweeps),
        "others": lambda: others(options.sweeps),
        "intervals": lambda: intervals(options.sweeps),
        "bands": lambda: bands(max(options.sweeps // 10, 3)),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


if __name__ == "__main__":
    main()
