"""Narrowing: the region that was brushed is the space of the new sweep, whatever its parameters are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsweep import sweep_config
from nbsweep.cells import define_cell
from nbsweep.narrowing import left_out, narrowed, region_of
from nbsweep.notebook.define_body import body_config
from nbsweep.space import SearchSpace

CONFIG: dict[str, Any] = sweep_config.load(
    {
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
            "exponent": {"distribution": "log_uniform", "min": -9, "max": -2},
            "batch": {"distribution": "q_log_uniform_values", "min": 8, "max": 256, "q": 8},
            "depth": {"min": 1, "max": 9},
            "weight": {"distribution": "normal", "mu": 0, "sigma": 1},
            "a.b": {"parameters": {"units": {"values": [16, 32, 64]}, "bias": {"values": [True, False, None]}}},
            "epochs": {"value": 5},
        },
    }
).to_dict()


def cut(ranges: dict[str, tuple[float, float]], choices: dict[str, list[Any]]) -> SearchSpace:
    config = narrowed(CONFIG, ranges, choices)
    return SearchSpace.from_config(sweep_config.load(config).parameters)


def test_a_range_becomes_the_bounds_and_the_distribution_stays() -> None:
    space = cut({"lr": (0.00123456, 0.0456789), "batch": (9.0, 100.0)}, {})
    assert space["lr"].distribution == "log_uniform_values"
    assert space["lr"].bounds == (0.00123, 0.0457)
    assert space["batch"].distribution == "q_log_uniform_values" and 9 <= space["batch"].ppf(0.5) <= 100


def test_a_range_beyond_the_old_bounds_does_not_widen_them() -> None:
    assert cut({"lr": (1e-9, 0.05)}, {})["lr"].bounds == (1e-4, 0.05)


def test_whole_numbers_stay_whole_and_inside_the_range() -> None:
    assert cut({"depth": (2.2, 5.9)}, {})["depth"].bounds == (3, 5)


def test_a_law_without_bounds_becomes_one_with_them() -> None:
    space = cut({"weight": (-1.0, 0.5), "exponent": (0.001, 0.01)}, {})
    assert space["weight"].bounds == (-1.0, 0.5) and space["exponent"].bounds == (0.001, 0.01)


def test_choices_keep_their_order_and_their_types_and_one_is_a_constant() -> None:
    space = cut({}, {"a.b.bias": [None, True], "a.b.units": [32]})
    assert list(space["a.b.bias"].values()) == [True, None]
    assert space["a.b.units"].is_constant


def test_a_range_on_listed_numbers_keeps_those_inside() -> None:
    assert list(cut({"a.b.units": (20, 64)}, {})["a.b.units"].values()) == [32, 64]


def test_a_name_that_is_no_parameter_changes_nothing() -> None:
    assert narrowed(CONFIG, {"nobody": (0, 1)}, {"a.nobody": [1]}) == CONFIG


def test_what_of_a_region_the_config_does_not_have_is_told() -> None:
    ranges = {"lr": (0.001, 0.01), "drop": (0.1, 0.4321987), "a.b.units": (1.0, 2.0)}
    choices: dict[str, list[Any]] = {"a.b.bias": [False, "auto"], "a.nobody": [1, None], "epochs": [5]}
    told = ["drop from 0.1 to 0.4322", "a.b.units from 1 to 2", "a.b.bias 'auto'", "a.nobody 1, None"]
    assert left_out(CONFIG, ranges, choices) == told
    assert left_out(CONFIG, {"depth": (2, 3), "a.b.units": (10, 20)}, {"a.b.bias": [None, True], "depth": [4]}) == []


@pytest.mark.parametrize("comment", [None, "left out: drop from 0 to 1; act 'a\nb'"])
def test_the_cell_is_python_that_gives_the_config_back(comment: str | None) -> None:
    config = narrowed(CONFIG, {"lr": (0.001, 0.01)}, {"a.b.bias": [False]})
    magic, body = define_cell(config, "it's mine", comment).split("\n", 1)
    assert magic == """%%sweep define 'it'"'"'s mine'"""
    assert body_config(body, {}) == config
    assert comment is None or body.startswith("# left out: drop from 0 to 1; act 'a b'\n{")


def narrow(law: dict[str, Any], low: float, high: float, method: str = "random") -> dict[str, Any]:
    """What a parameter of that law becomes, in a config that can be defined."""
    config = sweep_config.load({"method": method, "parameters": {"x": law}}).to_dict()
    found: dict[str, Any] = narrowed(config, {"x": (low, high)}, {})["parameters"]["x"]
    sweep_config.load({"method": method, "parameters": {"x": found}})
    return found


def test_with_the_zero_of_a_log_normal_that_was_rounded_a_few_steps_are_listed_and_of_many_it_is_left_out() -> None:
    law = {"distribution": "q_log_normal", "mu": 1, "sigma": 1, "q": 8}
    assert narrow(law, 0, 8) == narrow(law, -0.3, 9) == {"values": [0, 8]}
    assert narrow({**law, "q": 0.1}, 0, 0.3) == {"values": [0.0, 0.1, 0.2, 0.3]}
    assert narrow(law, 0, 80) == {"distribution": "q_log_uniform_values", "min": 8, "max": 80, "q": 8}
    assert narrow(law, 8, 24) == {"distribution": "q_log_uniform_values", "min": 8, "max": 24, "q": 8}
    assert narrow(law, 0, 3) == {"value": 0}


@pytest.mark.parametrize(
    ("law", "low", "high", "value"),
    [
        ({"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8}, 41, 46, 40),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, 0.3, 0.49, 0.5),
        ({"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.1}, 0.28, 0.33, 0.3),
        ({"distribution": "q_normal", "mu": 0, "sigma": 1, "q": 1}, -0.4, 0.3, 0),
        ({"distribution": "q_beta", "a": 2, "b": 5, "q": 0.4}, 0.9, 0.99, 0.8),
        ({"min": 1, "max": 10}, 3.1, 3.4, 3),
        ({"min": 1, "max": 10}, 3.6, 3.9, 4),
        ({"min": 1, "max": 10}, 11.0, 12.5, 10),
        ({"min": 0.0, "max": 1.0}, 3.0, 4.0, 1.0),
        ({"value": 3}, 1.0, 5.0, 3),
    ],
)
def test_where_a_range_holds_no_value_or_one_the_nearest_stays(
    law: dict[str, Any], low: float, high: float, value: float
) -> None:
    assert narrow(law, low, high)["value"] == value


def test_multiples_stay_those_of_the_range() -> None:
    seven = {"distribution": "q_uniform", "min": 0, "max": 100_000, "q": 7}
    assert narrow(seven, 10_003, 10_010) == {**seven, "min": 10_003, "max": 10_010}
    tenth = {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.1}
    assert narrow(tenth, 3 * 0.1, 0.6999999999999999) == {**tenth, "min": 0.3, "max": 0.7}


def test_large_whole_numbers_keep_their_last_digits() -> None:
    assert narrow({"min": 1, "max": 10**30 + 1}, 1, 1e300) == {
        "distribution": "int_uniform",
        "min": 1,
        "max": 10**30 + 1,
    }


def test_the_steps_of_a_grid_stay_where_they_are() -> None:
    law = {"distribution": "q_uniform", "min": 1, "max": 10, "q": 3}
    assert narrow(law, 3.5, 7.0, "grid") == {**law, "min": 4, "max": 7}
    assert narrow(law, 4.1, 4.2, "grid") == {"value": 4}


@pytest.mark.parametrize(
    ("name", "low", "high"), [("log_uniform", -9, -2), ("inv_log_uniform", 2, 9), ("log_uniform_values", 1e-4, 0.1353)]
)
def test_rounding_an_end_does_not_leave_the_old_bounds(name: str, low: float, high: float) -> None:
    law = {"distribution": name, "min": low, "max": high}
    bounds = SearchSpace.from_config({"x": law})["x"].bounds
    assert bounds is not None
    cut = narrow(law, bounds[0], bounds[1])
    assert (cut["min"], cut["max"]) == bounds


@given(st.floats(1e-4, 0.1), st.floats(1e-4, 0.1))
def test_whatever_is_brushed_can_be_defined_and_holds_the_brushed_values(one: float, other: float) -> None:
    low, high = sorted((one, other))
    parameter = cut({"lr": (low, high)}, {})["lr"]
    if parameter.is_constant:
        return
    assert parameter.bounds is not None
    assert parameter.bounds[0] <= low * (1 + 1e-5) and high <= parameter.bounds[1] * (1 + 1e-5)


def test_the_region_of_runs_leaves_out_what_they_lack() -> None:
    configs: list[dict[str, Any]] = [
        {"lr": 0.1, "opt": "sgd"},
        {"lr": 0.3, "opt": "adam", "beta": 0.9},
        {"lr": "x", "opt": "sgd"},
    ]
    assert region_of(configs, ["lr", "beta", "none"], ["opt", "none"]) == ({"lr": (0.1, 0.3)}, {"opt": ["sgd", "adam"]})
    assert region_of([], ["lr"], ["opt"]) == ({}, {})


@pytest.mark.parametrize("value", [0.0, -0.25, 12345.678, -1e-12])
def test_ends_are_short_and_never_cut_into_the_range(value: float) -> None:
    config = {"method": "random", "parameters": {"x": {"distribution": "normal", "mu": 0.0, "sigma": 1.0}}}
    bounds = narrowed(config, {"x": (value, value + 1000.0)}, {})["parameters"]["x"]
    assert bounds["min"] <= value and value + 1000.0 <= bounds["max"] and len(repr(bounds["min"])) <= 9
