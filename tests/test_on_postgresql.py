"""The controller's and the agents' tests once more, with a real PostgreSQL server in the place of SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbsweep import process
from nbsweep.store import Store
from tests import test_agents, test_controller


@pytest.fixture
def tmp_store(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NBSWEEP_STORAGE", postgresql_url)
    yield postgresql_url
    process.shut_down()


@pytest.fixture
def store(tmp_store: str) -> Store:
    return process.recorder().store


pytestmark = [pytest.mark.usefixtures("tmp_store"), pytest.mark.slow]
_OF_SQLITE = {"test_the_interrupt_key_answers_while_the_store_is_locked"}  # which it locks by SQLite's own means
for _module in (test_controller, test_agents):
    _tests = {_name: _test for _name, _test in vars(_module).items() if _name.startswith("test_")}
    globals().update({_name: _test for _name, _test in _tests.items() if _name not in _OF_SQLITE})


def test_it_is_postgresql_that_is_tested(store: Store) -> None:
    assert store.url.startswith("postgresql+psycopg://")
    with store.read() as db:
        assert db._connection.dialect.name == "postgresql"
