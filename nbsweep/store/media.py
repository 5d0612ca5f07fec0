"""Histograms, images and tables between `log` and whoever reads them: what history keeps of them, and their files.

In the store such a value is text with a record behind it (`Kept`): readers that know nothing of it show the text. The
record of a histogram is all of it; that of an image or a table names a file beside the database, by the hash of what is
in it. `MediaFiles` writes those files, whole or not at all, before the rows that name them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from nbsweep.errors import StoreError
from nbsweep.store.filesystems import absolute

__all__ = [
    "MOST_WAITING_BYTES",
    "Kept",
    "MediaFiles",
    "file_name",
    "forget_roots",
    "media_root",
    "remove_media",
    "run_directory",
]

MOST_WAITING_BYTES = 64 * 2**20
SYNC_WAIT_S = 5.0
DEFAULT_ROOT = ".nbsweep/media"
_roots: dict[str, Path] = {}
_NAME = re.compile(r"[0-9a-z_-]{1,64}/[0-9a-z_-]{1,64}/[0-9a-f]{32}\.[a-z.]{1,12}")


class Kept(str):
    """A logged histogram, image or table as history has it: a short text, with `load` for the thing itself.

    Attributes
    ----------
    kind : str
        "histogram", "image" or "table".
    """

    __slots__ = ("record",)
    record: dict[str, Any]

    def __new__(cls, record: Mapping[str, Any]) -> Kept:
        made = super().__new__(cls, str(record.get("text", "")))
        made.record = dict(record)
        return made

    def __reduce__(self) -> tuple[type[Kept], tuple[dict[str, Any]]]:
        return Kept, (self.record,)

    @property
    def kind(self) -> str:
        return str(self.record.get("kind", ""))

    @property
    def path(self) -> Path | None:
        """Its file; None for a histogram, or where the record does not name one as nbsweep does."""
        name = self.record.get("file")
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            return None
        from nbsweep.process import store_url

        return media_root(store_url()) / name

    def load(self) -> Any:
        """A `Histogram`, a PIL image, or a `Table`.

        Raises
        ------
        StoreError
            When its file is missing or damaged.
        """
        from nbsweep.media import loaded

        return loaded(self)

    def read(self) -> bytes:
        """What is in its file."""
        path = self.path
        if path is None:
            raise StoreError(f"{self}: the store names no file for it")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"{self}: its file {path} cannot be read ({error.strerror or error}); where the files lie elsewhere, "
                "NBSWEEP_MEDIA names their directory"
            ) from error
        if not path.name.startswith(_digest(data)):
            raise StoreError(f"{self}: its file {path} is damaged")
        return data


def media_root(url: str) -> Path:
    """Where the files of a store's images and tables lie.

    ``NBSWEEP_MEDIA`` if it is set, else ``media`` beside the file of a SQLite store; for a server's, which has no place
    of its own on this machine, ``.nbsweep/media`` under the working directory. A relative path does not move with the
    directory: it stays what it was when this process first asked.
    """
    named = os.environ.get("NBSWEEP_MEDIA")
    if not named:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            return absolute(parsed.database).parent / "media"
    name = named or DEFAULT_ROOT
    return _roots.setdefault(name, absolute(name))


def forget_roots() -> None:
    """Look at the working directory again when somebody next asks."""
    _roots.clear()


def file_name(sweep_id: str | None, run_id: str, data: bytes, ending: str) -> str:
    """The file for these bytes, below the root: ``<sweep, or runs>/<run>/<hash>.<ending>``."""
    return f"{sweep_id or 'runs'}/{run_id}/{_digest(data)}.{ending}"


def run_directory(url: str, sweep_id: str | None, run_id: str) -> Path:
    """Where training code keeps files of a run; there may be none."""
    return media_root(url) / (sweep_id or "runs") / run_id / "files"


def remove_media(url: str, sweep_id: str) -> None:
    """Remove the files of a sweep that was deleted; what cannot be removed stays, and is in nobody's way."""
    shutil.rmtree(media_root(url) / sweep_id, ignore_errors=True)


class MediaFiles:
    """Writes files; those that cannot be written wait in memory up to a bound. Its owner is `nbsweep.encoding`.

    Parameters
    ----------
    root : Path
    most_bytes : int
        Beyond it the oldest files that wait are left out, and counted.
    """

    def __init__(self, root: Path, most_bytes: int = MOST_WAITING_BYTES) -> None:
        self.root = root
        self.most_bytes = most_bytes
        self.left_out = 0
        self._waiting: dict[str, bytes] = {}
        self._unsynced: list[Path] = []
        self._syncing: threading.Thread | None = None

    @property
    def empty(self) -> bool:
        return not self._waiting

    def add(self, files: Mapping[str, bytes]) -> None:
        self._waiting.update(files)

    def write(self) -> str | None:
        """Write what waits; returns what is wrong, in words, where something is. Never raises for a disk's trouble."""
        trouble: str | None = None
        for name in list(self._waiting):
            try:
                self._write(name, self._waiting[name])
            except OSError as error:
                trouble = str(error)
                break
            del self._waiting[name]
        while sum(map(len, self._waiting.values())) > self.most_bytes:
            del self._waiting[next(iter(self._waiting))]
            self.left_out += 1
        if trouble is None:
            return None
        left = f", {self.left_out} had to be left out" if self.left_out else ""
        return (
            f"images and tables cannot be written to {self.root} ({trouble}): training goes on, {len(self._waiting)} "
            f"files wait in memory (at most {self.most_bytes / 2**20:.0f} MiB{left}) and are written by themselves as "
            "soon as they can be; free some space, make the directory writable, or set NBSWEEP_MEDIA to another"
        )

    def sync(self, *, wait: bool = False) -> None:
        """Have the disk keep what was written, on a thread of its own: a disk may take longer for it than numbers may
        wait. With `wait` until that is done."""
        if self._unsynced and (self._syncing is None or not self._syncing.is_alive()):
            self._syncing = threading.Thread(target=self._sync, name="nbsweep-media-sync", daemon=True)
            self._syncing.start()
        if wait and self._syncing is not None:
            self._syncing.join(SYNC_WAIT_S)

    def _sync(self) -> None:
        while self._unsynced:
            paths = self._unsynced[:]
            del self._unsynced[: len(paths)]
            for path in (*paths, *{path.parent for path in paths}):  # what is in them, and that they are there
                _sync_one(path)

    def _write(self, name: str, data: bytes) -> None:
        path = self.root / name
        with contextlib.suppress(OSError):
            if path.stat().st_size == len(data):  # the same bytes, as its name is their hash
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with made.open("wb") as file:
                file.write(data)
            made.replace(path)
            self._unsynced.append(path)
        except OSError:
            with contextlib.suppress(OSError):
                made.unlink()
            raise


def _sync_one(path: Path) -> None:
    with contextlib.suppress(OSError):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
