"""Where a path leads, what kind of file system it lies on, and whether SQLite's write-ahead log may be used there.

The log's index is memory that all processes map: it needs one machine, and a file system of that machine. Whatever is
reached over a network, through FUSE or from a virtual machine's host is taken as unfit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Mount", "absolute", "mount_of"]

# Names as the systems' mount tables give them.
# fmt: off
_REMOTE = frozenset((
    "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fakeowner", "fhgfs", "gfs", "gfs2",
    "glusterfs", "gpfs", "grpcfuse", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "osxfs", "panfs",
    "prl_fs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav", "wekafs",
))
# fmt: on
_LOCAL_FUSE = frozenset(("fuseblk", "fuse.fuse-overlayfs", "fuse.ntfs-3g"))


@dataclass(frozen=True)
class Mount:
    """Where a path lies."""

    point: str
    fstype: str
    options: str = ""

    @property
    def remote(self) -> bool:
        """Whether other machines may write there, or SQLite cannot share memory there."""
        kind = self.fstype.lower()
        if kind in _LOCAL_FUSE:
            return False
        return kind in _REMOTE or kind.split(".")[0] in ("fuse", "macfuse", "osxfuse") or "remote" in self.options


def absolute(name: str) -> Path:
    """The absolute path of that name; ``~`` is a home directory, as in a shell."""
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:  # nobody of that name has one
        return Path(name).absolute()


def mount_of(path: Path) -> Mount | None:
    """The mount that holds `path` (which need not exist yet), or None where the system does not say."""
    resolved = path.resolve()
    best: Mount | None = None
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return None
    for part in partitions:
        point = Path(part.mountpoint)
        # Of two mounts at one place the later one covers the earlier.
        if resolved.is_relative_to(point) and (best is None or len(part.mountpoint) >= len(best.point)):
            best = Mount(part.mountpoint, part.fstype, part.opts)
    return best
