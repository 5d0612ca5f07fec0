"""The search space: sampling, the unit cube, the lazy grid, nests and identity."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsweep.errors import ConfigError, UsageError
from nbsweep.space import Parameter, SearchSpace
from tests import strategies

relaxed = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def space(**parameters: Any) -> SearchSpace:
    return SearchSpace.from_config(parameters)


def quantised(distribution: str, low: float, high: float, q: float) -> Parameter:
    parameter = space(x={"distribution": distribution, "min": low, "max": high, "q": q})["x"]
    assert isinstance(parameter, Parameter)
    return parameter


# -- parameters ------------------------------------------------------------------------------------------------------


def test_the_batch_size_of_the_tutorial_is_a_whole_multiple_of_eight() -> None:
    batch_size = quantised("q_log_uniform_values", 32, 256, 8)
    sizes = [batch_size.ppf(u) for u in (0.1, 0.25, 0.5, 0.75, 0.9)]
    assert sizes == [40, 56, 88, 152, 208]
    assert all(type(size) is int for size in sizes)
    assert batch_size.size == 29
    assert list(batch_size.values()) == list(range(32, 257, 8))


def test_a_float_step_gives_floats_and_an_int_step_ints() -> None:
    assert [quantised("q_uniform", 0, 4, 2).ppf(u) for u in (0, 0.5, 1)] == [0, 2, 4]
    assert type(quantised("q_uniform", 0.0, 4.0, 2).ppf(0.5)) is int
    assert type(quantised("q_uniform", 0, 4, 2.0).ppf(0.5)) is float


def test_rounding_is_half_to_even() -> None:
    parameter = quantised("q_uniform", 0, 4, 1)
    assert [parameter.ppf(u) for u in (0.125, 0.375, 0.625, 0.875)] == [0, 2, 2, 4]


@pytest.mark.parametrize(
    ("low", "high", "q", "values"),
    [
        (1, 10, 3, [3, 6, 9]),
        (0.5, 10.0, 4, [4, 8]),
        (0.1, 0.3, 0.1, [0.1, 0.2, 0.3]),
        (0, 1, 0.25, [0, 0.25, 0.5, 0.75, 1]),
        (-7, 7, 5, [-5, 0, 5]),
        (0, 10, 100, [0]),
    ],
)
def test_q_uniform_stays_on_the_multiples_inside_its_bounds(
    low: float, high: float, q: float, values: list[float]
) -> None:
    parameter = quantised("q_uniform", low, high, q)
    drawn = {parameter.ppf(u) for u in np.linspace(0, 1, 1001)}
    assert sorted(drawn) == values == list(parameter.values())
    assert all(low <= value <= high for value in drawn)


@pytest.mark.parametrize(
    ("low", "high", "q", "values"),
    [
        (0, 10, 5, [0, 5, 10]),
        (0.0, 1.0, 0.25, [0, 0.25, 0.5, 0.75, 1]),
        (0.1, 0.5, 0.1, [0.1, 0.2, 0.3, 0.4, 0.5]),
        (1, 10, 3, [1, 4, 7, 10]),
        (1, 9, 3, [1, 4, 7]),
        (0.05, 0.35, 0.1, [0.05, 0.15, 0.25, 0.35]),
    ],
)
def test_the_grid_of_a_q_uniform_counts_from_min_and_includes_max(
    low: float, high: float, q: float, values: list[float]
) -> None:
    assert list(quantised("q_uniform", low, high, q).grid_values()) == pytest.approx(values, rel=1e-15)
    assert max(quantised("q_uniform", low, high, q).grid_values()) <= high


def test_int_uniform_has_both_ends_in() -> None:
    die = space(x={"min": 1, "max": 6})["x"]
    assert {die.ppf(u) for u in np.linspace(0, 1, 101)} == {1, 2, 3, 4, 5, 6}
    assert die.ppf(0) == 1 and die.ppf(1) == 6
    assert type(die.ppf(0.3)) is int


def test_a_value_of_probability_zero_is_never_drawn() -> None:
    parameter = space(x={"values": ["a", "b", "c", "d"], "probabilities": [0, 0.5, 0.5, 0]})["x"]
    assert {parameter.ppf(u) for u in np.linspace(0, 1, 101)} == {"b", "c"}
    assert list(parameter.values()) == ["b", "c"]


def test_log_values_do_not_leave_their_bounds_at_the_ends() -> None:
    for low, high in [(1e-5, 0.1), (0.1, 1000.0), (3.0, 7.0), (1e-300, 1e300)]:
        parameter = space(x={"distribution": "log_uniform_values", "min": low, "max": high})["x"]
        assert parameter.ppf(0) == pytest.approx(low) and parameter.ppf(0) >= low
        assert parameter.ppf(1) == pytest.approx(high) and parameter.ppf(1) <= high


def test_every_distribution_is_finite_at_both_ends() -> None:
    for distribution in ("normal", "log_normal", "beta", "q_normal", "q_log_normal", "q_beta"):
        parameter = space(x={"distribution": distribution})["x"]
        assert math.isfinite(parameter.ppf(0)) and math.isfinite(parameter.ppf(1))


def test_without_spread_a_normal_is_a_constant() -> None:
    parameter = space(x={"distribution": "normal", "mu": 3, "sigma": 0})["x"]
    assert parameter.is_constant and parameter.ppf(0.9) == 3


def test_a_quantile_outside_0_to_1_is_refused() -> None:
    for u in (-0.1, 1.1, math.nan):
        with pytest.raises(UsageError, match=r"0 to 1"):
            space(x={"min": 0.0, "max": 1.0})["x"].ppf(u)


@pytest.mark.parametrize(
    ("definition", "size"),
    [
        ({"value": 1}, 1),
        ({"values": [1, 1.0, True, 2]}, 3),
        ({"values": [math.nan, math.nan]}, 1),
        ({"values": [{"a": 1, "b": 2}, {"b": 2, "a": 1}]}, 1),
        ({"values": [[1, 2], [2, 1]]}, 2),
        ({"values": ["1", 1, None, "None", False, 0]}, 6),
        ({"min": 0, "max": 10**12}, 10**12 + 1),
        ({"distribution": "q_beta", "q": 0.1}, 11),
        ({"distribution": "q_log_uniform", "min": 0, "max": 2, "q": 1}, 7),
        ({"distribution": "q_normal"}, None),
        ({"distribution": "q_log_normal"}, None),
        ({"min": 0.0, "max": 1.0}, None),
    ],
)
def test_a_parameter_knows_how_many_distinct_values_it_has(definition: dict[str, Any], size: int | None) -> None:
    assert space(x=definition)["x"].size == size


def test_values_of_an_infinite_parameter_are_refused() -> None:
    with pytest.raises(UsageError, match="infinitely many"):
        space(x={"min": 0.0, "max": 1.0})["x"].values()


# -- spaces ----------------------------------------------------------------------------------------------------------


def test_a_nest_is_reached_by_dotted_name_by_path_and_step_by_step() -> None:
    nested = space(net={"parameters": {"conv": {"parameters": {"depth": {"min": 1, "max": 3}}}}}, lr={"value": 1})
    depth = nested["net.conv.depth"]
    assert depth.name == "net.conv.depth" and depth.path == ("net", "conv", "depth")
    assert nested["net", "conv", "depth"] is depth
    assert nested["net"]["conv"]["depth"].definition is depth.definition
    assert list(nested) == ["lr", "net.conv.depth"] and len(nested) == 2
    assert "net.conv" in nested and "net.depth" not in nested
    with pytest.raises(KeyError):
        nested["nothing"]


def test_a_name_with_a_dot_and_a_nest_of_the_same_name_do_not_mix() -> None:
    both = SearchSpace.from_config({"a.b": {"value": 1}, "a": {"parameters": {"b": {"value": 2}}}})
    assert both["a.b"].ppf(0) == 1 and both["a", "b"].ppf(0) == 2
    assert both.grid_point(0) == {"a.b": 1, "a": {"b": 2}}


def test_raw_and_normalised_parameters_make_the_same_space_and_bad_ones_none() -> None:
    with pytest.raises(ConfigError, match=r"parameters\.x"):
        space(x={"min": 2, "max": 1})


def test_samples_do_not_share_lists_or_dicts_with_the_space() -> None:
    listed = space(layers={"value": [1, 2]}, cut={"values": [{"a": 1}]})
    first = listed.sample(np.random.default_rng(1))
    first["layers"].append(3)
    first["cut"]["a"] = 2
    assert listed.sample(np.random.default_rng(1)) == {"layers": [1, 2], "cut": {"a": 1}}
    assert listed.grid_point(0) == {"layers": [1, 2], "cut": {"a": 1}}


def test_key_ignores_how_numbers_and_dicts_are_written() -> None:
    s = space(a={"value": 1}, b={"value": 1})
    assert s.key({"a": 3_000_000, "b": 1}) == s.key({"b": 1.0, "a": 3e6, "added": 5})
    assert s.key({"a": True, "b": 1}) != s.key({"a": 1, "b": 1})
    assert s.key({"a": math.nan, "b": 1}) == s.key({"a": float("nan"), "b": 1})
    assert s.key({"a": {"x": 1, "y": 2}, "b": 1}) == s.key({"a": {"y": 2.0, "x": 1}, "b": 1})
    assert s.key({"a": None, "b": 1}) != s.key({"b": 1}) != s.key({"a": "null", "b": 1})


def test_encode_refuses_what_is_not_in_the_space() -> None:
    s = space(a={"values": [1, 2]}, b={"min": 0, "max": 5})
    for config in ({"a": 3, "b": 1}, {"a": 1}, {"a": 1, "b": 6}, {"a": True, "b": 1}, {"a": 1, "b": "x"}):
        with pytest.raises(UsageError):
            s.encode(config)
    with pytest.raises(UsageError, match="shape"):
        s.decode([0.5])


# -- the grid --------------------------------------------------------------------------------------------------------


def test_the_grid_goes_by_name_with_the_last_fastest_and_values_as_listed() -> None:
    s = space(b={"values": ["z", "a", "z"]}, a={"values": [2, 1]}, c={"value": 0})
    assert list(s.grid()) == [
        {"a": 2, "b": "z", "c": 0},
        {"a": 2, "b": "a", "c": 0},
        {"a": 1, "b": "z", "c": 0},
        {"a": 1, "b": "a", "c": 0},
    ]


def test_the_grid_orders_nests_level_by_level() -> None:
    s = space(b={"values": [1, 2]}, a={"parameters": {"z": {"values": [1, 2]}, "y": {"values": [3, 4]}}})
    assert list(s) == ["a.y", "a.z", "b"]
    assert [(p["a"]["y"], p["a"]["z"], p["b"]) for p in s.grid()] == list(itertools.product([3, 4], [1, 2], [1, 2]))


def test_a_grid_of_a_trillion_points_starts_at_once() -> None:  # as no walk through it would in a lifetime
    s = space(**{f"p{n}": {"min": 1, "max": 10**4} for n in range(3)})
    assert s.grid_size == 10**12
    assert next(s.grid()) == {"p0": 1, "p1": 1, "p2": 1}
    assert s.grid_point(10**12 - 1) == {"p0": 10**4, "p1": 10**4, "p2": 10**4}
    assert s.grid_point(123_456_789) == {"p0": 2, "p1": 2346, "p2": 6790}


def test_an_infinite_space_has_no_grid() -> None:
    s = space(x={"min": 0.0, "max": 1.0})
    assert s.grid_size is None
    with pytest.raises(UsageError, match="x is uniform"):
        s.grid()
    with pytest.raises(UsageError, match="points 0 to 1"):
        space(x={"values": [1, 2]}).grid_point(2)


@relaxed
@given(strategies.spaces(strategies.finite_parameters))
def test_grid_point_is_what_the_grid_gives_there_and_all_points_differ(raw: dict[str, Any]) -> None:
    s = SearchSpace.from_config(raw)
    points = list(itertools.islice(s.grid(), 50))
    assert s.grid_size is not None and len(points) == min(50, s.grid_size)
    assert [s.key(point) for point in points] == [s.key(s.grid_point(n)) for n in range(len(points))]
    assert len({s.key(point) for point in points}) == len(points)


# -- laws ------------------------------------------------------------------------------------------------------------


def _inside(parameter: Parameter, value: Any) -> bool:
    if parameter.bounds is None:
        listed = parameter.definition.get("values", [parameter.definition.get("value")])
        return any(repr(value) == repr(item) for item in listed)
    low, high = parameter.bounds
    return math.isfinite(value) and low <= value <= high


@relaxed
@given(strategies.spaces(), st.integers(0, 2**32))
def test_every_sample_lies_inside_its_bounds(raw: dict[str, Any], seed: int) -> None:
    s = SearchSpace.from_config(raw)
    values = s.values_of(s.sample(np.random.default_rng(seed)))
    assert values is not None
    for parameter, value in zip(s.parameters, values, strict=True):
        assert _inside(parameter, value), (parameter, value)


@relaxed
@given(strategies.spaces(), st.data())
def test_encoding_and_decoding_again_changes_nothing(raw: dict[str, Any], data: st.DataObject) -> None:
    s = SearchSpace.from_config(raw)
    u = data.draw(st.lists(st.floats(0, 1), min_size=s.dimension, max_size=s.dimension))
    config = s.decode(u)
    encoded = s.encode(config)
    assert encoded.shape == (s.dimension,) and ((encoded >= 0) & (encoded <= 1)).all()
    again = s.decode(encoded)
    assert np.allclose(s.encode(again), encoded, rtol=0, atol=1e-9)
    for parameter in s.parameters:
        if parameter.distribution in ("categorical", "categorical_w_probabilities", "int_uniform", "q_uniform"):
            part = SearchSpace([parameter])
            assert part.key(again) == part.key(config)


@pytest.mark.parametrize("n", [1000, 20_000])
def test_samples_follow_their_probabilities(n: int) -> None:
    s = space(
        weighted={"values": ["a", "b", "c"], "probabilities": [0.7, 0.2, 0.1]},
        plain={"values": [1, 2, 3, 4]},
        whole={"min": 1, "max": 5},
        lr={"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
    )
    rng = np.random.default_rng(7)
    samples = [s.sample(rng) for _ in range(n)]
    slack = 4 * math.sqrt(0.25 / n)
    laws: dict[str, dict[Any, float]] = {
        "weighted": {"a": 0.7, "b": 0.2, "c": 0.1},
        "plain": dict.fromkeys([1, 2, 3, 4], 0.25),
        "whole": dict.fromkeys([1, 2, 3, 4, 5], 0.2),
    }
    for name, expected in laws.items():
        counts = Counter(sample[name] for sample in samples)
        for value, probability in expected.items():
            assert abs(counts[value] / n - probability) < slack
    below = sum(sample["lr"] < 1e-3 for sample in samples) / n
    assert abs(below - 0.5) < slack
