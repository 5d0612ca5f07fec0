"""What every kind has in common, and arrays and tensors as they are taken."""

from __future__ import annotations

from typing import Any

from nbsweep.errors import UsageError
from nbsweep.store.media import Kept

__all__ = ["LONGEST_CAPTION", "Media", "as_numpy", "copied", "size_of"]

LONGEST_CAPTION = 200


class Media:
    """What `log` keeps by its kind."""

    weight: int = 0  # bytes that it holds until it is written

    def taken(self) -> Media:
        """What later changes of the caller's objects do not reach."""
        return self

    def packed(self, sweep_id: str | None, run_id: str) -> tuple[Kept, dict[str, bytes]]:
        """What history keeps, and the files it names."""
        raise NotImplementedError


def copied(data: Any, name: str) -> Any:
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


def as_numpy(data: Any) -> Any:
    """A copied array or tensor as NumPy takes it; here a GPU is waited for."""
    if hasattr(data, "cpu"):
        data = data.cpu()
        if str(getattr(data, "dtype", "")) in ("torch.bfloat16", "torch.float16"):
            data = data.float()
        return data.numpy()
    return data


def size_of(data: Any) -> int:
    return 0 if data is None else int(getattr(data, "nbytes", 0))
