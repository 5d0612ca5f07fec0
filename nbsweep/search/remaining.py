"""Drawing from what is left of a finite space, exactly by weight, without writing the space out.

The points that are taken form a tree, one level an axis; every node knows the weight that is taken below it. A point is
drawn level by level: the weight that is left below a place on the axis is its own weight times that of the axes below,
less what is taken. Weights are whole numbers, so that "none left" is exact, and the draw does not depend on the
order in which points were taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

import numpy as np

from nbsweep.support import Axis

__all__ = ["Remaining"]


class _Node:
    """What is taken below one place: the weight of its points on the axes from here on, by ranges of the next axis.

    The ranges are those that halving the axis again and again gives, so that adding a point and finding a place take as
    many steps as the axis' size has bits.
    """

    __slots__ = ("below", "taken")

    def __init__(self) -> None:
        self.taken: dict[tuple[int, int], int] = {}
        self.below: dict[int, _Node] = {}

    def add(self, place: int, size: int, weight: int) -> None:
        low, high = 0, size
        while True:
            self.taken[low, high] = self.taken.get((low, high), 0) + weight
            if high - low == 1:
                return
            middle = (low + high) // 2
            low, high = (low, middle) if place < middle else (middle, high)


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
        node = self._root
        places = []
        for axis, total, beneath in zip(self._axes, self._total, self._beneath, strict=True):
            left = total * beneath - node.taken.get((0, axis.size), 0)
            place = _place(axis, beneath, node, _below(left, rng))
            places.append(place)
            node = node.below.get(place) or _Node()
        return tuple(places)

    def _change(self, places: tuple[int, ...], sign: int) -> None:
        weights = [
            axis.weight_below(place + 1) - axis.weight_below(place)
            for axis, place in zip(self._axes, places, strict=True)
        ]
        from_here = list(accumulate(weights[::-1], lambda a, b: a * b))[::-1]
        node = self._root
        for axis, place, weight in zip(self._axes, places, from_here, strict=True):
            node.add(place, axis.size, sign * weight)
            node = node.below.setdefault(place, _Node())


def _place(axis: Axis, beneath: int, node: _Node, ticket: int) -> int:
    """The place on the axis where the weight that is left, summed from the first place on, first exceeds `ticket`."""
    low, high = 0, axis.size
    while high - low > 1:
        middle = (low + high) // 2
        left = (axis.weight_below(middle) - axis.weight_below(low)) * beneath - node.taken.get((low, middle), 0)
        if ticket < left:
            high = middle
        else:
            low, ticket = middle, ticket - left
    return low


def _below(limit: int, rng: np.random.Generator) -> int:
    """A whole number from 0 up to `limit`, all as likely (up to 2^-64), however large."""
    return int.from_bytes(rng.bytes((limit.bit_length() + 7) // 8 + 8), "big") % limit
