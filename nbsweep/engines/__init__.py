"""Engines by name: where an agent's runs train."""

from __future__ import annotations

from nbsweep.engines.base import Ended, Engine, Work
from nbsweep.errors import UsageError
from nbsweep.support import counted

__all__ = ["Ended", "Engine", "Work", "make_engine"]

_NAMES = ("threads",)


def make_engine(engine: str | Engine, slots: int) -> Engine:
    """The engine called `engine` with so many slots; one that is made already is returned as it is.

    Raises
    ------
    UsageError
        For an unknown name, or fewer slots than one.
    """
    if not isinstance(engine, str):
        return engine
    if engine == "processes":
        raise UsageError(
            "engine='processes' trains the program of a sweep's config; leave the training function out: "
            "nbsweep.agent(sweep_id, count=5)"
        )
    if engine != "threads":
        raise UsageError(f"engine={engine!r}: there is no such engine; use one of {', '.join(_NAMES)}")
    from nbsweep.engines.threads import ThreadEngine

    return ThreadEngine(counted("workers", slots))
