"""What PostgreSQL needs to keep the promises that SQLite keeps by having one writer.

A write transaction first takes an advisory lock of the schema it writes in, so that writers take turns: nothing is
decided on what another transaction is about to change, there is one lock and so no deadlock, and revisions grow in the
order of commits (the lock is released after the commit is visible), which readers who ask "what changed since N" rely
on. Each statement sees what was committed before it (READ COMMITTED), so all after the lock see everything. A reader
has one snapshot (REPEATABLE READ) and waits for nobody.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

__all__ = ["postgresql_engine"]

LOCK_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10

# A client that vanishes while it holds the lock (a closed laptop) must not stop the others for long.
_SESSION = (
    f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET client_encoding = 'UTF8'",
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('nbsweep'), hashtext(current_schema()))"

# A server that is no longer reached is given up in seconds; the system's default is hours.
_NETWORK: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def postgresql_engine(url: URL) -> Engine:
    """An engine whose write transactions (`execution_options(write=True)`) exclude each other."""
    arguments = {**_NETWORK, "application_name": "nbsweep"}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    # 3.3 prepares statements of its own accord, which a pooler in between (pgbouncer) may not carry over.
    engine = create_engine(url, pool_pre_ping=True, connect_args={**given, "prepare_threshold": None})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)
        connection.commit()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        if connection.get_execution_options().get("write", False):
            connection.exec_driver_sql(_LOCK)
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine
