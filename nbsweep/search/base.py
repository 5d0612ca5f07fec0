"""What a searcher is: observations in, suggestions out.

The controller tells a searcher of every run, again whenever the run's state or value changes, and asks it for the
config of the next. A searcher does no I/O and reads no clock; its suggestion for run `number` follows from the config,
the seed and what it was told, so that one that is rebuilt from the store in another process goes on as the first would
have. It never suggests a point twice where the points are finitely many, and says None when there are none left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = ["Observation", "Searcher", "State"]

State = Literal["pending", "running", "finished", "failed", "stopped", "killed", "crashed"]


@dataclass(frozen=True)
class Observation:
    """A run as a searcher sees it.

    Attributes
    ----------
    number : int
        The run's number in its sweep, from 0.
    config : dict
    state : str
    value : float or None
        The metric; None when it is not known.

    Examples
    --------
    >>> Observation(0, {"lr": 0.1}, "finished", 0.25).value
    0.25
    """

    number: int
    config: dict[str, Any]
    state: State | str
    value: float | None = None


class Searcher(Protocol):
    """Chooses the configs of a sweep's runs."""

    def tell(self, observation: Observation) -> None:
        """Learn of a run; a later observation of the same number replaces the earlier one."""

    def ask(self, number: int) -> dict[str, Any] | None:
        """The config for run `number`; None when the space is exhausted.

        Asked again for the same number before it was told of it, the answer is the same.
        """
