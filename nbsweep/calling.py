"""Calling a training function: what it is given, what comes of it, how its errors read."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from nbsweep import memory
from nbsweep.engines.base import Ended
from nbsweep.errors import RunStopped
from nbsweep.runs import Run

__all__ = ["Outcome", "call_with_config", "finished", "outcome_of", "traceback_of"]


def call_with_config(function: Callable[..., Any], run: Run) -> Any:
    """Call a training function with what it requires: nothing, ``(config)`` or ``(config, run)``.

    What an ``async def`` gives is run to its end, in an event loop of its own.
    """
    offered = {"config": run.config, "run": run, "log": run.log}
    needed = _needed(function)
    if all(p.name in offered and p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in needed):
        return finished(function(**{p.name: offered[p.name] for p in needed}))
    return finished(function(*list(offered.values())[: len(needed)]))


def _needed(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The arguments that a function cannot be called without."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in parameters if p.default is p.empty and p.kind in positional]


def finished(result: Any) -> Any:
    """What was returned; a coroutine is run to its end, in an event loop of its own."""
    if inspect.iscoroutine(result):
        import asyncio

        return asyncio.run(result)
    return result


@dataclass(frozen=True)
class Outcome:
    """What came of a call.

    Attributes
    ----------
    state : str
        The run's, as far as its training code says.
    error : str or None
        The traceback, or what else tells of a failure.
    returned : float or None
        What the function gave back, where that is a number, or a dict with one of the metric.
    short_of_memory : bool
        Whether it failed for want of memory.
    """

    state: str
    error: str | None = None
    returned: float | None = None
    short_of_memory: bool = False


def outcome_of(function: Callable[..., Any], run: Run) -> Outcome:
    """Call a training function; whatever it raises, SystemExit and KeyboardInterrupt too, ends its run alone."""
    run.awaits_init = not _needed(function)  # as W&B's, it may ask `if nbsweep.run is None: nbsweep.init(...)`
    try:
        returned = call_with_config(function, run)
        metric = run.summarising.metric
        if isinstance(returned, dict) and metric is not None:
            returned = returned.get(metric.name)
        number = returned if isinstance(returned, (int, float)) else None
        outcome = Outcome(run.stop_state or "finished", returned=number)
    except RunStopped:
        outcome = Outcome(run.stop_state or "killed")
    except Ended as end:
        outcome = Outcome(end.state, end.error)
    except BaseException as exception:
        if run.forked:
            _end_child(exception)
        if run.stop_state is not None and _came_of_a_stop(exception):
            outcome = Outcome(run.stop_state)
        else:
            outcome = Outcome("failed", traceback_of(exception), short_of_memory=memory.is_shortage(exception))
    if run.forked:
        _end_child(None)
    return outcome


def _came_of_a_stop(raised: BaseException) -> bool:
    """Whether it was raised where training code handled the end of its run: in an `except` or a `finally`."""
    found: BaseException | None = raised
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        if isinstance(found, RunStopped):
            return True
        seen.add(id(found))
        found = found.__context__
    return False


def _end_child(raised: BaseException | None) -> NoReturn:
    """Training code forked, and its child came to the end of it: it ends as a script would. The run is its parent's.

    Going on it would end the run, and wait for threads that the parent alone has.
    """
    code = 0 if raised is None else 1
    with contextlib.suppress(Exception):
        if isinstance(raised, SystemExit):
            code = raised.code if isinstance(raised.code, int) else int(raised.code is not None)
        elif raised is not None:
            traceback.print_exception(raised)
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def traceback_of(exception: BaseException) -> str:
    """The traceback as the user's code sees it: without nbsweep's own frames at the top."""
    package = str(Path(__file__).parent)
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(package):
        trace = trace.tb_next
    lines = traceback.format_exception(type(exception), exception, trace)
    return "".join(lines)
