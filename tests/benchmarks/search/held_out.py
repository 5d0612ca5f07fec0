"""Problems that the search was not tuned on; their results are reported apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.search.estimators import (
    FOREST_SPACE,
    KNN_SPACE,
    LOGISTIC_SPACE,
    SVC_SPACE,
    error,
    forest,
    knn,
    log_values,
    logistic,
    svc,
    whole,
)
from tests.benchmarks.search.problems import Problem

__all__ = ["PROBLEMS"]

Config = Mapping[str, Any]


def styblinski(config: Config) -> float:
    """Styblinski and Tang's function in five dimensions, and a categorical that bends it."""
    x = np.array([config[f"x{i}"] for i in range(5)]) + {"a": 0.0, "b": 0.6, "c": -0.6}[config["shift"]]
    return float(0.5 * (x**4 - 16 * x * x + 5 * x).sum()) + (2.0 if config["shift"] == "b" else 0.0)


def griewank(config: Config) -> float:
    """Griewank's function in three dimensions, moved."""
    x = np.array([config[f"x{i}"] for i in range(3)]) - np.array([31.0, -17.0, 60.0])
    return float((x * x).sum() / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, 4)))) + 1)


def staircase(config: Config) -> float:
    """A training curve's manner: a valley in log rate and whole depth and width, in steps, with equal values."""
    rate = np.log10(config["rate"])
    depth, width, drop = config["depth"], np.log2(config["width"]), config["drop"]
    loss = (rate + 2.4 + 0.3 * depth) ** 2 + 0.05 * (width - 7) ** 2 + 0.4 * abs(drop - 0.2) + 0.08 * (depth - 4) ** 2
    loss += {"adam": 0.0, "sgd": 0.35, "rmsprop": 0.1}[config["optimizer"]]
    return float(np.round(loss, 1 if loss > 0.3 else 2))


def _gaussian(config: Config) -> Any:
    from sklearn.kernel_ridge import KernelRidge

    return KernelRidge(alpha=config["alpha"], gamma=config["gamma"], kernel=config["kernel"], degree=config["degree"])


def _trees(config: Config) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(
        max_depth=config["depth"],
        min_samples_split=config["split"],
        min_samples_leaf=config["leaf"],
        max_features=config["features"],
        min_impurity_decrease=config["decrease"],
        criterion=config["criterion"],
        random_state=3,
    )


PROBLEMS = (
    Problem(
        "styblinski mixed",
        {f"x{i}": {"min": -5.0, "max": 5.0} for i in range(5)} | {"shift": {"values": ["a", "b", "c"]}},
        styblinski,
        group="held out",
    ),
    Problem("griewank", {f"x{i}": {"min": -100.0, "max": 100.0} for i in range(3)}, griewank, group="held out"),
    Problem(
        "staircase",
        {
            "rate": log_values(1e-6, 1.0),
            "depth": whole(1, 8),
            "width": {"values": [16, 32, 64, 128, 256, 512, 1024]},
            "drop": {"distribution": "q_uniform", "min": 0.0, "max": 0.5, "q": 0.05},
            "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
        },
        staircase,
        group="held out",
    ),
    Problem("svm digits", SVC_SPACE, error("digits", "accuracy", svc), group="held out"),
    Problem("knn cancer", KNN_SPACE, error("breast_cancer", "neg_log_loss", knn), group="held out"),
    Problem("logistic wine", LOGISTIC_SPACE, error("wine", "neg_log_loss", logistic), group="held out"),
    Problem(
        "ridge diabetes",
        {
            "alpha": log_values(1e-5, 1e2),
            "gamma": log_values(1e-5, 1.0),
            "kernel": {"values": ["rbf", "laplacian", "polynomial"]},
            "degree": whole(1, 4),
        },
        error("diabetes", "neg_mean_squared_error", _gaussian),
        group="held out",
    ),
    Problem(
        "tree digits",
        {
            "depth": whole(1, 20),
            "split": whole(2, 30),
            "leaf": whole(1, 20),
            "features": {"min": 0.1, "max": 1.0},
            "decrease": log_values(1e-6, 1e-1),
            "criterion": {"values": ["gini", "entropy"]},
        },
        error("digits", "accuracy", _trees),
        group="held out",
    ),
    Problem(
        "forest cancer", FOREST_SPACE, error("breast_cancer", "neg_log_loss", forest), costly=True, group="held out"
    ),
)
