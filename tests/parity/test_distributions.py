"""Every distribution against SciPy's own: quantiles, bounds, and samples by the Kolmogorov-Smirnov test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nbsweep.config_schema import DISTRIBUTIONS
from nbsweep.space import Parameter, SearchSpace

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

CONTINUOUS: dict[str, tuple[dict[str, Any], Any]] = {
    "uniform": ({"min": -2, "max": 3.5}, stats.uniform(-2, 5.5)),
    "log_uniform": ({"min": -5, "max": 2}, stats.loguniform(math.exp(-5), math.exp(2))),
    "log_uniform_values": ({"min": 1e-5, "max": 0.1}, stats.loguniform(1e-5, 0.1)),
    # exp(-x) with x uniform from min to max, so from exp(-max) to exp(-min)
    "inv_log_uniform": ({"min": -5, "max": 2}, stats.loguniform(math.exp(-2), math.exp(5))),
    "inv_log_uniform_values": ({"min": 1e-5, "max": 0.1}, stats.loguniform(1e-5, 0.1)),
    "normal": ({"mu": 1.5, "sigma": 2.0}, stats.norm(1.5, 2.0)),
    "log_normal": ({"mu": 0.5, "sigma": 0.7}, stats.lognorm(s=0.7, scale=math.exp(0.5))),
    "beta": ({"a": 2.0, "b": 5.0}, stats.beta(2.0, 5.0)),
}

# The steps lie so that no bound is rounded past: there W&B's values and ours are the same.
QUANTISED: dict[str, tuple[dict[str, Any], Any]] = {
    "q_uniform": ({"min": -2, "max": 4, "q": 0.5}, stats.uniform(-2, 6)),
    "q_log_uniform": ({"min": 0, "max": 6, "q": 2}, stats.loguniform(1, math.exp(6))),
    "q_log_uniform_values": ({"min": 32, "max": 256, "q": 8}, stats.loguniform(32, 256)),
    "q_normal": ({"mu": 1.5, "sigma": 20, "q": 3}, stats.norm(1.5, 20)),
    "q_log_normal": ({"mu": 2, "sigma": 0.7, "q": 1.0}, stats.lognorm(s=0.7, scale=math.exp(2))),
    "q_beta": ({"a": 2, "b": 5, "q": 0.01}, stats.beta(2, 5)),
}


def parameter(**definition: Any) -> Parameter:
    made = SearchSpace.from_config({"x": definition})["x"]
    assert isinstance(made, Parameter)
    return made


@pytest.mark.parametrize("name", CONTINUOUS)
def test_quantiles_are_scipys(name: str) -> None:
    keys, reference = CONTINUOUS[name]
    ours = parameter(distribution=name, **keys)
    assert [ours.ppf(u) for u in QUANTILES] == pytest.approx(list(reference.ppf(QUANTILES)), rel=1e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_encode_is_scipys_cdf(name: str) -> None:
    keys, reference = CONTINUOUS[name]
    ours = parameter(distribution=name, **keys)
    for u in QUANTILES:
        assert ours.encode(float(reference.ppf(u))) == pytest.approx(u, rel=1e-12)


@pytest.mark.parametrize("name", QUANTISED)
def test_quantised_quantiles_are_scipys_rounded_half_to_even(name: str) -> None:
    keys, reference = QUANTISED[name]
    ours = parameter(distribution=name, **keys)
    q = keys["q"]
    for u in np.linspace(0.005, 0.995, 199):
        assert ours.ppf(u) == pytest.approx(np.round(reference.ppf(u) / q) * q, rel=1e-12)
        assert type(ours.ppf(u)) is type(q)


def test_int_uniform_is_scipys_randint() -> None:
    reference = stats.randint(-3, 12)
    ours = parameter(min=-3, max=11)
    for u in [*QUANTILES, *np.linspace(0.001, 1, 1000), *(k / 15 for k in range(1, 16))]:
        assert ours.ppf(u) == reference.ppf(u), u


def test_categorical_is_scipys_randint_over_the_values() -> None:
    values = ["a", "b", "c", "d", "e", "f", "g"]
    ours = parameter(values=values)
    for u in [*QUANTILES, *(k / 7 for k in range(1, 8))]:
        assert ours.ppf(u) == values[int(stats.randint(0, 7).ppf(u))]


def test_probabilities_are_summed_from_the_first_value() -> None:
    ours = parameter(values=["a", "b", "c"], probabilities=[0.2, 0.5, 0.3])
    assert [ours.ppf(u) for u in (0.0, 0.1, 0.25, 0.5, 0.71, 0.9, 1.0)] == ["a", "a", "b", "b", "c", "c", "c"]


def test_a_constant_is_the_same_at_every_quantile() -> None:
    assert [parameter(value="x").ppf(u) for u in QUANTILES] == ["x"] * 5


def test_every_distribution_is_compared() -> None:
    others = {"constant", "categorical", "categorical_w_probabilities", "int_uniform"}
    assert {*CONTINUOUS, *QUANTISED} | others == set(DISTRIBUTIONS)


@pytest.mark.parametrize("n", [1000, 20_000])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_follow_scipys_distribution(name: str, n: int) -> None:
    keys, reference = CONTINUOUS[name]
    space = SearchSpace.from_config({"x": {"distribution": name, **keys}})
    rng = np.random.default_rng(n)
    samples = [space.sample(rng)["x"] for _ in range(n)]
    assert stats.kstest(samples, reference.cdf).pvalue > 0.001


@pytest.mark.parametrize("n", [1000, 20_000])
@pytest.mark.parametrize("name", QUANTISED)
def test_quantised_samples_weigh_what_scipy_says(name: str, n: int) -> None:
    keys, reference = QUANTISED[name]
    space = SearchSpace.from_config({"x": {"distribution": name, **keys}})
    rng = np.random.default_rng(n)
    samples = np.array([space.sample(rng)["x"] for _ in range(n)], dtype=float)
    for k in range(-20, 60):
        edge = (k + 0.5) * keys["q"]
        expected = float(reference.cdf(edge))
        assert abs(np.mean(samples < edge) - expected) < 5 * math.sqrt(0.25 / n), k
