"""No fork while a transaction is open.

SQLite keeps its locks on a file in tables of the process. A child that is forked in the middle of a transaction of
another thread inherits the table that says "locked", and nobody there ever unlocks it. So whoever forks waits, for
seconds at most, until this process's transactions have ended, and those that would begin wait for the fork.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["transaction_open"]

MOST_WAIT_S = 5.0


class _Gate:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = 0
        self._forking = False
        self._mine = threading.local()

    def enter(self) -> None:
        with self._changed:
            # A transaction inside another one of its thread must not wait: the fork waits for the outer one.
            if not getattr(self._mine, "depth", 0):
                self._changed.wait_for(lambda: not self._forking, timeout=MOST_WAIT_S)
            self._mine.depth = getattr(self._mine, "depth", 0) + 1
            self._open += 1

    def leave(self) -> None:
        with self._changed:
            self._mine.depth -= 1
            self._open -= 1
            self._changed.notify_all()

    def before_fork(self) -> None:
        own = getattr(self._mine, "depth", 0)
        until = time.monotonic() + MOST_WAIT_S
        with self._changed:
            self._forking = True
            while self._open > own and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def after_fork(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


_gate = _Gate()


@contextmanager
def transaction_open() -> Iterator[None]:
    """Around each transaction, from before its begin to after its end."""
    gate = _gate
    gate.enter()
    try:
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
