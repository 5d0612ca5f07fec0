"""Memory between runs: what a run has left behind is freed before the next one starts.

Python frees what a run held when its last reference goes; what hangs together in circles waits for the collector, and
PyTorch keeps the GPU's blocks for itself. Neither is touched where there is nothing to gain: the collector takes tens
of milliseconds in a process that has PyTorch loaded.
"""

from __future__ import annotations

import contextlib
import gc
import sys

__all__ = ["between_runs", "is_shortage"]

_WORDS = ("out of memory", "cuda error: out of memory", "defaultcpuallocator: can't allocate memory")


def is_shortage(error: BaseException) -> bool:
    """Whether memory ran out: Python's, NumPy's, or a device's as PyTorch and JAX say it.

    >>> is_shortage(MemoryError()), is_shortage(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    (True, True)
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def between_runs(*, thoroughly: bool) -> None:
    """Free what the run that just ended on this thread has left; `thoroughly` after it ran out of memory."""
    torch = sys.modules.get("torch")
    with contextlib.suppress(Exception):  # a device in trouble must not take the next run down
        on_gpu = torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized()
        if thoroughly or on_gpu:
            gc.collect()
        if on_gpu and torch is not None:
            torch.cuda.empty_cache()
