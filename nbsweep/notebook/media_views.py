"""What a run logged beside numbers, as a row's details show it: the last of each key, a text and maybe a picture.

A picture is made anew as PNG, small, whatever its file holds: bytes that somebody put there never reach the page.
"""

from __future__ import annotations

import base64
import io
from typing import Any

from nbsweep.errors import NbsweepError
from nbsweep.store import Session, read_history
from nbsweep.store.media import Kept

__all__ = ["media_view"]

MOST_KEYS = 12
MOST_PIXELS = 256  # a side
_LEVELS = " ▁▂▃▄▅▆▇█"


def media_view(db: Session, run_id: str) -> list[dict[str, Any]]:
    """The last histogram, image or table of each key: ``name``, ``text`` and, for an image, ``png`` in base64."""
    history = read_history(db.newest_words(run_id)).get(run_id)
    columns = history.columns.items() if history is not None else ()
    last = [(name, column.values[-1]) for name, column in columns if len(column.values)]
    return [_shown(name, value) for name, value in last if isinstance(value, Kept)][:MOST_KEYS]


def _shown(name: str, kept: Kept) -> dict[str, Any]:
    view = {"name": name, "text": str(kept)}
    try:
        if kept.kind == "histogram":
            view["text"] += f"\n{_bars(kept.load().histogram)}"
        elif kept.kind == "image":
            picture = kept.load().convert("RGBA")
            picture.thumbnail((MOST_PIXELS, MOST_PIXELS))
            written = io.BytesIO()
            picture.save(written, "PNG")
            view["png"] = base64.b64encode(written.getvalue()).decode()
    except NbsweepError as error:
        view["text"] += f"\n{error}"
    return view


def _bars(counts: list[float], most: int = 64) -> str:
    """Counts as a line of bars; more than `most` are put together.

    >>> _bars([0, 1, 2])
    ' ▄█'
    """
    each = -(-len(counts) // most)
    sums = [sum(counts[start : start + each]) for start in range(0, len(counts), each)]
    top = max(sums, default=0)
    return "".join(_LEVELS[0 if value <= 0 else max(1, round(8 * value / top))] for value in sums)
