"""Databases of older versions open, keep all they hold, and end as a new one would be."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

import nbsweep
from nbsweep import process
from nbsweep.errors import StoreError
from nbsweep.store import RunRecord, Store, SweepRecord, migrations, read_history, schema

VERSION_1 = (Path(__file__).parent / "store_versions" / "version_1.sql").read_text(encoding="utf-8")


@pytest.fixture
def old_path(tmp_path: Path) -> Path:
    """A database file as nbsweep wrote it with schema version 1."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.close()
    return path


def columns(url: str) -> dict[str, dict[str, tuple[str, bool]]]:
    """{table: {column: (type, whether it may be NULL)}}; SQLite's integers are of one type, however they are called."""
    engine = create_engine(url)
    try:
        inspector = inspect(engine)
        return {
            table: {
                c["name"]: (str(c["type"]).replace("BIGINT", "INTEGER"), bool(c["nullable"]))
                for c in inspector.get_columns(table)
            }
            for table in inspector.get_table_names()
        }
    finally:
        engine.dispose()


def test_every_version_before_this_one_has_a_step() -> None:
    assert sorted(migrations.STEPS) == list(range(2, schema.SCHEMA_VERSION + 1))


def test_an_old_database_opens_with_all_that_it_held(old_path: Path) -> None:
    store = Store(f"sqlite:///{old_path}")
    with store.read() as db:
        assert db.schema_version() == schema.SCHEMA_VERSION
        sweep, runs = db.sweep("sweep1"), db.runs("sweep1")
        agents, alone = db.agents("sweep1"), db.run("run3")
        history = read_history(db.chunks(["run1"]))["run1"]
        console = db.console("run1")
        names = [each.name for each in db.sweeps()]
    store.close()
    assert sweep is not None and sweep.version == 1 and sweep.revision == 12 and sweep.seed == 7
    assert names == ["Größe 🙂", "digits"]
    assert [run.state for run in runs] == ["finished", "failed"]
    assert runs[1].tags == ("a", "b") and runs[1].why == "band 3" and runs[1].notes == "a note"
    assert alone is not None and alone.tags == () and alone.stop_requested
    assert history.columns["loss"].values.tolist() == [1.0, 0.5, 1 / 3] and console == [("stdout", "epoch 1")]
    assert [(agent.id, agent.joined, agent.beat) for agent in agents] == [("agent1", 1, 0), ("agent2", 2, 0)]


def test_what_an_old_database_has_no_column_for_is_said_as_unknown(old_path: Path) -> None:
    store = Store(f"sqlite:///{old_path}")
    with store.read() as db:
        run = db.run("run1")
        versions = db.sweep_versions("sweep1")
    store.close()
    assert run is not None and (run.suggestion, run.code_hash, run.sweep_version) == (None, None, 1)
    assert [(each.version, each.config["method"], each.changes) for each in versions] == [(1, "grid", "")]


def test_an_old_database_ends_with_the_tables_of_a_new_one(old_path: Path, tmp_path: Path) -> None:
    old, new = f"sqlite:///{old_path}", f"sqlite:///{tmp_path}/new.db"
    Store(old).close()
    Store(new).close()
    assert columns(old) == columns(new)


def test_a_sweep_of_an_old_database_goes_on(old_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBSWEEP_STORAGE", f"sqlite:///{old_path}")
    try:
        nbsweep.agent("sweep2", lambda config: None, count=1)
        assert [run.state for run in nbsweep.Sweep("sweep2").runs] == ["finished"]
    finally:
        process.shut_down()


def test_processes_that_open_an_old_database_at_once_migrate_it_once(old_path: Path) -> None:
    code = f"from nbsweep.store import Store; Store('sqlite:///{old_path}')"
    children = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    store = Store(f"sqlite:///{old_path}")
    with store.read() as db:
        assert len(db.sweep_versions("sweep1")) == 1
    store.close()


def test_a_migration_that_fails_changes_nothing(old_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = columns(f"sqlite:///{old_path}")
    monkeypatch.setitem(migrations.STEPS, 2, (*migrations.STEPS[2], "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(StoreError, match="nowhere"):
        Store(f"sqlite:///{old_path}")
    monkeypatch.undo()
    assert columns(f"sqlite:///{old_path}") == before
    Store(f"sqlite:///{old_path}").close()


def test_a_server_of_version_3_lets_agents_be_of_no_sweep(postgresql_url: str) -> None:
    Store(postgresql_url).close()
    new = columns(postgresql_url)
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE agents ALTER COLUMN sweep_id SET NOT NULL"))
        connection.execute(text("UPDATE meta SET value = '3' WHERE key = 'schema_version'"))
    engine.dispose()
    Store(postgresql_url).close()
    assert columns(postgresql_url) == new


def test_suggestions_codes_and_versions_come_back_as_they_were_put_in(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    suggestion = {"kind": "random", "expected": 0.5, "why": ["a", None]}
    with store.write() as db:
        db.insert_sweep(SweepRecord("s1", "first", "p", {"method": "random"}, 7, created_at=1.0))
        db.insert_run(RunRecord("r1", "s1", 0, "a", "p", {}, suggestion=suggestion, code_hash="h", sweep_version=2))
        db.insert_run(RunRecord("r2", "s1", 1, "b", "p", {}))
        db.insert_code("h", "def train(): 'Größe'")
        db.insert_code("h", "def train(): 'Größe'")
        db.insert_sweep_version("s1", 2, {"method": "grid"}, "method: random → grid")
        db.update_sweep("s1", version=2, config={"method": "grid"})
    with store.read() as db:
        runs, sweep, versions = db.runs("s1"), db.sweep("s1"), db.sweep_versions("s1")
        assert db.code("h") == "def train(): 'Größe'" and db.code("unknown") is None
    store.close()
    assert [(run.suggestion, run.code_hash, run.sweep_version) for run in runs] == [
        (suggestion, "h", 2),
        (None, None, 1),
    ]
    assert sweep is not None and sweep.version == 2 and sweep.config == {"method": "grid"}
    assert [(each.version, each.config["method"], each.changes) for each in versions] == [
        (1, "random", ""),
        (2, "grid", "method: random → grid"),
    ]
