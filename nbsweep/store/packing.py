"""Rows of log calls become columns, many at a time: what the recorder does instead of a Python loop a value.

In come the values of consecutive calls, a dict each; out go, for each key, the numbers of its calls and its values, as
an array where all are of one numeric kind. Nothing is put in another order, and nothing is rounded but
ints beyond 2**53 among floats: as text they would be no points of the curve that they are of.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.store.columns import kind_of

__all__ = ["Packed", "Values", "as_values", "by_key", "common_kind", "joined", "kind_of_values", "microseconds"]

Values = Any  # an array of float64, int64 or bool; or a list of anything plain

_DTYPES = {float: "f8", int: "i8", bool: "?"}
_KINDS = {"f": "float", "i": "int", "b": "bool"}


@dataclass(frozen=True)
class Packed:
    """Consecutive log calls of a run as columns.

    `steps` and `times_us` (microseconds since the epoch) have shape (calls,); `columns` has, for each key, the numbers
    of the calls that gave it, counted from the first of these, and as many values.
    """

    steps: npt.NDArray[np.int64]
    times_us: npt.NDArray[np.int64]
    columns: dict[str, tuple[npt.NDArray[np.int64], Values]]


def by_key(rows: Sequence[dict[Any, Any]]) -> Iterator[tuple[str, npt.NDArray[np.int64], list[Any]]]:
    """For each key of any of these dicts: the key, the numbers of the dicts that have it, and its values.

    >>> [(key, calls.tolist(), values) for key, calls, values in by_key([{"a": 1}, {"a": 2, "b": 3}])]
    [('a', [0, 1], [1, 2]), ('b', [1], [3])]
    """
    keys = list(rows[0]) if rows else []
    if {*map(len, rows)} == {len(keys)} and all(map(_is_readable, keys)):
        try:  # mostly all calls give the same keys
            columns = [list(map(itemgetter(key), rows)) for key in keys]
        except KeyError:
            pass
        else:
            everywhere = np.arange(len(rows))
            yield from ((key, everywhere, values) for key, values in zip(keys, columns, strict=True))
            return
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for number, row in enumerate(rows):
        if not all(map(_is_readable, row)):
            row = {_readable(key): value for key, value in row.items()}
        for key, value in row.items():
            if key not in found:
                found[key] = ([], [])
            numbers, values = found[key]
            numbers.append(number)
            values.append(value)
    for key, (numbers, values) in found.items():
        yield key, np.array(numbers, "i8"), values


def as_values(values: Sequence[Any]) -> Values:
    """An array, where all of these plain values are of one numeric kind; else a list."""
    kinds = {*map(type, values)}
    if len(kinds) == 1 and (dtype := _DTYPES.get(kind := kinds.pop())) is not None:
        try:
            return np.array(values, dtype)
        except OverflowError:  # an int beyond 64 bits
            assert kind is int
    return list(values)


def joined(parts: Sequence[Values]) -> Values:
    """Several `Values` as one."""
    if len(parts) == 1:
        return parts[0]
    if len({None if isinstance(part, list) else part.dtype for part in parts}) == 1 and not isinstance(parts[0], list):
        return np.concatenate(parts)
    return [value for part in parts for value in (part if isinstance(part, list) else part.tolist())]


def kind_of_values(values: Values) -> str:
    """The kind of column (`nbsweep.store.columns`) that holds all of them."""
    if isinstance(values, np.ndarray):
        return _KINDS[values.dtype.kind]
    return functools.reduce(common_kind, map(kind_of, values))


def common_kind(one: str, other: str) -> str:
    """A chunk has one kind: ints among floats become floats, any other mixture is kept as JSON."""
    return one if one == other else "float" if {one, other} == {"int", "float"} else "json"


def microseconds(times_s: Sequence[float]) -> npt.NDArray[np.int64]:
    """Seconds since the epoch in whole microseconds."""
    return np.round(np.array(times_s) * 1e6).astype("i8")


def _is_readable(key: Any) -> bool:
    """Whether a key is text that can be kept as it is."""
    if type(key) is not str:
        return False
    return key.isascii() or _encodes(key)


def _readable(key: Any) -> str:
    try:
        return str(key).encode("utf-8", "backslashreplace").decode()
    except Exception:  # a user's object: its errors are its own
        return f"<{type(key).__name__}>"


def _encodes(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
