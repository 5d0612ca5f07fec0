"""The sweep config: what is accepted, what it means, and what is refused with which words."""

from __future__ import annotations

import contextlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbsweep import sweep_config
from nbsweep.errors import ConfigError
from nbsweep.sweep_config import EarlyTerminate, Metric, json_schema, load, loads, parse_yaml
from tests import strategies

LR = {"lr": {"min": 0.0, "max": 0.1}}
VALIDATOR = jsonschema.Draft7Validator(json_schema())


def config(**keys: Any) -> dict[str, Any]:
    return {"method": "random", "metric": {"name": "loss"}, "parameters": LR, **keys}


def parameter(definition: Any, method: str = "random") -> dict[str, Any]:
    """What the loader makes of one parameter."""
    loaded = load({"method": method, "parameters": {"x": definition}}).parameters["x"]
    assert isinstance(loaded, dict)
    return loaded


def refusal(raw: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(raw)
    return caught.value


# -- accepted ------------------------------------------------------------------------------------------------------


def test_the_tutorials_config_is_read_with_every_distribution_spelled_out() -> None:
    loaded = load(
        {
            "method": "random",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {
                "optimizer": {"values": ["adam", "sgd"]},
                "epochs": {"value": 1},
                "learning_rate": {"distribution": "uniform", "min": 0, "max": 0.1},
                "batch_size": {"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256},
            },
        }
    )
    assert loaded.metric == Metric("loss", "minimize")
    assert loaded.parameters == {
        "optimizer": {"distribution": "categorical", "values": ["adam", "sgd"]},
        "epochs": {"distribution": "constant", "value": 1},
        "learning_rate": {"distribution": "uniform", "min": 0, "max": 0.1},
        "batch_size": {"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8},
    }
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("definition", "distribution"),
    [
        ({"value": 3}, "constant"),
        ({"value": None}, "constant"),
        ({"values": [1, 2]}, "categorical"),
        ({"values": [1, 2], "probabilities": [0.3, 0.7]}, "categorical_w_probabilities"),
        ({"min": 1, "max": 5}, "int_uniform"),
        ({"min": np.int64(1), "max": 5}, "int_uniform"),
        ({"min": 1.0, "max": 5.0}, "uniform"),
        ({"min": 1, "max": 5.0}, "uniform"),
        ({"min": 0.5, "max": 5}, "uniform"),
        ({"min": "1e-5", "max": 1}, "uniform"),
    ],
)
def test_a_distribution_that_is_left_out_is_inferred(definition: dict[str, Any], distribution: str) -> None:
    assert parameter(definition)["distribution"] == distribution


def test_defaults_are_filled_in() -> None:
    assert parameter({"distribution": "normal"}) == {"distribution": "normal", "mu": 0.0, "sigma": 1.0}
    assert parameter({"distribution": "q_beta"}) == {"distribution": "q_beta", "a": 1, "b": 1, "q": 1.0}
    q = parameter({"distribution": "q_uniform", "min": 0, "max": 9})["q"]
    assert q == 1.0 and isinstance(q, float)
    rule = load(config(early_terminate={"type": "hyperband", "min_iter": 3})).early_terminate
    assert rule == EarlyTerminate("hyperband", min_iter=3, eta=3, strict=True)
    assert load(config()).metric == Metric("loss", goal="minimize", impute=None, impute_while_running=None)


def test_nested_parameters_survive_to_any_depth_and_are_checked_there() -> None:
    definition: dict[str, Any] = {"min": 1, "max": 5}
    for _ in range(20):
        definition = {"parameters": {"deeper": definition}}
    loaded: Any = load({"method": "grid", "parameters": {"x": definition}}).parameters["x"]
    for _ in range(20):
        loaded = loaded["parameters"]["deeper"]
    assert loaded == {"distribution": "int_uniform", "min": 1, "max": 5}
    error = refusal(config(parameters={"a": {"parameters": {"b": {"min": 5, "max": 1}}}}))
    assert error.path == "parameters.a.parameters.b.min"
    error = refusal(config(parameters={"a": {"parameters": {"b": {"values": [1, 2], "probabilities": [1]}}}}))
    assert error.path == "parameters.a.parameters.b.probabilities"


def test_two_parameters_of_one_dotted_name_are_refused_by_both_their_names() -> None:
    nest = {"parameters": {"b": {"value": 2}, "c": {"value": 3}}}
    error = refusal(config(parameters={"a.b": {"value": 1}, "a": nest, "a.d": {"value": 4}}))
    assert error.path == "parameters.a.parameters.b"
    assert str(error) == (
        "parameters.a.parameters.b and parameters['a.b'] have one name, 'a.b', in tables and charts; rename one"
    )
    assert load(config(parameters={"a.d": {"value": 1}, "a": nest})).parameters.keys() == {"a.d", "a"}


@pytest.mark.parametrize("falsy", [0, False, "", None, 0.0, [], {}])
def test_falsy_values_are_values(falsy: Any) -> None:
    assert parameter({"value": falsy})["value"] == falsy
    assert parameter({"values": [falsy, 1]})["values"] == [falsy, 1]


def test_values_stay_what_they_are() -> None:
    values = [1, 1.0, True, None, "1", [1, [2]], {"a": {"b": [1.5]}}, math.inf]
    loaded = parameter({"values": values})["values"]
    assert loaded == values
    assert [type(value) for value in loaded] == [type(value) for value in values]


def test_a_tuple_or_array_becomes_a_list_and_is_said_so_once() -> None:
    loaded = load(config(parameters={"x": {"values": (1, (2, 3))}, "y": {"values": np.array([1, 2])}}))
    assert loaded.parameters["x"]["values"] == [1, [2, 3]]
    assert loaded.parameters["y"]["values"] == [1, 2] and type(loaded.parameters["y"]["values"][0]) is int
    assert loaded.notes == ("parameters.x.values and in 2 other places: a tuple, range or array became a list",)
    assert parameter({"values": range(3, 0, -1)})["values"] == [3, 2, 1]
    assert "range" in str(refusal(config(parameters={"x": {"values": range(10**15)}})))


@pytest.mark.parametrize("name", ["lr", "model.lr-2_x", "learning rate", "optim/lr", "größe", "学習率", "1x", "<b>"])
def test_names_that_real_code_uses_are_accepted(name: str) -> None:
    assert list(load(config(parameters={name: {"value": 1}})).parameters) == [name]


def test_keys_of_a_server_are_ignored_with_one_note() -> None:
    loaded = load(config(entity="me", controller={"type": "local"}, apiVersion="1", kind="sweep"))
    assert len(loaded.notes) == 1
    assert all(key in loaded.notes[0] for key in ("entity", "controller", "apiVersion", "kind"))


def test_the_whole_top_level_is_read() -> None:
    loaded = load(
        config(
            name="n",
            description="d",
            project="p",
            program="train.py",
            run_cap=10,
            seed=3,
            command=["python", "${args}"],
        )
    )
    assert (loaded.name, loaded.description, loaded.project, loaded.program) == ("n", "d", "p", "train.py")
    assert (loaded.run_cap, loaded.seed, loaded.command) == (10, 3, ("python", "${args}"))


def test_log_uniform_is_accepted_and_its_values_are_shown() -> None:
    (note,) = load(config(parameters={"lr": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1}})).notes
    assert "log_uniform_values" in note and "1.105" in note


def test_macros_and_the_names_of_parameters_pass_also_inside_words() -> None:
    words = ["${env}", "${interpreter}", "x${envvar:HOME}", "${args_no_hyphens}", "--lr=${optim.lr}", "$${left.alone}"]
    nested = {"optim": {"parameters": {"lr": {"min": 0.0, "max": 1.0}}}}
    loaded = load(config(command=words, parameters=nested))
    assert loaded.command == tuple(words) and loaded.notes == ()


# -- YAML and files --------------------------------------------------------------------------------------------------


def test_numbers_that_yaml_takes_for_text_are_numbers_where_a_number_is_expected() -> None:
    loaded = loads(
        """
        method: random
        metric: {name: loss, target: 1e-3}
        run_cap: 1e2
        parameters:
          lr: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}
          steps: {distribution: int_uniform, min: 1, max: 3e6}
          mix: {values: [a, b], probabilities: [1e-1, 0.9]}
          eps: {value: !!float 1e-8}
        """
    )
    assert loaded.parameters["lr"] == {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}
    assert loaded.parameters["steps"]["max"] == 3_000_000
    assert loaded.parameters["mix"]["probabilities"] == [0.1, 0.9]
    assert loaded.parameters["eps"]["value"] == 1e-8
    assert loaded.metric is not None and loaded.metric.target == 1e-3 and loaded.run_cap == 100
    assert loaded.notes == ()


def test_in_a_list_of_values_such_text_stays_and_is_warned_of() -> None:
    loaded = loads("{method: grid, parameters: {lr: {values: [1e-5, 3e6, 0.1]}}}")
    assert loaded.parameters["lr"]["values"] == ["1e-5", "3e6", 0.1]
    assert loaded.notes == (
        "parameters.lr.values: '1e-5', '3e6' are text; if numbers are meant, write 1e-05, 3000000.0 "
        "(in YAML also !!float)",
    )


def test_a_file_is_read_as_yaml_or_json(tmp_path: Path) -> None:
    yaml_file, json_file = tmp_path / "sweep.yaml", tmp_path / "sweep.json"
    yaml_file.write_text("method: random\nparameters: {größe: {min: 0.0, max: 0.1}}", encoding="utf-8")
    json_file.write_text('{"method": "random",\t"parameters": {"größe": {"min": 0.0, "max": 1e-1}}}', encoding="utf-8")
    assert load(str(yaml_file)) == load(yaml_file) == load(json_file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- a\n- b", "a list"),
        ("a: [", "line 1"),
        ("method: random\nmethod: grid", "'method' is there twice (line 2"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: !!float x", "cannot be read"),
        ("? [a]\n: b", "unhashable key (line 1"),
    ],
)
def test_text_that_is_no_config_is_refused_with_the_place(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        loads(text)


def test_a_file_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    broken = tmp_path / "x.json"
    broken.write_text("{")
    for path in (tmp_path / "none.yaml", tmp_path, binary, broken, "a\0b"):
        refusal(path)
    assert "loads" in str(refusal("method: random\nparameters: {}"))


def test_merge_keys_work() -> None:
    text = "base: &base {min: 0.0, max: 1.0}\nx: {<<: *base, max: 2.0}"
    assert parse_yaml(text)["x"] == {"min": 0.0, "max": 2.0}


def test_what_merges_can_be_merged_again() -> None:
    text = """
        base: &base {min: 0.0, max: 1.0}
        x: &x {<<: *base, max: 2.0}
        y: &y {<<: [*x, *base], min: -1.0}
        z: {<<: *x}
        nest: {<<: &within {<<: *y, max: 3.0}, q: 1}
        again: {<<: *within}"""
    found = parse_yaml(text)
    assert found["x"] == found["z"] == {"min": 0.0, "max": 2.0} and found["y"] == {"min": -1.0, "max": 2.0}
    assert found["nest"] == {"min": -1.0, "max": 3.0, "q": 1} and found["again"] == {"min": -1.0, "max": 3.0}
    with pytest.raises(ConfigError, match="the key 'max' is there twice"):
        parse_yaml("base: &base {min: 0.0}\nx: &x {<<: *base, max: 2.0, max: 3.0}\ny: {<<: *x}")


def test_a_text_whose_aliases_multiply_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "\n".join(lines) + "\nmethod: grid\nparameters: {x: {values: *a11}}"
    with pytest.raises(ConfigError, match="holds too much"):
        loads(text)


# -- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "path", "says"),
    [
        ({}, "", "empty"),
        (3, "", "{value: ...}"),
        ([1, 2], "", "{values: [...]}"),
        (None, "", "not a mapping"),
        ({"vaules": [1]}, ".vaules", "did you mean values?"),
        ({"min": 0.1, "max": 0.01}, ".min", ": 0.1 is not below max 0.01; swap them"),
        ({"min": 1, "max": 1}, ".min", "use value: 1"),
        ({"min": 1}, ".max", "missing"),
        ({"max": 1}, ".min", "missing"),
        ({"min": 0, "max": math.nan}, ".max", "finite"),
        ({"min": -math.inf, "max": 1.0}, ".min", "finite"),
        ({"min": "0.1", "max": 1.0}, ".min", "without quotes"),
        ({"min": None, "max": 1.0}, ".min", "None"),
        ({"min": True, "max": 3}, ".min", "not a number"),
        ({"min": 0, "max": 8, "q": 2}, ".q", "q_uniform"),
        ({"mu": 0}, "", "normal"),
        ({"a": 1, "b": 1}, "", "beta"),
        ({"value": 1, "values": [1]}, "", "value and values"),
        ({"values": []}, ".values", "empty"),
        ({"values": 3}, ".values", "not a list"),
        ({"values": "abc"}, ".values", "not a list"),
        ({"values": [1], "min": 0}, ".min", "does not belong to categorical"),
        ({"values": [{1, 2}]}, ".values[0]", "set"),
        ({"values": [object()]}, ".values[0]", "object"),
        ({"value": "\ud800"}, ".value", "Unicode"),
        ({"probabilities": [1.0]}, ".values", "missing"),
        ({"values": [1, 2], "probabilities": [0.5]}, ".probabilities", "1 entries for 2 values"),
        ({"values": [1, 2], "probabilities": [-0.5, 1.5]}, ".probabilities", "-0.5"),
        ({"values": [1, 2], "probabilities": [0.5, 0.6]}, ".probabilities", "sum to 1.1, not 1"),
        ({"values": [1, 2], "probabilities": [0, 0]}, ".probabilities", "sum to 0"),
        ({"distribution": "categorical", "values": [1], "probabilities": [1]}, ".probabilities", "w_probabilities"),
        ({"distribution": "lognormal"}, ".distribution", "did you mean log_normal?"),
        ({"distribution": ["normal"]}, ".distribution", "it can be"),
        ({"distribution": "normal", "sigma": -1}, ".sigma", "0 or more"),
        ({"distribution": "normal", "min": 0}, ".min", "does not belong to normal"),
        ({"distribution": "uniform", "min": 0.0, "max": 1.0, "q": 0.1}, ".q", "use q_uniform"),
        ({"distribution": "beta", "a": 0}, ".a", "above 0"),
        ({"distribution": "q_uniform", "min": 0, "max": 9, "q": 0}, ".q", "above 0"),
        ({"distribution": "q_uniform", "min": 0, "max": 9, "q": -1}, ".q", "above 0"),
        ({"distribution": "q_uniform", "min": 1, "max": 3, "q": 5}, ".q", "no multiple"),
        ({"distribution": "int_uniform", "min": 1.0, "max": 3}, ".min", "write 1"),
        ({"distribution": "int_uniform", "min": 1.5, "max": 3}, ".min", "not a whole number"),
        ({"distribution": "log_uniform_values", "min": 0, "max": 1}, ".min", "above 0"),
        ({"distribution": "q_log_uniform_values", "min": -1, "max": 1}, ".min", "above 0"),
        ({"distribution": "inv_log_uniform_values", "min": 0, "max": 1}, ".min", "above 0"),
        ({"distribution": "log_uniform", "min": 32, "max": 1024}, ".max", "log_uniform_values"),
        ({"distribution": "inv_log_uniform", "min": 1, "max": 1000}, ".max", "inv_log_uniform_values"),
        ({"distribution": "log_normal", "mu": 1000}, ".mu", "log(mean)"),
        ({"parameters": {}}, ".parameters", "empty"),
        ({"parameters": {"y": {"value": 1}}, "values": [1]}, "", "beside parameters"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_path_and_mend(definition: Any, path: str, says: str) -> None:
    error = refusal(config(parameters={"x": definition}))
    assert error.path == f"parameters.x{path}"
    assert str(error).startswith(error.path)
    assert says in str(error)


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"metod": "grid"}, "metod", "did you mean method?"),
        ({"method": None}, "method", "grid, random or bayes"),
        ({"method": "bayesian"}, "method", "did you mean bayes?"),
        ({"method": "custom"}, "method", "Optimizer"),
        ({"parameters": {}}, "parameters", "empty"),
        ({"parameters": None}, "parameters", "missing"),
        ({"parameters": [1]}, "parameters", "not a mapping"),
        ({"parameters": {1: {"value": 1}}}, "parameters", "put it in quotes"),
        ({"parameters": {" ": {"value": 1}}}, "parameters", "name"),
        ({"metric": {"name": "loss", "goal": "minimise"}}, "metric.goal", "did you mean minimize?"),
        ({"metric": {"name": "loss", "goal": "min"}}, "metric.goal", "did you mean minimize?"),
        ({"metric": {"goal": "minimize"}}, "metric.name", "missing"),
        ({"metric": "loss"}, "metric", "{name: loss, goal: minimize}"),
        ({"metric": {"name": "loss", "gaol": "minimize"}}, "metric.gaol", "did you mean goal?"),
        ({"metric": {"name": "loss", "target": math.inf}}, "metric.target", "finite"),
        ({"metric": {"name": "loss", "impute": "mean"}}, "metric.impute", "worst"),
        ({"run_cap": 0}, "run_cap", "1 or more"),
        ({"run_cap": -1}, "run_cap", "1 or more"),
        ({"run_cap": 5.1}, "run_cap", "not a whole number"),
        ({"run_cap": "10"}, "run_cap", "without quotes"),
        ({"run_cap": True}, "run_cap", "not a number"),
        ({"seed": -1}, "seed", "0 or more"),
        ({"grid_order": "shuffled"}, "grid_order", "sorted or random"),
        ({"name": 3}, "name", "quotes"),
        ({"command": "python train.py"}, "command", "write [python, train.py]"),
        ({"command": ["python", "${argz}"]}, "command[1]", "did you mean args?"),
        ({"command": ["python", "--home=${HOME}"]}, "command[1]", "has the unknown macro ${HOME}"),
        ({"command": ["python", "--all=${args}"]}, "command[1]", "make it an item of its own"),
        ({"early_terminate": "hyperband"}, "early_terminate", "{type: hyperband"),
        ({"early_terminate": {"type": "hyperband"}}, "early_terminate.min_iter", "max_iter and s"),
        ({"early_terminate": {"type": "hyperband", "max_iter": 9}}, "early_terminate.min_iter", "max_iter and s"),
        ({"early_terminate": {"min_iter": 3}}, "early_terminate.type", "missing"),
        ({"early_terminate": {"type": "median", "min_iter": 3}}, "early_terminate.type", "hyperband"),
        ({"early_terminate": {"type": "hyperband", "min_iter": 0}}, "early_terminate.min_iter", "1 or more"),
        ({"early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 1}}, "early_terminate.eta", "above 1"),
        ({"early_terminate": {"type": "hyperband", "max_iter": 2, "s": 1}}, "early_terminate.max_iter", "no band"),
        ({"early_terminate": {"type": "hyperband", "min_iter": 3, "strict": 1}}, "early_terminate.strict", "true"),
        ({"metric": None, "method": "bayes"}, "metric", "bayes"),
        ({"metric": None, "early_terminate": {"type": "hyperband", "min_iter": 3}}, "metric", "early_terminate"),
        ({"scheduler": {"engine": "optuna"}}, "scheduler", "Optimizer"),
        ({"job": "x"}, "job", "agent"),
        ({"image_uri": "x"}, "image_uri", "agent"),
        ({"metrics": [{"name": "a"}, {"name": "b"}]}, "metrics", "one metric"),
    ],
)
def test_a_top_level_key_that_cannot_be_is_refused(changes: dict[str, Any], path: str, says: str) -> None:
    raw = {key: value for key, value in config(**changes).items() if value is not None}
    error = refusal(raw)
    assert error.path == path
    assert says in str(error)


@pytest.mark.parametrize(
    "definition",
    [
        {"min": 0.0, "max": 1.0},
        {"distribution": "normal"},
        {"distribution": "q_normal"},
        {"distribution": "q_log_uniform_values", "min": 1, "max": 9},
        {"values": [1, 2], "probabilities": [0.5, 0.5]},
        {"parameters": {"y": {"min": 0.0, "max": 1.0}}},
    ],
)
def test_a_grid_refuses_what_it_cannot_enumerate_when_it_is_defined(definition: dict[str, Any]) -> None:
    assert refusal(config(method="grid", parameters={"x": definition})).path.startswith("parameters.x")


def test_all_problems_are_told_at_once() -> None:
    error = refusal(
        {
            "method": "grid",
            "metric": {"name": "loss", "goal": "minimise"},
            "run_cap": "10",
            "paramters": {},
            "parameters": {"a": {"min": 2, "max": 1, "q": 1}, "b": {}, "c": {"distribution": "normal", "sigma": -1}},
        }
    )
    lines = str(error).splitlines()
    assert lines[0] == "the sweep config has 7 problems:"
    assert len(lines) == 8
    assert error.path == "paramters"


def test_a_config_that_is_no_mapping_is_refused() -> None:
    for raw in (None, 3, [1], b"x", object()):
        assert "sweep config" in str(refusal(raw))


class _Hostile(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_objects_that_fail_when_they_are_read_give_a_config_error() -> None:
    refusal(_Hostile())
    refusal(config(parameters=_Hostile()))
    refusal(config(parameters={"x": {"value": _Hostile()}}))
    endless: list[Any] = []
    endless.append(endless)
    assert "holds too much, or itself" in str(refusal(config(parameters={"x": {"values": endless}})))
    nest: dict[str, Any] = {}
    nest["parameters"] = {"x": nest}
    assert "levels deep" in str(refusal(config(parameters={"x": nest})))


# -- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.configs)
def test_a_valid_config_round_trips_through_json(raw: dict[str, Any]) -> None:
    loaded = load(raw)
    again = load(json.loads(json.dumps(loaded.to_dict())))
    assert json.dumps(again.to_dict()) == json.dumps(loaded.to_dict())
    assert load(loaded.to_dict()) == loaded
    assert load(loaded) is loaded


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.junk)
def test_no_input_makes_the_loader_raise_anything_but_a_config_error(raw: Any) -> None:
    with contextlib.suppress(ConfigError):
        load(raw)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("method: random\n[]{}-&*!!floatint1e-5'\"<>|?#%@,\t\\x00é"), max_size=60) | st.text())
def test_no_text_makes_the_loader_raise_anything_but_a_config_error(text: str) -> None:
    for read in (loads, load):
        with contextlib.suppress(ConfigError):
            read(text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.configs)
def test_every_valid_config_passes_the_json_schema(raw: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(raw)
    assert VALIDATOR.is_valid(load(raw).to_dict())


@pytest.mark.parametrize(
    "raw",
    [
        {},
        config(metod="x"),
        config(parameters={}),
        config(parameters={"x": {}}),
        config(parameters={"x": {"distribution": "lognormal"}}),
        config(parameters={"x": {"min": 0}}),
        config(parameters={"x": {"values": []}}),
        config(run_cap=0),
        config(early_terminate="hyperband"),
        config(early_terminate={"type": "hyperband"}),
        {"method": "bayes", "parameters": LR},
        config(metric={"name": "loss", "goal": "minimise"}),
        config(command="python"),
    ],
)
def test_what_the_json_schema_refuses_the_loader_refuses(raw: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert not VALIDATOR.is_valid(raw)
    refusal(raw)


def test_the_schema_that_is_shipped_is_the_one_that_the_tables_give() -> None:
    shipped = Path(sweep_config.__file__).with_name("sweep_config.schema.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == json_schema(), "python -m nbsweep.config_schema > nbsweep/sweep_config.schema.json"


def test_importing_the_loader_imports_neither_numpy_nor_yaml() -> None:
    check = "import sys, nbsweep.sweep_config; print(sorted({'numpy', 'scipy', 'yaml', 'pandas'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_ten_thousand_parameters_load_within_seconds() -> None:
    many = {f"p{n}": {"min": 0.0, "max": 1.0} for n in range(10_000)}
    assert len(load(config(parameters=many)).parameters) == 10_000
    bad = {f"p{n}": {"min": 1.0, "max": 0.0} for n in range(10_000)}
    assert "and 9950 more" in str(refusal(config(parameters=bad)))
