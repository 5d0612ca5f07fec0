"""What differs between two sweep configs, in words: one line a key. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nbsweep.config_problems import show
from nbsweep.support import identity

__all__ = ["changes"]

WIDEST_VALUE = 60


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is different in `after`, by the keys' paths.

    Examples
    --------
    >>> changes({"lr": {"min": 0, "max": 1}}, {"lr": {"min": 0, "max": 2}, "units": {"value": 3}})
    ['lr.max: 1 → 2', 'units: added {value: 3}']
    """
    return list(_changes(before, after, ""))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[str]:
    for key in dict.fromkeys([*before, *after]):
        name = f"{path}{key}"
        if key not in after:
            yield f"{name}: removed (was {_shown(before[key])})"
        elif key not in before:
            yield f"{name}: added {_shown(after[key])}"
        elif isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            yield from _changes(before[key], after[key], f"{name}.")
        elif identity(before[key]) != identity(after[key]):
            yield f"{name}: {_shown(before[key])} → {_shown(after[key])}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
        return text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 2] + "…}"
    return show(value, WIDEST_VALUE)
