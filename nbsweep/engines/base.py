"""Where runs train. An engine has slots; an agent gives it one piece of work per free slot.

The life of a piece of work: `submit` starts it; it calls `done` exactly once when it has ended, however it ended.
`interrupt` asks it to end at the next chance; `kill` gives up on it: it is ended by whatever force the engine has. An
engine that cannot end it (a thread) calls `done` at once, and what the work still does no longer counts. `close` ends
the engine when all work is done. Engines know nothing of sweeps or stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Ended", "Engine", "Work"]


@dataclass(frozen=True)
class Work:
    """One run's training. `run` is called on the engine's own thread; `done(abandoned)` once afterwards."""

    id: str
    name: str
    run: Callable[[], None]
    done: Callable[[bool], None]


class Ended(Exception):  # noqa: N818 - how a run ended may be no error
    """Raised by a training function that knows how its run ended: `state`, and `error` for people to read."""

    def __init__(self, state: str, error: str | None = None) -> None:
        super().__init__(error or state)
        self.state = state
        self.error = error


class Engine(Protocol):
    """What an agent needs of the place where runs train.

    Attributes
    ----------
    slots : int
        How many pieces of work at once.
    interrupt_after_s, give_up_after_s : float
        How long a run that was asked to stop may take before it is interrupted, and before `kill` is called, again
        and again until it has ended.
    """

    slots: int
    interrupt_after_s: float
    give_up_after_s: float

    def submit(self, work: Work) -> None:
        """Start `work`. The caller keeps to `slots`."""

    def interrupt(self, work_id: str) -> None:
        """Ask a piece of work to end soon."""

    def kill(self, work_id: str) -> None:
        """Give up on a piece of work that did not answer."""

    def close(self) -> None:
        """Release what the engine holds."""

    def another(self) -> Engine:
        """An engine of the same kind with as many slots, for an agent that begins while this one's may still work."""
