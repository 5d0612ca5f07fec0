"""A notebook's snapshot: bounded whatever the sweep, JSON whatever the values, and what it holds is what was logged.

``labextension/test/snapshot.test.ts`` reads with the front end's code what this module wrote with Python's: the file
`GOLDEN`, which ``python -m tests.test_snapshot`` writes anew when the format changes (and its version with it).
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import nbsweep
from nbsweep.notebook.dashboard import Dashboard
from nbsweep.notebook.packing import packed
from nbsweep.notebook.series import Series
from nbsweep.notebook.snapshot import MIME, MOST_BYTES, NOT_KEPT, placeholder, snapshot
from nbsweep.notebook.twins import mimebundle
from tests.test_dashboard import Page

GOLDEN = Path(__file__).parent.parent / "labextension" / "test" / "snapshot-curves.json"
SIZES = {"u1": 1, "u2": 2, "u4": 4, "i4": 4, "f8": 8}
CORPUS = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))


def a_series(run: str, key: str, values: Any, steps: Any = None) -> Series:
    points = np.asarray(values, dtype="<f8")
    places = np.arange(len(points), dtype="<f8") if steps is None else np.asarray(steps, dtype="<f8")
    return Series(run, key, 0, len(points), places, 1.8e9 + 0.25 * places, points)


def golden_curves() -> list[Series]:
    return [
        a_series("a", "smooth", np.exp(-np.linspace(0, 3, 40)) - 0.5),
        a_series("a", "many decades", 10.0 ** np.linspace(3, -6, 40)),
        a_series("b", "whole", [3, 1, 4, 1, 5, 9, 2, 6], steps=[0, 2, 4, 100, 101, 5000, 5001, 70000]),
        a_series("b", "gaps", [0.5, math.nan, math.inf, -math.inf, 1.5, 0.25]),
        a_series("b", "smooth", [1.25] * 3),
        a_series("a", "extremes", [-1.7e308, 0.0, 1.7e308]),
        a_series("a", "nothing known", [math.nan, math.nan]),
    ]


def block_of(series: list[Series]) -> tuple[dict[str, Any], bytes]:
    keys = {key: place for place, key in enumerate(dict.fromkeys(each.key for each in series))}
    columns, arrays = packed(series, {"a": 0, "b": 1}, keys)
    return {"keys": list(keys), "columns": columns}, arrays


def unpacked(text: str) -> tuple[list[str], dict[str, npt.NDArray[Any]]]:
    """Keys and columns of a snapshot's curves; differences are still differences."""
    block = gzip.decompress(base64.b64decode(text))
    (length,) = struct.unpack("<I", block[:4])
    head, at = json.loads(block[4 : 4 + length]), 4 + length
    columns = {}
    for column in head["columns"]:
        size = SIZES[column["type"]]
        end = at + size * column["count"]
        planes = np.frombuffer(block[at:end], "u1").reshape(size, column["count"])
        columns[column["name"]] = planes.T.copy().view(f"<{column['type']}").reshape(-1)
        at = end
    assert at == len(block)
    return head["keys"], columns


def table_of(snapped: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(snapped["table"])))
    return table


def strict(snapped: dict[str, Any]) -> str:
    return json.dumps(snapped, allow_nan=False)


def a_sweep(runs: int, keys: int, points: int, *, says: str = "") -> nbsweep.Sweep:
    """Noisy curves as training makes them: what is random is what cannot be compressed."""
    parameters: dict[str, Any] = {
        f"parameter {n}": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0} for n in range(6)
    }
    parameters["optimizer"] = {"values": ["adam", "sgd", "rmsprop"]}
    sweep_id = nbsweep.sweep(
        {"method": "random", "seed": 1, "metric": {"name": "loss", "goal": "minimize"}, "parameters": parameters}
    )
    names = ["loss", *(f"metric {n}" for n in range(1, keys))]
    random = np.random.default_rng(0)

    def train(run: Any) -> None:
        noise = random.normal(size=(points, keys))
        curves = np.exp(-np.arange(points) / points * 4)[:, None] + 0.05 * noise + 0.002 * noise.cumsum(axis=0)
        for row in curves.tolist():
            run.log(dict(zip(names, row, strict=True)))
        print(says, random.random(20))

    nbsweep.agent(sweep_id, train, count=runs)
    return nbsweep.Sweep(sweep_id)


def test_the_golden_file_is_what_is_written() -> None:
    head, arrays = block_of(golden_curves())
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["head"] == head and base64.b64decode(golden["arrays"]) == arrays


def test_steps_that_are_no_whole_numbers_are_kept_as_they_are() -> None:
    series = [a_series("a", "k", [1.0, 2.0], steps=[0.5, 1.25]), a_series("b", "k", [1.0, 2.0], steps=[0, 2.0**40])]
    head, arrays = block_of(series)
    steps = next(column for column in head["columns"] if column["name"] == "steps")
    assert steps == {"name": "steps", "type": "f8", "count": 4}
    text = json.dumps(head).encode()
    block = struct.pack("<I", len(text)) + text + arrays
    _, columns = unpacked(base64.b64encode(gzip.compress(block)).decode())
    assert columns["steps"].tolist() == [0.5, 1.25, 0, 2.0**40]


@pytest.mark.usefixtures("tmp_store")
def test_a_hundred_runs_of_five_keys_and_three_thousand_points_fit_with_curves_that_show_their_shape() -> None:
    sweep = a_sweep(100, 5, 3000, says="epoch 1: all is well")
    snapped = snapshot(sweep, "model")
    assert len(strict(snapped)) <= MOST_BYTES == 300_000
    keys, columns = unpacked(snapped["curves"])
    assert keys == ["loss", "metric 1", "metric 2", "metric 3", "metric 4"] and len(columns["run"]) == 500
    assert len(columns["values"]) / 500 > 60, "points a curve"
    table = table_of(snapped)
    assert len(table["runs"]) == 100 and table["sweep"]["best"]["run"] == sweep.best_run.id  # type: ignore[union-attr]
    assert table["importance"]["loss"]["runs_used"] == 100
    assert all("all is well" in detail["console"] for detail in table["details"].values())
    assert snapped["notes"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("tmp_store")
def test_a_thousand_runs_fit_too_and_what_was_left_out_is_said() -> None:
    sweep = a_sweep(1000, 5, 200, says="x" * 300)
    snapped = snapshot(sweep)
    assert len(strict(snapped)) <= MOST_BYTES
    assert len(table_of(snapped)["runs"]) == 1000
    assert any("curves" in note for note in snapped["notes"])


@pytest.mark.usefixtures("tmp_store")
def test_however_little_room_there_is_the_bound_holds_and_the_notes_say_what_is_missing() -> None:
    sweep = a_sweep(60, 3, 100, says="hello")
    whole = len(strict(snapshot(sweep)))
    said = set()
    for room in (whole, *range(whole - 500, 4000, -whole // 12), 3000, 1500, 500):
        snapped = snapshot(sweep, most_bytes=room)
        assert len(strict(snapped)) <= room
        assert room == whole or snapped["notes"] or len(unpacked(snapped["curves"])[1]["values"]) < 60 * 3 * 100
        said.update(snapped["notes"])
        for detail in (table_of(snapped)["details"] or {}).values() if "table" in snapped else ():
            assert "hello" in detail["console"] or detail["console"] == NOT_KEPT
    assert any("best of 60 runs" in note for note in said) and any("too much" in note for note in said)


@pytest.mark.usefixtures("tmp_store")
def test_values_that_json_lacks_and_hostile_names_are_recorded_as_data() -> None:
    names = [f"{name} {number}" for number, name in enumerate(CORPUS)]
    sweep_id = nbsweep.sweep(
        {"name": CORPUS[0], "method": "random", "metric": {"name": names[1]},
         "parameters": {name: {"values": [name, 1]} for name in names}}
    )  # fmt: skip

    def train(run: Any) -> None:
        for step in range(5):
            run.log(dict.fromkeys(names, (math.nan, math.inf, -math.inf, 1e308, 5e-324)[step]))
        print(CORPUS)
        raise ValueError(CORPUS[1])

    nbsweep.agent(sweep_id, train, count=2)
    sweep = nbsweep.Sweep(sweep_id)
    snapped = snapshot(sweep)
    assert len(strict(snapped).encode("ascii")) <= MOST_BYTES
    assert snapped["sweep"] == sweep.id, "only what is ours stands in the clear"
    assert not any(name in strict(snapped) for name in CORPUS if "<" in name)
    table = table_of(snapped)
    assert {run["id"] for run in table["runs"]} == {run.id for run in sweep.runs}
    assert all(set(run["config"]) == set(names) for run in table["runs"])
    keys, columns = unpacked(snapped["curves"])
    assert set(keys) <= set(names) and len(keys) == min(12, len(names))
    assert {65_535, 65_534, 65_533} <= set(np.cumsum(columns["values"][:5], dtype="u2").tolist())


@pytest.mark.usefixtures("tmp_store")
def test_it_is_told_in_the_words_in_which_a_kernel_tells_pages() -> None:
    sweep = a_sweep(3, 1, 30)
    page = Page(Dashboard(sweep.id), "a")
    page.hello()
    table = table_of(snapshot(sweep))
    told = {**page.sweep, "now": 0}
    assert {**table["sweep"], "now": 0} == told
    assert {run["id"]: run for run in table["runs"]} == page.runs
    _, columns = unpacked(snapshot(sweep)["curves"])
    assert columns["total"].tolist() == [30.0] * 3 and len(columns["values"]) == 90


@pytest.mark.usefixtures("tmp_store")
def test_the_same_sweep_gives_the_same_snapshot_and_a_sweep_without_runs_gives_one() -> None:
    sweep = a_sweep(4, 2, 50)
    first, second = snapshot(sweep), snapshot(sweep)
    now = {"now": 0, "trained_s": 0}
    assert first["curves"] == second["curves"]
    assert {**table_of(first)["sweep"], **now} == {**table_of(second)["sweep"], **now}
    empty = snapshot(nbsweep.Sweep(nbsweep.sweep({"method": "random", "parameters": {"a": {"min": 0.0, "max": 1.0}}})))
    assert table_of(empty)["runs"] == [] and empty["curves"] == "" and empty["notes"] == []


@pytest.mark.usefixtures("tmp_store")
def test_the_twins_carry_it_and_the_widgets_output_says_where_it_is() -> None:
    sweep = a_sweep(2, 1, 20)
    before = time.time()
    bundle = mimebundle(sweep, "model")
    assert bundle[MIME]["widget"] == "model" and bundle[MIME]["recorded"] >= before
    assert {"text/plain", "text/html", "image/png", MIME} == set(bundle)
    assert placeholder(sweep.id, "model") == {"version": 1, "sweep": sweep.id, "widget": "model", "below": True}


def write_golden() -> None:
    head, arrays = block_of(golden_curves())
    golden = {"head": head, "arrays": base64.b64encode(arrays).decode()}
    GOLDEN.write_text(json.dumps(golden, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
