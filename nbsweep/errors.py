"""What nbsweep raises, in one tree.

Every message says what is wrong, where (a key's path, a run's name) and what to do::

    NbsweepError
    ├── ConfigError (also a ValueError)   a sweep config that cannot be used; `.path` is the key's path
    ├── UsageError (also a ValueError)    a call that cannot be carried out as it was made
    └── StoreError                        the database cannot be opened, read or written
        ├── StoreVersionError             it was written by a newer nbsweep
        └── StoreRefusedError             it works, but refuses these rows: what they belong to is not there

    RunStopped (a BaseException)          raised inside training code whose run is to end

`Error`, `CommError` and `AuthenticationError` are W&B's names, for code that catches them.
"""

from __future__ import annotations

__all__ = [
    "AuthenticationError",
    "CommError",
    "ConfigError",
    "Error",
    "NbsweepError",
    "RunStopped",
    "StoreError",
    "StoreRefusedError",
    "StoreVersionError",
    "UsageError",
]


class NbsweepError(Exception):
    """The base of every error that nbsweep reports."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows this in the place of a traceback: the message is what the user needs."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(NbsweepError, ValueError):
    """A sweep config that cannot be used.

    Parameters
    ----------
    message : str
        The whole text for the user: path, value and mend.
    path : str
        The path of the (first) key at fault, as in ``parameters.lr.min``; empty for the config as a whole.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class UsageError(NbsweepError, ValueError):
    """A call, magic or option that cannot be carried out; the message says how to write it."""


class StoreError(NbsweepError):
    """The database cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The database was written by a newer nbsweep than this one."""


class StoreRefusedError(StoreError):
    """The database works, but refuses what was to be written: its run or sweep is not there, or is there already."""


class AuthenticationError(StoreError):
    """W&B's. There is no account, so nothing raises it."""


Error = NbsweepError
CommError = StoreError


class RunStopped(BaseException):
    """Ends the training code of a run that was stopped.

    Derived from ``BaseException`` so that ``except Exception`` in training code cannot swallow it. nbsweep catches
    it around the run; user code never needs to.
    """
