"""`Histogram`, `Image` and `Table`: what `log` takes beside numbers, by W&B's names.

What one is made from is copied when it is made, a table's rows when it is logged; counting, PNG and JSON are made
later, on a thread of their own (`nbsweep.encoding`). `packed` gives what the store keeps, `loaded` the thing back.
Importing this module loads neither NumPy nor Pillow.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbsweep.absent import warn_ignored
from nbsweep.errors import StoreError, UsageError
from nbsweep.media_checks import (
    MOST_BINS,
    check_columns,
    check_mode,
    check_shape,
    checked_bins,
    checked_rows,
    mode_of_file,
)
from nbsweep.store.media import Kept, file_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Histogram", "Image", "Media", "Table", "loaded"]

LONGEST_CAPTION = 200
PNG_LEVEL = 1  # zlib's: pictures go to disk beside training
_AS_THEY_ARE = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}


class Media:
    """What `log` keeps by its kind."""

    weight: int = 0  # bytes that it holds until it is written

    def taken(self) -> Media:
        """What later changes of the caller's objects do not reach."""
        return self

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        """What history keeps, and the files it names."""
        raise NotImplementedError


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
            self._source = _copied(sequence, "Histogram")
            self.weight = _bytes(self._source)

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

            values = np.asarray(_array(source)).ravel()
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


class Image(Media):
    """A picture.

    Parameters
    ----------
    data_or_path : array, tensor, PIL image, matplotlib figure, or path
        An array of shape (height, width) or (height, width, 1, 3 or 4), uint8 or float from 0 to 1; a tensor of shape
        (channels, height, width) or (height, width); the path of a picture.
    mode : str, optional
        Pillow's mode to convert to, such as "L" or "RGB".
    caption : str, optional
    **ignored
        W&B's other arguments (boxes, masks, …); they make no difference, which a warning says.

    Examples
    --------
    >>> import numpy as np
    >>> Image(np.zeros((28, 28)), caption="a zero").caption
    'a zero'
    """

    def __init__(self, data_or_path: Any, mode: str | None = None, caption: str | None = None, **ignored: Any) -> None:
        warn_ignored("Image", ignored)
        self.mode = mode
        self.caption = None if caption is None else str(caption)
        self._pixels: Any = None
        self._picture: Any = None
        self._file: bytes | None = None
        self._channels_first = False
        if isinstance(data_or_path, Image):
            self._channels_first = data_or_path._channels_first
            self._pixels, self._picture = data_or_path._pixels, data_or_path._picture
            self._file, self.mode = data_or_path._file, mode or data_or_path.mode
            self.caption = self.caption if caption is not None else data_or_path.caption
        elif isinstance(data_or_path, (str, os.PathLike)):
            try:
                self._file = Path(data_or_path).read_bytes()
            except OSError as error:
                raise UsageError(
                    f"Image({str(data_or_path)!r}): the file cannot be read ({error.strerror or error})"
                ) from None
            mode_of_file(self._file, str(data_or_path))
        elif hasattr(data_or_path, "savefig"):  # a figure changes with the next plot: drawn now
            drawn = io.BytesIO()
            data_or_path.savefig(drawn, format="png")
            self._file = drawn.getvalue()
        elif hasattr(data_or_path, "tobytes") and hasattr(data_or_path, "getbands"):
            self._picture = data_or_path.copy()
            self.weight = 4 * self._picture.width * self._picture.height
        else:
            self._pixels = _copied(data_or_path, "Image")
            self._channels_first = hasattr(data_or_path, "detach")
            check_shape(tuple(int(n) for n in self._pixels.shape), self._channels_first)
        if self.mode is not None:
            check_mode(self.mode, self._own_mode())
        self.weight = self.weight or len(self._file or b"") + _bytes(self._pixels)

    def _own_mode(self) -> str | None:
        """Pillow's mode of what it is made from."""
        if self._file is not None:
            return mode_of_file(self._file, "…")
        if self._picture is not None:
            return str(self._picture.mode)
        channels = self._pixels.shape[0 if self._channels_first else -1] if self._pixels.ndim == 3 else 1
        return {1: "L", 3: "RGB", 4: "RGBA"}[int(channels)]

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        picture, data, ending = self._encoded()
        text = f"image {picture.width}×{picture.height}"
        if self.caption:
            text += f": {self.caption[:LONGEST_CAPTION]}"
        name = file_name(sweep_id, run_id, data, ending)
        record = {"kind": "image", "text": text, "file": name, "width": picture.width, "height": picture.height}
        if self.caption:
            record["caption"] = self.caption
        return Kept(record), {name: data}

    def _encoded(self) -> tuple[Any, bytes, str]:
        from PIL import Image as Pillow

        if self._file is not None:
            picture: Pillow.Image = Pillow.open(io.BytesIO(self._file))
            if self.mode is None and picture.format in _AS_THEY_ARE:
                picture.load()
                return picture, self._file, _AS_THEY_ARE[picture.format]
        else:
            picture = self._picture if self._picture is not None else Pillow.fromarray(self._as_bytes())
        if self.mode is not None:
            picture = picture.convert(self.mode)
        written = io.BytesIO()
        try:
            picture.save(written, "PNG", compress_level=PNG_LEVEL)
        except OSError:  # a mode that PNG does not have, such as CMYK
            picture = picture.convert("RGB")
            written = io.BytesIO()
            picture.save(written, "PNG", compress_level=PNG_LEVEL)
        return picture, written.getvalue(), "png"

    def _as_bytes(self) -> Any:
        import numpy as np

        pixels = np.asarray(_array(self._pixels))
        if self._channels_first and pixels.ndim == 3:
            pixels = np.moveaxis(pixels, 0, -1)
        if pixels.ndim == 3 and pixels.shape[-1] == 1:
            pixels = pixels[..., 0]
        if pixels.dtype.kind == "b":
            pixels = pixels * np.uint8(255)
        elif pixels.dtype.kind == "f":
            pixels = np.nan_to_num(pixels, nan=0.0, posinf=255.0, neginf=0.0)
            if pixels.max(initial=0.0) <= 1.0:
                pixels = pixels * 255
            pixels = np.rint(pixels)
        return np.ascontiguousarray(np.clip(pixels, 0, 255).astype("u1"))


class Table(Media):
    """Rows of values under named columns.

    Parameters
    ----------
    columns : sequence of str, optional
        By default a DataFrame's, else "Input", "Output", "Expected" as W&B has it, or numbers where `data` has not
        three columns.
    data : sequence of sequences, optional
        Rows; a DataFrame too. A value may be an `Image` or a `Histogram`, which comes back as history gives it, with a
        `load` of its own.
    dataframe : pandas.DataFrame, optional
        In the place of `columns` and `data`.
    **ignored
        W&B's other arguments (allow_mixed_types, …); they make no difference, which a warning says.

    Examples
    --------
    >>> table = Table(columns=["word", "count"])
    >>> table.add_data("a", 3)
    >>> table.data
    [['a', 3]]
    """

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Iterable[Sequence[Any]] | None = None,
        dataframe: Any = None,
        **ignored: Any,
    ) -> None:
        warn_ignored("Table", ignored)
        if dataframe is None and hasattr(columns, "itertuples") and data is None:
            columns, dataframe = None, columns
        elif dataframe is None and data is not None and hasattr(data, "itertuples"):
            if columns is None:
                data, dataframe = None, data
            else:
                data = list(data.itertuples(index=False, name=None))  # under names of the caller's
        if dataframe is not None:
            if columns is not None or data is not None:
                raise UsageError("Table takes a dataframe, or columns and data, not both")
            if not hasattr(dataframe, "itertuples"):
                raise UsageError(f"Table(dataframe={dataframe!r:.80}): give a pandas DataFrame")
            columns, data = list(dataframe.columns), dataframe.itertuples(index=False, name=None)
        rows = [] if data is None else checked_rows(data)
        if columns is not None:
            check_columns(columns)
        if columns is None:
            width = len(rows[0]) if rows else 3
            columns = ["Input", "Output", "Expected"] if width == 3 else range(width)
        self.columns = [str(column) for column in columns]
        self.data: list[list[Any]] = []
        for row in rows:
            self.add_data(*row)

    def add_data(self, *row: Any) -> None:
        """Add a row: a value a column."""
        if len(row) != len(self.columns):
            raise UsageError(
                f"Table.add_data: {len(row)} values for {len(self.columns)} columns ({', '.join(self.columns)[:200]})"
            )
        self.data.append([_cell(value) for value in row])

    def add_column(self, name: Any, data: Iterable[Any]) -> None:
        """Add a column: a value a row. The first column of a table brings its rows."""
        values = [_cell(value) for value in data]
        if not self.columns:
            self.data = [[] for _ in values]
        if len(values) != len(self.data):
            raise UsageError(f"Table.add_column({str(name)!r:.80}): {len(values)} values for {len(self.data)} rows")
        self.columns = [*self.columns, str(name)]
        self.data = [[*row, value] for row, value in zip(self.data, values, strict=True)]

    def get_dataframe(self) -> pd.DataFrame:
        """The table for pandas."""
        import pandas as pd

        return pd.DataFrame(self.data, columns=self.columns)

    def taken(self) -> Table:
        copy = Table(columns=self.columns)
        copy.data = [list(row) for row in self.data]
        media = sum(value.weight for row in copy.data for value in row if isinstance(value, Media))
        copy.weight = 100 * len(copy.data) * max(1, len(copy.columns)) + media
        return copy

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        files: dict[str, bytes] = {}

        def as_json(value: Any) -> Any:
            value = _cell(value)
            if isinstance(value, list):
                return [as_json(each) for each in value]
            if isinstance(value, Media):
                value, its_files = value.packed(sweep_id, run_id)
                files.update(its_files)
            return {"media": value.record} if isinstance(value, Kept) else value

        rows = [[as_json(value) for value in row] for row in self.data]
        data = json.dumps({"columns": self.columns, "data": rows}).encode()
        name = file_name(sweep_id, run_id, data, "table.json")
        count = f"{len(rows)} row{'' if len(rows) == 1 else 's'} of {len(self.columns)}"
        text = f"table, {count}: {', '.join(self.columns)}"
        text = text if len(text) <= LONGEST_CAPTION else text[: LONGEST_CAPTION - 1] + "…"
        return Kept({"kind": "table", "text": text, "file": name}), {**files, name: data}


def loaded(kept: Kept) -> Any:
    """What a record of the store stands for; see `Kept.load`."""
    try:
        if kept.kind == "histogram":
            return _histogram(kept.record)
        data = kept.read()
        if kept.kind == "image":
            from PIL import Image as Pillow

            picture = Pillow.open(io.BytesIO(data))
            picture.load()
            return picture
        if kept.kind == "table":
            read = json.loads(data)
            return Table(columns=read["columns"], data=_with_media(read["data"]))
    except StoreError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        raise StoreError(f"{kept}: it cannot be read ({error})") from error
    raise StoreError(f"{kept}: a {kept.kind!r} is nothing that this nbsweep knows; a newer one may")


def _with_media(value: Any) -> Any:
    """A table's rows as they are read: what is no list, text or number in them names a picture or histogram."""
    if isinstance(value, list):
        return [_with_media(each) for each in value]
    return Kept(value["media"]) if isinstance(value, dict) else value


def _histogram(record: dict[str, Any]) -> Histogram:
    import numpy as np

    dtype, n = {"<u4": "<u4", "<f8": "<f8"}[record["dtype"]], int(record["n"])
    unpack = zlib.decompressobj()
    counts = np.frombuffer(unpack.decompress(base64.b64decode(record["counts"]), 8 * (MOST_BINS + 1)), dtype).tolist()
    edges = record["edges"]
    if len(edges) == 2 and n != 1:
        edges = np.linspace(edges[0], edges[1], n + 1).tolist()
    return Histogram(np_histogram=(counts, edges))


def _copied(data: Any, name: str) -> Any:
    """A copy that is not waited for: of a tensor on its own device."""
    if hasattr(data, "detach") and hasattr(data, "clone"):
        return data.detach().clone()
    import numpy as np

    try:
        copied = np.array(data)
    except Exception as error:  # a user's object: its errors are its own
        raise UsageError(f"{name} cannot make an array of {type(data).__name__}: {error}") from None
    if copied.dtype.kind not in "biuf":
        raise UsageError(f"{name}: {type(data).__name__} {data!r:.60} is no array of numbers")
    return copied


def _array(data: Any) -> Any:
    """A copied array or tensor as NumPy takes it; here a GPU is waited for."""
    if hasattr(data, "cpu"):
        data = data.cpu()
        if str(getattr(data, "dtype", "")) in ("torch.bfloat16", "torch.float16"):
            data = data.float()
        return data.numpy()
    return data


def _bytes(data: Any) -> int:
    return 0 if data is None else int(getattr(data, "nbytes", 0))


def _cell(value: Any) -> Any:
    """A table's value as JSON has it, or a picture or histogram; safe from later changes."""
    if isinstance(value, (Kept, Media)):
        return value.taken() if isinstance(value, Media) else value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value if type(value) in (bool, int, float, str) or value is None else json.loads(json.dumps(value))
    try:
        if hasattr(value, "tolist"):
            return _cell(value.tolist())
        if isinstance(value, (list, tuple)):
            return [_cell(each) for each in value]
        return str(value)
    except Exception:  # a user's object: its errors are its own
        return f"<{type(value).__name__}>"
