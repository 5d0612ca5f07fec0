"""Where this kernel lives: what differs between Colab and other notebooks, and between versions of ipykernel."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["in_colab", "keep_displays", "parent_header", "prepare_widgets", "write_stderr"]


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


def keep_displays(run: Run) -> None:
    """On a run's thread: what it displays (`plt.show()`, `display(...)`) goes to its console, as text.

    ipykernel would send it to whichever cell ran last.
    """
    publisher: Any = getattr(get_ipython(), "display_pub", None)

    def keep(message: dict[str, Any]) -> dict[str, Any] | None:
        if message.get("msg_type") not in ("display_data", "update_display_data"):
            return message
        text = message.get("content", {}).get("data", {}).get("text/plain")
        if text is not None:
            run.print("stdout", f"{text}\n")
        return None

    if hasattr(publisher, "register_hook"):  # hooks are the thread's own, and go with it
        publisher.register_hook(keep)


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
