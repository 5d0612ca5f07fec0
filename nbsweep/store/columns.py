"""How a column of history becomes bytes and comes back.

In come NumPy arrays or Python lists of one kind of value; out goes one `bytes` per chunk column: a letter for the
coding, then the data, little-endian. Losses that were float32 when they were computed take 4 bytes, regular step
numbers 16 bytes in all. Nothing is rounded: what is decoded equals what was encoded.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.store.media import Kept

__all__ = ["JSON_CODE", "decode", "encode", "encode_regular", "kind_of"]

JSON_CODE = b"j"  # the first byte of a column of anything but numbers

MOST_REGULAR = 2**24  # values; a chunk has a thousand

_COMPRESS_FROM_BYTES = 256
_WORTH_IT = 2  # of the bytes of a number whose lowest one is noise, so many are compressed
_STEPS = {b"1": "<i1", b"2": "<i2", b"4": "<i4"}  # differences between ints: by their bytes, the narrowest first
_MOST_STEP = {code: int(np.iinfo(dtype).max) for code, dtype in _STEPS.items()}
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


def encode(values: Sequence[Any] | npt.NDArray[Any], kind: str, *, final: bool = True) -> bytes:
    """Encode values of one kind.

    Parameters
    ----------
    values : sequence or array, shape (n,)
        Values of one kind.
    kind : {"float", "int", "bool", "json"}
        As `kind_of` says.
    final : bool, default True
        False for a column that is soon encoded again, longer: no time is spent on making it small.

    >>> decode(encode([0, 1, 2, 3], "int"))
    array([0, 1, 2, 3])
    """
    if kind == "float":
        return _encode_floats(np.asarray(values, dtype="<f8"), final)
    if kind == "int":
        return _encode_ints(np.asarray(values, dtype="<i8"), final)
    if kind == "bool":
        return b"b" + np.asarray(values, dtype="u1").tobytes()
    return JSON_CODE + _compress(json.dumps([_finite(v) for v in values]).encode(), final)


def encode_regular(first: int, step: int, count: int) -> bytes:
    """Ints from `first` on, each by `step` greater than the one before: what `encode` makes of them."""
    return b"r" + struct.pack("<qqq", first, step, count)


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
    if code in _STEPS:
        return _summed(np.frombuffer(body[:8], "<i8")[0], np.frombuffer(_decompress(body[8:]), _STEPS[code]))
    raw = _decompress(body)
    if code == JSON_CODE:
        return [_restored(v) for v in json.loads(raw)]
    if code == b"d":  # as stores before November 2026 have it: int32 differences, packed with the first value
        return _summed(np.frombuffer(raw[:8], "<i8")[0], np.frombuffer(raw[8:], "<i4"))
    dtype = {b"f": "<f4", b"F": "<f8", b"i": "<i8"}[code]
    values = np.frombuffer(raw, dtype)
    return values.astype("f8" if code in b"fF" else "i8")


def _summed(first: np.int64, steps: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    values = np.empty(len(steps) + 1, "i8")
    values[0] = first
    np.cumsum(steps, dtype="i8", out=values[1:])
    values[1:] += first
    return values


def _encode_floats(values: npt.NDArray[np.float64], final: bool) -> bytes:
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype("<f4")
    if np.array_equal(narrow.astype("f8"), values, equal_nan=True):
        return b"f" + _compress_numbers(narrow, final)
    return b"F" + _compress_numbers(values, final)


def _encode_ints(values: npt.NDArray[np.int64], final: bool) -> bytes:
    if len(values) < 2:
        return b"i" + _compress_numbers(values, final)
    steps = np.diff(values)
    if (steps == steps[0]).all() and int(values[-1]) - int(values[0]) == int(steps[0]) * (len(values) - 1):
        return encode_regular(int(values[0]), int(steps[0]), len(values))
    if int(values.max()) - int(values.min()) >= 2**31:
        return b"i" + _compress_numbers(values, final)
    greatest = int(np.abs(steps).max())
    code = next(code for code, most in _MOST_STEP.items() if greatest <= most)
    return code + values[:1].tobytes() + _compress_numbers(steps.astype(_STEPS[code]), final)


def _compress_numbers(values: npt.NDArray[Any], final: bool) -> bytes:
    """First bytes of all numbers, then their second bytes, and so on: like bytes together take less room and time.

    That is the "shuffle" filter of HDF5 and Blosc. The low bytes of a measured float are as good as noise: where so,
    they stay as they are, which is read several times faster.
    """
    if not final or values.nbytes < _COMPRESS_FROM_BYTES:
        return b"-" + values.tobytes()
    import zlib

    count, size = len(values), values.itemsize
    planes = np.ascontiguousarray(values).view("u1").reshape(count, size).T
    raw = 0
    if size >= 4 and len(zlib.compress(planes[0].tobytes(), 1)) > 0.9 * count:
        raw = size - _WORTH_IT
    packed = zlib.compress(planes[raw:].tobytes(), 1)
    if len(packed) >= (size - raw) * count:
        return b"-" + values.tobytes()
    return b"P" + struct.pack("<BBI", size, raw, count) + bytes(planes[:raw].tobytes()) + packed


def _decompress_numbers(body: bytes) -> bytes:
    import zlib

    size, raw, count = struct.unpack_from("<BBI", body, 1)
    noise = body[7 : 7 + raw * count]
    planes: npt.NDArray[np.uint8] = np.frombuffer(noise + zlib.decompress(body[7 + raw * count :]), "u1").reshape(
        size, count
    )
    return bytes(planes.T.tobytes())


def _compress(raw: bytes, final: bool) -> bytes:
    if final and len(raw) >= _COMPRESS_FROM_BYTES:
        import zlib

        packed = zlib.compress(raw, 1)
        if len(packed) < len(raw):
            return b"z" + packed
    return b"-" + raw


def _decompress(body: bytes) -> bytes:
    if body[:1] == b"-":
        return body[1:]
    if body[:1] == b"P":
        return _decompress_numbers(body)
    import zlib

    return zlib.decompress(body[1:])


def _finite(value: Any) -> Any:
    """JSON has no NaN; a mixed column keeps it as an object that no user's value looks like (those are never dicts)."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, Kept):
        return {"media": value.record}
    return value


def _restored(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return Kept(value["media"]) if "media" in value else float(value["float"])
