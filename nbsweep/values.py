"""What `log` accepts: turned into plain numbers, strings and booleans in two steps.

`capture` runs on the training thread: it must not wait, read a GPU or do I/O; it takes the value as it is now.
`plain` runs later on another thread and may do all of that.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from nbsweep.media import Media

__all__ = ["PLAIN_TYPES", "Unkept", "bounded", "capture", "plain"]

PLAIN_TYPES = frozenset({float, int, bool, str})

_MANY = "log one number of it (a mean), a dict with a key for each, or nbsweep.Histogram, Image or Table of it"

_MOST_BITS = sys.float_info.max_exp  # 1024: of whole numbers as long as this most are too large

_scalars: set[type] = set()  # NumPy's types of numbers that were seen: they cannot change, and wait as they are


class Unkept:
    """Stands for a value that history cannot keep; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def capture(data: Mapping[Any, Any], _within: tuple[int, ...] = ()) -> dict[str, Any]:
    """A copy of `data` that later changes of the caller's objects do not reach.

    Nested dicts become dotted keys, as in W&B. A tensor is detached and copied on its own device, without waiting
    for it.

    >>> capture({"loss": 0.5, "eval": {"acc": 1}})
    {'loss': 0.5, 'eval.acc': 1}
    """
    taken: dict[str, Any] = {}
    for key, value in data.items():
        name = key if type(key) is str else str(key)
        kind = type(value)
        if kind in PLAIN_TYPES or kind in _scalars:
            taken[name] = value
        elif isinstance(value, (np.number, np.bool_)):
            taken[name] = value
            _scalars.add(kind)
        elif isinstance(value, Media):
            taken[name] = value.taken()
        elif isinstance(value, (list, tuple)) and value and all(isinstance(each, Media) for each in value):
            taken.update({f"{name}.{place}": each.taken() for place, each in enumerate(value)})
        elif not hasattr(value, "detach") and isinstance(value, Mapping):
            if id(value) in _within:
                taken[name] = Unkept(f"a {kind.__name__} that holds itself")
            else:
                taken.update({f"{name}.{inner}": v for inner, v in capture(value, (*_within, id(value))).items()})
        else:
            taken[name] = _capture_object(value)
    return taken


def plain(value: Any) -> Any:
    """A float, int, bool or str; or `Unkept`."""
    if type(value) in PLAIN_TYPES or isinstance(value, Unkept):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Media):
        return Unkept(f"a {type(value).__name__}; it is kept by log")
    try:
        item = value.item()
    except Exception as error:  # a user's object: its errors are its own
        return Unkept(f"it could not be read: {error}")
    if isinstance(item, np.floating):  # of more digits than a float has
        item = float(item)
    return item if type(item) in PLAIN_TYPES else Unkept(f"its value is a {type(item).__name__}")


def bounded(value: Any) -> Any:
    """A plain value; a whole number beyond a float's range as the infinity that it is to whoever computes with it."""
    if type(value) is int and value.bit_length() >= _MOST_BITS:
        return math.inf if value > 0 else -math.inf
    return value


def _capture_object(value: Any) -> Any:
    if isinstance(value, Unkept):
        return value
    if hasattr(value, "detach") and hasattr(value, "item"):  # a tensor of torch, or one that looks like it
        if _size(value) != 1:
            return Unkept(f"a tensor of shape {tuple(getattr(value, 'shape', ()))}; {_MANY}")
        detached = value.detach()
        return detached.clone() if hasattr(detached, "clone") else detached
    if hasattr(value, "item") and hasattr(value, "dtype"):  # NumPy scalars and arrays, JAX arrays
        if value is np.ma.masked:  # its item is 0.0
            return math.nan
        if _size(value) != 1:
            return Unkept(f"an array of shape {tuple(getattr(value, 'shape', ()))}; {_MANY}")
        return value.copy() if getattr(value, "shape", ()) != () or hasattr(value, "setflags") else value
    if isinstance(value, (str, bool, int, float)):  # subclasses: enums, numpy.float64, ...
        for kind in (bool, int, float, str):
            if isinstance(value, kind):
                return kind(value)
    if value is None:
        return Unkept("None; leave the key out where there is no value")
    try:
        return float(value)
    except Exception:  # a user's object: its errors are its own
        if hasattr(value, "savefig"):  # matplotlib's figures, and pyplot itself
            return Unkept(f"a {type(value).__name__} that draws; nbsweep.Image of it is a picture")
        many = isinstance(value, (list, tuple, set))
        return Unkept(f"a {type(value).__name__}; {_MANY if many else 'log numbers, strings or booleans'}")


def _size(value: Any) -> int:
    shape = getattr(value, "shape", ())
    if not shape:
        return 1
    size = 1
    for length in shape:
        size *= int(length)
    return size
