"""The least and greatest value of each full chunk of a key, kept beside the chunks: what a long series is drawn from.

A chart of a million points has room for a thousand, and to find them all chunks would be read. So, when a chunk of a
key's numbers is full, two of its points are written once more, each with its step and time, as a column of its own of
kind "peak": six numbers a chunk. They are a copy: where any is missing, the chunks themselves are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nbsweep.store.columns import decode

if TYPE_CHECKING:
    from nbsweep.store.chunks import Chunk

__all__ = ["Peaks", "PeaksSoFar", "read_peaks"]

PER_CHUNK = 6  # of two points the value, the step and the time in microseconds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Peaks:
    """Two points of each of the first `chunks` chunks of a key: arrays of shape (2 chunks,), in the order of the steps.

    They are the least and the greatest finite value. Where those are one point, and where a chunk has no finite value,
    which then keeps its first, that point is there twice. `times` are seconds since the epoch.
    """

    chunks: int
    values: Floats
    steps: Floats
    times: Floats

    def but_the_last(self) -> Peaks:
        """Those of all chunks but the last."""
        return Peaks(self.chunks - 1, self.values[:-2], self.steps[:-2], self.times[:-2])


class PeaksSoFar:
    """The chunk of one key that is being filled, as far as it is needed for its peaks. `size` is that of a full one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        self._parts: list[tuple[Ints, Ints, Ints, Any]] = []

    def extend(self, rows: Ints, steps: Ints, times_us: Ints, values: Any) -> tuple[Ints, Floats] | None:
        """Add points; of the chunks that became full the peaks, as a column's index (their rows) and values."""
        found: list[tuple[Ints, Floats]] = []
        start = 0
        while start < len(rows):
            end = min(len(rows), start + self._size - self._count)
            self._parts.append((rows[start:end], steps[start:end], times_us[start:end], values[start:end]))
            self._count += end - start
            start = end
            if self._count == self._size:
                found.append(_peaks(*(np.concatenate(part) for part in zip(*self._parts, strict=True))))
                self._count, self._parts = 0, []
        if not found:
            return None
        return np.concatenate([rows for rows, _ in found]), np.concatenate([numbers for _, numbers in found])


def read_peaks(chunks: Sequence[Chunk]) -> Peaks | None:
    """What was kept of one key of one run; None where that is not whole from its beginning."""
    if [chunk.seq for chunk in chunks] != list(range(len(chunks))):
        return None
    try:
        numbers = np.concatenate([np.asarray(decode(chunk.values), dtype="f8") for chunk in chunks])
    except Exception:  # whatever damaged bytes lead to; the chunks of the key itself say what is lost
        return None
    count = len(numbers) // PER_CHUNK
    points = numbers[: count * PER_CHUNK].reshape(2 * count, 3)
    return Peaks(count, points[:, 0], points[:, 1], points[:, 2] / 1e6)


def _peaks(rows: Ints, steps: Ints, times_us: Ints, values: Any) -> tuple[Ints, Floats]:
    values = np.asarray(values, dtype="f8")
    finite = np.isfinite(values)
    at = np.zeros(2, dtype="i8")
    if finite.any():
        at = np.sort([np.where(finite, values, np.inf).argmin(), np.where(finite, values, -np.inf).argmax()])
    return np.repeat(rows[at], 3), np.stack([values[at], steps[at], times_us[at]], axis=1, dtype="f8").ravel()
