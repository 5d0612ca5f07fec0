"""Two small PyTorch networks on scikit-learn's digits, with the space of W&B's tutorial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tests.benchmarks.search.problems import Problem

__all__ = ["PROBLEMS"]

Config = Mapping[str, Any]

SPACE = {
    "optimizer": {"values": ["adam", "sgd"]},
    "fc_layer_size": {"values": [32, 64, 128]},
    "dropout": {"values": [0.3, 0.4, 0.5]},
    "learning_rate": {"distribution": "uniform", "min": 0.0, "max": 0.1},
    "batch_size": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
}


@lru_cache
def _digits() -> tuple[Any, ...]:
    import torch
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(3).permutation(len(x))
    x, y = torch.tensor(x[rows] / 16.0, dtype=torch.float32), torch.tensor(y[rows])
    return x[:1000], y[:1000], x[1000:], y[1000:]


def _loss(epochs: int, convolution: bool) -> Callable[[Config], float]:
    def function(config: Config) -> float:
        import torch
        from torch import nn

        torch.manual_seed(1)
        x, y, x_test, y_test = _digits()
        width, shape = config["fc_layer_size"], (1, 8, 8)
        first: list[nn.Module] = (
            [nn.Unflatten(1, shape), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, width)]
            if convolution
            else [nn.Linear(64, width)]
        )
        net = nn.Sequential(*first, nn.ReLU(), nn.Dropout(config["dropout"]), nn.Linear(width, 10))
        kind = torch.optim.Adam if config["optimizer"] == "adam" else torch.optim.SGD
        optimizer = kind(net.parameters(), lr=config["learning_rate"])
        criterion = nn.CrossEntropyLoss()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(config["batch_size"]):
                optimizer.zero_grad()
                criterion(net(x[rows]), y[rows]).backward()
                optimizer.step()
        net.eval()
        with torch.no_grad():
            return float(criterion(net(x_test), y_test))

    return function


PROBLEMS = (
    Problem("network digits", SPACE, _loss(6, convolution=False), costly=True),
    Problem("convolution digits", SPACE, _loss(3, convolution=True), costly=True),
)
