"""One BLAS thread, for as long as a model works on its small matrices.

OpenBLAS' threads wait for each other by spinning; beside training that uses the processors, a suggestion of 10 ms then
takes 300. The limit holds for the process, so entries are counted: the first one in sets it, the last one out restores.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

__all__ = ["one_thread"]


class _OneThread:
    """A context that may be entered by several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._controller: Any = None
        self._limit: Any = None
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                if self._controller is None:
                    from threadpoolctl import ThreadpoolController  # looks at every library that is loaded: once

                    self._controller = ThreadpoolController()
                self._limit = self._controller.limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


one_thread = _OneThread()
