"""Histograms, images and tables beside numbers: as they were at the call, durable, and harmless to whoever reads."""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

import nbsweep
from nbsweep import process
from nbsweep.cli import main
from nbsweep.errors import StoreError, UsageError
from nbsweep.exporting import write_table
from nbsweep.logged import ENTRIES
from nbsweep.notebook.media_views import media_view
from nbsweep.runs import Run
from nbsweep.store import RunRecord, RunTail, read_history
from nbsweep.store.columns import decode, encode
from nbsweep.store.media import Kept, MediaFiles, forget_roots, media_root
from nbsweep.values import Unkept, capture

CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2]}},
}


@pytest.fixture
def stores(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each backend in turn; the directory where files go."""
    if backend.startswith("postgresql"):
        monkeypatch.setenv("NBSWEEP_MEDIA", str(tmp_path / "shared"))
    yield media_root(backend)
    process.shut_down()


def logged(values: dict[str, Any], change: Any = lambda: None) -> dict[str, Any]:
    """What a run of its own kept of one call of `log`, read back from the store."""
    run = nbsweep.init()
    run.log(values)
    change()
    run.finish()
    with process.recorder().store.read() as db:
        history = read_history(db.chunks([run.id]))[run.id]
    return {key: column.values[-1] for key, column in history.columns.items()}


def packed(run: Run) -> tuple[RunTail, dict[str, bytes]]:
    """All that a run without a recorder logged, and its files."""
    tail, files = RunTail(run.id), {}
    run.encode()
    for late in run.late.unwritten():
        files.update(late.files)
        late.written = True
    run.drain(tail)
    return tail, files


def pixels(picture: Any) -> list[list[int]]:
    found: list[list[int]] = np.asarray(picture).tolist()
    return found


def test_a_table_keeps_pictures_and_histograms_in_its_cells(stores: Path) -> None:
    table = nbsweep.Table(columns=["digit", "said", "others"])
    table.add_data(nbsweep.Image(np.full((2, 3), 7, "u1"), caption="a seven"), 1, [nbsweep.Image(np.zeros((1, 1))), 2])
    table.add_data(nbsweep.Histogram([1, 1, 2], num_bins=2), None, [])
    kept = logged({"predictions": table})["predictions"]
    (digit, said, (other, two)), (counts, _none, _empty) = kept.load().data
    assert (digit, said, other, two) == ("image 3×2: a seven", 1, "image 1×1", 2)
    assert pixels(digit.load()) == [[7] * 3] * 2 and pixels(other.load()) == [[0]]
    assert counts.load().histogram == [2, 1]
    again = logged({"again": kept.load()})["again"]
    assert pixels(again.load().data[0][0].load()) == [[7] * 3] * 2
    assert list(kept.load().get_dataframe().columns) == ["digit", "said", "others"]


def test_a_table_takes_a_dataframe_wherever_it_is_given() -> None:
    frame = pd.DataFrame({"loss": [1, 2], "accu": [3, 4]})
    for table in (nbsweep.Table(dataframe=frame), nbsweep.Table(data=frame), nbsweep.Table(frame)):
        assert (table.columns, table.data) == (["loss", "accu"], [[1, 3], [2, 4]])
    assert nbsweep.Table(columns=["a", "b"], data=frame).data == [[1, 3], [2, 4]]


def test_a_table_grows_by_columns() -> None:
    table = nbsweep.Table(columns=["id"], data=[[1], [2]])
    table.add_column("word", np.array(["a", "b"]))
    assert table.columns == ["id", "word"] and table.data == [[1, "a"], [2, "b"]]
    with pytest.raises(UsageError, match=r"'more'\): 1 values for 2 rows"):
        table.add_column("more", [3])
    first = nbsweep.Table(columns=[])
    first.add_column("id", [1, 2])
    assert first.data == [[1], [2]]


def test_a_table_gives_a_column() -> None:
    table = nbsweep.Table(columns=["id", "word"], data=[[1, "a"], [2, "b"]])
    assert table.get_column("word") == ["a", "b"]
    numbers = table.get_column("id", convert_to="numpy")
    assert isinstance(numbers, np.ndarray) and numbers.tolist() == [1, 2]
    with pytest.raises(UsageError, match=r"get_column\('more'\): the columns are id, word"):
        table.get_column("more")
    with pytest.raises(UsageError, match="convert_to='torch'"):
        table.get_column("id", convert_to="torch")


def test_wandbs_other_arguments_of_pictures_and_tables_make_no_difference() -> None:
    with pytest.warns(UserWarning, match="nbsweep.Image: masks, file_type make no difference here"):
        image = nbsweep.Image(np.zeros((4, 4)), caption="x", masks={"prediction": {}}, file_type="jpg", boxes=None)
    assert image.caption == "x"
    with pytest.warns(UserWarning, match="nbsweep.Table: allow_mixed_types makes no difference here"):
        assert nbsweep.Table(columns=["a"], data=[[1], ["x"]], allow_mixed_types=True).data == [[1], ["x"]]


def test_a_figure_that_is_logged_as_it_is_is_told_what_keeps_it() -> None:
    from matplotlib.figure import Figure

    (left_out,) = capture({"f": Figure()}).values()
    assert isinstance(left_out, Unkept) and "nbsweep.Image of it" in left_out.reason


def test_each_comes_back_from_every_store(stores: Path) -> None:
    values = np.random.default_rng(1).normal(size=1000)
    table = nbsweep.Table(columns=["word", "count"], data=[["a", 1]])
    table.add_data("<b>b</b>", float("nan"))
    kept = logged(
        {
            "loss": 0.5,
            "weights": nbsweep.Histogram(values),
            "digit": nbsweep.Image(np.full((2, 3), 7, "u1"), caption="a seven"),
            "words": table,
            "few": [nbsweep.Image(np.zeros((1, 1))), nbsweep.Image(np.ones((1, 1)))],
        }
    )
    assert kept["loss"] == 0.5
    counts, edges = np.histogram(values, bins=64)
    histogram = kept["weights"].load()
    assert histogram.histogram == counts.tolist() and np.allclose(histogram.bins, edges, rtol=0, atol=1e-12)
    assert kept["digit"] == "image 3×2: a seven" and pixels(kept["digit"].load()) == [[7, 7, 7], [7, 7, 7]]
    back = kept["words"].load()
    assert back.columns == ["word", "count"] and back.data[0] == ["a", 1] and back.data[1][0] == "<b>b</b>"
    assert isinstance(back.get_dataframe(), pd.DataFrame) and kept["words"] == "table, 2 rows of 2: word, count"
    assert pixels(kept["few.1"].load()) == [[255]]
    files = [path for path in stores.rglob("*") if path.is_file()]
    assert len(files) == 4 and {path.parent.parent.name for path in files} == {"runs"}


@pytest.mark.usefixtures("tmp_store")
def test_values_are_those_of_the_time_of_the_call(tmp_path: Path) -> None:
    import torch
    from matplotlib.figure import Figure

    array, tensor = np.zeros((2, 2), "u1"), torch.zeros(3, 2, 2)
    picture, figure = Pillow.new("RGB", (2, 2)), Figure(figsize=(1, 1))
    Pillow.new("L", (2, 2)).save(tmp_path / "a.png")
    table, list_of_rows = nbsweep.Table(columns=["a"]), [[1]]
    cell = [1]
    table.add_data(cell)
    samples = np.zeros(100)
    blank = figure.canvas.get_width_height()

    def change() -> None:
        array[:] = 255
        tensor[:] = 1
        picture.paste((9, 9, 9), (0, 0, 2, 2))
        figure.text(0.5, 0.5, "later")
        Pillow.new("L", (2, 2), 255).save(tmp_path / "a.png")
        table.add_data([2])
        cell.append(2)
        list_of_rows.append([2])
        samples[:] = 5

    kept = logged(
        {
            "array": nbsweep.Image(array),
            "tensor": nbsweep.Image(tensor),
            "picture": nbsweep.Image(picture),
            "figure": nbsweep.Image(figure),
            "path": nbsweep.Image(tmp_path / "a.png"),
            "table": table,
            "rows": nbsweep.Table(data=list_of_rows),
            "histogram": nbsweep.Histogram(samples),
        },
        change,
    )
    for name in ("array", "tensor", "picture", "path"):
        assert np.asarray(kept[name].load()).max() == 0, name
    assert kept["tensor"].load().size == (2, 2) and kept["tensor"].load().mode == "RGB", "channels came first"
    assert kept["figure"].load().size == blank and np.asarray(kept["figure"].load().convert("L")).min() == 255
    assert kept["table"].load().data == [[[1]]] and kept["rows"].load().data == [[1]]
    assert kept["histogram"].load().bins[-1] < 1 and sum(kept["histogram"].load().histogram) == 100


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]]), [[0, 128, 255]]),
        (np.array([[0, 300, -5]]), [[0, 255, 0]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[np.nan, np.inf, 128.0]]), [[0, 255, 128]]),
        (np.full((1, 1, 1), 9, "u1"), [[9]]),
        (np.full((1, 1, 4), 9, "u1"), [[[9, 9, 9, 9]]]),
    ],
)
@pytest.mark.usefixtures("tmp_store")
def test_arrays_are_read_as_pictures_are(given: Any, expected: Any) -> None:
    assert pixels(logged({"x": nbsweep.Image(given)})["x"].load()) == expected


@pytest.mark.usefixtures("tmp_store")
def test_a_mode_converts_and_a_jpeg_stays_as_it_is(tmp_path: Path) -> None:
    Pillow.new("RGB", (4, 4), (10, 200, 30)).save(tmp_path / "a.jpg")
    kept = logged({"as": nbsweep.Image(str(tmp_path / "a.jpg")), "grey": nbsweep.Image(tmp_path / "a.jpg", mode="L")})
    assert kept["as"].read() == (tmp_path / "a.jpg").read_bytes() and kept["grey"].load().mode == "L"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nbsweep.Histogram(), "either a sequence of values or np_histogram"),
        (lambda: nbsweep.Histogram([1], num_bins=513), "num_bins=513"),
        (lambda: nbsweep.Histogram(["a"]), "no array of numbers"),
        (lambda: nbsweep.Histogram(np_histogram=([1, 2], [0, 1])), "one edge more"),
        (lambda: nbsweep.Histogram(np_histogram=([1, -3], [1, 2, 3])), "counts of 0 or more"),
        (lambda: nbsweep.Histogram(np_histogram=([1, 3], [3, 2, 1])), "rising edges"),
        (lambda: nbsweep.Image(np.zeros((4, 4)), mode="XX"), r"mode='XX'\): a picture of mode L cannot be converted"),
        (lambda: nbsweep.Image(Pillow.new("LAB", (2, 2)), mode="L"), "a picture of mode LAB cannot be converted"),
        (lambda: nbsweep.Image(nbsweep.Image(np.zeros((4, 4, 3))), mode=5), "a picture of mode RGB cannot"),  # type: ignore[arg-type]
        (lambda: nbsweep.Image(__file__), r"test_media.py'\): it is no picture that Pillow knows"),
        (lambda: nbsweep.Image(np.zeros((2, 2, 7))), r"its shape is \(2, 2, 7\)"),
        (lambda: nbsweep.Image("nosuch.png"), "cannot be read"),
        (lambda: nbsweep.Image(object()), "no array of numbers"),
        (lambda: nbsweep.Table(columns=["a"]).add_data(1, 2), "2 values for 1 columns"),
        (lambda: nbsweep.Table(columns=["a"], dataframe=pd.DataFrame()), "not both"),
        (lambda: nbsweep.Table(columns="ab", data=[[1, 2]]), r"columns='ab'\): give a list of names"),
        (lambda: nbsweep.Table(columns=5), r"columns=5\): give a list of names"),  # type: ignore[arg-type]
        (lambda: nbsweep.Table(data=5), r"data=5\): give a list of rows"),  # type: ignore[arg-type]
        (lambda: nbsweep.Table(data=[[1, 2], "ab"]), "row 1 is 'ab'; give a list of rows"),
        (lambda: nbsweep.Table(data=[1, 2]), "row 0 is 1; give a list of rows"),  # type: ignore[list-item]
        (lambda: nbsweep.Table(dataframe=5), r"dataframe=5\): give a pandas DataFrame"),
    ],
)
def test_what_cannot_be_one_is_refused_where_it_is_made(make: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make()


@pytest.mark.usefixtures("tmp_store")
def test_a_picture_whose_file_ends_early_costs_its_value_alone(tmp_path: Path) -> None:
    Pillow.new("RGB", (64, 64), (10, 200, 30)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.warns(UserWarning, match="'bad' was not kept: the Image could not be made"):
        kept = logged({"loss": 1.0, "bad": nbsweep.Image(tmp_path / "a.png")})
    assert kept == {"loss": 1.0}


@pytest.mark.usefixtures("tmp_store")
def test_the_disk_is_asked_to_keep_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = os.fsync

    def watched(opened: int) -> None:
        asked.append(str(Path(f"/proc/self/fd/{opened}").readlink()))
        real(opened)

    monkeypatch.setattr(os, "fsync", watched)
    kept = logged({"x": nbsweep.Image(np.zeros((2, 2)))})
    process.shut_down()
    assert {str(kept["x"].path), str(kept["x"].path.parent)} <= set(asked)


@pytest.mark.usefixtures("tmp_store")
def test_odd_values_are_counted_and_nothing_is_no_error() -> None:
    kept = logged({"a": nbsweep.Histogram([1.0, float("nan"), float("inf"), 2.0]), "b": nbsweep.Histogram([])})
    assert kept["a"] == "histogram of 2 values, 1 … 2 (2 more are not finite)"
    assert sum(kept["b"].load().histogram) == 0


def train(run: Any) -> None:
    picture = np.full((4, 4), int(run.config["lr"] * 100), "u1")
    for step in range(3):
        run.log({"loss": 1 / (step + 1), "picture": nbsweep.Image(picture, caption="<img src=x onerror=alert(1)>")})
        run.log({"weights": nbsweep.Histogram(np.arange(10.0)), "table": nbsweep.Table(columns=["a"], data=[[step]])})


def test_json_keeps_every_digit_of_a_number(tmp_path: Path) -> None:
    values = [1e-12, 1 / 3, float("inf"), float("nan"), 1e300]
    frame = pd.DataFrame({"x": values, "n": range(5), "s": ["é", None, "b", "c", "d"], "l": [[np.float64(1e-11)]] * 5})
    write_table(frame, tmp_path / "a.json")
    rows = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert [row["x"] for row in rows] == [1e-12, 1 / 3, "Infinity", None, 1e300]
    assert [row["n"] for row in rows] == [0, 1, 2, 3, 4] and [row["s"] for row in rows] == ["é", None, "b", "c", "d"]
    assert rows[0]["l"] == [1e-11]


@pytest.mark.usefixtures("tmp_store")
def test_tables_exports_and_the_command_line_show_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    frame = sweep.to_pandas()
    assert frame["weights"].tolist() == ["histogram of 10 values, 0 … 9"] * 2
    assert frame["picture"].tolist() == ["image 4×4: <img src=x onerror=alert(1)>"] * 2
    for ending in ("csv", "json", "parquet"):
        write_table(frame, tmp_path / f"runs.{ending}")
        write_table(sweep.history(), tmp_path / f"history.{ending}")
        assert (tmp_path / f"history.{ending}").stat().st_size > 0
    assert "image 4×4" in (tmp_path / "history.csv").read_text()
    first = sweep.runs[0].name
    column = sweep.history(first)["picture"].dropna()
    assert [pixels(each.load())[0][0] for each in column] == [10] * 3
    files = list((media_root(os.environ["NBSWEEP_STORAGE"]) / sweep_id).rglob("*.png"))
    assert len(files) == 2, "the same picture is one file a run"
    capsys.readouterr()
    for words in (("show", sweep_id), ("show", sweep_id, "--json"), ("export", sweep_id, str(tmp_path / "x.csv"))):
        assert main(words) == 0, words
    capsys.readouterr()
    assert main(("doctor", "--json")) in (0, 1)
    [found] = [each for each in json.loads(capsys.readouterr().out) if each["about"] == "media"]
    assert found["state"] == "well" and "8 files" in found["text"]


@pytest.mark.usefixtures("tmp_store")
def test_a_dashboard_and_a_report_of_such_runs_are_made(tmp_path: Path) -> None:
    from nbsweep.notebook.report import write_report

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, count=1)
    write_report(nbsweep.Sweep(sweep_id), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<img src=x onerror" not in text
    nbsweep.Sweep(sweep_id).plot_history()
    nbsweep.Sweep(sweep_id).dashboard()


def test_a_rows_details_show_the_last_of_each_as_text_and_a_picture(stores: Path) -> None:
    run = nbsweep.init()
    for step in range(1030):
        values: dict[str, Any] = {"loss": float(step), "word": "a"}
        if step % 500 == 0:
            values["wide"] = nbsweep.Image(np.full((600, 2), step % 251, "u1"), caption="<b>")
            values["gone"] = nbsweep.Image(np.ones((step + 1, 2)))
            values["bars"] = nbsweep.Histogram(np_histogram=([0, step, 2 * step + 1], [0, 1, 2, 3]))
        run.log(values)
    run.finish()
    with process.recorder().store.read() as db:
        read_history(db.chunks([run.id]))[run.id].columns["gone"].values[-1].path.unlink()
        shown = {each["name"]: each for each in media_view(db, run.id)}
    assert set(shown) == {"wide", "gone", "bars"}
    picture = Pillow.open(io.BytesIO(base64.b64decode(shown["wide"]["png"])))
    pixel = picture.getpixel((0, 0))
    assert picture.size[1] == 256 and isinstance(pixel, tuple) and pixel[0] == 1000 % 251
    assert shown["wide"]["text"].endswith("<b>")
    assert "png" not in shown["gone"] and "cannot be read" in shown["gone"]["text"]
    assert shown["bars"]["text"].endswith("\n ▄█")


@pytest.mark.usefixtures("tmp_store")
def test_a_missing_or_damaged_file_is_told_by_load_and_breaks_no_reading() -> None:
    kept = logged({"a": nbsweep.Image(np.zeros((2, 2))), "b": nbsweep.Table(columns=["x"], data=[[1]])})
    kept["a"].path.unlink()
    kept["b"].path.write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"cannot be read.*NBSWEEP_MEDIA"):
        kept["a"].load()
    with pytest.raises(StoreError, match="is damaged"):
        kept["b"].load()
    for file in ("../../../etc/passwd", "/etc/passwd", "a/../b.png", 7, None):
        bad = Kept({"kind": "image", "text": "image", "file": file})
        assert bad.path is None
        with pytest.raises(StoreError, match="names no file"):
            bad.load()
    for record in (
        {},
        {"kind": "histogram"},
        {"kind": "histogram", "counts": "!", "n": 1e9, "edges": [0, 1], "dtype": "O"},
    ):
        with pytest.raises(StoreError):
            Kept(record).load()


def test_a_file_is_found_after_the_directory_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBSWEEP_STORAGE", "sqlite:///found-again.db")
    try:
        kept = logged({"a": nbsweep.Image(np.zeros((2, 3)))})
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert kept["a"].load().size == (3, 2)
    finally:
        process.shut_down()


@pytest.mark.parametrize("named", ["pictures", None])
def test_a_relative_directory_of_pictures_does_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    url = "postgresql+psycopg://somebody@nowhere/sweeps"
    if named is None:
        monkeypatch.delenv("NBSWEEP_MEDIA", raising=False)
    else:
        monkeypatch.setenv("NBSWEEP_MEDIA", named)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    forget_roots()
    first = media_root(url)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert media_root(url) == first == tmp_path / (named or ".nbsweep/media")
    forget_roots()


@pytest.mark.usefixtures("tmp_store")
def test_runs_that_change_the_directory_keep_their_pictures_and_files_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBSWEEP_MEDIA", "pictures")
    monkeypatch.chdir(tmp_path)

    def train(config: Any, run: Any) -> None:
        (tmp_path / f"work{config.x}").mkdir()
        os.chdir(tmp_path / f"work{config.x}")
        (Path(run.dir) / "model.txt").write_text("weights")
        run.log({"picture": nbsweep.Image(np.zeros((8, 8)))})

    grid = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [0, 1]}}}
    sweep_id = nbsweep.sweep(grid)
    nbsweep.agent(sweep_id, train)
    sweep = nbsweep.Sweep(sweep_id)
    assert [sweep.history(run.name)["picture"].iloc[0].load().size for run in sweep.runs] == [(8, 8)] * 2
    assert len(list((tmp_path / "pictures").rglob("model.txt"))) == 2


def test_a_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NBSWEEP_MEDIA", "~/pictures")
    assert media_root("sqlite:////data/a.db") == tmp_path / "pictures"
    monkeypatch.delenv("NBSWEEP_MEDIA")
    assert media_root("sqlite:///~/runs/a.db") == tmp_path / "runs" / "media"


def test_what_history_keeps_can_be_pickled_and_copied() -> None:
    kept = Kept({"kind": "table", "text": "t"})
    for back in (pickle.loads(pickle.dumps(kept)), copy.deepcopy(kept)):
        assert isinstance(back, Kept) and back == "t" and back.record == kept.record


def test_a_users_text_is_never_taken_for_one() -> None:
    text = '{"media": {"kind": "image", "file": "runs/x/0.png"}}'
    back = decode(encode([text, Kept({"kind": "table", "text": "t"}), float("nan")], "json"))
    assert type(back[0]) is str and back[0] == text
    assert isinstance(back[1], Kept) and back[1] == "t" and back[2] != back[2]


KILLED = """
import os, sys, time
import numpy as np
import nbsweep
run = nbsweep.init()
print(run.id, flush=True)
for step in range(100_000):
    run.log({"loss": step, "picture": nbsweep.Image(np.full((8, 8), step % 256, "u1"))})
    if step == 20:
        time.sleep(0.5)
        print("logged", flush=True)
    time.sleep(0.002)
"""


@pytest.mark.usefixtures("tmp_store")
def test_after_a_kill_every_picture_that_the_store_names_is_whole() -> None:
    child = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    assert child.stdout.readline().strip() == "logged"
    child.send_signal(signal.SIGKILL)
    child.wait()
    with process.recorder().store.read() as db:
        column = read_history(db.chunks([run_id]))[run_id].columns["picture"]
    assert len(column.values) >= 21
    assert [pixels(each.load())[0][0] for each in column.values] == [n % 256 for n in range(len(column.values))]


def test_where_files_cannot_be_written_training_goes_on_and_they_are_written_later(
    tmp_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.write_text("a file where a directory should be")
    monkeypatch.setenv("NBSWEEP_MEDIA", str(place))
    sweep_id = nbsweep.sweep(CONFIG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nbsweep.agent(sweep_id, train)
        process.recorder().flush()
    said = [str(each.message) for each in caught if "images and tables cannot be written" in str(each.message)]
    assert len(said) == 1 and str(place) in said[0] and "NBSWEEP_MEDIA" in said[0]
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"] * 2 and sweep.best_value == pytest.approx(1 / 3)
    assert "images and tables cannot be written" in (sweep.notice or "")
    kept = sweep.history(sweep.runs[0].name)["picture"].dropna().iloc[0]
    with pytest.raises(StoreError):
        kept.load()
    place.unlink()
    recorder = process.recorder()
    recorder._media._retry_at = 0.0
    recorder.flush(required=True)
    assert pixels(kept.load())[0][0] == 10 and sweep.notice is None


def test_files_that_wait_are_bounded_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("")
    files = MediaFiles(tmp_path / "root", most_bytes=100)
    files.add({f"runs/r/{n:032x}.png": bytes(40) for n in range(5)})
    said = files.write()
    assert said is not None and "2 files wait" in said and "3 had to be left out" in said
    (tmp_path / "root").unlink()
    assert files.write() is None and files.empty and len(list((tmp_path / "root").rglob("*.png"))) == 2


def test_pictures_that_outrun_the_recorder_keep_memory_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbsweep.logged.MOST_MEDIA_BYTES", 10_000)
    run = Run(RunRecord("r1", None, 0, "calm-hare-1", "p", {}))
    for step in range(50):
        run.log({"loss": float(step), "x": nbsweep.Image(np.full((50, 50), step, "u1"))})
        assert len(run._logged.pending) <= 5 * ENTRIES
        assert run.late.bytes <= 10_000
    tail, files = packed(run)
    assert len(read_history(tail.take_chunks())["r1"].columns["x"].values) == 50 and len(files) == 50


def test_a_histogram_is_small_in_the_store() -> None:
    run, random = Run(RunRecord("r1", None, 0, "calm-hare-1", "p", {})), np.random.default_rng(0)
    for _ in range(1024):
        run.log({"x": nbsweep.Histogram(random.normal(size=500))})
    tail, _files = packed(run)
    size = sum(len(chunk.values) for chunk in tail.take_chunks() if chunk.key == "x")
    assert size / 1024 < 250, f"{size / 1024:.0f} bytes each"


def test_importing_nbsweep_loads_neither_numpy_nor_pillow() -> None:
    code = "import sys, nbsweep; assert not {'numpy', 'PIL', 'sqlalchemy'} & set(sys.modules); nbsweep.Histogram"
    subprocess.run([sys.executable, "-c", code], check=True)
