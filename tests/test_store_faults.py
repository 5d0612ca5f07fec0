"""Files that are deleted, damaged, cut short, locked, or on a disk that is full or may not be written."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

import nbsweep
from nbsweep import process
from nbsweep.agents import SHORT_RUN_S, Agent
from nbsweep.errors import StoreError
from nbsweep.store import RunRecord, RunTail, Store, SweepRecord, filecare, read_history, schema, sqlite

CONFIG: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}},
}
RUNS, POINTS = 20, 3000


def until(true: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def fill(path: Path) -> None:
    """A database with a sweep, twenty runs and a history each."""
    store = Store(f"sqlite:///{path}")
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7))
        for number in range(RUNS):
            db.insert_run(RunRecord(f"r{number}", "s1", number, f"run-{number}", "p", {"lr": number / 7}))
            db.append_console(f"r{number}", [("stdout", f"hello from {number}")])
    noise = random.Random(0)
    for number in range(RUNS):
        tail = RunTail(f"r{number}")
        for row in range(POINTS):
            tail.append(row, float(row), {"loss": noise.random()})
        with store.write() as db:
            db.put_chunks(tail.take_chunks())
            db.update_run(f"r{number}", state="finished", summary={"loss": number})
    store.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "nbsweep.db"
    fill(path)
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copy(filled, tmp_path / "nbsweep.db"))


def contents(path: Path) -> tuple[dict[str, RunRecord], dict[str, int]]:
    """The runs of the store at `path` by id, and how many losses each has."""
    store = Store(f"sqlite:///{path}")
    try:
        with store.read() as db:
            runs = {run.id: run for run in db.runs("s1")}
            histories = read_history(db.chunks(runs))
    finally:
        store.close()
    return runs, {run_id: len(each.columns.get("loss", NO_LOSS).rows) for run_id, each in histories.items()}


def mount(device: str, point: str, fstype: str) -> SimpleNamespace:
    """An entry of `psutil.disk_partitions`."""
    return SimpleNamespace(device=device, mountpoint=point, fstype=fstype, opts="rw")


class NO_LOSS:  # noqa: N801
    rows: tuple[int, ...] = ()


def aside(path: Path) -> list[Path]:
    return [each for each in path.parent.glob("nbsweep.db.damaged-*") if not each.name.endswith(("-journal", "-wal"))]


# -- damage ----------------------------------------------------------------------------------------------------------


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize("length", [16, 100])
def test_a_damaged_header_loses_no_row(path: Path, length: int) -> None:
    overwrite(path, 0, b"\xff" * length)
    damaged = path.read_bytes()
    runs, losses = contents(path)
    assert len(runs) == RUNS and all(run.state == "finished" for run in runs.values())
    assert set(losses.values()) == {POINTS} and len(losses) == RUNS
    (kept,) = aside(path)
    assert kept.read_bytes() == damaged, "the damaged file is put aside as it was"


def test_a_first_page_of_zeros_loses_no_run(path: Path) -> None:
    """The schema is gone: rows are told by their shape."""
    overwrite(path, 0, b"\x00" * 4096)
    runs, losses = contents(path)
    assert sorted(run.index for run in runs.values()) == list(range(RUNS))
    assert {run.config["lr"] for run in runs.values()} == {number / 7 for number in range(RUNS)}
    assert set(losses.values()) == {POINTS}


def test_what_was_done_is_said_with_the_place_of_the_damaged_file(path: Path) -> None:
    overwrite(path, 0, b"\xff" * 100)
    store = Store(f"sqlite:///{path}")
    (kept,) = aside(path)
    assert store.notice is not None and "damaged" in store.notice and kept.name in store.notice
    assert f"{RUNS} runs" in store.notice
    store.close()
    again = Store(f"sqlite:///{path}")
    assert again.notice is None, "it is said once; the new file is sound"
    again.close()


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_a_file_that_is_cut_short_keeps_what_is_left_of_it(path: Path, share: float) -> None:
    pages = int(path.stat().st_size * share) // 4096
    os.truncate(path, pages * 4096 + 100)
    runs, losses = contents(path)
    assert len(runs) == RUNS, "runs were written first"
    assert sum(losses.values()) >= (share - 0.17) * RUNS * POINTS, "all but a part as large as the other tables"


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_end_in_no_traceback_and_lose_little(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(10):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs, losses = contents(path)
    assert len(runs) >= RUNS - 6
    assert sum(losses.values()) >= 0.6 * RUNS * POINTS
    assert len(aside(path)) <= 1


def test_a_file_that_is_no_database_is_refused_without_being_touched(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"no database of nbsweep's.*left as it is.*NBSWEEP_STORAGE"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == b"not a database at all" * 100
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_another_programs_tables_are_refused_without_being_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, distance_km REAL)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"table 'runs' without .*not nbsweep's"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_database_of_another_program_is_refused_without_being_touched(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("CREATE TABLE meta (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"no database of nbsweep's: it has 'bookmarks'; .*NBSWEEP_STORAGE"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_table_that_is_missing_is_made_anew_and_that_is_said(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE console")
        connection.commit()
    store = Store(f"sqlite:///{path}")
    assert store.notice is not None and "'console'" in store.notice
    with store.read() as db:
        assert db.console("r1") == [] and len(db.runs("s1")) == RUNS
    store.close()


def test_damage_that_shows_in_use_is_seen_to_at_the_next_use(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filecare, "CHECKED_WHEN_OPENED_BYTES", 0)  # as for a file too large to be checked
    data = path.read_bytes()
    store = Store(f"sqlite:///{path}")
    for page in range(len(data) // 4096 // 3, len(data) // 4096 // 2):
        overwrite(path, page * 4096, b"\xee" * 4096)
    with pytest.raises(StoreError, match="malformed"), store.read() as db:
        db.chunks([f"r{number}" for number in range(RUNS)])
    with store.read() as db:
        assert len(db.runs("s1")) == RUNS and len(db.chunks([f"r{number}" for number in range(RUNS)])) > RUNS
    assert store.notice is not None and "damaged" in store.notice
    store.close()


def test_processes_that_open_a_damaged_file_at_once_salvage_it_once(path: Path) -> None:
    overwrite(path, 0, b"\xff" * 100)
    opened = f"from nbsweep.store import Store\ns = Store('sqlite:///{path}')\n"
    code = opened + "with s.read() as db: print(len(db.runs('s1')))"
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [child.communicate(timeout=120)[0] for child in children] == [f"{RUNS}\n"] * 4
    assert len(aside(path)) == 1


def test_a_value_that_was_damaged_where_it_is_kept_is_left_out_by_readers(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE history SET \"values\" = X'7A00FF' WHERE run_id = 'r3' AND kind = 'key' AND seq = 1")
        connection.execute("UPDATE history SET \"values\" = X'2D01' WHERE run_id = 'r4' AND kind = 'row' AND seq = 0")
        connection.commit()
    with pytest.warns(UserWarning, match="r3.*could not be read"):
        _runs, losses = contents(path)
    assert losses["r3"] == POINTS - 1024 and losses["r4"] == POINTS and losses["r5"] == POINTS


# -- deleted and replaced --------------------------------------------------------------------------------------------


def training(steps: int, at: dict[int, Callable[[], None]]) -> Callable[[Any], None]:
    """A training function that logs so many steps and does something at some of them."""

    def train(run: Any) -> None:
        for step in range(steps):
            run.log({"loss": float(step)})
            if step in at:
                at[step]()
            time.sleep(0.001)

    return train


@pytest.mark.parametrize("wal", [False, True])
def test_a_database_that_is_deleted_while_runs_train_is_put_back_with_all_it_held(
    tmp_store: str, wal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "wal_is_safe", lambda: wal)
    path = Path(tmp_store.removeprefix("sqlite:///"))
    before = nbsweep.sweep({**CONFIG, "name": "an earlier one"})
    nbsweep.agent(before, training(10, {}), count=1)

    def delete() -> None:
        process.recorder().flush()
        for each in path.parent.glob("nbsweep.db*"):
            each.unlink()

    sweep_id = nbsweep.sweep(CONFIG)
    nbsweep.agent(sweep_id, training(300, {100: delete}), count=2)
    store = process.recorder().store
    assert store.notice is not None and "deleted" in store.notice and "put back" in store.notice
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished", "finished"]
    for run in sweep.runs:
        assert sweep.history(run.id)["loss"].tolist() == [float(step) for step in range(300)]
    assert len(nbsweep.Sweep(before).history()) == 10, "older sweeps too"
    process.shut_down()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT COUNT(*) FROM runs WHERE state = 'finished'").fetchone() == (3,)


def test_a_directory_that_is_deleted_while_runs_train_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".nbsweep"
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{folder}/nbsweep.db")
    try:
        sweep_id = nbsweep.sweep(CONFIG)
        nbsweep.agent(sweep_id, training(200, {50: lambda: shutil.rmtree(folder)}), count=1)
        sweep = nbsweep.Sweep(sweep_id)
        assert sweep.runs[0].state == "finished"
        assert sweep.history()["loss"].tolist() == [float(step) for step in range(200)]
    finally:
        process.shut_down()


def test_an_older_copy_put_in_its_place_gets_what_the_runs_did_since(tmp_store: str, tmp_path: Path) -> None:
    path = Path(tmp_store.removeprefix("sqlite:///"))
    sweep_id = nbsweep.sweep(CONFIG)
    copy = tmp_path / "backup.db"

    def back_up() -> None:
        process.recorder().flush()
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)

    def put_back() -> None:
        copy.replace(path)

    nbsweep.agent(sweep_id, training(300, {50: back_up, 200: put_back}), count=1)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"]
    assert sweep.history()["loss"].tolist() == [float(step) for step in range(300)]


def test_a_database_that_is_deleted_while_nothing_trains_is_begun_anew(tmp_store: str) -> None:
    path = Path(tmp_store.removeprefix("sqlite:///"))
    sweep_id = nbsweep.sweep(CONFIG)
    store = process.recorder().store
    path.unlink()
    with store.read() as db:
        assert db.sweep(sweep_id) is None
    assert store.notice is not None and "a new, empty one was begun" in store.notice
    assert nbsweep.Sweep(nbsweep.sweep(CONFIG)).runs == []


# -- disks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    point = tmp_path / "disk"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(point)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode != 0:
        pytest.skip(f"A FULL DISK IS NOT TESTED: no small disk can be mounted here ({done and done.stderr.strip()})")
    yield point
    process.shut_down()
    subprocess.run(["umount", "-l", str(point)], check=True)


def test_a_full_disk_stops_no_training_and_everything_is_written_when_space_returns(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{small_disk}/nbsweep.db")
    sweep_id = nbsweep.sweep(CONFIG)
    recorder = process.recorder()
    ballast = small_disk / "ballast"
    troubles: list[str] = []

    def fill_the_disk() -> None:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    def note() -> None:
        until(lambda: recorder.trouble is not None)
        troubles.append(recorder.trouble or "")

    noise = random.Random(0)
    losses = [noise.random() for _ in range(3000)]

    def train(run: Any) -> None:
        for step, loss in enumerate(losses):
            run.log({"loss": loss})
            if step == 500:
                fill_the_disk()
            if step == 2500:
                note()
            time.sleep(0.0002)

    with pytest.warns(UserWarning, match="training goes on"):  # noqa: PT031 - the warning comes on another thread
        agent = nbsweep.agent(sweep_id, train, count=1, block=False)
        until(lambda: "full" in (recorder.trouble or "") and not agent._lives)  # the run has ended, its end waits
    assert troubles and "full" in troubles[0] and "wait" in troubles[0] and "Free some space" in troubles[0]
    assert not agent._thread.is_alive() or agent.wait(60)
    with recorder.store.read() as db:
        assert [run.state for run in db.runs(sweep_id)] == ["running"], "its end is not written yet; it can be read"
    ballast.unlink()
    until(lambda: recorder.trouble is None)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"] and sweep.state == "finished"
    assert sweep.history()["loss"].tolist() == losses
    (run,) = sweep.runs
    assert run.duration_s(time.time()) == pytest.approx((run.finished_at or 0) - (run.started_at or 0))


def test_a_disk_that_turns_read_only_stops_no_training(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{small_disk}/nbsweep.db")
    sweep_id = nbsweep.sweep(CONFIG)
    recorder = process.recorder()
    recorder.store.close()  # a disk cannot be made read-only under a file that is open for writing

    def remount(how: str) -> None:
        recorder.flush()
        deadline = time.monotonic() + 30
        while subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], capture_output=True).returncode:
            recorder.store.close()
            assert time.monotonic() < deadline

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbsweep.agent(sweep_id, training(600, {100: lambda: remount("ro"), 550: lambda: remount("rw")}), count=1)
    until(lambda: recorder.trouble is None)
    sweep = nbsweep.Sweep(sweep_id)
    assert [run.state for run in sweep.runs] == ["finished"]
    assert sweep.history()["loss"].tolist() == [float(step) for step in range(600)]


def test_a_store_on_a_read_only_disk_is_read_and_says_so(small_disk: Path) -> None:
    path = small_disk / "nbsweep.db"
    store = Store(f"sqlite:///{path}")
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7))
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    again = Store(f"sqlite:///{path}")
    with again.read() as db:
        assert db.sweep("s1") is not None
    assert again.notice is not None and "may only be read" in again.notice
    with pytest.raises(StoreError, match=r"read.?only"), again.write() as db:
        db.update_sweep("s1")
    again.close()
    with pytest.raises(StoreError, match=r"cannot open the store .*NBSWEEP_STORAGE"):
        Store(f"sqlite:///{small_disk}/elsewhere/nbsweep.db")


def test_a_lock_that_is_never_released_costs_training_nothing(tmp_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.3)
    sweep_id = nbsweep.sweep(CONFIG)
    recorder = process.recorder()
    hung = sqlite3.connect(tmp_store.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    released = threading.Event()

    def train(run: Any) -> None:
        hung.execute("BEGIN IMMEDIATE")  # some program opened the file and forgot it
        for step in range(200):
            run.log({"loss": float(step)})
        until(lambda: "locked" in (recorder.trouble or "") and "look for one that hangs" in (recorder.trouble or ""))
        began = time.monotonic()
        assert len(nbsweep.Sweep(sweep_id).runs) == 1, "it can be read meanwhile"
        assert time.monotonic() - began < 30
        hung.execute("ROLLBACK")
        released.set()

    with pytest.warns(UserWarning, match="locked"):
        nbsweep.agent(sweep_id, train, count=1)
    until(lambda: recorder.trouble is None)
    hung.close()
    assert released.is_set() and nbsweep.Sweep(sweep_id).history()["loss"].tolist() == [float(i) for i in range(200)]


def test_an_end_that_waits_is_said_once_an_outage_and_is_no_failure(
    tmp_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.3)
    sweep_id = nbsweep.sweep(CONFIG)
    hung = sqlite3.connect(tmp_store.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    both, said, ended = threading.Barrier(2), [], threading.Event()

    def train(run: Any) -> None:
        run.log({"loss": 1.0})
        both.wait(20)
        if run.number == 1:
            hung.execute("BEGIN IMMEDIATE")
        both.wait(20)
        run.log({"loss": 0.5})
        time.sleep(SHORT_RUN_S)  # the ends of shorter ones wait for nobody

    agent = Agent(sweep_id, train, count=2, workers=2)

    def note(name: str, text: str) -> None:
        said.append((name, text))
        ended.set()

    agent.on_failure = note
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the recorder's
        agent.start()
        assert ended.wait(20)
        until(lambda: not agent._lives)
        hung.execute("ROLLBACK")
        assert agent.wait(20)
    hung.close()
    assert [(name, text) for name, text in said if "waits in memory" in text] == [("nbsweep", said[0][1])]
    assert not [name for name, _text in said if name != "nbsweep"]
    assert [run.state for run in nbsweep.Sweep(sweep_id).runs] == ["finished", "finished"]


# -- network file systems --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fstype", "remote"),
    [
        *((name, True) for name in ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse", "fuse.rclone")),
        *((name, True) for name in ("virtiofs", "vboxsf", "lustre", "beegfs", "afs", "fuse.gcsfuse", "macfuse")),
        *((name, False) for name in ("ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "apfs", "NTFS", "fuseblk")),
    ],
)
def test_a_shared_file_system_gets_no_write_ahead_log_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fstype: str, remote: bool
) -> None:
    home = tmp_path / "home"
    mounts = [
        mount("root", "/", "ext4"),
        mount("server:/home", str(home), fstype),
        mount("other", str(tmp_path / "homely"), "nfs"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all=False: mounts)
    monkeypatch.setattr(sqlite, "wal_is_safe", lambda: True)
    store = Store(f"sqlite:///{home}/me/.nbsweep/nbsweep.db")
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {}, 7))
        mode = db._connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert mode == ("truncate" if remote else "wal")
    if remote:
        assert store.notice is not None and fstype in store.notice and "PostgreSQL" in store.notice
    else:
        assert store.notice is None
    store.close()


def test_a_link_to_a_shared_file_system_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts = [mount("root", "/", "ext4"), mount("nas", str(tmp_path / "share"), "nfs4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all=False: mounts)
    assert sqlite.choose_journal(tmp_path / "link" / "a.db").remote
    assert not sqlite.choose_journal(tmp_path / "shared.db").remote


# -- what is left open -----------------------------------------------------------------------------------------------


def test_closing_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "nbsweep.db"
    me = psutil.Process()

    def open_files() -> list[str]:
        return [file.path for file in me.open_files() if file.path.startswith(str(tmp_path))]

    store = Store(f"sqlite:///{path}")
    threads = [threading.Thread(target=_read_often, args=(store,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_files()
    store.close()
    assert open_files() == []


def _read_often(store: Store) -> None:
    for _ in range(20):
        with store.read() as db:
            db.sweeps()


def test_a_hundred_sweeps_in_one_process_leave_nothing_open(tmp_store: str) -> None:
    me, others = psutil.Process(), set(threading.enumerate())  # dashboards of other tests have a thread
    nbsweep.agent(nbsweep.sweep(CONFIG), training(3, {}), count=1)
    files, handles = len(me.open_files()), me.num_fds()
    for _ in range(100):
        nbsweep.agent(nbsweep.sweep(CONFIG), training(1, {}), count=1)
    assert len(me.open_files()) <= files + 2 and me.num_fds() <= handles + 4
    process.shut_down()
    assert not any(tmp_store.endswith(file.path) for file in me.open_files())
    left = set(threading.enumerate()) - others
    assert not [thread for thread in left if thread.name.startswith("nbsweep")]


def test_closing_ends_every_session_with_a_server(postgresql_url: str) -> None:
    import psycopg

    store = Store(postgresql_url)
    threads = [threading.Thread(target=_read_often, args=(store,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    query = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'nbsweep' AND datname = current_database()"
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:

        def sessions() -> int:
            row = connection.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        assert sessions() > 0
        store.close()
        until(lambda: sessions() == 0)


def test_sessions_that_a_server_ends_cost_no_point(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is restarted, again and again, while a run trains."""
    import psycopg

    monkeypatch.setenv("NBSWEEP_STORAGE", postgresql_url)
    ended: list[int] = []

    def end_all() -> None:
        query = (
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'nbsweep' AND datname = current_database()"
        )
        with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            ended.append(int(row[0]))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sweep_id = nbsweep.sweep(CONFIG)
            nbsweep.agent(sweep_id, training(600, dict.fromkeys(range(50, 600, 50), end_all)), count=2)
        until(lambda: process.recorder().trouble is None)
        sweep = nbsweep.Sweep(sweep_id)
        assert sum(ended) > 0 and [run.state for run in sweep.runs] == ["finished", "finished"]
        for run in sweep.runs:
            assert sweep.history(run.id)["loss"].tolist() == [float(step) for step in range(600)]
    finally:
        process.shut_down()


def test_schema_and_tests_know_the_same_tables(path: Path) -> None:
    """What salvage brings over is everything: a new table must come into its order."""
    from nbsweep.store.merging import TABLES

    assert set(TABLES) == set(schema.metadata.tables)
