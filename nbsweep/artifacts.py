"""`Artifact`: files under one name, of which a run keeps versions; and how files are copied.

What is added is copied at once into a folder beside the current run's directory. Logging moves that folder to
``artifacts/NAME/vN`` in the run's directory, in one step: whatever ends a process half-way, no version is there in
part. `nbsweep.files` has what a run does with it.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import re
import secrets
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any

from nbsweep.absent import warn_ignored
from nbsweep.current import current_run, run_for
from nbsweep.errors import UsageError

if TYPE_CHECKING:
    from nbsweep.files import RunFiles

__all__ = ["Artifact", "copied", "files_below", "lost", "warn_lost"]

RECORD = ".artifact.json"  # what is known of a version beside its files
LONGEST_NAME = 128  # as W&B's
_lost: dict[str | None, str] = {}


class Artifact:
    """Files that belong together, a model's say, under a name. `Run.log_artifact` keeps them as a version of it.

    Parameters
    ----------
    name : str
        Letters, digits, ``-``, ``_`` and ``.``
    type : str, optional
        What it is, "model" or "dataset" say.
    description : str, optional
    metadata : dict, optional
        Kept as JSON beside the files, as all these are; what JSON does not know is kept as its text.

    Attributes
    ----------
    aliases, tags : list of str
    version : str or None
        "v0" for the first of its name in its run; None until it is kept.
    dir : str or None
        Where the files are kept.

    Raises
    ------
    UsageError
        For another name.
    """

    def __init__(
        self,
        name: str,
        type: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **ignored: Any,
    ) -> None:
        warn_ignored("Artifact", ignored)
        if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_.-]+", name) or name in (".", ".."):
            raise UsageError(f"Artifact({name!r:.200}): a name is made of letters, digits, -, _ and .")
        if len(name) > LONGEST_NAME:
            raise UsageError(f"Artifact({name!r:.200}): a name has at most {LONGEST_NAME} characters")
        self._name = name
        self.type = type or "unspecified"
        self.description = description
        self.metadata = dict(metadata or {})
        self.aliases: list[str] = []
        self.tags: list[str] = []
        self.version: str | None = None
        self._folder: Path | None = None
        self._missing: set[str] = set()

    @property
    def name(self) -> str:
        """Its name, and its version once it has one: ``model:v0``."""
        return self._name if self.version is None else f"{self._name}:{self.version}"

    @property
    def dir(self) -> str | None:
        return None if self.version is None else str(self._folder)

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: Any = None,
        policy: Any = None,
        overwrite: bool = False,
    ) -> None:
        """Add a file as it is now: later changes of it make no difference.

        Where the copy cannot be written (the disk is full) a warning and `Sweep.notice` say so, and nothing is raised.

        Parameters
        ----------
        local_path : str or path
        name : str, optional
            Its path within the artifact; by default the file's name.
        skip_cache, policy : optional
            W&B's; they make no difference.
        overwrite : bool, default False
            Whether it may take the place of another file of that name.

        Raises
        ------
        UsageError
            When there is no such file, the name leads out of the artifact or is another file's, or the artifact was
            logged already.
        """
        path = Path(local_path)
        if not path.is_file():
            raise UsageError(f"artifact {self.name}: there is no file {str(path)!r}")
        self._add(path, path.name if name is None else name, overwrite)

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: Any = None,
        policy: Any = None,
        merge: bool = False,
    ) -> None:
        """Add all files below a directory, as `add_file`; `name` is a directory within the artifact.

        Raises
        ------
        UsageError
            As `add_file`; `merge` allows what `overwrite` does there.
        """
        from nbsweep.process import store_url
        from nbsweep.store.media import media_root

        path = Path(local_path)
        if not path.is_dir():
            raise UsageError(f"artifact {self.name}: there is no directory {str(path)!r}")
        for file in list(files_below(path, {media_root(store_url()).resolve()})):
            self._add(file, (PurePosixPath(name or "") / file.relative_to(path).as_posix()).as_posix(), merge)

    def add(self, obj: Any, name: str, overwrite: bool = False) -> None:
        """Add a table, picture or histogram as it is now: ``NAME.table.json``, ``NAME.png``, ``NAME.histogram.json``.

        Pictures in a table's cells are files of the artifact, too. Anything else is left out, with a warning.

        Raises
        ------
        UsageError
            As `add_file`.
        """
        from nbsweep.media.base import Media

        if not isinstance(obj, Media):
            warnings.warn(
                f"artifact {self.name}: {name} is left out: it is no Table, Image or Histogram; add_file adds files",
                stacklevel=2,
            )
            return
        kept, files = obj.taken().packed(None, "media")
        main = kept.record.get("file")
        if main is None:
            main, files = "histogram.json", {**files, "histogram.json": json.dumps(kept.record).encode()}
        with tempfile.TemporaryDirectory() as made:
            for each, data in files.items():
                path = Path(made) / "made"
                path.write_bytes(data)
                ending = PurePosixPath(main).name.partition(".")[2] if "/" in main else main
                self._add(path, each if each != main else f"{name}.{ending}", overwrite)

    def add_reference(self, uri: Any, *_args: Any, **_kwargs: Any) -> None:
        """W&B's note of a file elsewhere, which nbsweep does not keep: it says so."""
        warnings.warn(
            f"artifact {self.name}: the reference {str(uri)!r:.200} is left out; add_file and add_dir copy files",
            stacklevel=2,
        )

    @contextlib.contextmanager
    def new_file(self, name: str, mode: str = "w", encoding: str | None = None) -> Iterator[IO[Any]]:
        """A file of the artifact, to be written in a ``with`` block; where that fails, it is left out.

        Raises
        ------
        UsageError
            As `add_file`.
        OSError
            When it cannot be written.
        """
        path = self._staged() / self._member(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = path.open(mode, encoding=encoding or (None if "b" in mode else "utf-8"))
        except FileExistsError:
            raise UsageError(f"artifact {self.name} has a file {name!r} already") from None
        try:
            with opened as file:
                yield file
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise

    def save(self, project: Any = None) -> None:
        """`Run.log_artifact` of the current run; of an artifact that was logged it keeps changed aliases and metadata.

        Raises
        ------
        UsageError
            When there is no run.
        """
        run_for(f"artifact {self.name}: save()").log_artifact(self)

    def wait(self, timeout: float | None = None) -> Artifact:
        """Itself: what is logged is kept when the call returns."""
        return self

    def __repr__(self) -> str:
        return f"<nbsweep artifact {self.name}>"

    # -- for a run -----------------------------------------------------------------------------------------------

    def keep(self, root: Path, aliases: Iterable[str], tags: Iterable[str]) -> None:
        """Become the next version below a run's directory, or the newest where that has the same files.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        self.aliases += [each for each in aliases if each not in self.aliases]
        self.tags += [each for each in tags if each not in self.tags]
        home = root / "artifacts" / self._name
        check_inside(root, home / "v0")
        home.mkdir(parents=True, exist_ok=True)
        fresh = self._folder
        if fresh is not None and fresh.parent == home:  # logged again
            self._write_record(fresh)
            return
        if fresh is None or fresh.parent != root.parent:
            fresh = _new_folder(root.parent)
        try:
            if fresh is not self._folder and self._folder is not None:
                for file in files_below(self._folder):
                    copied(file, fresh / file.relative_to(self._folder), fresh)
            self._write_record(fresh)
            number = self._move(fresh, home)
        except BaseException:
            if fresh is not self._folder:
                _remove(fresh, os.getpid())
            raise
        self._folder, self.version = home / f"v{number}", f"v{number}"

    def _move(self, fresh: Path, home: Path) -> int:
        """Make a folder the newest version of its name, and say which it is."""
        there = [int(each.name[1:]) for each in home.iterdir() if re.fullmatch(r"v(0|[1-9][0-9]*)", each.name)]
        newest = max(there, default=-1)
        if newest >= 0 and _same(fresh, home / f"v{newest}"):
            (fresh / RECORD).replace(home / f"v{newest}" / RECORD)
            _remove(fresh, os.getpid())
            return newest
        while True:
            newest += 1
            try:
                fresh.rename(home / f"v{newest}")
            except OSError:
                if not (home / f"v{newest}").exists():  # else another thread or process was faster
                    raise
            else:
                return newest

    def _write_record(self, folder: Path) -> None:
        keys = ("type", "description", "metadata", "aliases", "tags")
        record = {"name": self._name, **{key: getattr(self, key) for key in keys}, "missing": sorted(self._missing)}
        try:
            text = json.dumps(record, default=_in_json, skipkeys=True, indent=1)
        except Exception as error:  # a user's object: its errors are its own
            raise UsageError(f"artifact {self.name}: its metadata cannot be kept ({error})") from None
        made = folder / f"{RECORD}.{secrets.token_hex(8)}"
        made.write_text(text, encoding="utf-8")
        made.replace(folder / RECORD)

    # -- private -------------------------------------------------------------------------------------------------

    def _staged(self) -> Path:
        """The folder with what was added so far: on the disk where it will be kept, as far as that is known."""
        if self.version is not None:
            raise UsageError(f"artifact {self.name} was logged and takes no more files; make another of its name")
        if self._folder is None:
            run = current_run()
            self._folder = _new_folder(None if run is None else run.made_dir().parent)
            weakref.finalize(self, _remove, self._folder, os.getpid())
        return self._folder

    def _member(self, given: str | os.PathLike[str]) -> str:
        """A path within the artifact, and never out of it, on whatever system."""
        name = os.fspath(given)
        for parsed in (PurePosixPath(name), PureWindowsPath(name)):
            if parsed.anchor or ".." in parsed.parts or parsed.parts[:1] in ((), (RECORD,)) or "\0" in name:
                raise UsageError(f"artifact {self.name}: {name!r:.200} is no path of a file within an artifact")
        return name

    def _add(self, path: Path, name: str, overwrite: bool) -> None:
        name = self._member(name)
        try:
            folder = self._staged()
            target = folder / name
            if target.exists() and not overwrite and not filecmp.cmp(path, target, shallow=False):
                raise UsageError(f"artifact {self.name} has another file {name!r} already; give a name of its own")
            copied(path, target, folder)
            self._missing.discard(name)
        except OSError as error:
            self._missing.add(name)
            warn_lost(current_run(), f"file {name} of artifact {self.name}", error, 4)


def files_below(directory: Path, without: Iterable[Path] = ()) -> Iterator[Path]:
    """All files below a directory, also behind symbolic links, but for what is in the directories `without`."""
    real = directory.resolve()
    if real in without:
        return
    for each in sorted(directory.iterdir()):
        if each.is_dir():
            yield from files_below(each, {*without, real})  # a link to a directory above leads nowhere new
        elif each.is_file():
            yield each


def check_inside(root: Path, path: Path) -> None:
    """That a path below `root` does not leave it by a symbolic link; what its last name is makes no difference.

    Raises
    ------
    UsageError
    """
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{path.parent} leads out of {root}, where files are kept, by a symbolic link")


def copied(path: Path, target: Path, root: Path) -> None:
    """Copy a file to a place below `root`: whole, or not at all.

    Raises
    ------
    OSError
        When it cannot be read or written.
    UsageError
        When a symbolic link leads out of `root`.
    """
    check_inside(root, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    opened, made = tempfile.mkstemp(prefix=".copied-", dir=root.parent)
    os.close(opened)
    try:
        shutil.copy2(path, made)
        Path(made).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(made).unlink()
        raise


def warn_lost(run: RunFiles | None, what: str, error: OSError, stacklevel: int = 3) -> None:
    """Say what could not be kept and why: in a warning, to the run's console, and in `Sweep.notice` of this process."""
    text = (
        f"{what} could not be kept ({error.strerror or error}): training goes on; free some space, make the directory "
        "of media files writable, or set NBSWEEP_MEDIA to another"
    )
    text = text.encode("utf-8", "backslashreplace").decode()
    if run is not None:
        _lost[run.sweep_id] = text
        run.print("stderr", text + "\n")
    warnings.warn(text, stacklevel=stacklevel)


def lost(sweep_id: str) -> str | None:
    """What was last said of a file of the sweep that could not be kept; None where all are."""
    return _lost.get(sweep_id)


def _new_folder(place: Path | None) -> Path:
    if place is None:
        return Path(tempfile.mkdtemp(prefix="nbsweep-artifact-"))
    path = place / f".artifact-{secrets.token_hex(8)}"
    path.mkdir()
    return path


def _remove(folder: Path, made_by: int) -> None:
    if os.getpid() == made_by:  # a forked child forgets it, its parent still has it
        shutil.rmtree(folder, ignore_errors=True)


def _same(one: Path, other: Path) -> bool:
    """Whether two versions have the same files."""
    names, others = ({file.relative_to(each) for file in files_below(each)} - {Path(RECORD)} for each in (one, other))
    return names == others and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def _in_json(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)  # NumPy's and PyTorch's have it
