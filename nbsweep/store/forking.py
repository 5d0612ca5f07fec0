"""No fork while a transaction is open.

SQLite keeps its locks on a file in tables of the process. A child that is forked in the middle of a transaction of
another thread inherits the table that says "locked", and nobody there ever unlocks it. So whoever forks waits, for
seconds at most, until this process's transactions have ended, and those that would begin wait for the fork. One that
still waits for its turn holds nothing, and no fork waits for it: each try to begin is a short time of its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_fork"]

MOST_WAIT_S = 5.0


class _Gate:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: set[int] = set()  # threads
        self._forking = False

    @property
    def entered(self) -> bool:
        return threading.get_ident() in self._inside

    def enter(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._forking, timeout=MOST_WAIT_S)
            self._inside.add(threading.get_ident())

    def leave(self) -> None:
        self._inside.discard(threading.get_ident())
        with self._changed:
            self._changed.notify_all()

    def before_fork(self) -> None:
        here = {threading.get_ident()}
        until = time.monotonic() + MOST_WAIT_S
        with self._changed:
            self._forking = True
            while self._inside - here and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def after_fork(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


_gate = _Gate()


@contextmanager
def no_fork() -> Iterator[None]:
    """Around all that takes a lock on the store, or may."""
    gate = _gate
    if gate.entered:  # a transaction inside another one of its thread must not wait: the fork waits for the outer one
        yield
        return
    try:
        gate.enter()
        yield
    finally:
        gate.leave()


def _in_child() -> None:
    global _gate
    _gate = _Gate()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _gate.before_fork(),
        after_in_parent=lambda: _gate.after_fork(),
        after_in_child=_in_child,
    )
