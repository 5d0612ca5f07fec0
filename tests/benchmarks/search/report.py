"""Regret, ranked, with confidence intervals: what the table and the picture in docs/search.md show.

Normalised regret after n evaluations: (best value so far - best value anyone ever found) / (median of random search
after n evaluations - best value anyone ever found; at least a hundredth of that after one), averaged over seeds, then
over problems. For a noisy problem the value is the noiseless one of the evaluation that looked best. The interval is a
bootstrap over seeds within problems, for the difference from nbsweep over the same draws.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.search.problems import every_problem
from tests.benchmarks.search.running import Result

__all__ = ["regrets", "report"]

AT = (20, 40, 80)
_DRAWS = 2000
_SHOWN_AS = {
    "nbsweep": "**nbsweep**",
    "random": "random search",
    "optuna-tpe": "Optuna, TPE",
    "optuna-tpe-univariate": "Optuna, TPE a parameter at a time",
    "optuna-gp": "Optuna, Gaussian process",
    "wandb": "W&B's `sweeps`",
    "botorch": "BoTorch",
    "hebo": "HEBO",
    "smac": "SMAC",
}
Curves = dict[tuple[str, str], NDArray[np.float64]]  # (method, problem) -> (seeds, evaluations)


def report(results: list[Result], *, workers: int = 1, picture: Path | None = None) -> str:
    """The tables as Markdown: of all problems, and of each group apart."""
    results = [result for result in results if result.workers == workers]
    group_of = {name: problem.group for name, problem in every_problem().items()}
    parts = []
    shown: dict[str, Curves] = {}
    for group in ("all", *dict.fromkeys(group_of.values())):
        chosen = [result for result in results if group in ("all", group_of[result.problem])]
        if chosen:
            found = regrets(chosen)
            parts.append(f"### {group.capitalize()}\n\n" + _table(found, chosen))
            if group != "all":
                shown[group.capitalize()] = found
                parts.append(_by_problem(found))
    if picture is not None and shown:
        _draw(shown, picture)
    return "\n\n".join(parts)


def regrets(results: Iterable[Result]) -> Curves:
    """Normalised regret by method and problem: rows seeds, columns evaluations; NaN where a search was shorter."""
    best_so_far: dict[str, dict[str, list[NDArray[np.float64]]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        leader = np.array([int(np.argmin(result.told[: n + 1])) for n in range(len(result.told))])
        curve = np.asarray(result.values)[leader]
        best_so_far[result.problem][result.method].append(np.asarray(curve, dtype=float))
    curves: Curves = {}
    for problem, methods in best_so_far.items():
        if "random" not in methods:
            continue
        lowest = min(float(curve.min()) for each in methods.values() for curve in each)
        chance = np.nanmedian(_stacked(methods["random"]), axis=0) - lowest
        for method, each in methods.items():
            stacked = _stacked(each)
            scale = np.maximum(chance[: stacked.shape[1]], 0.01 * chance[0] + 1e-12)
            curves[method, problem] = (stacked - lowest) / scale
    return curves


def _stacked(curves: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    stacked = np.full((len(curves), max(len(curve) for curve in curves)), np.nan)
    for row, curve in zip(stacked, curves, strict=True):
        row[: len(curve)] = curve
    return stacked


def _after(curve: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The regret after n evaluations, of the seeds that have as many."""
    if curve.shape[1] < n:
        return np.empty(0)
    column = curve[:, n - 1]
    return np.asarray(column[np.isfinite(column)])


def _mean(curves: Curves, method: str, n: int, rng: np.random.Generator | None = None) -> float:
    """The mean over problems of the mean over seeds (drawn anew, with `rng`); NaN where a problem is too short."""
    found = []
    for (name, _), curve in curves.items():
        if name == method:
            column = _after(curve, n)
            if not len(column):
                return float("nan")
            found.append(float((column if rng is None else rng.choice(column, len(column))).mean()))
    return float(np.mean(found)) if found else float("nan")


def _common(curves: Curves) -> Curves:
    """The problems that every method has."""
    methods = {method for method, _ in curves}
    problems = {problem for _, problem in curves if all((method, problem) in curves for method in methods)}
    return {key: curve for key, curve in curves.items() if key[1] in problems}


def _table(curves: Curves, results: list[Result]) -> str:
    curves = _common(curves)
    methods = sorted({method for method, _ in curves}, key=lambda method: _key(curves, method))
    lines = [
        "| method | seeds | " + " | ".join(f"after {n}" for n in AT) + " | ask() median, 95% |",
        "| --- | --- | " + " | ".join("---" for _ in AT) + " | --- |",
    ]
    for method in methods:
        counts = [_seeds(curves, method, n) for n in AT if np.isfinite(_mean(curves, method, n))]
        seeds = ", ".join(counts if len(set(counts)) > 1 else counts[:1])
        cells = [_cell(curves, method, n) for n in AT]
        asks = np.concatenate([result.ask_ms[20:] or [0.0] for result in results if result.method == method])
        lines.append(
            f"| {_SHOWN_AS[method]} | {seeds} | "
            + " | ".join(cells)
            + f" | {np.median(asks):.0f} ms, {np.percentile(asks, 95):.0f} ms |"
        )
    problems = len({problem for _, problem in curves})
    return f"{problems} problems; in brackets the 95% interval of the difference from nbsweep.\n\n" + "\n".join(lines)


def _seeds(curves: Curves, method: str, n: int) -> str:
    """How many seeds its mean after n evaluations is of."""
    counts = sorted({len(_after(curve, n)) for (name, _), curve in curves.items() if name == method})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _key(curves: Curves, method: str) -> float:
    mean = _mean(curves, method, 40)
    return mean if np.isfinite(mean) else np.inf


def _cell(curves: Curves, method: str, n: int) -> str:
    mean = _mean(curves, method, n)
    if not np.isfinite(mean):
        return ""
    if method == "nbsweep" or not np.isfinite(_mean(curves, "nbsweep", n)):
        return f"{mean:.2f}"
    rng = np.random.default_rng(1)
    drawn = [_mean(curves, method, n, rng) - _mean(curves, "nbsweep", n, rng) for _ in range(_DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{mean:.2f} [{low:+.2f}, {high:+.2f}]"


def _by_problem(curves: Curves) -> str:
    methods = sorted({method for method, _ in curves}, key=lambda method: _key(_common(curves), method))
    lines = [
        "| after 40, mean | " + " | ".join(methods) + " |",
        "| --- | " + " | ".join("---" for _ in methods) + " |",
    ]
    for problem in sorted({problem for _, problem in curves}):
        cells = []
        for method in methods:
            curve = curves.get((method, problem))
            column = np.empty(0) if curve is None else _after(curve, 40)
            cells.append(f"{column.mean():.2f}" if len(column) else "")
        lines.append(f"| {problem} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _draw(shown: dict[str, Curves], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        1, len(shown), figsize=(5.5 * len(shown), 4), squeeze=False, sharey=True, layout="constrained"
    )
    colours = {method: f"C{number}" for number, method in enumerate(_SHOWN_AS)}
    for panel, (title, curves) in zip(panels[0], shown.items(), strict=True):
        curves = _common(curves)
        for method in sorted({method for method, _ in curves}, key=lambda method: _key(curves, method)):
            each = [curve for (name, _), curve in curves.items() if name == method]
            length = min(curve.shape[1] for curve in each)
            whole = [curve[np.isfinite(curve[:, length - 1]), :length] for curve in each]  # or it jumps where some end
            mean = np.mean([curve.mean(axis=0) for curve in whole], axis=0)
            style: dict[str, Any] = {"color": colours[method], "linewidth": 2.5 if method == "nbsweep" else 1.2}
            panel.plot(
                np.arange(5, length + 1), mean[4:], label=_SHOWN_AS[method].replace("*", "").replace("`", ""), **style
            )
        panel.set(title=title, xlabel="evaluations", yscale="log")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("normalised regret")
    shares = [0.3, 0.5, 1.0, 2.0]
    panels[0][0].set_yticks(shares, [f"{share:g}" for share in shares])
    panels[0][0].minorticks_off()
    names, lines = zip(*{line.get_label(): line for panel in panels[0] for line in panel.lines}.items(), strict=True)
    figure.legend(lines, names, fontsize=9, loc="outside lower center", ncols=len(names), frameon=False)
    figure.savefig(path, dpi=110)
