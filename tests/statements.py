"""Which SQL statements a store is asked, for tests that count them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event

from nbsweep.store import Store, direct

__all__ = ["Asked", "listen"]


@dataclass
class Asked:
    """Since it was made or cleared: statements (one for many rows counts once), and transactions that were begun."""

    statements: list[str] = field(default_factory=list)
    transactions: list[object] = field(default_factory=list)

    def clear(self) -> None:
        self.statements.clear()
        self.transactions.clear()


def listen(store: Store, monkeypatch: pytest.MonkeyPatch, *, everywhere: bool = False) -> Asked:
    """Note what the store is asked from now on, by SQLAlchemy and by `nbsweep.store.direct`, on this thread or any."""
    asked, prepared, here = Asked(), direct._prepared, threading.get_ident()

    def note(kind: list[Any], what: Any) -> None:
        if everywhere or threading.get_ident() == here:
            kind.append(what)

    def prepare(*arguments: Any) -> Any:
        found = prepared(*arguments)
        note(asked.statements, found.text)
        return found

    monkeypatch.setattr(direct, "_prepared", prepare)
    assert store._file is not None
    engine = store._file.engine_now(lambda: True)
    event.listen(engine, "begin", lambda connection: note(asked.transactions, connection))
    event.listen(engine, "before_cursor_execute", lambda *arguments: note(asked.statements, arguments[2]))
    return asked
