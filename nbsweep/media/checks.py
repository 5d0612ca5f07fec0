"""What a histogram, a picture or a table cannot be made of: told where it is made, by a UsageError.

Nothing is decoded or counted here, for training must not wait: of a picture's file the header is read, of an array
the shape.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from nbsweep.errors import UsageError

__all__ = ["MOST_BINS", "check_columns", "check_mode", "check_shape", "checked_bins", "checked_rows", "mode_of_file"]

MOST_BINS = 512


def checked_bins(given: Any) -> tuple[list[Any], list[float]]:
    """Counts and edges as `numpy.histogram` gives them."""
    import numpy as np

    try:
        counts, edges = (np.array(part) for part in given)
        sound = counts.ndim == edges.ndim == 1 and len(edges) == len(counts) + 1 and 1 <= len(counts) <= MOST_BINS
        sound = sound and counts.dtype.kind in "iuf" and bool(np.isfinite(edges).all() and np.isfinite(counts).all())
        sound = sound and bool((counts >= 0).all() and (np.diff(edges.astype("f8")) >= 0).all())
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise UsageError(
            f"Histogram(np_histogram={given!r:.80}): give (counts, edges) of numpy.histogram, finite, counts of 0 or "
            f"more, rising edges, one edge more than counts, at most {MOST_BINS} bins"
        )
    return counts.tolist(), edges.astype("f8").tolist()


def check_shape(shape: tuple[int, ...], channels_first: bool) -> None:
    """That an array of this shape is one picture."""
    channels = shape[0] if channels_first else shape[-1] if shape else 0
    if math.prod(shape) == 0 or not (len(shape) == 2 or (len(shape) == 3 and channels in (1, 3, 4))):
        wants = "(channels, height, width)" if channels_first else "(height, width, channels)"
        raise UsageError(
            f"Image: its shape is {shape}; give (height, width) or {wants} with 1, 3 or 4 channels, one image at a time"
        )


def mode_of_file(data: bytes, name: str) -> str | None:
    """The mode of a picture's file by its header; None where there is no Pillow to tell."""
    try:
        from PIL import Image as Pillow
        from PIL import UnidentifiedImageError
    except ImportError:
        return None
    try:
        return Pillow.open(io.BytesIO(data)).mode
    except Exception as error:  # whatever Pillow's readers make of bytes that are none
        why = "it is no picture that Pillow knows" if isinstance(error, UnidentifiedImageError) else error
        raise UsageError(f"Image({name!r:.200}): {why}") from None


def check_mode(mode: Any, found: str | None) -> None:
    """That Pillow converts a picture of the mode `found` to `mode`."""
    try:
        from PIL import Image as Pillow
    except ImportError:
        return
    if found is None:
        return
    try:
        Pillow.new(found, (1, 1)).convert(mode)
    except Exception as error:  # a ValueError, or what a mode that is no string leads to
        raise UsageError(
            f"Image(mode={mode!r:.80}): a picture of mode {found} cannot be converted to it ({error}); "
            'use a mode of Pillow\'s, such as "L" or "RGB"'
        ) from None


def check_columns(columns: Any) -> None:
    """That a table's columns are names, not one text."""
    if isinstance(columns, (str, bytes)) or not isinstance(columns, Iterable):
        raise UsageError(f"Table(columns={columns!r:.80}): give a list of names")


def checked_rows(data: Any) -> list[list[Any]]:
    """A table's data as rows; text, which is a sequence of letters, is none."""
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable):
        raise UsageError(f"Table(data={data!r:.80}): give a list of rows, each a list of values")
    rows = []
    for place, row in enumerate(data):
        if isinstance(row, (str, bytes, Mapping)) or not hasattr(row, "__iter__"):
            raise UsageError(f"Table: row {place} is {row!r:.80}; give a list of rows, each a list of values")
        rows.append(list(row))
    return rows
