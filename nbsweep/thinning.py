"""Thinning: of a long series the points that draw the same picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["extremes"]


def extremes(values: npt.NDArray[np.float64], stretch: int) -> npt.NDArray[np.int64]:
    """Ascending indices of the least and the greatest finite value of each stretch, and of the last value.

    A stretch without a finite value keeps its first one, so that a gap stays a gap.
    """
    count = len(values) // stretch
    body = values[: count * stretch].reshape(count, stretch)
    finite = np.isfinite(body)
    offsets = np.arange(count) * stretch
    lows = offsets + np.where(finite, body, np.inf).argmin(axis=1)
    highs = offsets + np.where(finite, body, -np.inf).argmax(axis=1)
    rest = values[count * stretch :]
    ends = [len(values) - 1]
    if len(rest):
        known = np.isfinite(rest)
        ends += [
            count * stretch + int(np.where(known, rest, np.inf).argmin()),
            count * stretch + int(np.where(known, rest, -np.inf).argmax()),
        ]
    return np.unique(np.concatenate([lows, highs, np.asarray(ends, dtype="i8")]))
