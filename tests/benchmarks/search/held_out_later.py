"""Problems written when the search was done, after `held_out`'s had been looked at; reported apart from both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.search.estimators import error, log_values, whole
from tests.benchmarks.search.problems import Problem

__all__ = ["PROBLEMS"]

Config = Mapping[str, Any]


def michalewicz(config: Config) -> float:
    """Michalewicz's function in five dimensions: steep valleys across each other, flat elsewhere."""
    x = np.array([config[f"x{i}"] for i in range(5)])
    return -float((np.sin(x) * np.sin(np.arange(1, 6) * x * x / np.pi) ** 20).sum())


def camel(config: Config) -> float:
    """The six-hump camel's back; each of three modes turns and lifts it otherwise."""
    turn, lift = {"left": (0.0, 0.4), "right": (0.9, 0.0), "back": (2.2, 0.2)}[config["mode"]]
    x = config["x0"] * np.cos(turn) - config["x1"] * np.sin(turn)
    y = config["x0"] * np.sin(turn) + config["x1"] * np.cos(turn)
    hump = (4 - 2.1 * x * x + x**4 / 3) * x * x + x * y + (4 * y * y - 4) * y * y
    return float(np.log1p(hump + 1.0317) + lift)


def _histogram_boosting(config: Config) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=config["rate"],
        max_iter=config["trees"],
        max_leaf_nodes=config["leaves"],
        min_samples_leaf=config["samples"],
        l2_regularization=config["l2"],
        random_state=1,
    )


def _descent(config: Config) -> Any:
    from sklearn.linear_model import SGDRegressor

    return SGDRegressor(
        loss=config["loss"],
        penalty=config["penalty"],
        alpha=config["alpha"],
        eta0=config["eta0"],
        learning_rate=config["schedule"],
        epsilon=config["epsilon"],
        max_iter=20,
        tol=None,
        random_state=1,
    )


def _components(config: Config) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    first = PCA(config["components"], whiten=config["whiten"], random_state=1)
    return make_pipeline(first, SVC(C=config["C"], gamma=config["gamma"], max_iter=3000))


def _nystroem(config: Config) -> Any:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline

    features = Nystroem(
        config["kernel"], gamma=config["gamma"], n_components=config["components"], degree=2, coef0=1, random_state=1
    )
    return make_pipeline(features, RidgeClassifier(config["alpha"]))


def _boosted_stumps(config: Config) -> Any:
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=config["depth"], criterion=config["criterion"], random_state=1)
    return AdaBoostClassifier(tree, n_estimators=config["trees"], learning_rate=config["rate"], random_state=1)


def _network(config: Config) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(config["units"],),
        solver=config["solver"],
        activation=config["activation"],
        alpha=config["alpha"],
        learning_rate_init=config["rate"],
        max_iter=20,
        random_state=1,
    )


PROBLEMS = tuple(
    Problem(name, parameters, function, group="held out later")
    for name, parameters, function in (
        ("michalewicz", {f"x{i}": {"min": 0.0, "max": float(np.pi)} for i in range(5)}, michalewicz),
        (
            "camel mixed",
            {
                "x0": {"min": -2.0, "max": 2.0},
                "x1": {"min": -1.5, "max": 1.5},
                "mode": {"values": ["left", "right", "back"]},
            },
            camel,
        ),
        (
            "histogram boosting cancer",
            {
                "rate": log_values(1e-3, 1.0),
                "trees": whole(3, 30),
                "leaves": whole(2, 16),
                "samples": whole(1, 50),
                "l2": log_values(1e-6, 1e2),
            },
            error("breast_cancer", "neg_log_loss", _histogram_boosting),
        ),
        (
            "descent diabetes",
            {
                "loss": {"values": ["squared_error", "huber", "epsilon_insensitive"]},
                "penalty": {"values": ["l1", "l2"]},
                "alpha": log_values(1e-6, 1e1),
                "eta0": log_values(1e-5, 1e-1),
                "schedule": {"values": ["constant", "invscaling", "adaptive"]},
                "epsilon": log_values(1e-3, 1e1),
            },
            error("diabetes", "neg_mean_squared_error", _descent),
        ),
        (
            "components digits accuracy",
            {
                "components": whole(2, 60),
                "whiten": {"values": [True, False]},
                "C": log_values(1e-2, 1e3),
                "gamma": log_values(1e-4, 1e1),
            },
            error("digits", "accuracy", _components),
        ),
        (
            "nystroem digits accuracy",
            {
                "kernel": {"values": ["rbf", "laplacian", "poly", "sigmoid"]},
                "gamma": log_values(1e-5, 1.0),
                "components": whole(5, 200),
                "alpha": log_values(1e-6, 1e3),
            },
            error("digits", "accuracy", _nystroem),
        ),
        (
            "stumps wine",
            {
                "depth": whole(1, 6),
                "criterion": {"values": ["gini", "entropy", "log_loss"]},
                "trees": whole(3, 30),
                "rate": log_values(1e-3, 1e1),
            },
            error("wine", "neg_log_loss", _boosted_stumps),
        ),
        (
            "regression network diabetes",
            {
                "units": {"values": [4, 8, 16, 32, 64]},
                "solver": {"values": ["adam", "lbfgs"]},
                "activation": {"values": ["relu", "tanh", "logistic"]},
                "alpha": log_values(1e-6, 1e2),
                "rate": log_values(1e-4, 1.0),
            },
            error("diabetes", "neg_mean_squared_error", _network),
        ),
    )
)
