"""The only room that knows IPython, ipywidgets and anywidget: magics, the dashboard, what runs print.

`load` and `unload` serve ``%load_ext``; `train` starts an agent with a dashboard under the cell.
"""

from __future__ import annotations

from typing import Any

__all__ = ["announce", "load", "train", "unload"]


def load(ipython: Any) -> None:
    """Register the magics and their completion."""
    from nbsweep.notebook import completing
    from nbsweep.notebook.magics import SweepMagics

    ipython.register_magics(SweepMagics)
    completing.attach(ipython)
    announce()


def unload(ipython: Any) -> None:
    """Take the magics out."""
    from nbsweep.notebook import completing

    completing.detach(ipython)
    for kind, name in (("line", "sweep"), ("cell", "sweep"), ("cell", "sweep_train")):
        ipython.magics_manager.magics[kind].pop(name, None)


def announce() -> None:
    """Let JupyterLab's panel, where there is one, know that this kernel has nbsweep."""
    from nbsweep.notebook import link

    link.announce()


def train(agent: Any, *, wait: bool, echo: bool = False) -> None:
    """Start an agent, its dashboard shown under the cell; see `nbsweep.notebook.live.train`."""
    from nbsweep.notebook import live

    live.train(agent, wait=wait, echo=echo)
