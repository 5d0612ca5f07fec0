"""``docs/cli.md`` from the parser: ``python -m nbsweep.cli.reference > docs/cli.md``. A test compares the two."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from nbsweep.cli.parser import EXIT_CODES, build_parser

__all__ = ["reference"]

_INTRO = """\
# The command line

`nbsweep`, or `python -m nbsweep`. It works on the same sweeps as the notebook, in the same store: `nbsweep agent` joins
a sweep that a notebook defined, and the other way round. This page is made from the parser
(`python -m nbsweep.cli.reference > docs/cli.md`); each `nbsweep COMMAND --help` says the same.

```
$ nbsweep sweep sweep.yaml
Sweep 3k9x2vq1 is defined. Train it with:
    nbsweep agent 3k9x2vq1
$ nbsweep agent 3k9x2vq1 --count 20 --gpus 0,1
$ nbsweep watch 3k9x2vq1
```

![nbsweep watch](watch.png)

## The store

The file `.nbsweep/nbsweep.db` in the directory where you are: start in the notebook's directory to see its sweeps. The
environment variable `NBSWEEP_STORAGE` names another file, or a PostgreSQL database, by a SQLAlchemy URL
([storage.md](storage.md)). Looking never makes a store.

## The training script

A script that knows only `nbsweep.init()` and `nbsweep.log()` (or W&B's names, `import nbsweep as wandb`) runs

- alone: a run outside any sweep (`nbsweep ls --alone` lists them);
- under an agent: `init()` joins the run that its process was started for, `config` is the sweep's choice, and `log()`
  ends the script when the run is stopped, early or by a person. The script's own arguments are written by the sweep
  config's [command](sweep-config.md#command).

A program that never calls `init()` has a console and a state all the same. Of several processes of one run (the ranks
of a distributed training) the first that calls `init()` records it; the others see its config and hear of a stop. The
agent tells its processes by `NBSWEEP_RUN_ID`, `NBSWEEP_SWEEP_ID`, `NBSWEEP_STORAGE` and `NBSWEEP_RUN_DIR` (a directory
that is there while the run goes on), gives `NBSWEEP_MEDIA`, where it is set, as an absolute path, and sets
`PYTHONUNBUFFERED`, so that what they print can be read as it is printed.

## States

| A sweep is | when |
|---|---|
| not begun | nobody has trained it yet; lists alone say so, `Sweep.state` and `--json` have it as `running` |
| running | it takes agents |
| paused | no new runs begin: by a person, until `resume`; by failures, until `resume` or a new agent |
| finished | no agent works on it: all is trained, or the target was reached; a new agent can go on with it |
| stopped | as finished, and a person ended it early; `Sweep.state` and `--json` have it as `finished` |
| cancelled | it is closed for good |

| A run is | when |
|---|---|
| pending | it is queued, and nobody trains it yet |
| running | somebody trains it |
| finished | its training ended by itself |
| stopped | early termination or the time limit ended it; its last value counts |
| failed | its code raised an exception, or its program ended with another code than 0 |
| crashed | its process vanished; its config is tried again |
| killed | a person ended it |

"""


def reference() -> str:
    """The page, in Markdown."""
    parser = build_parser()
    parts = [_INTRO, "## Exit codes\n\n", _exit_codes(), "\n## Commands\n\n", _overview(parser)]
    for name, command in _commands(parser):
        parts.append(_section(name, command))
    return "".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _overview(parser: argparse.ArgumentParser) -> str:
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            rows = [f"| [{each.dest}](#nbsweep-{each.dest}) | {each.help} |\n" for each in action._choices_actions]
    return "| Command | |\n|---|---|\n" + "".join(rows)


def _section(name: str, command: argparse.ArgumentParser) -> str:
    """One command. Made from the parser's actions, for the text of its help differs from Python to Python."""
    actions = [action for action in command._actions if not isinstance(action, argparse._HelpAction)]
    positional = [action for action in actions if not action.option_strings]
    words = [f"[{each.metavar}]" if each.nargs == "?" else str(each.metavar) for each in positional]
    usage = " ".join(["nbsweep", name, "[OPTIONS]" if len(positional) < len(actions) else "", *words])
    rows = "".join(f"| `{_written(action)}` | {action.help} |\n" for action in actions)
    table = f"| | |\n|---|---|\n{rows}" if rows else ""
    examples = (command.epilog or "").removeprefix("examples:\n")
    shown = "\n".join(line.removeprefix("  ") for line in examples.splitlines())
    return (
        f"\n### nbsweep {name}\n\n`{' '.join(usage.split())}`\n\n{command.description}\n\n{table}\n```\n{shown}\n```\n"
    )


def _written(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    takes = "" if action.nargs == 0 or action.metavar is None else str(action.metavar)
    return f"{names} {takes}".strip().replace("|", "\\|")


def _exit_codes() -> str:
    lines = [line.strip().split(None, 1) for line in EXIT_CODES.splitlines()[1:]]
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in lines)
    return f"| Code | Meaning |\n|---|---|\n{rows}"


if __name__ == "__main__":
    print(reference(), end="")
