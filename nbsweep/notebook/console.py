"""What a run prints is kept with the run.

While agents work, `sys.stdout` and `sys.stderr` are stand-ins: text from a run's thread goes to that run's console,
all other text to the stream that was there before, so a user's own cells print where they always did.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from nbsweep.runs import thread_run

__all__ = ["capture", "release"]


class _Routed:
    """A text stream that asks who is writing."""

    def __init__(self, name: str, original: Any) -> None:
        self._name = name
        self.original = original
        self.echoing: set[str | None] = set()

    def write(self, text: str) -> int:
        run = thread_run()
        if run is None:
            return int(self.original.write(text) or 0)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        run.print(self._name, text)
        if run.agent_id in self.echoing:
            self.original.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self.original.flush()

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


_lock = threading.Lock()
_users: set[str] = set()
_routed: list[_Routed] = []


def capture(agent_id: str, *, echo: bool = False) -> None:
    """Begin to keep what this agent's runs print; with `echo` it goes to the cell as well."""
    with _lock:
        if not _users:
            sys.stdout = out = _Routed("stdout", sys.stdout)
            sys.stderr = err = _Routed("stderr", sys.stderr)
            _routed[:] = [out, err]
        _users.add(agent_id)
        if echo:
            for stream in _routed:
                stream.echoing.add(agent_id)


def release(agent_id: str) -> None:
    """This agent has ended; with the last one the streams are put back."""
    with _lock:
        _users.discard(agent_id)
        for stream in _routed:
            stream.echoing.discard(agent_id)
        if _users or not _routed:
            return
        out, err = _routed
        # Somebody may have put a stream of their own in front meanwhile; then ours stays, and only passes on.
        if sys.stdout is out:
            sys.stdout = out.original
        if sys.stderr is err:
            sys.stderr = err.original
        _routed.clear()
