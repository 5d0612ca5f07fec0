"""Grid search: every point once, in order, never the whole grid at a time.

The points are numbered; a cursor goes through the numbers and skips those that a run already has. ``grid_order:
random`` sends the cursor through a permutation that is computed number by number.
"""

from __future__ import annotations

import hashlib
import heapq
from typing import Any

from nbsweep.errors import UsageError
from nbsweep.search.base import Observation
from nbsweep.search.taken import Taken
from nbsweep.space import SearchSpace

__all__ = ["GridSearch", "Shuffle"]


class GridSearch:
    """Searches a grid.

    Parameters
    ----------
    space : SearchSpace
        With finitely many points.
    seed : int or None
        Shuffles the order; None for the grid's own.

    Examples
    --------
    >>> search = GridSearch(SearchSpace.from_config({"a": {"values": [1, 2]}}))
    >>> [search.ask(number) for number in range(3)]
    [{'a': 1}, {'a': 2}, None]
    """

    takes_time = False

    def __init__(self, space: SearchSpace, seed: int | None = None) -> None:
        if space.lattice is None:
            raise UsageError("a grid needs a space with finitely many points")
        self._space, self._lattice = space, space.lattice
        self._shuffle = None if seed is None else Shuffle(self._lattice.size, seed)
        self._taken: Taken[int] = Taken()  # places in the order
        self._asked: dict[int, int] = {}
        self._freed: list[int] = []  # a heap
        self._cursor = 0

    def tell(self, observation: Observation) -> None:
        """Learn of a run: its point is done, whatever its state."""
        self._asked.pop(observation.number, None)
        values = self._space.values_of(observation.config)
        index = None if values is None else self._lattice.index(values)
        place = index if index is None or self._shuffle is None else self._shuffle.place(index)
        self._hold(observation.number, place)

    def ask(self, number: int) -> dict[str, Any] | None:
        """The config for run `number`: the first point in order that no run has; None when all have one."""
        place = self._asked.get(number)
        if place is None:
            place = self._next()
            if place is None:
                return None
            self._asked[number] = place
            self._hold(number, place)
        return self._space.grid_point(place if self._shuffle is None else self._shuffle.index(place))

    def is_ready(self, number: int) -> bool:
        """Always."""
        return True

    def basis(self, number: int) -> None:
        """Nothing: no model is behind it."""

    def prepare(self) -> None:
        """Nothing: a suggestion takes no time."""

    def _hold(self, number: int, place: int | None) -> None:
        freed = self._taken.hold(number, place)
        if freed is not None and freed < self._cursor:
            heapq.heappush(self._freed, freed)

    def _next(self) -> int | None:
        while self._freed:
            place = heapq.heappop(self._freed)
            if place not in self._taken:
                return place
        while self._cursor < self._lattice.size:
            self._cursor += 1
            if self._cursor - 1 not in self._taken:
                return self._cursor - 1
        return None


class Shuffle:
    """A permutation of 0..size-1 that is computed, not stored.

    A Feistel network of six rounds over the next even power of two, walked until it lands below `size`: M. Luby and
    C. Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", 1988.

    Examples
    --------
    >>> shuffle = Shuffle(10, seed=1)
    >>> order = [shuffle.index(place) for place in range(10)]
    >>> sorted(order) == list(range(10)), [shuffle.place(index) for index in order] == list(range(10))
    (True, True)
    """

    _ROUNDS = 6

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._half = max(1, ((size - 1).bit_length() + 1) // 2)
        self._bytes = (self._half + 7) // 8
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def index(self, place: int) -> int:
        """What stands at `place` in the shuffled order."""
        return self._walk(place, range(self._ROUNDS))

    def place(self, index: int) -> int:
        """Where `index` stands in the shuffled order."""
        return self._walk(index, range(self._ROUNDS - 1, -1, -1))

    def _walk(self, number: int, rounds: range) -> int:
        number = self._permute(number, rounds)
        while number >= self._size:
            number = self._permute(number, rounds)
        return number

    def _permute(self, number: int, rounds: range) -> int:
        """One pass of the network. Both ways end with the halves swapped, so that each undoes the other."""
        mask = (1 << self._half) - 1
        left, right = number >> self._half, number & mask
        for n in rounds:
            left, right = right, left ^ (self._scramble(n, right) & mask)
        return right << self._half | left

    def _scramble(self, n: int, half: int) -> int:
        text = bytes([n]) + half.to_bytes(self._bytes, "big")
        digest_size = min(64, self._bytes)
        scrambled = hashlib.blake2b(text, digest_size=digest_size, key=self._key).digest()
        return int.from_bytes(scrambled, "big")
