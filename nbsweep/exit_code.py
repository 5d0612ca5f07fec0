"""What a script exits with, for the run that `init` began in it and nobody ended.

A `SystemExit` that ends a script leaves nothing behind that could be asked at its end, so while such a run is open
`sys.exit` notes its code, and how far the outermost frame had come. Where that frame has run no further when the
process ends, nobody caught the exit. ``raise SystemExit`` and the ``exit`` of a shell are not seen here.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["failing_exit", "forget", "watch"]

_noted: list[tuple[SystemExit, FrameType, int]] = []
_undo: list[Callable[[], None]] = []


def watch() -> None:
    """Note from now on what `sys.exit` is called with."""
    forget()
    before = sys.exit

    @functools.wraps(before)
    def noting(*status: Any) -> Any:
        try:
            before(*status)
        except SystemExit as error:
            frame = _outermost()
            _noted[:] = [(SystemExit(error.code), frame, frame.f_lasti)]
            raise

    def undo() -> None:
        if sys.exit is noting:  # else somebody has put another in its place, which may call it
            sys.exit = before

    sys.exit = noting
    _undo.append(undo)


def forget() -> None:
    """Note nothing more: `sys.exit` is what it was."""
    _noted.clear()
    while _undo:
        _undo.pop()()


def failing_exit() -> SystemExit | None:
    """At the end of the process: the exit that ended it, if its code says that something failed; else None."""
    for error, frame, at in _noted:
        ended_by_it = frame.f_lasti == at and frame is not _outermost()
        if ended_by_it and error.code is not None and not (isinstance(error.code, int) and error.code == 0):
            return error
    return None


def _outermost() -> FrameType:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame
