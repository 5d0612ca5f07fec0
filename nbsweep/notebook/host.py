"""Where this kernel lives: what differs between Colab and other notebooks, and between versions of ipykernel."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from IPython.core.getipython import get_ipython

__all__ = ["in_colab", "parent_header", "prepare_widgets", "write_stderr"]


def in_colab() -> bool:
    """Whether this kernel is Colab's, where a widget that a background thread updates does not move."""
    return "google.colab" in sys.modules


def prepare_widgets() -> None:
    """Colab shows widgets that are not its own only after it was asked to."""
    if in_colab():
        with contextlib.suppress(Exception):  # a Colab that no longer has or needs it
            sys.modules["google.colab"].output.enable_custom_widget_manager()


def parent_header() -> Any:
    """What the running cell's messages are marked with; None where ipykernel does not tell."""
    get_parent = getattr(getattr(get_ipython(), "kernel", None), "get_parent", None)
    try:
        return get_parent() if get_parent is not None else None
    except Exception:
        return None


def write_stderr(text: str, parent: Any) -> None:
    """Write to the standard error of the cell that `parent` marks, whichever cell runs now."""
    kernel = getattr(get_ipython(), "kernel", None)
    content = {"name": "stderr", "text": text}
    try:
        if kernel is not None and parent:
            kernel.session.send(kernel.iopub_socket, "stream", content, parent=parent, ident=b"stream.stderr")
            return
    except Exception:  # not an ipykernel as we know it: the latest cell gets it
        pass
    sys.stderr.write(text)
    sys.stderr.flush()
