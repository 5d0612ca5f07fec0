"""Where this kernel lives: what differs between Colab and other notebooks, and between versions of ipykernel."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from nbsweep.current import thread_run

if TYPE_CHECKING:
    from nbsweep.runs import Run

__all__ = ["in_colab", "keep_displays", "keep_kernel", "parent_header", "prepare_widgets", "write_stderr"]


def in_colab() -> bool:
    """Whether this kernel is Colab's, where a widget that a background thread updates does not move."""
    return "google.colab" in sys.modules


def prepare_widgets() -> None:
    """Colab shows widgets that are not its own only after it was asked to."""
    if in_colab():
        with contextlib.suppress(Exception):  # a Colab that no longer has or needs it
            sys.modules["google.colab"].output.enable_custom_widget_manager()


def keep_kernel() -> None:
    """IPython's `exit()` asks the kernel to end, and goes on; in a run's code it ends the run, as `sys.exit()` does."""
    shell: Any = get_ipython()
    ask = getattr(shell, "ask_exit", None)
    if ask is not None and not isinstance(ask, functools.partial):  # then it is ours already
        shell.ask_exit = functools.partial(_end_run_or_kernel, ask)


def _end_run_or_kernel(end_kernel: Callable[[], None]) -> None:
    if thread_run() is not None:
        raise SystemExit
    end_kernel()


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
