"""What training code saves and logs as artifacts is in its run's directory: whole, and nowhere else."""

from __future__ import annotations

import gc
import json
import os
import shutil
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbsweep
from nbsweep import artifacts
from nbsweep.store import RunRecord

CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"x": {"values": [2, 1]}},
}
WEIGHTS = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _here(tmp_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def trained(train: Callable[..., Any], workers: int = 1) -> nbsweep.Sweep:
    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, train, workers=workers)
    return nbsweep.Sweep(sweep_id)


def finished(sweep: nbsweep.Sweep) -> list[RunRecord]:
    assert [run.state for run in sweep.runs] == ["finished"] * 2, [run.error for run in sweep.runs]
    return sweep.runs


def files_in(directory: str | Path) -> dict[str, bytes]:
    """What is in a directory, but for what nbsweep notes of an artifact."""
    paths = [path for path in Path(directory).rglob("*") if path.is_file() and path.name != artifacts.RECORD]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


def place(run: nbsweep.Run) -> Path:
    """All that the store has of a run's files, begun ones too."""
    return Path(run.dir).parent


# -- W&B's scripts -----------------------------------------------------------------------------------------------


def test_what_a_script_of_wandbs_logs_at_its_end_is_found_in_the_best_runs_directory() -> None:
    def train() -> None:
        with nbsweep.init() as run:
            nbsweep.log({"loss": float(run.config.x)})
            Path("model.pt").write_bytes(WEIGHTS + bytes([run.config.x]))
            artifact = nbsweep.Artifact("model", type="model", metadata={"x": run.config.x})
            artifact.add_file("model.pt")
            with artifact.new_file("labels.txt") as file:
                file.write("zero\none\n")
            Path("model.pt").write_text("what comes later makes no difference")
            run.log_artifact(artifact, aliases=["best"])
            artifact.wait()
            run.link_artifact(artifact, "model-registry/digits")
            assert artifact.name == "model:v0"

    with pytest.warns(UserWarning, match="there is no registry"):
        sweep = trained(train)
    finished(sweep)
    best = sweep.best_run
    assert best is not None and best.config["x"] == 1
    assert files_in(best.dir) == {
        "artifacts/model/v0/model.pt": WEIGHTS + b"\1",
        "artifacts/model/v0/labels.txt": b"zero\none\n",
    }
    noted = json.loads(Path(best.dir, "artifacts", "model", "v0", artifacts.RECORD).read_text())
    assert (noted["type"], noted["metadata"], noted["aliases"]) == ("model", {"x": 1}, ["best"])
    assert sweep.notice is None


def test_a_saved_file_is_found_too_and_its_pattern_may_be_relative_absolute_or_below_a_base(tmp_path: Path) -> None:
    Path("out/deep").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "c.pt", "deep/d.txt"):
        Path("out", name).write_text(name)
    here = tmp_path / "work"
    with nbsweep.init() as run:
        assert nbsweep.save("out/*.txt") == [str(Path(run.dir, "out", name)) for name in ("a.txt", "b.txt")]
        assert run.save("out/c.pt", base_path="out", policy="now") == [str(Path(run.dir, "c.pt"))]
        assert run.save(str(here / "out" / "*.pt")) == [str(Path(run.dir, "out", "c.pt"))]
        assert run.save(here / "out" / "deep" / "d.txt", base_path=tmp_path, policy="end")
        run.save("out")
        Path("out/a[1].txt").write_text("brackets")
        run.save("out/a[1].txt")
    assert set(files_in(run.dir)) == {
        "out/a.txt", "out/b.txt", "out/c.pt", "out/deep/d.txt", "out/a[1].txt", "c.pt", "work/out/deep/d.txt",
    }  # fmt: skip


def test_a_file_in_the_runs_directory_stays_where_it_is_and_one_that_changed_is_saved_again() -> None:
    with nbsweep.init() as run:
        inside = Path(run.dir, "model.pt")
        inside.write_bytes(WEIGHTS)
        assert nbsweep.save(str(inside)) == [str(inside)]
        for text in ("first", "later"):
            Path("log.txt").write_text(text)
            nbsweep.save("log.txt")
    assert files_in(run.dir) == {"model.pt": WEIGHTS, "log.txt": b"later"}


def test_a_pattern_without_a_file_is_named_once_and_ends_no_run() -> None:
    with nbsweep.init() as run, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert [run.save("*.h5"), run.save("*.h5")] == [[], []]
    assert [str(each.message).partition(":")[0] for each in said] == ["save('*.h5')"]
    assert said[0].filename == __file__


def test_the_same_files_again_are_no_new_version_and_others_are_the_next() -> None:
    with nbsweep.init() as run:
        versions = []
        for weights in (b"a", b"a", b"b", b"a"):
            Path("model.pt").write_bytes(weights)
            versions.append(run.log_model("model.pt", name="model", aliases="latest").version)
        assert versions == ["v0", "v0", "v1", "v2"]
        assert nbsweep.log_artifact("model.pt").name == f"run-{run.id}-model.pt:v0"
        before = set(place(run).rglob("*"))
        again = nbsweep.log_artifact("model.pt", name="model")
        again.metadata["accuracy"] = 0.9
        again.save()
        assert set(place(run).rglob("*")) == before
        assert again.dir is not None
        noted = json.loads(Path(again.dir, artifacts.RECORD).read_text())
        assert noted["metadata"] == {"accuracy": 0.9}


def test_tables_pictures_and_histograms_are_files_of_an_artifact() -> None:
    table = nbsweep.Table(columns=["id", "seen"], data=[[7, nbsweep.Image(np.zeros((2, 2), "u1"))]])

    def train(run: nbsweep.Run) -> None:
        run.log({"loss": 1.0})
        artifact = nbsweep.Artifact("predictions")
        artifact.add(table, "val/rows")
        artifact.add(nbsweep.Image(np.zeros((2, 3), "u1")), "example")
        artifact.add(nbsweep.Histogram([1.0, 2.0]), "weights")
        with pytest.warns(UserWarning, match="chart is left out: it is no Table"):
            artifact.add(object(), "chart")
        with pytest.warns(UserWarning, match="reference 's3://bucket/data' is left out"):
            artifact.add_reference("s3://bucket/data", name="data")
        with pytest.raises(nbsweep.UsageError, match=r"has another file 'val/rows.table.json'"):
            artifact.add(nbsweep.Table(columns=["id"]), "val/rows")
        run.log_artifact(artifact)

    for run in finished(trained(train)):
        found = files_in(Path(run.dir) / "artifacts" / "predictions" / "v0")
        own = {"val/rows.table.json", "example.png", "weights.histogram.json"}
        assert own <= found.keys() and len(found) == 4
        rows = json.loads(found["val/rows.table.json"])
        assert rows["columns"] == ["id", "seen"] and rows["data"][0][0] == 7
        assert rows["data"][0][1]["media"]["file"] in found and found["example.png"].startswith(b"\x89PNG")


def test_a_directory_is_logged_with_what_its_links_lead_to_and_without_nbsweeps_own_files(tmp_path: Path) -> None:
    Path("ckpt/epoch-1").mkdir(parents=True)
    Path("ckpt/epoch-1/w.bin").write_bytes(WEIGHTS)
    Path("ckpt/latest").symlink_to("epoch-1")
    Path("ckpt/epoch-1/up").symlink_to("..")
    Path("ckpt/w.bin").symlink_to("epoch-1/w.bin")
    with nbsweep.init() as run:
        artifact = nbsweep.Artifact("ckpt", "model")
        artifact.add_dir("ckpt", name="all")
        run.log_artifact(artifact)
        assert artifact.dir is not None
        assert files_in(artifact.dir) == dict.fromkeys(("all/w.bin", "all/epoch-1/w.bin", "all/latest/w.bin"), WEIGHTS)
        whole = run.log_artifact(str(tmp_path), name="whole")
        assert whole.dir is not None
        assert not [name for name in files_in(whole.dir) if name.startswith("media/")]


def test_an_artifact_may_be_made_before_its_run_and_be_logged_to_several() -> None:
    Path("data.csv").write_text("1,2")
    artifact = nbsweep.Artifact("data", "dataset")
    artifact.add_file("data.csv", name="tables/data.csv")
    for _ in range(2):
        with nbsweep.init() as run:
            nbsweep.log_artifact(artifact)
        assert files_in(run.dir) == {"artifacts/data/v0/tables/data.csv": b"1,2"}
    with pytest.raises(nbsweep.UsageError, match="was logged"):
        artifact.add_file("data.csv")


def test_an_artifact_that_is_never_logged_leaves_nothing() -> None:
    Path("data.csv").write_text("1,2")
    with nbsweep.init() as run:
        artifact = nbsweep.Artifact("data")
        artifact.add_file("data.csv")
        assert [path.name for path in place(run).rglob("*.csv")] == ["data.csv"]
        del artifact
        gc.collect()
        assert files_in(place(run)) == {}


def test_what_is_linked_without_being_logged_is_kept_all_the_same() -> None:
    Path("model.pt").write_bytes(WEIGHTS)
    with nbsweep.init() as run:
        artifact = nbsweep.Artifact("linked")
        artifact.add_file("model.pt")
        with pytest.warns(UserWarning, match="there is no registry") as said:
            nbsweep.link_artifact(artifact, "registry/x")
        nbsweep.link_model("model.pt", "registry", name="direct")
    assert len(said) == 1
    assert files_in(run.dir) == dict.fromkeys(("artifacts/linked/v0/model.pt", "artifacts/direct/v0/model.pt"), WEIGHTS)


def test_what_reads_artifacts_is_refused_with_where_the_files_are() -> None:
    with nbsweep.init() as run:
        for name in ("use_artifact", "use_model", "restore"):
            with pytest.raises(AttributeError, match=r"best_run\.dir"):
                getattr(run, name)


def test_looking_for_a_runs_files_makes_no_directory() -> None:
    sweep = trained(lambda: nbsweep.log({"loss": 1.0}))
    for run in finished(sweep):
        assert not Path(run.dir).parents[1].exists()


# -- runs beside one another, programs, deletion ----------------------------------------------------------------------


def test_runs_side_by_side_keep_files_of_their_own() -> None:
    both = threading.Barrier(2, timeout=30)

    def train() -> None:
        with nbsweep.init() as run:
            x = str(run.config.x)
            Path(x).mkdir()
            Path(x, "model.pt").write_text(x)
            artifact = nbsweep.Artifact("model")
            artifact.add_file(f"{x}/model.pt")
            both.wait()
            nbsweep.save(f"{x}/model.pt", base_path=x)
            nbsweep.log_artifact(artifact)
            both.wait()
            nbsweep.log({"loss": float(x)})

    for run in finished(trained(train, workers=2)):
        x = str(run.config["x"]).encode()
        assert files_in(run.dir) == {"model.pt": x, "artifacts/model/v0/model.pt": x}


def test_threads_of_one_run_that_log_the_same_name_at_once_get_versions_of_their_own() -> None:
    with nbsweep.init() as run:
        all_there = threading.Barrier(4, timeout=30)
        kept: list[nbsweep.Artifact] = []

        def log(number: int) -> None:
            artifact = nbsweep.Artifact("part")
            with artifact.new_file("n.txt") as file:
                file.write(str(number))
            all_there.wait()
            kept.append(run.log_artifact(artifact))

        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(str(each.version) for each in kept) == ["v0", "v1", "v2", "v3"]
        assert sorted(files_in(run.dir).values()) == [b"0", b"1", b"2", b"3"]


def test_a_programs_files_are_its_runs_and_go_with_the_sweep() -> None:
    Path("train.py").write_text(
        "import nbsweep as wandb\n"
        "from pathlib import Path\n"
        "run = wandb.init()\n"
        "Path('model.pt').write_text(f'weights {run.config.x}')\n"
        "wandb.save('model.pt')\n"
        "run.log_model('model.pt', name='model')\n"
        "wandb.log({'loss': float(run.config.x)})\n"
    )
    sweep_id = nbsweep.sweep({**CONFIG, "program": "train.py"})
    nbsweep.agent(sweep_id)
    sweep = nbsweep.Sweep(sweep_id)
    for run in finished(sweep):
        kept = f"weights {run.config['x']}".encode()
        assert files_in(run.dir) == {"model.pt": kept, "artifacts/model/v0/model.pt": kept}
    sweep.delete()
    assert not Path(run.dir).parents[1].exists()


# -- names that lead elsewhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "/tmp/x", "a/b", "a b", "a\\b", "ä", "model:v0", "a\n", "a" * 129]
)
def test_a_name_that_is_no_artifacts_is_refused(name: str) -> None:
    with pytest.raises(nbsweep.UsageError, match="a name "):
        nbsweep.Artifact(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/../../up", "/up", "\\up", "c:up", "a\\..\\up", "a\0", artifacts.RECORD]
)
def test_a_path_that_leads_out_of_an_artifact_is_refused(name: str) -> None:
    Path("model.pt").write_bytes(WEIGHTS)
    artifact = nbsweep.Artifact("model")
    with pytest.raises(nbsweep.UsageError, match="is no path of a file within an artifact"):
        artifact.add_file("model.pt", name=name)
    with pytest.raises(nbsweep.UsageError, match="is no path"), artifact.new_file(name):
        pass


def test_a_save_writes_nowhere_else_whatever_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    Path("a").mkdir()
    Path("a/model.pt").write_bytes(WEIGHTS)
    with nbsweep.init() as run:
        for wrong in ("../secret.txt", "a/../../secret.txt", ".", "*", ""):
            with pytest.raises(nbsweep.UsageError, match="base_path"):
                run.save(wrong)
        with pytest.raises(nbsweep.UsageError, match="base_path"):
            run.save("a/model.pt", base_path="b")
        with pytest.raises(nbsweep.UsageError, match="policy='never'"):
            run.save("a/model.pt", policy="never")
        assert files_in(place(run)) == {}
        outside = tmp_path / "outside"
        outside.mkdir()
        for name in ("a", "artifacts"):
            Path(run.dir, name).symlink_to(outside)
        with pytest.raises(nbsweep.UsageError, match="symbolic link"):
            run.save("a/model.pt")
        with pytest.raises(nbsweep.UsageError, match="symbolic link"):
            run.log_artifact("a/model.pt", name="model")
        assert list(outside.iterdir()) == []
        Path(run.dir, "model.pt").symlink_to(tmp_path / "secret.txt")
        run.save("a/model.pt", base_path="a")
        assert (tmp_path / "secret.txt").read_text() == "x" and Path(run.dir, "model.pt").read_bytes() == WEIGHTS


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_named_and_one_file_does_not_take_anothers_place() -> None:
    Path("a").mkdir()
    Path("a/model.pt").write_text("a")
    Path("model.pt").write_text("b")
    artifact = nbsweep.Artifact("model")
    with nbsweep.init() as run:
        for ask in (lambda: artifact.add_file("gone.pt"), lambda: artifact.add_dir("gone.pt"),
                    lambda: run.log_model("gone.pt", name="m")):  # fmt: skip
            with pytest.raises(nbsweep.UsageError, match=r"there is no \w+ 'gone\.pt'"):
                ask()
        artifact.add_file("model.pt")
        artifact.add_file("model.pt")
        with pytest.raises(nbsweep.UsageError, match=r"another file 'model\.pt'"):
            artifact.add_file("a/model.pt")
        artifact.add_file("a/model.pt", overwrite=True)
        with pytest.raises(KeyError), artifact.new_file("half.txt") as file:
            file.write("half")
            raise KeyError
        assert files_in(str(run.log_artifact(artifact).dir)) == {"model.pt": b"a"}
        with pytest.raises(nbsweep.UsageError, match="log_artifact takes an Artifact or a path"):
            run.log_artifact(3)  # type: ignore[arg-type]


def test_outside_any_run_that_is_said() -> None:
    for ask in (lambda: nbsweep.save("a"), lambda: nbsweep.log_model("a"), nbsweep.Artifact("a").save):
        with pytest.raises(nbsweep.UsageError, match=r"outside any run.*nbsweep\.init\(\)"):
            ask()


@pytest.mark.filterwarnings("ignore:.*could not be kept")
def test_where_files_cannot_be_written_the_run_ends_finished_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file where a directory should be")
    monkeypatch.setenv("NBSWEEP_MEDIA", str(tmp_path / "taken"))
    Path("model.pt").write_bytes(WEIGHTS)

    def train() -> None:
        with nbsweep.init() as run:
            nbsweep.log({"loss": float(run.config.x)})
            assert nbsweep.save("model.pt") == []
            artifact = nbsweep.Artifact("model")
            artifact.add_file("model.pt")
            assert run.log_artifact(artifact).version is None

    with pytest.warns(UserWarning, match=r"model\.pt could not be kept \(.*training goes on.*NBSWEEP_MEDIA"):
        sweep = trained(train)
    for run in finished(sweep):
        assert "model.pt could not be kept" in sweep.console(run.name)
    assert sweep.best_value == 1.0
    assert "artifact model could not be kept" in (sweep.notice or "")


@pytest.mark.parametrize("ends", [OSError(28, "No space left on device"), nbsweep.RunStopped("stopped")])
def test_a_copy_that_ends_half_way_leaves_nothing(ends: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("config.json").write_text("{}")
    Path("model.pt").write_bytes(WEIGHTS)
    copy = shutil.copy2

    def half(source: Path, target: str) -> None:
        copy(source, target)
        if source.name == "model.pt":
            os.truncate(target, 100)
            raise ends

    with nbsweep.init() as run:
        artifact = nbsweep.Artifact("model")
        artifact.add_file("config.json")
        monkeypatch.setattr(shutil, "copy2", half)
        for ask in (lambda: nbsweep.save("model.pt"), lambda: artifact.add_file("model.pt")):
            if isinstance(ends, OSError):
                with pytest.warns(UserWarning, match="No space left on device"):
                    ask()
            else:
                with pytest.raises(nbsweep.RunStopped):
                    ask()
        run.log_artifact(artifact)
        assert files_in(place(run)) == {"files/artifacts/model/v0/config.json": b"{}"}
        assert artifact.dir is not None
        noted = json.loads(Path(artifact.dir, artifacts.RECORD).read_text())
        assert noted["missing"] == (["model.pt"] if isinstance(ends, OSError) else [])


def test_a_process_killed_while_it_copies_leaves_nothing_that_looks_whole() -> None:
    Path("model.pt").write_bytes(WEIGHTS)
    Path("train.py").write_text(
        "import os, shutil, signal, nbsweep\n"
        "def half(source, target):\n"
        "    open(target, 'wb').write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "run = nbsweep.init()\n"
        "artifact = nbsweep.Artifact('model')\n"
        "artifact.add_file('model.pt')\n"
        "shutil.copy2 = half\n"
        "run.save('model.pt') if run.config.x == 1 else artifact.add_file('model.pt', overwrite=True)\n"
    )
    sweep_id = nbsweep.sweep({**CONFIG, "program": "train.py"})
    nbsweep.agent(sweep_id)
    for run in nbsweep.Sweep(sweep_id).runs:
        assert run.state in ("failed", "crashed")
        assert files_in(run.dir) == {}


def test_metadata_may_be_anything_that_has_a_text() -> None:
    np = pytest.importorskip("numpy")
    metadata: dict[Any, Any] = {"n": np.int64(3), "a": np.arange(2), "path": Path("x"), (1, 2): "left out"}
    with nbsweep.init() as run:
        artifact = nbsweep.Artifact("model", metadata=metadata)
        run.log_artifact(artifact)
        assert artifact.dir is not None
        noted = json.loads(Path(artifact.dir, artifacts.RECORD).read_text())
        assert noted["metadata"] == {"n": 3, "a": [0, 1], "path": "x"}
        endless: dict[str, Any] = {}
        endless["in"] = endless
        with pytest.raises(nbsweep.UsageError, match="metadata cannot be kept"):
            run.log_artifact(nbsweep.Artifact("model", metadata=endless))
