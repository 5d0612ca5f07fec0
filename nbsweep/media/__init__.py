"""`Histogram`, `Image` and `Table`: what `log` takes beside numbers, by W&B's names.

What one is made from is copied when it is made, a table's rows when it is logged; counting, PNG and JSON are made
later, on a thread of their own (`nbsweep.encoding`). `packed` gives what the store keeps, `loaded` the thing back.
Importing this package loads neither NumPy nor Pillow.
"""

from __future__ import annotations

import io
from typing import Any

from nbsweep.errors import StoreError
from nbsweep.media.base import Media
from nbsweep.media.histogram import Histogram, histogram_of
from nbsweep.media.image import Image
from nbsweep.media.table import Table, table_of
from nbsweep.store.media import Kept

__all__ = ["Histogram", "Image", "Media", "Table", "loaded"]


def loaded(kept: Kept) -> Any:
    """What a record of the store stands for; see `Kept.load`."""
    try:
        if kept.kind == "histogram":
            return histogram_of(kept.record)
        data = kept.read()
        if kept.kind == "image":
            from PIL import Image as Pillow

            picture = Pillow.open(io.BytesIO(data))
            picture.load()
            return picture
        if kept.kind == "table":
            return table_of(data)
    except StoreError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        raise StoreError(f"{kept}: it cannot be read ({error})") from error
    raise StoreError(f"{kept}: a {kept.kind!r} is nothing that this nbsweep knows; a newer one may")
