"""A sweep in a notebook's output: so small that it may stay in the file, so whole that the dashboard is drawn from it.

In: a sweep. Out: what stands under `MIME` in the bundle of the dashboard's static twins, a JSON object that is never
longer than `MOST_BYTES`::

    {"version": 1, "protocol": 3, "sweep": id, "widget": model id, "recorded": Unix seconds, "notes": [...],
     "table": base64 of a gzip of JSON: the header, the runs, their details, importance
     "curves": base64 of a gzip of four bytes with the length of a JSON text (little-endian), the text, which has the
               keys and what the columns are, and the columns (`nbsweep.notebook.packing`)}

``labextension/src/snapshot.ts`` reads it; where there is no extension nobody does. A sweep that has too much gives up,
in this order: points of its curves, what runs printed, all keys but those that are drawn first, curves and details, and
at last the runs that did worst. `notes` says so.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbsweep.notebook.packing import packed
from nbsweep.notebook.recording import Recording, record
from nbsweep.notebook.series import WHOLE_POINTS, Series
from nbsweep.notebook.views import PROTOCOL
from nbsweep.plan import displayed
from nbsweep.sweeps import Sweep

__all__ = ["MIME", "MOST_BYTES", "VERSION", "placeholder", "snapshot"]

MIME = "application/vnd.nbsweep.v1+json"
VERSION = 1
MOST_BYTES = 300_000
MOST_CURVES_POINTS = 150_000  # more would not fit, however regular they are
MOST_KEYS = 12
MOST_CONSOLE = 2_000  # characters of what a run printed, the last ones
MOST_TRACEBACK = 4_000
MOST_CODE = 20_000
NOT_KEPT = "(not kept in the notebook)"
FEWEST_CURVES = 50
LEAST_CURVES = 16  # points a curve: what is coarser says less than its last value
_POINTS = tuple(int(WHOLE_POINTS * 0.9**n) for n in range(40) if WHOLE_POINTS * 0.9**n >= LEAST_CURVES)


def placeholder(sweep_id: str, widget: str | None) -> dict[str, Any]:
    """What stands beside the widget itself: that its snapshot is in the output below.

    With it the extension and not the widget's own renderer is asked to show that output, and so a notebook that is
    opened without its kernel has no box that says that a model was not found.
    """
    return {"version": VERSION, "sweep": sweep_id, "widget": widget, "below": True}


def snapshot(sweep: Sweep, widget: str | None = None, *, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """The sweep as it is now.

    Parameters
    ----------
    sweep : Sweep
    widget : str, optional
        Id of the widget that shows the same sweep in the output above.
    most_bytes : int, default `MOST_BYTES`
        How long it may be as JSON text. What does not fit is left out and said in `notes`; only the fixed part, some
        hundred bytes, is always there.
    """
    found = record(sweep, console=MOST_CONSOLE + 1, metrics=1, most_keys=MOST_KEYS, most_points=MOST_CURVES_POINTS)
    head: dict[str, Any] = {
        "version": VERSION,
        "protocol": PROTOCOL,
        "sweep": sweep.id,
        "widget": widget,
        "recorded": time.time(),
    }
    for contents in _less_and_less(found):
        table = _text(_gzip(_table(contents)))
        head["notes"] = list(contents.notes)
        room = most_bytes - len(json.dumps({**head, "table": table, "curves": ""}))
        curves = _most_curves(contents, room)
        if curves is not None:
            return {**head, "table": table, "curves": curves}
    return {**head, "notes": ["The sweep has too much to be kept in a notebook."]}


@dataclass(frozen=True)
class _Contents:
    """What is kept."""

    found: Recording
    series: Sequence[Series]
    notes: tuple[str, ...] = ()
    details: bool = True
    console: bool = True


def _less_and_less(found: Recording) -> Iterator[_Contents]:
    """What may be kept, the most first. Each gives up points before the next gives up more."""
    keys = list(dict.fromkeys(each.key for each in found.series))
    without = _without(len(found.sweep["keys"]) - len(keys))
    whole = _Contents(found, found.series, without)
    yield whole
    unsaid: tuple[str, ...] = ()
    if any(detail["console"] for detail in found.details.values()):
        unsaid = ("What runs printed is not here.",)
        whole = replace(whole, console=False, notes=(*without, *unsaid))
        yield whole
    for kept in (2, 1):
        if kept < len(keys):
            few = [each for each in found.series if each.key in keys[:kept]]
            notes = (*_without(len(found.sweep["keys"]) - kept), *unsaid)
            whole = replace(whole, series=few, notes=notes)
            yield whole
    for many in _halves(len(found.runs)):
        best = {run["id"] for run in _best(found, many)}
        few = [each for each in whole.series if each.run_id in best]
        if few and len(best) >= FEWEST_CURVES:
            yield replace(whole, series=few, details=False, notes=(f"Only the {many} best runs have curves here.",))
    bare = _Contents(found, [], ("Curves and what runs printed are not here: the sweep is too large.",), details=False)
    yield bare
    for many in _halves(len(found.runs)):
        kept_runs = _best(found, many)
        said = f"Only the {len(kept_runs)} best of {len(found.runs)} runs are here, without curves."
        yield replace(bare, found=replace(found, runs=kept_runs), notes=(said,))


def _without(keys: int) -> tuple[str, ...]:
    if not keys:
        return ()
    return (f"{keys} more keys have no curves here.",) if keys > 1 else ("One more key has no curves here.",)


def _halves(many: int) -> Iterator[int]:
    while many > 1:
        many //= 2
        yield many


def _best(found: Recording, many: int) -> list[dict[str, Any]]:
    """The best runs by the metric, in the order of their numbers; without a metric the newest."""
    metric = found.sweep["metric"]
    sign = -1.0 if metric is not None and metric["goal"] == "maximize" else 1.0

    def rank(run: dict[str, Any]) -> tuple[bool, float, int]:
        value = run["value"]
        known = isinstance(value, (int, float)) and math.isfinite(value)
        return (not known, sign * value if known else 0.0, -run["number"])

    return sorted(sorted(found.runs, key=rank)[:many], key=lambda run: int(run["number"]))


def _table(contents: _Contents) -> bytes:
    found = contents.found
    keys = {each.key: found.sweep["keys"][each.key] for each in contents.series}
    table = {"sweep": {**found.sweep, "keys": keys}, "runs": found.runs, "details": None, "codes": {}, "importance": {}}
    if contents.details:
        table |= {**_details(found, console=contents.console), "importance": found.importance}
    return json.dumps(table, allow_nan=False, separators=(",", ":")).encode()


def _details(found: Recording, *, console: bool) -> dict[str, Any]:
    """What opened rows show beyond the row. Most runs of a sweep have the same code: it is kept once, by its hash."""
    codes: dict[str, str] = {}
    details = {}
    for row in found.runs:
        detail = found.details[row["id"]]
        if detail["code"] is not None and len(detail["code"]) <= MOST_CODE:
            codes[row["code"]] = detail["code"]
        printed = detail["console"] if console or not detail["console"] else NOT_KEPT
        more = {
            "traceback": _end(detail["traceback"], MOST_TRACEBACK),
            "console": _end(printed, MOST_CONSOLE),
            "config": None if detail["config"] == row["config"] else displayed(detail["config"]),
        }
        more = {name: value for name, value in more.items() if value}
        if more:
            details[row["id"]] = more
    return {"details": details, "codes": codes}


def _end(text: str | None, characters: int) -> str | None:
    return text if text is None or len(text) <= characters else f"… {text[-characters:]}"


def _most_curves(contents: _Contents, room: int) -> str | None:
    """The curves with as many points as there is room for; None where even the least are too many."""
    if room < 0 or not contents.series:
        return "" if room >= 0 else None
    longest = max(len(each.values) for each in contents.series)
    choices = (2 * longest, *(points for points in _POINTS if points < longest))  # the first leaves nothing out
    fits = _text(_gzip(_curves(contents, choices[-1])))
    if len(fits) > room:
        return None
    low, high = 0, len(choices) - 1
    while low < high:  # fewer points are fewer bytes
        middle = (low + high) // 2
        curves = _text(_gzip(_curves(contents, choices[middle])))
        if len(curves) <= room:
            fits, high = curves, middle
        else:
            low = middle + 1
    return fits


def _curves(contents: _Contents, points: int) -> bytes:
    runs = {run["id"]: place for place, run in enumerate(contents.found.runs)}
    keys = {key: place for place, key in enumerate(dict.fromkeys(each.key for each in contents.series))}
    columns, arrays = packed([each.thin(points) for each in contents.series], runs, keys)
    text = json.dumps({"keys": list(keys), "columns": columns}, separators=(",", ":")).encode()
    return struct.pack("<I", len(text)) + text + arrays


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
