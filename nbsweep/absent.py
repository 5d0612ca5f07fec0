"""W&B's names that nbsweep does without, so that training code which was written for W&B mostly runs as it is.

What is harmless to leave out does nothing and says so once, what is made to be logged is left out by `log`, which says
so; the rest is refused, with what to use instead.
"""

from __future__ import annotations

import secrets
import sys
import warnings
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from nbsweep.errors import CommError, Error

__all__ = ["NAMES", "StandIns", "stand_in", "warn_ignored"]


def _to_stderr(text: object = "", *_args: Any, **_kwargs: Any) -> None:
    """W&B's `termlog` and its kin."""
    print(text, file=sys.stderr)


IGNORED = frozenset(
    {
        "Settings",
        "alert",
        "get_project_url",
        "get_sweep_url",
        "get_url",
        "log_code",
        "mark_preempting",
        "require",
        "setup",
        "status",
        "teardown",
        "unwatch",
        "watch",
    }
)
_READ = "nbsweep.Sweep(id).best_run.dir, or .run(name).dir, is the directory with what a run has saved and logged"
INSTEAD = {
    "Api": "nbsweep.Sweep(id) reads a sweep: .runs, .best_run, .history()",
    "data_types": "nbsweep.Histogram, Image and Table are what log takes besides numbers and strings",
    "integration": "call nbsweep.log in a callback of your own",
    "keras": "call nbsweep.log in a callback of your own: on_epoch_end(self, epoch, logs) has what it takes",
    "sdk": "what nbsweep has stands in nbsweep itself",
    "sklearn": "nbsweep.log takes numbers; nbsweep.Image takes a figure of matplotlib",
    "join": "finish() ends a run",
    "path": "a run has .project and .id",
    "project_name": "a run has .project",
    "restore": _READ,
    "use_artifact": _READ,
    "use_model": _READ,
}
LOGGED = frozenset({"Audio", "Html", "Molecule", "Object3D", "Plotly", "Video", "plot_table"})


def _unkept(name: str) -> Callable[..., Any]:
    """In the place of what is made to be logged: `log` leaves it out and says so, and training goes on."""

    def made(*_args: Any, **_kwargs: Any) -> Any:
        from nbsweep.values import Unkept

        return Unkept(f"nbsweep has no {name}; Image (of a matplotlib figure too), Table and Histogram are kept")

    made.__name__ = made.__qualname__ = name
    return made


class _Plot:
    """W&B's `plot`, whose functions make charts of its pages."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unkept(f"plot.{name}")


VALUES: dict[str, Any] = {  # what code asks for on its way to a function that does nothing
    "AlertLevel": SimpleNamespace(INFO="INFO", WARN="WARN", ERROR="ERROR"),
    "CommError": CommError,
    "Error": Error,
    **dict.fromkeys(("termerror", "termlog", "termwarn"), _to_stderr),
    "plot": _Plot(),
    **{name: _unkept(name) for name in LOGGED},
    "util": SimpleNamespace(generate_id=lambda length=8: secrets.token_hex(length)[:length]),
}
NAMES = IGNORED | INSTEAD.keys() | VALUES.keys()
OF_A_RUN = {  # W&B's attributes of a run
    **dict.fromkeys(("entity", "group", "job_type", "project_url", "sweep_url", "url")),
    "disabled": False,
    "mode": "offline",
    "offline": True,
    "resumed": False,
    "settings": SimpleNamespace(mode="offline"),
}

UNSAID = {  # W&B's arguments whose work is done without them, or that concern its pages alone
    "define_metric": ("hidden", "overwrite", "step_metric", "step_sync"),
    "finish": ("quiet",),
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


class _StandIn:
    """An attribute of a run that is `stand_in` of its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, _run: object, _owner: type) -> Any:
        return stand_in(self._name, "run")


class StandIns:
    """W&B's attributes of a run that nbsweep does without.

    Each is an attribute of this class, for a `__getattr__` makes all others slower too, those that `Run.log` reads.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - NAMES - OF_A_RUN.keys())


for _name in NAMES:
    setattr(StandIns, _name, _StandIn(_name))
for _name, _value in OF_A_RUN.items():
    setattr(StandIns, _name, _value)


def warn_ignored(name: str, ignored: Mapping[str, Any]) -> None:
    """One warning of W&B's arguments that a caller's caller gave to `name`, and that make no difference."""
    unsaid = UNSAID.get(name, ())
    given = [argument for argument, value in ignored.items() if value is not None and argument not in unsaid]
    if given:
        warnings.warn(
            f"nbsweep.{name}: {', '.join(given)} {'makes' if len(given) == 1 else 'make'} no difference here",
            stacklevel=3,
        )
