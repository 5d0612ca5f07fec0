"""What a run prints is kept with the run.

While agents work, `sys.stdout` and `sys.stderr` are stand-ins: text from a run's threads goes to that run's console,
all other text to the stream that was there before, so a user's own cells print where they always did. Whoever kept
the stream itself (a logging handler made in an earlier cell) is served too: its `write` asks the same question.
"""

from __future__ import annotations

import builtins
import contextlib
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from nbsweep.current import thread_run

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["capture", "keep", "release", "say"]


class _Routed:
    """A text stream that asks who is writing."""

    def __init__(self, name: str, original: Any) -> None:
        self.name = name
        self.original = original
        self.echoing: set[str | None] = set()
        self.released = False
        self._pass_on: Callable[[str], Any] = original.write

    def write(self, text: str) -> int:
        run = thread_run()
        if run is None or run.forked or run.closed or self.released:  # what nobody would collect must not pile up
            return int(self._pass_on(text) or 0)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        run.print(self.name, text)
        if run.agent_id in self.echoing:
            with contextlib.suppress(OSError, ValueError):  # nobody reads on, or a run has closed the stream for all
                self._pass_on(text)
        return len(text)

    def pass_on(self, text: str) -> None:
        self._pass_on(text)
        self.original.flush()

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if thread_run() is None:
            self.original.flush()
        elif self.echoing:
            with contextlib.suppress(OSError, ValueError):
                self.original.flush()

    def isatty(self) -> bool:
        return thread_run() is None and bool(self.original.isatty())

    def stand_in(self) -> None:
        setattr(sys, self.name, self)
        with contextlib.suppress(AttributeError):  # a stream without attributes of its own is only stood in for
            self.original.write = self.write

    def step_aside(self) -> None:
        """Somebody may have put a stream of their own in front meanwhile; then ours stays, and only passes on."""
        self.released = True
        if getattr(sys, self.name) is self:
            setattr(sys, self.name, self.original)
        with contextlib.suppress(AttributeError):
            if self.original.__dict__.get("write") == self.write:
                del self.original.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


_lock = threading.Lock()
_users: set[str] = set()
_routed: list[_Routed] = []
_input: list[Callable[..., str]] = []


def capture(agent_id: str, *, echo: bool = False) -> None:
    """Begin to keep what this agent's runs print; with `echo` it goes to where the process prints as well."""
    with _lock:
        if not _users:
            _routed[:] = [_Routed(name, getattr(sys, name)) for name in ("stdout", "stderr") if getattr(sys, name)]
            for stream in _routed:
                stream.stand_in()
            _input[:] = [builtins.input]
            builtins.input = _no_input
        _users.add(agent_id)
        if echo:
            for stream in _routed:
                stream.echoing.add(agent_id)


def keep(run: Run, name: str, text: str) -> None:
    """What a run has printed in a process of its own ("stdout" or "stderr"): kept, and passed on if its agent echoes.

    Raises
    ------
    OSError
        When it was kept, but what this process prints is read by nobody.
    """
    run.print(name, text)
    for stream in tuple(_routed):
        if stream.name == name and run.agent_id in stream.echoing:
            stream.pass_on(text)


def say(text: str) -> None:
    """Write to standard error, which may be closed, or read by nobody."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()


def release(agent_id: str) -> None:
    """This agent has ended; with the last one the streams are put back."""
    with _lock:
        _users.discard(agent_id)
        for stream in _routed:
            stream.echoing.discard(agent_id)
        if _users or not _routed:
            return
        for stream in _routed:
            stream.step_aside()
        if builtins.input is _no_input:
            builtins.input = _input[0]
        _routed.clear()


def _no_input(prompt: object = "", /) -> str:
    """Nobody sits before a run: a question would hold it for ever."""
    if thread_run() is None:
        return _input[0](prompt)
    _refuse(prompt)


def _refuse(prompt: object) -> NoReturn:
    raise EOFError(f"input({prompt!r:.80}) in training code: a run trains in the background, nobody can answer it")
