"""What a run keeps in its directory: `save` and artifacts, by W&B's names. It lies beside the run's images and tables.

Everything is copied when it is asked for, on the thread that asks. The functions at the end do the same for the
current run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from glob import glob as matching
from pathlib import Path
from typing import Any

from nbsweep.artifacts import Artifact, copied, files_below, warn_lost
from nbsweep.current import run_for
from nbsweep.errors import UsageError

__all__ = ["RunFiles", "link_artifact", "link_model", "log_artifact", "log_model", "save"]


class RunFiles:
    """The part of a `Run` that keeps files."""

    id: str
    sweep_id: str | None
    _warned: set[str]

    def print(self, stream: str, text: str) -> None:
        raise NotImplementedError

    @property
    def dir(self) -> str:
        """A directory for files of the run, beside those of its images and tables; it goes with the sweep.

        Raises
        ------
        UsageError
            Where it cannot be made.
        """
        try:
            return str(self.made_dir())
        except OSError as error:
            raise UsageError(
                f"run.dir: {error.filename} cannot be made ({error.strerror}); NBSWEEP_MEDIA names another place"
            ) from None

    def save(
        self,
        glob_str: str | bytes | os.PathLike[str] | None = None,
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Copy files into `dir`, as they are now: after a file has changed, save it again.

        A file that is in `dir` stays where it is, and of a directory all files are copied. What cannot be written (the
        disk is full) is left out; a warning and `Sweep.notice` say so, and nothing is raised. Nor is it where nothing
        matches, which is said once.

        Parameters
        ----------
        glob_str : str or path
            A path, or a pattern such as ``checkpoints/*.pt``. Without it nothing is done: W&B's old code calls
            ``run.save()`` to keep a new name of the run, which is kept anyway.
        base_path : str or path, optional
            A directory above: what is below it is laid out in `dir` as it is there. By default the working directory;
            of an absolute `glob_str` the directory two levels above the file, so that one is kept.
        policy : {"live", "now", "end"}
            W&B's. All mean now: unlike W&B's "live" and "end", none looks at the file again.
        glob : bool, default True
            False takes `glob_str` to the letter.

        Returns
        -------
        list of str
            The paths in `dir`.

        Raises
        ------
        UsageError
            For another policy, or a `glob_str` that is not below `base_path` or begins with ``*`` there.
        """
        if glob_str is None:
            return []
        if policy not in ("live", "now", "end"):
            raise UsageError(f'save(policy={policy!r:.80}): use "live", "now" or "end"')
        given = os.fsdecode(glob_str)
        pattern = _absolute(given)
        if base_path is not None:
            base = _absolute(base_path)
        else:
            base = pattern.parent.parent if Path(given).is_absolute() else Path.cwd()
        if not pattern.is_relative_to(base) or pattern.relative_to(base).parts[:1] in ((), ("*",)):
            raise UsageError(
                f"save({given!r:.200}): name files below base_path, which is {base}; what lies elsewhere is saved with "
                "a directory above it, save(path, base_path=directory)"
            )
        found = sorted(matching(str(pattern))) if glob else []  # noqa: PTH207 - its * takes no hidden files
        if not found and os.path.lexists(pattern):
            found = [str(pattern)]
        if not found:
            self._say_once(f"save({given!r}): there is no such file yet; save it when it is written")
        kept: dict[str, None] = {}
        for each in map(Path, found):
            try:
                root = self.made_dir()
                files = list(files_below(each, {root.parents[2].resolve()})) if each.is_dir() else [each]
            except OSError as error:
                warn_lost(self, str(each), error)
                continue
            for file in files:
                try:
                    kept[str(_kept(file, base, root))] = None
                except OSError as error:
                    warn_lost(self, str(file), error)
        return list(kept)

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Iterable[str] | str | None = None,
        tags: Iterable[str] | str | None = None,
    ) -> Artifact:
        """Keep an artifact, or a file or directory as one, in ``artifacts/NAME/vN`` in `dir`.

        The first of a name in this run is ``v0``, the next ``v1``; one with the same files as the newest is no new
        version. What cannot be written (the disk is full) is not kept; a warning and `Sweep.notice` say so, and nothing
        is raised.

        Parameters
        ----------
        artifact_or_path : Artifact, str or path
        name : str, optional
            Of a path's artifact; by default ``run-``, the run's id and the file's name, as W&B has it.
        type : str, optional
        aliases, tags : list of str, optional
            Kept with the version.

        Returns
        -------
        Artifact
            Its `version` is None where it could not be kept.

        Raises
        ------
        UsageError
            When there is no such file or directory, or the name cannot be an artifact's.
        """
        if isinstance(artifact_or_path, Artifact):
            artifact = artifact_or_path
        elif isinstance(artifact_or_path, (str, os.PathLike)):
            path = Path(artifact_or_path)
            artifact = Artifact(name or f"run-{self.id}-{path.name}", type)
            (artifact.add_dir if path.is_dir() else artifact.add_file)(path)
        else:
            raise UsageError(f"log_artifact takes an Artifact or a path, not {artifact_or_path!r:.80}")
        try:
            artifact.keep(self.made_dir(), _listed(aliases), _listed(tags))
        except OSError as error:
            warn_lost(self, f"artifact {artifact.name}", error)
        return artifact

    def log_model(
        self, path: str | os.PathLike[str], name: str | None = None, aliases: Iterable[str] | str | None = None
    ) -> Artifact:
        """`log_artifact` of a file or directory, with the type "model"."""
        return self.log_artifact(path, name, "model", aliases)

    def link_artifact(self, artifact: Artifact, target_path: str, aliases: Any = None) -> Artifact:
        """Log the artifact, if it was not; there is no registry to link it to, which is said once."""
        self._say_once("there is no registry to link artifacts to: they are kept in run.dir alone")
        return self.log_artifact(artifact) if artifact.version is None else artifact

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Iterable[str] | str | None = None,
    ) -> Artifact:
        """`log_model`; there is no registry to link it to, which is said once."""
        self._say_once("there is no registry to link artifacts to: they are kept in run.dir alone")
        return self.log_model(path, name, aliases)

    def made_dir(self) -> Path:
        """The directory, made where it is not there. Raises OSError."""
        from nbsweep.process import recorder
        from nbsweep.store.media import run_directory

        path = run_directory(recorder().store.url, self.sweep_id, self.id)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _say_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            warnings.warn(text, stacklevel=3)


def save(
    glob_str: str | bytes | os.PathLike[str] | None = None,
    base_path: str | os.PathLike[str] | None = None,
    policy: str = "live",
    glob: bool = True,
) -> list[str]:
    """Copy files into the current run's directory; see `Run.save`.

    Raises
    ------
    UsageError
        When there is no run: call `init` first. That is so of all these functions.
    """
    return run_for("save()").save(glob_str, base_path, policy, glob)


def log_artifact(
    artifact_or_path: Artifact | str | os.PathLike[str],
    name: str | None = None,
    type: str | None = None,
    aliases: Iterable[str] | str | None = None,
    tags: Iterable[str] | str | None = None,
) -> Artifact:
    """Keep an artifact in the current run's directory; see `Run.log_artifact`."""
    return run_for("log_artifact()").log_artifact(artifact_or_path, name, type, aliases, tags)


def log_model(
    path: str | os.PathLike[str], name: str | None = None, aliases: Iterable[str] | str | None = None
) -> Artifact:
    """Keep a file or directory as a model in the current run's directory; see `Run.log_model`."""
    return run_for("log_model()").log_model(path, name, aliases)


def link_artifact(artifact: Artifact, target_path: str, aliases: Any = None) -> Artifact:
    """See `Run.link_artifact`."""
    return run_for("link_artifact()").link_artifact(artifact, target_path, aliases)


def link_model(
    path: str | os.PathLike[str],
    registered_model_name: str,
    name: str | None = None,
    aliases: Iterable[str] | str | None = None,
) -> Artifact:
    """See `Run.link_model`."""
    return run_for("link_model()").link_model(path, registered_model_name, name, aliases)


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Without ``..``, and with its symbolic links."""
    return Path(os.path.normpath(Path(path).absolute()))


def _kept(file: Path, base: Path, root: Path) -> Path:
    """Where a file is kept: where it is, if that is in the run's directory, else a copy there."""
    if file.parent.resolve().is_relative_to(root.resolve()):
        return file
    target = root / file.relative_to(base)
    copied(file, target, root)
    return target


def _listed(names: Iterable[str] | str | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())
