"""Curves as few bytes: each in 65,533 levels between its least and its greatest value, which is more than a screen has.

In: `Series`. Out: columns over all of them, laid out so that gzip finds what repeats; ``labextension/src/packing.ts``
reads them. Of a column the first bytes of all numbers come first, then the second bytes, and so on; levels and steps
are differences to the point before, within one series.

==========  =====  ============================================================================================
column      type   what, a number a series (S) or a point (P)
==========  =====  ============================================================================================
run, key    u4     S  places in the lists of runs and of keys
length      u4     S  points here
total       f8     S  points logged
scale       u1     S  how levels stand for values: 0 evenly, 1 evenly in the logarithm, 2 whole numbers from `low`
low, high   f8     S  the least and the greatest finite value
began       f8     S  time of the first point here, Unix seconds
ended       f8     S  time of the last
first       f8     S  step of the first
steps       i4     P  differences; f8 with the steps themselves if any is not a whole number or too far from the last
times       u2     P  levels between `began` and `ended`, 4,096 of them
values      u2     P  levels; 65,535 is NaN, 65,534 +∞, 65,533 -∞
==========  =====  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nbsweep.notebook.series import Floats, Series

__all__ = ["packed"]

TOP = 65_532  # the highest level of a value
TOP_TIME = 4_095  # of a time: no chart has more pixels, and what is finer costs as much as the values
NAN, PLUS_INFINITY, MINUS_INFINITY = 65_535, 65_534, 65_533
EVEN, LOGARITHMIC, WHOLE = 0, 1, 2
_DECADES = 100.0  # how far a positive curve reaches before its low end matters as much as its high one

Levels = npt.NDArray[np.uint16]


def packed(
    series: Sequence[Series], runs: Mapping[str, int], keys: Mapping[str, int]
) -> tuple[list[dict[str, Any]], bytes]:
    """What the columns are ({"name", "type", "count"} each), and their bytes one after the other.

    Parameters
    ----------
    series : sequence of Series
    runs, keys : mapping
        {run id: its place}, {key: its place}.
    """
    heads = [_levels(each.values) for each in series]
    spans = [_span(each.times) for each in series]
    steps = [np.diff(each.steps, prepend=each.steps[:1]) for each in series]
    times = [_differences(_evenly(each.times, *span, TOP_TIME)) for each, span in zip(series, spans, strict=True)]
    columns: dict[str, npt.NDArray[Any]] = {
        "run": np.array([runs[each.run_id] for each in series], "<u4"),
        "key": np.array([keys[each.key] for each in series], "<u4"),
        "length": np.array([len(each.values) for each in series], "<u4"),
        "total": np.array([each.total for each in series], "<f8"),
        "scale": np.array([scale for scale, _low, _high, _levels in heads], "u1"),
        "low": np.array([low for _scale, low, _high, _levels in heads], "<f8"),
        "high": np.array([high for _scale, _low, high, _levels in heads], "<f8"),
        "began": np.array([low for low, _high in spans], "<f8"),
        "ended": np.array([high for _low, high in spans], "<f8"),
        "first": np.array([each.steps[0] if len(each.steps) else 0.0 for each in series], "<f8"),
        "steps": (
            _joined(steps, "<i4")
            if all(_are_small_integers(each) for each in steps)
            else _joined([each.steps for each in series], "<f8")
        ),
        "times": _joined(times, "<u2"),
        "values": _joined([_differences(levels) for *_head, levels in heads], "<u2"),
    }
    described = [
        {"name": name, "type": column.dtype.str.lstrip("<|"), "count": len(column)} for name, column in columns.items()
    ]
    return described, b"".join(_planes(column) for column in columns.values())


def _levels(values: Floats) -> tuple[int, float, float, Levels]:
    """(scale, low, high, levels) of one curve."""
    known = np.isfinite(values)
    low, high = _span(values[known])
    scale = EVEN
    if len(values[known]) and high - low <= TOP and (values[known] == np.rint(values[known])).all():
        scale = WHOLE
        levels = np.where(known, values - low, 0.0).astype("<u2")
    elif low > 0 and high / _DECADES > low:
        scale = LOGARITHMIC
        levels = _evenly(np.log(np.where(known, values, low)), float(np.log(low)), float(np.log(high)))
    else:
        levels = _evenly(np.where(known, values, low), low, high)
    levels[np.isnan(values)] = NAN
    levels[np.isposinf(values)] = PLUS_INFINITY
    levels[np.isneginf(values)] = MINUS_INFINITY
    return scale, low, high, levels


def _evenly(values: Floats, low: float, high: float, top: int = TOP) -> Levels:
    half = high / 2 - low / 2  # halves, since the whole may be more than a float can hold
    if not half > 0:
        return np.zeros(len(values), "<u2")
    share = (values / 2 - low / 2) / half
    return np.rint(np.clip(share, 0.0, 1.0) * top).astype("<u2")


def _span(values: Floats) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def _differences(levels: Levels) -> Levels:
    """To the level before, modulo 65,536."""
    return np.diff(levels, prepend=np.zeros(1, levels.dtype))


def _are_small_integers(steps: Floats) -> bool:
    return bool(((steps == np.rint(steps)) & (np.abs(steps) < 2**31)).all())


def _joined(arrays: Sequence[npt.NDArray[Any]], dtype: str) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype)


def _planes(column: npt.NDArray[Any]) -> bytes:
    planes = column.view(np.uint8).reshape(len(column), column.dtype.itemsize).T
    return bytes(planes.tobytes())
