"""W&B's names that nbsweep does without, so that training code which was written for W&B mostly runs as it is.

What is harmless to leave out does nothing and says so once; the rest is refused, with what to use instead.
"""

from __future__ import annotations

import secrets
import warnings
from types import SimpleNamespace
from typing import Any

from nbsweep.errors import NbsweepError

__all__ = ["NAMES", "OF_A_RUN", "stand_in"]

IGNORED = frozenset(
    {
        "Settings",
        "alert",
        "get_url",
        "log_code",
        "mark_preempting",
        "require",
        "save",
        "setup",
        "status",
        "teardown",
        "unwatch",
        "watch",
    }
)
INSTEAD = {
    "Api": "nbsweep.Sweep(id) reads a sweep: .runs, .best_run, .history()",
    "Artifact": "save files yourself, and log their path",
    "Audio": "nbsweep.Image, Table and Histogram are what log takes besides numbers and strings",
    "Html": "nbsweep.Image, Table and Histogram are what log takes besides numbers and strings",
    "Object3D": "nbsweep.Image, Table and Histogram are what log takes besides numbers and strings",
    "Plotly": "nbsweep.Image takes a figure of matplotlib",
    "Video": "nbsweep.Image, Table and Histogram are what log takes besides numbers and strings",
    "join": "finish() ends a run",
    "link_model": "save files yourself, and log their path",
    "log_artifact": "save files yourself, and log their path",
    "log_model": "save files yourself, and log their path",
    "path": "a run has .project and .id",
    "plot": "nbsweep.plots draws sweeps; nbsweep.Image takes a figure of matplotlib",
    "project_name": "a run has .project",
    "restore": "read files yourself; run.dir is a run's directory",
    "use_artifact": "read files yourself",
    "use_model": "read files yourself",
}
VALUES: dict[str, Any] = {  # what code asks for on its way to a function that does nothing
    "AlertLevel": SimpleNamespace(INFO="INFO", WARN="WARN", ERROR="ERROR"),
    "Error": NbsweepError,
    "util": SimpleNamespace(generate_id=lambda length=8: secrets.token_hex(length)[:length]),
}
NAMES = IGNORED | INSTEAD.keys() | VALUES.keys()
OF_A_RUN = {  # W&B's attributes of a run
    **dict.fromkeys(("entity", "group", "job_type", "sweep_url", "url")),
    "disabled": False,
    "offline": True,
    "resumed": False,
}

_said: set[str] = set()


def stand_in(name: str, owner: str = "nbsweep") -> Any:
    """What does nothing, in the place of W&B's function; or a value that such functions are given.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    owner : str, default "nbsweep"
        Whose attribute it would be, for the message.

    Raises
    ------
    AttributeError
        Where code that goes on without it would not do what it says; the message has what to use instead.
    """
    if name in VALUES:
        return VALUES[name]
    if name in INSTEAD:
        raise AttributeError(f"{owner} has no {name!r} as W&B has: {INSTEAD[name]}")

    def ignored(*_args: Any, **_kwargs: Any) -> None:
        if name not in _said:
            _said.add(name)
            warnings.warn(f"{owner}.{name} makes no difference here", stacklevel=2)

    ignored.__name__ = ignored.__qualname__ = name
    ignored.__doc__ = f"W&B's `{name}`, which makes no difference here."
    return ignored
