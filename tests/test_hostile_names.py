"""Names and values of users are data everywhere: never HTML, never SQL, never code, never a path.

The corpus (``tests/hostile.json``) is shared with the front end's tests.
"""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

import nbsweep
from nbsweep import process
from nbsweep.notebook import twins
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.views import run_view
from nbsweep.plan import Plan
from nbsweep.sweeps import Sweep

CORPUS: list[str] = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
NAMES = [name for name in CORPUS if name.strip()]


class Tags(html.parser.HTMLParser):
    """Which tags and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sweep in which everything that a user can name is hostile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSWEEP_STORAGE", f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'nbsweep.db'}")
        config = {
            "name": CORPUS[0],
            "project": CORPUS[2],
            "method": "random",
            "metric": {"name": CORPUS[3]},
            "parameters": {name: {"values": [name, number]} for number, name in enumerate(NAMES)},
        }

        def train(run: Any) -> None:
            print(*CORPUS)
            run.log({CORPUS[3]: float(run.number), **{f"logged {name}": number for number, name in enumerate(NAMES)}})
            run.log({f"said {name}": name for name in NAMES})
            if run.number == 3:
                raise RuntimeError(CORPUS[1])

        sweep_id = nbsweep.sweep(config, seed=1)
        nbsweep.agent(sweep_id, train, count=3)
        yield Sweep(sweep_id)

        process.shut_down()


def test_names_and_values_come_back_as_they_were(sweep: Sweep) -> None:
    table = sweep.to_pandas()
    assert set(NAMES) <= set(table.columns)
    for run in sweep.runs:
        assert set(run.config) == set(NAMES)
        for number, name in enumerate(NAMES):
            assert run.config[name] in (name, number) and run.summary[f"said {name}"] == name
    for name in CORPUS:
        assert name.rstrip("\r\n \t") in sweep.console(sweep.runs[0].name)


def test_the_database_has_its_tables_and_no_name_became_a_file(sweep: Sweep) -> None:
    folder = Path(str(sweep.store.url).removeprefix("sqlite:///")).parent
    assert {file.name for file in folder.iterdir()} <= {
        "nbsweep.db",
        "nbsweep.db-journal",
        "nbsweep.db-wal",
        "nbsweep.db-shm",
    }
    assert nbsweep.Sweep(CORPUS[0]).id == sweep.id, "found by its name"


def test_pages_have_no_tag_and_no_attribute_of_theirs(sweep: Sweep) -> None:
    page = twins.mimebundle(sweep)["text/html"]
    tags = Tags(page)
    assert not tags.tags & {"script", "img", "iframe", "object", "a", "form"}
    assert not {name for name in tags.attributes if name.startswith("on")}


def test_the_dashboards_messages_are_json_that_reads_back_the_same(sweep: Sweep) -> None:
    views = [run_view(run, Plan.of(sweep.checked_config), None, 0.0) for run in sweep.runs]
    assert json.loads(json.dumps(views, allow_nan=False)) == views
    assert {axis["name"] for axis in Plan.of(sweep.checked_config).axes} == set(NAMES)
    assert Dashboard(sweep.id).sweep.id == sweep.id


def test_figures_are_drawn(sweep: Sweep) -> None:
    for draw in (sweep.plot_parallel_coordinates, sweep.plot_history, sweep.plot_slices):
        draw().savefig(Path(str(sweep.store.url).removeprefix("sqlite:///")).with_suffix(".png"))
        Path(str(sweep.store.url).removeprefix("sqlite:///")).with_suffix(".png").unlink()
