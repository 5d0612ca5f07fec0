"""Finite sets of values that are counted and indexed but never written out, and when two values are the same.

An axis knows its `size`, its i-th value, the index of a value, and how likely the values below an index are; axes of
10^12 values cost as little as axes of two. A `Lattice` is the product of axes: the points of a grid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from nbsweep.errors import UsageError

__all__ = [
    "UNIT",
    "Axis",
    "Lattice",
    "Listed",
    "Stepped",
    "counted",
    "first_multiple",
    "identity",
    "last_multiple",
    "plain",
    "steps_within",
]

UNIT = 2**53  # probability 1, where probabilities are counted in whole numbers


def identity(value: Any) -> str:
    """What a value is, whatever way it is written: two values are the same if this text is.

    3000000 and 3000000.0 are one, True and 1 are two, NaN equals NaN, the order of a dict's keys does not count.

    Examples
    --------
    >>> identity(3000000.0) == identity(3000000), identity(True) == identity(1)
    (True, False)
    >>> identity({"b": [1.0], "a": float("nan")})
    '{"a":NaN,"b":[1]}'
    """
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), default=repr)


def plain(value: Any) -> Any:
    """A NumPy scalar as the Python value that it is; all else as it is.

    Examples
    --------
    >>> import numpy
    >>> type(plain(numpy.int64(3)))
    <class 'int'>
    """
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 else value


def counted(name: str, value: Any, otherwise: str = "") -> int:
    """An argument as a whole number of 1 or more, NumPy's too; anything else is a UsageError that names it.

    Examples
    --------
    >>> counted("count", 0, ", or None for no limit")
    Traceback (most recent call last):
    nbsweep.errors.UsageError: count=0: use a whole number, 1 or more, or None for no limit
    """
    number = plain(value)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UsageError(f"{name}={value!r}: use a whole number, 1 or more{otherwise}")
    return number


def _canonical(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value


class Axis(Protocol):
    """A finite, ordered set of values."""

    @property
    def size(self) -> int:
        """How many values there are."""

    def value(self, index: int) -> Any:
        """The value at `index`, from 0 up to `size`."""

    def index(self, value: Any) -> int | None:
        """Where the value is; None if it is not among them."""

    def weight_below(self, index: int) -> int:
        """The weight of all values before `index`: a whole number; every value weighs at least 1."""


class Listed:
    """Values as they are listed, repetitions dropped; each weighs what its listings weigh together.

    Examples
    --------
    >>> axis = Listed(["a", "b", "a"])
    >>> axis.size, axis.value(1), axis.index("b"), axis.weight_below(1)
    (2, 'b', 1, 2)
    """

    def __init__(self, values: Sequence[Any], weights: Sequence[int] | None = None) -> None:
        weigh: dict[str, int] = {}
        self._values: list[Any] = []
        for number, value in enumerate(values):
            name = identity(value)
            if name not in weigh:
                self._values.append(value)
            weigh[name] = weigh.get(name, 0) + (1 if weights is None else weights[number])
        self._index = {name: number for number, name in enumerate(weigh)}
        self._below = [0]
        for weight in weigh.values():
            self._below.append(self._below[-1] + weight)

    @property
    def size(self) -> int:
        return len(self._values)

    def value(self, index: int) -> Any:
        return self._values[index]

    def index(self, value: Any) -> int | None:
        try:
            return self._index.get(identity(value))
        except (ValueError, RecursionError):  # it holds itself, so it is none of these
            return None

    def weight_below(self, index: int) -> int:
        return self._below[index]


@dataclass(frozen=True)
class Stepped:
    """The values offset + (first + i)·step, for i from 0 up to size; floats are kept within [low, high].

    Examples
    --------
    >>> axis = Stepped(first=4, size=29, step=8)
    >>> axis.value(0), axis.value(28), axis.index(40.0), axis.index(41)
    (32, 256, 1, None)
    """

    first: int
    size: int
    step: float
    offset: float = 0
    low: float = -math.inf
    high: float = math.inf
    cumulative: Callable[[float], float] | None = None  # how likely it is to be below a real number

    def value(self, index: int) -> Any:
        value = self.offset + (self.first + index) * self.step if self.offset else (self.first + index) * self.step
        return value if isinstance(value, int) else min(max(value, self.low), self.high)

    def index(self, value: Any) -> int | None:
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if all(isinstance(number, int) for number in (value, self.step, self.offset)):
            index = (int(value) - int(self.offset)) // int(self.step) - self.first
        else:
            index = round((value - self.offset) / self.step) - self.first
        if not 0 <= index < self.size:
            return None
        there = self.value(index)
        same = there == value or (not isinstance(there, int) and math.isclose(there, value, rel_tol=1e-12))
        return index if same else None

    def weight_below(self, index: int) -> int:
        if self.cumulative is None or index <= 0:
            return index
        if index >= self.size:
            return UNIT + index
        edge = (self.first + index - 0.5) * self.step
        return round(self.cumulative(edge) * UNIT) + index


def first_multiple(low: float, q: float) -> int:
    """The smallest k with k·q >= low, where a float may fall short by rounding.

    Examples
    --------
    >>> first_multiple(32, 8), first_multiple(0.3, 0.1), first_multiple(1, 5)
    (4, 3, 1)
    """
    k = math.ceil(Fraction(low) / Fraction(q))
    return k - 1 if isinstance(q, float) and _nearly((k - 1) * Fraction(q), low) else k


def last_multiple(high: float, q: float) -> int:
    """The largest k with k·q <= high, where a float may go past by rounding.

    Examples
    --------
    >>> last_multiple(256, 8), last_multiple(0.3, 0.1), last_multiple(3, 5)
    (32, 3, 0)
    """
    return -first_multiple(-high, q)


def steps_within(low: float, high: float, q: float) -> int:
    """How many steps of q from `low` stay within `high`, with the same grace.

    Examples
    --------
    >>> steps_within(1, 10, 3), steps_within(0.05, 0.35, 0.1)
    (3, 3)
    """
    steps = math.floor((Fraction(high) - Fraction(low)) / Fraction(q))
    return steps + 1 if _nearly(Fraction(low) + (steps + 1) * Fraction(q), high) else steps


def _nearly(number: Fraction, bound: float) -> bool:
    return abs(number - Fraction(bound)) <= 4 * Fraction(math.ulp(float(bound)))


@dataclass(frozen=True)
class Lattice:
    """The product of axes: points numbered in order, the last axis fastest.

    Examples
    --------
    >>> lattice = Lattice((Listed(["a", "b"]), Stepped(first=0, size=10**12, step=1)))
    >>> lattice.size, lattice.point(10**12 + 5), lattice.index(("b", 5))
    (2000000000000, ['b', 5], 1000000000005)
    """

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(axis.size for axis in self.axes)

    def point(self, index: int) -> list[Any]:
        """The values of the point number `index`, one an axis."""
        values: list[Any] = []
        for axis in reversed(self.axes):
            index, place = divmod(index, axis.size)
            values.append(axis.value(place))
        return values[::-1]

    def places(self, values: Sequence[Any]) -> tuple[int, ...] | None:
        """Where the values are on their axes; None if one is not there."""
        places = tuple(axis.index(value) for axis, value in zip(self.axes, values, strict=True))
        return None if None in places else places  # type: ignore[return-value]

    def index(self, values: Sequence[Any]) -> int | None:
        """The number of the point with these values; None if it is not in the lattice."""
        places = self.places(values)
        if places is None:
            return None
        index = 0
        for axis, place in zip(self.axes, places, strict=True):
            index = index * axis.size + place
        return index

    def __iter__(self) -> Iterator[list[Any]]:
        index, size = 0, self.size
        while index < size:
            yield self.point(index)
            index += 1
