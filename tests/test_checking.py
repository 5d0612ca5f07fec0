"""A define cell that is still being written: judged in the cell's own words, at the right place, and never run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nbsweep import sweep_config
from nbsweep.errors import ConfigError
from nbsweep.notebook.checking import answer_check, check
from nbsweep.notebook.define_body import body_config

LR = {"lr": {"min": 0.0, "max": 0.1}}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"method": "random", "parameters": LR, "metrc": {}}, "metrc"),
    "an unknown key of a parameter": ({"method": "random", "parameters": {"lr": {"mni": 1, "max": 2}}}, "mni"),
    "a key of another distribution": (
        {"method": "random", "parameters": {"lr": {"distribution": "uniform", "min": 0, "max": 1, "q": 2}}},
        "q",
    ),
    "min above max": ({"method": "random", "parameters": {"lr": {"min": 7, "max": 3}}}, "7"),
    "an unknown distribution": (
        {"method": "random", "parameters": {"lr": {"distribution": "loguniform", "min": 1, "max": 2}}},
        "loguniform",
    ),
    "an unknown method": ({"method": "rnadom", "parameters": LR}, "rnadom"),
    "a wrong goal": ({"method": "random", "metric": {"name": "l", "goal": "minimise"}, "parameters": LR}, "minimise"),
    "a key that is missing": ({"method": "random", "parameters": {"lr": {"min": 1}}}, "lr"),
    "a metric that is missing": ({"method": "bayes", "parameters": LR}, ""),
    "what a grid cannot enumerate": ({"method": "grid", "parameters": LR}, ""),
    "a run_cap of nothing": ({"method": "random", "parameters": LR, "run_cap": 0}, "0"),
    "a wrong early_terminate": (
        {
            "method": "random",
            "metric": {"name": "l"},
            "parameters": LR,
            "early_terminate": {"type": "hyperband", "max_iter": 2, "s": 1},
        },
        "2",
    ),
    "an unknown macro": ({"method": "random", "parameters": LR, "command": ["${prgram}"]}, "${prgram}"),
    "a key that is not used": ({"method": "random", "parameters": LR, "scheduler": {}}, "scheduler"),
}


def said_when_run(body: str) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        sweep_config.load(body_config(body, {}))
    return raised.value


@pytest.mark.parametrize("written", ["dict", "yaml", "flow"])
@pytest.mark.parametrize("kind", WRONG)
def test_the_editor_says_what_the_cell_says_where_it_is(kind: str, written: str) -> None:
    config, underlined = WRONG[kind]
    body = {
        "dict": repr(config),
        "yaml": yaml.safe_dump(config, sort_keys=False),
        "flow": json.dumps({**config, "description": None}),  # null makes it JSON, which is YAML
    }[written]
    error, [found] = said_when_run(body), check(body)
    assert found.message == str(error) and found.path == error.path
    assert 0 <= found.start < found.end <= len(body)
    if underlined:
        assert body[found.start : found.end].strip("\"'") == underlined


def test_all_problems_are_told_each_at_its_place() -> None:
    body = "{'methd': 1, 'parameters': {'a': {'min': 2, 'max': 1}, 'b': {'vales': [1]}}}"
    found = check(body)
    assert len(found) == 4  # method is missing, too
    listed = str(said_when_run(body)).split("\n  ")[1:]
    assert [each.message for each in found] == listed
    assert [body[each.start : each.end] for each in found if each.path != "method"] == ["'methd'", "2", "'vales'"]


@pytest.mark.parametrize(
    "body",
    [
        "{'method': 'grid',\n 'parameters': {",
        "{'a' 'b': }",
        "method: [random",
        "a: b: c",
        "- 1\n- 2",
        "a: 1\na: 2",
        "4",
    ],
)
def test_a_body_that_cannot_be_read_is_told_as_the_cell_does(body: str) -> None:
    error, [found] = said_when_run(body), check(body)
    assert found.message == str(error)
    assert 0 <= found.start < found.end <= len(body)


def test_an_empty_body_is_not_blamed_yet() -> None:
    assert check("") == check("  \n\n") == []


def test_nothing_of_the_body_is_executed() -> None:
    ran: list[int] = []
    body = "{'method': ran.append(1), 'parameters': [ran.append(2) for _ in 'ab'], **dict(x=ran.append(3)), 'metrc': 1}"
    check(body, {"ran": ran})
    check("(lambda: ran.append(1))()", {"ran": ran})
    check("!!python/object/apply:os.system ['exit 1']")
    assert ran == []


@pytest.mark.parametrize(
    "body",
    [
        "CONFIG",
        "{'method': METHOD, 'parameters': PARAMETERS}",
        "{'method': 'random', 'parameters': {'lr': {'min': LOW, 'max': 0}}}",
        "{'method': 'grid', 'parameters': {'lr': {'min': LOW, 'max': 9}}}",  # it may be a whole number
        "{'method': 'bayes', 'parameters': {'lr': {'values': [1, 2]}}, **MORE}",  # a metric may be in there
        "{'method': 'nonsense', 'parameters': {'lr': {'values': VALUES, 'probabilities': [1.0]}}, **MORE}",
        "{'method': 'random', 'parameters': {'lr': {'values': VALUES, 'probabilities': [0.5, 0.5]}}}",
        "{'method': 'random', 'parameters': {'lr': {'values': [1, 2], 'probabilities': [P, 0.9]}}}",
        "{'method': 'random', 'parameters': {NAME: {'values': [1]}}, 'command': ['${lr}']}",
        "{'method': 'random', 'parameters': {n: {'values': [1]} for n in NAMES}}",
        "{'method': 'random', 'parameters': {'lr': dict(BOUNDS, min=3)}}",
    ],
)
def test_what_depends_on_what_is_not_known_is_not_judged(body: str) -> None:
    assert check(body) == []


def test_beside_what_is_not_known_all_else_is_judged() -> None:
    body = "{'method': METHOD, 'parameters': {'a': A, 'b': {'min': 2, 'max': 1}}, 'metrc': {}}"
    assert [found.path for found in check(body)] == ["metrc", "parameters.b.min"]


@pytest.mark.parametrize(
    ("low", "high", "wrong"),
    [
        ("2**3", "2**2", True),
        ("1e-4*10", "1e-4", True),
        ("-1", "+1", False),
        ("1/0", "0", False),
        ("10**10**10", "0", False),
        ("float('1e3')", "1", True),
        ("int('x')", "1", False),
    ],
)
def test_arithmetic_of_constants_is_done_and_all_else_is_left(low: str, high: str, wrong: bool) -> None:
    body = f"{{'method': 'random', 'parameters': {{'lr': {{'min': {low}, 'max': {high}}}}}}}"
    found = check(body)
    assert bool(found) == wrong
    assert all(body[each.start : each.end] == low for each in found)


def test_a_builtin_that_the_notebook_redefined_is_not_taken_for_pythons() -> None:
    body = "{'method': 'random', 'parameters': {'n': {'values': list(range(0))}}}"
    assert [found.path for found in check(body)] == ["parameters.n.values"]
    assert check(body, {"range": lambda _: [1]}) == []


@pytest.mark.parametrize("body", ["{'méthode': 1, '𝄞': 'ü'}", "é: 1\n𝄞𝄞: {ü: 2}\nmetrc: 3\n"])
def test_offsets_count_characters_and_for_the_page_utf16_units(body: str) -> None:
    found = check(body)
    keys = {each.path for each in found if each.path not in ("method", "parameters")}
    assert keys >= {"𝄞", "méthode"} or keys >= {"é", "𝄞𝄞", "metrc"}
    answered = answer_check({"body": body})["problems"]
    utf16 = body.encode("utf-16-le")
    for each, told in zip(found, answered, strict=True):
        assert utf16[2 * told["start"] : 2 * told["end"]].decode("utf-16-le") == body[each.start : each.end]
        if each.path in keys:
            assert body[each.start : each.end].strip("'") == each.path


def test_yaml_anchors_and_merges_are_read_as_the_loader_reads_them() -> None:
    body = "method: random\nparameters:\n  a: &x {min: 2, max: 1}\n  b: *x\n  c:\n    <<: *x\n    q: 1\n"
    paths = [found.path for found in check(body)]
    assert paths[:2] == ["parameters.a.min", "parameters.b.min"]
    error = said_when_run(body)
    assert [f"  {found.message}" for found in check(body)] == str(error).split("\n")[1:]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "é", "grid", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["method", "parameters", "min", "max", "values", "lr", "q", "metric", "name", "é.b", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["method", "parameters", "metric", "early_terminate", "x"]), plain, max_size=5))
def test_of_literals_the_editor_and_the_cell_say_the_same(config: Mapping[str, Any]) -> None:
    for body in (repr(config), yaml.safe_dump(config, allow_unicode=True) if config else "{}"):
        try:
            sweep_config.load(body_config(body, {}))
        except ConfigError as error:
            said = [line.strip() for line in str(error).split("\n")]
            messages = [found.message for found in check(body)]
            assert messages == (said if len(messages) == 1 else said[1:]) or len(messages) > 50
            assert all(0 <= found.start <= found.end <= len(body) for found in check(body))
        else:
            assert check(body) == []
