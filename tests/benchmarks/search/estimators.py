"""scikit-learn's models on scikit-learn's data, in Bayesmark's manner: the error of cross-validation, offline.

R. Turner et al., "Bayesian Optimization is Superior to Random Search for Machine Learning Hyperparameter Tuning", 2021.
Data sets are cut so that an evaluation takes 5 to 300 ms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tests.benchmarks.search.problems import Problem

__all__ = ["PROBLEMS", "error", "forest", "knn", "log_values", "logistic", "svc", "whole"]

Config = Mapping[str, Any]


@lru_cache
def _data(name: str) -> tuple[Any, Any]:
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(7).permutation(len(x))[:450]
    x = StandardScaler().fit_transform(x[rows])
    y = y[rows]
    return x, (y - y.mean()) / y.std() if name == "diabetes" else y


def error(data: str, scoring: str, make: Callable[[Config], Any]) -> Callable[[Config], float]:
    """Minus the mean score of 3-fold cross-validation, as a function of the config."""

    def function(config: Config) -> float:
        from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

        x, y = _data(data)
        folds = (KFold if data == "diabetes" else StratifiedKFold)(3, shuffle=True, random_state=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return -float(cross_val_score(make(config), x, y, cv=folds, scoring=scoring).mean())

    return function


def log_values(low: float, high: float) -> dict[str, Any]:
    return {"distribution": "log_uniform_values", "min": low, "max": high}


def whole(low: int, high: int) -> dict[str, Any]:
    return {"distribution": "int_uniform", "min": low, "max": high}


def svc(config: Config) -> Any:
    from sklearn.svm import SVC

    return SVC(C=config["C"], gamma=config["gamma"], kernel=config["kernel"], max_iter=3000)


def _svr(config: Config) -> Any:
    from sklearn.svm import SVR

    return SVR(C=config["C"], gamma=config["gamma"], epsilon=config["epsilon"], kernel="rbf", max_iter=5000)


def _mlp(config: Config) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (config["units"],) * config["layers"],
        activation=config["activation"],
        alpha=config["alpha"],
        learning_rate_init=config["rate"],
        batch_size=config["batch"],
        max_iter=15,
        random_state=1,
    )


def forest(config: Config) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        config["trees"],
        criterion=config["criterion"],
        max_depth=config["depth"],
        max_features=config["features"],
        min_samples_split=config["split"],
        min_samples_leaf=config["leaf"],
        random_state=1,
    )


def _boosting(config: Config) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(
        n_estimators=config["trees"],
        learning_rate=config["rate"],
        max_depth=config["depth"],
        subsample=config["subsample"],
        max_features=config["features"],
        min_samples_leaf=config["leaf"],
        random_state=1,
    )


def knn(config: Config) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(config["k"], weights=config["weights"], p=config["p"])


def logistic(config: Config) -> Any:
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        "log_loss",
        penalty="elasticnet",
        alpha=config["alpha"],
        l1_ratio=config["l1"],
        learning_rate=config["schedule"],
        eta0=config["eta0"],
        max_iter=config["epochs"],
        tol=None,
        random_state=1,
    )


def _lasso(config: Config) -> Any:
    from sklearn.linear_model import Lasso
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    powers = PolynomialFeatures(config["degree"], interaction_only=config["interactions"], include_bias=False)
    return make_pipeline(powers, Lasso(config["alpha"], tol=config["tol"], max_iter=60, selection="cyclic"))


SVC_SPACE = {
    "C": log_values(1e-3, 1e3),
    "gamma": log_values(1e-4, 1e1),
    "kernel": {"values": ["rbf", "poly", "sigmoid"]},
}
SVR_SPACE = {"C": log_values(1e-3, 1e3), "gamma": log_values(1e-4, 1e1), "epsilon": log_values(1e-3, 1.0)}
MLP_SPACE = {
    "units": {"values": [4, 8, 16, 32, 64]},
    "layers": whole(1, 3),
    "activation": {"values": ["relu", "tanh", "logistic"]},
    "alpha": log_values(1e-6, 1.0),
    "rate": log_values(1e-5, 0.3),
    "batch": {"distribution": "q_log_uniform_values", "min": 8, "max": 128, "q": 8},
}
FOREST_SPACE = {
    "trees": {"distribution": "q_uniform", "min": 5, "max": 60, "q": 5},
    "criterion": {"values": ["gini", "entropy"]},
    "depth": whole(1, 15),
    "features": {"min": 0.05, "max": 1.0},
    "split": whole(2, 20),
    "leaf": whole(1, 10),
}
BOOSTING_SPACE = {
    "trees": whole(10, 120),
    "rate": log_values(1e-3, 1.0),
    "depth": whole(1, 6),
    "subsample": {"min": 0.3, "max": 1.0},
    "features": {"min": 0.1, "max": 1.0},
    "leaf": whole(1, 20),
}
KNN_SPACE = {"k": whole(1, 40), "weights": {"values": ["uniform", "distance"]}, "p": {"min": 1.0, "max": 5.0}}
LOGISTIC_SPACE = {
    "alpha": log_values(1e-6, 1.0),
    "l1": {"min": 0.0, "max": 1.0},
    "schedule": {"values": ["constant", "optimal", "invscaling", "adaptive"]},
    "eta0": log_values(1e-4, 1.0),
    "epochs": whole(2, 40),
}
LASSO_SPACE = {
    "alpha": log_values(1e-4, 1.0),
    "tol": log_values(1e-6, 1e-1),
    "degree": whole(1, 2),
    "interactions": {"values": [True, False]},
}

PROBLEMS = (
    Problem("svm cancer accuracy", SVC_SPACE, error("breast_cancer", "accuracy", svc)),
    Problem("svm diabetes", SVR_SPACE, error("diabetes", "neg_mean_squared_error", _svr)),
    Problem("mlp wine", MLP_SPACE, error("wine", "neg_log_loss", _mlp), costly=True),
    Problem("forest digits accuracy", FOREST_SPACE, error("digits", "accuracy", forest), costly=True),
    Problem("boosting diabetes", BOOSTING_SPACE, error("diabetes", "neg_mean_squared_error", _boosting), costly=True),
    Problem("knn wine accuracy", KNN_SPACE, error("wine", "accuracy", knn)),
    Problem("logistic cancer", LOGISTIC_SPACE, error("breast_cancer", "neg_log_loss", logistic)),
    Problem("lasso diabetes", LASSO_SPACE, error("diabetes", "neg_mean_squared_error", _lasso)),
)
