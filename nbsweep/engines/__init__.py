"""Engines by name: where an agent's runs train."""

from __future__ import annotations

from nbsweep.engines.base import Engine, Work
from nbsweep.errors import UsageError

__all__ = ["Engine", "Work", "make_engine"]

_NAMES = ("threads",)


def make_engine(name: str, slots: int) -> Engine:
    """The engine called `name` with so many slots.

    Raises
    ------
    UsageError
        For an unknown name, or fewer slots than one.
    """
    if name != "threads":
        raise UsageError(f"engine={name!r}: there is no such engine; use one of {', '.join(_NAMES)}")
    if isinstance(slots, bool) or not isinstance(slots, int) or slots < 1:
        raise UsageError(f"workers={slots!r}: use a whole number, 1 or more")
    from nbsweep.engines.threads import ThreadEngine

    return ThreadEngine(slots)
