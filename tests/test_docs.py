"""The sweep config reference holds what it says: every example in it is loaded or run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from nbsweep import sweep_config
from nbsweep.config_schema import DISTRIBUTIONS, EARLY_TERMINATE, IGNORED, INSTEAD, METRIC, TOP_LEVEL
from nbsweep.errors import ConfigError
from nbsweep.search import make_searcher

PAGE = (Path(__file__).parents[1] / "docs" / "sweep-config.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
YAML = [text for language, text in BLOCKS if language == "yaml"]
DICTS = [text for language, text in BLOCKS if language == "python" and ">>>" not in text]
SESSIONS = [text for language, text in BLOCKS if language == "python" and ">>>" in text]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def keys(heading: str) -> list[str]:
    return [name for row in rows(heading) for name in re.findall(r"`(\w+)`", row[0])]


@pytest.mark.parametrize("page", ["logging.md", "search.md"])
def test_readme_shows_the_figures_that_the_page_has(page: str) -> None:
    docs = Path(__file__).parents[1]
    text = (docs / "docs" / page).read_text(encoding="utf-8")
    shown = text.split("<!-- README: the short table begins -->\n")[1].split("<!-- README: the short table ends -->")[0]
    assert shown.strip() in (docs / "README.md").read_text(encoding="utf-8")


def test_every_block_is_one_that_is_checked() -> None:
    assert len(YAML) + len(DICTS) + len(SESSIONS) == len(BLOCKS) == PAGE.count("\n```") / 2


@pytest.mark.parametrize("text", YAML)
def test_a_yaml_block_is_accepted_or_refused_or_noted_as_it_says(text: str) -> None:
    claim = re.match(r"# (refused|note): (.*)\n", text)
    if claim and claim[1] == "refused":
        with pytest.raises(ConfigError) as caught:
            sweep_config.loads(text)
        assert claim[2] in str(caught.value)
        return
    config = sweep_config.loads(text)
    assert any(claim[2] in note for note in config.notes) if claim else config.notes == ()
    make_searcher(config, seed=0)


@pytest.mark.parametrize("text", DICTS)
def test_a_python_block_is_a_config(text: str) -> None:
    names: dict[str, Any] = {}
    exec(text, names)
    config = sweep_config.load(names["sweep_config"])
    assert config.notes == () and make_searcher(config, seed=0).ask(0)


def test_the_first_two_configs_are_the_same() -> None:
    names: dict[str, Any] = {}
    exec(DICTS[0], names)
    assert sweep_config.load(names["sweep_config"]) == sweep_config.loads(YAML[0])


@pytest.mark.parametrize("text", SESSIONS)
def test_a_python_session_gives_what_it_shows(text: str) -> None:
    example = doctest.DocTestParser().get_doctest(text, {}, "sweep-config.md", None, None)
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_tables_have_every_key_and_no_other() -> None:
    assert sorted(keys("## Top-level keys")) == sorted([*TOP_LEVEL, *IGNORED, *INSTEAD])
    assert keys("### metric") == list(METRIC)
    assert keys("### early_terminate") == list(EARLY_TERMINATE)
    assert keys("## Distributions") == list(DISTRIBUTIONS)


def test_the_macros_are_all_there() -> None:
    macros = PAGE.split("### command", 1)[1].split("```", 1)[0]
    assert re.findall(r"\$\{([\w:]+)\}", macros) == [*sweep_config.MACROS, "envvar:NAME"]


@pytest.mark.parametrize("row", rows("## Distributions"), ids=lambda row: str(row[0]))
def test_a_distributions_example_and_keys_are_its_own(row: list[str]) -> None:
    name, takes, _, example = (cell.replace("`", "") for cell in row)
    config = sweep_config.loads(f"{{method: random, parameters: {{x: {example}}}}}")
    assert config.parameters["x"]["distribution"] == name
    assert re.findall(r"`(\w+)`", row[1]) == list(DISTRIBUTIONS[name].keys), takes
