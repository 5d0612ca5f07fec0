"""What a process printed, made fit to be kept: decoded, without what a progress bar painted over, and bounded.

In: bytes as they come, by stream. Out: text pieces, handed on at once until `HEAD` characters have been; of what comes
after, the last `TAIL` are handed on at the end, with a line between that says how many were left out. Memory stays
bounded whatever is printed.
"""

from __future__ import annotations

import codecs
import time
from collections import deque
from collections.abc import Callable

__all__ = ["HEAD", "TAIL", "Printed"]

HEAD = 1_000_000  # characters
TAIL = 200_000
ERROR_TAIL = 10_000  # of stderr, to tell why a process failed
HELD_S = 1.0  # an unfinished line waits so long for its end: a progress bar is one line painted again and again


class _Stream:
    """One stream: its decoder and the line it is at."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")
        self._line = ""
        self._held_since = 0.0

    def feed(self, data: bytes, *, last: bool = False) -> str:
        """The text that is ready to be handed on."""
        fresh = self._decoder.decode(data, last).replace("\0", "\ufffd")
        if fresh and not self._line:
            self._held_since = time.monotonic()
        text = _as_seen(self._line + fresh)
        whole = len(text) if last or time.monotonic() - self._held_since > HELD_S else text.rfind("\n") + 1
        self._line = text[whole:] if len(text) - whole < ERROR_TAIL else ""
        ready = text[: len(text) - len(self._line)]
        if ready:
            self._held_since = time.monotonic()
        return ready


class Printed:
    """Takes what a process prints.

    Parameters
    ----------
    keep : callable
        Takes ("stdout" or "stderr", text).
    """

    def __init__(self, keep: Callable[[str, str], None]) -> None:
        self._keep = keep
        self._streams = {"stdout": _Stream(), "stderr": _Stream()}
        self._room = HEAD
        self._tail: deque[tuple[str, str]] = deque()
        self._tail_size = 0
        self._left_out = 0
        self._errors = ""

    def feed(self, stream: str, data: bytes) -> None:
        """More bytes of "stdout" or "stderr"; none at all gives an unfinished line its chance."""
        self._take(stream, self._streams[stream].feed(data))

    def finish(self) -> None:
        """All has been printed: hand on the rest."""
        for name, stream in self._streams.items():
            self._take(name, stream.feed(b"", last=True))
        if self._left_out:
            self._keep("stderr", f"\n[nbsweep: {self._left_out:,} characters are left out here]\n")
        for name, text in self._tail:
            self._keep(name, text)
        self._tail.clear()

    def end_of_errors(self) -> str:
        """The last that was printed to stderr, at most `ERROR_TAIL` characters."""
        return self._errors

    def _take(self, stream: str, text: str) -> None:
        if not text:
            return
        if stream == "stderr":
            self._errors = (self._errors + text)[-ERROR_TAIL:]
        if self._room:
            kept, text = text[: self._room], text[self._room :]
            self._room -= len(kept)
            self._keep(stream, kept)
        if text:
            self._tail.append((stream, text[-TAIL:]))
            self._tail_size += len(self._tail[-1][1])
            self._left_out += len(text) - len(self._tail[-1][1])
        while self._tail_size > TAIL:
            name, first = self._tail[0]
            spare = self._tail_size - TAIL
            rest = first[spare:]
            self._left_out += len(first) - len(rest)
            self._tail_size -= len(first) - len(rest)
            if rest:
                self._tail[0] = (name, rest)
            else:
                self._tail.popleft()


def _as_seen(text: str) -> str:
    """Text as a terminal shows it: of what was painted over by a carriage return the last is left.

    >>> _as_seen("1 of 3\\r2 of 3\\r3 of 3\\nwindows\\r\\nhalf\\r")
    '3 of 3\\nwindows\\nhalf\\r'
    """
    if "\r" not in text:
        return text
    *lines, unfinished = text.split("\n")
    seen = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
    painted, back, rest = unfinished.rpartition("\r")
    return "\n".join([*seen, rest if rest else painted.rpartition("\r")[2] + back])
