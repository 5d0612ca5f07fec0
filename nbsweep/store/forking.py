"""No fork while a transaction is open.

SQLite keeps its locks on a file in tables of the process. A child that is forked in the middle of a transaction of
another thread inherits the table that says "locked", and nobody there ever unlocks it. So whoever forks waits, for
seconds at most, until this process's transactions have ended, and those that would begin wait for the fork. One that
waits for another process's lock holds nothing and lets forks pass.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["forks_may_come", "transaction_open"]

MOST_WAIT_S = 5.0


class _Gate:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[object, int] = {}  # transactions, and their threads
        self._forking = False

    def enter(self, transaction: object) -> None:
        with self._changed:
            # A transaction inside another one of its thread must not wait: the fork waits for the outer one.
            if not self.mine():
                self._changed.wait_for(lambda: not self._forking, timeout=MOST_WAIT_S)
            self._open[transaction] = threading.get_ident()

    def leave(self, transaction: object) -> None:
        self._open.pop(transaction, None)  # of one that an interrupt kept from entering there is nothing
        with self._changed:
            self._changed.notify_all()

    def mine(self) -> list[object]:
        """The open transactions of the calling thread."""
        here = threading.get_ident()
        return [transaction for transaction, thread in self._open.copy().items() if thread == here]

    def before_fork(self) -> None:
        own = len(self.mine())
        until = time.monotonic() + MOST_WAIT_S
        with self._changed:
            self._forking = True
            while len(self._open) > own and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def after_fork(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


_gate = _Gate()


@contextmanager
def transaction_open() -> Iterator[None]:
    """Around each transaction, from before its begin to after its end."""
    gate, transaction = _gate, object()
    try:
        gate.enter(transaction)
        yield
    finally:
        gate.leave(transaction)


@contextmanager
def forks_may_come() -> Iterator[None]:
    """Around a wait within `transaction_open` in which this thread has no lock and runs no statement."""
    gate = _gate
    open_here = gate.mine()
    if len(open_here) != 1:  # the outer one of two may have a lock; none is open while a store is opened
        yield
        return
    gate.leave(open_here[0])
    try:
        yield
    finally:
        gate.enter(open_here[0])


def _in_child() -> None:
    global _gate
    _gate = _Gate()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _gate.before_fork(),
        after_in_parent=lambda: _gate.after_fork(),
        after_in_child=_in_child,
    )
