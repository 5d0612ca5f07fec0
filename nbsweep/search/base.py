"""What a searcher is: observations in, suggestions out.

The controller tells a searcher of every run, again whenever the run's state or value changes, and asks it for the
config of the next. A searcher does no I/O and reads no clock; its suggestion for run `number` follows from the config,
the seed and what it was told, so that one that is rebuilt from the store in another process goes on as the first would
have. It never suggests a point twice where the points are finitely many, and says None when there are none left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = ["Observation", "Searcher", "State", "Suggestion"]

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


@dataclass(frozen=True)
class Suggestion:
    """What a suggestion rests on.

    Attributes
    ----------
    kind : str
        "initial design", "model" or "exploration".
    mean, sd : float or None
        What the model predicted for the metric, in its own unit.
    improvement : float or None
        How far below (or, when maximising, above) the best known, or expected of runs at work, the metric was expected
        to come: at least 0.

    Examples
    --------
    >>> Suggestion("initial design").to_dict()
    {'kind': 'initial design'}
    """

    kind: str
    mean: float | None = None
    sd: float | None = None
    improvement: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """What is known of it, as plain data for the store."""
        return {key: value for key, value in vars(self).items() if value is not None}


class Searcher(Protocol):
    """Chooses the configs of a sweep's runs."""

    @property
    def takes_time(self) -> bool:
        """Whether `ask` takes so long that it should not be called while others wait, as inside a transaction."""

    def tell(self, observation: Observation) -> None:
        """Learn of a run; a later observation of the same number replaces the earlier one."""

    def ask(self, number: int) -> dict[str, Any] | None:
        """The config for run `number`; None when the space is exhausted.

        Asked again for the same number before it was told of anything, the answer is the same.
        """

    def is_ready(self, number: int) -> bool:
        """Whether `ask` would answer at once."""

    def basis(self, number: int) -> Suggestion | None:
        """What the suggestion for run `number` rests on, once it was asked for; None where there is nothing to say."""

    def prepare(self) -> None:
        """Do what the next suggestion will need and can be done before it is asked for; safe from another thread."""
