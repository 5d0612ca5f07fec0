"""Environment variables of W&B's: heard where the user has set them, and set while agents train, for code that asks.

``"WANDB_SWEEP_ID" in os.environ`` is how training code written for W&B asks whether it trains for a sweep. A process
that such code starts inherits the variable, and is told by it whose it is not.
"""

from __future__ import annotations

import os
import threading
import warnings

__all__ = ["RUN_ID", "SWEEP_ID", "announce", "described", "foreign_sweep", "project", "warn_of_disabled", "withdraw"]

SWEEP_ID = "WANDB_SWEEP_ID"
RUN_ID = "WANDB_RUN_ID"

_lock = threading.Lock()
_training: dict[str, str] = {}  # the sweep of each agent at work in this process, the last to begin last
_outside: list[str | None] = []  # what the variable was before the first of them
_process: list[int] = []  # which one that is: a forked child inherits all this, and trains none of them
_said: set[str] = set()


def announce(agent_id: str, sweep_id: str) -> None:
    """From now on an agent trains functions in this process. Of several the last to begin is named."""
    with _lock:
        if not _training:
            _outside[:] = [os.environ.get(SWEEP_ID)]
        _process[:] = [os.getpid()]
        _training[agent_id] = sweep_id
        os.environ[SWEEP_ID] = sweep_id


def withdraw(agent_id: str) -> None:
    """That agent has ended; with the last one the variable is as it was, unless the user has changed it meanwhile."""
    with _lock:
        ended = _training.pop(agent_id, None)
        if ended is None or os.environ.get(SWEEP_ID) not in (ended, *_training.values()):
            return
        now = next(reversed(_training.values()), _outside[0])
        if now is None:
            del os.environ[SWEEP_ID]
        else:
            os.environ[SWEEP_ID] = now


def foreign_sweep() -> str | None:
    """The sweep that another process trained when it started this one, if any did."""
    here = bool(_training) and _process == [os.getpid()]
    return None if here else os.environ.get(SWEEP_ID) or None


def project() -> str | None:
    """The project where nothing else names one: nbsweep's own variable wins."""
    return os.environ.get("NBSWEEP_PROJECT") or os.environ.get("WANDB_PROJECT") or None


def described() -> tuple[str | None, list[str] | None, str | None]:
    """Name, tags and notes of a run whose `init` gives none."""
    tags = [tag.strip() for tag in os.environ.get("WANDB_TAGS", "").split(",") if tag.strip()]
    return os.environ.get("WANDB_NAME") or None, tags or None, os.environ.get("WANDB_NOTES") or None


def warn_of_disabled() -> None:
    """Say once that W&B's switch does not switch off what is recorded here."""
    for name in ("WANDB_MODE", "WANDB_DISABLED"):
        value = os.environ.get(name, "")
        off = value.lower() == "disabled" if name == "WANDB_MODE" else value.lower() in ("true", "1")
        if off and not _said:
            _said.add(name)
            warnings.warn(f"{name}={value} has no effect here: runs are recorded all the same", stacklevel=3)
