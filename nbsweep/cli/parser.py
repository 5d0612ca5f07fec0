"""The command line's grammar: data for argparse. No command is imported here.

``docs/cli.md`` is made from it (`nbsweep.cli.reference`), so what stands here is the documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

__all__ = ["EXIT_CODES", "build_parser"]

EXIT_CODES = """\
exit codes:
  0    done
  1    it could not be done: the store cannot be used, a check failed
  2    the command line or the sweep config is wrong; nothing was done
  3    done, but runs failed or crashed (agent, sweep --run)
  130  interrupted (Ctrl-C)"""

_ABOUT = """\
Hyperparameter sweeps from a terminal; the same ones as in the notebook, by the same store.

The store is the file .nbsweep/nbsweep.db in the directory where you are, or what the environment variable
NBSWEEP_STORAGE names (a SQLAlchemy URL). Start in the notebook's directory to see its sweeps."""

_STEERING = (
    ("pause", "start no new runs until resume; the running ones go on"),
    ("resume", "go on after a pause"),
    ("stop", "end the agents and the running runs; a new agent can go on with the sweep"),
    ("cancel", "as stop, and for good"),
)


def build_parser() -> argparse.ArgumentParser:
    """The parser; parsed options carry ``command`` and ``handler`` ("module:function" in `nbsweep.cli`)."""
    parser = argparse.ArgumentParser(
        prog="nbsweep",
        description=_ABOUT,
        epilog="nbsweep COMMAND --help tells more of each command.\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_sweep(commands)
    _add_ls(commands)
    for name, about in _STEERING:
        steer = _command(commands, name, about, "control:steer", f"nbsweep {name} 3k9x2vq1\nnbsweep {name}")
        _sweep_argument(steer)
        if name == "stop":
            steer.add_argument("--after-current", action="store_true", help="let the running runs finish")
    return parser


def _add_sweep(commands: Any) -> None:
    sweep = _command(
        commands,
        "sweep",
        "define a sweep from a YAML or JSON file; or steer one",
        "control:sweep",
        """\
nbsweep sweep sweep.yaml
nbsweep sweep --pause 3k9x2vq1""",
    )
    sweep.add_argument("config", metavar="CONFIG.yaml", nargs="?", help="the sweep config")
    sweep.add_argument("--project", metavar="P", help="by default the config's, then NBSWEEP_PROJECT")
    sweep.add_argument("--name", metavar="N", help="by default the config's")
    sweep.add_argument("--seed", metavar="S", type=int, help="makes the search repeatable; by default the config's")
    steering = sweep.add_mutually_exclusive_group()
    for name, about in _STEERING:
        steering.add_argument(f"--{name}", metavar="ID", help=about)
    _json_option(sweep)


def _add_ls(commands: Any) -> None:
    listing = _command(
        commands,
        "ls",
        "list the sweeps of the store, or the runs of one sweep",
        "results:ls",
        """\
nbsweep ls
nbsweep ls --json | jq '.[] | select(.state == "running") | .id'
nbsweep ls 3k9x2vq1""",
    )
    listing.add_argument("sweep", metavar="SWEEP", nargs="?", help="id or name of a sweep: list its runs")
    listing.add_argument("--project", metavar="P", help="the sweeps of this project alone")
    _json_option(listing)


def _command(commands: Any, name: str, about: str, handler: str, examples: str) -> argparse.ArgumentParser:
    indented = "\n".join(f"  {line}" for line in examples.splitlines())
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"examples:\n{indented}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(handler=handler)
    return parser


def _sweep_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", nargs="?", help="id or name of the sweep; by default the newest")


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


class _Version(argparse.Action):
    """Looks the version up when it is asked for: the metadata take a while to read."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> None:
        from importlib.metadata import version

        print(f"nbsweep {version('nbsweep')}")
        parser.exit()
