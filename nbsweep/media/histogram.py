"""`Histogram`: counted when it is written, not when it is made."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from nbsweep.errors import UsageError
from nbsweep.media.base import Media, as_numpy, copied, size_of
from nbsweep.media.checks import MOST_BINS, checked_bins
from nbsweep.store.media import Kept

__all__ = ["Histogram", "histogram_of"]


class Histogram(Media):
    """How often values fall into bins.

    Parameters
    ----------
    sequence : array_like, optional
        Values of any shape; a tensor too. Those that are not finite are left out and counted.
    np_histogram : tuple, optional
        (counts, edges) as `numpy.histogram` gives them, in the place of `sequence`.
    num_bins : int, default 64
        At most 512.

    Attributes
    ----------
    histogram : list
        Counts, one a bin.
    bins : list of float
        Edges, one more than bins.

    Examples
    --------
    >>> Histogram([1, 1, 2, 3], num_bins=2).histogram
    [2, 2]
    """

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        if (sequence is None) == (np_histogram is None):
            raise UsageError("Histogram takes either a sequence of values or np_histogram=(counts, edges)")
        if isinstance(num_bins, bool) or not isinstance(num_bins, int) or not 1 <= num_bins <= MOST_BINS:
            raise UsageError(f"Histogram(num_bins={num_bins!r}): use a whole number from 1 to {MOST_BINS}")
        self._num_bins = num_bins
        self._source: Any = None
        self._made: tuple[list[Any], list[float], int] | None = None
        if np_histogram is not None:
            self._made = (*checked_bins(np_histogram), 0)
        else:
            self._source = copied(sequence, "Histogram")
            self.weight = size_of(self._source)

    @property
    def histogram(self) -> list[Any]:
        return self._counted()[0]

    @property
    def bins(self) -> list[float]:
        return self._counted()[1]

    def _counted(self) -> tuple[list[Any], list[float], int]:
        source = self._source  # first: another thread that counts lets go of it after it has the counts
        if self._made is None:
            import numpy as np

            values = np.asarray(as_numpy(source)).ravel()
            if values.dtype.kind not in "biuf":
                raise UsageError(f"Histogram: its values are {values.dtype}; give numbers")
            finite = values[np.isfinite(values)].astype("f8")
            counts, edges = np.histogram(finite, bins=self._num_bins)
            self._made = counts.tolist(), edges.tolist(), len(values) - len(finite)
            self._source, self.weight = None, 0
        return self._made

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        import numpy as np

        counts, edges, odd = self._counted()
        total = sum(counts)
        text = f"histogram of {total:g} values, {edges[0]:.4g} … {edges[-1]:.4g}"
        if odd:
            text += f" ({odd} more are not finite)"
        record: dict[str, Any] = {"kind": "histogram", "text": text, "n": len(counts), "odd": odd}
        regular = np.linspace(edges[0], edges[-1], len(counts) + 1).tolist()
        record["edges"] = [edges[0], edges[-1]] if regular == edges else edges
        whole = all(isinstance(count, int) for count in counts)
        dtype = "<u4" if whole and max(counts, default=0) < 2**32 else "<f8"
        record["dtype"] = dtype
        record["counts"] = base64.b64encode(zlib.compress(np.array(counts, dtype).tobytes(), 6)).decode()
        return Kept(record), {}


def histogram_of(record: dict[str, Any]) -> Histogram:
    """The histogram that `packed` made this record of."""
    import numpy as np

    dtype, n = {"<u4": "<u4", "<f8": "<f8"}[record["dtype"]], int(record["n"])
    unpack = zlib.decompressobj()
    counts = np.frombuffer(unpack.decompress(base64.b64decode(record["counts"]), 8 * (MOST_BINS + 1)), dtype).tolist()
    edges = record["edges"]
    if len(edges) == 2 and n != 1:
        edges = np.linspace(edges[0], edges[1], n + 1).tolist()
    return Histogram(np_histogram=(counts, edges))
