"""The command line's grammar: data for argparse. No command is imported here.

``docs/cli.md`` is made from it (`nbsweep.cli.reference`), so what stands here is the documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

__all__ = ["EXIT_CODES", "build_parser", "parse"]

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
NBSWEEP_STORAGE names (a SQLAlchemy URL of SQLite or PostgreSQL). Start in the notebook's directory to see its
sweeps."""

_STEERING = (
    ("pause", "start no new runs until resume; the running ones go on"),
    ("resume", "go on after a pause"),
    ("stop", "end the agents and the running runs; a new agent can go on with the sweep"),
    ("cancel", "end it as stop does, and for good"),
)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; what a command does not know is told with that command's usage."""
    options, unknown = build_parser().parse_known_args(words)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def build_parser() -> argparse.ArgumentParser:
    """The parser; parsed options carry ``command`` and ``handler`` ("module:function" in `nbsweep.cli`)."""
    parser = argparse.ArgumentParser(
        prog="nbsweep",
        description=_ABOUT,
        epilog="nbsweep COMMAND --help says more about each command.\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_sweep(commands)
    _add_agent(commands)
    _add_ls(commands)
    _add_results(commands)
    _add_looks(commands)
    for name, about in _STEERING:
        steer = _command(commands, name, about, "control:steer", f"nbsweep {name} 3k9x2vq1\nnbsweep {name}")
        _sweep_argument(steer)
        if name == "stop":
            steer.add_argument("--after-current", action="store_true", help="let the running runs finish")
    for name, about in (
        ("kill", "end one running run; the others go on"),
        ("rerun", "train the config of a run once more: an agent at work, or the next one, takes it"),
    ):
        acting = _command(
            commands, name, about, f"control:{name}", f"nbsweep {name} amber-fox-3\nnbsweep {name} 3 --sweep 3k9x2vq1"
        )
        _run_argument(acting)
    return parser


def _add_sweep(commands: Any) -> None:
    sweep = _command(
        commands,
        "sweep",
        "define a sweep from a YAML or JSON file; or steer one",
        "control:sweep",
        """\
nbsweep sweep sweep.yaml
nbsweep sweep sweep.yaml --run --count 20 --workers 2
nbsweep sweep --pause 3k9x2vq1""",
    )
    sweep.add_argument("config", metavar="CONFIG.yaml", nargs="?", help="the sweep config")
    sweep.add_argument("--run", action="store_true", help="train it at once, as `nbsweep agent` would")
    _train_options(sweep)
    sweep.add_argument("-p", "--project", metavar="P", help="by default the config's, then NBSWEEP_PROJECT")
    sweep.add_argument("-e", "--entity", metavar="E", help="W&B's; it makes no difference here")
    sweep.add_argument("--name", metavar="N", help="by default the config's")
    sweep.add_argument("--seed", metavar="S", type=int, help="makes the search repeatable; by default the config's")
    sweep.add_argument(
        "--prior-sweep", metavar="ID", help="an earlier sweep whose results this search knows from the start"
    )
    sweep.add_argument(
        "--prior",
        metavar="SWEEP",
        action="append",
        help="the runs of this sweep, or this run, so far count as observations where they fit; may be repeated",
    )
    steering = sweep.add_mutually_exclusive_group()
    for name, about in _STEERING:
        steering.add_argument(f"--{name}", metavar="ID", help=about)
    _json_option(sweep)


def _add_agent(commands: Any) -> None:
    agent = _command(
        commands,
        "agent",
        "train runs of a sweep: its program, one process per run",
        "agent:agent",
        """\
nbsweep agent 3k9x2vq1
nbsweep agent 3k9x2vq1 --count 5
nbsweep agent 3k9x2vq1 --gpus 0,1          one run at a time on each GPU
nbsweep agent 3k9x2vq1 --workers 4 --program train.py""",
        """\
The program of the sweep's config is started by its command, by default
[${env}, ${interpreter}, ${program}, ${args}], where it lies relative to this directory. It finds its
run by itself: nbsweep.init() joins it. One that does not call it has a console and a state all the same.
What the runs print is kept (the first million characters and the last 200,000), and with one
worker it is shown here. Exit code 0 is a finished run, another a failed one; a run that a signal of
somebody else's ended is crashed, or killed if it was SIGINT, SIGTERM or SIGHUP.

Ctrl-C once: no new runs, the current ones finish. Twice: they get SIGINT, after 2 s SIGTERM, after
5 s SIGKILL. Three times: SIGKILL at once. SIGTERM and SIGHUP count as the second Ctrl-C. Other agents of
the sweep go on; `nbsweep stop` ends them all. Whatever a run has started ends with it.""",
    )
    agent.add_argument("sweep", metavar="SWEEP", nargs="?", help="id or name of the sweep; by default the newest")
    _train_options(agent)
    agent.add_argument("-p", "--project", metavar="P", help="where sweeps of several projects have that name")
    agent.add_argument("-e", "--entity", metavar="E", help="W&B's; it makes no difference here")


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", metavar="N", type=_count, help="how many runs; by default until the sweep ends")
    parser.add_argument(
        "--workers", metavar="N", type=_count, help="how many runs at once; by default 1, or one per GPU"
    )
    parser.add_argument(
        "--gpus", metavar="0,1", help="GPUs, dealt out to the workers by turns: sets CUDA_VISIBLE_DEVICES of their runs"
    )
    parser.add_argument(
        "--run-timeout", metavar="S", type=_seconds, help="a run that trains for longer (seconds) is stopped"
    )
    parser.add_argument("--program", metavar="FILE.py", help="train this, not the config's program")
    parser.add_argument(
        "--forward-signals", action="store_true", help="pass SIGINT, SIGTERM and SIGHUP on to the runs at once"
    )


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
    listing.add_argument("--project", metavar="P", help="only what is of this project")
    listing.add_argument("--alone", action="store_true", help="the runs outside any sweep")
    _json_option(listing)


def _add_results(commands: Any) -> None:
    show = _command(
        commands, "show", "show one sweep or one run in detail", "results:show",
        "nbsweep show 3k9x2vq1\nnbsweep show amber-fox-3\nnbsweep show 3k9x2vq1 --json | jq .agents",
    )  # fmt: skip
    show.add_argument("reference", metavar="SWEEP|RUN", nargs="?", help="id or name; by default the newest sweep")
    _json_option(show)

    best = _command(
        commands, "best", "print the best run of a sweep and its config", "results:best",
        "nbsweep best 3k9x2vq1\nnbsweep best 3k9x2vq1 --json | jq .config > best.json\n"
        "nbsweep best 3k9x2vq1 --yaml",
        "The best finite value of the sweep's metric among the finished and early-stopped runs. Exit code 1 if there "
        "is none yet.",
    )  # fmt: skip
    _sweep_argument(best)
    form = best.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help='print {"run", "value", "config"} as JSON')
    form.add_argument("--yaml", action="store_true", help="print the same as YAML")

    export = _command(
        commands, "export", "write the table of a sweep's runs to a file", "results:export",
        "nbsweep export runs.csv\nnbsweep export 3k9x2vq1 runs.parquet",
        "One row per run, one column per parameter and summary key, as Sweep.to_pandas() has them. A run's number is\n"
        "the one that its name ends in, from 1. The file's name gives the format: .csv, .json, or .parquet (which\n"
        "needs pyarrow).",
    )  # fmt: skip
    _sweep_argument(export)
    export.add_argument("file", metavar="FILE", help="ends in .csv, .parquet or .json")

    logs = _command(
        commands, "logs", "print what a run printed", "results:logs",
        "nbsweep logs amber-fox-3\nnbsweep logs amber-fox-3 --follow\nnbsweep logs 3 --sweep 3k9x2vq1",
    )  # fmt: skip
    _run_argument(logs)
    logs.add_argument("--follow", "-f", action="store_true", help="go on until the run has ended")


def _add_looks(commands: Any) -> None:
    watch = _command(
        commands, "watch", "watch a sweep live in the terminal", "watch:watch",
        "nbsweep watch\nnbsweep watch 3k9x2vq1",
        "Progress, the best value, the running runs and the last ones with their curves, until the sweep ends.\n"
        "Ctrl-C ends the watching, not the sweep. Without a terminal it prints one picture.",
    )  # fmt: skip
    _sweep_argument(watch)

    report = _command(
        commands, "report", "write the dashboard of a sweep to one HTML file", "report:report",
        "nbsweep report digits.html\nnbsweep report 3k9x2vq1 digits.html",
        "One self-contained, interactive file, to send to a colleague: it opens in any browser, without a network and\n"
        "without nbsweep. It holds the configs, summaries, curves and consoles of all runs: mind who gets it.",
    )  # fmt: skip
    _sweep_argument(report)
    report.add_argument("file", metavar="FILE.html", help="where to write it")

    doctor = _command(
        commands, "doctor", "say what is installed, and whether store and front end are in order", "doctor:doctor",
        "nbsweep doctor\nnbsweep doctor --json",
        "Where the store is, which SQLite keeps it in which journal mode and why, whether the database is whole,\n"
        "whether the dashboard is built and JupyterLab's extension enabled. Exit code 1 if something is wrong.",
    )  # fmt: skip
    _json_option(doctor)


def _command(
    commands: Any, name: str, about: str, handler: str, examples: str, more: str = ""
) -> argparse.ArgumentParser:
    indented = "\n".join(f"  {line}" for line in examples.splitlines())
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + "." + (f"\n\n{more}" if more else ""),
        epilog=f"examples:\n{indented}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(handler=handler, parser=parser)
    return parser


def _sweep_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sweep", metavar="SWEEP", nargs="?", help="id or name of the sweep; by default the newest")


def _run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="name or id of the run; with --sweep its number (from 1), too")
    parser.add_argument("--sweep", metavar="SWEEP", help="look in this sweep only")


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


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
