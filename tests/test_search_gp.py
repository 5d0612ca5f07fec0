"""The Gaussian process behind Bayesian search: its mean, and its gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest

from nbsweep.search.explained import explained
from nbsweep.search.gp import GaussianProcess, Hyperparameters, _Evidence
from nbsweep.search.outputs import standardised
from nbsweep.search.surrogate import Member, Surrogate


def test_many_good_results_in_one_place_promise_nothing_elsewhere() -> None:
    rng = np.random.default_rng(0)
    x = np.vstack([0.1 + 0.02 * rng.random((12, 2)), [[0.9, 0.1], [0.1, 0.9], [0.9, 0.9]]])
    y = standardised(np.append(-np.ones(12), np.zeros(3)))
    process = GaussianProcess(x, y, np.zeros(2, dtype=bool), [0, 0], Hyperparameters(np.full(2, 4.0), 0.0, -7.0))
    unknown, _ = process.predict(np.array([[0.5, 0.5]]))
    assert unknown[0] > 0.5 * (y[0] + y[-1])


def test_the_gradient_of_the_evidence_is_that_of_its_value() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.random((9, 2)), rng.integers(3, size=9)])
    y = standardised(np.sin(5.0 * x[:, 0]) + x[:, 1] + x[:, 2])
    evidence = _Evidence(x, y, np.array([False, False, True]), Hyperparameters.prior(3))
    at, step = rng.normal(-0.5, 0.5, size=5), 1e-5
    differences = [(evidence(at + e)[0] - evidence(at - e)[0]) / (2.0 * step) for e in step * np.eye(5)]
    assert evidence(at)[1] == pytest.approx(differences, rel=1e-5, abs=1e-6)


def test_the_gradients_of_a_prediction_are_those_of_its_values() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((8, 2))
    y = standardised(x[:, 0] ** 2 - x[:, 1])
    process = GaussianProcess(x, y, np.zeros(2, dtype=bool), [0, 0], Hyperparameters(np.ones(2), 0.0, -7.0))
    at, step = np.array([0.4, 0.7]), 1e-5
    _, _, by_mean, by_sd = process.gradients(at[None], np.arange(2))
    higher, lower = process.predict(at + step * np.eye(2)), process.predict(at - step * np.eye(2))
    assert by_mean[0] == pytest.approx((higher[0] - lower[0]) / (2.0 * step), rel=1e-4)
    assert by_sd[0] == pytest.approx((higher[1] - lower[1]) / (2.0 * step), rel=1e-3)


def test_the_sd_that_is_kept_with_a_run_is_that_of_its_result() -> None:
    rng = np.random.default_rng(2)
    values = 3.0 + rng.normal(0.0, 0.5, size=40)
    process = GaussianProcess(
        rng.random((40, 1)),
        standardised(values),
        np.zeros(1, dtype=bool),
        [0],
        Hyperparameters(np.array([-4.0]), 0.0, 0.0),
    )
    surrogate = Surrogate((Member(process, float(process.predict(process.x)[0].min())),))
    told = explained(surrogate, np.array([0.5]), values, "minimize")
    assert told.sd == pytest.approx(0.5, rel=0.35) and told.improvement is not None and told.improvement < 0.2
