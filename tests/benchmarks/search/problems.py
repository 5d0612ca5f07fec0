"""What a problem is: a space, and a function to minimise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Problem", "every_problem"]


@dataclass(frozen=True)
class Problem:
    """A function of a config, to be minimised.

    Attributes
    ----------
    name : str
    parameters : dict
        As in a sweep config.
    function : callable
        The value of a config, without noise.
    noise : float
        Standard deviation of what is added to the value that a search is told.
    costly : bool
        An evaluation takes more than about 0.1 s.
    group : str
        "tuned on"; "held out", from the search's tuning; "held out later", written after the search was done.
    """

    name: str
    parameters: Mapping[str, Any]
    function: Callable[[Mapping[str, Any]], float]
    noise: float = 0.0
    costly: bool = False
    group: str = "tuned on"


def every_problem() -> dict[str, Problem]:
    """All problems by name; those whose library is not installed are left out when they are run."""
    from tests.benchmarks.search import estimators, held_out, held_out_later, networks, synthetic

    rooms = (synthetic, estimators, networks, held_out, held_out_later)
    return {problem.name: problem for room in rooms for problem in room.PROBLEMS}
