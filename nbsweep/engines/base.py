"""Where runs train. An engine has slots; an agent gives it one piece of work per free slot.

The life of a piece of work: `submit` starts it; it calls `done` exactly once when it has ended, however it ended.
`interrupt` asks it to end at the next chance; `kill` gives up on it: `done` is called at once, and what the work still
does no longer counts. `close` ends the engine when all work is done. Engines know nothing of sweeps or stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Engine", "Work"]


@dataclass(frozen=True)
class Work:
    """One run's training. `run` is called on the engine's own thread; `done(abandoned)` once afterwards."""

    id: str
    name: str
    run: Callable[[], None]
    done: Callable[[bool], None]


class Engine(Protocol):
    """What an agent needs of the place where runs train."""

    slots: int

    def submit(self, work: Work) -> None:
        """Start `work`. The caller keeps to `slots`."""

    def interrupt(self, work_id: str) -> None:
        """Ask a piece of work to end soon: its next Python instruction raises RunStopped."""

    def kill(self, work_id: str) -> None:
        """Give up on a piece of work that did not answer."""

    def close(self) -> None:
        """Release what the engine holds."""
