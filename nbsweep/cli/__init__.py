"""The command line: ``nbsweep sweep | agent | ls | show | …``, and ``python -m nbsweep``.

`main` parses and calls one function of this folder; what it needs is imported then, so that ``--help`` is quick.
Commands read the store and call the Python API; none of them has a power that the API lacks.

Exit codes::

    0    done
    1    it could not be done: the store cannot be used, a check failed
    2    the command line or the sweep config is wrong; nothing was done
    3    done, but runs failed or crashed (agent, sweep --run)
    130  interrupted (Ctrl-C)
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nbsweep.errors import ConfigError, NbsweepError, UsageError

__all__ = ["FAILED", "INTERRUPTED", "RUNS_FAILED", "WRONG_USE", "main"]

FAILED, WRONG_USE, RUNS_FAILED, INTERRUPTED = 1, 2, 3, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    words : sequence of str, optional
        The command line without the program's name; by default the process's.
    """
    from nbsweep.cli.parser import parse

    _ready_streams()
    options = parse(words)
    module, function = options.handler.split(":")
    try:
        code = getattr(importlib.import_module(f"nbsweep.cli.{module}"), function)(options)
        sys.stdout.flush()
        return int(code or 0)
    except (ConfigError, UsageError) as error:
        sys.stderr.write(f"nbsweep {options.command}: {error}\n")
        return WRONG_USE
    except NbsweepError as error:
        sys.stderr.write(f"nbsweep {options.command}: {error}\n")
        return FAILED
    except BrokenPipeError:  # `nbsweep ls | head`: nobody reads on, which is no fault
        _let_stdout_go()
        return 0
    except OSError as error:
        _let_stdout_go()
        sys.stderr.write(f"nbsweep {options.command}: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED


def _ready_streams() -> None:
    """What the terminal's encoding lacks is printed escaped; a stream that is closed takes all and keeps none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _let_stdout_go() -> None:
    """What could not be written is not tried again by the flush at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
