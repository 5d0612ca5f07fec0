"""Random search: each parameter by its distribution; in a finite space no point twice.

The draw for run `number` comes from a generator seeded with the seed and the number. A point that is taken is drawn
again; when that keeps failing, because most of the space is taken, the draw is made among the remaining points
(`nbsweep.search.remaining`), so that the last of 10,000 costs no more than the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbsweep.search.base import Observation
from nbsweep.search.remaining import Remaining
from nbsweep.search.taken import Taken
from nbsweep.space import SearchSpace

__all__ = ["RandomSearch"]

_TRIES = 20


class RandomSearch:
    """Searches at random.

    Examples
    --------
    >>> search = RandomSearch(SearchSpace.from_config({"a": {"values": [1, 2]}}), seed=1)
    >>> sorted(search.ask(number)["a"] for number in range(2)), search.ask(2)
    ([1, 2], None)
    """

    takes_time = False

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space, self._seed = space, seed
        self._support = space.support
        self.listens = self._support is not None  # in an infinite space no point comes twice, and none need be told
        self._taken: Taken[tuple[int, ...]] = Taken()
        self._asked: dict[int, tuple[int, ...]] = {}
        self._remaining: Remaining | None = None

    def tell(self, observation: Observation) -> None:
        """Learn of a run: its point is taken, whatever its state."""
        if self._support is None:
            return
        self._asked.pop(observation.number, None)
        self._hold(observation.number, self._places(observation.config))

    def ask(self, number: int) -> dict[str, Any] | None:
        """The config for run `number`; None when a finite space is exhausted."""
        rng = np.random.default_rng([self._seed, number])
        if self._support is None:
            return self._space.sample(rng)
        places = self._asked.get(number)
        if places is None:
            if self.exhausted:
                return None
            places = self._untaken(rng)
            self._asked[number] = places
            self._hold(number, places)
        return self._space.config([axis.value(i) for axis, i in zip(self._support.axes, places, strict=True)])

    def release(self, number: int) -> None:
        """Run `number` gives its point back, to be asked for again."""
        if self._support is not None:
            self._asked.pop(number, None)
            self._hold(number, None)

    @property
    def exhausted(self) -> bool:
        """Whether every point of a finite space has a run."""
        return self._support is not None and len(self._taken) >= self._support.size

    def is_ready(self, number: int) -> bool:
        """Always."""
        return True

    def basis(self, number: int) -> None:
        """Nothing: no model is behind it."""

    def prepare(self) -> None:
        """Nothing: a suggestion takes no time."""

    def _untaken(self, rng: np.random.Generator) -> tuple[int, ...]:
        for _ in range(_TRIES):
            places = self._places(self._space.sample(rng))
            if places is not None and places not in self._taken:
                return places
        assert self._support is not None
        if self._remaining is None:
            self._remaining = Remaining(self._support.axes, self._taken)
        return self._remaining.draw(rng)

    def _places(self, config: dict[str, Any]) -> tuple[int, ...] | None:
        assert self._support is not None
        return self._space.place(self._support, config)

    def _hold(self, number: int, places: tuple[int, ...] | None) -> None:
        new = places is not None and places not in self._taken
        freed = self._taken.hold(number, places)
        if self._remaining is None:
            return
        if freed is not None:
            self._remaining.free(freed)
        if places is not None and new:
            self._remaining.take(places)
