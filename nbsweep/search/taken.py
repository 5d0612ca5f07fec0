"""Which points of a finite space have a run already, or have been suggested for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

__all__ = ["Taken"]

Point = TypeVar("Point", bound=Hashable)


class Taken(Generic[Point]):
    """Points in use, each by one run or more; a run number holds one point at a time.

    Examples
    --------
    >>> taken: Taken[int] = Taken()
    >>> taken.hold(0, 7), taken.hold(1, 7), taken.hold(0, 8)
    (None, None, None)
    >>> 7 in taken, 8 in taken, len(taken)
    (True, True, 2)
    >>> taken.hold(1, None)  # run 1 has some other config, so 7 is free
    7
    """

    def __init__(self) -> None:
        self._held: dict[int, Point] = {}
        self._users: Counter[Point] = Counter()

    def __contains__(self, point: object) -> bool:
        return point in self._users

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[Point]:
        return iter(self._users)

    def hold(self, number: int, point: Point | None) -> Point | None:
        """Run `number` has this point (None: no point of the space). Returns the point that this set free, if one."""
        before = self._held.pop(number, None)
        if point is not None:
            self._held[number] = point
            self._users[point] += 1
        if before is None:
            return None
        self._users[before] -= 1
        if self._users[before]:
            return None
        del self._users[before]
        return before
