"""PyTorch's threads, divided among runs that train at once.

PyTorch lets each operation use every core; with two runs at once that makes twice as many threads as cores, which wait
for each other. `torch.set_num_threads` holds for the whole process, so the share is set while agents with several
workers work, and what was set before comes back with the last of them. Nothing happens where PyTorch is not loaded,
where one run trains at a time, or where somebody has set fewer already.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

__all__ = ["cores", "divide", "give_back", "share_of"]

_lock = threading.Lock()
_workers: dict[str, int] = {}  # of the agents at work
_before: int | None = None  # None while nothing is divided
_share: int | None = None
_seen: tuple[bool, int] = (False, 0)  # whether PyTorch was there, and how many runs at once, when last looked


def divide(agent_id: str, workers: int) -> None:
    """An agent trains that many runs at once in threads of this process; ask again, as PyTorch may come later."""
    with _lock:
        _workers[agent_id] = workers
        _apply()


def give_back(agent_id: str) -> None:
    """That agent has ended."""
    with _lock:
        if _workers.pop(agent_id, None) is not None:
            _apply()


def share_of(workers: int) -> int:
    """How many threads each of so many runs at once gets."""
    return max(1, cores() // max(1, workers))


def cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def _apply() -> None:
    global _before, _share, _seen
    torch = sys.modules.get("torch")
    there, at_once = hasattr(torch, "set_num_threads"), sum(_workers.values())
    if (there, at_once) == _seen:
        return
    _seen = there, at_once
    if not there or (at_once <= 1 and _before is None):
        return
    now = _in_a_fresh_thread(torch)
    if _share is not None and now != _share:  # somebody has set another number since: theirs counts
        _before = _share = None
        return
    if at_once <= 1:
        _in_a_fresh_thread(torch, _before)
        _before = _share = None
        return
    before = now if _before is None else _before
    share = min(before, share_of(at_once))
    if share != now:
        _in_a_fresh_thread(torch, share)
        _before, _share = before, share


def _in_a_fresh_thread(torch: Any, count: int | None = None) -> int:
    """Set the number of threads, or only ask for it.

    OpenMP keeps a number for each thread beside PyTorch's own for the process. A thread takes over the latter when it
    first computes, as the runs' threads do: so only a fresh one knows it.
    """
    found: list[int] = []

    def work() -> None:
        if count is not None:
            torch.set_num_threads(count)
        found.append(torch.get_num_threads())

    thread = threading.Thread(target=work, name="nbsweep-torch-threads")
    thread.start()
    thread.join()
    return found[0]
