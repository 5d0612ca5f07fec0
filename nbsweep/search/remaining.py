"""Drawing from what is left of a finite space, exactly by weight, without writing the space out.

The points that are taken form a tree, one level an axis; every node knows the weight that is taken below it. A point is
drawn level by level: the weight that is left below each place on the axis is its own weight times that of the levels
below, less what is taken. Weights are whole numbers, so that "none left" is exact, and the draw does not depend on the
order in which points were taken.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

import numpy as np

from nbsweep.support import Axis

__all__ = ["Remaining"]


class _Node:
    """What is taken below one place: the places on the next axis, and their points' weight on the axes below."""

    __slots__ = ("below", "taken")

    def __init__(self) -> None:
        self.taken = 0
        self.below: dict[int, _Node] = {}


class Remaining:
    """The untaken points of a product of axes.

    Parameters
    ----------
    axes : sequence of Axis
    taken : iterable of tuple of int
        The points that are taken, each as its places on the axes.

    Examples
    --------
    >>> from nbsweep.support import Listed
    >>> remaining = Remaining([Listed("ab"), Listed("xy")], [(0, 0), (0, 1), (1, 0)])
    >>> remaining.draw(np.random.default_rng(1))
    (1, 1)
    """

    def __init__(self, axes: Iterable[Axis], taken: Iterable[tuple[int, ...]]) -> None:
        self._axes = tuple(axes)
        self._total = [axis.weight_below(axis.size) for axis in self._axes]
        # _beneath[level]: the weight of all points on the axes after this level
        self._beneath = list(accumulate(self._total[:0:-1], lambda a, b: a * b, initial=1))[::-1]
        self._root = _Node()
        for places in taken:
            self.take(places)

    def take(self, places: tuple[int, ...]) -> None:
        """A point that was untaken is taken."""
        self._change(places, 1)

    def free(self, places: tuple[int, ...]) -> None:
        """A point that was taken is untaken."""
        self._change(places, -1)

    def draw(self, rng: np.random.Generator) -> tuple[int, ...]:
        """One of the untaken points (there must be one), as likely as its weight."""
        node: _Node | None = self._root
        places = []
        for axis, total, beneath in zip(self._axes, self._total, self._beneath, strict=True):
            left = total * beneath - (node.taken if node else 0)
            place = _draw(axis, beneath, node, _below(left, rng))
            places.append(place)
            node = node.below.get(place) if node else None
        return tuple(places)

    def _change(self, places: tuple[int, ...], sign: int) -> None:
        weights = [_weight(axis, place) for axis, place in zip(self._axes, places, strict=True)]
        beneath = list(accumulate(weights[::-1], lambda a, b: a * b, initial=1))[::-1]
        node = self._root
        node.taken += sign * beneath[0]
        for place, weight in zip(places, beneath[1:], strict=True):
            node = node.below.setdefault(place, _Node())
            node.taken += sign * weight


def _draw(axis: Axis, beneath: int, node: _Node | None, ticket: int) -> int:
    """The place on the axis where the weight that is left, summed from the first place on, first exceeds `ticket`."""
    touched = sorted(node.below) if node else []
    taken = [_weight(axis, place) * node.below[place].taken for place in touched] if node else []
    taken = list(accumulate(taken, initial=0))
    low, high = 0, axis.size - 1
    while low < high:
        middle = (low + high) // 2
        left = axis.weight_below(middle + 1) * beneath - taken[bisect_left(touched, middle + 1)]
        if left > ticket:
            high = middle
        else:
            low = middle + 1
    return low


def _weight(axis: Axis, place: int) -> int:
    return axis.weight_below(place + 1) - axis.weight_below(place)


def _below(limit: int, rng: np.random.Generator) -> int:
    """A whole number from 0 up to `limit`, all as likely (up to 2^-64), however large."""
    return int.from_bytes(rng.bytes((limit.bit_length() + 7) // 8 + 8), "big") % limit
