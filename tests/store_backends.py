"""Stores to test the contract with: SQLite with each journal, and a real PostgreSQL server on its own socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["BACKENDS", "WHY_NO_SERVER", "postgresql_database", "postgresql_server", "server_binaries"]

BACKENDS = ("sqlite-rollback", "sqlite-wal", "postgresql")
USER = "nbsweep"


def server_binaries() -> Path | None:
    """Where `initdb` and `postgres` are, the newest version of Debian's first; None where they are not installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _why_no_server() -> str | None:
    if server_binaries() is None:
        return "PostgreSQL IS NOT TESTED: its server is not installed (Debian: apt-get install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "PostgreSQL IS NOT TESTED: psycopg is not installed (pip install 'nbsweep[postgres]')"
    return None


WHY_NO_SERVER = _why_no_server()


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A fresh server on a Unix socket in a directory of its own: its URL without a database. Skips where there is none.

    It refuses to run as root; then it runs as the user that Debian's package makes.
    """
    binaries = server_binaries()
    if WHY_NO_SERVER is not None or binaries is None:
        pytest.skip(WHY_NO_SERVER or "")
    root = Path(tempfile.mkdtemp(prefix="nbsweep-pg-"))  # short: the path of a socket has at most 107 bytes
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    os.chown(root, account.pw_uid, account.pw_gid)

    def run(*command: str) -> None:
        done = subprocess.run(
            command,
            user=account.pw_uid if os.getuid() == 0 else None,
            group=account.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode()

    data = root / "data"
    run(str(binaries / "initdb"), "-D", str(data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={root} -c fsync=off -c max_connections=100"
    control = (str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "60")
    run(*control, "-l", str(root / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://{USER}@/{{database}}?host={root}"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def postgresql_database(server: str) -> Iterator[str]:
    """An empty database on `server`: its URL."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    address = server.replace("+psycopg", "")
    with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server.format(database=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
