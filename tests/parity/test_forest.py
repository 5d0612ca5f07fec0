"""The forest beside scikit-learn's: the same parameters matter, in the same order and in about the same proportions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from nbsweep import sweep_config
from nbsweep.importance import measure
from nbsweep.store import RunRecord

RUNS = 300
SLOPES = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 0.0, "e": 0.0}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shares_are_in_proportion_to_those_of_scikit_learns_forest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    configs = rng.uniform(size=(RUNS, len(SLOPES)))
    losses = configs @ np.array(list(SLOPES.values())) + 0.1 * rng.normal(size=RUNS)
    config = sweep_config.load(
        {
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {name: {"min": 0.0, "max": 1.0} for name in SLOPES},
        }
    )
    runs = [
        RunRecord(str(n), "s", n, str(n), "p", dict(zip(SLOPES, values.tolist(), strict=True)), "finished")
        for n, values in enumerate(configs)
    ]
    runs = [RunRecord(**{**vars(run), "summary": {"loss": float(losses[n])}}) for n, run in enumerate(runs)]
    found = measure(runs, config, None)
    assert found is not None
    ours = np.array([next(row.importance for row in found.rows if row.name == name) for name in SLOPES])

    ranks = losses.argsort().argsort()
    forest = RandomForestRegressor(n_estimators=100, oob_score=True, random_state=seed).fit(configs, ranks)
    impurity = forest.feature_importances_ * forest.oob_score_
    permuted = permutation_importance(forest, configs, ranks, random_state=seed, n_repeats=5).importances_mean
    assert ours.argsort()[-3:].tolist() == impurity.argsort()[-3:].tolist() == permuted.argsort()[-3:].tolist()
    assert np.abs(ours / ours.sum() - impurity / impurity.sum()).max() < 0.1
    assert (ours < impurity + 0.05).all(), "smaller trees on fewer runs explain less, never more"
