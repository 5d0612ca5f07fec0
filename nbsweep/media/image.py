"""`Image`: a PNG when it is written; a file that browsers show stays as it is."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from nbsweep.absent import warn_ignored
from nbsweep.errors import UsageError
from nbsweep.media.base import LONGEST_CAPTION, Media, as_numpy, copied, size_of
from nbsweep.media.checks import check_mode, check_shape, mode_of_file
from nbsweep.store.media import Kept, file_name

__all__ = ["Image"]

PNG_LEVEL = 1  # zlib's: pictures go to disk beside training
_AS_THEY_ARE = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}


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
        found: str | None = None
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
            found = mode_of_file(self._file, str(data_or_path))
        elif hasattr(data_or_path, "savefig"):  # a figure changes with the next plot: drawn now
            drawn = io.BytesIO()
            data_or_path.savefig(drawn, format="png")
            self._file = drawn.getvalue()
        elif hasattr(data_or_path, "tobytes") and hasattr(data_or_path, "getbands"):
            self._picture = data_or_path.copy()
            self.weight = 4 * self._picture.width * self._picture.height
        else:
            self._pixels = copied(data_or_path, "Image")
            self._channels_first = hasattr(data_or_path, "detach")
            check_shape(tuple(int(n) for n in self._pixels.shape), self._channels_first)
        if self.mode is not None:
            check_mode(self.mode, found or self._own_mode())
        self.weight = self.weight or len(self._file or b"") + size_of(self._pixels)

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

        pixels = np.asarray(as_numpy(self._pixels))
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
