"""What a store that cannot be written means, in a sentence or two for people. In come the error and what waits."""

from __future__ import annotations

from nbsweep.backlog import Backlog
from nbsweep.errors import StoreError

__all__ = ["in_words"]


def in_words(error: StoreError, backlog: Backlog) -> str:
    """The trouble for people: what is wrong, what it means, what waits, what to do."""
    what = str(error).rstrip(".")
    most = backlog.most_bytes / 2**20
    words = (
        f"{what}: training goes on, what it logs waits in memory ({backlog.values:,} values, "
        f"{backlog.bytes / 2**20:.1f} of at most {most:.0f} MiB) and is written by itself when the store can be written"
    )
    if backlog.left_out_values or backlog.left_out_characters:
        words += (
            f"; {backlog.left_out_values:,} values of the history (every second one, evenly) and "
            f"{backlog.left_out_characters:,} characters of output had to be left out"
        )
    mend = next((mend for sign, mend in _MENDS if sign in what.lower()), "")
    return f"{words}. {mend}".strip()


_MENDS = (
    ("full", "Free some space on its disk."),
    ("no space", "Free some space on its disk."),
    ("readonly", "Make the file and its directory writable."),
    ("read-only", "Make the file and its directory writable."),
    ("permission", "Make the file and its directory writable."),
    ("locked", "Another process holds it: look for one that hangs."),
    ("connection", "Look whether the server runs and can be reached."),
)
