"""Test functions with known minima, moved so that no optimum lies at the middle of its range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.search.problems import Problem

__all__ = ["PROBLEMS", "ackley", "branin", "hartmann6"]

Config = Mapping[str, Any]

_HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _x(config: Config, count: int) -> Any:
    return np.array([config[f"x{i}"] for i in range(count)], dtype=float)


def _box(count: int, low: float, high: float) -> dict[str, Any]:
    return {f"x{i}": {"min": float(low), "max": float(high)} for i in range(count)}


def branin(config: Config) -> float:
    """Branin's function; its minimum is 0.397887."""
    x, y = config["x0"], config["x1"]
    bowl = y - 5.1 / (4 * np.pi**2) * x * x + 5 / np.pi * x - 6
    return float(bowl * bowl + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


def hartmann6(config: Config) -> float:
    """Hartmann's function in six dimensions; its minimum is -3.32237."""
    distance = (_HARTMANN_A * (_x(config, 6) - _HARTMANN_P) ** 2).sum(1)
    return -float(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-distance))


def ackley(x: Any) -> float:
    """Ackley's function; its minimum is 0, at 0."""
    return float(-20 * np.exp(-0.2 * np.sqrt((x * x).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + np.e)


def ackley_mixed(config: Config) -> float:
    """Three real, two whole, and two categorical coordinates, whose right values are not next to each other."""
    real = _x(config, 3) - np.array([1.3, -2.1, 0.4])
    whole = np.array([config["n0"] - 3, config["n1"] - 14]) / 4.0
    wrong = np.array([{"c": 0.0, "a": 0.7, "e": 1.0}.get(config["k"], 1.6), 0.0 if config["flag"] else 0.8])
    return ackley(np.concatenate([real, whole, wrong]))


def rosenbrock_logs(config: Config) -> float:
    """Rosenbrock's valley in the logarithms of four rates."""
    z = np.array([np.log10(config[f"rate{i}"]) + 3.0 for i in range(4)])
    return float((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum())


def levy(config: Config) -> float:
    """Levy's function in four dimensions, its minimum moved."""
    w = 1 + (_x(config, 4) - np.array([0.7, -1.2, 2.0, 0.3]) - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    return float(np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2))


def four_of_twenty(config: Config) -> float:
    """Twenty parameters, four of which matter."""
    x = _x(config, 20)
    z = x[[2, 7, 11, 18]] - np.array([0.2, 0.85, 0.6, 0.35])
    return float((z * z * np.array([4.0, 3.0, 2.0, 1.0])).sum() + 0.4 * z[0] * z[1] - 0.3 * np.exp(-40 * z[2] ** 2))


_RATE = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0}

PROBLEMS = (
    Problem("branin", {"x0": {"min": -5.0, "max": 10.0}, "x1": {"min": 0.0, "max": 15.0}}, branin),
    Problem("hartmann6", _box(6, 0, 1), hartmann6),
    Problem(
        "ackley mixed",
        _box(3, -5, 5)
        | {"n0": {"min": 0, "max": 20}, "n1": {"min": 0, "max": 20}}
        | {"k": {"values": ["a", "b", "c", "d", "e"]}, "flag": {"values": [True, False]}},
        ackley_mixed,
    ),
    Problem("rosenbrock logs", {f"rate{i}": _RATE for i in range(4)}, rosenbrock_logs),
    Problem("levy noisy", _box(4, -6, 6), levy, noise=1.0),
    Problem("4 of 20", _box(20, 0, 1), four_of_twenty),
)
