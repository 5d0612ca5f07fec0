"""How a column of history becomes bytes and comes back.

In come NumPy arrays or Python lists of one kind of value; out goes one `bytes` per chunk column: a letter for the
coding, then the data, little-endian. Losses that were float32 when they were computed take 4 bytes, regular step
numbers 16 bytes in all. Nothing is rounded: what is decoded equals what was encoded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["JSON_CODE", "decode", "encode", "kind_of"]

JSON_CODE = b"j"  # the first byte of a column of anything but numbers

MOST_REGULAR = 2**24  # values; a chunk has a thousand

_COMPRESS_FROM_BYTES = 256
_INT64 = range(-(2**63), 2**63)


def kind_of(value: object) -> str:
    """The kind of column that holds `value`: ``"float"``, ``"int"``, ``"bool"`` or ``"json"``.

    >>> kind_of(0.5), kind_of(3), kind_of(True), kind_of("adam"), kind_of(2**80)
    ('float', 'int', 'bool', 'json', 'json')
    """
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return "float"
    if isinstance(value, int) and value in _INT64:
        return "int"
    return "json"


def encode(values: Sequence[Any] | npt.NDArray[Any], kind: str) -> bytes:
    """Encode values of one kind.

    Parameters
    ----------
    values : sequence or array, shape (n,)
        Values of one kind.
    kind : {"float", "int", "bool", "json"}
        As `kind_of` says.

    >>> decode(encode([0, 1, 2, 3], "int"))
    array([0, 1, 2, 3])
    """
    if kind == "float":
        return _encode_floats(np.asarray(values, dtype="<f8"))
    if kind == "int":
        return _encode_ints(np.asarray(values, dtype="<i8"))
    if kind == "bool":
        return b"b" + np.asarray(values, dtype="u1").tobytes()
    return JSON_CODE + _compress(json.dumps([_finite(v) for v in values]).encode())


def decode(data: bytes) -> Any:
    """The values of one encoded column: an array of shape (n,), or a list for the kind ``"json"``."""
    code, body = data[:1], data[1:]
    if code == b"r":
        start, stride, count = np.frombuffer(body, "<i8")
        if not 0 <= count <= MOST_REGULAR:  # bytes that a disk changed must not ask for all of memory
            raise ValueError(f"a column of {count} values")
        return start + stride * np.arange(count, dtype="i8")
    if code == b"b":
        return np.frombuffer(body, "u1").astype(bool)
    raw = _decompress(body)
    if code == JSON_CODE:
        return [_restored(v) for v in json.loads(raw)]
    if code == b"d":  # int32 differences after a first int64
        first = np.frombuffer(raw[:8], "<i8")[0]
        steps = np.frombuffer(raw[8:], "<i4").astype("i8")
        return first + np.concatenate([[0], np.cumsum(steps)])
    dtype = {b"f": "<f4", b"F": "<f8", b"i": "<i8"}[code]
    values = np.frombuffer(raw, dtype)
    return values.astype("f8" if code in b"fF" else "i8")


def _encode_floats(values: npt.NDArray[np.float64]) -> bytes:
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype("<f4")
    if np.array_equal(narrow.astype("f8"), values, equal_nan=True):
        return b"f" + _compress(narrow.tobytes())
    return b"F" + _compress(values.tobytes())


def _encode_ints(values: npt.NDArray[np.int64]) -> bytes:
    if len(values) < 2:
        return b"i" + _compress(values.tobytes())
    steps = np.diff(values)
    if (steps == steps[0]).all() and int(values[-1]) - int(values[0]) == int(steps[0]) * (len(values) - 1):
        return b"r" + np.array([values[0], steps[0], len(values)], "<i8").tobytes()
    span = int(values.max()) - int(values.min())
    if span < 2**31:
        return b"d" + _compress(values[:1].tobytes() + steps.astype("<i4").tobytes())
    return b"i" + _compress(values.tobytes())


def _compress(raw: bytes) -> bytes:
    if len(raw) >= _COMPRESS_FROM_BYTES:
        import zlib

        packed = zlib.compress(raw, 1)
        if len(packed) < len(raw):
            return b"z" + packed
    return b"-" + raw


def _decompress(body: bytes) -> bytes:
    if body[:1] == b"z":
        import zlib

        return zlib.decompress(body[1:])
    return body[1:]


def _finite(value: Any) -> Any:
    """JSON has no NaN; a mixed column keeps it as an object that no user's value looks like (those are never dicts)."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def _restored(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value
