"""nbsweep: hyperparameter sweeps that live inside the notebook.

    import nbsweep

    sweep_id = nbsweep.sweep(
        {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 0.1}}}
    )
    nbsweep.agent(sweep_id, train, count=5)

In a notebook: ``%load_ext nbsweep``, then ``%%sweep define`` and ``%%sweep_train``. The names are W&B's where W&B has
the thing, so that ``import nbsweep as wandb`` runs its tutorials. Importing this package loads nothing heavy: each
name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nbsweep.errors import ConfigError, NbsweepError, RunStopped, StoreError, StoreVersionError, UsageError

if TYPE_CHECKING:
    from nbsweep.agents import Agent
    from nbsweep.api import agent, define_metric, finish, init, log, login, sweep
    from nbsweep.artifacts import Artifact
    from nbsweep.files import link_artifact, link_model, log_artifact, log_model, save
    from nbsweep.media import Histogram, Image, Table
    from nbsweep.run_config import Config, Summary
    from nbsweep.runs import Run
    from nbsweep.sweeps import Sweep

    config: Config
    summary: Summary
    run: Run | None

__all__ = [
    "Agent",
    "Artifact",
    "ConfigError",
    "Histogram",
    "Image",
    "NbsweepError",
    "Run",
    "RunStopped",
    "StoreError",
    "StoreVersionError",
    "Sweep",
    "Table",
    "UsageError",
    "agent",
    "config",
    "define_metric",
    "finish",
    "init",
    "link_artifact",
    "link_model",
    "log",
    "log_artifact",
    "log_model",
    "login",
    "run",
    "save",
    "summary",
    "sweep",
]

_HOMES = {
    "Agent": "nbsweep.agents",
    "Artifact": "nbsweep.artifacts",
    "Run": "nbsweep.runs",
    **dict.fromkeys(("Histogram", "Image", "Table"), "nbsweep.media"),
    "Sweep": "nbsweep.sweeps",
    **dict.fromkeys(("agent", "define_metric", "finish", "init", "log", "login", "sweep"), "nbsweep.api"),
    **dict.fromkeys(("link_artifact", "link_model", "log_artifact", "log_model", "save"), "nbsweep.files"),
}
_OF_THE_CURRENT_RUN = {"config": "current_config", "run": "run_begun", "summary": "current_summary"}
_MODULES = ("search", "space", "stopping", "sweep_config", "plots", "analysis")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in _OF_THE_CURRENT_RUN:  # asked for each time: another thread has another run
        return getattr(importlib.import_module("nbsweep.api"), _OF_THE_CURRENT_RUN[name])()
    if name in _MODULES:
        return importlib.import_module(f"nbsweep.{name}")
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("nbsweep")
    if not name.startswith("_"):
        absent = importlib.import_module("nbsweep.absent")
        if name in absent.NAMES:
            return absent.stand_in(name)
    raise AttributeError(f"module 'nbsweep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


class _Face(ModuleType):
    """This module, of which ``nbsweep.config = {...}`` means the current run's config, as ``wandb.config = {...}``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "config":
            importlib.import_module("nbsweep.api").assign_config(value)
        else:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext nbsweep``: bring in the magics."""
    importlib.import_module("nbsweep.notebook").load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext nbsweep``: take the magics out again; running sweeps go on."""
    importlib.import_module("nbsweep.notebook").unload(ipython)
