"""From a config's `command` and a run's values to the words of a process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsweep.command import MACROS, Surroundings, build_command, problem_with
from nbsweep.errors import UsageError

CONFIG: dict[str, Any] = {
    "lr": 0.1,
    "amp": True,
    "debug": False,
    "widths": [8, 16],
    "title": 'say "hi" there',
    "nothing": None,
    "optimizer": {"name": "adam", "betas": {"one": 0.9}},
}
AROUND = Surroundings("/opt/py/bin/python", "train.py", "/tmp/run.json", {"HOME": "/home/me", "EMPTY": ""})


def words(*command: str, config: dict[str, Any] | None = None) -> list[str]:
    return build_command(command, CONFIG if config is None else config, AROUND)


def test_by_default_the_running_python_trains_with_flags() -> None:
    assert build_command(None, {"lr": 0.1}, AROUND) == ["/usr/bin/env", "/opt/py/bin/python", "train.py", "--lr=0.1"]


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("env", ["/usr/bin/env"]),
        ("interpreter", ["/opt/py/bin/python"]),
        ("program", ["train.py"]),
        ("args_json_file", ["/tmp/run.json"]),
        ("envvar:HOME", ["/home/me"]),
        ("envvar:EMPTY", [""]),
        ("args", ["--lr=0.1", "--amp=True", "--debug=False", "--widths=[8, 16]", '--title=say "hi" there',
                  "--nothing=None", "--optimizer={'name': 'adam', 'betas': {'one': 0.9}}"]),
        ("args_no_hyphens", ["lr=0.1", "amp=True", "debug=False", "widths=[8, 16]", 'title=say "hi" there',
                             "nothing=None", "optimizer={'name': 'adam', 'betas': {'one': 0.9}}"]),
        ("args_no_boolean_flags", ["--lr=0.1", "--amp", "--widths=[8, 16]", '--title=say "hi" there',
                                   "--nothing=None", "--optimizer={'name': 'adam', 'betas': {'one': 0.9}}"]),
        ("args_override_hydra", ["++lr=0.1", "++amp=true", "++debug=false", "++widths=[8,16]",
                                 "++title='say \"hi\" there'", "++nothing=null", "++optimizer.name=adam",
                                 "++optimizer.betas.one=0.9"]),
        ("lr", ["0.1"]),
        ("optimizer.betas.one", ["0.9"]),
        ("optimizer", ["{'name': 'adam', 'betas': {'one': 0.9}}"]),
    ],
)  # fmt: skip
def test_a_macro_stands_for(macro: str, expected: list[str]) -> None:
    assert words(f"${{{macro}}}") == expected


def test_flags_without_equals_are_two_words_each() -> None:
    assert words("${args_no_equals}", config={"a": [1, 2], "b": "x y"}) == ["--a", "[1, 2]", "--b", "x y"]


def test_hydra_may_append_what_its_config_lacks() -> None:
    appended, overridden = words("${args_append_hydra}"), words("${args_override_hydra}")
    assert appended == [word.removeprefix("+") for word in overridden]


def test_json_holds_the_whole_config_in_one_word() -> None:
    (word,) = words("${args_json}")
    assert json.loads(word) == CONFIG


def test_macros_of_one_word_are_replaced_inside_words() -> None:
    assert words("--out=${envvar:HOME}/${lr}/${optimizer.name}.${program}") == ["--out=/home/me/0.1/adam.train.py"]


def test_two_dollars_leave_the_braces_to_the_program() -> None:
    assert words("++a=$${b.c}", "$${args}") == ["++a=${b.c}", "${args}"]


def test_where_there_is_no_env_program_it_is_no_word_at_all() -> None:
    windows = Surroundings("python.exe", "train.py", "", {}, env="")
    assert build_command(None, {}, windows) == ["python.exe", "train.py"]


@pytest.mark.parametrize(
    ("command", "around", "said"),
    [
        (["${program}"], Surroundings("py", None, "", {}), "names no program"),
        (["x${envvar:NOSUCH}"], AROUND, "NOSUCH is not set"),
        (["${env}"], Surroundings("py", None, "", {}, env=""), "no words"),
    ],
)
def test_a_macro_with_nothing_to_stand_for_is_said(command: list[str], around: Surroundings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build_command(command, {}, around)


@given(st.sampled_from(MACROS), st.text(max_size=5))
def test_whatever_passes_the_check_can_be_built(macro: str, around: str) -> None:
    word = f"{around}${{{macro}}}{around}"
    if problem_with(word, {}) is None:
        assert build_command([word, "end"], {"lr": 0.1}, AROUND)[-1] == "end"


@given(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.booleans() | st.none()))
def test_one_flag_a_parameter_whatever_the_values_hold(config: dict[str, Any]) -> None:
    assert len(words("python", "${args}", config=config)) == 1 + len(config)


_LEAVES = (
    st.booleans()
    | st.none()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
    | st.text("\\'\"${},: =ab\n\t", max_size=8)
)


@given(_LEAVES | st.lists(_LEAVES, max_size=3))
def test_hydra_reads_back_every_value(value: Any) -> None:
    parser = pytest.importorskip("hydra.core.override_parser.overrides_parser").OverridesParser.create()
    (word,) = words("${args_override_hydra}", config={"a": {"b": value}})
    override = parser.parse_override(word)
    assert override.key_or_group == "a.b"
    assert _unquoted(override.value()) == value


def _unquoted(value: Any) -> Any:
    if isinstance(value, list):
        return [_unquoted(item) for item in value]
    return value.text if type(value).__name__ == "QuotedString" else value
